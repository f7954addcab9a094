//! Any bytes as a file of every format: rows or rejects come out, and no panic.
#![no_main]

use std::sync::Arc;

use futures::StreamExt;
use libfuzzer_sys::fuzz_target;
use nayose::sources::reader::{self, Format, ReadOptions, SourceFile, TextEncoding};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let format = [Format::Csv, Format::Tsv, Format::Jsonl, Format::Parquet][usize::from(kind % 4)];
    let encoding = [TextEncoding::Utf8, TextEncoding::Cp932, TextEncoding::EucJp][usize::from(kind / 4 % 3)];
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let path = Path::from("file");
        store.put(&path, bytes.to_vec().into()).await.expect("written");
        let meta = store.head(&path).await.expect("there");
        let options = ReadOptions::new(format, encoding, vec!["a".into(), "b".into()], vec![0]);
        let mut batches = reader::read(SourceFile::new(store, meta, "file".into()), Arc::new(options));
        while let Some(Ok(_)) = batches.next().await {}
    });
});
