//! Explanations as text: a waterfall of weights that a person can read and add up.

use std::fmt::Write;

use super::view::{ComparisonView, CustomerView, Outcome, PairView, Words};
use crate::stages::cluster::reason::japanese;

/// Which language.
pub(super) fn pick(words: &Words, ja: bool) -> &str {
    if ja { &words.ja } else { &words.en }
}

/// The explanation of a pair.
pub(crate) fn pair_text(pair: &PairView, ja: bool) -> String {
    let mut text = String::new();
    let say = |text: &mut String, j: String, e: String| {
        let _ = writeln!(text, "{}", if ja { j } else { e });
    };
    let (l, r) = (&pair.left, &pair.right);
    match &pair.outcome {
        Outcome::Linked => say(
            &mut text,
            format!("{l} と {r} は同一人物です（{}）。", pair.left_customer),
            format!("{l} and {r} are one person ({}).", pair.left_customer),
        ),
        Outcome::Held { reason } => say(
            &mut text,
            format!("{l} と {r} は同一人物です（{}）。前回の結合を保っています: {reason}", pair.left_customer),
            format!("{l} and {r} are one person ({}). A link of before holds: {reason}", pair.left_customer),
        ),
        Outcome::LinkedByOthers => say(
            &mut text,
            format!(
                "{l} と {r} は、他のレコードを介して同一人物です（{}）。二つだけでは決まりません。",
                pair.left_customer
            ),
            format!(
                "{l} and {r} are one person by way of other records ({}); by themselves they would not be.",
                pair.left_customer
            ),
        ),
        Outcome::Decided { reason } if pair.left_customer == pair.right_customer => say(
            &mut text,
            format!("{l} と {r} は同一人物です（{}）。人による判断です: {}", pair.left_customer, japanese(reason)),
            format!("{l} and {r} are one person ({}). A person decided: {reason}", pair.left_customer),
        ),
        other => {
            say(
                &mut text,
                format!("{l}（{}）と {r}（{}）は別の顧客です。", pair.left_customer, pair.right_customer),
                format!("{l} ({}) and {r} ({}) are two customers.", pair.left_customer, pair.right_customer),
            );
            match other {
                Outcome::NoSharedBlock => say(
                    &mut text,
                    "理由: どのブロッキング規則でも候補になりませんでした。".into(),
                    "Why: no blocking rule brings them together, so that they were never compared.".into(),
                ),
                Outcome::BelowThreshold { threshold } => say(
                    &mut text,
                    format!("理由: 同一人物の確率が閾値 {threshold} に届きません。"),
                    format!("Why: the probability that they are one person is below the threshold {threshold}."),
                ),
                Outcome::Contradiction { reason } => say(
                    &mut text,
                    format!("理由: 二つのレコードが矛盾するため結合されません: {reason}"),
                    format!("Why: the two records contradict each other: {reason}"),
                ),
                Outcome::Cut { reason } => say(
                    &mut text,
                    format!(
                        "理由: 結合すると、属する二つのグループが一人とは言えなくなるため切断されました: {}",
                        japanese(reason)
                    ),
                    format!(
                        "Why: the link was refused because the two groups that it would join are not one person: {reason}"
                    ),
                ),
                Outcome::Contested { reason } => say(
                    &mut text,
                    format!("理由: 別の人にも同じくらい合うため、人の確認待ちです: {}", japanese(reason)),
                    format!("Why: it fits somebody else as well, and waits for review: {reason}"),
                ),
                Outcome::Decided { reason } => say(
                    &mut text,
                    format!("理由: 人による判断です: {}", japanese(reason)),
                    format!("Why: a person decided: {reason}"),
                ),
                Outcome::Linked | Outcome::Held { .. } | Outcome::LinkedByOthers => {}
            }
        }
    }
    text.push('\n');
    let [label, level, weight, against] = if ja {
        ["比較", "水準", "重み", "対世帯"]
    } else {
        ["comparison", "level", "weight", "vs household"]
    };
    let _ = writeln!(text, "{}{}{:>10}{:>14}", pad(label, 16), pad(level, 28), weight, against);
    let _ = writeln!(text, "{}{}{:>+10.2}", pad(if ja { "事前" } else { "prior" }, 16), pad("", 28), pair.prior_weight);
    for c in &pair.comparisons {
        let _ = writeln!(
            text,
            "{}{}{:>+10.2}{:>+14.2}   {}",
            pad(pick(&c.label, ja), 16),
            pad(pick(&c.level_label, ja), 28),
            c.weight,
            c.weight_against_household,
            values(c)
        );
    }
    let total = if ja { "合計" } else { "total" };
    let _ = writeln!(text, "{}{}{:>+10.2}", pad(total, 16), pad("", 28), pair.prior_weight + pair.weight);
    text.push('\n');
    say(
        &mut text,
        format!("同一人物の確率 {:.4}、同一世帯の別人の確率 {:.4}", pair.probability, pair.household_probability),
        format!(
            "Probability of one person {:.4}, of two people of one household {:.4}",
            pair.probability, pair.household_probability
        ),
    );
    for (feature, value) in &pair.ignored {
        say(
            &mut text,
            format!("多数のレコードが持つため無視した値: {feature} {value}"),
            format!("Ignored, because very many records have it: {feature} {value}"),
        );
    }
    if !pair.blocking_rules.is_empty() {
        let rules = pair.blocking_rules.join(", ");
        say(
            &mut text,
            format!("候補にしたブロッキング規則: {rules}"),
            format!("Blocking rules that bring the pair: {rules}"),
        );
    }
    text.trim_end().to_string()
}

fn values(c: &ComparisonView) -> String {
    let side = |values: &[String]| if values.is_empty() { "–".to_string() } else { values.join(", ") };
    format!("{} | {}", side(&c.left), side(&c.right))
}

/// The explanation of a customer.
pub(crate) fn customer_text(customer: &CustomerView, ja: bool) -> String {
    let mut text = String::new();
    let n = customer.records.len();
    let _ = if ja {
        writeln!(
            text,
            "{} は {n} 件のレコードからなる一人の顧客です（世帯 {}）。",
            customer.customer_id, customer.household_id
        )
    } else {
        writeln!(text, "{} is one person of {n} records (household {}).", customer.customer_id, customer.household_id)
    };
    for record in &customer.records {
        let _ = writeln!(text, "\n  {}", record.id);
        for (label, value) in &record.values {
            let _ = writeln!(text, "    {}{value}", pad(pick(label, ja), 14));
        }
    }
    if !customer.decided.is_empty() {
        let _ = writeln!(text, "\n{}", if ja { "人による判断:" } else { "What a person decided:" });
    }
    for pair in &customer.decided {
        let (l, r, p) = (&pair.left, &pair.right, probability(pair.probability));
        let by_data = if ja { "データからの確率" } else { "probability by the evidence" };
        let _ = writeln!(text, "  {l} – {r}   {by_data} {p}\n      {}", pair.reason);
    }
    if !customer.links.is_empty() {
        let _ = writeln!(
            text,
            "\n{}",
            if ja { "なぜ一人か（強い順）:" } else { "Why they are one person, strongest first:" }
        );
    }
    for link in &customer.links {
        let _ = writeln!(
            text,
            "  {} – {}   {} {:.4}  {} {:+.1}  [{}]",
            link.left,
            link.right,
            if ja { "確率" } else { "probability" },
            link.probability,
            if ja { "重み" } else { "weight" },
            link.weight,
            link.blocking_rule
        );
        let evidence: Vec<String> = link
            .evidence
            .iter()
            .map(|(label, level, weight)| format!("{}: {} {weight:+.1}", pick(label, ja), pick(level, ja)))
            .collect();
        let _ = writeln!(text, "      {}", evidence.join(if ja { "、" } else { ", " }));
    }
    text.trim_end().to_string()
}

/// A probability, however small it is.
fn probability(p: f64) -> String {
    if p >= 0.0001 { format!("{p:.4}") } else { format!("{p:.1e}") }
}

/// Pads to a width in columns of a terminal, where a kanji takes two.
fn pad(text: &str, width: usize) -> String {
    let used: usize = text.chars().map(|c| if c.is_ascii() || c == '–' { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(used).max(1)))
}
