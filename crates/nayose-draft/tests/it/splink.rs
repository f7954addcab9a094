//! Models of Splink: what is written of models that Splink saved, and properties that hold for any model.
//!
//! The models are of invented people. `trained` and `demo` were saved by Splink 5.0.0, `version_3` by 3.9.15, the others are what 4.0.17
//! makes of the entries of its comparison library, in two dialects. `NAYOSE_WRITE=1 cargo test` writes the texts anew; read the whole
//! difference before it is committed.

use std::collections::BTreeSet;

use nayose_draft::{ImportedModel, NoteKind, import_splink};
use nayose_matching::model::feature;
use nayose_matching::record::attribute::{Attribute, AttributeType, EVENT_ATTRIBUTES, PERSON_ATTRIBUTES};
use proptest::prelude::*;
use serde_json::{Value, json};

macro_rules! saved {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../data/splink/", $name, ".json")) as &[u8],
            include_str!(concat!("../data/splink/", $name, ".yaml")),
        )
    };
}

const SAVED: [(&str, &[u8], &str); 5] =
    [saved!("trained"), saved!("demo"), saved!("everything_duckdb"), saved!("everything_spark"), saved!("version_3")];

fn parsed(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{e}\n{yaml}"))
}

fn imported(bytes: &[u8]) -> ImportedModel {
    import_splink(bytes).unwrap_or_else(|e| panic!("{e:?}"))
}

#[expect(clippy::disallowed_methods, reason = "a test may write what it compares with")]
fn check(name: &str, written: &str, expected: &str) -> Option<String> {
    if std::env::var_os("NAYOSE_WRITE").is_some() {
        let path = format!("{}/tests/data/splink/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, written).expect("the file is written");
        return None;
    }
    let at = written.lines().zip(expected.lines()).position(|(a, b)| a != b);
    let line = |text: &str| at.and_then(|at| text.lines().nth(at)).unwrap_or("another length").to_owned();
    (written != expected).then(|| format!("{name}.yaml:\n  {}\nis now\n  {}", line(expected), line(written)))
}

#[test]
fn saved_models_become_these_model_files() {
    let wrong: Vec<String> =
        SAVED.iter().filter_map(|(name, bytes, expected)| check(name, &imported(bytes).yaml, expected)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn dialects_are_one_model() {
    let of = |name: &str| {
        let (_, bytes, _) = SAVED.iter().find(|(n, ..)| *n == name).expect("a model");
        parsed(&imported(bytes).yaml)
    };
    assert_eq!(of("everything_duckdb"), of("everything_spark"));
}

#[test]
fn only_a_model_that_is_whole_keeps_its_parameters() {
    let trained: Vec<&str> =
        SAVED.iter().filter(|(_, bytes, _)| imported(bytes).is_trained).map(|(name, ..)| *name).collect();
    assert_eq!(trained, ["trained"]);
    // Every level has its numbers as they were saved, in twelve digits.
    let (_, bytes, _) = SAVED[0];
    let (saved, written): (Value, Value) =
        (serde_json::from_slice(bytes).expect("JSON"), parsed(&imported(bytes).yaml));
    let mut compared = 0;
    for comparison in saved["comparisons"].as_array().expect("comparisons") {
        let levels = written["comparisons"].as_array().expect("comparisons").iter();
        let name = comparison["output_column_name"].as_str().expect("a name");
        let of = levels.clone().find(|c| c["name"] == name).expect("the comparison");
        let kept = comparison["comparison_levels"].as_array().expect("levels").iter().skip(1);
        for (level, saved) in of["levels"].as_array().expect("levels").iter().zip(kept) {
            let learned = &written["trained"]["probabilities"][name][level["name"].as_str().expect("a name")];
            for (learned, saved) in
                [("m", "m_probability"), ("u", "u_probability")].map(|(l, s)| (&learned[l], &saved[s]))
            {
                let (learned, saved) = (learned.as_f64().expect("a number"), saved.as_f64().expect("a number"));
                assert!((learned / saved - 1.0).abs() < 1e-11, "{name}: {learned}, not {saved}");
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 10);
}

/// Features that the model file names anywhere.
fn features(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| features(one, into)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let names = match key.as_str() {
                    "same" | "absent" | "swapped" | "keys" => value.as_array().cloned().unwrap_or_default(),
                    "tf" | "feature" => vec![value.clone()],
                    _ => Vec::new(),
                };
                into.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
                features(value, into);
            }
        }
        _ => {}
    }
}

/// What holds for every model that is written: it is YAML, its features come of attributes that a pipeline may declare, levels have
/// conditions but for the last, and names are there once.
fn holds(model: &ImportedModel) {
    let written = parsed(&model.yaml);
    let told: Vec<&str> = model.yaml.lines().filter_map(|line| line.strip_prefix("#     ")).collect();
    let pipeline = parsed(&told.join("\n"));
    let declared: Vec<Attribute> = pipeline["attributes"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| Attribute {
            name: name.clone(),
            kind: AttributeType::Text,
            check: Default::default(),
            case_sensitive: false,
            label: Default::default(),
        })
        .collect();
    for name in declared.iter().map(|a| a.name.as_str()) {
        assert!(!PERSON_ATTRIBUTES.contains(&name) && !EVENT_ATTRIBUTES.contains(&name), "{name} is built in");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
    }
    let columns = pipeline["sources"][0]["columns"].as_object().cloned().unwrap_or_default();
    assert!(declared.iter().all(|a| columns.contains_key(&a.name)), "{}", model.yaml);
    let known = feature::names(&declared);
    let mut used = BTreeSet::new();
    features(&written["blocking"], &mut used);
    features(&written["comparisons"], &mut used);
    for feature in &used {
        assert!(known.contains(feature), "{feature}\n{}", model.yaml);
    }
    let names = |list: &Value| -> Vec<String> {
        let all = list.as_array().expect("a list").iter();
        all.map(|entry| entry["name"].as_str().expect("a name").to_owned()).collect()
    };
    let once = |names: Vec<String>| assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    once(names(&written["blocking"]));
    once(names(&written["comparisons"]));
    for comparison in written["comparisons"].as_array().expect("a list") {
        let levels = comparison["levels"].as_array().expect("levels");
        once(names(&comparison["levels"]));
        let asks =
            |level: &Value| ["same", "swapped", "absent", "similar", "any"].iter().any(|key| level.get(key).is_some());
        let (last, others) = levels.split_last().expect("levels");
        assert!(!asks(last) && !others.is_empty() && others.iter().all(asks), "{comparison}");
    }
    assert_eq!(written["blocking"].as_array().map(Vec::len), Some(model.rules));
    assert_eq!(written["comparisons"].as_array().map(Vec::len), Some(model.comparisons));
    assert_eq!(written.get("trained").is_some(), model.is_trained);
    for note in &model.notes {
        assert!(model.yaml.contains(&format!("{}: {}", note.place, note.text)), "{note:?}");
    }
}

#[test]
fn every_note_is_in_the_file_at_its_place() {
    for (_, bytes, _) in SAVED {
        holds(&imported(bytes));
    }
    let (_, bytes, _) = SAVED[2];
    let model = imported(bytes);
    let (mut left_out, mut in_comparison) = (0, String::new());
    for line in model.yaml.lines() {
        if let Some(name) = line.strip_prefix("  - name: ") {
            in_comparison = name.to_owned();
        }
        // A level that is left out stands among the levels of its comparison.
        if let Some(place) = line.strip_prefix("      # Left out: comparison ") {
            assert!(place.starts_with(&format!("{in_comparison}, level ")), "{line} in {in_comparison}");
            left_out += 1;
        }
    }
    assert!(left_out > 5, "{left_out}");
    assert!(model.notes.iter().any(|note| note.kind == NoteKind::Told));
}

#[test]
fn a_file_that_is_no_model_says_what_it_is() {
    let check = |text: &str, expected: &str| {
        let e = import_splink(text.as_bytes()).expect_err(expected);
        assert!(e.what.contains(expected) && !e.hint.is_empty(), "{e:?}");
    };
    check("", "is no JSON (line 1, column 0)");
    check("[1, 2", "is no JSON");
    check("[]", "has no list `comparisons`");
    check(r#"{"comparisons": {}}"#, "has no list `comparisons`");
    check(r#"{"comparison_columns": [{"col_name": "a"}], "proportion_of_matches": 0.1}"#, "Splink 2");
    check(r#"{"fieldDefinition": []}"#, "Zingg");
    check(r#"{"comparisons": [{}]}"#, "no comparison_levels at comparisons[0]");
    check(
        r#"{"comparisons": [{"comparison_levels": [{}]}]}"#,
        "no sql_condition at comparisons[0].comparison_levels[0]",
    );
    check(
        r#"{"comparisons": [], "blocking_rules_to_generate_predictions": [{"rule": "x"}]}"#,
        "no condition at blocking_rules_to_generate_predictions[0]",
    );
    let marked = "\u{feff}{\"comparisons\": []}";
    let empty = imported(marked.as_bytes());
    assert_eq!((empty.rules, empty.comparisons, empty.is_trained), (0, 0, false));
    assert!(empty.notes.iter().any(|n| n.place == "blocking") && empty.notes.iter().any(|n| n.place == "comparisons"));
}

#[test]
fn odd_numbers_and_doubled_names_are_told() {
    let level = |sql: &str, m: Value, u: Value| json!({ "sql_condition": sql, "m_probability": m, "u_probability": u });
    let with = |[m, u, else_m, else_u]: [Value; 4], names: &[&str], prior: Value| {
        let comparison = |name: &&str| {
            let null = json!({ "sql_condition": "\"a_l\" IS NULL OR \"a_r\" IS NULL", "is_null_level": true });
            let levels =
                [null, level("\"a_l\" = \"a_r\"", m.clone(), u.clone()), level("ELSE", else_m.clone(), else_u.clone())];
            json!({ "output_column_name": name, "comparison_levels": levels })
        };
        let comparisons: Vec<Value> = names.iter().map(comparison).collect();
        let rules = ["l.a = r.a", "l.a = r.a"];
        let settings = json!({ "comparisons": comparisons, "blocking_rules_to_generate_predictions": rules,
                               "probability_two_random_records_match": prior });
        let model = imported(settings.to_string().as_bytes());
        holds(&model);
        let told: Vec<String> = model.notes.iter().map(|note| format!("{}: {}", note.place, note.text)).collect();
        (model.is_trained, told.join("\n"))
    };
    let check = |numbers: [Value; 4], prior: Value, said: &str| {
        let (is_trained, told) = with(numbers, &["a"], prior);
        assert_eq!((is_trained, told.contains(said)), (said.is_empty(), true), "{said}: {told}");
    };
    let n = |x: f64| json!(x);
    let some = json!(0.01);
    check([n(0.9), n(0.1), n(0.1), n(0.9)], some.clone(), "");
    check([n(1.0), n(0.1), n(0.0), n(0.9)], some.clone(), "level 3 was never seen: its m is 0");
    check([n(0.9), n(0.0), n(0.1), n(1.0)], some.clone(), "level 2 was never seen: its u is 0");
    check([n(1.2), n(0.1), n(0.1), n(0.9)], some.clone(), "the m of level 2 is 1.2, which is no probability");
    check([n(0.9), n(-0.1), n(0.1), n(0.9)], some.clone(), "the u of level 2 is -0.1");
    check([Value::Null, n(0.1), n(0.1), n(0.9)], some.clone(), "level 2 was not trained: it has no m");
    check([json!("0.9"), n(0.1), n(0.1), n(0.9)], some.clone(), "level 2 was not trained: it has no m");
    check([n(0.9), n(0.1), n(0.3), n(0.9)], some.clone(), "the m of its levels add up to 1.200");
    check([n(0.9), n(0.1), n(0.1), n(0.9)], Value::Null, "probability_two_random_records_match is not between 0 and 1");
    check([n(0.9), n(0.1), n(0.1), n(0.9)], n(1.0), "probability_two_random_records_match is not between 0 and 1");
    // Two comparisons of one name, two rules of one condition.
    let (is_trained, told) = with([n(0.9), n(0.1), n(0.1), n(0.9)], &["a", "a", "a"], some);
    assert!(is_trained && told.contains("another comparison has the name a, so that this one is a_3"), "{told}");
    let (_, told) = with([n(0.9), n(0.1), n(0.1), n(0.9)], &[], n(0.01));
    assert!(told.contains("no comparison is left"), "{told}");
}

/// Names of columns as people type them.
fn column() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,6}",
        "[A-Za-z 氏名\"`'.:#{}-]{1,5}",
        prop::sample::select(vec!["email", "name", "family_name", "family", "amount", "birth_date"])
            .prop_map(str::to_owned),
    ]
}

/// A condition of a level, as Splink quotes names.
fn condition() -> impl Strategy<Value = String> {
    let sides = column().prop_map(|c| {
        let quoted = |side: &str| format!("\"{}_{side}\"", c.replace('"', "\"\""));
        (quoted("l"), quoted("r"))
    });
    let leaf = (sides, 0..9usize).prop_map(|((l, r), form)| match form {
        0 => format!("{l} IS NULL OR {r} IS NULL"),
        1 => format!("jaro_winkler_similarity({l}, {r}) >= 0.9"),
        2 => format!("levenshtein({l}, {r}) <= 2"),
        3 => format!("SUBSTRING({l}, 1, 3) = SUBSTRING({r}, 1, 3)"),
        4 => format!("NULLIF(regexp_extract({l}, '^[^@]+', 0), '') = NULLIF(regexp_extract({r}, '^[^@]+', 0), '')"),
        5 => format!("YEAR(TRY_CAST({l} AS DATE)) = YEAR(TRY_CAST({r} AS DATE))"),
        6 => format!("abs({l} - {r}) < 3"),
        7 => format!("regexp_extract({l}, '^[a-z''\"]+', 0) = regexp_extract({r}, '^[a-z''\"]+', 0)"),
        _ => format!("{l} = {r}"),
    });
    leaf.prop_recursive(3, 12, 3, |inner| {
        (prop::collection::vec(inner, 2..4), prop::sample::select(vec![" AND ", " OR "])).prop_map(|(parts, word)| {
            let bracketed: Vec<String> = parts.iter().map(|part| format!("({part})")).collect();
            bracketed.join(word)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_model_is_written_as_it_has_to_be(
        comparisons in prop::collection::vec((column(), prop::collection::vec((condition(), any::<bool>(), 0.0..1.0f64), 0..4), column()), 0..4),
        rules in prop::collection::vec(condition(), 0..4),
        label in "\\PC{0,12}",
        id in column(),
    ) {
        let comparisons: Vec<Value> = comparisons.iter().map(|(name, levels, tf)| {
            let mut all: Vec<Value> = levels.iter().map(|(sql, is_null, p)| json!({
                "sql_condition": sql, "is_null_level": is_null, "label_for_charts": label, "m_probability": p, "u_probability": p,
                "tf_adjustment_column": tf,
            })).collect();
            all.push(json!({ "sql_condition": "ELSE", "label_for_charts": label }));
            json!({ "output_column_name": name, "comparison_levels": all })
        }).collect();
        let rules: Vec<Value> = rules.iter().map(|sql| {
            let tables = sql.replace("_l\"", "\"").replace("_r\"", "\"");
            json!({ "blocking_rule": if label.len() > 6 { sql.clone() } else { tables } })
        }).collect();
        let settings = json!({
            "comparisons": comparisons, "blocking_rules_to_generate_predictions": rules, "unique_id_column_name": id,
            "probability_two_random_records_match": 0.1, "source_dataset_column_name": label,
        });
        holds(&imported(settings.to_string().as_bytes()));
    }

    /// Any text is a condition or none, and the file that says so is YAML.
    #[test]
    fn any_sql_is_read_or_told(sql in "[a-z_lr0-9 =<>(),.'\"`\\[\\]:|*/+-]{0,60}|\\PC{0,40}") {
        let settings = json!({
            "comparisons": [{ "comparison_levels": [{ "sql_condition": sql }, { "sql_condition": "ELSE" }] }],
            "blocking_rules_to_generate_predictions": [sql],
        });
        holds(&imported(settings.to_string().as_bytes()));
    }
}
