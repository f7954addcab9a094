//! Bad input, one by one: a sentence that names the place, a hint, the exit code, nothing published.

use std::fs;
use std::path::Path;

use crate::support::{Retailer, as_text, fails, nayose, own_pipeline, published, succeeds};

/// Breaks the input of a small retailer that was published before; the run has to fail with `code` and say `says`.
fn check(break_it: impl FnOnce(&Retailer), code: i32, says: &[&str]) {
    let retailer = Retailer::new(60, 21);
    retailer.runs("lake", &[]);
    let before = published(&retailer.path("lake"));
    break_it(&retailer);
    let args = retailer.run("lake", &["--full"]);
    let stderr = fails(code, &args.iter().map(String::as_str).collect::<Vec<_>>());
    for part in says.iter().chain(&["error: ", "hint: "]) {
        assert!(stderr.contains(part), "{part:?} is not in:\n{stderr}");
    }
    let after = published(&retailer.path("lake"));
    for (file, digest) in &before {
        assert_eq!(after.get(file), Some(digest), "{file} is as it was");
    }
    let runs = retailer.sql("lake", "select count(*) as n from run");
    assert_eq!(runs, "n\n1\n", "nothing more was published");
}

fn first(folder: &Path, starts: &str) -> std::path::PathBuf {
    let mut all: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(starts)))
        .collect();
    all.sort();
    all.remove(0)
}

#[test]
fn a_missing_file() {
    check(
        |r| fs::remove_file(r.path("input/pointcard/members.parquet")).expect("removed"),
        2,
        &["card_members", "members.parquet"],
    );
}

#[test]
fn an_empty_file() {
    check(
        |r| fs::write(first(&r.path("input/shop"), "customers_"), "").expect("written"),
        1,
        &["is empty", "customers_"],
    );
}

#[test]
fn a_header_only() {
    check(
        |r| {
            for entry in fs::read_dir(r.path("input/support")).expect("tickets").flatten() {
                let text = fs::read_to_string(entry.path()).expect("text");
                fs::write(entry.path(), text.lines().next().expect("a header").to_string() + "\r\n").expect("written");
            }
        },
        1,
        &["support_people", "no rows", "may_be_empty"],
    );
}

#[test]
fn an_unknown_column() {
    check(
        |r| {
            let file = first(&r.path("input/support"), "tickets_");
            let text = fs::read_to_string(&file).expect("text");
            fs::write(&file, text.replacen("お名前", "氏名", 1)).expect("written");
        },
        1,
        &["お名前", "tickets_"],
    );
}

#[test]
fn a_wrong_encoding() {
    check(
        |r| {
            let file = first(&r.path("input/shop"), "customers_");
            let text = encoding_rs::SHIFT_JIS.decode(&fs::read(&file).expect("bytes")).0.to_string();
            fs::write(&file, text).expect("written");
        },
        1,
        &["customers_", "utf-8"],
    );
}

#[test]
fn a_truncated_gzip() {
    check(
        |r| {
            let file = first(&r.path("input/app"), "users_");
            let bytes = fs::read(&file).expect("bytes");
            fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
        },
        1,
        &["users_"],
    );
}

#[test]
fn a_truncated_parquet() {
    check(
        |r| {
            let file = r.path("input/pointcard/members.parquet");
            let bytes = fs::read(&file).expect("bytes");
            fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
        },
        1,
        &["members.parquet"],
    );
}

#[test]
fn too_many_rejects() {
    check(
        |r| {
            let file = first(&r.path("input/support"), "tickets_");
            let mut text = fs::read_to_string(&file).expect("text");
            for _ in 0..200 {
                text.push_str("a,b\r\n");
            }
            fs::write(&file, text).expect("written");
        },
        1,
        &["cannot be read", "guards.rejects", "tickets_", "--admit"],
    );
}

#[test]
fn conflicting_versions_are_rejected_and_kept() {
    let retailer = Retailer::new(60, 22);
    let file = first(&retailer.path("input/shop"), "customers_");
    let bytes = fs::read(&file).expect("bytes");
    let text = encoding_rs::SHIFT_JIS.decode(&bytes).0.to_string();
    let row = text.lines().nth(1).expect("a row").to_string();
    // The same customer at the same time in the same file, with another postal code.
    let mut fields: Vec<&str> = row.split(',').collect();
    fields[3] = "\"1000001\"";
    let changed = format!("{text}{}\r\n", fields.join(","));
    fs::write(&file, encoding_rs::SHIFT_JIS.encode(&changed).0).expect("written");
    retailer.runs("lake", &[]);
    let found = retailer.sql("lake", "select count(*) as n from reject where reason = 'conflicting_values'");
    assert_eq!(found, "n\n1\n");
}

#[test]
fn what_was_typed_and_cannot_be_meant_is_told() {
    let retailer = Retailer::new(150, 5);
    let pipeline = own_pipeline(&retailer, |text| *text += "\ndecisions: decisions.csv\n", |_| ());
    let decisions = retailer.path("pipeline/decisions.csv");
    fs::write(&decisions, "left,right,decision,by,at,why,expires\n").expect("written");
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    succeeds(&["run", &pipeline, "--input", &input, "--lake", &lake]);
    let ids = retailer.sql("lake", "select customer_id from golden_customer order by 1 limit 2");
    let ids: Vec<&str> = ids.lines().skip(1).collect();
    let decide = ["decide", "different", ids[0], ids[1], "--by", "k", "--why", "asked", "--pipeline", &pipeline];
    let decide = [&decide[..], &["--lake", &lake]].concat();
    for (expires, said) in [("2020-01-01", "is in the past"), ("soon", "is no date")] {
        let told = fails(2, &[&decide[..], &["--expires", expires]].concat());
        assert!(told.contains(said) && told.contains("hint: "), "{told}");
    }
    succeeds(&decide);
    assert!(succeeds(&decide).contains("line 2 by k decides that already"));
    assert_eq!(fs::read_to_string(&decisions).expect("the file").lines().count(), 2);

    let truth = retailer.path("truth.csv");
    fs::write(&truth, "channel,source_record_id,person_id\nmoon,C1,P1\n").expect("written");
    for (truth, said) in [(input.as_str(), "is a folder"), (&truth.display().to_string(), "names no record of")] {
        let told = fails(2, &["evaluate", "--lake", &lake, "--truth", truth]);
        assert!(told.contains(said) && told.contains("hint: "), "{told}");
    }
    assert!(fails(2, &["sql", "--lake", &lake, "--threads", "0", "select 1"]).contains("write 1 or more"));
}

#[test]
fn an_unwritable_lake() {
    let retailer = Retailer::new(60, 23);
    fs::write(retailer.path("file"), "no folder").expect("written");
    let args = retailer.run("file/lake", &[]);
    let stderr = fails(3, &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(stderr.contains("hint: ") && stderr.contains("file/lake"), "{stderr}");
}

#[test]
fn a_full_disk() {
    // A tiny file system of its own needs root; without it the test says so and passes.
    let folder = tempfile::tempdir().expect("a folder");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=300k", "tmpfs"])
        .arg(folder.path())
        .output()
        .is_ok_and(|o| o.status.success());
    if !mounted {
        return;
    }
    let retailer = Retailer::new(120, 24);
    let lake = folder.path().join("lake").display().to_string();
    let input = retailer.text("input");
    let output =
        nayose(&["run", "pipelines/retail/pipeline.yaml", "--input", &input, "--lake", &lake, "--log", "json"]);
    let _ = std::process::Command::new("umount").arg("-l").arg(folder.path()).status();
    let stderr = as_text(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("hint: ") && stderr.contains("lake"), "{stderr}");
}

#[test]
fn questions_with_a_slip() {
    let retailer = Retailer::new(60, 25);
    let lake = retailer.text("lake");
    let stderr = fails(2, &["sql", "--lake", &lake, "select 1"]);
    assert!(stderr.contains("nothing is published"), "{stderr}");
    retailer.runs("lake", &[]);
    let stderr = fails(2, &["sql", "--lake", &lake, "select custmer_id from golden_customer"]);
    assert!(stderr.contains("custmer_id") && stderr.contains("hint: "), "{stderr}");
    let stderr = fails(2, &["sql", "--lake", &lake, "select 1 from golden_custmer"]);
    assert!(stderr.contains("no table \"golden_custmer\"; did you mean \"golden_customer\"?"), "{stderr}");
    let stderr = fails(2, &["sql", "--lake", &lake, "drop table golden_customer"]);
    assert!(stderr.contains("hint: "), "{stderr}");
    let stderr = fails(2, &["export", "golden_custmer", "--lake", &lake, "--to", &retailer.text("x.parquet")]);
    assert!(stderr.contains("did you mean \"golden_customer\""), "{stderr}");
    let stderr = fails(2, &["explain", "C-0000-0000-0000-1", "--lake", &lake]);
    assert!(stderr.contains("check character"), "{stderr}");
    let stderr = fails(2, &["explain", "shp:1", "shop:2", "--lake", &lake]);
    assert!(stderr.contains("channels: "), "{stderr}");
}

#[test]
fn every_output_format_can_be_read() {
    let retailer = Retailer::new(60, 26);
    retailer.runs("lake", &[]);
    let lake = retailer.text("lake");
    for format in ["table", "csv", "json"] {
        let text = succeeds(&[
            "sql",
            "--lake",
            &lake,
            "--format",
            format,
            "select customer_id, phones from golden_customer limit 3",
        ]);
        assert!(text.contains("C-"), "{format}: {text}");
    }
    for (format, magic) in [("parquet", "PAR1"), ("arrow", "ARROW1")] {
        let output = nayose(&["sql", "--lake", &lake, "--format", format, "select * from golden_customer"]);
        assert!(output.stdout.starts_with(magic.as_bytes()), "{format}");
    }
    for format in ["parquet", "arrow", "csv"] {
        let file = retailer.text(&format!("out.{format}"));
        let said = succeeds(&["export", "golden_customer", "--lake", &lake, "--format", format, "--to", &file]);
        assert!(said.contains("rows of golden_customer"), "{said}");
        assert!(fs::metadata(&file).expect("written").len() > 0);
    }
}

#[test]
fn a_mistake_on_the_command_line_ends_with_a_hint() {
    let mut wrong = Vec::new();
    for (args, says) in [
        (
            &["validat", "x.yaml"][..],
            &["unrecognized subcommand 'validat'", "'validate'", "hint: did you mean \"validate\"?"][..],
        ),
        (
            &["evaluate", "--thruth", "x.csv"],
            &["'--truth'", "hint: did you mean \"--truth\"? `nayose evaluate --help`"],
        ),
        (&["evaluate", "--format", "xml"], &["possible values: text, json", "hint: `nayose evaluate --help`"]),
        (&["evaluate", "--format", "jsn"], &["hint: did you mean \"json\"?"]),
        (&["run"], &["required arguments", "hint: `nayose run --help` shows what can be typed"]),
        (&["run", "x.yaml", "--memory", "8 Gigs"], &["invalid value '8 Gigs'", "hint: `nayose run --help`"]),
        (&["explain", "a", "--lang", "fr"], &["possible values: ja, en", "hint: "]),
        (&["evaluate", "--sample", "200"], &["--out", "hint: `nayose evaluate --help`"]),
        (&["--nothing"], &["unexpected argument '--nothing'", "hint: `nayose --help`"]),
    ] {
        let told = fails(2, args);
        let last = told.trim_end().lines().last().unwrap_or_default();
        if !last.starts_with("hint: ") || !says.iter().all(|part| told.contains(part)) || told.contains("For more") {
            wrong.push(format!("{args:?}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(succeeds(&["--help"]).contains("Usage: nayose"), "help goes to stdout");
}

#[test]
fn what_an_earlier_run_did_not_keep_is_told_with_what_can_be_asked() {
    let retailer = Retailer::new(60, 23);
    retailer.runs("lake", &[]);
    retailer.runs("lake", &["--full"]);
    let lake = retailer.text("lake");
    let pair = retailer
        .sql("lake", "select channel_l || ':' || record_id_l, channel_r || ':' || record_id_r from ledger limit 1");
    let (left, right) = pair.lines().nth(1).and_then(|line| line.split_once(',')).expect("a pair");
    let explained = succeeds(&["explain", left, right, "--lake", &lake, "--as-of", "1"]);
    assert_eq!(explained, succeeds(&["explain", left, right, "--lake", &lake]), "the records and the model are kept");
    let told = fails(1, &["evaluate", "--lake", &lake, "--as-of", "1"]);
    for part in ["the work of run 1 (r", "is gone", "hint: leave out --as-of to ask the newest run, 2", "--as-of 1"] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    assert!(!told.contains("--full"), "{told}");
    succeeds(&["sql", "--lake", &lake, "--as-of", "1", "select * from ledger limit 1"]);
}
