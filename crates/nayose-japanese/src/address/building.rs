//! The text after the lot: building, room, and the rest.
//!
//! In: the text after the numbers. Out: the building, the room (101, A-203, 3F) and what is neither: remarks in
//! brackets, 様方, or words where no building can be. Why the room is separate: it belongs to the key, and the
//! building, which people omit and spell freely, does not.

/// The text after the lot, in parts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tail {
    pub(super) building: Option<String>,
    pub(super) room: Option<String>,
    pub(super) rest: String,
}

/// Words of the names of buildings, even without a number before. Our own list.
const WORDS: [&str; 26] = [
    "ビル",
    "マンション",
    "ハイツ",
    "コーポ",
    "アパート",
    "メゾン",
    "レジデンス",
    "タワー",
    "センター",
    "プラザ",
    "ハウス",
    "荘",
    "館",
    "寮",
    "棟",
    "団地",
    "住宅",
    "病院",
    "学校",
    "ホテル",
    "駅",
    "庁舎",
    "会館",
    "パーク",
    "ヒルズ",
    "モール",
];

/// Words of buildings and of names in care-of lines, which are not in a koaza. Our own list.
pub(super) const NOT_KOAZA: [&str; 30] = [
    "ビル",
    "マンション",
    "ハイツ",
    "コーポ",
    "アパート",
    "メゾン",
    "レジデンス",
    "タワー",
    "センター",
    "プラザ",
    "ハウス",
    "荘",
    "館",
    "寮",
    "棟",
    "団地",
    "住宅",
    "会社",
    "店",
    "病院",
    "学校",
    "役所",
    "役場",
    "公園内",
    "ホテル",
    "駅",
    "様",
    "気付",
    "方",
    "号室",
];

/// Divides the text after the lot. `after_number`: the lot has a block.
pub(super) fn read(text: &[char], after_number: bool) -> Tail {
    let mut tail = Tail::default();
    if text.is_empty() {
        return tail;
    }
    let outside = if text.contains(&'(') || text.contains(&')') { Some(brackets(text, &mut tail.rest)) } else { None };
    let mut words = trim(outside.as_deref().unwrap_or(text));
    if let Some((end, room)) = room(words) {
        tail.room = Some(room);
        words = trim(&words[..end]);
    }
    let name: String = words.iter().collect();
    if name.is_empty() {
        return tail;
    }
    let care_of = name.ends_with("様方") || name.ends_with('様') || name.ends_with("気付") || name.ends_with("殿");
    if !care_of && (after_number || tail.room.is_some() || WORDS.iter().any(|w| name.contains(w))) {
        tail.building = Some(name);
    } else {
        let before = std::mem::take(&mut tail.rest);
        let name = spaced(&name.replace(['(', ')'], " ").chars().collect::<Vec<_>>());
        tail.rest = if before.is_empty() { name } else { format!("{name} {before}") };
    }
    tail
}

/// The text outside brackets; the text inside goes to `rest`, except the (株) of a name.
fn brackets(text: &[char], rest: &mut String) -> Vec<char> {
    let mut outside = Vec::with_capacity(text.len());
    let mut inside: Vec<char> = Vec::new();
    let mut depth = 0;
    let mut i = 0;
    while i < text.len() {
        let c = text[i];
        if depth == 0 && c == '(' && text.get(i + 2) == Some(&')') && "株有財社医学合資福独".contains(text[i + 1])
        {
            outside.extend_from_slice(&text[i..i + 3]);
            i += 3;
            continue;
        }
        match c {
            '(' => {
                depth += 1;
                inside.push(' ');
            }
            ')' => {
                depth = (depth - 1).max(0);
                inside.push(' ');
                outside.push(' ');
            }
            _ if depth > 0 => inside.push(c),
            _ => outside.push(c),
        }
        i += 1;
    }
    *rest = spaced(&inside);
    spaced(&outside).chars().collect()
}

/// Single spaces, none at the ends.
fn spaced(text: &[char]) -> String {
    let all: String = text.iter().collect();
    all.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Without spaces and separators at the ends.
fn trim(mut text: &[char]) -> &[char] {
    let edge = |c: &char| matches!(c, ' ' | '-' | '/' | '・' | '.' | ':' | ';' | '_' | '~');
    while let Some((_, rest)) = text.split_first().filter(|(c, _)| edge(c)) {
        text = rest;
    }
    while let Some((_, rest)) = text.split_last().filter(|(c, _)| edge(c)) {
        text = rest;
    }
    text
}

/// A room or floor at the end: where it begins, and its canonical form. Without 号室, # or a hyphen before it, three
/// digits are a room, and two after a space: a judgement, as names of buildings end in one (メゾン2).
fn room(text: &[char]) -> Option<(usize, String)> {
    let mut end = text.len();
    let mut named = false;
    for word in ["号室", "室", "号"] {
        let word: Vec<char> = word.chars().collect();
        if text.ends_with(&word) {
            (end, named) = (end - word.len(), true);
            break;
        }
    }
    if !named && matches!(text.last(), Some('F' | 'f' | '階')) {
        return floor(&text[..end - 1]);
    }
    let code = |c: &char| c.is_ascii_digit() || c.is_ascii_uppercase() || *c == '-';
    let mut start = end;
    while start > 0 && code(&text[start - 1]) {
        start -= 1;
    }
    let mut name = &text[start..end];
    while let Some(('-', rest)) = name.split_first() {
        name = rest;
        start += 1;
    }
    if name.is_empty() || name.last() == Some(&'-') {
        return None;
    }
    let before = start.checked_sub(1).map(|b| text[b]);
    let separate = matches!(before, None | Some(' ' | '#' | '-'));
    let digits = name.iter().filter(|c| c.is_ascii_digit()).count();
    let letters_first = name.iter().position(char::is_ascii_digit).unwrap_or(0);
    // サンハイツII203: the numeral belongs to the name.
    let roman = letters_first > 0 && name[..letters_first].iter().all(|c| matches!(c, 'I' | 'V' | 'X'));
    if roman && !separate && before.is_some_and(|c| c > '\u{2e80}') && digits > 1 {
        let start = start + letters_first;
        return Some((start, name[letters_first..].iter().collect()));
    }
    if digits == 0 && !(named && name.len() == 1) || digits > 5 || letters_first > 2 {
        return None;
    }
    let hash = before == Some('#');
    let certain = named || hash || digits >= 3 && !(before.is_some_and(|c| c.is_ascii_alphabetic()));
    if !(certain || before == Some('-') || separate && digits >= 2 && start > 0)
        || (named && !separate && before.is_some_and(|c| c.is_ascii_lowercase()))
    {
        return None;
    }
    let start = if hash { start - 1 } else { start };
    Some((start, name.iter().collect()))
}

/// A floor at the end: 3階, B1F, 地下1階.
fn floor(text: &[char]) -> Option<(usize, String)> {
    let mut start = text.len();
    while start > 0 && text[start - 1].is_ascii_digit() {
        start -= 1;
    }
    let number: String = text[start..].iter().collect();
    if number.is_empty() || number.len() > 3 {
        return None;
    }
    if start >= 2 && text[start - 2..start] == ['地', '下'] {
        return Some((start - 2, format!("B{number}F")));
    }
    if start >= 1 && text[start - 1] == 'B' && !(start >= 2 && text[start - 2].is_ascii_alphanumeric()) {
        return Some((start - 1, format!("B{number}F")));
    }
    if start >= 1 && matches!(text[start - 1], '-' | '~' | '・' | '階') && start >= 2 {
        return None;
    }
    Some((start, format!("{number}F")))
}

/// How a room is written in the canonical text.
pub(super) fn written(room: &str) -> String {
    if room.ends_with('F') && room.chars().rev().nth(1).is_some_and(|c| c.is_ascii_digit()) {
        room.to_owned()
    } else {
        format!("{room}号室")
    }
}

#[cfg(test)]
mod tests {
    use super::{Tail, read};

    #[test]
    fn divides() {
        for (text, building, room, rest) in [
            ("", "", "", ""),
            ("ABCビル", "ABCビル", "", ""),
            (" ABCビル3F", "ABCビル", "3F", ""),
            (" メゾン山田101号室", "メゾン山田", "101", ""),
            (" メゾン山田 #101", "メゾン山田", "101", ""),
            ("-101", "", "101", ""),
            (" 101号室", "", "101", ""),
            (" コーポA棟203", "コーポA棟", "203", ""),
            (" 山田荘 A-203", "山田荘", "A-203", ""),
            (" 第2ビル地下1階", "第2ビル", "B1F", ""),
            (" 鈴木様方", "", "", "鈴木様方"),
            (" サンハイツII203号室", "サンハイツII", "203", ""),
            (" コーポ山田IV105", "コーポ山田IV", "105", ""),
            (" メゾンV", "メゾンV", "", ""),
            ("(芝郵便局私書箱第38号)", "", "", "芝郵便局私書箱第38号"),
            (" (株)山田ビル", "(株)山田ビル", "", ""),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let want = Tail {
                building: (!building.is_empty()).then(|| building.to_owned()),
                room: (!room.is_empty()).then(|| room.to_owned()),
                rest: rest.to_owned(),
            };
            assert_eq!(read(&chars, true), want, "{text}");
        }
    }
}
