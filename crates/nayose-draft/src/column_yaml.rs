//! The columns of a source in the pipeline file: mappings in, lines with their reasons out.

use crate::pipeline_yaml::{Lines, Why};
use crate::scalar::{comment, list, scalar, sql_column};
use crate::source_yaml::{View, reasons};
use crate::sources::{Mapping, MaybeDraft, SourceDraft};

/// Attributes and their columns.
pub(crate) fn attributes(view: &View<'_>, out: &mut Lines) {
    let source = view.source;
    let left_out = whole_or_parts(source);
    let mapped: Vec<&Mapping> = source.columns.iter().filter(|m| !left_out.contains(&m.attribute.as_str())).collect();
    if mapped.is_empty() && source.amount.is_none() {
        maybe(source, 4, view, out);
        return;
    }
    out.line(4, "columns:");
    for mapping in mapped {
        let why = Why::new(mapping.sure, reasons(mapping.reasons.iter().map(String::as_str)));
        out.because(6, &format!("{}: {}", scalar(&mapping.attribute), mapped_to(view, mapping)), &why);
    }
    amount(view, out);
    maybe(source, 6, view, out);
    for mapping in source.columns.iter().filter(|m| left_out.contains(&m.attribute.as_str())) {
        out.note(
            6,
            &format!(
                "{}: {} is left out: a source has the whole or the parts, not both",
                mapping.attribute,
                mapped_to(view, mapping)
            ),
        );
    }
}

/// Columns that may be something, as comments: nothing of them is read.
fn maybe(source: &SourceDraft, indent: usize, view: &View<'_>, out: &mut Lines) {
    for MaybeDraft { attribute, column, why, expression } in &source.maybe {
        let column = scalar(&view.column(column));
        let mapped = match expression {
            Some(expression) => format!("{{ expression: {} }}", scalar(expression)),
            None => column.clone(),
        };
        out.line(indent, &format!("# {attribute}: {mapped}  # perhaps: {}", comment(why)));
    }
}

/// Attributes that a source must not have beside others: the whole of a name where it has both parts, else the parts.
pub(crate) fn whole_or_parts(source: &SourceDraft) -> Vec<&'static str> {
    let has = |name: &str| source.columns.iter().any(|m| m.attribute == name);
    let mut out = Vec::new();
    for [whole, family, given] in [["name", "family_name", "given_name"], ["kana", "family_kana", "given_kana"]] {
        if has(whole) && has(family) && has(given) {
            out.push(whole);
        } else if has(whole) {
            out.extend([family, given].into_iter().filter(|part| has(part)));
        }
    }
    out
}

fn mapped_to(view: &View<'_>, mapping: &Mapping) -> String {
    let columns = view.columns(&mapping.columns);
    let lists = ["name", "kana", "family_name", "given_name", "family_kana", "given_kana"];
    match mapping.attribute.as_str() {
        _ if mapping.expression.is_some() => {
            format!("{{ expression: {} }}", scalar(mapping.expression.as_deref().unwrap_or_default()))
        }
        name if mapping.mixed => {
            let column = sql_column(&columns[0]);
            let mail = format!("{column} like '%@%' or {column} like '%＠%'");
            let condition = if name == "email" { mail } else { format!("not ({mail})") };
            format!("{{ expression: {} }}", scalar(&format!("case when {condition} then {column} end")))
        }
        _ if columns.len() == 1 => scalar(&columns[0]),
        "address" => list(&columns),
        name if lists.contains(&name) && mapping.join => list(&columns),
        _ if mapping.join => joined(&columns),
        "phone" | "email" => list(&columns),
        // Of two whole names, birth dates or ids the first that is filled.
        _ => first(&columns),
    }
}

/// The money of a row that no column has.
fn amount(view: &View<'_>, out: &mut Lines) {
    let source = view.source;
    let has = |name: &str| source.columns.iter().find(|m| m.attribute == name);
    if source.amount.is_some() {
        let product = |name: &str| has(name).and_then(|m| m.columns.first()).map(|c| sql_column(&view.column(c)));
        if let (Some(price), Some(quantity)) = (product("unit_price"), product("quantity")) {
            let text = format!("amount: {{ expression: {} }}", scalar(&format!("{price} * {quantity}")));
            out.because(6, &text, &Why::new(false, "no column has the money of the row: it is price times quantity"));
        }
    } else if let (None, None, Some(price)) = (has("amount"), has("quantity"), has("unit_price")) {
        let why = Why::new(false, "no column has the money of the row or a quantity: it is the price of one");
        out.because(6, &format!("amount: {}", mapped_to(view, price)), &why);
    }
}

pub(crate) fn first(columns: &[String]) -> String {
    match columns {
        [one] => scalar(one),
        several => format!("{{ first: {} }}", list(several)),
    }
}

pub(crate) fn joined(columns: &[String]) -> String {
    match columns {
        [one] => scalar(one),
        several => format!("{{ join: {} }}", list(several)),
    }
}
