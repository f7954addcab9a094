//! Who asks, and what they may.
//!
//! In: a request with its cookie. Out: a [`Who`]; a request without a session gets none, and is sent to sign in. What each role may is
//! said once, in [`Role::may`]; what each address needs stands in [`super::routes::NEEDS`].

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;

use super::failure::Failure;
use super::state::State;
pub(crate) use crate::config::serve_file::{Role, Scope};

/// Who asks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Who {
    /// The name of the account.
    pub(crate) name: String,
    /// Its roles.
    pub(crate) roles: BTreeSet<Role>,
    /// The token that every form of this session has as its field `csrf`, or a request of a script as its header `x-csrf-token`.
    pub(crate) csrf: String,
    /// The session, by the hash of its token.
    #[serde(skip)]
    pub(super) session: String,
}

impl Role {
    /// Whether somebody of this role may what `other` may.
    pub(crate) fn may(self, other: Role) -> bool {
        match self {
            Role::Admin => true,
            Role::Steward | Role::Auditor => self == other || matches!(other, Role::Viewer | Role::Analyst),
            Role::Analyst => matches!(other, Role::Viewer | Role::Analyst),
            Role::Viewer => other == Role::Viewer,
        }
    }
}

impl Who {
    /// Whether one of the roles may what `role` may.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.roles.iter().any(|own| own.may(role))
    }

    /// Goes on where one of the roles may what `role` may.
    ///
    /// # Errors
    /// A page that says which role is needed.
    pub(crate) fn must(&self, role: Role) -> Result<(), Failure> {
        if self.may(role) { Ok(()) } else { Err(Failure::forbidden(role)) }
    }
}

impl FromRequestParts<Arc<State>> for Who {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &Arc<State>) -> Result<Self, Failure> {
        parts.extensions.get::<Who>().cloned().ok_or_else(|| Failure::sign_in(&parts.uri))
    }
}

/// A program that asks with its key.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The name of the key.
    pub(crate) name: String,
}

impl FromRequestParts<Arc<State>> for Program {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &Arc<State>) -> Result<Self, Failure> {
        parts.extensions.get::<Program>().cloned().ok_or_else(Failure::no_key)
    }
}
