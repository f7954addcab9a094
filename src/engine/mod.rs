//! The engine: the DataFusion session, plans run here or on a cluster, their rows written as files.
//!
//! In: how this process may use the machine, plans. Out: sessions ([`session`]), files ([`write`]) and what every operator did
//! ([`operators`]). [`query`] tells what is wrong in a query that a person wrote; [`ordered`] tables keep an order of their own,
//! [`grouped`] ones have a row for each key of rows in order, [`pieces`] are rows that are made when they are written; [`dates`] says
//! where days begin; `groups` finds rows that lie together, which are `numbered` and sorted `within` their group as they pass; [`spill`]
//! files have no name; [`streams`] are seen by a task each; queries of other people have [`bounds`].

pub(crate) mod bounds;
pub(crate) mod cluster;
pub(crate) mod dates;
pub(crate) mod grouped;
mod groups;
mod numbered;
pub(crate) mod operators;
pub(crate) mod ordered;
pub(crate) mod pieces;
pub(crate) mod query;
pub(crate) mod session;
mod spill;
pub(crate) mod streams;
mod within;
pub(crate) mod write;
