//! Where people live, and how an address is written.
//!
//! In: a draw. Out: a place in a real town with an invented number, and its text in the habits of a person and a channel.

use super::calendar::digits;
use super::draw::{Draw, mix};
use super::lists::{City, Lists, Town};
use super::rates;
use super::spelling::full_width;

/// A home: a town of the list, the numbers, and the flat if it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) city: usize,
    pub(super) town: usize,
    chome: u32,
    block: u32,
    number: u32,
    flat: Option<Flat>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Flat {
    building: String,
    room: u32,
}

impl Address {
    /// A home in a city; `flat` says how likely it is one.
    pub(super) fn draw(lists: &Lists, draw: &mut Draw, city: usize, flat: f64) -> Address {
        let towns = &lists.cities[city].towns;
        let town = draw.below(towns.len() as u32) as usize;
        let chome = match towns[town].chome {
            0 => 0,
            highest => draw.below(highest) + 1,
        };
        if draw.chance(flat) {
            // A town has some dozens of apartment houses, so that strangers share a building.
            let house =
                mix((city as u64) << 32 | (town as u64) << 16 | u64::from(chome) << 8 | u64::from(draw.below(24)));
            let (block, number) = numbers(chome, house);
            let floors = 2 + (house >> 40) % 9;
            let room = (draw.below(floors as u32) + 1) * 100 + draw.below(8) + 1;
            let flat = Some(Flat { building: building_name(house >> 8, towns[town].name), room });
            return Address { city, town, chome, block, number, flat };
        }
        let (block, number) = numbers(chome, draw.bits());
        Address { city, town, chome, block, number, flat: None }
    }

    fn place<'a>(&self, lists: &'a Lists) -> (&'a City, &'a Town) {
        let city = &lists.cities[self.city];
        (city, &city.towns[self.town])
    }

    /// The telephone area code of the place.
    pub(super) fn area_code(&self, lists: &Lists) -> &'static str {
        lists.cities[self.city].area_code
    }
}

fn numbers(chome: u32, key: u64) -> (u32, u32) {
    let key = mix(key);
    if chome > 0 {
        (1 + (key % 28) as u32, 1 + ((key >> 20) % 24) as u32)
    } else {
        // Lots: larger numbers, often with a branch.
        let lot = 1 + (key % 2400) as u32;
        (lot, if (key >> 40).is_multiple_of(3) { 0 } else { 1 + ((key >> 20) % 12) as u32 })
    }
}

fn building_name(key: u64, town: &str) -> String {
    const FRONT: [&str; 18] = [
        "コーポ",
        "メゾン",
        "ハイツ",
        "グランド",
        "サン",
        "パーク",
        "グリーン",
        "ロイヤル",
        "シティ",
        "レジデンス",
        "ヴィラ",
        "フラワー",
        "セントラル",
        "プラザ",
        "エスポワール",
        "第一",
        "第２",
        "ニュー",
    ];
    const STEM: [&str; 24] = [
        "山田",
        "佐藤",
        "すみれ",
        "さくら",
        "ひまわり",
        "富士",
        "若葉",
        "平和",
        "青葉",
        "ハイム",
        "コート",
        "パレス",
        "ヒルズ",
        "ハウス",
        "タウン",
        "フォレスト",
        "カーサ",
        "ドルチェ",
        "ベル",
        "リバー",
        "光",
        "松風",
        "みどり",
        "フローラ",
    ];
    const BACK: [&str; 12] = ["", "", "", "Ａ棟", "Ｂ棟", "Ⅱ", "壱番館", "弐番館", "マンション", "荘", "アパート", ""];
    let front = FRONT[(key % 18) as usize];
    let stem = STEM[((key >> 8) % 24) as usize];
    let back = BACK[((key >> 16) % 12) as usize];
    match (key >> 24) % 8 {
        0 => format!("{town}{}", ["団地１号棟", "団地２号棟", "住宅", "ハイツ"][((key >> 28) % 4) as usize]),
        1 | 2 => format!("{front}{town}{back}"),
        _ => format!("{front}{stem}{back}"),
    }
}

/// How the numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    /// 1-2-3
    Hyphens,
    /// 1丁目2-3
    Chome,
    /// 1丁目2番3号
    Long,
    /// 一丁目2番3号
    KanjiChome,
    /// 1の2の3
    No,
}

/// How the building is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Building {
    /// コーポ山田101
    Plain,
    /// コーポ山田 101号室
    Room,
    /// コーポ山田101号
    Go,
    /// 1-2-3-101
    RoomOnly,
    /// Nothing.
    Omitted,
}

/// The habits of one person in one channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    numbers: Numbers,
    building: Building,
    full_width: bool,
    prefecture: bool,
    spaced: bool,
    small_ke: bool,
}

impl Style {
    /// Habits of somebody who writes `full_width` digits with that probability.
    pub(super) fn draw(draw: &mut Draw, full_width: f64) -> Style {
        use Building as B;
        use Numbers as N;
        let numbers = [N::Hyphens, N::Chome, N::Long, N::KanjiChome, N::No][draw.by_weight(&[58, 20, 13, 7, 2])];
        let building = if draw.chance(rates::NO_BUILDING) {
            *draw.pick(&[B::RoomOnly, B::Omitted])
        } else {
            [B::Plain, B::Room, B::Go][draw.by_weight(&[60, 28, 12])]
        };
        Style {
            numbers,
            building,
            full_width: draw.chance(full_width),
            prefecture: !draw.chance(rates::NO_PREFECTURE),
            spaced: draw.chance(0.08),
            small_ke: draw.chance(0.25),
        }
    }
}

/// An address in the parts that forms ask for.
pub(super) struct Written {
    /// 154-0001, without a hyphen
    pub(super) postal: String,
    pub(super) prefecture: &'static str,
    pub(super) city: &'static str,
    /// Town and numbers.
    pub(super) street: String,
    /// Building and room; empty for a house.
    pub(super) building: String,
    show_prefecture: bool,
    space: &'static str,
}

impl Written {
    /// Prefecture, city, town and numbers in one string.
    pub(super) fn upper(&self) -> String {
        let prefecture = if self.show_prefecture { self.prefecture } else { "" };
        let space = self.space;
        format!("{prefecture}{}{space}{}", self.city, self.street)
    }

    /// Everything in one string.
    pub(super) fn whole(&self) -> String {
        let upper = self.upper();
        let space = if self.building.is_empty() || self.building.starts_with(['-', '－']) { "" } else { "　" };
        format!("{upper}{space}{}", self.building)
    }
}

/// Writes `address` in `style`; `slips` makes the writer's errors.
pub(super) fn write(address: &Address, lists: &Lists, style: Style, slips: &mut Draw) -> Written {
    let (city, town) = address.place(lists);
    let (mut block, mut number, mut postal) = (address.block, address.number, town.postal.to_string());
    if slips.chance(rates::ADDRESS_SLIP) {
        match slips.below(3) {
            0 => block = block % 28 + 1,
            1 => number = number % 20 + 1,
            _ => postal.replace_range(6..7, ["0", "1", "2", "3", "4"][slips.below(5) as usize]),
        }
    }
    let mut street = town.name.to_string();
    if style.small_ke && street.contains('ケ') {
        street = street.replace('ケ', "ヶ");
    }
    let mut text = String::new();
    number_text(style.numbers, address.chome, block, number, &mut text);
    let mut building = String::new();
    if let Some(flat) = &address.flat {
        let bare = matches!(style.numbers, Numbers::Hyphens | Numbers::Chome | Numbers::No);
        match style.building {
            Building::Plain => building = format!("{}{}", flat.building, flat.room),
            Building::Room => building = format!("{} {}号室", flat.building, flat.room),
            Building::Go => building = format!("{}{}号", flat.building, flat.room),
            Building::RoomOnly if bare => text.push_str(&format!("-{}", flat.room)),
            Building::RoomOnly => building = format!("{}号室", flat.room),
            Building::Omitted => {}
        }
    }
    if style.full_width {
        text = full_width(&text);
        building = full_width(&building);
    }
    street.push_str(&text);
    Written {
        postal,
        prefecture: city.prefecture,
        city: city.name,
        street,
        building,
        show_prefecture: style.prefecture,
        space: if style.spaced { "　" } else { "" },
    }
}

fn number_text(style: Numbers, chome: u32, block: u32, number: u32, out: &mut String) {
    const KANJI: [&str; 9] = ["一", "二", "三", "四", "五", "六", "七", "八", "九"];
    if chome == 0 {
        digits(block, 1, out);
        match (style, number) {
            (Numbers::Hyphens, 0) => {}
            (_, 0) => out.push_str("番地"),
            (Numbers::Long | Numbers::KanjiChome, _) => {
                out.push_str("番地");
                digits(number, 1, out);
            }
            (Numbers::No, _) => {
                out.push('の');
                digits(number, 1, out);
            }
            _ => {
                out.push('-');
                digits(number, 1, out);
            }
        }
        return;
    }
    if style == Numbers::KanjiChome {
        out.push_str(KANJI[(chome as usize - 1).min(8)]);
    } else {
        digits(chome, 1, out);
    }
    let (first, second, last) = match style {
        Numbers::Hyphens => ("-", "-", ""),
        Numbers::Chome => ("丁目", "-", ""),
        Numbers::Long | Numbers::KanjiChome => ("丁目", "番", "号"),
        Numbers::No => ("の", "の", ""),
    };
    out.push_str(first);
    digits(block, 1, out);
    out.push_str(second);
    digits(number, 1, out);
    out.push_str(last);
}

#[cfg(test)]
mod tests {
    use super::super::draw::Purpose;
    use super::*;

    #[test]
    fn numbers_are_written_in_many_ways() {
        let text = |style, chome, number| {
            let mut out = String::new();
            number_text(style, chome, 2, number, &mut out);
            out
        };
        assert_eq!(text(Numbers::Hyphens, 1, 3), "1-2-3");
        assert_eq!(text(Numbers::Long, 1, 3), "1丁目2番3号");
        assert_eq!(text(Numbers::KanjiChome, 1, 3), "一丁目2番3号");
        assert_eq!(text(Numbers::Hyphens, 0, 0), "2");
        assert_eq!(text(Numbers::Long, 0, 5), "2番地5");
    }

    #[test]
    fn strangers_share_a_building_and_not_a_room() {
        let lists = Lists::load().expect("the embedded lists parse");
        let mut draw = Draw::new(3, Purpose::Test, 0);
        let flats: Vec<Address> = (0..200).map(|_| Address::draw(&lists, &mut draw, lists.stores[0], 1.0)).collect();
        assert!(flats.iter().all(|flat| flat.flat.is_some()));
    }
}
