//! The evaluation as one HTML page without any outside part: figures, curves and examples to look at.

use std::fmt::Write;

use serde::Serialize;

use nayose_matching::evaluate::shape::Shape;
use nayose_matching::evaluate::{PairCounts, Scores};

/// A threshold with what came out of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Links from this probability up join.
    pub threshold: f64,
    /// What the truth says of the customers that result; none without a truth.
    pub truth: Option<Scores>,
    /// Precision that the model itself expects of its links.
    pub expected_precision: f64,
    /// Share of the true links among the compared pairs that the model itself expects to keep.
    pub expected_recall: f64,
}

/// A pair to look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// `channel:record_id`.
    pub left: String,
    /// `channel:record_id`.
    pub right: String,
    /// P(one person), where the pair was compared and kept.
    pub probability: Option<f64>,
}

/// What is known of the matching without a truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Unlabelled {
    /// Sizes, density, bridges.
    pub shape: Shape,
    /// Comparison → customers with two records that stand at its last level.
    pub contradictory: Vec<(String, u64)>,
    /// Channel → records, and records that would not even be linked with themselves.
    pub unlinkable: Vec<(String, u64, u64)>,
}

/// What a truth adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Labels {
    /// Records of the truth.
    #[serde(skip)]
    pub records: u64,
    /// People of the truth.
    #[serde(skip)]
    pub people: u64,
    /// Name → pairs: overall, by pair of channels, households.
    pub scores: Vec<(String, PairCounts)>,
    /// B-cubed.
    pub b_cubed: Scores,
    /// Records of the truth that have no customer: they were rejected, or not in the input.
    pub missing: u64,
    /// True households of two people and more, and those of them with two people under one customer.
    pub households_merged: Option<(u64, u64)>,
    /// Pairs under one customer that are two people, surest first.
    pub false_merges: Vec<Example>,
    /// Pairs of one person under two customers, nearest to the threshold first.
    pub misses: Vec<Example>,
}

/// Everything on the page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The run.
    pub run_id: String,
    /// Records and customers.
    pub records: u64,
    /// Customers.
    pub customers: u64,
    /// The threshold of the run.
    pub auto: f64,
    /// Without truth.
    pub unlabelled: Unlabelled,
    /// With truth.
    pub labels: Option<Labels>,
    /// Over thresholds.
    pub curve: Vec<Point>,
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;margin:.5em 0 1.5em}td,th{padding:.2em .9em .2em 0;border-bottom:1px solid #ddd;text-align:left}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}h2{margin-top:2em;font-size:1.15em}code{background:#f3f3f3;padding:.1em .3em}\
.bar{fill:#4477aa}.p{stroke:#4477aa}.r{stroke:#cc6677}.f{stroke:#117733}.e{stroke-dasharray:5 4}polyline{fill:none;stroke-width:2}\
text{font-size:12px;fill:#444}.axis{stroke:#999;stroke-width:1}";

/// The page.
pub(crate) fn html(report: &Report) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"ja\"><head><meta charset=\"utf-8\"><title>nayose evaluate</title><style>",
    );
    page += STYLE;
    let _ = write!(
        page,
        "</style></head><body><h1>名寄せの評価 <small>Evaluation</small></h1><p>run <code>{}</code> · {} records · {} customers · auto {}</p>",
        escape(&report.run_id),
        report.records,
        report.customers,
        report.auto
    );
    if let Some(labels) = &report.labels {
        scores(&mut page, labels);
    }
    curve(&mut page, report);
    unlabelled(&mut page, &report.unlabelled);
    if let Some(labels) = &report.labels {
        examples(
            &mut page,
            "誤って統合 <small>Two people under one customer, surest first</small>",
            &labels.false_merges,
        );
        examples(&mut page, "統合漏れ <small>One person under two customers, nearest first</small>", &labels.misses);
    }
    page += "</body></html>\n";
    page
}

fn scores(page: &mut String, labels: &Labels) {
    *page += "<h2>正解との比較 <small>Against the truth</small></h2><table><tr><th></th><th class=n>適合率 precision</th>\
        <th class=n>再現率 recall</th><th class=n>F1</th><th class=n>true pairs</th></tr>";
    let mut row = |name: &str, s: &Scores, pairs: String| {
        let _ = write!(
            page,
            "<tr><td>{}</td><td class=n>{:.4}</td><td class=n>{:.4}</td><td class=n>{:.4}</td><td class=n>{pairs}</td></tr>",
            escape(name),
            s.precision,
            s.recall,
            s.f1
        );
    };
    for (i, (name, counts)) in labels.scores.iter().enumerate() {
        row(name, &counts.scores(), counts.true_pairs.to_string());
        if i == 0 {
            row("B-cubed", &labels.b_cubed, String::new());
        }
    }
    *page += "</table>";
    if let Some((all, merged)) = labels.households_merged {
        let _ = write!(
            page,
            "<p>世帯の中での統合 <small>Households of two people and more with two of them under one customer</small>: {merged} of {all}</p>"
        );
    }
}

/// The plot's box: left, top, width, height.
const BOX: [f64; 4] = [45.0, 10.0, 480.0, 220.0];

fn curve(page: &mut String, report: &Report) {
    *page += "<h2>閾値ごと <small>Over thresholds</small></h2>";
    let values = report.curve.iter().flat_map(|p| {
        let truth = p.truth.map_or(vec![], |t| vec![t.precision, t.recall, t.f1]);
        truth.into_iter().chain([p.expected_precision, p.expected_recall])
    });
    let floor = (values.fold(1.0, f64::min) * 20.0).floor().min(19.0) / 20.0;
    let [left, top, width, height] = BOX;
    let x = |t: f64| left + width * (t - 0.5) / 0.5;
    let y = |v: f64| top + height * (1.0 - v) / (1.0 - floor);
    let _ =
        write!(page, "<svg viewBox=\"0 0 640 270\" role=\"img\" aria-label=\"precision and recall over thresholds\">");
    for step in 0..=4 {
        let (value, at) = (floor + (1.0 - floor) * f64::from(step) / 4.0, 0.5 + f64::from(step) / 8.0);
        let _ = write!(
            page,
            "<line class=axis x1={left} x2={:.0} y1={y:.1} y2={y:.1} stroke-opacity=.3 /><text x=5 y={ty:.1}>{value:.3}</text>\
             <text x={tx:.1} y=250>{at:.3}</text>",
            left + width,
            y = y(value),
            ty = y(value) + 4.0,
            tx = x(at) - 12.0
        );
    }
    let mut line = |class: &str, label: &str, order: f64, of: &dyn Fn(&Point) -> Option<f64>| {
        let points: Vec<String> =
            report.curve.iter().filter_map(|p| Some(format!("{:.1},{:.1}", x(p.threshold), y(of(p)?)))).collect();
        if !points.is_empty() {
            let _ = write!(
                page,
                "<polyline class=\"{class}\" points=\"{}\" /><line class=\"{class}\" x1=535 x2=555 y1={at} y2={at} stroke-width=2 />\
                 <text x=560 y={label_at}>{label}</text>",
                points.join(" "),
                at = 20.0 + 18.0 * order,
                label_at = 24.0 + 18.0 * order
            );
        }
    };
    line("p", "precision", 0.0, &|p| p.truth.map(|t| t.precision));
    line("r", "recall", 1.0, &|p| p.truth.map(|t| t.recall));
    line("f", "F1", 2.0, &|p| p.truth.map(|t| t.f1));
    line("p e", "expected", 3.0, &|p| Some(p.expected_precision));
    line("r e", "expected", 4.0, &|p| Some(p.expected_recall));
    *page += "</svg><p><small>expected: 見込み, what the model itself expects of the pairs that blocking brought.</small></p>";
}

fn unlabelled(page: &mut String, found: &Unlabelled) {
    *page += "<h2>顧客あたりのレコード数 <small>Records of a customer</small></h2><svg viewBox=\"0 0 640 150\" role=\"img\">";
    let most = found.shape.sizes.values().max().copied().unwrap_or(1).max(1) as f64;
    for (i, (size, n)) in found.shape.sizes.iter().take(20).enumerate() {
        let height = 110.0 * *n as f64 / most;
        let left = 10.0 + 31.0 * i as f64;
        let _ = write!(
            page,
            "<rect class=bar x={left:.0} y={:.1} width=24 height={height:.1} /><text x={left:.0} y=138>{size}</text>\
             <title>{size} records: {n} customers</title>",
            120.0 - height
        );
    }
    let shape = &found.shape;
    let _ = write!(
        page,
        "</svg><table><tr><td>3件以上の顧客 <small>customers of three records and more</small></td><td class=n>{}</td></tr>\
         <tr><td>リンク密度の平均 <small>mean share of their pairs that are linked</small></td><td class=n>{:.3}</td></tr>\
         <tr><td>鎖状の顧客 <small>of them with less than half linked</small></td><td class=n>{}</td></tr>\
         <tr><td>橋 <small>links that alone hold two groups together</small></td><td class=n>{}</td></tr></table>",
        shape.large, shape.density, shape.sparse, shape.bridges
    );
    *page += "<h2>矛盾する値を持つ顧客 <small>Customers with records that disagree</small></h2><table>";
    for (name, n) in &found.contradictory {
        let _ = write!(page, "<tr><td>{}</td><td class=n>{n}</td></tr>", escape(name));
    }
    *page += "</table><h2>手がかりの足りないレコード <small>Records that say too little to match even themselves</small></h2><table>";
    for (channel, records, unlinkable) in &found.unlinkable {
        let _ = write!(page, "<tr><td>{}</td><td class=n>{unlinkable} of {records}</td></tr>", escape(channel));
    }
    *page += "</table>";
}

fn examples(page: &mut String, title: &str, examples: &[Example]) {
    let _ = write!(page, "<h2>{title}</h2><table>");
    for e in examples {
        let probability = e.probability.map_or("–".to_string(), |p| format!("{p:.4}"));
        let (left, right) = (escape(&e.left), escape(&e.right));
        let _ =
            write!(page, "<tr><td class=n>{probability}</td><td><code>nayose explain {left} {right}</code></td></tr>");
    }
    *page += "</table>";
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_bring_markup_onto_the_page() {
        let example = Example { left: "shop:<script>".into(), right: "app:\"1\"".into(), probability: None };
        let labels = Labels { false_merges: vec![example], ..Labels::default() };
        let page = html(&Report {
            run_id: "r1".into(),
            records: 2,
            customers: 1,
            auto: 0.9,
            unlabelled: Unlabelled::default(),
            labels: Some(labels),
            curve: Vec::new(),
        });
        assert!(page.contains("shop:&lt;script&gt;") && !page.contains("<script>"));
    }
}
