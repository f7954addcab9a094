//! What readers see: the tables at the versions that a published run names.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use super::{erase, read};
use crate::contract::{self, RUN, Table, col};
use crate::error::{Error, Result};
use crate::functions::text;
use crate::identity::alias::{Aliases, Step};
use crate::lake;
use crate::manifest::Output;
use crate::materialize::Part;
use crate::session::{Resources, session};
use crate::store::Location;

/// A row of `run`.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedRun {
    /// Its id.
    pub run_id: String,
    /// Its number, from 1.
    pub number: i64,
    /// Time as of which its analyses hold, microseconds.
    pub as_of: i64,
    /// Digest of inputs and configuration.
    pub config_digest: String,
    /// Tables with their versions and rows.
    pub tables: Vec<(String, u64, u64)>,
}

/// All published runs, oldest first. Empty where nothing was published.
///
/// # Errors
/// Environment, if the lake cannot be read.
pub async fn runs(lake: &Location) -> Result<Vec<PublishedRun>> {
    let Some(delta) = lake::open(lake, RUN.name, None).await? else { return Ok(Vec::new()) };
    let context = session(&Resources { memory: 256 << 20, ..Resources::default() })?;
    let output = output_of(RUN.name, lake::files(&delta)?);
    if output.parts.is_empty() {
        return Ok(Vec::new());
    }
    let rows =
        read(&context, lake, &output, RUN.schema()).await?.sort(vec![ident(col::RUN_NUMBER).sort(true, false)])?;
    let mut runs = Vec::new();
    for batch in rows.collect().await? {
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| Error::bug(format!("run lacks {name}")));
        let (run_id, digest) = (text::strings(column(col::RUN_ID)?)?, text::strings(column(col::CONFIG_DIGEST)?)?);
        let number = text::longs(column(col::RUN_NUMBER)?)?;
        let as_of = column(col::AS_OF)?.as_primitive::<TimestampMicrosecondType>();
        let tables = text::lists(column(col::TABLES)?)?;
        for row in 0..batch.num_rows() {
            let items = tables.value(row);
            let items = text::structs(&items)?;
            let names = text::strings(text::field(items, col::TABLE_NAME)?)?;
            let versions = text::field(items, col::VERSION)?.as_primitive::<Int64Type>();
            let counts = text::field(items, col::ROW_COUNT)?.as_primitive::<Int64Type>();
            runs.push(PublishedRun {
                run_id: run_id.value(row).to_string(),
                number: number.value(row),
                as_of: as_of.value(row),
                config_digest: digest.value(row).to_string(),
                tables: (0..items.len())
                    .map(|i| (names.value(i).to_string(), versions.value(i) as u64, counts.value(i) as u64))
                    .collect(),
            });
        }
    }
    Ok(runs)
}

/// The newest published run.
///
/// # Errors
/// Environment, if the lake cannot be read.
pub async fn newest(lake: &Location) -> Result<Option<PublishedRun>> {
    Ok(runs(lake).await?.pop())
}

/// The run that `as_of` means: a run id, its number, or a time; the newest run where none is given. A time means the
/// last run whose data time is not after it.
///
/// # Errors
/// Usage, where there is none.
pub async fn find(lake: &Location, as_of: Option<&str>) -> Result<PublishedRun> {
    let mut runs = runs(lake).await?;
    let nothing = || {
        Error::usage(format!("nothing is published in {}", lake.shown()))
            .hint("run a pipeline first (`nayose run PIPELINE`), or name its lake with --lake")
    };
    let Some(wanted) = as_of else { return runs.pop().ok_or_else(nothing) };
    if runs.is_empty() {
        return Err(nothing());
    }
    let gone = erase::unreadable_up_to(lake).await?;
    let readable = |run: PublishedRun| match run.number > gone {
        true => Ok(run),
        false => Err(Error::usage(format!("run {} cannot be read any more: somebody was erased since", run.number))
            .hint(format!("runs from {} on can; the history columns of id_map reach further back", gone + 1))),
    };
    if let Some(run) = runs.iter().find(|r| r.run_id == wanted || r.number.to_string() == wanted) {
        return readable(run.clone());
    }
    let Some(time) = crate::japanese::date::timestamp(wanted) else {
        return Err(Error::usage(format!("--as-of {wanted:?} is neither a run nor a time"))
            .hint("use a run id, its number, a date such as 2026-03-31, or a time such as 2026-03-31T12:00:00+09:00"));
    };
    let first = runs[0].clone();
    runs.retain(|r| r.as_of <= time);
    let found = runs.pop().ok_or_else(|| {
        Error::usage(format!("no run was published as of {wanted}")).hint(format!(
            "the first run is {} as of {}",
            first.run_id,
            time_text(first.as_of)
        ))
    })?;
    readable(found)
}

/// A time as people read it.
pub fn time_text(microseconds: i64) -> String {
    jiff::Timestamp::from_microsecond(microseconds).map(|t| t.to_string()).unwrap_or_default()
}

/// A table as the run published it. `None` where it did not.
///
/// # Errors
/// Environment, if it cannot be read.
pub async fn table(
    context: &SessionContext,
    lake: &Location,
    run: &PublishedRun,
    name: &str,
) -> Result<Option<DataFrame>> {
    let Some((_, version, _)) = run.tables.iter().find(|(table, _, _)| table == name) else { return Ok(None) };
    let delta = lake::open(lake, name, Some(*version)).await?;
    let Some(delta) = delta else {
        return Err(Error::data(format!("table {name} is gone from {}", lake.shown()))
            .hint("run the pipeline again with --full"));
    };
    let output = output_of(name, lake::files(&delta)?);
    let schema = match contract::find(name) {
        Some(table) => plain_schema(table),
        None => return Ok(Some(context.read_parquet(urls(lake, &output), Default::default()).await?)),
    };
    if output.parts.is_empty() {
        return Ok(Some(context.read_batch(datafusion::arrow::array::RecordBatch::new_empty(schema))?));
    }
    Ok(Some(read(context, lake, &output, schema).await?))
}

/// Makes every table of a run known to the session by its name.
///
/// # Errors
/// Environment, if a table cannot be read.
pub async fn know_all(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<()> {
    for (name, _, _) in &run.tables {
        if let Some(rows) = table(context, lake, run, name).await? {
            context.register_table(name.as_str(), rows.into_view())?;
        }
    }
    // The runs themselves, up to the one that is asked for.
    if let Some(delta) = lake::open(lake, RUN.name, None).await? {
        let rows = read(context, lake, &output_of(RUN.name, lake::files(&delta)?), RUN.schema()).await?;
        let rows = rows.filter(ident(col::RUN_NUMBER).lt_eq(lit(run.number)))?;
        context.register_table(RUN.name, rows.into_view())?;
    }
    Ok(())
}

/// The aliases of customer ids up to the run whose tables the session knows.
///
/// # Errors
/// Environment, if a table cannot be read.
pub async fn aliases(context: &SessionContext) -> Result<Aliases> {
    const STEPS: &str = "
        select e.customer_id, case when e.event = 'merged' then e.counterpart end as merged_into
        from id_event e join run r on e.run_id = r.run_id
        where e.event in ('merged', 'split')
           or e.event = 'created' and e.customer_id in (select customer_id from id_event where event = 'merged')
        order by r.run_number, e.event desc, e.customer_id";
    let mut steps = Vec::new();
    for batch in context.sql(STEPS).await?.collect().await? {
        let [id, into] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
        steps.extend((0..batch.num_rows()).map(|row| {
            let id = id.value(row).to_string();
            match text::text_at(into, row) {
                Some(into) => Step::Merged(id, into.to_string()),
                None => Step::Own(id),
            }
        }));
    }
    Ok(Aliases::new(steps))
}

/// The schema of a table without the comments: the engine refuses a union of columns of which only some have one.
pub(super) fn plain_schema(table: &Table) -> SchemaRef {
    let fields: Vec<Field> =
        table.schema().fields().iter().map(|f| f.as_ref().clone().with_metadata(Default::default())).collect();
    Arc::new(Schema::new(fields))
}

fn urls(lake: &Location, output: &Output) -> Vec<String> {
    output.parts.iter().map(|p| lake.join(&output.folder).join(&p.name).url().to_string()).collect()
}

fn output_of(table: &str, files: Vec<String>) -> Output {
    Output {
        folder: lake::folder_of(table),
        parts: files.into_iter().map(|name| Part { name, bytes: 0, rows: 0 }).collect(),
    }
}
