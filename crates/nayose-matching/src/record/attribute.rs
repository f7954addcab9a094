//! The attributes of records and events that every pipeline has, and those that one declares beside them.

use nayose_japanese::identifier::CheckDigit;

use crate::model::Label;

/// Attributes that every pipeline has, for people.
pub const PERSON_ATTRIBUTES: [&str; 12] = [
    "name",
    "kana",
    "family_name",
    "given_name",
    "family_kana",
    "given_kana",
    "birth_date",
    "sex",
    "phone",
    "email",
    "postal_code",
    "address",
];

/// Attributes that every pipeline has, for events.
pub const EVENT_ATTRIBUTES: [&str; 9] =
    ["transaction_id", "store_id", "item_id", "item_name", "quantity", "unit_price", "amount", "category", "detail"];

/// A declared attribute.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: AttributeType,
    /// Check digit of an identifier.
    pub check: CheckDigit,
    /// Two identifiers may differ by the case of their letters alone, as ids of Salesforce in 15 characters do.
    #[serde(default)]
    pub case_sensitive: bool,
    /// Its name for people.
    pub label: Label,
}

/// What a declared attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// A number or code of the person: compared as a whole, letters and digits only, in one case unless it is case sensitive.
    Identifier,
    /// Any text: compared as it stands, width and case folded.
    Text,
    /// A date.
    Date,
}
