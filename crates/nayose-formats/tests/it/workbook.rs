//! Workbooks that rust_xlsxwriter writes: cells, formats, headers.

use nayose_formats::{xlsx, xlsx_beginnings};
use rust_xlsxwriter::{Format, Formula, Workbook, Worksheet};

use crate::support::{LIMIT, check, shown};

/// A workbook of one sheet `名簿`.
fn workbook(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("名簿").unwrap();
    fill(sheet);
    book.save_to_buffer().unwrap()
}

/// What a number in a format is read as.
fn number(value: f64, format: &str) -> String {
    let bytes = workbook(|sheet| {
        sheet.write(0, 0, "v").unwrap();
        sheet.write_number_with_format(1, 0, value, &Format::new().set_num_format(format)).unwrap();
    });
    shown(xlsx(&bytes, None, 1, LIMIT)).trim_start_matches("v\n").trim_end().to_string()
}

#[test]
fn numbers_have_no_exponent_and_no_needless_zeros() {
    check(
        [
            (9_012_345_678.0, "General", "9012345678"),
            (1.5, "General", "1.5"),
            (1.1, "0.00", "1.1"),
            (0.1 + 0.2, "General", "0.3"),
            (-7.0, "General", "-7"),
            (0.0, "General", "0"),
            (1e21, "0.00E+00", "1000000000000000000000"),
            (1e-7, "General", "0.0000001"),
            (0.5, "0%", "0.5"),
            (1200.0, "#,##0\"円\"", "1200"),
            (1200.0, "[$¥-411]#,##0;[Red]-[$¥-411]#,##0", "1200"),
            (1200.0, "\"d\"0", "1200"),
            (1200.0, "G/標準", "1200"),
        ]
        .map(|(value, format, wanted)| (format!("{value} in {format}"), number(value, format), wanted.to_string())),
    );
}

#[test]
fn zeros_in_front_are_there_if_the_format_has_them() {
    check(
        [
            (7.0, "00000", "00007"),
            (123_456.0, "00000", "123456"),
            (7.0, "0", "7"),
            (640_941.0, "000-0000", "064-0941"),
            (640_941.0, "[<=999]000;[<=9999]000\\-00;000\\-0000", "064-0941"),
            (64.0, "[<=999]000;[<=9999]000\\-00;000\\-0000", "064"),
            (312_345_678.0, "[<=99999999]####\\-####;\\(00\\)\\ ####\\-####", "(03) 1234-5678"),
            (1.5, "00000", "1.5"),
            (-7.0, "00000", "-7"),
        ]
        .map(|(value, format, wanted)| (format!("{value} in {format}"), number(value, format), wanted.to_string())),
    );
}

#[test]
fn dates_times_and_durations_are_iso() {
    check(
        [
            (46_053.0, "yyyy/m/d", "2026-01-31"),
            (46_053.0, "[$-411]ge.m.d;@", "2026-01-31"),
            (46_053.0, "[$-411]ggge\"年\"", "2026-01-31"),
            (46_053.0, "aaaa", "2026-01-31"),
            (46_053.0, "m\"月\"", "2026-01-31"),
            (46_053.396_006_944_4, "yyyy/m/d h:mm", "2026-01-31 09:30:15"),
            (46_052.999_999_999, "yyyy/m/d h:mm", "2026-01-31"),
            (46_053.5, "[$-F800]dddd, mmmm dd, yyyy", "2026-01-31 12:00:00"),
            (0.396_006_944_4, "h:mm", "09:30:15"),
            (0.75, "h:mm AM/PM", "18:00:00"),
            (0.0, "h:mm", "00:00:00"),
            (1.104_166_667, "[h]:mm", "26:30:00"),
            (0.5, "mm:ss.0", "12:00:00"),
            (1.0, "yyyy/m/d", "1900-01-01"),
            (59.0, "yyyy/m/d", "1900-02-28"),
            (60.0, "yyyy/m/d", "1900-02-29"),
            (61.0, "yyyy/m/d", "1900-03-01"),
            (36_585.0, "yyyy/m/d", "2000-02-29"),
            (73_109.0, "yyyy/m/d", "2100-02-28"),
            (73_110.0, "yyyy/m/d", "2100-03-01"),
            (2_958_465.0, "yyyy/m/d", "9999-12-31"),
            (2_958_466.0, "yyyy/m/d", "2958466"),
            (-1.0, "yyyy/m/d", "-1"),
        ]
        .map(|(value, format, wanted)| (format!("{value} in {format}"), number(value, format), wanted.to_string())),
    );
}

#[test]
fn text_stays_as_it_is() {
    let bytes = workbook(|sheet| {
        for (row, text) in ["氏名", " 00012 ", "a,\"b\"", "二\n行", "_x000D_", "<&>", "1E5"].into_iter().enumerate()
        {
            sheet.write_string(row as u32, 0, text).unwrap();
        }
        let bold = Format::new().set_bold();
        sheet.write_rich_string(7, 0, &[(&bold, "髙"), (&Format::new(), " 橋")]).unwrap();
        sheet.write_boolean(8, 0, true).unwrap();
    });
    assert_eq!(
        shown(xlsx(&bytes, Some("名簿"), 1, LIMIT)),
        "氏名\n 00012 \n\"a,\"\"b\"\"\"\n\"二\n行\"\n_x000D_\n<&>\n1E5\n髙 橋\ntrue\n"
    );
}

#[test]
fn rows_are_filled_up_to_the_header_and_blank_ones_are_left_out() {
    let bytes = workbook(|sheet| {
        sheet.write(0, 0, "名簿の題").unwrap();
        sheet.merge_range(2, 0, 2, 1, "氏名", &Format::new()).unwrap();
        sheet.write(2, 3, "電話").unwrap();
        sheet.write(3, 1, "花子").unwrap();
        sheet.write_blank(4, 20, &Format::new().set_bold()).unwrap();
        sheet.write(6, 3, "0312345678").unwrap();
        sheet.set_row_hidden(6).unwrap();
    });
    assert_eq!(shown(xlsx(&bytes, None, 3, LIMIT)), "氏名,,,電話\n,花子,,\n,,,0312345678\n");
    assert_eq!(shown(xlsx(&bytes, None, 0, LIMIT)), "名簿の題,,,\n氏名,,,電話\n,花子,,\n,,,0312345678\n");
    assert_eq!(
        shown(xlsx(&bytes, None, 2, LIMIT)),
        "sheet 名簿, row 2: the header is empty\nhint: state the row that has the names of the columns as `header:`"
    );
    assert_eq!(
        shown(xlsx(&bytes, None, 1, LIMIT)),
        "sheet 名簿, cell D3: a value to the right of the header's last column, 3 in the sheet\nhint: name the column in the header, or clear the cells"
    );
}

#[test]
fn formulas_are_refused_at_and_below_the_header_only() {
    let bytes = workbook(|sheet| {
        sheet.write_formula(0, 0, "=TODAY()").unwrap();
        sheet.write(1, 0, "単価").unwrap();
        sheet.write(1, 1, "金額").unwrap();
        sheet.write(2, 0, 1).unwrap();
        sheet.write_array_formula(2, 1, 3, 1, "=A3:A4*2").unwrap();
    });
    let problem = xlsx(&bytes, None, 2, LIMIT).unwrap_err();
    assert!(problem.sentence.starts_with("sheet 名簿, cell B3: a formula, "), "{problem}");
    let title = workbook(|sheet| {
        sheet.write_formula(0, 0, "=TODAY()").unwrap();
        sheet.write(1, 0, "単価").unwrap();
    });
    assert_eq!(shown(xlsx(&title, None, 2, LIMIT)), "単価\n");
}

#[test]
fn rows_are_told_by_their_numbers_in_the_sheet() {
    let bytes = workbook(|sheet| {
        sheet.write(0, 0, "名簿").unwrap();
        for (row, name) in [(2, "氏名"), (3, "佐藤\n花子"), (6, "鈴木"), (9, "田中")] {
            sheet.write(row, 0, name).unwrap();
        }
    });
    let text = xlsx(&bytes, None, 3, LIMIT).unwrap();
    assert_eq!(text.rows, [4, 7, 10]);
    // Without a header the first row is data too.
    assert_eq!(xlsx(&bytes, None, 0, LIMIT).unwrap().rows, [1, 3, 4, 7, 10]);
}

#[test]
fn all_sheets_begin_with_their_rows_in_their_lines() {
    let mut book = Workbook::new();
    let cover = book.add_worksheet().set_name("表紙").unwrap();
    cover.write(1, 1, "会員名簿").unwrap();
    book.add_worksheet().set_name("設定").unwrap().set_hidden(true);
    let data = book.add_worksheet().set_name("会員").unwrap();
    data.write(0, 0, "一覧").unwrap();
    data.write(2, 0, "番号").unwrap();
    data.write(2, 1, "住所").unwrap();
    data.write(3, 1, "新宿区\n1-2-3").unwrap();
    data.write_formula(3, 0, Formula::new("=1+1").set_result("2")).unwrap();
    data.write(5, 0, "x").unwrap();
    book.add_worksheet().set_name("空").unwrap();
    let sheets = xlsx_beginnings(&book.save_to_buffer().unwrap(), 4, LIMIT).unwrap();
    let shown: Vec<(&str, String, bool)> = sheets
        .iter()
        .map(|s| (s.name.as_str(), String::from_utf8(s.text.clone().unwrap()).unwrap(), s.whole))
        .collect();
    assert_eq!(
        shown,
        [
            ("表紙", ",\n,会員名簿\n".to_string(), true),
            ("会員", "一覧,\n,\n番号,住所\n2,新宿区 1-2-3\n".to_string(), false),
            ("空", String::new(), true),
        ]
    );
}
