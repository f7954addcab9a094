//! Packed, cut off, empty and foreign files.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use nayose::error::Kind;
use nayose::sources::reader::{self, Format, ReadOptions, SourceFile};
use object_store::ObjectStoreExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use tokio::io::AsyncReadExt;

use super::{batches_of, block_on, columns_of, csv, failure, in_memory, json, options, read, rows_of};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = async_compression::tokio::bufread::ZstdEncoder::new(bytes);
    block_on(encoder.read_to_end(&mut packed)).expect("packed");
    packed
}

fn table(rows: usize) -> String {
    // Text that does not pack well, so that a cut falls into the middle.
    let mut state = 1u64;
    let mut text = "id,b\n".to_string();
    for row in 0..rows {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        text.push_str(&format!("{row},{state:x}\n"));
    }
    text
}

#[test]
fn packing_is_seen_from_the_first_bytes() {
    let plain = table(1000);
    let expected = read(plain.as_bytes(), &csv(&["id", "b"])).expect("rows");
    for packed in [gzip(plain.as_bytes()), zstd(plain.as_bytes())] {
        assert_eq!(read(&packed, &csv(&["id", "b"])).expect("rows"), expected);
        assert_eq!(columns_of(&packed, &csv(&[])).expect("columns"), ["id", "b"]);
    }
}

#[test]
fn several_members_are_one_file() {
    for pack in [gzip, zstd] {
        let mut packed = pack(b"id,b\n1,x\n2,");
        packed.extend(pack(b""));
        packed.extend(pack(b"y\n3,z\n"));
        assert_eq!(read(&packed, &csv(&["id", "b"])).expect("rows"), ["2: 1|x", "3: 2|y", "4: 3|z"]);
    }
}

#[test]
fn cut_off_data_are_told_with_the_line_reached() {
    let plain = table(20_000);
    for (pack, name) in [(gzip as fn(&[u8]) -> Vec<u8>, "gzip"), (zstd, "zstd")] {
        let packed = pack(plain.as_bytes());
        let cut = failure(&packed[..packed.len() / 2], &csv(&["id"]));
        assert_eq!(cut.kind(), Kind::Data, "{cut}");
        let (before, line) = cut.message().split_once(", after line ").expect("a line");
        assert_eq!(before, format!("in/file is cut off: its {name} data stop in the middle"));
        let line: usize = line.parse().expect("a number");
        assert!((1000..20_000).contains(&line), "{cut}");
        // Also where only the checksum is missing, or the data end before the header does.
        for length in [packed.len() - 1, packed.len() - 4, 20, 11] {
            assert_eq!(failure(&packed[..length], &csv(&["id"])).kind(), Kind::Data, "{name} {length}");
        }
        let error = columns_of(&packed[..20], &csv(&[])).expect_err("cut off");
        assert_eq!(error.kind(), Kind::Data, "{error}");
    }
}

#[test]
fn damaged_data_are_told() {
    let packed = gzip(table(20_000).as_bytes());
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 200].fill(0x55);
    let error = failure(&damaged, &csv(&["id"]));
    assert_eq!(error.kind(), Kind::Data, "{error}");
    assert!(error.message().starts_with("in/file is damaged"), "{error}");
}

#[test]
fn empty_files() {
    for (format, expected) in [
        (Format::Csv, "in/file is empty: not even a header"),
        (Format::Tsv, "in/file is empty: not even a header"),
        (Format::Jsonl, "in/file is empty"),
        (Format::Parquet, "in/file is empty: not even a Parquet footer"),
    ] {
        let error = failure(b"", &options(format, &["id"]));
        assert_eq!((error.kind(), error.message()), (Kind::Data, expected));
        assert!(error.remedy().is_some());
        assert_eq!(columns_of(b"", &options(format, &[])).expect_err("empty").message(), expected);
    }
    for empty in [gzip(b""), "\u{feff}".into(), b"\r\n\n".to_vec()] {
        assert_eq!(failure(&empty, &csv(&["id"])).message(), "in/file is empty: not even a header");
        assert!(read(&empty, &json(&["id"])).expect("no rows").is_empty());
    }
}

#[test]
fn header_only_is_no_error() {
    for text in ["id,b", "id,b\r\n", "\u{feff}id,b\n\n"] {
        assert!(read(text.as_bytes(), &csv(&["id"])).expect("no rows").is_empty());
    }
}

#[test]
fn files_that_are_no_text() {
    for (head, what) in [
        (b"PAR1\x15\x04\x15\x10".as_slice(), "a Parquet file"),
        (b"PK\x03\x04\x14\0\0\0", "a zip archive or an Excel workbook"),
        (b"BZh91AY&SY", "packed with bzip2"),
        (b"\xfd7zXZ\0\0\x04", "packed with xz"),
    ] {
        let error = failure(head, &csv(&["id"]));
        assert_eq!((error.kind(), error.message()), (Kind::Config, format!("in/file is {what}, not text").as_str()));
    }
    // A header may start so.
    assert_eq!(read(b"PAR1,PAR2\nx,y\n", &csv(&["PAR2"])).expect("rows"), ["2: y"]);
}

#[test]
fn local_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = table(60_000);
    std::fs::write(folder.path().join("a"), &plain).expect("written");
    block_on(async {
        let store = LocalFileSystem::new_with_prefix(folder.path()).expect("a store");
        let meta = store.head(&Path::from("a")).await.expect("a file");
        let file = SourceFile::new(std::sync::Arc::new(store), meta, "in/file");
        let count = std::sync::Arc::clone(&file.count);
        let rows: Vec<String> =
            batches_of(file.clone(), csv(&["id"])).await.expect("rows").iter().flat_map(rows_of).collect();
        assert_eq!(rows.len(), 60_000);
        assert_eq!(rows[59_999], "60001: 59999");
        assert_eq!((count.rows(), count.bytes()), (60_000, plain.len() as u64));

        std::fs::remove_file(folder.path().join("a")).expect("removed");
        for options in [csv(&["id"]), ReadOptions { format: Format::Parquet, ..csv(&["id"]) }] {
            let error = batches_of(file.clone(), options).await.expect_err("no file");
            assert_eq!(error.kind(), Kind::Environment, "{error}");
            assert_eq!(error.message(), "in/file does not exist any more");
        }
    });
}

#[test]
fn a_file_that_changes_after_it_was_listed_is_not_read() {
    block_on(async {
        let file = in_memory(b"id\n1\n").await;
        file.store.put(&file.meta.location, b"id\n1\n2\n".to_vec().into()).await.expect("stored");
        let error = batches_of(file.clone(), csv(&["id"])).await.expect_err("changed");
        assert_eq!((error.kind(), error.message()), (Kind::Environment, "in/file changed while it was read"));
        let error = reader::columns_of(&file, &csv(&[])).await.expect_err("changed");
        assert_eq!(error.kind(), Kind::Environment);
    });
}

#[test]
fn a_text_that_ends_in_the_middle_of_a_line_is_known_as_such() {
    let open = |bytes: &[u8], options: &ReadOptions| {
        block_on(async {
            let file = in_memory(bytes).await;
            let count = file.count.clone();
            batches_of(file, options.clone()).await.expect("readable");
            count.has_open_end()
        })
    };
    let rows = csv(&["id", "b"]);
    // A row of one byte over the end of a chunk, too.
    for (text, is_open) in [
        ("id,b\n1,x\n", false),
        ("id,b\r\n1,x\r\n\x1a", false),
        ("id,b\n1,x", true),
        ("id,b\n1,\"x\n", false),
        ("id,b\n1", true),
    ] {
        for chunk_bytes in [1, 7, 4096] {
            let options = ReadOptions { chunk_bytes, ..rows.clone() };
            for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
                assert_eq!(open(&bytes, &options), is_open, "{text:?} in chunks of {chunk_bytes}");
            }
        }
    }
    assert!(open(b"{\"id\":1}\n{\"id\":2", &json(&["id"])) && !open(b"{\"id\":1}\n{\"id\n", &json(&["id"])));
}
