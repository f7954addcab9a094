//! Which marts of the retail pipeline a draft has the columns for: sources in, names of queries out.
//!
//! A mart that would be empty, or would count money that no column has, is not offered. Where purchases have money, all are, those of `crm` too:
//! what the sources lack is left out by the run, which says so.

use crate::answers::Answers;
use crate::draft::Draft;
use crate::source_yaml::View;
use crate::sources::{Holds, SourceDraft};

/// The marts that can be made, with the shared queries (`purchase`, …) that they read, in order of name.
pub fn marts_for(draft: &Draft) -> Vec<&'static str> {
    let offered = offered(draft);
    offered.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

/// Whether the marts of the folder `crm` can be made, which read all of the others.
pub fn with_crm(draft: &Draft) -> bool {
    offered(draft).iter().any(|(name, there)| *name == "ltv" && *there)
}

/// The marts with whether they can be made.
fn offered(draft: &Draft) -> [(&'static str, bool); 13] {
    let has = |s: &SourceDraft, attribute: &str| s.columns.iter().any(|m| m.attribute == attribute);
    let none = Answers::default();
    let is_read =
        |s: &&SourceDraft| s.holds == Holds::Events && !(s.record_id.is_empty() && s.record_id_digest.is_empty());
    let events: Vec<&SourceDraft> = draft.sources.iter().filter(is_read).collect();
    // The queries look at times: a purchase without one is in none of them.
    let purchase = |s: &&&SourceDraft| {
        s.event_type.as_deref() == Some("purchase") && !View::new(draft, &none, s).occurred_at().is_empty()
    };
    let purchases: Vec<&&SourceDraft> = events.iter().filter(purchase).collect();
    let money = purchases.iter().any(|s| s.amount.is_some() || has(s, "amount") || has(s, "unit_price"));
    let items = purchases.iter().any(|s| has(s, "item_id"));
    [
        ("_item", true),
        ("_purchaser", true),
        ("_receipt", true),
        ("_return", true),
        ("_sale", true),
        // Those of `crm` read all of these.
        ("basket", items || money),
        // It counts customers by channel, with or without purchases.
        ("channel_overlap", true),
        ("contact_timeline", !events.is_empty()),
        ("decile", money),
        ("ltv", money),
        ("purchase", true),
        ("repeat_rate", items || money),
        ("rfm", money),
    ]
}

/// The checks of the retail pipeline that only read what these marts and every run have, in order of name.
pub fn checks_for(marts: &[&str]) -> Vec<&'static str> {
    let counted = ["rfm", "ltv", "decile", "channel_overlap"].iter().all(|mart| marts.contains(mart));
    let all = [
        ("every_customer_has_records", true),
        ("every_record_has_a_customer", true),
        ("marts_count_the_same_buyers", counted),
        ("one_customer_per_record", true),
    ];
    all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}
