//! A lake that an earlier build wrote lives on: it is read, explained and published to.
//!
//! `tests/data/lake_28ad18b.tar.gz` was written by commit 28ad18b: `nayose generate --people 60 --seed 20261129 --out input`, then
//! `nayose run pipelines/retail/pipeline.yaml --input input --lake lake`. Its people are invented. Every later build keeps these
//! tests: new columns are nullable, and ids stay.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{root, succeeds};

struct Before {
    folder: tempfile::TempDir,
}

impl Before {
    fn unpack() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let archive = root().join("tests/data/lake_28ad18b.tar.gz");
        let done = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status().expect("tar");
        assert!(done.success());
        nayose_sample::generate(&nayose_sample::Options { people: 60, seed: 20_261_129 }, &folder.path().join("input"))
            .expect("generate");
        Before { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn text(&self, below: &str) -> String {
        self.path(below).display().to_string()
    }

    fn sql(&self, more: &[&str], query: &str) -> String {
        succeeds(&[&["sql", "--lake", &self.text("lake"), "--format", "csv"], more, &[query]].concat())
    }

    /// Record → its customer.
    fn map(&self, more: &[&str]) -> BTreeMap<String, String> {
        let query = "select channel || ':' || record_id as record, customer_id from id_map where valid_to is null";
        let csv = self.sql(more, query);
        csv.lines()
            .skip(1)
            .map(|l| l.split_once(',').map(|(r, c)| (r.into(), c.into())).expect("two columns"))
            .collect()
    }

    fn publish(&self, more: &[&str]) -> String {
        let (input, lake) = (self.text("input"), self.text("lake"));
        let run = ["run", "pipelines/retail/pipeline.yaml", "--input", &input, "--lake", &lake, "--log", "json"];
        succeeds(&[&run[..], more].concat())
    }
}

#[test]
fn a_lake_of_before_is_read_and_explained() {
    let before = Before::unpack();
    let lake = before.text("lake");
    let customer = before.sql(&[], "select customer_id from golden_customer where records > 2 order by 1 limit 1");
    let customer = customer.lines().nth(1).expect("a customer");
    let explained = succeeds(&["explain", "--lake", &lake, "--lang", "en", customer]);
    assert!(explained.contains("is one person of") && explained.contains("Why they are one person"), "{explained}");
    let pair = before.sql(&[], "select channel_l, record_id_l, channel_r, record_id_r from ledger where decision = 'matched' order by 1, 2, 3, 4 limit 1");
    let pair: Vec<&str> = pair.lines().nth(1).expect("a pair").split(',').collect();
    let [l, r] = [format!("{}:{}", pair[0], pair[1]), format!("{}:{}", pair[2], pair[3])];
    let explained = succeeds(&["explain", "--lake", &lake, "--lang", "en", &l, &r]);
    assert!(explained.contains("are one person") && explained.contains("total"), "{explained}");
    assert!(succeeds(&["history", "--lake", &lake, "--lang", "en", customer]).contains("was created"));
    // Columns that came since are null.
    let newer = "select count(*) > 0, count(status), count(discount), count(valid_until), count(bought_on), count(score) from interaction";
    assert_eq!(before.sql(&[], newer).lines().nth(1), Some("true,0,0,0,0,0"));
    let truth = before.text("input/truth.csv");
    assert!(succeeds(&["evaluate", "--lake", &lake, "--truth", &truth]).contains("pairwise"));
}

#[test]
fn a_lake_of_before_is_published_to() {
    let before = Before::unpack();
    let people = before.map(&[]);
    assert!(people.len() > 60, "{} records", people.len());
    // The same files: whatever this build does anew, who stays together keeps the id.
    before.publish(&["--full"]);
    assert_eq!(before.map(&[]), people, "ids stay");
    // A file that went, and one that came back: the lake of before is only the first of its runs.
    let file = before.path("input/support");
    std::fs::rename(&file, before.path("aside")).expect("moved");
    std::fs::create_dir_all(&file).expect("a folder");
    let tickets: Vec<_> = std::fs::read_dir(before.path("aside")).expect("a folder").flatten().collect();
    let newest = tickets.iter().map(|t| t.path()).max().expect("a file");
    for ticket in tickets.iter().filter(|t| t.path() != newest) {
        std::fs::copy(ticket.path(), file.join(ticket.file_name())).expect("copied");
    }
    if tickets.len() > 1 {
        before.publish(&[]);
        std::fs::copy(&newest, file.join(newest.file_name().expect("a name"))).expect("copied");
        before.publish(&[]);
        assert_eq!(before.map(&[]), people, "ids come back");
    }
    assert_eq!(before.map(&["--as-of", "1"]), people, "the run of before can still be read");
}
