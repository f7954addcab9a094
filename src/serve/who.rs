//! Who asks, and what they may.
//!
//! In: a request with its cookie. Out: a [`Who`]; a request without a session gets none, and is sent to sign in. What each role may is
//! said once, in [`Role::may`].

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::state::State;

/// What somebody is here for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Sees pages of figures, runs and tables: no customer.
    Viewer,
    /// Searches and sees customers, their evidence and history, masked until shown.
    Analyst,
    /// Decides on pairs, and all that an analyst may.
    Steward,
    /// Reads the log of accesses and the decisions, and all that an analyst may.
    Auditor,
    /// Everything.
    Admin,
}

/// Who asks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Who {
    /// The name of the account.
    pub(crate) name: String,
    /// Its roles.
    pub(crate) roles: BTreeSet<Role>,
    /// The token that every form of this session has as its field `csrf`, or a request of a script as its header `x-csrf-token`.
    pub(crate) csrf: String,
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
