//! Tells the compiler which commit it builds, for `nayose --version`.
//!
//! In: the environment variable NAYOSE_COMMIT, for builds of an archive or an image; else git. Out: `env!("NAYOSE_COMMIT")`,
//! "unknown" where neither knows. Nothing that a run writes depends on it.
#![allow(clippy::print_stdout)] // that is how a build script answers cargo

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=NAYOSE_COMMIT");
    // A prefix means that the checkout belongs to somebody else's repository.
    let own = git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    if own {
        // HEAD changes with a checkout, its log with a commit. A file that is missing would build anew every time.
        for file in ["HEAD", "logs/HEAD"] {
            if let Some(path) = git(&["rev-parse", "--git-path", file]).filter(|p| Path::new(p).exists()) {
                println!("cargo::rerun-if-changed={path}");
            }
        }
    }
    let given = std::env::var("NAYOSE_COMMIT").ok().filter(|c| !c.is_empty());
    let found = || git(&["rev-parse", "--short=12", "HEAD"]).filter(|_| own);
    println!("cargo::rustc-env=NAYOSE_COMMIT={}", given.or_else(found).unwrap_or_else(|| "unknown".into()));
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string())
}
