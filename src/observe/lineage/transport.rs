//! Delivers events. In: an event as JSON. Out: nothing, or a sentence that says why not, without secrets and without the event.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use url::Url;

use super::settings::{Http, Transport};
use crate::console::progress::Progress;

/// Attempts to post an event.
const ATTEMPTS: u32 = 3;

/// Pause after the first attempt; it doubles.
const PAUSE: Duration = Duration::from_millis(300);

impl Transport {
    /// Delivers an event.
    ///
    /// # Errors
    /// Why it was not delivered, and where to.
    pub(super) async fn deliver(&self, event: &Value) -> Result<(), String> {
        match self {
            Transport::Http(http) => post(http, event).await.map_err(|why| format!("{}: {why}", shown(&http.url))),
            Transport::Console => {
                Progress::event(event);
                Ok(())
            }
            Transport::File { path, append } => {
                let mut options = std::fs::OpenOptions::new();
                let path = if *append {
                    options.append(true);
                    path.clone()
                } else {
                    options.write(true).truncate(true);
                    let time = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S%.6f").to_string();
                    format!("{}-{time}.json", path.display()).into()
                };
                let written = options.create(true).open(&path).and_then(|mut file| {
                    // In one call, so that lines of several runs do not mix.
                    file.write_all(format!("{event}\n").as_bytes())
                });
                written.map_err(|e| format!("{}: {e}", path.display()))
            }
        }
    }
}

/// A URL without what may be secret in it.
fn shown(url: &Url) -> String {
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

async fn post(http: &Http, event: &Value) -> Result<(), String> {
    let client = reqwest::Client::builder().timeout(http.timeout).build().map_err(|e| cause(&e))?;
    let mut body = event.to_string().into_bytes();
    if http.gzip {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        body = packed.write_all(&body).and_then(|()| packed.finish()).map_err(|e| e.to_string())?;
    }
    let mut why = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(PAUSE * 2u32.pow(attempt - 1)).await;
        }
        let mut request = client.post(http.url.clone()).header("content-type", "application/json").body(body.clone());
        if http.gzip {
            request = request.header("content-encoding", "gzip");
        }
        for (name, value) in &http.headers {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                why = format!("the receiver answered {}", answer.status());
                // What a client did wrong stays wrong.
                if !answer.status().is_server_error() {
                    break;
                }
            }
            Err(e) if e.is_builder() => return Err(cause(&e)),
            Err(e) => why = cause(&e),
        }
    }
    Err(why)
}

/// The innermost reason of an error: the outer ones name the URL.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    match error.is_timeout() {
        true => "no answer in time".into(),
        false => inner.to_string().lines().next().unwrap_or_default().to_string(),
    }
}
