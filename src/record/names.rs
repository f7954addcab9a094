//! The name of a source row, whole or in parts, as the standardizer uses it.

use super::RawVersion;
use crate::japanese::kana;
use crate::japanese::name::{self, Name, Problem, Reading};

/// A name as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadName {
    /// Family and given name as written; none where the row has kana only.
    pub(super) family_written: Option<String>,
    pub(super) given_written: Option<String>,
    /// With variant characters folded.
    pub(super) family_key: Option<String>,
    pub(super) given_key: Option<String>,
    /// In katakana, where known.
    pub(super) family_kana: Option<String>,
    pub(super) given_kana: Option<String>,
    /// Kana keys of the kana that the row says.
    pub(super) family_kana_key: Option<String>,
    pub(super) given_kana_key: Option<String>,
    /// Kana keys.
    pub(super) family_readings: Vec<String>,
    pub(super) given_readings: Vec<String>,
    /// The same as people spell them.
    pub(super) family_spelled: Vec<String>,
    pub(super) given_spelled: Vec<String>,
    /// Kana keys of the whole name, undivided.
    pub(super) whole_readings: Vec<String>,
    /// The key of another reading of the text as a family name, where the division is a guess.
    pub(super) other_family: Option<String>,
    /// Family name before marriage, where the text tells it.
    pub(super) maiden: Option<String>,
    pub(super) problem: Option<&'static str>,
    /// A test entry or no name: no evidence of a person.
    pub(super) junk: bool,
    /// A test entry.
    pub(super) test: bool,
}

/// Whole names that are kept of a name with several readings of both parts.
const MOST_WHOLE_READINGS: usize = 9;

/// The name of a row; `None` where it has no name column or nothing in them.
pub(super) fn read(v: &RawVersion) -> Option<ReadName> {
    let read = match (v.name, v.family_name, v.given_name) {
        (Some(text), _, _) => name::normalize(text, v.kana),
        (None, None, None) => match (v.kana, v.family_kana, v.given_kana) {
            (Some(text), _, _) => name::normalize(text, None),
            (None, None, None) => return None,
            (None, family, given) => parts(family, given, None, None),
        },
        (None, family, given) => parts(family, given, v.family_kana, v.given_kana),
    };
    let one_field = v.family_name.is_none() && v.given_name.is_none() && (v.name.is_none() || v.kana.is_none());
    let alone = one_field.then(|| family_alone(&read)).flatten();
    let mut shaped = shape(read);
    if let Some(alone) = alone {
        shaped.other_family = Some(alone.family_key);
        for reading in alone.family_readings {
            shaped.family_readings.push(reading.key);
            shaped.family_spelled.push(reading.kana);
        }
        (shaped.given_key, shaped.given_written, shaped.given_kana_key) = (None, None, None);
        shaped.given_readings.clear();
        shaped.given_spelled.clear();
    }
    Some(shaped)
}

/// Below this a division is a guess.
const SURE: f32 = 0.9;

/// A short text in one field may be a whole name (吉 泉) or a family name alone (吉泉), as people sign a ticket. Where the
/// division is a guess: the family name alone. Then the given name is not known, rather than one that disagrees.
fn family_alone(read: &Name) -> Option<Name> {
    let guess = !read.family.is_empty() && !read.given.is_empty() && read.confidence < SURE;
    guess.then(|| name::only_family(&format!("{}{}", read.family, read.given))).flatten()
}

fn parts(family: Option<&str>, given: Option<&str>, family_kana: Option<&str>, given_kana: Option<&str>) -> Name {
    name::normalize_parts(family.unwrap_or_default(), given.unwrap_or_default(), family_kana, given_kana, None)
}

fn shape(read: Name) -> ReadName {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    let keys = |readings: &[Reading]| -> Vec<String> { readings.iter().map(|r| r.key.clone()).collect() };
    let spelled = |readings: &[Reading]| -> Vec<String> { readings.iter().map(|r| r.kana.clone()).collect() };
    let (family_readings, given_readings) = (keys(&read.family_readings), keys(&read.given_readings));
    let whole_readings = family_readings
        .iter()
        .flat_map(|f| given_readings.iter().map(move |g| [f.as_str(), g].concat()))
        .take(MOST_WHOLE_READINGS)
        .collect();
    // A name all in kana is how the channel writes, not how the person is written.
    let all_kana = !read.family.is_empty() && read.family.chars().chain(read.given.chars()).all(kana::is_kana);
    let written = |text: &str| some(text).filter(|_| !all_kana);
    let kana_of = |known: &Option<String>, text: &str| known.clone().or_else(|| some(text).filter(|_| all_kana));
    let family_kana = kana_of(&read.family_kana, &kana::to_katakana(&read.family));
    let given_kana = kana_of(&read.given_kana, &kana::to_katakana(&read.given));
    let junk = matches!(read.problem, Some(Problem::Empty | Problem::NotAName | Problem::TestRecord));
    ReadName {
        family_written: written(&read.family),
        given_written: written(&read.given),
        family_key: written(&read.family_key),
        given_key: written(&read.given_key),
        family_kana_key: family_kana.as_deref().map(kana::kana_key),
        given_kana_key: given_kana.as_deref().map(kana::kana_key),
        family_kana,
        given_kana,
        family_readings,
        given_readings,
        family_spelled: spelled(&read.family_readings),
        given_spelled: spelled(&read.given_readings),
        whole_readings,
        other_family: None,
        maiden: read.maiden.as_deref().map(name::part_key),
        test: read.problem == Some(Problem::TestRecord),
        problem: read.problem.map(Problem::name),
        junk,
    }
}
