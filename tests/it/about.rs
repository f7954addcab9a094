//! What the program says about itself: version, completions, manual pages.

use std::process::Command;

use crate::support::{fails, root, succeeds};

#[test]
fn the_version_names_commit_and_engine() {
    let said = succeeds(&["--version"]);
    let words: Vec<&str> = said.trim().split([' ', '(', ')', ',']).filter(|w| !w.is_empty()).collect();
    let ["nayose", version, "commit", commit, "DataFusion", engine, "towns", "of", edition] = words[..] else {
        panic!("{said}")
    };
    assert!(edition.len() == 7 && edition.starts_with("20"), "the month of the list: {edition}");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert_eq!(engine, datafusion::DATAFUSION_VERSION);
    let git = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).current_dir(root()).output();
    match git {
        Ok(git) if git.status.success() && root().join(".git").exists() => {
            assert_eq!(commit, String::from_utf8_lossy(&git.stdout).trim(), "built from this commit");
        }
        _ => assert!(!commit.is_empty()),
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for (shell, has) in [
        ("bash", "complete -F _nayose"),
        ("zsh", "#compdef nayose"),
        ("fish", "complete -c nayose"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let text = succeeds(&["completions", shell]);
        assert!(text.contains(has) && text.contains("skip-code"), "{shell}");
    }
    fails(2, &["completions", "cmd"]);
    // The shell itself reads it, where there is one.
    let bash = "source <(\"$0\" completions bash) && complete -p nayose";
    if let Ok(read) = Command::new("bash").args(["-c", bash, env!("CARGO_BIN_EXE_nayose")]).output() {
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
}

#[test]
fn a_manual_page_for_every_subcommand() {
    let page = succeeds(&["man"]);
    assert!(page.contains(".TH nayose 1") && page.contains("nayose\\-run(1)"), "{page}");
    let folder = tempfile::tempdir().expect("a folder");
    let man = folder.path().join("share/man1");
    succeeds(&["man", "--out", &man.display().to_string()]);
    let run = std::fs::read_to_string(man.join("nayose-run.1")).expect("the page of run");
    assert!(run.contains("\\-\\-metrics"), "{run}");
    assert!(man.join("nayose.1").exists());
    fails(3, &["man", "--out", "/dev/null/folder"]);
}
