//! `nayose explain`.

use clap::Args;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::functions::expr_fn::strpos;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use super::{LakeArguments, Language, ResourceArguments, TextFormat, output};
use crate::contract::col;
use crate::error::{Error, Result};
use crate::explain::{
    ComparisonView, CustomerView, LinkView, Outcome, PairView, RecordView, Words, customer_text, pair_text,
};
use crate::functions::text;
use crate::identity::customer_id;
use crate::model::score::Scorer;
use crate::model::{Label, MISSING};
use crate::runner::kept::KeptRun;
use crate::runner::snapshot::{self, PublishedRun};
use crate::session::session;
use crate::stages::cluster::contradict;
use crate::store::Location;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A customer id, or two records as channel:record_id
    #[arg(required = true, num_args = 1..=2, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    lake: LakeArguments,
    /// The customer as a run published it: a run id, its number, or a time
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    /// Language of the explanation
    #[arg(long, default_value = "ja")]
    lang: Language,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let lake = Location::parse(&a.lake.lake, &std::env::current_dir()?)?;
    let published = snapshot::find(&lake, a.as_of.as_deref()).await?;
    let context = session(&a.resources.resources())?;
    snapshot::know_all(&context, &lake, &published).await?;
    // Only the newest run keeps what pairs are weighed with; an older one still has its tables.
    let kept = match KeptRun::open(&context, &lake, &published).await {
        Err(_) if a.as_of.is_some() && a.ids.len() == 1 => None,
        kept => Some(kept?),
    };
    let desk = Desk { kept, context, run: published };
    let ja = a.lang == Language::Ja;
    let text = match a.ids.as_slice() {
        [one] => {
            let view = desk.customer(one).await?;
            match a.format {
                TextFormat::Text => customer_text(&view, ja),
                TextFormat::Json => json(&view)?,
            }
        }
        [left, right] => {
            let view = desk.pair(left, right).await?;
            match a.format {
                TextFormat::Text => pair_text(&view, ja),
                TextFormat::Json => json(&view)?,
            }
        }
        _ => return Err(Error::usage("explain takes one or two ids")),
    };
    output::print(&text)?;
    Ok(0)
}

fn json(view: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(view).map_err(|e| Error::bug(format!("the explanation cannot be written: {e}")))
}

/// What an explanation needs at hand.
struct Desk {
    context: SessionContext,
    run: PublishedRun,
    kept: Option<KeptRun>,
}

fn words(label: &Label) -> Words {
    Words { ja: label.ja.clone(), en: label.en.clone() }
}

fn typed_words(ja: &str, en: &str) -> Words {
    Words { ja: ja.into(), en: en.into() }
}

impl Desk {
    fn kept(&self) -> Result<&KeptRun> {
        self.kept.as_ref().ok_or_else(|| Error::bug("a pair is weighed without the work of its run"))
    }

    /// A record as typed, `channel:record_id`, with its place and its customer.
    async fn record(&self, typed: &str, standard: &DataFrame) -> Result<(usize, String)> {
        let (channel, id) = parts(typed)?;
        let found = standard.clone().filter(is(channel, id))?.select_columns(&[col::ROW])?.collect().await?;
        let row = found.iter().find(|b| b.num_rows() > 0).map(|b| text::longs(b.column(0)).map(|c| c.value(0)));
        match row.transpose()? {
            Some(row) => Ok((row as usize, self.customer_of(typed).await?)),
            None => Err(self.lost(channel, id).await?),
        }
    }

    /// The customer of a record as typed.
    async fn customer_of(&self, typed: &str) -> Result<String> {
        let (channel, id) = parts(typed)?;
        let map = self.context.table("id_map").await?.filter(is(channel, id).and(holds()))?;
        let found = map.select_columns(&[col::CUSTOMER_ID])?.collect().await?;
        match found.iter().find(|b| b.num_rows() > 0) {
            Some(batch) => Ok(text::strings(batch.column(0))?.value(0).to_string()),
            None => Err(self.lost(channel, id).await?),
        }
    }

    /// Why a record is not there: its channel is unknown, or no row of that id could be read.
    async fn lost(&self, channel: &str, id: &str) -> Result<Error> {
        let mut channels = Vec::new();
        for batch in self.context.sql("select distinct channel from id_map order by channel").await?.collect().await? {
            channels.extend(text::strings(batch.column(0))?.iter().flatten().map(str::to_string));
        }
        if !channels.iter().any(|c| c == channel) {
            return Ok(Error::usage(format!("there is no channel {channel:?}"))
                .hint(format!("channels: {}", channels.join(", "))));
        }
        if let Some(reject) = self.rejected(id).await? {
            return Ok(Error::usage(format!("record {channel}:{id} was rejected: {reject}")).hint(
                "mend the row in its source; nayose sql \"select file, line, reason from reject\" shows all of them",
            ));
        }
        Ok(Error::usage(format!("there is no record {channel}:{id}")).hint(
            "it was not in the input, or its rows were rejected: nayose sql \"select file, line, reason from reject\"",
        ))
    }

    /// Where and why a row that names `id` was rejected.
    async fn rejected(&self, id: &str) -> Result<Option<String>> {
        let rows = self.context.table("reject").await?.filter(strpos(ident(col::RAW), lit(id)).gt(lit(0)))?;
        let rows = rows.select_columns(&[col::FILE, col::LINE, col::REASON])?.limit(0, Some(1))?.collect().await?;
        let Some(row) = rows.iter().find(|b| b.num_rows() > 0) else { return Ok(None) };
        let (file, reason) = (text::strings(row.column(0))?, text::strings(row.column(2))?);
        let line = text::longs(row.column(1))?;
        Ok(Some(format!("{} line {}: {}", file.value(0), line.value(0), reason.value(0))))
    }

    async fn pair(&self, left: &str, right: &str) -> Result<PairView> {
        let kept = self.kept()?;
        let standard = kept.standard().await?;
        let (l, left_customer) = self.record(left, &standard).await?;
        let (r, right_customer) = self.record(right, &standard).await?;
        if l == r {
            return Err(Error::usage(format!("{left} and {right} are the same record")));
        }
        let (l, r, left, right, left_customer, right_customer) = if l < r {
            (l, r, left, right, left_customer, right_customer)
        } else {
            (r, l, right, left, right_customer, left_customer)
        };
        let scorer = kept.scorer().await?;
        let found = scorer.score(l, r);
        let rules = self.rules(&scorer, l, r);
        let one = left_customer == right_customer;
        let outcome = self.outcome(&scorer, (l, r), &rules, found.person, one, left, right).await?;
        Ok(PairView {
            left: left.to_string(),
            right: right.to_string(),
            left_customer,
            right_customer,
            outcome,
            blocking_rules: rules,
            prior_weight: scorer.prior_weight(l, r),
            weight: found.weight,
            probability: found.person,
            household_probability: found.household,
            comparisons: self.comparisons(&scorer, l, r),
            ignored: self.ignored(&scorer, l, r),
        })
    }

    /// The blocking rules whose keys the two records share.
    fn rules(&self, scorer: &Scorer, l: usize, r: usize) -> Vec<String> {
        let packed = scorer.packed();
        let shared = |key: &crate::model::Key| {
            let cut = |v: &str| key.prefix.map_or(v.to_string(), |n| v.chars().take(n).collect());
            let right: Vec<String> = packed.values(r, key.feature).map(cut).collect();
            packed.values(l, key.feature).map(cut).any(|v| right.contains(&v))
        };
        scorer.model().rules.iter().filter(|rule| rule.keys.iter().all(shared)).map(|r| r.name.clone()).collect()
    }

    fn comparisons(&self, scorer: &Scorer, l: usize, r: usize) -> Vec<ComparisonView> {
        let packed = scorer.packed();
        let values = |c: &crate::model::Comparison, row: usize| -> Vec<String> {
            // The first feature with a value is the one nearest to what was written.
            let shown = c
                .levels
                .iter()
                .find_map(|level| first_feature(&level.condition, &|f| !packed.row(row).ids(f).is_empty()));
            shown.map(|f| packed.values(row, f).map(str::to_string).collect()).unwrap_or_default()
        };
        scorer
            .model()
            .comparisons
            .iter()
            .zip(scorer.evidence(l, r))
            .map(|(c, e)| {
                let level = (e.level != MISSING).then(|| &c.levels[e.level as usize]);
                ComparisonView {
                    comparison: c.name.clone(),
                    label: words(&c.label),
                    level: level.map_or("missing".into(), |l| l.name.clone()),
                    level_label: level.map_or(typed_words("値なし", "no value"), |l| words(&l.label)),
                    left: values(c, l),
                    right: values(c, r),
                    weight: e.weight,
                    weight_against_household: e.weight_against_household,
                }
            })
            .collect()
    }

    /// The values of the two records that very many records have.
    fn ignored(&self, scorer: &Scorer, l: usize, r: usize) -> Vec<(String, String)> {
        let features = scorer.model().features.iter().zip(&scorer.packed().features);
        let mut found: Vec<(String, String)> = features
            .flat_map(|(name, f)| f.junk(l).chain(f.junk(r)).map(|value| (name.clone(), value.to_string())))
            .collect();
        found.dedup();
        found
    }

    #[allow(clippy::too_many_arguments)]
    async fn outcome(
        &self,
        scorer: &Scorer,
        (l, r): (usize, usize),
        rules: &[String],
        person: f64,
        one: bool,
        left: &str,
        right: &str,
    ) -> Result<Outcome> {
        let threshold = self.kept()?.settings.thresholds.auto;
        let (decision, reason) = self.in_ledger(left, right).await?.unwrap_or_default();
        if decision == "overridden" {
            return Ok(Outcome::Decided { reason });
        }
        if one {
            let linked = !rules.is_empty() && person >= threshold && decision == "matched";
            return Ok(if linked { Outcome::Linked } else { Outcome::LinkedByOthers });
        }
        if rules.is_empty() {
            return Ok(Outcome::NoSharedBlock);
        }
        if person < threshold {
            return Ok(Outcome::BelowThreshold { threshold });
        }
        if decision == "review" {
            return Ok(Outcome::Contested { reason });
        }
        let pair = || format!("{left} / {right}");
        let own = contradict(scorer.model(), scorer, l as u32, r as u32);
        Ok(Outcome::Contradiction { reason: if own { pair() } else { reason } })
    }

    /// The decision on a pair with its reason, as the ledger has it.
    async fn in_ledger(&self, left: &str, right: &str) -> Result<Option<(String, String)>> {
        let (Some((cl, il)), Some((cr, ir))) = (left.split_once(':'), right.split_once(':')) else { return Ok(None) };
        let rows = self
            .context
            .table("ledger")
            .await?
            .filter(ident(col::CHANNEL_L).eq(lit(cl)).and(ident(col::RECORD_ID_L).eq(lit(il))))?
            .filter(ident(col::CHANNEL_R).eq(lit(cr)).and(ident(col::RECORD_ID_R).eq(lit(ir))))?
            .select_columns(&[col::DECISION, col::REASON])?
            .collect()
            .await?;
        Ok(rows.iter().find(|b| b.num_rows() > 0).and_then(|b| {
            let [decision, reason] = [0, 1].map(|c| b.column(c).as_string_opt::<i32>());
            let text = |column| text::text_at(column, 0).unwrap_or_default().to_string();
            Some((text(decision?), text(reason?)))
        }))
    }

    async fn customer(&self, typed: &str) -> Result<CustomerView> {
        let id = match customer_id::parse(typed) {
            Some(id) => id,
            None if typed.contains(':') => self.customer_of(typed).await?,
            None => {
                return Err(Error::usage(format!("{typed:?} is no customer id: its check character does not fit"))
                    .hint("read it again, or write a record as channel:record_id"));
            }
        };
        // An id that was merged into another is explained by that one.
        let id = snapshot::aliases(&self.context).await?.resolve(&id).to_string();
        let records = self.records(&id).await?;
        let Some(household_id) = records.1 else {
            return Err(Error::usage(format!("there is no customer {id} in run {}", self.run.run_id))
                .hint("nayose sql \"select customer_id from golden_customer limit 10\" shows some"));
        };
        Ok(CustomerView { links: self.links(&records.0).await?, records: records.0, customer_id: id, household_id })
    }

    async fn records(&self, id: &str) -> Result<(Vec<RecordView>, Option<String>)> {
        let of_id = ident(col::CUSTOMER_ID).eq(lit(id));
        let map = self.context.table("id_map").await?.filter(of_id.and(holds()))?;
        self.context.register_table("one_customer", map.into_view())?;
        let rows = self
            .context
            .sql(
                "select m.household_id, s.channel, s.record_id, s.family_name, s.given_name, s.family_kana, s.given_kana,
                        cast(s.birth_date as varchar) as birth, s.sex, array_to_string(s.phones, ', ') as phones,
                        array_to_string(s.emails, ', ') as emails, s.postal_code, s.address
                 from one_customer m join source_record s on m.channel = s.channel and m.record_id = s.record_id
                 order by s.channel, s.record_id",
            )
            .await?
            .collect()
            .await?;
        let labels = [
            (typed_words("氏名", "name"), [3, 4]),
            (typed_words("カナ", "kana"), [5, 6]),
            (typed_words("生年月日", "birth date"), [7, 7]),
            (typed_words("性別", "sex"), [8, 8]),
            (typed_words("電話", "phone"), [9, 9]),
            (typed_words("メール", "mail"), [10, 10]),
            (typed_words("住所", "address"), [11, 12]),
        ];
        let mut records = Vec::new();
        let mut household = None;
        for batch in &rows {
            let text_of = |column: usize, row: usize| -> Option<String> {
                batch
                    .column(column)
                    .as_string_opt::<i32>()
                    .and_then(|c| text::text_at(c, row))
                    .filter(|t| !t.is_empty())
                    .map(str::to_string)
            };
            for row in 0..batch.num_rows() {
                household = household.or_else(|| text_of(0, row));
                let mut values = Vec::new();
                for (label, [a, b]) in &labels {
                    let mut parts: Vec<String> = text_of(*a, row).into_iter().collect();
                    if a != b {
                        parts.extend(text_of(*b, row));
                    }
                    if !parts.is_empty() {
                        values.push((label.clone(), parts.join(" ")));
                    }
                }
                let id = format!("{}:{}", text_of(1, row).unwrap_or_default(), text_of(2, row).unwrap_or_default());
                records.push(RecordView { id, values });
            }
        }
        Ok((records, household))
    }

    /// What people call a comparison and its level; their names where the model is not kept any more.
    fn labels(&self, comparison: &str, level: &str) -> (Words, Words) {
        let found = self.kept.as_ref().and_then(|k| k.model.comparisons.iter().find(|c| c.name == comparison));
        let found_level = found.and_then(|c| c.levels.iter().find(|l| l.name == level));
        let or_name = |label: Option<&Label>, name| label.map_or(typed_words(name, name), words);
        (or_name(found.map(|c| &c.label), comparison), or_name(found_level.map(|l| &l.label), level))
    }

    /// The matched pairs of a customer's records from the ledger, strongest first.
    async fn links(&self, records: &[RecordView]) -> Result<Vec<LinkView>> {
        let rows = self
            .context
            .sql(
                "select l.channel_l || ':' || l.record_id_l as l, l.channel_r || ':' || l.record_id_r as r, l.match_probability,
                        l.match_weight, l.blocking_rule, l.comparisons
                 from ledger l join one_customer m on l.channel_l = m.channel and l.record_id_l = m.record_id
                 where l.decision = 'matched' order by l.match_weight desc, 1, 2",
            )
            .await?
            .collect()
            .await?;
        let mut links = Vec::new();
        for batch in &rows {
            let [left, right, rule] = [0, 1, 4].map(|c| batch.column(c).as_string::<i32>());
            let [probability, weight] = [2, 3].map(|c| batch.column(c).as_primitive::<Float64Type>());
            let comparisons = text::lists(batch.column(5))?;
            for row in 0..batch.num_rows() {
                if !records.iter().any(|r| r.id == right.value(row)) {
                    continue;
                }
                let items = comparisons.value(row);
                let items = text::structs(&items)?;
                let (names, levels) =
                    (text::strings(text::field(items, col::NAME)?)?, text::strings(text::field(items, "level")?)?);
                let weights = text::field(items, "weight")?.as_primitive::<Float64Type>();
                let mut evidence: Vec<(Words, Words, f64)> = (0..items.len())
                    .map(|i| {
                        let (comparison, level) = self.labels(names.value(i), levels.value(i));
                        (comparison, level, weights.value(i))
                    })
                    .collect();
                evidence.sort_by(|a, b| b.2.total_cmp(&a.2));
                links.push(LinkView {
                    left: left.value(row).to_string(),
                    right: right.value(row).to_string(),
                    probability: probability.value(row),
                    weight: weight.value(row),
                    blocking_rule: rule.value(row).to_string(),
                    evidence,
                });
            }
        }
        Ok(links)
    }
}

/// Channel and id of a record as typed.
fn parts(typed: &str) -> Result<(&str, &str)> {
    typed.split_once(':').ok_or_else(|| {
        Error::usage(format!("{typed:?} is no record")).hint("write channel:record_id, such as shop:C0001")
    })
}

fn is(channel: &str, id: &str) -> Expr {
    ident(col::CHANNEL).eq(lit(channel)).and(ident(col::RECORD_ID).eq(lit(id)))
}

/// Rows of `id_map` that still hold.
fn holds() -> Expr {
    ident(col::VALID_TO).is_null()
}

/// The first feature of a condition that `has` a value.
fn first_feature(condition: &crate::model::Condition, has: &dyn Fn(usize) -> bool) -> Option<usize> {
    use crate::model::Condition as C;
    match condition {
        C::Else | C::Absent(_) => None,
        C::Same(f) | C::Similar { feature: f, .. } | C::Date { feature: f, .. } => has(*f).then_some(*f),
        C::Swapped(a, _) => has(*a).then_some(*a),
        C::All(list) | C::Any(list) => list.iter().find_map(|c| first_feature(c, has)),
    }
}
