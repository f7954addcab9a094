//! An entry of a log as a line of its file.
//!
//! A line is `{"number":7,"before":"…","digest":"…","content":{"salt":"…",…}}`, or `"erased":true` in place of the content. The digest is
//! that of the content's very text, BLAKE3 with all of its 64 digits. The link of an entry is the digest of its number, its `before` and its
//! `digest`; the next one names it as `before`. The salt keeps a digest from telling what was erased: a customer id and a time could be tried
//! out.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Head;
use crate::error::{Error, Result};

/// What comes before the content of a line, and what stands in its place once it is erased.
const CONTENT: &str = ",\"content\":";
const ERASED: &str = ",\"erased\":true}";

/// The key of the salt.
const SALT: &str = "salt";

/// Bytes of a salt: 128 bits cannot be tried out.
const SALT_BYTES: usize = 16;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// The link of the entry before; empty for the first.
    pub(crate) before: String,
    /// The digest of the content.
    pub(crate) digest: String,
    /// The text of the content; none where it was erased.
    pub(super) text: Option<String>,
}

/// The beginning of a line.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Beginning {
    number: u64,
    before: String,
    digest: String,
}

impl Entry {
    /// The entry of a line; none where it is no entry.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (beginning, text) = match line.strip_suffix(ERASED) {
            Some(beginning) => (beginning, None),
            None => {
                let (beginning, content) = line.split_once(CONTENT)?;
                (beginning, Some(content.strip_suffix('}')?.to_string()))
            }
        };
        let Beginning { number, before, digest } = serde_json::from_str(&format!("{beginning}}}")).ok()?;
        Some(Entry { number, before, digest, text })
    }

    /// Its line.
    pub(super) fn line(&self) -> String {
        let Entry { number, before, digest, text } = self;
        let beginning = format!("{{\"number\":{number},\"before\":\"{before}\",\"digest\":\"{digest}\"");
        match text {
            Some(text) => format!("{beginning}{CONTENT}{text}}}"),
            None => format!("{beginning}{ERASED}"),
        }
    }

    /// What the next entry names as the one before.
    pub(crate) fn link(&self) -> String {
        digest(&format!("{} {} {}", self.number, self.before, self.digest))
    }

    /// Whether it was erased.
    pub(crate) fn is_erased(&self) -> bool {
        self.text.is_none()
    }

    /// Whether the content is the one of its digest; an erased one has none to differ.
    pub(super) fn is_whole(&self) -> bool {
        self.text.as_ref().is_none_or(|text| digest(text) == self.digest)
    }

    /// The content; none where it was erased.
    ///
    /// # Errors
    /// Data, where it is not of this shape.
    pub(crate) fn content<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let Some(text) = &self.text else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|_| {
            Error::data(format!("entry {} of a log is not what belongs there", self.number))
                .hint("`nayose audit verify` says whether it was changed")
        })
    }

    /// Takes the content away; the digest stays.
    pub(super) fn erase(&mut self) {
        self.text = None;
    }
}

/// The text of a content, with a salt of its own.
pub(super) fn content_of(content: &impl Serialize) -> Result<String> {
    let bug = |what: &str| Error::bug(format!("an entry of a log cannot be written: {what}"));
    let Value::Object(fields) = serde_json::to_value(content).map_err(|e| bug(&e.to_string()))? else {
        return Err(bug("it is no object"));
    };
    let mut salt = [0; SALT_BYTES];
    getrandom::getrandom(&mut salt)
        .map_err(|e| Error::environment(format!("the system gives no random bytes: {e}")))?;
    let salt = salt.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut all = Map::from_iter([(SALT.to_string(), Value::String(salt))]);
    all.extend(fields);
    serde_json::to_string(&all).map_err(|e| bug(&e.to_string()))
}

/// The lines of new entries after an end of the log, and the end with them.
pub(super) fn lines(end: &Head, texts: &[String]) -> (String, Head) {
    let mut end = end.clone();
    let mut lines = String::new();
    for text in texts {
        let entry = Entry {
            number: end.number + 1,
            before: std::mem::take(&mut end.link),
            digest: digest(text),
            text: Some(text.clone()),
        };
        lines += &entry.line();
        lines.push('\n');
        end = Head { number: entry.number, link: entry.link() };
    }
    (lines, end)
}

fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let content =
            serde_json::json!({"by": "k.tanaka", "why": "a quote \" and ,\"content\": in it", "p": 0.1 + 0.2});
        let texts = [content_of(&content).expect("a text"), content_of(&content).expect("a text")];
        let (lines, end) = lines(&Head::default(), &texts);
        let read: Vec<Entry> = lines.lines().map(|line| Entry::parse(line).expect("an entry")).collect();
        assert_eq!((read[1].number, &read[1].before), (2, &read[0].link()));
        assert_eq!(end, Head { number: 2, link: read[1].link() });
        assert_ne!(read[0].digest, read[1].digest, "the salt tells them apart");
        assert!(read.iter().all(Entry::is_whole));
        let back: Value = read[0].content().expect("JSON").expect("not erased");
        assert_eq!((&back["why"], &back["p"]), (&content["why"], &content["p"]));
    }

    #[test]
    fn an_erased_line_keeps_its_link() {
        let (text, _) =
            lines(&Head::default(), &[content_of(&serde_json::json!({"customer_id": "C-1"})).expect("a text")]);
        let mut entry = Entry::parse(text.trim_end()).expect("an entry");
        let link = entry.link();
        entry.erase();
        let again = Entry::parse(&entry.line()).expect("an entry");
        assert!(again.is_erased() && again.is_whole() && again.link() == link);
        assert!(!entry.line().contains("C-1"));
    }

    #[test]
    fn what_is_no_entry_is_none() {
        for line in
            ["", "{}", "{\"number\":1}", "{\"number\":1,\"before\":\"\",\"digest\":\"\",\"x\":1,\"erased\":true}"]
        {
            assert_eq!(Entry::parse(line), None, "{line}");
        }
    }
}
