//! A real S3 server on loopback: s3s reads the protocol and checks signatures, s3s-fs keeps the objects as files.
//!
//! Two things of s3s-fs are put right here, because they are not as S3 does them: it looks whether an object exists and
//! writes it later, so that two conditional puts can both succeed; and it walks all files for every page of a list. Other
//! differences that are left: lists have no entity tags, and `If-Match` on reads is not looked at.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;

use super::{KEY, SECRET};

/// The bucket whose list is made once.
pub const LISTED_ONCE: &str = "many";

/// A running server. It ends with the test.
pub struct Server {
    folder: tempfile::TempDir,
    pub address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// Starts one, with buckets.
    pub fn start(buckets: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for bucket in buckets {
            std::fs::create_dir(folder.path().join(bucket)).expect("a bucket");
        }
        let files = FileSystem::new(folder.path()).expect("s3s-fs");
        let mut service = S3ServiceBuilder::new(Files {
            root: folder.path().into(),
            files,
            put: Default::default(),
            listed: Default::default(),
        });
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Server { folder, address, _runtime: runtime }
    }

    /// Where the objects of a bucket lie.
    pub fn bucket(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Uploads in parts that are neither complete nor aborted.
    pub fn open_uploads(&self) -> usize {
        let names = std::fs::read_dir(self.folder.path()).expect("a folder").flatten().map(|e| e.file_name());
        names.filter(|name| name.to_string_lossy().starts_with(".upload")).count()
    }
}

struct Files {
    root: PathBuf,
    files: FileSystem,
    put: tokio::sync::Mutex<()>,
    listed: Mutex<Option<Vec<Object>>>,
}

impl Files {
    /// A page of the list that is made once.
    fn page(&self, input: &ListObjectsV2Input) -> ListObjectsV2Output {
        let root = self.root.join(&input.bucket);
        let mut listed = self.listed.lock().expect("the list");
        let all = listed.get_or_insert_with(|| {
            let mut all = Vec::new();
            walk(&root, &root, &mut all);
            all.sort_by(|a, b| a.key.cmp(&b.key));
            all
        });
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = input.continuation_token.clone().or(input.start_after.clone()).unwrap_or_default();
        let start = all.partition_point(|o| o.key.as_deref().unwrap_or_default() <= after.as_str());
        let mut rest = all[start..].iter().filter(|o| o.key.as_deref().unwrap_or_default().starts_with(&prefix));
        let contents: Vec<Object> = rest.by_ref().take(1000).cloned().collect();
        let more = rest.next().is_some();
        ListObjectsV2Output {
            name: Some(input.bucket.clone()),
            key_count: Some(contents.len() as i32),
            is_truncated: Some(more),
            next_continuation_token: contents.last().filter(|_| more).and_then(|o| o.key.clone()),
            contents: Some(contents),
            ..Default::default()
        }
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Object>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(root, &path, found);
            continue;
        }
        let about = entry.metadata().expect("metadata");
        found.push(Object {
            key: path.strip_prefix(root).ok().map(|k| k.display().to_string()),
            size: Some(about.len() as i64),
            last_modified: about.modified().ok().map(Timestamp::from),
            ..Default::default()
        });
    }
}

#[async_trait]
impl S3 for Files {
    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let conditional = req.input.if_none_match.is_some() || req.input.if_match.is_some();
        let _one_at_a_time = if conditional { Some(self.put.lock().await) } else { None };
        self.files.put_object(req).await
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        if req.input.bucket == LISTED_ONCE {
            return Ok(S3Response::new(self.page(&req.input)));
        }
        self.files.list_objects_v2(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.files.get_object(req).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(req).await
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.files.delete_object(req).await
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.files.delete_objects(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.files.create_multipart_upload(req).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.files.upload_part(req).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.files.complete_multipart_upload(req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.files.abort_multipart_upload(req).await
    }
}
