//! Names of people: the text of a name field to family and given name.
//!
//! In: a name in one field or in parts, and its フリガナ if the record has one. Out: a [`Name`] with both parts in
//! kanji, kana and rōmaji, keys that are equal for variant spellings, and a weighted set of readings for each part. Why
//! readings are a set: kanji alone do not determine them, and one channel sends 裕子 where another sends ユウコ or
//! ヒロコ.
//!
//! - `clean` removes honorifics, titles, brackets and maiden names, and detects placeholders and test entries;
//! - `divide` splits 田中太郎 into 田中 and 太郎, with the probability that the split is right;
//! - `readings` lists how a part may be read, from the dictionary and from its characters; `kept` keeps it;
//! - `listed` says whether lists of names know a part;
//! - `cut` marks names that a card system cut;
//! - `assemble` and `latin` combine these for names in Japanese and in Latin letters.
//!
//! Nothing here fails: a text that is no name is returned with a [`Problem`]. Normalizing the
//! [`display`](Name::display) of a result gives the same [`key`](Name::key).

mod assemble;
mod clean;
mod codes;
mod cut;
mod dictionary;
mod divide;
mod foreign;
mod kana_names;
mod kept;
mod latin;
mod letters;
mod listed;
mod memo;
mod readings;
mod word;

pub use cut::cut_key;
pub use divide::{Division, divide};
pub use letters::part_key;
pub use listed::{is_family_name, is_given_name};
pub use readings::Reading;

use crate::kana::kana_key;
use crate::organization::Organization;
use crate::romaji;
use dictionary::Part;
use letters::key_units;
use std::borrow::Cow;

/// Why a text gave no whole name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The text is blank.
    Empty,
    /// A placeholder (不明, ゲスト), digits, an address, or too long a text.
    NotAName,
    /// An organization; a person named with it is still given.
    Organization,
    /// One part only, and it is a family name.
    OnlyFamily,
    /// One part only, and it is a given name.
    OnlyGiven,
    /// A test entry (テスト 太郎, ああああ).
    TestRecord,
    /// The given name is cut at the end of a card system's field: only its first kana are known.
    Cut,
}

impl Problem {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Problem::Empty => "empty",
            Problem::NotAName => "not_a_name",
            Problem::Organization => "organization",
            Problem::OnlyFamily => "only_family",
            Problem::OnlyGiven => "only_given",
            Problem::TestRecord => "test_record",
            Problem::Cut => "cut",
        }
    }
}

/// Why a text has another name beside its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtherKind {
    /// The same words in another order, where the order cannot be known.
    Order,
    /// The same name in Latin letters, as on residence cards (WANG XIAOMING 王 小明).
    Latin,
}

impl OtherKind {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            OtherKind::Order => "order",
            OtherKind::Latin => "latin",
        }
    }
}

/// Another name that the text gives or may give.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherName {
    /// The family name as written, width folded.
    pub family: String,
    /// The given name as written, width folded.
    pub given: String,
    /// Why there is another.
    pub kind: OtherKind,
    /// The probability that this is the name of the person, from 0 to 1.
    pub confidence: f32,
}

/// A normalized name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Name {
    /// The family name as written, width folded.
    pub family: String,
    /// The given name as written, width folded.
    pub given: String,
    /// The family name's [`part_key`]: variants folded.
    pub family_key: String,
    /// The given name's [`part_key`].
    pub given_key: String,
    /// The family name in katakana, if the input has it.
    pub family_kana: Option<String>,
    /// The given name in katakana, if the input has it.
    pub given_kana: Option<String>,
    /// How the family name may be read, likeliest first; one reading if it is known.
    pub family_readings: Cow<'static, [Reading]>,
    /// How the given name may be read, likeliest first; one reading if it is known.
    pub given_readings: Cow<'static, [Reading]>,
    /// The family name before marriage, if the text has it.
    pub maiden: Option<String>,
    /// Text in brackets that is neither a reading nor a maiden name.
    pub nickname: Option<String>,
    /// 様, さん, Mr. …
    pub honorific: Option<String>,
    /// 部長, 医師 …
    pub title: Option<String>,
    /// The organization that the text names, instead of a person or with one.
    pub organization: Option<Organization>,
    /// Other names that the text gives, and other orders where the order is a guess.
    pub others: Vec<OtherName>,
    /// Whether the given name was written first.
    pub swapped: bool,
    /// The probability that the split into family and given name is right, from 0 to 1.
    pub confidence: f32,
    /// Why there is no whole name, if there is none.
    pub problem: Option<Problem>,
    /// Equal for two spellings of one name.
    pub key: String,
}

impl Name {
    /// Family name, space, given name.
    pub fn display(&self) -> String {
        join(&self.family, &self.given)
    }

    /// The kana of both parts, as far as it is known.
    pub fn display_kana(&self) -> String {
        join(self.family_kana.as_deref().unwrap_or_default(), self.given_kana.as_deref().unwrap_or_default())
    }

    /// Rōmaji in passport style, family name first: as written in Latin letters, else from the known kana or the
    /// likeliest reading.
    pub fn romaji(&self) -> String {
        let part_romaji = |written: &str, readings: &[Reading]| match readings.first() {
            _ if romaji::is_latin(written) => written.to_uppercase(),
            Some(reading) => romaji::from_kana(&reading.kana),
            None => String::new(),
        };
        join(&part_romaji(&self.family, &self.family_readings), &part_romaji(&self.given, &self.given_readings))
    }

    /// Derives keys and readings from the parts that have been set.
    fn finish(mut self) -> Name {
        self.family_key = part_key(&self.family);
        self.given_key = part_key(&self.given);
        let read = |part, key: &str, kana: &Option<String>| match kana {
            Some(kana) => Cow::Owned(vec![Reading { key: kana_key(kana), kana: kana.clone(), weight: 1.0 }]),
            None => readings::readings(part, key_units(key).units()),
        };
        self.family_readings = read(Part::Family, &self.family_key, &self.family_kana);
        self.given_readings = read(Part::Given, &self.given_key, &self.given_kana);
        self.key = join(&self.family_key, &self.given_key);
        if self.key.is_empty() && self.problem.is_none() {
            self.problem = Some(Problem::NotAName);
        }
        self
    }
}

/// Normalizes a name written in one field, with its フリガナ if there is one.
pub fn normalize(text: &str, kana: Option<&str>) -> Name {
    cut::mark(assemble::from_field(text, kana), text, kana)
}

/// Below this [`Name::confidence`] a division is a guess. A judgement: one in ten of such divisions is another one.
const SURE: f32 = 0.9;

/// The whole of a name as a family name alone, where its division is a guess: a short text in one field may be family and given
/// name (吉 泉) or a family name (吉泉). `None` where the division is sure, or where no list of family names has the text.
pub fn undivided(name: &Name) -> Option<Name> {
    let guess = !name.family.is_empty() && !name.given.is_empty() && name.confidence < SURE;
    guess.then(|| assemble::only_family(&format!("{}{}", name.family, name.given))).flatten()
}

/// The key of a part as [`Name::family_key`] has it: of Latin letters as rōmaji, of others as [`part_key`].
pub fn written_key(part: &str) -> String {
    if romaji::is_latin(part) { latin::latin_key(part) } else { part_key(part) }
}

/// Normalizes a name that comes in parts. Corrects whole names in the family field, parts in the wrong field and
/// undivided kana.
pub fn normalize_parts(family: &str, given: &str, family_kana: Option<&str>, given_kana: Option<&str>) -> Name {
    assemble::from_parts(family, given, family_kana, given_kana)
}

fn join(a: &str, b: &str) -> String {
    let mut out = String::with_capacity(a.len() + b.len() + 1);
    out.push_str(a);
    if !a.is_empty() && !b.is_empty() {
        out.push(' ');
    }
    out.push_str(b);
    out
}
