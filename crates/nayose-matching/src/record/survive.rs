//! Survivorship: the best values of a person's records.
//!
//! In: the standardized records of one person, the rules of the pipeline file. Out: the golden person, and for each field the
//! record and the rule that it came from. Names are chosen family and given together, an address as a whole: a golden
//! record never mixes two addresses.

use super::{Address, Person};

/// How one value is chosen among those of a person's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurvivorshipRule {
    /// The newest value.
    #[default]
    MostRecent,
    /// The value of most records.
    MostFrequent,
    /// The value of the first channel of `priority` that has one.
    SourcePriority,
    /// The longest value: names and addresses written in full.
    Longest,
}

impl SurvivorshipRule {
    /// Its name, as in the pipeline file and in `field_provenance`.
    pub fn name(self) -> &'static str {
        match self {
            SurvivorshipRule::MostRecent => "most_recent",
            SurvivorshipRule::MostFrequent => "most_frequent",
            SurvivorshipRule::SourcePriority => "source_priority",
            SurvivorshipRule::Longest => "longest",
        }
    }
}

/// Survivorship of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldSurvivorship {
    /// The rule; ties fall to the newest value, then to the smaller channel and record id.
    pub rule: SurvivorshipRule,
    /// Channels in order, for `source_priority`.
    pub priority: Vec<String>,
}

/// Survivorship by field. An address is chosen as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Survivorship {
    /// Kanji name, family and given together.
    pub name: FieldSurvivorship,
    /// Kana name, family and given together.
    pub kana: FieldSurvivorship,
    /// Birth date.
    pub birth_date: FieldSurvivorship,
    /// Sex.
    pub sex: FieldSurvivorship,
    /// Postal code and address together.
    pub address: FieldSurvivorship,
}

/// A record of the person.
#[derive(Clone, Debug)]
pub struct Member {
    /// Channel.
    pub channel: String,
    /// Id within the channel.
    pub record_id: String,
    /// Newest time of the record.
    pub last_seen: Option<i64>,
    /// Its values.
    pub person: Person,
}

/// Where a golden value came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    /// Field of the golden record.
    pub field: &'static str,
    /// Place of the record among the members, newest first.
    pub member: usize,
    /// The rule that chose it.
    pub rule: &'static str,
}

/// The golden person of some records. `members` is sorted newest first, so that the answer does not depend on the order
/// in which they come.
pub fn survive(members: &mut [Member], rules: &Survivorship) -> (Person, Vec<Provenance>) {
    members.sort_by(|a, b| {
        b.last_seen.cmp(&a.last_seen).then_with(|| (&a.channel, &a.record_id).cmp(&(&b.channel, &b.record_id)))
    });
    let mut golden = Person::default();
    let mut provenance = Vec::new();
    let mut from = |field, chosen: Option<(usize, &'static str)>| {
        chosen.map(|(member, rule)| {
            provenance.push(Provenance { field, member, rule });
            member
        })
    };
    let name = |m: &Member| {
        let (family, given) = (m.person.family_name.as_deref(), m.person.given_name.as_deref());
        // A whole name before a part of one, whatever the rule.
        family.map(|f| (given.is_some(), format!("{f} {}", given.unwrap_or_default())))
    };
    if let Some(i) = from("name", choose_whole(members, &rules.name, name)) {
        golden.family_name = members[i].person.family_name.clone();
        golden.given_name = members[i].person.given_name.clone();
    }
    let kana = |m: &Member| {
        let (family, given) = (m.person.family_kana.as_deref(), m.person.given_kana.as_deref());
        family.map(|f| (given.is_some(), format!("{f} {}", given.unwrap_or_default())))
    };
    if let Some(i) = from("kana", choose_whole(members, &rules.kana, kana)) {
        golden.family_kana = members[i].person.family_kana.clone();
        golden.given_kana = members[i].person.given_kana.clone();
    }
    if let Some(i) = from("birth_date", choose(members, &rules.birth_date, |m| m.person.birth_date)) {
        golden.birth_date = members[i].person.birth_date;
    }
    if let Some(i) = from("sex", choose(members, &rules.sex, |m| m.person.sex.clone())) {
        golden.sex = members[i].person.sex.clone();
    }
    let address = |m: &Member| {
        let a: &Address = &m.person.address;
        a.line.clone().or_else(|| a.postal_code.clone()).map(|line| (a.town.is_some(), line))
    };
    if let Some(i) = from("address", choose_whole(members, &rules.address, address)) {
        golden.address = members[i].person.address.clone();
    }
    golden.phones = union(members, |p| &p.phones, "phones", &mut provenance);
    golden.emails = union(members, |p| &p.emails, "emails", &mut provenance);
    golden.identifiers = union(members, |p| &p.identifiers, "identifiers", &mut provenance);
    golden.extra = union(members, |p| &p.extra, "extra", &mut provenance);
    (golden, provenance)
}

/// Every value of a list field, newest first, each once; its provenance is the record of the first.
fn union<T: Clone + PartialEq>(
    members: &[Member],
    of: impl Fn(&Person) -> &Vec<T>,
    field: &'static str,
    provenance: &mut Vec<Provenance>,
) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for (i, member) in members.iter().enumerate() {
        for value in of(&member.person) {
            if all.is_empty() {
                provenance.push(Provenance { field, member: i, rule: "all_values" });
            }
            if !all.contains(value) {
                all.push(value.clone());
            }
        }
    }
    all
}

/// [`choose`] among the members whose value is whole; among all of them where none is.
fn choose_whole(
    members: &[Member],
    rule: &FieldSurvivorship,
    value: impl Fn(&Member) -> Option<(bool, String)>,
) -> Option<(usize, &'static str)> {
    choose(members, rule, |m| value(m).filter(|(whole, _)| *whole).map(|(_, text)| text))
        .or_else(|| choose(members, rule, |m| value(m).map(|(_, text)| text)))
}

/// The member whose value survives, with the name of the rule. Members come newest first, and ties fall to the first.
fn choose<T: Clone + PartialEq + Length>(
    members: &[Member],
    rule: &FieldSurvivorship,
    value: impl Fn(&Member) -> Option<T>,
) -> Option<(usize, &'static str)> {
    let values: Vec<(usize, T)> = members.iter().enumerate().filter_map(|(i, m)| Some((i, value(m)?))).collect();
    let first_max = |score: &dyn Fn(&(usize, T)) -> usize| {
        let best = values.iter().map(score).max()?;
        values.iter().find(|v| score(v) == best).map(|v| v.0)
    };
    let chosen = match rule.rule {
        SurvivorshipRule::MostRecent => values.first().map(|v| v.0),
        SurvivorshipRule::MostFrequent => first_max(&|v| values.iter().filter(|w| w.1 == v.1).count()),
        SurvivorshipRule::Longest => first_max(&|v| v.1.length()),
        SurvivorshipRule::SourcePriority => {
            let place = |channel: &str| rule.priority.iter().position(|p| p == channel).unwrap_or(rule.priority.len());
            first_max(&|v| rule.priority.len() - place(&members[v.0].channel))
        }
    };
    chosen.map(|member| (member, rule.rule.name()))
}

/// How long a value is, for the rule `longest`.
trait Length {
    fn length(&self) -> usize;
}

impl Length for String {
    fn length(&self) -> usize {
        self.chars().count()
    }
}

impl Length for i32 {
    fn length(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(channel: &str, last_seen: i64, family: &str, given: Option<&str>, birth: Option<i32>) -> Member {
        let person = Person {
            family_name: Some(family.into()),
            given_name: given.map(Into::into),
            birth_date: birth,
            phones: vec![format!("+81{last_seen}")],
            ..Person::default()
        };
        Member {
            channel: channel.into(),
            record_id: format!("{channel}{last_seen}"),
            last_seen: Some(last_seen),
            person,
        }
    }

    fn rule(rule: SurvivorshipRule, priority: &[&str]) -> FieldSurvivorship {
        FieldSurvivorship { rule, priority: priority.iter().map(|p| p.to_string()).collect() }
    }

    #[test]
    fn each_rule_chooses_its_value() {
        let check = |name: FieldSurvivorship, expected: &str| {
            let mut members = [
                member("shop", 1, "渡邊", Some("花子"), Some(10)),
                member("app", 3, "佐藤", Some("花子"), Some(10)),
                member("card", 2, "渡邊", Some("花子"), Some(11)),
                member("support", 9, "佐藤", None, None),
            ];
            let rules = Survivorship { name, ..Default::default() };
            let (golden, provenance) = survive(&mut members, &rules);
            assert_eq!(golden.family_name.as_deref(), Some(expected));
            assert_eq!(golden.phones[0], "+819", "contact lists are newest first");
            assert_eq!(provenance[0].field, "name");
        };
        check(rule(SurvivorshipRule::MostRecent, &[]), "佐藤");
        check(rule(SurvivorshipRule::MostFrequent, &[]), "渡邊");
        check(rule(SurvivorshipRule::SourcePriority, &["shop", "app"]), "渡邊");
    }

    #[test]
    fn a_part_of_a_name_never_beats_a_whole_one() {
        let mut members = [member("support", 9, "佐藤", None, None), member("shop", 1, "佐藤", Some("花子"), None)];
        let (golden, _) = survive(&mut members, &Survivorship::default());
        assert_eq!(golden.given_name.as_deref(), Some("花子"));
    }
}
