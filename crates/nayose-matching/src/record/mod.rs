//! Records as plain data: rows as they came, standardized records, people. Pure: text in, values out.

pub mod age;
pub mod another;
pub mod attribute;
mod local_part;
mod names;
pub mod past;
pub mod standardize;
pub mod survive;
mod towns;

pub use standardize::Standardizer;

/// A source row of a person, as it came.
#[derive(Clone, Debug, Default)]
pub struct RawVersion<'a> {
    /// File.
    pub file: &'a str,
    /// Line.
    pub line: i64,
    /// When the values were valid, microseconds since 1970 UTC.
    pub observed_at: Option<i64>,
    /// When the record was made.
    pub registered_at: Option<i64>,
    /// Whole name.
    pub name: Option<&'a str>,
    /// Whole name in kana.
    pub kana: Option<&'a str>,
    /// Family name.
    pub family_name: Option<&'a str>,
    /// Given name.
    pub given_name: Option<&'a str>,
    /// Family name in kana.
    pub family_kana: Option<&'a str>,
    /// Given name in kana.
    pub given_kana: Option<&'a str>,
    /// Birth date.
    pub birth_date: Option<&'a str>,
    /// Sex.
    pub sex: Option<&'a str>,
    /// Phones.
    pub phones: Vec<&'a str>,
    /// Mail addresses.
    pub emails: Vec<&'a str>,
    /// Postal code.
    pub postal_code: Option<&'a str>,
    /// Address.
    pub address: Option<&'a str>,
    /// Declared attributes, by name.
    pub extra: Vec<(&'a str, &'a str)>,
}

/// What is known of a person: of a record, or of all records together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// Family name.
    pub family_name: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name in katakana.
    pub family_kana: Option<String>,
    /// Given name in katakana.
    pub given_kana: Option<String>,
    /// Birth date, days since 1970-01-01.
    pub birth_date: Option<i32>,
    /// `male` or `female`.
    pub sex: Option<String>,
    /// The address.
    pub address: Address,
    /// Phones in E.164, newest first.
    pub phones: Vec<String>,
    /// Mail addresses, newest first.
    pub emails: Vec<String>,
    /// Identifiers: kind, key, whether the check digit holds.
    pub identifiers: Vec<(String, String, Option<bool>)>,
    /// Other declared attributes, by name.
    pub extra: Vec<(String, String)>,
}

/// An address in parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Address {
    /// 7 digits.
    pub postal_code: Option<String>,
    /// Prefecture.
    pub prefecture: Option<String>,
    /// Municipality.
    pub city: Option<String>,
    /// Town.
    pub town: Option<String>,
    /// Chome.
    pub chome: Option<i32>,
    /// Block and house number.
    pub block: Option<String>,
    /// Building.
    pub building: Option<String>,
    /// Room.
    pub room: Option<String>,
    /// Town code.
    pub town_code: Option<String>,
    /// Canonical form in one line.
    pub line: Option<String>,
}

/// A value that a record had, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct PastValue {
    /// Attribute.
    pub attribute: String,
    /// Canonical value.
    pub value: String,
    /// First and last time at which a row had it.
    pub first_at: Option<i64>,
    /// Last time.
    pub last_at: Option<i64>,
}

/// A standardized record.
#[derive(Clone, Debug, Default)]
pub struct StandardRecord {
    /// The newest values.
    pub person: Person,
    /// When the record was made.
    pub registered_at: Option<i64>,
    /// Oldest time.
    pub first_seen: Option<i64>,
    /// Newest time.
    pub last_seen: Option<i64>,
    /// Number of rows.
    pub versions: i32,
    /// Every value that it ever had.
    pub history: Vec<PastValue>,
    /// `attribute:problem`, each once.
    pub problems: Vec<String>,
    /// Rows that contradict an earlier row of the same file and time.
    pub conflicts: Vec<(String, i64)>,
    /// Rows of somebody who had the record's number before: file and line.
    pub of_others: Vec<(String, i64)>,
    /// Since when the number is this person's, where somebody had it before and the rows tell.
    pub holder_since: Option<i64>,
    /// Values by feature, in the model's order.
    pub features: Vec<Vec<String>>,
}
