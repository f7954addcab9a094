//! Records and the customers that they belong to.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use datafusion::functions::expr_fn::strpos;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::{DataFrame, JoinType};

use super::Audit;
use crate::config::problem::nearest;
use crate::error::{Error, Result};
use crate::lake::snapshot::time_text;
use crate::tables::columns;
use crate::tables::contract::{self, ID_MAP, REJECT, col};
use nayose_matching::identity::customer_id::{self, Kind, id_of};

/// How a customer that exists can be found.
const SHOW_SOME: &str = "nayose sql \"select customer_id from golden_customer limit 10\" shows some";

/// Where somebody is found by something else than an id, on pages.
const SEARCH_JA: &str = "番号を確かめるか、名前や電話番号で検索してください。消去された顧客は表示できません。";

/// How ids and records are written.
const SPELLING_JA: &str = "番号を確かめるか、レコードを「チャネル:番号」の形（例 shop:C0001）で入力してください。";

/// There is no such customer: `when` says in which run, or that there never was one.
pub(super) fn no_customer(message: String, id: &str) -> Error {
    Error::absent(message)
        .hint(SHOW_SOME)
        .page("check the number, or search by name or phone; somebody who was erased cannot be shown")
        .ja(format!("顧客 {id} はありません。"), SEARCH_JA)
}

/// What begins like a customer id and is none.
pub(super) fn no_customer_id(typed: &str) -> Error {
    Error::absent(format!("{typed:?} is no customer id: its check character does not fit"))
        .hint("read it again, or write a record as channel:record_id")
        .ja(format!("「{typed}」は顧客IDではありません（検査文字が合いません）。"), SPELLING_JA)
}

/// There is no such channel; these there are.
pub(super) fn no_channel(channel: &str, channels: &[impl AsRef<str>]) -> Error {
    let channels = || channels.iter().map(AsRef::as_ref);
    let all = channels().collect::<Vec<_>>().join(", ");
    let near = nearest(channel, channels());
    let hint = near.map(|near| format!("did you mean {near:?}? ")).unwrap_or_default() + "channels: " + &all;
    let near_ja = near.map(|near| format!("「{near}」ではありませんか。")).unwrap_or_default();
    Error::absent(format!("there is no channel {channel:?}"))
        .hint(hint)
        .ja(format!("チャネル「{channel}」はありません。"), format!("{near_ja}チャネルの一覧：{all}"))
}

impl Audit {
    /// The customer that a customer id, a former id or a record (`channel:record_id`) means today.
    ///
    /// # Errors
    /// Usage, where there is none.
    pub async fn customer_id(&self, typed: &str) -> Result<String> {
        let id = match customer_id::parse(typed) {
            Some(id) => id,
            None if customer_id::is_of_record(typed) => self.customer_of(typed).await?,
            None => return Err(no_customer_id(typed)),
        };
        Ok(self.aliases().await?.resolve(&id).to_string())
    }

    /// The same, where the run has that customer: an id that was erased is still one.
    ///
    /// # Errors
    /// Usage, where there is none.
    pub(crate) async fn customer_of_run(&self, typed: &str) -> Result<String> {
        let id = self.customer_id(typed).await?;
        self.records_of(&id).await?;
        Ok(id)
    }

    /// A record as the run has it, by what was typed: where there is none of that spelling, the one of the plain spelling.
    ///
    /// # Errors
    /// Environment, if a table cannot be read.
    pub(super) async fn record(&self, typed: &str) -> Result<String> {
        let renames = self.run.renames();
        let (typed, plain) = (renames.record_today(typed), renames.record_today(&customer_id::plain_spelling(typed)));
        if typed != plain && !self.is_record(&typed).await? && self.is_record(&plain).await? {
            return Ok(plain);
        }
        Ok(typed)
    }

    async fn is_record(&self, record: &str) -> Result<bool> {
        let Some((channel, id)) = record.split_once(':') else { return Ok(false) };
        Ok(self.known_customer_of(channel, id).await?.is_some())
    }

    /// The customer of a record, `channel:record_id`.
    ///
    /// # Errors
    /// Usage, where there is no such record.
    pub(crate) async fn customer_of(&self, typed: &str) -> Result<String> {
        let typed = self.record(typed).await?;
        let (channel, id) = channel_and_id(&typed)?;
        match self.known_customer_of(channel, id).await? {
            Some(customer) => Ok(customer),
            None => Err(self.lost(channel, id).await?),
        }
    }

    /// The customer of a record; none where there is no such record.
    pub(super) async fn known_customer_of(&self, channel: &str, id: &str) -> Result<Option<String>> {
        if let Some(index) = self.index.get() {
            return Ok(index.row(channel, id).map(|row| index.customer(row)));
        }
        let rows = self.id_map_now().await?.filter(is_record(channel, id))?;
        let found = rows.select_columns(&[col::CUSTOMER_ID])?.collect().await?;
        let found = found.iter().find(|b| b.num_rows() > 0).map(|b| columns::strings(b.column(0)));
        Ok(found.transpose()?.map(|ids| ids.value(0).to_string()))
    }

    /// The rows of `id_map` that still hold.
    pub(super) async fn id_map_now(&self) -> Result<DataFrame> {
        Ok(self.table(ID_MAP.name).await?.filter(ident(col::VALID_TO).is_null())?)
    }

    /// The ids that were merged into a customer's.
    ///
    /// # Errors
    /// Environment, if a table cannot be read.
    pub(crate) async fn merged_ids(&self, customer_id: &str) -> Result<Vec<String>> {
        Ok(self.aliases().await?.of(customer_id))
    }

    /// Channel and id of a customer's records, in order.
    ///
    /// # Errors
    /// Usage, where there is no such customer.
    pub async fn records_of(&self, customer_id: &str) -> Result<Vec<(String, String)>> {
        let records = match self.index.get() {
            Some(index) => {
                let keys = index.rows_of(customer_id).iter().map(|row| index.key(*row as usize));
                keys.map(|(channel, id)| (channel.to_string(), id.to_string())).collect()
            }
            None => self.records_where(ident(col::CUSTOMER_ID).eq(lit(customer_id))).await?,
        };
        match records.is_empty() {
            true => Err(no_customer(format!("there is no customer {customer_id}"), customer_id)),
            false => Ok(records),
        }
    }

    async fn records_where(&self, condition: Expr) -> Result<Vec<(String, String)>> {
        let keys = [col::CHANNEL, col::RECORD_ID];
        let rows = self.id_map_now().await?.filter(condition)?.select_columns(&keys)?.distinct()?;
        let rows = rows.sort(keys.map(|c| ident(c).sort(true, false)).to_vec())?;
        let mut found = Vec::new();
        for batch in rows.collect().await? {
            let [channel, record] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
            found.extend((0..batch.num_rows()).map(|i| (channel.value(i).to_string(), record.value(i).to_string())));
        }
        Ok(found)
    }

    /// The record that stands for what was typed: itself, or the founding record of a customer.
    ///
    /// # Errors
    /// Usage, where there is no such record or customer.
    pub async fn founding_record(&self, typed: &str) -> Result<String> {
        let renames = self.run.renames();
        let typed = &*self.record(typed).await?;
        if let Some((channel, id)) = typed.split_once(':') {
            return match self.records_where(is_record(channel, id)).await?.is_empty() {
                false => Ok(typed.to_string()),
                true => Err(match self.gone_since(channel, id).await? {
                    Some(since) => Error::absent(format!(
                        "the record {typed} is not in the input any more since {since}"
                    ))
                    .hint("a decision on it would hold for nobody; decide on a record that its customer has today")
                    .ja(
                        format!("レコード {typed} は {since} から入力にありません。"),
                        "その顧客が現在持つレコードを選んでください。",
                    ),
                    None => Error::absent(format!("there is no record {typed}"))
                        .hint("records are written channel:record_id, such as shop:C0001; `nayose sql` on id_map shows them")
                        .page("write channel:record_id, such as shop:C0001, or search by name or phone")
                        .ja(format!("レコード {typed} はありません。"), SPELLING_JA),
                }),
            };
        }
        let id = customer_id::parse(typed).ok_or_else(|| {
            Error::usage(format!("{typed:?} is neither a record nor a customer id"))
                .hint("write channel:record_id, or an id such as C-7K3M-9QXA-2TF5-H")
                .ja(format!("「{typed}」はレコードでも顧客IDでもありません。"), SPELLING_JA)
        })?;
        let today = self.aliases().await?.resolve(&id).to_string();
        let records = self.records_of(&today).await?;
        // An alias stands for its own founding record, so that a merge can be taken back by the two ids that it joined.
        let founds = |id: &str| {
            records.iter().find(|(channel, record)| id_of(Kind::Customer, renames.founding(channel), record, 0) == id)
        };
        let founding = founds(&id).or(founds(&today)).or(records.first());
        let (channel, record) = founding.ok_or_else(|| Error::bug("a customer without records"))?;
        Ok(format!("{channel}:{record}"))
    }

    /// Since when a record is not there any more that was there once, in data time.
    async fn gone_since(&self, channel: &str, id: &str) -> Result<Option<String>> {
        let rows = self.table(ID_MAP.name).await?.filter(is_record(channel, id))?.select_columns(&[col::VALID_TO])?;
        let mut last = None;
        for batch in rows.collect().await? {
            last = columns::times(batch.column(0))?.iter().flatten().max().max(last);
        }
        Ok(last.map(time_text))
    }

    /// Rows of a customer by published table: those with the id, and of tables without one those of its records.
    ///
    /// # Errors
    /// Environment, if a table cannot be read.
    pub async fn rows_of(&self, customer_id: &str) -> Result<BTreeMap<String, u64>> {
        let keys = [col::CHANNEL, col::RECORD_ID];
        let own = self.id_map_now().await?.filter(ident(col::CUSTOMER_ID).eq(lit(customer_id)))?;
        let own =
            own.select(vec![ident(keys[0]).alias("own_channel"), ident(keys[1]).alias("own_record")])?.distinct()?;
        let mut found = BTreeMap::new();
        for table in contract::published() {
            let has = |name: &str| table.columns.iter().any(|c| c.name == name);
            if !self.run.tables.iter().any(|(name, ..)| name == table.name) {
                continue;
            }
            let all = self.table(table.name).await?;
            let rows = match (has(col::CUSTOMER_ID), has(col::RECORD_ID)) {
                (true, _) => all.filter(ident(col::CUSTOMER_ID).eq(lit(customer_id)))?,
                (false, true) => {
                    all.join(own.clone(), JoinType::LeftSemi, &keys, &["own_channel", "own_record"], None)?
                }
                (false, false) => continue,
            };
            found.insert(table.name.to_string(), rows.count().await? as u64);
        }
        Ok(found)
    }

    /// Why a record is not there: its channel is unknown, or no row of that id could be read.
    pub(super) async fn lost(&self, channel: &str, id: &str) -> Result<Error> {
        let rows = self.table(ID_MAP.name).await?.select_columns(&[col::CHANNEL])?.distinct()?;
        let mut channels = Vec::new();
        for batch in rows.sort(vec![ident(col::CHANNEL).sort(true, false)])?.collect().await? {
            channels.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
        }
        if !channels.iter().any(|c| c == channel) {
            return Ok(no_channel(channel, &channels));
        }
        if let Some(reject) = self.rejected(id).await? {
            return Ok(Error::absent(format!("record {channel}:{id} was rejected: {reject}"))
                .hint("mend the row in its source; nayose sql \"select file, line, reason from reject\" shows all of them")
                .page("mend the row in its source; the page of the run lists all that were rejected")
                .ja(
                    format!("レコード {channel}:{id} は取り込まれませんでした：{reject}"),
                    "元のデータのその行を直してください。取り込まれなかった行は、実行のページに一覧があります。",
                ));
        }
        Ok(Error::absent(format!("there is no record {channel}:{id}"))
            .hint("it was not in the input, or its rows were rejected: nayose sql \"select file, line, reason from reject\"")
            .page("check the number; it was not in the input, or its rows were rejected, which the page of the run lists")
            .ja(
                format!("レコード {channel}:{id} はありません。"),
                "番号を確かめてください。取り込まれなかった行は、実行のページに一覧があります。",
            ))
    }

    /// Where and why a row that names `id` was rejected.
    async fn rejected(&self, id: &str) -> Result<Option<String>> {
        let rows = self.table(REJECT.name).await?.filter(strpos(ident(col::RAW), lit(id)).gt(lit(0)))?;
        let rows = rows.select_columns(&[col::FILE, col::LINE, col::REASON, col::RAW])?.limit(0, Some(LOOKED_AT))?;
        for row in rows.collect().await? {
            let [file, reason, raw] = [0, 2, 3].map(|c| row.column(c).as_string::<i32>());
            let line = columns::longs(row.column(1))?;
            // A part of another number is no such row.
            if let Some(i) = (0..row.num_rows()).find(|i| is_word_of(id, raw.value(*i))) {
                return Ok(Some(format!("{} line {}: {}", file.value(i), line.value(i), reason.value(i))));
            }
        }
        Ok(None)
    }
}

/// Rejected rows with the characters of an id somewhere that are looked at: a short id is a part of very many.
const LOOKED_AT: usize = 1000;

/// Whether a word stands in a text by itself.
fn is_word_of(word: &str, text: &str) -> bool {
    let is_edge = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    text.match_indices(word)
        .any(|(at, word)| is_edge(text[..at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next()))
}

/// Channel and id of a record as typed.
pub(super) fn channel_and_id(typed: &str) -> Result<(&str, &str)> {
    typed.split_once(':').ok_or_else(|| {
        Error::usage(format!("{typed:?} is no record")).hint("write channel:record_id, such as shop:C0001").ja(
            format!("「{typed}」はレコードではありません。"),
            "「チャネル:番号」の形（例 shop:C0001）で入力してください。",
        )
    })
}

/// The conditions on a row that it is of one of these records, by the columns of channel and id: all hold. Each column is bounded by
/// itself too: those of a sorted table tell by themselves which of its pages have no such row.
pub(super) fn is_one_of([channel, id]: [&str; 2], records: &[(String, String)]) -> Vec<Expr> {
    let ids = || records.iter().map(|(_, id)| id.as_str());
    let (Some(first), Some(last)) = (ids().min(), ids().max()) else { return vec![lit(false)] };
    let channels: BTreeSet<&str> = records.iter().map(|(channel, _)| channel.as_str()).collect();
    vec![
        ident(channel).in_list(channels.into_iter().map(lit).collect(), false),
        ident(id).gt_eq(lit(first)).and(ident(id).lt_eq(lit(last))),
        ident(id).in_list(ids().map(lit).collect(), false),
        among([channel, id], records),
    ]
}

/// Whether a row is of one of these records, by the columns of channel and id.
pub(super) fn among([channel, id]: [&str; 2], records: &[(String, String)]) -> Expr {
    let mut by_channel: BTreeMap<&str, Vec<Expr>> = BTreeMap::new();
    records.iter().for_each(|(of, id)| by_channel.entry(of).or_default().push(lit(id.as_str())));
    let one = |(of, ids): (&str, Vec<Expr>)| ident(channel).eq(lit(of)).and(ident(id).in_list(ids, false));
    by_channel.into_iter().map(one).reduce(Expr::or).unwrap_or(lit(false))
}

/// Whether a row is of this record.
pub(super) fn is_record(channel: &str, id: &str) -> Expr {
    ident(col::CHANNEL).eq(lit(channel)).and(ident(col::RECORD_ID).eq(lit(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_another_number_is_no_such_row() {
        for (word, text, is_there) in [
            ("2", "shop,12,2024-01-02", false),
            ("2", "shop,\"2\",x", true),
            ("C0001", "C00012,C0001", true),
            ("C0001", "C00012", false),
            ("顧客1", "顧客1", true),
        ] {
            assert_eq!(is_word_of(word, text), is_there, "{word} in {text}");
        }
    }
}
