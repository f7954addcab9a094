//! Any bytes: nothing panics, and nothing that comes out is larger than the limit.

use nayose_formats::{Encoding, fixed, json_rows, utf16, xlsx, xlsx_beginnings, zip_member, zip_members};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::{DATES_1904, ENCRYPTED, ENCRYPTED_ZIP, FORMULA, JAPANESE, MEMBERS, WINDOWS_ZIP, patched};

/// Small, so that mutated sizes meet it.
const LIMIT: usize = 60_000;

const DOCUMENT: &str =
    r#"{"orders":[{"id":1,"o":{"k":[1,"\u00e9"]},"lines":[{"a":1.0,"c":[{"id":1,"value":null}]}, {}]}]}"#;

fn read_all(bytes: &[u8]) {
    for header_line in [0, 1, 3] {
        if let Ok(text) = xlsx(bytes, None, header_line, LIMIT) {
            assert!(text.bytes.len() <= LIMIT && std::str::from_utf8(&text.bytes).is_ok());
        }
    }
    for sheet in xlsx_beginnings(bytes, 50, LIMIT).unwrap_or_default() {
        let text = sheet.text.unwrap_or_default();
        assert!(text.len() <= LIMIT && std::str::from_utf8(&text).is_ok());
    }
    for member in zip_members(bytes).unwrap_or_default() {
        if let Ok(unpacked) = zip_member(bytes, &member.name, LIMIT) {
            assert!(unpacked.len() <= LIMIT);
        }
    }
    for path in [None, Some("orders[*]"), Some("orders[*].lines[*]")] {
        if let Ok(text) = json_rows(bytes, path, LIMIT) {
            assert!(text.bytes.len() <= LIMIT);
            for line in text.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let row: serde_json::Result<serde::de::IgnoredAny> = serde_json::from_slice(line);
                assert!(row.is_ok(), "{}", String::from_utf8_lossy(line));
            }
        }
    }
    let _ = utf16(bytes);
    let columns = [("a".to_string(), 1, 3), ("b".to_string(), 3, 5)];
    for encoding in [Encoding::Cp932, Encoding::Utf8, Encoding::EucJp] {
        let text = fixed(bytes, 7, &columns, encoding).unwrap();
        assert!(std::str::from_utf8(&text.bytes).is_ok());
    }
}

/// A file with some bytes changed, and perhaps cut.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let files = [MEMBERS, DATES_1904, FORMULA, JAPANESE, ENCRYPTED, WINDOWS_ZIP, ENCRYPTED_ZIP, DOCUMENT.as_bytes()];
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 0..8);
    (prop::sample::select(files.to_vec()), changes, any::<Index>(), any::<bool>()).prop_map(
        |(file, changes, end, is_cut)| {
            let mut bytes = file.to_vec();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if is_cut {
                bytes.truncate(end.index(bytes.len()));
            }
            bytes
        },
    )
}

/// A workbook in which the text of a part is changed: a change of its packed bytes only damages it.
fn mutated_part() -> impl Strategy<Value = Vec<u8>> {
    let parts = [
        "xl/worksheets/sheet1.xml",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "_rels/.rels",
    ];
    let piece = prop_oneof![
        Just("<"),
        Just(">"),
        Just("/"),
        Just("\""),
        Just("&"),
        Just("&#0;"),
        Just("</c>"),
        Just("<t>"),
        Just("<r>"),
        Just("_x"),
        Just("99999999999999999999"),
        Just("-1"),
        Just("XFD1048576"),
        Just("あ"),
        Just(""),
        Just("[h]"),
    ];
    let changes = prop::collection::vec((any::<Index>(), 0..12_usize, piece), 1..4);
    (prop::sample::select(parts.to_vec()), changes).prop_map(|(part, changes)| {
        patched(
            JAPANESE,
            &[(part, &|text| {
                let mut characters: Vec<char> = text.chars().collect();
                for (place, gone, piece) in &changes {
                    let place = place.index(characters.len());
                    let end = (place + gone).min(characters.len());
                    characters.splice(place..end, piece.chars());
                }
                // The mark shows that the part was changed even if the changes are none.
                format!("{}<!-- -->", characters.into_iter().collect::<String>())
            })],
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        read_all(&bytes);
    }

    #[test]
    fn changed_files_are_read_or_refused(bytes in mutated()) {
        read_all(&bytes);
    }

    #[test]
    fn changed_parts_of_a_workbook_are_read_or_refused(bytes in mutated_part()) {
        read_all(&bytes);
    }

    #[test]
    fn any_json_that_comes_out_says_what_came_in(rows in prop::collection::vec("[a-z \"\\\\\u{e9}\n]{0,12}", 0..6)) {
        let document: Vec<serde_json::Value> = rows.iter().map(|text| serde_json::json!({ text: text, "n": [1, {"x": text}] })).collect();
        let pretty = serde_json::to_vec_pretty(&document).unwrap();
        let text = json_rows(&pretty, None, LIMIT).unwrap();
        let back: Vec<serde_json::Value> = serde_json::Deserializer::from_slice(&text.bytes).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(back, document);
    }
}
