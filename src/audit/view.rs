//! Why records are one person, or are not: the evidence of a pair, a customer, the life of an id, as plain data.

use serde::Serialize;
use utoipa::ToSchema;

use nayose_matching::evidence::ComparedPair;
use nayose_matching::model::Label;

/// A text in two languages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Words {
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

/// A comparison of a pair.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ComparisonView {
    /// Name in the model.
    pub comparison: String,
    /// Name for people.
    pub label: Words,
    /// Name of the level; `missing` where one side has no value.
    pub level: String,
    /// Name of the level for people.
    pub level_label: Words,
    /// The feature that the values are of; `None` where there is no value.
    pub feature: Option<String>,
    /// Values of the left record.
    pub left: Vec<String>,
    /// Values of the right record.
    pub right: Vec<String>,
    /// log2 of how much likelier this is for one person than for unrelated people.
    pub weight: f64,
    /// log2 of how much likelier this is for one person than for two people of one household.
    pub weight_against_household: f64,
}

impl From<ComparedPair> for ComparisonView {
    fn from(c: ComparedPair) -> Self {
        let words = |label: Label| Words { ja: label.ja, en: label.en };
        let (level, level_label) = match c.level {
            Some((name, label)) => (name, words(label)),
            None => ("missing".into(), Words { ja: "値なし".into(), en: "no value".into() }),
        };
        ComparisonView {
            comparison: c.comparison,
            label: words(c.label),
            level,
            level_label,
            feature: c.feature,
            left: c.left,
            right: c.right,
            weight: c.weight,
            weight_against_household: c.weight_against_household,
        }
    }
}

/// What became of a pair, in the order in which a pair can get lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// One person, by a link of the two.
    Linked,
    /// One person, by a link that the run before made: its probability is below the threshold by now, and above the one that breaks it.
    Held {
        /// From which probability it holds.
        reason: String,
    },
    /// One person, by links over other records.
    LinkedByOthers,
    /// No blocking rule brings them.
    NoSharedBlock,
    /// Their score is below the threshold.
    BelowThreshold {
        /// The threshold.
        threshold: f64,
    },
    /// A record of the pair fits somebody else as well, so that neither link was made.
    Contested {
        /// Which record fits whom.
        reason: String,
    },
    /// A person decided on the pair.
    Decided {
        /// What, who, when, why.
        reason: String,
    },
    /// Their link was refused: these records contradict each other.
    Contradiction {
        /// The records.
        reason: String,
    },
    /// Their link was refused for the groups that it would have joined: others of them contradict each other, their pairs or the
    /// groups as wholes are against one person, or a limit is reached.
    Cut {
        /// Which of these.
        reason: String,
    },
}

/// A pair with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairView {
    /// `channel:record_id`.
    pub left: String,
    /// `channel:record_id`.
    pub right: String,
    /// Customer of the left record.
    pub left_customer: String,
    /// Customer of the right record.
    pub right_customer: String,
    /// What became of the pair.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Blocking rules that bring the pair; the first owns it.
    pub blocking_rules: Vec<String>,
    /// log2 of the prior odds.
    pub prior_weight: f64,
    /// log2 of the prior odds of one person against two people of one household.
    pub prior_weight_against_household: f64,
    /// Sum of the weights of the comparisons.
    pub weight: f64,
    /// P(one person).
    pub probability: f64,
    /// P(two people of one household).
    pub household_probability: f64,
    /// The comparisons in the model's order.
    pub comparisons: Vec<ComparisonView>,
    /// Values that so many records have that they were ignored: feature, value.
    pub ignored: Vec<(String, String)>,
}

/// A link of a customer's records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkView {
    /// `channel:record_id`.
    pub left: String,
    /// `channel:record_id`.
    pub right: String,
    /// P(one person).
    pub probability: f64,
    /// Match weight.
    pub weight: f64,
    /// Blocking rule that brought the pair.
    pub blocking_rule: String,
    /// Comparisons that speak for it, strongest first: label, level label, weight.
    pub evidence: Vec<(Words, Words, f64)>,
}

/// A customer with its records and the links that make them one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CustomerView {
    /// The customer.
    pub customer_id: String,
    /// Its household.
    pub household_id: String,
    /// Its records with the values that tell them apart.
    pub records: Vec<RecordView>,
    /// The pairs of its records, with each other or with others', on which a person decided.
    pub decided: Vec<DecidedPair>,
    /// Its links, strongest first.
    pub links: Vec<LinkView>,
}

/// A pair on which a person decided, whatever the evidence says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecidedPair {
    /// `channel:record_id`.
    pub left: String,
    /// `channel:record_id`.
    pub right: String,
    /// P(one person), by the evidence.
    pub probability: f64,
    /// What, who, when, why.
    pub reason: String,
}

/// A decision of a person, as the lake has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisionView {
    /// Its name.
    pub id: String,
    /// `channel:record_id`.
    pub left: String,
    /// `channel:record_id`.
    pub right: String,
    /// same, different, undecided.
    pub decision: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Option<String>,
    /// Why.
    pub why: String,
    /// Until when it counts.
    pub expires: Option<String>,
    /// The decision that it replaces.
    pub replaces: Option<String>,
    /// The file that it stands in; `None` where an erasure made it.
    pub file: Option<String>,
    /// The line of that file.
    pub line: Option<i64>,
    /// Since when it counts, in data time.
    pub since: String,
    /// Why and since when it does not any more; `None` while it counts.
    pub ended: Option<EndedDecision>,
}

/// How a decision ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndedDecision {
    /// replaced, taken_back, expired, withdrawn.
    pub how: String,
    /// When, in data time.
    pub at: String,
}

/// A record of a customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordView {
    /// `channel:record_id`.
    pub id: String,
    /// Name, kana, birth date, phones, mail, address, as far as known.
    pub values: Vec<(Words, String)>,
}

/// Something that happened to an id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryEvent {
    /// When, in data time.
    pub at: String,
    /// Number of the run that saw it.
    pub run: i64,
    /// The id that it happened to.
    pub customer_id: String,
    /// created, joined, merged, split, retired, erased.
    pub event: String,
    /// The other id, or the record.
    pub counterpart: Option<String>,
    /// The cause.
    pub reason: String,
}

/// A record and the time in which it was the customer's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Membership {
    /// `channel:record_id`.
    pub record: String,
    /// Since when.
    pub from: String,
    /// Until when; `None` while it holds. The same as `from` where two runs were as of one time.
    pub to: Option<String>,
    /// Number of the run that found it; `None` where that run did not keep it.
    pub from_run: Option<i64>,
    /// Number of the first run that found it no more.
    pub to_run: Option<i64>,
}

/// The life of a customer id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryView {
    /// The id that was asked for.
    pub customer_id: String,
    /// The id that it is today.
    pub today: String,
    /// What happened, oldest first.
    pub events: Vec<HistoryEvent>,
    /// Its records, those that it had once among them.
    pub records: Vec<Membership>,
    /// What people decided on these records.
    pub decisions: Vec<DecisionView>,
}

/// The customers of a record over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordHistoryView {
    /// `channel:record_id`.
    pub record: String,
    /// Its customers, oldest first.
    pub customers: Vec<CustomerOfRecord>,
    /// What people decided on it.
    pub decisions: Vec<DecisionView>,
}

/// A customer and the time in which a record was its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CustomerOfRecord {
    /// The customer.
    pub customer_id: String,
    /// The id that it is today.
    pub today: String,
    /// The time and the runs.
    #[serde(flatten)]
    pub time: Membership,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Search {
    /// The customers, in the order of their ids.
    pub hits: Vec<SearchHit>,
    /// Whether there are more than the answer names.
    pub more: bool,
}

/// A customer that a search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SearchHit {
    /// The customer.
    pub customer_id: String,
    /// Its golden name; in kana where no kanji are known.
    pub name: String,
    /// What of it the text is: phone, name, reading, …
    pub found_by: Vec<String>,
}

/// What a record asked now is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// A customer: the records that it would be linked with are of one.
    Linked,
    /// Records of several customers are like it; a run would decide with all of their links.
    Contested,
    /// Somebody would have to look at it.
    Review,
    /// Nobody whom the run knows.
    Nobody,
}

/// What a record asked now is, with the records that it may be.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MatchView {
    /// The run that was asked.
    pub run_id: String,
    /// The channel of the record.
    pub channel: String,
    /// What it is.
    pub decision: Decision,
    /// Its customer, where it is linked.
    pub customer_id: Option<String>,
    /// The records that it may be, or that may be of its household: likeliest first.
    pub candidates: Vec<CandidateView>,
    /// Whether there are more than the answer names.
    pub more: bool,
    /// What was found in its values, `attribute:problem`.
    pub problems: Vec<String>,
    /// Values that so many records have that they were ignored: feature, value.
    #[schema(value_type = Vec<Vec<String>>)]
    pub ignored: Vec<(String, String)>,
    /// Why the answer says nothing, where the record was compared with nobody: it has no value by which a blocking rule finds others.
    pub warning: Option<Words>,
}

/// A record that a record asked now may be.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CandidateView {
    /// Its customer.
    pub customer_id: String,
    /// `channel:record_id`.
    pub record: String,
    /// P(one person).
    pub probability: f64,
    /// P(two people of one household).
    pub household_probability: f64,
    /// Match weight.
    pub weight: f64,
    /// The first blocking rule that brings the two.
    pub blocking_rule: String,
    /// The comparisons in the model's order, the record asked on the left.
    pub comparisons: Vec<ComparisonView>,
}
