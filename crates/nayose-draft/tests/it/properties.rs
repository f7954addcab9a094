//! What holds for any bytes: nothing panics, and the same bytes give the same answer.

use nayose_draft::{Sample, draft, shape};
use proptest::prelude::*;

use crate::FILES;

fn try_all(bytes: &[u8]) {
    for whole in [true, false] {
        let sample = Sample { name: "any".to_owned(), bytes, whole };
        shape(&sample);
        let once = serde_json::to_string(&draft(std::slice::from_ref(&sample))).expect("plain data");
        let again = serde_json::to_string(&draft(&[sample])).expect("plain data");
        assert_eq!(once, again);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_something(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        try_all(&bytes);
    }

    /// Text of the characters that decide: delimiters, quotes, brackets, digits, kana and kanji.
    #[test]
    fn any_text_is_something(text in "[,\t;|\"'\r\n{}\\[\\]:0-9a-zＡア東名亜 @.\\-]{0,300}") {
        try_all(text.as_bytes());
    }

    /// Documented files, cut and with a byte changed.
    #[test]
    fn damaged_files_are_something(file in 0..FILES.len(), cut in 0.0..1.0f64, at in 0.0..1.0f64, byte in any::<u8>()) {
        let bytes = FILES[file].1;
        let mut bytes = bytes[..(bytes.len() as f64 * cut) as usize].to_vec();
        let place = (bytes.len() as f64 * at) as usize;
        if let Some(changed) = bytes.get_mut(place) {
            *changed = byte;
        }
        try_all(&bytes);
    }
}

/// One row of half a million cells, brackets that nobody closes, a text without an end: the draft is made, and no part of it
/// grows with the square of the bytes.
#[test]
fn huge_rows_are_something() {
    let texts = ["あ", "a,", "{\"a\":[", "[{\"a\":1},", "1234567890 \t", "\"", "a@b.c "];
    for text in texts {
        let bytes = text.repeat(500_000 / text.len());
        for whole in [true, false] {
            draft(&[Sample { name: "any".to_owned(), bytes: bytes.as_bytes(), whole }]);
        }
    }
}
