//! What the report of a run tells of a mart: a sentence in two languages with places for values.
//!
//! In: the text of a head's `report` line, such as `的中率 {hit_rate%} | hits {hit_rate%}`. Out: its parts. `{column}` is the value of a
//! row, `{column%}` a share as percent. Only columns that everybody may see have a place: reports go further than tables.

use super::head::{HeadColumn, HeadShown, HeadType};
use super::problem::did_you_mean;

/// A sentence of each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// In Japanese.
    pub ja: Vec<Piece>,
    /// In English.
    pub en: Vec<Piece>,
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Text(String),
    /// The value of a column.
    Value {
        /// The column.
        column: String,
        /// Whether it is a share, which is told as percent.
        is_share: bool,
    },
}

/// How it is written.
const REPORT: &str = "write `-- report: 日本語 {column} | English {column}`, and {column%} for a share";

impl Telling {
    /// Reads a line over the columns of its head.
    ///
    /// # Errors
    /// One sentence and a hint.
    pub(super) fn parse(text: &str, columns: &[HeadColumn]) -> Result<Telling, (String, String)> {
        let fields: Vec<&str> = text.split('|').map(str::trim).collect();
        match fields[..] {
            [ja, en] if !ja.is_empty() && !en.is_empty() => {
                let telling = Telling { ja: pieces(ja, columns)?, en: pieces(en, columns)? };
                match telling.columns().is_empty() {
                    true => Err(("report has no place for a value".to_string(), REPORT.to_string())),
                    false => Ok(telling),
                }
            }
            _ => Err(("report says a sentence in Japanese and one in English".to_string(), REPORT.to_string())),
        }
    }

    /// The columns that have a place, each once.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for piece in self.ja.iter().chain(&self.en) {
            if let Piece::Value { column, .. } = piece
                && !found.contains(&column.as_str())
            {
                found.push(column);
            }
        }
        found
    }
}

fn pieces(text: &str, columns: &[HeadColumn]) -> Result<Vec<Piece>, (String, String)> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((place, left)) = after.split_once('}') else {
            return Err(("report has a { without a }".to_string(), REPORT.to_string()));
        };
        if !before.is_empty() {
            found.push(Piece::Text(before.to_string()));
        }
        found.push(value(place.trim(), columns)?);
        rest = left;
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest.to_string()));
    }
    Ok(found)
}

fn value(place: &str, columns: &[HeadColumn]) -> Result<Piece, (String, String)> {
    let (name, is_share) = match place.strip_suffix('%') {
        Some(name) => (name.trim(), true),
        None => (place, false),
    };
    let Some(column) = columns.iter().find(|column| column.name == name) else {
        let names = || columns.iter().map(|column| column.name.as_str());
        let hint = did_you_mean(name, names())
            .unwrap_or_else(|| format!("columns: {}", names().collect::<Vec<_>>().join(", ")));
        return Err((format!("report names {name:?}, which is no column of the head"), hint));
    };
    if column.shown != HeadShown::Plain {
        return Err((
            format!("report names {name:?}, which not everybody may see"),
            "a report goes further than the table: name columns that are plain".to_string(),
        ));
    }
    if column.data_type == HeadType::Texts || is_share && !column.data_type.is_number() {
        let what = if is_share { "no number" } else { "several texts" };
        return Err((format!("report names {name:?}, which is {what}"), REPORT.to_string()));
    }
    Ok(Piece::Value { column: name.to_string(), is_share })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<HeadColumn> {
        let of = |name: &str, data_type, shown| HeadColumn {
            name: name.into(),
            data_type,
            nullable: true,
            ja: "列".into(),
            en: "column".into(),
            shown,
        };
        vec![
            of("rate", HeadType::Double, HeadShown::Plain),
            of("method", HeadType::Text, HeadShown::Plain),
            of("customer_id", HeadType::Text, HeadShown::Keyed),
            of("items", HeadType::Texts, HeadShown::Plain),
        ]
    }

    #[test]
    fn a_line_is_words_and_places() {
        let telling = Telling::parse("{method}は{rate%} | {rate%} by {method}.", &columns()).expect("a line");
        let place = |column: &str, is_share| Piece::Value { column: column.into(), is_share };
        assert_eq!(telling.ja, [place("method", false), Piece::Text("は".into()), place("rate", true)]);
        let text = |words: &str| Piece::Text(words.into());
        assert_eq!(telling.en, [place("rate", true), text(" by "), place("method", false), text(".")]);
        assert_eq!(telling.columns(), ["method", "rate"]);
    }

    #[test]
    fn a_mistake_is_told() {
        let said = |text: &str| Telling::parse(text, &columns()).expect_err("a mistake").0;
        assert_eq!(said("率 {rate}"), "report says a sentence in Japanese and one in English");
        assert_eq!(said("率 | "), "report says a sentence in Japanese and one in English");
        assert_eq!(said("率 | rate"), "report has no place for a value");
        assert_eq!(said("率 {rate | rate"), "report has a { without a }");
        assert_eq!(said("率 {rte} | rate"), "report names \"rte\", which is no column of the head");
        assert_eq!(said("率 | of {customer_id}"), "report names \"customer_id\", which not everybody may see");
        assert_eq!(said("率 | {items}"), "report names \"items\", which is several texts");
        assert_eq!(said("率 | {method%}"), "report names \"method\", which is no number");
    }
}
