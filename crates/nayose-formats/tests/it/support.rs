//! What the tests share.

use std::fmt::Debug;
use std::io::{Cursor, Read, Write};

use nayose_formats::{Problem, Text};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// More than any test unpacks.
pub(crate) const LIMIT: usize = 10_000_000;

/// Files of other writers; `make.py` beside them made them.
pub(crate) const MEMBERS: &[u8] = include_bytes!("../data/members.xlsx");
pub(crate) const DATES_1904: &[u8] = include_bytes!("../data/dates_1904.xlsx");
pub(crate) const FORMULA: &[u8] = include_bytes!("../data/formula.xlsx");
pub(crate) const JAPANESE: &[u8] = include_bytes!("../data/japanese.xlsx");
pub(crate) const ENCRYPTED: &[u8] = include_bytes!("../data/encrypted.xlsx");
pub(crate) const WINDOWS_ZIP: &[u8] = include_bytes!("../data/windows.zip");
pub(crate) const ENCRYPTED_ZIP: &[u8] = include_bytes!("../data/encrypted.zip");

/// Compares every pair, and shows all that differ.
pub(crate) fn check<T: PartialEq + Debug>(cases: impl IntoIterator<Item = (String, T, T)>) {
    let wrong: Vec<String> = cases
        .into_iter()
        .filter(|(_, found, wanted)| found != wanted)
        .map(|(case, found, wanted)| format!("{case}\n  found  {found:?}\n  wanted {wanted:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text, or the message.
pub(crate) fn shown(result: Result<Text, Problem>) -> String {
    match result {
        Ok(text) => String::from_utf8(text.bytes).expect("it is UTF-8"),
        Err(problem) => problem.to_string(),
    }
}

/// The archive with parts rewritten.
pub(crate) fn patched(archive: &[u8], changes: &[(&str, &dyn Fn(String) -> String)]) -> Vec<u8> {
    let mut old = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut parts = Vec::new();
    for index in 0..old.len() {
        let mut file = old.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        if let Some((_, change)) = changes.iter().find(|(part, _)| *part == name) {
            let before = text.clone();
            text = change(text);
            assert_ne!(before, text, "{name} is as before");
        }
        parts.push((name, text));
    }
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    zipped(&parts)
}

/// An archive of these members.
pub(crate) fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        new.start_file(*name, SimpleFileOptions::default()).unwrap();
        new.write_all(bytes).unwrap();
    }
    new.finish().unwrap().into_inner()
}
