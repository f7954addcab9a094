//! What every page says: which run it shows, in which zone its times are, which part of the house it belongs to.

use serde::Serialize;

use crate::audit::Audit;
use crate::lake::snapshot::time_text;

/// What every page says.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Base {
    /// Number of the run.
    pub run: i64,
    /// Time as of which its analyses hold.
    pub as_of: String,
    /// The zone in which its days begin.
    pub zone: String,
    /// The part of the house: search, review, runs, history, charts, tables.
    pub part: &'static str,
    /// The question of the address, without the language, so that the other language shows the same page.
    pub here: String,
}

impl Base {
    /// Of a page of this part, with the question of its address.
    pub(super) fn of(audit: &Audit, part: &'static str, here: impl Into<String>) -> Self {
        let run = audit.run();
        Base {
            run: run.number,
            as_of: time_text(run.as_of),
            zone: run.zone().name().to_string(),
            part,
            here: here.into(),
        }
    }
}

/// The question of an address.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
