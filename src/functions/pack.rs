//! The features of all records from the column `features`, interned.
//!
//! In: the rows of `standard_record`, in order. Out: [`Packed`]. Each worker interns some of the features of all records.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use datafusion::logical_expr::ident;
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use tokio::sync::mpsc::Receiver;

use crate::config::MOST_CHANNELS;
use crate::error::{Error, Result};
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_matching::model::column::{FeatureBuilder, PackedColumn};
use nayose_matching::model::{Model, Packed};

/// More threads than this do not intern faster: decoding the features takes as long.
const MOST_WORKERS: usize = 4;

/// Interns the features of all records. `rows` has the column `features`, in order of the row.
///
/// # Errors
/// As the engine says; configuration, where there are more than 15 channels; environment, where a feature has more values than an id
/// can name.
pub(crate) async fn pack(rows: DataFrame, model: &Arc<Model>) -> Result<Packed> {
    // Records come in order of their channel, so that channels are in order of name.
    let mut channels: Vec<String> = Vec::new();
    let mut channel_of: Vec<u8> = Vec::new();
    let mut batches = rows.select(vec![ident(col::FEATURES), ident(col::CHANNEL)])?.execute_stream().await?;
    // Each worker interns some of the features, of all records, while the next batch is decoded.
    let workers = nayose_matching::parallel::threads().min(MOST_WORKERS);
    let (senders, workers): (Vec<_>, Vec<_>) = (0..workers)
        .map(|worker| {
            let (sender, batches) = tokio::sync::mpsc::channel(2);
            let (model, of) = (model.clone(), (worker..model.features.len()).step_by(workers));
            (sender, tokio::task::spawn_blocking(move || columns(batches, &model, of.collect())))
        })
        .unzip();
    'batches: while let Some(batch) = batches.next().await {
        let batch = batch?;
        let names = columns::strings(batch.column(1))?;
        for row in 0..batch.num_rows() {
            if channels.last().is_none_or(|last| last != names.value(row)) {
                channels.push(names.value(row).to_string());
            }
            if channels.len() > MOST_CHANNELS {
                return Err(Error::config(format!("there are more than {MOST_CHANNELS} channels"))
                    .hint("give sources of one system the same `channel`"));
            }
            channel_of.push((channels.len() - 1) as u8);
        }
        for sender in &senders {
            // A worker that has gone says why below.
            if sender.send(batch.column(0).clone()).await.is_err() {
                break 'batches;
            }
        }
    }
    drop(senders);
    let mut packed = BTreeMap::new();
    for worker in workers {
        packed.extend(worker.await.map_err(|e| Error::bug(format!("packing the features stopped: {e}")))??);
    }
    let packed = Packed::new(packed.into_values().collect(), channels, channel_of, &model.crosswise());
    Ok(packed.with_combinations(&model.adjusted()))
}

/// Interns the features of these numbers.
fn columns(mut batches: Receiver<ArrayRef>, model: &Model, of: Vec<usize>) -> Result<Vec<(usize, PackedColumn)>> {
    let mut builders: Vec<(usize, FeatureBuilder)> = of.into_iter().map(|f| (f, FeatureBuilder::new())).collect();
    while let Some(batch) = batches.blocking_recv() {
        let records = columns::lists(&batch)?;
        let features = columns::lists(records.values())?;
        let values = columns::strings(features.values())?;
        let (starts, ends) = (records.value_offsets(), features.value_offsets());
        for (feature, builder) in &mut builders {
            for start in &starts[..records.len()] {
                let place = *start as usize + *feature;
                builder.push((ends[place] as usize..ends[place + 1] as usize).map(|i| values.value(i)));
            }
        }
        if let Some((feature, _)) = builders.iter().find(|(_, builder)| builder.overflows()) {
            let feature = &model.features[*feature];
            return Err(Error::environment(format!("feature {feature:?} has more than 4 GiB of distinct values"))
                .hint("run on parts of the data, or take the feature out of the model file"));
        }
    }
    let needs = model.needs();
    let finished = builders.into_iter().map(|(feature, builder)| {
        let mut column = builder.finish();
        if model.identifying[feature] {
            column.drop_junk();
        }
        column.prepare(needs[feature]);
        (feature, column)
    });
    Ok(finished.collect())
}
