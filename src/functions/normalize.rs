//! `normalize_name`, `normalize_address`, `normalize_phone`, …: the Japanese normalizers for SQL.
//!
//! Each takes a text (name and address a second one: フリガナ, postal code) and answers a struct with `key` (two spellings of one
//! thing have one key) and `problem`, or NULL where the text is NULL.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Builder, StringArray, StringBuilder, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::{array_function, array_function_optional};
use crate::tables::columns;
use nayose_japanese::{address, date, email, kana, name, organization, phone, postal, romaji, sex, width};

/// All of them.
pub(crate) fn normalizers() -> Vec<ScalarUDF> {
    vec![
        structure(
            "normalize_address",
            2,
            &[
                "key",
                "problem",
                "prefecture",
                "city",
                "town",
                "koaza",
                "chome",
                "block",
                "number",
                "building",
                "room",
                "postal_code",
                "town_code",
                "level",
                "canonical",
                "rest",
            ],
            |text, postal_code| {
                let a = address::normalize(text, postal_code);
                vec![
                    some(a.key),
                    a.problem.map(|p| p.as_str().into()),
                    a.prefecture,
                    a.city,
                    a.town,
                    a.koaza,
                    a.chome.map(|c| c.to_string()),
                    a.block,
                    a.number,
                    a.building,
                    a.room,
                    a.postal_code,
                    a.town_code,
                    Some(a.level.as_str().into()),
                    some(a.canonical),
                    some(a.rest),
                ]
            },
        ),
        structure(
            "normalize_name",
            2,
            &[
                "key",
                "problem",
                "family",
                "given",
                "family_kana",
                "given_kana",
                "family_readings",
                "given_readings",
                "romaji",
            ],
            |text, kana| {
                let n = name::normalize(text, kana);
                let readings =
                    |r: &[name::Reading]| some(r.iter().map(|r| r.kana.as_str()).collect::<Vec<_>>().join(" "));
                let (family_readings, given_readings) = (readings(&n.family_readings), readings(&n.given_readings));
                let romaji = n.romaji();
                vec![
                    some(n.key),
                    n.problem.map(|p| p.name().into()),
                    some(n.family),
                    some(n.given),
                    n.family_kana,
                    n.given_kana,
                    family_readings,
                    given_readings,
                    some(romaji),
                ]
            },
        ),
        structure("normalize_phone", 1, &["key", "problem", "kind", "national", "extension"], |text, _| {
            let p = phone::phone(text);
            let key = p.key().map(str::to_string);
            vec![key, p.problem.map(|p| p.as_str().into()), Some(p.kind.as_str().into()), p.national, p.extension]
        }),
        structure("normalize_email", 1, &["key", "problem", "address", "weak_key", "suggestion"], |text, _| {
            let e = email::email(text);
            let key = e.key().map(str::to_string);
            vec![key, e.problem.map(|p| p.as_str().into()), e.address, e.weak_key, e.suggestion]
        }),
        structure("normalize_date", 1, &["key", "problem", "iso"], |text, _| {
            let d = date::date(text);
            vec![d.key(), d.problem.map(|p| p.as_str().into()), d.iso()]
        }),
        structure("normalize_postal_code", 1, &["key", "problem"], |text, _| {
            let p = postal::postal(text);
            vec![p.code.filter(|_| !p.junk), p.problem.map(|p| p.as_str().into())]
        }),
        structure("normalize_sex", 1, &["key", "problem"], |text, _| {
            let s = sex::sex(text);
            let key = match s.sex {
                sex::Sex::Male => Some("male".to_string()),
                sex::Sex::Female => Some("female".to_string()),
                sex::Sex::Unknown => None,
            };
            vec![key, s.problem.map(|p| p.as_str().into())]
        }),
        structure("normalize_kana", 1, &["key", "katakana", "romaji"], |text, _| {
            let katakana = kana::to_reading(&width::fold_width(text));
            vec![some(kana::kana_key(&katakana)), some(katakana.clone()), some(romaji::from_kana(&katakana))]
        }),
        structure("normalize_romaji", 1, &["key", "kana"], |text, _| {
            vec![some(romaji::key(text)), some(romaji::to_kana(text).join(" "))]
        }),
        structure("normalize_company", 1, &["key", "name", "kind"], |text, _| match organization::organization(text) {
            Some(o) => vec![some(o.key), some(o.name), Some(o.kind.name().into())],
            None => vec![None, None, None],
        }),
    ]
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// A function of one or two texts to a struct of texts; a field named `chome` is a number.
fn structure(
    name: &str,
    arguments: usize,
    names: &'static [&'static str],
    body: impl Fn(&str, Option<&str>) -> Vec<Option<String>> + Send + Sync + 'static,
) -> ScalarUDF {
    let is_number = |name: &str| name == "chome";
    let fields: Fields = names
        .iter()
        .map(|n| Field::new(*n, if is_number(n) { DataType::Int32 } else { DataType::Utf8 }, true))
        .collect();
    let result = DataType::Struct(fields.clone());
    let all = move |columns: &[ArrayRef]| -> Result<ArrayRef> {
        let first = columns::strings(&columns[0])?;
        let second: Option<&StringArray> = columns.get(1).map(columns::strings).transpose()?;
        let mut texts: Vec<StringBuilder> = names.iter().map(|_| StringBuilder::new()).collect();
        let mut number = Int32Builder::new();
        for row in 0..first.len() {
            let made = match columns::text_at(first, row) {
                Some(value) => body(value, second.and_then(|s| columns::text_at(s, row))),
                None => vec![None; names.len()],
            };
            for ((builder, value), name) in texts.iter_mut().zip(made).zip(names) {
                if is_number(name) {
                    number.append_option(value.and_then(|v| v.parse().ok()));
                } else {
                    builder.append_option(value);
                }
            }
        }
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(names.len());
        for (builder, name) in texts.iter_mut().zip(names) {
            columns.push(if is_number(name) { Arc::new(number.finish()) } else { Arc::new(builder.finish()) });
        }
        let nulls: Option<NullBuffer> = first.nulls().cloned();
        Ok(Arc::new(StructArray::try_new(fields.clone(), columns, nulls)?) as ArrayRef)
    };
    let texts = vec![DataType::Utf8; arguments];
    if arguments == 1 {
        array_function(name, texts, result, all)
    } else {
        array_function_optional(name, texts, result, all)
    }
}
