//! Decisions of people: where they are shown, what the lake keeps of them, what is refused.

use std::fs;
use std::process::Command;

use crate::support::{Retailer, fails, own_pipeline, root, succeeds};

const HEADER: &str = "left,right,decision,by,at,why,expires,replaces\n";

/// A lake with a file of decisions.
struct Decided {
    retailer: Retailer,
    pipeline: String,
}

impl Decided {
    fn new(people: u64, seed: u64) -> Self {
        let retailer = Retailer::new(people, seed);
        let pipeline = own_pipeline(&retailer, |text| text.push_str("\ndecisions: decisions.csv\n"), |_| ());
        let decided = Decided { retailer, pipeline };
        decided.write("");
        decided
    }

    fn write(&self, lines: &str) {
        fs::write(self.retailer.path("pipeline/decisions.csv"), format!("{HEADER}{lines}")).expect("written");
    }

    /// Runs as of a day; answers what was told on stderr.
    fn run(&self, as_of: &str) -> String {
        let (input, lake) = (self.retailer.text("input"), self.retailer.text("lake"));
        let output = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(["run", &self.pipeline, "--input", &input, "--lake", &lake, "--log", "json", "--as-of", as_of])
            .current_dir(root())
            .output()
            .expect("the binary starts");
        let told = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(output.status.success(), "{told}");
        told
    }

    fn sql(&self, query: &str) -> Vec<String> {
        self.retailer.sql("lake", query).lines().skip(1).map(str::to_string).collect()
    }

    fn ask(&self, what: &[&str]) -> String {
        succeeds(&[what, &["--lake", &self.retailer.text("lake"), "--lang", "en"]].concat())
    }

    /// Two customers of one record each that have nothing in common: their records and their ids.
    fn strangers(&self) -> [(String, String); 2] {
        let rows = self.sql(
            "select m.channel || ':' || m.record_id, m.customer_id from id_map m join golden_customer g
             on g.customer_id = m.customer_id where g.records = 1 and m.channel = 'shop' order by 1",
        );
        let pair = |row: &String| row.split_once(',').map(|(r, c)| (r.to_string(), c.to_string())).expect("two");
        [pair(&rows[0]), pair(&rows[rows.len() / 2])]
    }
}

#[test]
fn a_decision_is_shown_wherever_its_result_is_shown() {
    let lake = Decided::new(200, 81);
    lake.run("2026-03-31");
    let [(l, a), (r, b)] = lake.strangers();
    lake.write(&format!("{l},{r},same,k.tanaka,2026-04-01,said so on the phone,2026-05-01,\n"));
    lake.run("2026-04-02");
    let kept = &lake.sql(&format!(
        "select distinct customer_id from id_map where customer_id in ('{a}', '{b}') and valid_to is null"
    ))[0];
    let reason = "same: decided by k.tanaka at 2026-04-01";
    let explained = lake.ask(&["explain", kept]);
    for said in ["What a person decided", reason, "said so on the phone", "probability by the evidence"] {
        assert!(explained.contains(said), "{said}: {explained}");
    }
    assert!(lake.ask(&["explain", &l, &r]).contains(reason));
    let ledger = lake.sql("select reason from ledger where decision = 'overridden'");
    assert!(ledger.len() == 1 && ledger[0].contains(reason), "{ledger:?}");
    let joined = lake.sql("select customer_id from golden_customer where joined_by_decision");
    assert_eq!(joined, std::slice::from_ref(kept));
    let events = "select event, reason from id_event where event in ('merged', 'split') order by 1";
    assert_eq!(lake.sql(events), ["merged,decision"]);
    let history = lake.ask(&["history", kept]);
    assert!(history.contains("(decision)") && history.contains("k.tanaka: said so on the phone"), "{history}");
    // Its time is over: the split is put down to that, and not to the model.
    lake.run("2026-06-01");
    assert_eq!(lake.sql(events), ["merged,decision", "split,decision expired"]);
    assert!(lake.sql("select customer_id from golden_customer where joined_by_decision").is_empty());
    let history = lake.ask(&["history", kept]);
    assert!(history.contains("(decision expired)") && history.contains("; expired at 2026-0"), "{history}");
    let rows = lake
        .sql("select event, decision, decided_by, why, line, values_digest is not null from decision order by event");
    let said = |event: &str| format!("{event},same,k.tanaka,said so on the phone,2,true");
    assert_eq!(rows, [said("decided"), said("expired")]);
}

#[test]
fn what_is_taken_out_of_the_file_stays_in_the_lake() {
    let lake = Decided::new(200, 82);
    lake.run("2026-03-31");
    let [(l, _), (r, _)] = lake.strangers();
    lake.write(&format!("{l},{r},same,k.tanaka,2026-04-01,phone,,\n"));
    lake.run("2026-04-01");
    lake.run("2026-04-02");
    lake.write("");
    lake.run("2026-04-03");
    let rows = "select d.event, r.run_number, d.file from decision d join run r on r.run_id = d.run_id order by 2";
    assert_eq!(lake.sql(rows), ["decided,2,decisions.csv", "withdrawn,4,decisions.csv"]);
    let split = lake.sql("select reason from id_event where event = 'split'");
    assert_eq!(split, ["decision"]);
    assert!(lake.ask(&["history", &lake.strangers()[0].1]).contains("withdrawn from the file"));
}

#[test]
fn the_opposite_of_a_decision_is_refused_unless_it_names_it() {
    let lake = Decided::new(150, 83);
    lake.run("2026-03-31");
    let [(l, _), (r, _)] = lake.strangers();
    let place = lake.retailer.text("lake");
    let decide = |what: &'static str, more: &[&str]| {
        let who = ["--by", "k.tanaka", "--why", "asked", "--pipeline", &lake.pipeline, "--lake", &place];
        [&["decide", what, &l, &r][..], &who, more].concat().into_iter().map(String::from).collect::<Vec<_>>()
    };
    let ok = |args: Vec<String>| succeeds(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let told = ok(decide("same", &[]));
    let id = told.split(['(', ')']).find(|part| part.starts_with("D-")).expect("its name").to_string();
    let refused = fails(2, &decide("different", &[]).iter().map(String::as_str).collect::<Vec<_>>());
    // In the words of the command: the line that was typed is in no file.
    assert!(refused.contains("k.tanaka decided at ") && refused.contains("that the two are one person"), "{refused}");
    assert!(refused.contains(&format!("hint: if they are two people all the same, add --replaces {id}")), "{refused}");
    assert!(refused.contains("decisions.csv:2") && !refused.contains(":3"), "{refused}");
    ok(decide("different", &["--replaces", &id]));
    lake.run("2026-04-01");
    let rows = lake.sql("select event, decision, replaces from decision where decision = 'different'");
    assert_eq!(rows, [format!("decided,different,{id}")]);
    // Written by hand without the name, it stops a run.
    lake.write(&format!("{l},{r},same,a,2026-04-01,x,,\n{r},{l},different,b,2026-04-02,y,,\n"));
    let input = lake.retailer.text("input");
    let refused = fails(2, &["run", &lake.pipeline, "--input", &input, "--lake", &place]);
    assert!(refused.contains(":3: decides the opposite of line 2"), "{refused}");
}

#[test]
fn a_decision_on_a_record_that_is_gone_is_told() {
    let lake = Decided::new(200, 84);
    lake.run("2026-03-30");
    let [(l, _), _] = lake.strangers();
    let tickets = lake.sql("select 'support:' || record_id from source_record where channel = 'support' order by 1");
    // The newest delivery of tickets goes: its people with it.
    let file = fs::read_dir(lake.retailer.path("input/support")).expect("tickets").flatten().map(|e| e.path()).max();
    fs::rename(file.expect("a file"), lake.retailer.path("aside")).expect("moved");
    lake.run("2026-03-31");
    let left = lake.sql("select 'support:' || record_id from source_record where channel = 'support'");
    let gone = tickets.iter().find(|ticket| !left.contains(ticket)).expect("somebody is gone");
    let place = lake.retailer.text("lake");
    let who = ["--by", "k", "--why", "x", "--pipeline", &lake.pipeline, "--lake", &place];
    let refused = fails(2, &[&["decide", "same", gone, &l][..], &who].concat());
    assert!(refused.contains(&format!("the record {gone} is not in the input any more since 2026-03-")), "{refused}");
    lake.write(&format!("{gone},{l},same,k,2026-03-30,x,,\n"));
    let told = lake.run("2026-04-01");
    assert!(told.contains("1 decisions that hold name a record that is not in the input"), "{told}");
    // It can still be taken back.
    succeeds(&[&["decide", "undecided", gone, &l][..], &who].concat());
    assert!(!lake.run("2026-04-02").contains("decisions that hold"));
}

#[test]
fn a_decision_on_values_that_changed_since_is_told() {
    let lake = Decided::new(150, 85);
    lake.run("2026-03-30");
    // A record whose mail address stands in a file as it is.
    let folder = lake.retailer.path("input/shop");
    let files: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|e| e.path()).collect();
    let place = |mail: &str, bytes: &[u8]| bytes.windows(mail.len()).position(|window| window == mail.as_bytes());
    let in_files = |mail: &str| files.iter().filter(|f| place(mail, &fs::read(f).expect("readable")).is_some()).count();
    let mails = "select 'shop:' || record_id, emails[1] from source_record where channel = 'shop'
                 and cardinality(emails) = 1 order by 1";
    let mails = lake.sql(mails);
    let mut known = mails.iter().filter_map(|row| row.split_once(',')).filter(|(_, mail)| in_files(mail) > 0);
    let ((l, mail), (r, _)) = (known.next().expect("one"), known.next().expect("another"));
    lake.write(&format!("{l},{r},different,k,2026-03-30,two people,,\n"));
    assert!(!lake.run("2026-03-31").contains("values that are other ones"));
    for file in &files {
        let mut bytes = fs::read(file).expect("readable");
        while let Some(at) = place(mail, &bytes) {
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
        }
        fs::write(file, bytes).expect("written");
    }
    let told = lake.run("2026-04-01");
    assert!(told.contains("1 decisions that hold were made on values that are other ones now"), "{told}");
}
