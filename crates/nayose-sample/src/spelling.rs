//! How people and machines spell: old and common forms of characters, kana in several dresses, Latin letters, widths.
//!
//! In: a name or reading as the registry has it. Out: the same as a form, a till or a phone writes it.

use super::draw::Draw;

/// A common character, its old form, and the share of families (or given names) that write the old form.
const OLD_FORMS: [(char, char, f64); 38] = [
    ('高', '髙', 0.10),
    ('崎', '﨑', 0.07),
    ('崎', '嵜', 0.01),
    ('辺', '邊', 0.12),
    ('辺', '邉', 0.16),
    ('斎', '齋', 0.15),
    ('斉', '齊', 0.06),
    ('沢', '澤', 0.22),
    ('浜', '濱', 0.09),
    ('浜', '濵', 0.03),
    ('広', '廣', 0.08),
    ('島', '嶋', 0.05),
    ('島', '嶌', 0.004),
    ('桜', '櫻', 0.03),
    ('徳', '德', 0.03),
    ('国', '國', 0.03),
    ('真', '眞', 0.02),
    ('恵', '惠', 0.02),
    ('栄', '榮', 0.03),
    ('竜', '龍', 0.05),
    ('滝', '瀧', 0.10),
    ('冨', '富', 0.05),
    ('富', '冨', 0.06),
    ('淵', '渕', 0.20),
    ('瀬', '瀨', 0.03),
    ('塚', '塚', 0.03),
    ('吉', '𠮷', 0.03),
    ('柳', '栁', 0.02),
    ('隆', '隆', 0.02),
    ('福', '福', 0.01),
    ('神', '神', 0.01),
    ('祐', '祐', 0.01),
    ('関', '關', 0.02),
    ('県', '縣', 0.05),
    ('来', '來', 0.04),
    ('条', '條', 0.08),
    ('松', '枩', 0.001),
    ('曽', '曾', 0.12),
];

/// The form in the family register.
pub(super) fn registered(name: &str, draw: &mut Draw) -> String {
    name.chars()
        .map(|char| {
            let forms = OLD_FORMS.iter().filter(|(common, _, _)| *common == char);
            let mut at = draw.unit();
            for (_, old, share) in forms {
                if at < *share {
                    return *old;
                }
                at -= share;
            }
            char
        })
        .collect()
}

/// The form in everyday use.
pub(super) fn common(name: &str) -> String {
    name.chars().map(common_char).collect()
}

fn common_char(char: char) -> char {
    match char {
        '邊' | '邉' => '辺',
        '齋' => '斎',
        '冨' => '富',
        _ => OLD_FORMS
            .iter()
            .find(|(common, old, _)| *old == char && *common != '冨')
            .map_or(char, |(common, _, _)| *common),
    }
}

/// Characters beyond JIS X 0208, which an old terminal does not have.
pub(super) fn beyond_jis(char: char) -> bool {
    matches!(char, '髙' | '﨑' | '濵' | '嵜' | '德' | '瀨' | '塚' | '𠮷' | '栁' | '隆' | '福' | '神' | '祐')
        || char >= '\u{F900}'
}

/// What an old terminal makes of a name: the common form, or a geta mark where the clerk found none.
pub(super) fn old_terminal(name: &str, geta: bool) -> String {
    name.chars()
        .map(|char| match (beyond_jis(char), geta) {
            (true, true) => '〓',
            (true, false) => common_char(char),
            _ => char,
        })
        .collect()
}

const FULL: &str =
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンァィゥェォッャュョー";
const HALF: &str = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｯｬｭｮｰ";
const VOICED: &str = "ガカギキグクゲケゴコザサジシズスゼセゾソダタヂチヅツデテドトバハビヒブフベヘボホヴウ";
const HALF_VOICED: &str = "パハピヒプフペヘポホ";

/// Half-width katakana; voicing marks become characters of their own.
pub(super) fn half_width(kana: &str) -> String {
    let mut out = String::with_capacity(kana.len() + 6);
    for char in kana.chars() {
        let (plain, mark) = match (plain_of(VOICED, char), plain_of(HALF_VOICED, char)) {
            (Some(plain), _) => (plain, Some('ﾞ')),
            (None, Some(plain)) => (plain, Some('ﾟ')),
            (None, None) => (char, None),
        };
        let half = FULL.chars().zip(HALF.chars()).find(|(full, _)| *full == plain).map(|(_, half)| half);
        out.push(half.unwrap_or(if plain == '　' { ' ' } else { plain }));
        out.extend(mark);
    }
    out
}

fn plain_of(pairs: &str, char: char) -> Option<char> {
    let mut chars = pairs.chars();
    while let (Some(voiced), Some(plain)) = (chars.next(), chars.next()) {
        if voiced == char {
            return Some(plain);
        }
    }
    None
}

/// Hiragana.
pub(super) fn hiragana(kana: &str) -> String {
    kana.chars().map(|char| if ('ァ'..='ヶ').contains(&char) { shift(char, -0x60) } else { char }).collect()
}

fn shift(char: char, by: i32) -> char {
    char::from_u32((char as i32 + by) as u32).unwrap_or(char)
}

/// Small kana written large, as tills without small kana do (シユンイチ).
pub(super) fn large_kana(kana: &str) -> String {
    let pairs = [
        ('ャ', 'ヤ'),
        ('ュ', 'ユ'),
        ('ョ', 'ヨ'),
        ('ッ', 'ツ'),
        ('ァ', 'ア'),
        ('ィ', 'イ'),
        ('ェ', 'エ'),
        ('ォ', 'オ'),
    ];
    kana.chars().map(|char| pairs.iter().find(|(small, _)| *small == char).map_or(char, |(_, large)| *large)).collect()
}

/// Long vowels written with a bar (オオノ → オーノ, サトウ → サトー).
pub(super) fn barred(kana: &str) -> String {
    let mut out = String::with_capacity(kana.len());
    let mut before = ' ';
    for char in kana.chars() {
        let long = match vowel(before) {
            'o' => matches!(char, 'ウ' | 'オ'),
            'u' => char == 'ウ',
            _ => false,
        };
        out.push(if long { 'ー' } else { char });
        before = char;
    }
    out
}

/// ズ for ヅ and ジ for ヂ, which sound the same and are the usual choice of those who only heard the name.
pub(super) fn by_sound(kana: &str) -> String {
    kana.replace('ヅ', "ズ").replace('ヂ', "ジ")
}

fn vowel(kana: char) -> char {
    roman_of(kana).chars().last().unwrap_or(' ')
}

fn roman_of(kana: char) -> &'static str {
    const KANA: &str = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヴャュョ";
    const ROMAN: [&str; 75] = [
        "a", "i", "u", "e", "o", "ka", "ki", "ku", "ke", "ko", "sa", "shi", "su", "se", "so", "ta", "chi", "tsu", "te",
        "to", "na", "ni", "nu", "ne", "no", "ha", "hi", "fu", "he", "ho", "ma", "mi", "mu", "me", "mo", "ya", "yu",
        "yo", "ra", "ri", "ru", "re", "ro", "wa", "o", "n", "ga", "gi", "gu", "ge", "go", "za", "ji", "zu", "ze", "zo",
        "da", "ji", "zu", "de", "do", "ba", "bi", "bu", "be", "bo", "pa", "pi", "pu", "pe", "po", "vu", "ya", "yu",
        "yo",
    ];
    KANA.chars().position(|char| char == kana).map_or("", |at| ROMAN[at])
}

/// Latin letters in the passport's way; `long` keeps long vowels (satou rather than sato).
pub(super) fn roman(kana: &str, long: bool) -> String {
    let mut out = String::with_capacity(kana.len());
    let (mut doubled, mut before) = (false, ' ');
    for char in kana.chars() {
        let piece = roman_of(char);
        match char {
            'ッ' => doubled = true,
            'ャ' | 'ュ' | 'ョ' => {
                out.pop();
                let glide =
                    if out.ends_with("sh") || out.ends_with("ch") || out.ends_with('j') { &piece[1..] } else { piece };
                out.push_str(glide);
            }
            'ウ' | 'オ' if !long && vowel(before) == 'o' => {}
            'ウ' if !long && vowel(before) == 'u' => {}
            _ => {
                if doubled && !piece.is_empty() {
                    out.push(if piece.starts_with("ch") { 't' } else { char::from(piece.as_bytes()[0]) });
                    doubled = false;
                }
                out.push_str(piece);
            }
        }
        before = char;
    }
    out
}

/// ASCII letters, digits and signs as full-width ones.
pub(super) fn full_width(text: &str) -> String {
    text.chars()
        .map(|char| match char {
            ' ' => '　',
            '-' => '－',
            '!'..='~' => shift(char, 0xFEE0),
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kana_changes_its_dress() {
        assert_eq!(half_width("ガッパ　ジュン"), "ｶﾞｯﾊﾟ ｼﾞｭﾝ");
        assert_eq!(hiragana("サトウ タロー"), "さとう たろー");
        assert_eq!(large_kana("シュンイチ"), "シユンイチ");
        assert_eq!(barred("オオノ"), "オーノ");
        assert_eq!(barred("サトウ"), "サトー");
        assert_eq!(barred("ユウキ"), "ユーキ");
        assert_eq!(barred("ウエダ"), "ウエダ");
    }

    #[test]
    fn latin_letters_follow_the_passport() {
        assert_eq!(roman("サトウ", false), "sato");
        assert_eq!(roman("サトウ", true), "satou");
        assert_eq!(roman("ショウイチ", false), "shoichi");
        assert_eq!(roman("ハットリ", false), "hattori");
        assert_eq!(roman("リョウヘイ", false), "ryohei");
        assert_eq!(roman("ジュンコ", false), "junko");
    }

    #[test]
    fn old_forms_fold_to_common_ones() {
        assert_eq!(common("髙﨑 渡邉 齋藤 𠮷澤 冨田"), "高崎 渡辺 斎藤 吉沢 富田");
        assert_eq!(old_terminal("髙橋", true), "〓橋");
        assert_eq!(old_terminal("渡邉", true), "渡邉");
        assert_eq!(full_width("1-2 a"), "１－２　ａ");
    }
}
