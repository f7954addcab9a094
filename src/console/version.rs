//! Which nayose this is: version, commit, engine, list of towns. For people and for what a run reports; nothing that a run publishes depends
//! on the commit, but a run takes over work of the same build only.

use std::sync::OnceLock;

use nayose_japanese::address;

/// The version of the package.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that was built; "unknown" outside of a checkout.
pub(crate) const COMMIT: &str = env!("NAYOSE_COMMIT");

/// The version of the engine.
pub(crate) const DATAFUSION: &str = datafusion::DATAFUSION_VERSION;

/// All three in one line, and the edition of the list of towns.
pub(crate) fn line() -> &'static str {
    static LINE: OnceLock<String> = OnceLock::new();
    let towns = address::edition();
    LINE.get_or_init(|| format!("{VERSION} (commit {COMMIT}, DataFusion {DATAFUSION}, towns of {towns})"))
}
