//! UTF-16 in both orders, with and without a mark.

use nayose_formats::utf16;

use crate::support::check;

fn little(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn big(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn both_orders_are_read_by_their_mark_or_by_their_zero_bytes() {
    let text = "会員番号\t氏名\r\n1\t𠮷田\r\n";
    let marked = format!("\u{FEFF}{text}");
    check(
        [
            ("little", little(text)),
            ("big", big(text)),
            ("little, marked", little(&marked)),
            ("big, marked", big(&marked)),
        ]
        .map(|(case, bytes)| (case.to_string(), utf16(&bytes), Ok(text.as_bytes().to_vec()))),
    );
    assert_eq!(utf16(b""), Ok(Vec::new()));
}

#[test]
fn half_a_character_is_a_problem_that_names_its_line() {
    let mut bytes = little("a\nb");
    bytes.extend([0x00, 0xD8]);
    bytes.extend(little("c\n"));
    bytes.extend([0x00, 0xDC]);
    assert_eq!(
        utf16(&bytes).unwrap_err().sentence,
        "line 2: half of a character (an unpaired surrogate of UTF-16), 2 in the whole text"
    );
}

#[test]
fn other_bytes_are_no_utf_16() {
    check(
        [("UTF-8", "id,name\n".as_bytes(), "is not UTF-16"), ("odd", b"\xFF\xFEa\0b", "number of bytes is odd")]
            .map(|(case, bytes, wanted)| (case.to_string(), utf16(bytes).unwrap_err().sentence.contains(wanted), true)),
    );
}
