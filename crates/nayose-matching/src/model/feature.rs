//! The features that a model may use: what comparisons and blocking rules refer to by name.
//!
//! Built-in features come from the built-in attributes; a declared attribute is a feature of its own name. A feature is a
//! set of text values: every value that the record ever had, in the form in which it is compared.

use super::condition::NamePart;
use crate::record::attribute::{Attribute, AttributeType};

/// Family name as written (width folded).
pub(crate) const FAMILY: &str = "family";
/// Given name as written.
pub(crate) const GIVEN: &str = "given";
/// Family name with variant kanji folded to one.
pub(crate) const FAMILY_KEY: &str = "family.key";
/// Given name with variant kanji folded.
pub(crate) const GIVEN_KEY: &str = "given.key";
/// Readings of the family name as kana keys: the known one, or the possible ones.
pub(crate) const FAMILY_READING: &str = "family.reading";
/// Readings of the given name.
pub(crate) const GIVEN_READING: &str = "given.reading";
/// Family name in kana, where the record says it.
pub const FAMILY_KANA: &str = "family.kana";
/// Given name in kana, where the record says it.
pub const GIVEN_KANA: &str = "given.kana";
/// Family and given name keys together.
pub(crate) const NAME_KEY: &str = "name.key";
/// Readings of the whole name.
pub(crate) const NAME_READING: &str = "name.reading";
/// Birth date, ISO.
pub const BIRTH_DATE: &str = "birth_date";
/// Year of birth.
pub(crate) const BIRTH_YEAR: &str = "birth_date.year";
/// Month and day of birth.
pub(crate) const BIRTH_DAY: &str = "birth_date.month_day";
/// `male` or `female`.
pub const SEX: &str = "sex";
/// Any phone, E.164.
pub const PHONE: &str = "phone";
/// Mobile phones.
pub const MOBILE: &str = "phone.mobile";
/// Landlines and other phones that a household or a company shares.
pub const LANDLINE: &str = "phone.landline";
/// Mail addresses, one form for one mailbox.
pub const EMAIL: &str = "email";
/// Mail addresses that are probably one mailbox: a carrier's old and new domain.
pub(crate) const EMAIL_WEAK: &str = "email.weak";
/// The part before the @, where it is long enough to mean something and says more than the name.
pub(crate) const EMAIL_LOCAL: &str = "email.local";
/// Postal code.
pub const POSTAL_CODE: &str = "postal_code";
/// Municipality.
pub const CITY: &str = "address.city";
/// Municipality and town.
pub const TOWN: &str = "address.town";
/// Down to the block.
pub const BLOCK: &str = "address.block";
/// Down to the house number.
pub(crate) const NUMBER: &str = "address.number";
/// Down to the room.
pub const ROOM: &str = "address.room";

/// Every built-in feature.
pub(crate) const BUILT_IN: [&str; 26] = [
    FAMILY,
    GIVEN,
    FAMILY_KEY,
    GIVEN_KEY,
    FAMILY_READING,
    GIVEN_READING,
    FAMILY_KANA,
    GIVEN_KANA,
    NAME_KEY,
    NAME_READING,
    BIRTH_DATE,
    BIRTH_YEAR,
    BIRTH_DAY,
    SEX,
    PHONE,
    MOBILE,
    LANDLINE,
    EMAIL,
    EMAIL_WEAK,
    EMAIL_LOCAL,
    POSTAL_CODE,
    CITY,
    TOWN,
    BLOCK,
    NUMBER,
    ROOM,
];

/// The features whose values belong to one person or one household, so that a value of very many records means nothing.
pub fn identifying(attributes: &[Attribute]) -> Vec<String> {
    let identifiers = attributes.iter().filter(|a| a.kind == AttributeType::Identifier);
    let declared = identifiers.flat_map(|a| [a.name.clone(), digits_of(&a.name)]);
    [PHONE, MOBILE, LANDLINE, EMAIL, EMAIL_WEAK, BIRTH_DATE].into_iter().map(str::to_string).chain(declared).collect()
}

/// The features of a pipeline with these declared attributes.
pub fn names(attributes: &[Attribute]) -> Vec<String> {
    let declared = attributes.iter().flat_map(|a| {
        let digits = (a.kind == AttributeType::Identifier).then(|| digits_of(&a.name));
        std::iter::once(a.name.clone()).chain(digits)
    });
    BUILT_IN.iter().map(|f| f.to_string()).chain(declared).collect()
}

/// The features whose values are dates.
pub fn dates(attributes: &[Attribute]) -> Vec<String> {
    let declared = attributes.iter().filter(|a| a.kind == AttributeType::Date).map(|a| a.name.clone());
    std::iter::once(BIRTH_DATE.to_string()).chain(declared).collect()
}

/// Which part of a name the values of a feature are, where the dictionary of names has such.
pub fn name_part(feature: &str) -> Option<NamePart> {
    match feature {
        FAMILY | FAMILY_KEY | FAMILY_KANA | FAMILY_READING => Some(NamePart::Family),
        GIVEN | GIVEN_KEY | GIVEN_KANA | GIVEN_READING => Some(NamePart::Given),
        _ => None,
    }
}

/// The features on which two records agree wherever they agree on `feature`, itself included.
pub(crate) fn implied(feature: &str) -> Vec<String> {
    let wider: &[&str] = match feature {
        MOBILE | LANDLINE => &[PHONE],
        ROOM => &[NUMBER, BLOCK, TOWN, CITY],
        NUMBER => &[BLOCK, TOWN, CITY],
        BLOCK => &[TOWN, CITY],
        TOWN => &[CITY],
        BIRTH_DATE => &[BIRTH_YEAR, BIRTH_DAY],
        EMAIL => &[EMAIL_WEAK],
        _ => &[],
    };
    let digits = digits_of(feature);
    [feature, &digits].into_iter().chain(wider.iter().copied()).map(str::to_string).collect()
}

/// The feature of an identifier's digits alone: people leave out letters before a number. It is the whole identifier where
/// its digits are too few to mean something.
pub(crate) fn digits_of(attribute: &str) -> String {
    format!("{attribute}.digits")
}

/// Where a feature is among those used. They are few, and nearly all differ in length or in their last letter, so that looking
/// at each is faster than a search.
fn place(used: &[String], feature: &str) -> Option<usize> {
    let ends_alike = |u: &String| u.len() == feature.len() && u.as_bytes().last() == feature.as_bytes().last();
    used.iter().position(|u| ends_alike(u) && u == feature)
}

/// Values by feature, for the features that a model uses.
#[derive(Clone, Debug, Default)]
pub struct Features {
    values: Vec<Vec<String>>,
}

impl Features {
    /// No values yet for `used` features.
    pub fn new(used: usize) -> Self {
        Features { values: vec![Vec::new(); used] }
    }

    /// Values of a feature; each is kept once.
    pub(crate) fn add_all<'v>(&mut self, used: &[String], feature: &str, values: impl Iterator<Item = &'v str>) {
        let Some(place) = place(used, feature) else { return };
        let known = &mut self.values[place];
        for value in values {
            if !value.is_empty() && !known.iter().any(|v| v == value) {
                known.push(value.to_string());
            }
        }
    }

    /// The values of a feature so far.
    pub fn of(&self, used: &[String], feature: &str) -> &[String] {
        place(used, feature).map_or(&[], |place| &self.values[place])
    }

    /// The values by feature, each sorted, so that they do not depend on the order of versions.
    pub fn finish(mut self) -> Vec<Vec<String>> {
        self.values.iter_mut().for_each(|v| v.sort_unstable());
        self.values
    }
}
