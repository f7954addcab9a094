//! Which figures of the run before are other ones today, for the time that it looked at.
//!
//! In: the marts anew, as of the time of the run before, over the people of this run; the marts that it published; this run's
//! `id_event`. Out: one row for every figure that differs. A figure as of a day in the past changes because people were
//! merged or split, or because facts came late; time going on changes none.

use datafusion::logical_expr::ident;
use datafusion::prelude::{DataFrame, SessionContext};

use crate::error::Result;
use crate::stages::Planned;
use crate::tables::contract::{DECILE, LTV, REPEAT_RATE, RESTATEMENT, RFM, Table};

/// A mart whose figures people plan with.
pub(crate) struct Restated {
    /// The mart.
    pub table: &'static Table,
    /// The name under which the session knows it anew.
    pub again: &'static str,
    /// The name under which the session knows it as it was published.
    pub before: &'static str,
    fields: &'static [&'static str],
}

/// The marts that are compared.
pub(crate) const RESTATED: [Restated; 4] = [
    Restated {
        table: &RFM,
        again: "rfm_again",
        before: "rfm_before",
        fields: &["frequency", "monetary", "r", "f", "m", "decile"],
    },
    Restated { table: &LTV, again: "ltv_again", before: "ltv_before", fields: &["ltv"] },
    Restated { table: &DECILE, again: "decile_again", before: "decile_before", fields: &["customers", "amount"] },
    Restated {
        table: &REPEAT_RATE,
        again: "repeat_rate_again",
        before: "repeat_rate_before",
        fields: &["buyers", "repeaters", "repeat_rate"],
    },
];

/// The plan of `restatement` over those of [`RESTATED`] that both runs have; the session knows them by their two names, and
/// the events of this run as `id_event`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) async fn plan(context: &SessionContext, marts: &[&str], run_id: &str) -> Result<Planned> {
    let mut queries: Vec<String> =
        RESTATED.iter().filter(|restated| marts.contains(&restated.table.name)).map(differing).collect();
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

/// The figures of a mart that differ. Names come from the contract, never from a user.
fn differing(restated: &Restated) -> String {
    let Restated { table, again, before, fields } = restated;
    let (mart, key) = (table.name, table.key[0]);
    let of = |field: &&str| {
        format!(
            "named_struct('field', '{field}', 'before', cast(o.{field} as double), 'after', cast(n.{field} as double))"
        )
    };
    let all: Vec<String> = fields.iter().map(of).collect();
    let moves = if mart == RFM.name { "v['field'] in ('r', 'f', 'm', 'decile')" } else { "false" };
    format!(
        "select '{mart}' as mart, key, v['field'] as field, v['before'] as before, v['after'] as after, {moves} as moves from (
    select coalesce(cast(n.{key} as varchar), cast(o.{key} as varchar)) as key, unnest(make_array({})) as v
    from {again} n full join {before} o on n.{key} = o.{key})
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
