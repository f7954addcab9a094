//! Addresses: any spelling of a Japanese address in, its parts and one canonical spelling out.
//!
//! In: the text of an address field, and the postal code if the record has one. Out: an
//! [`Address`]. Prefecture, county and city may be missing (南区… is found by its town); widths,
//! hyphens, numerals, 大字 and 字, ヶ and ケ, old forms of kanji and names of the past do not matter.
//!
//! Why here and not in a service: matching needs the same answer every time, a few hundred thousand
//! times a second. The dictionary (`data/address.bin.zst`, sources in `data/README.address.md`) is unpacked
//! on first use in some milliseconds and takes 10 to 50 MB, by how much of the country is met.
//!
//! Limits: towns of one name in one ward of Kyoto are told apart by street or postal code only, the
//! key does not; a text that omits both municipality and prefecture is understood only with a
//! postal code; 小字 that the dictionary lacks are taken as written.

mod building;
mod dictionary;
mod fold;
mod kyoto;
mod loose;
mod lot;
mod part;
mod place;
mod postal;
mod prefix;
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
    /// 町 or 大字 as the dictionary spells it, without 丁目. With [`Problem::TownUnknown`], the words
    /// that stand where the town should.
    pub town: Option<String>,
    /// 小字 and the like (第3地割, 東3線), without 字.
    pub koaza: Option<String>,
    /// Street name before a town of Kyoto: 烏丸通御池上る.
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
    /// Postal code 100-0005: the one given, else the one in the text, else the town's if it has one only.
    pub postal_code: Option<String>,
    /// Municipality code and folded name of the town: `13101:丸ノ内`. Stable between dictionaries.
    pub town_code: Option<String>,
    /// How far the address was understood.
    pub level: Level,
    /// One spelling for all: 東京都千代田区丸の内1丁目2-3 ABCビル 101号室. Normalizing it again gives it again.
    pub canonical: String,
    /// What was not understood. Nothing of the text is dropped.
    pub rest: String,
    /// How sure this is, 0 to 1.
    pub confidence: f32,
    /// What is wrong, the gravest first.
    pub problem: Option<Problem>,
    /// The same for two spellings of one address; has no building, only its room. Empty for an empty text.
    pub key: String,
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
    /// No prefecture and no municipality is in it.
    NotAnAddress,
    /// The prefecture is known, the municipality is not.
    CityUnknown,
    /// Several municipalities fit equally well; one of them is given.
    Ambiguous,
    /// The municipality is in another prefecture than the text says.
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

/// Normalizes an address. `postal_code` is the record's own, in any spelling; it decides between
/// municipalities that fit equally well, and is compared with what the text says.
pub fn normalize(text: &str, postal_code: Option<&str>) -> Address {
    let (first, settled) = once(text, postal_code.and_then(postal::parse));
    if settled {
        return first;
    }
    settle(text, first)
}

/// Times that a canonical text may change before it is given up.
const ROUNDS: usize = 6;

/// Normalizes the canonical text until it stays. What the first reading found wrong still holds:
/// the canonical text names the prefecture and the municipality that were chosen.
fn settle(text: &str, first: Address) -> Address {
    let next = once(&first.canonical, None).0;
    if next.canonical == first.canonical && next.key == first.key {
        return first;
    }
    let settled = fixed_point(&next.canonical, &next.key).or_else(|| fixed_point(&write::in_rest(&first), ""));
    let Some(mut settled) = settled else {
        let canonical: String = fold::fold(text).shown.into_iter().collect();
        let key = fold::key_string(&canonical);
        let problem = Some(Problem::NotAnAddress);
        return Address { rest: canonical.clone(), canonical, key, problem, ..Address::default() };
    };
    settled.postal_code = first.postal_code.or(settled.postal_code);
    if first.problem != Some(Problem::NotAnAddress) {
        settled.problem = first.problem.or(settled.problem);
        settled.confidence = first.confidence.min(settled.confidence);
    }
    settled
}

/// The address whose canonical text is read as that address.
fn fixed_point(canonical: &str, key: &str) -> Option<Address> {
    let (mut canonical, mut key) = (canonical.to_owned(), key.to_owned());
    for _ in 0..ROUNDS {
        let next = once(&canonical, None).0;
        if next.canonical == canonical && next.key == key {
            return Some(next);
        }
        (canonical, key) = (next.canonical, next.key);
    }
    None
}

/// One reading of the text, and whether its canonical text is sure to be read the same way.
fn once(text: &str, given: Option<u32>) -> (Address, bool) {
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
    let code = given.or(in_text);
    let place = place::find(&folded, code);
    write::address(&folded, &place, code)
}

#[cfg(test)]
mod tests;
