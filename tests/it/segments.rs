//! Segments and mail lists: what a file may say, what a run makes of it, and that nobody without consent can be on a list.

use std::fs;
use std::path::Path;

use crate::support::{NO_GUARDS, Retailer, fails, root, succeeds};

/// A retailer with a copy of the whole retail pipeline, whose segments are its own.
struct Club {
    retailer: Retailer,
}

impl Club {
    fn new(people: u64, seed: u64) -> Self {
        let retailer = Retailer::new(people, seed);
        let from = root().join("pipelines/retail");
        for folder in ["marts", "crm", "checks"] {
            copy(&from.join(folder), &retailer.path("club").join(folder));
        }
        for file in ["pipeline.yaml", "model.yaml"] {
            fs::copy(from.join(file), retailer.path("club").join(file)).expect("copied");
        }
        fs::create_dir(retailer.path("club/segments")).expect("a folder");
        let club = Club { retailer };
        club.change("pipeline.yaml", |text| *text += NO_GUARDS);
        club
    }

    fn put(&self, file: &str, text: &str) {
        fs::write(self.retailer.path("club").join(file), text).expect("written");
    }

    /// A segment of its own.
    fn segment(&self, name: &str, below: &str) {
        let text = format!("title: {{ ja: 区分, en: {name} }}\n{below}");
        self.put(&format!("segments/{name}.yaml"), &text);
    }

    fn change(&self, file: &str, change: impl Fn(&mut String)) {
        let path = self.retailer.path("club").join(file);
        let mut text = fs::read_to_string(&path).expect("the file");
        change(&mut text);
        fs::write(path, text).expect("written");
    }

    fn validate(&self) -> Vec<String> {
        let file = self.retailer.text("club/pipeline.yaml");
        vec!["validate".into(), file, "--input".into(), self.retailer.text("input")]
    }

    fn run(&self, more: &[&str]) -> Vec<String> {
        let file = self.retailer.text("club/pipeline.yaml");
        let own = ["run".into(), file, "--input".into(), self.retailer.text("input")];
        let rest = ["--lake".into(), self.retailer.text("lake"), "--log".into(), "json".into()];
        own.into_iter().chain(rest).chain(more.iter().map(|m| m.to_string())).collect()
    }

    fn sql(&self, query: &str) -> String {
        self.retailer.sql("lake", query)
    }

    /// The single number that a query answers.
    fn number(&self, query: &str) -> i64 {
        self.sql(query).lines().nth(1).and_then(|line| line.parse().ok()).expect("a number")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder").flatten() {
        fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

fn words(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

const EVERYBODY: &str = "where: {}\n";

/// Customers of `mail_list` who have no consent that holds, found from the golden tables and the facts.
const WITHOUT: &str = "select count(*) as n from mail_list l
    left join consent c on c.customer_id = l.customer_id and c.purpose = l.purpose and c.contact = l.contact and c.status = 'granted'
    left join source_record r on r.channel = l.channel and r.record_id = l.record_id
    left join (select customer_id, medium, max(occurred_at) as at from interaction
        where event_type = 'message' and category in ('unsubscribed', 'blocked') and occurred_at <= (select max(as_of) from run) group by 1, 2) s
        on s.customer_id = l.customer_id and coalesce(s.medium, l.contact) = l.contact
    where c.customer_id is null or s.at >= l.granted_at or s.at is not null and l.granted_at is null
        or l.contact = 'email' and not coalesce(array_has(r.emails, l.address), false)";

#[test]
fn nobody_without_consent_is_on_a_list_and_lists_keep_their_caps() {
    let club = Club::new(400, 71);
    club.segment("all_mail", &format!("{EVERYBODY}send: {{ purpose: marketing, contact: email }}\n"));
    club.segment("all_push", &format!("{EVERYBODY}send: {{ purpose: marketing, contact: push }}\n"));
    club.segment(
        "first",
        "where: { frequency: { at_least: 2 } }\nsend: { purpose: marketing, contact: email, contact_cap: { messages: 2, days: 60 } }\n",
    );
    club.segment(
        "second",
        "where: {}
send:
  purpose: marketing
  contact: email
  contact_cap: { messages: 2, days: 60 }
  exclude: [nobody_known]
  after: [first]
  order: { by: monetary, first: lowest }
  at_most: 12
",
    );
    club.segment("nobody_known", "where: { all: [{ r: 5 }, { sex: male }, { not: { monetary: { at_least: 1 } } }] }\n");
    let (summary, lake) = (club.retailer.text("summary.json"), club.retailer.path("lake"));
    let said = succeeds(&words(&club.run(&["--as-of", "2026-03-01"])));
    // Who is in none is a line, and no error.
    assert!(said.contains("segments without members: nobody_known\n"), "{said}");
    succeeds(&words(&club.run(&["--as-of", "2026-03-31", "--summary", &summary])));
    assert_eq!(club.number(WITHOUT), 0);
    let listed = |list: &str| club.number(&format!("select count(*) as n from mail_list where list = '{list}'"));
    let held = "select count(*) as n from consent where status = 'granted' and purpose = 'marketing' and contact";
    for (list, contact) in [("all_mail", "email"), ("all_push", "push")] {
        let (on_it, granted) = (listed(list), club.number(&format!("{held} = '{contact}'")));
        assert!(on_it > 0 && on_it < granted, "{list}: {on_it} of {granted}, some of whom unsubscribed since");
    }
    // An address is where consent was given; a push has the record alone.
    assert_eq!(club.number("select count(*) as n from mail_list where (address is null) = (contact = 'email')"), 0);
    // What was sent in the window and what the first list sends are below the cap.
    let sent = "select l.customer_id from mail_list l
        left join (select customer_id, count(distinct channel || transaction_id) as n from interaction
            where event_type = 'message' and category = 'sent'
            and occurred_at > (select max(as_of) from run) - interval '60 days' and occurred_at <= (select max(as_of) from run) group by 1) s
            on s.customer_id = l.customer_id
        left join mail_list f on f.list = 'first' and f.customer_id = l.customer_id and l.list = 'second'
        where l.list in ('first', 'second') and coalesce(s.n, 0) + case when f.list is null then 0 else 1 end >= 2";
    assert_eq!(club.number(&format!("select count(*) as n from ({sent})")), 0);
    assert_eq!(club.number("select count(*) as n from segment where capped > 0 and segment in ('first', 'second')"), 2);
    // The lowest come first; who has bought nothing has no value, and comes last.
    assert_eq!(listed("second"), 12);
    let ranks = club.sql(
        "select l.rank from mail_list l join customer_profile p on p.customer_id = l.customer_id where list = 'second' order by p.monetary nulls last, l.customer_id",
    );
    assert_eq!(ranks.lines().skip(1).collect::<Vec<_>>().join(" "), "1 2 3 4 5 6 7 8 9 10 11 12");
    // The members of today, although figures of the run before were made again after them.
    assert_eq!(
        club.number("select count(*) as n from segment_member where segment = 'first'"),
        club.number("select count(*) as n from customer_profile where frequency >= 2")
    );
    assert!(club.number("select count(*) as n from restatement") >= 0);
    // Ends add up; a segment that is no list has none.
    let wrong = club.sql(
        "select segment from segment where is_mail_list and (members <> reachable + no_consent + no_address
            or reachable <> excluded + capped + over_limit + listed) or not is_mail_list and listed is not null",
    );
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(summary).expect("the summary")).expect("JSON");
    let stages = summary["stages"].as_array().expect("stages");
    let notes = &stages.iter().find(|stage| stage["stage"] == "marts").expect("the marts")["notes"]["segments"];
    assert_eq!(notes[0]["segment"], "all_mail");
    assert_eq!(notes[0]["listed"], listed("all_mail"));
    assert_eq!(notes[3], serde_json::json!({ "segment": "nobody_known", "members": 0, "listed": null }));
    // The condition stands in the table in words of both languages.
    let words_of = club.sql("select definition_ja, definition_en from segment where segment = 'first'");
    assert!(words_of.contains("購買回数（frequency）が2以上,purchases (frequency) at least 2"), "{words_of}");
    // A mart that calls everything a consent is found out, and nothing is published.
    club.change("crm/_consent.sql", |text| *text = text.replace("    s.holds\n        and ", "    s.status <> '' or "));
    let runs = club.number("select count(*) as n from run");
    let said = fails(2, &words(&club.run(&["--as-of", "2026-03-31"])));
    assert!(
        said.contains("mail lists with customers who have no consent, nothing was published: all_mail ("),
        "{said}"
    );
    assert!(said.contains("hint: the marts _consent and consented_address"), "{said}");
    assert!(!said.contains('@'), "{said}");
    assert_eq!(club.number("select count(*) as n from run"), runs);
    assert!(lake.join("tables/mail_list").is_dir());
}

#[test]
fn every_mistake_of_a_segment_is_told_with_its_place() {
    let club = Club::new(60, 72);
    club.segment("good", "where: { sex: female }\nsend: { purpose: marketing, contact: email }\n");
    club.segment("plain", "where: { sex: male }\n");
    club.segment(
        "bad",
        "where:
  frequncy: { at_least: 2 }
  is_lapsed: \"yes\"
  last_purchase_at: { at_least: 3 }
  first_purchase_at: { from: 2026-02-30 }
  decile: { between: [3, 1] }
  channels: shop
  sex: [male, 1]
  any:
    - { cpm: {} }
    - { preference: { category: '食品>', times: 0 } }
  not: {}
send:
  purpose: marketting
  contact: push
  device: pc
  exclude: [god, bad]
  after: [plain]
  order: { by: monetery }
",
    );
    let said = fails(2, &words(&club.validate()));
    for part in [
        "segments/bad.yaml:3: customer_profile has no column \"frequncy\" (did you mean \"frequency\"?)",
        "segments/bad.yaml:4: is_lapsed is true or false, and is compared with a text (write true or false",
        "segments/bad.yaml:5: last_purchase_at is a time, which has no \"at_least\" (write { within_days: 30 }",
        "segments/bad.yaml:6: \"2026-02-30\" is no day (write it like 2026-04-01)",
        "segments/bad.yaml:7: decile between 3 and 1 holds of nobody",
        "segments/bad.yaml:8: channels is a list of texts, and is compared with a text (write { contains: shop }",
        "segments/bad.yaml:9: sex is a text, and is compared with a number",
        "segments/bad.yaml:11: nothing is said of cpm",
        "segments/bad.yaml:12: \"食品>\" is no category",
        "segments/bad.yaml:12: preference asks for 0 times the share of all",
        "segments/bad.yaml:13: nothing stands below `not`",
        "segments/bad.yaml:15: no source asks for consent to \"marketting\" (did you mean \"marketing\"?)",
        "segments/bad.yaml:17: push reaches no address of the device pc (leave `device` out",
        "segments/bad.yaml:18: there is no segment \"god\" (did you mean \"good\"?)",
        "segments/bad.yaml:18: bad names itself in `exclude`",
        "segments/bad.yaml:19: plain is no mail list that could go first",
        "segments/bad.yaml:19: `after` counts messages of other lists, and there is no cap that they could reach",
        "segments/bad.yaml:20: customer_profile has no column \"monetery\" (did you mean \"monetary\"?)",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    // The shape: unknown keys and values of another type.
    club.segment(
        "bad",
        "where: { r: { at_leest: 3 } }\nsend: { purpose: marketing, contact: email, contact_cap: 3 }\nsen: 1\n",
    );
    let said = fails(2, &words(&club.validate()));
    for part in [
        "bad.yaml:2: unknown key \"at_leest\" in where.r (did you mean \"at_least\"?)",
        "bad.yaml:3: send.contact_cap is a number where a mapping is expected",
        "bad.yaml:4: unknown key \"sen\" (did you mean \"send\"?)",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    // Lists that wait for each other.
    let list = |other: &str| {
        format!(
            "{EVERYBODY}send: {{ purpose: marketing, contact: email, contact_cap: {{ messages: 1, days: 1 }}, after: [{other}] }}\n"
        )
    };
    club.segment("bad", &list("worse"));
    club.segment("worse", &list("bad"));
    let said = fails(2, &words(&club.validate()));
    assert!(said.contains("mail lists go after each other in a circle: bad after worse after bad"), "{said}");
    fs::remove_file(club.retailer.path("club/segments/worse.yaml")).expect("removed");
    // Names: of files, of segments over folders, of marts.
    club.segment("bad", EVERYBODY);
    fs::rename(club.retailer.path("club/segments/bad.yaml"), club.retailer.path("club/segments/Bad-One.yaml"))
        .expect("renamed");
    club.put("segments/good.yml", "title: { ja: 女性, en: women }\nwhere: { sex: female }\n");
    let said = fails(2, &words(&club.validate()));
    assert!(said.contains("segment \"Bad-One\" has no plain name"), "{said}");
    assert!(said.contains("segments/good.yaml and segments/good.yml have one name"), "{said}");
    fs::remove_file(club.retailer.path("club/segments/Bad-One.yaml")).expect("removed");
    fs::remove_file(club.retailer.path("club/segments/good.yml")).expect("removed");
    club.put("crm/mail_list.sql", "select 1 as n");
    let said = fails(2, &words(&club.validate()));
    assert!(said.contains("crm/mail_list.sql has the name of a table that nayose makes itself"), "{said}");
    fs::remove_file(club.retailer.path("club/crm/mail_list.sql")).expect("removed");
    // A pipeline without the mart that segments are conditions over.
    club.change("pipeline.yaml", |text| *text = text.replace("marts: [marts, crm]", "marts: marts"));
    let said = fails(2, &words(&club.validate()));
    assert!(said.contains("segments are conditions over customer_profile, and no mart is called so"), "{said}");
}

#[test]
fn segments_and_lists_that_lack_their_data_are_left_out_and_told() {
    let club = Club::new(60, 73);
    let list = |more: &str| format!("{EVERYBODY}send: {{ purpose: marketing, contact: {more} }}\n");
    club.segment("mailed", "where: { not: { opened_90: { at_least: 1 } } }\n");
    club.segment("capped", &list("email, contact_cap: { messages: 1, days: 7 }"));
    club.segment("by_letter", &list("letter"));
    club.segment("without_mailed", &list("email, exclude: [mailed]"));
    club.segment("mail", &list("email"));
    club.segment("fans", "where: { preference: { category: 食品, times: 1.2 } }\n");
    club.change("pipeline.yaml", |text| {
        for source in ["shop_messages", "app_messages", "products"] {
            let start = text.find(&format!("  - name: {source}\n")).expect("the source");
            let end = text[start + 3..].find("\n  - name: ").expect("the next one") + start + 4;
            text.replace_range(start..end, "");
        }
    });
    let said = succeeds(&words(&club.validate()));
    assert!(said.contains(", 4 segments\n"), "{said}");
    for line in [
        "segments mailed; mail lists capped, without_mailed\n",
        "segments fans\n",
        "left out, as no source maps consent.marketing.letter: mail lists by_letter\n",
    ] {
        assert!(said.lines().any(|of| of.starts_with("left out") && format!("{of}\n").ends_with(line)), "{line}{said}");
    }
}
