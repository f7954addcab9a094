//! The pipeline file that a draft becomes: texts that somebody read, a parser of its own, and no value of a person.
//!
//! `NAYOSE_WRITE=1 cargo test` writes the texts anew; read the whole difference before it is committed.

use std::collections::BTreeSet;

use nayose_draft::{
    Answers, Draft, Layout, Question, QuestionKind, Sample, draft, marked_places, pipeline_yaml, scalar,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::drafts::{personal, values_of_column};
use crate::{FILES, file, whole};

fn layout(name: &str) -> Layout {
    Layout {
        name: name.to_owned(),
        input: "../input".to_owned(),
        lake: "../lake".to_owned(),
        marts: vec!["marts".to_owned()],
        checks: Some("checks".to_owned()),
        model: Some("model.yaml".to_owned()),
    }
}

fn parsed(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{e}\n{yaml}"))
}

/// The folders of the documented formats.
const FOLDERS: [(&str, &[&str], &str); 8] = [
    ("ec-cube", &["ec-cube_customer.csv", "ec-cube_order.csv"], include_str!("../data/yaml/ec-cube.yaml")),
    ("rakuten", &["rakuten_rakuten_pay_orders.csv"], include_str!("../data/yaml/rakuten.yaml")),
    ("salesforce", &["salesforce_contact.csv"], include_str!("../data/yaml/salesforce.yaml")),
    (
        "shopify",
        &["shopify_customers_export.csv", "shopify_orders_export.csv"],
        include_str!("../data/yaml/shopify.yaml"),
    ),
    ("smaregi", &["smaregi_customers.csv", "smaregi_customers_api.json"], include_str!("../data/yaml/smaregi.yaml")),
    ("square", &["square_customers.csv", "square_items.csv"], include_str!("../data/yaml/square.yaml")),
    ("yahoo", &["yahoo_item.csv", "yahoo_order.csv"], include_str!("../data/yaml/yahoo.yaml")),
    ("zendesk", &["zendesk_tickets.json"], include_str!("../data/yaml/zendesk.yaml")),
];

fn drafted(names: &[&str]) -> Draft {
    draft(&names.iter().map(|name| file(name)).collect::<Vec<_>>())
}

/// What an owner answers who believes the documentation, and takes the first choice elsewhere.
fn answered(draft: &Draft) -> Answers {
    let mut answers = Answers::default();
    for question in &draft.questions {
        let first = question.choices().first().map(|choice| choice.key.clone());
        let typed = question.suggestion().or(first).unwrap_or_default();
        answers.set(question, &typed).unwrap_or_else(|e| panic!("{}: {e}", question.id()));
    }
    answers
}

#[expect(clippy::disallowed_methods, reason = "a test may write what it compares with")]
fn check(name: &str, written: &str, expected: &str) -> Option<String> {
    if std::env::var_os("NAYOSE_WRITE").is_some() {
        let path = format!("{}/tests/data/yaml/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, written).expect("the file is written");
        return None;
    }
    let lines = written.lines().zip(expected.lines()).position(|(a, b)| a != b);
    (written != expected).then(|| match lines {
        Some(at) => format!(
            "{name}.yaml, line {}:\n  {}\nis now\n  {}",
            at + 1,
            expected.lines().nth(at).unwrap_or(""),
            written.lines().nth(at).unwrap_or("")
        ),
        None => format!("{name}.yaml has another length"),
    })
}

#[test]
fn the_documented_formats_become_these_pipeline_files() {
    let mut wrong = Vec::new();
    for (name, files, expected) in FOLDERS {
        wrong.extend(check(name, &pipeline_yaml(&drafted(files), &Answers::default(), &layout(name)), expected));
    }
    let all: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    let draft = drafted(&all);
    let expected = include_str!("../data/yaml/answered.yaml");
    wrong.extend(check("answered", &pipeline_yaml(&draft, &answered(&draft), &layout("answered")), expected));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_answered_is_no_marked_place() {
    for (name, files, _) in FOLDERS {
        let draft = drafted(files);
        let open = pipeline_yaml(&draft, &Answers::default(), &layout(name));
        let closed = pipeline_yaml(&draft, &answered(&draft), &layout(name));
        assert!(marked_places(&open) > 0, "{name}");
        let parsed = parsed(&closed);
        // Only questions without known values cannot be answered by a choice.
        let left = draft.questions.iter().filter(|q| answered(&draft).get(q).is_none()).count();
        assert!(marked_places(&closed) <= left, "{name}: {left} open\n{closed}");
        assert_eq!(parsed["name"], name);
    }
}

#[test]
fn a_file_with_marked_places_can_be_read_and_claims_nothing() {
    for (name, files, _) in FOLDERS {
        let yaml = pipeline_yaml(&drafted(files), &Answers::default(), &layout(name));
        let parsed = parsed(&yaml);
        for source in parsed["sources"].as_array().expect("sources") {
            assert!(source.get("consent").is_none(), "{name}: {source}");
            assert!(source.get("skip_where").is_none(), "{name}: {source}");
            // Usual words of orders are a guess; codes of people are asked about.
            assert!(source.get("values").is_none() || source["holds"] == "events", "{name}: {source}");
            assert!(!source["name"].as_str().expect("a name").contains("recipients"), "{name}");
        }
    }
}

#[test]
fn every_mapped_column_says_why() {
    for (name, files, _) in FOLDERS {
        let draft = drafted(files);
        let yaml = pipeline_yaml(&draft, &answered(&draft), &layout(name));
        let mut in_columns = false;
        for line in yaml.lines() {
            let indent = line.len() - line.trim_start().len();
            in_columns = (in_columns && indent > 4) || line == "    columns:";
            if in_columns && indent == 6 && !line.trim_start().starts_with('#') {
                assert!(line.contains("  # sure: ") || line.contains("  # guess: "), "{name}: {line}");
            }
        }
    }
}

#[test]
fn no_value_of_a_row_stands_in_a_pipeline_file() {
    let all: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    let draft = drafted(&all);
    let mut written: String = pipeline_yaml(&draft, &Answers::default(), &layout("all"));
    written.push_str(&pipeline_yaml(&draft, &answered(&draft), &layout("all")));
    for (name, files, _) in FOLDERS {
        written.push_str(&pipeline_yaml(&drafted(files), &Answers::default(), &layout(name)));
    }
    let personal = personal();
    let shown: Vec<&String> = personal.iter().filter(|value| written.contains(value.as_str())).collect();
    assert!(personal.len() > 150 && shown.is_empty(), "{shown:?}");
    // Nor any other value that is not asked about: articles, orders, times, money.
    let asked: BTreeSet<&str> = draft.questions.iter().flat_map(|q| &q.values).map(|v| v.value.as_str()).collect();
    let mut others = BTreeSet::new();
    for file in &draft.files {
        for column in file.tables.iter().flat_map(|t| &t.columns) {
            values_of_column(&file.name, &column.name, &mut others);
        }
    }
    // Short values and words that are names of columns and keys stand in the file for other reasons.
    let names: String =
        draft.files.iter().flat_map(|f| &f.tables).flat_map(|t| &t.columns).map(|c| format!("{} ", c.name)).collect();
    let own = |value: &&String| {
        value.chars().count() >= 6 && !asked.contains(value.as_str()) && !names.contains(value.as_str())
    };
    let shown: Vec<&String> = others.iter().filter(own).filter(|value| written.contains(value.as_str())).collect();
    let known = ["Eastern Time (US & Canada)"];
    let words: BTreeSet<&str> =
        draft.sources.iter().flat_map(|s| &s.words).flat_map(|w| &w.known).map(|(word, _)| word.as_str()).collect();
    let is_known = |value: &str| known.contains(&value) || words.contains(value);
    let shown: Vec<&&String> = shown.iter().filter(|value| !is_known(value)).collect();
    assert!(others.len() > 500 && shown.is_empty(), "{} {shown:?}", others.len());
}

#[test]
fn deliveries_of_one_source_are_one_glob() {
    let people = "会員番号,氏名,メールアドレス\nA1001,田村 直樹,naoki.tamura.k31@n-mail.test\nA1002,岡本 千尋,chihiro_okm7@i-mail.test\n";
    let other = "会員番号,氏名,電話番号\nA1001,田村 直樹,090-5550-7711\nA1002,岡本 千尋,080-5550-7722\n";
    let globs = |files: &[(&str, &str)]| -> Vec<String> {
        let samples: Vec<Sample<'_>> = files.iter().map(|(name, text)| whole(name, text.as_bytes())).collect();
        let yaml = parsed(&pipeline_yaml(&draft(&samples), &Answers::default(), &layout("globs")));
        let sources = yaml["sources"].as_array().cloned().unwrap_or_default();
        sources.iter().map(|s| s["files"].as_str().unwrap_or("").to_owned()).collect()
    };
    let days = [("crm/members_20260301.csv", people), ("crm/members_20260302.csv", people)];
    assert_eq!(globs(&days), ["crm/members_*.csv"]);
    // Its names are kept for whoever reads the columns of a question whole.
    let samples: Vec<Sample<'_>> = days.iter().map(|(name, text)| whole(name, text.as_bytes())).collect();
    let names = days.map(|(name, _)| name);
    assert_eq!((draft(&samples).files.len(), &draft(&samples).files[0].names[..]), (1, &names.map(str::to_owned)[..]));
    assert_eq!(globs(&[("crm/dt=2026-03-01/m.csv", people), ("crm/dt=2026-03-02/m.csv", people)]), ["crm/dt=*/m.csv"]);
    // Digits that are equal everywhere belong to the name.
    assert_eq!(globs(&[("v2_m_1.csv", people), ("v2_m_2.csv", people)]), ["v2_m_*.csv"]);
    // Other columns are another source, and a glob must not find its file.
    assert_eq!(globs(&[("m_1.csv", people), ("m_2.csv", people), ("m_old.csv", other)]), ["m_[0-9]*.csv", "m_old.csv"]);
    let mixed = [("m_1.csv", people), ("m_2.csv", other), ("m_3.csv", people)];
    assert_eq!(globs(&mixed), ["{m_1.csv,m_3.csv}", "m_2.csv"]);
    assert_eq!(globs(&[("m[1].csv", people)]), ["m[[]1[]].csv"]);
}

#[test]
fn a_file_without_a_header_has_columns_by_place() {
    let text = "A1001,田村 直樹,naoki.tamura.k31@n-mail.test\nA1002,岡本 千尋,chihiro_okm7@i-mail.test\nA1003,小川 誠,ogawa.m.2212@y-mail.test\n";
    let draft = draft(&[whole("people.csv", text.as_bytes())]);
    let yaml = pipeline_yaml(&draft, &Answers::default(), &layout("by_place"));
    let source = parsed(&yaml)["sources"][0].clone();
    assert_eq!((&source["header"], &source["columns"]["email"]), (&Value::from("none"), &Value::from("3")), "{yaml}");
    assert!(yaml.contains("# ? The file has no header."), "{yaml}");
}

#[test]
fn a_file_of_fixed_lengths_is_a_marked_place() {
    let row = |id: u32| format!("{id:010}TANAKA    0{id:05}      A1\n");
    let text: String = (1..30).map(row).collect();
    let draft = draft(&[whole("bank.txt", text.as_bytes())]);
    let yaml = pipeline_yaml(&draft, &Answers::default(), &layout("fixed"));
    assert!(yaml.contains("# ? The file has records of a fixed length."), "{yaml}");
    assert_eq!(parsed(&yaml)["sources"], Value::Array(Vec::new()), "{yaml}");
}

fn question(kind: QuestionKind, values: &[&str]) -> Question {
    let count = |value: &&str| nayose_draft::ValueCount { value: (*value).to_owned(), rows: 1 };
    Question {
        kind,
        file: "f.csv".to_owned(),
        path: None,
        columns: vec!["c".to_owned()],
        text: "?".to_owned(),
        values: values.iter().map(count).collect(),
        documented: Vec::new(),
    }
}

#[test]
fn what_is_no_answer_is_told_in_both_languages() {
    for (kind, values) in [
        (QuestionKind::Consent, &["希望する", "希望しない"][..]),
        (QuestionKind::Consent, &["希望する"]),
        (QuestionKind::SexCodes, &[]),
        (QuestionKind::TimeZone, &[]),
        (QuestionKind::Delivery, &[]),
    ] {
        let mut answers = Answers::default();
        let none = answers.set(&question(kind, values), "no such thing").expect_err("no answer");
        let japanese = none.text_ja.chars().any(|c| ('ぁ'..='ん').contains(&c));
        assert!(japanese && none.text_en.is_ascii(), "{none:?}");
    }
    let consent = question(QuestionKind::Consent, &["希望する", "希望しない"]);
    let none = Answers::default().set(&consent, "1/1").expect_err("no answer");
    assert!(none.text_ja.contains("両側"), "{none:?}");
}

#[test]
fn a_typed_answer_is_understood() {
    let check = |question: &Question, typed: &str| -> String {
        let mut answers = Answers::default();
        match answers.set(question, typed) {
            Err(e) => format!("error: {e}"),
            Ok(()) => {
                answers.get(question).map_or("open".to_owned(), |a| serde_json::to_string(a).expect("plain data"))
            }
        }
    };
    let consent = question(QuestionKind::Consent, &["希望する", "", "希望しない", "未定"]);
    let numbers = question(QuestionKind::Consent, &["2", "1", ""]);
    let status = question(QuestionKind::StatusRows, &["本会員", "退会", "仮会員"]);
    let sexes = question(QuestionKind::SexCodes, &["１", "２"]);
    let words = question(QuestionKind::SexCodes, &["男", "女", "3"]);
    let zone = question(QuestionKind::TimeZone, &[]);
    let recipient = question(QuestionKind::Recipient, &[]);
    let delivery = question(QuestionKind::Delivery, &[]);
    let cases = [
        (&consent, "1/2", r#"{"values":[["希望する","granted"],["希望しない","denied"]]}"#),
        (&consent, "1 / 2,3", r#"{"values":[["希望する","granted"],["希望しない","denied"],["未定","denied"]]}"#),
        (&consent, "希望する", r#"{"values":[["希望する","granted"]]}"#),
        (&consent, "1/1", "error: a value is granted or denied, not both"),
        (&consent, "9", "error: type a choice from 1 to 3, or skip"),
        (&consent, "１／２、３", r#"{"values":[["希望する","granted"],["希望しない","denied"],["未定","denied"]]}"#),
        (&numbers, "１/２", r#"{"values":[["1","granted"],["2","denied"]]}"#),
        (&numbers, "Ａ／Ｂ", r#"{"values":[["2","granted"],["1","denied"]]}"#),
        (&sexes, "１/２", r#"{"values":[["１","male"],["２","female"]]}"#),
        (&sexes, "1/2", r#"{"values":[["１","male"],["２","female"]]}"#),
        (&words, "男/女", r#"{"values":[["男","male"],["女","female"]]}"#),
        (&consent, "skip", "open"),
        (&consent, "", "open"),
        // Values that are numbers have letters, so that 1 is the value 1.
        (&numbers, "1/2", r#"{"values":[["1","granted"],["2","denied"]]}"#),
        (&numbers, "a/b", r#"{"values":[["2","granted"],["1","denied"]]}"#),
        (&status, "2,3", r#"{"values":[["退会","skip"],["仮会員","skip"]]}"#),
        (&status, "none", r#"{"values":[]}"#),
        (&zone, "1", r#"{"time_zone":"Asia/Tokyo"}"#),
        (&zone, "America/New_York", r#"{"time_zone":"America/New_York"}"#),
        (&zone, "tokyo time", "error: no time zone: type a number of the list, or a name such as Asia/Tokyo"),
        (&recipient, "はい", r#""yes""#),
        (&recipient, "2", r#""no""#),
        (&recipient, "maybe", "error: type a choice from 1 to 2, or skip"),
        (&delivery, "2", r#""changes""#),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .map(|(question, typed, expected)| (typed, expected, check(question, typed)))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(typed, expected, found)| format!("{typed}: expected {expected}, found {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Names as shops type them, and words that some parser takes for no text.
const TEXTS: [&str; 40] = [
    "",
    " ",
    "yes",
    "No",
    "null",
    "~",
    "true",
    "on",
    "12",
    "0x1F",
    "1e3",
    ".inf",
    "-",
    "- a",
    "?",
    ": a",
    "a: b",
    "a #b",
    "#a",
    "'a'",
    "\"a\"",
    "a\"b",
    "a\\b",
    "[a]",
    "{a}",
    "a, b",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a`",
    "氏名",
    "電話\n番号",
    "\u{85}",
    "\u{2028}x",
    "\u{feff}氏名",
    "１２",
];

fn check_scalar(text: &str) {
    let written = scalar(text);
    let yaml =
        format!("{written}: {written}\nlist: [{written}, {written}]\nmap: {{ {written}: {written} }}  # {written}\n");
    let Ok(value) = serde_saphyr::from_str::<Value>(&yaml) else { panic!("{text:?} is not readable as {written}") };
    assert_eq!(value[text], text, "{yaml}");
    assert_eq!(value["list"], Value::from(vec![text, text]), "{yaml}");
    assert_eq!(value["map"][text], text, "{yaml}");
}

#[test]
fn awkward_texts_are_the_same_texts_as_yaml() {
    TEXTS.iter().for_each(|text| check_scalar(text));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_the_same_text_as_yaml(text in "[^\u{0}]{0,12}") {
        prop_assume!(text != "list" && text != "map");
        check_scalar(&text);
    }

    #[test]
    fn any_text_of_signs_is_the_same_text_as_yaml(text in "[-:#'\"\\\\{}\\[\\],&*!|>%@`~? \t\r\na1氏yYnN.eE0+_=<]{0,12}") {
        prop_assume!(text != "list" && text != "map");
        check_scalar(&text);
    }

    /// Any header gives a file that can be read, with the columns as they are.
    #[test]
    fn any_header_gives_a_file_that_can_be_read(a in "[^\u{0}\r\n\",;|\t]{1,8}", b in "[-:#' {}\\[\\]&*!yesno\"1氏名]{1,8}") {
        let text = format!("会員番号,氏名,メールアドレス,\"{}\",\"{}\"\nA1001,田村 直樹,naoki.tamura.k31@n-mail.test,1,2\nA1002,岡本 千尋,chihiro_okm7@i-mail.test,2,3\n", a.replace('"', "\"\""), b.replace('"', "\"\""));
        let draft = draft(&[whole("m.csv", text.as_bytes())]);
        let yaml = pipeline_yaml(&draft, &Answers::default(), &layout("any"));
        prop_assert!(serde_saphyr::from_str::<Value>(&yaml).is_ok(), "{}", yaml);
        prop_assert!(serde_saphyr::from_str::<Value>(&pipeline_yaml(&draft, &answered(&draft), &layout("any"))).is_ok());
    }
}

/// The only source of a file, as it stands in the pipeline file, and the text.
fn only_source(name: &str, text: &str) -> (Value, String) {
    let draft = draft(&[whole(name, text.as_bytes())]);
    let yaml = pipeline_yaml(&draft, &Answers::default(), &layout("one"));
    (parsed(&yaml)["sources"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default(), yaml)
}

#[test]
fn archives_and_workbooks_keep_the_name_of_their_file() {
    let text = "会員番号,氏名,メールアドレス\nA1001,田村 直樹,naoki.tamura.k31@n-mail.test\n";
    let keys = |name: &str| {
        let source = only_source(name, text).0;
        ["files", "member", "format", "sheet"].map(|key| source[key].as_str().unwrap_or("-").to_owned()).join(" ")
    };
    assert_eq!(keys("crm.zip/members.csv"), "crm.zip members.csv csv -");
    assert_eq!(keys("crm.xlsx/会員"), "crm.xlsx - xlsx 会員");
    assert_eq!(keys("crm.parquet"), "crm.parquet - parquet -");
    assert_eq!(keys("crm.csv.gz"), "crm.csv.gz - csv -");
}

#[test]
fn a_source_without_an_id_of_its_people_is_a_marked_place() {
    let text = "注文日時,商品コード,数量\n2026-01-05 10:11:12,A-1,1\n2026-01-06 21:00:00,A-2,2\n";
    let (source, yaml) = only_source("pos.csv", text);
    assert!(source.is_null() && yaml.contains("# ? Which column has the id of the person?"), "{yaml}");
    assert_eq!(parsed(&yaml)["sources"], Value::Array(Vec::new()));
}

#[test]
fn delimiters_quotes_and_headers_stand_in_the_file() {
    let text = "会員一覧\n\n会員番号;氏名;メールアドレス\nA1001;田村 直樹;naoki.tamura.k31@n-mail.test\nA1002;\"岡本 千尋;chihiro_okm7@i-mail.test\n\
        A1003;小川 誠;ogawa.m.2212@y-mail.test\n";
    let (source, yaml) = only_source("crm.csv", text);
    assert_eq!((&source["delimiter"], &source["quoting"]), (&Value::from(";"), &Value::from("none")), "{yaml}");
    assert_eq!(source["header"], Value::from(3), "{yaml}");
    let tabs = "会員番号\t氏名\tメールアドレス\nA1001\t田村 直樹\tnaoki.tamura.k31@n-mail.test\n";
    assert_eq!(only_source("crm.txt", tabs).0["format"], "tsv");
}

/// The draft has one column for each contact; a draft that was changed may have two.
#[test]
fn two_consents_of_one_contact_are_two_purposes() {
    let text = "会員番号,氏名,メルマガ\nA1001,田村 直樹,希望する\nA1002,岡本 千尋,希望しない\n";
    let mut draft = draft(&[whole("crm.csv", text.as_bytes())]);
    let mut other = draft.sources[0].consent[0].clone();
    other.column = "ニュースレター".to_owned();
    draft.sources[0].consent.push(other);
    let mut asked = draft.questions.iter().find(|q| q.kind == QuestionKind::Consent).expect("a question").clone();
    asked.columns = vec!["ニュースレター".to_owned()];
    draft.questions.push(asked);
    let mut answers = Answers::default();
    let asked = draft.questions.iter().filter(|q| q.kind == QuestionKind::Consent);
    asked.for_each(|question| answers.set(question, "希望する/希望しない").expect("an answer"));
    let consent = parsed(&pipeline_yaml(&draft, &answers, &layout("two")))["sources"][0]["consent"].clone();
    assert_eq!(consent["marketing"]["email"]["column"], "メルマガ", "{consent}");
    assert_eq!(consent["marketing_2"]["email"]["column"], "ニュースレター", "{consent}");
}

/// No documented export has both, but the pipeline file must not.
#[test]
fn a_source_has_the_whole_of_a_name_or_its_parts() {
    let text = "会員番号,姓,名,メールアドレス\nA1001,田村,直樹,naoki.tamura.k31@n-mail.test\nA1002,岡本,千尋,chihiro_okm7@i-mail.test\n";
    let mut draft = draft(&[whole("crm.csv", text.as_bytes())]);
    let mut whole_name = draft.sources[0].columns[0].clone();
    (whole_name.attribute, whole_name.columns) = ("name".to_owned(), vec!["氏名".to_owned()]);
    draft.sources[0].columns.push(whole_name);
    let yaml = pipeline_yaml(&draft, &Answers::default(), &layout("both"));
    let columns = &parsed(&yaml)["sources"][0]["columns"];
    assert!(columns.get("name").is_none() && columns["family_name"] == "姓", "{yaml}");
    assert!(yaml.contains("# name: 氏名 is left out"), "{yaml}");
}

#[test]
fn identifiers_of_one_source_have_names_of_their_own() {
    let text = "会員ID,氏名,会員番号,会員コード,メールアドレス\n1,田村 直樹,A1001,C90001,naoki.tamura.k31@n-mail.test\n\
        2,岡本 千尋,A1002,C90002,chihiro_okm7@i-mail.test\n3,小川 誠,A1003,C90003,ogawa.m.2212@y-mail.test\n";
    let (source, yaml) = only_source("crm.csv", text);
    let declared = parsed(&yaml)["attributes"].as_object().map_or(0, serde_json::Map::len);
    let mapped = source["columns"].as_object().expect("columns").keys().filter(|k| k.starts_with("crm_")).count();
    assert!(declared == 2 && mapped == 2, "{yaml}");
}

#[test]
fn the_id_of_a_question_stays_when_a_delivery_is_added() {
    let text = "会員番号,氏名,メルマガ\nA1001,田村 直樹,1\nA1002,岡本 千尋,0\n";
    let more = format!("{text}A1003,小川 誠,1\n");
    let ids = |files: &[(&str, &str)]| -> Vec<String> {
        let samples: Vec<Sample<'_>> = files.iter().map(|(name, text)| whole(name, text.as_bytes())).collect();
        draft(&samples).questions.iter().map(Question::id).collect()
    };
    let (one, two) = (ids(&[("m_1.csv", text)]), ids(&[("m_1.csv", text), ("m_2.csv", &more)]));
    assert!(!one.is_empty() && one == two, "{one:?} {two:?}");
}
