//! An erasure: nobody else changes, what is left in doubt is named, time does not go back.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use crate::s3::copy;
use crate::support::{Retailer, own_pipeline, root, texts_below};

const KEY: &str = "a secret of the company";

fn with_key(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(args)
        .env("NAYOSE_ERASURE_KEY", KEY)
        .current_dir(root())
        .output()
        .expect("the binary starts")
}

/// Runs the binary with the key of the erased; answers stdout.
fn done(args: &[&str]) -> String {
    let output = with_key(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).to_string()
}

fn erase(retailer: &Retailer, pipeline: &str, lake: &str, id: &str) -> String {
    let (input, lake) = (retailer.text("input"), retailer.text(lake));
    let who = ["--by", "privacy", "--why", "asked"];
    done(&[&["erase", id, "--pipeline", pipeline, "--input", &input, "--lake", &lake][..], &who].concat())
}

/// Record → customer and household.
fn people(retailer: &Retailer, lake: &str) -> BTreeMap<String, String> {
    let query =
        "select channel || ':' || record_id, customer_id || ' ' || household_id from id_map where valid_to is null";
    let csv = retailer.sql(lake, query);
    let pair = |line: &str| line.split_once(',').map(|(record, id)| (record.to_string(), id.to_string()));
    csv.lines().skip(1).filter_map(pair).collect()
}

fn rows(retailer: &Retailer, lake: &str, query: &str) -> Vec<String> {
    retailer.sql(lake, query).lines().skip(1).map(str::to_string).collect()
}

/// Everybody but the erased is who they were.
fn check(retailer: &Retailer, lake: &str, before: &BTreeMap<String, String>, erased: &str) {
    let after = people(retailer, lake);
    let mut others = before.clone();
    others.retain(|_, ids| ids.split(' ').next() != Some(erased));
    let other: Vec<_> = others.iter().filter(|(record, ids)| after.get(*record) != Some(ids)).take(10).collect();
    assert!(other.is_empty() && after.len() == others.len(), "{erased}: {other:?}");
}

#[test]
fn an_erasure_changes_nobody_else() {
    let retailer = Retailer::new(600, 91);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    retailer.runs("lake", &["--as-of", "2026-03-31"]);
    let before = people(&retailer, "lake");
    // Customers whose records speak against links of others: those whom a record fits as well, and those in whose way a link was cut.
    let in_the_way = "
        with named as (
            select split_part(reason, ' fits ', 2) as rest, reason from ledger where reason like '% fits % as well'
            union all select split_part(reason, ' contradicts ', 2), reason from ledger where reason like '% contradicts %'
        )
        select distinct m.customer_id from id_map m join named n
            on n.rest = m.channel || ':' || m.record_id || ' as well' or n.rest = m.channel || ':' || m.record_id
        where m.valid_to is null order by 1";
    let ids = rows(&retailer, "lake", in_the_way);
    assert!(ids.len() > 2, "{ids:?}");
    let mut kept_apart = 0;
    for id in ids.iter().take(6) {
        copy(&retailer.path("lake"), &retailer.path("after"));
        erase(&retailer, &pipeline, "after", id);
        check(&retailer, "after", &before, id);
        let joined = "select count(*) from id_event e join run r on r.run_id = e.run_id
                      where r.run_number > 1 and event in ('merged', 'split', 'joined')";
        assert_eq!(rows(&retailer, "after", joined), ["0"], "{id}");
        let apart = rows(&retailer, "after", "select decision_id from decision where decided_by = 'privacy'").len();
        if apart > 0 {
            // And so they stay: what the erased spoke against is not done a run later.
            let (input, lake) = (retailer.text("input"), retailer.text("after"));
            done(&["run", &pipeline, "--input", &input, "--lake", &lake, "--full"]);
            let now = people(&retailer, "after");
            let pairs = rows(
                &retailer,
                "after",
                "select channel_l || ':' || record_id_l || ' ' || channel_r || ':' || record_id_r from decision where decided_by = 'privacy'",
            );
            for (l, r) in pairs.iter().filter_map(|pair| pair.split_once(' ')) {
                assert_ne!(now[l].split(' ').next(), now[r].split(' ').next(), "{l} {r}");
            }
            kept_apart += apart;
        }
        std::fs::remove_dir_all(retailer.path("after")).expect("removed");
    }
    println!("{} erasures, {kept_apart} pairs of others kept apart", ids.len().min(6));
}

#[test]
fn an_erasure_names_what_it_leaves_in_doubt() {
    let retailer = Retailer::new(400, 92);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    retailer.runs("lake", &[]);
    let review = rows(
        &retailer,
        "lake",
        "select m.customer_id, l.channel_r || ':' || l.record_id_r, o.customer_id from ledger l
         join id_map m on m.channel = l.channel_l and m.record_id = l.record_id_l
         join id_map o on o.channel = l.channel_r and o.record_id = l.record_id_r
         where l.decision = 'review' and m.customer_id <> o.customer_id order by l.match_weight desc, 1, 2 limit 1",
    );
    let [id, record, other]: [&str; 3] =
        review[0].split(',').collect::<Vec<_>>().try_into().expect("a person, and who may be the same");
    let told = erase(&retailer, &pipeline, "lake", id);
    assert!(told.contains("were in review with records of this person"), "{told}");
    assert!(told.contains(record) && told.contains("hint: look at each"), "{told}");
    assert!(told.contains(&format!("nayose erase {other}")), "{told}");
    let report = std::fs::read_dir(retailer.path("lake/erasures")).expect("reports").flatten().next().expect("one");
    let report = std::fs::read_to_string(report.path()).expect("readable");
    assert!(report.contains("in_doubt") && report.contains(other) && !report.contains(record), "{report}");
    // The next erasure follows on it.
    assert!(erase(&retailer, &pipeline, "lake", other).contains("is erased"));
}

#[test]
fn an_erasure_is_as_of_the_newest_run() {
    let retailer = Retailer::new(150, 93);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    retailer.runs("lake", &["--as-of", "2026-04-15"]);
    let id = &rows(&retailer, "lake", "select customer_id from golden_customer order by 1 limit 1")[0];
    erase(&retailer, &pipeline, "lake", id);
    // And so is the next run, which no time is given.
    done(&["run", &pipeline, "--input", &retailer.text("input"), "--lake", &retailer.text("lake")]);
    let times = rows(&retailer, "lake", "select distinct as_of from run");
    assert_eq!(times.len(), 1, "{times:?}");
}

#[test]
fn no_record_of_an_erased_person_is_left_in_what_is_said_of_others() {
    let retailer = Retailer::new(300, 62);
    let pipeline = own_pipeline(&retailer, |text| text.push_str("\ndecisions: decisions.csv\n"), |_| ());
    let header = "left,right,decision,by,at,why,expires\n";
    let decisions = retailer.path("pipeline/decisions.csv");
    std::fs::write(&decisions, header).expect("written");
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let run = |as_of: &str| {
        done(&["run", &pipeline, "--input", &input, "--lake", &lake, "--as-of", as_of]);
    };
    run("2026-03-28");
    let ids = "select min(channel || ':' || record_id), customer_id from id_map where channel = 'shop'
               group by 2 having count(*) = 1 order by 1 limit 2";
    let ids = rows(&retailer, "lake", ids);
    let [(a, erased), (b, other)]: [(&str, &str); 2] =
        ids.iter().filter_map(|row| row.split_once(',')).collect::<Vec<_>>().try_into().expect("two");
    // They are one for a time, and two again; then a decision keeps them apart.
    for (n, lines) in [
        format!("{a},{b},same,k,2026-03-29,x,\n"),
        format!("{a},{b},same,k,2026-03-29,x,\n{a},{b},undecided,k,2026-03-30,x,\n"),
        format!("{a},{b},same,k,2026-03-29,x,\n{a},{b},undecided,k,2026-03-30,x,\n{a},{b},different,k,2026-03-31,x,\n"),
    ]
    .into_iter()
    .enumerate()
    {
        std::fs::write(&decisions, format!("{header}{lines}")).expect("written");
        run(&format!("2026-03-{}", 29 + n));
    }
    assert_eq!(rows(&retailer, "lake", "select count(*) from decision"), ["5"]);
    erase(&retailer, &pipeline, "lake", erased);
    assert_eq!(rows(&retailer, "lake", "select count(*) from decision"), ["0"]);
    assert!(
        !rows(&retailer, "lake", &format!("select 1 from golden_customer where customer_id = '{other}'")).is_empty()
    );
    let (_, record) = a.split_once(':').expect("a record");
    let texts = texts_below(&retailer.path("lake"));
    for (path, text) in &texts {
        assert!(!text.contains(record), "{record} is in {}", path.display());
    }
    assert!(texts.len() > 20, "{}", texts.len());
    // The report says that the file of decisions still names the person: it is not nayose's to change.
    let report = std::fs::read_dir(retailer.path("lake/erasures")).expect("reports").flatten().next().expect("one");
    assert!(std::fs::read_to_string(report.path()).expect("readable").contains("\"decisions.csv\": 3"));
}

#[test]
fn what_others_sent_to_the_erased_and_what_it_was_told_is_gone_too() {
    let retailer = Retailer::new(300, 94);
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let pipeline = "pipelines/retail/pipeline.yaml";
    done(&["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json"]);
    // Of those who got a gift, first of all who was told something.
    let received = "
        select m.customer_id, min(m.record_id) as record from id_map m
        join interaction i on i.channel = 'shop' and i.recipient = m.record_id
        left join trigger_told t on t.customer_id = m.customer_id
        where m.channel = 'shop' group by m.customer_id order by count(t.event) desc, 1 limit 1";
    let found = rows(&retailer, "lake", received);
    let (id, record) = found.first().and_then(|row| row.split_once(',')).expect("somebody who got a gift");
    let left = format!(
        "select (select count(*) from trigger_told where customer_id = '{id}') + (select count(*) from interaction where recipient = '{record}') as n"
    );
    assert_ne!(rows(&retailer, "lake", &left), ["0"]);
    let others = format!("select count(*) from trigger_told where customer_id <> '{id}'");
    let told = rows(&retailer, "lake", &others);
    erase(&retailer, pipeline, "lake", id);
    assert_eq!(rows(&retailer, "lake", &left), ["0"]);
    assert!(told != ["0"] && rows(&retailer, "lake", &others) == told, "what others were told is kept");
}
