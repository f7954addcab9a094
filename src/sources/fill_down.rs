//! Columns that stand on the first row of an order only.
//!
//! In: batches of one file in the order of its rows. Out: the same, with the value of the row before where a column is empty and the
//! row belongs to the same order. Why here: the engine knows no order of rows, a file does.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StringBuilder};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

/// Which columns, by their places in the batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillDown {
    /// Columns that are equal in the rows of an order.
    pub within: Vec<usize>,
    /// Columns whose value holds for the rows that follow.
    pub columns: Vec<usize>,
}

/// What was seen last: the order, and its values.
#[derive(Default)]
struct Last {
    key: Option<Vec<String>>,
    values: Vec<Option<String>>,
}

/// The rows of a file with their columns filled down.
pub fn fill_down(rows: SendableRecordBatchStream, fill: Arc<FillDown>) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let filled = rows.scan(Last::default(), move |last, batch| {
        let filled = batch.and_then(|batch| filled(&batch, &fill, last));
        futures::future::ready(Some(filled))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, filled))
}

fn filled(batch: &RecordBatch, fill: &FillDown, last: &mut Last) -> Result<RecordBatch> {
    let text = |place: &usize| batch.column(*place).as_string::<i32>();
    let within: Vec<&StringArray> = fill.within.iter().map(text).collect();
    let columns: Vec<&StringArray> = fill.columns.iter().map(text).collect();
    let mut out: Vec<StringBuilder> = columns.iter().map(|_| StringBuilder::new()).collect();
    last.values.resize(columns.len(), None);
    for row in 0..batch.num_rows() {
        // A row without a key, such as one that could not be read, belongs to no order.
        let key: Option<Vec<&str>> = within.iter().map(|c| c.is_valid(row).then(|| c.value(row).trim())).collect();
        let same = key.is_some() && key.as_deref().map(|k| k.iter().map(|v| v.to_string()).collect()) == last.key;
        if !same {
            last.key = key.map(|k| k.iter().map(|v| v.to_string()).collect());
            last.values.fill(None);
        }
        for ((column, out), last) in columns.iter().zip(&mut out).zip(&mut last.values) {
            let value = column.is_valid(row).then(|| column.value(row)).filter(|value| !value.trim().is_empty());
            match value {
                Some(value) => {
                    *last = Some(value.to_string());
                    out.append_value(value);
                }
                None => out.append_option(last.as_deref()),
            }
        }
    }
    let mut all: Vec<ArrayRef> = batch.columns().to_vec();
    for (place, mut column) in fill.columns.iter().zip(out) {
        all[*place] = Arc::new(column.finish());
    }
    Ok(RecordBatch::try_new(batch.schema(), all)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, Field, Schema};

    #[test]
    fn a_value_holds_for_the_rest_of_its_order_across_batches() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("order", DataType::Utf8, true),
            Field::new("mail", DataType::Utf8, true),
        ]));
        let batch = |rows: &[(Option<&str>, Option<&str>)]| {
            let orders: StringArray = rows.iter().map(|r| r.0).collect();
            let mails: StringArray = rows.iter().map(|r| r.1).collect();
            RecordBatch::try_new(schema.clone(), vec![Arc::new(orders), Arc::new(mails)]).expect("a batch")
        };
        let fill = FillDown { within: vec![0], columns: vec![1] };
        let mut last = Last::default();
        let mut mails = Vec::new();
        for rows in [
            batch(&[(Some("1"), Some("a")), (Some("1"), None), (Some("2"), None)]),
            batch(&[(Some("2"), Some("b")), (Some("2"), Some(" ")), (None, None)]),
            batch(&[(None, None), (Some("2"), None), (Some("1"), None)]),
        ] {
            let filled = filled(&rows, &fill, &mut last).expect("filled");
            mails.extend(filled.column(1).as_string::<i32>().iter().map(|v| v.unwrap_or("-").to_string()));
        }
        assert_eq!(mails.join(" "), "a a - b b - - - -");
    }
}
