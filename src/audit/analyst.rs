//! The analyst's profile of a published run: its tables without direct identifiers, with ids that hold for one purpose.
//!
//! In: a lake, a run, a purpose and the secret of its ids. Out: tables of a session, or Delta tables of another lake. The columns are
//! those that the contracts show ([`contract::profile`]); the session knows these tables and nothing below them.

use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::{DataFrame, SessionContext};

use crate::engine::dates::set_zone;
use crate::engine::ordered;
use crate::engine::write::{self, Order};
use crate::error::{Error, Result};
use crate::functions::pseudonym::{age_band, pseudonym};
use crate::lake::definitions;
use crate::lake::delta::{self, Mode};
use crate::lake::snapshot::{self, PublishedRun};
use crate::stages::golden::anonymity;
use crate::store::Location;
use crate::tables::contract::{self, Column, GOLDEN_CUSTOMER, RUN, Shown, Table, col};
use crate::tables::zone::rows_in_zone;
use nayose_matching::identity::pseudonym::Pseudonyms;
use nayose_matching::identity::tombstone::KEY_BYTES;

/// The environment variable with the secret of the ids.
pub(crate) const KEY: &str = "NAYOSE_PROFILE_KEY";

/// The ids of a purpose, with the secret of the environment.
///
/// # Errors
/// Usage, where the purpose is no plain name; configuration, where there is no secret.
pub(crate) fn pseudonyms(purpose: &str) -> Result<Pseudonyms> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if purpose.is_empty() || !purpose.chars().all(plain) {
        return Err(Error::usage(format!("--purpose {purpose:?} is no plain name"))
            .hint("use small letters, digits, - and _, such as churn-2026: other spellings would give other ids"));
    }
    let secret = std::env::var(KEY).unwrap_or_default();
    if secret.len() < KEY_BYTES {
        return Err(Error::config(format!("the analyst's profile needs {KEY}, the key of its ids")).hint(format!(
            "set {KEY} in the environment to a secret of {KEY_BYTES} characters or more, always the same one, which analysts do not have"
        )));
    }
    Ok(Pseudonyms::new(&secret, purpose))
}

/// The tables of a run as the profile has them, in order of name.
///
/// # Errors
/// Environment, if a table cannot be read.
pub(crate) async fn tables(
    context: &SessionContext,
    from: &Location,
    run: &PublishedRun,
    ids: &Pseudonyms,
) -> Result<Vec<(Table, DataFrame)>> {
    let contracts = definitions::contracts(from, &run.run_id).await?;
    let mut found = Vec::new();
    for (name, _, _) in &run.tables {
        let Some(whole) = contracts.find(name) else { continue };
        let Some(table) = contract::profile(whole) else { continue };
        let Some(rows) = snapshot::table(context, from, run, name).await? else { continue };
        let columns = whole.columns.iter().filter_map(|c| column(c, ids, run.as_of));
        let mut shown = rows.select(columns.collect::<Vec<_>>())?;
        if let Some(k) = k_of(run).filter(|_| name == GOLDEN_CUSTOMER.name) {
            shown = anonymity::generalised(shown, k)?;
        }
        found.push((table, shown));
    }
    Ok(found)
}

/// How many customers have to be alike in what the profile tells of them, as the pipeline of the run declared it.
fn k_of(run: &PublishedRun) -> Option<u32> {
    run.sealed.as_ref().map(|sealed| sealed.profile_k).filter(|k| *k > 1)
}

fn column(column: &Column, ids: &Pseudonyms, as_of: i64) -> Option<Expr> {
    let value = ident(column.name);
    match column.shown {
        Shown::Hidden => None,
        Shown::Plain => Some(value),
        Shown::Keyed => Some(pseudonym(ids, column.name).call(vec![value]).alias(column.name)),
        Shown::AgeBand => Some(age_band(as_of).call(vec![value]).alias(col::AGE_BAND)),
    }
}

/// The rows of a table in the order of its key as the profile has it. In the order of the ids below, two purposes could be joined
/// row by row.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn sorted(table: &Table, rows: DataFrame) -> Result<DataFrame> {
    Ok(rows.sort(table.key.iter().map(|k| ident(*k).sort(true, false)).collect())?)
}

/// Registers the tables of the profile, and nothing else, by their names; their rows come in the order of the profile's own key.
///
/// # Errors
/// Environment, if a table cannot be read.
pub(crate) async fn register_all(
    context: &SessionContext,
    from: &Location,
    run: &PublishedRun,
    ids: &Pseudonyms,
) -> Result<()> {
    let zone = run.zone();
    set_zone(context, zone.name())?;
    for (table, rows) in tables(context, from, run, ids).await? {
        let rows = rows_in_zone(rows, zone.name())?;
        context.register_table(table.name, ordered::table(sorted(&table, rows)?)?)?;
    }
    // It would tell where the lake lies.
    context.deregister_udf("input_file_name");
    Ok(())
}

/// Writes the profile as Delta tables below `to`, in the place of what an earlier export wrote there. Files of earlier exports are
/// removed: a person who was erased since is in none. Answers the tables with their rows.
///
/// # Errors
/// Usage, where `to` is a lake that runs publish to; environment, if it cannot be written.
pub(crate) async fn write(
    context: &SessionContext,
    from: &Location,
    run: &PublishedRun,
    ids: &Pseudonyms,
    to: &Location,
) -> Result<Vec<(&'static str, u64)>> {
    if !to.join(&delta::folder_of(RUN.name)).glob("_delta_log/*.json").await?.is_empty() {
        return Err(Error::usage(format!("{} is a lake of whole tables", to.shown()))
            .hint("write the profile to a folder or bucket of its own, which analysts may read and this lake not"));
    }
    let mut written = Vec::new();
    for (table, rows) in tables(context, from, run, ids).await? {
        let rows = sorted(&table, rows)?;
        let folder = to.join(&delta::folder_of(table.name));
        let parts = write::write(rows, &table, Order::ByKey, &folder, &|_| ()).await?.parts;
        delta::commit(to, &table, table.schema(), &parts, Mode::Replace, &run.run_id).await?;
        delta::remove_older(to, table.name).await?;
        written.push((table.name, parts.iter().map(|p| p.rows).sum()));
    }
    Ok(written)
}
