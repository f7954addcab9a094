//! Tables as files: what every table is, and how its rows become Parquet.
//!
//! [`contract`] says what each table is. [`columns`] reads Arrow columns by type, [`encode`] and [`part`] write files,
//! [`copy`] writes a table that has some of the columns of another, [`ranges`] tells the engine of an order that files have, and
//! [`in_turn`] reads such ranges one after the other; [`operator`] is what operators of ours have in common; [`zone`] says in which zone days begin,
//! [`sentence`] says in Japanese what tables say in English.

pub(crate) mod columns;
pub(crate) mod contract;
pub(crate) mod copy;
pub(crate) mod encode;
pub(crate) mod in_turn;
pub(crate) mod nested;
pub(crate) mod operator;
pub(crate) mod part;
pub(crate) mod ranges;
pub(crate) mod sentence;
pub(crate) mod zone;
