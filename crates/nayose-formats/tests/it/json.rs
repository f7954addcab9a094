//! Rows of documents: paths, digits, outer objects, lists of named values.

use nayose_formats::json_rows;

use crate::support::{LIMIT, check, shown};

fn rows(document: &str, path: Option<&str>) -> String {
    shown(json_rows(document.as_bytes(), path, LIMIT))
}

#[test]
fn rows_are_found_at_their_path() {
    check(
        [
            ("a list", "[{\"a\":1},{\"a\":2}]", None, "{\"a\":1}\n{\"a\":2}\n"),
            ("a list by its path", "[{\"a\":1}]", Some("[*]"), "{\"a\":1}\n"),
            ("a mark of UTF-8", "\u{FEFF}[{\"a\":1}]", None, "{\"a\":1}\n"),
            ("a key", "{\"n\":1,\"users\":[{\"a\":1}]}", Some("users[*]"), "{\"a\":1}\n"),
            ("two keys", "{\"data\":{\"c\":[{\"a\":1}]}}", Some("data.c[*]"), "{\"a\":1}\n"),
            ("an escaped key", "{\"\\u0075sers\":[{\"a\":1}]}", Some("users[*]"), "{\"a\":1}\n"),
            ("an empty list", "{\"users\": [ ] }", Some("users[*]"), ""),
            ("an empty object", "[ { } ]", None, "{}\n"),
            ("lists in lists", "[[{\"a\":1}],[{\"a\":2}]]", Some("[*][*]"), "{\"a\":1}\n{\"a\":2}\n"),
        ]
        .map(|(case, document, path, wanted)| (case.to_string(), rows(document, path), wanted.to_string())),
    );
}

#[test]
fn a_row_is_one_line_with_its_order_its_digits_and_its_escapes() {
    let document = "[\n {\"z\": 123456789012345678901234567890,\r\n \"a\" : 1.10, \"e\":1E5,\t\"t\":\"x \\n {[,:]} \\\" 表\", \"l\": [ 1 , {\"b\": \"c d\"} ], \"o\": { \"k\": null } } ]";
    assert_eq!(
        rows(document, None),
        "{\"z\":123456789012345678901234567890,\"a\":1.10,\"e\":1E5,\"t\":\"x \\n {[,:]} \\\" 表\",\"l\":[1,{\"b\":\"c d\"}],\"o\":{\"k\":null}}\n"
    );
}

#[test]
fn a_row_has_its_outer_objects_without_their_lists() {
    let document = r#"{"shop":"x","orders":[
        {"id":9007199254740993,"customer":{"email":"a@example.com","tags":[1]},"note_attributes":[{"name":"n","value":"v"}],
         "lines":[{"sku":"A"},{"sku":"B","parent":1}]},
        {"id":2},
        {"id":3,"lines":[{"sku":"C","parts":[{"p":1}]}]}]}"#;
    let outer = r#""parent":{"id":9007199254740993,"customer":{"email":"a@example.com"},"note_attributes":{"n":"v"}}"#;
    let text = json_rows(document.as_bytes(), Some("orders[*].lines[*]"), LIMIT).unwrap();
    let wanted = format!(
        "{{\"sku\":\"A\",{outer}}}\n{{\"sku\":\"B\",\"parent\":1}}\n{{\"sku\":\"C\",\"parts\":[{{\"p\":1}}],\"parent\":{{\"id\":3}}}}\n"
    );
    assert_eq!(String::from_utf8(text.bytes).unwrap(), wanted);
    assert_eq!(
        text.warnings,
        [
            "rows: 1 objects on the way to orders[*].lines[*] have no list there",
            "rows: 1 rows at orders[*].lines[*] have a key parent of their own, so that their outer object cannot be read",
        ]
    );
    assert_eq!(
        rows(document, Some("orders[*].lines[*].parts[*]")),
        "{\"p\":1,\"parent\":{\"sku\":\"C\",\"parent\":{\"id\":3}}}\n"
    );
}

#[test]
fn a_list_of_named_values_is_an_object() {
    check(
        [
            (
                "Zendesk",
                r#"[{"id":360000123456789012,"value":"a"},{"id":2,"value":null}]"#,
                r#"{"360000123456789012":"a","2":null}"#,
            ),
            ("Shopify", r#"[{"name":"贈り物","value":"はい"}]"#, r#"{"贈り物":"はい"}"#),
            ("value first, and a list", r#"[{"value":[1],"key":"k"}]"#, r#"{"k":[1]}"#),
            ("inside a value", r#"[{"key":"k","value":{"f":[{"key":"g","value":1}]}}]"#, r#"{"k":{"f":{"g":1}}}"#),
            ("a third key", r#"[{"id":1,"value":"a","x":1}]"#, r#"[{"id":1,"value":"a","x":1}]"#),
            ("only one of them", r#"[{"id":1,"value":"a"},{"id":2}]"#, r#"[{"id":1,"value":"a"},{"id":2}]"#),
            (
                "a name twice",
                r#"[{"id":1,"value":"a"},{"id":"1","value":"b"}]"#,
                r#"[{"id":1,"value":"a"},{"id":"1","value":"b"}]"#,
            ),
            ("a name that is no text", r#"[{"id":true,"value":"a"}]"#, r#"[{"id":true,"value":"a"}]"#),
            ("nothing", "[]", "[]"),
        ]
        .map(|(case, list, wanted)| {
            (case.to_string(), rows(&format!("[{{\"c\": {list}}}]"), None), format!("{{\"c\":{wanted}}}\n"))
        }),
    );
}

#[test]
fn what_cannot_be_read_is_a_problem_that_names_the_place() {
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    let document = r#"{"orders":[{"id":1,"lines":[{"a":1}]}],"ids":[1]}"#;
    check(
        [
            ("no list there", document, Some("users[*]"), "rows: the document has no list at users[*]\nhint: lists of objects in it, for `rows:`: orders[*], orders[*].lines[*]"),
            ("no path", document, None, "the document is no list of objects\nhint: lists of objects in it, for `rows:`: orders[*], orders[*].lines[*]"),
            ("items", document, Some("ids[*]"), "rows: item 1 of ids[*] is no object\nhint: rows are objects with a key for each column: name the list that has them"),
            ("a list without its sign", document, Some("orders"), "rows: orders is no path to a list\nhint: write keys with dots between them and [*] behind every list: users[*], data.orders[*].lines[*], or [*]"),
            ("JSON lines", "{\"a\":1}\n{\"a\":2}\n", None, "line 2, column 1: the document is no JSON from here on\nhint: export it again; a file with one object a line is `format: jsonl`"),
            ("too deep", &deep, None, "the document has more than 127 lists and objects inside each other\nhint: export it flatter"),
        ]
        .map(|(case, document, path, wanted)| (case.to_string(), rows(document, path), wanted.to_string())),
    );
    assert_eq!(
        json_rows(b"[{\"a\":\n\"\xFF\"}]", None, LIMIT).unwrap_err().sentence,
        "line 2: the document is not UTF-8"
    );
}

#[test]
fn outer_objects_on_many_rows_end_at_the_limit() {
    let document = format!("[{{\"text\":\"{}\",\"l\":[{}]}}]", "x".repeat(10_000), vec!["{}"; 10_000].join(","));
    let problem = json_rows(document.as_bytes(), Some("[*].l[*]"), 1_000_000).unwrap_err();
    assert_eq!(problem.sentence, "the document unpacks to more than 1000000 bytes");
}
