//! A text file, chunk by chunk.
//!
//! In: a file and the parser of its format. Out: its batches, one by one. This is where bytes wait until they are a whole
//! row, and where a file is refused that is no text at all.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::Stream;
use tokio::io::AsyncReadExt;

use super::decompress::Input;
use super::delimited::Delimited;
use super::encoding::TextEncoding;
use super::json_keys::JsonKeys;
use super::json_lines::JsonLines;
use super::reader::{FileCount, Format, ReadOptions, SourceFile, schema};
use super::row_batch::RowBatch;
use super::unpack::unpack;
use crate::error::{Error, Result};

/// What ends a text that is whole: a line end, or the end-of-file mark of DOS after it.
const LINE_ENDS: [u8; 3] = [b'\n', b'\r', 0x1a];

enum Parser {
    Delimited(Delimited),
    JsonLines(JsonLines),
    JsonKeys(JsonKeys),
}

impl Parser {
    fn parse(&mut self, data: &[u8], last: bool, batch: &mut RowBatch) -> Result<usize> {
        match self {
            Parser::Delimited(parser) => parser.parse(data, last, batch),
            Parser::JsonLines(parser) => Ok(parser.parse(data, last, batch)),
            Parser::JsonKeys(parser) => Ok(parser.parse(data, last)),
        }
    }

    fn finish(&self) -> Result<()> {
        match self {
            Parser::Delimited(parser) => parser.finish(),
            Parser::JsonLines(_) | Parser::JsonKeys(_) => Ok(()),
        }
    }

    fn lines(&self) -> u64 {
        match self {
            Parser::Delimited(parser) => parser.lines(),
            Parser::JsonLines(parser) => parser.lines(),
            Parser::JsonKeys(parser) => parser.lines(),
        }
    }

    /// Whether a look at the columns has seen enough.
    fn knows_columns(&self) -> bool {
        match self {
            Parser::Delimited(parser) => parser.names().is_some(),
            Parser::JsonLines(_) => false,
            Parser::JsonKeys(parser) => parser.is_done(),
        }
    }
}

/// A text file that is being read.
pub(super) struct TextFile {
    name: String,
    encoding: TextEncoding,
    chunk: usize,
    input: Input,
    parser: Parser,
    batch: RowBatch,
    /// Bytes read; those before `start` are done with.
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// The last byte that was read.
    last: Option<u8>,
    count: Arc<FileCount>,
    failure: Option<io::Error>,
}

impl TextFile {
    /// Opens a file for its rows.
    pub(super) async fn rows(file: SourceFile, options: Arc<ReadOptions>, schema: SchemaRef) -> Result<TextFile> {
        let count = Arc::clone(&file.count);
        let unpacked = unpack(&file, &options).await?;
        let (options, bytes, bad, numbers) = match unpacked {
            Some(unpacked) => {
                count.set_warnings(unpacked.warnings);
                (Arc::new(unpacked.options), Some(unpacked.bytes), unpacked.bad, unpacked.numbers)
            }
            None => (options, None, HashSet::new(), Vec::new()),
        };
        let parser = match options.format {
            Format::Jsonl => Parser::JsonLines(JsonLines::new(Arc::clone(&options), count)),
            _ => Parser::Delimited(Delimited::new(Arc::clone(&options), &file.name, count, (bad, numbers))),
        };
        Self::open(file, &options, parser, schema, bytes).await
    }

    /// The columns of a file.
    pub(super) async fn columns_of(file: SourceFile, options: &ReadOptions) -> Result<Vec<String>> {
        let unpacked = unpack(&file, options).await?;
        let (options, bytes) = match &unpacked {
            Some(unpacked) => (&unpacked.options, Some(unpacked.bytes.clone())),
            None => (options, None),
        };
        let options =
            Arc::new(ReadOptions { columns: Vec::new(), required: Vec::new(), batch_rows: 1, ..options.clone() });
        let parser = match options.format {
            Format::Jsonl => Parser::JsonKeys(JsonKeys::new(options.encoding, options.max_row_bytes)),
            _ => {
                let count = Arc::clone(&file.count);
                Parser::Delimited(Delimited::new(Arc::clone(&options), &file.name, count, Default::default()))
            }
        };
        let mut text = Self::open(file, &options, parser, schema(&options), bytes).await?;
        loop {
            text.parse()?;
            if text.parser.knows_columns() {
                break;
            }
            if !text.fill().await? {
                text.parser.finish()?;
                break;
            }
        }
        Ok(match text.parser {
            Parser::Delimited(parser) => parser.names().unwrap_or_default().to_vec(),
            Parser::JsonKeys(parser) => parser.into_keys(),
            Parser::JsonLines(_) => Vec::new(),
        })
    }

    /// Opens a file; `bytes` are those of one that was unpacked.
    async fn open(
        file: SourceFile,
        options: &ReadOptions,
        parser: Parser,
        schema: SchemaRef,
        bytes: Option<Vec<u8>>,
    ) -> Result<TextFile> {
        let input = match bytes {
            Some(bytes) => Input::of(&file.name, bytes),
            None => Input::open(&file).await?,
        };
        let mut text = TextFile {
            input,
            batch: RowBatch::new(schema, &file.name, options),
            name: file.name,
            encoding: options.encoding,
            chunk: options.chunk_bytes.max(1),
            parser,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            last: None,
            count: file.count,
            failure: None,
        };
        while text.buffer.len() < 8 && text.failure.is_none() && text.fill().await? {}
        text.start = check_start(&text.buffer, text.encoding, &text.name)?;
        Ok(text)
    }

    /// The batches of the file.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<RecordBatch>> + Send {
        futures::stream::try_unfold(self, |mut text| async move { Ok(text.next().await?.map(|batch| (batch, text))) })
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            self.parse()?;
            if self.batch.is_full() {
                return self.batch.finish().map(Some);
            }
            if !self.fill().await? {
                self.parser.finish()?;
                self.count.set_open_end(self.last.is_some_and(|byte| !LINE_ENDS.contains(&byte)));
                if self.start < self.buffer.len() {
                    return Err(Error::bug(format!("{} was not read to its end", self.name)));
                }
                return match self.batch.is_empty() {
                    true => Ok(None),
                    false => self.batch.finish().map(Some),
                };
            }
        }
    }

    fn parse(&mut self) -> Result<()> {
        self.start += self.parser.parse(&self.buffer[self.start..], self.ended, &mut self.batch)?;
        Ok(())
    }

    /// Reads one more chunk; false if the file had ended before. A failure comes out only when what was read before it is
    /// parsed, so that its place is known.
    async fn fill(&mut self) -> Result<bool> {
        if let Some(failure) = self.failure.take() {
            return Err(self.input.explain(failure, self.parser.lines()));
        }
        if self.ended {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let goal = self.buffer.len() + self.chunk;
        self.buffer.reserve(self.chunk);
        while self.buffer.len() < goal && !self.ended && self.failure.is_none() {
            let missing = (goal - self.buffer.len()) as u64;
            match (&mut self.input.reader).take(missing).read_buf(&mut self.buffer).await {
                Ok(read) => self.ended = read == 0,
                Err(failure) => self.failure = Some(failure),
            }
        }
        self.last = self.buffer.last().copied().or(self.last);
        Ok(true)
    }
}

/// Where the text starts, after a byte order mark. What is no text in any encoding that nayose reads is refused.
fn check_start(head: &[u8], encoding: TextEncoding, name: &str) -> Result<usize> {
    let other = |what: &str| Error::config(format!("{name} is {what}, not text"));
    match head {
        [0xef, 0xbb, 0xbf, ..] if encoding == TextEncoding::Utf8 => Ok(3),
        [0xef, 0xbb, 0xbf, ..] => {
            Err(Error::config(format!("{name} is marked as UTF-8, but `encoding` is {}", encoding.name()))
                .hint("set `encoding: utf-8`"))
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            Err(Error::config(format!("{name} is marked as UTF-16, but `encoding` is {}", encoding.name()))
                .hint("set `encoding: utf-16`"))
        }
        [b'P', b'A', b'R', b'1', 0..=8 | 14..=31, ..] => Err(other("a Parquet file").hint("set `format: parquet`")),
        [b'P', b'K', 3, 4, ..] => Err(other("a zip archive or an Excel workbook")
            .hint("set `format: xlsx` for a workbook; name an archive so that it ends in .zip")),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => {
            Err(other("packed with bzip2").hint("pack it with gzip or zstd, or leave it plain"))
        }
        [0xfd, b'7', b'z', b'X', ..] => {
            Err(other("packed with xz").hint("pack it with gzip or zstd, or leave it plain"))
        }
        _ => Ok(0),
    }
}
