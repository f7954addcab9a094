//! Which figures of the run before are other ones today, for the time that it looked at.
//!
//! In: the marts anew, as of the time of the run before, over the people of this run; the marts that it published; this run's
//! `id_event`. Out: one row for every figure that differs. A figure as of a day in the past changes because people were
//! merged or split, or because facts came late; time going on changes none.

use arrow::datatypes::Schema;
use datafusion::common::TableReference;
use datafusion::logical_expr::ident;
use datafusion::prelude::{DataFrame, SessionContext};

use crate::config::SqlFile;
use crate::config::head;
use crate::error::Result;
use crate::stages::Planned;
use crate::tables::contract::{RESTATEMENT, Table, col, head_of};

/// A mart whose figures people plan with: its head names them.
pub(crate) struct Restated<'a> {
    /// The mart, by whose name the session knows it anew.
    pub mart: &'a SqlFile,
    /// The name under which the session knows it as it was published.
    pub before: String,
    /// What identifies a figure.
    key: &'static [&'static str],
    /// The figures.
    fields: Vec<head::Restated>,
}

impl<'a> Restated<'a> {
    /// The figures of a mart that are compared; none where its head names none.
    pub(crate) fn of(mart: &'a SqlFile, table: &Table) -> Option<Self> {
        let fields = head_of(mart)?.restated.clone();
        let before = format!("_before_{}", mart.name);
        (!fields.is_empty()).then_some(Restated { mart, before, key: table.key, fields })
    }

    /// Whether the mart had the key and the figures in `before`.
    pub(crate) fn was_in(&self, before: &Schema) -> bool {
        let fields = self.fields.iter().map(|field| field.column.as_str());
        fields.chain(self.key.iter().copied()).all(|name| before.column_with_name(name).is_some())
    }
}

/// The name of the files of a mart that is made once more: no mart's file is called so, and readers do not see it.
pub(crate) fn again(mart: &str) -> &'static str {
    Box::leak(format!("_again_{mart}").into_boxed_str())
}

/// The plan of `restatement` over the marts that both runs have; the session knows them by their two names, and the events of this run as
/// `id_event`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) async fn plan(context: &SessionContext, marts: &[Restated<'_>], run_id: &str) -> Result<Planned> {
    let mut queries: Vec<String> = marts.iter().map(differing).collect();
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

/// What happened to the customer, or else what else moves the figure.
const CAUSE: &str = "coalesce(e.what, d.why)";

const NONE: &str = "select '' as mart, '' as key, '' as field, cast(null as double) as before, cast(null as double) as after, '' as why where false";

/// The figures of a mart that differ. A key of several columns is their values with spaces between them. Names are those of a file and of the
/// plain names of its head, never a value.
fn differing(restated: &Restated<'_>) -> String {
    let Restated { mart, before, key, fields } = restated;
    let mart_name = mart.name.replace('\'', "''");
    // As the session reads the names by which they were registered.
    let [mart, before] = [&mart.name, before].map(|name| TableReference::parse_str(name).to_quoted_string());
    let of = |field: &head::Restated| {
        let name = &field.column;
        format!(
            "named_struct('field', '{name}', 'before', cast(o.\"{name}\" as double), 'after', cast(n.\"{name}\" as double))"
        )
    };
    let all: Vec<String> = fields.iter().map(of).collect();
    // Ranks and deciles also move where others did. A figure of several people moves with who is one of them.
    let otherwise = if **key == [col::CUSTOMER_ID] { "late or changed facts" } else { "people or facts changed" };
    let why = fields
        .iter()
        .filter(|field| field.is_rank)
        .map(|field| format!(" when '{}' then 'others moved'", field.column));
    let why = format!("case v['field']{} when '' then '' else '{otherwise}' end", why.collect::<String>());
    let joined = |of: &dyn Fn(&str) -> String, by: &str| -> String {
        key.iter().map(|name| of(name)).collect::<Vec<_>>().join(by)
    };
    let text = joined(
        &|name| format!("coalesce(cast(n.\"{name}\" as varchar), cast(o.\"{name}\" as varchar))"),
        " || ' ' || ",
    );
    let same = joined(&|name| format!("n.\"{name}\" = o.\"{name}\""), " and ");
    format!(
        "select '{mart_name}' as mart, key, v['field'] as field, v['before'] as before, v['after'] as after, {why} as why from (
    select {text} as key, unnest(make_array({})) as v
    from {mart} n full join {before} o on {same})
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
