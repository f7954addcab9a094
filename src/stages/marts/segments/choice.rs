//! Which segments and mail lists a run makes, and in which order.
//!
//! In: the segments of a pipeline, the marts that lack their data. Out: the segments and lists that have it, each list after those that go
//! first; what is left out because no source maps what it needs. A segment whose column is null of everybody would be empty, and a list
//! whose cap nobody counts would have no cap: neither is made.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::segments::{Segment, Send, lists_in_order};
use crate::config::{Need, Pipeline};
use crate::lake::results::SegmentLeftOut;

/// The segments of a run.
#[derive(Default)]
pub(crate) struct SegmentChoice<'a> {
    /// Those whose members are found, in order of name.
    pub segments: Vec<&'a Segment>,
    /// Those that are mail lists, each after the lists that go first.
    pub lists: Vec<(&'a Segment, &'a Send)>,
    /// Those that are not made.
    pub left_out: Vec<SegmentLeftOut>,
}

impl<'a> SegmentChoice<'a> {
    /// What a run of the pipeline makes; `lacking` are the marts that are not made, with their needs.
    pub(crate) fn of(pipeline: &'a Pipeline, lacking: &BTreeMap<&str, BTreeSet<String>>) -> Self {
        let unmapped = |needs: &[Need]| {
            let needs = needs.iter().filter(|need| !pipeline.maps(need));
            needs.map(ToString::to_string).collect::<BTreeSet<String>>()
        };
        let read = |marts: Vec<&'static str>| {
            marts.into_iter().filter_map(|mart| lacking.get(mart)).flatten().cloned().collect::<BTreeSet<String>>()
        };
        let mut choice = SegmentChoice::default();
        let mut without: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let left_out = |segment: &Segment, list_only, needs: BTreeSet<String>| SegmentLeftOut {
            segment: segment.name.clone(),
            list_only,
            needs: needs.into_iter().collect(),
        };
        for segment in &pipeline.segments {
            let needs = &unmapped(&segment.needs) | &read(segment.reads());
            if needs.is_empty() {
                choice.segments.push(segment);
            } else {
                without.insert(&segment.name, needs.clone());
                choice.left_out.push(left_out(segment, false, needs));
            }
        }
        for (segment, send) in lists_in_order(&pipeline.segments) {
            if without.contains_key(segment.name.as_str()) {
                continue;
            }
            // Whom a list leaves out has to be known.
            let excluded = send.exclude.iter().filter_map(|name| without.get(name.as_str())).flatten();
            let mut needs = &unmapped(&send.needs) | &read(send.reads());
            needs.extend(excluded.cloned());
            if needs.is_empty() {
                choice.lists.push((segment, send));
            } else {
                choice.left_out.push(left_out(segment, true, needs));
            }
        }
        choice.left_out.sort_by(|a, b| a.segment.cmp(&b.segment));
        choice
    }
}
