//! `pair_levels(l, r)` and `score_pair(l, r)`: the evidence of a pair of rows of `standard_record`, from features that are
//! held in memory.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BinaryBuilder, Float64Builder, StructArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::{array_function, costly_function, text};
use crate::contract::{Type, col, struct_fields};
use crate::model::score::Scorer;
use crate::model::{Model, Packed, compare, sample};

/// What [`score_pair`] returns.
const SCORE: [(&str, Type); 3] = [
    (col::MATCH_WEIGHT, Type::Double),
    (col::MATCH_PROBABILITY, Type::Double),
    (col::HOUSEHOLD_PROBABILITY, Type::Double),
];

/// `score_pair(row_l, row_r)`: match weight and probabilities as a struct.
pub fn score_pair(scorer: Arc<Scorer>) -> ScalarUDF {
    let result = DataType::Struct(struct_fields(&SCORE));
    costly_function("score_pair", vec![DataType::Int64, DataType::Int64], result, move |columns| {
        let (l, r) = (text::longs(&columns[0])?, text::longs(&columns[1])?);
        let mut weights = Float64Builder::with_capacity(l.len());
        let mut person = Float64Builder::with_capacity(l.len());
        let mut household = Float64Builder::with_capacity(l.len());
        for (l, r) in l.values().iter().zip(r.values()) {
            let score = scorer.score(*l as usize, *r as usize);
            weights.append_value(score.weight);
            person.append_value(score.person);
            household.append_value(score.household);
        }
        let columns: Vec<ArrayRef> =
            vec![Arc::new(weights.finish()), Arc::new(person.finish()), Arc::new(household.finish())];
        Ok(Arc::new(StructArray::try_new(struct_fields(&SCORE), columns, None)?) as ArrayRef)
    })
}

/// `pair_levels(row_l, row_r)`: the pair of channels, then the levels of all comparisons, a byte each.
pub fn pair_levels(model: Arc<Model>, packed: Arc<Packed>) -> ScalarUDF {
    array_function("pair_levels", vec![DataType::Int64, DataType::Int64], DataType::Binary, move |columns| {
        let (l, r) = (text::longs(&columns[0])?, text::longs(&columns[1])?);
        let mut levels = BinaryBuilder::with_capacity(l.len(), l.len() * model.comparisons.len());
        let mut pattern = Vec::with_capacity(model.comparisons.len());
        for (l, r) in l.values().iter().zip(r.values()) {
            pattern.clear();
            pattern.push(packed.group(*l as usize, *r as usize) as u8);
            let (left, right) = (packed.row(*l as usize), packed.row(*r as usize));
            pattern.extend(compare::levels(&model.comparisons, &packed, &left, &right));
            levels.append_value(&pattern);
        }
        Ok(Arc::new(levels.finish()) as ArrayRef)
    })
}

/// `in_sample(row_l, row_r)`: whether the model learns from the pair.
pub fn in_sample(seed: u64, share: f64) -> ScalarUDF {
    array_function("in_sample", vec![DataType::Int64, DataType::Int64], DataType::Boolean, move |columns| {
        let (l, r) = (text::longs(&columns[0])?, text::longs(&columns[1])?);
        let kept: datafusion::arrow::array::BooleanArray = l
            .values()
            .iter()
            .zip(r.values())
            .map(|(l, r)| Some(sample::in_sample(*l as u64, *r as u64, seed, share)))
            .collect();
        Ok(Arc::new(kept) as ArrayRef)
    })
}
