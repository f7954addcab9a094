//! Bytes of delimited text to rows and fields (RFC 4180, strictly, with recovery).
//!
//! In: what is read of a file, from the start of a row on. Out: where its fields are, or what is wrong with it. A row
//! whose quoting is broken costs its first physical line; what follows is read anew from the next line. A row whose
//! quoting is whole ends where its quoting says. The answer depends on the bytes alone, never on how much of them is
//! here: where more are needed to tell, the answer is [`Step::More`].

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3};

use super::row_batch::RejectReason;

const QUOTE: u8 = b'"';

/// The most line ends in a row: so far a quoted field is followed to its closing quote.
const MAX_LINE_ENDS: usize = 1000;

/// How far a row of several lines is looked for before its line ends are counted.
const NEAR: usize = 64 * 1024;

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
    /// There is a quote, or something after one, that may not be here.
    Stray(usize),
    /// A quote is open when the window ends.
    Open,
}

/// Splits rows.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: u8,
    /// Whether a double quote quotes.
    quotes: bool,
    max_row: usize,
    /// In the rest of a line that was too long.
    skipping: bool,
    fields: Vec<Field>,
}

impl Splitter {
    pub(super) fn new(delimiter: u8, quotes: bool, max_row: usize) -> Self {
        Splitter { delimiter, quotes, max_row, skipping: false, fields: Vec::new() }
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
        let mark = match self.quotes {
            true => memchr3(b'\n', b'\r', QUOTE, window),
            false => memchr2(b'\n', b'\r', window),
        };
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
                Split::Stray(_) => Step::Broken { reason: RejectReason::StrayQuote, end, used, lines: 1 },
                Split::Open => self.split_lines(data, last, end, used),
            },
        }
    }

    /// A row that goes on after its first line, which ends at `first_end` and with its line end at `first_used`.
    fn split_lines(&mut self, data: &[u8], last: bool, first_end: usize, first_used: usize) -> Step {
        let broken = |reason| Step::Broken { reason, end: first_end, used: first_used, lines: 1 };
        let many_lines = |at: usize| line_ends(&data[..at]).nth(MAX_LINE_ENDS - 1).is_some();
        let limit = data.get(..=self.max_row).unwrap_or(data);
        let mut window = limit.get(..NEAR).unwrap_or(limit);
        loop {
            // What is not decided inside the window is decided after it: where no row may reach, it is broken.
            match self.split_quoted(window) {
                Split::Stray(at) if many_lines(at) => return broken(RejectReason::UnclosedQuote),
                Split::Stray(_) => return broken(RejectReason::StrayQuote),
                Split::Row(end) if end < window.len() || (last && end == data.len() && end <= self.max_row) => {
                    return match line_after(data, end, last) {
                        _ if many_lines(end) => broken(RejectReason::UnclosedQuote),
                        Some(used) => {
                            let lines = 1 + line_ends(&data[..end]).count() as u64;
                            Step::Row { end, used: used.min(data.len()), lines }
                        }
                        None => Step::More,
                    };
                }
                _ if window.len() < limit.len() => match line_ends(limit).nth(MAX_LINE_ENDS - 1) {
                    Some(at) if at < window.len() => return broken(RejectReason::UnclosedQuote),
                    Some(at) => window = &limit[..=at],
                    None => window = limit,
                },
                _ if last || window.len() > self.max_row || many_lines(window.len()) => {
                    return broken(RejectReason::UnclosedQuote);
                }
                _ => return Step::More,
            }
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
                if let Some(after) = memchr(QUOTE, &window[at..end]) {
                    return Split::Stray(at + after);
                }
                self.fields.push(Field { start: at, end, escaped: false });
                at = end;
            }
            match window.get(at) {
                None | Some(b'\n' | b'\r') => return Split::Row(at),
                Some(&byte) if byte == self.delimiter => at += 1,
                Some(_) => return Split::Stray(at),
            }
        }
    }
}

/// The first line of `data`: the bytes that are done with, and whether its end is among them; none where more are needed to tell.
pub(super) fn line(data: &[u8], last: bool) -> Option<(usize, bool)> {
    match memchr2(b'\n', b'\r', data) {
        Some(at) => line_after(data, at, last).map(|next| (next, true)),
        None => Some((data.len(), last)),
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
