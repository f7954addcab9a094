//! What the columns of documented exports mean: with presets all of them, without nearly all.

use nayose_draft::{columns, columns_without_presets};

use crate::{FILES, file, whole};

/// Lines of `columns.tsv` as file, path, column, meaning.
fn expected() -> Vec<[&'static str; 4]> {
    let lines = include_str!("columns.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect::<Vec<_>>().try_into().expect("four fields")).collect()
}

/// Columns that have another meaning than the expected one, and the number of all columns.
fn check(presets: bool) -> (Vec<String>, usize) {
    let expected = expected();
    let mut wrong = Vec::new();
    let mut all = 0;
    for (name, _) in FILES {
        let tables = if presets { columns(&file(name)) } else { columns_without_presets(&file(name)) };
        for table in tables {
            let path = table.path.as_deref().unwrap_or("-");
            let lines: Vec<_> = expected.iter().filter(|line| line[0] == *name && line[1] == path).collect();
            assert_eq!(lines.len(), table.columns.len(), "{name} {path}: {:?}", table.columns);
            for (line, column) in lines.iter().zip(&table.columns) {
                assert_eq!(line[2], column.name, "{name}");
                all += 1;
                let got = column.meaning.to_string();
                if !line[3].split('|').take(if presets { 1 } else { 9 }).any(|meaning| meaning == got) {
                    wrong.push(format!("{name} {}: {got}, not {}: {}", column.name, line[3], column.reason));
                }
            }
        }
    }
    assert_eq!(all, expected.len());
    (wrong, all)
}

#[test]
fn presets_know_every_column() {
    let (wrong, all) = check(true);
    assert!(wrong.is_empty(), "{} of {all} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn words_and_values_alone_know_nearly_every_column() {
    let (wrong, all) = check(false);
    // 95 % is what the owner of an export that nobody documented is promised.
    assert!(wrong.len() * 20 <= all, "{} of {all} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Meaning and reason of each column of a small file.
fn told(text: &str) -> Vec<(String, bool, String)> {
    let tables = columns_without_presets(&whole("x.csv", text.as_bytes()));
    tables[0].columns.iter().map(|c| (c.meaning.to_string(), c.sure, c.reason.clone())).collect()
}

#[test]
fn values_overrule_names_that_are_wrong() {
    let exchanged = told(
        "会員番号,電話番号,メールアドレス\n1,naoki.tamura.k31@n-mail.test,090-5550-7711\n\
         2,chihiro_okm7@i-mail.test,080-5550-7722\n3,ogawa.m.2212@y-mail.test,052-555-7733\n",
    );
    let meanings: Vec<(&str, bool)> = exchanged.iter().map(|(m, sure, _)| (m.as_str(), *sure)).collect();
    assert_eq!(meanings, [("record_id", true), ("email", false), ("phone", false)]);
    assert!(exchanged[1].2.contains("says a phone number, but its values look like a mail address"), "{exchanged:?}");
}

#[test]
fn parts_of_one_value_are_told_from_several_values() {
    let parts = told("会員番号,電話1,電話2,電話3,〒1,〒2\n1,090,5550,7711,160,0022\n2,080,5550,7722,604,8005\n");
    let meanings: Vec<&str> = parts.iter().map(|(m, ..)| m.as_str()).collect();
    assert_eq!(meanings, ["record_id", "phone#1", "phone#2", "phone#3", "postal_code#1", "postal_code#2"]);
    let several =
        told("会員番号,電話番号1,電話番号2,電話番号3\n1,090-5550-7711,03-5550-0121,\n2,080-5550-7722,,052-555-7733\n");
    let meanings: Vec<&str> = several.iter().map(|(m, ..)| m.as_str()).collect();
    assert_eq!(meanings, ["record_id", "phone", "phone", "phone"]);
    // Empty in the sample: numbers in the names alone, and a guess.
    let empty = told("会員番号,氏名,電話番号1,電話番号2,電話番号3\n1,田村 直樹,,,\n2,岡本 千尋,,,\n");
    assert!(empty[2..].iter().all(|(m, sure, _)| m.starts_with("phone#") && !sure), "{empty:?}");
}

#[test]
fn spreadsheet_damage_and_eras_are_counted() {
    let text = "会員番号,電話番号,生年月日\n'0001,=\"0312345678\",S50.4.2\n'0002,9.02842E+09,H2.12.24\n'0003,'08055507722,昭和37年8月15日\n";
    let tables = columns_without_presets(&whole("x.csv", text.as_bytes()));
    let facts: Vec<_> = tables[0].columns.iter().map(|c| (c.facts.damaged, c.facts.era)).collect();
    assert_eq!(facts, [(0, 0), (1, 0), (0, 3)]);
    assert!(tables[0].columns[0].facts.is_unique() && !tables[0].columns[0].facts.is_empty());
}

/// Nested objects by path, lists of key and value by key, also where the value has a type.
#[test]
fn nested_json_becomes_columns() {
    let text = r#"{"event_name":"page_view","event_timestamp":1767575472000000,"user_pseudo_id":"1.2","geo":{"country":"Japan"},"event_params":[{"key":"page_title","value":{"string_value":"a","int_value":null}}]}
{"event_name":"purchase","event_timestamp":1767575473000000,"user_pseudo_id":"1.3","event_params":[{"key":"ga_session_id","value":{"int_value":7}}]}
"#;
    let tables = columns(&whole("ga4.jsonl", text.as_bytes()));
    let names: Vec<&str> = tables[0].columns.iter().map(|c| c.name.as_str()).collect();
    let expected = [
        "event_name",
        "event_timestamp",
        "user_pseudo_id",
        "geo.country",
        "event_params.page_title",
        "event_params.ga_session_id",
    ];
    assert_eq!(names, expected);
    assert_eq!((tables[0].preset, tables[0].title), (Some("ga4.events"), Some("Google Analytics 4 events")));
}
