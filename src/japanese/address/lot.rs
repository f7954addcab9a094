//! What stands between the town and the building: 小字, 丁目, 番地, 号 and their branches.
//!
//! In: the text from the end of the town on. Out: a [`Lot`] with numbers in ASCII digits. 1-2-3,
//! 1丁目2番3号, １の２の３ and 一丁目二番三号 come out alike; 第3地割12, 東3線北4号, 甲123, ロ45-1
//! and 無番地 are understood.

use super::dictionary::Town;
use super::fold::Text;
use super::part::{self, Part, Unit, is_letter, push_number};
use crate::japanese::number;

/// The parts of a lot.
#[derive(Debug, Default)]
pub(super) struct Lot {
    /// Without 字.
    pub koaza: String,
    /// The koaza is the dictionary's, all of it.
    pub koaza_known: bool,
    /// A number has a unit that it cannot have: 1500丁目.
    pub odd: bool,
    /// The koaza stood after the 丁目.
    pub koaza_last: bool,
    pub chome: Option<u32>,
    pub block: Option<String>,
    pub number: Option<String>,
    pub room: Option<String>,
    /// Where it ends, in `shown`.
    pub end: usize,
}

/// Words that make a run of characters a building, not a koaza.
const BUILDING: [&str; 30] = [
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
/// Reads the lot at `from`, a place in the key, after `town`.
pub(super) fn read(text: &Text, from: usize, town: Option<&Town>) -> Lot {
    let mut reader =
        Reader { shown: &text.shown, i: text.place(from), lot: Lot::default(), parts: Vec::with_capacity(4) };
    reader.known_koaza(text, from, town);
    reader.koaza();
    reader.koaza_after_part();
    reader.tidy_koaza();
    reader.numbers();
    if reader.parts.len() == 1 && reader.parts[0].unit == Unit::Chome && reader.lot.koaza.is_empty() {
        reader.koaza();
        reader.lot.koaza_last = !reader.lot.koaza.is_empty();
        reader.numbers();
    }
    reader.finish(town)
}

struct Reader<'a> {
    shown: &'a [char],
    i: usize,
    lot: Lot,
    parts: Vec<Part>,
}

impl Reader<'_> {
    /// A koaza of the dictionary.
    fn known_koaza(&mut self, text: &Text, from: usize, town: Option<&Town>) {
        let Some(town) = town else { return };
        let key = &text.key[from..];
        let ends = |len: usize| {
            let c = key.get(len);
            c.is_none_or(|&c| c <= '\u{2e80}' || matches!(c, '第' | '無')) || text.breaks_before(from + len) || {
                // 甲123 after a koaza.
                c.is_some_and(|&c| is_letter(c)) && key.get(len + 1).is_some_and(char::is_ascii_digit)
            }
        };
        // 一番割 is a name, 三丁目 is a number.
        let numeric = |len: usize| {
            let name = &key[..len];
            name[0].is_ascii_digit()
                && (name.ends_with(&['丁', '目']) || matches!(name.last(), Some('番' | '号' | '地')))
        };
        if key.is_empty() {
            return;
        }
        if let Some(hit) = town.koaza().hits(key).find(|h| ends(h.len) && !numeric(h.len)) {
            self.lot.koaza.push_str(hit.values.first().copied().unwrap_or_default().trim_start_matches('字'));
            self.lot.koaza_known = true;
            self.i = text.place(from + hit.len);
        }
    }

    fn at(&self, i: usize) -> Option<char> {
        self.shown.get(i).copied()
    }

    fn starts(&self, i: usize, word: &str) -> bool {
        word.chars().enumerate().all(|(n, c)| self.at(i + n) == Some(c))
    }

    fn skip(&self, mut i: usize, what: &[char]) -> usize {
        while self.at(i).is_some_and(|c| what.contains(&c)) {
            i += 1;
        }
        i
    }

    /// A number at `i`: its value and where it ends. A kanji one only before a unit or its like.
    fn number(&self, i: usize) -> Option<(u32, usize)> {
        let rest = &self.shown[i.min(self.shown.len())..];
        if rest.first()?.is_ascii_digit() {
            return number::read_ascii(rest).map(|(value, len)| (value, i + len));
        }
        let (value, len) = number::read_kanji(rest)?;
        let end = i + len;
        let after = self.skip(end, &[' ']);
        let unit = ["丁目", "番", "号", "-", "地割", "線", "条", "組", "区", "街区", "画地"]
            .iter()
            .any(|u| self.starts(after, u))
            || self.starts(end, "丁") && !self.starts(end, "丁町")
            || matches!(self.at(end), Some('の' | 'ノ')) && self.number(end + 1).is_some()
            || self.at(end).is_none_or(|c| c == ' ' || c == '(');
        (unit && !self.starts(after, "番町") && !self.starts(after, "条通")).then_some((value, end))
    }

    /// A run of kanji before the first number, and parts such as 第3地割 and 東3線北4号.
    fn koaza(&mut self) {
        let begin = self.skip(self.i, &[' ', '-']);
        let (mut i, mut marked) = (begin, false);
        while matches!(self.at(i), Some('大' | '小')) && self.at(i + 1) == Some('字') {
            (i, marked) = (i + 2, true);
        }
        if self.at(i) == Some('字') && self.at(i + 1).is_some() {
            (i, marked) = (i + 1, true);
        }
        let marked = marked || begin > 0 && self.at(begin - 1) == Some('字');
        if self.number(i).is_none()
            && !self.is_letter_block(i)
            && let Some(end) = self.run(i, marked)
        {
            self.lot.koaza_known = false;
            self.lot.koaza.extend(self.shown[i..end].iter().filter(|&&c| c != ' '));
            self.i = end;
        } else if marked && self.number(i).is_some() {
            self.i = i;
        }
        while let Some(end) = self.numbered_koaza(self.skip(self.i, &[' '])) {
            self.lot.koaza_known = false;
            let start = self.skip(self.i, &[' ']);
            let mut j = if self.at(start) == Some('第') { start + 1 } else { start };
            if self.shown[start..end].ends_with(&['地', '割']) {
                self.lot.koaza.push('第');
            }
            while j < end {
                match self.number(j) {
                    Some((value, after)) => {
                        push_number(&mut self.lot.koaza, value);
                        j = after;
                    }
                    None => {
                        self.lot.koaza.push(self.shown[j]);
                        j += 1;
                    }
                }
            }
            self.i = end;
        }
    }

    /// ト字 → ト; 第四地割 → 第4地割.
    fn tidy_koaza(&mut self) {
        if let Some(name) = self.lot.koaza.strip_suffix('字')
            && !name.ends_with(|c: char| c == '文' || c.is_ascii_digit())
        {
            self.lot.koaza.truncate(name.len());
        }
        if self.lot.koaza.contains("地割") {
            self.lot.koaza = part::numbered_wari(&self.lot.koaza);
        }
    }

    /// 第32地割早坂28: a name between a numbered part and the block.
    fn koaza_after_part(&mut self) {
        let begin = self.skip(self.i, &[' ']);
        let start = if self.at(begin) == Some('字') { begin + 1 } else { begin };
        if self.lot.koaza.is_empty() || self.number(start).is_some() || self.is_letter_block(start) {
            return;
        }
        if let Some(end) = self.run(start, false) {
            self.lot.koaza_known = false;
            self.lot.koaza.extend(&self.shown[start..end]);
            self.i = end;
        }
    }

    /// Where an unknown koaza ends: before a number, or, marked with 字, at the end of the word.
    fn run(&self, i: usize, marked: bool) -> Option<usize> {
        let mut end = i;
        while end < self.shown.len() && end - i < 16 {
            let c = self.shown[end];
            let inside = c > '\u{2e80}' || c == ' ' && marked && end > i && self.number(end + 1).is_some();
            if !inside || c == '(' || self.number(end).is_some() && !self.inside_word(i, end) || self.is_lotless(end) {
                break;
            }
            end += 1;
        }
        while end > i && matches!(self.at(end - 1), Some('第'))
            || end > i + 1 && self.direction_before(end)
            || self.letter_before(i, end)
        {
            end -= 1;
        }
        let word: String = self.shown[i..end].iter().collect();
        if end == i
            || BUILDING.iter().any(|b| word.contains(b))
            || word.starts_with(['ー', '・', 'の', 'ノ', '号', '番'])
        {
            return None;
        }
        let after = self.skip(end, &[' ']);
        let number =
            self.number(after).is_some() || self.is_letter_block(after) || self.numbered_koaza(after).is_some();
        let katakana = word.chars().filter(|c| ('ァ'..='ー').contains(c)).count();
        let foreign = katakana > 4 && !marked;
        if number && !foreign && !self.is_floor(after)
            || marked && (self.at(end).is_none_or(|c| c == ' ' || c == '(') || self.is_lotless(end))
        {
            return Some(end);
        }
        None
    }

    /// A kanji numeral that is part of a name: 字十二所.
    fn inside_word(&self, start: usize, i: usize) -> bool {
        !self.shown[i].is_ascii_digit() && i == start && self.number(i).is_none()
    }

    fn direction_before(&self, end: usize) -> bool {
        matches!(self.at(end - 1), Some('東' | '西' | '南' | '北')) && self.numbered_koaza(end - 1).is_some()
    }

    fn letter_before(&self, i: usize, end: usize) -> bool {
        end > i && self.is_letter_block(end - 1)
    }

    /// 甲123, ロ45: a letter that belongs to the number.
    fn is_letter_block(&self, i: usize) -> bool {
        if !self.at(i).is_some_and(is_letter) {
            return false;
        }
        let next = self.skip(i + 1, &['-', 'の', 'ノ']);
        self.at(next).is_some_and(|c| c.is_ascii_digit())
    }

    fn is_lotless(&self, i: usize) -> bool {
        matches!(self.at(i), Some('無' | '番' | '官')) && self.is_lotless_word(i)
    }

    fn is_lotless_word(&self, i: usize) -> bool {
        self.starts(i, "無番地")
            || self.starts(i, "番外地")
            || self.starts(i, "番地なし")
            || self.starts(i, "官有無番地")
    }

    /// 3F, 3階, 101号室: a floor or a room, not a lot.
    fn is_floor(&self, i: usize) -> bool {
        let end = self.skip_digits(i);
        end > i
            && match self.at(end) {
                Some('F' | 'f' | '階' | '棟' | '期') => true,
                Some('号') => matches!(self.at(end + 1), Some('室' | '棟' | '館')),
                _ => false,
            }
    }

    fn skip_digits(&self, mut i: usize) -> usize {
        while self.at(i).is_some_and(|c| c.is_ascii_digit()) {
            i += 1;
        }
        i
    }

    /// Where a part like 第3地割, 東3線 or 北4号 ends that is not yet the block.
    fn numbered_koaza(&self, i: usize) -> Option<usize> {
        let mut j = i;
        let mut directed = false;
        while self.at(j).is_some_and(|c| matches!(c, '東' | '西' | '南' | '北' | '第' | '上' | '下' | '中')) {
            directed |= self.at(j) != Some('第');
            j += 1;
        }
        let (_, end) = self.number(j)?;
        if self.starts(end, "号線") {
            return Some(end + 2);
        }
        if self.at(end) == Some('号') && !self.starts(end, "号室") {
            // 北4号, and 80号1番地.
            let block = self.number(end + 1).is_some_and(|(_, after)| self.at(after) == Some('番'));
            return (directed || block).then_some(end + 1);
        }
        let unit = self.koaza_unit(end)?;
        let after = end + unit;
        // 3条西: a direction that ends the part.
        let direction = matches!(self.at(after), Some('東' | '西' | '南' | '北')) && self.number(after + 1).is_some();
        Some(if direction && self.numbered_koaza(after).is_none() { after + 1 } else { after })
    }

    /// The length of a unit whose number belongs to the koaza.
    fn koaza_unit(&self, i: usize) -> Option<usize> {
        let next = self.at(i + 1);
        match self.at(i)? {
            '線' | '区' | '組' | '部' | '坪' | '班' | '割' | '字' => Some(1),
            '条' => Some(if next == Some('通') { 2 } else { 1 }),
            '番' if next == Some('耕') && self.at(i + 2) == Some('地') => Some(3),
            '番' if matches!(next, Some('組' | '通')) => Some(2),
            '地' | 'の' if next == Some('割') => Some(2),
            '耕' if next == Some('地') => Some(2),
            '工' if next == Some('区') => Some(2),
            '丁' if next == Some('歩') => Some(2),
            _ => None,
        }
    }

    /// The numbers, with their units, into `parts`.
    fn numbers(&mut self) {
        while self.parts.len() < 8 {
            let first = self.parts.is_empty();
            let before = self.parts.last().map(|p| p.unit);
            let mut i = self.skip(self.i, &[' ']);
            let spaced = i > self.i;
            let dash = self.skip(i, &['-', '~', '－']);
            let mut dashed = dash > i;
            i = self.skip(dash, &[' ']);
            if !first && !dashed {
                let joint = matches!(self.at(i), Some('の' | 'ノ' | '之' | 'ー' | 'ｰ' | '・' | '.' | '/'));
                if joint && self.number(i + 1).is_some() {
                    (i, dashed) = (i + 1, true);
                }
            }
            if !first && spaced && !dashed && before == Some(Unit::None) || self.is_floor(i) {
                break;
            }
            if !first && before == Some(Unit::Go) && !dashed {
                break;
            }
            if first && self.is_lotless(i) {
                let end =
                    i + self.shown[i..].iter().take(5).position(|&c| matches!(c, '地' | 'し')).map_or(3, |n| n + 1);
                self.lot.block = Some("無番地".to_owned());
                self.i = end.min(self.shown.len());
                return;
            }
            let Some(end) = self.part(i, dashed) else { break };
            self.i = end;
        }
    }

    /// One number at `i` with its letter and unit; where it ends.
    fn part(&mut self, i: usize, dashed: bool) -> Option<usize> {
        let (mut before, mut after) = (None, None);
        let mut j = if self.at(i) == Some('第') { i + 1 } else { i };
        if self.is_letter_block(j) {
            before = self.at(j);
            j = self.skip(j + 1, &['-', 'の', 'ノ']);
        } else if self.at(j).is_some_and(is_letter) && dashed && self.ends_word(j + 1) {
            // 123-イ
            if let Some(last) = self.parts.last_mut().filter(|last| last.after.is_none()) {
                last.after = Some(self.shown[j]);
                return Some(j + 1);
            }
        }
        let (value, end) = self.number(j)?;
        let (unit, mut end) = self.unit(end)?;
        if unit == Unit::Ban && matches!(self.at(end), Some('の' | 'ノ' | '之')) && self.number(end + 1).is_some() {
            end += 1;
        }
        if self.at(end).is_some_and(is_letter) && self.ends_word(end + 1) {
            after = self.at(end);
            end += 1;
        }
        self.parts.push(Part { before, value, after, unit });
        Some(end)
    }

    fn ends_word(&self, i: usize) -> bool {
        self.at(i).is_none_or(|c| matches!(c, ' ' | '-' | '(' | '号' | '番'))
    }

    /// The unit at `i` and where it ends. None if the number is not part of the lot.
    fn unit(&self, at: usize) -> Option<(Unit, usize)> {
        let i = self.skip(at, &[' ']);
        if !matches!(self.at(i), Some('丁' | '番' | '号' | '街' | '画')) {
            return Some((Unit::None, at));
        }
        match (self.at(i), self.at(i + 1)) {
            (Some('丁'), Some('目')) => return Some((Unit::Chome, i + 2)),
            (Some('番'), Some('地')) if self.at(i + 2) != Some('割') => return Some((Unit::Ban, i + 2)),
            _ => {}
        }
        for (word, unit) in
            [("番地割", Unit::Ban), ("番戸", Unit::Ban), ("街区", Unit::Ban), ("画地", Unit::Go), ("号地", Unit::Ban)]
        {
            if self.starts(i, word) {
                return Some((unit, i + word.chars().count()));
            }
        }
        match self.at(i) {
            Some('番') if self.at(i + 1) != Some('町') && self.at(i + 1) != Some('館') => Some((Unit::Ban, i + 1)),
            Some('丁') if self.ends_word(i + 1) || self.number(i + 1).is_some() => Some((Unit::Chome, i + 1)),
            Some('号') if !matches!(self.at(i + 1), Some('室' | '棟' | '館' | '店')) => Some((Unit::Go, i + 1)),
            _ => Some((Unit::None, at)),
        }
    }

    /// Gives every number its role.
    fn finish(self, town: Option<&Town>) -> Lot {
        let mut lot = Lot { end: self.i, ..self.lot };
        let mut parts = self.parts.as_slice();
        if let Some((first, others)) = parts.split_first().filter(|(first, _)| first.is_plain()) {
            let n = first.value;
            let count = parts.len();
            let chome = match (first.unit, town) {
                (Unit::Chome, _) => n < 128,
                (Unit::None, Some(town)) if town.has_chome(n) && n < 100 => count > 1 || !town.takes_none(),
                (Unit::None, Some(town)) if town.takes_chome() && !town.takes_none() => count > 2 && n < 20,
                (Unit::None, None) => count > 2 && n < 20,
                _ => false,
            };
            if chome {
                lot.chome = Some(n);
                parts = others;
            }
        }
        lot.odd = parts.iter().any(|p| p.unit == Unit::Chome || p.value > 99_999);
        if lot.block.is_none()
            && let Some((first, others)) = parts.split_first()
        {
            lot.block = Some(first.text());
            parts = others;
        }
        if let [.., before, last] = parts {
            // 1-2-3-401, 2番3号-4: the last is a room.
            let after_go = before.unit == Unit::Go && last.unit == Unit::None;
            if last.is_plain() && (after_go || last.value > 99) {
                lot.room = Some(last.text());
                parts = &parts[..parts.len() - 1];
            }
        }
        if let Some((first, others)) = parts.split_first() {
            let mut number = first.text();
            for part in others {
                number.push('-');
                number.push_str(&part.text());
            }
            lot.number = Some(number);
        }
        lot
    }
}
