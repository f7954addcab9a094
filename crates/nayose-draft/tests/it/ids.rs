//! The id of people under names that no list has, and the sheet of a workbook that has them.

use nayose_draft::{Kind, columns_without_presets, sheet_with_data};

use crate::whole;

/// A list of people with `columns` before their names and phones; each has its values by row.
fn list(columns: &[(&str, &dyn Fn(usize) -> String)]) -> String {
    let given = ["直樹", "千尋", "誠", "恵子", "健一", "美咲", "大輔"];
    let header: Vec<&str> = columns.iter().map(|(name, _)| *name).chain(["氏名", "電話番号"]).collect();
    let row = |i: usize| {
        let mut cells: Vec<String> = columns.iter().map(|(_, value)| value(i)).collect();
        cells.extend([format!("田村 {}", given[i % 7]), format!("090-5550-{:04}", 1000 + i * 7)]);
        cells.join(",")
    };
    let rows: Vec<String> = (0..40).map(row).collect();
    format!("{}\n{}\n", header.join(","), rows.join("\n"))
}

fn record_ids(text: &str) -> Vec<String> {
    let tables = columns_without_presets(&whole("x.csv", text.as_bytes()));
    let ids = tables[0].columns.iter().filter(|c| c.meaning.kind == Kind::RecordId);
    ids.map(|c| c.name.clone()).collect()
}

#[test]
fn ids_of_people_are_known_by_their_use() {
    let code = |i: usize| format!("28{:011}", 77_001 + i * 13);
    let serial = |i: usize| (i + 1).to_string();
    let half = |i: usize| if i.is_multiple_of(2) { format!("21{i:08}") } else { String::new() };
    let points = |i: usize| (i * 10 % 70).to_string();
    let names = [
        "カード番号",
        "会員カード番号",
        "App ID",
        "顧客コード",
        "お客様番号",
        "ID",
        "整理番号",
        "診察券番号",
        "Loyalty No.",
    ];
    for name in names {
        assert_eq!(record_ids(&list(&[("ポイント", &points), (name, &code)])), [name]);
        assert_eq!(record_ids(&list(&[(name, &serial)])), [name]);
    }
    // That every row has beats that some have.
    assert_eq!(record_ids(&list(&[("ポイントカード番号", &half), ("アプリID", &code)])), ["アプリID"]);
    // Nothing of its name says id, and the key stands first.
    assert_eq!(record_ids(&list(&[("XQ7", &code)])), ["XQ7"]);
}

#[test]
fn what_is_no_id_of_a_person_is_none() {
    let code = |i: usize| format!("28{:011}", 77_001 + i * 13);
    let phone = |i: usize| format!("0905550{:04}", 1000 + i * 7);
    let money = |i: usize| (1000 + i * 37).to_string();
    let day = |i: usize| format!("2024-{:02}-{:02}", 1 + i % 12, 1 + i % 28);
    let twice = |i: usize| format!("K{:04}", i / 2);
    for (name, value) in [
        ("パスワード", &code as &dyn Fn(usize) -> String),
        ("口座番号", &code),
        ("担当者コード", &code),
        ("累計金額", &money),
        ("登録日", &day),
        ("世帯コード", &twice),
        // The phone number of the row under another name.
        ("ログインID", &phone),
    ] {
        assert_eq!(record_ids(&list(&[(name, value)])), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_sheet_with_the_data_is_chosen() {
    let cover = "会員名簿,,\n,,\n作成日,2026-01-31,\n担当,総務部,\n";
    let readme = "この表の見方\n1行目は項目名です\n電話番号はハイフンつきです\n";
    let codes = "コード,名称\n01,北海道\n02,青森県\n03,岩手県\n";
    let members = format!("会員名簿 2026年,,,\n,,,\n{}", list(&[("会員番号", &|i| format!("A{}", 1000 + i))]));
    let sheets = [("表紙", cover), ("README", readme), ("会員", &members), ("コード表", codes)];
    let samples: Vec<_> = sheets.iter().map(|(name, text)| whole(name, text.as_bytes())).collect();
    let choice = sheet_with_data(&samples).expect("a sheet");
    assert_eq!((choice.place, choice.header, choice.others), (2, Some(3), Vec::<usize>::new()));
    let orders = "注文番号,注文日時,商品名,数量,金額\n1,2026-01-05 10:00,皿,1,2200\n2,2026-01-06 11:00,匙,2,1760\n";
    let both = [whole("注文", orders.as_bytes()), whole("会員", members.as_bytes())];
    assert_eq!(sheet_with_data(&both).map(|c| (c.place, c.others)), Some((1, vec![0])));
    assert_eq!(sheet_with_data(&[]), None);
}
