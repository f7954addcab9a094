//! JSON lines.

use super::{columns_of, json, read};

#[track_caller]
fn check(text: &str, columns: &[&str], expected: &[&str]) {
    assert_eq!(read(text.as_bytes(), &json(columns)).expect("rows"), expected, "{text:?}");
}

#[test]
fn values_become_their_text() {
    check(
        "{\"id\":\"a\",\"b\":\"x\\u3042\\n\"}\n{\"b\":12345678901234567890,\"id\":-5}\n{\"id\":true,\"b\":null}\n{\"id\":1.50,\"b\":\"\"}\n",
        &["id", "b"],
        &["1: a|xあ\n", "2: -5|12345678901234567890", "3: true|-", "4: 1.5|-"],
    );
    check("{\"id\":12.0}\n{\"id\":1e3}", &["id"], &["1: 12", "2: 1000"]);
}

#[test]
fn marks_and_blank_lines() {
    check("\u{feff}{\"id\":1}\r\n\n  \r\n{\"id\":2}", &["id"], &["1: 1", "4: 2"]);
    check("\n", &["id"], &[]);
}

#[test]
fn nested_keys() {
    check(
        "{\"id\":1,\"user\":{\"phone\":\"p\",\"more\":{\"deep\":[1]}},\"x\":{\"phone\":0}}\n{\"id\":2,\"user\":null}\n{\"id\":3,\"user\":\"?\"}\n{\"id\":4,\"user.phone\":\"q\"}\n",
        &["id", "user.phone", "user.more.deep"],
        &["1: 1|p|1", "2: 2|-|-", "3: 3|-|-", "4: 4|q|-"],
    );
}

#[test]
fn lists_of_plain_values_are_one_value() {
    check(
        "{\"id\":1,\"b\":[\"x\",null,2,\"\",true,1.5]}\n{\"id\":2,\"b\":[]}\n{\"id\":3,\"b\":[null]}",
        &["id", "b"],
        &["1: 1|x\u{1f}2\u{1f}true\u{1f}1.5", "2: 2|-", "3: 3|-"],
    );
}

#[test]
fn a_key_that_is_there_twice_is_a_reject() {
    let twice = "{\"id\":1,\"id\":2,\"b\":\"x\"}";
    check(twice, &["id", "b"], &[&format!("1! duplicate_key {twice}")]);
    // One that nobody wants does no harm.
    check(twice, &["b"], &["1: x"]);
    check("{\"a\":{\"id\":1},\"c\":{\"id\":2}}", &["a.id", "c.id"], &["1: 1|2"]);
}

#[test]
fn the_same_key_may_be_wanted_twice() {
    check("{\"id\":\"x\"}", &["id", "id"], &["1: x|x"]);
}

#[test]
fn rejects() {
    check(
        "{\"id\":1\n[1]\n5\n\"x\"\n{\"id\":1} {}\n{\"id\":{\"a\":1}}\n{\"id\":[[1]]}\n{\"id\":[{\"a\":1}]}\n{\"b\":1}\n{\"id\":\"\"}\n{\"id\":123456789012345678901}\n{\"id\":9}",
        &["id"],
        &[
            "1! bad_json {\"id\":1",
            "2! not_an_object [1]",
            "3! not_an_object 5",
            "4! not_an_object \"x\"",
            "5! bad_json {\"id\":1} {}",
            "6! nested_value {\"id\":{\"a\":1}}",
            "7! nested_value {\"id\":[[1]]}",
            "8! nested_value {\"id\":[{\"a\":1}]}",
            "9! missing_required {\"b\":1}",
            "10! missing_required {\"id\":\"\"}",
            "11! inexact_number {\"id\":123456789012345678901}",
            "12: 9",
        ],
    );
    let rows = read(b"{\"id\":\"\xff\"}\n{\"id\":1}", &json(&["id"])).expect("rows");
    assert_eq!(rows, ["1! undecodable {\"id\":\"\u{fffd}\"}", "2: 1"]);
}

#[test]
fn a_line_that_is_too_long_is_skipped_to_its_end() {
    let mut small = json(&["id"]);
    small.max_row_bytes = 8;
    for chunk in [1, 5, 1000] {
        small.chunk_bytes = chunk;
        let rows = read(b"{\"id\":1}\n{\"id\":12}\n{\"id\":2}\n{\"id\":123456789}", &small).expect("rows");
        assert_eq!(rows, ["1: 1", "2! row_too_long {\"id\":12", "3: 2", "4! row_too_long {\"id\":12"]);
    }
}

#[test]
fn depth_is_no_danger() {
    let deep = "[".repeat(100_000);
    let rows = read(format!("{{\"id\":{deep}\n{{\"b\":{deep}\n{{\"id\":1}}").as_bytes(), &json(&["id"])).expect("rows");
    assert!(rows[0].starts_with("1! bad_json") && rows[1].starts_with("2! bad_json"));
    assert_eq!(rows[2], "3: 1");
}

#[test]
fn columns() {
    let text = "{\"id\":1,\"user\":{\"phone\":2}}\nnonsense\n{\"tags\":[{\"x\":1}],\"id\":null}\n";
    assert_eq!(columns_of(text.as_bytes(), &json(&[])).expect("columns"), ["id", "user.phone", "tags"]);
}
