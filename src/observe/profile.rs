//! What every operator of a stage did, as lines of a table for people.

use crate::lake::manifest::StageRecord;

/// The operators of a stage as lines of a table for people, with the seconds of each of its tables.
pub(crate) fn text(stage: &str, record: &StageRecord) -> String {
    let mut text = format!("{stage}  {:.2} s\n", record.seconds);
    let mut table = "";
    for o in &record.operators {
        if o.table != table {
            table = &o.table;
            let seconds = record.table_seconds.get(table).copied().unwrap_or_default();
            text += &format!("  {table}  {seconds:.3} s\n");
        }
        let name = format!("{}{}", "  ".repeat(o.depth + 2), o.name);
        text += &format!(
            "{name:<60}{:>14} rows{:>10.3} s{:>16} bytes{:>16} spilled\n",
            o.rows, o.seconds, o.bytes, o.spilled
        );
    }
    text
}
