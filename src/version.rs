//! Which nayose this is: version, commit, engine. For people and for what a run reports; nothing that a run publishes depends
//! on the commit, but a run takes over work of the same build only.

use std::sync::OnceLock;

/// The version of the package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that was built; "unknown" outside of a checkout.
pub const COMMIT: &str = env!("NAYOSE_COMMIT");

/// The version of the engine.
pub const DATAFUSION: &str = datafusion::DATAFUSION_VERSION;

/// All three in one line.
pub fn line() -> &'static str {
    static LINE: OnceLock<String> = OnceLock::new();
    LINE.get_or_init(|| format!("{VERSION} (commit {COMMIT}, DataFusion {DATAFUSION})"))
}
