//! All rows of a record to one standardized record.
//!
//! In: the rows of one record in any order. Out: its newest values, every value that it ever had, its features, and what was
//! wrong with it. Rows of somebody who had the record's number before are left out. Values that mean nothing (see each normalizer) are
//! kept in the history and left out of everything else.

use crate::model::Model;
use crate::model::feature::{self, Features};
use nayose_japanese::name::Reading;
use nayose_japanese::{address, date, email, identifier, phone, postal, romaji, sex, width};

use super::another::{HOLDER, Holder, NUMBER_REUSED, leave_out_others};
use super::attribute::{Attribute, AttributeType};
use super::local_part::{LocalPart, NameKeys};
use super::names::ReadName;
use super::past::Past;
use super::{Address, PastValue, Person, RawVersion, StandardRecord, names, towns};

/// Standardizes records for one pipeline.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Standardizer {
    attributes: Vec<Attribute>,
    /// Features that the model uses, in order of name.
    used: Vec<String>,
    /// Values that mean nothing, by place of the feature.
    junk: Vec<(usize, Vec<String>)>,
}

impl Standardizer {
    /// For a pipeline with these attributes and this model.
    pub fn new(attributes: &[Attribute], model: &Model) -> Self {
        let junk = model
            .junk
            .iter()
            .filter_map(|(name, values)| Some((model.features.binary_search(name).ok()?, values.clone())))
            .collect();
        Standardizer { attributes: attributes.to_vec(), used: model.features.clone(), junk }
    }

    /// Standardizes the rows of one record.
    pub fn record(&self, versions: &mut Vec<RawVersion>) -> StandardRecord {
        // Oldest first; rows of one time in the order of files and lines.
        versions.sort_by(|a, b| (a.observed_at, a.file, a.line).cmp(&(b.observed_at, b.file, b.line)));
        let conflicts = if versions.len() > 1 { conflicts(versions) } else { Vec::new() };
        let rows = versions.len() as i32;
        let holder = leave_out_others(versions, |version| self.values(version));
        let mut builder = self.builder();
        if let Some(Holder { place, .. }) = &holder {
            builder.problems.push(NUMBER_REUSED.to_string());
            builder.problems.extend((*place > 0).then(|| format!("{HOLDER}{}", place + 1)));
        }
        let (of_others, holder_since) = holder.map(|holder| (holder.of_others, holder.since)).unwrap_or_default();
        for version in versions.iter() {
            builder.version(version);
        }
        let mut features = builder.features.finish();
        for (feature, junk) in &self.junk {
            features[*feature].retain(|v| !junk.contains(v));
        }
        builder.problems.sort();
        builder.problems.dedup();
        let times = || versions.iter().flat_map(|v| [v.observed_at, v.registered_at]).flatten();
        StandardRecord {
            person: builder.person,
            registered_at: versions.iter().filter_map(|v| v.registered_at).min(),
            first_seen: times().min(),
            last_seen: times().max(),
            versions: rows,
            history: builder.past.finish(),
            problems: builder.problems,
            conflicts,
            of_others,
            holder_since,
            features,
        }
    }
}

impl Standardizer {
    fn builder(&self) -> RecordBuilder<'_> {
        RecordBuilder {
            standardizer: self,
            person: Person::default(),
            features: Features::new(self.used.len()),
            past: Past::default(),
            problems: Vec::new(),
            test: false,
            name: None,
            name_keys: None,
        }
    }

    /// The values of one row.
    fn values(&self, version: &RawVersion) -> Vec<PastValue> {
        let mut builder = self.builder();
        builder.version(version);
        builder.past.finish()
    }
}

/// Rows of one file and one time that say something else than the first of them. They are taken out of `versions`.
fn conflicts(versions: &mut Vec<RawVersion>) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    let mut kept: Vec<RawVersion> = Vec::with_capacity(versions.len());
    for version in versions.drain(..) {
        let first = kept.iter().find(|k| k.observed_at == version.observed_at && k.file == version.file);
        match first {
            Some(first) if !same_values(first, &version) => found.push((version.file.to_string(), version.line)),
            _ => kept.push(version),
        }
    }
    *versions = kept;
    found
}

fn same_values(a: &RawVersion, b: &RawVersion) -> bool {
    let without_place = |v: &RawVersion| format!("{:?}", RawVersion { file: "", line: 0, ..v.clone() });
    without_place(a) == without_place(b)
}

struct RecordBuilder<'a> {
    standardizer: &'a Standardizer,
    person: Person,
    features: Features,
    past: Past,
    problems: Vec<String>,
    /// Whether the row at hand is somebody's test: then nothing in it is evidence of a person.
    test: bool,
    /// The name in the row at hand.
    name: Option<ReadName>,
    /// The same as local parts of mail addresses are held against it, once one was.
    name_keys: Option<NameKeys>,
}

impl RecordBuilder<'_> {
    fn version(&mut self, v: &RawVersion) {
        (self.test, self.name, self.name_keys) = (false, None, None);
        self.name(v);
        self.birth_date(v);
        self.sex(v);
        self.address(v);
        self.phones(v);
        self.emails(v);
        self.declared(v);
    }

    fn feature(&mut self, feature: &str, value: &str) {
        self.all_features(feature, std::iter::once(value));
    }

    fn all_features<'v>(&mut self, feature: &str, values: impl Iterator<Item = &'v str>) {
        if !self.test {
            self.features.add_all(&self.standardizer.used, feature, values);
        }
    }

    fn problem(&mut self, attribute: &str, problem: Option<&str>) {
        if let Some(problem) = problem {
            self.problems.push([attribute, ":", problem].concat());
        }
    }

    fn name(&mut self, v: &RawVersion) {
        let Some(name) = names::read(v) else { return };
        self.problem("name", name.problem);
        self.test = name.test;
        if name.junk {
            return;
        }
        for (f, values) in [
            (feature::FAMILY, &name.family_written),
            (feature::GIVEN, &name.given_written),
            (feature::FAMILY_KEY, &name.family_key),
            (feature::GIVEN_KEY, &name.given_key),
            (feature::FAMILY_KANA, &name.family_kana_key),
            (feature::GIVEN_KANA, &name.given_kana_key),
        ] {
            if let Some(value) = values {
                self.feature(f, value);
            }
        }
        for other in name.maiden.iter().chain(&name.other_family) {
            self.feature(feature::FAMILY_KEY, other);
        }
        if let (Some(family), Some(given)) = (&name.family_key, &name.given_key) {
            self.feature(feature::NAME_KEY, &[family, " ", given].concat());
        }
        // Another order, or the same name in Latin letters, is a value of the name too.
        for (family, given) in &name.others {
            self.feature(feature::FAMILY_KEY, family);
            self.feature(feature::GIVEN_KEY, given);
            self.feature(feature::NAME_KEY, &[family, " ", given].concat());
        }
        self.all_features(feature::FAMILY_READING, name.family_readings.iter().map(|reading| reading.key.as_str()));
        self.all_features(feature::GIVEN_READING, name.given_readings.iter().map(|reading| reading.key.as_str()));
        self.all_features(feature::NAME_READING, name.whole_readings.iter().map(String::as_str));
        let join = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) => Some([a, " ", b].concat()),
            (Some(a), None) => Some(a.clone()),
            _ => None,
        };
        if let Some(written) = join(&name.family_written, &name.given_written) {
            self.past.see("name", written, v.observed_at);
            self.person.family_name = name.family_written.clone();
            self.person.given_name = name.given_written.clone();
        }
        // History has the kana as far as it goes; a golden record has no half of a given name.
        let given_kana = name.given_kana.clone().or_else(|| name.given_kana_cut.clone());
        if let Some(kana) = join(&name.family_kana, &given_kana) {
            self.past.see("kana", kana, v.observed_at);
            self.person.family_kana = name.family_kana.clone();
            self.person.given_kana = name.given_kana.clone();
        }
        self.name = Some(name);
    }

    /// Whether the local part of a mail address says no more than the name in the row at hand.
    fn is_of_name(&mut self, local: &str) -> bool {
        let (Some(name), Some(local)) = (&self.name, LocalPart::new(local)) else { return false };
        let keys = self.name_keys.get_or_insert_with(|| {
            let latin = [&name.family_written, &name.given_written]
                .map(|written| written.as_deref().filter(|name| romaji::is_latin(name)));
            let [family, given] = [&name.family_readings, &name.given_readings].map(|readings| spelled(readings));
            NameKeys::new(family.chain(latin[0]), given.chain(latin[1]))
        });
        keys.make(&local)
    }

    fn birth_date(&mut self, v: &RawVersion) {
        let Some(text) = v.birth_date else { return };
        let read = date::date(text);
        self.problem("birth_date", read.problem.map(|p| p.as_str()));
        let Some(iso) = read.key().or_else(|| read.iso()).filter(|_| !read.junk) else { return };
        self.past.see("birth_date", iso.clone(), v.observed_at);
        let civil = read.value.as_ref().and_then(|d| d.civil());
        if let Some(civil) = civil {
            self.person.birth_date = Some(days(civil));
            self.feature(feature::BIRTH_DATE, &iso);
            self.feature(feature::BIRTH_DAY, &format!("{:02}-{:02}", civil.month(), civil.day()));
        }
        if let Some(value) = &read.value {
            self.feature(feature::BIRTH_YEAR, &value.year.to_string());
        }
        // A date that can be read in two ways is compared in both.
        for other in read.alternatives.iter().filter(|d| d.civil().is_some()) {
            self.feature(feature::BIRTH_DATE, &other.iso());
        }
    }

    fn sex(&mut self, v: &RawVersion) {
        let Some(text) = v.sex else { return };
        let read = sex::sex(text);
        self.problem("sex", read.problem.map(|p| p.as_str()));
        let word = match read.sex {
            sex::Sex::Male => "male",
            sex::Sex::Female => "female",
            sex::Sex::Unknown => return,
        };
        self.past.see("sex", word.to_string(), v.observed_at);
        self.person.sex = Some(word.to_string());
        self.feature(feature::SEX, word);
    }

    fn address(&mut self, v: &RawVersion) {
        let postal_code = v.postal_code.map(postal::postal);
        if let Some(read) = &postal_code {
            self.problem("postal_code", read.problem.map(|p| p.as_str()));
        }
        let code = postal_code.filter(|p| !p.junk).and_then(|p| p.code);
        let Some(text) = v.address else {
            if let Some(code) = code {
                self.feature(feature::POSTAL_CODE, &code);
                self.past.see("address", code.clone(), v.observed_at);
                self.person.address = Address { postal_code: Some(code), ..Address::default() };
            }
            return;
        };
        let read = address::normalize(text, code.as_deref());
        self.problem("address", read.problem.map(|p| p.as_str()));
        let postal_code = read.postal_code.as_ref().map(|c| c.replace('-', "")).or(code);
        if let Some(code) = &postal_code {
            self.feature(feature::POSTAL_CODE, code);
        }
        if let Some(city) = &read.city {
            self.feature(feature::CITY, city);
        }
        let block = match (&read.block, &read.number) {
            (Some(block), Some(number)) => Some([block, "-", number].concat()),
            (Some(block), None) => Some(block.clone()),
            (None, number) => number.clone(),
        };
        let towns = towns::of_address(&read);
        for town in &towns {
            self.feature(feature::TOWN, town);
            if let Some(first) = &read.block {
                self.feature(feature::BLOCK, &[town, "/", first].concat());
            }
            if let Some(block) = &block {
                self.feature(feature::NUMBER, &[town, "/", block].concat());
                if let Some(room) = &read.room {
                    self.feature(feature::ROOM, &[town, "/", block, "#", room].concat());
                }
            }
        }
        if towns.is_empty() && read.level == address::Level::None {
            // No address of Japan: compared as one text.
            self.feature(feature::NUMBER, &read.key);
        }
        let line = if read.canonical.is_empty() { None } else { Some(read.canonical.clone()) };
        if let Some(line) = &line {
            self.past.see("address", line.clone(), v.observed_at);
        }
        self.person.address = Address {
            postal_code,
            prefecture: read.prefecture,
            city: read.city,
            town: match (read.town, read.koaza) {
                (Some(town), Some(koaza)) => Some(town + &koaza),
                (town, koaza) => town.or(koaza),
            },
            chome: read.chome.map(|c| c as i32),
            block,
            building: read.building,
            room: read.room,
            town_code: read.town_code,
            line,
        };
    }

    fn phones(&mut self, v: &RawVersion) {
        let mut newest = Vec::new();
        let fields: Vec<_> = v.phones.iter().map(|text| phone::field(text)).collect();
        for (problem, _) in &fields {
            self.problem("phone", problem.map(|p| p.as_str()));
        }
        for read in fields.into_iter().flat_map(|(_, numbers)| numbers) {
            let Some(number) = read.key().map(|k| k.to_string()).filter(|_| !read.junk) else { continue };
            self.past.see("phone", number.clone(), v.observed_at);
            self.feature(feature::PHONE, &number);
            let kind = if read.kind == phone::PhoneKind::Mobile { feature::MOBILE } else { feature::LANDLINE };
            self.feature(kind, &number);
            newest.push(number);
        }
        newest_first(&mut self.person.phones, newest);
    }

    fn emails(&mut self, v: &RawVersion) {
        let mut newest = Vec::new();
        for read in v.emails.iter().flat_map(|text| email::emails(text)) {
            self.problem("email", read.problem.map(|p| p.as_str()));
            let Some(address) = read.address.as_ref().filter(|_| !read.junk) else { continue };
            self.past.see("email", address.clone(), v.observed_at);
            if let Some(weak) = &read.weak_key {
                self.feature(feature::EMAIL_WEAK, weak);
            }
            let Some(mailbox) = &read.mailbox else {
                // A relay: it reaches the person, and is no mailbox of theirs.
                newest.push(address.clone());
                continue;
            };
            self.feature(feature::EMAIL, mailbox);
            if let Some((local, _)) = mailbox.split_once('@')
                && local.chars().count() >= LOCAL_PART_MEANS_SOMETHING
                && !self.is_of_name(local)
            {
                self.feature(feature::EMAIL_LOCAL, local);
            }
            newest.push(address.clone());
        }
        newest_first(&mut self.person.emails, newest);
    }

    fn declared(&mut self, v: &RawVersion) {
        for (name, text) in &v.extra {
            let Some(attribute) = self.standardizer.attributes.iter().find(|a| a.name == *name) else { continue };
            match attribute.kind {
                AttributeType::Identifier => {
                    let read = match attribute.case_sensitive {
                        true => identifier::identifier_with_case(text, attribute.check),
                        false => identifier::identifier(text, attribute.check),
                    };
                    self.problem(name, read.problem.map(|p| p.as_str()));
                    let Some(key) = read.key else { continue };
                    self.past.see(name, key.clone(), v.observed_at);
                    // A number whose check digit is wrong is somebody else's, or nobody's.
                    if read.valid != Some(false) {
                        self.feature(name, &key);
                        let digits: String = key.chars().filter(char::is_ascii_digit).collect();
                        // The digits of a code whose case means something are no number with letters before it.
                        let number = digits.len() >= DIGITS_MEAN_SOMETHING && !attribute.case_sensitive;
                        let digits = if number { &digits } else { &key };
                        self.feature(&feature::digits_of(name), digits);
                    }
                    let entry = (name.to_string(), key, read.valid);
                    if !self.person.identifiers.contains(&entry) {
                        self.person.identifiers.insert(0, entry);
                    }
                }
                AttributeType::Text => {
                    let folded = width::fold_width(text).to_lowercase();
                    if folded.is_empty() {
                        continue;
                    }
                    self.past.see(name, folded.clone(), v.observed_at);
                    self.feature(name, &folded);
                    self.person.extra.retain(|(n, _)| n != name);
                    self.person.extra.push((name.to_string(), folded));
                }
                AttributeType::Date => {
                    let read = date::date(text);
                    self.problem(name, read.problem.map(|p| p.as_str()));
                    let Some(iso) = read.iso().filter(|_| !read.junk) else { continue };
                    self.past.see(name, iso.clone(), v.observed_at);
                    self.feature(name, &iso);
                    self.person.extra.retain(|(n, _)| n != name);
                    self.person.extra.push((name.to_string(), iso));
                }
            }
        }
    }
}

/// Readings as people spell them.
fn spelled(readings: &[Reading]) -> impl Iterator<Item = &str> {
    readings.iter().map(|reading| reading.kana.as_str())
}

/// Fewer digits of an identifier than this are many people's.
const DIGITS_MEAN_SOMETHING: usize = 6;

/// Local parts of mail addresses shorter than this say little about a person (`info`, `taro`).
const LOCAL_PART_MEANS_SOMETHING: usize = 6;

fn newest_first(all: &mut Vec<String>, newest: Vec<String>) {
    all.retain(|known| !newest.contains(known));
    let mut each = Vec::with_capacity(newest.len() + all.len());
    for value in newest.into_iter().chain(all.drain(..)) {
        if !each.contains(&value) {
            each.push(value);
        }
    }
    *all = each;
}

/// Days since 1970-01-01.
fn days(date: jiff::civil::Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    date.since(epoch).map(|span| span.get_days()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Label, Training};
    use nayose_japanese::identifier::CheckDigit;

    /// The features of a record with this number, whole and in digits.
    fn features(number: &str, case_sensitive: bool) -> Vec<Vec<String>> {
        let label = Label { ja: "番号".into(), en: "number".into() };
        let (kind, check) = (AttributeType::Identifier, CheckDigit::None);
        let attribute = Attribute { name: "crm_id".into(), kind, check, case_sensitive, label };
        let mut features = vec!["crm_id".to_owned(), feature::digits_of("crm_id")];
        features.sort();
        let training = Training { candidate_pairs: 0, random_pairs: 0, seed: 0, steps: 0, tolerance: 0.0 };
        let model = Model {
            identifying: vec![true; features.len()],
            features,
            rules: Vec::new(),
            comparisons: Vec::new(),
            junk: Default::default(),
            contradictions: Vec::new(),
            training,
            trained: None,
            digest: String::new(),
        };
        let version = RawVersion { extra: vec![("crm_id", number)], ..RawVersion::default() };
        Standardizer::new(&[attribute], &model).record(&mut vec![version]).features
    }

    #[test]
    fn identifiers_that_differ_by_case_are_two_only_where_case_means_something() {
        let (one, other) = ("003d000000aBcDe", "003d000000aBcdE");
        assert_eq!(features(one, false), features(other, false));
        assert_eq!(features(one, false), [["003D000000ABCDE"], ["003000000"]]);
        // Digits alone would bring the two together again.
        assert_eq!(features(one, true), [[one], [one]]);
        assert_eq!(features(other, true), [[other], [other]]);
    }
}
