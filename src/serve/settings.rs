//! The settings of the process, with their files found and their secret read.
//!
//! In: the settings file, what the command line says over it. Out: [`Settings`]; or why this process may not listen there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::config::serve_file::{self, OidcFile, ServeFile, SessionFile};
use crate::error::{Error, Result};

/// Where the process listens where nothing is said: this machine alone.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7400);

/// What the process goes by.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The address that people type, without a slash at its end.
    pub(crate) public_url: Option<String>,
    /// Certificate and key, where the process speaks TLS itself.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// Whether a proxy in front speaks TLS and says who asks.
    pub(crate) behind_proxy: bool,
    /// The file of accounts.
    pub(crate) users: Option<PathBuf>,
    /// The file of keys of programs.
    pub(crate) keys: Option<PathBuf>,
    /// The provider of sign-in, with its secret.
    pub(crate) oidc: Option<(OidcFile, Option<String>)>,
    /// How long a sign-in holds.
    pub(crate) session: SessionFile,
    /// Whether a second person confirms decisions, whatever the pipeline says.
    pub(crate) four_eyes: bool,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// Configuration for what is wrong in the file, or for a secret that the environment lacks; usage, where the process may not listen
    /// where it is told to.
    pub(crate) fn load(file: Option<&Path>, listen: Option<SocketAddr>) -> Result<Self> {
        let typed = file.map(serve_file::load).transpose()?.unwrap_or_default();
        let folder = file.and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf();
        Self::of(typed, &folder, listen, |name| std::env::var(name).ok())
    }

    fn of(
        typed: ServeFile,
        folder: &Path,
        listen: Option<SocketAddr>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let oidc = match typed.oidc {
            Some(oidc) => {
                let secret = oidc.client_secret_env.as_deref().map(|name| secret(name, &variable)).transpose()?;
                Some((oidc, secret))
            }
            None => None,
        };
        let settings = Settings {
            listen: listen.or_else(|| typed.listen?.parse().ok()).unwrap_or(LISTEN),
            public_url: typed.public_url.map(|url| url.trim_end_matches('/').to_string()),
            tls: typed.tls.map(|tls| (folder.join(tls.certificate), folder.join(tls.key))),
            behind_proxy: typed.behind_proxy,
            users: typed.users.map(|file| folder.join(file)),
            keys: typed.keys.map(|file| folder.join(file)),
            oidc,
            session: typed.session,
            four_eyes: typed.four_eyes,
        };
        settings.may_listen()?;
        Ok(settings)
    }

    /// Beyond loopback nothing goes over the wire that others can read.
    fn may_listen(&self) -> Result<()> {
        if self.listen.ip().is_loopback() || self.tls.is_some() || self.behind_proxy {
            return Ok(());
        }
        Err(Error::usage(format!("{} is not loopback, and nothing speaks TLS there", self.listen)).hint(
            "name a certificate and its key under `tls` in the settings, or say `behind_proxy: true` where a proxy in front \
             speaks TLS; or listen on 127.0.0.1",
        ))
    }

    /// Whether readers come by TLS, so that cookies may be for TLS alone.
    pub(crate) fn is_secure(&self) -> bool {
        self.tls.is_some() || self.public_url.as_ref().is_some_and(|url| url.starts_with("https:")) || self.behind_proxy
    }

    /// Whether nobody can sign in but by the link of the first start.
    pub(crate) fn has_no_accounts(&self) -> bool {
        self.users.is_none() && self.oidc.is_none()
    }
}

fn secret(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<String> {
    variable(name).filter(|secret| !secret.is_empty()).ok_or_else(|| {
        Error::config(format!("the variable {name} of the environment, which has the provider's secret, is not set"))
            .hint(format!("set {name}, or take client_secret_env out where the provider gave none"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::serve_file::TlsFile;
    use crate::error::Kind;

    fn loaded(typed: ServeFile, listen: &str) -> Result<Settings> {
        Settings::of(typed, Path::new("/etc/nayose"), Some(listen.parse().expect("an address")), |_| None)
    }

    #[test]
    fn beyond_loopback_it_listens_with_tls_or_behind_a_proxy() {
        let tls = TlsFile { certificate: "cert.pem".into(), key: "key.pem".into() };
        let with_tls = ServeFile { tls: Some(tls), ..ServeFile::default() };
        let proxy = ServeFile { behind_proxy: true, ..ServeFile::default() };
        for (typed, listen, may) in [
            (ServeFile::default(), "127.0.0.1:7400", true),
            (ServeFile::default(), "[::1]:7400", true),
            (ServeFile::default(), "0.0.0.0:7400", false),
            (ServeFile::default(), "[::]:7400", false),
            (ServeFile::default(), "10.0.0.5:7400", false),
            (with_tls, "0.0.0.0:7400", true),
            (proxy, "0.0.0.0:7400", true),
        ] {
            match loaded(typed, listen) {
                Ok(_) => assert!(may, "{listen}"),
                Err(error) => assert!(!may && error.kind() == Kind::Usage, "{listen}: {error}"),
            }
        }
    }

    #[test]
    fn files_lie_beside_the_settings() {
        let typed = ServeFile { users: Some("users.csv".into()), ..ServeFile::default() };
        let settings = loaded(typed, "127.0.0.1:0").expect("right");
        assert_eq!(settings.users.as_deref(), Some(Path::new("/etc/nayose/users.csv")));
    }

    #[test]
    fn a_secret_that_is_not_there_is_told_by_its_name() {
        let oidc = OidcFile {
            issuer: "https://id.example".into(),
            client_id: "nayose".into(),
            client_secret_env: Some("NAYOSE_OIDC_SECRET".into()),
            name_claim: None,
            roles_claim: "groups".into(),
            roles: Default::default(),
            scopes: Vec::new(),
        };
        let told = loaded(ServeFile { oidc: Some(oidc), ..ServeFile::default() }, "127.0.0.1:0");
        assert!(told.expect_err("not set").message().contains("NAYOSE_OIDC_SECRET"));
    }
}
