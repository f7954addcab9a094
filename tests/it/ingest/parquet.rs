//! Parquet.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::{DataType, Field, Int32Type};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use encoding_rs::SHIFT_JIS;
use futures::StreamExt;
use nayose::error::Kind;
use nayose::sources::reader::{Format, ReadOptions, TextEncoding};

use super::{columns_of, failure, options, read};

fn parquet(columns: &[&str]) -> ReadOptions {
    options(Format::Parquet, columns)
}

fn write(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.expect("a batch");
    let small = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(small)).expect("a writer");
    writer.write(&batch).expect("written");
    writer.into_inner().expect("written")
}

fn text(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn every_plain_type_becomes_text() {
    let bytes = write(vec![
        ("id", Arc::new(Int64Array::from(vec![1234567890123456]))),
        ("text", Arc::new(LargeStringArray::from(vec!["髙橋"]))),
        ("view", Arc::new(StringViewArray::from(vec!["長い長い長い文字列"]))),
        ("dictionary", Arc::new(["x"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("boolean", Arc::new(BooleanArray::from(vec![true]))),
        ("float", Arc::new(Float64Array::from(vec![9012345678.0]))),
        ("single", Arc::new(Float32Array::from(vec![0.1]))),
        ("date", Arc::new(Date32Array::from(vec![20516]))),
        ("second", Arc::new(TimestampMillisecondArray::from(vec![1772668800000]))),
        ("zoned", Arc::new(TimestampMicrosecondArray::from(vec![1772668800000000]).with_timezone("+09:00"))),
        ("decimal", Arc::new(Decimal128Array::from(vec![120]).with_precision_and_scale(10, 2).expect("a decimal"))),
    ]);
    let rows = read(
        &bytes,
        &parquet(&[
            "id",
            "text",
            "view",
            "dictionary",
            "boolean",
            "float",
            "single",
            "date",
            "second",
            "zoned",
            "decimal",
        ]),
    );
    assert_eq!(
        rows.expect("rows"),
        [
            "1: 1234567890123456|髙橋|長い長い長い文字列|x|true|9012345678|0.1|2026-03-04|2026-03-05T00:00:00|2026-03-05T09:00:00+09:00|1.20"
        ]
    );
}

#[test]
fn wanted_columns_in_their_order_and_rows_by_number() {
    let ids = ["1", "2", "3", "4", "5"].map(Some);
    let bytes = write(vec![
        ("id", text(&ids)),
        ("a", text(&[None; 5])),
        ("b", text(&[Some(""), Some("x"), None, Some("y"), None])),
    ]);
    let mut wanted = parquet(&["b", "id", "b"]);
    wanted.required = vec![1];
    wanted.batch_rows = 3;
    assert_eq!(read(&bytes, &wanted).expect("rows"), ["1: -|1|-", "2: x|2|x", "3: -|3|-", "4: y|4|y", "5: -|5|-"]);
}

#[test]
fn rejects() {
    let bytes = write(vec![("id", text(&[Some("1"), None, Some(" "), Some("4")])), ("b", text(&[Some("x"); 4]))]);
    assert_eq!(
        read(&bytes, &parquet(&["id", "b"])).expect("rows"),
        ["1: 1|x", "2! missing_required -", "3! missing_required -", "4: 4|x"]
    );
}

#[test]
fn binary_columns_are_text_in_the_encoding_of_the_source() {
    let (name, _, _) = SHIFT_JIS.encode("髙﨑");
    let names: ArrayRef = Arc::new(BinaryArray::from_vec(vec![name.as_ref(), b"\x83", b"x"]));
    let bytes = write(vec![("id", text(&[Some("1"), Some("2"), Some("3")])), ("b", names)]);
    let mut wanted = parquet(&["id", "b"]);
    wanted.encoding = TextEncoding::Cp932;
    assert_eq!(read(&bytes, &wanted).expect("rows"), ["1: 1|髙﨑", "2! undecodable -", "3: 3|x"]);
}

#[test]
fn nested_columns_are_read_by_their_path() {
    let inner: ArrayRef = text(&[Some("x")]);
    let nested = StructArray::from(vec![(Arc::new(Field::new("phone", DataType::Utf8, true)), inner)]);
    let bytes = write(vec![("id", text(&[Some("1")])), ("user", Arc::new(nested))]);
    assert_eq!(read(&bytes, &parquet(&["id", "user.phone"])).expect("rows"), ["1: 1|x"]);
    let error = failure(&bytes, &parquet(&["id", "user"]));
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(error.to_string(), "column user is not in in/file\nhint: did you mean user.phone?");
    assert_eq!(read(&bytes, &parquet(&["id"])).expect("rows"), ["1: 1"]);
    assert_eq!(columns_of(&bytes, &parquet(&[])).expect("columns"), ["id", "user.phone"]);
}

#[test]
fn a_missing_column_is_told() {
    let error =
        failure(&write(vec![("id", text(&[Some("1")])), ("card_no", text(&[None]))]), &parquet(&["id", "card_nr"]));
    assert_eq!(error.to_string(), "column card_nr is not in in/file\nhint: did you mean card_no?");
}

#[test]
fn files_that_are_cut_off_or_damaged() {
    let many: Vec<Option<&str>> = vec![Some("some text"); 100];
    let bytes = write(vec![("id", text(&many))]);
    let mut cases: Vec<Vec<u8>> =
        [1, 7, 8, 12, bytes.len() / 2, bytes.len() - 1].map(|size| bytes[..size].to_vec()).into();
    let mut footer_of_a_larger_file = bytes.clone();
    footer_of_a_larger_file.drain(4..bytes.len() / 3);
    cases.push(footer_of_a_larger_file);
    let mut holes = bytes.clone();
    holes[4..bytes.len() / 3].fill(0xff);
    cases.push(holes);
    cases.push(b"id,b\n1,x\n".to_vec());
    for case in cases {
        let error = failure(&case, &parquet(&["id"]));
        assert_eq!(error.kind(), Kind::Data, "{error}");
        assert!(error.message().starts_with("in/file is not a whole Parquet file"), "{error}");
    }
}

#[test]
fn no_rows_is_no_error() {
    assert!(read(&write(vec![("id", text(&[]))]), &parquet(&["id"])).expect("rows").is_empty());
}

#[test]
fn damage_anywhere_is_no_panic() {
    let names: Vec<String> = (0..300).map(|row| format!("{row} 髙橋")).collect();
    let bytes = write(vec![("id", text(&names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>()))]);
    for at in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
        for value in [0, 0xff, bytes[at] ^ 1] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            // Some damage does not show: text has no checksum. What shows is the file's fault.
            if let Err(error) = super::try_read(&damaged, &parquet(&["id"])) {
                assert_ne!(error.kind(), Kind::Bug, "{at} {value}: {error}");
            }
        }
    }
}

#[test]
fn ids_that_a_float_cannot_hold_are_rejects() {
    let ids = vec![9007199254740992.0, 9007199254740994.0, f64::NAN, f64::INFINITY, 1234.0];
    let bytes =
        write(vec![("n", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]))), ("id", Arc::new(Float64Array::from(ids)))]);
    let rows = read(&bytes, &parquet(&["n", "id"])).expect("rows");
    // The largest exact one, one that two ids may have become, no number as data frames mean it, no id, an id.
    assert_eq!(rows, ["1: 1|9007199254740992", "2! inexact_number -", "3: 3|-", "4! undecodable -", "5: 5|1234"]);
    let phones = vec![Some(16777216.0), Some(9028417301.0), None];
    let bytes =
        write(vec![("n", Arc::new(Int64Array::from(vec![1, 2, 3]))), ("phone", Arc::new(Float32Array::from(phones)))]);
    let rows = read(&bytes, &parquet(&["n", "phone"])).expect("rows");
    assert_eq!(rows, ["1: 1|16777216", "2! inexact_number -", "3: 3|-"]);
}

#[test]
fn nulls_of_a_column_without_a_type_are_nulls() {
    let keys = Int32Array::from(vec![Some(0), Some(1), None]);
    let values = StringArray::from(vec![Some("a"), None]);
    let dictionary = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).expect("a dictionary");
    let bytes = write(vec![
        ("n", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("nothing", Arc::new(NullArray::new(3))),
        ("dictionary", Arc::new(dictionary)),
    ]);
    let rows = read(&bytes, &parquet(&["n", "nothing", "dictionary"])).expect("rows");
    assert_eq!(rows, ["1: 1|-|a", "2: 2|-|-", "3: 3|-|-"]);
}

#[test]
fn a_long_value_that_repeats_comes_in_pieces() {
    // A file of some kilobytes whose texts would be eight gigabytes.
    let (rows, long) = (8192, "長".repeat(350_000));
    let keys = Int32Array::from_iter_values((0..rows).map(|_| 0));
    let value = DictionaryArray::<Int32Type>::try_new(keys, text(&[Some(&long)])).expect("a dictionary");
    let schema = arrow::datatypes::Schema::new(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("v", value.data_type().clone(), true),
    ]);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..i64::from(rows)));
    let batch = RecordBatch::try_new(Arc::new(schema), vec![numbers, Arc::new(value)]).expect("a batch");
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    let bytes = writer.into_inner().expect("written");
    super::block_on(async {
        let file = super::in_memory(&bytes).await;
        let stream = nayose::sources::reader::read(file, Arc::new(parquet(&["n", "v"])));
        let (mut seen, mut largest) = (0, 0);
        let mut stream = stream.take(40);
        while let Some(batch) = stream.next().await {
            let batch = batch.expect("rows");
            assert_eq!(batch.column(5).as_string::<i32>().value(0).len(), long.len());
            let line = batch.column(1).as_primitive::<arrow::datatypes::Int64Type>().value(0);
            assert_eq!(line, seen + 1, "rows keep their numbers");
            seen += batch.num_rows() as i64;
            largest = largest.max(batch.get_array_memory_size());
        }
        assert!(seen > 100 && largest < 64 << 20, "{seen} rows, {largest} bytes");
    });
}
