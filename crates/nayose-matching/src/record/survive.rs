//! Survivorship: the best values of a person's records.
//!
//! In: the standardized records of one person, the rules of the pipeline file. Out: which of their values the golden person has, and
//! for each field the record and the rule that it came from. Values stay where they are. Names are chosen family and given
//! together, an address as a whole: a golden record never mixes two addresses.

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

/// An item of a list: where the caller has it, and what it says.
pub type Item<T> = (u32, T);

/// A record of the person: of its values those that decide, where they lie.
#[derive(Clone, Debug, Default)]
pub struct Member<'a> {
    /// Where the caller has the record.
    pub row: u32,
    /// Channel.
    pub channel: &'a str,
    /// Id within the channel.
    pub record_id: &'a str,
    /// Newest time of the record.
    pub last_seen: Option<i64>,
    /// Family and given name.
    pub name: [Option<&'a str>; 2],
    /// The same in katakana.
    pub kana: [Option<&'a str>; 2],
    /// Birth date, days since 1970-01-01.
    pub birth_date: Option<i32>,
    /// Sex.
    pub sex: Option<&'a str>,
    /// The address in one line, or its postal code.
    pub address: Option<&'a str>,
    /// Whether its town is known.
    pub has_town: bool,
    /// Phones.
    pub phones: Vec<Item<&'a str>>,
    /// Mail addresses.
    pub emails: Vec<Item<&'a str>>,
    /// Identifiers: kind, key, whether the check digit holds.
    pub identifiers: Vec<Item<(&'a str, &'a str, Option<bool>)>>,
    /// Other declared attributes, by name.
    pub extra: Vec<Item<(&'a str, &'a str)>>,
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

/// What survives of the records of a person: the rows of the records whose value it is, and the items of lists, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survivors {
    /// Of the name.
    pub name: Option<u32>,
    /// Of the name in katakana.
    pub kana: Option<u32>,
    /// Of the birth date.
    pub birth_date: Option<u32>,
    /// Of the sex.
    pub sex: Option<u32>,
    /// Of the postal code and all parts of the address.
    pub address: Option<u32>,
    /// Phones, each once.
    pub phones: Vec<u32>,
    /// Mail addresses, each once.
    pub emails: Vec<u32>,
    /// Identifiers, each once.
    pub identifiers: Vec<u32>,
    /// Other attributes, each value once.
    pub extra: Vec<u32>,
    /// Where all of it came from.
    pub provenance: Vec<Provenance>,
}

/// What survives of some records. `members` is sorted newest first, so that the answer does not depend on the order in which they
/// come.
pub fn survive(members: &mut [Member<'_>], rules: &Survivorship) -> Survivors {
    members.sort_by(|a, b| {
        b.last_seen.cmp(&a.last_seen).then_with(|| (a.channel, a.record_id).cmp(&(b.channel, b.record_id)))
    });
    let mut golden = Survivors::default();
    let mut provenance = Vec::new();
    let mut from = |field, chosen: Option<(usize, &'static str)>| {
        let (member, rule) = chosen?;
        provenance.push(Provenance { field, member, rule });
        Some(members[member].row)
    };
    // A whole name before a part of one, whatever the rule.
    golden.name = from("name", choose_whole(members, &rules.name, |m| whole_name(m.name)));
    golden.kana = from("kana", choose_whole(members, &rules.kana, |m| whole_name(m.kana)));
    golden.birth_date = from("birth_date", choose(members, &rules.birth_date, |m| m.birth_date));
    golden.sex = from("sex", choose(members, &rules.sex, |m| m.sex));
    golden.address =
        from("address", choose_whole(members, &rules.address, |m| m.address.map(|line| (m.has_town, line))));
    golden.phones = union(members, |m| &m.phones, "phones", &mut provenance);
    golden.emails = union(members, |m| &m.emails, "emails", &mut provenance);
    golden.identifiers = union(members, |m| &m.identifiers, "identifiers", &mut provenance);
    golden.extra = union(members, |m| &m.extra, "extra", &mut provenance);
    golden.provenance = provenance;
    golden
}

/// A name, and whether both of its parts are known.
fn whole_name([family, given]: [Option<&str>; 2]) -> Option<(bool, Name<'_>)> {
    family.map(|family| (given.is_some(), Name { family, given: given.unwrap_or_default() }))
}

/// Every value of a list field, newest first, each once; its provenance is the record of the first.
fn union<'a, T: Copy + PartialEq>(
    members: &[Member<'a>],
    of: impl for<'m> Fn(&'m Member<'a>) -> &'m Vec<Item<T>>,
    field: &'static str,
    provenance: &mut Vec<Provenance>,
) -> Vec<u32> {
    let mut all: Vec<Item<T>> = Vec::new();
    for (member, record) in members.iter().enumerate() {
        for item in of(record) {
            if all.is_empty() {
                provenance.push(Provenance { field, member, rule: "all_values" });
            }
            if !all.iter().any(|(_, value)| *value == item.1) {
                all.push(*item);
            }
        }
    }
    all.into_iter().map(|(place, _)| place).collect()
}

/// [`choose`] among the members whose value is whole; among all of them where none is.
fn choose_whole<'a, T: Copy + PartialEq + Length>(
    members: &[Member<'a>],
    rule: &FieldSurvivorship,
    value: impl Fn(&Member<'a>) -> Option<(bool, T)>,
) -> Option<(usize, &'static str)> {
    choose(members, rule, |m| value(m).filter(|(whole, _)| *whole).map(|(_, value)| value))
        .or_else(|| choose(members, rule, |m| value(m).map(|(_, value)| value)))
}

/// The member whose value survives, with the name of the rule. Members come newest first, and ties fall to the first.
fn choose<'a, T: Copy + PartialEq + Length>(
    members: &[Member<'a>],
    rule: &FieldSurvivorship,
    value: impl Fn(&Member<'a>) -> Option<T>,
) -> Option<(usize, &'static str)> {
    let values = || members.iter().enumerate().filter_map(|(member, of)| Some((member, value(of)?)));
    let first_max = |score: &dyn Fn(&(usize, T)) -> usize| {
        let scored = values().map(|v| (score(&v), v.0));
        scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, member)| member)
    };
    let chosen = match rule.rule {
        SurvivorshipRule::MostRecent => values().next().map(|v| v.0),
        SurvivorshipRule::MostFrequent => first_max(&|v| values().filter(|w| w.1 == v.1).count()),
        SurvivorshipRule::Longest => first_max(&|v| v.1.length()),
        SurvivorshipRule::SourcePriority => {
            let place = |channel: &str| rule.priority.iter().position(|p| p == channel).unwrap_or(rule.priority.len());
            first_max(&|v| rule.priority.len() - place(members[v.0].channel))
        }
    };
    chosen.map(|member| (member, rule.rule.name()))
}

/// A name as it is written: family name, a space, given name.
#[derive(Clone, Copy)]
struct Name<'a> {
    family: &'a str,
    given: &'a str,
}

impl Name<'_> {
    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.family.bytes().chain([b' ']).chain(self.given.bytes())
    }
}

/// Two names are the same where they are written the same, wherever one part ends.
impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().eq(other.bytes())
    }
}

/// How long a value is, for the rule `longest`.
trait Length {
    fn length(&self) -> usize;
}

impl Length for &str {
    fn length(&self) -> usize {
        self.chars().count()
    }
}

impl Length for Name<'_> {
    fn length(&self) -> usize {
        self.family.length() + 1 + self.given.length()
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

    /// A record whose row is its time.
    fn member<'a>(
        channel: &'a str,
        last_seen: u32,
        family: &'a str,
        given: Option<&'a str>,
        birth: Option<i32>,
    ) -> Member<'a> {
        Member {
            row: last_seen,
            channel,
            record_id: channel,
            last_seen: Some(last_seen.into()),
            name: [Some(family), given],
            birth_date: birth,
            phones: vec![(last_seen, channel)],
            ..Member::default()
        }
    }

    fn rule(rule: SurvivorshipRule, priority: &[&str]) -> FieldSurvivorship {
        FieldSurvivorship { rule, priority: priority.iter().map(|p| p.to_string()).collect() }
    }

    #[test]
    fn each_rule_chooses_its_value() {
        let check = |name: FieldSurvivorship, expected: u32| {
            let mut members = [
                member("shop", 1, "渡邊", Some("花子"), Some(10)),
                member("app", 3, "佐藤", Some("花子"), Some(10)),
                member("card", 2, "渡邊", Some("花子"), Some(11)),
                member("support", 9, "佐藤", None, None),
                member("till", 0, "勅使河原", Some("花子"), None),
            ];
            let rules =
                Survivorship { name, birth_date: rule(SurvivorshipRule::MostFrequent, &[]), ..Default::default() };
            let golden = survive(&mut members, &rules);
            assert_eq!((golden.name, golden.birth_date), (Some(expected), Some(3)));
            assert_eq!(golden.phones, [9, 3, 2, 1, 0], "contact lists are newest first");
            assert_eq!(golden.provenance[0].field, "name");
            assert_eq!(members[golden.provenance[0].member].row, expected);
        };
        check(rule(SurvivorshipRule::MostRecent, &[]), 3);
        check(rule(SurvivorshipRule::MostFrequent, &[]), 2);
        check(rule(SurvivorshipRule::SourcePriority, &["shop", "app"]), 1);
        check(rule(SurvivorshipRule::SourcePriority, &["support", "app"]), 3);
        check(rule(SurvivorshipRule::SourcePriority, &["web"]), 3);
        check(rule(SurvivorshipRule::Longest, &[]), 0);
    }

    #[test]
    fn a_part_of_a_name_never_beats_a_whole_one() {
        let mut members = [member("support", 9, "佐藤", None, None), member("shop", 1, "佐藤", Some("花子"), None)];
        assert_eq!(survive(&mut members, &Survivorship::default()).name, Some(1));
        assert_eq!(survive(&mut members[..1], &Survivorship::default()).name, Some(9));
    }

    #[test]
    fn a_value_is_there_once_and_comes_from_the_newest_record_that_has_it() {
        let with = |row: u32, phones: &[&'static str]| Member {
            row,
            last_seen: Some(row.into()),
            phones: phones.iter().zip(10 * row..).map(|(phone, place)| (place, *phone)).collect(),
            address: Some("東京都"),
            has_town: row == 1,
            ..Member::default()
        };
        let mut members = [with(1, &["a", "b"]), with(2, &["b", "c", "b"]), with(3, &[])];
        let golden = survive(&mut members, &Survivorship::default());
        assert_eq!((golden.phones, golden.address, golden.name), (vec![20, 21, 10], Some(1), None));
        let of_phones = Provenance { field: "phones", member: 1, rule: "all_values" };
        assert_eq!(golden.provenance, [Provenance { field: "address", member: 2, rule: "most_recent" }, of_phones]);
    }
}
