//! A store that believes no part of a table before it was held against the digest in its name.
//!
//! In: any store. Out: the same; but a file whose name carries a digest ([`super::digest`]) is verified on the way, once per block and
//! process: whole if it is small or has no list of its blocks, else the blocks that are asked for. What does not verify, or is not
//! there, is an error of the data that names the file. Every reader of the lake comes through here: stages, `sql`, executors.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error as StoreError, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};
use tokio_util::bytes::Bytes;

use super::digest::{self, BLOCK, Blocks};
use crate::error::{Error, VERIFY};

/// Of a local disk one more read costs little: a call, some microseconds. What lies between is copied to memory that the system has to clear,
/// and 16 KiB of that cost about as much.
const LOCAL_GAP: u64 = 16 << 10;

/// What this process knows of a part. A name means one content for ever, so that it is asked for once.
struct Known {
    meta: ObjectMeta,
    /// None where the file is verified as a whole.
    blocks: Option<Blocks>,
    /// Which blocks were verified, by number.
    seen: Mutex<Vec<bool>>,
}

/// Parts by root of the store and path.
type Parts = HashMap<(String, Path), Arc<Known>>;

/// The parts that this process knows.
static KNOWN: LazyLock<Mutex<Parts>> = LazyLock::new(Default::default);

/// A store with the URL of its root.
pub(super) struct Verified {
    inner: Arc<dyn ObjectStore>,
    root: String,
}

impl Verified {
    pub(super) fn new(inner: Arc<dyn ObjectStore>, root: String) -> Self {
        Verified { inner, root }
    }

    fn shown(&self, path: &Path) -> String {
        if self.is_local() { format!("/{path}") } else { format!("{}/{path}", self.root) }
    }

    fn is_local(&self) -> bool {
        self.root.starts_with("file:")
    }

    /// Bytes between two ranges up to which they are read in one go, with what lies between: of a store far away a second question
    /// costs more than a megabyte.
    fn gap(&self) -> u64 {
        if self.is_local() { LOCAL_GAP } else { object_store::OBJECT_STORE_COALESCE_DEFAULT }
    }

    /// The part, asked for once.
    async fn known(&self, path: &Path, digest: &str) -> Result<Arc<Known>> {
        let key = (self.root.clone(), path.clone());
        let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&key) {
            return Ok(found.clone());
        }
        let meta = self.inner.head(path).await.map_err(|e| self.gone(path, e))?;
        // The engine passes over empty files.
        if meta.size == 0 {
            return Err(self.damaged(path, "it is empty"));
        }
        let mut blocks = None;
        if meta.size > BLOCK {
            let list = digest::tree_name(path.as_ref());
            // A list that is not there or not this file's: the file is verified as a whole.
            if let Ok(list) = self.inner.get(&Path::parse(&list)?).await
                && let Ok(list) = list.bytes().await
            {
                blocks = Blocks::read(&list, meta.size, digest);
            }
        }
        let seen = Mutex::new(vec![false; meta.size.div_ceil(BLOCK) as usize]);
        let found = Arc::new(Known { meta, blocks, seen });
        known().insert(key, found.clone());
        Ok(found)
    }

    /// These bytes of a part.
    async fn bytes(&self, path: &Path, digest: &str, known: &Known, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let size = known.meta.size;
        let (first, last) = (range.start / BLOCK, range.end.div_ceil(BLOCK));
        let is_seen = {
            let seen = known.seen.lock().unwrap_or_else(PoisonError::into_inner);
            (first..last).all(|block| seen.get(block as usize) == Some(&true))
        };
        if is_seen {
            return self.read(path, range).await;
        }
        let read = match known.blocks {
            Some(_) => first * BLOCK..(last * BLOCK).min(size),
            None => 0..size,
        };
        let content = self.read(path, read.clone()).await?;
        if content.len() as u64 != read.end - read.start {
            return Err(self.damaged(path, &format!("it has {} bytes where {} were wanted", content.len(), read.end)));
        }
        match &known.blocks {
            Some(blocks) => {
                let mut numbered = (first..last).zip(content.chunks(BLOCK as usize));
                if let Some((number, _)) = numbered.find(|(number, block)| !blocks.holds(*number, block)) {
                    let place = number * BLOCK;
                    return Err(self.damaged(
                        path,
                        &format!("the {BLOCK} bytes from {place} on are not those that its name stands for"),
                    ));
                }
            }
            None => {
                let (found, _) = digest::of_content(&content);
                if found != digest {
                    return Err(self.damaged(path, &format!("its digest is {found}, its name says {digest}")));
                }
            }
        }
        let mut seen = known.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for block in read.start / BLOCK..read.end.div_ceil(BLOCK) {
            seen[block as usize] = true;
        }
        Ok(content.slice((range.start - read.start) as usize..(range.end - read.start) as usize))
    }

    async fn read(&self, path: &Path, range: Range<u64>) -> Result<Bytes> {
        // Of a local disk this opens the file once; a get would ask for its size again.
        let read = self.inner.get_ranges(path, std::slice::from_ref(&range)).await;
        read.map(|mut found| found.pop().unwrap_or_default()).map_err(|e| self.gone(path, e))
    }

    fn damaged(&self, path: &Path, how: &str) -> StoreError {
        data(format!("{} is damaged: {how}", self.shown(path)), path)
    }

    /// A part that is not there is as good as damaged: somebody named it.
    fn gone(&self, path: &Path, error: StoreError) -> StoreError {
        match error {
            StoreError::NotFound { .. } => data(format!("{} is gone", self.shown(path)), path),
            other => other,
        }
    }
}

/// The error of a part that cannot be believed, with what makes it again.
fn data(sentence: String, path: &Path) -> StoreError {
    let words: Vec<&str> = path.as_ref().split('/').collect();
    let stage = words
        .iter()
        .rev()
        .take(5)
        .position(|word| *word == "work")
        .and_then(|above| (above >= 3).then(|| words[words.len() + 1 - above]));
    let remedy = match stage {
        Some(stage) => format!("nothing was built on it; make it again with `nayose run PIPELINE --from {stage}`"),
        None => VERIFY.to_string(),
    };
    StoreError::Generic { store: "lake", source: Box::new(Error::data(sentence).hint(remedy)) }
}

fn part_of(path: &Path) -> Option<String> {
    digest::of_part(path.filename()?).map(str::to_string)
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Verified {
    /// What is written now may take the place of what did not verify.
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if part_of(path).is_some() {
            KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remove(&(self.root.clone(), path.clone()));
        }
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        if part_of(path).is_some() {
            KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remove(&(self.root.clone(), path.clone()));
        }
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let Some(digest) = part_of(path) else { return self.inner.get_opts(path, options).await };
        let known = self.known(path, &digest).await?;
        let size = known.meta.size;
        let range = match &options.range {
            None => 0..size,
            Some(GetRange::Bounded(range)) => range.start..range.end.min(size),
            Some(GetRange::Offset(start)) => *start..size,
            Some(GetRange::Suffix(bytes)) => size.saturating_sub(*bytes)..size,
        };
        if range.start > range.end {
            return Err(self.damaged(path, "it ends before what is wanted of it"));
        }
        let bytes = if options.head { Bytes::new() } else { self.bytes(path, &digest, &known, range.clone()).await? };
        let payload = GetResultPayload::Stream(futures::stream::once(async { Ok(bytes) }).boxed());
        Ok(GetResult { payload, meta: known.meta.clone(), range, attributes: Attributes::new() })
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let Some(digest) = part_of(path) else { return self.inner.get_ranges(path, ranges).await };
        let known = self.known(path, &digest).await?;
        object_store::coalesce_ranges(ranges, |range| self.bytes(path, &digest, &known, range), self.gap()).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
