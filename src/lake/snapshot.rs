//! What readers see: the tables at the versions that a published run names.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, JoinType, SessionContext};

use super::published::{self, Published};
use super::states::{self, Link};
use super::{erasure, read};
use crate::config::{Renames, Zone};
use crate::engine::dates::set_zone;
use crate::engine::session::{Resources, session};
use crate::error::{Error, Result, VERIFY};
use crate::lake::delta;
use crate::lake::manifest::Output;
use crate::store::Location;
use crate::tables::columns;
use crate::tables::contract::{self, ID_EVENT, RUN, TIME_ZONE, Table, col};
use crate::tables::part::Part;
use crate::tables::zone::in_zone;
use nayose_matching::identity::alias::{Aliases, Step};

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
    /// The run whose tables a rollback made the newest again.
    pub restores: Option<String>,
    /// What it published, said a second time; for the run that is asked, and not by earlier versions.
    pub(crate) sealed: Option<Arc<Published>>,
    /// How its tables are made from those of a later run; for the run that is asked, and empty for the newest.
    pub(crate) chain: Arc<[Link]>,
}

impl PublishedRun {
    /// Former names of its channels.
    pub(crate) fn renames(&self) -> Renames {
        self.sealed.as_ref().map(|sealed| sealed.channels.clone()).unwrap_or_default()
    }

    /// The time zone in which its days begin.
    pub(crate) fn zone(&self) -> Zone {
        self.sealed.as_ref().and_then(|sealed| Zone::named(&sealed.time_zone)).unwrap_or_else(Zone::japan)
    }
}

/// All published runs, oldest first. Empty where nothing was published.
///
/// # Errors
/// Environment, if the lake cannot be read.
pub(crate) async fn runs(lake: &Location) -> Result<Vec<PublishedRun>> {
    let Some(delta) = delta::open(lake, RUN.name, None).await? else { return Ok(Vec::new()) };
    let context = session(&Resources { memory: 256 << 20, ..Resources::default() })?;
    let output = output_of(RUN.name, delta::files(&delta)?);
    if output.parts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = read::table(&context, lake, &output, RUN.schema())
        .await?
        .sort(vec![ident(col::RUN_NUMBER).sort(true, false)])?;
    let mut runs = Vec::new();
    for batch in rows.collect().await? {
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| Error::bug(format!("run lacks {name}")));
        let (run_id, digest) =
            (columns::strings(column(col::RUN_ID)?)?, columns::strings(column(col::CONFIG_DIGEST)?)?);
        let number = columns::longs(column(col::RUN_NUMBER)?)?;
        let as_of = column(col::AS_OF)?.as_primitive::<TimestampMicrosecondType>();
        let tables = columns::lists(column(col::TABLES)?)?;
        let restores = columns::strings(column(col::RESTORES)?)?;
        for row in 0..batch.num_rows() {
            let items = tables.value(row);
            let items = columns::structs(&items)?;
            let names = columns::strings(columns::field(items, col::TABLE_NAME)?)?;
            let versions = columns::field(items, col::VERSION)?.as_primitive::<Int64Type>();
            let counts = columns::field(items, col::ROW_COUNT)?.as_primitive::<Int64Type>();
            runs.push(PublishedRun {
                run_id: run_id.value(row).to_string(),
                number: number.value(row),
                as_of: as_of.value(row),
                config_digest: digest.value(row).to_string(),
                tables: (0..items.len())
                    .map(|i| (names.value(i).to_string(), versions.value(i) as u64, counts.value(i) as u64))
                    .collect(),
                restores: columns::text_at(restores, row).map(str::to_string),
                sealed: None,
                chain: Arc::default(),
            });
        }
    }
    // A log that lost its last entry would look like yesterday.
    if let Some((number, run_id)) = published::newest(lake).await?
        && !runs.iter().any(|run| run.run_id == run_id)
    {
        return Err(Error::data(format!(
            "the log of table {} in {} is damaged: it does not name run {number}, which was published",
            RUN.name,
            lake.shown()
        ))
        .hint(VERIFY));
    }
    Ok(runs)
}

/// The run with what it published, for who reads its tables.
async fn sealed(lake: &Location, mut run: PublishedRun) -> Result<PublishedRun> {
    run.sealed = published::read(lake, run.number, &run.run_id).await?.map(Arc::new);
    Ok(run)
}

/// The newest published run.
///
/// # Errors
/// Environment, if the lake cannot be read.
pub(crate) async fn newest(lake: &Location) -> Result<Option<PublishedRun>> {
    match runs(lake).await?.pop() {
        Some(run) => Ok(Some(sealed(lake, run).await?)),
        None => Ok(None),
    }
}

/// The run that `as_of` means: a run id, its number, or a time; the newest run where none is given. A time means the
/// last run whose data time is not after it; of a day without a time its end, in the zone of the newest run.
///
/// # Errors
/// Usage, where there is none.
pub(crate) async fn find(lake: &Location, as_of: Option<&str>) -> Result<PublishedRun> {
    let mut runs = runs(lake).await?;
    let nothing = || {
        Error::usage(format!("nothing is published in {}", lake.shown()))
            .hint("run a pipeline first (`nayose run PIPELINE`), or name its lake with --lake")
            .ja("まだ一度も実行されていません。", "`nayose run PIPELINE` で最初の実行をしてください。")
    };
    let Some(wanted) = as_of else { return sealed(lake, runs.pop().ok_or_else(nothing)?).await };
    if runs.is_empty() {
        return Err(nothing());
    }
    let all = runs.clone();
    let gone = erasure::unreadable_up_to(lake).await?;
    let not_kept = states::index(lake).await?.gone;
    let readable = |run: PublishedRun| match run.number > gone {
        true if not_kept.contains(&run.number) => {
            let kept = kept(&all, gone, &not_kept);
            Err(Error::absent(format!("run {} is not kept any more", run.number))
                .hint(format!("kept are the runs {kept}; `keep` in the pipeline file says which"))
                .ja(format!("実行 {} は保存期間を過ぎました。", run.number), format!("見られる実行：{kept}")))
        }
        true => Ok(run),
        false => {
            let first = gone + 1;
            Err(Error::absent(format!("run {} cannot be read any more: somebody was erased since", run.number))
                .hint(format!("runs from {first} on can; the history columns of id_map reach further back"))
                .ja(
                    format!("実行 {} は、その後に顧客が消去されたため読めません。", run.number),
                    format!("実行 {first} 以降を選んでください。"),
                ))
        }
    };
    if let Some(run) = runs.iter().find(|r| r.run_id == wanted || r.number.to_string() == wanted) {
        return earlier(lake, readable(run.clone())?, &all).await;
    }
    let zone = match runs.last() {
        Some(newest) => sealed(lake, newest.clone()).await?.zone(),
        None => Zone::japan(),
    };
    let Some(time) = zone.as_of(wanted) else { return Err(no_such_run(wanted, &all)) };
    let first = runs[0].clone();
    runs.retain(|r| r.as_of <= time);
    let found = runs.pop().ok_or_else(|| {
        let at = time_text(first.as_of);
        Error::absent(format!("no run was published as of {wanted}"))
            .hint(format!("the first run is {} as of {at}", first.run_id))
            .ja(format!("{wanted} の時点では、まだ実行がありません。"), format!("最初の実行は {at} です。"))
    })?;
    earlier(lake, readable(found)?, &all).await
}

/// What to say of something that is neither a run of these nor a time. A plain number is that of a run, and `r` with sixteen hexadecimal
/// digits the id of one.
fn no_such_run(wanted: &str, runs: &[PublishedRun]) -> Error {
    let is_number = wanted.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = |id: &str| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let newest =
        runs.last().filter(|_| !wanted.is_empty() && (is_number || wanted.strip_prefix('r').is_some_and(is_id)));
    match newest {
        Some(newest) => Error::absent(format!("there is no run {wanted}; the newest is {}", newest.number))
            .hint("`nayose sql \"select run_number, run_id, as_of from run order by 1\"` shows all of them")
            .page("the page of all runs lists them")
            .ja(
                format!("実行 {wanted} はありません。最新は {} です。", newest.number),
                "実行の一覧のページで番号を確かめてください。",
            ),
        None => Error::usage(format!("{wanted:?} is neither a run nor a time"))
            .hint("use a run id, its number, a date such as 2026-03-31, or a time such as 2026-03-31T12:00:00+09:00")
            .ja(
                format!("「{wanted}」は実行でも時刻でもありません。"),
                "実行の番号か、2026-03-31 のような日付を入力してください。",
            ),
    }
}

/// The numbers of the runs that are kept, for who asked for another one: the newest of many.
fn kept(runs: &[PublishedRun], gone: i64, not_kept: &BTreeSet<i64>) -> String {
    const NAMED: usize = 20;
    let kept = runs.iter().rev().filter(|run| run.number > gone && !not_kept.contains(&run.number));
    let mut numbers: Vec<String> = kept.take(NAMED).map(|run| run.number.to_string()).collect();
    numbers.reverse();
    numbers.join(", ")
}

/// A run with what it published, and with the states that lead to it from a later one where it is not the newest.
pub(crate) async fn earlier(lake: &Location, run: PublishedRun, runs: &[PublishedRun]) -> Result<PublishedRun> {
    let links = states::chain(lake, &run, runs).await?;
    let run = sealed(lake, run).await?;
    Ok(match links.as_slice() {
        [_] => run,
        _ => PublishedRun { chain: links.into(), ..run },
    })
}

/// A time as people read it.
pub(crate) fn time_text(microseconds: i64) -> String {
    jiff::Timestamp::from_microsecond(microseconds).map(|t| t.to_string()).unwrap_or_default()
}

/// A table as the run published it. `None` where it did not.
///
/// # Errors
/// Environment, if it cannot be read.
pub(crate) async fn table(
    context: &SessionContext,
    lake: &Location,
    run: &PublishedRun,
    name: &str,
) -> Result<Option<DataFrame>> {
    table_in(context, lake, run, name, TIME_ZONE).await
}

/// The same with its times in a zone, in which its days begin then.
async fn table_in(
    context: &SessionContext,
    lake: &Location,
    run: &PublishedRun,
    name: &str,
    zone: &str,
) -> Result<Option<DataFrame>> {
    let has_state = |link: &Link| link.state.as_ref().is_some_and(|state| state.tables.contains_key(name));
    match run.chain.first().is_some_and(has_state) {
        true => states::restore::table(context, lake, &run.chain, name, zone).await,
        false => whole(context, lake, run, name, zone).await,
    }
}

/// A table at the version of its Delta log that the run published. `None` where it did not.
///
/// # Errors
/// Environment, if it cannot be read.
pub(crate) async fn whole(
    context: &SessionContext,
    lake: &Location,
    run: &PublishedRun,
    name: &str,
    zone: &str,
) -> Result<Option<DataFrame>> {
    match output(lake, run, name).await? {
        Some(output) => Ok(Some(rows(context, lake, name, &output, zone).await?)),
        None => Ok(None),
    }
}

/// The files of a table at the version of its Delta log that the run published. `None` where it did not.
///
/// # Errors
/// Environment, if the log cannot be read; data, where its files are others than those that were published.
pub(crate) async fn output(lake: &Location, run: &PublishedRun, name: &str) -> Result<Option<Output>> {
    let Some((_, version, _)) = run.tables.iter().find(|(table, _, _)| table == name) else { return Ok(None) };
    let delta = delta::open(lake, name, Some(*version)).await?;
    let Some(delta) = delta else {
        return Err(Error::data(format!("table {name} is gone from {}", lake.shown()))
            .hint("run the pipeline again with --full"));
    };
    let files = delta::files(&delta)?;
    if let Some(sealed) = &run.sealed {
        sealed.check(lake, name, &files)?;
    }
    Ok(Some(output_of(name, files)))
}

/// The rows of a published table in these files.
///
/// # Errors
/// Environment, if it cannot be read.
pub(crate) async fn rows(
    context: &SessionContext,
    lake: &Location,
    name: &str,
    output: &Output,
    zone: &str,
) -> Result<DataFrame> {
    // A mart of an earlier version has the columns that it had.
    let is_as_the_contract = |_: &&Table| output.parts.is_empty() || !contract::is_mart(name);
    let schema = match contract::find(name).filter(is_as_the_contract) {
        Some(table) => in_zone(&plain_schema(table), zone),
        None => in_zone(read::inferred(context, lake, output).await?.schema().as_arrow(), zone),
    };
    if output.parts.is_empty() {
        return Ok(context.read_batch(arrow::array::RecordBatch::new_empty(schema))?);
    }
    read::table(context, lake, output, schema).await
}

/// The rows of `run` up to this one.
///
/// # Errors
/// Environment, if the table cannot be read.
pub(crate) async fn runs_up_to(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<DataFrame> {
    runs_in(context, lake, run, TIME_ZONE).await
}

async fn runs_in(context: &SessionContext, lake: &Location, run: &PublishedRun, zone: &str) -> Result<DataFrame> {
    let opened = delta::open(lake, RUN.name, None).await?;
    let opened = opened.ok_or_else(|| Error::data(format!("table {} is gone from {}", RUN.name, lake.shown())))?;
    let output = output_of(RUN.name, delta::files(&opened)?);
    let rows = read::table(context, lake, &output, in_zone(&RUN.schema(), zone)).await?;
    Ok(rows.filter(ident(col::RUN_NUMBER).lt_eq(lit(run.number)))?)
}

/// Registers tables of a run by their names, for queries of people, and the runs up to this one: those of `only`, or all. Days begin in
/// the run's zone.
///
/// # Errors
/// Environment, if a table cannot be read.
pub(crate) async fn register(
    context: &SessionContext,
    lake: &Location,
    run: &PublishedRun,
    only: Option<&BTreeSet<String>>,
) -> Result<()> {
    let wanted = |name: &str| only.is_none_or(|only| only.contains(name));
    let zone = run.zone();
    set_zone(context, zone.name())?;
    for (name, _, _) in run.tables.iter().filter(|(name, _, _)| wanted(name)) {
        if let Some(rows) = table_in(context, lake, run, name, zone.name()).await? {
            context.register_table(name.as_str(), rows.into_view())?;
        }
    }
    if wanted(RUN.name) {
        context.register_table(RUN.name, runs_in(context, lake, run, zone.name()).await?.into_view())?;
    }
    Ok(())
}

/// The aliases of customer ids up to a run: an id is one from its merge on, until it is a person's own again, or nobody's.
///
/// # Errors
/// Environment, if a table cannot be read.
pub(crate) async fn aliases(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<Aliases> {
    const ALIAS: &str = "alias_id";
    let Some(events) = table(context, lake, run, ID_EVENT.name).await? else { return Ok(Aliases::default()) };
    let is = |event: &str| ident(col::EVENT).eq(lit(event));
    let columns = [col::CUSTOMER_ID, col::EVENT, col::COUNTERPART, col::RUN_ID];
    let events = events.select_columns(&columns)?;
    let merged = events.clone().filter(is("merged"))?.select(vec![ident(col::CUSTOMER_ID).alias(ALIAS)])?;
    let again = events.clone().filter(is("created").or(is("retired")))?;
    let again = again.join(merged.distinct()?, JoinType::LeftSemi, &[col::CUSTOMER_ID], &[ALIAS], None)?;
    let steps = events.filter(is("merged").or(is("split")))?.union(again)?;
    let runs = runs_up_to(context, lake, run).await?;
    let runs = runs.select(vec![ident(col::RUN_ID).alias("seen_by"), ident(col::RUN_NUMBER)])?;
    let rows = steps.join(runs, JoinType::Inner, &[col::RUN_ID], &["seen_by"], None)?.sort(vec![
        ident(col::RUN_NUMBER).sort(true, false),
        ident(col::EVENT).sort(false, true),
        ident(col::CUSTOMER_ID).sort(true, false),
    ])?;
    let mut found = Vec::new();
    for batch in rows.select_columns(&columns[..3])?.collect().await? {
        let [id, event, into] = [0, 1, 2].map(|c| batch.column(c).as_string::<i32>());
        found.extend((0..batch.num_rows()).map(|row| {
            let id = id.value(row).to_string();
            match columns::text_at(into, row).filter(|_| event.value(row) == "merged") {
                Some(into) => Step::Merged(id, into.to_string()),
                None => Step::Own(id),
            }
        }));
    }
    Ok(Aliases::new(found))
}

/// The schema of a table without the comments: the engine refuses a union of columns of which only some have one.
pub(crate) fn plain_schema(table: &Table) -> SchemaRef {
    let fields: Vec<Field> =
        table.schema().fields().iter().map(|f| f.as_ref().clone().with_metadata(Default::default())).collect();
    Arc::new(Schema::new(fields))
}

/// The files of a table that a log names.
pub(crate) fn output_of(table: &str, files: Vec<String>) -> Output {
    Output {
        folder: delta::folder_of(table),
        parts: files.into_iter().map(|name| Part { name, bytes: 0, rows: 0 }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_no_run_is_told_as_one() {
        let run = PublishedRun {
            run_id: "r0123456789abcdef".into(),
            number: 11,
            as_of: 0,
            config_digest: String::new(),
            tables: Vec::new(),
            restores: None,
            sealed: None,
            chain: Arc::default(),
        };
        let said = |wanted: &str| no_such_run(wanted, std::slice::from_ref(&run)).message().to_string();
        assert_eq!(said("99"), "there is no run 99; the newest is 11");
        assert_eq!(said("rfedcba9876543210"), "there is no run rfedcba9876543210; the newest is 11");
        for wanted in ["soon", "run 9", "r99", "", "-1"] {
            assert_eq!(said(wanted), format!("{wanted:?} is neither a run nor a time"));
        }
    }
}
