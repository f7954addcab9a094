//! Japanese encodings.

use encoding_rs::{EUC_JP, SHIFT_JIS};
use nayose::error::Kind;
use nayose::sources::reader::{ReadOptions, TextEncoding};

use super::{csv, failure, json, read};

const TABLE: &str = "番号,氏名,備考\r\n1,\"髙﨑 ①㈱\",\"表示、ソ能\"\"構\"\"\"\r\n2,ﾀｶｻｷ,\"二\r\n行\"\r\n";
const ROWS: [&str; 2] = ["2: 1|髙﨑 ①㈱|表示、ソ能\"構\"", "3: 2|ﾀｶｻｷ|二\r\n行"];

fn with(encoding: TextEncoding, options: ReadOptions) -> ReadOptions {
    ReadOptions { encoding, ..options }
}

fn table(encoding: TextEncoding) -> ReadOptions {
    with(encoding, csv(&["番号", "氏名", "備考"]))
}

#[test]
fn utf8_with_and_without_mark() {
    assert_eq!(read(TABLE.as_bytes(), &table(TextEncoding::Utf8)).expect("rows"), ROWS);
    assert_eq!(read(format!("\u{feff}{TABLE}").as_bytes(), &table(TextEncoding::Utf8)).expect("rows"), ROWS);
}

#[test]
fn cp932_with_vendor_characters() {
    let (bytes, _, lossy) = SHIFT_JIS.encode(TABLE);
    assert!(!lossy);
    // ソ, 能, 表 and 構 end in a byte below 0x60; 髙, ①, ㈱ are NEC's and IBM's.
    assert!(bytes.windows(2).any(|pair| pair == [0xfb, 0xfc]) && bytes.windows(2).any(|pair| pair == [0x83, 0x5c]));
    assert_eq!(read(&bytes, &table(TextEncoding::Cp932)).expect("rows"), ROWS);
}

#[test]
fn euc_jp() {
    let (bytes, _, lossy) = EUC_JP.encode(TABLE);
    assert!(!lossy);
    assert_eq!(read(&bytes, &table(TextEncoding::EucJp)).expect("rows"), ROWS);
    // JIS X 0212: 丂, three bytes.
    let rows = read(b"id,b\n1,\x8f\xb0\xa1\n", &with(TextEncoding::EucJp, csv(&["id", "b"]))).expect("rows");
    assert_eq!(rows, ["2: 1|丂"]);
}

#[test]
fn undecodable_bytes_cost_their_row_and_swallow_nothing() {
    let utf8 = csv(&["id", "b"]);
    let rows = read(b"id,b,c\n1,\xe3\x81,x\n2,y,\xff\n3,z,x\n", &utf8).expect("rows");
    assert_eq!(rows, ["2! undecodable 1,\u{fffd},x", "3: 2|y", "4: 3|z"]);
    let cp932 = with(TextEncoding::Cp932, utf8.clone());
    // A lead byte before the comma, the quote and the line end.
    let rows = read(b"id,b,c\n1,\x83,x\n2,\"\x83\",x\n\x83\x5c,b,\x83\n4,\xfd,x", &cp932).expect("rows");
    assert_eq!(
        rows,
        ["2! undecodable 1,\u{fffd},x", "3! undecodable 2,\"\u{fffd}\",x", "4: ソ|b", "5! undecodable 4,\u{fffd},x"]
    );
    let euc = with(TextEncoding::EucJp, utf8);
    assert_eq!(read(b"id,b\n1,\xa4\n2,\xa4\xa2\n", &euc).expect("rows"), ["2! undecodable 1,\u{fffd}", "3: 2|あ"]);
}

#[test]
fn a_wrong_encoding_is_told_with_the_right_one() {
    let (cp932, _, _) = SHIFT_JIS.encode(TABLE);
    let (euc, _, _) = EUC_JP.encode(TABLE);
    for (bytes, told, right) in [
        (cp932.as_ref(), TextEncoding::Utf8, "cp932"),
        (cp932.as_ref(), TextEncoding::EucJp, "cp932"),
        (euc.as_ref(), TextEncoding::Utf8, "euc-jp"),
        (euc.as_ref(), TextEncoding::Cp932, "euc-jp"),
        (TABLE.as_bytes(), TextEncoding::Cp932, "utf-8"),
    ] {
        let error = failure(bytes, &table(told));
        assert_eq!(error.kind(), Kind::Config);
        assert_eq!(error.message(), format!("the header of in/file is not {}", told.name()));
        assert_eq!(error.remedy(), Some(format!("it reads well as {right}: set `encoding: {right}`").as_str()));
    }
    let error = failure(&cp932, &with(TextEncoding::Utf8, csv(&["x"])));
    assert_eq!(error.remedy(), Some("check `encoding`: utf-8, cp932 or euc-jp"));
}

#[test]
fn marks_of_other_encodings() {
    let error = failure(b"\xef\xbb\xbfid\n1\n", &with(TextEncoding::Cp932, csv(&["id"])));
    assert_eq!(error.remedy(), Some("set `encoding: utf-8`"));
    let error = failure(b"\xff\xfei\0d\0\n\0", &csv(&["id"]));
    assert!(error.message().contains("UTF-16"), "{error}");
}

#[test]
fn json_lines_in_cp932() {
    // The second byte of ソ is a backslash.
    let (bytes, _, _) = SHIFT_JIS.encode("{\"番号\":\"1\",\"氏名\":\"ソ髙\"}\n");
    let rows = read(&bytes, &with(TextEncoding::Cp932, json(&["番号", "氏名"]))).expect("rows");
    assert_eq!(rows, ["1: 1|ソ髙"]);
}
