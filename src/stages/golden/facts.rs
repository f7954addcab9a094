//! Facts with their customers, in order of customer and time.
//!
//! In: `event_once`, `identity`, the customers in order. Out: the plan of `interaction`. A customer is its place among all of them while
//! facts are put in order: the order of the places is that of the ids, and to compare two numbers takes a third of the time that two
//! ids take. On a cluster, where the ids are not at hand, facts are put in order by them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use arrow::compute::take;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, ScalarUDF, cast, ident, lit};
use datafusion::prelude::SessionContext;

use super::{Planned, holders};
use crate::config::{Need, Pipeline};
use crate::engine::session::{in_order, replace_table};
use crate::engine::write::Order;
use crate::error::Result;
use crate::functions::array_function;
use crate::tables::contract::{Column, INTERACTION, INTERACTION_ORDER, col};
use crate::tables::ranges::in_ranges;
use nayose_matching::record::attribute::EVENT_ATTRIBUTES;

/// The place of a customer among all.
const NUMBER: &str = "customer_number";

/// [`INTERACTION_ORDER`] with places.
const BY_NUMBER: [&str; 4] = [NUMBER, col::OCCURRED_AT, col::CHANNEL, col::EVENT_ID];

const OF_NUMBERS: &str = "
select e.*, i.customer_number
from event_once e left join (
    select i.channel, i.record_id, n.customer_number from identity i join numbered_customer n on n.customer_id = i.customer_id
) i on e.channel = i.channel and e.record_id = i.record_id";

/// The plan of `interaction`. `given_anew` tells whether a number was; `customers` are the ids of all of them in order, where no number
/// was and plans run in this process.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(super) async fn plan(
    context: &SessionContext,
    pipeline: &Pipeline,
    given_anew: bool,
    customers: Option<ArrayRef>,
) -> Result<Planned> {
    let planned = |plan| Planned { table: INTERACTION, plan, order: Order::By(&INTERACTION_ORDER) };
    // What no source maps is in no row: it is not carried through the sort of all facts.
    let is_mapped =
        |c: &Column| !EVENT_ATTRIBUTES.contains(&c.name) || pipeline.maps(&Need::Column(c.name.to_string()));
    let mapped: Vec<&Column> = INTERACTION.columns.iter().filter(|c| is_mapped(c)).collect();
    let Some(customers) = customers else {
        let facts = if given_anew { holders::OF_HOLDERS } else { holders::INTERACTIONS };
        let column = |c: &&Column| cast(ident(c.name), c.data_type.arrow()).alias(c.name);
        let plan = context.sql(facts).await?.select(mapped.iter().map(column).collect::<Vec<_>>())?;
        let plan = plan.sort(INTERACTION_ORDER.iter().map(|c| ident(*c).sort(true, false)).collect())?;
        let all = INTERACTION.columns.iter().map(|c| if is_mapped(c) { Ok(ident(c.name)) } else { nothing(c) });
        return Ok(planned(plan.select(all.collect::<Result<Vec<_>>>()?)?));
    };
    let numbers: ArrayRef = Arc::new(Int32Array::from_iter_values(0..customers.len() as i32));
    let numbered = RecordBatch::try_from_iter([(col::CUSTOMER_ID, customers.clone()), (NUMBER, numbers)])?;
    replace_table(context, "numbered_customer", context.read_batch(numbered)?)?;
    let column = |c: &Column| match c.name {
        col::CUSTOMER_ID => ident(NUMBER),
        name => cast(ident(name), c.data_type.arrow()).alias(name),
    };
    let rows = context.sql(OF_NUMBERS).await?.select(mapped.iter().map(|c| column(c)).collect::<Vec<_>>())?;
    let rows = rows.sort(BY_NUMBER.iter().map(|c| ident(*c).sort(true, false)).collect())?;
    // One range, which the engine neither looks into nor deals out.
    let rows = in_ranges(&in_order(context), &rows, &BY_NUMBER, Vec::new())?;
    let customer = customer_of(customers).call(vec![ident(NUMBER)]).alias(col::CUSTOMER_ID);
    let all = INTERACTION.columns.iter().map(|c| match c.name {
        col::CUSTOMER_ID => Ok(customer.clone()),
        name if is_mapped(c) => Ok(ident(name)),
        _ => nothing(c),
    });
    Ok(planned(rows.select(all.collect::<Result<Vec<_>>>()?)?))
}

/// No value of a column.
fn nothing(column: &Column) -> Result<Expr> {
    Ok(lit(ScalarValue::try_from(&column.data_type.arrow())?).alias(column.name))
}

/// `customer_of(customer_number)`: the id at a place.
fn customer_of(customers: ArrayRef) -> ScalarUDF {
    array_function("customer_of", vec![DataType::Int32], DataType::Utf8, move |numbers| {
        Ok(take(&customers, &numbers[0], None)?)
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, StringArray, TimestampMicrosecondArray, new_null_array};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionConfig;

    use super::*;
    use crate::config;
    use crate::tables::contract::{IDENTITY, RAW_EVENT, TIME_ZONE, Table};

    /// Rows of a table whose other columns have no value.
    fn rows(table: &Table, given: &[(&str, ArrayRef)]) -> RecordBatch {
        let length = given[0].1.len();
        let column = |c: &Column| match given.iter().find(|(name, _)| *name == c.name) {
            Some((name, values)) => (*name, values.clone(), true),
            None => (c.name, new_null_array(&c.data_type.arrow(), length), true),
        };
        RecordBatch::try_from_iter_with_nullable(table.columns.iter().map(column)).expect("rows")
    }

    #[tokio::test]
    async fn facts_by_number_are_facts_by_id() {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
        let texts = |of: &dyn Fn(i64) -> Option<String>, n: i64| -> ArrayRef {
            Arc::new((0..n).map(of).collect::<StringArray>())
        };
        // Thirty records of ten customers; some facts are of a record that nobody is, some have no time, many have the same.
        let customer = |i: i64| format!("C-{}", i * 7 % 10);
        let identity = rows(
            &IDENTITY,
            &[
                (col::CHANNEL, texts(&|_| Some("shop".into()), 30)),
                (col::RECORD_ID, texts(&|i| Some(format!("r{i}")), 30)),
                (col::CUSTOMER_ID, texts(&|i| Some(customer(i)), 30)),
            ],
        );
        let times = (0..500).map(|i| (i % 11 > 0).then_some(i * 31 % 17)).collect::<TimestampMicrosecondArray>();
        let facts = rows(
            &RAW_EVENT,
            &[
                (col::CHANNEL, texts(&|_| Some("shop".into()), 500)),
                (col::EVENT_ID, texts(&|i| Some(format!("e{}", i * 13 % 500)), 500)),
                (col::RECORD_ID, texts(&|i| (i % 7 > 0).then(|| format!("r{}", i * 5 % 37)), 500)),
                (col::EVENT_TYPE, texts(&|_| Some("purchase".into()), 500)),
                (col::OCCURRED_AT, Arc::new(times.with_timezone(TIME_ZONE))),
            ],
        );
        context.register_batch("identity", identity).expect("a table");
        context.register_batch("event_once", facts).expect("a table");
        let ids: ArrayRef = Arc::new((0..10).map(|i| Some(format!("C-{i}"))).collect::<StringArray>());
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
        let pipeline = config::load(&file, &config::Overrides::default()).expect("a pipeline");
        let mut told = Vec::new();
        for customers in [None, Some(ids)] {
            let planned = plan(&context, &pipeline, false, customers).await.expect("a plan");
            let batches = planned.plan.collect().await.expect("rows");
            told.push(pretty_format_batches(&batches).expect("a text").to_string());
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0].lines().filter(|line| line.contains("purchase")).count(), 500);
    }
}
