//! A function that is asked what it would make before it makes it, and measured afterwards.
//!
//! In: a function of the engine's or of ours. Out: the same function to everybody who plans with it; where it is called, what it makes is
//! counted to the step ([`super::step`]). `||` of texts is no function of the engine's, and becomes one here.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ExpressionPlacement, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, StructFieldMapping, Volatility,
};
use datafusion::physical_expr::expressions::{BinaryExpr, Column};
use datafusion::physical_plan::PhysicalExpr;

use super::step::Limit;
use super::{bounded_expression, reckon, sizes};

/// A function within bounds.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Bounded {
    inner: Arc<ScalarUDF>,
    limit: Limit,
}

/// What only takes a part of its argument, and is known to the engine by its type.
const AS_IT_IS: [&str; 1] = ["get_field"];

impl Bounded {
    /// The function within bounds; as it is, where it is so already or makes nothing.
    pub(super) fn of(inner: &Arc<ScalarUDF>, limit: Limit) -> Arc<ScalarUDF> {
        match inner.inner().is::<Bounded>() || AS_IT_IS.contains(&inner.name()) {
            true => inner.clone(),
            false => Arc::new(ScalarUDF::from(Bounded { inner: inner.clone(), limit })),
        }
    }

    /// `||` of texts within bounds.
    pub(super) fn concatenation(limit: Limit) -> Arc<ScalarUDF> {
        Bounded::of(&Arc::new(ScalarUDF::from(Concatenation::new())), limit)
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let inner = self.inner.inner().with_updated_config(config)?;
        Some(ScalarUDF::from(Bounded { inner: Arc::new(inner), limit: self.limit }))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    #[expect(deprecated, reason = "the engine still asks some functions")]
    fn is_nullable(&self, args: &[Expr], schema: &dyn ExprSchema) -> bool {
        self.inner.is_nullable(args, schema)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let what = self.name();
        self.limit.allows(what, reckon::bytes(what, &args.args, args.number_rows))?;
        let made = self.inner.invoke_with_args(args)?;
        let bytes = match &made {
            ColumnarValue::Array(array) => sizes::bytes(array.as_ref()),
            ColumnarValue::Scalar(value) => sizes::of_scalar(value),
        };
        self.limit.made(what, bytes)?;
        Ok(made)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(match self.inner.simplify(args, info)? {
            // `concat_ws` becomes `concat`.
            ExprSimplifyResult::Simplified(other) => {
                ExprSimplifyResult::Simplified(bounded_expression(other, self.limit)?.data)
            }
            ExprSimplifyResult::Original(args) => ExprSimplifyResult::Original(args),
        })
    }

    fn preimage(&self, args: &[Expr], literal: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        self.inner.preimage(args, literal, info)
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn evaluate_bounds(&self, input: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(input)
    }

    fn propagate_constraints(&self, interval: &Interval, inputs: &[&Interval]) -> Result<Option<Vec<Interval>>> {
        self.inner.propagate_constraints(interval, inputs)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn strictly_order_preserving(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.strictly_order_preserving(inputs)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn struct_field_mapping(&self, literals: &[Option<ScalarValue>]) -> Option<StructFieldMapping> {
        self.inner.struct_field_mapping(literals)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.inner.placement(args)
    }
}

/// `||` of two texts of one type: null where one is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Concatenation {
    signature: Signature,
}

impl Concatenation {
    fn new() -> Self {
        Concatenation { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Concatenation {
    fn name(&self) -> &str {
        "||"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let said: Vec<String> = args.iter().map(|arg| arg.schema_name().to_string()).collect();
        Ok(said.join(" || "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let [left, right] = types else { return datafusion::common::plan_err!("|| has two sides") };
        datafusion::logical_expr::binary::BinaryTypeCoercer::new(left, &Operator::StringConcat, right).get_result_type()
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_one = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_one { 1 } else { args.number_rows };
        let sides = args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let side = |at: usize| Arc::new(Column::new("", at)) as Arc<dyn PhysicalExpr>;
        let schema = Schema::new(args.arg_fields);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(schema), sides, &options)?;
        let joined = BinaryExpr::new(side(0), Operator::StringConcat, side(1)).evaluate(&batch)?;
        match (joined, is_one) {
            (ColumnarValue::Array(one), true) => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&one, 0)?)),
            (joined, _) => Ok(joined),
        }
    }
}
