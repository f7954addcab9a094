//! A segment as it is typed: who is in it, and what makes it a mail list.
//!
//! In: a `.yaml` file of the folder that `segments` names. Out: its mirror. What its columns are, and whether an operator fits them, is
//! the business of [`super::check_segment`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::Label;

/// A segment: customers of whom something holds at the time of the run.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentFile {
    /// Its name for people.
    pub title: Label,
    /// Who is in it.
    #[serde(rename = "where")]
    pub condition: WhereFile,
    /// What makes it a mail list.
    pub send: Option<SendFile>,
}

/// Conditions, all of which hold. A key that is none of the words below is a column of `customer_profile`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct WhereFile {
    /// All of these hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub all: Vec<WhereFile>,
    /// One of these holds, or more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub any: Vec<WhereFile>,
    /// This does not hold: also where the value is missing.
    pub not: Option<Box<WhereFile>>,
    /// The customer buys a category more than others.
    pub preference: Option<PreferenceFile>,
    /// Column → what holds of its value: a value that it is, a list of those that it may be, or operators.
    #[serde(flatten)]
    pub columns: BTreeMap<String, ConditionFile>,
}

/// What holds of a column: its value, one of several, or operators. A value that is missing fulfils none of them but `missing`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ConditionFile {
    /// It is this value.
    One(ScalarFile),
    /// It is one of these.
    Several(Vec<ScalarFile>),
    /// All of these hold.
    Operators(Box<OperatorsFile>),
}

/// A value.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(untagged)]
pub enum ScalarFile {
    /// True or false.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// What may hold of a column; all that is given does.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorsFile {
    /// It is this value.
    pub equals: Option<ScalarFile>,
    /// It is one of these values.
    #[schemars(length(min = 1))]
    pub any_of: Option<Vec<ScalarFile>>,
    /// Of numbers: so much or more.
    pub at_least: Option<f64>,
    /// Of numbers: so much or less.
    pub at_most: Option<f64>,
    /// Of numbers: from the first to the second, both of them included.
    pub between: Option<[f64; 2]>,
    /// Of times: in the last so many days up to the run's time, each of 24 hours.
    #[schemars(range(min = 1))]
    pub within_days: Option<u32>,
    /// Of times: so many days before the run's time, or longer ago.
    #[schemars(range(min = 1))]
    pub more_than_days_ago: Option<u32>,
    /// Of times: in the next so many days after the run's time.
    #[schemars(range(min = 1))]
    pub in_next_days: Option<u32>,
    /// Of times: on this day or later, such as 2026-04-01.
    pub from: Option<String>,
    /// Of times: on this day or earlier.
    pub until: Option<String>,
    /// Of months, 1 to 12: the month of the run (0), the next one (1), and so on.
    #[schemars(range(max = 11))]
    pub months_ahead: Option<u32>,
    /// Of lists: this is in it.
    pub contains: Option<String>,
    /// Of lists: one of these is in it, or more.
    #[schemars(length(min = 1))]
    pub contains_any: Option<Vec<String>>,
    /// Whether there is no value.
    pub missing: Option<bool>,
}

/// A category that the customer buys more than others do.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreferenceFile {
    /// The category: the path of the products or its beginning, such as 食品 or 食品>飲料.
    pub category: String,
    /// Its share of the customer's purchases is so many times its share of all purchases, or more.
    pub times: f64,
    /// Purchases with the category that the customer has at least.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub purchases: u32,
}

fn one() -> u32 {
    1
}

/// What makes a segment a mail list: whom of its members a message may reach, and where.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendFile {
    /// The purpose of the message, as `consent` of the sources names it.
    pub purpose: String,
    /// The way of contact, as `consent` of the sources names it, such as email, phone, sms, push.
    pub contact: String,
    /// Only addresses of this device.
    pub device: Option<DeviceFile>,
    /// How many messages a customer may get.
    pub contact_cap: Option<CapFile>,
    /// Segments whose members are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Mail lists that go first: who is on one of them will have one message more, which the cap counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Who comes first.
    pub order: Option<OrderFile>,
    /// Customers that the list has at most, the first by `order`.
    #[schemars(range(min = 1))]
    pub at_most: Option<u32>,
}

/// A device, as it can be read from an address.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum DeviceFile {
    /// A mobile phone, or the mail address of a mobile carrier.
    Mobile,
    /// A mail address of no mobile carrier.
    Pc,
    /// A landline.
    Fixed,
}

impl DeviceFile {
    /// As `consented_address` names it.
    pub fn name(self) -> &'static str {
        match self {
            DeviceFile::Mobile => "mobile",
            DeviceFile::Pc => "pc",
            DeviceFile::Fixed => "fixed",
        }
    }
}

/// A contact cap: who got so many messages in the last days gets none.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapFile {
    /// Messages that a customer may have got at most, this one included.
    #[schemars(range(min = 1))]
    pub messages: u32,
    /// In so many days up to the run's time, each of 24 hours.
    #[schemars(range(min = 1))]
    pub days: u32,
    /// Only messages by these ways count, as the facts name them, such as email, push. Without it all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
}

/// In which order customers stand on a list; of equal ones, and of those without a value, the customer id decides.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderFile {
    /// A column of `customer_profile`.
    pub by: String,
    /// Which end comes first. Who has no value comes last in both.
    #[serde(default)]
    pub first: FirstFile,
}

/// The end of an order that comes first.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum FirstFile {
    /// The highest or the newest.
    #[default]
    Highest,
    /// The lowest or the oldest.
    Lowest,
}
