//! What a record asked now is, as text.

use std::fmt::Write;

use super::text::pick;
use super::view::{Decision, MatchView};

/// The answer in words, with the evidence of each candidate on a line.
pub(crate) fn match_text(found: &MatchView, ja: bool) -> String {
    let say = |j: String, e: String| if ja { j } else { e };
    let id = found.customer_id.as_deref().unwrap_or_default();
    let mut text = match found.decision {
        Decision::Linked => say(format!("{id} の顧客です。"), format!("The record is of customer {id}.")),
        Decision::Contested => say(
            "複数の顧客に当てはまります。どちらかは次の実行が決めます。".into(),
            "Several customers are like it; a run decides between them.".into(),
        ),
        Decision::Review => say(
            "似たレコードがありますが、人の確認が必要です。".into(),
            "It is like a record, and somebody has to look at it.".into(),
        ),
        Decision::Nobody if found.warning.is_some() => {
            say("どの顧客かは分かりません。".into(), "Nobody can say whose it is.".into())
        }
        Decision::Nobody => say("どの顧客でもありません。".into(), "It is nobody whom the run knows.".into()),
    };
    text.push('\n');
    if let Some(warning) = &found.warning {
        let _ = writeln!(text, "{}", pick(warning, ja));
    }
    for c in &found.candidates {
        let _ = writeln!(
            text,
            "\n  {}  {}  {} {:.4}  {} {:.4}  {} {:+.1}  [{}]",
            c.record,
            c.customer_id,
            if ja { "確率" } else { "probability" },
            c.probability,
            if ja { "同一世帯" } else { "household" },
            c.household_probability,
            if ja { "重み" } else { "weight" },
            c.weight,
            c.blocking_rule
        );
        let mut told: Vec<_> = c.comparisons.iter().filter(|c| c.weight != 0.0).collect();
        told.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let told: Vec<String> = told
            .iter()
            .map(|c| format!("{}: {} {:+.1}", pick(&c.label, ja), pick(&c.level_label, ja), c.weight))
            .collect();
        let _ = writeln!(text, "      {}", told.join(if ja { "、" } else { ", " }));
    }
    if found.more {
        let _ = writeln!(text, "\n{}", say("ほかにも候補があります。".into(), "There are more candidates.".into()));
    }
    for (feature, value) in &found.ignored {
        let _ = writeln!(
            text,
            "{}",
            say(
                format!("多数のレコードが持つため無視した値: {feature} {value}"),
                format!("Ignored, because very many records have it: {feature} {value}"),
            )
        );
    }
    if !found.problems.is_empty() {
        let problems = found.problems.join(", ");
        let _ = writeln!(text, "{}", say(format!("値の問題: {problems}"), format!("Problems of values: {problems}")));
    }
    text.trim_end().to_string()
}
