//! From scored pairs to people: clusters, households, ids. Pure: no engine, no files, no clock.

pub mod alias;
pub mod carry;
pub mod cluster;
pub mod customer_id;
pub mod people;
pub mod pseudonym;
pub mod tombstone;
