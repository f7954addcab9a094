//! A pair of records: its evidence, and what became of it.

use arrow::array::AsArray;
use datafusion::logical_expr::{ident, lit};

use super::Audit;
use super::records::{channel_and_id, is_record};
use super::view::{ComparisonView, Outcome, PairView};
use crate::error::{Error, Result};
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_matching::evidence;
use nayose_matching::identity::people::contradict;
use nayose_matching::model::score::Scorer;

impl Audit {
    /// Why two records, each `channel:record_id`, are one person, or are not.
    ///
    /// # Errors
    /// Usage, where there is no such record; data, where the run's work is gone.
    pub async fn pair(&self, left: &str, right: &str) -> Result<PairView> {
        let (left, right) = (&*self.record(left).await?, &*self.record(right).await?);
        let (l, left_customer) = self.placed_record(left).await?;
        let (r, right_customer) = self.placed_record(right).await?;
        if l == r {
            return Err(Error::usage(format!("{left} and {right} are the same record"))
                .hint("name two records, each as channel:record_id")
                .ja(format!("{left} と {right} は同じレコードです。"), "異なる二つのレコードを指定してください。"));
        }
        let (l, r, left, right, left_customer, right_customer) = if l < r {
            (l, r, left, right, left_customer, right_customer)
        } else {
            (r, l, right, left, right_customer, left_customer)
        };
        let scorer = self.scorer().await?;
        self.index_beside(scorer)?;
        let found = scorer.score(l, r);
        let rules = evidence::blocking_rules(scorer, l, r);
        let one = left_customer == right_customer;
        let outcome = self.outcome(scorer, (l, r), &rules, found.person, one, left, right).await?;
        Ok(PairView {
            left: left.to_string(),
            right: right.to_string(),
            left_customer,
            right_customer,
            outcome,
            blocking_rules: rules,
            prior_weight: scorer.prior_weight(l, r),
            prior_weight_against_household: scorer.prior_weight_against_household(l, r),
            weight: found.weight,
            probability: found.person,
            household_probability: found.household,
            comparisons: evidence::comparisons(scorer, l, r).into_iter().map(ComparisonView::from).collect(),
            ignored: evidence::ignored(scorer, l, r),
        })
    }

    /// A record as typed, `channel:record_id`, with its place and its customer.
    async fn placed_record(&self, typed: &str) -> Result<(usize, String)> {
        let (channel, id) = channel_and_id(typed)?;
        if let Some(index) = self.index.get() {
            return match index.row(channel, id) {
                Some(row) => Ok((row, index.customer(row))),
                None => Err(self.lost(channel, id).await?),
            };
        }
        let standard = self.kept().await?.standard().await?;
        let found = standard.filter(is_record(channel, id))?.select_columns(&[col::ROW])?.collect().await?;
        let row = found.iter().find(|b| b.num_rows() > 0).map(|b| columns::longs(b.column(0)).map(|c| c.value(0)));
        match row.transpose()? {
            Some(row) => Ok((row as usize, self.customer_of(typed).await?)),
            None => Err(self.lost(channel, id).await?),
        }
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
        let threshold = self.kept().await?.settings.thresholds.auto;
        let (decision, reason) = self.in_ledger(left, right).await?.unwrap_or_default();
        if decision == "overridden" {
            return Ok(Outcome::Decided { reason });
        }
        if one {
            return Ok(match decision == "matched" {
                true if person < threshold => Outcome::Held { reason },
                true if !rules.is_empty() => Outcome::Linked,
                _ => Outcome::LinkedByOthers,
            });
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
        let own = contradict(scorer, l as u32, r as u32);
        Ok(if own { Outcome::Contradiction { reason: pair() } } else { Outcome::Cut { reason } })
    }

    /// The decision on a pair with its reason, as the ledger has it.
    async fn in_ledger(&self, left: &str, right: &str) -> Result<Option<(String, String)>> {
        let (Some((cl, il)), Some((cr, ir))) = (left.split_once(':'), right.split_once(':')) else { return Ok(None) };
        let rows = self.links_of(&[(cl.to_string(), il.to_string())], &[col::DECISION, col::REASON]).await?;
        let rows = rows
            .filter(ident(col::CHANNEL_L).eq(lit(cl)).and(ident(col::RECORD_ID_L).eq(lit(il))))?
            .filter(ident(col::CHANNEL_R).eq(lit(cr)).and(ident(col::RECORD_ID_R).eq(lit(ir))))?
            .select_columns(&[col::DECISION, col::REASON])?
            .collect()
            .await?;
        Ok(rows.iter().find(|b| b.num_rows() > 0).and_then(|b| {
            let [decision, reason] = [0, 1].map(|c| b.column(c).as_string_opt::<i32>());
            let text = |column| columns::text_at(column, 0).unwrap_or_default().to_string();
            Some((text(decision?), text(reason?)))
        }))
    }
}
