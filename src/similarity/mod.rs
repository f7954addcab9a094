//! How alike two values are: strings, sets of words, dates. Pure functions for the matcher.
//!
//! In: values that `japanese` has normalised. Out: a distance, a similarity from 0 to 1, or a named
//! relation. The bounded forms (`…_at_most`, `…_at_least`) give up as soon as the answer can no
//! longer be within the bound, which is what most candidate pairs need.

pub mod date;
pub mod set;
pub mod string;

pub use date::{DateRelation, date_relation, days_apart, digits_contradict, whole_digits};
pub use set::{Overlap, overlap, token_overlap};
pub use string::{
    damerau_levenshtein, damerau_levenshtein_at_most, jaro, jaro_winkler, jaro_winkler_at_least, levenshtein,
    levenshtein_at_most, levenshtein_similarity, osa, osa_at_most,
};
