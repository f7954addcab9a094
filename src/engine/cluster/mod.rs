//! Plans on a cluster: Apache Ballista's scheduler and executors, with nayose's functions and object stores.
//!
//! In: the address of a scheduler. Out: sessions whose plans run there where they can travel: a plan is made here as for a local
//! run, goes to the scheduler as it is ([`codec`]), and its rows stream back ([`remote`]); a work table is written by the
//! executors themselves ([`parts`]). The same binary serves as scheduler and executor ([`serve`]).
//!
//! All of it is behind the feature `cluster`. Without it no [`Cluster`] can be made, and plans run here.

#[cfg(feature = "cluster")]
mod address;
#[cfg(feature = "cluster")]
mod codec;
#[cfg(feature = "cluster")]
mod parts;
#[cfg(feature = "cluster")]
mod remote;
#[cfg(feature = "cluster")]
pub(crate) mod serve;

#[cfg(not(feature = "cluster"))]
mod absent;

#[cfg(feature = "cluster")]
pub(crate) use self::{
    address::Cluster,
    parts::written_there,
    remote::{context, here},
};

#[cfg(not(feature = "cluster"))]
pub(crate) use self::absent::{Cluster, context, here, written_there};

/// Bytes of a message between the processes of a cluster: a plan names every file that it reads with its statistics.
#[cfg(feature = "cluster")]
const MESSAGE_BYTES: u32 = 128 << 20;
