//! The text between the town and the building: 小字, 丁目, 番地, 号 and their branches.
//!
//! In: the text from the end of the town on. Out: a [`Lot`] with numbers in ASCII digits. 1-2-3, 1丁目2番3号,
//! １の２の３ and 一丁目二番三号 give the same lot; 第3地割12, 東3線北4号, 甲123, ロ45-1 and 無番地 are read too. Why a
//! reader by hand: whether a number is a 丁目, a 番地 or a 号 depends on the town and on all other numbers.

use super::building;
use super::dictionary::Town;
use super::fold::Text;
use super::part::{self, Part, Unit, is_letter, push_number};
use super::roles;
use crate::numeral;

/// The parts of a lot.
#[derive(Debug, Default)]
pub(super) struct Lot {
    /// Without 字.
    pub(super) koaza: String,
    /// The koaza is in the dictionary.
    pub(super) koaza_known: bool,
    /// The koaza is also a town of its own: 緑町 of 大字鶴賀.
    pub(super) koaza_is_town: bool,
    /// A number is implausible: 1500丁目.
    pub(super) implausible: bool,
    /// The koaza is after the 丁目.
    pub(super) koaza_last: bool,
    pub(super) chome: Option<u32>,
    pub(super) block: Option<String>,
    pub(super) number: Option<String>,
    pub(super) room: Option<String>,
    /// Where the lot ends in `shown`.
    pub(super) end: usize,
}

/// The most numbers of a lot, the longest koaza, and the most katakana of a koaza: a longer run is a building.
/// Judgements.
const MAX_NUMBERS: usize = 8;
const MAX_KOAZA: usize = 16;
const MAX_KATAKANA: usize = 4;
/// The longest name between a 丁目 and a number, with hyphens only. A judgement: longer ones are buildings.
const MAX_NAME_BETWEEN: usize = 3;

/// Reads the lot at `from`, a position in the key, after `town`.
pub(super) fn read(text: &Text, from: usize, town: Option<&Town>) -> Lot {
    let mut reader =
        Reader { shown: &text.shown, i: text.origin(from), lot: Lot::default(), parts: Vec::with_capacity(4) };
    reader.known_koaza(text, from, town);
    reader.koaza();
    reader.koaza_after_part();
    reader.tidy_koaza();
    reader.numbers();
    reader.chome_before_name(town);
    if reader.parts.len() == 1 && reader.parts[0].unit == Unit::Chome && reader.lot.koaza.is_empty() {
        reader.koaza();
        reader.lot.koaza_last = !reader.lot.koaza.is_empty();
        reader.numbers();
    }
    let lot = Lot { end: reader.i, ..reader.lot };
    roles::assign(lot, &reader.parts, town)
}

/// A cursor over `shown`.
struct Reader<'a> {
    shown: &'a [char],
    i: usize,
    lot: Lot,
    parts: Vec<Part>,
}

impl Reader<'_> {
    /// Reads a koaza that is in the dictionary.
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
                && (name.ends_with(&['丁', '目'])
                    || matches!(name.last(), Some('番' | '号' | '地'))
                    // The name 二十三 is never written 23.
                    || name.iter().all(char::is_ascii_digit) && text.shown[text.origin(from)].is_ascii_digit())
        };
        if key.is_empty() {
            return;
        }
        if let Some(hit) = town.koaza().hits(key).find(|h| ends(h.len) && !numeric(h.len)) {
            let name = hit.values.first().copied().unwrap_or_default();
            self.lot.koaza_is_town = name.starts_with('=');
            self.lot.koaza.push_str(name.trim_start_matches(['=', '字']));
            self.lot.koaza_known = true;
            self.i = text.origin(from + hit.len);
            // タの1, タ部1: the letter of a block.
            let joint = matches!(self.char_at(self.i), Some('の' | 'ノ' | '部'));
            if hit.len == 1 && joint && self.char_at(self.i + 1).is_some_and(|c| c.is_ascii_digit()) {
                self.i += 1;
            }
        }
    }

    /// 4-渡辺-3 in a town with that 丁目 is 4丁目渡辺3: a name of few kanji between two hyphens.
    fn chome_before_name(&mut self, town: Option<&Town>) {
        let [first] = self.parts.as_mut_slice() else { return };
        let name = self.shown.get(self.i + 1..).unwrap_or_default();
        let len = name.iter().take_while(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
        let number = name.get(len) == Some(&'-') && name.get(len + 1).is_some_and(char::is_ascii_digit);
        if first.unit == Unit::None
            && first.is_plain()
            && self.shown.get(self.i) == Some(&'-')
            && number
            && (1..=MAX_NAME_BETWEEN).contains(&len)
            && town.is_some_and(|t| t.has_chome(first.value))
            && !building::NOT_KOAZA.iter().any(|word| name[..len].iter().collect::<String>().contains(word))
        {
            first.unit = Unit::Chome;
            self.lot.koaza.extend(&name[..len]);
            self.lot.koaza_last = true;
            self.i += len + 1;
            self.numbers();
        }
    }

    fn char_at(&self, i: usize) -> Option<char> {
        self.shown.get(i).copied()
    }

    fn starts(&self, i: usize, word: &str) -> bool {
        word.chars().enumerate().all(|(n, c)| self.char_at(i + n) == Some(c))
    }

    fn skip(&self, mut i: usize, what: &[char]) -> usize {
        while self.char_at(i).is_some_and(|c| what.contains(&c)) {
            i += 1;
        }
        i
    }

    /// The number at `i` and where it ends. In kanji only before a unit, a separator or the end.
    fn number(&self, i: usize) -> Option<(u32, usize)> {
        let rest = &self.shown[i.min(self.shown.len())..];
        if rest.first()?.is_ascii_digit() {
            return numeral::read_ascii(rest).map(|(value, len)| (value, i + len));
        }
        let (value, len) = numeral::read_kanji(rest)?;
        let end = i + len;
        let after = self.skip(end, &[' ']);
        let unit = ["丁目", "番", "号", "-", "地割", "線", "条", "組", "区", "街区", "画地"]
            .iter()
            .any(|u| self.starts(after, u))
            || self.starts(end, "丁") && !self.starts(end, "丁町")
            || matches!(self.char_at(end), Some('の' | 'ノ' | 'ー' | '・' | '~')) && self.number(end + 1).is_some()
            || self.char_at(end).is_none_or(|c| c == ' ' || c == '(');
        (unit && !self.starts(after, "番町") && !self.starts(after, "条通")).then_some((value, end))
    }

    /// Reads a run of kanji before the first number, and parts such as 第3地割 and 東3線北4号.
    fn koaza(&mut self) {
        let begin = self.skip(self.i, &[' ', '-']);
        let (mut i, mut marked) = (begin, false);
        while matches!(self.char_at(i), Some('大' | '小')) && self.char_at(i + 1) == Some('字') {
            (i, marked) = (i + 2, true);
        }
        if self.char_at(i) == Some('字') && self.char_at(i + 1).is_some() {
            (i, marked) = (i + 1, true);
        }
        let marked = marked || begin > 0 && self.char_at(begin - 1) == Some('字');
        if self.number(i).is_none()
            && !self.is_letter_block(i)
            && let Some(end) = self.run(i, marked)
        {
            (self.lot.koaza_known, self.lot.koaza_is_town) = (false, false);
            self.lot.koaza.extend(self.shown[i..end].iter().filter(|&&c| c != ' '));
            self.i = end;
        } else if marked && self.number(i).is_some() {
            self.i = i;
        }
        while let Some(end) = self.numbered_koaza(self.skip(self.i, &[' '])) {
            (self.lot.koaza_known, self.lot.koaza_is_town) = (false, false);
            let start = self.skip(self.i, &[' ']);
            let mut j = if self.char_at(start) == Some('第') { start + 1 } else { start };
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

    /// Normalizes the koaza: ト字 → ト; 第四地割 → 第4地割.
    fn tidy_koaza(&mut self) {
        if let Some(name) = self.lot.koaza.strip_suffix('字')
            && !name.ends_with(|c: char| c == '文' || c.is_ascii_digit())
        {
            self.lot.koaza.truncate(name.len());
        }
        // タの1, タ部1: the letter of a block.
        if let Some(letter) = self.lot.koaza.strip_suffix(['の', 'ノ', '部'])
            && letter.chars().count() == 1
            && letter.starts_with(|c: char| ('ア'..='ヲ').contains(&c))
        {
            self.lot.koaza.truncate(letter.len());
        }
        if self.lot.koaza.contains("地割") {
            self.lot.koaza = part::with_ascii_chiwari(&self.lot.koaza);
        }
    }

    /// Reads a name between a numbered part and the block: 第32地割早坂28.
    fn koaza_after_part(&mut self) {
        let begin = self.skip(self.i, &[' ']);
        let start = if self.char_at(begin) == Some('字') { begin + 1 } else { begin };
        if self.lot.koaza.is_empty() || self.number(start).is_some() || self.is_letter_block(start) {
            return;
        }
        if let Some(end) = self.run(start, false) {
            (self.lot.koaza_known, self.lot.koaza_is_town) = (false, false);
            self.lot.koaza.extend(&self.shown[start..end]);
            self.i = end;
        }
    }

    /// Where an unlisted koaza ends: before a number or, marked with 字, at the end of the word.
    fn run(&self, i: usize, marked: bool) -> Option<usize> {
        let mut end = i;
        while end < self.shown.len() && end - i < MAX_KOAZA {
            let c = self.shown[end];
            let inside = c > '\u{2e80}' || c == ' ' && marked && end > i && self.number(end + 1).is_some();
            if !inside || c == '(' || self.number(end).is_some() && !self.inside_word(i, end) || self.is_numberless(end)
            {
                break;
            }
            end += 1;
        }
        while end > i && matches!(self.char_at(end - 1), Some('第'))
            || end > i + 1 && self.direction_before(end)
            || self.letter_before(i, end)
        {
            end -= 1;
        }
        let word: String = self.shown[i..end].iter().collect();
        if end == i
            || building::NOT_KOAZA.iter().any(|b| word.contains(b))
            || word.starts_with(['ー', '・', 'の', 'ノ', '号', '番'])
        {
            return None;
        }
        let after = self.skip(end, &[' ']);
        let number =
            self.number(after).is_some() || self.is_letter_block(after) || self.numbered_koaza(after).is_some();
        let katakana = word.chars().filter(|c| ('ァ'..='ー').contains(c)).count();
        let foreign = katakana > MAX_KATAKANA && !marked;
        if number && !foreign && !self.is_floor(after)
            || marked && (self.char_at(end).is_none_or(|c| c == ' ' || c == '(') || self.is_numberless(end))
        {
            return Some(end);
        }
        None
    }

    /// Whether a kanji numeral is part of a name: 字十二所.
    fn inside_word(&self, start: usize, i: usize) -> bool {
        !self.shown[i].is_ascii_digit() && i == start && self.number(i).is_none()
    }

    /// Whether a direction of a numbered koaza ends at `end`: 東 of 東3線.
    fn direction_before(&self, end: usize) -> bool {
        matches!(self.char_at(end - 1), Some('東' | '西' | '南' | '北')) && self.numbered_koaza(end - 1).is_some()
    }

    /// Whether the letter of a block ends at `end`.
    fn letter_before(&self, i: usize, end: usize) -> bool {
        end > i && self.is_letter_block(end - 1)
    }

    /// Whether a letter at `i` belongs to a number: 甲123, ロ45.
    fn is_letter_block(&self, i: usize) -> bool {
        if !self.char_at(i).is_some_and(is_letter) {
            return false;
        }
        let next = self.skip(i + 1, &['-', 'の', 'ノ', '部', '字']);
        self.char_at(next).is_some_and(|c| c.is_ascii_digit())
    }

    /// Whether a word for "no number" is at `i`.
    fn is_numberless(&self, i: usize) -> bool {
        matches!(self.char_at(i), Some('無' | '番' | '官'))
            && ["無番地", "番外地", "番地なし", "官有無番地"].iter().any(|word| self.starts(i, word))
    }

    /// Whether the number at `i` is a floor or a room: 3F, 3階, 101号室.
    fn is_floor(&self, i: usize) -> bool {
        let end = self.skip_digits(i);
        end > i
            && match self.char_at(end) {
                Some('F' | 'f' | '階' | '棟' | '期') => true,
                Some('号') => matches!(self.char_at(end + 1), Some('室' | '棟' | '館')),
                _ => false,
            }
    }

    fn skip_digits(&self, mut i: usize) -> usize {
        while self.char_at(i).is_some_and(|c| c.is_ascii_digit()) {
            i += 1;
        }
        i
    }

    /// Where a part like 第3地割, 東3線 or 北4号 ends that is not yet the block.
    fn numbered_koaza(&self, i: usize) -> Option<usize> {
        let mut j = i;
        let mut directed = false;
        while self.char_at(j).is_some_and(|c| matches!(c, '東' | '西' | '南' | '北' | '第' | '上' | '下' | '中'))
        {
            directed |= self.char_at(j) != Some('第');
            j += 1;
        }
        let (_, end) = self.number(j)?;
        if self.starts(end, "号線") {
            return Some(end + 2);
        }
        if self.char_at(end) == Some('号') && !self.starts(end, "号室") {
            // 北4号, and 80号1番地.
            let block = self.number(end + 1).is_some_and(|(_, after)| self.char_at(after) == Some('番'));
            return (directed || block).then_some(end + 1);
        }
        let unit = self.koaza_unit(end)?;
        let after = end + unit;
        // 3条西: a direction that ends the part.
        let direction =
            matches!(self.char_at(after), Some('東' | '西' | '南' | '北')) && self.number(after + 1).is_some();
        Some(if direction && self.numbered_koaza(after).is_none() { after + 1 } else { after })
    }

    /// The length of a unit whose number belongs to the koaza.
    fn koaza_unit(&self, i: usize) -> Option<usize> {
        let next = self.char_at(i + 1);
        match self.char_at(i)? {
            '線' | '区' | '組' | '部' | '坪' | '班' | '割' | '字' => Some(1),
            '条' => Some(if next == Some('通') { 2 } else { 1 }),
            '番' if next == Some('耕') && self.char_at(i + 2) == Some('地') => Some(3),
            '番' if matches!(next, Some('組' | '通')) => Some(2),
            '地' | 'の' if next == Some('割') => Some(2),
            '耕' if next == Some('地') => Some(2),
            '工' if next == Some('区') => Some(2),
            '丁' if next == Some('歩') => Some(2),
            _ => None,
        }
    }

    /// Reads the numbers with their units into `parts`.
    fn numbers(&mut self) {
        let start = (self.i, self.parts.len());
        while self.parts.len() < MAX_NUMBERS {
            let first = self.parts.is_empty();
            let before = self.parts.last().map(|p| p.unit);
            let mut i = self.skip(self.i, &[' ']);
            let spaced = i > self.i;
            let dash = self.skip(i, &['-', '~', '－']);
            let mut dashed = dash > i;
            i = self.skip(dash, &[' ']);
            if !first && !dashed {
                let joint = matches!(self.char_at(i), Some('の' | 'ノ' | '之' | 'ー' | 'ｰ' | '・' | '.' | '/'));
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
            if first && self.is_numberless(i) {
                let end =
                    i + self.shown[i..].iter().take(5).position(|&c| matches!(c, '地' | 'し')).map_or(3, |n| n + 1);
                self.lot.block = Some("無番地".to_owned());
                self.i = end.min(self.shown.len());
                return;
            }
            let Some(end) = self.part(i, dashed) else { break };
            self.i = end;
            // 1〜3丁目 and 1丁目〜3丁目 are several, and which one is not known.
            if let [Part { unit: Unit::None | Unit::Chome, .. }, Part { unit: Unit::Chome, .. }] = self.parts[..]
                && start.1 == 0
            {
                self.parts.clear();
                self.i = start.0;
                return;
            }
        }
    }

    /// Reads one number at `i` with its letter and unit, and returns where it ends.
    fn part(&mut self, i: usize, dashed: bool) -> Option<usize> {
        let (mut before, mut after) = (None, None);
        let mut j = if self.char_at(i) == Some('第') { i + 1 } else { i };
        if self.is_letter_block(j) {
            before = self.char_at(j);
            j = self.skip(j + 1, &['-', 'の', 'ノ', '部', '字']);
        } else if self.char_at(j).is_some_and(is_letter) && dashed && self.ends_word(j + 1) {
            // 123-イ
            if let Some(last) = self.parts.last_mut().filter(|last| last.after.is_none()) {
                last.after = Some(self.shown[j]);
                return Some(j + 1);
            }
        }
        let (value, end) = self.number(j)?;
        let (unit, mut end) = self.unit(end);
        if unit == Unit::Ban && matches!(self.char_at(end), Some('の' | 'ノ' | '之')) && self.number(end + 1).is_some()
        {
            end += 1;
        }
        if self.char_at(end).is_some_and(is_letter) && self.ends_word(end + 1) {
            after = self.char_at(end);
            end += 1;
        }
        self.parts.push(Part { before, value, after, unit });
        Some(end)
    }

    fn ends_word(&self, i: usize) -> bool {
        self.char_at(i).is_none_or(|c| matches!(c, ' ' | '-' | '(' | '号' | '番'))
    }

    /// The unit at `end`, the end of a number, and where the unit ends.
    fn unit(&self, end: usize) -> (Unit, usize) {
        let i = self.skip(end, &[' ']);
        if !matches!(self.char_at(i), Some('丁' | '番' | '号' | '街' | '画')) {
            return (Unit::None, end);
        }
        match (self.char_at(i), self.char_at(i + 1)) {
            (Some('丁'), Some('目')) => return (Unit::Chome, i + 2),
            (Some('番'), Some('地')) if self.char_at(i + 2) != Some('割') => return (Unit::Ban, i + 2),
            _ => {}
        }
        for (word, unit) in
            [("番地割", Unit::Ban), ("番戸", Unit::Ban), ("街区", Unit::Ban), ("画地", Unit::Go), ("号地", Unit::Ban)]
        {
            if self.starts(i, word) {
                return (unit, i + word.chars().count());
            }
        }
        match self.char_at(i) {
            Some('番') if self.char_at(i + 1) != Some('町') && self.char_at(i + 1) != Some('館') => {
                (Unit::Ban, i + 1)
            }
            Some('丁') if self.ends_word(i + 1) || self.number(i + 1).is_some() => (Unit::Chome, i + 1),
            Some('号') if !matches!(self.char_at(i + 1), Some('室' | '棟' | '館' | '店')) => (Unit::Go, i + 1),
            _ => (Unit::None, end),
        }
    }
}
