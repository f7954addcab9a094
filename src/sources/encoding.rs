//! Bytes to text.
//!
//! In: the bytes of a field or a line. Out: text, or the news that they are none in this encoding.
//!
//! Rows are split before they are decoded. That is right for all three encodings: line ends, quote, comma and tab are
//! below 0x40, while the second byte of a character is at least 0x40 in CP932, 0xA1 in EUC-JP and 0x80 in UTF-8. So a
//! broken character spoils its field only, and never swallows the delimiter after it.

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8};

/// The most of a rejected line that is kept.
const RAW_BYTES: usize = 4096;

/// The encoding of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Shift_JIS as browsers read it, which is Windows code page 932 with the characters of NEC and IBM (①㈱髙﨑).
    Cp932,
    /// EUC-JP with JIS X 0212.
    EucJp,
    /// UTF-16, which is made UTF-8 before it is read.
    Utf16,
}

impl TextEncoding {
    /// The encodings that bytes can be tried with.
    pub const ALL: [TextEncoding; 3] = [TextEncoding::Utf8, TextEncoding::Cp932, TextEncoding::EucJp];

    /// The name in a pipeline file.
    pub fn name(self) -> &'static str {
        match self {
            TextEncoding::Utf8 => "utf-8",
            TextEncoding::Cp932 => "cp932",
            TextEncoding::EucJp => "euc-jp",
            TextEncoding::Utf16 => "utf-16",
        }
    }

    fn table(self) -> &'static Encoding {
        match self {
            TextEncoding::Utf8 | TextEncoding::Utf16 => UTF_8,
            TextEncoding::Cp932 => SHIFT_JIS,
            TextEncoding::EucJp => EUC_JP,
        }
    }

    /// The text of `bytes` where it can be had without copying.
    pub(super) fn borrow(self, bytes: &[u8]) -> Option<&str> {
        match self.table() == UTF_8 || bytes.is_ascii() {
            true => std::str::from_utf8(bytes).ok(),
            false => None,
        }
    }

    /// Appends the text of `bytes` to `text`; false if some of them are no character.
    #[must_use]
    pub(super) fn decode(self, bytes: &[u8], text: &mut String) -> bool {
        if let Some(plain) = self.borrow(bytes) {
            text.push_str(plain);
            return true;
        }
        if self.table() == UTF_8 {
            return false;
        }
        let mut decoder = self.table().new_decoder_without_bom_handling();
        let Some(most) = decoder.max_utf8_buffer_length_without_replacement(bytes.len()) else {
            return false;
        };
        text.reserve(most);
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, text, true);
        result == encoding_rs::DecoderResult::InputEmpty
    }

    /// The text of a rejected line, with U+FFFD for what is no character, and no longer than the reject table wants it.
    pub(super) fn excerpt(self, bytes: &[u8]) -> String {
        let head = bytes.get(..RAW_BYTES).unwrap_or(bytes);
        let (text, _) = self.table().decode_without_bom_handling(head);
        let mut text = text.into_owned();
        if head.len() < bytes.len() {
            // The cut may have gone through a character.
            while text.ends_with('\u{fffd}') {
                text.pop();
            }
        }
        text.truncate(text.floor_char_boundary(RAW_BYTES));
        text
    }
}
