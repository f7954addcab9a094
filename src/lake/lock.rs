//! One writer a lake: the file `lock.json` says who writes, since when, and that it still does.
//!
//! In: a lake. Out: the lock, or an error that says who holds it. The file is made by a conditional put, so that of two runs
//! one gets it on any store. Its holder renews it; a lock that nobody renewed for [`STALE`], or whose process can be seen from here
//! and is gone, is left from a crash and is taken over. Clocks of two hosts may differ: a lock from the future is watched, and is
//! alive if it changes.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::console::caller::host;
use crate::error::{Error, Result};
use crate::store::Location;

/// How often the holder says that it is alive, and after which silence it is not.
const RENEW: Duration = Duration::from_secs(10);
const STALE: Duration = Duration::from_secs(60);

/// How long a lock is watched whose time says nothing: two renewals and some.
const WATCHED: Duration = Duration::from_secs(25);

/// Its name below the lake.
pub(crate) const FILE: &str = "lock.json";

/// The lock that this process holds or is about to.
static HELD: Mutex<Option<(Location, Holder)>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<(Location, Holder)>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives back the lock of a run that a signal ended, where the run could not do so itself any more.
pub(crate) async fn give_back() {
    let Some((place, holder)) = held().take() else { return };
    let there = place.read_if_exists().await.ok().flatten();
    let other: Option<Holder> = there.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if other.is_some_and(|other| {
        other.since == holder.since && other.process == holder.process && other.host == holder.host
    }) {
        let _ = place.remove().await;
    }
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Holder {
    host: String,
    process: u32,
    /// The boot of that machine, and the namespace of processes in which the number is valid: containers have one each.
    #[serde(default)]
    boot: String,
    #[serde(default)]
    namespace: String,
    /// Seconds since 1970.
    since: i64,
    /// Seconds since 1970.
    renewed: i64,
}

impl Holder {
    fn this() -> Self {
        let now = now();
        let (boot, namespace) = (boot(), namespace());
        Holder { host: host(), process: std::process::id(), boot, namespace, since: now, renewed: now }
    }

    /// Whether the holder lives; `None` where its time is one that this machine has not reached.
    fn is_alive(&self) -> Option<bool> {
        let visible = self.host == host() && self.boot == boot() && self.namespace == namespace();
        if visible && !process_is_there(self.process) {
            return Some(false);
        }
        let silent = now() - self.renewed;
        let stale = STALE.as_secs() as i64;
        (silent > -stale).then_some(silent < stale)
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::bug(format!("the lock cannot be written: {e}")))
    }
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

/// The id of this machine's boot, where the system has one.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_string()).unwrap_or_default()
}

/// The namespace of processes that this one is in, where the system has such.
fn namespace() -> String {
    std::fs::read_link("/proc/self/ns/pid").map(|name| name.display().to_string()).unwrap_or_default()
}

/// Whether a process of this host runs; `true` where that cannot be known.
fn process_is_there(process: u32) -> bool {
    let processes = std::path::Path::new("/proc");
    !processes.join("self").exists() || processes.join(process.to_string()).exists()
}

/// A lock that is held until it is dropped.
pub(crate) struct Lock {
    stop: Option<Sender<()>>,
    renewing: Option<JoinHandle<()>>,
}

impl Lock {
    /// Takes the lock of a lake. `warn` is told where one is taken over.
    ///
    /// # Errors
    /// Environment, where another run holds it, or the store cannot be written.
    pub(crate) async fn take(lake: &Location, warn: impl Fn(&str)) -> Result<Self> {
        Self::take_after(lake, WATCHED, warn).await
    }

    async fn take_after(lake: &Location, watched: Duration, warn: impl Fn(&str)) -> Result<Self> {
        let place = lake.join(FILE);
        let holder = Holder::this();
        // Said first: between the making of the file and the return of the lock a signal may come.
        *held() = Some((place.clone(), holder.clone()));
        // Twice: the lock that was there may be left from a crash.
        for _ in 0..2 {
            if place.create(holder.bytes()?).await? {
                return Ok(Lock::renewing(place, holder));
            }
            let Some(bytes) = place.read_if_exists().await? else { continue };
            // A lock that cannot be read was being written by a run that died.
            let other = serde_json::from_slice::<Holder>(&bytes).ok();
            let alive = match other.as_ref().map(Holder::is_alive) {
                None => false,
                Some(Some(alive)) => alive,
                Some(None) => {
                    warn("the lock is from the future: waiting whether its holder renews it");
                    tokio::time::sleep(watched).await;
                    place.read_if_exists().await?.is_some_and(|now| now != bytes)
                }
            };
            if let Some(other) = other.filter(|_| alive) {
                return Err(Error::environment(format!(
                    "{} is being written by process {} on {} since {}",
                    lake.shown(),
                    other.process,
                    other.host,
                    Timestamp::from_second(other.since).unwrap_or_default()
                ))
                .hint(format!(
                    "wait until it is done; if it died, its lock is taken over {} seconds after its last sign of life",
                    STALE.as_secs()
                )));
            }
            warn("the lock of a run that died is taken over");
            place.remove().await?;
        }
        Err(Error::environment(format!("the lock of {} changes hands", lake.shown())).hint("run again"))
    }

    fn renewing(place: Location, mut holder: Holder) -> Self {
        let (stop, stopped) = channel();
        // A thread with a runtime of its own: the run's threads may all be busy for longer than a lock lives.
        let renewing = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(RENEW) {
                holder.renewed = now();
                if let Ok(bytes) = holder.bytes() {
                    // One that fails is made up for by the next.
                    let _ = runtime.block_on(place.write(bytes));
                }
            }
            let _ = runtime.block_on(place.remove());
            held().take();
        });
        Lock { stop: Some(stop), renewing: Some(renewing) }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(renewing) = self.renewing.take() {
            let _ = renewing.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(lake: &Location) -> Result<Lock> {
        Lock::take(lake, |_| ()).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_holds_it_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Location::parse(&folder.path().display().to_string(), folder.path()).expect("a place");
        let first = take(&lake).await.expect("free");
        let Err(refused) = take(&lake).await else { panic!("two hold it") };
        assert!(refused.message().contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        drop(take(&lake).await.expect("free again"));
        assert!(!folder.path().join(FILE).exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_crash_left_is_taken_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Location::parse(&folder.path().display().to_string(), folder.path()).expect("a place");
        let silent = now() - 61;
        let elsewhere = Holder { host: "other".into(), ..Holder::this() };
        let check = async |holder: &Holder, free: bool| {
            lake.join(FILE).write(holder.bytes().expect("bytes")).await.expect("written");
            let taken = Lock::take_after(&lake, Duration::from_millis(10), |_| ()).await;
            assert_eq!(taken.is_ok(), free, "{holder:?}");
        };
        check(&elsewhere, false).await;
        check(&Holder { renewed: silent, ..elsewhere.clone() }, true).await;
        check(&Holder { process: u32::MAX, ..Holder::this() }, true).await;
        // The number says nothing in another namespace, or of another boot.
        check(&Holder { process: u32::MAX, namespace: "pid:[1]".into(), ..Holder::this() }, false).await;
        check(&Holder { process: u32::MAX, boot: "another".into(), ..Holder::this() }, false).await;
        // A lock from the future that nobody renews.
        check(&Holder { renewed: now() + 400 * 86_400, ..elsewhere.clone() }, true).await;
        std::fs::write(folder.path().join(FILE), "{").expect("written");
        assert!(take(&lake).await.is_ok(), "half a lock is no lock");
    }
}
