//! Addresses.
//!
//! In: the text of an address field, and the postal code if the record has one. Out: an [`Address`]: its parts, one
//! canonical spelling, and a key. Prefecture, county and city may be missing (南区… is found by its town); widths,
//! hyphens, numerals, 大字 and 字, ヶ and ケ, old forms of kanji and former names of municipalities do not matter.
//!
//! Why not a service: matching needs the same answer every time, a few hundred thousand times a second. The dictionary
//! (`data/address.bin.zst`, sources in `data/README.address.md`) is unpacked on first use in some milliseconds and
//! takes 10 to 50 MB, by how many municipalities the data has.
//!
//! Limits: towns of one name in one ward of Kyoto differ by street or postal code only; without either, they have one
//! key, and [`Address::alternatives`] names them. A text
//! without municipality and prefecture is understood only with a postal code; 小字 that are not in the dictionary stay
//! as written.

mod alias;
mod building;
mod canonical;
mod dictionary;
mod fold;
mod former;
mod kyoto;
mod loose;
mod lot;
mod part;
mod partial;
mod phrase;
mod place;
mod postal;
mod prefix;
mod roles;
mod town;
mod write;

/// An address in parts. All parts are in one width; numbers are in ASCII digits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Address {
    /// 都道府県: 東京都.
    pub prefecture: Option<String>,
    /// 市区町村, with its county (余市郡余市町) or, for a ward, its city (横浜市南区).
    pub city: Option<String>,
    /// JIS X 0402 code of the municipality, five digits.
    pub city_code: Option<String>,
    /// 町 or 大字 as the dictionary spells it, without 丁目. With [`Problem::TownUnknown`], the words in the place of a
    /// town.
    pub town: Option<String>,
    /// 小字 and similar (第3地割, 東3線), without 字.
    pub koaza: Option<String>,
    /// The street name before a town of Kyoto: 烏丸通御池上る. For one of several towns of a name that only the postal code
    /// tells, a street of it.
    pub street: Option<String>,
    /// 丁目.
    pub chome: Option<u32>,
    /// 番地, or 番 (街区): 12, 甲123, 無番地.
    pub block: Option<String>,
    /// 号, or the branches of a 番地: 3, 3-4.
    pub number: Option<String>,
    /// Name of the building.
    pub building: Option<String>,
    /// Room or floor: 101, A-203, 3F.
    pub room: Option<String>,
    /// The postal code, 100-0005: the given one, else the one in the text, else the town's if it has only one.
    pub postal_code: Option<String>,
    /// The municipality code and folded name of the town: `13101:丸ノ内`. The same in every version of the dictionary.
    pub town_code: Option<String>,
    /// How far the address was understood.
    pub level: Level,
    /// The canonical spelling: 東京都千代田区丸の内1丁目2-3 ABCビル 101号室. Normalizing it gives it again.
    pub canonical: String,
    /// What was not understood. Nothing of the text is dropped.
    pub rest: String,
    /// The confidence, from 0 to 1.
    pub confidence: f32,
    /// What is wrong; of several problems, the gravest.
    pub problem: Option<Problem>,
    /// The text has a name of the past: a town that has another name today or was divided, or a former municipality.
    pub renamed: Option<Renamed>,
    /// The towns that are meant as well, likeliest first: those of today where a town was divided, those of one name in
    /// several municipalities. Empty where the address names one town.
    pub alternatives: Vec<Alternative>,
    /// Equal for two spellings of one address. It has the room, not the building. Empty for an empty text. Without a
    /// municipality it is a partial key ([`Address::is_partial`]), which has a `?` before everything after the prefecture,
    /// so that it never equals a full one.
    pub key: String,
}

impl Address {
    /// Whether the key is of a part of an address only, because the municipality is missing: two different places may
    /// have it.
    pub fn is_partial(&self) -> bool {
        self.city_code.is_none() && !self.key.is_empty()
    }
}

/// A name of the past in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// The former name: 岩井村新田, 浜松市中区.
    pub from: String,
    /// The month of the first list without it, as year and month; `None` where the source has none.
    pub since: Option<&'static str>,
    /// Who says so.
    pub source: &'static str,
}

/// A town that may be meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// As [`Address::town_code`]; for one of several towns of a name in a ward of Kyoto with `@` and its postal code.
    pub town_code: String,
    /// As [`Address::town`].
    pub town: String,
    /// The confidence, from 0 to 1. The sum may be below 1: it may be none of them.
    pub confidence: f32,
}

/// How far an address was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// The prefecture.
    Prefecture,
    /// The municipality.
    City,
    /// The town.
    Town,
    /// The 丁目.
    Chome,
    /// The 番地.
    Block,
    /// The 号 or a branch number.
    Number,
}

impl Level {
    /// The stable name: `none`, `prefecture`, `city`, `town`, `chome`, `block`, `number`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Prefecture => "prefecture",
            Level::City => "city",
            Level::Town => "town",
            Level::Chome => "chome",
            Level::Block => "block",
            Level::Number => "number",
        }
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// There is no text.
    Empty,
    /// It has no prefecture and no municipality.
    NotAnAddress,
    /// The prefecture is known, the municipality is not.
    CityUnknown,
    /// Several municipalities fit equally well; one of them is given.
    Ambiguous,
    /// The municipality is in another prefecture than the one in the text.
    PrefectureDisagrees,
    /// The postal code is of another town or municipality.
    PostalCodeDisagrees,
    /// The municipality is known, the town is not.
    TownUnknown,
}

impl Problem {
    /// The stable name, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Problem::Empty => "empty",
            Problem::NotAnAddress => "not_an_address",
            Problem::CityUnknown => "city_unknown",
            Problem::Ambiguous => "ambiguous",
            Problem::PrefectureDisagrees => "prefecture_disagrees",
            Problem::PostalCodeDisagrees => "postal_code_disagrees",
            Problem::TownUnknown => "town_unknown",
        }
    }
}

/// The month of the list of postal codes that the dictionary is built from, as year and month: `2026-10`. How stale the
/// dictionary is.
pub fn edition() -> &'static str {
    EDITION
}

/// Said here too, so that telling it does not unpack the dictionary; a test holds it to what the dictionary says.
const EDITION: &str = "2026-10";

/// Prefecture and municipality of a JIS X 0402 code of five digits: 神奈川県横浜市港北区 of 14109. `None` where there is none of today.
pub fn municipality(code: &str) -> Option<String> {
    let all = dictionary::dictionary();
    let city = all.cities.iter().find(|city| city.code_text == code)?;
    Some([all.prefecture(city.prefecture), city.name].concat())
}

/// Normalizes an address. `postal_code` is the record's own, in any spelling; it decides between municipalities that
/// fit equally well, and is compared with the text.
pub fn normalize(text: &str, postal_code: Option<&str>) -> Address {
    let (first, stable) = parse(text, postal_code.and_then(postal::parse));
    if stable {
        return first;
    }
    until_stable(text, first)
}

/// How often a canonical text may change before it is given up. A judgement: one round is usual.
const MAX_ROUNDS: usize = 6;

/// Normalizes the canonical text until it stays the same. The problem of the first parse still holds: the canonical
/// text has the prefecture and the municipality that were chosen.
fn until_stable(text: &str, first: Address) -> Address {
    let next = parse(&first.canonical, None).0;
    if next.canonical == first.canonical && next.key == first.key {
        return first;
    }
    let stable = fixed_point(&next.canonical, &next.key).or_else(|| fixed_point(&canonical::in_rest(&first), ""));
    let Some(mut stable) = stable else {
        let canonical: String = fold::fold(text).shown.into_iter().collect();
        let key = fold::key_string(&canonical);
        let problem = Some(Problem::NotAnAddress);
        return Address { rest: canonical.clone(), canonical, key, problem, ..Address::default() };
    };
    stable.postal_code = first.postal_code.or(stable.postal_code);
    (stable.renamed, stable.alternatives) = (first.renamed, first.alternatives);
    if first.problem != Some(Problem::NotAnAddress) {
        stable.problem = first.problem.or(stable.problem);
        stable.confidence = first.confidence.min(stable.confidence);
    }
    stable
}

/// The first address on the way from `canonical` that parses to itself.
fn fixed_point(canonical: &str, key: &str) -> Option<Address> {
    let (mut canonical, mut key) = (canonical.to_owned(), key.to_owned());
    for _ in 0..MAX_ROUNDS {
        let next = parse(&canonical, None).0;
        if next.canonical == canonical && next.key == key {
            return Some(next);
        }
        (canonical, key) = (next.canonical, next.key);
    }
    None
}

/// Parses the text once. Also whether its canonical text certainly parses to the same address.
fn parse(text: &str, given: Option<u32>) -> (Address, bool) {
    let mut folded = fold::fold(text);
    if folded.shown.is_empty() {
        return (Address { problem: Some(Problem::Empty), ..Address::default() }, true);
    }
    let mut in_text = None;
    if folded.shown.iter().take(1).any(char::is_ascii_digit) || folded.shown.contains(&'〒') {
        let mut shown = folded.shown.clone();
        if let Some(code) = postal::take(&mut shown) {
            in_text = Some(code);
            folded = fold::fold_shown(shown);
        }
    }
    if folded.maybe_remark {
        let mut shown = std::mem::take(&mut folded.shown);
        phrase::remove(&mut shown);
        folded = fold::fold_shown(shown);
    }
    let code = given.or(in_text);
    let place = place::find(&folded, code);
    write::address(&folded, &place, code)
}

#[cfg(test)]
mod tests;
