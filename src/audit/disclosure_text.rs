//! Everything that is held of one person, as a text in Japanese or English.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::disclosure::{DisclosedTable, Disclosure};
use super::view::Words;

/// The disclosure in Japanese or English.
pub(crate) fn disclosure_text(d: &Disclosure, ja: bool) -> String {
    let Disclosure { customer_id: id, run, as_of, .. } = d;
    let mut text = if ja {
        format!("統合顧客 {id} について保有している全ての情報（第{run}回の実行、基準日時 {as_of}）\n")
    } else {
        format!("Everything that is held of customer {id} (run {run}, as of {as_of})\n")
    };
    if !d.former_ids.is_empty() {
        let former = d.former_ids.join(", ");
        let _ = if ja { writeln!(text, "以前のID: {former}") } else { writeln!(text, "Former ids: {former}") };
    }
    for table in &d.tables {
        let _ = writeln!(text, "\n{}  [{} {}]", pick(&table.label, ja), table.table, table.rows.len());
        for (n, row) in table.rows.iter().enumerate() {
            let _ = writeln!(text, "  {}", n + 1);
            for (label, value) in labelled(table, row, ja) {
                let _ = writeln!(text, "    {label}: {value}");
            }
        }
    }
    text.trim_end().to_string()
}

/// The disclosure as lines of one value each: table, number of the row, column, label, value.
pub(crate) fn disclosure_lines(d: &Disclosure, ja: bool) -> Vec<[String; 5]> {
    let mut lines = Vec::new();
    for table in &d.tables {
        for (n, row) in table.rows.iter().enumerate() {
            for (column, label) in &table.columns {
                let value = row.get(column).map(shown).unwrap_or_default();
                if !value.is_empty() {
                    let label = pick(label, ja).to_string();
                    lines.push([table.table.clone(), (n + 1).to_string(), column.clone(), label, value]);
                }
            }
        }
    }
    lines
}

fn pick(words: &Words, ja: bool) -> &str {
    if ja { &words.ja } else { &words.en }
}

/// The values of a row with what their columns mean.
fn labelled<'a>(table: &'a DisclosedTable, row: &Map<String, Value>, ja: bool) -> Vec<(&'a str, String)> {
    let value = |(column, label): &'a (String, Words)| Some((pick(label, ja), shown(row.get(column)?)));
    table.columns.iter().filter_map(value).filter(|(_, value)| !value.is_empty()).collect()
}

/// A value as people read it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| format!("{name} {}", shown(value));
            format!("({})", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_people_read_them() {
        let value = serde_json::json!([{ "name": "card", "value": "1" }, "a", 2, true]);
        assert_eq!(shown(&value), "(name card, value 1), a, 2, true");
    }
}
