//! The settings of `nayose serve` as they are typed, and what of them cannot be.
//!
//! In: `serve.yaml`. Out: a [`ServeFile`] with its folder, from which its files are named. No secret stands in it: that of the sign-in
//! provider comes from a variable of the environment, and accounts and keys lie in files of hashes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::document_of;
use super::problem::Problems;
use super::tree::{Placed, Step, line_of};
use crate::error::{Error, Result};

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees figures, runs and tables: no customer.
    Viewer,
    /// Searches and sees customers, their evidence and history, masked until shown.
    Analyst,
    /// Decides on pairs; all that an analyst may.
    Steward,
    /// Reads the log of accesses and all decisions; all that an analyst may.
    Auditor,
    /// Everything.
    Admin,
}

/// What a key of a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Asks who a record is.
    Match,
    /// Reads customers, ids and decisions.
    Read,
}

/// The settings of `nayose serve`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServeFile {
    /// Where to listen, such as 127.0.0.1:7400. `--listen` replaces it.
    pub listen: Option<String>,
    /// The address that people type, such as https://nayose.example.com: the sign-in provider sends them back to it.
    pub public_url: Option<String>,
    /// TLS of this process itself.
    pub tls: Option<TlsFile>,
    /// A proxy in front speaks TLS with the readers, and says in X-Forwarded-For who they are.
    pub behind_proxy: bool,
    /// The file of accounts, made by `nayose serve add-user`, relative to this file.
    pub users: Option<String>,
    /// The file of keys of programs, made by `nayose serve add-key`, relative to this file.
    pub keys: Option<String>,
    /// Sign-in by OpenID Connect.
    pub oidc: Option<OidcFile>,
    /// How long a sign-in holds.
    pub session: SessionFile,
    /// A decision counts only once a second person confirmed it, whatever the pipeline says.
    pub four_eyes: bool,
}

/// TLS of the process itself: files in PEM, relative to the settings.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsFile {
    /// The certificate with those of its issuers.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// A provider of sign-in.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcFile {
    /// The provider's URL, below which its /.well-known/openid-configuration lies.
    pub issuer: String,
    /// The name under which the provider knows this process.
    pub client_id: String,
    /// The variable of the environment with the secret that the provider gave; none for a public client.
    pub client_secret_env: Option<String>,
    /// The claim with the name of the account. Without it preferred_username, else the subject.
    pub name_claim: Option<String>,
    /// The claim with groups or roles.
    #[serde(default = "roles_claim")]
    pub roles_claim: String,
    /// Value of that claim → roles. Without it the values are the roles' names.
    #[serde(default)]
    pub roles: BTreeMap<String, Vec<Role>>,
    /// Scopes that are asked for beside openid.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
}

/// The claim that most providers can be told to fill.
fn roles_claim() -> String {
    "groups".into()
}

/// The scope that has the name of the account.
fn scopes() -> Vec<String> {
    vec!["profile".into()]
}

/// How long a sign-in holds.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionFile {
    /// Minutes without a click after which it ends.
    #[schemars(range(min = 1))]
    pub idle_minutes: u32,
    /// Hours after which it ends in any case.
    #[schemars(range(min = 1))]
    pub hours: u32,
}

impl Default for SessionFile {
    /// NIST SP 800-63B rev. 4, assurance level 2: at most an hour of inactivity, and a day. Screens of a call centre are shared, so
    /// that it is half an hour, and a shift.
    fn default() -> Self {
        SessionFile { idle_minutes: 30, hours: 12 }
    }
}

/// Reads and checks the settings.
///
/// # Errors
/// One configuration error that lists every problem with its line; usage, where the file cannot be read.
pub fn load(path: &Path) -> Result<ServeFile> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::usage(format!("cannot read {}: {e}", path.display())).hint("check the path that --settings names")
    })?;
    let mut problems = Problems::default();
    problems.in_file(path.display().to_string());
    let schema = schemars::schema_for!(ServeFile).to_value();
    let document = document_of::<ServeFile>(&text, &schema, &mut problems);
    if let Some(document) = &document {
        meaning(&document.file, &document.tree, &mut problems);
    }
    problems.into_result()?;
    document.map(|d| d.file).ok_or_else(|| Error::bug("the settings were not checked though they have no problems"))
}

fn meaning(file: &ServeFile, tree: &Placed, problems: &mut Problems) {
    let line = |keys: &[&str]| line_of(tree, &keys.iter().map(|key| Step::Key((*key).to_string())).collect::<Vec<_>>());
    if let Some(listen) = &file.listen
        && listen.parse::<SocketAddr>().is_err()
    {
        problems.add(
            line(&["listen"]),
            format!("{listen:?} is no address"),
            "write it like 127.0.0.1:7400 or [::1]:7400",
        );
    }
    if let Some(typed) = &file.public_url
        && !is_web_root(typed)
    {
        problems.add(
            line(&["public_url"]),
            format!("{typed:?} is no address of a site"),
            "write it like https://nayose.example.com, without a path",
        );
    }
    let Some(oidc) = &file.oidc else { return };
    if file.public_url.is_none() {
        problems.add(
            line(&["oidc"]),
            "oidc needs public_url: the provider sends people back to it",
            "add `public_url: https://nayose.example.com`",
        );
    }
    match url::Url::parse(&oidc.issuer) {
        Ok(url) if url.scheme() == "https" || is_loopback(&url) => {}
        _ => problems.add(
            line(&["oidc", "issuer"]),
            format!("{:?} is no https address", oidc.issuer),
            "write the provider's URL as its /.well-known/openid-configuration says it; http only on loopback",
        ),
    }
}

fn is_web_root(typed: &str) -> bool {
    url::Url::parse(typed).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none() && url.has_host()
    })
}

/// Whether a URL is on this machine.
fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("serve.yaml");
        std::fs::write(&file, text).expect("written");
        match load(&file) {
            Ok(_) => String::new(),
            Err(error) => error.to_string().replace(&folder.path().display().to_string(), ""),
        }
    }

    #[test]
    fn settings_are_checked_as_a_whole() {
        let check = |text: &str, expected: &[&str]| {
            let told = told(text);
            assert_eq!(told.is_empty(), expected.is_empty(), "{text}: {told}");
            for expected in expected {
                assert!(told.contains(expected), "{text}: {told}");
            }
        };
        check("{}", &[]);
        check("users: users.csv\nsession: { idle_minutes: 5, hours: 8 }", &[]);
        check("listen: here\nuser: users.csv", &["unknown key \"user\"", "did you mean \"users\"?"]);
        check("listen: here", &["/serve.yaml:1: \"here\" is no address"]);
        check("session: { idle_minutes: 0 }", &["idle_minutes"]);
        check("oidc: { issuer: \"http://id.example.com\", client_id: nayose }", &["public_url", "no https address"]);
        check("public_url: https://a.example\noidc: { issuer: \"http://127.0.0.1:3000\", client_id: nayose }", &[]);
        check("public_url: https://a.example/path", &["no address of a site"]);
    }
}
