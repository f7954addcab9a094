//! 名寄せ (nayose): find the customer records that are one person, give them one ID, keep it.
//!
//! ```text
//! object storage ──ingest──▶ records ──normalize──▶ standardized ──block──▶ candidate pairs
//!     ──score──▶ scored pairs ──cluster──▶ identities ──golden──▶ golden_customer, id_map, …
//!     ──marts──▶ RFM, LTV, decile, basket, … ──▶ published together by a row of `run`
//! ```
//!
//! The modules in reading order: [`config`] says what to do, [`contract`] what every table is, [`stages`] how one
//! table becomes the next, [`runner`] runs them. [`japanese`], [`similarity`], [`model`], [`identity`] and [`record`] are
//! the pure core: text and numbers in and out, no engine, no files, no clock.

pub mod error;

pub mod config;
pub mod contract;

pub mod japanese;
pub mod similarity;

pub mod identity;
pub mod model;
pub mod record;

pub mod engine;
pub mod functions;
pub mod session;
pub mod stages;

pub mod copy_columns;
pub mod encode;
pub mod lake;
pub mod lineage;
pub mod manifest;
pub mod materialize;
pub mod metrics;
pub mod profile;
pub mod progress;
pub mod query;
pub mod ranges;
pub mod runner;
pub mod store;
pub mod threads;
pub mod version;

pub mod evaluate;
pub mod explain;
pub mod generate;

pub mod cli;
