//! Object storage end to end: the binary talks HTTP to a real S3 server on loopback, through a proxy of our own that can
//! break every request, to a web server, to a metadata service, and to Azure's emulator.

mod azure;
mod credentials;
mod faults;
mod large;
mod mixed;
mod proxy;
mod server;
mod web;
mod writers;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::LazyLock;

use crate::support::{root, write_retail};

/// Keys that must never be seen in any output.
pub const SECRET: &str = "hush/secret+of+the+tests";
pub const TOKEN: &str = "hush-token-of-the-tests";
pub const KEY: &str = "AKIATESTS";

/// The binary with the environment of a user of the S3 server at `address`.
pub fn command(address: SocketAddr, args: &[String]) -> Command {
    let mut command = bare(args);
    command
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", TOKEN);
    command
}

/// The binary without any credentials, proxy or profile of the machine.
pub fn bare(args: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
    command.args(args).current_dir(root()).env("HOME", "/nowhere");
    for (name, _) in std::env::vars() {
        let upper = name.to_uppercase();
        if upper.starts_with("AWS_") || upper.starts_with("AZURE_") || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it; whatever comes out has no secret in it.
pub fn output(mut command: Command) -> Output {
    let output = command.output().expect("the binary starts");
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains(SECRET) && !text.contains(TOKEN), "a secret in:\n{text}");
    }
    output
}

/// Runs it, which has to succeed; answers stdout.
pub fn ok(command: Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8 on stdout")
}

/// Runs it, which has to fail with this exit code; answers stderr.
pub fn fails(code: i32, command: Command) -> String {
    let output = output(command);
    let said = String::from_utf8_lossy(&output.stderr).to_string();
    assert_eq!(output.status.code(), Some(code), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
    said
}

/// Arguments as the binary takes them.
pub fn args(args: &[&str]) -> Vec<String> {
    args.iter().map(|a| a.to_string()).collect()
}

/// A run of the retail pipeline without the facts and marts of `crm`: storage has the same to bear, a hundred times in less time.
pub fn run(input: &str, lake: &str) -> Vec<String> {
    static PIPELINE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_retail(folder.path(), |_| (), |_| ());
        folder
    });
    let pipeline = PIPELINE.path().join("pipeline.yaml").display().to_string();
    args(&["run", &pipeline, "--input", input, "--lake", lake, "--log", "json"])
}

/// What a published lake says, in one line: every table that has to be of the same run as the others.
pub const STATE: &str = "select (select max(run_number) from run) as run, (select count(*) from run) as runs, \
    (select count(*) from golden_customer) as people, (select count(*) from interaction) as facts, \
    (select count(*) from id_event) as events, (select count(*) from ledger) as decisions, \
    (select string_agg(customer_id, ' ' order by channel, record_id, valid_from) from id_map) as ids";

/// Asks a lake for its state.
pub fn state(lake: &str) -> Vec<String> {
    args(&["sql", "--lake", lake, "--format", "csv", STATE])
}

/// The files that two lakes differ in.
pub fn differences(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let names = one.keys().chain(other.keys());
    let mut found: Vec<String> = names.filter(|n| one.get(*n) != other.get(*n)).cloned().collect();
    found.sort();
    found.dedup();
    found
}

/// Copies a folder.
pub fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("copied")),
        }
    }
}
