//! What a text can mean that somebody looks for: a phone, a mail address, a number, a name.
//!
//! In: a text. Out: what it can mean, normalized as values of records are, so that any spelling finds what a record spells in another
//! way. It is held against the columns of `source_record` ([`Meant::condition`]) or looked up in an index.

use datafusion::functions::expr_fn::{get_field, lower};
use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{Expr, ident, lit};

use crate::functions::name_key::{name_part_key, reading_key};
use crate::tables::contract::col;
use nayose_japanese::name::{self, Reading};
use nayose_japanese::{email, identifier, kana, phone, romaji};

/// What a text means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meant {
    /// A mail address.
    Email(String),
    /// A phone in E.164.
    Phone(String),
    /// An id within some channel.
    RecordId(String),
    /// The key of a member, card or other number.
    Number(String),
    /// Any of these, each of which has all of its parts.
    Name(Vec<Vec<(NamePart, NameValue)>>),
}

/// A part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamePart {
    /// 姓
    Family,
    /// 名
    Given,
}

/// A family or given name as it was typed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NameValue {
    /// Its key. Whoever types 高橋 means 髙橋 too, and case means nothing.
    pub(super) key: String,
    /// Keys of its readings, where it was typed in kana or Latin letters: then it means what is read so. Kanji mean themselves.
    pub(super) readings: Vec<String>,
}

/// What a text can mean, each with the word for it.
pub(super) fn meanings(text: &str) -> Vec<(&'static str, Meant)> {
    let has_digits = text.chars().any(|c| c.is_ascii_digit());
    let number = || identifier::identifier(text, identifier::CheckDigit::None).key;
    let number = has_digits.then(number).flatten().map(|key| ("number", Meant::Number(key)));
    let found: Vec<_> = match (text.contains('@'), has_digits) {
        (true, _) => {
            email::email(text).address.map(|address| ("mail address", Meant::Email(address))).into_iter().collect()
        }
        (false, true) => {
            let phone = phone::phone(text).e164.map(|number| ("phone", Meant::Phone(number)));
            phone.into_iter().chain([("record id", Meant::RecordId(text.to_string()))]).collect()
        }
        (false, false) => named(text).into_iter().collect(),
    };
    found.into_iter().chain(number).collect()
}

/// A text as a name.
fn named(text: &str) -> Option<(&'static str, Meant)> {
    use NamePart::{Family, Given};
    let read = name::normalize(text, None);
    let family = NameValue::new(&read.family, &read.family_key, &read.family_readings);
    let given = NameValue::new(&read.given, &read.given_key, &read.given_readings);
    let is_spoken = !family.readings.is_empty() || !given.readings.is_empty();
    let either = |value: &NameValue| [vec![(Family, value.clone())], vec![(Given, value.clone())]];
    let mut any = match (read.family.is_empty(), read.given.is_empty()) {
        (true, true) => return None,
        // One part may be either name.
        (true, false) => either(&given).to_vec(),
        (false, true) => either(&family).to_vec(),
        (false, false) => vec![vec![(Family, family.clone()), (Given, given.clone())]],
    };
    // In Latin letters either name may come first.
    if romaji::is_latin(&read.family) && !read.given.is_empty() {
        any.push(vec![(Given, family), (Family, given)]);
    }
    // A short name may have been divided where it should not have been.
    if let Some(whole) = name::undivided(&read) {
        any.extend(either(&NameValue::new(&whole.family, &whole.family_key, &whole.family_readings)));
    }
    Some((if is_spoken { "reading" } else { "name" }, Meant::Name(any)))
}

impl NameValue {
    fn new(text: &str, key: &str, readings: &[Reading]) -> Self {
        let spoken = romaji::is_latin(text) || text.chars().all(kana::is_kana);
        let readings = readings.iter().filter(|_| spoken && !text.is_empty()).map(|r| r.key.clone()).collect();
        NameValue { key: key.to_lowercase(), readings }
    }

    /// Whether these columns of a record hold the name.
    fn holds_for(&self, part: NamePart) -> Expr {
        let [written, spoken] = match part {
            NamePart::Family => [col::FAMILY_NAME, col::FAMILY_KANA],
            NamePart::Given => [col::GIVEN_NAME, col::GIVEN_KANA],
        };
        let key = lower(name_part_key().call(vec![ident(written)])).eq(lit(self.key.as_str()));
        if self.readings.is_empty() {
            return key;
        }
        let readings = self.readings.iter().map(|reading| lit(reading.as_str())).collect();
        key.or(reading_key().call(vec![ident(spoken)]).in_list(readings, false))
    }
}

impl Meant {
    /// Whether a row of `source_record` is meant. Of a number the row has one identifier instead of the list of them.
    pub(super) fn condition(&self) -> Expr {
        match self {
            Meant::Email(address) => array_has(ident(col::EMAILS), lit(address.as_str())),
            Meant::Phone(number) => array_has(ident(col::PHONES), lit(number.as_str())),
            Meant::RecordId(id) => ident(col::RECORD_ID).eq(lit(id.as_str())),
            Meant::Number(key) => get_field(ident(col::IDENTIFIERS), col::VALUE).eq(lit(key.as_str())),
            Meant::Name(any) => {
                let all = |parts: &Vec<(NamePart, NameValue)>| {
                    parts.iter().map(|(part, value)| value.holds_for(*part)).reduce(Expr::and)
                };
                any.iter().filter_map(all).reduce(Expr::or).unwrap_or_else(|| lit(false))
            }
        }
    }
}
