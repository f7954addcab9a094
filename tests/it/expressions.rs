//! Expressions of sources that go wrong while rows are read: each case is a file, an expression, and what is said. All people are
//! invented.

use crate::sources::{folder, pipeline};
use crate::support::{fails, nayose, succeeds};

/// A file of so many people, with a birth year and a number in each row.
fn people(rows: usize, year: &str, number: impl Fn(usize) -> usize) -> String {
    let row = |i: usize| format!("{i},山田 太郎,090-1111-{i:04},{year},{}\n", number(i));
    "id,氏名,電話番号,生年,数\n".to_string() + &(0..rows).map(row).collect::<String>()
}

/// Sources of such a file, with an expression on line 6.
fn source(key: &str, expression: &str) -> String {
    let rest = "record_id: id, columns: { name: 氏名, phone: 電話番号";
    let head = "sources:\n  - { name: list, channel: shop, holds: people, files: people.csv, format: csv,\n";
    match key.strip_prefix("columns.") {
        Some(column) => format!("{head}      {rest}, {column}: {{ expression: '{expression}' }} }} }}\n"),
        None if key == "skip_where" => format!("{head}      {key}: '{expression}', {rest} }} }}\n"),
        None => format!("{head}      {key}: {{ expression: '{expression}' }}, {rest} }} }}\n"),
    }
}

#[test]
fn an_expression_that_fails_in_every_row_is_told() {
    let year_only = "cast(\"生年\" as date)";
    let check = |rows: usize, year: &str, key: &str, expression: &str, said: &str| {
        let folder = folder(&[("people.csv", people(rows, year, |i| i).as_bytes())], &source(key, expression));
        let file = pipeline(&folder);
        let validated = succeeds(&["validate", &file]);
        let run = nayose(&["run", &file]);
        // The log is JSON lines.
        let log = String::from_utf8_lossy(&run.stderr).to_string();
        let messages = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let warned: String =
            messages.filter_map(|line| line["message"].as_str().map(|text| format!("{text}\n"))).collect();
        assert!(run.status.success(), "{expression}: {log}");
        for told in [validated, warned] {
            match said {
                "" => assert!(!told.contains("gives no value"), "{expression}: {told}"),
                said => assert!(told.contains(said), "{expression}: {told}"),
            }
        }
    };
    let place = "line 6 of the pipeline file: source \"list\": the expression ";
    let of = |key: &str, rows: usize| {
        format!(
            "{place}{year_only:?} of {key} gives no value in any row; in {rows} of them what it casts or reckons with"
        )
    };
    check(25, "昭和60年4月", "columns.birth_date", year_only, &of("columns.birth_date", 25));
    check(3, "昭和60年4月", "columns.birth_date", year_only, &of("columns.birth_date", 3));
    check(25, "三つ", "columns.birth_date", "\"生年\" * 2", "gives no value in any row; in 25 of them");
    check(25, "昭和60年4月", "updated_at", year_only, &of("updated_at", 25));
    check(25, "1985-04-01", "columns.birth_date", year_only, "");
    // Nothing stands there: nothing is wrong.
    check(25, "", "columns.birth_date", year_only, "");
    // A case that hardly any row has fails in none.
    check(25, "1985", "columns.birth_date", "case when \"数\" = 99 then \"生年\" end", "");
    check(25, "昭和60年4月", "columns.birth_date", "case when \"数\" = 24 then \"生年\" end", "");
}

#[test]
fn an_expression_that_cannot_be_computed_is_told_with_its_place_and_that_of_the_row() {
    let check = |key: &str, expression: &str, line: usize, said: &str| {
        let rows = people(3000, "1985", |i| if i + 2 == line { 0 } else { 7 });
        let folder = folder(&[("people.csv", rows.as_bytes())], &source(key, expression));
        for command in ["validate", "run"] {
            let told = fails(2, &[command, &pipeline(&folder)]);
            let place = format!(
                "line 6 of the pipeline file: source \"list\": the expression {expression:?} of {key} cannot be computed in people.csv, line {line}: "
            );
            assert!(told.contains(&place) && told.contains(said) && told.contains("hint: "), "{command}: {told}");
        }
    };
    check("columns.birth_date", "cast(1985 / cast(\"数\" as bigint) as varchar)", 2, "a division by zero");
    check("columns.birth_date", "cast(1985 / cast(\"数\" as bigint) as varchar)", 2222, "a division by zero");
    check("skip_where", "1985 / cast(\"数\" as bigint) = 3", 3001, "a division by zero");
}
