//! From scored pairs to people: clusters, households, ids. Pure: no engine, no files, no clock.

pub mod alias;
pub mod among;
mod assign;
pub mod bounds;
pub mod carry;
pub mod cluster;
mod component;
pub mod customer_id;
mod exchange;
pub mod former;
mod join;
pub mod over_thresholds;
pub mod people;
pub mod pin;
pub mod pseudonym;
pub mod rollback;
pub mod set_ids;
mod sets;
pub mod steps;
pub mod tombstone;
pub(crate) mod votes;
