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
pub const EVENT_ATTRIBUTES: [&str; 30] = [
    "transaction_id",
    "store_id",
    "item_id",
    "item_name",
    "quantity",
    "unit_price",
    "amount",
    "category",
    "detail",
    "status",
    "discount",
    "coupon_id",
    "points_used",
    "shipping_charged",
    "shipping_cost",
    "tax",
    "receipt_id",
    "medium",
    "campaign",
    "arm",
    "visitor_id",
    "account_id",
    "corporate_number",
    "valid_until",
    "bought_on",
    "serial_number",
    "staff",
    "score",
    "reason",
    "recipient",
];

/// A table of things that facts name, which a source fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name.
    pub name: &'static str,
    /// The columns that tell one row from another.
    pub key: &'static [&'static str],
    /// The columns that a row must have, those of the key first.
    pub required: &'static [&'static str],
    /// All columns.
    pub columns: &'static [&'static str],
}

/// The tables that a source may fill.
pub const REFERENCES: [Reference; 3] = [
    Reference {
        name: "product",
        key: &["item_id"],
        required: &["item_id"],
        columns: &["item_id", "item_name", "category_path", "cost", "launched_on", "role"],
    },
    Reference {
        name: "store",
        key: &["store_id"],
        required: &["store_id"],
        columns: &["store_id", "store_name", "prefecture", "opened_on"],
    },
    Reference {
        name: "medium_spend",
        key: &["medium", "month"],
        required: &["medium", "month", "amount"],
        columns: &["medium", "month", "amount"],
    },
];

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
