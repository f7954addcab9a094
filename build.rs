//! Tells the compiler which commit it builds, for `nayose --version`, and which queries ship with it.
//!
//! In: the environment variable NAYOSE_COMMIT, for builds of an archive or an image; else git. Out: `env!("NAYOSE_COMMIT")`,
//! "unknown" where neither knows. Nothing that a run writes depends on it.
//!
//! In: the folders of queries of the retail pipeline. Out: `shipped.rs`, a list of their files, which the compiler embeds: the contracts
//! of the marts stand in their heads, and `nayose init` writes the files into the pipelines that it begins.
#![allow(clippy::print_stdout)] // that is how a build script answers cargo

use std::path::Path;
use std::process::Command;

/// The pipeline whose queries ship, and its folders: the name of a list → its folders in order.
const RETAIL: &str = "pipelines/retail";
const FOLDERS: [(&str, &[&str]); 2] = [("MARTS", &["marts", "crm"]), ("CHECKS", &["checks"])];

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    shipped()?;
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
    Ok(())
}

/// Writes the lists of queries: folder, name, text.
fn shipped() -> std::io::Result<()> {
    let mut code = String::new();
    for (list, folders) in FOLDERS {
        code += &format!("pub(crate) const {list}: &[(&str, &str, &str)] = &[\n");
        for folder in folders {
            let below = format!("{RETAIL}/{folder}");
            println!("cargo::rerun-if-changed={below}");
            let mut names = Vec::new();
            for file in std::fs::read_dir(&below)? {
                names.extend(file?.file_name().to_str().and_then(|n| n.strip_suffix(".sql")).map(String::from));
            }
            names.sort();
            for name in names {
                let text = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{below}/{name}.sql\")");
                code += &format!("    ({folder:?}, {name:?}, include_str!({text})),\n");
            }
        }
        code += "];\n";
    }
    std::fs::write(Path::new(&std::env::var_os("OUT_DIR").unwrap_or_default()).join("shipped.rs"), code)
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string())
}
