//! Object storage by URL: where raw files are read and where the lake is written.
//!
//! In: `file://`, plain paths, `s3://`, `gs://`, `az://`, `http(s)://`. Out: a store with a path, lists of files by glob, and
//! small files read and written. Credentials come from the environment variables of each ecosystem, as `object_store`
//! reads them. A file is visible only when it is whole: stores write aside and rename, or commit a multipart upload.

use std::collections::HashMap;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, OnceLock};

use futures::TryStreamExt;
use globset::GlobBuilder;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use url::Url;

use crate::error::{Error, Result, from_store};

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
            let url = Url::parse(typed).map_err(|e| {
                Error::usage(format!("{typed:?} is not a URL: {e}"))
                    .hint("write a path, or a URL such as s3://bucket/folder or file:///folder")
            })?;
            if !matches!(
                url.scheme(),
                "file" | "s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss" | "http" | "https"
            ) {
                return Err(Error::usage(format!("{typed:?} has the unknown scheme {}", url.scheme()))
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
            _ => self.url.to_string(),
        }
    }

    /// The store and the path within it.
    ///
    /// # Errors
    /// Environment or configuration, if the store cannot be set up.
    pub fn open(&self) -> Result<(Arc<dyn ObjectStore>, Path)> {
        let path = match self.url.scheme() {
            "file" => {
                Path::from_url_path(self.url.path()).map_err(|e| Error::usage(format!("{}: {e}", self.shown())))?
            }
            _ => object_store::ObjectStoreScheme::parse(&self.url)
                .map(|(_, path)| path)
                .map_err(|e| Error::usage(format!("{} cannot be understood: {e}", self.shown())))?,
        };
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
        let (store, path) = self.open()?;
        store.put(&path, PutPayload::from(bytes)).await.map_err(|e| self.failed("write", &e))?;
        Ok(())
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
        let files: Vec<ObjectMeta> =
            store.list(Some(&path)).try_collect().await.map_err(|e| self.failed("list", &e))?;
        for file in files {
            store.delete(&file.location).await.map_err(|e| self.failed("remove", &e))?;
        }
        if let Ok(folder) = self.url.to_file_path() {
            let _ = std::fs::remove_dir_all(folder);
        }
        Ok(())
    }

    /// The files below this folder that the glob matches, in order of their path, each with its path below the folder.
    ///
    /// # Errors
    /// Configuration for a bad glob, environment if the store cannot be listed.
    pub async fn glob(&self, pattern: &str) -> Result<Vec<(String, ObjectMeta)>> {
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|e| {
                Error::config(format!("{pattern:?} is not a glob: {}", e.kind()))
                    .hint("use *, ? and [ab]; ** for any folder")
            })?
            .compile_matcher();
        // List only below the folders that have no wildcard.
        let fixed: Vec<&str> = pattern.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect();
        let folders = if fixed.len() == pattern.split('/').count() { &fixed[..fixed.len() - 1] } else { &fixed[..] };
        let (store, root) = self.open()?;
        let prefix = folders.iter().fold(root.clone(), |path, part| path.join(*part));
        let listed: Vec<ObjectMeta> =
            store.list(Some(&prefix)).try_collect().await.map_err(|e| self.failed("list", &e))?;
        let mut found: Vec<(String, ObjectMeta)> = listed
            .into_iter()
            .filter_map(|meta| {
                let below: Vec<String> = meta.location.prefix_match(&root)?.map(|p| p.as_ref().to_string()).collect();
                let below = below.join("/");
                glob.is_match(&below).then_some((below, meta))
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    fn failed(&self, doing: &str, error: &object_store::Error) -> Error {
        let cause = from_store(error);
        let sentence = format!("cannot {doing} {}: {}", self.shown(), cause.message());
        Error::new(cause.kind(), sentence).hint(cause.remedy().unwrap_or_default())
    }
}

/// The store of a URL. Stores are made once for each scheme and host.
///
/// # Errors
/// Configuration, if the environment does not say how to reach it.
pub fn store_of(url: &Url) -> Result<Arc<dyn ObjectStore>> {
    static STORES: OnceLock<Mutex<HashMap<String, Arc<dyn ObjectStore>>>> = OnceLock::new();
    let key = url[..url::Position::BeforePath].to_string();
    let stores = STORES.get_or_init(Default::default);
    let mut stores = stores.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(store) = stores.get(&key) {
        return Ok(store.clone());
    }
    let store: Arc<dyn ObjectStore> = if url.scheme() == "file" {
        Arc::new(object_store::local::LocalFileSystem::new())
    } else {
        let root = Url::parse(&key).map_err(|e| Error::usage(format!("{key} is not a URL: {e}")))?;
        let environment = std::env::vars().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (store, _) = object_store::parse_url_opts(&root, environment).map_err(|e| {
            Error::config(format!("{key} cannot be reached: {e}"))
                .hint("set the credentials and the region in the environment (AWS_*, GOOGLE_*, AZURE_*)")
        })?;
        Arc::from(store)
    };
    stores.insert(key, store.clone());
    Ok(store)
}

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
}
