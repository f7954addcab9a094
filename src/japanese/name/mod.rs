//! Names of people: text as a channel sent it in; family and given name out, in kanji, kana and
//! rōmaji, with keys on which variants meet and a weighted set of readings for each part.
//!
//! - [`clean`]: honorifics, titles, brackets, maiden names taken off; placeholders and tests told;
//! - [`divide`]: 田中太郎 into 田中 and 太郎, with the probability that it is right;
//! - [`readings`]: how a part may be read, from lists, from its characters, and from what a
//!   customer base's own records teach ([`ReadingModel`]);
//! - `assemble` and `latin` put the pieces together for Japanese and Latin letters.
//!
//! Nothing here fails: what is no name comes back with a [`Problem`]. Normalizing the
//! [`display`](Name::display) of a result gives the same [`key`](Name::key).

mod assemble;
pub mod clean;
pub mod codes;
pub mod dictionary;
pub mod divide;
mod kana_names;
mod latin;
mod learned;
mod letters;
pub mod readings;

pub use dictionary::Part;
pub use learned::ReadingModel;
pub use letters::part_key;
pub use readings::Reading;

use super::organization::Organization;
use super::romaji;

/// Why a text gave no whole name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// Nothing was written.
    Empty,
    /// A word that stands for no name (不明, ゲスト), digits, an address, or too long a text.
    NotAName,
    /// An organization; a person named with it is still given.
    Organization,
    /// One part only, and it is a family name.
    OnlyFamily,
    /// One part only, and it is a given name.
    OnlyGiven,
    /// Somebody's test entry (テスト 太郎, ああああ).
    TestRecord,
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
        }
    }
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
    /// The family name in katakana, when the input says it.
    pub family_kana: Option<String>,
    /// The given name in katakana, when the input says it.
    pub given_kana: Option<String>,
    /// How the family name may be read, likeliest first; one reading when it is known.
    pub family_readings: Vec<Reading>,
    /// How the given name may be read, likeliest first; one reading when it is known.
    pub given_readings: Vec<Reading>,
    /// The family name before marriage, if the text tells it.
    pub maiden: Option<String>,
    /// What stood in brackets and is neither a reading nor a maiden name.
    pub nickname: Option<String>,
    /// 様, さん, Mr. …
    pub honorific: Option<String>,
    /// 部長, 医師 …
    pub title: Option<String>,
    /// The organization the text names, instead of a person or beside one.
    pub organization: Option<Organization>,
    /// Whether the given name was written first.
    pub swapped: bool,
    /// The probability that family and given name are told apart rightly, from 0 to 1.
    pub confidence: f32,
    /// Why there is no whole name, if there is none.
    pub problem: Option<Problem>,
    /// Two spellings of one name have one key.
    pub key: String,
}

impl Name {
    /// The name as it is shown: family name, space, given name.
    pub fn display(&self) -> String {
        join(&self.family, &self.given)
    }

    /// The kana as it is shown, as far as it is known.
    pub fn display_kana(&self) -> String {
        join(self.family_kana.as_deref().unwrap_or_default(), self.given_kana.as_deref().unwrap_or_default())
    }

    /// Rōmaji in passport style, family name first: as written in Latin letters, else of the known kana or the likeliest
    /// reading.
    pub fn romaji(&self) -> String {
        let of = |written: &str, readings: &[Reading]| match readings.first() {
            _ if romaji::is_latin(written) => written.to_uppercase(),
            Some(reading) => romaji::from_kana(&reading.kana),
            None => String::new(),
        };
        join(&of(&self.family, &self.family_readings), &of(&self.given, &self.given_readings))
    }

    /// Keys and readings of the parts that have been set.
    fn finish(mut self, learned: Option<&ReadingModel>) -> Name {
        self.family_key = part_key(&self.family);
        self.given_key = part_key(&self.given);
        let read = |part, key: &str, kana: &Option<String>| match kana {
            Some(kana) => vec![Reading { key: super::kana::kana_key(kana), kana: kana.clone(), weight: 1.0 }],
            None => readings::readings(part, letters::units_of(key).units(), learned),
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
    normalize_with(text, kana, None)
}

/// The same, reading names also as a customer base's own records teach.
pub fn normalize_with(text: &str, kana: Option<&str>, learned: Option<&ReadingModel>) -> Name {
    assemble::whole(text, kana, learned)
}

/// The text, all of it, as a family name; `None` where no list of family names has it.
pub fn only_family(text: &str) -> Option<Name> {
    assemble::only_family(text, None)
}

/// Normalizes a name that comes in parts. Whole names in the family field, parts in the wrong field
/// and undivided kana are put right.
pub fn normalize_parts(
    family: &str,
    given: &str,
    family_kana: Option<&str>,
    given_kana: Option<&str>,
    learned: Option<&ReadingModel>,
) -> Name {
    assemble::parts(family, given, family_kana, given_kana, learned)
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
