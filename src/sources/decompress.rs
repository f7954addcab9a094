//! An object as plain bytes.
//!
//! In: a file of a store. Out: its bytes, unpacked. The first bytes say how it is packed, because names lie; gzip may have
//! several members and zstd several frames. What goes wrong below is told in terms of the file.

use std::io;
use std::sync::Arc;

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::{GetOptions, GetResultPayload, ObjectStore};
use tokio::io::AsyncRead;
use tokio_util::bytes::{Bytes, BytesMut};
use tokio_util::io::StreamReader;

use super::reader::SourceFile;
use crate::error::{self, Error, Result};

/// How much of a local file is read at a time.
const LOCAL_CHUNK: usize = 256 * 1024;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            // A skippable frame, which parallel packers write first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            _ => Compression::None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Compression::None => "plain",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
    }
}

/// The unpacked bytes of a file.
pub(super) struct Input {
    pub(super) reader: Box<dyn AsyncRead + Send + Unpin>,
    compression: Compression,
    name: String,
}

impl Input {
    pub(super) async fn open(file: &SourceFile) -> Result<Input> {
        let mut chunks = fetch(file).await?;
        let mut head = BytesMut::new();
        while head.len() < 4 {
            match chunks.try_next().await.map_err(|error| from_chunk(error, &file.name))? {
                Some(chunk) => head.extend_from_slice(&chunk),
                None => break,
            }
        }
        let compression = Compression::of(&head);
        let bytes = StreamReader::new(futures::stream::iter([Ok(head.freeze())]).chain(chunks));
        let reader: Box<dyn AsyncRead + Send + Unpin> = match compression {
            Compression::None => Box::new(bytes),
            Compression::Gzip => {
                let mut decoder = GzipDecoder::new(bytes);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
            Compression::Zstd => {
                let mut decoder = ZstdDecoder::new(bytes);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
        };
        Ok(Input { reader, compression, name: file.name.clone() })
    }

    /// Bytes that are here already.
    pub(super) fn of(name: &str, bytes: Vec<u8>) -> Input {
        let reader = Box::new(io::Cursor::new(bytes));
        Input { reader, compression: Compression::None, name: name.to_string() }
    }

    /// What the user is told when reading fails after `lines` whole lines.
    pub(super) fn explain(&self, error: io::Error, lines: u64) -> Error {
        let packed = self.compression.name();
        let name = &self.name;
        match (error.kind(), self.compression) {
            (io::ErrorKind::Other, _) if error.get_ref().is_some_and(|inner| inner.is::<Error>()) => {
                from_chunk(error, name)
            }
            (_, Compression::None) => from_chunk(error, name),
            (io::ErrorKind::UnexpectedEof, _) => {
                Error::data(format!("{name} is cut off: its {packed} data stop in the middle, after line {lines}"))
                    .hint("the transfer broke off or is still going on; send the whole file again")
            }
            _ => Error::data(format!("{name} is damaged: its {packed} data cannot be unpacked after line {lines}"))
                .hint("send the file again, in binary mode"),
        }
    }
}

/// An error of the bytes below: our own, wrapped on its way through the reader.
fn from_chunk(error: io::Error, name: &str) -> Error {
    match error.downcast::<Error>() {
        Ok(own) => own,
        Err(other) => Error::environment(format!("{name} cannot be read: {}", error::from_io(&other).message()))
            .hint("check the storage; then run again: finished stages are kept"),
    }
}

/// The options of every request for a file: where the store knows which version was listed, no other one is read. A weak
/// tag cannot be asked for.
pub(super) fn same_version(file: &SourceFile) -> GetOptions {
    let if_match = file.meta.e_tag.clone().filter(|tag| !tag.starts_with("W/"));
    GetOptions { if_match, ..GetOptions::default() }
}

/// A store's error, where it names the file as the user knows it.
pub(super) fn from_store(error: object_store::Error, name: &str) -> Error {
    match error {
        object_store::Error::Precondition { .. } => Error::environment(format!("{name} changed while it was read"))
            .hint("run again when the delivery is complete"),
        object_store::Error::NotFound { .. } => Error::environment(format!("{name} does not exist any more"))
            .hint("let no other process remove files while nayose reads them; then run again"),
        other => error::from_store(&other),
    }
}

async fn fetch(file: &SourceFile) -> Result<BoxStream<'static, io::Result<Bytes>>> {
    let name = file.name.clone();
    let count = Arc::clone(&file.count);
    let found =
        file.store.get_opts(&file.meta.location, same_version(file)).await.map_err(|error| from_store(error, &name))?;
    let chunks = match found.payload {
        GetResultPayload::File(local, _) => read_local(local),
        GetResultPayload::Stream(chunks) => {
            chunks.map_err(move |error| io::Error::other(from_store(error, &name))).boxed()
        }
    };
    Ok(chunks.inspect_ok(move |chunk| count.add_bytes(chunk.len() as u64)).boxed())
}

/// A local file in larger chunks than the store would give, read beside the runtime.
fn read_local(file: std::fs::File) -> BoxStream<'static, io::Result<Bytes>> {
    futures::stream::try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = Vec::with_capacity(LOCAL_CHUNK);
            io::Read::read_to_end(&mut io::Read::take(&mut file, LOCAL_CHUNK as u64), &mut chunk)?;
            Ok::<_, io::Error>((Bytes::from(chunk), file))
        });
        let (chunk, file) = read.await.map_err(io::Error::other)??;
        Ok((!chunk.is_empty()).then_some((chunk, file)))
    })
    .boxed()
}
