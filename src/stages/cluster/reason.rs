//! Why a link was not made, as a sentence: in English in the ledger, in the language that is asked for in an explanation.
//!
//! In: the values of a sentence. Out: the sentence; and of a sentence of the ledger, also one of an earlier build, the same in
//! Japanese.

use crate::lake::decision_log::reason_in_japanese;
pub(super) use crate::tables::sentence::english;
use crate::tables::sentence::{self, Sentence};

pub(super) const CONTRADICTS: Sentence = ["{0} contradicts {1}", "{0} と {1} が矛盾します"];
pub(super) const CONTESTED: Sentence = ["{0} fits {1} as well", "{0} は {1} にも合います"];
pub(super) const BRIDGE: Sentence = [
    "the two groups with all their values are likelier two people than one",
    "二つのグループは、すべての値を合わせると、一人よりも二人である見込みが高くなります",
];
pub(super) const LIMIT: Sentence = [
    "the person would have more records of channel {0} than limits.records_per_person",
    "一人のチャネル {0} のレコードが limits.records_per_person を超えます",
];
/// The groups, each by its first record, with their records; the pairs against and for it with their bits.
pub(super) const OUTVOTED: Sentence = [
    "the pairs between the group of {0} (records: {1}) and that of {2} (records: {3}) are against it: {4} with {5} bits, most of all {6} and {7}; {8} for it with {9}",
    "{0} のグループ（{1}件）と {2} のグループ（{3}件）の間の組が反対しています: 反対 {4}組（{5}ビット、最も強いのは {6} と {7}）、賛成 {8}組（{9}ビット）",
];
/// The same where no pair says it most: a decision made one person of the groups, or no pair votes.
pub(super) const OUTVOTED_BY_ALL: Sentence = [
    "the pairs of the two groups are against it: {0} with {1} bits, {2} for it with {3}",
    "二つのグループの間の組が反対しています: 反対 {0}組（{1}ビット）、賛成 {2}組（{3}ビット）",
];
pub(super) const DECIDED_SAME: Sentence = ["same: decided by {0} at {1}: {2}", "同一と {0} が判断（{1}）: {2}"];
pub(super) const DECIDED_DIFFERENT: Sentence =
    ["different: decided by {0} at {1}: {2}", "別人と {0} が判断（{1}）: {2}"];
pub(super) const SAME_UNTIL: Sentence =
    ["same: decided by {0} at {1} until {2}: {3}", "同一と {0} が判断（{1}、{2} まで）: {3}"];
pub(super) const DIFFERENT_UNTIL: Sentence =
    ["different: decided by {0} at {1} until {2}: {3}", "別人と {0} が判断（{1}、{2} まで）: {3}"];
/// A link of the run before, and from which probability up such a link holds.
pub(super) const HELD: Sentence = [
    "the run before linked them, and a link holds from a probability of {0} up",
    "前回の実行で結合され、そのリンクは確率 {0} 以上で保たれます",
];

/// In the order in which a sentence is looked for. Decisions come first, as their reasons are anybody's words.
const ALL: [Sentence; 11] = [
    SAME_UNTIL,
    DIFFERENT_UNTIL,
    DECIDED_SAME,
    DECIDED_DIFFERENT,
    HELD,
    OUTVOTED,
    OUTVOTED_BY_ALL,
    BRIDGE,
    LIMIT,
    CONTRADICTS,
    CONTESTED,
];

/// A sentence of the ledger in Japanese; as it is where it is none that we know.
pub(crate) fn japanese(reason: &str) -> String {
    sentence::japanese(&ALL, reason, reason_in_japanese)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::sentence::filled;

    #[test]
    fn every_sentence_of_the_ledger_is_said_in_japanese() {
        let values =
            ["shop:a 1", "2", "app:{0}", "3", "4", "5.1", "a:contradicts", "b:{", "8", "0.0"].map(String::from);
        for sentence in ALL {
            let [en, ja] = sentence;
            let holes = en.matches('{').count();
            let said = english(sentence, values.clone());
            assert_eq!(japanese(&said), filled(ja, &values.each_ref().map(String::as_str)), "{said}");
            assert!((0..holes).all(|hole| ja.contains(&format!("{{{hole}}}"))), "{ja} says all that {en} says");
            assert!(!ja.contains("the ") && !japanese(&said).contains(" with "), "{ja}");
        }
        assert_eq!(japanese("something of another build"), "something of another build");
        assert_eq!(
            japanese("same: decided by kato at 2026-01-31: x contradicts y"),
            "同一と kato が判断（2026-01-31）: x contradicts y"
        );
        // A usual reason of review is a sentence of ours within that of a person.
        assert_eq!(
            japanese("different: decided by kato at 2026-01-31: moved, married or renamed: asked (confirmed by s)"),
            "別人と kato が判断（2026-01-31）: 転居・結婚・改姓：asked（s が承認）"
        );
    }
}
