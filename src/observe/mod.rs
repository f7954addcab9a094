//! What a run tells when it has ended: lineage events, metrics, what every operator did.

pub(crate) mod lineage;
pub(crate) mod metrics;
pub(crate) mod profile;
