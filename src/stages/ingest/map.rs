//! Source columns to attributes: the shape of the pipeline file as expressions.

use datafusion::functions::expr_fn::{btrim, lower, named_struct, nullif};
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, cast, ident, lit, when};
use datafusion::prelude::DataFrame;

use super::facts::{self, ORDER_STATUS, ORDERS, PRODUCT_ROLES};
use super::values::{Columns, null};
use crate::config::{ConsentColumn, Pipeline, Source, Value};
use crate::error::Result;
use crate::functions;
use crate::tables::contract::{NAMED_VALUE, RAW_EVENT, RAW_RECORD, RAW_REFERENCE, STATEMENT, Table, Type, col};
use nayose_matching::record::attribute::{AttributeType, Reference};

/// Rows of a source that holds people, as `raw_record`.
pub(super) fn people(
    rows: DataFrame,
    pipeline: &Pipeline,
    source: &Source,
    [updated_at, registered_at]: [Option<&Value>; 2],
    read: &Columns,
) -> Result<DataFrame> {
    let mut extra: Vec<Expr> = Vec::new();
    for (attribute, from) in pipeline.attributes.iter().filter_map(|a| Some((a, source.columns.get(&a.name)?))) {
        // Several columns of an identifier are several identifiers; of a text, one text.
        let values: Vec<Expr> = match (attribute.kind, from) {
            (AttributeType::Identifier, Value::Columns(several)) => several.iter().map(|c| read.bare(c)).collect(),
            (AttributeType::Identifier, made) => vec![functions::bare().call(vec![read.value(made, "")?])],
            (AttributeType::Text | AttributeType::Date, from) => vec![read.value(from, " ")?],
        };
        let named = |v| named_struct(vec![lit(col::NAME), lit(attribute.name.clone()), lit(col::VALUE), v]);
        extra.extend(values.into_iter().map(named));
    }
    let observed_at = read.time(updated_at.or(registered_at))?;
    let consent: Vec<Expr> = source.consent.iter().map(|c| statement(read, c)).collect::<Result<_>>()?;
    let record_id = read.value(&source.record_id, "-")?;
    let reason = read.reason(&record_id)?;
    let mut mapped = Vec::new();
    for c in RAW_RECORD.columns {
        let value = match c.name {
            col::RECORD_ID => functions::bare().call(vec![record_id.clone()]),
            col::OBSERVED_AT => observed_at.clone(),
            col::REGISTERED_AT => read.time(registered_at)?,
            col::EXTRA if extra.is_empty() => null(Type::List(&NAMED_VALUE)),
            col::EXTRA => cast(make_array(extra.clone()), c.data_type.arrow()),
            col::CONSENT if consent.is_empty() => null(Type::List(&STATEMENT)),
            col::CONSENT => cast(make_array(consent.clone()), c.data_type.arrow()),
            name => match (source.columns.get(name), c.data_type) {
                (None, data_type) => null(data_type),
                (Some(Value::Columns(from)), Type::List(_)) => make_array(from.iter().map(|f| read.bare(f)).collect()),
                (Some(from), Type::List(_)) => make_array(vec![functions::bare().call(vec![read.value(from, "-")?])]),
                (Some(from), _) if name == col::ADDRESS => read.value(from, "")?,
                (Some(from), _) if name == col::POSTAL_CODE => functions::bare().call(vec![read.value(from, "-")?]),
                (Some(from), _) if name == col::BIRTH_DATE => read.value(from, "-")?,
                (Some(from), _) => read.value(from, " ")?,
            },
        };
        mapped.push((c.name, value));
    }
    finished(rows, &RAW_RECORD, read, mapped, reason)
}

/// What an events source says of its rows.
pub(super) struct EventValues<'a> {
    pub(super) event_id: &'a Value,
    pub(super) occurred_at: Option<&'a Value>,
    pub(super) event_type: &'a str,
}

/// Rows of a source that holds events, as `raw_event`. A time or a number that cannot be read rejects the row.
pub(super) fn events(rows: DataFrame, source: &Source, of_row: EventValues, read: &Columns) -> Result<DataFrame> {
    let EventValues { event_id, occurred_at, event_type } = of_row;
    let id = read.value(event_id, "-")?;
    let mut reason = read.reason(&id)?;
    if let Some(time) = occurred_at {
        let bad = unreadable(read.value(time, " ")?, read.time(Some(time))?);
        reason = when(reason.clone().is_null().and(bad), lit("bad_time")).otherwise(reason)?;
    }
    reason = facts::unreadable_values(&RAW_EVENT, read, reason)?;
    if ORDERS.contains(&event_type) {
        reason = facts::unknown_word(col::STATUS, &ORDER_STATUS, read, reason)?;
    }
    let mut mapped = Vec::new();
    for c in RAW_EVENT.columns {
        let value = match c.name {
            col::EVENT_ID => functions::bare().call(vec![id.clone()]),
            col::RECORD_ID => functions::bare().call(vec![read.value(&source.record_id, "-")?]),
            col::EVENT_TYPE => lit(event_type),
            col::OCCURRED_AT => read.time(occurred_at)?,
            col::OCCURRED_AT_OFFSET => match occurred_at {
                Some(value) => functions::utc_offset().call(vec![read.value(value, " ")?]),
                None => null(Type::Text),
            },
            _ => facts::value(c, read)?,
        };
        mapped.push((c.name, value));
    }
    finished(rows, &RAW_EVENT, read, mapped, reason)
}

/// Rows of a source that fills a table of what facts name, as `raw_reference`.
pub(super) fn reference(rows: DataFrame, table: &Reference, read: &Columns) -> Result<DataFrame> {
    let columns = &read.source.columns;
    let (mut reason, mut is_first) = (null(Type::Text), true);
    for from in table.required.iter().filter_map(|name| columns.get(*name)) {
        let value = read.value(from, " ")?;
        if is_first {
            (reason, is_first) = (read.reason(&value)?, false);
        }
        let missing = nullif(btrim(vec![value]), lit("")).is_null();
        reason = when(reason.clone().is_null().and(missing), lit("missing_required")).otherwise(reason)?;
    }
    reason = facts::unreadable_values(&RAW_REFERENCE, read, reason)?;
    reason = facts::unknown_word(col::ROLE, &PRODUCT_ROLES, read, reason)?;
    let mut mapped = Vec::new();
    for c in RAW_REFERENCE.columns {
        let value = match c.name {
            col::TABLE_NAME => lit(table.name),
            _ => facts::value(c, read)?,
        };
        mapped.push((c.name, value));
    }
    finished(rows, &RAW_REFERENCE, read, mapped, reason)
}

/// Whether a text stands there and gives no value.
pub(super) fn unreadable(raw: Expr, value: Expr) -> Expr {
    raw.is_not_null().and(value.is_null())
}

/// The rows with the columns that every raw table has. A row that is rejected here keeps its text; one that is skipped keeps nothing but
/// its place and the reason.
fn finished(
    rows: DataFrame,
    table: &Table,
    read: &Columns,
    mapped: Vec<(&str, Expr)>,
    reason: Expr,
) -> Result<DataFrame> {
    let source = read.source;
    let here = ident(col::REJECT_REASON).is_null().and(reason.clone().not_like(lit("skipped: %")));
    let raw = when(here, read.whole_row()).otherwise(ident(col::REJECT_RAW))?;
    let skips = source.only_where.is_some() || !source.skip_where.is_empty();
    let mut all = Vec::new();
    for (c, (name, value)) in table.columns.iter().zip(mapped) {
        let value = match name {
            col::SOURCE => lit(source.name.clone()),
            col::CHANNEL => lit(source.channel.clone()),
            col::FILE | col::LINE => ident(name),
            col::REJECT_REASON => reason.clone(),
            col::REJECT_RAW => raw.clone(),
            // A word for which the row was rejected is told.
            col::STATUS | col::ROLE if skips => {
                let told = ["bad_status", "bad_role"].map(lit).to_vec();
                let is_told = reason.clone().is_null().or(reason.clone().in_list(told, false));
                when(is_told, value).otherwise(null(c.data_type))?
            }
            _ if skips && c.nullable => when(reason.clone().is_null(), value).otherwise(null(c.data_type))?,
            _ => value,
        };
        all.push(value.alias(name));
    }
    Ok(rows.select(all)?)
}

/// What a row says about a consent: nothing where the column is empty, `unknown` where its value has no meaning. The time of the row is not
/// that of the statement, which may be much older.
fn statement(read: &Columns, consent: &ConsentColumn) -> Result<Expr> {
    let value = lower(btrim(vec![read.one(&consent.column)]));
    let is_one_of = |values: &[String]| match values {
        [] => lit(false),
        some => value.clone().in_list(some.iter().map(|v| lit(v.clone())).collect(), false),
    };
    let status = when(nullif(value.clone(), lit("")).is_null(), null(Type::Text))
        .when(is_one_of(&consent.denied), lit("denied"))
        .when(is_one_of(&consent.granted), lit("granted"))
        .otherwise(lit("unknown"))?;
    let stated_at = match &consent.at {
        Some(column) => read.time_of(read.one(column)),
        None => null(Type::Timestamp),
    };
    Ok(named_struct(vec![
        lit(col::PURPOSE),
        lit(consent.purpose.clone()),
        lit(col::CONTACT),
        lit(consent.contact.clone()),
        lit(col::STATUS),
        status,
        lit(col::STATED_AT),
        stated_at,
    ]))
}
