//! Wrong deliveries are held and told, good ones are published, and one bad day does not block the next.

use std::fs;
use std::path::Path;

use crate::support::shop::{ADDRESS, BIRTH, CONSENT, FIRST, MAIL, NAME, PHONE, UPDATED};
use crate::support::{Retailer, fails, nayose, own_pipeline, published, strs, succeeds};

/// The lines of a file of the shop, header first, as bytes: in CP932 neither a quote nor a comma is half of another character.
fn lines(retailer: &Retailer, file: &str) -> Vec<Vec<u8>> {
    let bytes = fs::read(retailer.path("input/shop").join(file)).expect("a file");
    bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

/// The fields of a line without their quotes, and a line of fields.
fn fields(line: &[u8]) -> Vec<Vec<u8>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut found = vec![Vec::new()];
    for byte in line {
        match byte {
            b',' => found.push(Vec::new()),
            b'"' => {}
            byte => found.last_mut().expect("one at least").push(*byte),
        }
    }
    found
}

fn line_of(fields: &[Vec<u8>]) -> Vec<u8> {
    let quoted: Vec<Vec<u8>> =
        fields.iter().map(|field| [b"\"".as_slice(), field.as_slice(), b"\"".as_slice()].concat()).collect();
    quoted.join(&b","[..])
}

/// The rows of a file, the header first, as fields.
type Rows = Vec<Vec<Vec<u8>>>;

/// Of the rows of the first load with no comma inside so many as a day has.
const DAY: usize = 60;

/// The header and the rows of a good day: some members have another phone.
fn day(retailer: &Retailer, number: usize) -> Rows {
    let all: Rows = lines(retailer, FIRST).iter().map(|line| fields(line)).collect();
    let width = all[0].len();
    let rows = all[1..].iter().filter(|row| row.len() == width && !row[NAME].is_empty());
    let mut day: Rows = rows.skip(number * 7).take(DAY).cloned().collect();
    assert_eq!(day.len(), DAY, "enough rows of the first load are plain");
    for (i, row) in day.iter_mut().enumerate() {
        row[PHONE] = format!("090-55{number:02}-{i:04}").into_bytes();
        row[UPDATED] = format!("2026/04/{:02}", number + 1).into_bytes();
    }
    day.insert(0, all[0].clone());
    day
}

fn path_of(number: usize) -> String {
    format!("shop/dt=2026-04-{:02}/customers_202604{:02}.csv", number + 1, number + 1)
}

/// Writes a delivery of the shop; answers its name below the input.
fn put(retailer: &Retailer, number: usize, rows: &[Vec<Vec<u8>>]) -> String {
    put_bytes(retailer, number, &bytes_of(rows))
}

fn bytes_of(rows: &[Vec<Vec<u8>>]) -> Vec<u8> {
    [rows.iter().map(|row| line_of(row)).collect::<Vec<_>>().join(&b"\r\n"[..]), b"\r\n".to_vec()].concat()
}

fn put_bytes(retailer: &Retailer, number: usize, bytes: &[u8]) -> String {
    let name = path_of(number);
    let path = retailer.path("input").join(&name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, bytes).expect("written");
    name
}

fn slipped(mut rows: Rows) -> Rows {
    for i in (2..rows.len()).rev() {
        let above = rows[i - 1].clone();
        rows[i][1..].clone_from_slice(&above[1..]);
    }
    rows
}

#[test]
fn a_slipped_delivery_is_held_and_the_next_day_is_published() {
    let retailer = Retailer::new(400, 27);
    retailer.runs("lake", &[]);
    let before = published(&retailer.path("lake"));
    let file = put(&retailer, 0, &slipped(day(&retailer, 0)));
    let said = fails(1, &strs(&retailer.run("lake", &[])));
    assert!(
        said.contains(&file) && said.contains("the guard changed") && said.contains("guards.changed = 0.05"),
        "{said}"
    );
    assert!(said.contains(&format!("--admit '{file}'")), "{said}");
    assert_eq!(
        (retailer.runs_of("lake").as_str(), published(&retailer.path("lake"))),
        ("1", before),
        "nothing came out"
    );
    // The next day comes without it.
    put(&retailer, 1, &day(&retailer, 1));
    let output = nayose(&strs(&retailer.run("lake", &[])));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 files are held") && told.contains(&file), "{told}");
    assert_eq!(retailer.runs_of("lake"), "2");
    let of_file = format!("select count(*) as n from (select unnest(inputs) as i from run) where i['file'] = '{file}'");
    assert!(retailer.sql("lake", &of_file).contains("0"), "it was not read");
    // A name that nobody knows is none.
    let said = fails(2, &strs(&retailer.run("lake", &["--admit", "nothing.csv"])));
    assert!(said.contains("no file, no source and no guard"), "{said}");
    // It is let in by name, and then every run reads it.
    let said = retailer.runs("lake", &["--admit", &file]);
    assert!(said.contains("records have a number that somebody else had before"), "{said}");
    assert_eq!(retailer.runs_of("lake"), "3");
    assert!(retailer.runs("lake", &[]).contains("nothing new"));
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).expect("copied")),
        }
    }
}

#[test]
fn wrong_files_are_held_with_the_reason() {
    // So many that the files of half a month have ten rows and more, and are never empty.
    let retailer = Retailer::new(1500, 28);
    retailer.runs("lake", &[]);
    put(&retailer, 0, &day(&retailer, 0));
    retailer.runs("lake", &[]);
    let mut wrong = Vec::new();
    let mut check_bytes = |kind: &str, said: &str, bytes: &[u8]| {
        let file = put_bytes(&retailer, 1, bytes);
        let lake = format!("lake of {kind}");
        copy(&retailer.path("lake"), &retailer.path(&lake));
        let output = nayose(&strs(&retailer.run(&lake, &[])));
        let told = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(1) || !told.contains(&file) || !told.contains(said) {
            wrong.push(format!("{kind}: {:?} {}", output.status.code(), told.lines().last().unwrap_or_default()));
        }
        fs::remove_file(retailer.path("input").join(file)).expect("removed");
    };
    // In the middle of a row that stands in the middle of the file.
    let whole = bytes_of(&day(&retailer, 1));
    check_bytes("cut", "guard incomplete", &whole[..whole.len() / 2 - 30]);
    let mut check = |kind: &str, said: &str, rows: &dyn Fn(&mut Rows)| {
        let mut delivery = day(&retailer, 1);
        rows(&mut delivery);
        check_bytes(kind, said, &bytes_of(&delivery));
    };
    let each = |rows: &mut Rows, change: &dyn Fn(&mut Vec<Vec<u8>>)| rows[1..].iter_mut().for_each(change);
    check("the same day again", "guard repeated", &|rows| *rows = day(&retailer, 0));
    check("rejects", "guard rejects", &|rows| each(rows, &|row| row.truncate(9)));
    check("no rows", "guard incomplete", &|rows| rows.truncate(1));
    check("no header", "guard unreadable", &|rows| drop(rows.remove(0)));
    check("columns exchanged", "guard unusable", &|rows| each(rows, &|row| row.swap(PHONE, MAIL)));
    check("kanji gone", "guard unusable", &|rows| each(rows, &|row| row[NAME].clear()));
    check("zeros gone", "guard unusable", &|rows| {
        each(rows, &|row| row[PHONE] = row[PHONE].iter().copied().filter(u8::is_ascii_digit).skip(1).collect());
    });
    check("birth dates of others", "guard changed", &|rows| {
        let last = rows.last().expect("a row")[BIRTH].clone();
        (2..rows.len()).rev().for_each(|i| rows[i][BIRTH] = rows[i - 1][BIRTH].clone());
        rows[1][BIRTH] = last;
    });
    check("mails of others", "guard changed_values", &|rows| {
        let last = rows.last().expect("a row")[MAIL].clone();
        (2..rows.len()).rev().for_each(|i| rows[i][MAIL] = rows[i - 1][MAIL].clone());
        rows[1][MAIL] = last;
    });
    check("answers of another system", "guard unusable", &|rows| {
        each(rows, &|row| row[CONSENT] = if row[CONSENT].is_empty() { Vec::new() } else { b"9".to_vec() });
    });
    check("ids of another shop", "guard changed", &|rows| {
        let mut number = 0;
        rows[1..].iter_mut().for_each(|row| {
            number += 1;
            row[0] = format!("C0{number:07}").into_bytes();
        });
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn facts_of_nobody_and_files_that_cannot_be_read_are_held() {
    let retailer = Retailer::new(1500, 28);
    retailer.runs("lake", &[]);
    let orders = lines(&retailer, "orders_202603.csv");
    let (file, name) = ("shop/orders_202604.csv", retailer.path("input/shop/orders_202604.csv"));
    let put = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let all = orders.iter().skip(1).map(|line| fields(line));
        let plain = all.filter(|row| row.len() == fields(&orders[0]).len() && row[1].len() > 1);
        let mut rows: Rows = plain.take(DAY).collect();
        for (i, row) in rows.iter_mut().enumerate() {
            row[0] = format!("99{i:08}").into_bytes();
            row[2] = format!("2026/04/01 12:{i:02}:00").into_bytes();
            change(row);
        }
        rows.insert(0, fields(&orders[0]));
        fs::write(&name, bytes_of(&rows)).expect("written");
    };
    // The letter before the number of the customer was lost.
    put(&|row| _ = row[1].remove(0));
    let said = fails(1, &strs(&retailer.run("lake", &[])));
    assert!(said.contains(file) && said.contains("the guard orphans: 60 of 60 facts find no record"), "{said}");
    assert!(
        said.contains("where the people of these facts come later") && said.contains("send the right file"),
        "{said}"
    );
    // The right file has its name, and is read.
    put(&|_| ());
    retailer.runs("lake", &[]);
    assert_eq!(retailer.runs_of("lake"), "2");
    // The shop writes CP932; no setting of the pipeline helps, and nobody can let the file in.
    let other = encoding_rs::SHIFT_JIS.decode(&bytes_of(&day(&retailer, 1))).0.into_owned();
    let file = put_bytes(&retailer, 1, other.as_bytes());
    let said = fails(1, &strs(&retailer.run("lake", &[])));
    assert!(said.contains(&file) && said.contains("the guard unreadable"), "{said}");
    assert!(said.contains("written otherwise than the other files of its source: send it again as they are"), "{said}");
    assert!(!said.contains("where it is right"), "{said}");
}

#[test]
fn good_days_are_published() {
    let retailer = Retailer::new(400, 29);
    retailer.runs("lake", &[]);
    let mut said = Vec::new();
    let mut check = |number: usize, kind: &str, rows: &dyn Fn(&mut Rows)| {
        let mut delivery = day(&retailer, number);
        rows(&mut delivery);
        put(&retailer, number, &delivery);
        let output = nayose(&strs(&retailer.run("lake", &[])));
        if !output.status.success() {
            said.push(format!("{kind}: {}", String::from_utf8_lossy(&output.stderr)));
        }
    };
    check(0, "a usual day", &|_| ());
    check(4, "a broken row that stands last", &|rows| rows.last_mut().expect("a row").truncate(4));
    check(1, "a campaign", &|rows| {
        for i in 0..10 * DAY {
            let mut row = rows[1 + i % DAY].clone();
            row[0] = format!("C7{i:07}").into_bytes();
            // Nor a building without an address.
            row[ADDRESS + 1].clear();
            (row[PHONE], row[ADDRESS]) = (format!("080-{:04}-{i:04}", i * 7 % 10_000).into_bytes(), Vec::new());
            rows.push(row);
        }
    });
    check(2, "another way of writing phones", &|rows| {
        for (i, row) in rows[1..].iter_mut().enumerate() {
            row[PHONE] = format!("+81 90 5577 {i:04}").into_bytes();
        }
    });
    // 千葉県千葉市 in CP932.
    let city = b"\x90\xe7\x97t\x8c\xa7\x90\xe7\x97t\x8es\x92\x86\x89\x9b\x8b\xe6\x90V\x92\xac";
    check(3, "a merger of towns", &|rows| {
        for (i, row) in rows[1..].iter_mut().enumerate() {
            row[ADDRESS] = [city.as_slice(), format!("{}-{}", i + 1, i % 9 + 1).as_bytes()].concat();
        }
    });
    assert_eq!(said, [""; 0]);
}

#[test]
fn half_of_a_file_that_is_replaced_is_left_out_and_its_customers_stay() {
    let retailer = Retailer::new(300, 30);
    retailer.runs("lake", &[]);
    let customers =
        |lake: &str| retailer.sql(lake, "select count(*) from id_map where channel = 'shop' and valid_to is null");
    let before = customers("lake");
    let all = lines(&retailer, FIRST);
    let half: Vec<u8> =
        all[..all.len() / 2].iter().flat_map(|line| [line.as_slice(), b"\n".as_slice()].concat()).collect();
    let next = day(&retailer, 0);
    fs::write(retailer.path("input/shop").join(FIRST), half).expect("written");
    let said = fails(1, &strs(&retailer.run("lake", &[])));
    assert!(said.contains(FIRST) && said.contains("the guard short"), "{said}");
    put(&retailer, 0, &next);
    retailer.runs("lake", &[]);
    assert_eq!((retailer.runs_of("lake").as_str(), customers("lake")), ("2", before));
    // All that was kept of the earlier file cannot be read anew.
    let said = fails(1, &strs(&retailer.run("lake", &["--full"])));
    assert!(said.contains(FIRST) && said.contains("put the earlier file back"), "{said}");
}

#[test]
fn files_that_are_gone_stop_the_run_until_that_is_right() {
    let retailer = Retailer::new(400, 31);
    retailer.runs("lake", &[]);
    let mut files: Vec<_> =
        fs::read_dir(retailer.path("input/shop")).expect("a folder").flatten().map(|e| e.path()).collect();
    files.retain(|file| file.to_string_lossy().contains("customers_"));
    files.sort();
    files[..files.len() / 2].iter().for_each(|file| fs::remove_file(file).expect("removed"));
    let said = fails(1, &strs(&retailer.run("lake", &[])));
    assert!(said.contains("source \"shop_customers\"") && said.contains("guard shrank"), "{said}");
    // Letting in the source is not letting in what it does to the customers.
    let said = fails(1, &strs(&retailer.run("lake", &["--admit", "shop_customers"])));
    assert!(said.contains("the guard retired") && said.contains("--admit retired"), "{said}");
    assert_eq!(retailer.runs_of("lake"), "1");
    retailer
        .runs("lake", &["--admit", "shop_customers", "--admit", "retired", "--admit", "split", "--admit", "merged"]);
    assert_eq!(retailer.runs_of("lake"), "2");
}

#[test]
fn a_guard_that_is_switched_off_lets_in() {
    let retailer = Retailer::new(300, 32);
    let off = |text: &mut String| {
        text.push_str("\nguards: { changed: null, changed_values: null, repeated: null, merged: null, split: null }\n")
    };
    let pipeline = own_pipeline(&retailer, off, |_| ());
    let args = ["run", &pipeline, "--input", &retailer.text("input"), "--lake", &retailer.text("lake")];
    succeeds(&args);
    put(&retailer, 0, &slipped(day(&retailer, 0)));
    succeeds(&args);
    // The limits are no part of what a run is known by.
    let said =
        succeeds(&["run", &retailer.pipeline(), "--input", &retailer.text("input"), "--lake", &retailer.text("lake")]);
    assert!(said.contains("nothing new"), "{said}");
    let wrong = own_pipeline(&retailer, |text| text.push_str("\nguards: { changed: 5 }\n"), |_| ());
    let said = fails(2, &["validate", &wrong, "--input", &retailer.text("input")]);
    assert!(said.contains("changed is not between 0 and 1"), "{said}");
}

#[test]
fn a_number_that_was_given_anew_keeps_nothing_of_who_had_it() {
    let retailer = Retailer::new(300, 33);
    let mut plain = day(&retailer, 0);
    let header = plain.remove(0);
    plain.retain(|row| [NAME, ADDRESS, MAIL, BIRTH].iter().all(|column| !row[*column].is_empty()));
    let (old, married) = (plain[0].clone(), plain[1].clone());
    retailer.runs("lake", &[]);
    let id = |row: &[Vec<u8>]| {
        let record = String::from_utf8_lossy(&row[0]).to_string();
        let of = format!("channel = 'shop' and record_id = '{record}' and valid_to is null");
        retailer.sql("lake", &format!("select customer_id from id_map where {of}"))
    };
    // One number goes to somebody else; one member marries, moves and changes phone and mail, and keeps the birth date.
    let (mut new, mut moved) = (old.clone(), married.clone());
    let stranger = &plain[2];
    new[1..11].clone_from_slice(&stranger[1..11]);
    for row in [&mut new, &mut moved] {
        row[PHONE] = [b"070-1234-".as_slice(), &row[0][row[0].len() - 4..]].concat();
        row[MAIL] = [b"m".as_slice(), row[0].as_slice(), b"@example.ne.jp".as_slice()].concat();
        row[UPDATED] = b"2026/04/01".to_vec();
    }
    moved[ADDRESS] = stranger[ADDRESS].clone();
    put(&retailer, 0, &[header, new.clone(), moved.clone()]);
    let ids = [id(&old), id(&married)];
    assert!(retailer.runs("lake", &[]).contains("  1 records have a number that somebody else had before"));
    let of = |row: &[Vec<u8>], what: &str| {
        let id = String::from_utf8_lossy(&row[0]).to_string();
        retailer.sql("lake", &format!("select {what} from source_record where channel = 'shop' and record_id = '{id}'"))
    };
    let reused = "array_has(problems, 'record_id:reused') as reused, cardinality(phones) as n";
    assert!(of(&new, reused).contains("true,1"), "{}", of(&new, reused));
    assert!(of(&moved, reused).contains("false"), "{}", of(&moved, reused));
    // Nor has the next holder the id of the one before.
    assert_ne!(id(&new), ids[0]);
    assert_eq!(id(&moved), ids[1]);
}

#[test]
fn facts_and_statements_of_who_had_a_number_before_are_not_the_next_holders() {
    let retailer = Retailer::new(400, 34);
    let mut plain = day(&retailer, 0);
    let header = plain.remove(0);
    plain.retain(|row| [NAME, ADDRESS, MAIL, BIRTH].iter().all(|column| !row[*column].is_empty()));
    retailer.runs("lake", &[]);
    // Members of the shop who buy, are known elsewhere too, and said in the shop that they want no mail.
    let members = "select m.record_id, min(m.customer_id) as customer_id, count(*) as facts from id_map m
        join golden_customer g on g.customer_id = m.customer_id join interaction i on i.channel = m.channel and i.record_id = m.record_id
        where m.channel = 'shop' and m.valid_to is null and cardinality(g.channels) > 1
        and m.record_id in (select record_id from consent where channel = 'shop' and status = 'denied')
        group by 1 having count(*) > 2 order by 1";
    let members = retailer.sql("lake", members);
    let number_of = |row: &Vec<Vec<u8>>| String::from_utf8_lossy(&row[0]).to_string();
    let of = |row: &Vec<Vec<u8>>| members.lines().find_map(|line| line.strip_prefix(&format!("{},", number_of(row))));
    let (old, member) = plain.iter().find_map(|row| Some((row.clone(), of(row)?))).expect("a member");
    let (before, facts) = member.split_once(',').expect("a customer and a number");
    // Somebody who never said so.
    let others = "select record_id from id_map where channel = 'shop' and valid_to is null
        and customer_id not in (select customer_id from consent where status = 'denied')";
    let others = retailer.sql("lake", others);
    let other = plain.iter().find(|row| others.lines().any(|line| line == number_of(row))).expect("somebody else");
    let number = number_of(&old);
    // The number goes to somebody else, who says nothing of mails and buys something the day after.
    let mut new = old.clone();
    new[1..11].clone_from_slice(&other[1..11]);
    new[PHONE] = b"070-1234-5678".to_vec();
    new[MAIL] = [b"m".as_slice(), old[0].as_slice(), b"@example.ne.jp".as_slice()].concat();
    // Registered and updated on that day.
    new[10..=UPDATED].fill(b"2026/04/01".to_vec());
    new[12..].fill(Vec::new());
    put(&retailer, 0, &[header, new]);
    let orders = lines(&retailer, "orders_202603.csv");
    let mut order = fields(&orders[1]);
    (order[0], order[1], order[2]) = (b"9999999999".to_vec(), old[0].clone(), b"2026/04/02 12:00:00".to_vec());
    let order = [orders[0].clone(), b"\n".to_vec(), line_of(&order), b"\r\n".to_vec()].concat();
    fs::write(retailer.path("input/shop/orders_202604.csv"), order).expect("written");
    // One order is few for a file of orders.
    retailer.runs("lake", &["--admit", "shop_orders"]);
    let reused = format!("channel = 'shop' and record_id = '{number}' and array_has(problems, 'record_id:reused')");
    assert_eq!(retailer.sql("lake", &format!("select count(*) as n from source_record where {reused}")), "n\n1\n");
    let whose = |lake: &str| {
        let of = format!("channel = 'shop' and record_id = '{number}'");
        let id = retailer.sql(lake, &format!("select customer_id from id_map where {of} and valid_to is null"));
        let id = id.lines().nth(1).expect("an id").to_string();
        let facts =
            format!("select customer_id, count(*) as n from interaction where {of} group by 1 order by 2 desc, 1");
        let statements = retailer.sql(lake, &format!("select count(*) as n from consent where {of}"));
        (id, retailer.sql(lake, &facts), statements)
    };
    let (id, told, statements) = whose("lake");
    assert_ne!(id, before);
    assert_eq!(told, format!("customer_id,n\n{before},{facts}\n{id},1\n"), "each fact is that of who had the number");
    assert_eq!(statements, "n\n0\n", "who had the number before speaks for nobody else");
    // So it stays, also where everything is made anew.
    for more in [&["--as-of", "2026-04-10"][..], &["--as-of", "2026-04-11", "--full"]] {
        retailer.runs("lake", more);
        assert_eq!(whose("lake"), (id.clone(), told.clone(), statements.clone()), "{more:?}");
    }
    // A lake that never saw who had it before knows of no customer for these facts.
    retailer.runs("late", &[]);
    let (id, told, statements) = whose("late");
    assert_eq!((told, statements), (format!("customer_id,n\n,{facts}\n{id},1\n"), "n\n0\n".to_string()));
}
