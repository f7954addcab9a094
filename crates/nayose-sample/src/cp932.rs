//! Text to CP932 bytes, quickly.
//!
//! `encoding_rs` searches its tables for every character, which is too slow for a gigabyte of customers; its decoder fills
//! one table here instead. What CP932 lacks becomes a question mark, as the shop system's export does it.

use encoding_rs::SHIFT_JIS;

/// CP932 codes by character of the basic plane.
pub(super) struct Cp932 {
    codes: Vec<u16>,
}

impl Cp932 {
    /// Fills the table.
    pub(super) fn new() -> Self {
        let mut codes = vec![0u16; 0x1_0000];
        for lead in (0x81..=0x9F).chain(0xE0..=0xFCu16) {
            for trail in (0x40..=0x7E).chain(0x80..=0xFCu16) {
                let row = lead - if lead < 0xA0 { 0x81 } else { 0xC1 };
                let pointer = row * 188 + trail - if trail < 0x7F { 0x40 } else { 0x41 };
                // The NEC copies of IBM's characters are read but never written.
                if (8272..=8835).contains(&pointer) {
                    continue;
                }
                let bytes = [lead as u8, trail as u8];
                let (text, failed) = SHIFT_JIS.decode_without_bom_handling(&bytes);
                let mut chars = text.chars();
                let (Some(char), None, false) = (chars.next(), chars.next(), failed) else { continue };
                let private = ('\u{E000}'..='\u{F8FF}').contains(&char);
                if let Some(code) = codes.get_mut(char as usize).filter(|code| **code == 0 && !private) {
                    *code = lead << 8 | trail;
                }
            }
        }
        for code in 0xFF61..=0xFF9Fu16 {
            codes[usize::from(code)] = code - 0xFF61 + 0xA1;
        }
        Cp932 { codes }
    }

    /// Appends `text` to `out`.
    pub(super) fn encode(&self, text: &str, out: &mut Vec<u8>) {
        for char in text.chars() {
            if char.is_ascii() {
                out.push(char as u8);
                continue;
            }
            match self.codes.get(char as usize).copied().unwrap_or(0) {
                0 => out.push(b'?'),
                code if code < 0x100 => out.push(code as u8),
                code => out.extend(code.to_be_bytes()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library() {
        let text = "㈱髙﨑①濵德塚 渡邉 ｻﾄｳ サトー「神福」〓－～山田太郎１２３∥";
        let mut out = Vec::new();
        Cp932::new().encode(text, &mut out);
        assert_eq!(out, SHIFT_JIS.encode(text).0.as_ref());
        let mut out = Vec::new();
        Cp932::new().encode("𠮷田", &mut out);
        assert_eq!(out[0], b'?');
    }
}
