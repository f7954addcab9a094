//! Excel workbooks.
//!
//! In: the bytes of an `.xlsx` file. Out: the rows of one of its sheets as CSV.
//!
//! Why not a reader that exists: calamine 0.38.0 asks for as much memory as `uniqueCount` of the shared strings says, and
//! copies the name of a font for every style, so that a workbook of 5 KB ends the process. It takes the spaces off the
//! ends of texts that carry no `xml:space`, and reads every number as a float. Here the digits of a number stay, and
//! memory is bounded. The tests hold both readers side by side.

mod beginning;
mod format;
mod package;
mod sheet;
mod value;
mod xml;

use crate::archive::list;
use crate::output::Csv;
use crate::{Problem, Text};
pub use beginning::{SheetBeginning, xlsx_beginnings};
use package::Package;
use sheet::{Row, Sheet, Workbook, cell};

/// What `.xls`, and `.xlsx` with a password, begin with: a compound file (MS-CFB, 2.2).
const COMPOUND_FILE: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// The rows of a sheet of an Excel workbook (`.xlsx`, `.xlsm`) as CSV.
///
/// `sheet` is a name; without one the first sheet that is not hidden is read. `header_line` is the row of the header as
/// Excel numbers it, from 1; rows above it are left out. 0 says that there is no header: the first row is data, and rows
/// are as wide as the widest. `limit` is the most bytes that the parts of the workbook unpack to together, and the most
/// bytes of the CSV.
///
/// - **Text** stays as it is, with the spaces at its ends. Furigana, which Excel keeps beside a text, are left out.
/// - **Numbers** have no exponent and no needless zeros: `9012345678`, `1.5`. Digits behind the fifteenth of a fraction
///   are rounded, as Excel shows it. Zeros in front are there if the format has them and nothing but zeros, `#`, spaces,
///   hyphens and brackets: 7 in `00000` is `00007`, and 640941 in `000-0000` is `064-0941`. Other formats do not show:
///   50% is `0.5`.
/// - **Dates** are `2026-01-31`, `2026-01-31 09:30:15` or `09:30:15`, rounded to the second, in both date systems of
///   Excel and in its Japanese formats. Durations (`[h]:mm`) are `26:30:00`. Excel's 29th of February 1900 is
///   `1900-02-29`. A negative number in a date format stays a number.
/// - **Booleans** are `true` and `false`.
/// - **Errors** such as `#N/A` are empty, and counted in a warning.
/// - **Formulas** at or below the header are a problem: whether the value beside one is current cannot be known.
/// - **Rows** without a value are left out, so that [`Text::rows`] says which row of the sheet each is; rows that a filter hides are not. Short rows are filled up to the width of
///   the header. A value beyond the header is a problem. Of merged cells the first has the value, the others are empty.
pub fn xlsx(bytes: &[u8], sheet: Option<&str>, header_line: usize, limit: usize) -> Result<Text, Problem> {
    if bytes.starts_with(&COMPOUND_FILE) {
        return Err(compound_file(bytes));
    }
    let mut package = Package::open(bytes, limit)?;
    let (name, part) = choose(&package, sheet)?;
    let workbook =
        Workbook { strings: package.strings()?, formats: package.formats()?, is_1904: package.is_1904, limit };
    let text = package.part(&part)?.ok_or_else(|| damaged(&part))?;
    drop(package);
    let rows = || Rows { sheet: Sheet::new(&text, &name, &workbook), header_line };
    let survey = Survey::read(rows(), &name)?;
    let mut csv = Csv::new("the workbook", limit);
    let mut rows = rows();
    let mut numbers = Vec::new();
    while let Some(row) = rows.next()? {
        numbers.push(row.number);
        let mut cells = row.cells.iter().peekable();
        csv.write(
            (1..=survey.width)
                .map(|column| cells.next_if(|(found, _)| *found == column).map_or("", |(_, text)| text.as_str())),
        )?;
    }
    if header_line > 0 && !numbers.is_empty() {
        numbers.remove(0);
    }
    Ok(Text { bytes: csv.into_bytes()?, warnings: survey.warnings(&name), bad: Vec::new(), rows: numbers })
}

/// The rows from the header on that have a value.
struct Rows<'a> {
    sheet: Sheet<'a>,
    header_line: usize,
}

impl Rows<'_> {
    fn next(&mut self) -> Result<Option<Row>, Problem> {
        while let Some(row) = self.sheet.next()? {
            let says_something = !(row.cells.is_empty() && row.formulas.is_empty() && row.errors.is_empty());
            if row.number >= self.header_line && says_something {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

/// Cells of a kind: how many, and the first.
#[derive(Default)]
struct Cells {
    count: usize,
    first: String,
}

impl Cells {
    fn add(&mut self, columns: &[usize], row: usize) {
        if let (0, Some(column)) = (self.count, columns.first()) {
            self.first = cell(*column, row);
        }
        self.count += columns.len();
    }
}

/// What has to be known of all rows before the first is written.
#[derive(Default)]
struct Survey {
    width: usize,
    errors: Cells,
    long: Cells,
}

impl Survey {
    fn read(mut rows: Rows<'_>, name: &str) -> Result<Self, Problem> {
        let mut survey = Survey::default();
        let (mut formulas, mut beyond) = (Cells::default(), Cells::default());
        let mut is_first = true;
        let has_header = rows.header_line > 0;
        while let Some(row) = rows.next()? {
            if has_header && is_first && row.number != rows.header_line {
                break;
            }
            formulas.add(&row.formulas, row.number);
            survey.errors.add(&row.errors, row.number);
            survey.long.add(&row.long, row.number);
            let last = row.cells.last().map_or(0, |(column, _)| *column);
            if !has_header || is_first {
                survey.width = survey.width.max(last);
            } else {
                let columns: Vec<usize> =
                    row.cells.iter().map(|(column, _)| *column).filter(|column| *column > survey.width).collect();
                beyond.add(&columns, row.number);
            }
            is_first = false;
        }
        if formulas.count > 0 {
            return Err(Problem::new(
                format!("sheet {name}, cell {}: a formula, {} in the sheet", formulas.first, formulas.count),
                "whether its value is current cannot be known: copy the sheet, paste values only, and save that",
            ));
        }
        if survey.width == 0 && has_header {
            return Err(Problem::new(
                format!("sheet {name}, row {}: the header is empty", rows.header_line),
                "state the row that has the names of the columns as `header:`",
            ));
        }
        if beyond.count > 0 {
            return Err(Problem::new(
                format!(
                    "sheet {name}, cell {}: a value to the right of the header's last column, {} in the sheet",
                    beyond.first, beyond.count
                ),
                "name the column in the header, or clear the cells",
            ));
        }
        Ok(survey)
    }

    fn warnings(&self, name: &str) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.errors.count > 0 {
            warnings.push(format!(
                "sheet {name}: {} cells have an error such as #N/A and are read as empty; the first is {}",
                self.errors.count, self.errors.first
            ));
        }
        if self.long.count > 0 {
            warnings.push(format!(
                "sheet {name}: {} cells are numbers of more than {} digits, of which Excel loses the last; the first is {}",
                self.long.count,
                value::DIGITS,
                self.long.first
            ));
        }
        warnings
    }
}

/// The name and the part of the sheet to read.
fn choose(package: &Package<'_>, sheet: Option<&str>) -> Result<(String, String), Problem> {
    let found = match sheet {
        Some(name) => package.sheets.iter().find(|sheet| sheet.name == name),
        None => package.sheets.iter().find(|sheet| sheet.visible),
    };
    let names: Vec<&str> = package.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    found.map(|sheet| (sheet.name.clone(), sheet.part.clone())).ok_or_else(|| {
        let sentence = match sheet {
            Some(name) => format!("the workbook has no sheet {name}"),
            None => "the workbook has no sheet that is not hidden".to_string(),
        };
        Problem::new(sentence, format!("its sheets, for `sheet:`: {}", list(&names)))
    })
}

/// What a compound file is: a workbook with a password, or one of Excel 97.
fn compound_file(bytes: &[u8]) -> Problem {
    // The directory of the file names its streams in UTF-16.
    let encrypted: Vec<u8> = "EncryptedPackage".bytes().flat_map(|byte| [byte, 0]).collect();
    if bytes.windows(encrypted.len()).any(|window| window == encrypted) {
        Problem::new("the workbook is encrypted", "save it in Excel without a password to open it")
    } else {
        Problem::new("the workbook is of Excel 97 (.xls)", "save it in Excel as .xlsx, or export CSV")
    }
}

fn damaged(place: &str) -> Problem {
    Problem::new(format!("the workbook is damaged: {place}"), "open it in Excel and save it again, or export CSV")
}
