//! Who started this process: user, host, command line. For the row of `run`; nothing else that is published depends on it.
//!
//! In: what the platform tells. Out: names, or none where the platform hides them; the command line without secrets.

use crate::store::without_secrets;

/// What stands for a text that a person typed: reasons and names stand in the report of an erasure, which may have to go.
const HIDDEN: &str = "…";

/// Flags whose values are not kept.
const PRIVATE: [&str; 2] = ["--by", "--why"];

/// Who started this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The user whose process it is.
    pub user: Option<String>,
    /// The machine or container.
    pub host: Option<String>,
    /// The command line after the program's name.
    pub arguments: Vec<String>,
}

impl Caller {
    /// That of this process.
    pub(crate) fn this() -> Self {
        let typed: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
        Caller { user: user(), host: Some(host()).filter(|host| !host.is_empty()), arguments: shown(&typed) }
    }
}

/// The name of this host; empty where it is not known.
pub(crate) fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_string()).unwrap_or_default()
}

/// The user whose process this is, as the system knows it: a variable of the environment could say anything.
#[cfg(unix)]
fn user() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let id = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let names = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named =
        names.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|of| of.get(2) == Some(&id.as_str()));
    Some(named.and_then(|of| of.first().map(|name| (*name).to_string())).unwrap_or(id))
}

#[cfg(not(unix))]
fn user() -> Option<String> {
    None
}

/// A command line without credentials in URLs, and without what people typed about people.
fn shown(typed: &[String]) -> Vec<String> {
    let mut hide = false;
    let one = |arg: &String| {
        let (flag, value) = arg.split_once('=').unwrap_or((arg, ""));
        let is_private = PRIVATE.contains(&flag);
        if std::mem::replace(&mut hide, is_private && value.is_empty()) {
            return HIDDEN.to_string();
        }
        match (is_private, value.is_empty()) {
            (true, false) => format!("{flag}={HIDDEN}"),
            _ if flag.starts_with("--") && !value.is_empty() => format!("{flag}={}", clean(value)),
            _ => clean(arg),
        }
    };
    typed.iter().map(one).collect()
}

/// A value without the credentials of a URL: those before its host, and its query, where signatures stand.
fn clean(value: &str) -> String {
    let shown = without_secrets(value);
    match shown.split_once("://") {
        // A token may stand for user and password together.
        Some((scheme @ ("http" | "https" | "df" | "s3" | "s3a" | "gs"), rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", host.rsplit_once('@').map_or(host, |(_, host)| host))
        }
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_command_line_is_kept() {
        let check = |typed: &[&str], expected: &[&str]| {
            let typed: Vec<String> = typed.iter().map(|t| (*t).to_string()).collect();
            assert_eq!(shown(&typed), expected);
        };
        check(&["run", "p.yaml", "--full"], &["run", "p.yaml", "--full"]);
        check(&["--lake", "https://me:hush@host/a?sig=hush"], &["--lake", "https://host/a"]);
        check(&["--lake=https://hush@host/a?sv=2024&sig=hush"], &["--lake=https://host/a"]);
        check(
            &["--input", "abfss://box@account.dfs.core.windows.net/a?sig=hush"],
            &["--input", "abfss://box@account.dfs.core.windows.net/a"],
        );
        check(
            &["erase", "C-1", "--by", "k.tanaka", "--why", "山田様から"],
            &["erase", "C-1", "--by", "…", "--why", "…"],
        );
        check(&["erase", "C-1", "--why=山田様から", "--full"], &["erase", "C-1", "--why=…", "--full"]);
    }

    #[test]
    fn somebody_started_this_process() {
        let caller = Caller::this();
        assert!(caller.user.is_some_and(|user| !user.is_empty()));
    }
}
