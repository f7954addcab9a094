//! Names: division, kana, honorifics and problems, from `name.tsv`; pairs with one key and pairs with two, from
//! `name_variants.tsv`; readings, from `name_readings.tsv`; and properties of any text.

use crate::check_lines;
use nayose_japanese::kana::kana_key;
use nayose_japanese::name::{Reading, normalize, normalize_parts, part_key};
use nayose_japanese::width::fold_width;
use proptest::prelude::*;

#[test]
fn names() {
    check_lines(include_str!("name.tsv"), check);
}

fn check(line: &str) -> Result<(), String> {
    let field = |n: usize| line.split('\t').nth(n).unwrap_or_default();
    let kana = Some(field(1)).filter(|k| !k.is_empty());
    let name = normalize(field(0), kana);
    let mut found: Vec<String> = name.problem.iter().map(|p| p.name().to_owned()).collect();
    found.extend(name.swapped.then(|| "swapped".to_owned()));
    found.extend(name.organization.iter().map(|o| format!("kind={}", o.kind.name())));
    found.extend(name.title.iter().map(|t| format!("title={t}")));
    found.extend(name.honorific.iter().map(|h| format!("honorific={h}")));
    found.extend(name.maiden.iter().map(|m| format!("maiden={m}")));
    found.extend(name.nickname.iter().map(|n| format!("nickname={n}")));
    let shown = [&name.family, &name.given, &name.display_kana(), &found.join(" ")].map(String::clone);
    let mut wanted = [field(2), field(3), field(4), field(5)].map(str::to_owned);
    if wanted[2].is_empty() && field(1).is_empty() {
        wanted[2].clone_from(&shown[2]);
    }
    if shown == wanted { Ok(()) } else { Err(format!("{line}\n    gives {}", shown.join("\t"))) }
}

#[test]
fn variants_have_one_key_and_other_names_do_not() {
    check_lines(include_str!("name_variants.tsv"), check_pair);
}

fn check_pair(line: &str) -> Result<(), String> {
    let [wanted, a, b] = line.split('\t').collect::<Vec<_>>()[..] else { return Err(line.to_owned()) };
    let key = |name: &str| normalize_parts(name, "花子", None, None).key;
    let same = key(a) == key(b) && part_key(&fold_width(a)) == part_key(&fold_width(b));
    if same == (wanted == "same") { Ok(()) } else { Err(format!("{line}: {} {}", key(a), key(b))) }
}

#[test]
fn readings_are_in_the_set() {
    check_lines(include_str!("name_readings.tsv"), check_readings);
}

fn check_readings(line: &str) -> Result<(), String> {
    let [part, name, wanted] = line.split('\t').collect::<Vec<_>>()[..] else { return Err(line.to_owned()) };
    let found = match part {
        "family" => normalize_parts(name, "花子", None, None).family_readings,
        _ => normalize_parts("田中", name, None, None).given_readings,
    };
    let kana: Vec<&str> = found.iter().map(|r| r.kana.as_str()).collect();
    let missing: Vec<&str> = wanted.split(' ').filter(|w| !kana.contains(w)).collect();
    let folded = found.iter().all(|r| kana_key(&r.kana) == r.key);
    if missing.is_empty() && kana.len() <= 12 && folded {
        Ok(())
    } else {
        Err(format!("{line}: lacks {missing:?} in {kana:?}"))
    }
}

#[test]
fn parts_are_corrected() {
    let name = |family, given, family_kana, given_kana| {
        let name = normalize_parts(family, given, family_kana, given_kana);
        (name.display(), name.display_kana())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(name("田中", "太郎", Some("タナカ"), Some("タロウ")), pair("田中 太郎", "タナカ タロウ"));
    assert_eq!(name("田中", "太郎様", None, None), pair("田中 太郎", ""));
    assert_eq!(name("太郎", "田中", Some("タロウ"), Some("タナカ")), pair("田中 太郎", "タナカ タロウ"));
    assert_eq!(name("田中太郎", "", Some("タナカタロウ"), None), pair("田中 太郎", "タナカ タロウ"));
    assert_eq!(name("", "田中 太郎", None, None), pair("田中 太郎", ""));
    assert_eq!(name("田中", "", None, None), pair("田中", ""));
    assert_eq!(name("", "太郎", None, None), pair("太郎", ""));
    assert_eq!(name("", "", Some("ﾀﾅｶ"), Some("ﾀﾛｳ")), pair("タナカ タロウ", "タナカ タロウ"));
}

#[test]
fn readings_are_as_written() {
    let read = |text: &str, kana: Option<&str>| {
        let name = normalize(text, kana);
        let first = |readings: &[Reading]| readings.first().map(|r| r.kana.clone()).unwrap_or_default();
        (format!("{} {}", first(&name.family_readings), first(&name.given_readings)), name.romaji())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(read("田中太郎", None), pair("タナカ タロウ", "TANAKA TARO"));
    assert_eq!(read("大野純一郎", None), pair("オオノ ジュンイチロウ", "ONO JUNICHIRO"));
    assert_eq!(read("田中太郎", Some("たなか たろう")), pair("タナカ タロウ", "TANAKA TARO"));
    assert_eq!(read("田中太郎", Some("ﾀﾅｶ ﾀﾛｰ")), pair("タナカ タロー", "TANAKA TARO"));
    assert_eq!(read("さとう ゆうこ", None), pair("サトウ ユウコ", "SATO YUKO"));
    assert_eq!(read("Taro Sato", None), pair("サトウ タロウ", "SATO TARO"));
}

/// Text as channels send it: pieces of names, marks, and any character at all.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "田中",
        "太郎",
        "佐々木",
        "々",
        "髙",
        "ヶ",
        "ノ",
        "様",
        "さん",
        "殿",
        "氏",
        "株式会社",
        "(株)",
        "カ)",
        "（",
        "）",
        "旧姓",
        "　",
        " ",
        "・",
        "ﾔﾏ",
        "ﾞ",
        "ﾟ",
        "ー",
        "っ",
        "Taro",
        "OHNO",
        ",",
        ".",
        "'",
        "部長",
        "博士",
        "テスト",
        "1",
        "\u{e0100}",
        "\u{200b}",
        "゛",
        "𠮷",
        "ā",
        "ß",
        "ŉ",
    ]);
    let piece = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from), 1 => "[ぁ-ヿ一-龥]{1,3}"];
    prop::collection::vec(piece, 0..7).prop_map(|v| v.concat())
}

proptest! {
    // A minute on request: PROPTEST_CASES=300000.
    #[test]
    fn normalizing_twice_is_normalizing_once(text in any_text(), kana in prop::option::of(any_text())) {
        let once = normalize(&text, kana.as_deref());
        for weight in once.family_readings.iter().chain(once.given_readings.iter()).map(|r| r.weight) {
            prop_assert!((0.0..=1.0).contains(&weight));
        }
        prop_assert!((0.0..=1.0).contains(&once.confidence), "{}", once.confidence);
        let once = normalize(&text, None);
        if once.problem.is_none() {
            let twice = normalize(&once.display(), None);
            prop_assert_eq!(&twice.key, &once.key, "{:?} shows {:?}", once, once.display());
        }
    }

    #[test]
    fn parts_never_fail(a in any_text(), b in any_text(), c in prop::option::of(any_text()), d in prop::option::of(any_text())) {
        let name = normalize_parts(&a, &b, c.as_deref(), d.as_deref());
        prop_assert!(name.problem.is_some() || !name.key.is_empty());
    }

    #[test]
    fn any_unicode_is_accepted(text in any::<String>(), kana in any::<String>()) {
        normalize(&text, Some(&kana));
    }
}
