//! Which files a run reads, and whether they are the same as before.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStoreExt};

use super::dated;
use crate::config::{Pipeline, Rows, Source};
use crate::error::{Error, Result, at_place};
use crate::lake::held::Held;
use crate::lake::manifest::Input;
use crate::sources::reader::SourceFile;
use crate::sources::unpack;
use crate::stages::ingest::SourceFiles;
use crate::store::Location;

/// Files whose content is read at the same time for their fingerprints.
const READ_AT_ONCE: usize = 4;

/// The files of every source, in order; as of a time, those that were there by then.
///
/// # Errors
/// Configuration, where a source that may not be empty has no file.
pub(crate) async fn find(pipeline: &Pipeline, as_of: Option<i64>) -> Result<Vec<SourceFiles>> {
    let mut all = Vec::new();
    for (i, source) in pipeline.sources.iter().enumerate() {
        let files = matching(pipeline, source, &source.files, as_of, source.may_be_empty).await?;
        let joined = match &source.join {
            Some(join) => {
                let may_be_none = source.may_be_empty || join.may_be_missing;
                matching(pipeline, source, &join.files, as_of, may_be_none).await?
            }
            None => Vec::new(),
        };
        all.push(SourceFiles { source: i, files, joined });
    }
    all.retain(|s| !s.files.is_empty());
    if !all.iter().any(|s| matches!(pipeline.sources[s.source].holds, Rows::People { .. })) {
        return Err(Error::config("no source that holds people has a file")
            .hint("check `files` and `input` in the pipeline file"));
    }
    Ok(all)
}

/// The files of a glob of a source, and the members of those that are ZIP archives; whether there may be none.
///
/// # Errors
/// Configuration, where there is none.
pub(crate) async fn matching(
    pipeline: &Pipeline,
    source: &Source,
    files: &str,
    as_of: Option<i64>,
    may_be_none: bool,
) -> Result<Vec<SourceFile>> {
    let (root, pattern) = root_of(pipeline, files)?;
    let (store, _) = root.open()?;
    let found = dated::until(root.glob(&pattern).await?, as_of, &pipeline.zone);
    if found.is_empty() && !may_be_none {
        let when = if as_of.is_some() { " in a folder of a day that had begun by --as-of" } else { "" };
        let place = root.join(&pattern).shown();
        return Err(Error::config(format!("source {:?}: no file{when} matches {place}", source.name)).hint(
            "check `files` and `input` in the pipeline file, or --input; set may_be_empty: true if that is right, or may_be_missing: true of a join",
        ));
    }
    let mut all = Vec::new();
    for (name, meta) in found {
        let file = SourceFile::new(store.clone(), meta, name);
        let is_archive = unpack::is_archive(&file.name);
        if let (false, Some(member)) = (is_archive, &source.reading.member) {
            let what = format!("source {:?}: `member` is {member:?}, but {} is no ZIP archive", source.name, file.name);
            return Err(Error::config(what).hint("leave `member` out, or let `files` match the archives alone"));
        }
        match is_archive {
            true => all.extend(unpack::members(&file, source.reading.member.as_deref()).await?),
            false => all.push(file),
        }
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

/// Between the fingerprint of a file and that of the files that are joined to it: when these change, its rows have to be read again.
const JOINED: char = '+';

/// The fingerprints of all files. A file whose size, time and tag are as in `before` keeps the fingerprint from there.
///
/// # Errors
/// Environment, if a file cannot be read.
pub(crate) async fn fingerprints(pipeline: &Pipeline, found: &[SourceFiles], before: &[Input]) -> Result<Vec<Input>> {
    let mut jobs: Vec<(String, SourceFile, bool)> = Vec::new();
    for of in found {
        let name = &pipeline.sources[of.source].name;
        jobs.extend(of.files.iter().map(|file| (name.clone(), file.clone(), false)));
        jobs.extend(of.joined.iter().map(|file| (name.clone(), file.clone(), true)));
    }
    let read: Vec<(Input, bool)> = futures::stream::iter(jobs)
        .map(|(source, file, is_joined)| async move {
            let stamp = stamp(&file.meta);
            let known = before.iter().find(|b| b.file == file.name && b.stamp == stamp && b.bytes == file.meta.size);
            let fingerprint = match known.and_then(|known| known.fingerprint.split(JOINED).next()) {
                Some(known) => known.to_string(),
                None => digest(&file).await?,
            };
            let input = Input { source, file: file.name.clone(), fingerprint, bytes: file.meta.size, stamp };
            Ok::<_, Error>((input, is_joined))
        })
        .buffered(READ_AT_ONCE)
        .try_collect()
        .await?;
    let mut joined: BTreeMap<String, blake3::Hasher> = BTreeMap::new();
    for (input, _) in read.iter().filter(|(_, is_joined)| *is_joined) {
        joined.entry(input.source.clone()).or_default().update(input.fingerprint.as_bytes());
    }
    let mut all: Vec<Input> = read.into_iter().filter(|(_, is_joined)| !is_joined).map(|(input, _)| input).collect();
    for input in &mut all {
        if let Some(joined) = joined.get(&input.source) {
            input.fingerprint = format!("{}{JOINED}{}", input.fingerprint, &joined.finalize().to_hex()[..16]);
        }
    }
    Ok(all)
}

/// The fingerprint of a file's own content.
pub(super) fn content(fingerprint: &str) -> &str {
    fingerprint.split(JOINED).next().unwrap_or(fingerprint)
}

/// Takes the files that are held out of what a run reads; answers them. Where the run before read another content under that name, it
/// counts as before: its input stands for the file.
pub(super) fn leave_out_held(
    pipeline: &Pipeline,
    found: &mut [SourceFiles],
    inputs: &mut Vec<Input>,
    held: &[Held],
    before: &[Input],
) -> Vec<Held> {
    let mut left_out = Vec::new();
    inputs.retain_mut(|input| {
        let is = |held: &&Held| !held.admitted && held.is(&input.source, &input.file, content(&input.fingerprint));
        let Some(held) = held.iter().find(is) else { return true };
        left_out.push(held.clone());
        match before.iter().find(|b| b.source == input.source && b.file == input.file) {
            Some(before) if content(&before.fingerprint) != held.fingerprint => {
                *input = before.clone();
                true
            }
            _ => false,
        }
    });
    for of in found {
        let source = &pipeline.sources[of.source].name;
        of.files.retain(|file| inputs.iter().any(|input| &input.source == source && input.file == file.name));
    }
    left_out
}

/// Whether files that were read are still what they were when the run looked first: a delivery may be written, or cut, meanwhile.
///
/// # Errors
/// Environment, naming the first that is not.
pub(super) async fn unchanged(read: &[SourceFiles]) -> Result<()> {
    let files: Vec<&SourceFile> = read.iter().flat_map(|of| of.files.iter().chain(&of.joined)).collect();
    for file in files {
        let now = file.store.head(&file.meta.location).await.map_err(|e| at_place(&e, "read", &file.name))?;
        if !is_same(&now, &file.meta) {
            return Err(Error::environment(format!("{} changed while it was read", file.name))
                .hint("run again when the delivery is complete; nothing of this run was published"));
        }
    }
    Ok(())
}

/// Whether two looks at a file found the same one. A store may tell its tag only when it lists, and its time in whole seconds when it
/// is asked for one file.
fn is_same(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    let tags = [one, other].map(|meta| meta.e_tag.as_deref().map(|tag| tag.trim_matches('"').to_string()));
    let same_time = one.last_modified.timestamp() == other.last_modified.timestamp();
    let same_tag = matches!(&tags, [Some(one), Some(other)] if one == other);
    one.size == other.size && (same_tag || (same_time && tags.iter().any(Option::is_none)))
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
