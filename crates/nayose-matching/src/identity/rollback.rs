//! What has to be said of ids so that, after all that happened, they are again as they were at an earlier run.
//!
//! In: the ids that are people's own and the aliases, now and then. Out: the events of a rollback, which is added to what was said
//! before: nothing that happened is taken out of the history, and who follows it to its end finds the aliases of then.

use std::collections::BTreeSet;

use super::alias::Aliases;
use super::carry::{Event, EventKind};

/// The ids of a run.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    /// Those that are a person's own.
    pub own: BTreeSet<String>,
    /// Those that lead to another.
    pub aliases: Aliases,
}

/// What makes the ids of `now` those of `then`, in order of the ids.
pub fn restored(now: &Ids, then: &Ids) -> Vec<Event> {
    let aliases = now.aliases.ids().chain(then.aliases.ids());
    let all: BTreeSet<&str> = aliases.chain(now.own.iter().chain(&then.own).map(String::as_str)).collect();
    let kind = |id: &str| match (then.aliases.merged_into(id), now.aliases.merged_into(id)) {
        (Some(into), led) => (led != Some(into)).then(|| EventKind::Merged(into.to_string())),
        (None, led) => match (then.own.contains(id), now.own.contains(id)) {
            (true, false) if led.is_some() => Some(EventKind::Split(now.aliases.resolve(id).to_string())),
            (true, false) => Some(EventKind::Created),
            (true, true) => led.map(|_| EventKind::Created),
            (false, true) => Some(EventKind::Retired),
            (false, false) => led.map(|_| EventKind::Retired),
        },
    };
    all.into_iter().filter_map(|id| Some(Event { id: id.to_string(), kind: kind(id)?, rows: Vec::new() })).collect()
}
