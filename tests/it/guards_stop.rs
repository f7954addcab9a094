//! Guards over customers, sources and empty files: each stops a run, says why, and lets in by its name or by another limit.

use std::fs;

use crate::s3::copy;
use crate::support::shop::{BIRTH, KANA, MAIL, NAME, PHONE, SEX, UPDATED, first_load, put};
use crate::support::{Retailer, fails, nayose, own_pipeline, strs, succeeds};

/// People of whom rows are made up: more than the twenty below which a share says nothing, and more than 0.02 of the customers.
const PLANTED: usize = 30;

fn args(retailer: &Retailer, pipeline: &str, lake: &str, more: &[&str]) -> Vec<String> {
    let (input, lake) = (retailer.text("input"), retailer.text(lake));
    let args = ["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json"];
    args.iter().chain(more).map(|text| text.to_string()).collect()
}

/// Runs, which has to succeed; answers what it warned of.
fn warned(retailer: &Retailer, pipeline: &str, lake: &str, more: &[&str]) -> String {
    let output = nayose(&strs(&args(retailer, pipeline, lake, more)));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn guards(retailer: &Retailer, line: &str) -> String {
    own_pipeline(retailer, |text| text.push_str(&format!("\nguards: {{ {line} }}\n")), |_| ())
}

#[test]
fn customers_beyond_the_usual_stop_a_run_until_they_are_let_in() {
    let retailer = Retailer::new(500, 34);
    let (header, rows) = first_load(&retailer);
    assert!(rows.len() >= 2 * PLANTED, "{} rows with all cells", rows.len());
    // Numbers whose digits are nobody else's: they are evidence too.
    let numbered = |first: usize, row: &dyn Fn(usize) -> Vec<String>| -> Vec<Vec<String>> {
        let numbered = |n: usize| [vec![format!("Z{:08}", first + n)], row(n)[1..].to_vec()].concat();
        (0..PLANTED).map(numbered).collect()
    };
    // Somebody of a usual name of whom nobody else knows phone, mail and birth date.
    let stranger = |n: usize, phone: &str, year: &str| {
        let mut row = vec![String::new(); 16];
        (row[NAME], row[KANA]) = (rows[PLANTED + n][NAME].clone(), rows[PLANTED + n][KANA].clone());
        (row[PHONE], row[MAIL]) = (format!("{phone}-{n:04}"), format!("{year}{n}@example.ne.jp"));
        (row[BIRTH], row[10], row[11]) =
            (format!("{year}/02/{:02}", n % 28 + 1), "2025/09/01".into(), "2025/09/01".into());
        row
    };
    let again = numbered(1000, &|n| {
        let mut row = rows[PLANTED + n].clone();
        [NAME, KANA, PHONE, MAIL, SEX, BIRTH].iter().for_each(|cell| row[*cell].clone_from(&rows[n][*cell]));
        row
    });
    let name_alone = numbered(2000, &|n| {
        let mut row = stranger(n, "070-7711", "");
        (row[NAME], row[KANA]) = (rows[n][NAME].clone(), rows[n][KANA].clone());
        (row[MAIL], row[BIRTH]) = (String::new(), String::new());
        row
    });
    let nobody_else = numbered(3000, &|n| stranger(n, "070-7722", "1951"));
    let (file_z, file_y, file_x) = ("customers_20250930z.csv", "customers_20250930y.csv", "customers_20250930x.csv");
    let as_before = || {
        put(&retailer, file_z, &header, &again);
        put(&retailer, file_y, &header, &name_alone);
        put(&retailer, file_x, &header, &nobody_else);
    };
    as_before();
    let usual = own_pipeline(&retailer, |_| (), |_| ());
    succeeds(&strs(&args(&retailer, &usual, "lake", &[])));
    let check = |guard: &str, done: &str, change: &dyn Fn()| {
        as_before();
        change();
        let (lake, other) = (format!("lake of {guard}"), format!("lake of {guard} by limit"));
        copy(&retailer.path("lake"), &retailer.path(&lake));
        // Whoever lets in a source has not let in what it does to the customers.
        let source = ["--admit", "shop_customers"];
        let usual = own_pipeline(&retailer, |_| (), |_| ());
        let said = fails(1, &strs(&args(&retailer, &usual, &lake, &source)));
        let (stops, hint) = said.split_once("hint: ").unwrap_or((&said, ""));
        let parts = [
            format!("the guard {guard} stops the run before it publishes: "),
            format!("customers would be {done}, more than guards.{guard} = 0.02 of them"),
        ];
        assert!(parts.iter().all(|part| stops.contains(part)), "{guard}: {said}");
        assert!(hint.contains(&format!("run the same command with --admit {guard}: ")), "{guard}: {said}");
        assert_eq!(retailer.runs_of(&lake), "1", "nothing came out");
        copy(&retailer.path(&lake), &retailer.path(&other));
        let said = warned(&retailer, &usual, &lake, &[&source[..], &["--admit", guard]].concat());
        assert!(said.contains(&format!("let in by --admit {guard}: ")), "{guard}: {said}");
        let limit = guards(&retailer, &format!("{guard}: 0.5"));
        let said = warned(&retailer, &limit, &other, &source);
        assert!(!said.contains(&format!("let in by --admit {guard}")), "{guard}: {said}");
        for lake in [&lake, &other] {
            assert_eq!(retailer.runs_of(lake), "2", "{guard}");
            let moved = format!("select count(*) >= 20 as moved from id_event where event = '{guard}'");
            assert_eq!(retailer.sql(lake, &moved), "moved\ntrue\n", "{guard}");
        }
    };
    let all_of_another = numbered(2000, &|n| rows[n].clone());
    check("merged", "merged", &|| put(&retailer, file_y, &header, &all_of_another));
    let of_their_own = numbered(1000, &|n| stranger(n, "070-7733", "1962"));
    check("split", "split off", &|| put(&retailer, file_z, &header, &of_their_own));
    check("retired", "retired", &|| fs::remove_file(retailer.path("input/shop").join(file_x)).expect("removed"));
}

#[test]
fn a_source_that_always_came_is_missed_until_it_is_let_in() {
    let retailer = Retailer::new(120, 35);
    // The newest tickets come last, and late.
    let tickets = fs::read_dir(retailer.path("input/support")).expect("tickets").flatten().map(|e| e.path()).max();
    let tickets = tickets.expect("tickets");
    fs::rename(&tickets, retailer.path("late")).expect("held back");
    let after = |days: u32| guards(&retailer, &format!("missing: {days}"));
    warned(&retailer, &after(2), "lake", &[]);
    let (header, rows) = first_load(&retailer);
    for day in 1..=2 {
        // Four known rows: too few to be yesterday's file.
        let mut rows = rows[4 * day..4 * day + 4].to_vec();
        rows.iter_mut().for_each(|row| row[UPDATED] = format!("2026/04/0{day}"));
        put(&retailer, &format!("customers_2026040{day}.csv"), &header, &rows);
        warned(&retailer, &after(2), "lake", &[]);
    }
    // A late file comes alone, and a file that is sent again: no day begins, and nobody is missed.
    fs::rename(retailer.path("late"), &tickets).expect("delivered");
    warned(&retailer, &after(2), "lake", &[]);
    let ticket = |number: u32, day: &str| {
        let id = 900_000_000 + number;
        format!(
            "\"T{id}\",\"{day} 11:00:00\",\"山田\",\"090-1234-5678\",\"\",\"\",\"問い合わせ\",\"在庫\",\"完了\"\r\n"
        )
    };
    let text = fs::read_to_string(&tickets).expect("tickets");
    fs::write(&tickets, format!("{}\r\n{}", text.trim_end(), ticket(1, "2026-02-10"))).expect("written");
    warned(&retailer, &after(2), "lake", &[]);
    // The next day begins without the shop.
    let header = text.lines().next().expect("a header");
    fs::write(tickets.with_file_name("tickets_20260403.csv"), format!("{header}\r\n{}", ticket(2, "2026-04-03")))
        .expect("written");
    copy(&retailer.path("lake"), &retailer.path("lake by limit"));
    let said = fails(1, &strs(&args(&retailer, &after(2), "lake", &[])));
    let sentence = "source \"shop_customers\" is stopped by the guard missing: it brought no file, after it brought some on 2 \
                    days in a row (guards.missing)";
    let hint =
        "hint: send what is missing and run again; where it is right, run the same command with --admit shop_customers";
    assert!(said.contains(sentence) && said.contains(hint), "{said}");
    assert_eq!(retailer.runs_of("lake"), "5", "nothing came out");
    let said = warned(&retailer, &after(2), "lake", &["--admit", "shop_customers"]);
    assert!(said.contains("let in: source \\\"shop_customers\\\": it brought no file"), "{said}");
    warned(&retailer, &after(3), "lake by limit", &[]);
    for lake in ["lake", "lake by limit"] {
        assert_eq!(retailer.runs_of(lake), "6", "{lake}");
    }
}

#[test]
fn a_file_without_rows_is_held_until_it_is_let_in() {
    let retailer = Retailer::new(200, 36);
    let usual = own_pipeline(&retailer, |_| (), |_| ());
    warned(&retailer, &usual, "lake", &[]);
    let file = "shop/orders_202604.csv";
    let bytes = fs::read(retailer.path("input/shop/orders_202603.csv")).expect("orders");
    let end = bytes.iter().position(|b| *b == b'\n').expect("a header");
    fs::write(retailer.path("input").join(file), &bytes[..=end]).expect("written");
    copy(&retailer.path("lake"), &retailer.path("lake by limit"));
    let said = fails(1, &strs(&args(&retailer, &usual, "lake", &[])));
    let parts = [
        format!(
            "{file} of source \"shop_orders\" is stopped by the guard incomplete: it has no rows; no file of its source was empty so far, and the newest "
        ),
        " as a rule (guards.incomplete)".to_string(),
        "hint: nothing was published, and the next run leaves what is held out; where it is wrong, send the right file under its \
         name, or take it away; where it is right"
            .to_string(),
        format!("--admit '{file}'"),
    ];
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    assert_eq!(retailer.runs_of("lake"), "1", "nothing came out");
    let said = warned(&retailer, &usual, "lake", &[]);
    assert!(said.contains("1 files are held") && said.contains(file), "{said}");
    assert_eq!(retailer.runs_of("lake"), "1", "there is nothing else to do");
    warned(&retailer, &usual, "lake", &["--admit", file]);
    warned(&retailer, &guards(&retailer, "incomplete: false"), "lake by limit", &[]);
    for lake in ["lake", "lake by limit"] {
        assert_eq!(retailer.runs_of(lake), "2", "{lake}");
    }
}
