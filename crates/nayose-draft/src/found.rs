//! An answer with its certainty and its reason.

use serde::Serialize;

/// An answer, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found<T> {
    /// The answer.
    pub value: T,
    /// Whether nothing else fits; otherwise it is a guess.
    pub sure: bool,
    /// Why, in plain English, without any value of a row.
    pub reason: String,
}

impl<T> Found<T> {
    pub(crate) fn sure(value: T, reason: impl Into<String>) -> Found<T> {
        Found { value, sure: true, reason: reason.into() }
    }

    pub(crate) fn guess(value: T, reason: impl Into<String>) -> Found<T> {
        Found { value, sure: false, reason: reason.into() }
    }
}
