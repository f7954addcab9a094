//! Slips of hands, ears and forms: what people and clerks get wrong.

use super::calendar::Day;
use super::draw::Draw;
use super::rates;

/// Kana that look or sound alike.
const ALIKE: [(char, char); 14] = [
    ('シ', 'ツ'),
    ('ソ', 'ン'),
    ('ク', 'ワ'),
    ('タ', 'ダ'),
    ('カ', 'ガ'),
    ('サ', 'ザ'),
    ('コ', 'ゴ'),
    ('ヘ', 'ベ'),
    ('ハ', 'バ'),
    ('ユ', 'ヨ'),
    ('ミ', 'ニ'),
    ('イ', 'エ'),
    ('ヒ', 'シ'),
    ('ト', 'ド'),
];

/// Kanji that a converter offers for the same sound.
const SAME_SOUND: [(char, char); 28] = [
    ('郎', '朗'),
    ('裕', '祐'),
    ('浩', '宏'),
    ('弘', '広'),
    ('博', '寛'),
    ('恵', '慧'),
    ('藤', '籐'),
    ('子', '古'),
    ('美', '実'),
    ('幸', '行'),
    ('和', '一'),
    ('明', '昭'),
    ('介', '輔'),
    ('哉', '也'),
    ('太', '大'),
    ('香', '佳'),
    ('奈', '菜'),
    ('希', '紀'),
    ('雄', '夫'),
    ('夫', '男'),
    ('樹', '紀'),
    ('真', '信'),
    ('斉', '斎'),
    ('原', '腹'),
    ('阿', '安'),
    ('智', '知'),
    ('章', '彰'),
    ('亮', '涼'),
];

/// A reading with one slip in it.
pub(super) fn slip_kana(kana: &str, draw: &mut Draw) -> String {
    let mut chars: Vec<char> = kana.chars().collect();
    if chars.len() < 2 {
        return kana.to_string();
    }
    let at = draw.below(chars.len() as u32) as usize;
    match draw.below(4) {
        0 if chars.len() > 2 => {
            chars.remove(at);
        }
        1 => chars.insert(at, chars[at]),
        _ => {
            let alike = |char| {
                ALIKE.iter().find_map(|(a, b)| {
                    if *a == char {
                        Some(*b)
                    } else if *b == char {
                        Some(*a)
                    } else {
                        None
                    }
                })
            };
            match (0..chars.len()).map(|step| (at + step) % chars.len()).find_map(|at| Some((at, alike(chars[at])?))) {
                Some((at, other)) => chars[at] = other,
                None => chars.insert(at, chars[at]),
            }
        }
    }
    chars.into_iter().collect()
}

/// A kanji name with one character of the same sound instead, if it has such a character.
pub(super) fn slip_kanji(name: &str) -> String {
    let mut done = false;
    name.chars()
        .map(|char| {
            let other = SAME_SOUND.iter().find(|(right, _)| *right == char && !done);
            done |= other.is_some();
            other.map_or(char, |(_, wrong)| *wrong)
        })
        .collect()
}

/// A birth date as it was typed: right, nearly always.
pub(super) fn slip_birth(birth: Day, draw: &mut Draw) -> Day {
    let (year, month, day) = birth.date();
    if draw.chance(rates::DAY_MONTH_SLIP) && day <= 12 {
        return Day::of(year, day, month);
    }
    if draw.chance(rates::BIRTH_SLIP) {
        return match draw.below(4) {
            0 => Day::of(year + [-10, -1, 1, 10][draw.below(4) as usize], month, day.min(28)),
            1 => Day::of(year, month % 12 + 1, day.min(28)),
            _ => Day::of(year, month, if day > 18 { day - 10 } else { day + 1 }),
        };
    }
    birth
}

#[cfg(test)]
mod tests {
    use super::super::draw::Purpose;
    use super::*;

    #[test]
    fn slips_are_small() {
        let mut draw = Draw::new(1, Purpose::Test, 0);
        for _ in 0..100 {
            let slipped = slip_kana("タナカ", &mut draw);
            assert!((2..=4).contains(&slipped.chars().count()), "{slipped}");
        }
        assert_eq!(slip_kanji("太郎"), "大郎");
        assert_eq!(slip_kanji("林"), "林");
    }

    #[test]
    fn most_birth_dates_are_right() {
        let mut draw = Draw::new(1, Purpose::Test, 0);
        let birth = Day::of(1980, 3, 4);
        let wrong = (0..10_000).filter(|_| slip_birth(birth, &mut draw) != birth).count();
        assert!((40..160).contains(&wrong), "{wrong}");
    }
}
