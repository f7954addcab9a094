//! Parameters as JSON that keeps every bit.
//!
//! In: [`Parameters`]. Out: the same numbers as whole numbers, and back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Parameters;
use super::joint::Correction;

/// Parameters with their numbers as bits: a decimal number read back may differ in the last place, and so would every
/// probability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bits {
    learned_from: String,
    prior: [u64; 2],
    priors: BTreeMap<String, [u64; 2]>,
    levels: Vec<Vec<[u64; 3]>>,
    /// Corrections with the bits of their logarithm; none in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    joint: Vec<([usize; 2], u8, u8, u64)>,
}

impl From<&Parameters> for Bits {
    fn from(p: &Parameters) -> Self {
        Bits {
            learned_from: p.learned_from.clone(),
            prior: p.prior.map(f64::to_bits),
            priors: p.priors.iter().map(|(group, of)| (group.clone(), of.map(f64::to_bits))).collect(),
            levels: p.levels.iter().map(|c| c.iter().map(|l| l.map(f64::to_bits)).collect()).collect(),
            joint: p.joint.iter().map(|c| (c.comparisons, c.state, c.level, c.log.to_bits())).collect(),
        }
    }
}

impl From<Bits> for Parameters {
    fn from(b: Bits) -> Self {
        Parameters {
            learned_from: b.learned_from,
            prior: b.prior.map(f64::from_bits),
            priors: b.priors.into_iter().map(|(group, of)| (group, of.map(f64::from_bits))).collect(),
            levels: b.levels.iter().map(|c| c.iter().map(|l| l.map(f64::from_bits)).collect()).collect(),
            joint: b
                .joint
                .into_iter()
                .map(|(comparisons, state, level, log)| Correction {
                    comparisons,
                    state,
                    level,
                    log: f64::from_bits(log),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_comes_back() {
        let parameters = Parameters {
            learned_from: "x".into(),
            prior: [1.0 / 3.0, 0.1 + 0.2],
            priors: [("a+b".to_string(), [1e-300, 0.7])].into(),
            levels: vec![vec![[0.1, 2.0 / 3.0, 5e-324]]],
            joint: vec![Correction { comparisons: [0, 1], state: 7, level: 1, log: 0.1 + 0.2 }],
        };
        let json = serde_json::to_string(&Bits::from(&parameters)).expect("JSON");
        let back: Bits = serde_json::from_str(&json).expect("bits");
        assert_eq!(Parameters::from(back), parameters);
    }
}
