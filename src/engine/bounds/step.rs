//! What one step of a statement made so far.
//!
//! A step is what an operator does between two batches of its input: all that it computes then is in memory at once. The engine computes a
//! step in one go in one thread, so that the thread keeps the count: an operator's stream begins one ([`within`]), each batch that comes
//! from below begins the next, and functions add what they made ([`made`]).

use std::cell::Cell;

use datafusion::error::{DataFusionError, Result};

use crate::error::Error;

/// How many bytes a step may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Limit(pub usize);

thread_local! {
    /// Bytes that were made in the step of this thread; none where no operator's is counted.
    static MADE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Gives the thread back to the step around, however the work ended.
struct Around(Option<usize>);

impl Drop for Around {
    fn drop(&mut self) {
        MADE.set(self.0);
    }
}

/// Does the work of an operator as a step of its own; where what is made is dropped as the work goes on (`is_counted` is false), each
/// function stands for itself.
pub(super) fn within<T>(is_counted: bool, work: impl FnOnce() -> T) -> T {
    let _around = Around(MADE.replace(is_counted.then_some(0)));
    work()
}

/// The step around begins anew: a batch came from below.
pub(super) fn begin() {
    MADE.set(MADE.get().map(|_| 0));
}

impl Limit {
    /// Whether a step may make so many bytes more.
    ///
    /// # Errors
    /// Environment, where it may not.
    pub(super) fn allows(self, what: &str, bytes: usize) -> Result<()> {
        let all = bytes.saturating_add(MADE.get().unwrap_or_default());
        if all <= self.0 { Ok(()) } else { Err(self.exceeded(what, all)) }
    }

    /// Adds what was made to the step.
    ///
    /// # Errors
    /// Environment, where it is too much.
    pub(super) fn made(self, what: &str, bytes: usize) -> Result<()> {
        self.allows(what, bytes)?;
        MADE.set(MADE.get().map(|made| made.saturating_add(bytes)));
        Ok(())
    }

    /// The error of a step that would make so many bytes.
    pub(super) fn exceeded(self, what: &str, bytes: usize) -> DataFusionError {
        let of = match bytes {
            // What is reckoned has no end where numbers end.
            usize::MAX => "more than any machine has".to_string(),
            bytes => format!("some {} MiB", bytes.div_ceil(MIB)),
        };
        Error::environment(format!("{OUT_OF_STEP}: {what} would make {of}, and one step may make {} MiB", self.0 / MIB))
            .hint(
                "make shorter values, fewer of them, or of fewer rows at once; more memory (--memory) raises the limit",
            )
            .into()
    }
}

const MIB: usize = 1 << 20;

/// How the error of a step begins.
pub(crate) const OUT_OF_STEP: &str = "memory ran out in one step of the query";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_made_counts_until_the_next_batch() {
        let limit = Limit(10 * MIB);
        let said = |r: Result<()>| r.map_err(|e| Error::from(e).message().to_string());
        within(true, || {
            assert_eq!(said(limit.made("f", 6 * MIB)), Ok(()));
            // An operator below counts for itself.
            within(true, || assert_eq!(said(limit.made("g", 9 * MIB)), Ok(())));
            let words =
                "memory ran out in one step of the query: f would make some 12 MiB, and one step may make 10 MiB";
            assert_eq!(said(limit.made("f", 6 * MIB)), Err(words.to_string()));
            begin();
            assert_eq!(said(limit.made("f", 6 * MIB)), Ok(()));
        });
        within(false, || {
            assert_eq!(said(limit.made("f", 6 * MIB)), Ok(()));
            assert_eq!(said(limit.made("f", 6 * MIB)), Ok(()));
        });
        let endless = said(limit.allows("f", usize::MAX)).expect_err("it has no end");
        assert!(endless.contains("more than any machine has"), "{endless}");
    }
}
