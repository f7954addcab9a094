//! Keys, region and endpoint from the profile files that the AWS tools share (`~/.aws/credentials`, `~/.aws/config`).
//!
//! In: the environment and the two files. Out: settings for the S3 client, only where the environment has none of its own.
//! Keys that the profile does not hold itself (single sign-on, an assumed role, another program) are an error with the
//! command that brings them into the environment.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use object_store::aws::AmazonS3ConfigKey;

use crate::error::{Error, Result};

/// Variables that say already where the keys come from.
const HAVE_KEYS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
];
const HAVE_REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const HAVE_ENDPOINT: [&str; 3] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];

/// Settings by which a profile gets keys from elsewhere.
const ELSEWHERE: [&str; 5] =
    ["sso_session", "sso_start_url", "credential_process", "role_arn", "web_identity_token_file"];

/// A profile's settings.
type Profile = HashMap<String, String>;

/// The settings of the profile that the environment names, or of `default`.
///
/// # Errors
/// Configuration, if the profile is not there or its keys come from elsewhere; environment, if a file cannot be read.
pub(super) fn settings(env: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(AmazonS3ConfigKey, String)>> {
    let home = PathBuf::from(env("HOME").unwrap_or_default()).join(".aws");
    let file = |name: &str, usual: &str| env(name).map_or_else(|| home.join(usual), PathBuf::from);
    let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    let config = file("AWS_CONFIG_FILE", "config");
    let wanted = env("AWS_PROFILE").or_else(|| env("AWS_DEFAULT_PROFILE"));
    let name = wanted.as_deref().unwrap_or("default");

    let in_config = if name == "default" { name.to_string() } else { format!("profile {name}") };
    let (of_config, of_credentials) = (section(&config, &in_config)?, section(&credentials, name)?);
    if wanted.is_some() && of_config.is_none() && of_credentials.is_none() {
        let (credentials, config) = (credentials.display(), config.display());
        return Err(Error::config(format!("the AWS profile {name:?} is neither in {credentials} nor in {config}"))
            .hint("check AWS_PROFILE"));
    }
    let mut profile: Profile = of_config.unwrap_or_default();
    profile.extend(of_credentials.unwrap_or_default());

    let none_of = |names: &[&str]| names.iter().all(|name| env(name).is_none());
    let mut found = Vec::new();
    let mut take = |setting: &str, key: AmazonS3ConfigKey| {
        let value = profile.get(setting).cloned();
        found.extend(value.map(|value| (key, value)));
    };
    if none_of(&HAVE_REGION) {
        take("region", AmazonS3ConfigKey::Region);
    }
    if none_of(&HAVE_ENDPOINT) {
        take("endpoint_url", AmazonS3ConfigKey::Endpoint);
    }
    if none_of(&HAVE_KEYS) {
        take("aws_access_key_id", AmazonS3ConfigKey::AccessKeyId);
        take("aws_secret_access_key", AmazonS3ConfigKey::SecretAccessKey);
        take("aws_session_token", AmazonS3ConfigKey::Token);
        let elsewhere = ELSEWHERE.iter().find(|setting| profile.contains_key(**setting));
        if let (Some(setting), false) = (elsewhere, profile.contains_key("aws_access_key_id")) {
            return Err(Error::config(format!("the AWS profile {name:?} gets its keys by {setting}, which nayose does not do"))
                .hint(format!(
                    "bring them into the environment: eval \"$(aws configure export-credentials --profile {name} --format env)\""
                )));
        }
    }
    Ok(found)
}

/// The settings below a `[heading]`; none where the file or the heading is not there.
fn section(file: &Path, heading: &str) -> Result<Option<Profile>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => {
            return Err(Error::environment(format!("cannot read {}: {e}", file.display()))
                .hint("check the file's permissions, or set AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE"));
        }
    };
    let mut found: Option<Profile> = None;
    let mut inside = false;
    for line in text.lines().filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let words: Vec<&str> = name.0.split_whitespace().collect();
            inside = words.join(" ") == heading;
            if inside {
                found.get_or_insert_default();
            }
        } else if inside
            // Indented lines belong to the setting above, which is none of ours.
            && !line.starts_with([' ', '\t'])
            && let (Some((key, value)), Some(found)) = (line.split_once('='), &mut found)
        {
            let value = [" #", " ;", "\t#", "\t;"].iter().fold(value, |v, mark| v.split(mark).next().unwrap_or(v));
            found.insert(key.trim().to_lowercase(), value.trim().to_string());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# keys\n[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key=first/secret+#1\n\n[ work ]\naws_access_key_id=AKWORK\naws_secret_access_key = second ; from the vault\naws_session_token=token==\n";
    const CONFIG: &str = "[default]\nregion = ap-northeast-1\n[profile work]\nregion=ap-northeast-3\ns3 =\n    endpoint_url = http://nested\nendpoint_url = http://127.0.0.1:9000\n[profile sso]\nsso_session = corp\n";

    fn with(variables: &[(&str, &str)]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir()?;
        let place = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(place("credentials"), CREDENTIALS)?;
        std::fs::write(place("config"), CONFIG)?;
        let env = |name: &str| match name {
            "AWS_SHARED_CREDENTIALS_FILE" => Some(place("credentials")),
            "AWS_CONFIG_FILE" => Some(place("config")),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string()),
        };
        Ok(settings(&env)?.into_iter().map(|(key, value)| format!("{}={value}", key.as_ref())).collect())
    }

    #[test]
    fn the_default_profile_and_a_named_one() {
        let default = with(&[]).unwrap_or_default();
        let expected =
            ["aws_region=ap-northeast-1", "aws_access_key_id=AKDEFAULT", "aws_secret_access_key=first/secret+#1"];
        assert_eq!(default, expected);
        let work = with(&[("AWS_PROFILE", "work")]).unwrap_or_default();
        let expected = [
            "aws_region=ap-northeast-3",
            "aws_endpoint=http://127.0.0.1:9000",
            "aws_access_key_id=AKWORK",
            "aws_secret_access_key=second",
            "aws_session_token=token==",
        ];
        assert_eq!(work, expected);
    }

    #[test]
    fn the_environment_comes_first() {
        let found = with(&[("AWS_PROFILE", "work"), ("AWS_ACCESS_KEY_ID", "AKENV"), ("AWS_REGION", "us-east-2")]);
        assert_eq!(found.unwrap_or_default(), ["aws_endpoint=http://127.0.0.1:9000"]);
        let found = with(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_DEFAULT_REGION", "us-east-2")]);
        assert_eq!(found.unwrap_or_default(), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_had_is_said() {
        let said = |variables: &[(&str, &str)]| with(variables).expect_err("an error").to_string();
        assert!(said(&[("AWS_PROFILE", "nobody")]).contains("\"nobody\" is neither in"));
        let sso = said(&[("AWS_PROFILE", "sso")]);
        assert!(sso.contains("sso_session") && sso.contains("export-credentials --profile sso"), "{sso}");
        assert_eq!(with(&[("AWS_PROFILE", "sso"), ("AWS_ACCESS_KEY_ID", "AKENV")]).unwrap_or_default(), [""; 0]);
    }
}
