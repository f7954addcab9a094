//! What only the owner knows, as plain data: the shell asks it on a terminal, or marks the place in the file.

use serde::Serialize;

use crate::closed::ValueCount;

/// A question to the owner of the files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// What is asked.
    pub kind: QuestionKind,
    /// The file.
    pub file: String,
    /// Where in a JSON document the rows are.
    pub path: Option<String>,
    /// The columns that it is about. They have to be read whole before they are asked about.
    pub columns: Vec<String>,
    /// The question, in plain English, without any value of a person.
    pub text: String,
    /// The values of the sample with counts, where they are a small closed set.
    pub values: Vec<ValueCount>,
    /// What the documentation of the export says of values: value, meaning (`granted`, `denied`, `male`, `skip`, …).
    pub documented: Vec<(String, String)>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Which values mean that the person agrees, and which that they do not.
    Consent,
    /// Which codes are which sex.
    SexCodes,
    /// Rows of which states or kinds are left out.
    StatusRows,
    /// In which time zone times are meant.
    TimeZone,
    /// Whether each delivery has all records or only what changed.
    Delivery,
    /// Whether recipients are customers.
    Recipient,
    /// What the columns of a file without a header mean.
    Columns,
}

impl QuestionKind {
    /// Its name, as in the id of a question.
    pub fn as_str(self) -> &'static str {
        match self {
            QuestionKind::Consent => "consent",
            QuestionKind::SexCodes => "sex_codes",
            QuestionKind::StatusRows => "status_rows",
            QuestionKind::TimeZone => "time_zone",
            QuestionKind::Delivery => "delivery",
            QuestionKind::Recipient => "recipient",
            QuestionKind::Columns => "columns",
        }
    }
}
