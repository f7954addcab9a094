//! Which figures of the run before are other ones today, for the time that it looked at.
//!
//! In: the marts anew, as of the time of the run before, over the people of this run; the marts that it published; this run's
//! `id_event`. Out: one row for every figure that differs. A figure as of a day in the past changes because people were
//! merged or split, or because facts came late; time going on changes none.

use arrow::datatypes::Schema;
use datafusion::logical_expr::ident;
use datafusion::prelude::{DataFrame, SessionContext};

use crate::error::Result;
use crate::stages::Planned;
use crate::tables::contract::{RESTATEMENT, Table};

/// A mart whose figures people plan with.
pub(crate) struct Restated {
    /// The mart, by which the session knows it anew.
    pub mart: &'static str,
    /// The name under which the session knows it as it was published.
    pub before: &'static str,
    /// The figures.
    fields: &'static [&'static str],
    /// Those of them that also move where others did.
    ranks: &'static [&'static str],
}

impl Restated {
    /// Whether the mart has one column as its key, and the figures; and had them in `before`.
    pub(crate) fn is_in(&self, table: &Table, before: &Schema) -> bool {
        let mut columns = self.fields.iter().chain(table.key);
        let has = |name: &&str| {
            table.columns.iter().any(|column| column.name == *name) && before.column_with_name(name).is_some()
        };
        table.key.len() == 1 && columns.all(has)
    }
}

/// The marts that are compared.
pub(crate) const RESTATED: [Restated; 6] = [
    Restated {
        mart: "rfm",
        before: "rfm_before",
        fields: &["frequency", "monetary", "r", "f", "m", "decile"],
        ranks: &["r", "f", "m", "decile"],
    },
    Restated { mart: "ltv", before: "ltv_before", fields: &["ltv_ratio"], ranks: &[] },
    Restated { mart: "decile", before: "decile_before", fields: &["customers", "amount"], ranks: &[] },
    Restated {
        mart: "repeat_rate",
        before: "repeat_rate_before",
        fields: &["buyers", "repeaters", "repeat_rate"],
        ranks: &[],
    },
    Restated { mart: "order_stage", before: "order_stage_before", fields: &["persons", "going_on"], ranks: &[] },
    // The headline figures. How far they are from those of other thresholds is the doubt of a day, and no figure that was told.
    Restated { mart: "error_bar", before: "error_bar_before", fields: &["value"], ranks: &[] },
];

/// The name of the files of a mart that is made once more: no mart's file is called so, and readers do not see it.
pub(crate) fn again(mart: &str) -> &'static str {
    Box::leak(format!("_again_{mart}").into_boxed_str())
}

/// The plan of `restatement` over those of [`RESTATED`] that both runs have, each with its key; the session knows them by their two
/// names, and the events of this run as `id_event`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) async fn plan(
    context: &SessionContext,
    marts: &[(&Restated, &'static [&'static str])],
    run_id: &str,
) -> Result<Planned> {
    let mut queries: Vec<String> = marts.iter().map(|(restated, key)| differing(restated, key[0])).collect();
    if queries.is_empty() {
        queries.push(NONE.to_string());
    }
    let query = format!(
        "{CAUSES}\nselect d.mart, d.key, d.field, d.before, d.after, {CAUSE} as cause from (\n{}\n) d\nleft join own_cause e on e.customer_id = d.key",
        queries.join("\nunion all\n")
    );
    let rows = context.sql(&query).await?.with_column("run_id", datafusion::logical_expr::lit(run_id))?;
    let rows = columns(rows)?.sort(RESTATEMENT.key.iter().map(|k| ident(*k).sort(true, false)).collect())?;
    Ok(Planned::sorted(&RESTATEMENT, rows))
}

/// What happened to a customer in this run, in one line.
const CAUSES: &str = "
with happened as (
    select customer_id, event || coalesce(' ' || counterpart, '') || ': ' || reason as what from id_event
    union all
    select counterpart as customer_id, event || ' ' || customer_id || ': ' || reason as what from id_event
    where event in ('merged', 'split')
),
own_cause as (select customer_id, string_agg(what, '; ' order by what) as what from happened group by customer_id)";

/// Ranks and deciles also move where others did.
const CAUSE: &str = "coalesce(e.what, case when d.moves then 'others moved' else 'late or changed facts' end)";

const NONE: &str = "select '' as mart, '' as key, '' as field, cast(null as double) as before, cast(null as double) as after, false as moves where false";

/// The figures of a mart that differ. Names come from the list above and the contract of what ships, never from a value.
fn differing(restated: &Restated, key: &str) -> String {
    let Restated { mart, before, fields, ranks } = restated;
    let of = |field: &&str| {
        format!(
            "named_struct('field', '{field}', 'before', cast(o.{field} as double), 'after', cast(n.{field} as double))"
        )
    };
    let all: Vec<String> = fields.iter().map(of).collect();
    let ranks: Vec<String> = ranks.iter().map(|rank| format!("'{rank}'")).collect();
    let moves = if ranks.is_empty() { "false".into() } else { format!("v['field'] in ({})", ranks.join(", ")) };
    format!(
        "select '{mart}' as mart, key, v['field'] as field, v['before'] as before, v['after'] as after, {moves} as moves from (
    select coalesce(cast(n.{key} as varchar), cast(o.{key} as varchar)) as key, unnest(make_array({})) as v
    from {mart} n full join {before} o on n.{key} = o.{key})
where v['before'] is distinct from v['after']",
        all.join(", ")
    )
}

fn columns(plan: DataFrame) -> Result<DataFrame> {
    let columns = RESTATEMENT.columns.iter();
    Ok(plan.select(
        columns
            .map(|c| datafusion::logical_expr::cast(ident(c.name), c.data_type.arrow()).alias(c.name))
            .collect::<Vec<_>>(),
    )?)
}
