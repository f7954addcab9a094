//! Records of a fixed length: cut by bytes, with and without line ends.

use encoding_rs::{EUC_JP, SHIFT_JIS};
use nayose_formats::{Encoding, Text, fixed};

use crate::support::{check, shown};

fn columns(columns: &[(&str, usize, usize)]) -> Vec<(String, usize, usize)> {
    columns.iter().map(|(name, start, len)| (name.to_string(), *start, *len)).collect()
}

fn cp932(text: &str) -> Vec<u8> {
    SHIFT_JIS.encode(text).0.into_owned()
}

/// Records of 12 bytes: an id of 4, a name of 8.
fn read(bytes: &[u8]) -> Text {
    fixed(bytes, 12, &columns(&[("id", 1, 4), ("name", 5, 8)]), Encoding::Cp932).unwrap()
}

fn csv(text: &Text) -> &str {
    std::str::from_utf8(&text.bytes).unwrap()
}

const WANTED: &str = "id,name\n0001,佐藤\n0002,ｻﾄｳ\n";

#[test]
fn records_are_read_with_any_line_end_and_with_none() {
    let (one, two) = ("0001佐藤　　", "0002ｻﾄｳ     ");
    check(["", "\n", "\r\n", "\r"].into_iter().flat_map(|end| {
        ["", "\u{1A}"].map(|mark| {
            let text = read(&cp932(&format!("{one}{end}{two}{end}{mark}")));
            (format!("{end:?} {mark:?}"), (csv(&text).to_string(), text.bad.len()), (WANTED.to_string(), 0))
        })
    }));
}

#[test]
fn other_encodings_are_cut_by_bytes_too() {
    let name = columns(&[("id", 1, 2), ("name", 3, 6)]);
    let wanted = "id,name\n01,東ｱ\n".to_string();
    let euc = EUC_JP.encode("01東ｱ  ").0.into_owned();
    let utf8 = "01東ｱ".as_bytes();
    check([
        ("EUC-JP".to_string(), shown(fixed(&euc, 8, &name, Encoding::EucJp)), wanted.clone()),
        ("UTF-8".to_string(), shown(fixed(utf8, 8, &name, Encoding::Utf8)), wanted),
    ]);
}

#[test]
fn a_column_that_cuts_a_character_gives_a_bad_row_even_if_its_half_is_a_letter() {
    // ア is 83 41: its second byte alone is an A.
    let bytes = [cp932("ア0000"), cp932("X00000")].concat();
    let text = fixed(&bytes, 6, &columns(&[("b", 2, 1), ("c", 3, 4)]), Encoding::Cp932).unwrap();
    assert_eq!(csv(&text), "b,c\nA,0000\n0,0000\n");
    let bad: Vec<(usize, &str)> = text.bad.iter().map(|bad| (bad.row, bad.sentence.as_str())).collect();
    assert_eq!(bad, [(1, "record 1: column b begins or ends inside a character")]);
}

#[test]
fn a_cut_character_is_seen_in_every_encoding() {
    let cases = [
        ("CP932", Encoding::Cp932, cp932("東東"), [2, 4]),
        ("EUC-JP", Encoding::EucJp, EUC_JP.encode("東東").0.into_owned(), [2, 4]),
        ("EUC-JP, three bytes", Encoding::EucJp, b"\x8F\xB0\xA1\x8F\xB0\xA1".to_vec(), [3, 6]),
        ("UTF-8", Encoding::Utf8, "東東".into(), [3, 6]),
        ("UTF-8, four bytes", Encoding::Utf8, "𠮷𠮷".into(), [4, 8]),
    ];
    check(cases.into_iter().flat_map(|(case, encoding, bytes, ends)| {
        (1..=bytes.len())
            .map(|end| {
                let text = fixed(&bytes, bytes.len(), &columns(&[("a", 1, end)]), encoding).unwrap();
                (format!("{case}, {end}"), text.bad.is_empty(), ends.contains(&end))
            })
            .collect::<Vec<_>>()
    }));
}

#[test]
fn bytes_that_are_no_characters_give_a_bad_row() {
    let mut bytes = cp932("0001佐藤    ");
    bytes[4] = 0xFF;
    let text = read(&bytes);
    assert_eq!(text.bad[0].sentence, "record 1: column name has bytes that are no characters");
    assert!(csv(&text).contains('\u{FFFD}'));
}

#[test]
fn a_record_of_another_length_is_a_bad_row_and_nothing_of_it_is_lost() {
    let cut = read(&cp932("0001佐藤　　0002ｻﾄ"));
    assert_eq!(csv(&cut), "id,name\n0001,佐藤\n0002,ｻﾄ\n");
    assert_eq!(cut.bad[0].sentence, "record 2: its length is 6 bytes instead of 12");
    let long = read(&cp932("0001佐藤　　\n0002ｻﾄｳ     X\n0003        \n"));
    assert_eq!(long.bad.len(), 1);
    assert_eq!(long.bad[0].row, 2);
}

#[test]
fn columns_may_overlap_but_not_leave_the_record() {
    let overlapping = fixed(b"123456", 6, &columns(&[("all", 1, 6), ("year", 1, 4)]), Encoding::Cp932);
    assert_eq!(shown(overlapping), "all,year\n123456,1234\n");
    let outside = columns(&[("a", 1, 6), ("b", 0, 1), ("c", 6, 2), ("d", 7, 1), ("e", usize::MAX, 2), ("f", 2, 0)]);
    let problem = fixed(b"123456", 6, &outside, Encoding::Cp932).unwrap_err();
    assert_eq!(problem.sentence, "fixed: outside the 6 bytes of a record are the columns b, c, d, e, f");
    assert!(fixed(b"1", 0, &outside, Encoding::Cp932).is_err());
    assert!(fixed(b"1", 1, &[], Encoding::Cp932).is_err());
}
