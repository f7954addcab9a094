//! The lists that people, places and goods are drawn from, parsed once from the files of `data/`.

use super::draw::Draw;
use crate::error::{Error, Result};

/// A family name of the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    pub(super) kanji: &'static str,
    pub(super) kana: &'static str,
}

/// A given name of the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    pub(super) kanji: &'static str,
    pub(super) kana: &'static str,
}

/// A city with its towns.
#[derive(Debug)]
pub(super) struct City {
    pub(super) prefecture: &'static str,
    pub(super) name: &'static str,
    pub(super) area_code: &'static str,
    /// The store here, if there is one.
    pub(super) store: Option<usize>,
    pub(super) towns: Vec<Town>,
}

/// A town with its postal code.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) postal: &'static str,
    pub(super) name: &'static str,
    /// The highest chōme; 0 for a town that counts lots instead.
    pub(super) chome: u32,
}

/// A product of the chain.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) price: u32,
}

/// An errand: products that are bought together.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) name: &'static str,
    pub(super) products: Vec<Product>,
    weights: Vec<u32>,
}

impl Errand {
    /// A product of the errand, by weight.
    pub(super) fn product(&self, draw: &mut Draw) -> &Product {
        &self.products[draw.by_weight(&self.weights)]
    }
}

/// All lists.
pub(super) struct Lists {
    pub(super) families: Vec<Family>,
    family_totals: Vec<u32>,
    given: [GivenNames; 2],
    pub(super) cities: Vec<City>,
    city_totals: Vec<u32>,
    /// Index of the city of each store.
    pub(super) stores: Vec<usize>,
    pub(super) errands: Vec<Errand>,
}

struct GivenNames {
    names: Vec<Given>,
    totals: [Vec<u32>; 11],
}

impl Lists {
    /// Parses the embedded lists.
    pub(super) fn load() -> Result<Self> {
        let (families, family_totals) = families(include_str!("../data/families.tsv"))?;
        let given = include_str!("../data/given_names.tsv");
        let (cities, city_totals) = cities(include_str!("../data/towns.tsv"))?;
        let stores = (0..cities.len()).filter(|at| cities[*at].store.is_some()).collect();
        let errands = errands(include_str!("../data/products.tsv"))?;
        Ok(Lists {
            families,
            family_totals,
            given: [given_names(given, "m")?, given_names(given, "f")?],
            cities,
            city_totals,
            stores,
            errands,
        })
    }

    /// A family name, as frequent as in the country.
    pub(super) fn family(&self, draw: &mut Draw) -> Family {
        self.families[draw.by_total(&self.family_totals)]
    }

    /// A given name as children of that year and sex got it.
    pub(super) fn given(&self, draw: &mut Draw, female: bool, year: i32) -> Given {
        let names = &self.given[usize::from(female)];
        let decade = ((year - 1920).max(0) / 10).min(10) as usize;
        names.names[draw.by_total(&names.totals[decade])]
    }

    /// A city: mostly where the stores are.
    pub(super) fn city(&self, draw: &mut Draw) -> usize {
        draw.by_total(&self.city_totals)
    }
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with("# ")).map(|line| line.split('\t').collect())
}

fn bad(list: &str) -> Error {
    Error::Bug(format!("the embedded list {list} is malformed"))
}

fn families(text: &'static str) -> Result<(Vec<Family>, Vec<u32>)> {
    let (mut names, mut totals, mut total) = (Vec::new(), Vec::new(), 0);
    for row in rows(text) {
        let [kanji, kana, weight] = row[..] else { return Err(bad("families.tsv")) };
        total += weight.parse::<u32>().map_err(|_| bad("families.tsv"))?;
        names.push(Family { kanji, kana });
        totals.push(total);
    }
    Ok((names, totals))
}

fn given_names(text: &'static str, wanted: &str) -> Result<GivenNames> {
    let mut powers = [0u32; 27];
    let mut power = 4.0;
    for step in powers.iter_mut().skip(1) {
        *step = power as u32;
        power *= 1.5;
    }
    let mut names = Vec::new();
    let mut totals: [Vec<u32>; 11] = Default::default();
    for row in rows(text) {
        let [kanji, kana, sex, profile] = row[..] else { return Err(bad("given_names.tsv")) };
        if sex != wanted {
            continue;
        }
        names.push(Given { kanji, kana });
        for (total, letter) in totals.iter_mut().zip(profile.bytes()) {
            let step = if letter == b'-' { 0 } else { usize::from(letter.wrapping_sub(b'a')) + 1 };
            let weight = powers.get(step).ok_or_else(|| bad("given_names.tsv"))?;
            total.push(total.last().copied().unwrap_or(0) + weight);
        }
    }
    Ok(GivenNames { names, totals })
}

fn cities(text: &'static str) -> Result<(Vec<City>, Vec<u32>)> {
    let mut cities: Vec<City> = Vec::new();
    let mut weights: Vec<(bool, u64)> = Vec::new();
    let mut stores = 0;
    for row in rows(text) {
        match row[..] {
            [prefecture, name, area_code, kind, weight] => {
                let store = (kind == "store").then(|| {
                    stores += 1;
                    stores - 1
                });
                weights.push((store.is_some(), weight.parse().map_err(|_| bad("towns.tsv"))?));
                let prefecture = prefecture.trim_start_matches('#');
                cities.push(City { prefecture, name, area_code, store, towns: Vec::new() });
            }
            [postal, name, chome] => {
                let chome = chome.parse().map_err(|_| bad("towns.tsv"))?;
                cities.last_mut().ok_or_else(|| bad("towns.tsv"))?.towns.push(Town { postal, name, chome });
            }
            _ => return Err(bad("towns.tsv")),
        }
    }
    // Seven in ten customers live where the stores are; the others, by prefecture's population, order online.
    let sum = |store: bool| weights.iter().filter(|(is, _)| *is == store).map(|(_, weight)| weight).sum::<u64>().max(1);
    let (near, far) = (sum(true), sum(false));
    let mut total = 0;
    let totals = weights.iter().map(|(is, weight)| {
        total += (if *is { weight * 70_000_000 / near } else { weight * 30_000_000 / far }) as u32;
        total
    });
    let totals = totals.collect();
    Ok((cities, totals))
}

fn errands(text: &'static str) -> Result<Vec<Errand>> {
    let mut errands: Vec<Errand> = Vec::new();
    for row in rows(text) {
        let [code, name, errand, price, weight] = row[..] else { return Err(bad("products.tsv")) };
        if errands.last().is_none_or(|last| last.name != errand) {
            errands.push(Errand { name: errand, products: Vec::new(), weights: Vec::new() });
        }
        let price = price.parse().map_err(|_| bad("products.tsv"))?;
        let weight = weight.parse().map_err(|_| bad("products.tsv"))?;
        if let Some(last) = errands.last_mut() {
            last.products.push(Product { code, name, price });
            last.weights.push(weight);
        }
    }
    Ok(errands)
}

#[cfg(test)]
mod tests {
    use super::super::draw::Purpose;
    use super::*;

    #[test]
    fn lists_are_large_and_weighted() {
        let lists = Lists::load().expect("the embedded lists parse");
        assert!(lists.families.len() > 5000);
        assert!(lists.given.iter().all(|names| names.names.len() >= 3000));
        assert_eq!(lists.stores.len(), 40);
        assert!(lists.errands.iter().map(|errand| errand.products.len()).sum::<usize>() >= 60);
        let mut draw = Draw::new(1, Purpose::Test, 0);
        let sato = (0..100_000).filter(|_| lists.family(&mut draw).kanji == "佐藤").count();
        assert!((1200..2400).contains(&sato), "{sato}");
    }

    #[test]
    fn given_names_follow_the_decade() {
        let lists = Lists::load().expect("the embedded lists parse");
        let mut draw = Draw::new(1, Purpose::Test, 0);
        let mut share = |year| (0..5000).filter(|_| lists.given(&mut draw, true, year).kanji.ends_with('子')).count();
        assert!(share(1945) > 3000);
        assert!(share(2012) < 700);
    }
}
