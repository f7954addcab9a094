//! Runs as of a time: what a scheduler asks for, day by day and again.

use std::fs;

use crate::support::{NO_GUARDS, Retailer, fails, nayose, own_pipeline, published, succeeds};

/// Moves the newest file of tickets into a folder of the day on which it came.
fn tickets_come_on(retailer: &Retailer, day: &str) {
    let folder = retailer.path("input/support");
    let files = fs::read_dir(&folder).expect("tickets").flatten().map(|e| e.path());
    let newest = files.max().expect("a file");
    let place = folder.join(format!("dt={day}"));
    fs::create_dir_all(&place).expect("a folder");
    fs::rename(&newest, place.join(newest.file_name().expect("a name"))).expect("moved");
}

#[test]
fn a_run_for_a_past_day_reads_what_that_day_had() {
    let retailer = Retailer::new(100, 21);
    tickets_come_on(&retailer, "2026-03-31");
    // A run at midnight, when the day's files have not come yet; then one with the files there.
    fs::rename(retailer.path("input/support/dt=2026-03-31"), retailer.path("later")).expect("moved");
    retailer.runs("that_day", &["--as-of", "2026-03-30"]);
    fs::rename(retailer.path("later"), retailer.path("input/support/dt=2026-03-31")).expect("moved");
    retailer.runs("again", &["--as-of", "2026-03-30"]);
    assert_eq!(published(&retailer.path("again")), published(&retailer.path("that_day")));
    retailer.runs("next_day", &["--as-of", "2026-03-31"]);
    let records = "select count(*) from source_record where channel = 'support'";
    assert_ne!(
        retailer.sql("next_day", records),
        retailer.sql("that_day", records),
        "the file belongs to the next run"
    );
}

#[test]
fn a_day_that_is_asked_for_is_the_whole_day() {
    let retailer = Retailer::new(150, 5);
    // At noon in Japan.
    retailer.runs("lake", &["--as-of", "2026-03-31T12:00:00+09:00"]);
    let lake = retailer.text("lake");
    let asked = |as_of: &str| nayose(&["sql", "--lake", &lake, "--as-of", as_of, "select 1"]).status.code();
    assert_eq!(asked("2026-03-31"), Some(0), "who somebody was on that day");
    assert_eq!(asked("2026-03-30"), Some(2));
    assert_eq!(asked("2026-03-31T11:59:59+09:00"), Some(2), "a time is that time");
}

#[test]
fn a_run_as_of_a_date_has_the_whole_of_that_day() {
    let retailer = Retailer::new(200, 25);
    let day = retailer_day(&retailer);
    retailer.runs("lake", &["--as-of", &day]);
    let end = format!("select count(*) as n from run where as_of = timestamptz '{day} 23:59:59.999999'");
    assert_eq!(retailer.sql("lake", &end), "n\n1\n", "to the last moment, where the business is");
    let of = |table: &str| {
        let n = "select count(*) as n from {} where customer_id is not null and cast(occurred_at as date) = '{day}'";
        retailer.sql("lake", &n.replace("{}", table).replace("{day}", &day))
    };
    assert_ne!(of("interaction"), "n\n0\n");
    assert_eq!(of("contact_timeline"), of("interaction"), "what happened on that day counts");
    let said = fails(2, &retailer.run("lake", &["--as-of", "soon"]).iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.contains("\"soon\" is no time") && said.contains("hint: write 2026-03-31"), "{said}");
}

/// A day on which something happened in the evening of Japan: a day before the newest.
fn retailer_day(retailer: &Retailer) -> String {
    retailer.runs("all", &[]);
    let days = "select cast(max(cast(occurred_at as date)) as varchar) as day from interaction
                where cast(occurred_at as date) < (select max(cast(occurred_at as date)) from interaction)";
    retailer.sql("all", days).lines().nth(1).expect("a day").to_string()
}

#[test]
fn days_begin_where_the_business_is() {
    let retailer = Retailer::new(200, 26);
    let mart = "select cast(occurred_at as date) as day, date_trunc('month', occurred_at) as month, count(*) as n,
                       max(occurred_at) as newest, date_trunc('day', $as_of) as run_day
                from interaction where occurred_at is not null group by 1, 2";
    let run = |lake: &str, zone: &str| {
        let pipeline = own_pipeline(&retailer, |text| text.push_str(zone), |_| ());
        fs::write(retailer.path("pipeline/marts/by_day.sql"), mart).expect("written");
        fs::write(retailer.path("pipeline/checks/days.sql"), "select 1 from by_day where cast(newest as date) <> day")
            .expect("written");
        let (input, lake) = (retailer.text("input"), retailer.text(lake));
        succeeds(&["run", &pipeline, "--input", &input, "--lake", &lake, "--log", "json"]);
    };
    run("tokyo", "");
    run("utc", "\ntime_zone: UTC\n");
    // The day by arithmetic, nine hours ahead of UTC.
    let wrong = "select count(*) as n from interaction
                 where cast(cast(occurred_at as date) as int) <> cast(floor((date_part('epoch', occurred_at) + 32400) / 86400) as int)";
    assert_eq!(retailer.sql("tokyo", wrong), "n\n0\n", "Asia/Tokyo, where none is said");
    assert_ne!(retailer.sql("utc", wrong), "n\n0\n");
    let months = "select count(*) as n from interaction where date_trunc('month', occurred_at) <> date_trunc('month', cast(occurred_at as date))";
    assert_eq!(retailer.sql("tokyo", months), "n\n0\n");
    let days = "select cast(day as varchar) as day, sum(n) as n from by_day group by day order by day";
    let again = "select cast(cast(occurred_at as date) as varchar) as day, count(*) as n from interaction
                 where occurred_at is not null group by 1 order by 1";
    assert_eq!(retailer.sql("tokyo", days), retailer.sql("tokyo", again));
    // What is published are instants in UTC.
    let to = retailer.text("by_day.csv");
    succeeds(&["export", "by_day", "--lake", &retailer.text("tokyo"), "--to", &to]);
    let published = fs::read_to_string(&to).expect("the file");
    assert!(published.contains("T15:00:00Z") && !published.contains("+09:00"), "{published}");
    let shown = retailer.sql("tokyo", "select month, run_day from by_day");
    assert!(shown.contains("-01T00:00:00+09:00") && !shown.contains('Z'), "{shown}");
}

#[test]
fn two_runs_of_one_time_are_two_states() {
    let retailer = Retailer::new(300, 27);
    let run = |auto: &str, more: &[&str]| {
        // Nothing is held from run to run, and no guard asks whether so many splits are meant.
        let change = |text: &mut String| {
            *text = text.replace("auto: 0.8", &format!("hold: {auto}\n  auto: {auto}"));
            text.push_str(NO_GUARDS);
        };
        let pipeline = own_pipeline(&retailer, change, |_| ());
        let (input, lake) = (retailer.text("input"), retailer.text("lake"));
        let run = ["run", &pipeline, "--input", &input, "--lake", &lake, "--log", "json", "--as-of", "2026-03-31"];
        succeeds(&[&run[..], more].concat());
    };
    let map = |more: &[&str], holds: &str| {
        let query =
            format!("select channel, record_id, customer_id, household_id from id_map where {holds} order by 1, 2");
        succeeds(&[&["sql", "--lake", &retailer.text("lake"), "--format", "csv"], more, &[&query]].concat())
    };
    let steps = ["0.8", "0.9999999", "0.8"];
    let mut states = Vec::new();
    for auto in steps {
        run(auto, &[]);
        states.push(map(&[], "valid_to is null"));
    }
    assert_ne!(states[0], states[1], "a higher threshold links less");
    // Not with the whole of both in its message.
    assert!(states[0] == states[2], "and all have their ids back: of two runs of one time the first has the older ids");
    for (number, state) in (1..).zip(&states) {
        let holds = format!("valid_from_run <= {number} and (valid_to_run > {number} or valid_to_run is null)");
        assert_eq!(&map(&[], &holds), state, "run {number}, from the newest id_map");
        assert_eq!(&map(&["--as-of", &number.to_string()], "valid_to is null"), state, "run {number}, itself");
    }
    let twice = "select count(*) as n from id_map where valid_to is not null and valid_to <> valid_from";
    assert_eq!(retailer.sql("lake", twice), "n\n0\n", "of the time of the business there was but one moment");
    let why = retailer
        .sql("lake", "select distinct event, reason from id_event where event in ('split', 'merged') order by 1");
    assert_eq!(why, "event,reason\nmerged,thresholds\nsplit,thresholds\n");
    let split = retailer.sql("lake", "select counterpart from id_event where event = 'split' order by 1 limit 1");
    let id = split.lines().nth(1).expect("a customer").to_string();
    let history =
        |more: &[&str]| succeeds(&[&["history", &id, "--lake", &retailer.text("lake"), "--lang", "en"], more].concat());
    let whole = history(&[]);
    for part in ["[run 2]", "[run 3]", "(thresholds)", "[from run 1 until run 2]", "[from run 3 on]"] {
        assert!(whole.contains(part), "{part:?} is not in:\n{whole}");
    }
    let before = history(&["--as-of", "2"]);
    assert!(before.contains("[run 2]") && !before.contains("run 3"), "{before}");
    // Of a record: whose it was, run by run.
    let moved = "select channel || ':' || record_id as record, count(*) as n from id_map group by 1 having count(*) = 3
                 and count(distinct customer_id) = 2 order by 1 limit 1";
    let moved = retailer.sql("lake", moved);
    let record = moved.lines().nth(1).and_then(|line| line.split_once(',')).expect("a record that moved").0.to_string();
    let ids = retailer.sql(
        "lake",
        &format!(
            "select customer_id from id_map where channel || ':' || record_id = '{record}' order by valid_from_run"
        ),
    );
    let told = succeeds(&["history", &record, "--lake", &retailer.text("lake"), "--lang", "en"]);
    assert!(told.starts_with(&format!("The history of record {record}\n")), "{told}");
    let told: Vec<&str> =
        told.lines().skip(3).take(3).map(|line| line.split_whitespace().next().unwrap_or_default()).collect();
    assert_eq!(told, ids.lines().skip(1).collect::<Vec<_>>());
    let json = succeeds(&["history", &record, "--lake", &retailer.text("lake"), "--format", "json"]);
    assert!(json.contains("\"customers\"") && json.contains(told[0]), "{json}");
    let none = fails(2, &["history", "shop:none", "--lake", &retailer.text("lake")]);
    assert!(none.contains("there is no record shop:none"), "{none}");
}

#[test]
fn an_older_state_is_not_published_over_a_newer_one() {
    let retailer = Retailer::new(100, 22);
    retailer.runs("lake", &["--as-of", "2026-03-31"]);
    let newer = published(&retailer.path("lake"));
    let older = retailer.run("lake", &["--as-of", "2026-03-01", "--skip-code"]);
    let skipped = nayose(&older.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(skipped.status.code(), Some(99));
    let said = retailer.runs("lake", &["--as-of", "2026-03-01"]);
    assert!(said.contains("as of 2026-03-31T14:59:59.999999Z is published") && said.contains("--full"), "{said}");
    assert_eq!(published(&retailer.path("lake")), newer);
    retailer.runs("lake", &["--as-of", "2026-03-01", "--full"]);
    assert_ne!(published(&retailer.path("lake")), newer, "whoever insists gets it");
}

#[test]
fn without_a_time_a_run_does_not_go_back() {
    let retailer = Retailer::new(100, 15);
    let numbers = "select run_number, as_of = timestamptz '2027-04-13 23:59:59.999999' as of_then from run order by 1";
    retailer.runs("lake", &["--as-of", "2027-04-13"]);
    let tables = ["golden_customer", "id_map", "interaction", "rfm", "ledger"];
    let rows = || tables.map(|table| retailer.sql("lake", &format!("select count(*) from {table}")));
    let before = (rows(), retailer.sql("lake", "select sum(recency_days) from rfm"));
    // The newest time in the data is a year before that.
    retailer.runs("lake", &[]);
    assert_eq!(retailer.sql("lake", numbers), "run_number,of_then\n1,true\n2,true\n");
    assert_eq!((rows(), retailer.sql("lake", "select sum(recency_days) from rfm")), before);
    assert!(retailer.runs("lake", &[]).contains("nothing new"), "a steady state");
    // A run over everything gives the same.
    retailer.runs("lake", &["--full"]);
    assert_eq!(retailer.sql("lake", numbers), "run_number,of_then\n1,true\n2,true\n3,true\n");
    assert_eq!((rows(), retailer.sql("lake", "select sum(recency_days) from rfm")), before);
    // What changed is published, as of the same time.
    let tickets = fs::read_dir(retailer.path("input/support")).expect("tickets").flatten().map(|e| e.path());
    fs::remove_file(tickets.max().expect("a file")).expect("taken back");
    retailer.runs("lake", &[]);
    assert!(retailer.sql("lake", numbers).ends_with("4,true\n"), "{}", retailer.sql("lake", numbers));
    // Whoever insists gets the earlier time, and goes on from there.
    retailer.runs("lake", &["--as-of", "2026-03-01", "--full"]);
    retailer.runs("lake", &[]);
    assert!(retailer.sql("lake", numbers).ends_with("5,false\n6,false\n"), "{}", retailer.sql("lake", numbers));
}

#[test]
fn a_task_for_each_stage_publishes_what_one_command_does() {
    let retailer = Retailer::new(100, 23);
    retailer.runs("whole", &["--as-of", "2026-03-31"]);
    let until = |stage: &str| retailer.runs("staged", &["--as-of", "2026-03-31", "--from", stage, "--until", stage]);
    for stage in ["ingest", "normalize", "block", "score", "score", "cluster", "golden"] {
        until(stage);
        let said = fails(2, &["sql", "--lake", &retailer.text("staged"), "select 1"]);
        assert!(said.contains("nothing is published"), "after {stage}: {said}");
    }
    retailer.runs("staged", &["--as-of", "2026-03-31", "--from", "marts"]);
    assert_eq!(published(&retailer.path("staged")), published(&retailer.path("whole")));
    // The last task is repeated where the scheduler did not hear that it was done: a run more, and no event twice.
    retailer.runs("staged", &["--as-of", "2026-03-31", "--from", "marts"]);
    for table in ["golden_customer", "id_event", "rfm"] {
        let count = format!("select count(*) from {table}");
        assert_eq!(retailer.sql("staged", &count), retailer.sql("whole", &count), "{table}");
    }
    let lake = retailer.text("staged");
    let customer = retailer.sql("staged", "select min(customer_id) from golden_customer");
    succeeds(&["explain", customer.lines().nth(1).expect("a customer"), "--lake", &lake]);
}

#[test]
fn the_next_task_of_a_run_does_not_read_its_inputs_again() {
    let retailer = Retailer::new(50, 24);
    retailer.runs("lake", &["--until", "ingest"]);
    // Other bytes of the same size and time: whoever reads the file finds another run.
    let file = retailer.path("input/pointcard/transactions.parquet");
    let time = fs::metadata(&file).expect("the file").modified().expect("a time");
    let mut bytes = fs::read(&file).expect("readable");
    bytes[0] ^= 1;
    fs::write(&file, bytes).expect("written");
    fs::File::options().write(true).open(&file).expect("open").set_modified(time).expect("a time");
    let next = retailer.run("lake", &["--until", "normalize"]);
    let done = nayose(&next.iter().map(String::as_str).collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&done.stderr);
    let ingest = said.lines().find(|l| l.contains("\"stage\":\"ingest\"")).expect("a line");
    assert!(ingest.contains("\"resumed\":true"), "{said}");
}
