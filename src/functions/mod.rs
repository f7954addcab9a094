//! The bridge from pure functions to Arrow and SQL: one file per function or family, one `register_all`.

mod day;
pub(crate) mod erased;
pub(crate) mod golden;
pub(crate) mod key_hash;
pub(crate) mod name_key;
pub(crate) mod normalize;
mod number;
pub(crate) mod pack;
pub(crate) mod pair;
pub(crate) mod person;
pub(crate) mod pseudonym;
pub(crate) mod recipe;
pub(crate) mod records;
#[cfg(feature = "cluster")]
pub(crate) mod remake;
pub(crate) mod resolve;
mod spreadsheet;
pub(crate) mod standardize;
pub(crate) mod timestamp;
mod unusable;
mod value_kind;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::prelude::SessionContext;

use recipe::Recipe;

use nayose_matching::parallel;

pub(crate) use day::{read_day, read_month};
pub(crate) use key_hash::key_hash;
pub(crate) use number::{decimal, number};
pub(crate) use spreadsheet::{bare, damaged};
pub(crate) use timestamp::{timestamp, utc_offset};
pub(crate) use unusable::unusable;
pub(crate) use value_kind::value_kind;

/// Makes every function that needs no configuration known to the session.
pub(crate) fn register_all(context: &SessionContext) {
    let numbers = [number(), decimal(), timestamp(), utc_offset(), read_day(), read_month()];
    let plain = [key_hash(), bare(), damaged(), unusable(), value_kind()];
    let plain = plain.into_iter().chain(numbers);
    for function in normalize::normalizers().into_iter().chain(plain) {
        context.register_udf(function);
    }
}

/// A scalar function over whole arrays.
pub(crate) fn array_function(
    name: &str,
    arguments: Vec<DataType>,
    result: DataType,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    with_signature(name, Signature::exact(arguments, Volatility::Immutable), result, body)
}

/// A scalar function whose last argument may be left out.
pub(crate) fn array_function_optional(
    name: &str,
    arguments: Vec<DataType>,
    result: DataType,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    let without = arguments[..arguments.len().saturating_sub(1)].to_vec();
    let either = vec![TypeSignature::Exact(without), TypeSignature::Exact(arguments)];
    with_signature(name, Signature::one_of(either, Volatility::Immutable), result, body)
}

/// A costly scalar function over whole arrays: the optimizer may not copy its call into a filter, which would make it run
/// twice.
pub(crate) fn costly_function(
    name: &str,
    arguments: Vec<DataType>,
    result: DataType,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    with_signature(name, Signature::exact(arguments, Volatility::Volatile), result, body)
}

fn with_signature(
    name: &str,
    signature: Signature,
    result: DataType,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    ScalarUDF::from(ArrayFunction { name: name.to_string(), signature, result, recipe: None, body: Arc::new(body) })
}

/// The function with what it was made from, so that it can travel. Without a recipe it is known by its name.
pub(crate) fn made_from(recipe: &Recipe, function: &ScalarUDF) -> ScalarUDF {
    match function.inner().downcast_ref::<ArrayFunction>() {
        Some(own) => ScalarUDF::from(ArrayFunction { recipe: serde_json::to_string(recipe).ok(), ..own.clone() }),
        None => function.clone(),
    }
}

type Body = dyn Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync;

#[derive(Clone)]
struct ArrayFunction {
    name: String,
    signature: Signature,
    result: DataType,
    /// What it was made from, as JSON, where it has a configuration.
    recipe: Option<String>,
    body: Arc<Body>,
}

impl fmt::Debug for ArrayFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Two functions of one name are the same where they were made from the same, or share their body.
impl PartialEq for ArrayFunction {
    fn eq(&self, other: &Self) -> bool {
        let same_recipe = self.recipe.is_some() && self.recipe == other.recipe;
        self.name == other.name && (same_recipe || Arc::ptr_eq(&self.body, &other.body))
    }
}

impl Eq for ArrayFunction {}

impl Hash for ArrayFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for ArrayFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.result.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args.args.iter().all(|v| matches!(v, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let result = (self.body)(&arrays)?;
        if scalar && result.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// Rows below which a second thread is not worth its start.
const FEWEST: usize = 256;

/// A function of some rows, for all of them: made in one piece for each thread, as the rows come in one stream where their order is
/// worth more than streams beside each other.
fn in_pieces(rows: usize, of: impl Fn(Range<usize>) -> Result<ArrayRef> + Sync) -> Result<ArrayRef> {
    let size = rows.div_ceil(parallel::threads()).max(FEWEST);
    // One empty piece where there are no rows.
    let pieces = (0..rows.max(1)).step_by(size).map(|from| from..(from + size).min(rows)).collect();
    let pieces = parallel::map(pieces, |_, rows| of(rows)).into_iter().collect::<Result<Vec<_>>>()?;
    match pieces.as_slice() {
        [whole] => Ok(whole.clone()),
        _ => Ok(concat(&pieces.iter().map(|piece| piece as &dyn Array).collect::<Vec<_>>())?),
    }
}
