//! Which sheet of a workbook has the data: the beginnings of its sheets in, one of them out.
//!
//! Workbooks begin with a cover, a legend or a README, and end with lists of codes. The data are the sheet with a header that
//! means something and with most cells.

use crate::Sample;
use crate::columns::meanings;
use crate::meaning::Kind;
use crate::shape::{self, Form};

/// The sheet that has the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetChoice {
    /// Its place among the sheets.
    pub place: usize,
    /// The line of its header, if it has one.
    pub header: Option<usize>,
    /// Places of other sheets that look like data of people or of events too.
    pub others: Vec<usize>,
}

/// Columns that must mean something where a sheet has data: one word is known by chance.
const FEWEST: usize = 2;

/// The sheet with the data among the beginnings of all sheets; none where there is no sheet.
pub fn sheet_with_data(sheets: &[Sample<'_>]) -> Option<SheetChoice> {
    let looks: Vec<(Option<usize>, usize, usize)> = sheets.iter().map(look).collect();
    let rank = |place: &usize| {
        let (header, known, cells) = looks[*place];
        (known >= FEWEST && header.is_some(), cells, std::cmp::Reverse(*place))
    };
    let place = (0..looks.len()).max_by_key(rank)?;
    let is_data = |other: &usize| *other != place && looks[*other].1 > FEWEST && looks[*other].0.is_some();
    let others = (0..looks.len()).filter(is_data).collect();
    Some(SheetChoice { place, header: looks[place].0, others })
}

/// Of a sheet: the line of the header, columns that mean something, and filled cells of the table.
fn look(sheet: &Sample<'_>) -> (Option<usize>, usize, usize) {
    let (shape, tables) = shape::read(sheet);
    let (Form::Delimited(form), Some(table)) = (&shape.form.value, tables.into_iter().next()) else {
        return (None, 0, 0);
    };
    let cells = (0..table.columns.len()).map(|column| table.filled(column).count()).sum();
    let found = meanings(table, true);
    let known = found.columns.iter().filter(|column| column.meaning.kind != Kind::Unused).count();
    (form.header.value, known, cells)
}
