//! How a store is reached: credentials, endpoint, retries.
//!
//! In: a URL and the environment. Out: a store whose errors name the object. Credentials, region and endpoint come from the
//! variables of each ecosystem (`AWS_*`, `GOOGLE_*`, `AZURE_*`), as `object_store` reads them, for S3 then from the profile
//! files, then from the metadata service of the instance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use tokio::runtime::{Handle, Id};
use url::Url;

use super::aws_profile;
use super::local::Local;
use super::named::{Named, without_secrets};
use super::verified::Verified;
use crate::error::{Error, Result};

/// A request is tried so often before the run ends; with the waits below that bridges about half a minute of errors.
/// `AWS_MAX_ATTEMPTS`, which the AWS tools know, says otherwise.
const ATTEMPTS: usize = 10;

/// Waits between attempts grow from the first to the second, at random below that.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// No more attempts after this time: longer than that, a signature would be out of date.
const GIVE_UP: Duration = Duration::from_secs(120);

/// Attempts at the metadata service. Machines without one should say so within seconds.
const CREDENTIAL_ATTEMPTS: usize = 3;

/// The stores by runtime, scheme and host.
type Opened = HashMap<(Option<Id>, String), Arc<dyn ObjectStore>>;

/// The store of a URL. Stores are made once for each scheme and host, and for each runtime: a connection is driven by the
/// runtime that opened it, and another one that takes it from the pool waits for as long as the first is busy. (The lock is
/// renewed and given back on a runtime of its own for that very reason; it once took half a minute, a request's time limit.)
///
/// # Errors
/// Configuration, if the environment does not say how to reach it.
pub(crate) fn store_of(url: &Url) -> Result<Arc<dyn ObjectStore>> {
    static STORES: OnceLock<Mutex<Opened>> = OnceLock::new();
    let root = &url[..url::Position::BeforePath];
    let key = (Handle::try_current().ok().map(|runtime| runtime.id()), root.to_string());
    let stores = STORES.get_or_init(Default::default);
    let mut stores = stores.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(store) = stores.get(&key) {
        return Ok(store.clone());
    }
    let shown = without_secrets(root);
    let store: Arc<dyn ObjectStore> = match url.scheme() {
        "file" => Arc::new(Local::new()?),
        scheme => Arc::new(Named::new(remote(scheme, root)?, shown.clone())),
    };
    let store: Arc<dyn ObjectStore> = Arc::new(Verified::new(store, shown));
    stores.insert(key, store.clone());
    Ok(store)
}

fn remote(scheme: &str, root: &str) -> Result<Arc<dyn ObjectStore>> {
    let retry = retries(attempts()?);
    let built: object_store::Result<Arc<dyn ObjectStore>> = match scheme {
        "s3" | "s3a" => return amazon(root, retry),
        "gs" => GoogleCloudStorageBuilder::from_env().with_url(root).with_retry(retry).build().map(shared),
        "http" | "https" => {
            // The user chose the scheme.
            let options = ClientOptions::new().with_allow_http(true);
            HttpBuilder::new().with_url(root).with_retry(retry).with_client_options(options).build().map(shared)
        }
        _ => MicrosoftAzureBuilder::from_env().with_url(root).with_retry(retry).build().map(shared),
    };
    built.map_err(|e| not_reached(root, &e))
}

fn amazon(root: &str, retry: RetryConfig) -> Result<Arc<dyn ObjectStore>> {
    let mut builder = AmazonS3Builder::from_env().with_url(root).with_retry(retry);
    let settings = aws_profile::settings(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    let endpoint_of_profile = settings.iter().any(|(_, value)| value.starts_with("http://"));
    for (key, value) in settings {
        builder = builder.with_config(key, value);
    }
    let plain = |name| std::env::var(name).is_ok_and(|value: String| value.starts_with("http://"));
    if endpoint_of_profile || ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"].into_iter().any(plain) {
        // Who writes http:// means it.
        builder = builder.with_allow_http(true);
    }
    let keys = builder.clone().with_retry(retries(CREDENTIAL_ATTEMPTS)).build().map(|s3| s3.credentials().clone());
    let built = keys.and_then(|keys| builder.with_credentials(keys).build());
    built.map(shared).map_err(|e| not_reached(root, &e))
}

fn shared<S: ObjectStore>(store: S) -> Arc<dyn ObjectStore> {
    Arc::new(store)
}

fn not_reached(root: &str, error: &object_store::Error) -> Error {
    let (place, cause) = (without_secrets(root), without_secrets(&error.to_string()));
    Error::config(format!("{place} cannot be reached: {cause}"))
        .hint("set the credentials and the region in the environment (AWS_*, GOOGLE_*, AZURE_*)")
}

fn retries(attempts: usize) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig { init_backoff: WAITS.0, max_backoff: WAITS.1, base: 2.0 },
        max_retries: attempts - 1,
        retry_timeout: GIVE_UP,
    }
}

fn attempts() -> Result<usize> {
    match std::env::var("AWS_MAX_ATTEMPTS") {
        Err(_) => Ok(ATTEMPTS),
        Ok(typed) => typed.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
            Error::config(format!("AWS_MAX_ATTEMPTS is {typed:?}")).hint("set it to a number from 1, or not at all")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runtime_has_stores_of_its_own() {
        let url = Url::parse("http://127.0.0.1:9/folder/file").expect("a URL");
        let of_runtime = || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async { [store_of(&url), store_of(&url)].map(|store| store.expect("a store")) })
        };
        let ([one, again], [other, _]) = (of_runtime(), of_runtime());
        assert!(Arc::ptr_eq(&one, &again) && !Arc::ptr_eq(&one, &other));
    }
}
