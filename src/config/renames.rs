//! Former names of channels and sources, so that a channel may have another name and its records keep their ids, and a source that has
//! another name is the same source to guards.
//!
//! In: `channels: { store: { was: shop } }` of the pipeline file. Out: which channel a name means today, and under which name ids are
//! founded. An id is the hash of its founding record, and a channel is a part of that record's name: ids are founded under the
//! oldest name that the channel had, whatever it is called.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::check::{Document, key};
use super::file::PipelineFile;
use super::problem::{Problems, did_you_mean};
use super::tree::line_of;

/// Channel, or source → its former names, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Renames {
    former: BTreeMap<String, Vec<String>>,
}

impl Renames {
    /// Whether nothing has had another name.
    pub fn is_empty(&self) -> bool {
        self.former.is_empty()
    }

    /// What the channel, or the source, of this name is called today.
    pub fn today<'a>(&'a self, channel: &'a str) -> &'a str {
        let is = |(_, former): &(&String, &Vec<String>)| former.iter().any(|name| name == channel);
        self.former.iter().find(is).map_or(channel, |(today, _)| today)
    }

    /// The same for a record, `channel:record_id`; anything else as it is.
    pub fn record_today(&self, typed: &str) -> String {
        match typed.split_once(':') {
            Some((channel, id)) => format!("{}:{id}", self.today(channel)),
            None => typed.to_string(),
        }
    }

    /// The name under which ids of a channel's records are founded.
    pub fn founding<'a>(&'a self, channel: &'a str) -> &'a str {
        self.former.get(channel).and_then(|former| former.last()).map_or(channel, String::as_str)
    }

    /// Every former name with the channel of today.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.former.iter().flat_map(|(today, former)| former.iter().map(|name| (name.as_str(), today.as_str())))
    }

    /// Channel → its former names.
    pub fn by_channel(&self) -> &BTreeMap<String, Vec<String>> {
        &self.former
    }
}

/// The former names that a pipeline file gives: of channels, and of sources.
pub(super) fn check(d: &Document<PipelineFile>, problems: &mut Problems) -> (Renames, Renames) {
    (of_channels(d, problems), of_sources(d, problems))
}

fn of_channels(d: &Document<PipelineFile>, problems: &mut Problems) -> Renames {
    let channels: BTreeSet<&str> = d.file.channels_of_sources();
    let mut renames = Renames::default();
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for (channel, names) in &d.file.channels {
        let line = line_of(&d.tree, &[key("channels"), key(channel)]);
        if !channels.contains(channel.as_str()) {
            let hint = did_you_mean(channel, channels.iter().copied())
                .unwrap_or_else(|| format!("channels: {}", channels.iter().copied().collect::<Vec<_>>().join(", ")));
            problems.add(line, format!("no source has the channel {channel:?}"), hint);
        }
        for name in names.was.to_vec() {
            if channels.contains(name.as_str()) {
                problems.add(
                    line,
                    format!("channel {channel:?} was {name:?}, and a source still has that channel"),
                    "give that source the new channel too, or leave the name out of `was`",
                );
            } else if let Some(other) = taken.insert(name.clone(), channel) {
                problems.add(
                    line,
                    format!("channels {other:?} and {channel:?} both were {name:?}"),
                    "a name was that of one channel: leave it out of the other's `was`",
                );
            }
        }
        renames.former.insert(channel.clone(), names.was.to_vec());
    }
    renames
}

fn of_sources(d: &Document<PipelineFile>, problems: &mut Problems) -> Renames {
    let sources: BTreeSet<&str> = d.file.sources.iter().map(|s| s.name.as_str()).collect();
    let mut renames = Renames::default();
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for (place, source) in d.file.sources.iter().enumerate() {
        let Some(was) = &source.was else { continue };
        let line = line_of(&d.tree, &[key("sources"), super::tree::Step::Index(place), key("was")]);
        for name in was.to_vec() {
            if sources.contains(name.as_str()) {
                problems.add(
                    line,
                    format!("source {:?} was {name:?}, and a source still has that name", source.name),
                    "rename that source too, or leave the name out of `was`",
                );
            } else if let Some(other) = taken.insert(name.clone(), &source.name) {
                problems.add(
                    line,
                    format!("sources {other:?} and {:?} both were {name:?}", source.name),
                    "a name was that of one source: leave it out of the other's `was`",
                );
            }
        }
        renames.former.insert(source.name.clone(), was.to_vec());
    }
    renames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_what_it_was() {
        let renames = Renames { former: BTreeMap::from([("till".into(), vec!["store".into(), "shop".into()])]) };
        for name in ["till", "store", "shop"] {
            assert_eq!(renames.today(name), "till");
        }
        assert_eq!((renames.today("app"), renames.founding("app")), ("app", "app"));
        assert_eq!(renames.founding("till"), "shop", "the oldest name");
        assert_eq!(renames.record_today("shop:A:1"), "till:A:1");
        assert_eq!(renames.record_today("C-7K3M-9QXA-2TF5-H"), "C-7K3M-9QXA-2TF5-H");
    }
}
