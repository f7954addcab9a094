//! A segment's condition in words, in Japanese and English: what the table `segment` says of it.
//!
//! In: a checked condition. Out: a sentence of each language. A column is said as the head of `customer_profile` describes it, with its name.

use crate::config::file::Label;
use crate::config::head::HeadColumn;
use crate::config::segments::{Condition, Preference, Test};

/// The condition in both languages.
pub(super) fn definition(of: &Condition) -> Label {
    match of {
        Condition::All(these) if these.is_empty() => {
            Label { ja: "全ての顧客".into(), en: "every customer".into() }
        }
        _ => Label { ja: ja(of, false), en: en(of, false) },
    }
}

fn ja(of: &Condition, inside: bool) -> String {
    let joined =
        |these: &[Condition], word: &str| bracketed(listed(these, word, ja), inside && these.len() > 1, "（", "）");
    match of {
        Condition::All(these) => joined(these, "、かつ"),
        Condition::Any(these) => joined(these, "、または"),
        Condition::Not(one) => format!("「{}」ではない", ja(one, false)),
        Condition::Preference(Preference { category, times, purchases }) => {
            format!("購買に占める{category}の割合が全顧客の{times}倍以上（{purchases}回以上購入）")
        }
        Condition::Column(column, test) => format!("{}{}", subject_ja(column), tested_ja(test)),
    }
}

fn en(of: &Condition, inside: bool) -> String {
    let joined =
        |these: &[Condition], word: &str| bracketed(listed(these, word, en), inside && these.len() > 1, "(", ")");
    match of {
        Condition::All(these) => joined(these, " and "),
        Condition::Any(these) => joined(these, " or "),
        Condition::Not(one) => format!("not ({})", en(one, false)),
        Condition::Preference(Preference { category, times, purchases }) => {
            format!(
                "share of {category} among the purchases at least {times} times that of all customers ({purchases} or more)"
            )
        }
        Condition::Column(column, test) => format!("{} {}", subject_en(column), tested_en(test)),
    }
}

fn listed(these: &[Condition], word: &str, of: fn(&Condition, bool) -> String) -> String {
    these.iter().map(|one| of(one, true)).collect::<Vec<_>>().join(word)
}

fn bracketed(text: String, brackets: bool, open: &str, close: &str) -> String {
    if brackets { format!("{open}{text}{close}") } else { text }
}

/// What a column is, up to the first remark of its comment.
fn subject_ja(column: &HeadColumn) -> String {
    let label = column.ja.split(['（', '(', '。', '、']).next().unwrap_or_default().trim();
    format!("{label}（{}）", column.name)
}

fn subject_en(column: &HeadColumn) -> String {
    let label = column.en.split([',', ';', ':', '(']).next().unwrap_or_default().trim();
    format!("{label} ({})", column.name)
}

fn tested_ja(test: &Test) -> String {
    let any = |texts: Vec<String>| texts.join("・");
    match test {
        Test::Is(true) => "に該当".into(),
        Test::Is(false) => "に該当しない".into(),
        Test::Texts(texts) => format!("が{}", any(texts.iter().map(|text| format!("「{text}」")).collect())),
        Test::Numbers(numbers) => format!("が{}", any(numbers.iter().map(ToString::to_string).collect())),
        Test::AtLeast(least) => format!("が{least}以上"),
        Test::AtMost(most) => format!("が{most}以下"),
        Test::WithinDays(days) => format!("が直近{days}日以内"),
        Test::DaysAgo(days) => format!("が{days}日以上前"),
        Test::InNextDays(days) => format!("が今後{days}日以内"),
        Test::From(day) => format!("が{day}以降"),
        Test::Until(day) => format!("が{day}まで"),
        Test::MonthsAhead(0) => "が実行日の月".into(),
        Test::MonthsAhead(1) => "が実行日の翌月".into(),
        Test::MonthsAhead(months) => format!("が実行日の{months}か月後の月"),
        Test::Contains(texts) => format!("に{}を含む", any(texts.iter().map(|text| format!("「{text}」")).collect())),
        Test::Missing(true) => "の値がない".into(),
        Test::Missing(false) => "の値がある".into(),
    }
}

fn tested_en(test: &Test) -> String {
    let any = |texts: Vec<String>| texts.join(" or ");
    match test {
        Test::Is(flag) => flag.to_string(),
        Test::Texts(texts) => any(texts.clone()),
        Test::Numbers(numbers) => any(numbers.iter().map(ToString::to_string).collect()),
        Test::AtLeast(least) => format!("at least {least}"),
        Test::AtMost(most) => format!("at most {most}"),
        Test::WithinDays(days) => format!("within the last {days} days"),
        Test::DaysAgo(days) => format!("{days} days ago or longer"),
        Test::InNextDays(days) => format!("within the next {days} days"),
        Test::From(day) => format!("on {day} or later"),
        Test::Until(day) => format!("on {day} or earlier"),
        Test::MonthsAhead(0) => "the month of the run".into(),
        Test::MonthsAhead(1) => "the month after the run".into(),
        Test::MonthsAhead(months) => format!("the month {months} months after the run"),
        Test::Contains(texts) => format!("has {}", any(texts.clone())),
        Test::Missing(true) => "is missing".into(),
        Test::Missing(false) => "is there".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::head::{HeadShown, HeadType};

    #[test]
    fn a_condition_is_said_in_both_languages() {
        let column = |name: &str, ja: &str, en: &str| HeadColumn {
            name: name.into(),
            data_type: HeadType::Integer,
            nullable: true,
            ja: ja.into(),
            en: en.into(),
            shown: HeadShown::Plain,
        };
        let decile = column("decile", "デシル 1–10（1が最上位）", "decile, 1 is highest");
        let lapsed = column("is_lapsed", "離脱（最終購買から12か月超）", "lapsed: no purchase for 12 months");
        let coffee = Preference { category: "コーヒー".into(), times: 1.5, purchases: 2 };
        let condition = Condition::All(vec![
            Condition::Column(decile, Test::AtMost(3.0)),
            Condition::Any(vec![
                Condition::Not(Box::new(Condition::Column(lapsed, Test::Is(true)))),
                Condition::Preference(coffee),
            ]),
        ]);
        let Label { ja, en } = definition(&condition);
        assert_eq!(
            ja,
            "デシル 1–10（decile）が3以下、かつ（「離脱（is_lapsed）に該当」ではない、または購買に占めるコーヒーの割合が全顧客の1.5倍以上（2回以上購入））"
        );
        assert_eq!(
            en,
            "decile (decile) at most 3 and (not (lapsed (is_lapsed) true) or share of コーヒー among the purchases at least 1.5 times that of all customers (2 or more))"
        );
        assert_eq!(definition(&Condition::All(Vec::new())).en, "every customer");
    }
}
