//! Who is signed in, and until when.
//!
//! In: the token of a cookie, a time. Out: the session. Only hashes of tokens are kept, in memory: a restart signs everybody out, and
//! nobody who reads the memory of the process or a copy of it gets in with what is found.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::random;
use super::who::{Role, Who};
use crate::config::serve_file::SessionFile;
use crate::error::Result;

/// Sessions that are kept at most: more than a company has desks. The one that was idle longest goes first.
const MOST: usize = 10_000;

/// Customers whose values one session has shown at most: who shows more is not asking about people one by one.
const SHOWN: usize = 1_000;

/// How an account came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By the link of the first start.
    Link,
    /// By the file of accounts, which is asked again for the roles: a line that is gone ends the session.
    File,
    /// By the provider, which has said the roles.
    Provider,
}

struct Session {
    name: String,
    roles: BTreeSet<Role>,
    way: Way,
    begun: Instant,
    seen: Instant,
    shown: BTreeSet<String>,
}

/// All sessions.
pub(super) struct Sessions {
    idle: Duration,
    whole: Duration,
    /// Makes tokens of forms from those of sessions.
    secret: [u8; 32],
    all: Mutex<HashMap<String, Session>>,
}

impl Sessions {
    /// None yet.
    ///
    /// # Errors
    /// Environment, where the system has no random bytes.
    pub(super) fn new(settings: &SessionFile) -> Result<Self> {
        Ok(Sessions {
            idle: Duration::from_secs(u64::from(settings.idle_minutes) * 60),
            whole: Duration::from_secs(u64::from(settings.hours) * 3600),
            secret: random::bytes()?,
            all: Mutex::default(),
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_alive(&self, session: &Session, now: Instant) -> bool {
        now.duration_since(session.seen) < self.idle && now.duration_since(session.begun) < self.whole
    }

    /// Begins a session; answers the token of its cookie.
    ///
    /// # Errors
    /// Environment, where the system has no random bytes.
    pub(super) fn begin(&self, name: &str, roles: BTreeSet<Role>, way: Way, now: Instant) -> Result<String> {
        let token = random::token()?;
        let mut all = self.all();
        if all.len() >= MOST {
            all.retain(|_, session| self.is_alive(session, now));
        }
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, session)| session.seen).map(|(id, _)| id.clone())
        {
            all.remove(&oldest);
        }
        let name = name.to_string();
        let session = Session { name, roles, way, begun: now, seen: now, shown: BTreeSet::new() };
        all.insert(random::hash(&token), session);
        Ok(token)
    }

    /// Who the token of a cookie is, and how they came in; none where the session is over.
    pub(super) fn find(&self, token: &str, now: Instant) -> Option<(Who, Way)> {
        let id = random::hash(token);
        let mut all = self.all();
        let session = all.get_mut(&id)?;
        if !self.is_alive(session, now) {
            all.remove(&id);
            return None;
        }
        session.seen = now;
        let (name, roles) = (session.name.clone(), session.roles.clone());
        Some((Who { name, roles, csrf: self.form_token(token), session: id }, session.way))
    }

    /// Ends a session.
    pub(super) fn end(&self, who: &Who) {
        self.all().remove(&who.session);
    }

    /// The token that forms of a cookie carry: nobody who cannot read the page has it.
    pub(super) fn form_token(&self, token: &str) -> String {
        blake3::keyed_hash(&self.secret, token.as_bytes()).to_hex().to_string()
    }

    /// Remembers that the values of a customer were shown. `false` where too many were.
    pub(super) fn show(&self, who: &Who, customer_id: &str) -> bool {
        let mut all = self.all();
        let Some(session) = all.get_mut(&who.session).filter(|session| session.shown.len() < SHOWN) else {
            return false;
        };
        session.shown.insert(customer_id.to_string());
        true
    }

    /// Whether the values of a customer were shown.
    pub(super) fn has_shown(&self, who: &Who, customer_id: &str) -> bool {
        self.all().get(&who.session).is_some_and(|session| session.shown.contains(customer_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn sessions() -> Sessions {
        Sessions::new(&SessionFile { idle_minutes: 30, hours: 1 }).expect("random bytes")
    }

    fn begin(sessions: &Sessions, now: Instant) -> String {
        sessions.begin("k.tanaka", [Role::Analyst].into(), Way::File, now).expect("a token")
    }

    #[test]
    fn a_session_ends_when_nobody_clicks_and_in_any_case() {
        let (sessions, start) = (sessions(), Instant::now());
        let token = begin(&sessions, start);
        assert!(sessions.find(&token, start + MINUTE * 29).is_some());
        assert!(sessions.find(&token, start + MINUTE * 58).is_some(), "a click keeps it");
        assert!(sessions.find(&token, start + MINUTE * 60).is_none(), "but not for longer than an hour");
        let token = begin(&sessions, start);
        assert!(sessions.find(&token, start + MINUTE * 30).is_none());
        assert!(sessions.find(&token, start).is_none(), "it stays ended");
        assert!(sessions.find("another", start).is_none());
    }

    #[test]
    fn what_was_shown_is_shown_to_that_session() {
        let (sessions, now) = (sessions(), Instant::now());
        let [one, other] = [(); 2].map(|()| sessions.find(&begin(&sessions, now), now).expect("a session").0);
        assert!(sessions.show(&one, "C-1"));
        assert!(sessions.has_shown(&one, "C-1") && !sessions.has_shown(&one, "C-2"));
        assert!(!sessions.has_shown(&other, "C-1"));
        assert_ne!(one.csrf, other.csrf);
        sessions.end(&one);
        assert!(!sessions.has_shown(&one, "C-1") && !sessions.show(&one, "C-1"));
    }
}
