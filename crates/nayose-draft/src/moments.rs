//! Rows that say several things that happened, each with a time of its own: a contract with its start and its end, a mail with when it was
//! sent, opened and clicked.
//!
//! In: a table's columns. Out: the topic of such rows, and which time is which event. Rows with a column that says what happened are a log, and
//! none of these.

use std::sync::OnceLock;

use crate::columns::{Column, described};
use crate::facts::Sort;
use crate::meaning::{Kind, Meaning};
use crate::rows::Table;
use crate::words::{Words, data_lines, fact_words};

/// A time of a row that is an event of its own.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MomentDraft {
    /// What happened: the category of the event.
    pub category: &'static str,
    /// The column of its time.
    pub column: String,
    /// Attributes that the event does not have.
    #[serde(skip)]
    pub(crate) lacks: &'static [&'static str],
}

struct Rule {
    topic: &'static str,
    category: &'static str,
    needs: Vec<Vec<&'static str>>,
    lacks: Vec<&'static str>,
    without: Vec<&'static str>,
}

static RULES: OnceLock<Vec<Rule>> = OnceLock::new();

fn rules() -> &'static [Rule] {
    RULES.get_or_init(|| {
        let rule = |line: &'static str| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [topic, category, needs, lacks, without] = fields[..] else { return None };
            let needs = needs.split_whitespace().map(|any| any.split('|').collect()).collect();
            let [lacks, without] = [lacks, without].map(|list| list.split_whitespace().collect());
            Some(Rule { topic, category, needs, lacks, without })
        };
        data_lines(include_str!("../data/moments.tsv")).filter_map(rule).collect()
    })
}

/// Topics in the order in which they are tried, with the concepts of which a column has one beside the times, and whether rows without what
/// founds the others are such rows too.
const TOPICS: [(&str, &[&str], bool); 3] = [
    ("contract", &["contract", "fee", "span"], false),
    ("coupon", &["coupon", "couponid"], false),
    ("message", &[], true),
];

/// The times of rows that are events of their own, with the topic.
pub(crate) fn find(table: &Table, columns: &[Column]) -> Option<(&'static str, Vec<MomentDraft>)> {
    let said: Vec<Words> = columns.iter().map(|c| fact_words(&c.name)).collect();
    // What was bought or registered with times of its own is told by its article, money or piece.
    let goods = [Kind::TransactionId, Kind::Quantity];
    if columns.iter().any(|c| goods.contains(&c.meaning.kind)) {
        return None;
    }
    TOPICS.iter().find_map(|(topic, beside, without_first)| {
        let found = times(columns, &said, topic);
        let founded = rules().iter().find(|rule| rule.topic == *topic).map(|rule| rule.category);
        let is_founded = found.iter().any(|moment| Some(moment.category) == founded);
        let is_beside = |words: &Words| beside.iter().any(|concept| words.has(concept));
        let tells = beside.is_empty() || said.iter().any(is_beside);
        let is_log = || columns.iter().enumerate().any(|(i, c)| crate::event_words::says(table, i, &c.name, topic));
        // A list of people says when each last opened a mail, and is no list of mails.
        let is_list = *topic == "message" && has_names(columns) && !says_sent(&said);
        (found.len() > 1 && !is_list && (is_founded || *without_first) && tells && !is_log()).then_some((*topic, found))
    })
}

/// Whether columns have names of people.
fn has_names(columns: &[Column]) -> bool {
    columns.iter().any(|c| matches!(c.meaning.kind, Kind::Name | Kind::FamilyName | Kind::Kana))
}

/// Whether a column says that something was sent.
fn says_sent(said: &[Words]) -> bool {
    let founded = rules().iter().find(|rule| rule.topic == "message");
    founded.is_some_and(|rule| said.iter().any(|words| words.has_all(&rule.needs, &rule.lacks)))
}

/// The times of a topic, each once, in the order of the rules.
fn times(columns: &[Column], said: &[Words], topic: &str) -> Vec<MomentDraft> {
    let mut out: Vec<MomentDraft> = Vec::new();
    for rule in rules().iter().filter(|rule| rule.topic == topic) {
        if out.iter().any(|moment| moment.category == rule.category) {
            continue;
        }
        let fits = |i: &usize| {
            let column = &columns[*i];
            said[*i].has_all(&rule.needs, &rule.lacks)
                && is_time(column, &said[*i])
                && !out.iter().any(|moment| moment.column == column.name)
                // A validity that every row has is planned, and no end.
                && (!said[*i].has("validuntil") || (!column.facts.is_empty() && column.facts.filled < column.facts.rows))
        };
        let best = (0..columns.len()).filter(fits).min_by_key(|i| (said[*i].has("validuntil"), *i));
        out.extend(best.map(|i| MomentDraft {
            category: rule.category,
            column: columns[i].name.clone(),
            lacks: &rule.without,
        }));
    }
    out
}

/// When people joined and when they left, of a list of people that has both. What such a list says of joining alone is when its records were made.
pub(crate) fn of_members(columns: &[Column]) -> Vec<MomentDraft> {
    let lacks = ["why", "status", "flag", "count", "id", "span"];
    let is_leaving = |c: &&Column| {
        let said = fact_words(&c.name);
        said.has("left") && is_time(c, &said) && !lacks.iter().any(|concept| said.has(concept))
    };
    let joined = columns.iter().find(|c| c.meaning.kind == Kind::RegisteredAt);
    let (Some(joined), Some(left)) = (joined, columns.iter().find(is_leaving)) else { return Vec::new() };
    let one = |category, column: &Column| MomentDraft { category, column: column.name.clone(), lacks: &[] };
    vec![one("joined", joined), one("withdrawn", left)]
}

/// Whether a column has times. One without values has them by its name.
fn is_time(column: &Column, said: &Words) -> bool {
    match column.facts.is_empty() {
        true => ["date", "datetime", "time"].iter().any(|concept| said.has(concept)),
        false => column.evidence.share(Sort::Moment) + column.evidence.share(Sort::Day) >= 0.5,
    }
}

/// Gives the times their meaning: the first is that of the row, and no other column says when or what.
pub(crate) fn settle(columns: &mut [Column], moments: &[MomentDraft], topic: &str) {
    let of_time = |kind: Kind| (Kind::OccurredAt..=Kind::UpdatedAt).contains(&kind);
    for column in columns.iter_mut().filter(|c| of_time(c.meaning.kind) || c.meaning.kind == Kind::Category) {
        column.meaning = Meaning::new(Kind::Unused);
        column.reason = "other columns say what happened and when".to_owned();
        column.rank = 1;
    }
    // Whether a contract runs is told by its times: to leave out those that ended would lose their ends.
    for column in columns.iter_mut().filter(|c| topic != "message" && c.meaning.kind == Kind::Status) {
        column.meaning = Meaning::new(Kind::Unused);
        column.reason = "the times of the row say it".to_owned();
        column.rank = 1;
    }
    for (i, moment) in moments.iter().enumerate() {
        for column in columns.iter_mut().filter(|c| c.name == moment.column) {
            column.meaning = Meaning::new(if i == 0 { Kind::OccurredAt } else { Kind::Unused });
            column.moment = Some(moment.category);
            column.sure = !column.facts.is_empty();
            column.mixed = false;
            column.reason = format!("its name says {}: {}", described(Kind::OccurredAt), moment.category);
            column.rank = 1;
        }
    }
}
