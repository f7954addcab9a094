//! What was looked up for a short text, for the same text again.
//!
//! In: texts of a few characters, and how a value is made of one. Out: the value. Why: people share names, and a lookup in the
//! dictionary touches memory in three places. A text has one place in a memo and takes it over from the text before, so that a memo
//! never grows, and a text that never comes again costs as much as writing it there.

use super::dictionary::Units;

/// Texts of a memo: what the frequent names of a country need, in a part of the cache of a processor (4096 × 40 bytes).
const TEXTS: usize = 4096;

/// The most units and codes of a text: frequent names are shorter.
const UNITS: usize = 8;
const CODES: usize = 12;

/// A short text: units, and codes of kana that read them where the value is of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Short {
    units: [u16; UNITS],
    codes: [u8; CODES],
    /// How many units and codes; a text without units is none.
    len: [u8; 2],
}

impl Short {
    /// The text, if it is short.
    pub(super) fn new(units: impl Iterator<Item = Option<u16>>, codes: &[u8]) -> Option<Short> {
        let mut short = Short::default();
        for unit in units {
            *short.units.get_mut(usize::from(short.len[0]))? = unit?;
            short.len[0] += 1;
        }
        short.codes.get_mut(..codes.len())?.copy_from_slice(codes);
        short.len[1] = codes.len() as u8;
        (short.len[0] > 0).then_some(short)
    }

    /// The text of a key and its kana.
    pub(super) fn of_key(key: &Units, codes: &[u8]) -> Option<Short> {
        Short::new(key.iter().map(|&unit| Some(unit)), codes)
    }

    /// The text of a word, if its characters are in the basic plane.
    pub(super) fn of_word(word: &str) -> Option<Short> {
        Short::new(word.chars().map(|c| u16::try_from(c as u32).ok()), &[])
    }

    /// A multiplicative hash, as that of the dictionary. Who chooses texts to collide makes them slow, not wrong.
    fn hash(&self) -> u64 {
        let mix = |h: u64, word: u64| (h.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let units = self.units.iter().take(usize::from(self.len[0])).fold(0, |h, &unit| mix(h, u64::from(unit)));
        let all = self.codes.iter().take(usize::from(self.len[1])).fold(units, |h, &code| mix(h, u64::from(code)));
        all ^ (all >> 32)
    }
}

/// Values of short texts.
pub(super) struct Memo<V> {
    /// By hash; as many as a power of two.
    places: Vec<(Short, V)>,
}

impl<V: Copy + Default> Memo<V> {
    pub(super) fn new() -> Self {
        Self::with_places(TEXTS)
    }

    fn with_places(places: usize) -> Self {
        Memo { places: vec![(Short::default(), V::default()); places.next_power_of_two()] }
    }

    /// The value of a text, which `made` answers where another text has its place. It has to follow from the text alone.
    pub(super) fn get(&mut self, text: Option<Short>, made: impl FnOnce() -> V) -> V {
        let Some(text) = text else { return made() };
        let at = text.hash() as usize & (self.places.len() - 1);
        let place = &mut self.places[at];
        if place.0 != text {
            *place = (text, made());
        }
        place.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// With fewer places than texts, so that texts take places over.
        #[test]
        fn a_memo_changes_nothing(texts in prop::collection::vec(("[あい一二𠮷a]{0,9}", prop::collection::vec(0u8..3, 0..14)), 0..80), places in 1usize..9) {
            let mut memo = Memo::with_places(places);
            let value = |word: &str, codes: &[u8]| word.chars().map(u64::from).sum::<u64>() * 100 + codes.iter().map(|&c| u64::from(c)).sum::<u64>();
            for (word, codes) in &texts {
                let units = word.chars().map(|c| u16::try_from(c as u32).ok());
                prop_assert_eq!(memo.get(Short::new(units, codes), || value(word, codes)), value(word, codes));
            }
        }
    }

    #[test]
    fn texts_that_differ_are_not_one() {
        let short = |units: &[u16], codes: &[u8]| Short::of_key(units, codes);
        assert_ne!(short(&[1, 0], &[]), short(&[1], &[]));
        assert_ne!(short(&[1], &[0]), short(&[1], &[]));
        assert_eq!(short(&[1; 9], &[]), None);
        assert_eq!(short(&[1], &[0; 13]), None);
        assert_eq!(short(&[], &[1]), None);
        assert_eq!(Short::of_word("𠮷田"), None);
    }
}
