//! Decisions that stewards made in review: read from the lake and put beside those of the pipeline's file.
//!
//! In: a checked pipeline, whose lake it names. Out: the pipeline as a run takes it, whose digest tells that somebody decided. One whose
//! lake has no such decisions is as it was.

use std::borrow::Cow;

use crate::config::Pipeline;
use crate::config::decisions::{Line, that_count, together};
use crate::error::{Error, Result};
use crate::lake::decision_log::{self, Decisions};

/// The pipeline with the decisions of its lake.
///
/// # Errors
/// Configuration, where the two ways of deciding contradict each other; both places are named. Environment, if the lake cannot be read.
pub(crate) async fn with_desk(pipeline: &Pipeline) -> Result<Cow<'_, Pipeline>> {
    with(pipeline, &decisions(pipeline).await?)
}

/// The decisions of the pipeline's lake.
///
/// # Errors
/// Environment, if they cannot be read; data, if they are damaged.
pub(crate) async fn decisions(pipeline: &Pipeline) -> Result<Decisions> {
    // A web server lists nothing; that no lake can be there is said where it is opened.
    if pipeline.lake.is_web() {
        return Ok(Decisions::default());
    }
    Ok(decision_log::read(&pipeline.lake, &pipeline.renames).await?.0)
}

/// How many decisions of review hold, as a sentence; none where nobody decided.
pub(crate) fn told(pipeline: &Pipeline, decisions: &Decisions) -> Option<String> {
    let hold = decisions.newest().filter(|standing| standing.counts(pipeline.four_eyes)).count();
    let wait = decisions.newest().count() - hold;
    let second = if wait > 0 { format!("; {wait} wait for a second person") } else { String::new() };
    (hold + wait > 0).then(|| format!("decisions made in review: {hold} hold{second}"))
}

/// The pipeline with these decisions.
///
/// # Errors
/// Configuration, where they contradict those of the file.
pub(crate) fn with<'a>(pipeline: &'a Pipeline, decisions: &Decisions) -> Result<Cow<'a, Pipeline>> {
    let lines = decisions.lines(pipeline.four_eyes);
    if lines.is_empty() {
        return Ok(Cow::Borrowed(pipeline));
    }
    let mut own = pipeline.clone();
    own.digest = digest(&pipeline.digest, &lines)?;
    let file = pipeline.decisions_file.as_deref().unwrap_or("decisions");
    own.decision_lines = together(&pipeline.folder.join(file).display().to_string(), &pipeline.decision_lines, lines)?;
    own.decisions = that_count(&own.decision_lines);
    Ok(Cow::Owned(own))
}

/// The digest of a pipeline with these lines.
fn digest(pipeline: &str, lines: &[Line]) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(pipeline);
    for line in lines {
        part(&line.id);
        let decision = serde_json::to_string(&line.decision);
        part(&decision.map_err(|e| Error::bug(format!("a decision has no digest: {e}")))?);
    }
    Ok(hasher.finalize().to_hex()[..32].to_string())
}
