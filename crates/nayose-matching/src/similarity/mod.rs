//! How alike two values are: strings and dates. Pure functions for the matcher.
//!
//! In: values that `nayose-japanese` has normalized. Out: whether they are within a bound, or a named relation. The bounded forms
//! (`…_at_most`, `…_at_least`) give up as soon as the answer can no longer be within the bound, which is what most candidate
//! pairs need.

mod date;
mod string;

pub use date::DateRelation;
pub(crate) use date::{date_relation, digits_contradict, whole_digits};
pub(crate) use string::{damerau_levenshtein_at_most, jaro_winkler_at_least, levenshtein_at_most};
