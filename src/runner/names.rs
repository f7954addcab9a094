//! Names that the run before had and the pipeline file has no more: is it something else, or the same under another name?
//!
//! In: a pipeline, the published run before and what is left of its work, the names that are let in. Out: nothing, or an error that says
//! what to write. Under another name without `was` a channel is a new one: each of its records is gone, and another one comes that
//! belongs to nobody of before. A source is one of which guards know nothing. Guards stand back where the pipeline file changed, so that
//! it is asked here.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::SessionContext;

use crate::config::{Pipeline, Rows};
use crate::console::progress::Progress;
use crate::error::{Error, Result};
use crate::lake::manifest::Manifest;
use crate::lake::snapshot::{self, PublishedRun};
use crate::tables::columns;
use crate::tables::contract::{ID_MAP, col};

/// Refuses to publish over the customers of another pipeline: all of them would be retired in one run.
///
/// # Errors
/// Configuration.
pub(super) fn same_pipeline(pipeline: &Pipeline, before: &Manifest) -> Result<()> {
    let (ours, theirs) = (&pipeline.name, &before.pipeline);
    if theirs.is_empty() || ours == theirs || pipeline.was.contains(theirs) {
        return Ok(());
    }
    let lake = pipeline.lake.shown();
    Err(Error::config(format!("{lake} holds the customers of the pipeline {theirs:?}, and this one is {ours:?}")).hint(
        format!(
            "give each pipeline a lake of its own with --lake or `lake:`; where it was only renamed, write `was: {theirs}` below its `name`"
        ),
    ))
}

/// Of the names that are let in those that guards know: of channels they know nothing.
pub(super) fn for_guards(pipeline: &Pipeline, admit: &[String]) -> Vec<String> {
    let is_source = |name: &String| pipeline.sources.iter().any(|source| &source.name == name);
    let is_channel = |name: &String| pipeline.sources.iter().any(|source| &source.channel == name);
    admit.iter().filter(|name| is_source(name) || !is_channel(name)).cloned().collect()
}

/// Refuses channels and sources that are gone from the pipeline file while others are new, unless these are let in by name.
///
/// # Errors
/// Configuration, naming all of them; environment, if the customers of before cannot be read.
pub(super) async fn check(
    pipeline: &Pipeline,
    context: &SessionContext,
    (before, work): (Option<&PublishedRun>, Option<&Manifest>),
    admit: &[String],
    progress: &Progress,
) -> Result<()> {
    let Some(before) = before else { return Ok(()) };
    let records = records_by_channel(pipeline, context, before).await?;
    let was: BTreeSet<&str> = records.keys().map(String::as_str).collect();
    let people = pipeline.sources.iter().filter(|source| matches!(source.holds, Rows::People { .. }));
    let mut found = Vec::new();
    if let Some(moved) = Moved::between(was, people.map(|source| source.channel.as_str()).collect()) {
        let lost: u64 = moved.gone.iter().filter_map(|channel| records.get(*channel)).sum();
        let was = format!(
            "`channels: {{ {}: {{ was: {} }} }}`",
            moved.new.first().unwrap_or(&""),
            moved.gone.first().unwrap_or(&"")
        );
        let harm = format!("{lost} records would lose their customers, whose ids would be retired");
        found.push((moved.sentence("channel", &harm), was, moved));
    }
    // Without the work of the run before nobody knows its sources: guards know nothing of their files either way.
    let was = work.iter().flat_map(|work| &work.inputs).map(|input| input.source.as_str()).collect();
    let is = pipeline.sources.iter().map(|source| source.name.as_str()).collect();
    if let Some(moved) = Moved::between(was, is) {
        let was = format!("`was: {}` below its `name`", moved.gone.first().unwrap_or(&""));
        let harm = "guards would know nothing of its files, and read those that are held";
        found.push((moved.sentence("source", harm), was, moved));
    }
    let is_let_in = |moved: &Moved| moved.new.iter().all(|new| admit.iter().any(|admitted| admitted == new));
    let (let_in, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, _, moved)| is_let_in(moved));
    for (sentence, ..) in let_in {
        progress.warn(&format!("let in: {sentence}"));
    }
    if refused.is_empty() {
        return Ok(());
    }
    let sentences: Vec<&str> = refused.iter().map(|(sentence, ..)| sentence.as_str()).collect();
    let was: Vec<&str> = refused.iter().map(|(_, was, _)| was.as_str()).collect();
    let new: BTreeSet<&str> = refused.iter().flat_map(|(.., moved)| moved.new.iter().copied()).collect();
    let new: Vec<String> = new.into_iter().map(|name| format!("--admit {name}")).collect();
    Err(Error::config(sentences.join("; ")).hint(format!(
        "where it is the same under another name, write {} in the pipeline file; where it is another one, run the same command with {}",
        was.join(" and "),
        new.join(" ")
    )))
}

/// Names that are gone and names that are new: at least one of each.
struct Moved<'a> {
    gone: Vec<&'a str>,
    new: Vec<&'a str>,
}

impl<'a> Moved<'a> {
    fn between(was: BTreeSet<&'a str>, is: BTreeSet<&'a str>) -> Option<Self> {
        let (gone, new): (Vec<&str>, Vec<&str>) =
            (was.difference(&is).copied().collect(), is.difference(&was).copied().collect());
        (!gone.is_empty() && !new.is_empty()).then_some(Moved { gone, new })
    }

    fn sentence(&self, what: &str, harm: &str) -> String {
        let listed = |names: &[&str]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let are = |names: &[&str]| if names.len() == 1 { "is" } else { "are" };
        format!(
            "{what} {} {} gone from the pipeline file and {} {} new: {harm}",
            listed(&self.gone),
            are(&self.gone),
            listed(&self.new),
            are(&self.new)
        )
    }
}

/// Records of the run before by their channels, under the names of today.
async fn records_by_channel(
    pipeline: &Pipeline,
    context: &SessionContext,
    before: &PublishedRun,
) -> Result<BTreeMap<String, u64>> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let Some(map) = snapshot::table(context, &pipeline.lake, before, ID_MAP.name).await? else { return Ok(found) };
    let open = map.filter(ident(col::VALID_TO).is_null())?;
    let counts = open.aggregate(vec![ident(col::CHANNEL)], vec![count(lit(1)).alias("records")])?;
    for batch in counts.collect().await? {
        let (channel, records) = (columns::strings(batch.column(0))?, columns::longs(batch.column(1))?);
        for row in 0..batch.num_rows() {
            let today = pipeline.renames.today(channel.value(row));
            *found.entry(today.to_string()).or_default() += records.value(row) as u64;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::Moved;

    #[test]
    fn only_what_is_gone_while_another_is_new_may_be_a_new_name() {
        let moved = |was: &[&'static str], is: &[&'static str]| {
            Moved::between(was.iter().copied().collect(), is.iter().copied().collect())
        };
        assert!(moved(&["app", "shop"], &["app", "shop"]).is_none());
        assert!(moved(&["app", "shop"], &["app"]).is_none(), "taken out");
        assert!(moved(&["app"], &["app", "shop"]).is_none(), "a new one");
        let found = moved(&["app", "shop"], &["app", "store", "till"]).expect("one is gone, two are new");
        let said = found.sentence("channel", "3 records");
        assert_eq!(said, "channel \"shop\" is gone from the pipeline file and \"store\", \"till\" are new: 3 records");
    }
}
