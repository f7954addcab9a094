//! Readings of listed names, kept once they were gathered.
//!
//! In: the number of a name in the dictionary, and how its readings are gathered. Out: the readings, shared. Why: few names are most
//! people's, and to gather the readings of one takes as long as all else that is done with a name. Why for the whole process and not
//! for each thread: readings follow from the dictionary alone, a slot is written once and read without a lock, and threads that come
//! and go find what the others gathered.

use super::Reading;
use super::dictionary::{Part, dictionary};
use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names whose readings are kept. A set has 5 readings on average and takes half a KiB, so that all of them are some 8 MiB: what fits
/// beside the least ceiling of memory of a run. The frequent names come first, and they are what counts.
const MOST: usize = 1 << 14;

/// The readings of one name, once they were gathered.
type Slot = OnceLock<Box<[Reading]>>;

/// Readings by the number of a name among the family names, and among the given names.
pub(super) struct Kept {
    parts: [Vec<Slot>; 2],
    /// How many more are kept.
    room: AtomicUsize,
}

/// Those of this process.
pub(super) fn kept() -> &'static Kept {
    static KEPT: OnceLock<Kept> = OnceLock::new();
    KEPT.get_or_init(|| Kept::with_room(MOST))
}

impl Kept {
    fn with_room(most: usize) -> Self {
        let slots = |part| (0..dictionary().names(part)).map(|_| Slot::new()).collect();
        Kept { parts: [Part::Family, Part::Given].map(slots), room: AtomicUsize::new(most) }
    }

    /// The readings of the name of this number, which `gathered` answers where nobody asked for them before. Without room they are
    /// gathered every time.
    pub(super) fn of(&self, part: Part, number: usize, gathered: impl FnOnce() -> Vec<Reading>) -> Cow<'_, [Reading]> {
        let slot = &self.parts[part.index()][number];
        if let Some(readings) = slot.get() {
            return Cow::Borrowed(readings);
        }
        let readings = gathered();
        // Two threads that meet here may take two places for one name: fewer are kept then.
        let place = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(1));
        match place {
            Ok(_) => Cow::Borrowed(slot.get_or_init(|| readings.into_boxed_slice())),
            Err(_) => Cow::Owned(readings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn readings(name: usize) -> Vec<Reading> {
        let reading = |n: usize| Reading { key: format!("{name}"), kana: format!("{n}"), weight: 1.0 / n as f32 };
        (1..=name % 4).map(reading).collect()
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_would_be_gathered(asked in prop::collection::vec((any::<bool>(), 0usize..9), 0..60), room in 0usize..5) {
            let kept = Kept::with_room(room);
            let mut gathered = 0;
            for (given, name) in &asked {
                let part = if *given { Part::Given } else { Part::Family };
                let found = kept.of(part, *name, || {
                    gathered += 1;
                    readings(*name)
                });
                prop_assert_eq!(found.into_owned(), readings(*name));
            }
            let mut distinct = asked.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert!(gathered >= distinct.len());
            prop_assert!(room < distinct.len() || gathered == distinct.len(), "with room for all, each is gathered once");
        }
    }
}
