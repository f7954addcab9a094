//! The matching core: which records are one person, and why.
//!
//! In: rows of records as plain data. Out: standardized records ([`record`]), blocks and their pairs ([`block`]), comparison
//! levels and probabilities ([`model`]), people, households and their ids over runs ([`identity`]), figures of quality
//! ([`evaluate`]), the evidence of a pair ([`evidence`]), the records that one
//! more record may be ([`lookup`]). Nothing here knows an engine, a file, an async runtime or a
//! clock: `Cargo.toml` and `clippy.toml` beside it say so.

pub mod block;
pub mod evaluate;
pub mod evidence;
pub mod identity;
pub mod lookup;
pub mod model;
pub mod parallel;
pub mod record;
pub mod similarity;
pub mod texts;
