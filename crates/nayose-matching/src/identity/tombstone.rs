//! Tombstones: which records may not come back, without saying which they are.
//!
//! In: a secret key and the lines of the lake's file. Out: whether a record was erased. A tombstone is a keyed BLAKE3 hash of
//! channel and record id: without the key, which never lies in the lake, nobody can tell whose it is, or try out ids.

use std::collections::{BTreeMap, HashSet};

/// The records that were erased.
#[derive(Clone, Debug)]
pub struct Tombstones {
    key: [u8; 32],
    hashes: HashSet<String>,
    /// Channel → names that it had when records of it were erased.
    former: BTreeMap<String, Vec<String>>,
}

/// Bytes that a key has at least.
pub const KEY_BYTES: usize = 16;

impl Tombstones {
    /// From the secret and the lines of the file; `None` where the file was written with another key.
    pub fn read<'a>(secret: &str, lines: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let key = blake3::derive_key("nayose 2026-11 tombstones of erased records", secret.as_bytes());
        let mut read = Tombstones { key, hashes: HashSet::new(), former: BTreeMap::new() };
        let mut lines = lines.into_iter().filter(|l| !l.is_empty()).peekable();
        if lines.peek().is_some() && lines.next() != Some(read.check().as_str()) {
            return None;
        }
        read.hashes = lines.map(str::to_string).collect();
        Some(read)
    }

    /// The first line of the file: it tells whether the key is the right one.
    pub fn check(&self) -> String {
        format!("key:{}", self.of("", "key"))
    }

    /// The line of a record.
    pub fn of(&self, channel: &str, record_id: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(channel.len() as u64).to_le_bytes());
        hasher.update(channel.as_bytes());
        hasher.update(record_id.as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// Whether a record was erased.
    pub fn has(&self, channel: &str, record_id: &str) -> bool {
        let former = || self.former.get(channel).into_iter().flatten().map(String::as_str);
        let erased = |channel| self.hashes.contains(&self.of(channel, record_id));
        !self.hashes.is_empty() && (erased(channel) || former().any(erased))
    }

    /// The same, for channels that have had other names: whoever was erased under one of them stays erased.
    pub fn with_former(&self, former: &BTreeMap<String, Vec<String>>) -> Self {
        Tombstones { former: former.clone(), ..self.clone() }
    }

    /// Adds a record.
    pub fn add(&mut self, channel: &str, record_id: &str) {
        self.hashes.insert(self.of(channel, record_id));
    }

    /// Adds the line of a record.
    pub fn add_line(&mut self, line: &str) {
        self.hashes.insert(line.to_string());
    }

    /// How many records were erased.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether nothing was erased.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether the list has the line of a record.
    pub fn lists(&self, line: &str) -> bool {
        self.hashes.contains(line)
    }

    /// The lines of the file, in order.
    pub fn lines(&self) -> String {
        let mut hashes: Vec<&str> = self.hashes.iter().map(String::as_str).collect();
        hashes.sort_unstable();
        format!("{}\n{}\n", self.check(), hashes.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_tells_whose_a_tombstone_is() {
        let mut written = Tombstones::read("a secret of the company", []).expect("nothing is there yet");
        written.add("shop", "C1");
        let text = written.lines();
        assert!(!text.contains("C1"));
        let read = Tombstones::read("a secret of the company", text.lines()).expect("the same key");
        assert!(read.has("shop", "C1") && !read.has("app", "C1") && !read.has("shop", "C2"));
        assert_eq!(read.lines(), text);
        let former = BTreeMap::from([("store".to_string(), vec!["shop".to_string()])]);
        let renamed = read.with_former(&former);
        assert!(renamed.has("store", "C1") && renamed.has("shop", "C1") && !renamed.has("app", "C1"));
        assert_eq!(renamed.lines(), text, "the list stays as it is");
        assert!(Tombstones::read("another secret", text.lines()).is_none());
    }
}
