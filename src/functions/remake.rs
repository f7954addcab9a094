//! A configured function made again from what another process sent.
//!
//! In: the JSON of a [`Recipe`]. Out: the function: a run here and a cluster's executors make it from the same things.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::recipe::Recipe;
use super::records::Records;
use super::{ArrayFunction, golden, pair, standardize};
use crate::error::{Error, Result};

/// The recipe of a function as JSON; `None` where every process knows the function by its name.
pub(crate) fn recipe_of(function: &ScalarUDF) -> Option<&str> {
    function.inner().downcast_ref::<ArrayFunction>()?.recipe.as_deref()
}

/// The function of a recipe.
///
/// # Errors
/// Bug, where this is no recipe of this version.
pub(crate) fn function_of(json: &[u8]) -> Result<ScalarUDF> {
    let recipe: Recipe = serde_json::from_slice(json)
        .map_err(|e| Error::bug(format!("a function cannot be made again from what another process sent: {e}")))?;
    Ok(match recipe {
        Recipe::Standardize(standardizer) => standardize::standardize(Arc::new(standardizer)),
        Recipe::InSample { seed, share } => pair::in_sample(seed, f64::from_bits(share)),
        Recipe::PairLevels { model, records } => {
            pair::pair_levels(Arc::new(model), Arc::new(Records::of_file(records)))
        }
        Recipe::ScorePair { model, parameters, records, floor } => {
            let records = Arc::new(Records::of_file(records));
            pair::score_pair(Arc::new(model), parameters.into(), records, f64::from_bits(floor))
        }
        Recipe::Golden(rules) => golden::golden(rules),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overrides};
    use nayose_matching::model::{Model, Parameters};
    use nayose_matching::record::Standardizer;

    #[test]
    fn a_function_made_again_is_the_same() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
        let pipeline = config::load(&file, &Overrides::default()).expect("the retail pipeline");
        let model = pipeline.model.clone();
        let parameters = Parameters {
            learned_from: "x".into(),
            prior: [1.0 / 3.0, 0.1 + 0.2],
            priors: [("a+b".to_string(), [1e-300, 0.7])].into(),
            levels: vec![vec![[0.1, 2.0 / 3.0, 5e-324]]],
            joint: Vec::new(),
        };
        let records = || Arc::new(Records::of_file("file:///a".into()));
        let standardizer = Standardizer::new(&pipeline.attributes, &model);
        for made in [
            standardize::standardize(Arc::new(standardizer)),
            pair::in_sample(7, 0.1 + 0.2),
            pair::pair_levels(model.clone(), records()),
            pair::score_pair(model.clone(), parameters.clone(), records(), 0.1 + 0.2),
            golden::golden(pipeline.survivorship.clone()),
        ] {
            let recipe = recipe_of(&made).expect("a recipe");
            let again = function_of(recipe.as_bytes()).expect("the function");
            assert_eq!(recipe_of(&again), Some(recipe), "{}", made.name());
            assert_eq!(again, made);
        }
        let sent: Model = serde_json::from_str(&serde_json::to_string(&*model).expect("JSON")).expect("a model");
        assert_eq!(format!("{sent:?}"), format!("{:?}", Model { trained: None, ..(*model).clone() }));
    }
}
