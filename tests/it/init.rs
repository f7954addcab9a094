//! `nayose init`: from a folder of exports to customers. The exports are those of real systems with invented people.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{fails, root, succeeds};

/// A folder with the exports of all systems, one folder each.
fn exports() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for file in std::fs::read_dir(root().join("crates/nayose-draft/tests/data")).expect("the exports") {
        let path = file.expect("a file").path();
        let name = path.file_name().and_then(|n| n.to_str()).expect("a name").to_string();
        if let Some((system, file)) = name.split_once('_').filter(|_| path.is_file()) {
            std::fs::create_dir_all(folder.path().join("exports").join(system)).expect("made");
            std::fs::copy(&path, folder.path().join("exports").join(system).join(file)).expect("copied");
        }
    }
    folder
}

/// Drafts a pipeline; `answer` is what the owner of the files types to a question, and nothing is asked without one.
fn init(folder: &Path, answer: Option<fn(&str) -> &'static str>) -> String {
    let (exports, out) = (folder.join("exports"), folder.join("pipeline"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
    command.arg("init").arg(exports).arg("--out").arg(out).current_dir(folder);
    command.arg(if answer.is_some() { "--ask" } else { "--no-input" }).args(["--lang", "en"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let (mut typed, shown) = (child.stdin.take().expect("stdin"), child.stdout.take().expect("stdout"));
    let (mut said, mut answered) = (Vec::new(), 0);
    for byte in BufReader::new(shown).bytes() {
        said.push(byte.expect("read"));
        if said.ends_with(b"\n> ") || said.ends_with(b"] > ") {
            let question = String::from_utf8_lossy(&said[answered..]).to_string();
            let answer = answer.expect("nothing is asked")(&question);
            typed.write_all(format!("{answer}\n").as_bytes()).expect("typed");
            answered = said.len();
        }
    }
    assert!(child.wait().expect("it ends").success());
    String::from_utf8(said).expect("UTF-8")
}

/// Pairs of records of one person by the truth: found, wrong, missing.
fn pairs(lake: &Path) -> (usize, Vec<String>, Vec<String>) {
    let sql = "select channel, record_id, customer_id from id_map where valid_to is null";
    let rows = succeeds(&["sql", "--lake", &lake.display().to_string(), "--format", "csv", sql]);
    let customer: BTreeMap<(&str, &str), &str> = rows
        .lines()
        .skip(1)
        .filter_map(|row| {
            let mut cells = row.split(',');
            Some(((cells.next()?, cells.next()?), cells.next()?))
        })
        .collect();
    let truth = std::fs::read_to_string(root().join("tests/it/formats_truth.csv")).expect("the truth");
    let truth: Vec<Vec<&str>> = truth.lines().skip(1).map(|row| row.trim().split(',').collect()).collect();
    let (mut found, mut wrong, mut missing) = (0, Vec::new(), Vec::new());
    for (i, a) in truth.iter().enumerate() {
        for b in &truth[i + 1..] {
            let of = |r: &Vec<&str>| customer.get(&(r[0], r[1])).copied();
            let joined = of(a).is_some() && of(a) == of(b);
            let pair = || format!("{} {} and {} {}", a[0], a[1], b[0], b[1]);
            match (joined, a[2] == b[2]) {
                (true, true) => found += 1,
                (true, false) => wrong.push(pair()),
                (false, true) => missing.push(pair()),
                (false, false) => {}
            }
        }
    }
    (found, wrong, missing)
}

#[test]
fn exports_are_drafted_and_their_people_found() {
    let folder = exports();
    // No row is left out: the truth has members who left. Recipients are customers. The rest is as each export is documented.
    let said = init(
        folder.path(),
        Some(|question| match question {
            of_rows if of_rows.contains("are left out?") => "none",
            of_recipients if of_recipients.contains("Are recipients customers too?") => "1",
            _ => "",
        }),
    );
    assert!(said.contains("pipeline.yaml is good"), "{said}");
    let pipeline = folder.path().join("pipeline/pipeline.yaml").display().to_string();
    let lake = folder.path().join("lake");
    succeeds(&["run", &pipeline, "--lake", &lake.display().to_string()]);
    let (found, wrong, missing) = pairs(&lake);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let recall = found as f64 / (found + missing.len()) as f64;
    assert!(recall >= 0.97, "recall {recall}: {missing:#?}");
}

#[test]
fn without_answers_nothing_is_claimed() {
    let folder = exports();
    let said = init(folder.path(), None);
    assert!(said.contains("places are marked with `# ?`"), "{said}");
    let yaml = std::fs::read_to_string(folder.path().join("pipeline/pipeline.yaml")).expect("the file");
    let read: Vec<&str> = yaml.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    assert!(!read.iter().any(|line| line.contains("granted:") || line.contains("skip_where:")), "{yaml}");
    // No value of a person is printed or written.
    for value in ["山田", "佐々木", "サトウ", "@g-mail.test", "0805550", "1985-03"] {
        assert!(!yaml.contains(value) && !said.contains(value), "{value}");
    }
    let pipeline = folder.path().join("pipeline/pipeline.yaml").display().to_string();
    succeeds(&["run", &pipeline, "--lake", &folder.path().join("lake").display().to_string()]);
}

#[test]
fn what_is_there_is_not_written_over() {
    let folder = exports();
    init(folder.path(), None);
    let (exports, out) = (folder.path().join("exports"), folder.path().join("pipeline"));
    let [exports, out] = [exports, out].map(|path| path.display().to_string());
    let said = fails(2, &["init", &exports, "--out", &out, "--no-input"]);
    assert!(said.contains("is there already") && said.contains("--force"), "{said}");
    succeeds(&["init", &exports, "--out", &out, "--no-input", "--force"]);
    assert!(fails(2, &["init", "/nowhere/at/all", "--no-input"]).contains("is not there"));
}

#[test]
fn the_sample_is_drafted_as_well_as_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |below: &str| folder.path().join(below).display().to_string();
    succeeds(&["generate", "--people", "400", "--seed", "11", "--out", &path("exports")]);
    let said = init(folder.path(), None);
    assert!(said.contains("pipeline.yaml is good"), "{said}");
    succeeds(&["run", &path("pipeline/pipeline.yaml"), "--lake", &path("drafted")]);
    succeeds(&["run", "pipelines/retail/pipeline.yaml", "--input", &path("exports"), "--lake", &path("by_hand")]);
    let f1 = |lake: &str| -> f64 {
        let text =
            succeeds(&["evaluate", "--lake", &path(lake), "--truth", &path("exports/truth.csv"), "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        json["pairwise"]["f1"].as_f64().expect("a number")
    };
    let (drafted, by_hand) = (f1("drafted"), f1("by_hand"));
    assert!(drafted > by_hand - 0.01, "drafted {drafted}, by hand {by_hand}");
}

/// A contract is a row with its start and, once it ended, its end: `init` drafts two events of it, and an end that appears is one.
#[test]
fn contracts_with_start_and_end_in_a_row_are_drafted_and_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |below: &str| folder.path().join(below).display().to_string();
    std::fs::create_dir_all(path("exports/shop")).expect("made");
    let write = |name: &str, text: &str| std::fs::write(path(&format!("exports/shop/{name}")), text).expect("written");
    write(
        "会員.csv",
        "会員番号,氏名,電話番号,メールアドレス\n\
        M1,田村 直樹,090-5550-7711,naoki.tamura.k31@n-mail.test\n\
        M2,岡本 千尋,080-5550-7722,chihiro_okm7@i-mail.test\n\
        M3,小川 誠,070-5550-7733,ogawa.m.2212@y-mail.test\n",
    );
    write(
        "注文.csv",
        "注文番号,会員番号,注文日時,合計金額\nO1,M1,2026-01-05 10:00:00,1200\nO2,M2,2026-02-05 10:00:00,800\n",
    );
    let contracts = |end_of_k3: &str| {
        let text = format!(
            "契約番号,会員番号,契約開始日,解約日,月額\n\
            K1,M1,2026-01-10,,1000\nK2,M2,2026-01-20,2026-03-15,500\nK3,M3,2026-02-01,{end_of_k3},300\n"
        );
        write("契約.csv", &text);
    };
    contracts("");
    let said = init(folder.path(), Some(|_| ""));
    assert!(said.contains("pipeline.yaml is good"), "{said}");
    let (pipeline, lake) = (path("pipeline/pipeline.yaml"), path("lake"));
    let run = || succeeds(&["run", &pipeline, "--lake", &lake, "--as-of", "2026-05-31"]);
    let sql = |query: &str| succeeds(&["sql", "--lake", &lake, "--format", "csv", query]).replace('\r', "");
    let happened = "select account_id, category, cast(occurred_at at time zone 'Asia/Tokyo' as date) as day, amount \
        from interaction where event_type = 'contract' order by account_id, category desc";
    let churn = "select month, contracts, started, ended, fee_before, fee_ended from contract_churn where company = 'all' order by month";
    run();
    insta::assert_snapshot!("contracts", format!("{}\n{}", sql(happened), sql(churn)));
    contracts("2026-04-20");
    run();
    insta::assert_snapshot!("contracts_of_the_next_delivery", format!("{}\n{}", sql(happened), sql(churn)));
}
