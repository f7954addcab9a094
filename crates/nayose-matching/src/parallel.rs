//! Work on several items at once, for code that computes and does not wait.
//!
//! In: items, and what to do with each. Out: the results in the order of the items, so that nothing depends on the number of
//! threads.

use std::sync::{Mutex, PoisonError};

/// Number of threads that compute at once: those that the process may use.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The work done for each item, which is told its place; a free thread takes the next item. A single item is done in the
/// thread that asks.
pub fn map<I: Send, O: Send>(items: Vec<I>, work: impl Fn(usize, I) -> O + Sync) -> Vec<O> {
    map_on(threads(), items, work)
}

/// The same on so many threads.
pub(crate) fn map_on<I: Send, O: Send>(threads: usize, items: Vec<I>, work: impl Fn(usize, I) -> O + Sync) -> Vec<O> {
    let threads = threads.min(items.len());
    if threads < 2 {
        return items.into_iter().enumerate().map(|(place, item)| work(place, item)).collect();
    }
    let results: Mutex<Vec<(usize, O)>> = Mutex::new(Vec::with_capacity(items.len()));
    let left = Mutex::new(items.into_iter().enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_through = || {
        while let Some((place, item)) = next() {
            let result = work(place, item);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    };
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(work_through)));
        work_through();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Puts items in order. Items that are equal have to be alike: which of them comes first depends on the number of threads.
pub(crate) fn sort<I: Ord + Send>(items: &mut [I]) {
    let share = items.len().div_ceil(threads()).max(1);
    map(items.chunks_mut(share).collect(), |_, part: &mut [I]| part.sort_unstable());
    // It finds the parts that are in order, and merges them.
    items.sort();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for items in [0, 1, 2, 1000] {
            for threads in [1, 2, 7] {
                let squares = map_on(threads, (0..items).collect(), |place, item: u64| (place as u64, item * item));
                assert_eq!(squares, (0..items).map(|i| (i, i * i)).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn items_are_put_in_order() {
        for items in [0u32, 1, 2, 1000] {
            let mut sorted: Vec<u32> = (0..items).map(|i| i.wrapping_mul(2_654_435_761) % items.max(1)).collect();
            let mut expected = sorted.clone();
            expected.sort_unstable();
            sort(&mut sorted);
            assert_eq!(sorted, expected);
        }
    }
}
