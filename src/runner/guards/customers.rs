//! Whether a run retires, merges or splits more customers than runs do.
//!
//! In: the events of this run and of the published ones. Out: an error before anything is published. A decision of a person and an
//! erasure count for nothing here. Where somebody changed how values are read or records matched, customers move for that reason:
//! these guards look at deliveries, and stand back.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;

use crate::error::{Error, Result};
use crate::lake::manifest::StageRecord;
use crate::runner::Run;
use crate::tables::contract::{GOLDEN_CUSTOMER, ID_EVENT, col};

/// Customers below which a share says nothing.
const FEWEST: u64 = 20;

/// Earlier runs with such events from which the usual is learned.
const RUNS: usize = 7;

/// How many times the usual is no usual day: a campaign brings ten times as many members, and links in proportion.
const TIMES: f64 = 10.0;

/// Run → event → customers.
type Events = BTreeMap<String, BTreeMap<String, u64>>;

impl Run<'_> {
    /// Stops a run that moves more customers than usual.
    ///
    /// # Errors
    /// Data, naming every guard that was not let in.
    pub(in crate::runner) async fn guard_customers(&self) -> Result<()> {
        let Some(before) = &self.before else { return Ok(()) };
        let customers = before.tables.iter().find(|table| table.0 == GOLDEN_CUSTOMER.name).map_or(0, |table| table.2);
        let settings_before = self.figures_before().map(|figures| figures.settings.clone());
        if self.erasure.is_some() || settings_before != Some(self.settings_digest()) {
            return Ok(());
        }
        let now = events(self.table(&ID_EVENT, &StageRecord::default()).await?).await?;
        let Some(now) = now.get(&self.manifest.run_id) else { return Ok(()) };
        let earlier = events(self.previous(&ID_EVENT).await?).await?;
        let limits = &self.pipeline.guards;
        let mut found = Vec::new();
        for (guard, floor) in [("retired", limits.retired), ("merged", limits.merged), ("split", limits.split)] {
            let (Some(floor), Some(n)) = (floor, now.get(guard)) else { continue };
            let usual: Vec<u64> = earlier.values().filter_map(|events| events.get(guard).copied()).collect();
            if let Some(reason) = beyond(guard, *n, customers, &usual, floor) {
                match self.options.admit.iter().any(|name| name == guard) {
                    true => self.progress.warn(&format!("let in by --admit {guard}: {reason}")),
                    false => found.push((guard, reason)),
                }
            }
        }
        let Some((first, _)) = found.first() else { return Ok(()) };
        let reasons: Vec<&str> = found.iter().map(|(_, reason)| reason.as_str()).collect();
        let admit: Vec<String> = found.iter().map(|(guard, _)| format!("--admit {guard}")).collect();
        Err(Error::data(format!("the guard {first} stops the run before it publishes: {}", reasons.join("; "))).hint(
            format!(
                "look at what came; where it is right, run the same command with {}: the stages that are done are kept",
                admit.join(" ")
            ),
        ))
    }
}

/// Customers of each event by run, without those that a person decided or an erasure caused.
async fn events(rows: DataFrame) -> Result<Events> {
    let by_person = ident(col::REASON).in_list(vec![lit("decision"), lit("erasure")], false);
    let rows = rows
        .filter(datafusion::logical_expr::not(by_person))?
        .aggregate(vec![ident(col::RUN_ID), ident(col::EVENT)], vec![count(lit(1)).alias("customers")])?;
    let mut all = Events::new();
    for batch in rows.collect().await? {
        let [run, event] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
        let customers = batch.column(2).as_primitive::<Int64Type>();
        for row in (0..batch.num_rows()).filter(|row| run.is_valid(*row) && event.is_valid(*row)) {
            let of = all.entry(run.value(row).to_string()).or_default();
            of.insert(event.value(row).to_string(), customers.value(row) as u64);
        }
    }
    Ok(all)
}

/// What to say where so many customers are beyond the usual: ten times the middle of the runs that had any, and the share `floor` at
/// least. With few runs, the share alone.
fn beyond(guard: &str, customers: u64, of: u64, usual: &[u64], floor: f64) -> Option<String> {
    let mut usual = usual.to_vec();
    usual.sort_unstable();
    let learned = match usual.get(usual.len() / 2) {
        Some(middle) if usual.len() >= RUNS => TIMES * *middle as f64,
        _ => 0.0,
    };
    let limit = learned.max(floor * of as f64);
    let over = customers >= FEWEST && customers as f64 > limit;
    over.then(|| {
        let learned = match usual.get(usual.len() / 2) {
            Some(middle) if learned > floor * of as f64 => format!("ten times the usual {middle}"),
            _ => format!("guards.{guard} = {floor} of them"),
        };
        let word = if guard == "split" { "split off" } else { guard };
        format!("{customers} of {of} customers would be {word}, more than {learned}")
    })
}

#[cfg(test)]
mod tests {
    use super::beyond;

    #[test]
    fn the_usual_is_learned_from_a_week_of_runs() {
        let check = |customers: u64, of: u64, usual: &[u64], stops: bool| {
            assert_eq!(
                beyond("retired", customers, of, usual, 0.02).is_some(),
                stops,
                "{customers} of {of}, {usual:?}"
            );
        };
        check(582, 20_000, &[], true);
        check(390, 20_000, &[], false);
        check(19, 50, &[], false);
        // Few runs teach nothing; a week of them does, in a lake where many move.
        check(900, 20_000, &[100, 100, 100], true);
        check(900, 20_000, &[100; 7], false);
        check(1100, 20_000, &[100; 7], true);
        // One bad day that was let in is not the usual.
        check(600, 20_000, &[2, 3, 3, 4, 4, 5, 900], true);
    }
}
