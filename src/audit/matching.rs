//! One record asked now: which records of the run it may be, whose customer it is, by the run's own model.
//!
//! In: a channel and the fields of a record, as they came. Out: the records that a run would have kept with their probabilities and
//! evidence, and the customer where one of them alone is linked. Nothing is written. The record is standardized as the run's records
//! were, met by the same blocking rules and scored by the same model over the same frequencies, in which it is not counted: one that
//! the run has already scores with every other record as it did there.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use datafusion::logical_expr::{ident, lit};

use super::index::Index;
use super::records::{is_one_of, no_channel};
use super::view::{CandidateView, ComparisonView, Decision, MatchView, Words};
use super::{Audit, other_records};
use crate::config::problem::nearest;
use crate::error::{Error, Result};
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_japanese::spreadsheet::clean;
use nayose_matching::evidence;
use nayose_matching::identity::people::HOUSEHOLD;
use nayose_matching::lookup::{Candidate, Lookup};
use nayose_matching::model::Model;
use nayose_matching::record::attribute::{Attribute, AttributeType, PERSON_ATTRIBUTES};
use nayose_matching::record::{RawVersion, Standardizer};

/// Candidates that an answer names at most, likeliest first: who is like more people than that is nobody's for sure.
const MOST_CANDIDATES: usize = 20;

/// What is asked: a channel, and the fields of a record by the names of attributes, in any spelling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MatchRequest {
    /// The channel that the record is of.
    pub channel: String,
    /// Attribute → its values.
    pub fields: BTreeMap<String, Vec<String>>,
}

impl MatchRequest {
    /// Of a JSON object: `channel`, and attributes with a text or a number, or a list of them.
    ///
    /// # Errors
    /// Usage, where it is no such object. No value stands in the error.
    pub fn parse(json: &str) -> Result<Self> {
        const SHAPE: &str = r#"write it as {"channel": "shop", "name": "…", "phone": "…"}"#;
        const SHAPE_JA: &str = r#"{"channel": "shop", "name": "…", "phone": "…"} の形で送ってください。"#;
        if json.trim().is_empty() {
            return Err(Error::usage("there is no record").hint(SHAPE).ja("レコードがありません。", SHAPE_JA));
        }
        let value: serde_json::Value = serde_json::from_str(json).map_err(|e| {
            // The parser counts bytes; people count characters.
            let line = json.lines().nth(e.line().saturating_sub(1)).unwrap_or_default();
            let column = line.char_indices().take_while(|(start, _)| *start < e.column()).count();
            Error::usage(format!("the record is no JSON: line {}, column {column}", e.line()))
                .hint(SHAPE)
                .ja(format!("レコードがJSONではありません（{} 行 {column} 文字目）。", e.line()), SHAPE_JA)
        })?;
        let serde_json::Value::Object(fields) = value else {
            return Err(Error::usage("the record is no JSON object")
                .hint(SHAPE)
                .ja("レコードがJSONのオブジェクトではありません。", SHAPE_JA));
        };
        let mut request = MatchRequest::default();
        for (name, value) in fields {
            let values = match value {
                serde_json::Value::Array(values) => values,
                one => vec![one],
            };
            let mut texts = Vec::with_capacity(values.len());
            for value in values {
                match value {
                    serde_json::Value::String(text) => texts.push(text),
                    serde_json::Value::Number(number) => texts.push(number.to_string()),
                    serde_json::Value::Null => {}
                    _ => {
                        return Err(Error::usage(format!("field {name:?} is neither a text nor a number"))
                            .hint("give a text, a number, or a list of texts")
                            .ja(
                                format!("項目「{name}」が文字列でも数値でもありません。"),
                                "文字列、数値、または文字列の配列を送ってください。",
                            ));
                    }
                }
            }
            match name.as_str() {
                "channel" => request.channel = texts.pop().unwrap_or_default(),
                _ => drop(request.fields.insert(name, texts)),
            }
        }
        match request.channel.is_empty() {
            true => {
                let names = request.fields.keys().map(String::as_str);
                // A slip in the word itself: the field is there under another name.
                let slip = names.into_iter().find(|name| nearest(name, ["channel"].into_iter()).is_some());
                let near = slip.map(|name| format!("write \"channel\" instead of {name:?}; ")).unwrap_or_default();
                let near_ja = slip.map(|name| format!("「{name}」ではなく「channel」です。")).unwrap_or_default();
                Err(Error::usage("the record names no channel")
                    .hint(near + SHAPE)
                    .ja("レコードにチャネル（channel）がありません。", near_ja + SHAPE_JA))
            }
            false => Ok(request),
        }
    }
}

/// What records are matched with.
pub(super) struct Matcher {
    standardizer: Standardizer,
    attributes: Vec<Attribute>,
    lookup: Lookup,
}

impl Audit {
    /// Reads what records are matched with: the features of all records, and who has which value. The first record asked does it too;
    /// it takes some ten seconds for a million people.
    ///
    /// # Errors
    /// Data, where the run's work is gone.
    pub async fn prepare_matching(&self) -> Result<()> {
        self.matcher().await.map(|_| ())
    }

    /// Whether a record asked now is answered at once.
    pub fn is_matching_prepared(&self) -> bool {
        self.matcher.initialized()
    }

    async fn matcher(&self) -> Result<&Matcher> {
        let make = || async {
            let (kept, scorer) = (self.kept().await?, self.scorer().await?);
            let (scorer, limit) = (scorer.clone(), kept.settings.limits.block_size as usize);
            let lookup = tokio::task::spawn_blocking(move || Lookup::new(&scorer, limit)).await;
            Ok::<_, Error>(Matcher {
                standardizer: Standardizer::new(&kept.settings.attributes, &kept.model),
                attributes: kept.settings.attributes.clone(),
                lookup: lookup.map_err(|e| Error::bug(format!("looking up values stopped: {e}")))?,
            })
        };
        self.matcher.get_or_try_init(make).await
    }

    /// The records that a record may be, likeliest first, and its customer.
    ///
    /// # Errors
    /// Usage, where the run has no such channel, or a field is no attribute; data, where the run's work is gone.
    pub async fn match_record(&self, request: &MatchRequest) -> Result<MatchView> {
        let settings = &self.kept().await?.settings;
        check(request, &settings.attributes)?;
        let Matcher { standardizer, attributes, lookup } = self.matcher().await?;
        let scorer = self.scorer().await?;
        let renames = self.run.renames();
        let channel = renames.today(&request.channel);
        let record = standardizer.record(&mut vec![raw(&cleaned(request, attributes), attributes)]);
        let Some(asked) = lookup.asked(channel, record.features) else {
            return Err(no_channel(channel, &scorer.packed().channels));
        };
        let thresholds = &settings.thresholds;
        let floor = thresholds.review.min(HOUSEHOLD);
        let mut candidates = lookup.candidates(scorer, &asked);
        candidates.retain(|c| c.score.person + c.score.household >= floor);
        candidates.sort_by(|a, b| b.score.person.total_cmp(&a.score.person).then(a.row.cmp(&b.row)));
        let more = candidates.len() > MOST_CANDIDATES;
        candidates.truncate(MOST_CANDIDATES);
        let named = self.named(&candidates, self.index_beside(scorer)?).await?;
        let linked: BTreeSet<&str> = candidates
            .iter()
            .zip(&named)
            .filter(|(c, _)| c.score.person >= thresholds.auto)
            .map(|(_, (_, customer))| customer.as_str())
            .collect();
        let decision = match linked.len() {
            0 if candidates.first().is_some_and(|c| c.score.person >= thresholds.review) => Decision::Review,
            0 => Decision::Nobody,
            1 => Decision::Linked,
            _ => Decision::Contested,
        };
        let customer_id = linked.first().filter(|_| decision == Decision::Linked).map(|id| id.to_string());
        let view = |(c, (record, customer)): (&Candidate, &(String, String))| CandidateView {
            customer_id: customer.clone(),
            record: record.clone(),
            probability: c.score.person,
            household_probability: c.score.household,
            weight: c.score.weight,
            blocking_rule: scorer.model().rules[c.rule].name.clone(),
            comparisons: evidence::comparisons_asked(scorer, &asked, c.row)
                .into_iter()
                .map(ComparisonView::from)
                .collect(),
        };
        Ok(MatchView {
            run_id: self.run.run_id.clone(),
            channel: channel.to_string(),
            decision,
            customer_id,
            candidates: candidates.iter().zip(&named).map(view).collect(),
            more,
            problems: record.problems,
            ignored: evidence::ignored_asked(scorer, &asked),
            warning: (!lookup.is_comparable(&asked)).then(|| uncompared(scorer.model())),
        })
    }

    /// The records of candidates, `channel:record_id`, with their customers.
    async fn named(&self, candidates: &[Candidate], index: Option<&Index>) -> Result<Vec<(String, String)>> {
        if let Some(index) = index {
            let name = |c: &Candidate| {
                let (channel, id) = index.key(c.row);
                (format!("{channel}:{id}"), index.customer(c.row))
            };
            return Ok(candidates.iter().map(name).collect());
        }
        let rows = candidates.iter().map(|c| lit(c.row as i64)).collect();
        let standard = self.kept().await?.standard().await?.filter(ident(col::ROW).in_list(rows, false))?;
        let mut keys: BTreeMap<usize, (String, String)> = BTreeMap::new();
        for batch in standard.select_columns(&[col::ROW, col::CHANNEL, col::RECORD_ID])?.collect().await? {
            let rows = columns::longs(batch.column(0))?;
            let [channel, id] = [1, 2].map(|c| batch.column(c).as_string::<i32>());
            let key = |i: usize| (channel.value(i).to_string(), id.value(i).to_string());
            keys.extend((0..batch.num_rows()).map(|i| (rows.value(i) as usize, key(i))));
        }
        let all: Vec<(String, String)> = keys.values().cloned().collect();
        let mut map = self.id_map_now().await?;
        for condition in is_one_of([col::CHANNEL, col::RECORD_ID], &all) {
            map = map.filter(condition)?;
        }
        let mut customers: BTreeMap<(String, String), String> = BTreeMap::new();
        for batch in map.select_columns(&[col::CHANNEL, col::RECORD_ID, col::CUSTOMER_ID])?.collect().await? {
            let [channel, id, customer] = [0, 1, 2].map(|c| batch.column(c).as_string::<i32>());
            let text = |column: &arrow::array::StringArray, row: usize| column.value(row).to_string();
            customers.extend((0..batch.num_rows()).map(|i| ((text(channel, i), text(id, i)), text(customer, i))));
        }
        let name = |c: &Candidate| {
            let key = keys.get(&c.row)?;
            Some((format!("{}:{}", key.0, key.1), customers.get(key)?.clone()))
        };
        let named: Option<Vec<_>> = candidates.iter().map(name).collect();
        named.ok_or_else(other_records)
    }
}

/// That a record was compared with nobody, with the rules of which one has to find its values.
fn uncompared(model: &Model) -> Words {
    let rules: Vec<&str> = model.rules.iter().map(|rule| rule.name.as_str()).collect();
    let rules = rules.join(", ");
    Words {
        ja: format!(
            "比較できる値がないため、どのレコードとも比較していません。次のいずれかのブロッキングルールに使える値を追加してください：{rules}"
        ),
        en: format!(
            "The record was compared with nobody: it has no value that a blocking rule can use. Add values for one of the rules: {rules}"
        ),
    }
}

/// Whether an attribute can have several values at once.
fn may_be_several(name: &str, attributes: &[Attribute]) -> bool {
    let is_identifier = |a: &Attribute| a.name == name && a.kind == AttributeType::Identifier;
    matches!(name, col::PHONE | col::EMAIL) || attributes.iter().any(is_identifier)
}

/// Every field is an attribute, with no more values than it can have.
fn check(request: &MatchRequest, attributes: &[Attribute]) -> Result<()> {
    let known = || PERSON_ATTRIBUTES.into_iter().chain(attributes.iter().map(|a| a.name.as_str()));
    for (name, values) in &request.fields {
        if !known().any(|attribute| attribute == name) {
            let all = || known().collect::<Vec<_>>().join(", ");
            let (hint, hint_ja) = match nearest(name, known()) {
                Some(near) => (format!("did you mean {near:?}?"), format!("「{near}」ではありませんか。")),
                None => (format!("fields: {}", all()), format!("項目の一覧：{}", all())),
            };
            return Err(Error::usage(format!("a record has no field {name:?}"))
                .hint(hint)
                .ja(format!("項目「{name}」はありません。"), hint_ja));
        }
        if values.len() > 1 && !may_be_several(name, attributes) {
            return Err(Error::usage(format!("field {name:?} has several values"))
                .hint("give the one that holds")
                .ja(format!("項目「{name}」に値が複数あります。"), "正しい値を一つだけ送ってください。"));
        }
    }
    Ok(())
}

/// The values as a source's rows are mapped: numbers without the marks of spreadsheets, and nothing for nothing.
fn cleaned(request: &MatchRequest, attributes: &[Attribute]) -> Vec<(String, String)> {
    let is_number = |name: &str| name == col::POSTAL_CODE || may_be_several(name, attributes);
    let value = |name: &str, text: &str| match is_number(name) {
        true => clean(text).text().map(str::to_string),
        false => Some(text.to_string()),
    };
    let each = request.fields.iter().flat_map(|(name, values)| values.iter().map(move |text| (name, text)));
    each.filter_map(|(name, text)| Some((name.clone(), value(name, text)?)))
        .filter(|(_, text)| !text.trim().is_empty())
        .collect()
}

/// The values as a row of a source.
fn raw<'a>(values: &'a [(String, String)], attributes: &[Attribute]) -> RawVersion<'a> {
    let all = |wanted: &str| -> Vec<&'a str> {
        values.iter().filter(|(name, _)| name == wanted).map(|(_, text)| text.as_str()).collect()
    };
    let one = |wanted: &str| values.iter().find(|(name, _)| name == wanted).map(|(_, text)| text.as_str());
    let is_declared = |name: &str| attributes.iter().any(|a| a.name == name);
    RawVersion {
        name: one(col::NAME),
        kana: one(col::KANA),
        family_name: one(col::FAMILY_NAME),
        given_name: one(col::GIVEN_NAME),
        family_kana: one(col::FAMILY_KANA),
        given_kana: one(col::GIVEN_KANA),
        birth_date: one(col::BIRTH_DATE),
        sex: one(col::SEX),
        postal_code: one(col::POSTAL_CODE),
        address: one(col::ADDRESS),
        phones: all(col::PHONE),
        emails: all(col::EMAIL),
        extra: values.iter().filter(|(name, _)| is_declared(name)).map(|(n, v)| (n.as_str(), v.as_str())).collect(),
        ..RawVersion::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_an_object_of_texts() {
        let request = MatchRequest::parse(
            r#"{"channel": "shop", "name": "佐藤 花子", "phone": ["03-1234-5678", null], "card": 12}"#,
        );
        let request = request.expect("a record");
        let texts = |values: &[&str]| values.iter().map(|v| v.to_string()).collect::<Vec<_>>();
        assert_eq!(request.channel, "shop");
        assert_eq!(request.fields["phone"], texts(&["03-1234-5678"]));
        assert_eq!(request.fields["card"], texts(&["12"]));
        for (wrong, told) in [
            ("{\"name\": \"佐藤\"", "the record is no JSON: line 1, column 13"),
            ("[1]", "the record is no JSON object"),
            (r#"{"name": "佐藤"}"#, "the record names no channel"),
            (r#"{"channel": "shop", "name": true}"#, "field \"name\" is neither a text nor a number"),
        ] {
            assert_eq!(MatchRequest::parse(wrong).expect_err(wrong).message(), told);
        }
    }

    #[test]
    fn a_field_that_nobody_has_is_told_with_the_nearest() {
        let of = |name: &str, values: &[&str]| MatchRequest {
            channel: "shop".into(),
            fields: [(name.to_string(), values.iter().map(|v| v.to_string()).collect())].into(),
        };
        let told = |request: &MatchRequest| check(request, &[]).map_err(|e| e.to_string());
        assert!(told(&of("phone", &["1", "2"])).is_ok());
        assert!(told(&of("phones", &["1"])).expect_err("no field").contains("did you mean \"phone\"?"));
        assert!(told(&of("nickname", &["1"])).expect_err("no field").contains("fields: name, kana"));
        assert!(told(&of("name", &["1", "2"])).expect_err("two").contains("several values"));
    }
}
