//! Spill files: what does not fit into memory while a plan runs.
//!
//! In: a folder, a ceiling of bytes. Out: files that nobody else can open: made for their owner alone and without a name, so that
//! the system frees them whatever ends the process. With a key, which only this process has and never writes, they are
//! encrypted too (ChaCha20, RFC 8439, a nonce a file): for disks that others may read.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SpillFile, SpillWriter, TempFileFactory};
use futures::Stream;
use tokio_util::bytes::Bytes;

use crate::error::{Error, spill_over};

/// Bytes that are read at a time.
const READ: usize = 128 << 10;

/// Makes the spill files of a session.
pub(crate) struct Spill {
    folder: PathBuf,
    used: Arc<Used>,
    key: Option<[u8; 32]>,
    files: AtomicU64,
}

/// Bytes of all spill files that are open, and how many there may be.
struct Used {
    bytes: AtomicU64,
    limit: u64,
}

impl Spill {
    /// Files below `folder`, the system's temporary folder where none is given, of at most `limit` bytes together.
    ///
    /// # Errors
    /// Environment, if the folder cannot be made or the system has no random numbers for a key.
    pub(crate) fn new(folder: Option<PathBuf>, limit: u64, encrypted: bool) -> crate::error::Result<Self> {
        let folder = folder.unwrap_or_else(std::env::temp_dir);
        std::fs::create_dir_all(&folder).map_err(|e| {
            Error::environment(format!("cannot make the folder for spill files {}: {e}", folder.display()))
                .hint("name another one with --spill")
        })?;
        let mut key = None;
        if encrypted {
            let mut random = [0; 32];
            getrandom::getrandom(&mut random)
                .map_err(|e| Error::environment(format!("the system has no random numbers for a key: {e}")))?;
            key = Some(random);
        }
        Ok(Spill { folder, used: Arc::new(Used { bytes: AtomicU64::new(0), limit }), key, files: AtomicU64::new(0) })
    }
}

impl TempFileFactory for Spill {
    fn create_temp_file(&self, _: &str) -> Result<Arc<dyn SpillFile>> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        // Made for its owner alone, without a name.
        let file = tempfile::tempfile_in(&self.folder).map_err(|e| {
            let folder = self.folder.display();
            DataFusionError::from(
                Error::environment(format!("cannot write a spill file below {folder}: {e}"))
                    .hint("name a folder that may be written with --spill, or give more --memory"),
            )
        })?;
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&number.to_le_bytes());
        let cipher = self.key.map(|key| (key, nonce));
        let open = Open { file, cipher, size: AtomicU64::new(0), used: self.used.clone() };
        Ok(Arc::new(Unlinked(Arc::new(open))))
    }
}

/// An open file; its bytes count until it is closed.
struct Open {
    file: File,
    /// Key and nonce.
    cipher: Option<([u8; 32], [u8; 12])>,
    size: AtomicU64,
    used: Arc<Used>,
}

impl Open {
    /// Encrypts or decrypts bytes that lie at a place.
    fn crypt(&self, place: u64, bytes: &mut [u8]) -> io::Result<()> {
        let Some((key, nonce)) = self.cipher else { return Ok(()) };
        let mut cipher = ChaCha20::new(&key.into(), &nonce.into());
        // The key stream of one file ends after 256 GiB.
        cipher.try_seek(place).map_err(|e| io::Error::other(e.to_string()))?;
        cipher.try_apply_keystream(bytes).map_err(|e| io::Error::other(e.to_string()))
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let more = bytes.len() as u64;
        if self.used.bytes.fetch_add(more, Ordering::Relaxed) + more > self.used.limit {
            self.used.bytes.fetch_sub(more, Ordering::Relaxed);
            return Err(io::Error::other(spill_over()));
        }
        let place = self.size.fetch_add(more, Ordering::Relaxed);
        if self.cipher.is_none() {
            return self.file.write_all_at(bytes, place);
        }
        let mut own = bytes.to_vec();
        self.crypt(place, &mut own)?;
        self.file.write_all_at(&own, place)
    }

    fn read(&self, place: u64) -> io::Result<Vec<u8>> {
        let left = self.size.load(Ordering::Relaxed).saturating_sub(place);
        let mut bytes = vec![0; READ.min(left as usize)];
        self.file.read_exact_at(&mut bytes, place)?;
        self.crypt(place, &mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.used.bytes.fetch_sub(self.size.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// A spill file.
struct Unlinked(Arc<Open>);

impl SpillFile for Unlinked {
    fn size(&self) -> Option<u64> {
        Some(self.0.size.load(Ordering::Relaxed))
    }

    fn read_stream(&self) -> Result<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>> {
        let chunks = futures::stream::try_unfold((self.0.clone(), 0), |(open, place)| async move {
            let read = tokio::task::spawn_blocking(move || open.read(place).map(|bytes| (bytes, open))).await;
            let (bytes, open) = read.map_err(|e| DataFusionError::External(Box::new(e)))??;
            let next = place + bytes.len() as u64;
            Ok((!bytes.is_empty()).then(|| (Bytes::from(bytes), (open, next))))
        });
        Ok(Box::pin(chunks))
    }

    fn open_writer(&self) -> Result<Box<dyn SpillWriter>> {
        Ok(Box::new(Writer(self.0.clone())))
    }
}

/// Appends to a spill file.
struct Writer(Arc<Open>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpillWriter for Writer {
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    async fn written(spill: &Spill, content: &[u8]) -> (Arc<dyn SpillFile>, Vec<u8>) {
        let file = spill.create_temp_file("a test").expect("a file");
        let mut writer = file.open_writer().expect("a writer");
        content.chunks(70_001).for_each(|chunk| writer.write_all(chunk).expect("written"));
        let chunks: Vec<Bytes> = file.read_stream().expect("a stream").try_collect().await.expect("read");
        (file, chunks.concat())
    }

    #[tokio::test]
    async fn what_was_spilled_is_read_and_has_no_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let content: Vec<u8> = (0..500_000u32).map(|i| (i % 251) as u8).collect();
        for encrypted in [false, true] {
            let spill = Spill::new(Some(folder.path().into()), 1 << 20, encrypted).expect("a factory");
            let (file, read) = written(&spill, &content).await;
            assert!(read == content && file.size() == Some(500_000));
            assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
            drop(file);
            assert_eq!(spill.used.bytes.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn with_a_key_the_disk_has_other_bytes() {
        let spill = Spill::new(None, 1 << 20, true).expect("a factory");
        let raw = |open: &Open| {
            let mut bytes = vec![0; 10_000];
            open.file.read_exact_at(&mut bytes, 0).expect("read");
            bytes
        };
        let make = |number: u64| {
            let cipher = spill.key.map(|key| (key, [number as u8; 12]));
            let (file, used) = (tempfile::tempfile().expect("a file"), spill.used.clone());
            let open = Open { file, cipher, size: AtomicU64::new(0), used };
            open.append(&[7; 10_000]).expect("written");
            open
        };
        let (one, other) = (make(1), make(2));
        assert!(raw(&one) != vec![7; 10_000] && raw(&one) != raw(&other));
        assert_eq!(one.read(0).expect("read"), vec![7; 10_000]);
    }

    #[tokio::test]
    async fn the_ceiling_holds_and_says_so() {
        let spill = Spill::new(None, 1000, false).expect("a factory");
        let file = spill.create_temp_file("a test").expect("a file");
        let mut writer = file.open_writer().expect("a writer");
        writer.write_all(&[0; 900]).expect("room");
        let error = writer.write_all(&[0; 200]).expect_err("no room");
        let told = crate::error::storage_cause(&error).expect("our own error");
        assert!(told.message().contains("--spill-limit"), "{told}");
    }
}
