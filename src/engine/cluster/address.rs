//! Where a cluster's scheduler listens, and whether it answers.

use std::fmt;
use std::time::{Duration, Instant};

use url::Url;

use crate::error::{Error, Result};

/// The port of a scheduler where none is given.
const SCHEDULER_PORT: u16 = 50050;

/// How long a run waits for a cluster whose executors are still starting.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a scheduler listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    host: String,
    port: u16,
}

impl Cluster {
    /// A scheduler by `host:port`, or `host`.
    ///
    /// # Errors
    /// A sentence, where it is neither.
    pub(crate) fn at(typed: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("{typed:?} is no address of a scheduler; write host:port");
        let url = Url::parse(&format!("http://{typed}")).map_err(|_| wrong())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let host = url.host_str().filter(|_| bare && !typed.ends_with('/')).ok_or_else(wrong)?;
        // 80 is what `http` means without a port, also where it was typed.
        let port = url.port().unwrap_or(if typed.ends_with(":80") { 80 } else { SCHEDULER_PORT });
        Ok(Cluster { host: host.to_string(), port })
    }

    /// A scheduler by `df://host:port`.
    ///
    /// # Errors
    /// A sentence, where it is no such URL.
    pub(crate) fn parse(typed: &str) -> std::result::Result<Self, String> {
        let address = typed.strip_prefix("df://");
        address.map_or_else(|| Err(format!("{typed:?} is no engine; write local or df://host:port")), Self::at)
    }

    /// Its host, as a URL writes it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The URL under which Ballista's clients find the scheduler.
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// Waits until the scheduler has an executor.
    ///
    /// # Errors
    /// Environment, where the scheduler does not answer, or has no executor after half a minute.
    pub(crate) async fn ready(&self) -> Result<()> {
        self.answers("readyz", PATIENCE).await
    }

    /// Waits until the scheduler answers.
    ///
    /// # Errors
    /// Environment, where it does not within `patience`.
    pub(crate) async fn alive(&self, patience: Duration) -> Result<()> {
        let started = Instant::now();
        loop {
            match self.answers("healthz", Duration::ZERO).await {
                Err(_) if started.elapsed() < patience => tokio::time::sleep(Duration::from_millis(200)).await,
                answer => return answer,
            }
        }
    }

    async fn answers(&self, path: &str, patience: Duration) -> Result<()> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .no_proxy()
            .build()
            .map_err(|e| Error::environment(format!("no connection can be made: {e}")).hint("check the network"))?;
        let url = format!("{}/{path}", self.url());
        let started = Instant::now();
        loop {
            let answer = client.get(&url).send().await.map_err(|_| {
                Error::environment(format!("no scheduler answers at {self}"))
                    .hint("start one with `nayose cluster scheduler`, or run here with --engine local")
            })?;
            if answer.status().is_success() {
                return Ok(());
            }
            if started.elapsed() >= patience {
                return Err(Error::environment(format!("the scheduler at {self} has no executors")).hint(format!(
                    "start one with `nayose cluster executor --scheduler {}:{}`",
                    self.host, self.port
                )));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "df://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::Cluster;

    #[test]
    fn engines_are_addresses_of_schedulers() {
        let parsed = |typed: &str| Cluster::parse(typed).map(|c| format!("{}:{}", c.host, c.port)).ok();
        assert_eq!(parsed("df://localhost:1234").as_deref(), Some("localhost:1234"));
        assert_eq!(parsed("df://scheduler.nayose").as_deref(), Some("scheduler.nayose:50050"));
        assert_eq!(parsed("df://10.0.0.1:80").as_deref(), Some("10.0.0.1:80"));
        assert_eq!(parsed("df://[::1]:7").as_deref(), Some("[::1]:7"));
        for wrong in ["spark://x:1", "localhost:1", "df://", "df://x:y", "df://x:1/y", "df://a@b:1", "df://x:1?y=1"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
