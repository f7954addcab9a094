//! What all requests share: the lake, the newest published run, who is signed in.
//!
//! In: options and settings. Out: a [`State`], of which there is one. A request takes the run once, by [`State::audit`], and keeps it:
//! what it shows is one run from beginning to end. [`follow`] looks for newer runs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use datafusion::prelude::SessionContext;

use super::ServeOptions;
use super::access::{Access, Accesses, What};
use super::accounts::{Accounts, Keys};
use super::failure::Failure;
use super::limits::Limits;
use super::oidc::Provider;
use super::random;
use super::sessions::{Sessions, Way};
use super::settings::Settings;
use super::who::{Role, Who};
use crate::audit::Audit;
use crate::config::Pipeline;
use crate::console::caller::Caller;
use crate::engine::session::{Resources, session};
use crate::error::{Kind, Result};
use crate::lake::published;
use crate::store::Location;

/// How often the lake is asked for a newer run: a list of one folder, so that a second or two costs nothing, and nobody waits longer.
const FOLLOW: Duration = Duration::from_secs(2);

/// How long the link of the first start holds: who started the process is in front of it.
const LINK: Duration = Duration::from_secs(10 * 60);

/// After how long the log is told again what it was told.
const AGAIN: Duration = Duration::from_secs(60);

/// Requests under way at most. More of them would only wait for the same cores, and for memory; a browser or a program that is told so at
/// once comes again.
pub(super) const IN_FLIGHT: usize = 1000;

/// What all requests share.
pub(crate) struct State {
    /// The lake.
    pub(crate) lake: Location,
    /// The pipeline that fills it, where one was named.
    pub(crate) pipeline: Option<Arc<Pipeline>>,
    /// Memory and threads.
    pub(crate) resources: Resources,
    /// The session of all runs: while one is taken up there are two.
    context: SessionContext,
    /// The settings.
    pub(crate) settings: Settings,
    pub(super) sessions: Sessions,
    pub(super) accounts: Option<Accounts>,
    pub(super) keys: Option<Keys>,
    pub(super) provider: Option<Provider>,
    pub(super) limits: Limits,
    pub(super) in_flight: tokio::sync::Semaphore,
    accesses: Accesses,
    log: fn(&str),
    /// What the log was told in the last minute.
    told: Mutex<HashMap<String, Instant>>,
    /// The hash of the link of the first start, and when it was made.
    link: Mutex<Option<(String, Instant)>>,
    open: RwLock<Option<Arc<Audit>>>,
    /// Whether a run was ever seen there: a lake without one is gone then, not new.
    was_published: AtomicBool,
    /// Held while a run is opened, so that a thousand requests open it once.
    opening: tokio::sync::Mutex<()>,
}

impl State {
    /// The state of a process that begins.
    ///
    /// # Errors
    /// Configuration for wrong settings or files of accounts; environment, where such a file cannot be read.
    pub(crate) fn new(options: &ServeOptions) -> Result<Self> {
        let settings = options.settings.clone();
        let provider = match &settings.oidc {
            Some((oidc, secret)) => Some(Provider::new(oidc, secret.clone(), settings.public_url.as_deref())?),
            None => None,
        };
        Ok(State {
            lake: options.lake.clone(),
            pipeline: options.pipeline.clone(),
            resources: options.resources.clone(),
            context: session(&options.resources)?,
            sessions: Sessions::new(&settings.session)?,
            accounts: settings.users.clone().map(Accounts::open).transpose()?,
            keys: settings.keys.clone().map(Keys::open).transpose()?,
            provider,
            limits: Limits::default(),
            in_flight: tokio::sync::Semaphore::new(IN_FLIGHT),
            accesses: Accesses::start(options.lake.clone()),
            log: options.log,
            told: Mutex::default(),
            link: Mutex::default(),
            open: RwLock::default(),
            was_published: AtomicBool::default(),
            opening: tokio::sync::Mutex::default(),
            settings,
        })
    }

    /// The newest published run. A request asks once and keeps the answer.
    ///
    /// # Errors
    /// A page that says that nothing is published yet, or that the lake cannot be read.
    pub(crate) async fn audit(&self) -> Result<Arc<Audit>, Failure> {
        match self.opened().await {
            // The newest run was asked for: there is none.
            Err(error) if error.kind() == Kind::Usage => match self.was_published.load(Ordering::Relaxed) {
                true => Err(Failure::lake_is_gone()),
                false => Err(Failure::nothing_published()),
            },
            opened => Ok(opened?),
        }
    }

    async fn opened(&self) -> Result<Arc<Audit>> {
        if let Some(open) = self.current() {
            return Ok(open);
        }
        let _alone = self.opening.lock().await;
        match self.current() {
            Some(open) => Ok(open),
            None => self.reopen().await,
        }
    }

    /// Whether decisions need a second person, as the settings say, or the pipeline that was named.
    pub(crate) fn four_eyes(&self) -> bool {
        self.settings.four_eyes || self.pipeline.as_ref().is_some_and(|pipeline| pipeline.four_eyes)
    }

    /// Writes into the log of accesses that somebody saw something; what shows values is there when this returns. What people typed does not
    /// belong there.
    ///
    /// # Errors
    /// Environment, where the lake cannot be written: then nothing may be shown.
    pub(crate) async fn log(&self, by: &str, what: What, customer_id: Option<&str>, why: Option<&str>) -> Result<()> {
        let access = Access {
            at: jiff::Timestamp::now().to_string(),
            by: by.to_string(),
            what,
            customer_id: customer_id.map(str::to_string),
            why: why.map(str::to_string),
        };
        self.accesses.log(access).await
    }

    /// Waits until every access so far is in the lake.
    ///
    /// # Errors
    /// Environment, where the lake cannot be written.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.accesses.flush().await
    }

    /// Whether the personal values of a customer are shown to this session: after a click that was logged.
    pub(crate) fn shown(&self, who: &Who, customer_id: &str) -> bool {
        self.sessions.has_shown(who, customer_id)
    }

    /// Who the token of a cookie is; none where the session is over, or its account is not there any more.
    pub(super) fn who(&self, token: &str) -> Option<Who> {
        let (mut who, way) = self.sessions.find(token, Instant::now())?;
        if way == Way::File {
            // The file says the roles; one that cannot be read says nothing, and nobody gets more than before.
            match self.accounts.as_ref()?.roles(&who.name) {
                Ok(Some(roles)) => who.roles = roles,
                Ok(None) => {
                    self.sessions.end(&who);
                    return None;
                }
                Err(error) => {
                    self.tell(&[error.message().to_string(), error.remedy().unwrap_or_default().to_string()]);
                }
            }
        }
        Some(who)
    }

    /// Tells the log of the process what no reader can mend: a sentence and its remedy. The same is told once a minute, as a lake that is
    /// gone fails every request.
    pub(super) fn tell(&self, [message, hint]: &[String; 2]) {
        let text = format!("{message}\nhint: {hint}");
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| at.elapsed() < AGAIN);
        if let Entry::Vacant(new) = told.entry(text) {
            (self.log)(new.key());
            new.insert(Instant::now());
        }
    }

    /// The token of the link of the first start, which signs in whoever has it, once.
    ///
    /// # Errors
    /// Environment, where the system has no random bytes.
    pub(super) fn make_link(&self) -> Result<String> {
        let token = random::token()?;
        *self.link() = Some((random::hash(&token), Instant::now()));
        Ok(token)
    }

    /// Takes the link: an admin's session, called after the user whose process this is. None where it was taken, or is too old.
    ///
    /// # Errors
    /// Environment, where the system has no random bytes.
    pub(super) fn take_link(&self, token: &str) -> Result<Option<(String, String)>> {
        let mut link = self.link();
        let is_it =
            |(hash, made): &(String, Instant)| random::is_same(hash, &random::hash(token)) && made.elapsed() < LINK;
        if !link.as_ref().is_some_and(is_it) {
            return Ok(None);
        }
        link.take();
        let name = Caller::this().user.unwrap_or_else(|| "admin".to_string());
        let session = self.sessions.begin(&name, [Role::Admin].into(), Way::Link, Instant::now())?;
        Ok(Some((name, session)))
    }

    fn link(&self) -> std::sync::MutexGuard<'_, Option<(String, Instant)>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Option<Arc<Audit>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes whether a run is published.
    pub(super) fn saw_published(&self, is_published: bool) {
        self.was_published.fetch_or(is_published, Ordering::Relaxed);
    }

    async fn reopen(&self) -> Result<Arc<Audit>> {
        let audit = Arc::new(Audit::open_in(&self.context, &self.lake, None).await?);
        self.saw_published(true);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(audit.clone());
        Ok(audit)
    }

    /// Takes up a newer run, where one is published, once it answers quickly: until then the one before is shown. `made_ready` is the run
    /// for which that was tried.
    ///
    /// # Errors
    /// Environment, where the lake cannot be read.
    async fn refresh(&self, made_ready: &mut String) -> Result<()> {
        let Some((_, newest)) = published::newest(&self.lake).await? else { return Ok(()) };
        let open = match self.current() {
            Some(open) => open,
            None => self.opened().await?,
        };
        if open.run().run_id == newest {
            if *made_ready != newest {
                *made_ready = newest;
                self.make_ready(&open).await;
            }
            return Ok(());
        }
        let newer = Arc::new(Audit::open_in(&self.context, &self.lake, None).await?);
        self.make_ready(&newer).await;
        made_ready.clone_from(&newer.run().run_id);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(newer);
        Ok(())
    }

    /// Makes a run answer quickly, and where programs may ask who a record is, that too. Where it cannot be, requests say why.
    async fn make_ready(&self, audit: &Audit) {
        let _ = audit.prepare().await;
        // Matching takes the most memory while it is made, and comes before the queue takes its own.
        if self.keys.is_some() {
            let _ = audit.prepare_matching().await;
        }
        // What review asks of a run: of a million people that takes longer than a request may.
        let _ = audit.queue().await;
    }
}

/// Takes up newer runs for as long as the process lives. A lake that cannot be reached keeps what is open: requests say what is wrong.
pub(super) async fn follow(state: Arc<State>) {
    let mut made_ready = String::new();
    loop {
        let _ = state.refresh(&mut made_ready).await;
        tokio::time::sleep(FOLLOW).await;
    }
}
