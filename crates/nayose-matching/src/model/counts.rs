//! How many records have each value of a feature.
//!
//! In: the counts by id. Out: the same in little memory: where there are many values, nearly all are those of a few records.

/// Values up to which each count has 32 bits: a quarter of a MiB.
const FEW_VALUES: usize = 1 << 16;

/// In a byte: the count is this or more.
const MANY: u8 = u8::MAX;

/// Counts by id.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Counts {
    /// Of few values.
    All(Vec<u32>),
    /// A byte each; [`MANY`] of those that are in `large`, with their ids, in order.
    Small { bytes: Vec<u8>, large: Vec<(u32, u32)> },
}

impl Default for Counts {
    fn default() -> Self {
        Counts::All(Vec::new())
    }
}

impl Counts {
    pub(super) fn new(counts: Vec<u32>) -> Self {
        if counts.len() <= FEW_VALUES {
            return Counts::All(counts);
        }
        let small = |count: &u32| u8::try_from(*count).unwrap_or(MANY);
        let is_large = |(_, count): &(u32, u32)| *count >= MANY.into();
        let large = (0..).zip(counts.iter().copied()).filter(is_large).collect();
        Counts::Small { bytes: counts.iter().map(small).collect(), large }
    }

    /// The count of an id.
    #[inline]
    pub(super) fn of(&self, id: u32) -> u32 {
        match self {
            Counts::All(counts) => counts[id as usize],
            Counts::Small { bytes, large } => match bytes[id as usize] {
                MANY => large.binary_search_by_key(&id, |(id, _)| *id).map_or(MANY.into(), |place| large[place].1),
                count => count.into(),
            },
        }
    }

    /// How many ids there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Counts::All(counts) => counts.len(),
            Counts::Small { bytes, .. } => bytes.len(),
        }
    }

    /// All counts, in order of the ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.len() as u32).map(|id| self.of(id))
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Counts::All(counts) => size_of_val(&**counts),
            Counts::Small { bytes, large } => bytes.len() + size_of_val(&**large),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_that_were_given_however_many_there_are() {
        for ids in [0, 1, FEW_VALUES, FEW_VALUES + 1] {
            let given: Vec<u32> =
                (0..ids as u32).map(|id| if id % 1000 == 0 { 250 + id / 1000 } else { id % 7 }).collect();
            let counts = Counts::new(given.clone());
            assert_eq!(counts.iter().collect::<Vec<_>>(), given);
            assert_eq!(counts.len(), ids);
        }
    }
}
