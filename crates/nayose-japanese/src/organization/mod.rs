//! Organizations: names of companies and other bodies.
//!
//! In: text as written (㈱山田, 山田（株）, カ)ヤマダ, Yamada Co., Ltd.). Out: the legal form, the name without it, and
//! two keys; `None` if the text does not look like an organization. Why: customer lists hold companies in the name field,
//! and those are no people.
//!
//! The key is equal for spellings of one organization: 株式会社山田商店, 有限会社山田商店 and 山田商店株式会社 are three
//! companies, as the place of the form belongs to a registered name. The name key is that of the name alone, by which the
//! three are near. Bank transfers and Latin letters do not keep the place, so they have one key for both.

mod corporate_number;
mod forms;

pub use corporate_number::{CorporateNumber, corporate_number};

use crate::kana::{enlarged, is_kana, katakana};
use crate::kanji;
use crate::width::fold_width;
use forms::{BRACKETED, COMPANIES, CORPORATIONS, ENDINGS, ENGLISH, Form, KANA_FORMS, KANA_MARKS, ROMANIZED, TRANSFER};
use std::sync::OnceLock;

/// The legal form of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 株式会社
    Kabushiki,
    /// 有限会社
    Yugen,
    /// 合同会社
    Godo,
    /// 合資会社
    Goshi,
    /// 合名会社
    Gomei,
    /// 一般・公益社団法人
    Shadan,
    /// 一般・公益財団法人
    Zaidan,
    /// 医療法人
    Iryo,
    /// 学校法人
    Gakko,
    /// 宗教法人
    Shukyo,
    /// 社会福祉法人
    Fukushi,
    /// 特定非営利活動法人 (NPO法人)
    Npo,
    /// 独立行政法人, 国立大学法人 and other public bodies
    Public,
    /// Inc., Corp., Ltd., LLC and their kind
    Foreign,
    /// Recognized by a word (商店, 病院, 協会) only
    Other,
}

impl Kind {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Kabushiki => "kabushiki",
            Kind::Yugen => "yugen",
            Kind::Godo => "godo",
            Kind::Goshi => "goshi",
            Kind::Gomei => "gomei",
            Kind::Shadan => "shadan",
            Kind::Zaidan => "zaidan",
            Kind::Iryo => "iryo",
            Kind::Gakko => "gakko",
            Kind::Shukyo => "shukyo",
            Kind::Fukushi => "fukushi",
            Kind::Npo => "npo",
            Kind::Public => "public",
            Kind::Foreign => "foreign",
            Kind::Other => "other",
        }
    }
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its legal form.
    pub kind: Kind,
    /// The name without the legal form, as written after width folding.
    pub name: String,
    /// Equal for spellings of one organization: the legal form, before or after the name, and the name key.
    pub key: String,
    /// The key of the name alone: kanji variants folded, large katakana, capitals, no spaces or punctuation.
    pub name_key: String,
}

/// Where the legal form stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the name, or not known.
    Before,
    After,
}

/// The organization that the text names, if it looks like one.
pub fn organization(text: &str) -> Option<Organization> {
    let text = fold_width(text);
    by_form(&text).or_else(|| by_transfer(&text)).or_else(|| by_english(&text)).or_else(|| by_ending(&text))
}

/// Whether the text has a legal form, not only an ending such as 商店.
pub(crate) fn has_legal_form(text: &str) -> bool {
    let text = fold_width(text);
    by_form(&text).or_else(|| by_transfer(&text)).is_some()
}

fn by_form(text: &str) -> Option<Organization> {
    // Most texts are names of people, and every form has one of these characters.
    let (mut marks, mut before) = ([false; 4], ' ');
    for c in text.chars() {
        match c {
            '社' => marks[0] = true,
            '法' => marks[1] = true,
            '(' => marks[2] = true,
            // ガイシャ, ホウジン
            'シ' | 'し' => marks[3] |= matches!(before, 'イ' | 'い'),
            'ジ' | 'じ' => marks[3] |= matches!(before, 'ウ' | 'う'),
            _ => {}
        }
        before = c;
    }
    for (list, marked) in [COMPANIES, CORPORATIONS, BRACKETED].into_iter().zip(marks) {
        // The longest form wins: 公益社団法人 is listed before 社団法人, (社福) does not contain (社).
        let found = if marked { list.iter().find(|form| text.contains(form.0)) } else { None };
        if let Some(form) = found {
            return Some(without_form(text, text, form));
        }
    }
    if !marks[3] || !KANA_MARKS.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    let large = large_katakana(text);
    KANA_FORMS.iter().find(|form| large.contains(form.0)).map(|form| without_form(text, &large, form))
}

/// The organization whose legal form stands in `folded`, which has the bytes of `text` in the same places.
fn without_form(text: &str, folded: &str, form: &Form) -> Organization {
    let from = folded.find(form.0).unwrap_or_default();
    let (before, after) = (&text[..from], &text[from + form.0.len()..]);
    let place = if before.trim().is_empty() { Place::Before } else { Place::After };
    with_name(form.1, form.2, place, &format!("{before} {after}"))
}

/// In katakana with small kana large: every character has as many bytes as in the text.
fn large_katakana(text: &str) -> String {
    text.chars().map(|c| enlarged(katakana(c))).collect()
}

fn by_transfer(text: &str) -> Option<Organization> {
    let (open, close) = (text.find('('), text.find(')'));
    let listed = |short: &str| {
        let short = large_katakana(short);
        TRANSFER.iter().find(|form| form.0 == short)
    };
    let named = |form: &Form, name: &str| {
        let long_enough = name.chars().filter(|c| c.is_alphanumeric()).count() >= 2;
        long_enough.then(|| with_name(form.1, form.2, Place::Before, name))
    };
    // カ)ヤマダ, (カ)ヤマダ, ヤマダ(カ)トウキヨウシテン, ヤマダ(カ)
    if let Some(close) = close {
        let start = open.filter(|&open| open < close);
        if let Some(form) = listed(&text[start.map_or(0, |open| open + 1)..close]) {
            return named(form, &format!("{} {}", &text[..start.unwrap_or_default()], &text[close + 1..]));
        }
    }
    // ヤマダ(カ
    let (before, short) = text.rsplit_once('(')?;
    named(listed(short.trim_end_matches(')'))?, before)
}

fn by_english(text: &str) -> Option<Organization> {
    if !text.is_ascii() || !text.contains(' ') {
        return None;
    }
    let words: Vec<String> = text
        .split([' ', ','])
        .map(|w| w.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase())
        .collect();
    let name = |count: usize| text.split([' ', ',']).take(count).collect::<Vec<_>>().join(" ");
    let written: Vec<&str> = words.iter().map(String::as_str).filter(|w| !w.is_empty()).collect();
    for form in ROMANIZED {
        let form_words: Vec<&str> = form.0.split(' ').collect();
        if written.len() > form_words.len() && written.ends_with(&form_words) {
            let end = words.iter().rposition(|w| w == form_words[0]).unwrap_or_default();
            return Some(with_name(form.1, form.2, Place::Before, name(end).trim_end_matches([' ', ','])));
        }
    }
    let end = words.iter().rposition(|w| !w.is_empty() && !ENGLISH.contains(&w.as_str()))?;
    let formal =
        words[end + 1..].iter().any(|w| !w.is_empty() && (w != "SA" && w != "AG" && w != "CO" || words.len() > 2));
    formal.then(|| with_name(Kind::Foreign, "", Place::Before, &name(end + 1)))
}

fn by_ending(text: &str) -> Option<Organization> {
    // Few names of people end in these characters.
    static LAST: OnceLock<Vec<char>> = OnceLock::new();
    let last = LAST.get_or_init(|| {
        let mut last: Vec<char> = ENDINGS.iter().filter_map(|e| e.chars().next_back()).collect();
        last.sort_unstable();
        last
    });
    if last.binary_search(&text.chars().next_back()?).is_err() {
        return None;
    }
    let ending = ENDINGS.iter().find(|ending| text.ends_with(*ending))?;
    (text.chars().count() > ending.chars().count() + 1).then(|| with_name(Kind::Other, "", Place::Before, text))
}

/// The organization of this name without its legal form, whose label stands in the key.
fn with_name(kind: Kind, label: &str, place: Place, name: &str) -> Organization {
    let mut shown = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        let mut chars = word.chars().peekable();
        while let Some(c) = chars.next() {
            // Banks have one sign for - and ー. A wave is ー inside a word (ラ〜メン); at its end it is a mark.
            let long = c == '-' && shown.ends_with(is_kana)
                || c == '~' && shown.ends_with(is_kana) && chars.peek().is_some_and(|&next| is_kana(next));
            shown.push(if long { 'ー' } else { c });
        }
    }
    let mut name_key = String::with_capacity(shown.len());
    for c in kanji::fold(&shown).chars().map(|c| enlarged(katakana(c))) {
        match c {
            '\u{3400}'..='\u{9fff}' | 'ァ'..='ヺ' | 'ー' => name_key.push(c),
            c if c.is_alphanumeric() => name_key.extend(c.to_uppercase()),
            _ => {}
        }
    }
    let key = match place {
        Place::Before => format!("{label}{name_key}"),
        Place::After => format!("{name_key}{label}"),
    };
    Organization { kind, key, name_key, name: shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, kind, name) in [
            ("㈱山田", Kind::Kabushiki, "山田"),
            ("山田（株）", Kind::Kabushiki, "山田"),
            ("株式会社 髙島屋", Kind::Kabushiki, "髙島屋"),
            ("ｶ)ﾔﾏﾀﾞｼﾖｳﾃﾝ", Kind::Kabushiki, "ヤマダシヨウテン"),
            ("ﾔﾏﾀﾞ(ﾕ", Kind::Yugen, "ヤマダ"),
            ("公益社団法人日本会", Kind::Shadan, "日本会"),
            ("Yamada Co., Ltd.", Kind::Foreign, "Yamada"),
            ("田中商店", Kind::Other, "田中商店"),
        ] {
            let found = organization(text).expect(text);
            assert_eq!((found.kind, found.name.as_str()), (kind, name), "{text}");
        }
        for person in ["山田太郎", "山田 太郎(たろう)", "商店", "Marco Polo", "大学"] {
            assert_eq!(organization(person), None, "{person}");
        }
        let name_key = |text| organization(text).map(|o| o.name_key);
        assert_eq!(name_key("㈱髙島屋"), name_key("高島屋 株式会社"));
    }
}
