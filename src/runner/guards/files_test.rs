//! Good files and wrong ones, as figures.

use std::collections::BTreeMap;

use super::*;
use crate::lake::figures::Kinds;

fn kinds(all: &[(&str, &[(&str, u64)])]) -> Kinds {
    let of = |kinds: &[(&str, u64)]| kinds.iter().map(|(kind, n)| (kind.to_string(), *n)).collect();
    all.iter().map(|(attribute, kinds)| (attribute.to_string(), of(kinds))).collect()
}

/// A shop's source: a full load of 2,000 and some days of 20 to 25.
fn shop() -> SourceFigures {
    SourceFigures {
        kinds: kinds(&[
            ("record_id", &[("letters and digits", 2200)]),
            ("name", &[("kanji", 2100), ("kana", 60), ("!no_name", 40)]),
            ("kana", &[("kana", 1500)]),
            ("phone", &[("ok", 1900), ("!unusable", 60), ("!leading_zero_lost", 10)]),
            ("birth_date", &[("ok", 1800), ("made up", 20)]),
            ("address", &[("ok", 2000), ("!unusable", 10)]),
        ]),
        records: 200,
        known: 160,
        changed: BTreeMap::from([("address".into(), 60), ("phone".into(), 50), ("name".into(), 1)]),
        in_both: BTreeMap::from([("address".into(), 160), ("phone".into(), 150), ("name".into(), 160)]),
        orphans: vec![0.0, 0.0, 0.4, 0.01],
        days_off: vec![0, 0, 3],
        files: 10,
        deliveries: 9,
        ..SourceFigures::default()
    }
}

/// A usual day of 100 records.
fn day() -> NewFile {
    NewFile {
        source: "shop".into(),
        file: "day.csv".into(),
        rows: 100,
        records: 100,
        known: 80,
        comparable: 70,
        kinds: kinds(&[
            ("record_id", &[("letters and digits", 100)]),
            ("name", &[("kanji", 97), ("kana", 2), ("!no_name", 1)]),
            ("kana", &[("kana", 70)]),
            ("phone", &[("ok", 88), ("!unusable", 2)]),
            ("birth_date", &[("ok", 80)]),
            ("address", &[("ok", 90)]),
        ]),
        changed: BTreeMap::from([("address".into(), 30), ("phone".into(), 25)]),
        in_both: ["name", "birth_date", "sex", "phone", "email", "address"].map(|of| (of.to_string(), 80)).into(),
        facts: 100,
        times: Some((100, 10 * DAY)),
        ..NewFile::default()
    }
}

fn rows() -> Vec<u64> {
    vec![20_000, 95, 102, 99, 104, 98, 110, 93]
}

/// What is known of the shop: a full load, and days.
fn known(figures: &SourceFigures) -> Known<'_> {
    Known {
        source: "shop",
        figures: Some(figures),
        rows: rows(),
        first_load: 1,
        newest: Some([9 * DAY, 10 * DAY]),
        has_facts: true,
        ..Known::default()
    }
}

fn check(what: &str, change: impl Fn(&mut NewFile), expected: Option<&str>) {
    let (figures, mut file) = (shop(), day());
    change(&mut file);
    let found = finding(&file, &known(&figures), &GuardsFile::default());
    assert_eq!(found.as_ref().map(|f| f.guard), expected, "{what}: {found:?}");
}

fn set(file: &mut NewFile, attribute: &str, of: &[(&str, u64)]) {
    file.kinds.extend(kinds(&[(attribute, of)]));
}

#[test]
fn good_days_are_let_in() {
    let good = |what: &str, change: &dyn Fn(&mut NewFile)| check(what, change, None);
    good("a usual day", &|_| ());
    good("ten times as many new members, without an address", &|file| {
        (file.rows, file.records, file.known, file.comparable) = (1000, 1000, 80, 70);
        set(file, "record_id", &[("letters and digits", 1000)]);
        set(file, "name", &[("kanji", 990)]);
        set(file, "kana", &[("kana", 900)]);
        set(file, "phone", &[("ok", 990)]);
        set(file, "birth_date", &[("ok", 980)]);
        set(file, "address", &[("ok", 100)]);
    });
    good("a merger of towns", &|file| {
        (file.known, file.comparable) = (100, 90);
        file.changed.insert("address".into(), 98);
    });
    good("a few numbers given anew", &|file| file.another = 3);
    good("a day of new phones", &|file| {
        file.changed.insert("phone".into(), 60);
    });
    good("a file of corrections", &|file| {
        (file.rows, file.records, file.known, file.comparable) = (60, 60, 40, 40);
        file.changed.insert("birth_date".into(), 40);
    });
    good("the first part of the ids, by habit", &|file| file.beyond = Some((100, 0.01)));
    good("some rejects", &|file| file.rejects = 4);
    good("a quiet day", &|file| {
        (file.rows, file.records, file.known, file.comparable) = (70, 70, 50, 45);
        set(file, "record_id", &[("letters and digits", 70)]);
        set(file, "kana", &[("kana", 50)]);
    });
    good("facts of new members whose rows come later", &|file| file.orphans = 45);
    good("facts of a month ago", &|file| file.times = Some((100, -30 * DAY)));
    good("an old month that is sent again, mended", &|file| {
        (file.times, file.replaces) = (Some((100, -700 * DAY)), Some(100));
    });
    good("few facts of last year", &|file| file.times = Some((19, -365 * DAY)));
    good("mail addresses of few known records", &|file| {
        (file.in_both, file.changed) = (BTreeMap::from([("email".into(), 4)]), BTreeMap::from([("email".into(), 4)]));
    });
    good("rows that were sent again", &|file| {
        file.repeated.insert("shop".into(), 0.4);
    });
}

#[test]
fn wrong_files_are_held_with_the_reason() {
    check("rejects", |file| file.rejects = 50, Some("rejects"));
    check("empty", |file| *file = NewFile { rows: 0, ..NewFile::default() }, Some("incomplete"));
    check("cut in a row", |file| file.cut = true, Some("incomplete"));
    check("cut in a line", |file| file.open_end = true, Some("incomplete"));
    check("cut in the order of the ids", |file| file.beyond = Some((50, 0.5)), Some("incomplete"));
    check("half of the rows", |file| (file.rows, file.rejects) = (47, 0), Some("short"));
    check("half of the file that it replaces", |file| file.replaces = Some(199), Some("short"));
    check("yesterday's", |file| _ = file.repeated.insert("shop".into(), 1.0), Some("repeated"));
    check("another source's", |file| _ = file.repeated.insert("app".into(), 0.95), Some("repeated"));
    check("slipped numbers", |file| file.another = 68, Some("changed"));
    check("another shop's", |file| (file.known, file.comparable) = (0, 0), Some("changed"));
    check("exchanged columns", |file| set(file, "phone", &[("!unusable", 88), ("ok", 2)]), Some("unusable"));
    check("zeros lost", |file| set(file, "phone", &[("!leading_zero_lost", 85), ("ok", 5)]), Some("unusable"));
    check("names hidden", |file| set(file, "name", &[("!hidden", 100)]), Some("unusable"));
    check("birth dates of a test system", |file| set(file, "birth_date", &[("made up", 80)]), Some("unusable"));
    check("kana lost", |file| drop(file.kinds.remove("kana")), Some("unusable"));
    check("kana for kanji", |file| set(file, "name", &[("kana", 98), ("kanji", 2)]), Some("unusable"));
    check("other ids", |file| set(file, "record_id", &[("digits", 100)]), Some("unusable"));
    check("days for months", |file| _ = file.changed.insert("birth_date".into(), 40), Some("changed_values"));
    check(
        "mails that slipped, where three of ten have none",
        |file| {
            _ = file.in_both.insert("email".into(), 28);
            _ = file.changed.insert("email".into(), 28);
        },
        Some("changed_values"),
    );
    check("facts of another shop", |file| file.orphans = 94, Some("orphans"));
    check("facts of last year", |file| file.times = Some((100, -355 * DAY)), Some("times"));
    check("facts of next year", |file| file.times = Some((100, 375 * DAY)), Some("times"));
    check("a column that slipped", |file| _ = file.changed.insert("phone".into(), 79), Some("changed_values"));
}

#[test]
fn a_habit_is_no_slip() {
    let file = NewFile { cut: true, open_end: true, beyond: Some((50, 0.5)), ..day() };
    let habit = SourceFigures { cut: 1, open_ends: 1, partial: 1, repeated: 0.9, ..shop() };
    let repeats = NewFile { repeated: BTreeMap::from([("shop".to_string(), 1.0)]), ..file };
    let known = known(&habit);
    assert_eq!(finding(&repeats, &known, &GuardsFile::default()), None);
    // A source that sends all of its rows each time: no news is no repetition, and half of it is half.
    let other = SourceFigures { repeated: 0.0, ..habit.clone() };
    let whole = Known { figures: Some(&other), rows: vec![100, 101], copies: true, ..known.clone() };
    let same = NewFile { repeated: BTreeMap::from([("shop".to_string(), 1.0)]), ..day() };
    assert_eq!(finding(&same, &whole, &GuardsFile::default()), None);
    let half = finding(&NewFile { rows: 51, ..day() }, &whole, &GuardsFile::default());
    assert_eq!(half.map(|f| f.guard), Some("short"));
    // The whole now and then between days, after a first load and one day too.
    for rows in [vec![100, 5], vec![100, 5, 6, 5, 4, 7, 5]] {
        let days = Known { copies: false, rows, ..whole.clone() };
        assert_eq!(finding(&same, &days, &GuardsFile::default()), None);
    }
    // Days of one size are no copies, whose rows come again.
    let days = Known { copies: false, ..whole };
    assert_eq!(finding(&same, &days, &GuardsFile::default()).map(|f| f.guard), Some("repeated"));
}

#[test]
fn months_before_the_days_are_no_measure_of_days() {
    let figures = shop();
    let months = Known { rows: vec![330, 262, 400, 337, 290, 310, 350, 361], first_load: 8, ..known(&figures) };
    let judged = |known: &Known<'_>, file: &NewFile| finding(file, known, &GuardsFile::default());
    assert_eq!(judged(&months, &day()), None);
    let rows: Vec<u64> = months.rows.iter().copied().chain([8, 9, 6, 7, 9, 8, 9]).collect();
    let few = Known { rows, ..months };
    // Of eight rows a day none is a day of chance; of a hundred it is not, and the newest say how many they are.
    let empty = NewFile { rows: 0, times: None, facts: 0, ..NewFile::default() };
    assert_eq!(judged(&few, &empty), None);
    let many = Known { rows: [few.rows[..8].to_vec(), vec![120; 9]].concat(), ..few };
    let found = judged(&many, &empty).expect("a finding");
    assert!(found.reason.contains("the newest 7 have 120 as a rule"), "{}", found.reason);
    assert_eq!(judged(&Known { rows: [many.rows.clone(), vec![0, 120]].concat(), ..many }, &empty), None);
}

#[test]
fn a_full_copy_has_records_of_all_times_and_none_of_the_future() {
    let figures = SourceFigures { days_off: vec![0, 0, 0], ..shop() };
    let records = Known { has_facts: false, ..known(&figures) };
    let of = |days: i64| NewFile { times: Some((100, days * DAY)), ..day() };
    let judged = |days: i64| finding(&of(days), &records, &GuardsFile::default()).map(|f| f.guard);
    assert_eq!((judged(-400), judged(100), judged(375)), (None, None, Some("times")));
    // Days that come after months without any are new.
    let late = Known { newest: Some([0, 200 * DAY]), ..known(&figures) };
    assert_eq!(finding(&of(30), &late, &GuardsFile::default()), None);
    // Times before the year that is counted from.
    assert_eq!(days_off(&of(-2), &known(&figures)), Some(11));
}

#[test]
fn what_is_let_in_a_few_times_is_usual() {
    let known = Known { newest: Some([9 * DAY, 10 * DAY]), ..Known::default() };
    let mut figures = SourceFigures { changed: BTreeMap::from([("email".into(), 5)]), known: 50, ..shop() };
    figures.in_both.clear();
    let orphaned = NewFile { orphans: 100, ..day() };
    let held = |figures: &SourceFigures| {
        orphans(&orphaned, &Known { figures: Some(figures), ..Known::default() }, Some(0.5)).is_some()
    };
    let mut told = Vec::new();
    for _ in 0..8 {
        told.push(held(&figures));
        learn(&mut figures, &orphaned, &known, false);
    }
    assert_eq!(told, [true, true, true, true, false, false, false, false]);
    assert_eq!((figures.orphans.len(), figures.days_off.len()), (WEEK, WEEK));
    // What earlier versions counted were all known records.
    assert_eq!((figures.changed["email"], figures.in_both["email"]), (5, 50 + 8 * 80));
    learn(&mut figures, &NewFile::default(), &known, true);
    assert_eq!(figures.orphans.len(), WEEK, "a file without facts says nothing");
}

#[test]
fn a_guard_that_is_switched_off_stops_nothing() {
    let off = GuardsFile {
        rejects: None,
        incomplete: false,
        short: None,
        repeated: None,
        unusable: None,
        changed: None,
        changed_values: None,
        orphans: None,
        times: None,
        ..GuardsFile::default()
    };
    let mut file =
        NewFile { rejects: 100, cut: true, another: 70, known: 80, replaces: Some(500), orphans: 100, ..day() };
    file.times = Some((100, 500 * DAY));
    file.repeated.insert("app".into(), 1.0);
    file.changed.insert("sex".into(), 80);
    file.kinds.remove("name");
    let figures = shop();
    let known = known(&figures);
    assert!(finding(&file, &known, &GuardsFile::default()).is_some());
    assert_eq!(finding(&file, &known, &off), None);
}
