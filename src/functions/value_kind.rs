//! `value_kind(attribute, value)`: of which kind a value is, as the normalizers see it: `kanji`, `ok`, or `!` and what is wrong.
//!
//! How the kinds of a delivery stand to those of earlier ones tells whether a column holds what it held. A kind shows no value. Two ways
//! of writing one thing (a phone with and without its country's number) are of one kind.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_japanese::address::Level;
use nayose_japanese::phone::PhoneProblem;
use nayose_japanese::{address, date, email, identifier, kana, name, phone, postal, sex};

/// Nothing is wrong, and there is one kind only.
const OK: &str = "ok";

/// Characters that stand where others were hidden.
const MASKS: [char; 12] = ['*', '＊', '●', '○', '◯', '■', '□', '×', '✕', '※', 'Ⅹ', '〇'];

/// Characters that stand where others were lost.
const LOST: [char; 4] = ['?', '？', '\u{fffd}', '〓'];

/// The function.
pub(crate) fn value_kind() -> ScalarUDF {
    array_function("value_kind", vec![DataType::Utf8; 2], DataType::Utf8, |columns| {
        let (attributes, values) = (columns::strings(&columns[0])?, columns::strings(&columns[1])?);
        let of = |(attribute, value): (Option<&str>, Option<&str>)| Some(kind_of(attribute?, value?));
        let kinds: StringArray = attributes.iter().zip(values.iter()).map(of).collect();
        Ok(Arc::new(kinds) as ArrayRef)
    })
}

/// The kind of a value of an attribute.
fn kind_of(attribute: &str, value: &str) -> &'static str {
    match attribute {
        col::PHONE => of_phone(value),
        col::EMAIL => {
            let read = email::email(value);
            of(read.address.is_some(), read.junk)
        }
        col::POSTAL_CODE => {
            let read = postal::postal(value);
            of(read.code.is_some(), read.junk)
        }
        col::BIRTH_DATE => of_date(value),
        col::SEX => of(sex::sex(value).problem != Some(sex::SexProblem::Unreadable), false),
        col::ADDRESS => of_address(value),
        col::NAME | col::KANA | col::FAMILY_NAME | col::GIVEN_NAME | col::FAMILY_KANA | col::GIVEN_KANA => {
            of_name(value)
        }
        col::RECORD_ID => characters(value),
        // What a row says of consent is read already: an answer that the pipeline file does not know is `unknown`.
        consent if consent.starts_with("consent to ") => of(value != "unknown", false),
        _ => match identifier::identifier(value, identifier::CheckDigit::None).problem {
            None => OK,
            Some(_) => "!unusable",
        },
    }
}

fn of(is_understood: bool, is_junk: bool) -> &'static str {
    match (is_understood, is_junk) {
        // Slips of every source; a file of nothing else is not of people.
        (_, true) => "made up",
        (true, false) => OK,
        (false, false) => "!unusable",
    }
}

fn of_phone(value: &str) -> &'static str {
    let read = phone::phone(value);
    match read.problem {
        // It can be mended, but where most of a file are so, a program took them for numbers.
        Some(PhoneProblem::LeadingZeroRestored) => "!leading_zero_lost",
        _ => of(read.e164.is_some(), read.junk),
    }
}

fn of_date(value: &str) -> &'static str {
    let read = date::date(value);
    match &read.value {
        Some(_) if read.junk => "made up",
        // The fifth of March or the third of May: whoever wrote the others did not write so.
        Some(_) if !read.alternatives.is_empty() => "!two_readings",
        Some(_) => OK,
        None => "!unusable",
    }
}

/// An address is one also where its town is newer than the dictionary: towns merge.
fn of_address(value: &str) -> &'static str {
    let names_a_place = || value.contains(['都', '道', '府', '県', '市', '区', '町', '村', '郡']);
    match address::normalize(value, None).level >= Level::City || names_a_place() {
        true if value.contains(MASKS) => "!hidden",
        true => OK,
        false => "!unusable",
    }
}

fn of_name(value: &str) -> &'static str {
    if value.contains(MASKS) {
        return "!hidden";
    }
    if value.contains(LOST) {
        return "!lost";
    }
    match name::normalize(value, None).problem {
        Some(name::Problem::NotAName | name::Problem::Empty) => "!no_name",
        Some(name::Problem::TestRecord) => "!test",
        _ if value.chars().any(is_kanji) => "kanji",
        _ if value.chars().any(|c| kana::is_kana(c) || ('\u{ff61}'..='\u{ff9f}').contains(&c)) => "kana",
        _ => "latin",
    }
}

fn is_kanji(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '々' | '〆' | 'ヶ')
}

/// Which characters an id is made of. Ids grow longer as their numbers grow; of what they are made stays.
fn characters(id: &str) -> &'static str {
    let has = |is: fn(char) -> bool| id.chars().any(is);
    let is_other = |c: char| !c.is_ascii_alphanumeric();
    match (has(|c| c.is_ascii_digit()), has(|c| c.is_ascii_alphabetic()), has(is_other)) {
        (true, false, false) => "digits",
        (false, true, false) => "letters",
        (true, true, false) => "letters and digits",
        (true, false, true) => "digits and others",
        (false, true, true) => "letters and others",
        (true, true, true) => "letters, digits and others",
        (false, false, _) => "others",
    }
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn a_kind_is_what_a_value_is_and_not_how_it_is_written() {
        let check = |attribute: &str, values: &[&str], expected: &str| {
            for value in values {
                assert_eq!(kind_of(attribute, value), expected, "{attribute} {value}");
            }
        };
        check("phone", &["03-3501-1111", "0335011111", "+81 3-3501-1111", "０３（３５０１）１１１１"], "ok");
        check("phone", &["9031415926", "335011111"], "!leading_zero_lost");
        check("phone", &["taro@example.co.jp", "1100000"], "!unusable");
        check("birth_date", &["1960/05/23", "昭和35年5月23日", "19600523"], "ok");
        check("birth_date", &["05/06/1960"], "!two_readings");
        check("birth_date", &["1960/23/05", "男"], "!unusable");
        check("name", &["山田 太郎", "髙橋　花子"], "kanji");
        check("name", &["ヤマダ タロウ", "やまだ たろう", "ﾔﾏﾀﾞ ﾀﾛｳ"], "kana");
        check("name", &["Yamada Taro"], "latin");
        check("name", &["山＊　太＊", "山田 **"], "!hidden");
        check("kana", &["????? ???"], "!lost");
        check("name", &["テスト 太郎"], "!test");
        check("name", &["090-1234-5678"], "!no_name");
        check("address", &["東京都千代田区千代田1-1", "どこかの新市中央1-2"], "ok");
        check("address", &["山田"], "!unusable");
        check("record_id", &["C0012", "u0711981c78"], "letters and digits");
        check("record_id", &["10012"], "digits");
        check("consent to marketing by email", &["granted", "denied"], "ok");
        check("consent to marketing by email", &["unknown"], "!unusable");
    }
}
