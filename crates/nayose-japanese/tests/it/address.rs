//! Addresses: rows of `address.tsv`, and what holds for any text at all.

use crate::check_lines;
use nayose_japanese::address::{Address, Problem, normalize};
use proptest::prelude::*;

/// What a row may ask for, by name; absent parts are empty.
fn part(a: &Address, name: &str) -> Option<String> {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    Some(match name {
        "prefecture" => text(&a.prefecture),
        "city" => text(&a.city),
        "code" => text(&a.city_code),
        "town" => text(&a.town),
        "koaza" => text(&a.koaza),
        "street" => text(&a.street),
        "chome" => a.chome.map(|n| n.to_string()).unwrap_or_default(),
        "block" => text(&a.block),
        "number" => text(&a.number),
        "building" => text(&a.building),
        "room" => text(&a.room),
        "postal" => text(&a.postal_code),
        "rest" => a.rest.clone(),
        "level" => a.level.as_str().to_owned(),
        "problem" => a.problem.map_or("", |p| p.as_str()).to_owned(),
        "canonical" => a.canonical.clone(),
        "key" => a.key.clone(),
        "partial" => a.is_partial().to_string(),
        "renamed" => a.renamed.as_ref().map(|r| r.from.clone()).unwrap_or_default(),
        "alternatives" => a.alternatives.iter().map(|a| a.town_code.clone()).collect::<Vec<_>>().join(","),
        _ => return None,
    })
}

/// `text [⏎ postal code] ⇥ name=value …`, or `= ⇥ text ⇥ text …`: spellings of one address.
fn check(line: &str) -> Result<(), String> {
    let mut fields = line.split('\t');
    let first = fields.next().unwrap_or_default();
    if first == "=" || first == "!" {
        let texts: Vec<&str> = fields.collect();
        let key = |text: &&str| {
            let (text, code) = text.split_once('⏎').map_or((*text, None), |(text, code)| (text, Some(code)));
            normalize(text, code).key
        };
        let keys: Vec<String> = texts.iter().map(key).collect();
        let same = keys.iter().all(|k| *k == keys[0]);
        return if same == (first == "=") { Ok(()) } else { Err(format!("{first} {texts:?} {keys:?}")) };
    }
    let (text, code) = first.split_once('⏎').map_or((first, None), |(text, code)| (text, Some(code)));
    let address = normalize(text, code);
    for field in fields {
        let (name, want) = field.split_once('=').ok_or_else(|| format!("{line}: {field} is no name=value"))?;
        let got = part(&address, name).ok_or_else(|| format!("{line}: no part {name}"))?;
        if got != want {
            return Err(format!("{text}: {name} is {got:?}, not {want:?}"));
        }
    }
    stable(text, code)
}

/// Normalizing the canonical text again changes nothing.
fn stable(text: &str, code: Option<&str>) -> Result<(), String> {
    let once = normalize(text, code);
    let twice = normalize(&once.canonical, None);
    if twice.canonical == once.canonical && twice.key == once.key {
        return Ok(());
    }
    Err(format!("{text:?}: {:?} {:?}, again {:?} {:?}", once.canonical, once.key, twice.canonical, twice.key))
}

#[test]
fn rows() {
    check_lines(include_str!("address.tsv"), check);
}

/// How stale the dictionary is can be asked, and tests/it/address_2023.zst is of an older edition.
#[test]
fn the_edition_is_a_month() {
    let edition = nayose_japanese::address::edition();
    assert!(edition.len() == 7 && edition > "2026-09", "{edition}");
}

/// Ten thousand towns of the postal list of January 2023: each still leads to its code, or the address says that the name
/// is of the past.
#[test]
fn towns_of_a_former_edition_keep_their_codes() {
    let bytes = zstd::decode_all(&include_bytes!("address_2023.zst")[..]).expect("a zstd frame");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (mut all, mut wrong) = (0, Vec::new());
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [code, city, town] = fields[..] else { panic!("{line}") };
        let got = normalize(&format!("{city}{town}"), None);
        all += 1;
        // 天竜区 has another code since 2024, and the same name.
        let same =
            (got.city_code.as_deref() == Some(code) || got.city.as_deref() == Some(city)) && got.town_code.is_some();
        let moved = got.renamed.is_some() && got.town_code.is_some();
        if !same && !moved && got.problem != Some(Problem::Ambiguous) {
            wrong.push(format!("{line}: {:?} {}", got.town_code, got.canonical));
        }
    }
    assert_eq!(all, 10_000);
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// Pieces that addresses are made of, in good order and in bad.
const PIECES: [&str; 96] = [
    "東京都",
    "北海道",
    "京都府",
    "大阪",
    "千代田区",
    "横浜市",
    "南区",
    "札幌市中央区",
    "京都市中京区",
    "余市郡余市町",
    "府中市",
    "大宮市",
    "堺市堺区",
    "丸の内",
    "丸ノ内",
    "大通西",
    "北一条西",
    "朝倉丙",
    "大字",
    "字",
    "小字",
    "種市",
    "長山",
    "二条殿町",
    "烏丸通御池上る",
    "安良町",
    "東三国丘町",
    "1",
    "2",
    "３",
    "12",
    "101",
    "1500",
    "一",
    "二",
    "十二",
    "百二十三",
    "〇",
    "丁目",
    "丁",
    "番",
    "番地",
    "番地の",
    "号",
    "の",
    "ノ",
    "-",
    "－",
    "ー",
    "‐",
    "−",
    "第3地割",
    "23地割",
    "東3線",
    "北4号",
    "条",
    "線",
    "区",
    "甲",
    "イ",
    "ロ",
    "無番地",
    "番外地",
    "ABCビル",
    "ビル",
    "メゾン山田",
    "荘",
    "3F",
    "３階",
    "B1F",
    "地下1階",
    "101号室",
    "号室",
    "#203",
    "A-203",
    "A",
    "(",
    ")",
    "（株）",
    "様方",
    "〒",
    "100-0005",
    "1000005",
    " ",
    "　",
    "、",
    ",",
    "々",
    "ヶ",
    "ケ",
    "之",
    "\u{fe00}",
    "ｶﾞ",
    "㈱",
    "é",
    "😀",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_stable(text in ".{0,40}") {
        prop_assert_eq!(stable(&text, None), Ok(()));
    }

    #[test]
    fn pieces_are_stable(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..14)) {
        prop_assert_eq!(stable(&pieces.concat(), None), Ok(()));
    }

    #[test]
    fn addresses_are_stable(
        place in prop::sample::select(vec!["東京都千代田区丸の内", "札幌市中央区北一条西", "洋野町種市", "高知市朝倉丙", "南区大岡", "那覇市安里", "大崎市鹿島台広長"]),
        pieces in prop::collection::vec(prop::sample::select(&PIECES[18..]), 0..10),
    ) {
        let text = format!("{place}{}", pieces.concat());
        prop_assert_eq!(stable(&text, Some("100-0005")), Ok(()));
        let address = normalize(&text, None);
        prop_assert!((0.0..=1.0).contains(&address.confidence));
    }
}
