//! Rows as one Parquet file.
//!
//! In: batches of one schema. Out: the file. The same rows give the same bytes, however they came and however many threads there
//! are: columns are encoded beside each other, as the last file of a table would otherwise be waited for on one core.

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, make_array};
use datafusion::arrow::compute::BatchCoalescer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::parquet::schema::types::ColumnPath;

use crate::contract::{self, Table, col};
use crate::threads::beside_each_other;

/// Rows that the encoder is given at a time. Fixed, as files may not depend on how rows came: a cluster sends smaller batches.
const WRITTEN_ROWS: usize = 1 << 15;

/// Rows of a row group at most.
const GROUP_ROWS: usize = 1 << 20;

/// Columns most of whose values differ: their dictionary would be given up after the first hundred thousand rows.
const DISTINCT: [&str; 7] =
    [col::EVENT_ID, col::RECORD_ID, col::TRANSACTION_ID, col::LINE, col::ROW, col::ROW_L, col::ROW_R];

/// How long a file is kept, which decides how much time its compression may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A published table, or one whose columns are copied to one.
    Long,
    /// A work table that the next stages read.
    ForTheNext,
}

impl Kept {
    /// How long the files of a table are.
    pub fn of(table: &Table) -> Self {
        let read_once = contract::work_table(table.name).is_some() || !contract::is_published(table.name);
        if read_once { Kept::ForTheNext } else { Kept::Long }
    }
}

/// How files are written.
pub(crate) fn properties(kept: Kept) -> WriterProperties {
    let compression = match kept {
        Kept::Long => Compression::ZSTD(ZstdLevel::default()),
        Kept::ForTheNext => Compression::LZ4_RAW,
    };
    let builder = WriterProperties::builder().set_compression(compression).set_created_by("nayose".to_string());
    let plain = |builder: datafusion::parquet::file::properties::WriterPropertiesBuilder, column: &&str| {
        builder.set_column_dictionary_enabled(ColumnPath::from(*column), false)
    };
    DISTINCT.iter().fold(builder, plain).build()
}

/// The batches as one Parquet file.
///
/// # Errors
/// Environment or bug, as the encoder says.
pub fn encode(batches: &[RecordBatch], schema: &SchemaRef, kept: Kept) -> crate::error::Result<Vec<u8>> {
    encoded(batches, schema, kept).map_err(failed)
}

/// What the encoder says, as an error of nayose.
pub(crate) fn failed(error: ParquetError) -> crate::error::Error {
    crate::error::Error::from(datafusion::error::DataFusionError::from(error))
}

fn encoded(batches: &[RecordBatch], schema: &SchemaRef, kept: Kept) -> Result<Vec<u8>> {
    let mut buffer = Vec::new();
    let writer = ArrowWriter::try_new(&mut buffer, schema.clone(), Some(properties(kept)))?;
    let (mut file, writers) = writer.into_serialized_writer()?;
    for (number, rows) in groups(batches).iter().enumerate() {
        // A column of the table is one column of the file for each leaf of its type. Two may have one name: the answer to a
        // question may.
        let mut columns: Vec<Vec<ArrowColumnWriter>> = schema.fields().iter().map(|_| Vec::new()).collect();
        for (leaf, writer) in writers.create_column_writers(number)?.into_iter().enumerate() {
            columns[file.schema_descr().get_column_root_idx(leaf)].push(writer);
        }
        let mut group = file.next_row_group()?;
        for chunks in beside_each_other(columns, |place, writers| column(rows, place, writers)) {
            for chunk in chunks? {
                chunk.append_to_row_group(&mut group)?;
            }
        }
        group.close()?;
    }
    file.close()?;
    Ok(buffer)
}

/// The rows in groups of at most [`GROUP_ROWS`].
fn groups(batches: &[RecordBatch]) -> Vec<Vec<RecordBatch>> {
    let mut groups: Vec<Vec<RecordBatch>> = Vec::new();
    let mut room = 0;
    for batch in batches {
        let mut from = 0;
        while from < batch.num_rows() {
            if room == 0 {
                groups.push(Vec::new());
                room = GROUP_ROWS;
            }
            let take = room.min(batch.num_rows() - from);
            groups.last_mut().into_iter().for_each(|group| group.push(batch.slice(from, take)));
            (from, room) = (from + take, room - take);
        }
    }
    groups
}

/// A column of the table, encoded.
fn column(rows: &[RecordBatch], place: usize, mut writers: Vec<ArrowColumnWriter>) -> Result<Vec<ArrowColumnChunk>> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let schema: SchemaRef = first.schema().project(&[place])?.into();
    let mut write = |rows: &RecordBatch| -> Result<()> {
        for (writer, leaf) in
            writers.iter_mut().zip(compute_leaves(schema.field(0), &without_empty_mask(rows.column(0)))?)
        {
            writer.write(&leaf)?;
        }
        Ok(())
    };
    // A page may end where a batch does: rows are written in batches of one size, however they came.
    let mut even = BatchCoalescer::new(schema.clone(), WRITTEN_ROWS);
    for batch in rows {
        even.push_batch(batch.project(&[place])?)?;
        while let Some(rows) = even.next_completed_batch() {
            write(&rows)?;
        }
    }
    even.finish_buffered_batch()?;
    while let Some(rows) = even.next_completed_batch() {
        write(&rows)?;
    }
    writers.into_iter().map(ArrowColumnWriter::close).collect()
}

/// The column without a mask of nulls that marks none, as slices have: the encoder cuts a column with such a mask into other
/// pages than one without, and whether there is a mask depends on how the rows came. Array data keeps no such mask.
fn without_empty_mask(column: &ArrayRef) -> ArrayRef {
    make_array(column.to_data())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Array, Int64Array, ListBuilder, StringArray, StringBuilder, StructArray};
    use datafusion::arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    #[test]
    fn how_rows_came_does_not_change_the_bytes() {
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8, true)]));
        // Nulls in the first tenth only: slices behind it have a mask that marks none.
        let text = |i: usize| (i > 10_000 || !i.is_multiple_of(3)).then(|| format!("{}", i * 7919 % 10_007));
        let all: ArrayRef = Arc::new((0..100_000).map(text).collect::<StringArray>());
        let slice = all.slice(50_000, 1000);
        assert!(slice.nulls().is_some_and(|nulls| nulls.null_count() == 0));
        let batch = |a: ArrayRef| RecordBatch::try_new(schema.clone(), vec![a]).expect("a batch");
        let plain: ArrayRef = Arc::new((0..1000).map(|i| text(50_000 + i)).collect::<StringArray>());
        let encoded = |batches: &[RecordBatch]| encode(batches, &schema, Kept::Long).expect("Parquet");
        assert_eq!(encoded(&[batch(slice)]), encoded(&[batch(plain)]));
        let cut: Vec<RecordBatch> = (0..100).map(|i| batch(all.slice(i * 1000, 1000))).collect();
        assert_eq!(encoded(&cut), encoded(&[batch(all)]));
    }

    #[test]
    fn the_bytes_are_those_of_the_engines_own_writer() {
        let text = |i: i64| format!("v{}", i * 31 % 977);
        let mut lists = ListBuilder::new(StringBuilder::new());
        for i in 0..70_000 {
            (0..i % 3).for_each(|j| lists.values().append_value(text(i + j)));
            lists.append(i % 7 > 0);
        }
        let numbers: ArrayRef = Arc::new((0..70_000).map(Some).collect::<Int64Array>());
        let texts: ArrayRef = Arc::new((0..70_000).map(|i| Some(text(i))).collect::<StringArray>());
        let of = |name: &str, array: &ArrayRef| Arc::new(Field::new(name, array.data_type().clone(), true));
        let pair: ArrayRef =
            Arc::new(StructArray::from(vec![(of("n", &numbers), numbers.clone()), (of("t", &texts), texts.clone())]));
        // Two columns of one name and other types, as the answer to a question may have.
        let columns: [(&str, ArrayRef); 4] =
            [("lists", Arc::new(lists.finish())), ("pair", pair), (col::LINE, numbers), ("pair", texts)];
        let rows = RecordBatch::try_from_iter(columns).expect("a batch");
        for kept in [Kept::Long, Kept::ForTheNext] {
            let mut expected = Vec::new();
            let mut writer =
                ArrowWriter::try_new(&mut expected, rows.schema(), Some(properties(kept))).expect("a writer");
            for from in (0..rows.num_rows()).step_by(WRITTEN_ROWS) {
                writer.write(&rows.slice(from, WRITTEN_ROWS.min(rows.num_rows() - from))).expect("written");
            }
            writer.close().expect("closed");
            assert!(encode(std::slice::from_ref(&rows), &rows.schema(), kept).expect("Parquet") == expected);
        }
    }
}
