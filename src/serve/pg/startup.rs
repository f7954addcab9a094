//! Signing in.
//!
//! In: the first messages of a connection. Out: a login and its run, or one answer for everything that is wrong: an unknown name, another
//! database, a wrong password. They differ in nothing that a client sees, the time of the exchange included.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion_postgres::pgwire::api::auth::{
    DefaultServerParameterProvider, StartupHandler, finish_authentication, protocol_negotiation,
    save_startup_parameters_to_metadata,
};
use datafusion_postgres::pgwire::api::{ClientInfo, METADATA_DATABASE, METADATA_USER, PgWireConnectionState};
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::messages::startup::{Authentication, PasswordMessageFamily, SecretKey};
use datafusion_postgres::pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage, ProtocolVersion};
use futures::{Sink, SinkExt};

use super::failure::{self, code};
use super::logins::{self, Login};
use super::scram::{self, Exchange};
use super::session::Session;
use super::{SERVER_VERSION, scram::ITERATIONS};
use crate::error::{Error, Kind};

/// How far a sign-in is.
enum Step {
    /// Nothing was said.
    Asked,
    /// The first half of the exchange is done, with the login where there is one.
    Begun(Box<Exchange>, Option<Login>),
    /// There is no second try.
    Done,
}

/// The sign-in of one connection.
pub(super) struct SignIn {
    session: Arc<Session>,
    /// Whether there is room for one more connection.
    has_room: bool,
    step: Mutex<Step>,
}

impl SignIn {
    /// The sign-in of a connection.
    pub(super) fn new(session: Arc<Session>, has_room: bool) -> Self {
        SignIn { session, has_room, step: Mutex::new(Step::Asked) }
    }

    fn take(&self) -> Step {
        std::mem::replace(&mut *self.step.lock().unwrap_or_else(PoisonError::into_inner), Step::Done)
    }

    fn put(&self, step: Step) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// Whether the connection may ask at all.
    fn may_ask(&self, client: &(impl ClientInfo + ?Sized)) -> PgWireResult<()> {
        let settings = &self.session.server.settings;
        if !self.has_room {
            return Err(failure::fatal(
                code::TOO_MANY_CONNECTIONS,
                format!("sorry, too many clients already: {} are connected", settings.connections),
            ));
        }
        if settings.tls.is_some() && !client.is_secure() {
            return Err(failure::fatal(code::INVALID_AUTHORIZATION, "connections are encrypted: use sslmode=require"));
        }
        if self.session.server.failures.must_wait(client.socket_addr().ip(), name_of(client)) {
            return Err(failure::fatal(code::INVALID_AUTHORIZATION, "too many sign-ins failed; wait a minute"));
        }
        Ok(())
    }

    fn refused(&self, client: &(impl ClientInfo + ?Sized)) -> PgWireError {
        self.session.server.failures.count(client.socket_addr().ip(), name_of(client));
        failure::fatal(code::INVALID_PASSWORD, "name, password and database do not belong together")
    }
}

fn name_of(client: &(impl ClientInfo + ?Sized)) -> &str {
    client.metadata().get(METADATA_USER).map_or("", String::as_str)
}

/// An error of ours that ends a sign-in.
fn ended(error: &Error) -> PgWireError {
    match failure::of(error) {
        PgWireError::UserError(mut info) => {
            info.severity = "FATAL".into();
            info.code = code::CANNOT_CONNECT_NOW.into();
            if error.kind() == Kind::Usage || error.kind() == Kind::Config {
                info.message = error.message().into();
                info.hint = error.remedy().map(|remedy| format!("ask who runs `nayose serve`: {remedy}"));
            }
            PgWireError::UserError(info)
        }
        other => other,
    }
}

#[async_trait]
impl StartupHandler for SignIn {
    async fn on_startup<C>(&self, client: &mut C, message: PgWireFrontendMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        match message {
            PgWireFrontendMessage::Startup(startup) => {
                protocol_negotiation(client, &startup).await?;
                save_startup_parameters_to_metadata(client, &startup);
                self.may_ask(client)?;
                client.set_state(PgWireConnectionState::AuthenticationInProgress);
                let mechanisms = vec![scram::MECHANISM.to_string()];
                client.send(PgWireBackendMessage::Authentication(Authentication::SASL(mechanisms))).await?;
                Ok(())
            }
            PgWireFrontendMessage::PasswordMessageFamily(message) => match self.take() {
                Step::Asked => self.begin(client, message).await,
                Step::Begun(exchange, login) => self.end(client, message, &exchange, login).await,
                Step::Done => Err(failure::fatal(code::PROTOCOL_VIOLATION, "the sign-in is over")),
            },
            _ => Err(failure::fatal(code::PROTOCOL_VIOLATION, "sign in first")),
        }
    }
}

impl SignIn {
    async fn begin<C>(&self, client: &mut C, message: PasswordMessageFamily) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let message = message.into_sasl_initial_response()?;
        let name = name_of(client).to_string();
        // As every Postgres: who names no database means one of the own name.
        let database = client.metadata().get(METADATA_DATABASE).unwrap_or(&name).clone();
        let logins = self.session.server.settings.logins.clone();
        let found = logins::find(&logins, &name, &database).map_err(|_| {
            failure::fatal(code::CANNOT_CONNECT_NOW, "nobody can sign in now: the file of logins cannot be read")
        })?;
        let nonce = scram::nonce().map_err(|e| ended(&e))?;
        let first = message.data.unwrap_or_default();
        let begun = (message.auth_method == scram::MECHANISM).then(|| scram::begin(found.0, &first, &nonce)).flatten();
        let Some((answer, exchange)) = begun else {
            return Err(failure::fatal(code::PROTOCOL_VIOLATION, "the sign-in is none of SCRAM-SHA-256"));
        };
        self.put(Step::Begun(Box::new(exchange), found.1));
        let answer = Authentication::SASLContinue(answer.into());
        client.send(PgWireBackendMessage::Authentication(answer)).await?;
        Ok(())
    }

    async fn end<C>(
        &self,
        client: &mut C,
        message: PasswordMessageFamily,
        exchange: &Exchange,
        login: Option<Login>,
    ) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let message = message.into_sasl_response()?;
        let (Some(last), Some(login)) = (exchange.end(&message.data), login) else {
            return Err(self.refused(client));
        };
        client.send(PgWireBackendMessage::Authentication(Authentication::SASLFinal(last.into()))).await?;
        let server = &self.session.server;
        let pid = server.number();
        let key = (login.database, login.purpose.clone());
        let database = self.session.sign_in(&login.name, key, pid).await.map_err(|e| ended(&e))?;
        let secret = secret(client.protocol_version()).map_err(|e| ended(&e))?;
        client.set_pid_and_secret_key(pid, secret.clone());
        server.register(pid, secret, &self.session);
        let mut told = DefaultServerParameterProvider::default();
        told.server_version = SERVER_VERSION.to_string();
        told.is_superuser = false;
        told.default_transaction_read_only = true;
        told.scram_iterations = ITERATIONS as usize;
        told.time_zone = database.zone.clone();
        finish_authentication(client, &told).await
    }
}

/// A key with which a client cancels: four bytes, or as many as a newer protocol takes.
fn secret(version: ProtocolVersion) -> Result<SecretKey, Error> {
    Ok(match version {
        ProtocolVersion::PROTOCOL3_0 => SecretKey::I32(i32::from_be_bytes(scram::random::<4>()?)),
        _ => SecretKey::Bytes(scram::random::<32>()?.to_vec().into()),
    })
}
