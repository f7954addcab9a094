//! The life of a customer id, or of a record, as a story in Japanese or English.

use std::fmt::Write;

use super::view::{DecisionView, HistoryEvent, HistoryView, Membership, RecordHistoryView};

/// The story in Japanese or English.
pub(crate) fn history_text(view: &HistoryView, ja: bool) -> String {
    let mut text = String::new();
    let id = &view.customer_id;
    let head = match (view.today == *id, ja) {
        (true, true) => format!("統合顧客 {id} の履歴"),
        (true, false) => format!("The history of customer {id}"),
        (false, true) => format!("統合顧客 {id} の履歴（現在は {} です）", view.today),
        (false, false) => format!("The history of customer {id}, who is {} today", view.today),
    };
    let _ = writeln!(text, "{head}\n");
    for event in &view.events {
        let run = if ja { format!("第{}回の実行", event.run) } else { format!("run {}", event.run) };
        let _ = writeln!(text, "  {}  {}  [{run}]", event.at, sentence(event, ja));
    }
    let _ = writeln!(text, "\n{}", if ja { "レコード" } else { "Records" });
    for record in &view.records {
        let _ = writeln!(text, "  {}  {}", record.record, held(record, ja));
    }
    text += &decisions(&view.decisions, ja);
    text.trim_end().to_string()
}

/// The customers of a record over time, in Japanese or English.
pub(crate) fn record_history_text(view: &RecordHistoryView, ja: bool) -> String {
    let record = &view.record;
    let mut text = match ja {
        true => format!("レコード {record} の履歴\n\n統合顧客\n"),
        false => format!("The history of record {record}\n\nCustomers\n"),
    };
    for of in &view.customers {
        let today = match (of.today == of.customer_id, ja) {
            (true, _) => String::new(),
            (false, true) => format!("（現在は {} です）", of.today),
            (false, false) => format!(" (is {} today)", of.today),
        };
        let _ = writeln!(text, "  {}{today}  {}", of.customer_id, held(&of.time, ja));
    }
    text += &decisions(&view.decisions, ja);
    text.trim_end().to_string()
}

/// What people decided, below its own head; nothing where they did not.
fn decisions(all: &[DecisionView], ja: bool) -> String {
    let mut text = String::new();
    if !all.is_empty() {
        let _ = writeln!(text, "\n{}", if ja { "人による判断" } else { "Decisions of people" });
    }
    for decision in all {
        let _ = writeln!(text, "  {}", decided(decision, ja));
    }
    text
}

/// Since when, and until when.
fn held(record: &Membership, ja: bool) -> String {
    let time = match (&record.to, ja) {
        (None, true) => format!("{} から", record.from),
        (None, false) => format!("since {}", record.from),
        (Some(to), true) => format!("{} から {to} まで", record.from),
        (Some(to), false) => format!("from {} to {to}", record.from),
    };
    time + &runs(record, ja)
}

/// The runs that found a record with the id; nothing where they did not keep their numbers.
fn runs(record: &Membership, ja: bool) -> String {
    match (record.from_run, record.to_run, ja) {
        (Some(from), None, true) => format!("  [第{from}回の実行から]"),
        (Some(from), None, false) => format!("  [from run {from} on]"),
        (Some(from), Some(to), true) => format!("  [第{from}回から第{to}回の実行の前まで]"),
        (Some(from), Some(to), false) => format!("  [from run {from} until run {to}]"),
        (None, Some(to), true) => format!("  [第{to}回の実行の前まで]"),
        (None, Some(to), false) => format!("  [until run {to}]"),
        (None, None, _) => String::new(),
    }
}

/// A decision in a line: what, who, when, why, and whether it counts.
fn decided(d: &DecisionView, ja: bool) -> String {
    let word = match (d.decision.as_str(), ja) {
        ("same", true) => "同一人物",
        ("different", true) => "別人",
        ("undecided", true) => "判断の取り消し",
        (word, _) => word,
    };
    let at = d.at.as_deref().unwrap_or("?");
    let until = match (&d.expires, ja) {
        (Some(time), true) => format!("、期限 {time}"),
        (Some(time), false) => format!(", until {time}"),
        (None, _) => String::new(),
    };
    let ended = match (&d.ended, ja) {
        (Some(ended), true) => format!("。{} に{}", ended.at, how(&ended.how, true)),
        (Some(ended), false) => format!("; {} at {}", how(&ended.how, false), ended.at),
        (None, _) => String::new(),
    };
    match ja {
        true => format!("{at}  {} – {}: {word}（{}: {}{until}{ended}） [{}]", d.left, d.right, d.by, d.why, d.id),
        false => format!("{at}  {} – {}: {word} ({}: {}{until}{ended}) [{}]", d.left, d.right, d.by, d.why, d.id),
    }
}

/// How a decision ended, as people read it.
fn how(ended: &str, ja: bool) -> &str {
    match (ended, ja) {
        ("replaced", true) => "別の判断に置き換え",
        ("taken_back", true) => "取り消し",
        ("expired", true) => "期限切れ",
        ("withdrawn", true) => "ファイルから削除",
        ("taken_back", false) => "taken back",
        ("withdrawn", false) => "withdrawn from the file",
        (ended, _) => ended,
    }
}

fn sentence(event: &HistoryEvent, ja: bool) -> String {
    let (id, other) = (&event.customer_id, event.counterpart.as_deref().unwrap_or_default());
    let why = cause(&event.reason, ja);
    match (event.event.as_str(), ja) {
        ("created", true) => format!("{id} を作成（{why}）"),
        ("created", false) => format!("{id} was created ({why})"),
        ("joined", true) => format!("{other} が {id} に加わった（{why}）"),
        ("joined", false) => format!("{other} joined {id} ({why})"),
        ("merged", true) => format!("{id} を {other} に統合。{id} は別名として残る（{why}）"),
        ("merged", false) => format!("{id} was merged into {other} and is its alias ({why})"),
        ("split", true) => format!("{id} を {other} から分離（{why}）"),
        ("split", false) => format!("{id} was split from {other} ({why})"),
        ("retired", true) => format!("{id} を終了（{why}）"),
        ("retired", false) => format!("{id} was retired ({why})"),
        ("erased", true) => format!("{id} を消去（{why}）"),
        ("erased", false) => format!("{id} was erased ({why})"),
        (other, _) => format!("{id}: {other} ({why})"),
    }
}

/// A cause as people read it.
fn cause(reason: &str, ja: bool) -> &str {
    if !ja {
        return reason;
    }
    match reason {
        "new record" => "新しいレコード",
        "changed value" => "値の変更",
        "decision" => "人による判断",
        "decision expired" => "人による判断の期限切れ",
        "model" => "モデルまたは設定の変更",
        "thresholds" => "しきい値の変更",
        "a record is gone" => "レコードがなくなった",
        "no record is left" => "レコードが残っていない",
        "erasure" => "消去の請求",
        "rollback" => "ロールバック",
        other => other,
    }
}
