//! Workbooks of other writers, and ones that no writer makes.

use nayose_formats::xlsx;

use crate::support::{
    DATES_1904, ENCRYPTED, FORMULA, JAPANESE, LIMIT, MEMBERS, WINDOWS_ZIP, check, patched, shown, zipped,
};

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// `JAPANESE` with its rows rewritten.
fn with_rows(rows: &str) -> Vec<u8> {
    patched(
        JAPANESE,
        &[(SHEET, &|sheet| {
            let (start, end) = (sheet.find("<sheetData>").unwrap(), sheet.find("</sheetData>").unwrap());
            format!("{}<sheetData>{rows}{}", &sheet[..start], &sheet[end..])
        })],
    )
}

#[test]
fn the_first_sheet_that_is_not_hidden_is_read_from_its_header_on() {
    let text = xlsx(MEMBERS, None, 3, LIMIT).unwrap();
    assert_eq!(
        String::from_utf8(text.bytes).unwrap(),
        "会員番号,氏名,電話,店番,登録日,更新,開店,有効,率,備考\n\
         00012, 佐藤 花子 ,9012345678,00007,2026-01-31,2026-01-31 09:30:15,09:30:15,true,1.5,\"a,\"\"b\"\"\nc\"\n\
         00013,鈴木,312345678,12345,1900-01-01,1999-12-31 23:59:59,00:00:00,false,0.1,\n\
         1E5,,1e+21,-7,1900-03-01,,,,1.234567890123457e+16,\n"
    );
    assert_eq!(
        text.warnings,
        [
            "sheet 会員: 1 cells have an error such as #N/A and are read as empty; the first is J6",
            "sheet 会員: 2 cells are numbers of more than 15 digits, of which Excel loses the last; the first is C7",
        ]
    );
}

#[test]
fn a_hidden_sheet_is_read_by_its_name_and_an_unknown_one_names_the_others() {
    assert_eq!(shown(xlsx(MEMBERS, Some("設定"), 1, LIMIT)), "hidden\n");
    assert_eq!(
        shown(xlsx(MEMBERS, Some("会員 "), 1, LIMIT)),
        "the workbook has no sheet 会員 \nhint: its sheets, for `sheet:`: 設定, 会員"
    );
}

#[test]
fn names_come_without_their_furigana_and_dates_out_of_japanese_formats() {
    assert_eq!(
        shown(xlsx(JAPANESE, None, 1, LIMIT)),
        "氏名,生年月日\n佐藤花子,1980-03-05\n髙橋 太郎,1980-03-05\n東京都,1980-03-05\n田中,1980-03-05\n"
    );
}

#[test]
fn dates_of_the_1904_system_are_the_same_dates() {
    assert_eq!(shown(xlsx(DATES_1904, None, 1, LIMIT)), "日付\n2026-01-31\n1904-01-02\n12:00:00\n");
}

#[test]
fn a_formula_is_refused_with_its_cell() {
    assert_eq!(
        shown(xlsx(FORMULA, None, 1, LIMIT)),
        "sheet 売上, cell C2: a formula, 1 in the sheet\nhint: whether its value is current cannot be known: copy the sheet, paste values only, and save that"
    );
}

#[test]
fn files_that_are_no_xlsx_say_what_they_are() {
    let mut xls = ENCRYPTED[..512].to_vec();
    xls.resize(1024, 0);
    check(
        [
            ("encrypted", ENCRYPTED, "the workbook is encrypted"),
            ("xls", &xls, "the workbook is of Excel 97 (.xls)"),
            ("zip", WINDOWS_ZIP, "the archive is no .xlsx workbook"),
            ("csv", b"a,b\n", "the archive is damaged"),
        ]
        .map(|(case, bytes, wanted)| {
            (case.to_string(), xlsx(bytes, None, 1, LIMIT).unwrap_err().sentence, wanted.to_string())
        }),
    );
}

#[test]
fn cells_are_read_as_other_writers_write_them() {
    check(
        [
            ("no positions", "<row><c t=\"inlineStr\"><is><t>a</t></is></c></row><row><c><v>1</v></c></row>", "a\n1\n"),
            ("an inline text in v", "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><v>a</v></c></row>", "a\n"),
            ("a prefix", "<x:row r=\"1\"><x:c r=\"A1\" t=\"str\"><x:v>a</x:v></x:c></x:row>", "a\n"),
            ("spaces without xml:space", "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t> a </t></is></c></row>", " a \n"),
            ("entities", "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>&lt;&#x3042;<![CDATA[&]]></v></c></row>", "<あ&\n"),
            ("an escape", "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>a_x0041_b_x_</v></c></row>", "aAb_x_\n"),
            ("inline furigana", "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>東</t><rPh sb=\"0\" eb=\"1\"><t>ヒガシ</t></rPh></is></c></row>", "東\n"),
            ("a boolean", "<row r=\"1\"><c r=\"A1\" t=\"b\"><v>true</v></c></row>", "true\n"),
            ("an ISO date", "<row r=\"1\"><c r=\"A1\" t=\"d\"><v>2026-01-31T00:00:00.000</v></c><c r=\"B1\" t=\"d\"><v>2026-01-31T09:30:15</v></c></row>", "2026-01-31,2026-01-31 09:30:15\n"),
            ("digits that no float holds", "<row r=\"1\"><c r=\"A1\"><v>9007199254740993</v></c></row>", "9007199254740993\n"),
            ("an exponent", "<row r=\"1\"><c r=\"A1\"><v>9.012345678E9</v></c></row>", "9012345678\n"),
            ("columns of two letters", "<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"AB1\"><v>2</v></c></row>", &format!("1{}2\n", ",".repeat(27))),
            ("a shared formula", "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"2\"><c r=\"A2\"><f t=\"shared\" si=\"99999999999\"/><v>1</v></c></row>", "sheet Sheet, cell A2: a formula, 1 in the sheet\nhint: whether its value is current cannot be known: copy the sheet, paste values only, and save that"),
        ]
        .map(|(case, rows, wanted)| (case.to_string(), shown(xlsx(&with_rows(rows), None, 1, LIMIT)), wanted.to_string())),
    );
}

#[test]
fn cells_in_no_order_or_outside_a_sheet_are_damage() {
    check(
        [
            ("a row twice", "<row r=\"1\"/><row r=\"1\"/>", "sheet Sheet, behind row 1"),
            ("a cell twice", "<row r=\"1\"><c r=\"A1\"/><c r=\"A1\"/></row>", "sheet Sheet, in row 1"),
            ("a cell of another row", "<row r=\"1\"><c r=\"A2\"/></row>", "sheet Sheet, in row 1"),
            ("a row beyond the last", "<row r=\"1048577\"/>", "sheet Sheet, behind row 0"),
            ("a column beyond the last", "<row r=\"1\"><c r=\"XFE1\"/></row>", "sheet Sheet, in row 1"),
            ("a column of many letters", "<row r=\"1\"><c r=\"AAAAAAAAAAAAAAA1\"/></row>", "sheet Sheet, in row 1"),
            ("a string that is not there", "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>99</v></c></row>", "sheet Sheet, A1"),
            ("a kind that is none", "<row r=\"1\"><c r=\"A1\" t=\"x\"><v>1</v></c></row>", "sheet Sheet, A1"),
            ("a row without an end", "<row r=\"1\"><c r=\"A1\"><v>1</v>", "sheet Sheet"),
        ]
        .map(|(case, rows, place)| {
            let sentence = xlsx(&with_rows(rows), None, 1, LIMIT).unwrap_err().sentence;
            (case.to_string(), sentence, format!("the workbook is damaged: {place}"))
        }),
    );
}

#[test]
fn sizes_that_a_workbook_declares_are_not_believed() {
    let unique = patched(
        JAPANESE,
        &[("xl/sharedStrings.xml", &|text| text.replace("<sst ", "<sst uniqueCount=\"9000000000000000000\" "))],
    );
    let fonts = patched(
        JAPANESE,
        &[("xl/styles.xml", &|text| {
            let font = format!("<fonts><font><name val=\"{}\"/></font></fonts><cellXfs>", "A".repeat(1_000_000));
            text.replace("<cellXfs", "<cellXfs_")
                .replace(
                    "</styleSheet>",
                    &format!("{font}{}</cellXfs></styleSheet>", "<xf fontId=\"0\"/>".repeat(20_000)),
                )
                .replace("cellXfs_ ", "ignored ")
                .replacen("</cellXfs>", "</ignored>", 1)
        })],
    );
    let range = patched(JAPANESE, &[(SHEET, &|text| text.replace("A1:B5", "A1:XFD1048576"))]);
    for bytes in [unique, fonts, range] {
        assert!(shown(xlsx(&bytes, None, 1, LIMIT)).starts_with("氏名,生年月日\n佐藤花子,"));
    }
}

#[test]
fn what_unpacks_to_more_than_the_limit_is_refused() {
    let wide = format!("<row r=\"1\"><c r=\"XFD1\"><v>1</v></c></row>{}", "<row><c><v>1</v></c></row>".repeat(1000));
    let repeated = format!("<row r=\"1\">{}</row>", (0..1000).map(|_| "<c t=\"s\"><v>0</v></c>").collect::<String>());
    let long_string = patched(
        &with_rows(&repeated),
        &[("xl/sharedStrings.xml", &|text| text.replacen("氏名", &"x".repeat(100_000), 1))],
    );
    let parts = zipped(&[("_rels/.rels", &[b' '; 2_000_000])]);
    check([("wide rows", with_rows(&wide)), ("a string in many cells", long_string), ("a part", parts)].map(
        |(case, bytes)| {
            let sentence = xlsx(&bytes, None, 1, 1_000_000).map(|_| ()).unwrap_err().sentence;
            (case.to_string(), sentence.ends_with(" unpacks to more than 1000000 bytes"), true)
        },
    ));
    assert!(xlsx(MEMBERS, None, 3, LIMIT).is_ok());
    assert!(xlsx(MEMBERS, None, 3, 6_000).is_err(), "the parts of a workbook count together");
}
