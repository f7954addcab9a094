//! Delimited text: which delimiter, quoting and header line fit best, and the rows.

use csv::{ReaderBuilder, StringRecord};
use serde::Serialize;

use crate::found::Found;
use crate::header;
use crate::rows::Table;

/// How a text is divided into cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delimited {
    /// Between two cells.
    pub delimiter: Found<char>,
    /// Whether cells stand in quotes.
    pub quoting: Found<Quoting>,
    /// The line of the header, from 1; `None` where the first row is data already.
    pub header: Found<Option<usize>>,
}

/// Which cells stand in double quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quoting {
    /// All.
    Always,
    /// Those that need it.
    WhereNeeded,
    /// None; a quote is a character like others.
    Never,
}

/// Delimiters that are tried, the usual first.
const DELIMITERS: [(char, &str); 4] = [(',', "comma"), ('\t', "tab"), (';', "semicolon"), ('|', "pipe")];

/// The most cells of a row: exports of answers to long questionnaires have some hundreds.
const WIDEST: usize = 4000;

/// Rows that decide: more tell nothing new.
const ROWS: usize = 200;

/// Rows that are kept for the meaning of columns.
const ROWS_KEPT: usize = 2000;

/// Lines of a cell from which a quote may have been left open: addresses and notes have fewer.
const LINES: usize = 30;

/// Open quotes that are looked for: a file with more of them has quotes that are characters like others.
const OPEN: usize = 50;

/// Records of a text with the line on which each begins.
fn records(text: &str, delimiter: char, quotes: bool, whole: bool, limit: usize) -> Vec<(usize, StringRecord)> {
    records_and_open(text, delimiter, quotes, whole, limit).0
}

/// Records, and the lines on which a quote is opened that nobody closes: it would swallow the rest, and its line is left out.
fn records_and_open(
    text: &str,
    delimiter: char,
    quotes: bool,
    whole: bool,
    limit: usize,
) -> (Vec<(usize, StringRecord)>, Vec<usize>) {
    let (mut out, mut open) = (Vec::new(), Vec::new());
    let mut begin = (0, 1);
    while let Some((at, line)) = read_on(text, begin, (delimiter, quotes, whole), limit, &mut out, open.len() < OPEN) {
        open.push(line);
        let length = text[at..].find('\n').map_or(text.len() - at, |end| end + 1);
        begin = (at + length, line + 1);
    }
    // The last row of a cut sample is cut too, unless the reading ended before it.
    if !whole && out.len() > 1 && out.len() < limit {
        out.pop();
    }
    (out, open)
}

/// Reads on from a byte and its line; the place of a record that an open quote swallowed.
fn read_on(
    text: &str,
    (begin, mut line): (usize, usize),
    (delimiter, quotes, whole): (char, bool, bool),
    limit: usize,
    out: &mut Vec<(usize, StringRecord)>,
    looks_for_open: bool,
) -> Option<(usize, usize)> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter as u8)
        .quoting(quotes)
        .has_headers(false)
        .flexible(true)
        .from_reader(&text.as_bytes()[begin..]);
    let mut counted = begin;
    let mut record = StringRecord::new();
    while out.len() < limit && matches!(reader.read_record(&mut record), Ok(true)) {
        // The position is before empty lines, which are no records.
        let from = record.position().and_then(|p| usize::try_from(p.byte()).ok()).map_or(counted, |at| begin + at);
        let start = from + text[from..].bytes().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        line += text[counted..start].matches('\n').count();
        counted = start;
        let end = usize::try_from(reader.position().byte()).map_or(text.len(), |at| (begin + at).min(text.len()));
        let inside = text[start..end].trim_end();
        let lines = inside.matches('\n').count();
        let width = out.last().map_or(record.len(), |(_, last)| last.len());
        let to_the_end = whole && end == text.len() && text[start..end].matches('"').count() % 2 == 1;
        if looks_for_open && quotes && lines > 0 && (to_the_end || (lines > LINES && record.len() != width)) {
            return Some((start, line));
        }
        out.push((line, record.clone()));
    }
    None
}

/// The number of cells that most rows have, and the share of rows that have it.
fn width(records: &[(usize, StringRecord)]) -> (usize, f64) {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    records.iter().for_each(|(_, r)| *counts.entry(r.len()).or_default() += 1);
    let most = counts.iter().max_by_key(|(cells, rows)| (**rows, **cells));
    most.map_or((0, 0.0), |(cells, rows)| (*cells, *rows as f64 / records.len() as f64))
}

/// How the text is delimited; `None` where no delimiter divides it into rows of one width.
pub(crate) fn detect(text: &str, whole: bool) -> Option<Delimited> {
    let mut tried: Vec<(f64, usize, char, &str, bool)> = Vec::new();
    for (delimiter, name) in DELIMITERS {
        for quotes in [true, false] {
            let (cells, share) = width(&records(text, delimiter, quotes, whole, ROWS));
            if (2..=WIDEST).contains(&cells) {
                // Few cells are many by chance; rows of one width are none.
                tried.push((share * (1.0 - 1.0 / cells as f64), cells, delimiter, name, quotes));
            }
        }
    }
    let mut best = tried.iter().copied().reduce(|best, next| if next.0 > best.0 + 1e-9 { next } else { best })?;
    // A quote that was left open makes some rows longer or shorter: the others still stand in quotes.
    let is_quoted = are_cells_quoted(text, best.2);
    let with_quotes = tried.iter().find(|t| t.2 == best.2 && t.4 && t.0 >= best.0 * 0.8).copied();
    if let (false, true, Some(other)) = (best.4, is_quoted, with_quotes) {
        best = other;
    }
    let (score, cells, delimiter, name, quotes) = best;
    let quotes = quotes && (is_quoted || !is_broken_by_quotes(text, delimiter, cells, whole));
    // Less than half of the rows have one width: prose, or something else.
    if score < 0.4 {
        return None;
    }
    let rival = tried.iter().filter(|t| t.2 != delimiter).map(|t| t.0).fold(0.0, f64::max);
    let reason = format!("a {name} divides nearly all rows into {cells} cells");
    let found = if score > rival * 1.2 { Found::sure(delimiter, reason) } else { Found::guess(delimiter, reason) };
    let quoting = quoting(text, delimiter, quotes);
    let rows = records(text, delimiter, quotes, whole, ROWS);
    Some(Delimited { delimiter: found, quoting, header: header::find(&rows, cells) })
}

/// Whether all lines have one width without quotes, and a quote that nobody closes swallows some of them with quotes: 24" and
/// "12 are texts like others.
fn is_broken_by_quotes(text: &str, delimiter: char, cells: usize, whole: bool) -> bool {
    if !text.contains('"') {
        return false;
    }
    let plain = records(text, delimiter, false, whole, ROWS);
    let quoted = records(text, delimiter, true, whole, ROWS);
    let odd = whole && text.matches('"').count() % 2 == 1;
    width(&plain) == (cells, 1.0) && (plain.len() > quoted.len() || odd)
}

/// Whether cells stand in quotes: more do from end to end than lines have a quote without its other.
fn are_cells_quoted(text: &str, delimiter: char) -> bool {
    let (mut quoted, mut odd) = (0usize, 0usize);
    for line in text.lines().take(ROWS) {
        quoted += quoted_cells(line, delimiter);
        odd += usize::from(line.matches('"').count() % 2 == 1);
    }
    quoted > odd
}

/// Cells of a line that a quote begins and another one ends, with delimiters between them or without.
fn quoted_cells(line: &str, delimiter: char) -> usize {
    let (mut rest, mut quoted) = (line.trim(), 0);
    loop {
        let inside = rest.trim_start().strip_prefix('"');
        let end = inside.and_then(|inside| {
            let mut close = inside.find('"')?;
            // Two quotes are one of the text.
            while inside[close + 1..].starts_with('"') {
                close += 2 + inside[close + 2..].find('"')?;
            }
            let after = inside[close + 1..].trim_start();
            (after.is_empty() || after.starts_with(delimiter)).then_some(after)
        });
        quoted += usize::from(end.is_some());
        match end.unwrap_or(rest).split_once(delimiter) {
            Some((_, next)) => rest = next,
            None => return quoted,
        }
    }
}

fn quoting(text: &str, delimiter: char, quotes: bool) -> Found<Quoting> {
    if !text.contains('"') {
        return Found::guess(Quoting::WhereNeeded, "no quote stands in the sample");
    }
    if !quotes {
        return Found::guess(Quoting::Never, "rows have one width only where quotes are characters like others");
    }
    let first: Vec<&str> = text.lines().find(|line| line.contains(delimiter)).unwrap_or("").split(delimiter).collect();
    if first.iter().all(|cell| cell.trim().starts_with('"')) {
        Found::sure(Quoting::Always, "every cell of the first row stands in quotes")
    } else {
        Found::sure(Quoting::WhereNeeded, "some cells stand in quotes")
    }
}

/// A text without a delimiter: a column.
pub(crate) fn one_column(text: &str, whole: bool) -> Delimited {
    let rows = records(text, ',', true, whole, ROWS);
    Delimited {
        delimiter: Found::guess(',', "no delimiter was found: the file has one column"),
        quoting: quoting(text, ',', true),
        header: header::find(&rows, 1),
    }
}

/// `line 5 has`, `lines 5, 9 have`.
fn lines_have(lines: &[usize]) -> String {
    /// Lines that are named: more are a count.
    const NAMED: usize = 5;
    let named: Vec<String> = lines.iter().take(NAMED).map(usize::to_string).collect();
    match lines.len() {
        1 => format!("line {} has", named[0]),
        n if n > NAMED => format!("lines {} and {} more have", named.join(", "), n - NAMED),
        _ => format!("lines {} have", named.join(", ")),
    }
}

/// The rows below the header, and what is wrong with some of them.
pub(crate) fn table(text: &str, form: &Delimited, whole: bool) -> (Table, Vec<String>) {
    let quotes = form.quoting.value != Quoting::Never;
    let (all, open) = records_and_open(text, form.delimiter.value, quotes, whole, ROWS_KEPT);
    let (cells, _) = width(&all);
    let mut warnings = Vec::new();
    let head = form.header.value.and_then(|line| all.iter().position(|(at, _)| *at == line));
    let header: Vec<String> = match head {
        Some(at) => all[at].1.iter().map(|cell| cell.trim().to_owned()).collect(),
        None => (1..=cells).map(|n| format!("column {n}")).collect(),
    };
    let body = head.map_or(0, |at| at + 1);
    let mut rows = Vec::new();
    let (mut again, mut longer, mut wider) = (Vec::new(), 0usize, Vec::new());
    for (line, record) in &all[body.min(all.len())..] {
        if head.is_some() && record.len() > 1 && record.iter().map(str::trim).eq(header.iter().map(String::as_str)) {
            again.push(line.to_string());
            continue;
        }
        if record.len() == header.len() + 1 && record.iter().next_back().is_some_and(str::is_empty) {
            longer += 1;
        } else if head.is_some() && record.iter().skip(header.len()).any(|cell| !cell.trim().is_empty()) {
            // Its cells stand in places of others.
            wider.push(*line);
            continue;
        }
        rows.push((0..header.len()).map(|i| record.get(i).unwrap_or("").trim().to_owned()).collect::<Vec<_>>());
    }
    if !again.is_empty() {
        warnings.push(format!("the header stands again on line {}: files were glued together", again.join(", ")));
    }
    if longer > 0 {
        warnings.push(format!("{longer} rows end in a delimiter that the header does not have"));
    }
    if !wider.is_empty() {
        warnings.push(format!("{} more cells than the header: the draft is by the other rows", lines_have(&wider)));
    }
    if !open.is_empty() {
        warnings.push(format!("{} a quote that is not closed: the draft is by the other rows", lines_have(&open)));
    }
    if whole && rows.len() > 2 && header::is_total(&rows) {
        rows.pop();
        warnings.push("the last row looks like a total: it is no person and no event".to_owned());
    }
    (Table { path: None, columns: header, rows }, warnings)
}
