//! The files of a table that has some of the columns of another, row for row: encoded columns are copied as they are.
//!
//! In: the Parquet files of a work table. Out: files of the published table, one for each. Nothing is decoded, sorted or encoded
//! anew, which is a twentieth of the time that a query takes; the same files in give the same files out.

use std::sync::Arc;

use arrow::datatypes::Schema;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use parquet::file::writer::SerializedFileWriter;
use tokio_util::bytes::Bytes;

use super::part::{Part, write_encoded};
use crate::error::{Error, Result};
use crate::store::Location;
use crate::tables::contract::Table;
use crate::tables::encode::{Lifetime, failed, properties};

/// Writes the files of `table` below `folder` from `parts` below `from`, whose tables have its columns. `seen` is told the number
/// of rows so far.
///
/// # Errors
/// Environment for storage; bug where a column is not there.
pub(crate) async fn copy_columns(
    (from, parts): (&Location, &[Part]),
    table: &Table,
    folder: &Location,
    seen: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Part>> {
    let mut written = Vec::with_capacity(parts.len());
    let mut rows = 0;
    for (number, part) in parts.iter().enumerate() {
        let (bytes, schema) = (Bytes::from(from.join(&part.name).read().await?), table.schema());
        let copied = tokio::task::spawn_blocking(move || with_columns(&bytes, &schema)).await;
        let copied = copied.map_err(|e| Error::bug(format!("copying columns stopped: {e}")))?.map_err(failed)?;
        written.push(write_encoded(copied, part.rows, folder, number).await?);
        rows += part.rows;
        seen(rows);
    }
    Ok(written)
}

/// The Parquet file with the columns of the schema alone.
fn with_columns(file: &Bytes, schema: &Schema) -> Result<Vec<u8>, ParquetError> {
    let metadata =
        ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional).parse_and_finish(file)?;
    let wanted = ArrowSchemaConverter::new().convert(schema)?;
    let there = metadata.file_metadata().schema_descr();
    let places = wanted.columns().iter().map(|column| {
        let place = there.columns().iter().position(|c| {
            c.path() == column.path()
                && (c.physical_type(), c.max_def_level(), c.max_rep_level())
                    == (column.physical_type(), column.max_def_level(), column.max_rep_level())
        });
        place.ok_or_else(|| ParquetError::General(format!("there is no column {} to copy", column.path())))
    });
    let places = places.collect::<Result<Vec<usize>, _>>()?;
    let mut properties = properties(Lifetime::Published);
    add_encoded_arrow_schema_to_metadata(schema, &mut properties);
    let mut copied = Vec::with_capacity(file.len());
    let mut writer = SerializedFileWriter::new(&mut copied, wanted.root_schema_ptr(), Arc::new(properties))?;
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let columns = metadata.column_index().and_then(|index| index.get(number));
        let offsets = metadata.offset_index().and_then(|index| index.get(number));
        let mut to = writer.next_row_group()?;
        for &place in &places {
            let column = group.column(place);
            to.append_column(
                file,
                ColumnCloseResult {
                    bytes_written: column.compressed_size() as u64,
                    rows_written: group.num_rows() as u64,
                    metadata: column.clone(),
                    bloom_filter: None,
                    column_index: columns.and_then(|of| of.get(place)).cloned(),
                    offset_index: offsets.and_then(|of| of.get(place)).cloned(),
                },
            )?;
        }
        to.close()?;
    }
    writer.close()?;
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, Int64Array, ListArray, RecordBatch, StringArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{DataType, Field, Int32Type, SchemaRef};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::tables::encode::encode;

    /// Three columns, of text, of numbers, of lists; with nulls.
    fn rows() -> RecordBatch {
        let lists = (0..100_000).map(|i| (i % 3 > 0).then(|| (0..i % 4).map(Some).collect::<Vec<_>>()));
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
        let schema = Schema::new(vec![
            Field::new("name", DataType::Utf8, true),
            Field::new("number", DataType::Int64, false),
            Field::new("lists", lists.data_type().clone(), true),
        ]);
        let names = (0..100_000).map(|i| (i % 7 > 0).then(|| format!("name {}", i / 5)));
        let numbers = Int64Array::from_iter_values(0..100_000);
        let columns = vec![Arc::new(StringArray::from_iter(names)) as _, Arc::new(numbers) as _, Arc::new(lists) as _];
        RecordBatch::try_new(Arc::new(schema), columns).expect("a batch")
    }

    fn read(file: Vec<u8>) -> (SchemaRef, RecordBatch) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).expect("Parquet");
        let schema = reader.schema().clone();
        let batches: Vec<RecordBatch> = reader.build().expect("a reader").map(|b| b.expect("rows")).collect();
        let rows = concat_batches(&schema, &batches).expect("one batch");
        (schema, rows)
    }

    #[test]
    fn copied_columns_read_as_those_that_would_be_written() {
        let rows = rows();
        let file =
            Bytes::from(encode(std::slice::from_ref(&rows), &rows.schema(), Lifetime::Published).expect("encoded"));
        for columns in [vec![0, 1, 2], vec![2, 0], vec![1]] {
            let narrow = rows.project(&columns).expect("narrow");
            let copied = with_columns(&file, &narrow.schema()).expect("copied");
            assert_eq!(copied, with_columns(&file, &narrow.schema()).expect("copied again"));
            let written =
                encode(std::slice::from_ref(&narrow), &narrow.schema(), Lifetime::Published).expect("encoded");
            assert_eq!(read(copied), read(written), "columns {columns:?}");
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_said() {
        let rows = rows();
        let file =
            Bytes::from(encode(std::slice::from_ref(&rows), &rows.schema(), Lifetime::Published).expect("encoded"));
        let other = |name: &str, of: DataType| Schema::new(vec![Field::new(name, of, true)]);
        for schema in
            [other("missing", DataType::Utf8), other("name", DataType::Int64), other("number", DataType::Int64)]
        {
            let said = with_columns(&file, &schema).expect_err("no such column").to_string();
            assert!(said.contains("no column"), "{said}");
        }
    }
}
