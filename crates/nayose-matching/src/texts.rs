//! Many short texts in one buffer.
//!
//! In: texts, one after the other. Out: each by its number. A text takes its bytes and eight more; a `String` takes 24, and a piece of
//! memory of its own.

/// Texts by their numbers, which count from 0 in the order in which they are added.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    text: String,
    /// Where each text ends; it begins where the one before does.
    ends: Vec<usize>,
}

impl Texts {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// The text of a number. There has to be one.
    #[inline]
    pub fn get(&self, number: usize) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[number]]
    }

    /// Gives back what was set aside for more.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_their_numbers() {
        let (mut texts, all) = (Texts::default(), ["鈴木", "", "a", ""]);
        all.iter().for_each(|text| texts.push(text));
        assert_eq!((0..texts.count()).map(|number| texts.get(number)).collect::<Vec<_>>(), all);
    }
}
