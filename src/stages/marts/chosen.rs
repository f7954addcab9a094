//! Which marts, checks and segments a run makes, and in which order.
//!
//! In: the queries of a pipeline. Out: the marts, each after those that it reads; the segments; what is left out because no source maps
//! what it needs.
//! Who reads a mart that is left out finds a table without rows, where its head says the columns, and is left out too where not. A query that cannot be parsed reads nothing: planning it tells why.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::prelude::SessionContext;

use crate::config::{Pipeline, SqlFile};
use crate::engine::query;
use crate::error::{Error, Result};
use crate::lake::results::{CheckLeftOut, MartLeftOut, SegmentLeftOut};
use crate::stages::marts::segments::choice::SegmentChoice;
use crate::stages::marts::segments::list_table;
use crate::tables::contract::{self, Table};

/// The marts and checks of a run.
pub(crate) struct Chosen<'a> {
    /// The marts in the order in which they are made.
    pub marts: Vec<&'a SqlFile>,
    /// Those that are not made.
    pub marts_left_out: Vec<MartLeftOut>,
    /// Those of them that others read as tables without rows.
    pub without_rows: Vec<&'static Table>,
    /// The checks in order of name.
    pub checks: Vec<&'a SqlFile>,
    /// Those that are not run.
    pub checks_left_out: Vec<CheckLeftOut>,
    /// The segments and mail lists.
    pub segments: SegmentChoice<'a>,
    /// Mart → the marts that it reads.
    reads: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Chosen<'a> {
    /// What a run of the pipeline makes.
    ///
    /// # Errors
    /// Configuration, where marts read each other in a circle, or one has the name of a table of nayose.
    pub(crate) fn of(context: &SessionContext, pipeline: &'a Pipeline) -> Result<Self> {
        let mut reads = BTreeMap::new();
        for mart in &pipeline.marts {
            let name = mart.name.as_str();
            if contract::find(name).is_some_and(|_| !contract::is_mart(name))
                || contract::work_table(name).is_some()
                || is_of_segments(pipeline, name)
            {
                return Err(Error::config(format!(
                    "{} has the name of a table that nayose makes itself",
                    mart.shown()
                ))
                .hint("rename the file: the table of a mart is called as its file"));
            }
            // A table of a schema is none of this run's.
            reads.insert(name, marts_of(context, pipeline, mart, |schema| schema.is_none()));
        }
        let mut order = Vec::new();
        for mart in &pipeline.marts {
            visit(pipeline, &reads, &mart.name, &mut Vec::new(), &mut order)?;
        }
        let (mut chosen, mut lacking, mut without_columns) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut without_rows = Vec::new();
        for mart in order {
            let own = mart.head.iter().flat_map(|head| &head.needs).filter(|need| !pipeline.maps(need));
            let own: BTreeSet<String> = own.map(ToString::to_string).collect();
            let needs = &own | &needs_of(&reads[mart.name.as_str()], &without_columns);
            if needs.is_empty() {
                chosen.push(mart);
                continue;
            }
            match contract::of_pipeline(pipeline, &mart.name) {
                Some(table) => without_rows.push(table),
                None => {
                    without_columns.insert(mart.name.as_str(), needs.clone());
                }
            }
            lacking.insert(mart.name.as_str(), needs);
        }
        let (mut checks, mut checks_left_out) = (Vec::new(), Vec::new());
        for check in &pipeline.checks {
            // A mart that is not made is in no schema either.
            let needs = needs_of(&marts_of(context, pipeline, check, |_| true), &lacking);
            if needs.is_empty() {
                checks.push(check);
            } else {
                checks_left_out.push(CheckLeftOut { check: check.name.clone(), needs: needs.into_iter().collect() });
            }
        }
        let segments = SegmentChoice::of(pipeline, &lacking);
        let left_out = |(mart, needs): (&str, BTreeSet<String>)| MartLeftOut {
            mart: mart.to_string(),
            needs: needs.into_iter().collect(),
        };
        let marts_left_out = lacking.into_iter().map(left_out).collect();
        Ok(Chosen { marts: chosen, marts_left_out, without_rows, checks, checks_left_out, segments, reads })
    }

    /// The marts that readers of the lake see.
    pub(crate) fn published(&self) -> impl Iterator<Item = &'a SqlFile> {
        self.marts.iter().copied().filter(|mart| contract::is_published(&mart.name))
    }

    /// Whether a mart reads one of these itself.
    pub(super) fn reads_any(&self, mart: &str, of: &BTreeSet<&str>) -> bool {
        self.reads[mart].iter().any(|read| of.contains(read))
    }

    /// These marts and all that they read, themselves or through another, in the order in which they are made.
    pub(crate) fn with_what_they_read(&self, these: impl Iterator<Item = &'a str>) -> Vec<&'a SqlFile> {
        let mut wanted: BTreeSet<&str> = these.collect();
        // Each comes after those that it reads, so that the last is asked first.
        for mart in self.marts.iter().rev() {
            if wanted.contains(mart.name.as_str()) {
                wanted.extend(self.reads[mart.name.as_str()].iter().copied());
            }
        }
        self.marts.iter().copied().filter(|mart| wanted.contains(mart.name.as_str())).collect()
    }

    /// What a person is told of it before a run.
    pub(crate) fn told(&self) -> Told {
        Told {
            marts: self.published().count(),
            checks: self.checks.len(),
            segments: self.segments.segments.len(),
            left_out: left_out(&self.marts_left_out, &self.checks_left_out, &self.segments.left_out),
        }
    }
}

/// What a person is told of the queries before a run.
pub(crate) struct Told {
    /// Marts that will be published.
    pub marts: usize,
    /// Checks that will be run.
    pub checks: usize,
    /// Segments whose members will be found.
    pub segments: usize,
    /// What is left out, in lines.
    pub left_out: Vec<String>,
}

/// What is left out, in lines for people: one for each set of needs, in order.
pub(crate) fn left_out(marts: &[MartLeftOut], checks: &[CheckLeftOut], segments: &[SegmentLeftOut]) -> Vec<String> {
    const KINDS: [&str; 4] = ["marts", "checks", "segments", "mail lists"];
    let marts = marts.iter().map(|left| (&left.needs, 0, &left.mart));
    let checks = checks.iter().map(|left| (&left.needs, 1, &left.check));
    let segments = segments.iter().map(|left| (&left.needs, if left.list_only { 3 } else { 2 }, &left.segment));
    let mut lines: BTreeMap<&[String], [Vec<&str>; KINDS.len()]> = BTreeMap::new();
    for (needs, kind, name) in marts.chain(checks).chain(segments) {
        lines.entry(needs).or_default()[kind].push(name);
    }
    let line = |(needs, names): (&[String], [Vec<&str>; KINDS.len()])| {
        let kinds = KINDS.iter().zip(names).filter(|(_, names)| !names.is_empty());
        let names: Vec<String> = kinds.map(|(kind, names)| format!("{kind} {}", names.join(", "))).collect();
        format!("left out, as no source maps {}: {}", needs.join(" and "), names.join("; "))
    };
    lines.into_iter().map(line).collect()
}

/// Whether a table of this name is one that segments of the pipeline make.
fn is_of_segments(pipeline: &Pipeline, name: &str) -> bool {
    let is_published = !pipeline.segments.is_empty() && contract::SEGMENT_TABLES.iter().any(|table| table.name == name);
    is_published || pipeline.segments.iter().any(|segment| list_table(&segment.name) == name)
}

/// The marts that a query names, in the schemas that `counts`.
fn marts_of<'a>(
    context: &SessionContext,
    pipeline: &'a Pipeline,
    file: &SqlFile,
    counts: impl Fn(Option<&str>) -> bool,
) -> BTreeSet<&'a str> {
    let tables = query::tables(context, &file.sql).unwrap_or_default();
    let named: BTreeSet<&str> = tables.iter().filter(|t| counts(t.schema())).map(|t| t.table()).collect();
    pipeline.marts.iter().map(|mart| mart.name.as_str()).filter(|name| named.contains(name)).collect()
}

/// What is lacking of these marts.
fn needs_of(marts: &BTreeSet<&str>, lacking: &BTreeMap<&str, BTreeSet<String>>) -> BTreeSet<String> {
    marts.iter().filter_map(|mart| lacking.get(mart)).flatten().cloned().collect()
}

/// Puts a mart behind those that it reads; `way` are the marts by which it was reached.
fn visit<'a>(
    pipeline: &'a Pipeline,
    reads: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    name: &'a str,
    way: &mut Vec<&'a str>,
    order: &mut Vec<&'a SqlFile>,
) -> Result<()> {
    if let Some(start) = way.iter().position(|on_way| *on_way == name) {
        let circle: Vec<&str> = way[start..].iter().copied().chain([name]).collect();
        return Err(Error::config(format!("marts read each other in a circle: {}", circle.join(" reads ")))
            .hint("one of them has to read something else: put what both need into a mart of its own"));
    }
    if order.iter().any(|done| done.name == name) {
        return Ok(());
    }
    way.push(name);
    for &read in &reads[name] {
        visit(pipeline, reads, read, way, order)?;
    }
    way.pop();
    order.extend(pipeline.mart(name));
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{self, Overrides};

    /// The retail pipeline with these marts and checks alone.
    fn pipeline(marts: &[(&str, &str)], checks: &[(&str, &str)]) -> Pipeline {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
        let mut pipeline = config::load(&file, &Overrides::default()).unwrap();
        let file = |(name, sql): &(&str, &str)| SqlFile {
            name: name.to_string(),
            folder: "marts".into(),
            sql: sql.to_string(),
            head: config::head::read(sql, &mut Default::default()),
        };
        pipeline.marts = marts.iter().map(file).collect();
        pipeline.checks = checks.iter().map(file).collect();
        pipeline
    }

    fn names<'a>(files: &[&'a SqlFile]) -> Vec<&'a str> {
        files.iter().map(|file| file.name.as_str()).collect()
    }

    const NEEDS: &str = "-- needs: event.no_such_event\nselect 1 as n";

    #[test]
    fn a_mart_is_made_after_what_it_reads_published_or_not() {
        let marts = [
            ("a", "with d as (select 1) select * from b, d"),
            ("b", "select * from _c where exists (select 1 from interaction)"),
            ("_c", "select 1"),
            ("d", "select * from previous.a"),
        ];
        let pipeline = pipeline(&marts, &[]);
        let chosen = Chosen::of(&SessionContext::new(), &pipeline).unwrap();
        assert_eq!(names(&chosen.marts), ["_c", "b", "a", "d"]);
        assert_eq!(chosen.published().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["b", "a", "d"]);
        assert_eq!(names(&chosen.with_what_they_read(["b"].into_iter())), ["_c", "b"]);
        assert_eq!(names(&chosen.with_what_they_read(["a"].into_iter())), ["_c", "b", "a"], "through another");
        assert_eq!(names(&chosen.with_what_they_read(["d"].into_iter())), ["d"]);
    }

    #[test]
    fn marts_that_read_each_other_are_told_as_a_circle() {
        let error = |marts: &[(&str, &str)]| {
            let pipeline = pipeline(marts, &[]);
            Chosen::of(&SessionContext::new(), &pipeline).err().map(|e| e.message().to_string()).unwrap_or_default()
        };
        let said = error(&[("a", "select * from b"), ("b", "select * from c"), ("c", "select * from b")]);
        assert_eq!(said, "marts read each other in a circle: b reads c reads b");
        assert_eq!(error(&[("a", "select * from a")]), "marts read each other in a circle: a reads a");
        let said = error(&[("consent", "select 1")]);
        assert_eq!(said, "marts/consent.sql has the name of a table that nayose makes itself");
    }

    #[test]
    fn what_needs_something_that_no_source_maps_is_left_out_with_all_that_reads_it() {
        let marts = [
            ("a", "select * from _b"),
            ("_b", NEEDS),
            ("c", "-- needs: event.no_other_event, event.purchase\nselect * from a"),
            ("d", "-- needs: event.purchase, interaction.amount\nselect 1"),
            (
                "h",
                "-- ja: h\n-- en: h\n-- key: n\n-- needs: event.no_such_event\n-- column: n | long | 数 | number | plain\nselect 1 as n",
            ),
            ("i", "select count(*) as n from h"),
        ];
        let checks = [("e", "select 1 from a"), ("f", "select 1 from d"), ("g", "select 1 from plan.c")];
        let pipeline = pipeline(&marts, &checks);
        let chosen = Chosen::of(&SessionContext::new(), &pipeline).unwrap();
        assert_eq!(names(&chosen.marts), ["d", "i"], "a head says what a table without rows is");
        assert_eq!(chosen.without_rows.iter().map(|table| table.name).collect::<Vec<_>>(), ["h"]);
        assert_eq!(names(&chosen.checks), ["f"]);
        let told = [
            "left out, as no source maps event.no_other_event and event.no_such_event: marts c; checks g",
            "left out, as no source maps event.no_such_event: marts _b, a, h; checks e",
        ];
        assert_eq!(chosen.told().left_out, told);
    }
}
