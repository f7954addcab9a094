//! What a run tells while it works, which build tells it, and who started it.

pub(crate) mod caller;
pub(crate) mod progress;
pub(crate) mod version;
