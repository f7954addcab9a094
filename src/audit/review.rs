//! Review as plain data: the queue with what people decided since, a pair of it with both records side by side.
//!
//! In: the [`Queue`] of the run, the decisions of review. Out: what pages draw. A pair on which somebody decided is not asked any more,
//! unless the values that the decision was made on are other ones now; one of which somebody was unsure is left to others.

use std::collections::{BTreeSet, HashMap, HashSet};

use arrow::array::ArrayRef;
use datafusion::logical_expr::{Expr, ident, in_list, lit};
use serde::Serialize;

use super::Audit;
use super::effect::Pins;
use super::network::Network;
use super::queue::{Asked, Kind, Queue, Stake, asked};
use super::view::{PairView, RecordView, Words};
use crate::config::decisions::{DESK, Line};
use crate::error::{Error, Result};
use crate::lake::decision_log::{Decisions, Pair, Standing, halves, pair_of};
use crate::stages::cluster::decisions::{Recorded, digest_of, digest_of_values};
use crate::stages::cluster::reason::japanese;
use crate::tables::columns;
use crate::tables::contract::{DECISION, PERSON_COLUMNS, SOURCE_RECORD, col};

/// Which pairs somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter {
    /// Why they are asked.
    pub kind: Option<Kind>,
    /// The two channels, in any order; one of them where only one is given.
    pub channels: [Option<String>; 2],
    /// From which probability.
    pub from: Option<f64>,
    /// Up to which one.
    pub to: Option<f64>,
    /// A customer or a record, `channel:record_id`, whom they concern.
    pub concerns: Option<String>,
    /// To whom they are assigned; nobody where it is empty.
    pub assigned: Option<String>,
    /// Those that wait for a second person, instead of those that are asked.
    pub waiting: bool,
}

/// A pair as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Item {
    /// `channel:record_id`.
    pub left: String,
    /// `channel:record_id`.
    pub right: String,
    /// Customer of the left record.
    pub left_customer: String,
    /// Customer of the right record.
    pub right_customer: String,
    /// Why it is asked.
    pub kind: Kind,
    /// P(one person), by the evidence.
    pub probability: f64,
    /// What is gained by an answer.
    pub gain: f64,
    /// What would change.
    pub stake: Stake,
    /// Other pairs between the same two customers.
    pub alike: u32,
    /// Why the link was not made.
    pub reason: Option<Words>,
    /// To whom it is assigned.
    pub assigned: Option<String>,
    /// Who was unsure.
    pub unsure: Vec<String>,
    /// The decision of review that holds, or waits for a second person.
    pub decided: Option<Standing>,
}

/// How far review has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Progress {
    /// Pairs that are asked, whatever the filter says.
    pub open: usize,
    /// Pairs that wait for a second person.
    pub waiting: usize,
    /// Answers so far.
    pub done: u64,
    /// Answers of the day, by person.
    pub today: Vec<(String, u64)>,
}

/// A part of the queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Page {
    /// The pairs, best gain first.
    pub items: Vec<Item>,
    /// How many the filter lets through.
    pub total: usize,
    /// How far review has come.
    pub progress: Progress,
    /// The channels of the lake.
    pub channels: Vec<String>,
}

/// A value of both records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Field {
    /// Its name for people.
    pub label: Words,
    /// Its name, by which it is masked.
    pub name: &'static str,
    /// Of the left record.
    pub left: Option<String>,
    /// Of the right record.
    pub right: Option<String>,
    /// Whether both are known and are not the same.
    pub differs: bool,
}

/// A pair with what is needed to decide on it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Question {
    /// The pair.
    pub item: Item,
    /// The values of both records, side by side.
    pub fields: Vec<Field>,
    /// The evidence.
    pub evidence: PairView,
    /// Digest of the values of both records.
    pub values: Option<String>,
}

/// Decisions of review, and who asks.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// What people decided in review.
    pub decisions: &'a Decisions,
    /// Whether every decision needs a second person.
    pub four_eyes: bool,
    /// Who asks.
    pub who: &'a str,
    /// The day of the one who asks.
    pub today: &'a str,
}

/// What is known of decisions, by rows.
struct Overlay<'a> {
    decided: HashMap<(u32, u32), &'a Standing>,
    again: HashSet<(u32, u32)>,
}

impl Audit {
    /// Whether decisions of this lake need a second person, as the run's pipeline says.
    ///
    /// # Errors
    /// Data, where the run's work is gone.
    pub(crate) async fn four_eyes(&self) -> Result<bool> {
        Ok(self.kept().await?.settings.four_eyes)
    }

    /// Some pairs of the queue: `count` from the place `from` on.
    ///
    /// # Errors
    /// Data, where the run's work is gone; environment, if a table cannot be read.
    pub(crate) async fn review(&self, seen: Seen<'_>, filter: &Filter, from: usize, count: usize) -> Result<Page> {
        let (network, queue) = (self.network().await?, self.queue().await?);
        let overlay = self.overlay(network, seen.decisions).await?;
        let waiting = waiting(network, queue, &overlay, seen);
        let open = open(network, queue, &overlay, seen);
        let (n_open, n_waiting) = (open.len(), waiting.len());
        let concerns = match &filter.concerns {
            Some(typed) => Some(self.concerned(network, typed).await?),
            None => None,
        };
        let mut found = if filter.waiting { waiting } else { open };
        found.retain(|asked| passes(network, seen.decisions, filter, concerns.as_ref(), asked));
        let total = found.len();
        let items = found.iter().skip(from).take(count).map(|asked| item(network, &overlay, seen.decisions, asked));
        let today = seen.decisions.answers.iter().filter(|((day, _), n)| day == seen.today && **n > 0);
        let progress = Progress {
            open: n_open,
            waiting: n_waiting,
            done: seen.decisions.answers.values().sum(),
            today: today.map(|((_, by), n)| (by.clone(), *n)).collect(),
        };
        Ok(Page { items: items.collect(), total, progress, channels: network.keys().channels() })
    }

    /// The rows of a customer, or of a record.
    async fn concerned(&self, network: &Network, typed: &str) -> Result<BTreeSet<u32>> {
        if let Some(row) = network.row(typed) {
            return Ok([row].into());
        }
        let id = self.customer_id(typed).await?;
        Ok(network
            .customer(&id)
            .map(|customer| network.records(customer).iter().copied().collect())
            .unwrap_or_default())
    }

    /// A pair with both records side by side.
    ///
    /// # Errors
    /// Usage, where there is no such record; data, where the run's work is gone.
    pub(crate) async fn question(&self, seen: Seen<'_>, left: &str, right: &str) -> Result<Question> {
        let (network, queue) = (self.network().await?, self.queue().await?);
        let evidence = self.pair(left, right).await?;
        let (Some(l), Some(r)) = (network.row(&evidence.left), network.row(&evidence.right)) else {
            return Err(Error::bug("a record of a pair has no row"));
        };
        let overlay = self.overlay(network, seen.decisions).await?;
        let asked = match queue.place(l, r) {
            Some(place) if !overlay.again.contains(&(l, r)) => queue.asked[place].clone(),
            _ => {
                let again = overlay.again.contains(&(l, r));
                asked(network, (l, r), if again { Kind::Again } else { Kind::Review }, evidence.probability, None)
            }
        };
        let pair = pair_of([evidence.left.clone(), evidence.right.clone()]);
        let values = self.values_of_pair(&pair).await?;
        let fields = self.fields(&evidence.left, &evidence.right).await?;
        Ok(Question { item: item(network, &overlay, seen.decisions, &asked), fields, evidence, values })
    }

    /// The decisions that hold today, by rows: those of the file and of erasures as the run took them, and those of review that count.
    ///
    /// # Errors
    /// Data, where the run's work is gone; environment, if a table cannot be read.
    pub(crate) async fn held(&self, decisions: &Decisions, four_eyes: bool) -> Result<Pins> {
        let network = self.network().await?;
        let rows = |left, right| network.keys().rows_of_pair(left, right);
        let of_runs = self.recorded().await?.open.values().filter(|e| !e.is_of(DESK) && e.word != "undecided");
        let of_runs = of_runs.filter_map(|e| Some((rows(&e.pair[0], &e.pair[1])?, e.word == "same")));
        let mut held: Pins = of_runs.collect();
        // The last one on a pair counts.
        let lines = decisions.lines(four_eyes);
        held.extend(lines.iter().filter_map(|l| Some((rows(&l.decision.left, &l.decision.right)?, l.decision.same))));
        Ok(held)
    }

    /// The decisions of the file and of erasures that hold, as lines.
    ///
    /// # Errors
    /// Environment, if the table cannot be read.
    pub(crate) async fn lines_of_file(&self) -> Result<Vec<Line>> {
        Ok(self.recorded().await?.lines())
    }

    /// The rows of a pair, the smaller one first; `None` where a record of it is not there.
    ///
    /// # Errors
    /// Data, where the run's work is gone.
    pub(crate) async fn rows_of_pair(&self, pair: &Pair) -> Result<Option<(u32, u32)>> {
        Ok(self.network().await?.rows_of_pair(pair).filter(|(l, r)| l != r))
    }

    /// Refuses pairs of which a record is gone, as a page that is still open may name them: an erased one is written into no log again.
    ///
    /// # Errors
    /// Usage, where a record is not there; environment, if the index cannot be made.
    pub(crate) async fn must_have(&self, pairs: &[Pair]) -> Result<()> {
        for pair in pairs {
            if self.rows_of_pair(pair).await?.is_none() {
                return Err(Error::absent("a record of the pair is not in this run")
                    .hint("it was erased, or its source no longer has it; go on with the next pair")
                    .ja(
                        "このペアのレコードは、いまの実行にはありません。",
                        "消去されたか、データ元からなくなりました。次のペアに進んでください。",
                    ));
            }
        }
        Ok(())
    }

    /// The digest of the values of both records of a pair; `None` where one is not there.
    ///
    /// # Errors
    /// Environment, if the table cannot be read.
    pub(crate) async fn values_of_pair(&self, pair: &Pair) -> Result<Option<String>> {
        Ok(digest_of(&halves(pair), &self.digests(std::slice::from_ref(pair)).await?))
    }

    /// The decision of the file, or of an erasure, that holds on a pair: its name, its word, and who decided.
    ///
    /// # Errors
    /// Environment, if the table cannot be read.
    pub(crate) async fn of_file(&self, pair: &Pair) -> Result<Option<(String, String, String)>> {
        let pair = halves(pair);
        let entry = self.recorded().await?.open.values().find(|e| !e.is_of(DESK) && e.pair == pair);
        Ok(entry.filter(|e| e.word != "undecided").map(|e| (e.id.clone(), e.word.clone(), e.by.clone())))
    }

    /// What the run, and those before it, wrote down of decisions.
    pub(super) async fn recorded(&self) -> Result<&Recorded> {
        self.recorded
            .get_or_try_init(|| async {
                match self.run.tables.iter().any(|(name, ..)| name == DECISION.name) {
                    true => Recorded::read(self.table(DECISION.name).await?, |_| false).await,
                    false => Ok(Recorded::default()),
                }
            })
            .await
    }

    async fn overlay<'a>(&self, network: &Network, decisions: &'a Decisions) -> Result<Overlay<'a>> {
        let rows = |pair: &Pair| network.rows_of_pair(pair);
        let decided: HashMap<(u32, u32), &Standing> =
            decisions.newest().filter_map(|standing| Some((rows(&standing.decided.pair)?, standing))).collect();
        // Those of review, and those of the file that review did not decide on since.
        let of_review = decided.values().map(|s| (s.decided.pair.clone(), s.decided.values.clone()));
        let named = |e: &[(String, String); 2]| pair_of(e.each_ref().map(|(channel, id)| format!("{channel}:{id}")));
        let of_file = self.recorded().await?.open.values().filter(|e| !e.is_of(DESK) && e.word != "undecided");
        let of_file =
            of_file.map(|e| (named(&e.pair), e.values.clone())).filter(|(pair, _)| decisions.on(pair).is_none());
        let made: Vec<(Pair, String)> =
            of_review.chain(of_file).filter_map(|(pair, values)| Some((pair, values?))).collect();
        let pairs: Vec<Pair> = made.iter().map(|(pair, _)| pair.clone()).collect();
        let now = self.digests(&pairs).await?;
        let is_other = |(pair, values): &&(Pair, String)| digest_of(&halves(pair), &now).is_some_and(|n| n != *values);
        let again = made.iter().filter(is_other).filter_map(|(pair, _)| rows(pair)).collect();
        Ok(Overlay { decided, again })
    }

    /// The digest of the values of each record of these pairs. A record is read once for an opened run.
    async fn digests(&self, pairs: &[Pair]) -> Result<HashMap<(String, String), String>> {
        let mut known = self.digests.lock().await;
        let asked: BTreeSet<(String, String)> = pairs.iter().flat_map(halves).collect();
        let mut missing: HashMap<&str, Vec<Expr>> = HashMap::new();
        for (channel, id) in asked.iter().filter(|record| !known.contains_key(*record)) {
            missing.entry(channel).or_default().push(lit(id.as_str()));
        }
        let of_channel = |(channel, ids): (&str, Vec<Expr>)| {
            ident(col::CHANNEL).eq(lit(channel)).and(in_list(ident(col::RECORD_ID), ids, false))
        };
        if let Some(condition) = missing.into_iter().map(of_channel).reduce(Expr::or) {
            let person = PERSON_COLUMNS.iter().map(|column| column.name);
            let wanted: Vec<&str> = [col::CHANNEL, col::RECORD_ID].into_iter().chain(person).collect();
            let rows = self.table(SOURCE_RECORD.name).await?.filter(condition)?.select_columns(&wanted)?;
            for batch in rows.collect().await? {
                let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
                let person: &[ArrayRef] = &batch.columns()[2..];
                for row in 0..batch.num_rows() {
                    let record = (channel.value(row).to_string(), id.value(row).to_string());
                    known.insert(record, digest_of_values(person, row)?);
                }
            }
        }
        Ok(asked.into_iter().filter_map(|record| known.get(&record).cloned().map(|digest| (record, digest))).collect())
    }

    /// The values of two records side by side.
    async fn fields(&self, left: &str, right: &str) -> Result<Vec<Field>> {
        let records = self.record_views(&halves(&[left.to_string(), right.to_string()])).await?;
        Ok(beside(&records, left, right))
    }
}

fn beside(records: &[RecordView], left: &str, right: &str) -> Vec<Field> {
    let value = |record: &str, label: &str| {
        let values = &records.iter().find(|of| of.id == record)?.values;
        values.iter().find(|(words, _)| words.en == label).map(|(_, value)| value.clone())
    };
    let field = |(ja, en, _): &(&'static str, &'static str, [usize; 2])| {
        let (l, r) = (value(left, en), value(right, en));
        let differs = matches!((&l, &r), (Some(l), Some(r)) if l != r);
        let label = Words { ja: ja.to_string(), en: en.to_string() };
        (l.is_some() || r.is_some()).then(|| Field { label, name: masked_as(en), left: l, right: r, differs })
    };
    super::customer::VALUES.iter().filter_map(field).collect()
}

/// The kind of a value, by which it is masked.
fn masked_as(label: &'static str) -> &'static str {
    match label {
        "mail" => "email",
        "birth date" => "birth_date",
        other => other,
    }
}

/// The pairs that are asked of somebody: those of the queue without those that are decided, and those that are asked again.
fn open(network: &Network, queue: &Queue, overlay: &Overlay, seen: Seen) -> Vec<Asked> {
    let has_answered = |asked: &&Asked| {
        overlay.decided.contains_key(&(asked.l, asked.r)) || overlay.again.contains(&(asked.l, asked.r))
    };
    let mut found: Vec<Asked> = queue.asked.iter().filter(|asked| !has_answered(asked)).cloned().collect();
    let again = overlay.again.iter().filter(|pair| {
        // One that waits is asked of a second person, who sees the values of today.
        overlay.decided.get(*pair).is_none_or(|standing| standing.counts(seen.four_eyes))
    });
    found.extend(again.map(|pair| known(network, queue, *pair, Some(Kind::Again))));
    // Most people have no pair of which they were unsure.
    if seen.decisions.has_unsure(seen.who) {
        let unsure = |asked: &Asked| seen.decisions.unsure(&names(network, asked)).iter().any(|by| by == seen.who);
        found.retain(|asked| !unsure(asked));
    }
    in_order(found)
}

/// The pairs that wait for a second person.
fn waiting(network: &Network, queue: &Queue, overlay: &Overlay, seen: Seen) -> Vec<Asked> {
    let waits = overlay.decided.iter().filter(|(_, standing)| !standing.counts(seen.four_eyes));
    in_order(waits.map(|(pair, _)| known(network, queue, *pair, None)).collect())
}

fn in_order(mut found: Vec<Asked>) -> Vec<Asked> {
    found.sort_by(|a, b| b.gain.total_cmp(&a.gain).then_with(|| (a.l, a.r).cmp(&(b.l, b.r))));
    found
}

/// A pair that the queue may not have, as one of it.
fn known(network: &Network, queue: &Queue, pair: (u32, u32), kind: Option<Kind>) -> Asked {
    if let (Some(place), None) = (queue.place(pair.0, pair.1), kind) {
        return queue.asked[place].clone();
    }
    asked(network, pair, kind.unwrap_or(Kind::Review), network.probability(pair), None)
}

fn names(network: &Network, asked: &Asked) -> Pair {
    pair_of([network.keys().name(asked.l), network.keys().name(asked.r)])
}

fn passes(
    network: &Network,
    decisions: &Decisions,
    filter: &Filter,
    concerns: Option<&BTreeSet<u32>>,
    asked: &Asked,
) -> bool {
    let is_between =
        filter.from.is_none_or(|from| asked.probability >= from) && filter.to.is_none_or(|to| asked.probability <= to);
    let is_of_kind = filter.kind.is_none_or(|kind| kind == asked.kind);
    let rows = [asked.l, asked.r];
    if !is_of_kind || !is_between || concerns.is_some_and(|rows_of| !rows.iter().any(|row| rows_of.contains(row))) {
        return false;
    }
    let channels = rows.map(|row| network.keys().channel(row));
    let fits = |order: [&str; 2]| {
        filter.channels.iter().zip(order).all(|(wanted, channel)| wanted.as_deref().is_none_or(|w| w == channel))
    };
    if !fits(channels) && !fits([channels[1], channels[0]]) {
        return false;
    }
    match filter.assigned.as_deref() {
        None => true,
        Some(wanted) => decisions.assigned(&names(network, asked)).unwrap_or_default() == wanted,
    }
}

fn item(network: &Network, overlay: &Overlay, decisions: &Decisions, asked: &Asked) -> Item {
    let [left, right] = [asked.l, asked.r].map(|row| network.keys().name(row));
    let [left_customer, right_customer] = [asked.l, asked.r].map(|row| network.id(network.customer_of(row)));
    let pair = pair_of([left.clone(), right.clone()]);
    Item {
        left,
        right,
        left_customer,
        right_customer,
        kind: asked.kind,
        probability: asked.probability,
        gain: asked.gain,
        stake: asked.stake,
        alike: asked.alike,
        reason: asked.reason.as_deref().map(|reason| Words { ja: japanese(reason), en: reason.to_string() }),
        assigned: decisions.assigned(&pair).map(str::to_string),
        unsure: decisions.unsure(&pair).to_vec(),
        decided: overlay.decided.get(&(asked.l, asked.r)).map(|standing| (*standing).clone()),
    }
}
