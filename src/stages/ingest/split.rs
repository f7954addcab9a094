//! Bytes of delimited text to rows and fields (RFC 4180, strictly, with recovery).
//!
//! In: what is read of a file, from the start of a row on. Out: where its fields are, or what is wrong with it. A row
//! whose quoting is broken costs its first physical line; what follows is read anew from the next line. A row whose
//! quoting is whole ends where its quoting says. The answer depends on the bytes alone, never on how much of them is
//! here: where more are needed to tell, the answer is [`Step::More`].

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3};

use super::row_batch::RejectReason;

const QUOTE: u8 = b'"';

/// How many lines a quoted field is followed to its closing quote.
const MAX_QUOTED_LINES: usize = 1000;

/// Where a field lies in its row, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Quotes inside are doubled.
    pub(super) escaped: bool,
}

/// What comes next in the file. `used` bytes and `lines` physical lines are done with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It takes more bytes to tell.
    More,
    /// No row: a blank line, or the rest of a line that was too long.
    Nothing { used: usize, lines: u64 },
    /// A row of `end` bytes; its fields are in the splitter.
    Row { end: usize, used: usize, lines: u64 },
    /// A row that could not be split; `end` bytes of it are worth showing.
    Broken { reason: RejectReason, end: usize, used: usize, lines: u64 },
}

enum Split {
    /// The row ends here: at a line end, or with the window.
    Row(usize),
    Stray,
    Open,
}

/// Splits rows.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: u8,
    max_row: usize,
    /// In the rest of a line that was too long.
    skipping: bool,
    fields: Vec<Field>,
}

impl Splitter {
    pub(super) fn new(delimiter: u8, max_row: usize) -> Self {
        Splitter { delimiter, max_row, skipping: false, fields: Vec::new() }
    }

    /// The fields of the latest row.
    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// What comes next in `data`, which is not empty; `last` if nothing follows it.
    pub(super) fn next(&mut self, data: &[u8], last: bool) -> Step {
        if self.skipping {
            return self.skip(data, last);
        }
        // A row of the longest kind and its line end.
        let window = data.get(..self.max_row.saturating_add(2)).unwrap_or(data);
        let mark = memchr3(b'\n', b'\r', QUOTE, window);
        let quoted = mark.is_some_and(|at| window[at] == QUOTE);
        let line_end = match mark {
            Some(at) if quoted => memchr2(b'\n', b'\r', &window[at..]).map(|after| at + after),
            mark => mark,
        };
        let (end, used) = match line_end {
            Some(at) => match line_after(data, at, last) {
                Some(next) => (at, next),
                None => return Step::More,
            },
            None if window.len() > self.max_row.saturating_add(1) => {
                self.skipping = true;
                return Step::Broken {
                    reason: RejectReason::RowTooLong,
                    end: self.max_row,
                    used: window.len(),
                    lines: 0,
                };
            }
            None if last => (data.len(), data.len()),
            None => return Step::More,
        };
        if end > self.max_row {
            return Step::Broken { reason: RejectReason::RowTooLong, end: self.max_row, used, lines: 1 };
        }
        match &data[..end] {
            [] => Step::Nothing { used, lines: 1 },
            // The end-of-file mark of DOS.
            [0x1a] if line_end.is_none() => Step::Nothing { used, lines: 0 },
            line if !quoted => {
                self.split_plain(line);
                Step::Row { end, used, lines: 1 }
            }
            line => match self.split_quoted(line) {
                Split::Row(_) => Step::Row { end, used, lines: 1 },
                Split::Stray => Step::Broken { reason: RejectReason::StrayQuote, end, used, lines: 1 },
                Split::Open => self.split_lines(data, last, end, used),
            },
        }
    }

    /// A row that goes on after its first line, which ends at `first_end` and with its line end at `first_used`.
    fn split_lines(&mut self, data: &[u8], last: bool, first_end: usize, first_used: usize) -> Step {
        let broken = |reason| Step::Broken { reason, end: first_end, used: first_used, lines: 1 };
        let most = self.max_row.saturating_add(2);
        let window = data.get(..most).unwrap_or(data);
        let lines_end = nth_line_end(window, MAX_QUOTED_LINES);
        let final_window = lines_end.is_some() || window.len() == most || last;
        let window = &window[..lines_end.unwrap_or(window.len())];
        match self.split_quoted(window) {
            Split::Stray => broken(RejectReason::StrayQuote),
            // The closing quote may turn out to be a doubled or a stray one.
            Split::Row(end) if end == data.len() && !final_window => Step::More,
            Split::Row(end) if end > self.max_row => broken(RejectReason::UnclosedQuote),
            Split::Row(end) if end == data.len() => Step::Row { end, used: end, lines: 1 + count_line_ends(&data[..end]) },
            Split::Row(end) => match line_after(data, end, last) {
                Some(used) => Step::Row { end, used, lines: 1 + count_line_ends(&data[..end]) },
                None => Step::More,
            },
            Split::Open if final_window => broken(RejectReason::UnclosedQuote),
            Split::Open => Step::More,
        }
    }

    fn skip(&mut self, data: &[u8], last: bool) -> Step {
        match memchr2(b'\n', b'\r', data) {
            Some(0) if last || line_after(data, 0, last).is_some() => {
                self.skipping = false;
                Step::Nothing { used: line_after(data, 0, last).unwrap_or(data.len()), lines: 1 }
            }
            Some(0) => Step::More,
            Some(at) => Step::Nothing { used: at, lines: 0 },
            None => Step::Nothing { used: data.len(), lines: 0 },
        }
    }

    /// A line without quotes.
    fn split_plain(&mut self, line: &[u8]) {
        self.fields.clear();
        let mut start = 0;
        for end in memchr_iter(self.delimiter, line) {
            self.fields.push(Field { start, end, escaped: false });
            start = end + 1;
        }
        self.fields.push(Field { start, end: line.len(), escaped: false });
    }

    fn split_quoted(&mut self, window: &[u8]) -> Split {
        self.fields.clear();
        let mut at = 0;
        loop {
            if window.get(at) == Some(&QUOTE) {
                let start = at + 1;
                let mut escaped = false;
                let mut from = start;
                let end = loop {
                    let Some(quote) = memchr(QUOTE, &window[from..]).map(|after| from + after) else {
                        return Split::Open;
                    };
                    if window.get(quote + 1) != Some(&QUOTE) {
                        break quote;
                    }
                    escaped = true;
                    from = quote + 2;
                };
                self.fields.push(Field { start, end, escaped });
                at = end + 1;
            } else {
                let end = memchr3(self.delimiter, b'\n', b'\r', &window[at..]).map_or(window.len(), |after| at + after);
                if memchr(QUOTE, &window[at..end]).is_some() {
                    return Split::Stray;
                }
                self.fields.push(Field { start: at, end, escaped: false });
                at = end;
            }
            match window.get(at) {
                None | Some(b'\n' | b'\r') => return Split::Row(at),
                Some(&byte) if byte == self.delimiter => at += 1,
                Some(_) => return Split::Stray,
            }
        }
    }
}

/// Where the line after the line end at `at` starts; none if a line feed may still come after a carriage return.
fn line_after(data: &[u8], at: usize, last: bool) -> Option<usize> {
    match (data.get(at), data.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Some(at + 2),
        (Some(b'\r'), None) if !last => None,
        _ => Some(at + 1),
    }
}

fn line_ends(data: &[u8]) -> impl Iterator<Item = usize> {
    memchr2_iter(b'\n', b'\r', data).filter(move |&at| data[at] == b'\r' || at == 0 || data[at - 1] != b'\r')
}

fn nth_line_end(data: &[u8], lines: usize) -> Option<usize> {
    line_ends(data).nth(lines.saturating_sub(1))
}

fn count_line_ends(data: &[u8]) -> u64 {
    line_ends(data).count() as u64
}
