//! The segments and mail lists of a pipeline: who is in each, and whom of them a message may reach, where, and by which consent.
//!
//! In: the marts of this run, which the session knows by their names; the pipeline's segments. Out: plans of `segment_member`, of what
//! becomes of each member of a list, of `mail_list`, of `segment`; and the customers of a list who have no consent, of whom there may be none.
//! Everything is as of the time of the run: the same input gives the same lists.

pub(crate) mod choice;
mod condition;
#[cfg(test)]
mod list_segments;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod list_test;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::common::{JoinType, ScalarValue};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, SortExpr, cast, ident, in_list, lit, when};
use datafusion::prelude::{DataFrame, SessionContext};

use crate::config::segment_file::FirstFile;
use crate::config::segments::{ADDRESSES, MESSAGES, PROFILE, Segment, Send};
use crate::config::{DAY, Pipeline};
use crate::engine::query::{self, register_schema};
use crate::error::{Error, Kind, Result};
use crate::stages::Planned;
use crate::tables::columns;
use crate::tables::contract::{MAIL_LIST, SEGMENT, SEGMENT_MEMBER, Table, col};
use condition::{Moment, expression, preference_columns};

/// How much more than others customers buy a category.
const PREFERENCE: &str = include_str!("preference.sql");

/// What becomes of the members of a segment on the way to its list.
const LIST: &str = include_str!("list.sql");

/// The customers of lists who have no consent.
const WITHOUT_CONSENT: &str = include_str!("without_consent.sql");

/// The schema in which the query of a list finds what depends on the list.
const SCHEMA: &str = "list";

/// The ends of a member's way to a list, in the order in which they are asked for.
const OUTCOMES: [&str; 6] = ["no_consent", "no_address", "excluded", "capped", "over_limit", LISTED];

/// The end of those who are on the list.
const LISTED: &str = "listed";

/// The name of the work table of a list. No mart is called so.
pub(crate) fn list_table(segment: &str) -> String {
    format!("_list_{segment}")
}

/// What is made of the marts of a run.
pub(crate) struct Segments<'a> {
    /// The session that knows the marts.
    pub context: &'a SessionContext,
    /// Their pipeline.
    pub pipeline: &'a Pipeline,
    /// The time of the run, microseconds.
    pub as_of: i64,
}

/// A mail list of which it is known what becomes of each member.
pub(crate) struct List<'a> {
    /// Its segment.
    pub segment: &'a Segment,
    /// What makes it a list.
    pub send: &'a Send,
    /// The members with their ends: the rows of [`Segments::list`].
    pub rows: DataFrame,
}

/// What a segment came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Its members.
    pub members: i64,
    /// Of a mail list: how many members came to each of [`OUTCOMES`].
    pub outcomes: Option<BTreeMap<String, i64>>,
}

impl Counts {
    fn of(&self, outcome: &str) -> Option<i64> {
        self.outcomes.as_ref().map(|outcomes| outcomes.get(outcome).copied().unwrap_or_default())
    }

    /// Customers on the list.
    pub(crate) fn listed(&self) -> Option<i64> {
        self.of(LISTED)
    }
}

impl<'a> Segments<'a> {
    /// The members of a segment, with the columns of the profile.
    async fn members(&self, segment: &Segment) -> Result<DataFrame> {
        let mut rows = self.context.table(PROFILE).await?;
        let categories = segment.condition.preferences();
        for (place, category) in categories.iter().enumerate() {
            let [index, purchases] = preference_columns(place);
            let customer = format!("_preferring_{place}");
            let depth = category.split('>').count() as i64;
            let values = vec![
                ("category", ScalarValue::Utf8(Some(category.to_string()))),
                ("depth", ScalarValue::Int64(Some(depth))),
            ];
            let of = query::plan(self.context, PREFERENCE).await?.with_param_values(values)?.select(vec![
                ident(col::CUSTOMER_ID).alias(&customer),
                ident("index").alias(&index),
                ident("purchases").alias(&purchases),
            ])?;
            rows = rows.join(of, JoinType::Left, &[col::CUSTOMER_ID], &[customer.as_str()], None)?;
        }
        let moment = Moment { as_of: self.as_of, zone: &self.pipeline.zone };
        Ok(rows.filter(expression(&segment.condition, &categories, &moment))?)
    }

    /// The plan of `segment_member`.
    ///
    /// # Errors
    /// Configuration, naming the file of a segment that cannot be planned.
    pub(crate) async fn member_plan(&self, segments: &[&Segment]) -> Result<Planned> {
        let mut rows: Option<DataFrame> = None;
        for segment in segments {
            let of = self.members(segment).await.map_err(|e| failed(segment, e))?;
            let of = of.select(vec![lit(segment.name.as_str()).alias("segment"), ident(col::CUSTOMER_ID)])?;
            rows = Some(match rows {
                Some(rows) => rows.union(of)?,
                None => of,
            });
        }
        self.of_contract(&SEGMENT_MEMBER, rows)
    }

    /// What becomes of each member of a segment on the way to its list: one row each, with its end, the address and the consent. `members`
    /// are the rows of `segment_member`, `before` the lists that are known already.
    ///
    /// # Errors
    /// Configuration, naming the file of the segment, where it cannot be planned.
    pub(crate) async fn list(
        &self,
        (segment, send): (&Segment, &Send),
        members: &DataFrame,
        before: &[List<'_>],
    ) -> Result<DataFrame> {
        self.list_of(segment, send, members, before).await.map_err(|e| failed(segment, e))
    }

    async fn list_of(
        &self,
        segment: &Segment,
        send: &Send,
        members: &DataFrame,
        before: &[List<'_>],
    ) -> Result<DataFrame> {
        let order = match &send.order {
            Some((column, _)) => ident(column.name.as_str()),
            None => lit(ScalarValue::Int64(None)),
        };
        let member = self.members(segment).await?;
        let member = member.select(vec![ident(col::CUSTOMER_ID), order.alias("order_value")])?;
        let names = send.exclude.iter().map(|name| lit(name.as_str())).collect();
        let excluded = members.clone().filter(in_list(ident("segment"), names, false))?;
        let excluded = excluded.select(vec![ident(col::CUSTOMER_ID)])?.distinct()?;
        let views = [
            ("member", member),
            ("excluded", excluded),
            ("address", self.addresses(send).await?),
            ("sent", self.sent(send, before).await?),
        ];
        let views = views.into_iter().map(|(name, rows)| (name.to_string(), rows.into_view())).collect();
        register_schema(self.context, SCHEMA, views)?;
        let most = send.cap.as_ref().map_or(i64::MAX, |cap| i64::from(cap.messages));
        let text = |text: &str| ScalarValue::Utf8(Some(text.to_string()));
        let rows = query::plan(self.context, LIST).await?.with_param_values(vec![
            ("purpose", text(&send.purpose)),
            ("contact", text(&send.contact)),
            ("is_addressed", ScalarValue::Boolean(Some(send.is_addressed()))),
            ("messages", ScalarValue::Int64(Some(most))),
        ])?;
        ranked(rows, send)
    }

    /// The addresses that a list may use.
    async fn addresses(&self, send: &Send) -> Result<DataFrame> {
        if !send.is_addressed() {
            let field = |name: &str, kind| Field::new(name, kind, true);
            let time = DataType::Timestamp(TimeUnit::Microsecond, Some(self.pipeline.zone.name().into()));
            let fields = [("customer_id", DataType::Utf8), ("device", DataType::Utf8), ("address", DataType::Utf8)];
            let rest = [
                (col::CHANNEL, DataType::Utf8),
                (col::RECORD_ID, DataType::Utf8),
                ("granted_at", time),
                ("position", DataType::Int32),
                ("denied_by_other", DataType::Boolean),
            ];
            let fields: Vec<Field> = fields.into_iter().chain(rest).map(|(name, kind)| field(name, kind)).collect();
            return Ok(self.context.read_batch(RecordBatch::new_empty(Arc::new(Schema::new(fields))))?);
        }
        let mut of = ident(col::PURPOSE).eq(lit(send.purpose.as_str()));
        of = of.and(ident(col::CONTACT).eq(lit(send.contact.as_str())));
        if let Some(device) = send.device {
            of = of.and(ident("device").eq(lit(device.name())));
        }
        Ok(self.context.table(ADDRESSES).await?.filter(of)?)
    }

    /// A row of a customer for each message that the cap counts: those that were sent, and those of the lists that go first.
    async fn sent(&self, send: &Send, before: &[List<'_>]) -> Result<DataFrame> {
        let Some(cap) = &send.cap else {
            let fields = vec![Field::new(col::CUSTOMER_ID, DataType::Utf8, true)];
            return Ok(self.context.read_batch(RecordBatch::new_empty(Arc::new(Schema::new(fields))))?);
        };
        let zone = self.pipeline.zone.name();
        let at = |micros: i64| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some(zone.into())));
        let sent_at = || ident("sent_at");
        let mut counts = sent_at().gt(at(self.as_of - i64::from(cap.days) * DAY)).and(sent_at().lt_eq(at(self.as_of)));
        if !cap.media.is_empty() {
            let media = cap.media.iter().map(|medium| lit(medium.as_str())).collect();
            // A message of which no way is said may have come by any.
            counts = counts.and(in_list(ident(col::MEDIUM), media, false).or(ident(col::MEDIUM).is_null()));
        }
        let customer = || vec![cast(ident(col::CUSTOMER_ID), DataType::Utf8).alias(col::CUSTOMER_ID)];
        let mut rows = self.context.table(MESSAGES).await?.filter(counts)?.select(customer())?;
        for list in before.iter().filter(|list| send.after.contains(&list.segment.name)) {
            if cap.media.is_empty() || cap.media.contains(&list.send.contact) {
                rows = rows.union(list.rows.clone().filter(is_listed())?.select(customer())?)?;
            }
        }
        Ok(rows)
    }

    /// The plan of `mail_list`: those who are on the lists.
    ///
    /// # Errors
    /// Bug, if the plan cannot be built.
    pub(crate) fn mail_list_plan(&self, lists: &[List<'_>]) -> Result<Planned> {
        let mut rows: Option<DataFrame> = None;
        for List { segment, send, rows: of } in lists {
            let own = [("list", &segment.name), (col::PURPOSE, &send.purpose), (col::CONTACT, &send.contact)];
            let mut select: Vec<Expr> = own.into_iter().map(|(name, value)| lit(value.as_str()).alias(name)).collect();
            let others = MAIL_LIST.columns.iter().map(|c| c.name).filter(|c| !own.iter().any(|(name, _)| name == c));
            select.extend(others.map(ident));
            let of = of.clone().filter(is_listed())?.select(select)?;
            rows = Some(match rows {
                Some(rows) => rows.union(of)?,
                None => of,
            });
        }
        self.of_contract(&MAIL_LIST, rows)
    }

    /// Rows as the contract has them, sorted by its key; without any where nothing makes them.
    fn of_contract(&self, table: &Table, rows: Option<DataFrame>) -> Result<Planned> {
        let Some(rows) = rows else {
            return Ok(Planned::sorted(table, self.context.read_batch(RecordBatch::new_empty(table.schema()))?));
        };
        let select = table.columns.iter().map(|c| cast(ident(c.name), c.data_type.arrow()).alias(c.name));
        let key = table.key.iter().map(|k| ident(*k).sort(true, false)).collect();
        Ok(Planned::sorted(table, rows.select(select.collect::<Vec<_>>())?.sort(key)?))
    }

    /// How many members segments have, and what became of those of lists.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn counts(
        &self,
        segments: &[&Segment],
        members: &DataFrame,
        lists: &[List<'_>],
    ) -> Result<BTreeMap<String, Counts>> {
        let mut counts: BTreeMap<String, Counts> =
            segments.iter().map(|segment| (segment.name.clone(), Counts::default())).collect();
        for (name, n) in numbers(members.clone(), "segment").await? {
            counts.entry(name).or_default().members = n;
        }
        for list in lists {
            let outcomes = numbers(list.rows.clone(), "outcome").await?;
            counts.entry(list.segment.name.clone()).or_default().outcomes = Some(outcomes);
        }
        Ok(counts)
    }

    /// The plan of `segment`.
    ///
    /// # Errors
    /// Bug, if the plan cannot be built.
    pub(crate) fn segment_plan(&self, segments: &[&Segment], counts: &BTreeMap<String, Counts>) -> Result<Planned> {
        let texts = |of: &dyn Fn(&Segment) -> Option<String>| -> ArrayRef {
            Arc::new(segments.iter().map(|segment| of(segment)).collect::<StringArray>())
        };
        let count = |segment: &Segment| counts.get(&segment.name).cloned().unwrap_or_default();
        // What is said of a segment's list where it was made.
        let list = |segment: &Segment| segment.send.clone().filter(|_| count(segment).outcomes.is_some());
        let longs = |of: &dyn Fn(&Counts) -> Option<i64>| -> ArrayRef {
            Arc::new(segments.iter().map(|segment| of(&count(segment))).collect::<Int64Array>())
        };
        let reachable = |c: &Counts| Some(c.members - c.of(OUTCOMES[0])? - c.of(OUTCOMES[1])?);
        let mut columns: Vec<ArrayRef> = vec![
            texts(&|s| Some(s.name.clone())),
            texts(&|s| Some(s.title.ja.clone())),
            texts(&|s| Some(s.title.en.clone())),
            texts(&|s| Some(words::definition(&s.condition).ja)),
            texts(&|s| Some(words::definition(&s.condition).en)),
            longs(&|c| Some(c.members)),
            Arc::new(segments.iter().map(|s| Some(list(s).is_some())).collect::<BooleanArray>()),
            texts(&|s| list(s).map(|send| send.purpose)),
            texts(&|s| list(s).map(|send| send.contact)),
            texts(&|s| list(s).and_then(|send| Some(send.device?.name().to_string()))),
            longs(&reachable),
        ];
        columns.extend(OUTCOMES.map(|outcome| longs(&|c| c.of(outcome))));
        let rows = self.context.read_batch(RecordBatch::try_new(SEGMENT.schema(), columns)?)?;
        Ok(Planned::sorted(&SEGMENT, rows))
    }

    /// Holds the rows of `mail_list`, which the session knows by its name, against consent and facts: each has a consent that holds.
    ///
    /// # Errors
    /// Configuration, naming the lists and how many customers of each have none.
    pub(crate) async fn check_consent(&self) -> Result<()> {
        let zone = self.pipeline.zone.name();
        let as_of = ScalarValue::TimestampMicrosecond(Some(self.as_of), Some(zone.into()));
        let plan = query::plan(self.context, WITHOUT_CONSENT).await?.with_param_values(vec![("as_of", as_of)])?;
        let mut told = Vec::new();
        for batch in plan.collect().await? {
            let (lists, customers) = (cast_text(batch.column(0))?, columns::longs(batch.column(1))?.clone());
            told.extend((0..batch.num_rows()).map(|row| format!("{} ({})", lists.value(row), customers.value(row))));
        }
        if told.is_empty() {
            return Ok(());
        }
        Err(Error::config(format!(
            "mail lists with customers who have no consent, nothing was published: {}",
            told.join(", ")
        ))
        .hint("the marts _consent and consented_address say who has one; write them as in pipelines/retail/crm"))
    }
}

/// The rows of a list in their order, and who of them is beyond its most customers.
fn ranked(rows: DataFrame, send: &Send) -> Result<DataFrame> {
    let kept = ["device", "address", col::CHANNEL, col::RECORD_ID, "granted_at"];
    let select = |outcome: Expr, rank: Expr| {
        let first = [ident(col::CUSTOMER_ID), outcome.alias("outcome")];
        first.into_iter().chain(kept.map(ident)).chain([rank.alias("rank")]).collect::<Vec<_>>()
    };
    let Some((_, first)) = &send.order else {
        return Ok(rows.select(select(ident("outcome"), lit(ScalarValue::Int64(None))))?);
    };
    let order: Vec<SortExpr> =
        vec![ident("order_value").sort(*first == FirstFile::Lowest, false), ident(col::CUSTOMER_ID).sort(true, false)];
    let rank = row_number().partition_by(vec![ident("outcome")]).order_by(order).build()?;
    let rows = rows.with_column("place", cast(rank, DataType::Int64))?;
    let outcome = match send.at_most {
        Some(most) => {
            let beyond = is_listed().and(ident("place").gt(lit(i64::from(most))));
            when(beyond, lit("over_limit")).otherwise(ident("outcome"))?
        }
        None => ident("outcome"),
    };
    Ok(rows.select(select(outcome, ident("place")))?)
}

fn is_listed() -> Expr {
    ident("outcome").eq(lit(LISTED))
}

/// How many rows there are of each value of a column of texts.
async fn numbers(rows: DataFrame, column: &str) -> Result<BTreeMap<String, i64>> {
    let n = datafusion::functions_aggregate::expr_fn::count(lit(1)).alias("n");
    let mut found = BTreeMap::new();
    for batch in rows.aggregate(vec![ident(column)], vec![n])?.collect().await? {
        let (values, n) = (cast_text(batch.column(0))?, columns::longs(batch.column(1))?.clone());
        found.extend((0..batch.num_rows()).map(|row| (values.value(row).to_string(), n.value(row))));
    }
    Ok(found)
}

/// A column of texts, as whatever the engine has them.
fn cast_text(column: &ArrayRef) -> Result<StringArray> {
    Ok(columns::strings(&arrow::compute::cast(column, &DataType::Utf8)?)?.clone())
}

/// The error of a segment that cannot be made: what is wrong in it is no bug of nayose.
pub(crate) fn failed(segment: &Segment, error: Error) -> Error {
    let kind = if error.kind() == Kind::Bug { Kind::Config } else { error.kind() };
    Error::new(kind, format!("{}: {}", segment.file, error.message()))
        .hint("segments read customer_profile, and lists _consent, consented_address and _message: write them as in pipelines/retail/crm")
}
