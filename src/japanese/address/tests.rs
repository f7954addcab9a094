//! Every town of the dictionary, a part of them at a time, under the spellings that people use.

use super::dictionary::{City, Town, dictionary};
use super::{Problem, fold, normalize};

/// One town in so many is tested; the whole dictionary takes half a minute.
const STEP: usize = 23;

fn towns() -> impl Iterator<Item = (&'static City, &'static Town)> {
    dictionary().cities.iter().flat_map(|c| c.towns().list.iter().map(move |t| (c, t))).step_by(STEP)
}

/// Runs `spell` over the towns. At most `allowed` of 100,000 may lead elsewhere without being
/// reported as ambiguous.
fn meet(allowed: usize, spell: fn(&City, &Town) -> Option<String>) {
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

/// A lot as the town has it.
fn lot(town: &Town) -> String {
    match (1..100).find(|&n| town.chome >> n & 1 == 1) {
        Some(n) => format!("{n}丁目2番3号"),
        None => "23番地4".to_owned(),
    }
}

fn prefecture(city: &City) -> &'static str {
    dictionary().prefecture(city.prefecture)
}

#[test]
fn in_full() {
    meet(20, |c, t| Some(format!("{}{}{}{}", prefecture(c), c.name, t.name, lot(t))));
}

#[test]
fn without_number() {
    meet(20, |c, t| Some(format!("{}{}{}", prefecture(c), c.name, t.name)));
}

#[test]
fn without_prefecture_in_spaces() {
    meet(20, |c, t| Some(format!("{}　{} {}", c.name, t.name, lot(t).replace("番地", "-"))));
}

#[test]
fn without_county() {
    meet(20, |c, t| {
        let (_, name) = c.name.split_once('郡').filter(|(_, n)| n.chars().count() > 1 && n.ends_with(['町', '村']))?;
        Some(format!("{}{}{}{}", prefecture(c), name, t.name, lot(t)))
    });
}

#[test]
fn without_oaza_in_other_letters() {
    meet(60, |c, t| {
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
    // Some towns are in the same ward of two cities: 新堀町 in 北区 of 名古屋 and of 堺.
    meet(300, |c, t| {
        let (_, ward) = c.name.split_once('市').filter(|(_, ward)| ward.ends_with('区'))?;
        Some(format!("{ward}{}{}", t.name, lot(t)))
    });
}

#[test]
fn only_the_city_of_the_ward() {
    meet(100, |c, t| {
        let (parent, _) = c.name.split_once('市').filter(|(_, ward)| ward.ends_with('区'))?;
        Some(format!("{}{parent}市{}{}", prefecture(c), t.name, lot(t)))
    });
}

#[test]
fn koaza_are_found() {
    let (mut all, mut wrong) = (0, Vec::new());
    for (city, town) in towns() {
        let Some(name) = town.koaza_names().next() else { continue };
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
