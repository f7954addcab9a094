//! A table of names, searched by prefix.
//!
//! In: names as folded characters, each with a value. Out: for a text, the names that are prefixes of it, longest
//! first. Why sorted and not a trie: each name stores the longest other name that is its prefix, so one binary search
//! finds all of them, and the table is three vectors.

/// No name.
const NONE: u32 = u32::MAX;

/// A set of names with values.
pub(super) struct Prefixes<V> {
    chars: Vec<char>,
    names: Vec<Name>,
    values: Vec<V>,
    /// The first characters in order, each with the index of its first name.
    firsts: Vec<(char, u32)>,
}

struct Name {
    start: u32,
    len: u32,
    /// The index of the longest other name that is a prefix of this one.
    parent: u32,
    first_value: u32,
    end_value: u32,
}

/// A name that is a prefix of the text: its length, and its values.
pub(super) struct Hit<'a, V> {
    pub(super) len: usize,
    pub(super) values: &'a [V],
}

impl<V> Prefixes<V> {
    /// A table of names with their values; several values of one name keep their order.
    pub(super) fn new(mut entries: Vec<(Vec<char>, V)>) -> Self {
        entries.retain(|(name, _)| !name.is_empty());
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let mut made = Prefixes {
            chars: Vec::new(),
            names: Vec::new(),
            values: Vec::with_capacity(entries.len()),
            firsts: Vec::new(),
        };
        let mut before: Vec<char> = Vec::new();
        for (name, value) in entries {
            made.values.push(value);
            let end_value = made.values.len() as u32;
            if before == name
                && let Some(last) = made.names.last_mut()
            {
                last.end_value = end_value;
                continue;
            }
            let mut parent = made.names.len().checked_sub(1).map_or(NONE, |last| last as u32);
            while parent != NONE && !name.starts_with(made.name(parent)) {
                parent = made.names[parent as usize].parent;
            }
            made.names.push(Name {
                start: made.chars.len() as u32,
                len: name.len() as u32,
                parent,
                first_value: end_value - 1,
                end_value,
            });
            if made.firsts.last().is_none_or(|&(c, _)| c != name[0]) {
                made.firsts.push((name[0], made.names.len() as u32 - 1));
            }
            made.chars.extend_from_slice(&name);
            before = name;
        }
        made.chars.shrink_to_fit();
        made
    }

    /// The names that are prefixes of `text`, longest first. None ends inside a number of the text.
    pub(super) fn hits<'a, 't>(&'a self, text: &'t [char]) -> impl Iterator<Item = Hit<'a, V>> + use<'a, 't, V> {
        let mut next = self.last_not_above(text);
        std::iter::from_fn(move || {
            while next != NONE {
                let name = &self.names[next as usize];
                let chars = self.name(next);
                next = name.parent;
                if text.starts_with(chars) && !splits_number(text, chars.len()) {
                    let values = &self.values[name.first_value as usize..name.end_value as usize];
                    return Some(Hit { len: chars.len(), values });
                }
            }
            None
        })
    }

    /// The index of the last name that does not sort after `text` and has its first character.
    fn last_not_above(&self, text: &[char]) -> u32 {
        let Some(first) = text.first() else { return NONE };
        let Ok(i) = self.firsts.binary_search_by_key(first, |&(c, _)| c) else { return NONE };
        let from = self.firsts[i].1 as usize;
        let to = self.firsts.get(i + 1).map_or(self.names.len(), |&(_, first)| first as usize);
        let above = from
            + self.names[from..to]
                .partition_point(|n| self.chars[n.start as usize..(n.start + n.len) as usize] <= *text);
        if above > from { above as u32 - 1 } else { NONE }
    }

    /// The values of exactly this name.
    pub(super) fn get(&self, name: &[char]) -> &[V] {
        match self.hits(name).next() {
            Some(hit) if hit.len == name.len() => hit.values,
            _ => &[],
        }
    }

    fn name(&self, index: u32) -> &[char] {
        let name = &self.names[index as usize];
        &self.chars[name.start as usize..(name.start + name.len) as usize]
    }
}

/// Whether both sides of position `i` are digits.
fn splits_number(text: &[char], i: usize) -> bool {
    let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
    i > 0 && digit(text.get(i - 1)) && digit(text.get(i))
}

#[cfg(test)]
mod tests {
    use super::Prefixes;

    #[test]
    fn finds_all_prefixes() {
        let names = ["本町", "本", "本町田", "東", "本町", "条1"];
        let table = Prefixes::new(names.iter().enumerate().map(|(i, n)| (n.chars().collect(), i)).collect());
        let found = |text: &str| -> Vec<usize> {
            let text: Vec<char> = text.chars().collect();
            table.hits(&text).flat_map(|h| h.values.to_vec()).collect()
        };
        assert_eq!(found("本町田1"), [2, 0, 4, 1]);
        assert_eq!(found("本町1"), [0, 4, 1]);
        assert_eq!(found("本所"), [1]);
        assert!(found("西").is_empty());
        assert!(found("条12").is_empty());
        assert_eq!(found("条1-2"), [5]);
        assert_eq!(table.get(&['本', '町']), [0, 4]);
        assert!(table.get(&['町']).is_empty());
    }
}
