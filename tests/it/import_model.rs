//! `nayose import-model`: models that Splink saved, and a pipeline that takes them. The people of the models are invented.

use std::path::Path;

use crate::support::{fails, root, succeeds};

/// A saved model.
fn saved(name: &str) -> String {
    root().join("crates/nayose-draft/tests/data/splink").join(format!("{name}.json")).display().to_string()
}

/// The pipeline file that the head of an imported model tells, with one more line for the lake.
fn told_pipeline(model: &str) -> String {
    let head = model.lines().take_while(|line| line.starts_with('#'));
    let told: Vec<&str> = head.filter_map(|line| line.strip_prefix("#     ")).collect();
    format!("name: imported\ninput: .\nlake: lake\nmodel: model.yaml\n{}\n", told.join("\n"))
}

/// A file of people with a column for everything that the pipeline reads: two records agree in all, a third has another birth date.
fn write_people(folder: &Path, pipeline: &str) {
    let mut rows =
        "unique_id,id,first_name,surname,dob,joined,email,city,phone,postcode_fake,nickname,street\n".to_string();
    let people = [("Aoi", "Birch", 10), ("Ben", "Dune", 11), ("Aoi", "Birch", 12), ("Aoi", "Birch", 10)];
    for (i, (first, last, day)) in people.iter().enumerate() {
        let mail = format!("{first}.{last}.{day}@mail.test");
        rows += &format!("{i},{i},{first},{last},1980-01-{day},2020-02-{day},{mail},North,,AB1 2CD,{first},Elm 1\n");
    }
    assert!(pipeline.contains("files: people.csv"), "{pipeline}");
    std::fs::write(folder.join("people.csv"), rows).expect("written");
}

#[test]
fn an_imported_model_is_valid_with_the_pipeline_that_it_tells() {
    for name in ["demo", "trained", "everything_duckdb", "everything_spark", "version_3"] {
        let folder = tempfile::tempdir().expect("a folder");
        let model = folder.path().join("model.yaml").display().to_string();
        let said = succeeds(&["import-model", &saved(name), "--out", &model]);
        assert!(said.contains(&format!("wrote {model}")), "{said}");
        let text = std::fs::read_to_string(&model).expect("the model");
        let pipeline = told_pipeline(&text);
        write_people(folder.path(), &pipeline);
        let file = folder.path().join("pipeline.yaml");
        std::fs::write(&file, &pipeline).expect("written");
        let said = succeeds(&["validate", &file.display().to_string()]);
        assert!(said.contains("pipeline.yaml is good"), "{name}: {said}\n{pipeline}");
    }
}

#[test]
fn what_has_no_counterpart_is_told_and_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("model.yaml").display().to_string();
    let from = saved("everything_duckdb");
    let said = succeeds(&["import-model", &from, "--out", &model, "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let notes = said["notes"].as_array().expect("notes");
    let text = std::fs::read_to_string(&model).expect("the model");
    assert!(notes.len() > 10 && said["trained"] == false, "{said}");
    for note in notes {
        let [place, told] = ["place", "text"].map(|key| note[key].as_str().expect("a text"));
        assert!(text.contains(&format!("{place}: {told}")), "{place}: {told}\n{text}");
    }
    let shown = succeeds(&["import-model", &from, "--out", &model, "--force"]);
    assert_eq!(shown.matches("\n  left out: ").count(), notes.iter().filter(|n| n["kind"] == "left_out").count());
    assert!(shown.contains("a distance in km has no counterpart"), "{shown}");
}

#[test]
fn what_is_no_model_is_one_sentence_and_a_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |below: &str| folder.path().join(below).display().to_string();
    let out = path("model.yaml");
    for (text, expected) in [
        ("no JSON", "is no JSON (line 1"),
        ("{}", "has no list `comparisons`"),
        (r#"{"comparison_columns": []}"#, "is a model of Splink 2"),
        (r#"{"fieldDefinition": []}"#, "is a configuration of Zingg"),
        (r#"{"comparisons": [{"output_column_name": "a"}]}"#, "no comparison_levels at comparisons[0]"),
    ] {
        std::fs::write(path("settings.json"), text).expect("written");
        let said = fails(2, &["import-model", &path("settings.json"), "--out", &out]);
        assert!(said.contains(expected) && said.contains("hint: "), "{said}");
        assert!(!Path::new(&out).exists(), "{text}");
    }
    assert!(fails(2, &["import-model", &path("nowhere.json"), "--out", &out]).contains("cannot be read"));
    std::fs::write(&out, "mine").expect("written");
    let said = fails(2, &["import-model", &saved("demo"), "--out", &out]);
    assert!(said.contains("is there already") && said.contains("--force"), "{said}");
    assert_eq!(std::fs::read_to_string(&out).expect("the file"), "mine");
}

#[test]
fn a_run_takes_the_parameters_of_splink() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |below: &str| folder.path().join(below).display().to_string();
    succeeds(&["import-model", &saved("trained"), "--out", &path("model.yaml")]);
    let text = std::fs::read_to_string(path("model.yaml")).expect("the model");
    let pipeline = told_pipeline(&text);
    write_people(folder.path(), &pipeline);
    std::fs::write(path("pipeline.yaml"), &pipeline).expect("written");
    succeeds(&["run", &path("pipeline.yaml")]);
    let query = "select count(distinct customer_id) from id_map where valid_to is null";
    let customers = succeeds(&["sql", "--lake", &path("lake"), "--format", "csv", query]);
    // For these parameters another birth date is another person, and the same one the same person.
    assert_eq!(customers.lines().nth(1), Some("3"), "{customers}");
}
