//! Configuration: every problem at once, each with its place and what was probably meant.

use std::fs;

use crate::support::{Retailer, fails, own_pipeline, root, succeeds};

#[test]
fn every_problem_is_reported_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = fs::read_to_string(root().join("pipelines/retail/pipeline.yaml")).expect("the pipeline");
    let model = fs::read_to_string(root().join("pipelines/retail/model.yaml")).expect("the model");
    let pipeline = pipeline
        .replace("marts: [marts, crm]", "")
        .replace("checks: checks", "")
        .replace("encoding: cp932", "encoding: cp923")
        .replacen("postal_code: 郵便番号", "postal_cod: 郵便番号", 1)
        .replace("auto: 0.8", "auto: 1.9")
        .replace("name: retail\n", "name: retail\nlak: x\n");
    let check = |pipeline: &str, model: &str, says: &[&str]| {
        let path = folder.path().join("pipeline.yaml");
        fs::write(&path, pipeline).expect("written");
        fs::write(folder.path().join("model.yaml"), model).expect("written");
        let stderr = fails(2, &["validate", &path.display().to_string()]);
        for part in says {
            assert!(stderr.contains(part), "{part:?} is not in:\n{stderr}");
        }
    };
    // Shape: unknown keys and values, in both files.
    let bad_model = model.replace("shared_by_household: true", "shared_by_houshold: true").replacen(
        "keys: [phone]",
        "keys: [phon]",
        1,
    );
    check(
        &pipeline,
        &bad_model,
        &[
            "unknown key \"lak\"",
            "did you mean \"lake\"?",
            "cannot be \"cp923\"",
            "did you mean \"cp932\"?",
            "unknown key \"shared_by_houshold\"",
            "pipeline.yaml:",
            "model.yaml:",
        ],
    );
    // Meaning: names that are not declared, numbers out of range.
    let pipeline = pipeline.replace("cp923", "cp932").replace("lak: x\n", "");
    let bad_model = model
        .replacen("keys: [phone]", "keys: [phon]", 1)
        .replacen("shared_by_household: true", "shared_by_household: true\n    differs_in_household: true", 1)
        .replacen(
            "absent: [given.key]",
            "absent: [given.key, given.kana, family.key, family.kana, birth_date, sex]",
            1,
        );
    check(
        &pipeline,
        &bad_model,
        &[
            "unknown attribute \"postal_cod\"",
            "did you mean \"postal_code\"?",
            "threshold auto is 1.9",
            "unknown feature \"phon\"",
            "a household both shares comparison \"family_name\" and differs in it",
            "comparison \"given_name\" has too many levels",
            "did you mean \"phone\"?",
        ],
    );
}

#[test]
fn numbers_from_which_nothing_can_come_are_told_in_the_words_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipeline.yaml");
    fs::write(folder.path().join("people.csv"), "id,name,phone\n1,山田 太郎,090-1111-2222\n").expect("written");
    let mut wrong = Vec::new();
    let mut check = |more: &str, key: &str, said: &[&str], unsaid: &str| {
        let sources = "sources:\n  - { name: people, channel: shop, holds: people, files: people.csv, format: csv, record_id: id, columns: { name: name, phone: phone } }";
        fs::write(&path, format!("name: test\ninput: .\nlake: lake\n{sources}\n{more}\n")).expect("written");
        let model = format!(
            "blocking:\n  - {{ name: phone, keys: [{key}] }}\ncomparisons:\n  - name: phone\n    label: {{ ja: 電話, en: phone }}\n    levels:\n      \
             - {{ name: same, label: {{ ja: 一致, en: same }}, same: [phone] }}\n      - {{ name: different, label: {{ ja: 違う, en: different }} }}\n"
        );
        fs::write(folder.path().join("model.yaml"), model).expect("written");
        let file = path.display().to_string();
        let told = if said.is_empty() { succeeds(&["validate", &file]) } else { fails(2, &["validate", &file]) };
        let unsaid = !unsaid.is_empty() && told.contains(unsaid);
        if unsaid || !said.iter().all(|part| told.contains(part)) {
            wrong.push(format!("{more} {key}: {told}"));
        }
    };
    for (more, said) in [
        ("limits: { block_size: 0 }", &["block_size is 0", "no two records would be compared", "hint: "][..]),
        ("limits: { block_size: 1 }", &["block_size is 1"]),
        (
            "limits: { block_size: 10.0 }",
            &["limits.block_size is a number with a point where a whole number", "hint: "],
        ),
        ("limits: { records_per_person: { shop: 0 } }", &["records_per_person of \"shop\" is 0", "hint: write 1"]),
        (
            "limits: { records_per_person: 1 }",
            &["write it like { name: 1 } (Channel → records that one person may have there)"],
        ),
        ("thresholds: { auto: 0 }", &["threshold auto is 0, so that every pair would be linked"]),
        ("thresholds: { auto: 1 }", &["threshold auto is 1, so that hardly any pair would be linked"]),
        ("thresholds: { auto: 1.5 }", &["threshold auto is 1.5, but it is a probability"]),
        ("thresholds: { review: -1 }", &["threshold review is -1, but it is a probability"]),
        ("thresholds: { auto: 0.6, review: 0.7 }", &["threshold review (0.7) is above auto (0.6)"]),
        (
            "thresholds: { false_link_cost: 0.5, review: 0.7 }",
            &["above auto (0.3333333333333333, by false_link_cost: 0.5)"],
        ),
        ("thresholds: { false_link_cost: 1e30 }", &["threshold auto is 1, by false_link_cost: 1", "hardly any pair"]),
        ("thresholds: { false_link_cost: 0 }", &["false_link_cost is 0"]),
    ] {
        let unsaid = if more.contains("review") { "" } else { "review" };
        check(more, "phone", said, unsaid);
    }
    // What nobody typed is no problem of what was typed.
    check("thresholds: { false_link_cost: 0.1 }", "phone", &[], "problem");
    check("thresholds: { auto: 0.3 }", "phone", &[], "problem");
    for (key, said) in [
        ("{ feature: phone, near: 2 }", &["near of the key \"phone\" is 2, but", "hint: write near: 1"][..]),
        ("{ feature: phone, near: 1.0 }", &["near is a number with a point where a whole number", "without a point"]),
        ("{ feature: phone, near: 1, prefix: 3 }", &["has both prefix and near"]),
        ("{ feature: phone }", &["has neither prefix nor near"]),
        ("{ feature: phone, prefix: 0 }", &["prefix of the key \"phone\" is 0"]),
    ] {
        check("limits: { block_size: 1000 }", key, said, "untagged");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_time_zone_is_one_of_the_database() {
    let retailer = Retailer::new(20, 79);
    let pipeline = own_pipeline(&retailer, |text| text.push_str("\ntime_zone: Asia/Tokio\n"), |_| ());
    let said = fails(2, &["validate", &pipeline, "--input", &retailer.text("input")]);
    assert!(said.contains("\"Asia/Tokio\" is no time zone") && said.contains("did you mean \"Asia/Tokyo\"?"), "{said}");
}

#[test]
fn the_retail_pipeline_is_good() {
    let said = succeeds(&["validate", "pipelines/retail/pipeline.yaml"]);
    assert!(said.contains("is good"), "{said}");
}

#[test]
fn a_column_that_many_files_lack_is_named_once() {
    let retailer = Retailer::new(100, 76);
    let misspelt = own_pipeline(&retailer, |text| *text = text.replacen("kana: フリガナ", "kana: フリガマ", 1), |_| ());
    let said = fails(2, &["validate", &misspelt, "--input", &retailer.text("input")]);
    assert_eq!(said.matches("\"フリガマ\", which is not there").count(), 1, "{said}");
    assert!(said.contains("more of its") && said.contains("did you mean \"フリガナ\"?"), "{said}");
}

#[test]
fn queries_with_a_slip_are_told_before_a_run_begins() {
    let retailer = Retailer::new(100, 78);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    let query = |file: &str, query: &str| fs::write(retailer.path("pipeline").join(file), query).expect("written");
    query("marts/loyal.sql", "select customer_id, count(*) as n from interacton group by customer_id");
    query("marts/spent.sql", "select sum(amout) as amount from purchase");
    // A published mart is read by checks and by other marts.
    query("checks/nobody_is_twice.sql", "select 1 from rfm group by customer_id having count(*) > 1");
    query("marts/best.sql", "select * from rfm where rr = 5");
    // What reads a mart that cannot be planned is no slip of its own.
    query("marts/best_spent.sql", "select amount from spent");
    let (lake, input) = (retailer.text("lake"), retailer.text("input"));
    for arguments in
        [vec!["validate", &pipeline, "--input", &input], vec!["run", &pipeline, "--input", &input, "--lake", &lake]]
    {
        let said = fails(2, &arguments);
        for part in [
            "3 queries",
            "marts/loyal.sql: ",
            "did you mean \"interaction\"?",
            "marts/spent.sql: ",
            "amout",
            "marts/best.sql: ",
            "hint:",
        ] {
            assert!(said.contains(part), "{part:?} is not in:\n{said}");
        }
        assert!(!said.contains("best_spent"), "{said}");
    }
    assert!(!retailer.path("lake").exists(), "nothing was begun");
    query("marts/loyal.sql", "select customer_id, count(*) as n from interaction group by customer_id");
    query("marts/spent.sql", "select sum(amount) as amount from purchase where occurred_at > $since");
    query("marts/best.sql", "select * from rfm where r = 5");
    let said = fails(2, &["validate", &pipeline, "--input", &input]);
    assert!(said.contains("marts/spent.sql: ") && said.contains("since"), "{said}");
    query("marts/spent.sql", "select sum(amount) as amount from purchase");
    // A file of a day on which nothing came lacks no column.
    let quiet = fs::File::create(retailer.path("input/app/users_20991231.jsonl.gz")).expect("created");
    flate2::write::GzEncoder::new(quiet, flate2::Compression::default()).finish().expect("written");
    assert!(succeeds(&["validate", &pipeline, "--input", &input]).contains("is good"));
}

#[test]
fn the_schemas_for_editors_are_current() {
    for (name, schema) in nayose::config::schemas() {
        let kept = fs::read_to_string(root().join("pipelines").join(name)).expect("make schema writes it");
        assert_eq!(kept, format!("{schema:#}\n"), "{name}: run `make schema`");
    }
}

#[test]
fn the_page_of_the_tables_is_current() {
    let kept = fs::read_to_string(root().join("docs/tables.md")).expect("make schema writes it");
    assert_eq!(kept, succeeds(&["schema", "--tables"]), "run `make schema`");
}

#[test]
fn the_examples_of_the_guide_to_matching_are_models() {
    let guide = fs::read_to_string(root().join("docs/matching.md")).expect("the guide");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("people.csv"), "id,name,phone\n1,山田 太郎,090-1111-2222\n").expect("written");
    let sources = "sources:\n  - { name: people, channel: shop, holds: people, files: people.csv, format: csv, record_id: id, columns: { name: name, phone: phone } }";
    fs::write(folder.path().join("pipeline.yaml"), format!("name: test\ninput: .\nlake: lake\n{sources}\n"))
        .expect("written");
    let mut tried = 0;
    for block in guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        let inside = |indent: &str| block.lines().map(|line| format!("{indent}{line}\n")).collect::<String>();
        let label = "label: { ja: x, en: x }";
        let (rules, levels) = match block.contains("keys:") {
            true => (inside("  "), format!("      - {{ name: same, {label}, same: [phone] }}\n")),
            false => ("  - { name: phone, keys: [phone] }\n".to_string(), inside("      ")),
        };
        let model = format!(
            "blocking:\n{rules}comparisons:\n  - name: x\n    {label}\n    levels:\n{levels}      - {{ name: different, {label} }}\n"
        );
        fs::write(folder.path().join("model.yaml"), &model).expect("written");
        let said = succeeds(&["validate", &folder.path().join("pipeline.yaml").display().to_string()]);
        assert!(said.contains("is good"), "{model}\n{said}");
        tried += 1;
    }
    assert!(tried >= 2, "{tried} examples");
}
