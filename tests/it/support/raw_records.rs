//! The rows of people as a run took them in, as records to be asked for: what a till would send.

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::prelude::{ParquetReadOptions, col, lit};
use nayose::{MatchRequest, Resources, session};

/// A record: its key `channel:record_id`, and what was known of it.
pub(crate) type RawRecord = (String, MatchRequest);

/// Columns that say nothing of who it is.
const OUTSIDE: [&str; 9] =
    ["source", "channel", "record_id", "file", "line", "reject_reason", "reject_raw", "observed_at", "registered_at"];

/// The rows of the newest run's work below a lake, in order of their keys, `most` at most. A record of several rows is here several
/// times.
pub(crate) async fn raw_records(lake: &str, most: usize) -> Vec<RawRecord> {
    let context = session(&Resources::default()).expect("a session");
    let rows = context
        .read_parquet(format!("{lake}/work/*/ingest/raw_record/*.parquet"), ParquetReadOptions::default())
        .await
        .expect("rows");
    let rows = rows.filter(col("reject_reason").is_null()).expect("a plan");
    // Spread over all channels: the digest of a key is as good as a die.
    let die = datafusion::functions::expr_fn::md5(datafusion::functions::expr_fn::concat(vec![
        col("channel"),
        lit(":"),
        col("record_id"),
    ]));
    let rows = rows.sort(vec![die.sort(true, false), col("file").sort(true, false), col("line").sort(true, false)]);
    let batches = rows.expect("a plan").limit(0, Some(most)).expect("a plan").collect().await.expect("rows");
    let mut found = Vec::new();
    for batch in batches {
        let text = |name: &str, row: usize| {
            batch.column_by_name(name).expect("a column").as_string::<i32>().value(row).to_string()
        };
        for row in 0..batch.num_rows() {
            let mut request = MatchRequest { channel: text("channel", row), ..MatchRequest::default() };
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                if OUTSIDE.contains(&field.name().as_str()) || column.is_null(row) {
                    continue;
                }
                match column.data_type() {
                    DataType::Utf8 => {
                        request
                            .fields
                            .insert(field.name().clone(), vec![column.as_string::<i32>().value(row).to_string()]);
                    }
                    DataType::List(item) if item.data_type() == &DataType::Utf8 => {
                        let items = column.as_list::<i32>().value(row);
                        request
                            .fields
                            .insert(field.name().clone(), texts(items.as_string::<i32>()).flatten().collect());
                    }
                    DataType::List(_) if field.name() == "extra" => {
                        let items = column.as_list::<i32>().value(row);
                        let items = items.as_struct();
                        let [names, values] = [0, 1].map(|c| texts(items.column(c).as_string::<i32>()));
                        for (name, value) in names.zip(values) {
                            let (Some(name), Some(value)) = (name, value) else { continue };
                            request.fields.entry(name).or_default().push(value);
                        }
                    }
                    _ => {}
                }
            }
            found.push((format!("{}:{}", request.channel, text("record_id", row)), request));
        }
    }
    found
}

fn texts(column: &StringArray) -> impl Iterator<Item = Option<String>> {
    column.iter().map(|value| value.map(str::to_string))
}
