//! Rows as one Parquet file.
//!
//! In: batches of one schema. Out: the file. The same rows give the same bytes, however they came and however many threads there
//! are: columns are encoded beside each other, as the last file of a table would otherwise be waited for on one core.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow::array::{Array, ArrayRef, RecordBatch, make_array};
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use crate::tables::contract::{self, Table, col};
use nayose_matching::parallel;

/// Rows that the encoder is given at a time. Fixed, as files may not depend on how rows came: a cluster sends smaller batches.
const WRITTEN_ROWS: usize = 1 << 15;

/// Rows of a row group at most.
const GROUP_ROWS: usize = 1 << 20;

/// Columns most of whose values differ: their dictionary would be given up after the first hundred thousand rows.
const DISTINCT: [&str; 7] =
    [col::EVENT_ID, col::RECORD_ID, col::TRANSACTION_ID, col::LINE, col::ROW, col::ROW_L, col::ROW_R];

/// Rows of a page of a published table at most. Who asks for one row reads a page of each column, and a page of 20,000 addresses takes a
/// millisecond.
const PAGE_ROWS: usize = 4096;

/// Bytes of a dictionary of a published table at most: it is read before the first row is. Columns of more values are written as they are.
const DICTIONARY_BYTES: usize = 32 << 10;

/// A column of ascending numbers, one for each row: what is written are the steps.
pub(crate) const PLACE: &str = "_place";

/// Batches that may wait for a thread that encodes.
const WAITING: usize = 1;

/// How long a file is kept, which decides how much time its compression may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// A published table, or one whose columns are copied to one.
    Published,
    /// A work table that the next stages read.
    Work,
}

impl Lifetime {
    /// How long the files of a table are.
    pub(crate) fn of_table(table: &Table) -> Self {
        let read_once = contract::work_table(table.name).is_some() || !contract::is_published(table.name);
        if read_once { Lifetime::Work } else { Lifetime::Published }
    }
}

/// How files are written.
pub(crate) fn properties(lifetime: Lifetime) -> WriterProperties {
    let compression = match lifetime {
        Lifetime::Published => Compression::ZSTD(ZstdLevel::default()),
        Lifetime::Work => Compression::LZ4_RAW,
    };
    let builder = WriterProperties::builder().set_compression(compression).set_created_by("nayose".to_string());
    let plain = |builder: parquet::file::properties::WriterPropertiesBuilder, column: &&str| {
        builder.set_column_dictionary_enabled(ColumnPath::from(*column), false)
    };
    let builder = match lifetime {
        Lifetime::Published => {
            builder.set_data_page_row_count_limit(PAGE_ROWS).set_dictionary_page_size_limit(DICTIONARY_BYTES)
        }
        Lifetime::Work => builder,
    };
    let builder = DISTINCT.iter().fold(builder, plain);
    plain(builder, &PLACE)
        .set_column_encoding(ColumnPath::from(PLACE), parquet::basic::Encoding::DELTA_BINARY_PACKED)
        .build()
}

/// The batches as one Parquet file.
///
/// # Errors
/// Environment or bug, as the encoder says.
pub(crate) fn encode(batches: &[RecordBatch], schema: &SchemaRef, lifetime: Lifetime) -> crate::error::Result<Vec<u8>> {
    let mut file = Encoder::new(schema.clone(), lifetime)?;
    batches.iter().try_for_each(|batch| file.push(batch))?;
    file.finish()
}

/// What the encoder says, as an error of nayose.
pub(crate) fn failed(error: ParquetError) -> crate::error::Error {
    crate::error::Error::from(datafusion::error::DataFusionError::from(error))
}

/// A file under way: rows are encoded as they come, so that what waits in memory are pages and no rows.
pub(crate) struct Encoder {
    schema: SchemaRef,
    file: SerializedFileWriter<Vec<u8>>,
    writers: ArrowRowGroupWriterFactory,
    /// The threads that encode the row group under way, each some of its columns.
    threads: Vec<(SyncSender<RecordBatch>, Encoding)>,
    groups: usize,
    rows: usize,
}

/// A column of the table that is encoded, by its place.
type Closed = (usize, Vec<ArrowColumnChunk>);

/// A thread that encodes.
type Encoding = JoinHandle<Result<Vec<Closed>>>;

/// A column of the table: one column of the file for each leaf of its type.
struct Column {
    schema: SchemaRef,
    /// A page may end where a batch does: rows are written in batches of one size, however they came.
    even: BatchCoalescer,
    leaves: Vec<ArrowColumnWriter>,
}

impl Column {
    fn push(&mut self, rows: &ArrayRef) -> Result<()> {
        self.even.push_batch(RecordBatch::try_new(self.schema.clone(), vec![rows.clone()])?)?;
        self.write()
    }

    fn write(&mut self) -> Result<()> {
        while let Some(rows) = self.even.next_completed_batch() {
            let leaves = compute_leaves(self.schema.field(0), &without_empty_mask(rows.column(0)))?;
            self.leaves.iter_mut().zip(leaves).try_for_each(|(writer, leaf)| writer.write(&leaf))?;
        }
        Ok(())
    }

    fn close(mut self) -> Result<Vec<ArrowColumnChunk>> {
        self.even.finish_buffered_batch()?;
        self.write()?;
        self.leaves.into_iter().map(ArrowColumnWriter::close).collect()
    }
}

impl Encoder {
    /// A file without rows.
    ///
    /// # Errors
    /// Bug, where Parquet has no such type.
    pub(crate) fn new(schema: SchemaRef, lifetime: Lifetime) -> crate::error::Result<Self> {
        let open =
            || ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties(lifetime)))?.into_serialized_writer();
        let (file, writers) = open().map_err(failed)?;
        Ok(Encoder { schema, file, writers, threads: Vec::new(), groups: 0, rows: 0 })
    }

    /// Encodes rows. Columns are encoded beside each other.
    ///
    /// # Errors
    /// Bug, as the encoder says.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> crate::error::Result<()> {
        let mut from = 0;
        while from < batch.num_rows() {
            let take = (GROUP_ROWS - self.rows).min(batch.num_rows() - from);
            self.push_to_group(&batch.slice(from, take)).map_err(failed)?;
            from += take;
            if self.rows == GROUP_ROWS {
                self.close_group().map_err(failed)?;
            }
        }
        Ok(())
    }

    fn push_to_group(&mut self, rows: &RecordBatch) -> Result<()> {
        if self.threads.is_empty() {
            self.open_group()?;
        }
        self.rows += rows.num_rows();
        for (columns, _) in &self.threads {
            // A thread that failed says so when the group is closed.
            let _ = columns.send(rows.clone());
        }
        Ok(())
    }

    /// Deals the columns out to threads.
    fn open_group(&mut self) -> Result<()> {
        // Two columns may have one name: the answer to a question may.
        let mut leaves: Vec<Vec<ArrowColumnWriter>> = self.schema.fields().iter().map(|_| Vec::new()).collect();
        for (leaf, writer) in self.writers.create_column_writers(self.groups)?.into_iter().enumerate() {
            leaves[self.file.schema_descr().get_column_root_idx(leaf)].push(writer);
        }
        let mut dealt: Vec<Vec<(usize, Column)>> =
            (0..parallel::threads().min(leaves.len()).max(1)).map(|_| Vec::new()).collect();
        let threads = dealt.len();
        for (place, leaves) in leaves.into_iter().enumerate() {
            let schema: SchemaRef = self.schema.project(&[place])?.into();
            let even = BatchCoalescer::new(schema.clone(), WRITTEN_ROWS);
            dealt[place % threads].push((place, Column { schema, even, leaves }));
        }
        self.threads = dealt
            .into_iter()
            .map(|mut columns| {
                let (rows, next) = sync_channel::<RecordBatch>(WAITING);
                let encoding = std::thread::spawn(move || {
                    for batch in next {
                        columns.iter_mut().try_for_each(|(place, column)| column.push(batch.column(*place)))?;
                    }
                    columns.into_iter().map(|(place, column)| Ok((place, column.close()?))).collect()
                });
                (rows, encoding)
            })
            .collect();
        Ok(())
    }

    fn close_group(&mut self) -> Result<()> {
        let mut closed = Vec::new();
        for (rows, encoding) in std::mem::take(&mut self.threads) {
            drop(rows);
            let ended = encoding.join().map_err(|_| ParquetError::General("an encoder stopped".into()))?;
            closed.extend(ended?);
        }
        closed.sort_unstable_by_key(|(place, _)| *place);
        let mut group = self.file.next_row_group()?;
        for chunk in closed.into_iter().flat_map(|(_, chunks)| chunks) {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        (self.groups, self.rows) = (self.groups + 1, 0);
        Ok(())
    }

    /// The whole file.
    ///
    /// # Errors
    /// Bug, as the encoder says.
    pub(crate) fn finish(mut self) -> crate::error::Result<Vec<u8>> {
        if self.rows > 0 {
            self.close_group().map_err(failed)?;
        }
        self.file.into_inner().map_err(failed)
    }
}

/// The column without a mask of nulls that marks none, as slices have: the encoder cuts a column with such a mask into other
/// pages than one without, and whether there is a mask depends on how the rows came. Array data keeps no such mask.
fn without_empty_mask(column: &ArrayRef) -> ArrayRef {
    make_array(column.to_data())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, Int64Array, ListBuilder, StringArray, StringBuilder, StructArray};
    use arrow::datatypes::{DataType, Field, Schema};

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
        let encoded = |batches: &[RecordBatch]| encode(batches, &schema, Lifetime::Published).expect("Parquet");
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
        for lifetime in [Lifetime::Published, Lifetime::Work] {
            let mut expected = Vec::new();
            let mut writer =
                ArrowWriter::try_new(&mut expected, rows.schema(), Some(properties(lifetime))).expect("a writer");
            for from in (0..rows.num_rows()).step_by(WRITTEN_ROWS) {
                writer.write(&rows.slice(from, WRITTEN_ROWS.min(rows.num_rows() - from))).expect("written");
            }
            writer.close().expect("closed");
            assert!(encode(std::slice::from_ref(&rows), &rows.schema(), lifetime).expect("Parquet") == expected);
        }
    }
}
