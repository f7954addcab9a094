//! Records of a fixed length, as JCA, EOS and bank files have them: bytes in, the length of a record out.

use crate::found::Found;

/// The shortest record that is looked for: shorter lines are words or codes.
const SHORTEST: usize = 20;
/// The longest record that is looked for.
const LONGEST: usize = 2048;
/// Lengths of documented formats: JCA and EOS (128, 256), Zengin transfers (120), punched cards and COBOL print files (80).
const USUAL: [usize; 4] = [128, 120, 256, 80];
/// Records that are compared.
const RECORDS: usize = 20;
/// Share of a record's places whose kind of byte hardly changes: fields of digits, blanks and letters stay in their places.
const STEADY: f64 = 0.75;

/// The length in bytes where all lines have one length and look like fields in fixed places.
pub(crate) fn by_lines(bytes: &[u8], whole: bool) -> Option<Found<usize>> {
    let lines = lines(bytes, whole);
    let length = lines.first()?.len();
    if !(SHORTEST..=LONGEST).contains(&length) || lines.len() < 2 || lines.iter().any(|line| line.len() != length) {
        return None;
    }
    (steadiness(&lines, length) >= STEADY).then(|| {
        Found::guess(length, format!("all {} lines have {length} bytes, and no delimiter divides them", lines.len()))
    })
}

/// The length in bytes where the text has no line ends.
pub(crate) fn without_lines(bytes: &[u8], whole: bool) -> Option<Found<usize>> {
    // A last line end, or the end mark of CP/M and DOS, belongs to no record.
    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r' | 0x1A)).map_or(0, |at| at + 1);
    let bytes = &bytes[..end];
    if bytes.contains(&b'\n') || bytes.len() < 2 * SHORTEST {
        return None;
    }
    let mut lengths: Vec<usize> = USUAL.to_vec();
    lengths.extend((SHORTEST..=LONGEST.min(bytes.len() / 2)).filter(|length| !USUAL.contains(length)));
    let mut best: Option<(usize, f64)> = None;
    for length in lengths {
        if bytes.len() < 2 * length || (whole && !bytes.len().is_multiple_of(length)) {
            continue;
        }
        let records: Vec<&[u8]> = bytes.chunks_exact(length).take(RECORDS).collect();
        // A few records tell that most lengths are wrong.
        if steadiness(&records[..records.len().min(4)], length) < STEADY / 2.0 {
            continue;
        }
        let steadiness = steadiness(&records, length);
        // Usual lengths come first, and multiples of a length are as steady: only what is clearly better replaces it.
        if steadiness >= STEADY && best.is_none_or(|(_, so_far)| steadiness > so_far + 0.05) {
            best = Some((length, steadiness));
        }
    }
    let (length, _) = best?;
    let reason =
        format!("there are no line ends, and digits, blanks and letters repeat their places every {length} bytes");
    Some(Found::guess(length, reason))
}

fn lines(bytes: &[u8], whole: bool) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> =
        bytes.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).take(200).collect();
    if !whole || lines.last().is_some_and(|line| line.is_empty() || *line == [0x1A]) {
        lines.pop();
    }
    lines
}

/// Share of the places in which nearly all records have one kind of byte; 0 where all places have the same kind, which a text
/// without fields has too.
fn steadiness(records: &[&[u8]], length: usize) -> f64 {
    let kind = |byte: u8| match byte {
        b' ' | 0 => 0usize,
        b'0'..=b'9' => 1,
        b'A'..=b'Z' | b'a'..=b'z' => 2,
        0x80.. => 3,
        _ => 4,
    };
    let (mut steady, mut kinds) = (0usize, [false; 5]);
    for place in 0..length {
        let mut counts = [0usize; 5];
        for record in records {
            counts[kind(record[place])] += 1;
        }
        for (of_kind, count) in counts.into_iter().enumerate() {
            if count * 5 >= records.len() * 4 {
                steady += 1;
                kinds[of_kind] = true;
            }
        }
    }
    if kinds.into_iter().filter(|there| *there).count() < 2 { 0.0 } else { steady as f64 / length.max(1) as f64 }
}
