//! Towns of the dictionary in the spellings that people use.
//!
//! In: every [`STEP`]th town, spelled in one way. Out: a failure if too many are not normalized to that town. Why a
//! share and not all: some spellings are those of another town too.

use super::dictionary::{City, Town, dictionary};
use super::{Problem, fold, normalize};

/// One town in so many is tested: all of them take half a minute.
const STEP: usize = 23;

fn towns() -> impl Iterator<Item = (&'static City, &'static Town)> {
    all_towns().step_by(STEP)
}

/// The towns of today.
fn all_towns() -> impl Iterator<Item = (&'static City, &'static Town)> {
    let towns = |c: &'static City| c.towns().list.iter().filter(|t| t.former.is_none()).map(move |t| (c, t));
    dictionary().cities.iter().flat_map(towns)
}

/// Normalizes the towns as `spell` writes them. At most `allowed` of 100,000 may be another town without being
/// ambiguous; the bounds are judgements.
fn check(allowed: usize, spell: fn(&City, &Town) -> Option<String>) {
    let (mut all, mut wrong) = (0, Vec::new());
    for (city, town) in towns() {
        let Some(text) = spell(city, town) else { continue };
        all += 1;
        let got = normalize(&text, None);
        let same_city = got.city_code.as_deref() == Some(city.code_text);
        let same_town = got.town_code.as_deref() == Some(&*town.code);
        if !(same_city && same_town) && got.problem != Some(Problem::Ambiguous) {
            wrong.push(format!("{text}: {}", got.canonical));
        }
    }
    assert!(all > 300, "{all}");
    assert!(wrong.len() * 100_000 <= allowed * all, "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
}

/// A lot of a form that the town has.
fn lot(town: &Town) -> String {
    match (1..100).find(|&n| town.chome >> n & 1 == 1) {
        Some(n) => format!("{n}丁目2番3号"),
        None => "23番地4".to_owned(),
    }
}

fn prefecture(city: &City) -> &'static str {
    dictionary().prefecture(city.prefecture)
}

/// What is wrong with the town of a text, if anything.
fn wrong_town(text: &str, code: &str, postal: Option<&str>) -> Option<String> {
    let got = normalize(text, postal);
    let right = got.town_code.as_deref() == Some(code) && got.problem.is_none();
    (!right).then(|| format!("{text}: {:?} {:?}, not {code}", got.town_code, got.problem))
}

#[test]
fn every_town_is_found_alone_and_in_a_full_address() {
    let all: Vec<_> = all_towns().collect();
    assert!(all.len() > 125_000, "{}", all.len());
    let halves = all.chunks(all.len().div_ceil(2));
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = halves.map(|half| scope.spawn(move || wrong_among(half))).collect();
        workers.into_iter().flat_map(|w| w.join().expect("no test panics inside")).collect()
    });
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

fn wrong_among(towns: &[(&City, &Town)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (c, t) in towns {
        let alone = format!("{}{}{}", prefecture(c), c.name, t.name);
        let mut postal = None;
        t.postal_codes(|code, _| postal = Some(format!("{code:07}")));
        wrong.extend(wrong_town(&alone, &t.code, None));
        wrong.extend(wrong_town(&format!("{alone}{}", lot(t)), &t.code, postal.as_deref()));
    }
    wrong
}

/// Every line of the history: the former name has the key of today's, or names the towns of today.
#[test]
fn every_former_town_leads_to_those_of_today() {
    let (mut all, mut wrong) = (0, Vec::new());
    for line in include_str!("../../data/address_history.tsv").lines().filter(|l| l.starts_with("town")) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [_, code, _, former, since, today @ ..] = fields.as_slice() else { panic!("{line}") };
        let city = dictionary().cities.iter().find(|c| c.code_text == *code).expect("a municipality of today");
        let key = |town: &str| normalize(&format!("{}{}{town}12番地3", prefecture(city), city.name), None);
        let got = key(former);
        all += 1;
        let renamed = got.renamed.as_ref().is_some_and(|r| r.since == Some(since));
        let right = match today {
            [one] if !one.contains('=') => (renamed || fold::key(former) == fold::key(one)) && got.key == key(one).key,
            _ => renamed && !got.alternatives.is_empty() && got.confidence < 0.8,
        };
        if !right {
            wrong.push(format!("{line}: {} {:?}", got.key, got.renamed));
        }
    }
    assert!(all > 90, "{all}");
    assert!(wrong.is_empty(), "{} of {all}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn in_full() {
    check(20, |c, t| Some(format!("{}{}{}{}", prefecture(c), c.name, t.name, lot(t))));
}

#[test]
fn without_number() {
    check(20, |c, t| Some(format!("{}{}{}", prefecture(c), c.name, t.name)));
}

#[test]
fn without_prefecture_in_spaces() {
    check(20, |c, t| Some(format!("{}　{} {}", c.name, t.name, lot(t).replace("番地", "-"))));
}

#[test]
fn without_county() {
    check(20, |c, t| {
        let (_, name) = c.name.split_once('郡').filter(|(_, n)| n.chars().count() > 1 && n.ends_with(['町', '村']))?;
        Some(format!("{}{}{}{}", prefecture(c), name, t.name, lot(t)))
    });
}

#[test]
fn without_oaza_in_other_letters() {
    check(60, |c, t| {
        let name = t.name.trim_start_matches("大字").trim_start_matches('字');
        let swapped: String = name
            .chars()
            .map(|c| match c {
                'ケ' | 'ヶ' => 'が',
                'ノ' => 'の',
                'ツ' => 'ッ',
                '沢' => '澤',
                '竜' => '龍',
                '条' => '條',
                '浜' => '濱',
                other => other,
            })
            .collect();
        Some(format!("{}{}{swapped}{}", prefecture(c), c.name, lot(t)))
    });
}

#[test]
fn only_the_ward() {
    // Some towns are in wards of one name in two cities: 新堀町 in 北区 of 名古屋 and of 堺.
    check(300, |c, t| {
        let (_, ward) = c.name.split_once('市').filter(|(_, ward)| ward.ends_with('区'))?;
        Some(format!("{ward}{}{}", t.name, lot(t)))
    });
}

#[test]
fn only_the_city_of_the_ward() {
    check(100, |c, t| {
        let (parent, _) = c.name.split_once('市').filter(|(_, ward)| ward.ends_with('区'))?;
        Some(format!("{}{parent}市{}{}", prefecture(c), t.name, lot(t)))
    });
}

#[test]
fn koaza_are_found() {
    let (mut all, mut wrong) = (0, Vec::new());
    for (city, town) in towns() {
        let Some(name) = town.koaza_names().find(|n| !n.starts_with('=')) else { continue };
        all += 1;
        let text = format!("{}{}字{name}12-3", city.name, town.name);
        let got = normalize(&text, None);
        let key = format!("{}/{}|12-3", town.code, fold::key_string(name.trim_start_matches('字')));
        if got.key != key && got.problem.is_none() {
            wrong.push(format!("{text}: {}", got.key));
        }
    }
    assert!(all > 200 && wrong.len() * 100 <= all * 5, "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_edition_is_that_of_the_dictionary() {
    assert_eq!(super::edition(), super::dictionary::dictionary().edition);
}
