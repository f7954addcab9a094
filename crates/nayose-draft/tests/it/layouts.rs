//! Files that differ by digits in their names and not only in their rows: other columns, other names, none, or broken rows.

use nayose_draft::{Answers, Draft, Layout, Sample, draft, pipeline_yaml};
use serde_json::Value;

use crate::whole;

fn drafted(files: &[(&str, &str)]) -> Draft {
    let samples: Vec<Sample<'_>> = files.iter().map(|(name, text)| whole(name, text.as_bytes())).collect();
    draft(&samples)
}

fn yaml(files: &[(&str, &str)]) -> (String, Vec<Value>) {
    let layout = Layout { name: "x".to_owned(), input: ".".to_owned(), lake: "lake".to_owned(), ..Layout::default() };
    let text = pipeline_yaml(&drafted(files), &Answers::default(), &layout);
    let parsed: Value = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let sources = parsed["sources"].as_array().cloned().unwrap_or_default();
    (text, sources)
}

const OLD: &str = "会員番号,氏名,電話番号,備考1\nA1001,田村 直樹,090-5550-7711,a\nA1002,岡本 千尋,080-5550-7722,b\nA1003,小川 誠,052-555-7733,\n";

#[test]
fn files_with_further_columns_or_another_order_are_one_source() {
    let new = "会員番号,メールアドレス,氏名,電話番号,備考1,性別\nA1004,m.nishi@n-mail.test,西村 恵子,090-5550-7744,,女\nA1005,k@i-mail.test,藤井 健一,080-5550-7755,,男\n";
    let (text, sources) = yaml(&[("m_2024.csv", OLD), ("m_2025.csv", new)]);
    let [source] = &sources[..] else { panic!("{text}") };
    assert_eq!(source["files"], "m_*.csv");
    // 備考1 is in both, and nothing is said of columns that are not read.
    assert_eq!(source["may_be_missing"], serde_json::json!(["メールアドレス", "性別"]), "{text}");
    let turned = "電話番号,備考1,会員番号,氏名\n090-5550-7744,,A1004,西村 恵子\n080-5550-7755,,A1005,藤井 健一\n";
    let (text, sources) = yaml(&[("m_2024.csv", OLD), ("m_2025.csv", turned)]);
    let [source] = &sources[..] else { panic!("{text}") };
    assert!(source.get("may_be_missing").is_none() && source.get("also_named").is_none(), "{text}");
}

#[test]
fn a_renamed_column_has_two_names() {
    let new = "会員番号,氏名,TEL,備考1\nA1004,西村 恵子,090-5550-7744,a\nA1005,藤井 健一,080-5550-7755,\nA1006,福田 浩,03-5550-0106,b\n";
    let (text, sources) = yaml(&[("m_2024.csv", OLD), ("m_2025.csv", new)]);
    let [source] = &sources[..] else { panic!("{text}") };
    let (columns, names) = (&source["columns"]["phone"], &source["also_named"]);
    assert!(
        (columns == "電話番号" && *names == serde_json::json!({"電話番号": "TEL"}))
            || (columns == "TEL" && *names == serde_json::json!({"TEL": "電話番号"})),
        "{text}"
    );
}

#[test]
fn columns_that_are_two_things_are_two_sources() {
    // Both are phone numbers, and their names say that they are of two people.
    let other =
        "会員番号,氏名,緊急連絡先電話番号,備考1\nA1004,西村 恵子,090-5550-7744,a\nA1005,藤井 健一,080-5550-7755,\n";
    let (text, sources) = yaml(&[("m_2024.csv", OLD), ("m_2025.csv", other)]);
    let files: Vec<&Value> = sources.iter().map(|source| &source["files"]).collect();
    assert_eq!(files, ["m_2024.csv", "m_2025.csv"], "{text}");
    // Nor are two exports one because both have names.
    let orders =
        "注文番号,氏名,商品名,数量,注文日時\n1,田村 直樹,皿,1,2026-01-05 10:00\n2,岡本 千尋,匙,2,2026-01-06 11:00\n";
    assert_eq!(yaml(&[("m_2024.csv", OLD), ("m_2025.csv", orders)]).1.len(), 2);
}

#[test]
fn files_of_a_layout_that_no_pattern_finds_are_named() {
    let orders =
        "注文番号,氏名,商品名,数量,注文日時\n1,田村 直樹,皿,1,2026-01-05 10:00\n2,岡本 千尋,匙,2,2026-01-06 11:00\n";
    let (text, sources) = yaml(&[("m_1.csv", OLD), ("m_2.csv", orders), ("m_3.csv", OLD)]);
    let files: Vec<&Value> = sources.iter().map(|source| &source["files"]).collect();
    assert_eq!(files, ["{m_1.csv,m_3.csv}", "m_2.csv"], "{text}");
}

#[test]
fn a_file_with_a_header_alone_may_be_empty() {
    let (text, sources) = yaml(&[("crm.csv", "会員番号,氏名,電話番号,メールアドレス\n"), ("pos.csv", OLD)]);
    assert_eq!(sources.len(), 2, "{text}");
    assert_eq!(
        (&sources[0]["may_be_empty"], &sources[0]["record_id"]),
        (&Value::Bool(true), &"会員番号".into()),
        "{text}"
    );
    assert_eq!(sources[0]["columns"]["phone"], "電話番号");
    assert!(sources[1].get("may_be_empty").is_none(), "{text}");
    // Numbers that are no ids of people by their name alone are, where there is no other.
    let (text, sources) = yaml(&[("crm.csv", "カード番号,氏名,電話番号\n")]);
    assert_eq!(sources[0]["record_id"], "カード番号", "{text}");
}

#[test]
fn a_broken_row_spoils_neither_its_file_nor_others() {
    let mut rows: Vec<String> =
        (0..60).map(|i| format!("A{},\"田村 {}\",\"090-5550-{i:04}\",x", 1000 + i, "直樹")).collect();
    rows[20] = "A1020,\"岡本, 千尋\",\"080-5550-0000,x".to_owned();
    rows[40] = "A1040,小川,誠,052-555-7733,x".to_owned();
    let text = format!("会員番号,氏名,電話番号,備考\n{}\n", rows.join("\n"));
    let (yaml_text, sources) = yaml(&[("m.csv", &text), ("pos.csv", OLD)]);
    assert_eq!(sources.len(), 2, "{yaml_text}");
    assert!(sources[0].get("quoting").is_none(), "{yaml_text}");
    assert_eq!(
        (&sources[0]["record_id"], &sources[0]["columns"]["name"], &sources[0]["columns"]["phone"]),
        (&"会員番号".into(), &"氏名".into(), &"電話番号".into()),
        "{yaml_text}"
    );
    // The quote that line 22 leaves open swallows line 23 to its next quote.
    assert!(yaml_text.contains("lines 22, 42 have more cells than the header"), "{yaml_text}");
    // A quote that is open to the end of the file leaves its line out, not all that follow.
    let open = format!(
        "会員番号,氏名,電話番号\nA1,\"田村 直樹\",\"090-5550-0001\"\nA2,\"岡本 千尋,080-5550-0002\n{}",
        (3..60).map(|i| format!("A{i},小川 誠,052-555-{i:04}\n")).collect::<String>()
    );
    let draft = drafted(&[("m.csv", &open)]);
    let told: Vec<&str> = draft.warnings.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(told, ["line 3 has a quote that is not closed: the draft is by the other rows"]);
    assert_eq!(draft.files[0].tables[0].columns[0].facts.rows, 58);
}

#[test]
fn columns_that_are_not_read_are_named() {
    let text = "会員番号,氏名,電話番号,来店動機メモ,XQ7,ポイント残高\nA1001,田村 直樹,090-5550-7711,a,p1,10\nA1002,岡本 千尋,080-5550-7722,b,p2,20\nA1003,小川 誠,052-555-7733,c,p1,30\n";
    let (yaml, _) = yaml(&[("m.csv", text)]);
    assert!(yaml.contains("    # not read, as nothing says what they are: XQ7\n"), "{yaml}");
    assert!(yaml.contains("    # not read: 来店動機メモ, ポイント残高\n"), "{yaml}");
    assert!(!yaml.contains("not read: 会員番号") && !yaml.contains("not read: 氏名"), "{yaml}");
}

#[test]
fn people_who_become_one_are_counted() {
    let text = "氏名,電話番号,好きな色\n田村 直樹,090-5550-7711,青\n田村 直樹,090-5550-7711,赤\n岡本 千尋,080-5550-7722,青\n岡本 千尋,080-5550-7722,青\n小川 誠,052-555-7733,青\n";
    let (yaml, sources) = yaml(&[("m.csv", text)]);
    assert_eq!(sources[0]["record_id"], serde_json::json!({"digest": ["氏名", "電話番号"]}), "{yaml}");
    assert!(yaml.contains("# people are told apart by 氏名, 電話番号 alone"), "{yaml}");
    // A row that stands twice is one, and tells nothing.
    assert!(
        yaml.contains("# of the 5 rows of the beginning 2 equal another row in them and differ from it elsewhere"),
        "{yaml}"
    );
}

#[test]
fn a_comma_in_every_quoted_address_ends_no_cell() {
    let row = |i: usize| format!("A{i:04},山田 {i}郎,090-5550-{i:04},\"東京都渋谷区渋谷1-{i},ハイツ\"\"{i}\"\"\"\n");
    let text = format!("会員番号,氏名,電話番号,住所\n{}", (1..60).map(row).collect::<String>());
    let (yaml, sources) = yaml(&[("kaiin.csv", &text)]);
    let [source] = &sources[..] else { panic!("{yaml}") };
    assert!(source["quoting"].is_null() && source["may_be_empty"].is_null(), "{yaml}");
    assert_eq!(source["columns"]["address"], "住所", "{yaml}");
}

#[test]
fn renamed_deliveries_are_one_source() {
    let mut wrong = Vec::new();
    let mut check = |names: &[&str], others: &[&str], globs: &[&str]| {
        let rows = |i: usize| {
            format!("会員番号,氏名,電話番号\n{i}1,田村 直樹,090-5550-77{i:02}\n{i}2,岡本 千尋,080-5550-77{i:02}\n")
        };
        let orders = "注文番号,氏名,商品名,数量,注文日時\n1,田村 直樹,皿,1,2026-01-05 10:00\n2,岡本 千尋,匙,2,2026-01-06 11:00\n";
        let texts: Vec<String> = (0..names.len()).map(rows).collect();
        let mut files: Vec<(&str, &str)> = names.iter().copied().zip(texts.iter().map(String::as_str)).collect();
        files.extend(others.iter().map(|name| (*name, orders)));
        let draft = drafted(&files);
        let found: Vec<&str> = draft.files.iter().map(|file| file.glob.as_str()).collect();
        if found != globs {
            wrong.push(format!("{names:?}: {found:?}"));
        }
    };
    check(&["meibo.csv", "meibo (1).csv", "meibo_20260401.csv"], &[], &["meibo*.csv"]);
    check(&["x/meibo.csv", "x/meibo - コピー.csv", "x/meibo のコピー.csv"], &[], &["x/meibo*.csv"]);
    check(&["会員名簿.csv", "会員名簿（2）.csv"], &[], &["会員名簿*.csv"]);
    check(&["meibo_2025.csv", "meibo_2026 (1).csv"], &[], &["meibo*.csv"]);
    // What is another file is not found.
    check(&["meibo.csv", "meibo (1).csv"], &["meibo_orders.csv"], &["{meibo.csv,meibo (1).csv}", "meibo_orders.csv"]);
    // Other columns are another source, and so is another folder's file of another name.
    check(&["meibo.csv"], &["meibo (1).csv"], &["meibo.csv", "meibo (1).csv"]);
    check(&["tokyo.csv", "osaka.csv"], &[], &["tokyo.csv", "osaka.csv"]);
    check(&["20260401.csv", "20260501.csv"], &[], &["*.csv"]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_column_of_phones_and_mails_is_both() {
    let row = |i: usize| {
        let contact = if i.is_multiple_of(2) { format!("090-5550-{i:04}") } else { format!("p{i}@n-mail.test") };
        format!("{i},田村 直樹,{contact},{contact}\n")
    };
    let rows: String = (1000..1020).map(row).collect();
    let (text, sources) = yaml(&[("m.csv", &format!("会員番号,氏名,連絡先,備考\n{rows}"))]);
    let columns = &sources[0]["columns"];
    assert_eq!(columns["phone"], serde_json::json!(["連絡先", "備考"]), "of two columns each is read: {text}");
    let one: String =
        (1000..1020).map(|i| row(i).rsplit_once(',').map(|(row, _)| format!("{row}\n")).unwrap_or_default()).collect();
    let (text, sources) = yaml(&[("m.csv", &format!("会員番号,氏名,連絡先\n{one}"))]);
    let columns = &sources[0]["columns"];
    let expression = |attribute: &str| columns[attribute]["expression"].as_str().unwrap_or_default().to_string();
    assert_eq!(
        expression("email"),
        "case when \"連絡先\" like '%@%' or \"連絡先\" like '%＠%' then \"連絡先\" end",
        "{text}"
    );
    assert_eq!(
        expression("phone"),
        "case when not (\"連絡先\" like '%@%' or \"連絡先\" like '%＠%') then \"連絡先\" end",
        "{text}"
    );
    assert!(text.contains("phone numbers in some rows and mail addresses in others"), "{text}");
}

#[test]
fn a_file_that_no_source_reads_says_what_is_unknown_of_it() {
    let told = |text: &str| {
        let draft = drafted(&[("m.csv", OLD), ("x.csv", text)]);
        let about = draft.warnings.iter().find(|(file, _)| file == "x.csv").map(|(_, text)| text.clone());
        about.unwrap_or_default()
    };
    let said = told("区画,等級,備考9\na,b,c\nd,e,f\n");
    assert!(
        said.contains("no source reads it") && said.contains("tells people or events: 区画, 等級, 備考9"),
        "{said}"
    );
    assert_eq!(told(OLD), "", "a file that is read is no unknown one");
}

#[test]
fn sexes_in_wide_digits_are_codes_as_those_in_narrow_ones() {
    let of = |one: &str, two: &str| {
        let rows: String = (1..9).map(|i| format!("{i},田村 直樹,{}\n", if i % 2 == 0 { one } else { two })).collect();
        let draft = drafted(&[("m.csv", &format!("会員番号,氏名,性別\n{rows}"))]);
        draft.questions.iter().any(|q| q.kind == nayose_draft::QuestionKind::SexCodes)
    };
    assert_eq!([of("1", "2"), of("１", "２"), of("男", "女"), of("男性", "女性")], [true, true, false, false]);
}
