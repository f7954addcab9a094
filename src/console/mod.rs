//! What a run tells while it works, and which build tells it.

pub(crate) mod progress;
pub(crate) mod version;
