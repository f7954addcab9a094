//! 名寄せ (nayose): find the customer records that are one person, give them one ID, keep it.
//!
//! ```text
//! object storage ──ingest──▶ records ──normalize──▶ standardized ──block──▶ candidate pairs
//!     ──score──▶ scored pairs ──cluster──▶ identities ──golden──▶ golden_customer, id_map, …
//!     ──marts──▶ RFM, LTV, decile, basket, … ──▶ published together by a row of `run`
//! ```
//!
//! This is the root package: the command line, the audit library, the engine. The pure core is in `crates/`: `nayose-japanese`
//! (text in, canonical text out) and `nayose-matching` (records in, people out). Rooms lie in layers, and an arrow never
//! points up; ARCHITECTURE.md lists them, and a test computes them from every path in the code.

mod audit;
pub mod cli;
pub mod config;
mod console;
mod engine;
pub mod error;
mod functions;
mod lake;
mod observe;
mod runner;
mod serve;
pub mod sources;
mod stages;
mod store;
mod tables;

pub use audit::Audit;
pub use audit::matching::MatchRequest;
pub use engine::session::{Resources, session};
pub use store::Location;
