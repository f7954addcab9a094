//! The contracts as a page for people, in both languages: `docs/tables.md`.

use std::fmt::Write;

use super::{AMOUNT_DIGITS, AMOUNT_SCALE, Column, MARTS, Shown, Table, Type, published};
use crate::config::head;

/// Every published table as Markdown.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "# The published tables / 公開テーブル\n\n\
         Made from the contracts by `nayose schema --tables`; a test holds this page to them.\n\n\
         Delta Lake tables below `<lake>/tables/`, sorted by their keys (`interaction`: by customer and time). Instants are in\n\
         UTC. *Profile* is what [the analyst's profile](privacy.md) has of a column: its value, a keyed hash that holds for one\n\
         purpose, a band of ten years, or nothing.\n\n\
         `<lake>/tables/` の下のDelta Lakeテーブルです。日時はUTCです。「Profile」は分析者プロファイルでの見え方です: 値、用途ごとの\n\
         ハッシュ (keyed)、10歳刻みの年代 (age band)、または非表示 (–)。\n",
    );
    for table in published() {
        let Table { name, ja, en, key, columns } = table;
        let _ = write!(page, "\n## `{name}`\n\n{ja}\n\nA row is: {en}.\n\nKey: {}\n\n", listed(key));
        if let Some((_, _, sql)) = MARTS.iter().find(|(_, mart, _)| mart == name) {
            let told = head::definition(sql);
            for (word, paragraphs) in [("定義", told.ja), ("Definition", told.en)] {
                if !paragraphs.is_empty() {
                    let _ = write!(page, "**{word}**\n\n");
                    paragraphs.iter().for_each(|paragraph| page += &format!("- {}\n", escaped(paragraph)));
                    page.push('\n');
                }
            }
        }
        page += "| column | type | 説明 | meaning | profile |\n|---|---|---|---|---|\n";
        columns.iter().for_each(|column| page += &row(column));
    }
    page
}

/// A text whose signs mean nothing in Markdown.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '*' | '_' | '<' | '[' | '`' | '\\' | '#') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn row(column: &Column) -> String {
    let shown = match column.shown {
        Shown::Hidden => "–",
        Shown::Plain => "value",
        Shown::Keyed => "keyed",
        Shown::AgeBand => "age band",
    };
    let or_null = if column.nullable { ", or null" } else { "" };
    format!("| `{}` | {}{or_null} | {} | {} | {shown} |\n", column.name, words(column.data_type), column.ja, column.en)
}

/// A type in words.
pub(crate) fn words(data_type: Type) -> String {
    match data_type {
        Type::Text => "text".into(),
        Type::Integer => "integer".into(),
        Type::Long => "long".into(),
        Type::Double => "double".into(),
        Type::Amount => format!("decimal({AMOUNT_DIGITS}, {AMOUNT_SCALE})"),
        Type::Boolean => "boolean".into(),
        Type::Date => "date".into(),
        Type::Timestamp => "timestamp".into(),
        Type::List(item) => format!("list of {}", words(*item)),
        Type::Struct(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, of)| format!("{name}: {}", words(*of))).collect();
            format!("({})", fields.join(", "))
        }
    }
}
