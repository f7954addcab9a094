//! CSV and TSV: what is a row, and what becomes of a broken one.

use nayose::error::Kind;
use nayose::sources::reader::{self, Format, ReadOptions};

use super::{columns_of, csv, failure, options, read};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(read(text.as_bytes(), &csv(&["id", "b"])).expect("rows"), expected, "{text:?}");
}

#[test]
fn wanted_columns_in_their_order() {
    let rows = read(b"id,a,b\n1,x,y\n2,,z\n", &csv(&["b", "id", "a"])).expect("rows");
    assert_eq!(rows, ["2: y|1|x", "3: z|2|-"]);
}

#[test]
fn line_ends() {
    for end in ["\n", "\r\n", "\r"] {
        for last in ["", end] {
            check(&format!("id,b{end}1,x{end}{end}2,y{last}"), &["2: 1|x", "4: 2|y"]);
        }
    }
    check("id,b\r\n1,x\n2,y\r3,z", &["2: 1|x", "3: 2|y", "4: 3|z"]);
}

#[test]
fn quotes() {
    check("id,b\n\"1\",\"x,\"\"y\"\"\"\n", &["2: 1|x,\"y\""]);
    check("\"id\",\"b\"\n1,\"\"\n", &["2: 1|-"]);
    check("id,b\n1,\"two\nlines\"\n2,\"crlf\r\n\r\n\"\n3,z", &["2: 1|two\nlines", "4: 2|crlf\r\n\r\n", "7: 3|z"]);
    check("id,b\n1,\"at the end\"", &["2: 1|at the end"]);
}

#[test]
fn nothing_is_no_row() {
    check("\n\nid,b\n\n\r\n1,x\n\n\n", &["6: 1|x"]);
    check("id,b\n1,x\n\x1a", &["2: 1|x"]);
    check("id,b\n", &[]);
    check("id,b", &[]);
}

#[test]
fn text_is_kept_as_it_is() {
    check("id,b\n1,  \0x\t \n", &["2: 1|  \0x\t "]);
}

#[test]
fn stray_quotes_cost_their_line() {
    check("id,b\n1,x\"y\n2,y\n", &["2! stray_quote 1,x\"y", "3: 2|y"]);
    check("id,b\n1,\"x\"y\n2,y\n", &["2! stray_quote 1,\"x\"y", "3: 2|y"]);
    check("id,b\r\n1, \"x\"\r\n2,y\r\n", &["2! stray_quote 1, \"x\"", "3: 2|y"]);
    // The second line closes the quote of the first in a place where none may be closed: both are read anew.
    check("id,b\n1,\"x\n2,\"y\"\n3,z\n", &["2! stray_quote 1,\"x", "3: 2|y", "4: 3|z"]);
}

#[test]
fn unclosed_quotes_cost_their_line() {
    check("id,b\n1,\"x\n2,y\n3,z\n", &["2! unclosed_quote 1,\"x", "3: 2|y", "4: 3|z"]);
    check("id,b\n1,x\n2,\"", &["2: 1|x", "3! unclosed_quote 2,\""]);
    check("id,b\n1,\"x\"\"\n2,y", &["2! unclosed_quote 1,\"x\"\"", "3: 2|y"]);
    check("id,b\n1,\"x\n2,\"y\n3,z\n", &["2! stray_quote 1,\"x", "3! unclosed_quote 2,\"y", "4: 3|z"]);
}

#[test]
fn a_quote_is_followed_for_a_thousand_lines_and_a_row_of_bytes() {
    let inside = "x\n".repeat(999);
    check(&format!("id,b\n1,\"{inside}\"\n"), &[&format!("2: 1|{inside}")]);

    let mut text = "id,b\n1,\"\n".to_string();
    let mut expected = vec!["2! unclosed_quote 1,\"".to_string()];
    for line in 3..1005 {
        text.push_str("2,y\n");
        expected.push(format!("{line}: 2|y"));
    }
    text.push_str("3,\"\n");
    expected.push("1005! unclosed_quote 3,\"".to_string());
    check(&text, &expected.iter().map(String::as_str).collect::<Vec<_>>());

    let mut small = csv(&["id", "b"]);
    small.max_row_bytes = 12;
    let rows = read(b"id,b\n1,\"34567890\"\n1,\"345678\n0\"\n1,\"3456789\n1\"\n", &small).expect("rows");
    assert_eq!(rows, ["2: 1|34567890", "3: 1|345678\n0", "5! unclosed_quote 1,\"3456789", "6! stray_quote 1\""]);
}

#[test]
fn long_rows_are_the_same_for_any_chunk() {
    let line = "x".repeat(400);
    let fits = format!("{line}\n").repeat(900);
    let too_many = format!("{line}\n").repeat(1100);
    let text = format!("id,b\n1,\"{fits}\"\n2,\"{too_many}\"\n3,\"{fits}\"y\n4,z\n");
    let whole = read(text.as_bytes(), &csv(&["id", "b"])).expect("rows");
    assert_eq!(whole[0], format!("2: 1|{fits}"));
    assert_eq!(whole[1], format!("903! unclosed_quote 2,\"{line}"));
    assert_eq!(whole[2], format!("904! wrong_column_count {line}"));
    assert_eq!(whole[1101], "2003! stray_quote \"");
    assert_eq!(whole[1102], format!("2004! stray_quote 3,\"{line}"));
    assert_eq!(whole.last().map(String::as_str), Some("2905: 4|z"));
    for chunk_bytes in [1000, 64 * 1024, 64 * 1024 + 1, 4 * 1024 * 1024] {
        let options = ReadOptions { chunk_bytes, ..csv(&["id", "b"]) };
        assert!(read(text.as_bytes(), &options).expect("rows") == whole, "{chunk_bytes}");
    }
}

#[test]
fn a_line_that_is_too_long_is_skipped_to_its_end() {
    let mut small = csv(&["id", "b"]);
    small.max_row_bytes = 8;
    let long = "a".repeat(100);
    for chunk in [1, 7, 16, 1000] {
        small.chunk_bytes = chunk;
        let rows = read(format!("id,b\r\n1,345678\r\n1,3456789\r\n1,{long}\r\n2,y\r\n3,\"{long}").as_bytes(), &small);
        assert_eq!(
            rows.expect("rows"),
            [
                "2: 1|345678",
                "3! row_too_long 1,345678",
                "4! row_too_long 1,aaaaaa",
                "5: 2|y",
                "6! row_too_long 3,\"aaaaa"
            ]
        );
    }
}

#[test]
fn wrong_column_count() {
    check("id,b\n1\n2,y,z\n3,x\n", &["2! wrong_column_count 1", "3! wrong_column_count 2,y,z", "4: 3|x"]);
    // Its quoting is whole, so that the row ends where it says.
    check("id,b\n1,\"x\ny\",2\n3,x\n", &["2! wrong_column_count 1,\"x\ny\",2", "4: 3|x"]);
}

#[test]
fn missing_required() {
    check(
        "id,b\n,x\n \u{3000},y\n,\n1,\n",
        &["2! missing_required ,x", "3! missing_required  \u{3000},y", "4! missing_required ,", "5: 1|-"],
    );
}

#[test]
fn raw_lines_are_cut() {
    let long = "あ".repeat(2000);
    let rows = read(format!("id\n{long},1").as_bytes(), &csv(&["id"])).expect("rows");
    assert_eq!(rows, [format!("2! wrong_column_count {}", "あ".repeat(1365))]);
}

#[test]
fn tabs() {
    let rows = read(b"id\tb\n1\tx,\"y\n2\t\"a\tb\"\n3\tz\n", &options(Format::Tsv, &["id", "b"])).expect("rows");
    assert_eq!(rows, ["2! stray_quote 1\tx,\"y", "3: 2|a\tb", "4: 3|z"]);
}

#[test]
fn batches_are_of_the_size_asked_for() {
    let mut small = csv(&["id"]);
    small.batch_rows = 2;
    assert_eq!(read(b"id\n1\n2\n\n3\n4\n5\n", &small).expect("rows"), ["2: 1", "3: 2", "5: 3", "6: 4", "7: 5"]);
}

#[test]
fn a_missing_column_is_told_with_its_neighbours() {
    let error = failure("氏名漢字,電話番号\nx,y\n".as_bytes(), &csv(&["氏名"]));
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(error.to_string(), "column 氏名 is not in in/file\nhint: did you mean 氏名漢字?");

    let error = failure(b"id,phone\n1,2\n", &csv(&["id", "zip", "kana"]));
    assert_eq!(error.to_string(), "columns zip, kana are not in in/file\nhint: it has id, phone");
}

#[test]
fn a_file_without_header_does_not_show_its_first_row() {
    let error = failure("A001,佐藤花子,090-0000-0000\n".as_bytes(), &csv(&["id", "name", "phone"]));
    assert!(!error.to_string().contains("佐藤"), "{error}");
    assert!(error.remedy().is_some_and(|hint| hint.contains("header")), "{error}");
}

#[test]
fn a_wanted_column_that_is_there_twice() {
    let error = failure(b"id,b,id\n1,2,3\n", &csv(&["id"]));
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(error.message(), "column id is in in/file twice");
    assert_eq!(read(b"id,,\n1,2,3\n", &csv(&["id"])).expect("rows"), ["2: 1"]);
}

#[test]
fn a_broken_header() {
    for text in ["id,\"b\n1,2\n", "id,b\"c\n"] {
        let error = failure(text.as_bytes(), &csv(&["id"]));
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.message().contains("in/file (line 1)"), "{error}");
    }
}

#[test]
fn columns() {
    let none = csv(&[]);
    assert_eq!(columns_of("\u{feff}id,\"氏 \"\"名\"\n1,2".as_bytes(), &none).expect("columns"), ["id", "氏 \"名"]);
    assert_eq!(columns_of(b"id,b", &none).expect("columns"), ["id", "b"]);
    assert_eq!(columns_of(b"\n\n", &none).expect_err("empty").message(), "in/file is empty: not even a header");
}

#[test]
fn names_of_columns_do_not_meet() {
    let schema = reader::schema(&csv(&["id", "file", "id"]));
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["file", "line", "reject_reason", "reject_raw", "id", "file #1", "id #2"]);
    assert_eq!(read(b"id,file\n1,x\n", &csv(&["id", "file", "id"])).expect("rows"), ["2: 1|x|1"]);
}
