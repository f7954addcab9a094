//! UTF-16, which "Unicode text" of Excel and exports of SQL Server are.
//!
//! In: the bytes of a text. Out: the text in UTF-8.

use crate::Problem;

/// How many bytes tell the order of a text without a mark: some lines of any table.
const LOOKED_AT: usize = 4096;

/// A text in UTF-16 as UTF-8, without its byte order mark.
///
/// The order of the bytes is told by the mark, or by where the zero bytes of line ends, delimiters and digits are.
pub fn utf16(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let (bytes, is_little) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (rest, true),
        [0xFE, 0xFF, rest @ ..] => (rest, false),
        [] => return Ok(Vec::new()),
        _ => {
            let (mut even, mut odd) = (0, 0);
            for pair in bytes.get(..LOOKED_AT).unwrap_or(bytes).chunks_exact(2) {
                even += usize::from(pair[0] == 0);
                odd += usize::from(pair[1] == 0);
            }
            match even.cmp(&odd) {
                std::cmp::Ordering::Less => (bytes, true),
                std::cmp::Ordering::Greater => (bytes, false),
                std::cmp::Ordering::Equal => {
                    return Err(Problem::new(
                        "the text is not UTF-16: it has no byte order mark, and no zero bytes that tell an order",
                        "state the encoding that it has, or save it as UTF-8",
                    ));
                }
            }
        }
    };
    if bytes.len() % 2 == 1 {
        return Err(Problem::new(
            "the text is not whole UTF-16: its number of bytes is odd",
            "the file was cut off or joined: send it again",
        ));
    }
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut line = 1;
    let mut unpaired: Option<(usize, usize)> = None;
    let units = bytes.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    for decoded in char::decode_utf16(units) {
        match decoded {
            Ok(character) => {
                line += usize::from(character == '\n');
                text.push(character);
            }
            Err(_) => unpaired = Some(unpaired.map_or((line, 1), |(first, count)| (first, count + 1))),
        }
    }
    match unpaired {
        None => Ok(text.into_bytes()),
        Some((first, count)) => Err(Problem::new(
            format!("line {first}: half of a character (an unpaired surrogate of UTF-16), {count} in the whole text"),
            "a program cut the text inside a character: export it again, or as UTF-8",
        )),
    }
}
