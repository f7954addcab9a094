//! Which files a run reads, and whether they are the same as before.

use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStoreExt};

use super::dated;
use crate::config::{Pipeline, Rows};
use crate::error::{Error, Result, at_place};
use crate::manifest::Input;
use crate::stages::ingest::SourceFiles;
use crate::stages::ingest::reader::SourceFile;
use crate::store::Location;

/// Files whose content is read at the same time for their fingerprints.
const READ_AT_ONCE: usize = 4;

/// The files of every source, in order; as of a time, those that were there by then.
///
/// # Errors
/// Configuration, where a source that may not be empty has no file.
pub async fn find(pipeline: &Pipeline, as_of: Option<i64>) -> Result<Vec<SourceFiles>> {
    let mut all = Vec::new();
    for (i, source) in pipeline.sources.iter().enumerate() {
        let (root, pattern) = root_of(pipeline, &source.files)?;
        let (store, _) = root.open()?;
        let found = dated::until(root.glob(&pattern).await?, as_of);
        if found.is_empty() && !source.may_be_empty {
            let when = if as_of.is_some() { " in a folder of a day before --as-of" } else { "" };
            return Err(Error::config(format!(
                "source {:?}: no file{when} matches {}",
                source.name,
                root.join(&pattern).shown()
            ))
            .hint(
                "check `files` and `input` in the pipeline file, or --input; set may_be_empty: true if that is right",
            ));
        }
        let files = found.into_iter().map(|(name, meta)| SourceFile::new(store.clone(), meta, name)).collect();
        all.push(SourceFiles { source: i, files });
    }
    all.retain(|s| !s.files.is_empty());
    if !all.iter().any(|s| matches!(pipeline.sources[s.source].holds, Rows::People { .. })) {
        return Err(Error::config("no source that holds people has a file")
            .hint("check `files` and `input` in the pipeline file"));
    }
    Ok(all)
}

/// The root of a glob: the pipeline's input, or the glob's own URL up to its first wildcard.
fn root_of(pipeline: &Pipeline, files: &str) -> Result<(Location, String)> {
    let absolute = files.contains("://") || files.starts_with('/');
    if !absolute {
        return Ok((pipeline.input.clone(), files.to_string()));
    }
    let wild = files.find(['*', '?', '[', '{']).unwrap_or(files.len());
    let cut = files[..wild].rfind('/').unwrap_or(0);
    Ok((Location::parse(&files[..cut], &pipeline.folder)?, files[cut + 1..].to_string()))
}

/// The fingerprints of all files. A file whose size, time and tag are as in `before` keeps the fingerprint from there.
///
/// # Errors
/// Environment, if a file cannot be read.
pub async fn fingerprints(pipeline: &Pipeline, found: &[SourceFiles], before: &[Input]) -> Result<Vec<Input>> {
    let jobs: Vec<(String, SourceFile)> = found
        .iter()
        .flat_map(|s| s.files.iter().map(|f| (pipeline.sources[s.source].name.clone(), f.clone())))
        .collect();
    futures::stream::iter(jobs)
        .map(|(source, file)| async move {
            let stamp = stamp(&file.meta);
            let known = before.iter().find(|b| b.file == file.name && b.stamp == stamp && b.bytes == file.meta.size);
            let fingerprint = match known {
                Some(known) => known.fingerprint.clone(),
                None => digest(&file).await?,
            };
            Ok(Input { source, file: file.name.clone(), fingerprint, bytes: file.meta.size, stamp })
        })
        .buffered(READ_AT_ONCE)
        .try_collect()
        .await
}

fn stamp(meta: &ObjectMeta) -> String {
    format!("{} {}", meta.last_modified.to_rfc3339(), meta.e_tag.as_deref().unwrap_or_default())
}

async fn digest(file: &SourceFile) -> Result<String> {
    let unreadable = |e: object_store::Error| at_place(&e, "read", &file.name);
    let mut chunks = file.store.get(&file.meta.location).await.map_err(unreadable)?.into_stream();
    let mut hasher = blake3::Hasher::new();
    while let Some(chunk) = chunks.try_next().await.map_err(unreadable)? {
        hasher.update(&chunk);
    }
    Ok(hasher.finalize().to_hex()[..32].to_string())
}
