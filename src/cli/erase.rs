//! `nayose erase`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use datafusion::arrow::array::AsArray;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::SessionContext;

use super::{ResourceArguments, output};
use crate::config::{self, Overrides};
use crate::contract::{self, ID_MAP, col};
use crate::error::{Error, Result};
use crate::identity::customer_id;
use crate::progress::Progress;
use crate::runner::erase::{self, Erasure};
use crate::runner::{self, snapshot};
use crate::session::session;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The customer
    id: String,
    /// Who asked for it
    #[arg(long, value_name = "WHO")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// The pipeline file: what remains is resolved anew
    #[arg(long, value_name = "FILE")]
    pipeline: PathBuf,
    /// The lake, instead of the pipeline file's
    #[arg(long, value_name = "URL")]
    lake: Option<String>,
    /// Root of the sources' globs, instead of the pipeline file's `input`
    #[arg(long, value_name = "URL")]
    input: Option<String>,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let pipeline = config::load(&a.pipeline, &Overrides { input: a.input.clone(), lake: a.lake.clone() })?;
    let typed = customer_id::parse(&a.id)
        .ok_or_else(|| Error::usage(format!("{:?} is no customer id", a.id)).hint("read it again"))?;
    let published = snapshot::find(&pipeline.lake, None).await?;
    let context = session(&a.resources.resources())?;
    snapshot::know_all(&context, &pipeline.lake, &published).await?;
    let id = snapshot::aliases(&context).await?.resolve(&typed).to_string();
    let records = records(&context, &id).await?;
    if records.is_empty() {
        return Err(Error::usage(format!("there is no customer {id}"))
            .hint("nayose sql \"select customer_id from golden_customer limit 10\" shows some"));
    }
    let erasure = Erasure {
        rows: rows(&context, &id).await?,
        customer_id: id,
        by: a.by,
        why: a.why,
        at: jiff::Timestamp::now().to_string(),
        files_removed: BTreeMap::new(),
        runs_up_to: 0,
        still_in_input: BTreeMap::new(),
    };
    erase::begin(&pipeline.lake, &records, &erasure).await?;
    let options = runner::Options { resources: a.resources.resources(), ..runner::Options::default() };
    runner::run(&pipeline, &options, &Progress::Json).await?;
    output::print(&format!(
        "{} is erased: {} rows of {} records; the report is in {}",
        erasure.customer_id,
        erasure.rows.values().sum::<u64>(),
        records.len(),
        pipeline.lake.join("erasures").shown()
    ))?;
    Ok(0)
}

/// Channel and id of the customer's records.
async fn records(context: &SessionContext, id: &str) -> Result<Vec<(String, String)>> {
    let own = context.table(ID_MAP.name).await?.filter(ident(col::CUSTOMER_ID).eq(lit(id)))?;
    let own =
        own.filter(ident(col::VALID_TO).is_null())?.select_columns(&[col::CHANNEL, col::RECORD_ID])?.distinct()?;
    context.register_table("erased_record", own.clone().into_view())?;
    let mut found = Vec::new();
    for batch in own.collect().await? {
        let [channel, record] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
        found.extend((0..batch.num_rows()).map(|i| (channel.value(i).to_string(), record.value(i).to_string())));
    }
    Ok(found)
}

/// Rows of the customer by table: those with the id, and of tables without one those of the records.
async fn rows(context: &SessionContext, id: &str) -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    for table in contract::published() {
        let has = |name: &str| table.columns.iter().any(|c| c.name == name);
        let Ok(all) = context.table(table.name).await else { continue };
        let own = match (has(col::CUSTOMER_ID), has(col::RECORD_ID)) {
            (true, _) => all.filter(ident(col::CUSTOMER_ID).eq(lit(id)))?,
            (false, true) => {
                let keys = [col::CHANNEL, col::RECORD_ID];
                let records = context.table("erased_record").await?;
                all.join(records, datafusion::prelude::JoinType::LeftSemi, &keys, &keys, None)?
            }
            (false, false) => continue,
        };
        found.insert(table.name.to_string(), own.count().await? as u64);
    }
    Ok(found)
}
