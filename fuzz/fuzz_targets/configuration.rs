//! Any text as a pipeline file: a pipeline or a list of problems comes out, and no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nayose::config::{self, Overrides};

fuzz_target!(|text: &str| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pipeline.yaml");
    std::fs::write(&file, text).expect("written");
    let _ = config::load(&file, &Overrides::default());
});
