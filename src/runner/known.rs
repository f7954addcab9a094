//! What earlier runs found out about their inputs, so that a file that did not change is not read again for its fingerprint.
//!
//! In: the manifests in the lake's work folders, of published runs and of runs under way. Out: inputs with fingerprints. The
//! tasks of a scheduler start the same run once for each stage; without this each would read all files.

use crate::error::Result;
use crate::lake::WORK;
use crate::lake::manifest::{Input, Manifest};
use crate::store::Location;

/// The inputs of every run whose work is there.
///
/// # Errors
/// Environment, if the lake cannot be listed.
pub(super) async fn inputs(lake: &Location) -> Result<Vec<Input>> {
    let work = lake.join(WORK);
    let mut known = Vec::new();
    for (manifest, _) in work.glob("*/manifest.json").await? {
        let run = manifest.split('/').next().unwrap_or_default();
        // One that is damaged tells nothing here; the run that it belongs to says so.
        if let Ok(Some(manifest)) = Manifest::load(&work.join(run)).await {
            known.extend(manifest.inputs);
        }
    }
    Ok(known)
}
