//! Folding of address text.
//!
//! In: any text. Out: `shown`, the characters in one width with single spaces, and `key`, in which variants of a
//! character, ケ/ヶ/が, ノ/の/之, small and large kana, 大字 and 字, spaces and the script of numerals do not differ.
//! `origins` maps a position in `key` to `shown`. Why both: names are looked up by the key, and what the dictionary
//! lacks is returned as shown. One pass and a table lookup for each character, because every record of a run is folded.

use crate::{kanji, numeral, width};
use std::sync::OnceLock;

/// Variants in the names of towns beyond those of `kanji.rs`: the pairs that JIS X 0208 exchanged or simplified in
/// 1983, and similar ones. The first of each is the representative.
const VARIANTS: &str = "鴬鶯 蛎蠣 撹攪 竈竃 潅灌 諌諫 頚頸 砿礦 蕊蘂蘃 靭靱 賎賤 壷壺 砺礪 梼檮 涛濤 迩邇爾 蝿蠅 桧檜 侭儘 薮藪 \
篭籠 尭堯 槙槇 遥遙 曽曾 祢禰 莱萊 鯵鰺 鴎鷗 芦蘆 麹麴 嶽岳 渕淵渊 舘館 峰峯 嶋島嶌 冨富 条條 廼迺 \
瀬瀨 当當 蔵藏 鉄鐵 会會 旧舊 国國 桜櫻 塩鹽 万萬 与與 弥彌 実實 豊豐 寿壽 栄榮 学學 讃讚 桑桒 杉杦 船舩 鞆靹 \
柳栁 桝枡 穂穗 静靜 県縣 関關 気氣 円圓 広廣广 浜濱濵 辺邊邉 斎齋斉齊 沢澤 滝瀧 竜龍 駅驛 鶏鷄 繁蘩 翠翆 鉤鈎 \
磯礒 畝畆 雁鴈 厩廐 苅刈 楯盾 濶闊 隈隅 舞舛 双雙 霊靈 榊榊 麻蔴 暦曆 渓溪 \
涌湧 暁曉 焼燒 仏佛 払拂 釈釋 択擇 駄馱 姫姬 戸戶 黒黑 徳德 横橫 緑綠 郷鄕 郎郞 \
市巿 騨驒 砲炮 函凾 呑吞 荘莊 曳曵 氷冰 掃埽 鹿廘 鍛鍜 釜釡 潤閠 聟壻 蘗檗蘖 遠逺 兎兔 臈﨟 楠柟 \
児儿 治冶 州洲 祇祗 芸藝 証證 参參 宝寶 庁廳 巌巖 鴫鷸 籔薮";

/// Separates two adjacent numbers in a key.
pub(super) const NUMBER_BREAK: char = '|';

/// Folded address text.
pub(super) struct Text {
    /// The characters in one width, runs of space as one.
    pub(super) shown: Vec<char>,
    /// The characters that are compared.
    pub(super) key: Vec<char>,
    /// For each character of `key`, and for its end, the position in `shown` that it is from.
    pub(super) origins: Vec<u32>,
    /// It has a character that every remark of the postal list has (`phrase`), which most texts have not.
    pub(super) maybe_remark: bool,
}

impl Text {
    /// Whether a space or 字 is before character `i` of the key, so that a word begins there.
    pub(super) fn breaks_before(&self, i: usize) -> bool {
        let Some(before) = i.checked_sub(1) else { return true };
        let (from, to) = (self.origin(before), self.origin(i));
        self.shown[from..to].iter().skip(1).any(|&c| c == ' ' || c == '字')
    }

    /// The position in `shown` of character `i` of the key.
    pub(super) fn origin(&self, i: usize) -> usize {
        self.origins[i] as usize
    }
}

/// Folds `text`.
pub(super) fn fold(text: &str) -> Text {
    let shown = show(text);
    fold_shown(shown)
}

/// Folds characters that are already in one width.
pub(super) fn fold_shown(mut shown: Vec<char>) -> Text {
    let mut key = Vec::with_capacity(shown.len() + 4);
    let mut origins = Vec::with_capacity(shown.len() + 5);
    let table = table();
    let mut maybe_remark = false;
    let mut i = 0;
    while i < shown.len() {
        let c = shown[i];
        let folded = table.context_free(c);
        if folded != SPECIAL {
            key.push(folded);
            origins.push(i as u32);
            i += 1;
            continue;
        }
        let mut next = i + 1;
        match c {
            ' ' => {}
            '大' | '小' if shown.get(next) == Some(&'字') => next += 1,
            '字' if is_aza(&shown, i) => {}
            '々' => {
                if let Some(&last) = key.last() {
                    key.push(last);
                    origins.push(i as u32);
                }
            }
            '一' if between_digits(&shown, i) => {
                shown[i] = '-';
                key.push('-');
                origins.push(i as u32);
            }
            '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '〇' => {
                next = i + numeral(&shown[i..], &mut key, &mut origins, i as u32);
            }
            _ => {
                maybe_remark |= matches!(c, '合' | '除' | '他' | '以' | '域' | '(');
                if c.is_ascii_digit() && !i.checked_sub(1).is_some_and(|b| shown[b].is_ascii_digit()) {
                    break_numbers(&mut key, &mut origins, i as u32);
                }
                key.push(table.get(c));
                origins.push(i as u32);
            }
        }
        i = next;
    }
    origins.push(shown.len() as u32);
    Text { shown, key, origins, maybe_remark }
}

/// The key of a name of the dictionary.
pub(super) fn key(name: &str) -> Vec<char> {
    fold(name).key
}

/// The same as a string.
pub(super) fn key_string(name: &str) -> String {
    key(name).into_iter().collect()
}

/// Whether character `i` is between two ASCII digits: in 1一3, 一 is written for a hyphen.
fn between_digits(shown: &[char], i: usize) -> bool {
    i > 0 && shown[i - 1].is_ascii_digit() && shown.get(i + 1).is_some_and(char::is_ascii_digit)
}

/// Whether 字 marks a koaza and is not part of a name: 十文字, 十字街, 和字 and 西万字 before a number.
fn is_aza(shown: &[char], i: usize) -> bool {
    let before = i.checked_sub(1).and_then(|b| shown.get(b));
    let after = shown.get(i + 1);
    let ends = after.is_none_or(|&c| c == '街' || c == ' ') || before == Some(&'和');
    let crossing = before == Some(&'十') && after.is_some_and(|&c| numeral::digit(c).is_some());
    let named = before == Some(&'万') && after.is_some_and(char::is_ascii_digit);
    !ends && !crossing && !named && before != Some(&'文')
}

/// Appends a numeral in kanji as ASCII digits, and returns its length. 百 is a numeral only after another: 百人町 keeps
/// it.
fn numeral(text: &[char], key: &mut Vec<char>, origins: &mut Vec<u32>, origin: u32) -> usize {
    let len = text
        .iter()
        .take(8)
        .take_while(|c| matches!(c, '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '〇' | '百'))
        .count();
    let Some((mut value, _)) = numeral::read_kanji(&text[..len]) else { return 1 };
    break_numbers(key, origins, origin);
    let mut digits = ['0'; 10];
    let mut n = 0;
    loop {
        digits[n] = char::from_digit(value % 10, 10).unwrap_or('0');
        n += 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    for &d in digits[..n].iter().rev() {
        key.push(d);
        origins.push(origin);
    }
    len
}

/// Separates two numbers that would be adjacent in the key: 十二 5 is not 125.
fn break_numbers(key: &mut Vec<char>, origins: &mut Vec<u32>, origin: u32) {
    if key.last().is_some_and(char::is_ascii_digit) {
        key.push(NUMBER_BREAK);
        origins.push(origin);
    }
}

/// The characters of `text` in one width. Frequent ones are mapped here, the rest by `width`.
fn show(text: &str) -> Vec<char> {
    let mut shown = Vec::with_capacity(text.len() / 2 + 8);
    for c in text.chars() {
        let c = match c {
            '\u{4e00}'..='\u{9fff}'
            | '0'..='9'
            | '-'
            | '\u{3041}'..='\u{3096}'
            | '\u{30a1}'..='\u{30fc}'
            | '々'
            | '〇' => {
                shown.push(c);
                continue;
            }
            '!'..='~' => c,
            '！'..='～' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            ' ' | '\u{3000}' => ' ',
            '\u{2212}' | '\u{2010}' | '\u{2013}'..='\u{2015}' => c,
            _ => return shown_from_folded(&width::fold_width(text)),
        };
        push(&mut shown, c);
    }
    trim(shown)
}

/// The characters of text in folded width.
fn shown_from_folded(text: &str) -> Vec<char> {
    let mut shown = Vec::with_capacity(text.len() / 2 + 8);
    for c in text.chars() {
        push(&mut shown, c);
    }
    trim(shown)
}

/// Appends a character: one kind of hyphen and bracket, commas as spaces, single spaces.
fn push(shown: &mut Vec<char>, c: char) {
    let c = match c {
        '、' | ',' | '，' | '､' | '\t' | '\n' | '\r' => ' ',
        _ if is_hyphen(c) => '-',
        '【' | '〔' | '［' | '[' | '〈' => '(',
        '】' | '〕' | '］' | ']' | '〉' => ')',
        _ => c,
    };
    if c == ' ' && matches!(shown.last(), None | Some(' ')) {
        return;
    }
    shown.push(c);
}

/// Characters that look like a hyphen and that files have in its place: dashes, minus signs, box drawing, Hangul ㅡ.
fn is_hyphen(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | '\u{2501}' | '\u{fe58}' | '\u{fe63}' | '\u{2043}')
        || matches!(
            c,
            '\u{2d7}' | '\u{6d4}' | '\u{58a}' | '\u{5be}' | '\u{1173}' | '\u{1806}' | '\u{207b}' | '\u{208b}'
        )
        || matches!(c, '\u{23af}' | '\u{23e4}' | '\u{254c}' | '\u{254d}' | '\u{2574}' | '\u{2578}')
        || matches!(c, '\u{2796}' | '\u{2e3a}' | '\u{2e3b}' | '\u{30a0}' | '\u{3161}' | '\u{ff0d}' | '\u{ffda}')
}

/// Without spaces at the end.
fn trim(mut shown: Vec<char>) -> Vec<char> {
    while shown.last() == Some(&' ') {
        shown.pop();
    }
    shown
}

/// The key character of every character of the basic plane; 0 for those of [`IN_CONTEXT`].
struct Table(Vec<u16>);

static TABLE: OnceLock<Table> = OnceLock::new();

fn table() -> &'static Table {
    TABLE.get_or_init(|| {
        let mut all: Vec<u16> = (0..=u16::MAX).map(|n| key_char(n).unwrap_or(n)).collect();
        for class in VARIANTS.split_whitespace() {
            let mut members = class.chars();
            let Some(first) = members.next().map(|c| all[c as usize & 0xffff]) else { continue };
            for member in members.map(|c| c as usize & 0xffff) {
                // A character that `kanji` folds keeps that representative.
                if usize::from(all[member]) == member {
                    all[member] = first;
                }
            }
        }
        for c in IN_CONTEXT.chars() {
            all[c as usize] = 0;
        }
        Table(all)
    })
}

/// No key character: it depends on the neighbours.
const SPECIAL: char = '\0';

/// The characters that [`fold_shown`] folds by their neighbours, and those of `phrase`.
const IN_CONTEXT: &str = " 大小字々一二三四五六七八九十〇0123456789合除他以域(";

impl Table {
    /// The key character of `c`, or [`SPECIAL`].
    fn context_free(&self, c: char) -> char {
        self.0.get(c as usize).and_then(|&n| char::from_u32(u32::from(n))).unwrap_or(SPECIAL)
    }

    /// The key character of `c` whatever its neighbours.
    fn get(&self, c: char) -> char {
        match self.0.get(c as usize) {
            Some(&n) if n > 0 => char::from_u32(u32::from(n)).unwrap_or(c),
            Some(_) => c,
            None => kanji::fold_char(c),
        }
    }
}

/// The key character of one character: kana as large katakana, letters in lower case.
fn key_char(n: u16) -> Option<u16> {
    let c = char::from_u32(u32::from(n))?;
    let c = match c {
        '\u{3041}'..='\u{3096}' => char::from_u32(c as u32 + 0x60)?,
        'A'..='Z' => c.to_ascii_lowercase(),
        _ => kanji::fold_char(c),
    };
    let c = match c {
        'ァ' => 'ア',
        'ィ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' | 'ヱ' => 'エ',
        'ォ' | 'ヲ' => 'オ',
        'ヵ' | 'ヶ' | 'ガ' | '箇' => 'ケ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヰ' => 'イ',
        'ヂ' => 'ジ',
        'ヅ' => 'ズ',
        '之' | '乃' => 'ノ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    };
    u16::try_from(c as u32).ok()
}

#[cfg(test)]
mod tests {
    use super::{fold, key_string};

    #[test]
    fn spellings_have_one_key() {
        for (a, b) in [
            ("霞ヶ関", "霞が関"),
            ("北１条西", "北一条西"),
            ("大字沢内字両沢", "沢内両沢"),
            ("丸ノ内", "丸の内"),
            ("八ッ場", "八ツ場"),
            ("竈門", "竃門"),
            ("上條", "上条"),
            ("代々木", "代代木"),
            ("ｶﾞｰﾃﾞﾝ", "ガーデン"),
            ("十二所", "12所"),
            ("三 番 町", "三番町"),
        ] {
            assert_eq!(key_string(a), key_string(b), "{a} {b}");
        }
        for (a, b) in [("十文字", "十文"), ("川崎", "川埼"), ("太田", "大田")] {
            assert_ne!(key_string(a), key_string(b), "{a} {b}");
        }
    }

    #[test]
    fn key_positions_map_to_shown() {
        let text = fold("北　十二条 大字西");
        assert_eq!(text.origins.len(), text.key.len() + 1);
        assert_eq!(text.key.iter().collect::<String>(), "北12条西");
        assert_eq!(text.shown[text.origin(4)], '西');
        assert!(text.breaks_before(4));
    }
}
