//! Rules about the code itself, as tests.

use std::fs;
use std::path::PathBuf;

use crate::support::{root, rust_files};

/// The code of the root package and of the crates.
fn sources() -> Vec<PathBuf> {
    [root().join("src"), root().join("crates")].iter().flat_map(|folder| rust_files(folder)).collect()
}

#[test]
fn every_module_says_what_it_is() {
    let without: Vec<String> = sources()
        .into_iter()
        .filter(|f| !fs::read_to_string(f).expect("readable").starts_with("//!"))
        .map(|f| f.display().to_string())
        .collect();
    assert!(without.is_empty(), "without a //! header:\n{}", without.join("\n"));
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter_map(|f| {
            let lines = fs::read_to_string(&f).expect("readable").lines().count();
            (lines > 500).then(|| format!("{lines} {}", f.display()))
        })
        .collect();
    assert!(long.is_empty(), "over 500 lines:\n{}", long.join("\n"));
}

#[test]
fn only_the_front_door_prints() {
    let printing: Vec<String> = sources()
        .into_iter()
        .filter(|f| {
            let text = fs::read_to_string(f).expect("readable");
            text.lines().any(|l| {
                let code = l.trim_start();
                !code.starts_with("//")
                    && ["println!", "eprintln!", "print!(", "process::exit"].iter().any(|p| code.contains(p))
            })
        })
        .map(|f| f.display().to_string())
        .collect();
    assert!(printing.is_empty(), "prints or exits:\n{}", printing.join("\n"));
}

#[test]
fn the_architecture_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let all: String = sources()
        .into_iter()
        .chain(rust_files(&root().join("tests")))
        .map(|f| fs::read_to_string(f).expect("readable"))
        .collect();
    let named: Vec<&str> = page.lines().filter_map(|l| l.split("Guarded by `").nth(1)?.split('`').next()).collect();
    assert!(named.len() >= 8, "invariants name their tests, found {named:?}");
    let missing: Vec<&str> = named.into_iter().filter(|n| !all.contains(&format!("fn {n}("))).collect();
    assert!(missing.is_empty(), "tests that do not exist: {missing:?}");
}
