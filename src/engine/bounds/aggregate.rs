//! An aggregate over a window whose values grow with its frame.
//!
//! The engine reckons what an aggregate of groups holds, but not what one of a window says: `array_agg(x) OVER (ORDER BY y)` says a list
//! for each row, each longer by one. In: such an aggregate. Out: the same, with what it says counted to the step ([`super::step`]).

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, ReversedUDAF, Signature};

use super::sizes;
use super::step::Limit;

/// The aggregates whose values grow with the number of rows.
const GROWING: [&str; 2] = ["array_agg", "string_agg"];

/// An aggregate within bounds.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct BoundedAggregate {
    inner: Arc<AggregateUDF>,
    limit: Limit,
}

impl BoundedAggregate {
    /// The aggregate within bounds, where its values grow.
    pub(super) fn of(inner: &Arc<AggregateUDF>, limit: Limit) -> Option<Arc<AggregateUDF>> {
        let is_one = GROWING.contains(&inner.name()) && !inner.inner().is::<BoundedAggregate>();
        is_one.then(|| Arc::new(AggregateUDF::from(BoundedAggregate { inner: inner.clone(), limit })))
    }

    fn counted(&self, inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
        Box::new(Counted { inner, name: self.inner.name().to_string(), limit: self.limit })
    }
}

impl AggregateUDFImpl for BoundedAggregate {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        self.inner.return_field(fields)
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(self.counted(self.inner.accumulator(args)?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(self.counted(self.inner.create_sliding_accumulator(args)?))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn with_beneficial_ordering(self: Arc<Self>, is_met: bool) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        let other = self.inner.inner().clone().with_beneficial_ordering(is_met)?;
        Ok(other.map(|other| {
            let inner = Arc::new(AggregateUDF::new_from_shared_impl(other));
            Arc::new(BoundedAggregate { inner, limit: self.limit }) as Arc<dyn AggregateUDFImpl>
        }))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.inner.reverse_udf() {
            ReversedUDAF::Reversed(other) => {
                ReversedUDAF::Reversed(BoundedAggregate::of(&other, self.limit).unwrap_or(other))
            }
            other => other,
        }
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(data_type)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.supports_null_handling_clause()
    }
}

/// An accumulator whose values count.
#[derive(Debug)]
struct Counted {
    inner: Box<dyn Accumulator>,
    name: String,
    limit: Limit,
}

impl Accumulator for Counted {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = self.inner.evaluate()?;
        self.limit.made(&self.name, sizes::of_scalar(&value))?;
        Ok(value)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}
