//! Source columns to attributes: the shape of the pipeline file as expressions.

use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn::{btrim, coalesce, concat_ws, named_struct, nullif};
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, cast, ident, lit, when};
use datafusion::prelude::DataFrame;

use super::reader::META_COLUMNS;
use crate::config::{AttributeType, ConsentColumn, Pipeline, Source};
use crate::contract::{NAMED_VALUE, RAW_EVENT, RAW_RECORD, STATEMENT, Type, col};
use crate::error::Result;
use crate::functions;

/// Rows of a source that holds people, as `raw_record`.
pub(super) fn people(
    rows: DataFrame,
    pipeline: &Pipeline,
    source: &Source,
    [updated_at, registered_at]: [Option<&String>; 2],
    columns: &[String],
) -> Result<DataFrame> {
    let read = Columns::new(&rows, columns);
    let extra: Vec<Expr> = pipeline
        .attributes
        .iter()
        .filter_map(|a| Some((a, source.columns.get(&a.name)?)))
        .flat_map(|(a, from)| {
            // Several columns of an identifier are several identifiers; of a text, one text.
            let values: Vec<Expr> = match a.kind {
                AttributeType::Identifier => from.iter().map(|c| read.one(c)).collect(),
                AttributeType::Text | AttributeType::Date => vec![read.joined(from, " ")],
            };
            values.into_iter().map(|v| named_struct(vec![lit(col::NAME), lit(a.name.clone()), lit(col::VALUE), v]))
        })
        .collect();
    let observed_at = read.time(updated_at.or(registered_at));
    let consent: Vec<Expr> = source.consent.iter().map(|c| read.statement(c, &observed_at)).collect::<Result<_>>()?;
    let mapped = RAW_RECORD.columns.iter().map(|c| {
        let value = match c.name {
            col::SOURCE => lit(source.name.clone()),
            col::CHANNEL => lit(source.channel.clone()),
            col::RECORD_ID => read.joined(&source.record_id, "-"),
            col::FILE | col::LINE | col::REJECT_REASON | col::REJECT_RAW => ident(c.name),
            col::OBSERVED_AT => observed_at.clone(),
            col::REGISTERED_AT => read.time(registered_at),
            col::EXTRA if extra.is_empty() => null(Type::List(&NAMED_VALUE)),
            col::EXTRA => cast(make_array(extra.clone()), c.data_type.arrow()),
            col::CONSENT if consent.is_empty() => null(Type::List(&STATEMENT)),
            col::CONSENT => cast(make_array(consent.clone()), c.data_type.arrow()),
            name => match (source.columns.get(name), c.data_type) {
                (None, data_type) => null(data_type),
                (Some(from), Type::List(_)) => make_array(from.iter().map(|f| read.one(f)).collect()),
                (Some(from), _) if name == col::ADDRESS => read.joined(from, ""),
                (Some(from), _) => read.joined(from, " "),
            },
        };
        value.alias(c.name)
    });
    Ok(rows.clone().select(mapped.collect::<Vec<_>>())?)
}

/// The columns of a row that say what happened when.
pub(super) struct EventColumns<'a> {
    pub(super) event_id: &'a [String],
    pub(super) occurred_at: Option<&'a String>,
    pub(super) event_type: &'a str,
}

/// Rows of a source that holds events, as `raw_event`. A time or a number that cannot be read rejects the row.
pub(super) fn events(rows: DataFrame, source: &Source, of_row: EventColumns, columns: &[String]) -> Result<DataFrame> {
    let read = Columns::new(&rows, columns);
    let EventColumns { event_id, occurred_at, event_type } = of_row;
    let is_number = |name: &str| matches!(name, col::QUANTITY | col::UNIT_PRICE | col::AMOUNT);
    let mut reason = ident(col::REJECT_REASON);
    let unreadable = |raw: Expr, value: Expr| raw.is_not_null().and(value.is_null());
    if let Some(time) = occurred_at {
        reason = when(
            ident(col::REJECT_REASON).is_null().and(unreadable(read.one(time), read.time(Some(time)))),
            lit("bad_time"),
        )
        .otherwise(reason)?;
    }
    for (name, from) in source.columns.iter().filter(|(name, _)| is_number(name)) {
        let raw = read.joined(from, " ");
        let bad = unreadable(raw.clone(), functions::number().call(vec![raw]));
        reason = when(ident(col::REJECT_REASON).is_null().and(bad), lit(format!("bad_{name}"))).otherwise(reason)?;
    }
    let whole_row = concat_ws(lit(","), columns.iter().map(|c| read.one(c)).collect());
    let raw = when(ident(col::REJECT_REASON).is_null().and(reason.clone().is_not_null()), whole_row)
        .otherwise(ident(col::REJECT_RAW))?;
    let mapped = RAW_EVENT.columns.iter().map(|c| {
        let value = match c.name {
            col::SOURCE => lit(source.name.clone()),
            col::CHANNEL => lit(source.channel.clone()),
            col::EVENT_ID => read.joined(event_id, "-"),
            col::RECORD_ID => read.joined(&source.record_id, "-"),
            col::EVENT_TYPE => lit(event_type),
            col::OCCURRED_AT => read.time(occurred_at),
            col::FILE | col::LINE => ident(c.name),
            col::REJECT_REASON => reason.clone(),
            col::REJECT_RAW => raw.clone(),
            name => match source.columns.get(name) {
                None => null(c.data_type),
                Some(from) if is_number(name) => functions::number().call(vec![read.joined(from, " ")]),
                Some(from) => read.joined(from, " "),
            },
        };
        value.alias(c.name)
    });
    Ok(rows.clone().select(mapped.collect::<Vec<_>>())?)
}

/// The columns that were read, by their names in the source.
struct Columns {
    names: Vec<(String, String)>,
}

impl Columns {
    fn new(rows: &DataFrame, columns: &[String]) -> Self {
        let read = rows.schema().fields().iter().skip(META_COLUMNS.len()).map(|f| f.name().clone());
        Columns { names: columns.iter().cloned().zip(read).collect() }
    }

    fn one(&self, column: &str) -> Expr {
        match self.names.iter().find(|(source, _)| source == column) {
            Some((_, read)) => ident(read.clone()),
            None => null(Type::Text),
        }
    }

    fn joined(&self, columns: &[String], separator: &str) -> Expr {
        match columns {
            [only] => self.one(only),
            several => nullif(concat_ws(lit(separator), several.iter().map(|c| self.one(c)).collect()), lit("")),
        }
    }

    /// What a row says about a consent: nothing where the column is empty, `unknown` where its value has no meaning.
    fn statement(&self, consent: &ConsentColumn, observed_at: &Expr) -> Result<Expr> {
        let value = btrim(vec![self.one(&consent.column)]);
        let is_one_of = |values: &[String]| match values {
            [] => lit(false),
            some => value.clone().in_list(some.iter().map(|v| lit(v.clone())).collect(), false),
        };
        let status = when(nullif(value.clone(), lit("")).is_null(), lit(ScalarValue::Utf8(None)))
            .when(is_one_of(&consent.denied), lit("denied"))
            .when(is_one_of(&consent.granted), lit("granted"))
            .otherwise(lit("unknown"))?;
        let stated_at = match &consent.at {
            Some(column) => coalesce(vec![self.time(Some(column)), observed_at.clone()]),
            None => observed_at.clone(),
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

    fn time(&self, column: Option<&String>) -> Expr {
        match column {
            Some(column) => functions::timestamp().call(vec![self.one(column)]),
            None => null(Type::Timestamp),
        }
    }
}

fn null(data_type: Type) -> Expr {
    // A null of any type: `try_from` knows every type that the contract has.
    ScalarValue::try_from(&data_type.arrow())
        .map(lit)
        .unwrap_or_else(|_| cast(lit(ScalarValue::Null), data_type.arrow()))
}
