//! Removes from a name what people write around it.
//!
//! In: text after width folding. Out: the bare name, and separately its honorific, title, and what is in brackets: a
//! reading, a nickname or a maiden name. Placeholders (不明) and test entries are detected here too. Why lists: these
//! words are few and their use is regular; where one may also be the end of a name (氏 of 伊達晴氏) the name dictionary
//! decides.

use super::dictionary::{Part, dictionary};
use super::letters::{key_units, part_key};
use crate::kana::{is_kana, is_kanji};
use crate::romaji::is_latin;
use std::sync::OnceLock;

/// A name and what was written around it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cleaned {
    /// The bare name.
    pub(super) text: String,
    /// 様, さん, 殿, Mr. …
    pub(super) honorific: Option<String>,
    /// 部長, 代表取締役, 医師 …
    pub(super) title: Option<String>,
    /// A family name before marriage, from 旧姓 or from brackets between the parts.
    pub(super) maiden: Option<String>,
    /// Any other text in brackets.
    pub(super) nickname: Option<String>,
    /// A reading in brackets: kana after a name in kanji.
    pub(super) kana: Option<String>,
}

/// Honorifics at the end, each with the least number of characters before it if no space is: 君 may end a name of four
/// characters, 様 hardly ends any. 99: only after a space. Our own list; the numbers are judgements.
const HONORIFICS: &[(&str, usize)] = &[
    ("御一同様", 2),
    ("ご一行様", 2),
    ("御一行様", 2),
    ("ご夫妻", 2),
    ("御夫妻", 2),
    ("ご家族様", 2),
    ("御中", 1),
    ("各位", 2),
    ("様方", 2),
    ("さま", 2),
    ("様", 1),
    ("殿", 3),
    ("どの", 4),
    ("さん", 2),
    ("ちゃん", 2),
    ("くん", 3),
    ("君", 4),
    ("先生", 2),
    ("氏", 2),
    ("サマ", 3),
    ("サン", 4),
    ("チャン", 4),
    ("クン", 4),
    ("宛", 99),
    ("行", 99),
];

/// Offices and professions, as the last or the first word; the first that fits is removed. Our own list.
const TITLES: &[&str] = &[
    "代表取締役社長",
    "代表取締役会長",
    "代表取締役",
    "取締役",
    "代表社員",
    "代表理事",
    "代表者",
    "執行役員",
    "監査役",
    "副社長",
    "社長",
    "専務",
    "常務",
    "会長",
    "本部長",
    "副部長",
    "部長",
    "次長",
    "課長",
    "係長",
    "主任",
    "副店長",
    "店長",
    "支店長",
    "支社長",
    "所長",
    "副院長",
    "院長",
    "園長",
    "校長",
    "准教授",
    "教授",
    "医師",
    "歯科医師",
    "弁護士",
    "税理士",
    "会計士",
    "司法書士",
    "理事長",
    "理事",
    "住職",
    "町長",
    "村長",
    "議員",
    "博士",
    "故",
];

/// English honorifics as the first word. Our own list.
const ENGLISH_FIRST: &[&str] = &["MR", "MRS", "MS", "MISS", "MX", "DR", "PROF", "SIR", "MADAM"];
/// English and romanized honorifics, degrees and suffixes as the last word. Our own list.
const ENGLISH_LAST: &[&str] = &["SAN", "SAMA", "KUN", "CHAN", "SENSEI", "PHD", "MD", "JR", "SR", "ESQ"];

/// How often brackets, or honorifics and titles, are removed: a name has few of them. A judgement.
const MAX_ROUNDS: usize = 4;
/// The most kanji in brackets between the parts that are a maiden name (山田(佐藤)花子); more are an explanation. A
/// judgement.
const MAX_MAIDEN_CHARS: usize = 4;

/// Separates a name from what is written around it.
pub(super) fn clean(text: &str) -> Cleaned {
    let mut out = Cleaned { text: text.to_owned(), ..Cleaned::default() };
    // Most names have none of these; what is removed adds no character but a space.
    let (mut bracket, mut maiden, mut other) = (false, false, false);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' | '<' | '「' | '『' | '【' | '《' | '〈' | '〔' | '"' | '“' => bracket = true,
            '旧' => maiden = true,
            '称' | ':' => other = true,
            _ => {}
        }
    }
    if bracket {
        remove_brackets(&mut out);
    }
    if maiden && out.text.contains("旧姓") {
        remove_maiden(&mut out);
    }
    if other && out.text.contains(['称', ':']) {
        remove_other_name(&mut out);
    }
    for _ in 0..MAX_ROUNDS {
        if !may_have_title(&out.text) {
            break;
        }
        let before = out.text.len();
        remove_honorific(&mut out);
        remove_title(&mut out);
        if out.text.len() == before {
            break;
        }
    }
    if is_latin(&out.text) {
        remove_english(&mut out);
    }
    out
}

/// Brackets and quotation marks, opening and closing.
const BRACKETS: &[(char, char)] = &[
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
    ('<', '>'),
    ('「', '」'),
    ('『', '』'),
    ('【', '】'),
    ('《', '》'),
    ('〈', '〉'),
    ('〔', '〕'),
    ('"', '"'),
    ('“', '”'),
];

fn remove_brackets(out: &mut Cleaned) {
    for _ in 0..MAX_ROUNDS {
        let Some((from, open)) = out.text.char_indices().find(|(_, c)| BRACKETS.iter().any(|p| p.0 == *c)) else {
            return;
        };
        let close = BRACKETS.iter().find(|p| p.0 == open).map_or(open, |p| p.1);
        let start = from + open.len_utf8();
        let (end, after) = match out.text[start..].find(close) {
            Some(len) => (start + len, start + len + close.len_utf8()),
            None => (out.text.len(), out.text.len()),
        };
        let inside = out.text[start..end].trim().to_owned();
        let (before, behind) = (out.text[..from].trim().to_owned(), out.text[after..].trim().to_owned());
        if before.is_empty() && behind.is_empty() {
            out.text = inside;
            return;
        }
        assign_bracketed(out, &inside, &before, &behind);
        let gap = if before.is_empty() || behind.is_empty() { "" } else { " " };
        out.text = format!("{before}{gap}{behind}");
    }
}

/// Decides what the text in brackets is: a maiden name, a reading, a nickname or nothing.
fn assign_bracketed(out: &mut Cleaned, inside: &str, before: &str, behind: &str) {
    let maiden = ["旧姓", "旧", "元", "née", "nee"].iter().find_map(|word| inside.strip_prefix(word));
    if let Some(maiden) = maiden.map(|m| m.trim_matches([':', '：', ' ', '・'])).filter(|m| !m.is_empty()) {
        out.maiden = Some(maiden.to_owned());
        return;
    }
    // A legal name or a name in use (通称) beside the other.
    let labelled = ["通称名", "通称", "通名", "本名"].iter().find_map(|word| inside.strip_prefix(word));
    let inside = labelled.map_or(inside, |rest| rest.trim_start_matches([':', '：', ' ', '・']));
    let kana = inside.chars().all(|c| is_kana(c) || c == ' ' || c == '・');
    let between = !before.is_empty() && !behind.is_empty();
    if inside.is_empty()
        || ["故", "仮", "様", "本人", "男", "女", "代理", "亡", "通称", "通名", "本名"].contains(&inside)
    {
        return;
    }
    if kana && inside.chars().count() > 1 && before.chars().any(is_kanji) && out.kana.is_none() && !between {
        out.kana = Some(inside.to_owned());
    } else if between && inside.chars().all(is_kanji) && inside.chars().count() <= MAX_MAIDEN_CHARS {
        out.maiden = Some(inside.to_owned());
    } else {
        out.nickname = Some(inside.to_owned());
    }
}

/// Removes a maiden name after 旧姓.
fn remove_maiden(out: &mut Cleaned) {
    if let Some((before, behind)) = out.text.split_once("旧姓") {
        let maiden = behind.trim_matches([':', ' ', '・', '/', '、']);
        let before = before.trim_matches([' ', '・', '/', '、', ',']);
        // 旧姓鈴木 山田 花子: the name of today follows.
        let (maiden, before) = match maiden.split_once([' ', '・', '/', '、']).filter(|_| before.is_empty()) {
            Some((maiden, after)) => (maiden, after.trim_matches([' ', '・', '/', '、', ','])),
            None => (maiden, before),
        };
        if !before.is_empty() && !maiden.is_empty() {
            out.maiden = Some(maiden.to_owned());
            out.text = before.to_owned();
        }
    }
}

/// Removes the label of a name in use or a legal name (通称:新井太郎), and the other name before it.
fn remove_other_name(out: &mut Cleaned) {
    let around = [':', ' ', '・', '/', '、', ','];
    // 本名 is a family name too.
    for label in ["通称名", "通称", "本名:"] {
        let Some((before, behind)) = out.text.split_once(label) else { continue };
        let (before, behind) = (before.trim_matches(around), behind.trim_matches(around));
        let (text, other) = if before.is_empty() { (behind, before) } else { (before, behind) };
        if text.is_empty() {
            return;
        }
        out.nickname = out.nickname.take().or((!other.is_empty()).then(|| other.to_owned()));
        out.text = text.to_owned();
        return;
    }
}

fn remove_honorific(out: &mut Cleaned) {
    for &(word, least) in HONORIFICS {
        if let Some(rest) = out.text.strip_suffix(word) {
            let after_space = rest.ends_with(' ');
            let bare = rest.trim_end();
            let kana_word = word.chars().all(is_kana);
            // さん at the end of a name in kana may belong to it; after a space it does not.
            let more = if kana_word && bare.chars().all(|c| is_kana(c) || c == ' ') { 2 } else { 0 };
            let length = bare.chars().filter(|c| *c != ' ').count();
            if !after_space && word.chars().count() == 1 && ends_in_listed_name(&out.text) {
                continue;
            }
            if (after_space && length > 0 && (word != "行" || length > 2)) || length >= least + more {
                out.honorific = Some(word.to_owned());
                out.text = bare.to_owned();
                return;
            }
        }
    }
}

/// Whether [`clean`] might remove anything from a part of a name: false for nearly all of them.
pub(super) fn may_be_trimmed(text: &str) -> bool {
    text.contains("旧姓") || may_have_title(text)
}

/// Whether the last or the first character is that of an honorific or title.
fn may_have_title(text: &str) -> bool {
    static ENDS: OnceLock<[Vec<char>; 2]> = OnceLock::new();
    let [first, last] = ENDS.get_or_init(|| {
        let words = HONORIFICS.iter().map(|h| h.0).chain(TITLES.iter().copied());
        let mut ends = [
            TITLES.iter().filter_map(|w| w.chars().next()).collect(),
            words.filter_map(|w| w.chars().next_back()).collect(),
        ];
        ends.iter_mut().for_each(|chars: &mut Vec<char>| chars.sort_unstable());
        ends
    });
    let in_set = |c: Option<char>, set: &[char]| c.is_some_and(|c| set.binary_search(&c).is_ok());
    in_set(text.chars().next(), first) || in_set(text.chars().next_back(), last)
}

/// Whether the text is a listed name, or a listed family name and a given name: 伊達晴氏, 鵜殿.
fn ends_in_listed_name(text: &str) -> bool {
    let listed = |part, word: &str| dictionary().find(part, key_units(&part_key(word)).units()).is_some();
    if let Some((_, last)) = text.rsplit_once(' ') {
        return last.chars().count() > 1 && listed(Part::Given, last);
    }
    let starts: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
    // Given names of two or three characters: one of one character would be the honorific itself.
    let divides = |n: usize| {
        let split = starts[starts.len() - n];
        split > 0 && listed(Part::Given, &text[split..]) && listed(Part::Family, &text[..split])
    };
    (2..=3.min(starts.len())).any(divides) || (starts.len() <= 2 && listed(Part::Family, text))
}

fn remove_title(out: &mut Cleaned) {
    for word in TITLES {
        let last = out.text.strip_suffix(word).map(|rest| (rest.ends_with(' '), rest.trim_end()));
        let first = out.text.strip_prefix(word).map(|rest| (rest.starts_with(' '), rest.trim_start()));
        for (after_space, rest) in last.into_iter().chain(first) {
            let long = word.chars().count() > 1 && rest.chars().count() >= 2;
            // 田中 博士 is a name; 田中 一郎 博士 has a title.
            let own = *word == "博士" && !rest.contains(' ') && rest.chars().count() < 4;
            if !rest.is_empty() && !own && (after_space || long) {
                out.title = Some((*word).to_owned());
                out.text = rest.to_owned();
                return;
            }
        }
    }
}

/// Removes honorifics and suffixes from a name in Latin letters.
fn remove_english(out: &mut Cleaned) {
    let plain = |w: &str| w.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase();
    let mut words: Vec<&str> = out.text.split(' ').collect();
    if words.len() > 1 && ENGLISH_FIRST.contains(&plain(words[0]).as_str()) {
        out.honorific = Some(words.remove(0).to_owned());
    }
    if words.len() > 2 && words.last().is_some_and(|w| ENGLISH_LAST.contains(&plain(w).as_str())) {
        out.honorific = words.pop().map(str::to_owned);
    }
    let text = words.join(" ");
    let upper = text.to_ascii_uppercase();
    let cut = ["-SAN", "-SAMA", "-KUN", "-CHAN"].iter().find(|s| upper.ends_with(*s) && upper.len() > s.len());
    match cut {
        Some(suffix) => {
            out.honorific = Some(text[text.len() - suffix.len() + 1..].to_owned());
            out.text = text[..text.len() - suffix.len()].to_owned();
        }
        None => out.text = text,
    }
}

/// Placeholders: words that forms, systems and people put where a name should be. Our own list.
const NOT_NAMES: &[&str] = &[
    "名無し",
    "ななし",
    "名前",
    "氏名",
    "お名前",
    "不明",
    "未入力",
    "未設定",
    "未登録",
    "匿名",
    "匿名希望",
    "ゲスト",
    "guest",
    "user",
    "ユーザー",
    "customer",
    "お客",
    "お客様",
    "お客さま",
    "客",
    "非公開",
    "退会済",
    "退会済み",
    "退会者",
    "null",
    "none",
    "nan",
    "na",
    "なし",
    "無し",
    "該当なし",
    "unknown",
    "anonymous",
    "本人",
    "家族",
    "同上",
    "管理者",
    "admin",
    "administrator",
    "店頭",
    "一般",
    "会員",
    "無名",
    "空白",
    "undefined",
    "noname",
    "秘密",
    "ひみつ",
    "代表",
];
/// Words of test entries. Our own list.
const TESTS: &[&str] = &[
    "テスト",
    "てすと",
    "test",
    "ダミー",
    "だみー",
    "dummy",
    "サンプル",
    "sample",
    "デモ",
    "demo",
    "試験",
    "検証",
    "確認用",
    "ほげ",
    "hoge",
    "foo",
    "bar",
    "asdf",
    "qwerty",
];

/// Whether the text is a placeholder.
pub(super) fn is_placeholder(text: &str) -> bool {
    static FIRST: OnceLock<Vec<char>> = OnceLock::new();
    let first = FIRST.get_or_init(|| {
        let mut first: Vec<char> = NOT_NAMES.iter().filter_map(|w| w.chars().next()).collect();
        first.sort_unstable();
        first
    });
    let begin = text.chars().next().map(|c| c.to_ascii_lowercase());
    if begin.is_some_and(|c| (is_kanji(c) || is_kana(c)) && first.binary_search(&c).is_err()) {
        return false;
    }
    let bare =
        text.chars().filter(|c| c.is_alphanumeric() || *c == 'ー').map(|c| c.to_ascii_lowercase()).collect::<String>();
    bare.is_empty() || NOT_NAMES.contains(&bare.as_str())
}

/// Whether the text is a test entry: テスト 太郎, test test, ああああ, xxxx.
pub(super) fn is_test(text: &str) -> bool {
    // Most names are all kanji, and are checked only for 試験, 検証, 確認用 and one repeated character.
    let mut chars = text.chars();
    let first = chars.next();
    if !text.chars().any(|c| c.is_ascii_alphanumeric() || is_kana(c))
        && !text.contains(['験', '証', '認'])
        && chars.next() != first
    {
        return false;
    }
    // Names all in kana and kanji are checked for the words below by a character of each, and for one repeated character.
    let plain = |c: char| is_kana(c) || is_kanji(c) || c == ' ';
    let marked = ['テ', 'て', 'ダ', 'だ', 'サ', 'デ', 'ほ', '験', '証', '認'];
    if text.chars().all(plain) && !text.contains(marked) && !is_one_character(text) {
        return false;
    }
    let lower = text.to_lowercase();
    let words = |w: &str| {
        let w = w.trim_end_matches(|c: char| c.is_numeric());
        TESTS.contains(&w)
    };
    let joined: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    lower.split([' ', '-', '_', '・']).any(words)
        || ["テスト", "てすと", "ダミー", "サンプル"].iter().any(|t| lower.starts_with(t))
        || lower.ends_with("テスト")
        || ["動作確認", "確認用", "検証用", "試験用"].iter().any(|t| joined.contains(t))
        || is_one_character(&joined)
}

/// Whether a text is one character three times or more, but for signs and spaces.
fn is_one_character(text: &str) -> bool {
    let mut letters = text.chars().filter(|c| c.is_alphanumeric());
    let first = letters.next();
    let mut more = 0;
    first.is_some()
        && letters.all(|c| {
            more += 1;
            Some(c) == first
        })
        && more >= 2
}
