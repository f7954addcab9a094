//! What files are: bytes in many encodings and forms, and what must be said of each.

use encoding_rs::{EUC_JP, SHIFT_JIS};
use nayose_draft::{Encoding, Form, LineEnd, Quoting, Sample, Shape, columns, shape};

use crate::{FILES, file, whole};

/// Rows of an invented member list.
const ROWS: &str = "会員番号,氏名,フリガナ,電話番号,登録日\n\
    M0001,田村 直樹,タムラ ナオキ,090-5550-7711,2024/04/01\n\
    M0002,岡本 千尋,オカモト チヒロ,080-5550-7722,2024/05/11\n\
    M0003,小川 誠,オガワ マコト,052-555-7733,2025/01/31\n";

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let mark = if mark { "\u{feff}" } else { "" };
    let units = format!("{mark}{text}").encode_utf16().collect::<Vec<_>>();
    units.into_iter().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

fn encoding_of(bytes: &[u8]) -> (Encoding, bool) {
    let found = shape(&whole("members.csv", bytes)).encoding.expect("a text");
    (found.value, found.sure)
}

#[test]
fn encodings_are_told_from_the_rows() {
    let sjis = SHIFT_JIS.encode(ROWS).0.into_owned();
    let euc = EUC_JP.encode(ROWS).0.into_owned();
    assert_eq!(encoding_of(ROWS.as_bytes()), (Encoding::Utf8, true));
    assert_eq!(encoding_of(format!("\u{feff}{ROWS}").as_bytes()), (Encoding::Utf8Bom, true));
    assert_eq!(encoding_of(&sjis), (Encoding::Cp932, true));
    assert_eq!((Encoding::Cp932.as_str(), Encoding::Utf8Bom.as_str()), ("cp932", "utf-8"));
    assert_eq!(encoding_of(&euc), (Encoding::EucJp, true));
    assert_eq!(encoding_of(&utf16(ROWS, true, true)), (Encoding::Utf16Le, true));
    assert_eq!(encoding_of(&utf16(ROWS, false, true)), (Encoding::Utf16Be, true));
    assert_eq!(encoding_of(&utf16(ROWS, true, false)).0, Encoding::Utf16Le);
    assert_eq!(encoding_of(&utf16(ROWS, false, false)).0, Encoding::Utf16Be);
    // Half-width kana is CP932, though its bytes are pairs of EUC-JP too.
    let halfwidth = SHIFT_JIS.encode("M0001,ﾀﾑﾗ ﾅｵｷ,09055507711\nM0002,ｵｶﾓﾄ ﾁﾋﾛ,08055507722\n").0.into_owned();
    assert_eq!(encoding_of(&halfwidth).0, Encoding::Cp932);
    // ASCII headers and Japanese rows.
    let mixed = SHIFT_JIS.encode("id,name,tel\n1,髙橋 美咲,03-5550-0121\n2,表 能生,03-5550-0122\n").0.into_owned();
    assert_eq!(encoding_of(&mixed), (Encoding::Cp932, true));
}

/// The same table is seen in every encoding, and wherever the sample ends.
#[test]
fn a_sample_that_is_cut_anywhere_has_the_same_columns() {
    let files = [ROWS.as_bytes().to_vec(), SHIFT_JIS.encode(ROWS).0.into_owned(), EUC_JP.encode(ROWS).0.into_owned()];
    for bytes in files {
        for end in bytes.len() / 2..bytes.len() {
            let tables = columns(&Sample { name: "members.csv".into(), bytes: &bytes[..end], whole: false });
            let meanings: Vec<String> = tables[0].columns.iter().map(|c| c.meaning.to_string()).collect();
            assert_eq!(meanings, ["record_id", "name", "kana", "phone", "registered_at"], "{end} of {}", bytes.len());
        }
    }
}

fn delimited(text: &str) -> (char, Option<usize>, Quoting, Shape) {
    let shape = shape(&whole("members.csv", text.as_bytes()));
    let Form::Delimited(form) = shape.form.value.clone() else { panic!("{:?}", shape.form) };
    (form.delimiter.value, form.header.value, form.quoting.value, shape)
}

#[test]
fn delimiters_headers_and_quotes_are_told() {
    for delimiter in [',', '\t', ';', '|'] {
        let (found, header, ..) = delimited(&ROWS.replace(',', &delimiter.to_string()));
        assert_eq!((found, header), (delimiter, Some(1)));
    }
    let (.., shape) = delimited(&ROWS.replace('\n', "\r\n"));
    assert_eq!(shape.line_end.map(|end| (end.value, end.sure)), Some((LineEnd::CrLf, true)));
    let (.., shape) = delimited(&ROWS.replace('\n', "\r"));
    assert_eq!(shape.line_end.map(|end| end.value), Some(LineEnd::Cr));
    // Lines before the header: a title, a note, an empty line.
    let (_, header, ..) = delimited(&format!("会員一覧\n出力日:2026/03/31,全店\n\n{ROWS}"));
    assert_eq!(header, Some(4));
    let (_, header, ..) = delimited(&format!("会員一覧,,,,\n{ROWS}"));
    assert_eq!(header, Some(2));
    // No header: the first row is data.
    let rows = ROWS.split_once('\n').expect("a header").1;
    let (_, header, ..) = delimited(rows);
    assert_eq!(header, None);
    let quoted = "\"会員番号\",\"氏名\"\n\"M1\",\"田村 \"\"なお\"\" 直樹\"\n\"M2\",\"岡本,千尋\"\n";
    assert_eq!(delimited(quoted).2, Quoting::Always);
    // A quote that is a character like others.
    let inches = "id\tname\tsize\n1\t棚\t24\" \n2\t机\t36\" x\n3\t椅子\t\"12\n";
    assert_eq!((delimited(inches).0, delimited(inches).2), ('\t', Quoting::Never));
}

#[test]
fn rows_that_are_no_rows_are_told() {
    let again = ROWS.replace("M0003", "会員番号,氏名,フリガナ,電話番号,登録日\nM0003");
    let trailing = ROWS.replace("01\n", "01,\n").replace("11\n", "11,\n").replace("31\n", "31,\n");
    let total = "受注番号,商品名,数量,金額\n1,皿,1,100\n2,匙,2,200\n合計,,3,300\n".to_owned();
    for (text, told) in [(again, "glued together"), (trailing, "does not have"), (total, "total")] {
        let (.., shape) = delimited(&text);
        assert!(shape.warnings.iter().any(|w| w.contains(told)), "{told}: {:?}", shape.warnings);
    }
}

#[test]
fn values_alone_name_columns_without_a_header() {
    let rows = "1,田村 直樹,タムラ ナオキ,090-5550-7711,naoki.tamura.k31@n-mail.test,160-0022,東京都新宿区新宿3-1-13,1975/04/02\n\
        2,岡本 千尋,オカモト チヒロ,080-5550-7722,chihiro_okm7@i-mail.test,604-8005,京都府京都市中京区恵比須町439,1990/12/24\n\
        3,小川 誠,オガワ マコト,052-555-7733,ogawa.m.2212@y-mail.test,450-0002,愛知県名古屋市中村区名駅4-7-1,1962/08/15\n";
    let meanings: Vec<String> =
        columns(&whole("list.csv", rows.as_bytes()))[0].columns.iter().map(|c| c.meaning.to_string()).collect();
    assert_eq!(meanings[1..], ["name", "kana", "phone", "email", "postal_code", "address", "birth_date"]);
}

#[test]
fn json_is_told_apart() {
    let form = |text: &str| shape(&whole("x", text.as_bytes())).form.value;
    assert_eq!(form("{\"id\":1}\n{\"id\":2}\n"), Form::JsonLines);
    assert_eq!(form("[{\"id\":1},{\"id\":2}]"), Form::JsonArray);
    let lists = vec!["data.users[*]".to_owned(), "orders[*]".to_owned()];
    assert_eq!(form("{\"data\":{\"users\":[{\"id\":1}]},\"orders\":[{\"no\":2}],\"n\":1}"), Form::JsonDocument(lists));
    let tickets = file("zendesk_tickets.json");
    for end in 3000..tickets.bytes.len() {
        let cut = Sample { name: "t".into(), bytes: &tickets.bytes[..end], whole: false };
        assert!(matches!(shape(&cut).form.value, Form::JsonDocument(_)), "{end}");
    }
}

#[test]
fn fixed_lengths_and_packings_are_told() {
    let record = |n: u32, kana: &str| {
        let kana = SHIFT_JIS.encode(kana).0.into_owned();
        let mut out = format!("B{n:08}2026010{}", n % 10).into_bytes();
        out.extend(&kana);
        out.resize(60, b' ');
        out.extend(format!("{:010}{:09}", n * 37, n).into_bytes());
        out.resize(128, b' ');
        out
    };
    let names = ["ﾀﾑﾗ ﾅｵｷ", "ｵｶﾓﾄ ﾁﾋﾛ", "ｵｶﾞﾜ ﾏｺﾄ", "ｻﾄｳ ｼﾞﾛｳ"];
    let records: Vec<Vec<u8>> = (1..).zip(names).map(|(n, kana)| record(n, kana)).collect();
    assert_eq!(shape(&whole("eos.dat", &records.concat())).form.value, Form::Fixed(128));
    assert_eq!(shape(&whole("eos.dat", &records.join(&b"\r\n"[..]))).form.value, Form::Fixed(128));
    let form = |bytes: &[u8]| shape(&whole("x", bytes)).form.value;
    assert_eq!(form(b"PAR1\x15\x04\x15"), Form::Parquet);
    assert_eq!(form(b"\x1F\x8B\x08\x00"), Form::Gzip);
    assert_eq!(form(b"\x28\xB5\x2F\xFD\x00"), Form::Zstd);
    assert_eq!(form(b"PK\x03\x04\x14\x00\x00\x00\x08\x00contacts.csv"), Form::Zip);
    assert_eq!(form(b"PK\x03\x04\x14\x00\x00\x00\x08\x00[Content_Types].xml....xl/workbook.xml"), Form::Xlsx);
    assert_eq!(form(b"  \n"), Form::Empty);
    assert_eq!(form(b"\x00\x01\x02\x03\x00\x00\x05"), Form::Unknown);
    let locked = shape(&whole("x.zip", b"PK\x03\x04\x14\x00\x01\x00\x08\x00contacts.csv"));
    assert!(locked.warnings.iter().any(|w| w.contains("encrypted")), "{locked:?}");
}

/// Name, encoding, delimiter or form, line of the header.
#[test]
fn the_documented_formats_are_read_as_they_are() {
    let expected = [
        ("ec-cube_customer.csv", Encoding::Cp932),
        ("ec-cube_order.csv", Encoding::Cp932),
        ("rakuten_rakuten_pay_orders.csv", Encoding::Cp932),
        ("yahoo_order.csv", Encoding::Cp932),
        ("yahoo_item.csv", Encoding::Cp932),
    ];
    for (name, _) in FILES {
        let shape = shape(&file(name));
        let encoding = shape.encoding.clone().map(|e| e.value);
        let sjis = std::str::from_utf8(file(name).bytes).is_err();
        assert_eq!(encoding, Some(if sjis { Encoding::Cp932 } else { Encoding::Utf8 }), "{name}");
        assert!(!expected.iter().any(|(n, _)| n == name) || sjis, "{name}");
        match &shape.form.value {
            Form::Delimited(form) => {
                assert_eq!((form.delimiter.value, form.header.value), (',', Some(1)), "{name}: {form:?}");
                assert!(form.delimiter.sure && form.header.sure, "{name}: {form:?}");
            }
            Form::JsonArray => assert_eq!(*name, "smaregi_customers_api.json"),
            Form::JsonDocument(lists) => assert_eq!(lists[..], ["tickets[*]", "users[*]"]),
            other => panic!("{name}: {other:?}"),
        }
    }
}
