//! Object storage by URL: where raw files are read and where the lake is written.
//!
//! In: `file://`, plain paths, `s3://`, `gs://`, `az://`, `http(s)://`. Out: a store with a path, lists of files by glob, and
//! files read and written. A file is visible only when it is whole: stores write aside and rename, or commit a multipart
//! upload. How a store is reached says [`open`]; its errors name the object ([`named`]); a local disk keeps what was written
//! ([`local`]); parts of tables are held against the digest in their name ([`verified`]).

mod aws_profile;
pub(crate) mod digest;
pub(crate) mod local;
mod named;
mod open;
mod upload;
mod verified;

use std::path::Path as FilePath;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use globset::GlobBuilder;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use url::Url;

pub(crate) use self::named::without_secrets;
pub(crate) use self::open::store_of;
pub(crate) use self::upload::settle;
use crate::error::{Error, Result, at_place};

/// A place in some store: a folder or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    url: Url,
}

impl Location {
    /// A URL as typed, or a path; relative paths start at `base`.
    ///
    /// # Errors
    /// Usage, if it is neither.
    pub fn parse(typed: &str, base: &FilePath) -> Result<Self> {
        if typed.contains("://") {
            let shown = named::without_secrets(typed);
            let url = Url::parse(typed).map_err(|e| {
                Error::usage(format!("{shown:?} is not a URL: {e}"))
                    .hint("write a path, or a URL such as s3://bucket/folder or file:///folder")
            })?;
            if url.query().is_some() {
                return Err(Error::usage(format!("{shown:?} has a query (?…), which is not used"))
                    .hint("give credentials in the environment, not in the URL"));
            }
            if !matches!(
                url.scheme(),
                "file" | "s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss" | "http" | "https"
            ) {
                return Err(Error::usage(format!("{shown:?} has the unknown scheme {}", url.scheme()))
                    .hint("known schemes: file, s3, gs, az, abfs, http, https"));
            }
            return Ok(Location { url });
        }
        let path = absolute(&base.join(typed));
        let url = Url::from_file_path(&path)
            .map_err(|()| Error::usage(format!("{typed:?} is not a path")).hint("write a path or a URL"))?;
        Ok(Location { url })
    }

    /// The place below this one; `relative` has `/` between its parts.
    pub fn join(&self, relative: &str) -> Self {
        let mut url = self.url.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(relative.split('/').filter(|p| !p.is_empty()));
        }
        Location { url }
    }

    /// The URL of the folder, with a slash at its end.
    pub fn folder_url(&self) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().push("");
        }
        url
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The place as people write it: a path for local files, a URL otherwise.
    pub fn shown(&self) -> String {
        match self.url.to_file_path() {
            Ok(path) if self.url.scheme() == "file" => path.display().to_string(),
            _ => named::without_secrets(self.url.as_str()),
        }
    }

    /// Whether this is a web server: files are read there by their names; nothing is listed or written.
    pub fn is_web(&self) -> bool {
        matches!(self.url.scheme(), "http" | "https")
    }

    /// What the disk of a local folder has left, in bytes; `None` for other stores.
    pub fn free_bytes(&self) -> Option<u64> {
        let path = (self.url.scheme() == "file").then(|| self.url.to_file_path().ok())??;
        let disk = rustix::fs::statvfs(&path).ok()?;
        Some(disk.f_bavail * disk.f_frsize)
    }

    /// The store and the path within it.
    ///
    /// # Errors
    /// Environment or configuration, if the store cannot be set up.
    pub fn open(&self) -> Result<(Arc<dyn ObjectStore>, Path)> {
        let path = Path::from_url_path(self.url.path()).map_err(|e| Error::usage(format!("{}: {e}", self.shown())))?;
        Ok((store_of(&self.url)?, path))
    }

    /// The whole file.
    ///
    /// # Errors
    /// Environment, if it cannot be read.
    pub async fn read(&self) -> Result<Vec<u8>> {
        let (store, path) = self.open()?;
        let bytes = store.get(&path).await.map_err(|e| self.failed("read", &e))?.bytes().await;
        Ok(bytes.map_err(|e| self.failed("read", &e))?.to_vec())
    }

    /// The whole file, or `None` where it does not exist.
    ///
    /// # Errors
    /// Environment, if it cannot be read.
    pub async fn read_if_exists(&self) -> Result<Option<Vec<u8>>> {
        let (store, path) = self.open()?;
        match store.get(&path).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(|e| self.failed("read", &e))?.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(self.failed("read", &e)),
        }
    }

    /// Writes the whole file; readers see the old or the new one.
    ///
    /// # Errors
    /// Environment, if it cannot be written.
    pub async fn write(&self, bytes: Vec<u8>) -> Result<()> {
        if self.url.path().ends_with('/') || self.local().is_some_and(|place| place.is_dir()) {
            return Err(Error::usage(format!("{} is a folder", self.shown())).hint("name the file to write"));
        }
        if self.is_web() {
            return Err(Error::usage(format!("{} is on a web server, where nothing is written", self.shown()))
                .hint("name a folder, or object storage such as s3://bucket/folder"));
        }
        let (store, path) = self.open()?;
        upload::put(store, path, bytes, self.url.scheme() != "file").await.map_err(|e| self.failed("write", &e))
    }

    /// Makes the file where there is none, on any store: of two that try one does. `false` where it is there already.
    ///
    /// # Errors
    /// Environment, if it cannot be written.
    pub(crate) async fn create(&self, bytes: Vec<u8>) -> Result<bool> {
        let (store, path) = self.open()?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match store.put_opts(&path, PutPayload::from(bytes), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(e) => Err(self.failed("write", &e)),
        }
    }

    /// Removes the file; one that is not there is no error.
    ///
    /// # Errors
    /// Environment, if it cannot be removed.
    pub async fn remove(&self) -> Result<()> {
        let (store, path) = self.open()?;
        match store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(self.failed("remove", &e)),
        }
    }

    /// Removes everything below this folder.
    ///
    /// # Errors
    /// Environment, if something cannot be removed.
    pub async fn remove_all(&self) -> Result<()> {
        let (store, path) = self.open()?;
        let files = store.list(Some(&path)).map_ok(|file| file.location).boxed();
        let mut removed = store.delete_stream(files);
        while let Some(file) = removed.next().await {
            match file {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(self.failed("remove", &e)),
            }
        }
        if let Some(folder) = self.local() {
            // With what was being written aside, which no list shows.
            let _ = std::fs::remove_dir_all(&folder);
            if let Some(above) = folder.parent() {
                let _ = local::sync_folder(above);
            }
        }
        Ok(())
    }

    /// Removes what writers that were killed left aside below this folder. For whoever alone may write, and
    /// only where nothing of the user's lies.
    ///
    /// # Errors
    /// Environment, if one cannot be removed.
    pub(crate) fn remove_aside(&self) -> Result<()> {
        let Some(folder) = self.local() else { return Ok(()) };
        local::remove_aside(&folder).map_err(|e| {
            Error::environment(format!("cannot remove what a killed run left below {}: {e}", folder.display()))
                .hint("check the folder's permissions")
        })
    }

    /// The path, where this is on a local disk.
    pub(crate) fn local(&self) -> Option<std::path::PathBuf> {
        (self.url.scheme() == "file").then(|| self.url.to_file_path().ok())?
    }

    /// Whether any file lies below this folder.
    ///
    /// # Errors
    /// Environment, if the store cannot be listed.
    pub(crate) async fn has_files(&self) -> Result<bool> {
        let (store, path) = self.open()?;
        let first = store.list(Some(&path)).next().await.transpose().map_err(|e| self.not_listed(&e))?;
        Ok(first.is_some())
    }

    /// The files below this folder that the glob matches, in order of their path, each with its path below the folder.
    ///
    /// # Errors
    /// Configuration for a bad glob, environment if the store cannot be listed.
    pub async fn glob(&self, pattern: &str) -> Result<Vec<(String, ObjectMeta)>> {
        if let Some(found) = self.named_whole(pattern).await? {
            return Ok(vec![(pattern.to_string(), found)]);
        }
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|e| {
                Error::config(format!("{pattern:?} is not a glob: {}", e.kind()))
                    .hint("use *, ? and [ab]; ** for any folder")
            })?
            .compile_matcher();
        let fixed: Vec<&str> = pattern.split('/').take_while(|part| !part.contains(WILD)).collect();
        if fixed.len() == pattern.split('/').count() {
            return Ok(Vec::new());
        }
        // List only below the folders that have no wildcard.
        let (store, root) = self.open()?;
        let prefix = below(&root, &fixed.join("/"))?;
        if self.is_web() {
            return Err(Error::config(format!(
                "{} is on a web server, which lists no files",
                self.join(pattern).shown()
            ))
            .hint("name each file whole, without wildcards, or copy the files to object storage"));
        }
        let listed: Vec<ObjectMeta> = store.list(Some(&prefix)).try_collect().await.map_err(|e| self.not_listed(&e))?;
        let mut found: Vec<(String, ObjectMeta)> = listed
            .into_iter()
            .filter_map(|meta| {
                let below = meta.location.as_ref().strip_prefix(root.as_ref())?.trim_start_matches('/').to_string();
                glob.is_match(&below).then_some((below, meta))
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    /// The file of this very name below the folder, whatever characters it has; `None` where there is none, or where the name is a
    /// pattern of `*` or `?` anyway.
    async fn named_whole(&self, name: &str) -> Result<Option<ObjectMeta>> {
        if name.contains(['*', '?']) {
            return Ok(None);
        }
        let (store, root) = self.open()?;
        match store.head(&below(&root, name)?).await {
            Ok(meta) => Ok(Some(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(self.join(name).failed("read", &e)),
        }
    }

    fn not_listed(&self, error: &object_store::Error) -> Error {
        if !matches!(error, object_store::Error::InvalidPath { .. }) {
            return self.failed("list", error);
        }
        // The name itself is shown as the system escapes it.
        let name = self.local().and_then(|folder| local::not_text(&folder)).unwrap_or_default();
        Error::config(format!("{} has a file whose name is not UTF-8: {name}", self.shown()))
            .hint("rename it, for example with `convmv -f cp932 -t utf8`, or move it away")
    }

    fn failed(&self, doing: &str, error: &object_store::Error) -> Error {
        at_place(error, doing, &self.shown())
    }
}

/// The path of a name below another: as it stands, where `Path::join` would write `%E9%A1%A7` for 顧.
fn below(root: &Path, name: &str) -> Result<Path> {
    let whole = [root.as_ref(), name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    Path::parse(&whole).map_err(|e| {
        Error::config(format!("{name:?} is no name of a file: {e}")).hint("write it without empty parts, . and ..")
    })
}

/// What makes a part of a path a pattern.
const WILD: [char; 5] = ['*', '?', '[', '{', '\\'];

/// The path made absolute, `.` and `..` taken out without following links.
fn absolute(path: &FilePath) -> std::path::PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut clean = std::path::PathBuf::new();
    for part in whole.components() {
        match part {
            std::path::Component::ParentDir => {
                clean.pop();
            }
            std::path::Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_joined_and_shown_as_typed() {
        let base = FilePath::new("/data/pipelines/retail");
        let check = |typed: &str, shown: &str| {
            assert_eq!(Location::parse(typed, base).map(|l| l.shown()).unwrap_or_else(|e| e.to_string()), shown);
        };
        check("../../sample_data", "/data/sample_data");
        check("/lake", "/lake");
        check("s3://bucket/a/b", "s3://bucket/a/b");
        check("顧客", "/data/pipelines/retail/顧客");
        let joined = Location::parse("/lake/", base).map(|l| l.join("tables/run").shown());
        assert_eq!(joined.unwrap_or_default(), "/lake/tables/run");
    }

    #[test]
    fn passwords_are_not_shown() {
        let base = FilePath::new("/");
        let shown = Location::parse("https://me:hush@host/a.csv", base).map(|l| l.shown());
        assert_eq!(shown.unwrap_or_default(), "https://host/a.csv");
        let refused = Location::parse("https://host/a.csv?X-Amz-Signature=hush", base);
        assert!(refused.is_err_and(|e| !e.to_string().contains("hush")));
        // In the URL of an Azure container, what comes before @ is no secret.
        let shown = Location::parse("abfss://box@account.dfs.core.windows.net/a", base).map(|l| l.shown());
        assert_eq!(shown.unwrap_or_default(), "abfss://box@account.dfs.core.windows.net/a");
    }
}
