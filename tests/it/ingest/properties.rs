//! What holds for any bytes: rows in = records + rejects, the same answer for any chunk size, and no panic; and what
//! another writer writes comes back as it was.

use nayose::sources::reader::{Format, ReadOptions, TextEncoding};
use proptest::prelude::*;

use super::{csv, read};

/// Bytes that meet the special ones often.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(b"\",,\n\n\r\t{}[]:1a\\\0\x83\x5c\xa4\xa2\xef\x8f\x1a".to_vec());
    prop::collection::vec(prop_oneof![9 => special, 1 => any::<u8>()], 0..200)
}

fn cell() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "髙", "ソ", "①", "\"", ",", "\t", "\n", "\r", "\r\n", " ", "表"]);
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn any_options() -> impl Strategy<Value = ReadOptions> {
    let format = prop::sample::select(vec![Format::Csv, Format::Tsv, Format::Jsonl]);
    let encoding = prop::sample::select(TextEncoding::ALL.to_vec());
    (format, encoding, 1..60usize, 1..5usize).prop_map(|(format, encoding, max_row_bytes, batch_rows)| ReadOptions {
        format,
        encoding,
        max_row_bytes,
        batch_rows,
        delimiter: if format == Format::Tsv { b'\t' } else { b',' },
        ..csv(&["a", "1"])
    })
}

/// `read` itself asserts that rows in = records + rejects.
fn outcome(bytes: &[u8], options: &ReadOptions) -> Result<Vec<String>, String> {
    read(bytes, options).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_gives_the_same_rows_for_any_chunk_size(
        bytes in garbage(), options in any_options(), header in any::<bool>(), chunk in 1..40usize,
    ) {
        let delimiter = if options.format == Format::Tsv { "a\t1\n" } else { "a,1\n" };
        let mut all = if header { delimiter.as_bytes().to_vec() } else { Vec::new() };
        all.extend(bytes);
        let whole = outcome(&all, &options);
        for chunk_bytes in [1, chunk] {
            prop_assert_eq!(&outcome(&all, &ReadOptions { chunk_bytes, ..options.clone() }), &whole);
        }
    }

    #[test]
    fn tables_of_another_writer_come_back(
        table in prop::collection::vec(prop::collection::vec(cell(), 3), 0..12),
        encoding in prop::sample::select(TextEncoding::ALL.to_vec()),
        always in any::<bool>(),
        crlf in any::<bool>(),
        tabs in any::<bool>(),
        chunk_bytes in 1..300usize,
    ) {
        let mut writer = csv::WriterBuilder::new()
            .quote_style(if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .delimiter(if tabs { b'\t' } else { b',' })
            .from_writer(Vec::new());
        writer.write_record(["番号", "氏名", "b"]).expect("written");
        for row in &table {
            writer.write_record(row).expect("written");
        }
        let utf8 = String::from_utf8(writer.into_inner().expect("written")).expect("text");
        let bytes = match encoding {
            TextEncoding::Utf8 => utf8.into_bytes(),
            TextEncoding::Cp932 => encoding_rs::SHIFT_JIS.encode(&utf8).0.into_owned(),
            TextEncoding::EucJp => encoding_rs::EUC_JP.encode(&utf8).0.into_owned(),
            TextEncoding::Utf16 => unreachable!("it is none of ALL"),
        };
        let options = ReadOptions {
            encoding,
            format: if tabs { Format::Tsv } else { Format::Csv },
            delimiter: if tabs { b'\t' } else { b',' },
            required: vec![],
            chunk_bytes,
            ..super::csv(&["番号", "氏名", "b"])
        };
        let rows: Vec<String> = outcome(&bytes, &options).expect("rows").iter()
            .map(|row| row.split_once(": ").map(|(_, values)| values.to_string()).unwrap_or(row.clone()))
            .collect();
        let show = |value: &String| if value.is_empty() { "-".to_string() } else { value.clone() };
        let expected: Vec<String> =
            table.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join("|")).collect();
        prop_assert_eq!(rows, expected);
    }
}
