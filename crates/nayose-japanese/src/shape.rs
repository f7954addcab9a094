//! What a value looks like, without telling it.
//!
//! In: any text. Out: its mask: a mark for each class of character, for a log, an error or a summary. Why: "no phone number" says
//! nothing of what to mend, `9-9999-9999` says that a zero is missing, and the number itself is personal data.
//!
//! Why a mask tells no person: every digit becomes 9 and every letter the mark of its class, so that of a value only its layout is
//! left, which it shares with all values of its format. Digits keep their count, as the count is what tells the fault, and a
//! format's count is not a person's. Letters do not from [`LETTERS`] on: the length of a name narrows down whose it is. Symbols
//! that no format has (pictures, characters of one machine) become one mark.

/// The digits of a run that are counted: no phone number of Japan has more, nor a postal code, a date or 法人番号 but for its
/// last (13). More are `…`.
const DIGITS: usize = 12;
/// Letters of one class in a row that are counted. From five on they are one mark and `…`: family and given names have one to
/// four kanji, so that such runs tell nothing. A judgement.
const LETTERS: usize = 4;
/// The characters of a mask. A layout is told by its beginning, and a remark of a hundred words would be told by its length and
/// punctuation. A judgement.
const LENGTH: usize = 40;

/// What stands for the rest of a run, or of a text.
const REST: char = '…';
/// A letter of no other class.
const LETTER: char = 'x';
/// A character that is neither a letter nor known punctuation: control characters, pictures, gaiji of a private area.
const SYMBOL: char = '◆';

/// The mask of `text`: `9` `９` digits, `A` `a` `Ａ` `ａ` Latin letters, `漢` kanji, `あ` hiragana, `ア` `ｱ` katakana, `x` other
/// letters, `◆` other symbols, `⏎` a line break; spaces and punctuation as they stand.
pub fn mask(text: &str) -> String {
    let mut out = String::new();
    let mut len = 0;
    let mut push = |out: &mut String, c| {
        if len < LENGTH {
            out.push(c);
        }
        len += 1;
        len <= LENGTH
    };
    let mut chars = text.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        let mark = mark(c, before);
        let most = match mark {
            '9' | '９' => DIGITS,
            _ if is_letter(mark) => LETTERS,
            // Spaces and punctuation.
            _ => {
                before = Some(mark);
                if !push(&mut out, mark) {
                    break;
                }
                continue;
            }
        };
        before = Some(mark);
        let mut run = 1usize;
        while chars.next_if(|&next| self::mark(next, before) == mark).is_some() {
            run = run.saturating_add(1);
        }
        let shown = match run {
            _ if run <= most => run,
            _ if most == DIGITS => DIGITS,
            _ => 1,
        };
        let rest = (run > most).then_some(REST);
        if !std::iter::repeat_n(mark, shown).chain(rest).all(|c| push(&mut out, c)) {
            break;
        }
    }
    if len > LENGTH {
        out.pop();
        out.push(REST);
    }
    out
}

/// Whether runs of this mark are shortened as those of letters.
fn is_letter(mark: char) -> bool {
    matches!(mark, 'A' | 'a' | 'Ａ' | 'ａ' | '漢' | 'あ' | 'ア' | 'ｱ' | LETTER | SYMBOL)
}

/// The mark of `c` after a character with the mark `before`.
fn mark(c: char, before: Option<char>) -> char {
    match c {
        '0'..='9' => '9',
        '０'..='９' => '９',
        'A'..='Z' => 'A',
        'a'..='z' => 'a',
        'Ａ'..='Ｚ' => 'Ａ',
        'ａ'..='ｚ' => 'ａ',
        // The long mark belongs to a word in kana; elsewhere people type it for a hyphen, which is a fault to tell.
        'ー' | 'ｰ' => before.filter(|mark| matches!(mark, 'あ' | 'ア' | 'ｱ')).unwrap_or(c),
        '\u{3041}'..='\u{309f}' => 'あ',
        '・' | '･' => c,
        '\u{30a1}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' => 'ア',
        '\u{ff66}'..='\u{ff9f}' => 'ｱ',
        '々' | '〆' | '〇' | '〻' => '漢',
        '\u{2e80}'..='\u{2fdf}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => '漢',
        '\u{20000}'..='\u{3ffff}' => '漢',
        '\n' | '\r' => '⏎',
        '\t' => '⇥',
        REST | '⏎' | '⇥' | '\u{fffd}' => c,
        ' '..='~' | '¥' | '\u{a0}' | '×' | '○' | '●' | '■' | '□' | '△' | '▲' | '※' | '−' => c,
        '\u{2010}'..='\u{2025}' | '\u{3000}'..='\u{301f}' | '\u{ff01}'..='\u{ff65}' | '￥' => c,
        _ if c.is_alphanumeric() => LETTER,
        _ => SYMBOL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_mask_tells_no_character(text in r"\PC*|(\PC|[0-9０-９ａ-ｚa-z一-龠ぁ-んァ-ンｱ-ﾝー \-・…()x\n]{1,9}){0,30}") {
            let mask = mask(&text);
            let wrong = mask.chars().find(|&c| c.is_alphanumeric() && !"9９AaＡａ漢あアｱx".contains(c) && !"ーｰ".contains(c));
            prop_assert_eq!(wrong, None, "{}", mask);
            prop_assert!(mask.chars().count() <= LENGTH);
        }

        #[test]
        fn two_values_of_one_layout_have_one_mask(numbers in prop::collection::vec("[0-9]{3}-[0-9]{4}|[一-龠]{2} [ァ-ン]{3}", 2)) {
            let [one, other] = &numbers[..] else { return Ok(()) };
            prop_assert_eq!(mask(one) == mask(other), one.contains('-') == other.contains('-'));
        }

        #[test]
        fn the_mask_of_a_mask_is_itself(text in r"\PC*|[0-9０-９ａ-ｚa-z一-龠ぁ-んァ-ンｱ-ﾝー \-・…()\n]{0,90}") {
            // x marks letters of other scripts, and is a Latin letter itself.
            let once = mask(&text);
            let again = mask(&once);
            prop_assert!(once == again || once.contains('x'), "{} {}", once, again);
            prop_assert_eq!(mask(&again), again);
        }

        #[test]
        fn the_length_of_a_long_word_is_not_told(long in 5usize..99, other in 5usize..99) {
            prop_assert_eq!(mask(&"山".repeat(long)), mask(&"川".repeat(other)));
        }
    }
}
