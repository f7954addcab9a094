//! `--profile` and `--purpose`: what an analyst may see.

use clap::{Args, ValueEnum};

use crate::audit::analyst;
use crate::error::Result;
use nayose_matching::identity::pseudonym::Pseudonyms;

/// Limits what is read.
#[derive(Debug, Args)]
pub(super) struct ProfileArguments {
    /// Only what the profile shows: no names, contacts and addresses, and ids that hold for one purpose.
    /// Their secret comes from NAYOSE_PROFILE_KEY
    #[arg(long, value_name = "PROFILE", requires = "purpose")]
    profile: Option<Profile>,
    /// What the data is used for, such as churn: no two purposes have an id in common
    #[arg(long, value_name = "NAME", requires = "profile")]
    purpose: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Profile {
    /// 仮名加工情報: pseudonymous data, by the contract of each column
    Analyst,
}

impl ProfileArguments {
    /// The ids of the profile that was asked for.
    pub(super) fn pseudonyms(&self) -> Result<Option<Pseudonyms>> {
        match (self.profile, &self.purpose) {
            (Some(Profile::Analyst), Some(purpose)) => analyst::pseudonyms(purpose).map(Some),
            _ => Ok(None),
        }
    }
}
