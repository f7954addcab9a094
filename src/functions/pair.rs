//! `pair_levels(l, r)` and `score_pair(l, r)`: the evidence of a pair of rows of `standard_record`, from features that are
//! held in memory.

use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, BinaryBuilder, Float64Builder, StructArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::recipe::Recipe;
use super::records::Records;
use super::{array_function, costly_function, made_from};
use crate::tables::columns;
use crate::tables::contract::{Type, col, struct_fields};
use nayose_matching::model::bound::Room;
use nayose_matching::model::score::Scorer;
use nayose_matching::model::{Model, Parameters, compare, sample};

/// What [`score_pair`] returns.
const SCORE: [(&str, Type); 3] = [
    (col::MATCH_WEIGHT, Type::Double),
    (col::MATCH_PROBABILITY, Type::Double),
    (col::HOUSEHOLD_PROBABILITY, Type::Double),
];

/// `score_pair(row_l, row_r)`: match weight and probabilities as a struct; zeros where P(one person or one household) is below `floor`.
pub(crate) fn score_pair(model: Arc<Model>, parameters: Parameters, records: Arc<Records>, floor: f64) -> ScalarUDF {
    let result = DataType::Struct(struct_fields(&SCORE));
    let recipe = Recipe::ScorePair {
        model: (*model).clone(),
        parameters: (&parameters).into(),
        records: records.file().to_string(),
        floor: floor.to_bits(),
    };
    // Made when the first pair comes: who only passes the function on needs no features.
    let made = OnceLock::new();
    let function = costly_function("score_pair", vec![DataType::Int64, DataType::Int64], result, move |columns| {
        let packed = records.packed()?;
        let scorer = made.get_or_init(|| Scorer::new(model.clone(), packed.clone(), &parameters));
        let (l, r) = (columns::longs(&columns[0])?, columns::longs(&columns[1])?);
        let mut weights = Float64Builder::with_capacity(l.len());
        let mut person = Float64Builder::with_capacity(l.len());
        let mut household = Float64Builder::with_capacity(l.len());
        let mut room = Room::default();
        for (l, r) in l.values().iter().zip(r.values()) {
            let score = scorer.score_from(floor, *l as usize, *r as usize, &mut room).unwrap_or_default();
            weights.append_value(score.weight);
            person.append_value(score.person);
            household.append_value(score.household);
        }
        let columns: Vec<ArrayRef> =
            vec![Arc::new(weights.finish()), Arc::new(person.finish()), Arc::new(household.finish())];
        Ok(Arc::new(StructArray::try_new(struct_fields(&SCORE), columns, None)?) as ArrayRef)
    });
    made_from(&recipe, &function)
}

/// `pair_levels(row_l, row_r)`: the pair of channels, then the states of all comparisons, a byte each.
pub(crate) fn pair_levels(model: Arc<Model>, records: Arc<Records>) -> ScalarUDF {
    let recipe = Recipe::PairLevels { model: (*model).clone(), records: records.file().to_string() };
    let arguments = vec![DataType::Int64, DataType::Int64];
    let function = array_function("pair_levels", arguments, DataType::Binary, move |columns| {
        let packed = records.packed()?;
        let (l, r) = (columns::longs(&columns[0])?, columns::longs(&columns[1])?);
        let mut levels = BinaryBuilder::with_capacity(l.len(), l.len() * model.comparisons.len());
        let mut pattern = Vec::with_capacity(model.comparisons.len());
        for (l, r) in l.values().iter().zip(r.values()) {
            pattern.clear();
            pattern.push(packed.group(*l as usize, *r as usize) as u8);
            let (left, right) = (packed.row(*l as usize), packed.row(*r as usize));
            pattern.extend(compare::states(&model.comparisons, packed, &left, &right));
            levels.append_value(&pattern);
        }
        Ok(Arc::new(levels.finish()) as ArrayRef)
    });
    made_from(&recipe, &function)
}

/// `in_sample(row_l, row_r)`: whether the model learns from the pair.
pub(crate) fn in_sample(seed: u64, share: f64) -> ScalarUDF {
    let arguments = vec![DataType::Int64, DataType::Int64];
    let function = array_function("in_sample", arguments, DataType::Boolean, move |columns| {
        let (l, r) = (columns::longs(&columns[0])?, columns::longs(&columns[1])?);
        let kept: arrow::array::BooleanArray = l
            .values()
            .iter()
            .zip(r.values())
            .map(|(l, r)| Some(sample::in_sample(*l as u64, *r as u64, seed, share)))
            .collect();
        Ok(Arc::new(kept) as ArrayRef)
    });
    made_from(&Recipe::InSample { seed, share: share.to_bits() }, &function)
}
