//! How often somebody may fail to sign in.
//!
//! In: an account and an address, a time. Out: whether to try at all. Counted in windows, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The window in which failures count: who mistyped waits no longer than this.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Failures of one account in a window: a person mistypes a few times, and a thousand guesses a day find no password of fifteen
/// characters. (NIST SP 800-63B allows a hundred in a row.)
const OF_ACCOUNT: u32 = 10;

/// Failures of one address in a window, over all accounts: a shop's people share one address, and so do those of an office.
const OF_ADDRESS: u32 = 50;

/// Windows that are kept at most: 100,000 names of accounts take some ten MiB. Then those that are over go, and where none is, all.
const MOST: usize = 100_000;

/// The failures so far.
#[derive(Default)]
pub(super) struct Limits {
    failures: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Limits {
    fn failures(&self) -> MutexGuard<'_, HashMap<String, (Instant, u32)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an account may be tried from an address; else for how long not.
    pub(super) fn wait(&self, account: &str, address: &str, now: Instant) -> Option<Duration> {
        let failures = self.failures();
        keys(account, address)
            .into_iter()
            .filter_map(|(key, most)| failures.get(&key).filter(|(_, count)| *count >= most))
            .filter_map(|(begun, _)| WINDOW.checked_sub(now.duration_since(*begun)))
            .filter(|wait| !wait.is_zero())
            .max()
    }

    /// Counts a failure.
    pub(super) fn failed(&self, account: &str, address: &str, now: Instant) {
        let mut failures = self.failures();
        if failures.len() >= MOST {
            failures.retain(|_, (begun, _)| now.duration_since(*begun) < WINDOW);
        }
        if failures.len() >= MOST {
            failures.clear();
        }
        for (key, _) in keys(account, address) {
            let window = failures.entry(key).or_insert((now, 0));
            if now.duration_since(window.0) >= WINDOW {
                *window = (now, 0);
            }
            window.1 += 1;
        }
    }

    /// Forgets the failures of an account that got in, and the one of its address that was counted before it did.
    pub(super) fn succeeded(&self, account: &str, address: &str) {
        let mut failures = self.failures();
        let [(account, _), (address, _)] = keys(account, address);
        failures.remove(&account);
        if let Some((_, count)) = failures.get_mut(&address) {
            *count = count.saturating_sub(1);
        }
    }
}

/// The windows that a try counts in, each with its limit. A long name counts by its hash.
fn keys(account: &str, address: &str) -> [(String, u32); 2] {
    let account = blake3::hash(account.as_bytes()).to_hex();
    [(format!("account {account}"), OF_ACCOUNT), (format!("address {address}"), OF_ADDRESS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_fails_too_often_waits() {
        let (limits, now) = (Limits::default(), Instant::now());
        for _ in 0..OF_ACCOUNT {
            assert_eq!(limits.wait("k.tanaka", "10.0.0.1", now), None);
            limits.failed("k.tanaka", "10.0.0.1", now);
        }
        assert_eq!(limits.wait("k.tanaka", "10.0.0.2", now), Some(WINDOW), "from wherever");
        assert_eq!(limits.wait("m.sato", "10.0.0.1", now), None, "others get in");
        assert_eq!(limits.wait("k.tanaka", "10.0.0.1", now + WINDOW), None);
        limits.succeeded("k.tanaka", "10.0.0.2");
        assert_eq!(limits.wait("k.tanaka", "10.0.0.1", now), None);
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits() {
        let (limits, now) = (Limits::default(), Instant::now());
        for i in 0..OF_ADDRESS {
            limits.failed(&format!("account {i}"), "10.0.0.1", now);
        }
        assert!(limits.wait("another", "10.0.0.1", now).is_some());
        assert!(limits.wait("another", "10.0.0.2", now).is_none());
        // Those who get in are no failures of their address.
        for i in 0..2 * OF_ADDRESS {
            let account = format!("account {i}");
            assert_eq!(limits.wait(&account, "10.0.0.2", now), None);
            limits.failed(&account, "10.0.0.2", now);
            limits.succeeded(&account, "10.0.0.2");
        }
    }
}
