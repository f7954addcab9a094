//! Files to object storage, the large ones in parts.
//!
//! In: a whole file in memory. Out: the object, visible when it is whole. An upload in parts that does not end well is
//! aborted, because a store keeps its parts, and charges for them, until somebody does: at an error, and when the process
//! is about to end ([`settle`]). Nobody can do so after `kill -9`; the docs/storage.md names the bucket's rule for that.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, Result, UploadPart};
use tokio::sync::watch;
use tokio_util::bytes::Bytes;

use super::named;

/// Files over this size are uploaded in parts of this size. S3 wants 5 MiB at least and 10,000 parts at most: 80 GiB.
const PART_BYTES: usize = 8 << 20;

/// Parts of a file on their way at once.
const PARTS_AT_ONCE: usize = 4;

/// How long the end of the process waits for uploads to be aborted.
const SETTLE: Duration = Duration::from_secs(20);

/// How long an abort waits for parts that are on their way: one that arrives after it would stay.
const LAST_PARTS: Duration = Duration::from_secs(5);

/// Uploads in parts that are neither complete nor aborted, and whether they have to stop.
static OPEN: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));
static STOP: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// Writes an object.
pub(super) async fn put(store: Arc<dyn ObjectStore>, path: Path, bytes: Vec<u8>, in_parts: bool) -> Result<()> {
    if bytes.len() <= PART_BYTES || !in_parts {
        return store.put(&path, PutPayload::from(bytes)).await.map(|_| ());
    }
    // A task of its own: a caller that goes away must not take an open upload with it.
    tokio::spawn(put_in_parts(store, path, Bytes::from(bytes))).await?
}

/// Stops and aborts all uploads that are still open. For the end of the process: no upload in parts can be made afterwards.
pub(crate) async fn settle() {
    STOP.send_replace(true);
    let _ = tokio::time::timeout(SETTLE, OPEN.subscribe().wait_for(|open| *open == 0)).await;
}

async fn put_in_parts(store: Arc<dyn ObjectStore>, path: Path, bytes: Bytes) -> Result<()> {
    let _open = Open::new();
    let mut stop = STOP.subscribe();
    let mut upload = store.put_multipart(&path).await?;
    let stopping = async {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let mut on_their_way = FuturesUnordered::new();
    let sent = tokio::select! {
        sent = send(upload.as_mut(), bytes, &mut on_their_way) => sent,
        () = stopping => Err(named::stopped(&path)),
    };
    if sent.is_err() {
        let arrived = async { while on_their_way.next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_PARTS, arrived).await;
        // The first error is the one to tell.
        let _ = upload.abort().await;
    }
    sent
}

async fn send(
    upload: &mut dyn MultipartUpload,
    mut rest: Bytes,
    on_their_way: &mut FuturesUnordered<UploadPart>,
) -> Result<()> {
    while !rest.is_empty() {
        let part = rest.split_to(PART_BYTES.min(rest.len()));
        on_their_way.push(upload.put_part(PutPayload::from(part)));
        if on_their_way.len() == PARTS_AT_ONCE
            && let Some(part) = on_their_way.next().await
        {
            part?;
        }
    }
    while let Some(part) = on_their_way.next().await {
        part?;
    }
    upload.complete().await.map(|_| ())
}

/// Counts an upload as open until it is dropped.
struct Open;

impl Open {
    fn new() -> Self {
        OPEN.send_modify(|open| *open += 1);
        Open
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.send_modify(|open| *open -= 1);
    }
}
