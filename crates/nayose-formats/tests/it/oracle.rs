//! Our reader beside calamine's: the same cells, where calamine does not change them on purpose.

use std::io::Cursor;

use calamine::{DataRef, Reader, Xlsx};
use nayose_formats::xlsx;
use rust_xlsxwriter::{Format, Workbook};

use crate::support::{DATES_1904, JAPANESE, LIMIT, MEMBERS, check, shown};

/// The rows of a sheet as calamine reads them.
fn calamine_rows(bytes: &[u8], sheet: &str, header_line: u32) -> Vec<Vec<String>> {
    let mut book = Xlsx::new(Cursor::new(bytes)).unwrap();
    let mut cells = book.worksheet_cells_reader(sheet).unwrap();
    let mut rows: Vec<(u32, Vec<(u32, String)>)> = Vec::new();
    while let Some(cell) = cells.next_cell().unwrap() {
        let (row, column) = cell.get_position();
        let text = match cell.get_value() {
            DataRef::Float(value) => value.to_string(),
            DataRef::String(text) => text.clone(),
            DataRef::SharedString(text) => text.to_string(),
            DataRef::Bool(value) => value.to_string(),
            DataRef::DateTime(value) => {
                let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
            }
            _ => continue,
        };
        if row + 1 >= header_line {
            match rows.last_mut() {
                Some((last, cells)) if *last == row => cells.push((column, text)),
                _ => rows.push((row, vec![(column, text)])),
            }
        }
    }
    rows.into_iter().map(|(_, cells)| cells.into_iter().map(|(_, text)| text).collect()).collect()
}

/// Our rows, without empty cells, and as calamine spells them.
fn our_rows(bytes: &[u8], sheet: &str, header_line: usize) -> Vec<Vec<String>> {
    let csv = shown(xlsx(bytes, Some(sheet), header_line, LIMIT));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        record.iter().filter(|text| !text.is_empty()).map(str::to_string).collect()
    });
    rows.collect()
}

/// Whether a cell is the same: calamine has a time for every date, a date for every time, no zeros in front, and makes digits up that an
/// exponent has not.
fn is_same(ours: &str, theirs: &str) -> bool {
    ours == theirs
        || format!("{ours} 00:00:00") == theirs
        || theirs.strip_prefix("1899-12-31 ") == Some(ours)
        || theirs.strip_prefix("1904-01-01 ") == Some(ours)
        || ours.trim_start_matches('0') == theirs
        || ours.trim_matches([' ', '\n']) == theirs
        || (ours.contains("e+") && ours.parse::<f64>().is_ok_and(|value| value.to_string() == theirs))
}

#[test]
fn both_readers_see_the_same_cells() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("S").unwrap();
    sheet.write(0, 0, "v").unwrap();
    let date = Format::new().set_num_format("yyyy/m/d h:mm:ss");
    for index in 0..3000_u32 {
        // Days over four centuries, at all times of the day.
        let day = 61.0 + f64::from(index) * 48.7 + f64::from(index % 97) / 97.0;
        sheet.write_number_with_format(index + 1, 0, (day * 86_400.0).round() / 86_400.0, &date).unwrap();
    }
    let many = book.save_to_buffer().unwrap();
    let mut cases = Vec::new();
    for (bytes, sheet, header_line) in
        [(MEMBERS, "会員", 3), (JAPANESE, "Sheet", 1), (DATES_1904, "Sheet", 1), (&many[..], "S", 1)]
    {
        let (ours, theirs) = (our_rows(bytes, sheet, header_line), calamine_rows(bytes, sheet, header_line as u32));
        cases.push((format!("rows of {sheet}"), ours.len().to_string(), theirs.len().to_string()));
        for (row, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let same =
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs));
            let wanted = if same { ours } else { theirs };
            cases.push((format!("{sheet}, row {row}"), ours.join("|"), wanted.join("|")));
        }
    }
    check(cases);
}
