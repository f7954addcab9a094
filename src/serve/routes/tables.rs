//! The published tables: what a row and each column mean, in both languages, and what a mart is made by.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::routing::get;
use serde::Serialize;

use super::base::Base;
use crate::audit::Audit;
use crate::audit::view::Words;
use crate::config::head::{self, Definition};
use crate::config::problem::nearest;
use crate::serve::extract::Path;
use crate::serve::failure::{Answer, Failure};
use crate::serve::page::{Lang, page};
use crate::serve::state::State;
use crate::serve::who::{Role, Who};
use crate::tables::contract::{self, Column, Shown};

/// Addresses of tables.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/tables", get(tables)).route("/tables/{name}", get(table))
}

/// A table in the list.
#[derive(Serialize)]
struct Line {
    name: String,
    rows: u64,
    mart: bool,
    about: Option<Words>,
}

/// A column.
#[derive(Serialize)]
struct Described {
    name: String,
    data_type: String,
    nullable: bool,
    ja: String,
    en: String,
    /// hidden, plain, keyed, age_band: what the analyst's profile has of it.
    profile: &'static str,
    key: bool,
}

async fn lines(audit: &Audit) -> Result<Vec<Line>, Failure> {
    let contracts = audit.contracts().await?;
    let line = |(name, _, rows): &(String, u64, u64)| Line {
        name: name.clone(),
        rows: *rows,
        mart: contract::is_mart(name),
        about: contracts.find(name).map(|table| Words { ja: table.ja.into(), en: table.en.into() }),
    };
    Ok(audit.run().tables.iter().filter(|(name, ..)| contract::is_published(name)).map(line).collect())
}

#[derive(Serialize)]
struct TablesPage {
    #[serde(flatten)]
    base: Base,
    tables: Vec<Line>,
}

async fn tables(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang) -> Answer {
    who.must(Role::Viewer)?;
    let audit = state.audit().await?;
    Ok(page("tables", &who, lang, TablesPage { base: Base::of(&audit, "tables", ""), tables: lines(&audit).await? }))
}

#[derive(Serialize)]
struct TablePage {
    #[serde(flatten)]
    base: Base,
    table: Line,
    key: Vec<&'static str>,
    columns: Vec<Described>,
    /// How the figures of a mart are reckoned.
    definition: Option<Definition>,
    /// The SQL of a mart.
    sql: Option<String>,
}

async fn table(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Path(name): Path<String>) -> Answer {
    who.must(Role::Viewer)?;
    let audit = state.audit().await?;
    let all = lines(&audit).await?;
    let near = nearest(&name, all.iter().map(|line| line.name.as_str()));
    let no_table = Failure::no_table(audit.run().number, &name, near);
    let line = all.into_iter().find(|line| line.name == name).ok_or(no_table)?;
    let known = audit.contracts().await?.find(&name);
    let columns = match known {
        Some(table) => table.columns.iter().map(|column| of_contract(column, table.key)).collect(),
        // A mart that promises nothing has names and types.
        None => audit
            .columns(&name)
            .await?
            .into_iter()
            .map(|(name, data_type, nullable)| Described {
                name,
                data_type,
                nullable,
                ja: String::new(),
                en: String::new(),
                profile: "hidden",
                key: false,
            })
            .collect(),
    };
    let kept = audit.definitions().await?.remove(&name);
    let of_pipeline = || {
        let pipeline = state.pipeline.as_ref()?;
        pipeline.marts.iter().find(|mart| mart.name == name).map(|mart| mart.sql.clone())
    };
    let sql = kept.or_else(of_pipeline);
    let context = TablePage {
        base: Base::of(&audit, "tables", ""),
        table: line,
        key: known.map(|table| table.key.to_vec()).unwrap_or_default(),
        columns,
        definition: sql.as_deref().map(head::definition).filter(|told| !told.is_empty()),
        sql,
    };
    Ok(page("table", &who, lang, context))
}

fn of_contract(column: &Column, key: &[&str]) -> Described {
    Described {
        name: column.name.into(),
        data_type: contract::type_in_words(column.data_type),
        nullable: column.nullable,
        ja: column.ja.into(),
        en: column.en.into(),
        profile: match column.shown {
            Shown::Hidden => "hidden",
            Shown::Plain => "plain",
            Shown::Keyed => "keyed",
            Shown::AgeBand => "age_band",
        },
        key: key.contains(&column.name),
    }
}
