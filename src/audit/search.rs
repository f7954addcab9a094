//! Customers by whatever somebody has in hand: a name, a phone, a mail address, a number, an id.
//!
//! In: a text. Out: the customers of the run whose values it means, in the order of their ids. The text is normalized as values
//! of records are, so that any spelling finds what a record spells in another way.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use datafusion::functions::expr_fn::{get_field, lower};
use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::{DataFrame, JoinType};

use super::Audit;
use super::records::is_record;
use super::view::{Search, SearchHit};
use crate::error::{Error, Result};
use crate::functions::name_key::{name_part_key, reading_key};
use crate::tables::columns;
use crate::tables::contract::{GOLDEN_CUSTOMER, SOURCE_RECORD, col};
use nayose_japanese::name::{self, Reading};
use nayose_japanese::{email, identifier, kana, phone, romaji, width};
use nayose_matching::identity::customer_id;

/// Customers that an answer names at most: who means one of more has to say more.
const MOST_HITS: usize = 50;

impl Audit {
    /// The customers that a text means, [`MOST_HITS`] at most.
    ///
    /// # Errors
    /// Usage, where the text is empty, or begins like a customer id and is none.
    pub async fn search(&self, text: &str) -> Result<Search> {
        // Full-width letters and digits mean the half-width ones.
        let text = self.run.renames().record_today(&width::fold_width(text.trim()));
        if text.is_empty() {
            return Err(Error::usage("nothing was asked for")
                .hint("write a name, a phone, a mail address, a number, a customer id or channel:record_id"));
        }
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, by) in self.meant(&text).await? {
            let reasons = found.entry(id).or_default();
            if !reasons.iter().any(|known| known == by) {
                reasons.push(by.to_string());
            }
        }
        let more = found.len() > MOST_HITS;
        let ids: Vec<String> = found.keys().take(MOST_HITS).cloned().collect();
        let names = self.names(&ids).await?;
        let hit = |customer_id: String| SearchHit {
            name: names.get(&customer_id).cloned().unwrap_or_default(),
            found_by: found.get(&customer_id).cloned().unwrap_or_default(),
            customer_id,
        };
        Ok(Search { hits: ids.into_iter().map(hit).collect(), more })
    }

    /// The customers that a text means, with what of them it is.
    async fn meant(&self, text: &str) -> Result<Vec<(String, &'static str)>> {
        if text.to_ascii_uppercase().starts_with("C-") {
            let today = self.customer_id(text).await?;
            let former = customer_id::parse(text).is_some_and(|typed| typed != today);
            let known = self.records_of(&today).await.is_ok();
            return Ok(known
                .then_some((today, if former { "former id" } else { "customer id" }))
                .into_iter()
                .collect());
        }
        if let Some((channel, id)) = text.split_once(':') {
            let known = self.id_map_now().await?.filter(is_record(channel, id))?.count().await? > 0;
            return Ok(if known { vec![(self.customer_of(text).await?, "record")] } else { Vec::new() });
        }
        let mut found = Vec::new();
        for (by, condition) in conditions(text) {
            let records = self.table(SOURCE_RECORD.name).await?.filter(condition)?;
            found.extend(self.customers_of(records).await?.into_iter().map(|id| (id, by)));
        }
        if text.chars().any(|c| c.is_ascii_digit())
            && let Some(key) = identifier::identifier(text, identifier::CheckDigit::None).key
        {
            let records = self.records_with_number(&key).await?;
            found.extend(self.customers_of(records).await?.into_iter().map(|id| (id, "number")));
        }
        Ok(found)
    }

    /// The records with a member, card or other number of this key.
    async fn records_with_number(&self, key: &str) -> Result<DataFrame> {
        let columns = [col::CHANNEL, col::RECORD_ID, col::IDENTIFIERS];
        let each = self.table(SOURCE_RECORD.name).await?.select_columns(&columns)?;
        let each = each.unnest_columns(&[col::IDENTIFIERS])?;
        Ok(each.filter(get_field(ident(col::IDENTIFIERS), col::VALUE).eq(lit(key)))?)
    }

    /// The customers of some records, in order.
    async fn customers_of(&self, records: DataFrame) -> Result<Vec<String>> {
        let keys = ["found_channel", "found_record"];
        let records = records.select(vec![ident(col::CHANNEL).alias(keys[0]), ident(col::RECORD_ID).alias(keys[1])])?;
        let map = self.id_map_now().await?;
        let rows = records.join(map, JoinType::Inner, &keys, &[col::CHANNEL, col::RECORD_ID], None)?;
        let rows = rows.select_columns(&[col::CUSTOMER_ID])?.distinct()?;
        let rows = rows.sort(vec![ident(col::CUSTOMER_ID).sort(true, false)])?.limit(0, Some(MOST_HITS + 1))?;
        let mut found = Vec::new();
        for batch in rows.collect().await? {
            found.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
        }
        Ok(found)
    }

    /// Customer → its golden name.
    async fn names(&self, ids: &[String]) -> Result<BTreeMap<String, String>> {
        let wanted = ids.iter().map(|id| lit(id.as_str())).collect();
        let rows = self.table(GOLDEN_CUSTOMER.name).await?;
        let rows = rows.filter(ident(col::CUSTOMER_ID).in_list(wanted, false))?;
        let columns = [col::CUSTOMER_ID, col::FAMILY_NAME, col::GIVEN_NAME, col::FAMILY_KANA, col::GIVEN_KANA];
        let mut found = BTreeMap::new();
        for batch in rows.select_columns(&columns)?.collect().await? {
            let parts = [0, 1, 2, 3, 4].map(|c| batch.column(c).as_string::<i32>());
            for row in 0..batch.num_rows() {
                let [id, written @ ..] = parts.map(|column| columns::text_at(column, row));
                let [family, given, family_kana, given_kana] = written;
                let join =
                    |a: Option<&str>, b: Option<&str>| [a, b].into_iter().flatten().collect::<Vec<_>>().join(" ");
                let (kanji, kana) = (join(family, given), join(family_kana, given_kana));
                let name = if kanji.is_empty() { kana } else { kanji };
                found.insert(id.unwrap_or_default().to_string(), name);
            }
        }
        Ok(found)
    }
}

/// What the text can mean, each with the condition on a record that holds for it.
fn conditions(text: &str) -> Vec<(&'static str, Expr)> {
    if text.contains('@') {
        let address = email::email(text).address;
        return address.map(|a| ("mail address", array_has(ident(col::EMAILS), lit(a)))).into_iter().collect();
    }
    let phone = phone::phone(text).e164.map(|number| ("phone", array_has(ident(col::PHONES), lit(number))));
    if text.chars().any(|c| c.is_ascii_digit()) {
        return phone.into_iter().chain([("record id", ident(col::RECORD_ID).eq(lit(text)))]).collect();
    }
    let read = name::normalize(text, None);
    let family = Part::new(&read.family, &read.family_key, &read.family_readings);
    let given = Part::new(&read.given, &read.given_key, &read.given_readings);
    let by = if family.is_spoken() || given.is_spoken() { "reading" } else { "name" };
    let mut either = match (read.family.is_empty(), read.given.is_empty()) {
        (true, true) => return Vec::new(),
        // One part may be either name.
        (true, false) => given.holds_for(FAMILY).or(given.holds_for(GIVEN)),
        (false, true) => family.holds_for(FAMILY).or(family.holds_for(GIVEN)),
        (false, false) => family.holds_for(FAMILY).and(given.holds_for(GIVEN)),
    };
    // In Latin letters either name may come first.
    if romaji::is_latin(&read.family) && !read.given.is_empty() {
        either = either.or(family.holds_for(GIVEN).and(given.holds_for(FAMILY)));
    }
    // A short name may have been divided where it should not have been.
    if let Some(whole) = name::undivided(&read) {
        let whole = Part::new(&whole.family, &whole.family_key, &whole.family_readings);
        either = either.or(whole.holds_for(FAMILY)).or(whole.holds_for(GIVEN));
    }
    vec![(by, either)]
}

/// The columns of a name, written and in kana.
const FAMILY: [&str; 2] = [col::FAMILY_NAME, col::FAMILY_KANA];
const GIVEN: [&str; 2] = [col::GIVEN_NAME, col::GIVEN_KANA];

/// A family or given name as it was typed.
struct Part<'a> {
    key: &'a str,
    /// Keys of its readings, where it was typed in kana or Latin letters: then it means what is read so. Kanji mean themselves.
    readings: Vec<&'a str>,
}

impl<'a> Part<'a> {
    fn new(text: &str, key: &'a str, readings: &'a [Reading]) -> Self {
        let spoken = romaji::is_latin(text) || text.chars().all(kana::is_kana);
        let readings = readings.iter().filter(|_| spoken && !text.is_empty()).map(|r| r.key.as_str()).collect();
        Part { key, readings }
    }

    fn is_spoken(&self) -> bool {
        !self.readings.is_empty()
    }

    /// Whether these columns of a record hold the name. Whoever types 高橋 means 髙橋 too, and case means nothing.
    fn holds_for(&self, [written, spoken]: [&str; 2]) -> Expr {
        let key = lower(name_part_key().call(vec![ident(written)])).eq(lit(self.key.to_lowercase()));
        if self.readings.is_empty() {
            return key;
        }
        let readings = self.readings.iter().map(|reading| lit(*reading)).collect();
        key.or(reading_key().call(vec![ident(spoken)]).in_list(readings, false))
    }
}
