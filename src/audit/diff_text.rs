//! What differs between two states, as people read it.

use std::fmt::Write;

use super::diff::{ChangedTable, Diff, Ids, RunName};

/// The text: what did not change is not named.
pub(crate) fn diff_text(diff: &Diff) -> String {
    let mut text = String::new();
    let before = diff.before.as_ref().map_or("nothing".to_string(), run);
    let _ = writeln!(text, "{before}\n→ {}\n", run(&diff.after));
    let (customers, records) = (&diff.customers, &diff.records);
    let _ = writeln!(text, "customers  {} → {}", customers.before, customers.after);
    for (what, ids) in [
        ("created", &customers.created),
        ("merged", &customers.merged),
        ("split", &customers.split),
        ("retired", &customers.retired),
    ] {
        let _ = writeln!(text, "  {what:<9}{}", examples(what, ids));
    }
    let _ = writeln!(
        text,
        "records    {} → {}: {} added, {} gone, {} with another customer",
        records.before, records.after, records.added, records.gone, records.moved
    );
    let _ = writeln!(text, "golden values{}", if diff.golden.is_empty() { ": none changed" } else { "" });
    for field in &diff.golden {
        let _ =
            writeln!(text, "  {:<15}{} customers: {}", field.field, field.count, listed(&field.examples, field.count));
    }
    let changed: Vec<&ChangedTable> = diff.tables.iter().filter(|table| is_changed(table)).collect();
    let _ = writeln!(text, "tables{}", if changed.is_empty() { ": no rows or figures changed" } else { "" });
    for table in changed {
        let [before, after] = table.rows;
        let _ = writeln!(text, "  {}: {before} → {after} rows", table.table);
        for (column, [before, after]) in table.sums.iter().filter(|(_, [before, after])| before != after) {
            let _ = writeln!(text, "    {column}: {} → {}", figure(*before), figure(*after));
        }
    }
    text.trim_end().to_string()
}

fn is_changed(table: &ChangedTable) -> bool {
    table.rows[0] != table.rows[1] || table.sums.values().any(|[before, after]| before != after)
}

fn run(name: &RunName) -> String {
    match name.number {
        Some(number) => format!("run {number} ({}) as of {}", name.run_id, name.as_of),
        None => format!("the plan {} as of {}", name.run_id, name.as_of),
    }
}

fn examples(what: &str, ids: &Ids) -> String {
    let word = if what == "merged" { "into" } else { "from" };
    let named = ids.examples.iter().map(|example| match &example.counterpart {
        Some(other) => format!("{} {word} {other}", example.customer_id),
        None => example.customer_id.clone(),
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { ids.count.to_string() } else { format!("{}: {}", ids.count, listed(&named, ids.count)) }
}

fn listed(named: &[String], count: u64) -> String {
    format!("{}{}", named.join(", "), if count > named.len() as u64 { ", …" } else { "" })
}

/// A sum without digits that say nothing.
fn figure(sum: Option<f64>) -> String {
    match sum {
        Some(sum) if sum.fract() == 0.0 => format!("{sum:.0}"),
        Some(sum) => format!("{sum:.3}"),
        None => "none".to_string(),
    }
}
