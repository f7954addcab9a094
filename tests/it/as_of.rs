//! Runs as of a time: what a scheduler asks for, day by day and again.

use std::fs;

use crate::support::{Retailer, fails, nayose, published, succeeds};

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
    retailer.runs("that_day", &["--as-of", "2026-03-31"]);
    fs::rename(retailer.path("later"), retailer.path("input/support/dt=2026-03-31")).expect("moved");
    retailer.runs("again", &["--as-of", "2026-03-31"]);
    assert_eq!(published(&retailer.path("again")), published(&retailer.path("that_day")));
    retailer.runs("next_day", &["--as-of", "2026-04-01"]);
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
fn an_older_state_is_not_published_over_a_newer_one() {
    let retailer = Retailer::new(100, 22);
    retailer.runs("lake", &["--as-of", "2026-03-31"]);
    let newer = published(&retailer.path("lake"));
    let older = retailer.run("lake", &["--as-of", "2026-03-01", "--skip-code"]);
    let skipped = nayose(&older.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(skipped.status.code(), Some(99));
    let said = retailer.runs("lake", &["--as-of", "2026-03-01"]);
    assert!(said.contains("as of 2026-03-30T15:00:00Z is published") && said.contains("--full"), "{said}");
    assert_eq!(published(&retailer.path("lake")), newer);
    retailer.runs("lake", &["--as-of", "2026-03-01", "--full"]);
    assert_ne!(published(&retailer.path("lake")), newer, "whoever insists gets it");
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
