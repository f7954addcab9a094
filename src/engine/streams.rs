//! The rows of a plan, seen by a task for each of its streams.
//!
//! In: a plan, and what to do with a batch. Out: what each task made of its batches, in no order: for sums of whole numbers and for
//! rows that are sorted afterwards.

use arrow::array::RecordBatch;
use datafusion::prelude::DataFrame;
use futures::TryStreamExt;
use tokio::task::JoinSet;

use crate::error::{Error, Result};

/// Runs the plan. Each task begins with a value of `begin` and adds its batches with `add`.
///
/// # Errors
/// As the engine and `add` say.
pub(crate) async fn gather<T: Send + 'static>(
    plan: DataFrame,
    begin: impl Fn() -> T,
    add: impl Fn(&mut T, &RecordBatch) -> Result<()> + Clone + Send + 'static,
) -> Result<Vec<T>> {
    let mut tasks = JoinSet::new();
    for mut batches in plan.execute_stream_partitioned().await? {
        let (mut found, add) = (begin(), add.clone());
        tasks.spawn(async move {
            while let Some(batch) = batches.try_next().await? {
                add(&mut found, &batch)?;
            }
            Ok::<T, Error>(found)
        });
    }
    let mut all = Vec::with_capacity(tasks.len());
    while let Some(done) = tasks.join_next().await {
        all.push(done.map_err(|e| Error::bug(format!("a task of a plan stopped: {e}")))??);
    }
    Ok(all)
}
