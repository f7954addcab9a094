//! Files on a local disk that are there after a power failure, and that nobody but their owner's group may read.
//!
//! In: whole files. Out: the same below their names, once their content and their folder's entry are on the disk. A file is written
//! aside (`name#1`, as `object_store` does, whose lists leave such names out), synced, renamed, and its folder synced. So a
//! commit that names a file comes after the file, whatever the machine does in between.
//!
//! What is there already is respected: a link is followed, a device or pipe is written through, and the mode of a file stays.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tokio_util::bytes::Bytes;

use crate::error::Error;

/// The mode of new files and folders: their owner writes, the owner's group reads, others see nothing, as files hold people.
const MODE: (u32, u32) = (0o640, 0o750);

/// The environment variable that says another mode for new files, in octal.
const MODE_VARIABLE: &str = "NAYOSE_FILE_MODE";

/// The mode of new files and that of new folders, which may be entered by whoever may read.
fn modes() -> (u32, u32) {
    told_mode().ok().flatten().map_or(MODE, |file| (file, 0o700 | file | ((file & 0o444) >> 2)))
}

/// The mode of new files that the environment says, where it says one.
fn told_mode() -> crate::error::Result<Option<u32>> {
    let Some(typed) = std::env::var_os(MODE_VARIABLE) else { return Ok(None) };
    let mode = typed.to_str().and_then(|typed| u32::from_str_radix(typed, 8).ok());
    match mode.filter(|mode| mode & !0o666 == 0 && mode & 0o600 == 0o600) {
        Some(mode) => Ok(Some(mode)),
        None => Err(Error::config(format!("{MODE_VARIABLE} is {typed:?}")).hint(
            "set it to a mode of files in octal that its owner can read and write, such as 0600 or 0640, or not at all",
        )),
    }
}

/// A file system whose writes last.
#[derive(Debug)]
pub(super) struct Local {
    inner: LocalFileSystem,
}

impl Local {
    /// # Errors
    /// Configuration, where the environment says a mode of files that is none.
    pub(super) fn new() -> crate::error::Result<Self> {
        told_mode()?;
        Ok(Local { inner: LocalFileSystem::new() })
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Local {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if matches!(options.mode, PutMode::Update(_)) || !options.attributes.is_empty() {
            // It says that it cannot.
            return self.inner.put_opts(path, payload, options).await;
        }
        let place = self.inner.path_to_filesystem(path)?;
        let chunks: Vec<Bytes> = payload.into_iter().collect();
        let written = tokio::task::spawn_blocking(move || match options.mode {
            PutMode::Create => create(&place, &chunks),
            _ => replace(&place, &chunks),
        });
        written.await?.map_err(|e| failed(path, e))?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let place = self.inner.path_to_filesystem(path)?;
        place.parent().map_or(Ok(()), folders).map_err(|e| failed(path, e))?;
        let inner = self.inner.put_multipart_opts(path, options).await?;
        Ok(Box::new(Upload { inner, path: path.clone(), place }))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    async fn get_ranges(&self, path: &Path, ranges: &[std::ops::Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(path, ranges).await
    }

    /// Removed is removed: the folders are synced behind the last file.
    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.inner.clone();
        let removed = self.inner.delete_stream(paths);
        futures::stream::unfold((removed, None::<PathBuf>), move |(mut removed, mut last)| {
            let store = store.clone();
            async move {
                let next = removed.next().await;
                let folder = next
                    .as_ref()
                    .and_then(|file| file.as_ref().ok())
                    .and_then(|file| Some(store.path_to_filesystem(file).ok()?.parent()?.to_path_buf()));
                if last.is_some() && last != folder {
                    // A folder that went away with its files has nothing to sync.
                    let _ = last.take().map(|folder| sync_folder(&folder));
                }
                Some((next?, (removed, folder)))
            }
        })
        .boxed()
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

/// A file that comes in parts.
#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    path: Path,
    place: PathBuf,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let done = self.inner.complete().await?;
        let sync = || -> io::Result<()> {
            let file = File::open(&self.place)?;
            file.set_permissions(fs::Permissions::from_mode(modes().0))?;
            file.sync_all()?;
            sync_parent(&self.place)
        };
        sync().map_err(|e| failed(&self.path, e))?;
        Ok(done)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

/// Writes a whole file; readers see the old or the new one.
///
/// # Errors
/// As the file system says.
pub(crate) fn replace(place: &FilePath, chunks: &[Bytes]) -> io::Result<()> {
    // Only what is there as a link has to be followed to where it leads.
    let target = match fs::symlink_metadata(place) {
        Ok(found) if found.is_symlink() => followed(place)?,
        _ => place.to_path_buf(),
    };
    let mode = match fs::metadata(&target) {
        Ok(found) if found.is_file() => Some(found.permissions().mode() & 0o777),
        Ok(found) if found.is_dir() => return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder")),
        Ok(_) => {
            let mut through = OpenOptions::new().write(true).open(&target)?;
            return chunks.iter().try_for_each(|chunk| through.write_all(chunk));
        }
        Err(_) => None,
    };
    let aside = aside(&target, chunks, mode)?;
    fs::rename(&aside, &target).inspect_err(|_| forget(&aside))?;
    sync_parent(&target)
}

/// Writes a whole file where there is none.
fn create(place: &FilePath, chunks: &[Bytes]) -> io::Result<()> {
    let aside = aside(place, chunks, None)?;
    let linked = fs::hard_link(&aside, place);
    forget(&aside);
    linked?;
    sync_parent(place)
}

/// Where a link leads, also where nothing is there yet.
fn followed(link: &FilePath) -> io::Result<PathBuf> {
    fs::canonicalize(link).or_else(|e| match e.kind() {
        ErrorKind::NotFound => {
            let to = fs::read_link(link)?;
            Ok(link.parent().map_or(to.clone(), |folder| folder.join(&to)))
        }
        _ => Err(e),
    })
}

/// The content in a file of its own beside the place, synced.
fn aside(place: &FilePath, chunks: &[Bytes], mode: Option<u32>) -> io::Result<PathBuf> {
    let (mut file, path) = open_aside(place, mode.unwrap_or(modes().0))?;
    let mut write = || -> io::Result<()> {
        chunks.iter().try_for_each(|chunk| file.write_all(chunk))?;
        if let Some(mode) = mode {
            // The mask of the process does not narrow what is there.
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        file.sync_all()
    };
    write().inspect_err(|_| forget(&path))?;
    Ok(path)
}

fn open_aside(place: &FilePath, mode: u32) -> io::Result<(File, PathBuf)> {
    let (mut number, mut made) = (1, false);
    loop {
        let mut path = place.as_os_str().to_owned();
        path.push(format!("#{number}"));
        let path = PathBuf::from(path);
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => number += 1,
            // The folder may be there by now: another writer made it in between.
            Err(e) if e.kind() == ErrorKind::NotFound && !made => {
                path.parent().map_or(Ok(()), folders)?;
                made = true;
            }
            Err(e) => return Err(e),
        }
    }
}

/// Makes a folder and those above it; each is synced into the one above.
///
/// # Errors
/// As the file system says.
pub(crate) fn folders(folder: &FilePath) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    folder.parent().map_or(Ok(()), folders)?;
    match DirBuilder::new().mode(modes().1).create(folder) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
        _ => sync_parent(folder),
    }
}

/// What is written aside is of no use once its writer failed.
fn forget(aside: &FilePath) {
    let _ = fs::remove_file(aside);
}

fn sync_parent(place: &FilePath) -> io::Result<()> {
    place.parent().map_or(Ok(()), sync_folder)
}

/// Syncs the entries of a folder.
///
/// # Errors
/// As the file system says.
pub(super) fn sync_folder(folder: &FilePath) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { FilePath::new(".") } else { folder };
    match File::open(folder)?.sync_all() {
        // Some file systems know no sync of a folder.
        Err(e) if e.kind() == ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// Removes the files below a folder that were being written aside.
pub(super) fn remove_aside(folder: &FilePath) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut removed = false;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_aside(&entry.path())?;
        } else if is_aside(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
            removed = true;
        }
    }
    if removed { sync_folder(folder) } else { Ok(()) }
}

/// The first path below a folder that is no text, as the system escapes it.
pub(super) fn not_text(folder: &FilePath) -> Option<String> {
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.to_str().is_none() {
            return Some(format!("{:?}", entry.file_name()));
        }
        if path.is_dir()
            && let Some(found) = not_text(&path)
        {
            return Some(found);
        }
    }
    None
}

/// Writes a text to a file of the user's, or through what is there.
///
/// # Errors
/// Environment, naming the file.
pub(crate) fn put(file: &FilePath, text: String) -> crate::error::Result<()> {
    replace(file, &[Bytes::from(text)])
        .map_err(|e| Error::environment(format!("cannot write {}: {e}", file.display())).hint("check the path"))
}

/// Whether a name is that of a file being written aside.
fn is_aside(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn failed(path: &Path, error: io::Error) -> StoreError {
    let (path, kind) = (path.to_string(), error.kind());
    match kind {
        ErrorKind::AlreadyExists => StoreError::AlreadyExists { path, source: Box::new(error) },
        ErrorKind::PermissionDenied => StoreError::PermissionDenied { path, source: Box::new(error) },
        _ => {
            let own = Error::environment(format!("cannot write /{path}: {error}"))
                .hint("check free space, permissions and the path; then try again; a run keeps its finished stages");
            StoreError::Generic { store: "local disk", source: Box::new(own) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Vec<Bytes> {
        vec![Bytes::copy_from_slice(text.as_bytes())]
    }

    fn mode(place: &FilePath) -> u32 {
        fs::metadata(place).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn new_files_are_not_for_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a/b.txt");
        replace(&file, &content("one")).expect("written");
        assert_eq!((mode(&file) & 0o027, mode(&folder.path().join("a")) & 0o027), (0, 0o000));
    }

    #[test]
    fn the_mode_of_a_file_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.txt");
        fs::write(&file, "one").expect("written");
        for kept in [0o600, 0o644] {
            fs::set_permissions(&file, fs::Permissions::from_mode(kept)).expect("a mode");
            replace(&file, &content("two")).expect("written");
            assert_eq!((mode(&file), fs::read_to_string(&file).expect("text").as_str()), (kept, "two"));
        }
    }

    #[test]
    fn a_link_is_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("a.txt"), folder.path().join("link"));
        std::os::unix::fs::symlink("a.txt", &link).expect("a link");
        for text in ["one", "two"] {
            replace(&link, &content(text)).expect("written");
            assert_eq!(fs::read_to_string(&file).expect("text"), text);
            assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        }
    }

    #[test]
    fn a_device_is_written_through() {
        replace(FilePath::new("/dev/null"), &content("nothing")).expect("written");
        assert!(!fs::metadata("/dev/null").expect("there").is_file());
    }

    #[test]
    fn of_two_that_create_a_file_one_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("lock");
        create(&file, &content("one")).expect("created");
        assert_eq!(create(&file, &content("two")).map_err(|e| e.kind()), Err(ErrorKind::AlreadyExists));
        assert_eq!(fs::read_to_string(&file).expect("text"), "one");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn writers_at_once_share_a_folder_that_none_of_them_found() {
        let folder = tempfile::tempdir().expect("a folder");
        for round in 0..200 {
            let place = folder.path().join(format!("{round}/log"));
            let begin = std::sync::Barrier::new(8);
            std::thread::scope(|scope| {
                for writer in 0..8 {
                    let (place, begin) = (&place, &begin);
                    scope.spawn(move || {
                        begin.wait();
                        replace(&place.join(writer.to_string()), &content("one")).expect("written");
                    });
                }
            });
            assert_eq!(fs::read_dir(&place).expect("a folder").count(), 8);
        }
    }

    #[test]
    fn names_of_what_is_being_written() {
        assert!(is_aside("part.parquet#1") && is_aside("a#b#12"));
        assert!(!is_aside("a#") && !is_aside("a#b") && !is_aside("1"));
    }
}
