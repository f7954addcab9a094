//! Sources as they really are: each case is a pipeline, its files, a question and the right answer. All people are invented.

use std::path::Path;

use crate::support::{fails, succeeds};

/// What a question answers, as CSV lines without the header.
fn answer(lake: &Path, sql: &str) -> String {
    let lake = lake.display().to_string();
    let text = succeeds(&["sql", "--lake", &lake, "--format", "csv", sql]);
    text.lines().skip(1).collect::<Vec<_>>().join("\n")
}

/// A folder with files and a pipeline of these sources.
pub(super) fn folder(files: &[(&str, &[u8])], sources: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let path = folder.path().join("in").join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, content).expect("written");
    }
    let yaml = format!("name: test\ninput: in\nlake: lake\n{sources}");
    std::fs::write(folder.path().join("pipeline.yaml"), yaml).expect("written");
    folder
}

pub(super) fn pipeline(folder: &tempfile::TempDir) -> String {
    folder.path().join("pipeline.yaml").display().to_string()
}

/// Runs the pipeline and holds the answer against the right one.
fn check(files: &[(&str, &[u8])], sources: &str, sql: &str, expected: &str) {
    let folder = folder(files, sources);
    succeeds(&["validate", &pipeline(&folder)]);
    succeeds(&["run", &pipeline(&folder)]);
    assert_eq!(answer(&folder.path().join("lake"), sql), expected, "{sources}");
}

/// A file of members for sources of events.
const MEMBERS: (&str, &[u8]) =
    ("members.csv", "会員番号,氏名,電話番号\n1,山田 太郎,090-1111-2222\n2,佐藤 花子,080-3333-4444\n".as_bytes());

const MEMBERS_SOURCE: &str = "
sources:
  - { name: members, channel: shop, holds: people, files: members.csv, format: csv, record_id: 会員番号, columns: { name: 氏名, phone: 電話番号 } }
";

/// Events of the members: a source with `more` keys.
fn events(more: &str) -> String {
    format!(
        "{MEMBERS_SOURCE}  - {{ name: orders, channel: shop, holds: events, event_type: purchase, files: orders.csv, format: csv, {more} }}\n"
    )
}

#[test]
fn a_guest_is_known_by_the_first_column_that_is_filled() {
    let orders = "受注番号,会員番号,メール,氏名,金額\nA1,7,taro@example.test,山田 太郎,100\nA2,,hana@example.test,佐藤 花子,200\nA3,,hana@example.test,佐藤花子,300\n";
    let sources = "
sources:
  - name: buyers
    channel: ec
    holds: people
    files: orders.csv
    format: csv
    record_id: { first: [会員番号, メール] }
    columns: { name: 氏名, email: メール }
  - name: orders
    channel: ec
    holds: events
    event_type: purchase
    files: orders.csv
    format: csv
    event_id: 受注番号
    record_id: { first: [会員番号, メール] }
    columns: { amount: 金額 }
";
    let sql = "select record_id, cast(sum(amount) as int) from interaction where customer_id is not null group by 1 order by 1";
    check(&[("orders.csv", orders.as_bytes())], sources, sql, "7,100\nhana@example.test,500");
}

#[test]
fn people_without_an_id_have_a_digest_that_stays() {
    let file = "氏名,電話番号\n山田 太郎,090-1111-2222\n 山田 太郎 ,090-1111-2222\n佐藤 花子,080-3333-4444\n,\n";
    let sources = "
sources:
  - name: people
    channel: list
    holds: people
    files: people.csv
    format: csv
    record_id: { digest: [氏名, 電話番号] }
    columns: { name: 氏名, phone: 電話番号 }
limits: { reject_share: 0.5 }
";
    let sql = "select count(*), min(length(record_id)), (select count(*) as n from reject where reason = 'missing_required') as rejects from source_record";
    check(&[("people.csv", file.as_bytes())], sources, sql, "2,24,1");
}

#[test]
fn parts_and_expressions_make_one_value() {
    let file = "id,氏名,市外,市内,番号,年,月,日\n1,山田 太郎,090,1111,2222,1985,4,1\n";
    let sources = "
sources:
  - name: people
    channel: list
    holds: people
    files: people.csv
    format: csv
    record_id: id
    columns:
      name: 氏名
      phone: { join: [市外, 市内, 番号] }
      birth_date: { join: [年, 月, 日] }
";
    check(
        &[("people.csv", file.as_bytes())],
        sources,
        "select phones[1], birth_date from source_record",
        "+819011112222,1985-04-01",
    );

    let orders = "番号,行,会員番号,日付,時刻,単価,数量,値引\nA1,1,1,2026/01/31,093015,\"1,200円\",3,(100)\nA1,2,1,2026/01/31,093015,¥500,1,\n";
    let more = "event_id: [番号, 行], record_id: 会員番号, occurred_at: { join: [日付, 時刻] }, columns: { amount: { expression: '\"単価\" * \"数量\" + coalesce(\"値引\", 0)' } }";
    let sql = "select event_id, cast(amount as int), cast(occurred_at as varchar) from interaction order by 1";
    check(
        &[MEMBERS, ("orders.csv", orders.as_bytes())],
        &events(more),
        sql,
        "A1-1,3500,2026-01-31T09:30:15+09:00\nA1-2,500,2026-01-31T09:30:15+09:00",
    );
}

#[test]
fn values_mean_what_the_source_says() {
    let file = "id,氏名,性別,電話番号\n1,山田 太郎,0,090-1111-2222\n2,佐藤 花子,1,なし\n3,鈴木 一郎,9,-\n";
    let sources = "
sources:
  - name: people
    channel: list
    holds: people
    files: people.csv
    format: csv
    record_id: id
    values: { 性別: { 0: male, 1: female, 9: '' } }
    null_values: ['-', なし]
    columns: { name: 氏名, sex: 性別, phone: 電話番号 }
";
    let sql = "select record_id, sex, cardinality(phones) from source_record order by 1";
    check(&[("people.csv", file.as_bytes())], sources, sql, "1,male,1\n2,female,0\n3,,0");
}

#[test]
fn rows_are_left_out_with_their_reason() {
    let file = "id,氏名,電話番号,状態\n1,山田 太郎,090-1111-2222,本会員\n2,佐藤 花子,080-3333-4444,退会\n3,鈴木 一郎,080-5555-6666,仮会員\nid,氏名,電話番号,状態\n合計,3,,\n";
    let sources = "
sources:
  - name: people
    channel: list
    holds: people
    files: people.csv
    format: csv
    where: '\"状態\" <> ''仮会員'''
    skip_where: ['\"状態\" = ''退会''']
    record_id: id
    columns: { name: 氏名, phone: 電話番号 }
";
    let sql = "select reason, raw is null, count(*) from reject group by 1, 2 order by 1";
    let right = [
        "repeated_header,false,1",
        r#""skipped: ""状態"" = '退会'",true,1"#,
        r#""skipped: not ""状態"" <> '仮会員'",true,1"#,
        "total_row,false,1",
    ];
    let folder = folder(&[("people.csv", file.as_bytes())], sources);
    let said = succeeds(&["run", &pipeline(&folder)]);
    let found = answer(&folder.path().join("lake"), sql);
    assert_eq!(found.lines().collect::<Vec<_>>(), right);
    assert!(said.contains("rows skipped"), "{said}");
}

#[test]
fn what_stands_on_the_first_row_of_an_order_holds_for_its_others() {
    let orders = "番号,会員番号,日時,商品\nA1,1,2026-01-31 09:30,x\nA1,,,y\nA2,2,2026-02-01 10:00,x\nA2,,,x\n";
    let more = "fill_down: { within: 番号, columns: [会員番号, 日時] }, event_id: [番号, 商品], equal_rows: two_events, record_id: 会員番号, occurred_at: 日時, columns: { item_id: 商品 }";
    let sql = "select event_id, record_id, cast(occurred_at as date) from interaction order by 1";
    check(
        &[MEMBERS, ("orders.csv", orders.as_bytes())],
        &events(more),
        sql,
        "A1-x,1,2026-01-31\nA1-y,1,2026-01-31\nA2-x,2,2026-02-01\nA2-x#2,2,2026-02-01",
    );
}

#[test]
fn lines_are_joined_to_their_orders_also_of_a_later_delivery() {
    let lines = "OrderId,LineId,Amount\n1001,1,500\n1001,2,300\n1002,1,900\n";
    let first = "Id,Member,OrderTime\n1001,1,2026-01-31 09:30\n";
    let more = "join: { files: heads_*.csv, on: { OrderId: Id }, columns: [Member, OrderTime] }, event_id: [OrderId, LineId], record_id: Member, occurred_at: OrderTime, columns: { amount: Amount }";
    let folder = folder(&[MEMBERS, ("orders.csv", lines.as_bytes()), ("heads_1.csv", first.as_bytes())], &events(more));
    let lake = folder.path().join("lake");
    let sql =
        "select event_id, record_id, cast(occurred_at as date), customer_id is not null from interaction order by 1";
    succeeds(&["run", &pipeline(&folder)]);
    assert_eq!(answer(&lake, sql), "1001-1,1,2026-01-31,true\n1001-2,1,2026-01-31,true\n1002-1,,,false");
    std::fs::write(folder.path().join("in/heads_2.csv"), "Id,Member,OrderTime\n1002,2,2026-02-01 10:00\n")
        .expect("written");
    succeeds(&["run", &pipeline(&folder)]);
    let right = "1001-1,1,2026-01-31,true\n1001-2,1,2026-01-31,true\n1002-1,2,2026-02-01,true";
    assert_eq!(answer(&lake, sql), right);
    // Everything read again gives the same.
    succeeds(&["run", &pipeline(&folder), "--full"]);
    assert_eq!(answer(&lake, sql), right);
}

#[test]
fn files_are_read_as_they_are_written() {
    let sql = "select record_id, name_or_phone from (select record_id, coalesce(family_name, '') || ' ' || phones[1] as name_or_phone from source_record) order by 1";
    let right = "1,山田 +819011112222\n2,佐藤 +818033334444";
    let people = |more: &str, id: &str, name: &str, phone: &str| {
        format!(
            "sources:\n  - {{ name: people, channel: list, holds: people, files: 'people*', {more}, record_id: {id}, columns: {{ name: {name}, phone: {phone} }} }}\n"
        )
    };
    let plain = "id;氏名;電話番号\n1;山田 太郎;090-1111-2222\n2;佐藤 花子;080-3333-4444\n";
    let named = |more: &str| people(more, "id", "氏名", "電話番号");
    check(&[("people.csv", plain.as_bytes())], &named("format: csv, delimiter: ';'"), sql, right);
    let quotes = plain.replace("山田", "山田\" ").replace(';', "|");
    check(&[("people.csv", quotes.as_bytes())], &named("format: csv, delimiter: '|', quoting: none"), sql, right);
    let late = format!("会員一覧;\"出力日\n\n{plain}");
    check(&[("people.csv", late.as_bytes())], &named("format: csv, delimiter: ';', header: 3"), sql, right);
    let without = plain.split_once('\n').expect("a header").1;
    check(
        &[("people.csv", without.as_bytes())],
        &people("format: csv, delimiter: ';', header: none", "1", "2", "3"),
        sql,
        right,
    );
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    check(&[("people.csv", &utf16)], &named("format: csv, delimiter: ';', encoding: utf-16"), sql, right);
    let two = [
        ("people1.csv", "id,氏名,電話番号\n1,山田 太郎,090-1111-2222\n".as_bytes()),
        ("people2.csv", "id,氏名,TEL,備考\n2,佐藤 花子,080-3333-4444,x\n".as_bytes()),
    ];
    check(&two, &named("format: csv, also_named: { 電話番号: TEL }"), sql, right);
    let document = r#"{"end": true, "users": [{"id": 1, "n": {"f": "山田 太郎"}, "t": "090-1111-2222"}, {"id": 2, "n": {"f": "佐藤 花子"}, "t": "080-3333-4444"}]}"#;
    check(
        &[("people.json", document.as_bytes())],
        &people("format: json, rows: 'users[*]'", "id", "n.f", "t"),
        sql,
        right,
    );
    let kana: Vec<(&str, &str)> = vec![("1", "ﾔﾏﾀﾞ ﾀﾛｳ"), ("2", "ｻﾄｳ ﾊﾅｺ")];
    let phones = ["09011112222", "08033334444"];
    let mut fixed = Vec::new();
    for ((id, name), phone) in kana.iter().zip(phones) {
        fixed.extend(format!("{id:<4}").bytes());
        let (bytes, ..) = encoding_rs::SHIFT_JIS.encode(name);
        fixed.extend(bytes.iter().copied().chain(std::iter::repeat(b' ')).take(16));
        fixed.extend(format!("{phone:<12}").bytes());
    }
    let records = people(
        "format: fixed, encoding: cp932, fixed: { length: 32, columns: { id: [1, 4], kana: [5, 16], tel: [21, 12] } }",
        "id",
        "kana",
        "tel",
    );
    let records = records.replace("name: kana", "kana: kana");
    check(
        &[("people.dat", &fixed)],
        &records,
        "select record_id, phones[1] from source_record order by 1",
        "1,+819011112222\n2,+818033334444",
    );
}

#[test]
fn an_id_that_a_spreadsheet_cut_is_no_id() {
    let file = "id,氏名,電話番号\n1.23457E+11,山田 太郎,090-1111-2222\n1.23457E+11,佐藤 花子,080-3333-4444\n'0003,鈴木 一郎,9.02842E+09\n\"=\"\"0004\"\"\",高橋 稔,\"'09055556666\"\n";
    let sources = "
sources:
  - name: people
    channel: list
    holds: people
    files: people.csv
    format: csv
    record_id: id
    columns: { name: 氏名, phone: 電話番号 }
limits: { reject_share: 0.9 }
";
    let sql = "select record_id, phones[1] from source_record union all select reason, cast(count(*) as varchar) from reject group by 1 order by 1";
    check(&[("people.csv", file.as_bytes())], sources, sql, "0003,\n0004,+819055556666\ndamaged_id,2");
}

#[test]
fn yes_is_yes_however_yaml_reads_it() {
    let file = "id,氏名,電話番号,mail,sub,out\n1,山田 太郎,090-1111-2222,a@example.test,yes,FALSE\n2,佐藤 花子,080-3333-4444,b@example.test,No,true\n3,鈴木 一郎,080-3333-5555,c@example.test,perhaps,\n";
    let sources = "
sources:
  - name: people
    channel: list
    holds: people
    files: people.csv
    format: csv
    record_id: id
    columns: { name: 氏名, phone: 電話番号, email: mail }
    consent:
      marketing:
        email: { column: sub, granted: [yes], denied: [no] }
        sms: { column: out, granted: [false], denied: [true, never] }
";
    let folder = folder(&[("people.csv", file.as_bytes())], sources);
    let said = succeeds(&["validate", &pipeline(&folder)]);
    for sentence in ["\"perhaps\" in 1 rows is neither granted nor denied", "no row has \"never\""] {
        assert!(said.contains(sentence), "{sentence} is not in {said}");
    }
    succeeds(&["run", &pipeline(&folder)]);
    let sql = "select record_id, contact, status, contact_points[1] from consent order by 1, 2";
    let right = "1,email,granted,a@example.test\n1,sms,granted,+819011112222\n2,email,denied,b@example.test\n2,sms,denied,+818033334444\n3,email,unknown,c@example.test";
    assert_eq!(answer(&folder.path().join("lake"), sql), right);
}

#[test]
fn what_cannot_be_used_stops_the_run() {
    let rows: String = (0..30).map(|i| format!("{i},山田 太郎,a{i}@example.test,090-1111-{:04}\n", i)).collect();
    let file = format!("id,氏名,電話番号,メール\n{rows}");
    let sources = "
sources:
  - { name: people, channel: list, holds: people, files: people.csv, format: csv, record_id: id, columns: { name: 氏名, phone: 電話番号, email: メール } }
";
    let folder = folder(&[("people.csv", file.as_bytes())], sources);
    for command in ["validate", "run"] {
        let said = fails(1, &[command, &pipeline(&folder)]);
        assert!(said.contains("values cannot be understood, such as"), "{said}");
        assert!(said.contains("limits.unusable_share") && !said.contains("090-1111"), "{said}");
    }
}

#[test]
fn facts_of_nobody_stop_the_run() {
    let rows: String = (0..30).map(|i| format!("A{i},X{i},100\n")).collect();
    let orders = format!("番号,会員番号,金額\n{rows}");
    let folder = folder(
        &[MEMBERS, ("orders.csv", orders.as_bytes())],
        &events("event_id: 番号, record_id: 会員番号, columns: { amount: 金額 }"),
    );
    let said = fails(1, &["run", &pipeline(&folder)]);
    assert!(said.contains("none of 30 facts of the kind \"purchase\" has a customer"), "{said}");
}

#[test]
fn a_comma_too_many_is_named() {
    let rows: String = (0..30).map(|i| format!("{i},山田 太郎,090-1111-{i:04},\n")).collect();
    let file = format!("id,氏名,電話番号\n{rows}");
    let sources = "
sources:
  - { name: people, channel: list, holds: people, files: '*.csv', format: csv, record_id: id, columns: { name: 氏名, phone: 電話番号 } }
limits: { reject_share: 0.9 }
";
    let good: String = (0..200).map(|i| format!("G{i},佐藤 花子,080-1111-{i:04}\n")).collect();
    let good = format!("id,氏名,電話番号\n{good}");
    let folder = folder(&[("bad.csv", file.as_bytes()), ("good.csv", good.as_bytes())], sources);
    let said = fails(1, &["run", &pipeline(&folder)]);
    for part in ["bad.csv", "trailing_delimiter in 30 rows", "line 2", "one comma more than the header"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}

#[test]
fn an_expression_that_reckons_with_no_number_rejects_the_row() {
    let rows: String = (0..200).map(|i| format!("B{i},1,100,1\n")).collect();
    let orders = format!("番号,会員番号,単価,数量\nA1,1,300,2\nA2,1,三百,2\nA3,1,,2\n{rows}");
    let more = "event_id: 番号, record_id: 会員番号, columns: { amount: { expression: '\"単価\" * \"数量\"' } }";
    check(
        &[MEMBERS, ("orders.csv", orders.as_bytes())],
        &events(more),
        "select event_id || ' ' || coalesce(cast(amount as int), 0) from interaction where event_id like 'A%'
         union all select 'reject ' || line || ' ' || reason from reject order by 1",
        "A1 600\nA3 0\nreject 3 bad_amount",
    );
}

#[test]
fn validate_tells_what_a_join_does_not_find() {
    let lines = "OrderId,LineId,Amount\n1001,1,500\n1001,2,300\n1002,1,900\n";
    let heads = "Id,Member\n1001,1\n1001,2\n";
    let more = "join: { files: heads.csv, on: { OrderId: Id }, columns: [Member] }, event_id: [OrderId, LineId], record_id: Member, columns: { amount: Amount }";
    let folder = folder(&[MEMBERS, ("orders.csv", lines.as_bytes()), ("heads.csv", heads.as_bytes())], &events(more));
    let said = succeeds(&["validate", &pipeline(&folder)]);
    let right = "orders.join: 1 of 3 rows find no row in the joined files; 1 keys stand there more than once";
    assert!(said.contains(right), "{said}");
}

#[test]
fn a_lake_of_another_pipeline_is_not_taken_over() {
    let folder = folder(&[MEMBERS], MEMBERS_SOURCE);
    succeeds(&["run", &pipeline(&folder)]);
    let yaml = std::fs::read_to_string(folder.path().join("pipeline.yaml")).expect("a file");
    std::fs::write(folder.path().join("pipeline.yaml"), yaml.replace("name: test", "name: other")).expect("written");
    let said = fails(2, &["run", &pipeline(&folder)]);
    assert!(said.contains("holds the customers of the pipeline \"test\", and this one is \"other\""), "{said}");
    succeeds(&["run", &pipeline(&folder), "--full"]);
    succeeds(&["run", &pipeline(&folder)]);
}

#[test]
fn what_would_be_ignored_is_told() {
    let source = |format: &str, more: &str| {
        format!(
            "sources:\n  - {{ name: m, channel: shop, holds: people, files: 'members.*', format: {format}, {more}, record_id: 会員番号, columns: {{ name: 氏名, phone: 電話番号 }} }}\n"
        )
    };
    for (format, more, part) in [
        ("csv", "member: '*.csv'", "is no ZIP archive"),
        ("xlsx", "encoding: cp932", "encoding in source \"m\" goes with another format"),
        ("csv", "header: -1", "sources[0].header is a number where"),
        ("csv", "where: '\"氏名\" = \"山田 太郎\"'", "texts in single ones: '山田 太郎'"),
        ("csv", "where: 'nothing_like_it(\"氏名\")'", "line 5 of the pipeline file"),
    ] {
        let said = fails(2, &["validate", &pipeline(&folder(&[MEMBERS], &source(format, more)))]);
        assert!(said.contains(part), "{part} is not in {said}");
        assert!(said.contains("hint: ") && !said.contains("untagged"), "{said}");
    }
}

#[test]
fn slips_in_a_source_are_told_at_once() {
    let sources = "
sources:
  - name: people
    channel: list
    holds: people
    files: people.csv
    format: csv
    rows: 'users[*]'
    delimiter: ';;'
    time_zone: Asia/Tokio
    where: 'select 1'
    skip_where: ['now() > \"a\"']
    record_id: { first: id, digest: id }
    values: { s: { 0: femal } }
    columns: { name: 氏名, sex: s, phone: { expression: '(select 1)' } }
";
    let folder = folder(&[("people.csv", b"id\n1\n")], sources);
    let said = fails(2, &["validate", &pipeline(&folder)]);
    for part in [
        "rows in source \"people\" goes with another format",
        "is not one character",
        "\"Asia/Tokio\" is no time zone",
        "did you mean \"Asia/Tokyo\"?",
        "is no SQL expression",
        "calls now()",
        "in no way or in several",
        "did you mean \"female\"?",
        "has a query inside",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}
