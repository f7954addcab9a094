//! What every operator of a stage did, as lines of a table for people.

use crate::engine::operators::Operator;

/// The operators of a stage as lines of a table for people.
pub(crate) fn text(stage: &str, seconds: f64, operators: &[Operator]) -> String {
    let mut text = format!("{stage}  {seconds:.2} s\n");
    let mut table = "";
    for o in operators {
        if o.table != table {
            table = &o.table;
            text += &format!("  {table}\n");
        }
        let name = format!("{}{}", "  ".repeat(o.depth + 2), o.name);
        text += &format!(
            "{name:<60}{:>14} rows{:>10.3} s{:>16} bytes{:>16} spilled\n",
            o.rows, o.seconds, o.bytes, o.spilled
        );
    }
    text
}
