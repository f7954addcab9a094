//! A store whose errors name the object and say what happened, without secrets; and whose downloads go on where they broke off.
//!
//! In: any remote store. Out: the same, with the URL of the object in every error. What a server answers is cut down to its
//! status and code: bodies may hold tokens, queries may hold signatures.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tokio_util::bytes::Bytes;

use crate::error::Error;

/// A store with the URL of its root.
pub(super) struct Named {
    inner: Arc<dyn ObjectStore>,
    root: Arc<str>,
}

impl Named {
    pub(super) fn new(inner: Arc<dyn ObjectStore>, root: String) -> Self {
        Named { inner, root: root.into() }
    }

    fn url(&self, path: &Path) -> String {
        url(&self.root, path)
    }
}

fn url(root: &str, path: &Path) -> String {
    format!("{root}/{path}")
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)
    }
}

/// The inner store would show how it is reached.
impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)
    }
}

#[async_trait]
impl ObjectStore for Named {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(path, payload, options).await.map_err(|e| named("write", &self.url(path), e))
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let place = self.url(path);
        match self.inner.put_multipart_opts(path, options).await {
            Ok(inner) => Ok(Box::new(NamedUpload { inner, place })),
            Err(e) => Err(named("write", &place, e)),
        }
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let place = self.url(path);
        let found = self.inner.get_opts(path, options.clone()).await.map_err(|e| named("read", &place, e))?;
        let GetResult { payload, meta, range, attributes } = found;
        let payload = match payload {
            GetResultPayload::Stream(chunks) => GetResultPayload::Stream(
                Download {
                    inner: self.inner.clone(),
                    place,
                    options,
                    meta: meta.clone(),
                    rest: range.clone(),
                    chunks,
                    moved: true,
                }
                .chunks(),
            ),
            file => file,
        };
        Ok(GetResult { payload, meta, range, attributes })
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let root = self.root.clone();
        self.inner.delete_stream(paths).map_err(move |e| named("remove files from", &root, e)).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let place = self.url(prefix.unwrap_or(&Path::default()));
        self.inner.list(prefix).map_err(move |e| named("list", &place, e)).boxed()
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        let place = self.url(prefix.unwrap_or(&Path::default()));
        self.inner.list_with_offset(prefix, offset).map_err(move |e| named("list", &place, e)).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let place = self.url(prefix.unwrap_or(&Path::default()));
        self.inner.list_with_delimiter(prefix).await.map_err(|e| named("list", &place, e))
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await.map_err(|e| named("write", &self.url(to), e))
    }
}

/// An upload in parts.
#[derive(Debug)]
struct NamedUpload {
    inner: Box<dyn MultipartUpload>,
    place: String,
}

#[async_trait]
impl MultipartUpload for NamedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (part, place) = (self.inner.put_part(data), self.place.clone());
        Box::pin(async move { part.await.map_err(|e| named("write", &place, e)) })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.inner.complete().await.map_err(|e| named("write", &self.place, e))
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await.map_err(|e| named("write", &self.place, e))
    }
}

/// A download under way. The client below tries again a limited number of times for the whole of it, however long it is,
/// and cuts every request after half a minute. So a large file has to be asked for again from where it is: for as long as
/// each request brings something.
struct Download {
    inner: Arc<dyn ObjectStore>,
    place: String,
    options: GetOptions,
    meta: ObjectMeta,
    rest: Range<u64>,
    chunks: BoxStream<'static, Result<Bytes>>,
    moved: bool,
}

impl Download {
    fn chunks(self) -> BoxStream<'static, Result<Bytes>> {
        futures::stream::try_unfold(self, |mut download| async move {
            let chunk = download.next().await?;
            Ok(chunk.map(|chunk| (chunk, download)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match self.chunks.next().await {
                None => return Ok(None),
                Some(Ok(chunk)) => {
                    self.rest.start += chunk.len() as u64;
                    self.moved |= !chunk.is_empty();
                    return Ok(Some(chunk));
                }
                Some(Err(error)) if !self.moved || self.rest.is_empty() => {
                    return Err(named("read", &self.place, error));
                }
                Some(Err(_)) => self.again().await?,
            }
        }
    }

    async fn again(&mut self) -> Result<()> {
        self.moved = false;
        let options = GetOptions { range: Some(GetRange::Bounded(self.rest.clone())), ..self.options.clone() };
        let found = self.inner.get_opts(&self.meta.location, options).await;
        let found = found.map_err(|e| named("read", &self.place, e))?;
        let same = |meta: &ObjectMeta| (meta.e_tag.clone(), meta.last_modified, meta.size);
        if same(&found.meta) != same(&self.meta) {
            let error = Error::environment(format!("{} changed while it was read", self.place));
            return Err(generic(error.hint("run again when the delivery is complete")));
        }
        self.chunks = found.into_stream();
        Ok(())
    }
}

/// The error of an upload that has to stop because the process ends.
pub(super) fn stopped(path: &Path) -> StoreError {
    generic(Error::environment(format!("the upload of {path} was stopped")).hint("run again: finished stages are kept"))
}

fn generic(error: Error) -> StoreError {
    StoreError::Generic { store: "object storage", source: Box::new(error) }
}

/// The error with the place. Kinds that callers ask for stay what they are.
fn named(doing: &str, place: &str, error: StoreError) -> StoreError {
    let cause = Cause::of(&error);
    let (path, source) = (place.to_string(), || cause.text.clone().into());
    let failed = |hint: &str| generic(Error::environment(format!("cannot {doing} {place}: {}", cause.text)).hint(hint));
    if cause.is_code(&["NoSuchBucket", "ContainerNotFound"]) {
        return failed("create the bucket first, or check its name");
    }
    if cause.is_code(&["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"]) {
        return failed("the credentials have expired: get new ones, then try again; a run keeps its finished stages");
    }
    match error {
        StoreError::NotFound { .. } => StoreError::NotFound { path, source: source() },
        StoreError::AlreadyExists { .. } => StoreError::AlreadyExists { path, source: source() },
        StoreError::Precondition { .. } => StoreError::Precondition { path, source: source() },
        StoreError::NotModified { .. } => StoreError::NotModified { path, source: source() },
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            failed("check the credentials in the environment (AWS_*, GOOGLE_*, AZURE_*), and what they may do there")
        }
        _ if cause.of_credentials => failed(
            "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (GOOGLE_*, AZURE_* for others)",
        ),
        _ => failed(
            "check that the storage is reachable and may be written; then try again; a run keeps its finished stages",
        ),
    }
}

/// What happened, fit to be shown.
struct Cause {
    text: String,
    code: String,
    of_credentials: bool,
}

impl Cause {
    fn of(error: &StoreError) -> Self {
        let said = error.to_string().replace(['\n', '\r'], " ");
        let of_credentials = ["/latest/api/token", "/latest/meta-data", "/metadata/identity", "computeMetadata"]
            .iter()
            .any(|place| said.contains(place));
        let code = between(&said, "<Code>", "</Code>").unwrap_or_default();
        let code: String = code.chars().take(64).filter(char::is_ascii_alphanumeric).collect();
        let retried = match between(&said, "after ", " retries") {
            Some(n) if n.parse::<u32>().is_ok() => format!(", after {n} retries"),
            _ => String::new(),
        };
        let answered = said.split_once("non-2xx status code: ").map(|(_, rest)| rest.split(':').next().unwrap_or(rest));
        let what = match (answered, code.is_empty()) {
            (Some(status), true) => format!("the server answered {}", status.trim()),
            (Some(status), false) => format!("the server answered {} ({code})", status.trim()),
            (None, false) => format!("the server answered {code}"),
            (None, true) => without_secrets(&deepest(error)),
        };
        let whose = if of_credentials { "no credentials: " } else { "" };
        Cause { text: format!("{whose}{what}{retried}"), code, of_credentials }
    }

    fn is_code(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

/// The first cause of an error: layers above it only repeat that a request failed.
fn deepest(error: &StoreError) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string().lines().next().unwrap_or_default().to_string()
}

/// A text without what may be secret in its URLs: queries, and passwords before the host.
pub(crate) fn without_secrets(text: &str) -> String {
    let clean = |word: &str| {
        let Some((scheme, rest)) = word.split_once("://") else { return word.to_string() };
        let rest = rest.split('?').next().unwrap_or(rest);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = match host.rsplit_once('@') {
            Some((user, host)) if user.contains(':') => host,
            _ => host,
        };
        format!("{scheme}://{host}{path}")
    };
    text.split(' ').map(clean).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: StoreError) -> String {
        crate::error::from_store(&error).to_string()
    }

    #[test]
    fn answers_are_cut_down_to_status_and_code() {
        let answer = "Error performing PUT http://h/b/k?X-Amz-Security-Token=hush in 3s, after 4 retries, max_retries: 4, retry_timeout: 120s  - Server returned non-2xx status code: 400 Bad Request: <Error><Code>ExpiredToken</Code><Token-0>hush</Token-0></Error>";
        let error = StoreError::Generic { store: "S3", source: answer.into() };
        let said = shown(named("write", "s3://b/k", error));
        assert!(said.starts_with(
            "cannot write s3://b/k: the server answered 400 Bad Request (ExpiredToken), after 4 retries\nhint: the credentials have expired"
        ), "{said}");
        assert!(!said.contains("hush"));
    }

    #[test]
    fn a_missing_bucket_is_no_missing_file() {
        let answer = |code: &str| StoreError::NotFound {
            path: "k".into(),
            source: format!("Server returned non-2xx status code: 404 Not Found: <Code>{code}</Code>").into(),
        };
        assert!(matches!(named("read", "s3://b/k", answer("NoSuchKey")), StoreError::NotFound { .. }));
        assert!(shown(named("read", "s3://b/k", answer("NoSuchBucket"))).contains("create the bucket"));
    }

    #[test]
    fn urls_lose_queries_and_passwords() {
        assert_eq!(without_secrets("at https://u:p@h/a?sig=x now"), "at https://h/a now");
        assert_eq!(without_secrets("az://box@account/a"), "az://box@account/a");
    }
}
