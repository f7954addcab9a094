//! Numbers in groups: flat, and found by the number of the group.

/// Items by group, in the order in which they were shown.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Where the items of each group end.
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// So many groups. `each` shows every item with its group, and shows the same when it is asked again: the first time they are
    /// counted.
    pub(super) fn new(groups: usize, each: impl Fn(&mut dyn FnMut(u32, u32))) -> Self {
        let mut ends = vec![0u32; groups + 1];
        each(&mut |group, _| ends[group as usize + 1] += 1);
        for group in 1..ends.len() {
            ends[group] += ends[group - 1];
        }
        let mut items = vec![0; ends.last().map_or(0, |all| *all as usize)];
        // Each place is where the next item of a group goes: at last where the group ends.
        each(&mut |group, item| {
            let place = &mut ends[group as usize];
            items[*place as usize] = item;
            *place += 1;
        });
        ends.pop();
        Lists { ends, items }
    }

    /// Number of groups.
    pub(super) fn groups(&self) -> usize {
        self.ends.len()
    }

    /// The items of a group.
    pub(super) fn of(&self, group: usize) -> &[u32] {
        let start = group.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start as usize..self.ends[group] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_lie_in_their_groups_in_order() {
        let shown = [(2, 7), (0, 1), (2, 5), (3, 9), (0, 0)];
        let lists = Lists::new(5, |see| shown.iter().for_each(|(group, item)| see(*group, *item)));
        let groups: Vec<&[u32]> = (0..lists.groups()).map(|group| lists.of(group)).collect();
        assert_eq!(groups, [&[1, 0][..], &[], &[7, 5], &[9], &[]]);
    }
}
