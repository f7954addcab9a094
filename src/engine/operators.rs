//! Where the time of a run goes: rows, seconds, spill of every operator of every plan, as the engine counted them.

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricValue;
use serde::{Deserialize, Serialize};

use super::grouped::GroupedExec;
use crate::tables::ranges::RangesExec;

/// An operator of an executed plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operator {
    /// Table that the plan made.
    pub table: String,
    /// How deep it stands below the plan's last operator.
    pub depth: usize,
    /// Its name.
    pub name: String,
    /// Rows that it gave.
    pub rows: u64,
    /// Seconds that it computed, over all threads, its inputs not counted.
    pub seconds: f64,
    /// Bytes that it gave, where the operator counts them.
    pub bytes: u64,
    /// Bytes that it spilled.
    pub spilled: u64,
}

/// The operators of an executed plan, the last first.
pub(crate) fn operators(table: &str, plan: &dyn ExecutionPlan) -> Vec<Operator> {
    let mut found = Vec::new();
    collect(table, plan, 0, &mut found);
    found
}

fn collect(table: &str, plan: &dyn ExecutionPlan, depth: usize, into: &mut Vec<Operator>) {
    let metrics = plan.metrics().unwrap_or_default();
    let counted = |value: Option<usize>| value.unwrap_or(0) as u64;
    let by_name = |name: &str| metrics.sum_by_name(name).map(|v: MetricValue| v.as_usize());
    let compute = metrics.elapsed_compute().unwrap_or(0).max(by_name("time_elapsed_scanning_total").unwrap_or(0));
    into.push(Operator {
        table: table.to_string(),
        depth,
        name: plan.name().to_string(),
        rows: counted(metrics.output_rows()),
        seconds: compute as f64 / 1e9,
        bytes: counted(by_name("output_bytes").or_else(|| by_name("bytes_scanned"))),
        spilled: counted(metrics.spilled_bytes()),
    });
    let ranges = plan.downcast_ref::<RangesExec>().into_iter().flat_map(RangesExec::inputs);
    let grouped = plan.downcast_ref::<GroupedExec>().map(GroupedExec::input);
    for child in plan.children().into_iter().chain(ranges).chain(grouped) {
        collect(table, child.as_ref(), depth + 1, into);
    }
}
