//! Where events go, by the standard variables and files of OpenLineage's clients.
//!
//! In: environment variables, a way to read a file. Out: the transport, nothing where none is configured, or a sentence that
//! says what is wrong. Precedence as in the Python client: `OPENLINEAGE_DISABLED`; then the file (`OPENLINEAGE_CONFIG`,
//! `openlineage.yml` here, `~/.openlineage/openlineage.yml`) over the `OPENLINEAGE__` variables; then `OPENLINEAGE_URL` with
//! `OPENLINEAGE_ENDPOINT` and `OPENLINEAGE_API_KEY`. Unlike there, nothing configured means no events, not events on the console.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

/// Environment variables by name.
pub(crate) type Variables = BTreeMap<String, String>;

/// Where events go.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Transport {
    /// A POST for each event.
    Http(Http),
    /// Local files.
    File {
        /// The file, or the beginning of the files' names.
        path: PathBuf,
        /// One file with a line for each event, or a file for each event.
        append: bool,
    },
    /// A line on stderr for each event.
    Console,
}

/// An HTTP receiver.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Http {
    /// Where to post.
    pub url: Url,
    /// Headers, with credentials.
    pub headers: Vec<(String, String)>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Whether bodies are compressed.
    pub gzip: bool,
}

/// The transport that is configured.
///
/// # Errors
/// What is wrong with the configuration, without its secrets.
pub(super) fn configured(
    variables: &Variables,
    read: &dyn Fn(&Path) -> Option<String>,
) -> Result<Option<Transport>, String> {
    let given = |name: &str| variables.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
    if given("OPENLINEAGE_DISABLED").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let mut settings = of_variables(variables);
    merge(&mut settings, of_file(variables, read)?);
    let transport = &settings["transport"];
    if transport["type"].is_string() {
        return of_settings(transport);
    }
    let Some(url) = given("OPENLINEAGE_URL") else { return Ok(None) };
    let mut settings = json!({ "type": "http", "url": url });
    if let Some(endpoint) = given("OPENLINEAGE_ENDPOINT") {
        settings["endpoint"] = endpoint.into();
    }
    if let Some(key) = given("OPENLINEAGE_API_KEY") {
        settings["auth"] = json!({ "type": "api_key", "api_key": key });
    }
    of_settings(&settings)
}

fn of_settings(settings: &Value) -> Result<Option<Transport>, String> {
    match settings["type"].as_str().unwrap_or_default() {
        "noop" => Ok(None),
        "console" => Ok(Some(Transport::Console)),
        "http" | "async_http" => http(settings).map(Some),
        "file" => {
            let path = settings["log_file_path"].as_str().ok_or("transport file needs log_file_path")?;
            if path.contains("://") && !path.starts_with("file://") {
                return Err("transport file writes local files only".into());
            }
            let path = PathBuf::from(path.strip_prefix("file://").unwrap_or(path));
            Ok(Some(Transport::File { path, append: is_true(&settings["append"]) }))
        }
        other => Err(format!("transport type {other:?} is not supported; http, file, console and noop are")),
    }
}

fn http(settings: &Value) -> Result<Transport, String> {
    let text = |key: &str| settings[key].as_str();
    let base = text("url").ok_or("transport http needs url")?;
    let endpoint = text("endpoint").unwrap_or("api/v1/lineage");
    // The text may hold a password: it is not repeated.
    let url = Url::parse(base.trim()).and_then(|base| base.join(endpoint)).map_err(|e| format!("its url: {e}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("its url has the scheme {}, not http or https", url.scheme()));
    }
    let mut headers = Vec::new();
    let auth = &settings["auth"];
    match auth["type"].as_str() {
        None => {}
        Some("api_key") => {
            let key = ["apiKey", "apikey", "api_key"].iter().find_map(|k| auth[*k].as_str());
            headers.push(("authorization".into(), format!("Bearer {}", key.ok_or("auth api_key needs apiKey")?)));
        }
        Some(other) => return Err(format!("auth type {other:?} is not supported; api_key is")),
    }
    if let Some(custom) = settings["custom_headers"].as_object() {
        headers.extend(custom.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_string()))));
    }
    let seconds = settings["timeout"].as_f64().filter(|s| *s > 0.0 && *s <= 3600.0).unwrap_or(5.0);
    let gzip = match text("compression") {
        None => false,
        Some("gzip") => true,
        Some(other) => return Err(format!("compression {other:?} is not supported; gzip is")),
    };
    Ok(Transport::Http(Http { url, headers, timeout: Duration::from_secs_f64(seconds), gzip }))
}

/// `OPENLINEAGE__TRANSPORT__TYPE=file` as `transport: { type: file }`. A value is JSON where it can be read as JSON.
fn of_variables(variables: &Variables) -> Value {
    let mut settings = Value::Object(Map::new());
    // Longer names first: a name that holds a whole object replaces its parts.
    for (name, text) in variables.iter().rev() {
        let Some(path) = name.strip_prefix("OPENLINEAGE__") else { continue };
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
        let mut place = &mut settings;
        for key in path.split("__") {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[key.to_ascii_lowercase()];
        }
        *place = value;
    }
    settings
}

fn of_file(variables: &Variables, read: &dyn Fn(&Path) -> Option<String>) -> Result<Value, String> {
    let named = variables.get("OPENLINEAGE_CONFIG").map(PathBuf::from);
    let home = variables.get("HOME").map(|home| Path::new(home).join(".openlineage/openlineage.yml"));
    let places = named.into_iter().chain([PathBuf::from("openlineage.yml")]).chain(home);
    let Some((place, text)) = places.into_iter().find_map(|place| Some((place.clone(), read(&place)?))) else {
        return Ok(Value::Null);
    };
    // The reader's message may quote the file, which may hold a key.
    serde_saphyr::from_str(&text).map_err(|_| format!("{} is not YAML", place.display()))
}

/// Adds `over` to `base`; what both have is taken from `over`.
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (base, over) => *base = over,
    }
}

fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str().is_some_and(|v| v.eq_ignore_ascii_case("true")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)], file: Option<&str>) -> Result<Option<Transport>, String> {
        let variables = variables.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        configured(&variables, &|place| file.filter(|_| place == Path::new("openlineage.yml")).map(str::to_string))
    }

    fn http_of(found: Result<Option<Transport>, String>) -> Http {
        match found {
            Ok(Some(Transport::Http(http))) => http,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_configured_is_no_transport() {
        assert_eq!(found(&[], None), Ok(None));
        let disabled = [("OPENLINEAGE_URL", "http://a"), ("OPENLINEAGE_DISABLED", "True")];
        assert_eq!(found(&disabled, None), Ok(None));
        assert_eq!(found(&[("OPENLINEAGE__TRANSPORT__TYPE", "noop"), ("OPENLINEAGE_URL", "http://a")], None), Ok(None));
    }

    #[test]
    fn the_simple_variables() {
        let http = http_of(found(&[("OPENLINEAGE_URL", "http://host:5000")], None));
        assert_eq!(http.url.as_str(), "http://host:5000/api/v1/lineage");
        assert!(http.headers.is_empty() && !http.gzip && http.timeout == Duration::from_secs(5));
        let http = http_of(found(
            &[("OPENLINEAGE_URL", "https://host"), ("OPENLINEAGE_ENDPOINT", "x/y"), ("OPENLINEAGE_API_KEY", "k")],
            None,
        ));
        assert_eq!(http.url.as_str(), "https://host/x/y");
        assert_eq!(http.headers, [("authorization".to_string(), "Bearer k".to_string())]);
    }

    #[test]
    fn the_structured_variables() {
        let file = [
            ("OPENLINEAGE__TRANSPORT__TYPE", "file"),
            ("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", "/var/log/events"),
            ("OPENLINEAGE__TRANSPORT__APPEND", "true"),
        ];
        assert_eq!(found(&file, None), Ok(Some(Transport::File { path: "/var/log/events".into(), append: true })));
        let http = http_of(found(
            &[
                ("OPENLINEAGE__TRANSPORT", r#"{"type": "http", "url": "http://a"}"#),
                ("OPENLINEAGE__TRANSPORT__URL", "http://b"),
            ],
            None,
        ));
        assert_eq!(http.url.as_str(), "http://a/api/v1/lineage", "a whole object counts more than its parts");
    }

    #[test]
    fn the_file_counts_more_than_variables() {
        let yaml = "transport:\n  type: http\n  url: http://file\n  timeout: 1.5\n  compression: gzip\n  auth:\n    type: api_key\n    apiKey: k\n  custom_headers:\n    X-A: b\n";
        let http = http_of(found(
            &[("OPENLINEAGE__TRANSPORT__URL", "http://variable"), ("OPENLINEAGE_URL", "http://simple")],
            Some(yaml),
        ));
        assert_eq!(http.url.as_str(), "http://file/api/v1/lineage");
        assert_eq!((http.timeout, http.gzip), (Duration::from_millis(1500), true));
        assert_eq!(http.headers.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_without_secrets() {
        let check = |variables: &[(&str, &str)], file: Option<&str>, says: &str| {
            let error = found(variables, file).expect_err("wrong");
            assert!(error.contains(says) && !error.contains("secret"), "{error}");
        };
        check(&[("OPENLINEAGE__TRANSPORT__TYPE", "kafka")], None, "kafka");
        check(&[("OPENLINEAGE_URL", "user:secret@host")], None, "url");
        check(&[("OPENLINEAGE_URL", "ftp://user:secret@host")], None, "ftp");
        check(&[], Some("transport: [secret"), "not YAML");
    }
}
