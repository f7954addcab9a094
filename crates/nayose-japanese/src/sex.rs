//! Sex.
//!
//! In: any text or code. Out: male, female or unknown. Codes are read as ISO/IEC 5218 (0 not known, 1 male, 2 female, 9
//! not applicable), which is what Japanese systems use; a channel with codes of its own maps them in its pipeline file.
//! Why a confidence: a word says what it means, a code may be another system's.

use crate::ascii;

/// What a customer's record says about their sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
    /// Not given, not asked, neither, or not readable.
    Unknown,
}

/// Why the sex is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SexProblem {
    /// Blank.
    Missing,
    /// The customer or the form declines to say (回答しない, 0, 9).
    NotTold,
    /// Neither (その他, X).
    Other,
    /// Both (男・女).
    Ambiguous,
    /// No known word or code.
    Unreadable,
}

impl SexProblem {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            SexProblem::Missing => "missing",
            SexProblem::NotTold => "not_told",
            SexProblem::Other => "other",
            SexProblem::Ambiguous => "ambiguous",
            SexProblem::Unreadable => "unreadable",
        }
    }
}

/// A sex field as understood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SexField {
    /// What it says.
    pub sex: Sex,
    /// The probability that this is what was meant: 1 for a word, 0.9 for a bare code or a title, 0 if unknown.
    /// Judgements.
    pub confidence: f32,
    /// Why it is unknown.
    pub problem: Option<SexProblem>,
}

impl SexField {
    /// `male` or `female`; `None` if unknown.
    pub fn key(&self) -> Option<&'static str> {
        match self.sex {
            Sex::Male => Some("male"),
            Sex::Female => Some("female"),
            Sex::Unknown => None,
        }
    }
}

/// Reads a sex field.
pub fn sex(text: &str) -> SexField {
    let folded = ascii::fold(text).to_lowercase();
    let word = folded.trim_matches(|c: char| !c.is_alphanumeric() && c != '♂' && c != '♀');
    match read(word) {
        Some((sex, confidence)) => SexField { sex, confidence, problem: None },
        None => SexField { sex: Sex::Unknown, confidence: 0.0, problem: Some(why_unknown(word)) },
    }
}

fn read(word: &str) -> Option<(Sex, f32)> {
    Some(match word {
        "男" | "男性" | "男子" | "男児" | "おとこ" | "オトコ" | "だんせい" | "ダンセイ" | "m" | "male" | "man"
        | "men" | "boy" | "otoko" | "♂" => (Sex::Male, 1.0),
        "女" | "女性" | "女子" | "女児" | "おんな" | "オンナ" | "じょせい" | "ジョセイ" | "f" | "female" | "woman"
        | "women" | "girl" | "onna" | "♀" => (Sex::Female, 1.0),
        "1" | "01" | "1.0" | "mr" | "夫" => (Sex::Male, 0.9),
        "2" | "02" | "2.0" | "ms" | "mrs" | "miss" | "w" | "妻" => (Sex::Female, 0.9),
        // A code with its word: 1:男性, 2.女, male(1). The word decides.
        _ => {
            let mut parts = word.split(|c: char| !c.is_alphabetic() && c != '♂' && c != '♀').filter(|p| !p.is_empty());
            let only = parts.next().filter(|part| *part != word)?;
            return if parts.next().is_none() { read(only) } else { None };
        }
    })
}

fn why_unknown(word: &str) -> SexProblem {
    match word {
        "" | "なし" | "無し" | "nan" | "null" | "none" | "n/a" | "na" | "未入力" | "未設定" | "未登録" => {
            SexProblem::Missing
        }
        "0" | "9" | "00" | "09" | "0.0" | "9.0" | "不明" | "未回答" | "無回答" | "回答しない" | "答えない"
        | "答えたくない" | "不詳" | "非公開" | "u" | "unknown" | "未選択" | "選択しない" | "not applicable"
        | "not known" | "回答なし" => SexProblem::NotTold,
        "3" | "x" | "その他" | "other" | "others" | "ノンバイナリー" | "ノンバイナリ" | "non-binary" | "nonbinary" => {
            SexProblem::Other
        }
        _ if word.contains('男') && word.contains('女') => SexProblem::Ambiguous,
        _ => SexProblem::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(text in r"\PC*") {
            let _ = sex(&text);
        }

        #[test]
        fn twice_is_once(text in "[男女性子12 :.・mMfF♂♀（）]{0,4}") {
            let once = sex(&text);
            if let Some(key) = once.key() {
                prop_assert_eq!(sex(key).key(), Some(key));
            }
        }
    }
}
