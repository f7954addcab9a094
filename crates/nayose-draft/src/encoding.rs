//! The encoding of a text from its bytes: the beginning of a file in, the encoding that reads it best and its text out.
//!
//! Headers are often ASCII while rows are not, so all bytes are judged, not the first line.

use encoding_rs::{EUC_JP, SHIFT_JIS, UTF_16BE, UTF_16LE};
use serde::Serialize;

use crate::found::Found;

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, which ASCII is too.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// Shift_JIS with the vendor characters of Windows.
    Cp932,
    /// EUC-JP.
    EucJp,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
}

impl Encoding {
    /// The name as in a pipeline file.
    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::Utf8 | Encoding::Utf8Bom => "utf-8",
            Encoding::Cp932 => "cp932",
            Encoding::EucJp => "euc-jp",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
        }
    }

    /// The word of a pipeline file: both orders of UTF-16 are one.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Encoding::Utf16Le | Encoding::Utf16Be => "utf-16",
            other => other.as_str(),
        }
    }

    /// The text of the bytes; what cannot be read is U+FFFD. A byte order mark is left out.
    pub(crate) fn decode(self, bytes: &[u8]) -> String {
        let encoding = match self {
            Encoding::Utf8 | Encoding::Utf8Bom => {
                return String::from_utf8_lossy(bytes.strip_prefix(BOM).unwrap_or(bytes)).into_owned();
            }
            Encoding::Cp932 => SHIFT_JIS,
            Encoding::EucJp => EUC_JP,
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
        };
        encoding.decode(bytes).0.trim_start_matches('\u{feff}').to_owned()
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Share of NUL bytes on one side of the pairs from which a text without a mark is UTF-16: digits, commas and line ends
/// of a table are a tenth of it at least, and no other encoding here has NUL at all.
const NUL_SHARE: f64 = 0.1;

/// The encoding that reads the bytes best.
pub(crate) fn detect(bytes: &[u8], whole: bool) -> Found<Encoding> {
    if bytes.starts_with(BOM) {
        return Found::sure(Encoding::Utf8Bom, "the file begins with the byte order mark of UTF-8");
    }
    if bytes.starts_with(b"\xFF\xFE") {
        return Found::sure(Encoding::Utf16Le, "the file begins with the byte order mark of UTF-16");
    }
    if bytes.starts_with(b"\xFE\xFF") {
        return Found::sure(Encoding::Utf16Be, "the file begins with the byte order mark of UTF-16");
    }
    if let Some(found) = utf16_without_mark(bytes) {
        return found;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() && whole => {
            return Found::sure(Encoding::Utf8, "all bytes are ASCII, which reads the same in UTF-8");
        }
        Ok(text) if text.is_ascii() => {
            return Found::guess(Encoding::Utf8, "all bytes read so far are ASCII, which does not tell the encoding");
        }
        Ok(_) => return Found::sure(Encoding::Utf8, "all bytes are valid UTF-8, and some are not ASCII"),
        // The sample ends within a character.
        Err(e) if e.error_len().is_none() && !whole && e.valid_up_to() + 4 > bytes.len() => {
            let ascii = bytes[..e.valid_up_to()].is_ascii();
            if !ascii {
                return Found::sure(Encoding::Utf8, "all bytes are valid UTF-8 up to where the sample ends");
            }
        }
        Err(_) => {}
    }
    of_japan(bytes, whole)
}

fn utf16_without_mark(bytes: &[u8]) -> Option<Found<Encoding>> {
    let (mut first, mut second) = (0usize, 0usize);
    for pair in bytes.chunks_exact(2) {
        first += usize::from(pair[0] == 0);
        second += usize::from(pair[1] == 0);
    }
    let pairs = (bytes.len() / 2).max(1) as f64;
    let reason = "every second byte of many is NUL, as in UTF-16 without a byte order mark";
    match (first as f64 / pairs, second as f64 / pairs) {
        (le, be) if be > NUL_SHARE && le < be / 10.0 => Some(Found::guess(Encoding::Utf16Le, reason)),
        (le, be) if le > NUL_SHARE && be < le / 10.0 => Some(Found::guess(Encoding::Utf16Be, reason)),
        _ => None,
    }
}

/// How well a text reads as Japanese, and the number of places that could not be read.
struct Reading {
    score: f64,
    errors: usize,
}

/// CP932 or EUC-JP, whichever gives more of what Japanese tables are made of.
fn of_japan(bytes: &[u8], whole: bool) -> Found<Encoding> {
    // A cut character at the end is no error of the file.
    let end =
        if whole { bytes.len() } else { bytes.iter().rposition(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1) };
    let bytes = &bytes[..end];
    let read = |encoding: Encoding| {
        let text = encoding.decode(bytes);
        let score: f64 = text.chars().map(plausibility).sum();
        Reading { score, errors: text.chars().filter(|c| *c == '\u{fffd}').count() }
    };
    let (sjis, euc) = (read(Encoding::Cp932), read(Encoding::EucJp));
    let utf8 = read(Encoding::Utf8);
    if utf8.score > sjis.score && utf8.score > euc.score {
        let reason = format!("UTF-8 reads best, but {} places are not valid in it", utf8.errors);
        return Found::guess(Encoding::Utf8, reason);
    }
    let (encoding, best, other, name) = if euc.score > sjis.score {
        (Encoding::EucJp, &euc, &sjis, "EUC-JP")
    } else {
        (Encoding::Cp932, &sjis, &euc, "CP932 (Shift_JIS)")
    };
    if best.errors > 0 {
        let reason = format!("{name} reads best, but {} places are not valid in it", best.errors);
        return Found::guess(encoding, reason);
    }
    let reason = format!("the rows are not valid UTF-8, and all of them are valid {name}");
    // Half as good: the other reading is not Japanese.
    if other.errors > 0 || other.score * 2.0 < best.score {
        Found::sure(encoding, reason)
    } else {
        Found::guess(encoding, format!("{reason}, but another encoding fits nearly as well"))
    }
}

/// How likely a character is in a Japanese table, of one byte in the mean. Judgements: what counts is the order.
/// Half-width punctuation is what the lead bytes of kana in EUC-JP read as in CP932.
fn plausibility(c: char) -> f64 {
    match c {
        '\u{fffd}' => -10.0,
        'ぁ'..='ん' | 'ァ'..='ヶ' | 'ー' => 2.0,
        '　' | '、' | '。' | '々' | '〒' | '・' => 1.5,
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '－' | '（' | '）' => 1.5,
        'ｦ'..='ﾟ' => 0.55,
        '｡'..='･' => -1.0,
        '\u{e000}'..='\u{f8ff}' => -2.0,
        // Kanji beyond the first level are rare; EUC_JP's second byte order is that of JIS X 0208.
        c if ('一'..='鿿').contains(&c) => {
            if is_first_level(c) {
                1.1
            } else {
                -0.5
            }
        }
        '\u{80}'..='\u{9f}' => -5.0,
        _ => 0.0,
    }
}

/// Whether a kanji is of JIS level 1: rows 16 to 47, which are the lead bytes B0 to CF in EUC-JP.
fn is_first_level(c: char) -> bool {
    let mut buffer = [0u8; 4];
    let (bytes, _, lost) = EUC_JP.encode(c.encode_utf8(&mut buffer));
    !lost && matches!(bytes.as_ref(), [0xB0..=0xCF, _])
}
