//! The evaluation as one HTML page without any outside part, for those who decide as well as for those who look closer: a verdict
//! in one sentence, then figures, curves with named axes, and pairs to look at.

use std::fmt::Write;

use super::evaluation_report::{Example, Labels, Point, Report, Unlabelled};
use nayose_matching::evaluate::Scores;

const STYLE: &str = "body{font:15px/1.6 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}\
small{color:#555;font-weight:normal}h1{font-size:1.5em}h2{margin-top:2em;font-size:1.15em}h3{font-size:1em;margin:1.2em 0 .2em}\
.verdict{border-left:5px solid #4477aa;padding:.6em 1em;background:#f2f6fa;font-size:1.15em}.verdict small{display:block;font-size:.85em}\
table{border-collapse:collapse;margin:.5em 0 1.5em}td,th{padding:.2em .9em .2em 0;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code{background:#f3f3f3;padding:.1em .3em}svg{max-width:100%}\
.bar{fill:#4477aa}.apart{fill:#bbccdd}.wrong{fill:#cc6677}.p{stroke:#4477aa}.r{stroke:#cc6677}.f{stroke:#117733}.e{stroke-dasharray:5 4}\
polyline{fill:none;stroke-width:2}text{font-size:12px;fill:#444}.axis{stroke:#999;stroke-width:1}.at{stroke:#222;stroke-width:1.5;stroke-dasharray:3 3}";

/// The page.
pub(crate) fn html(report: &Report) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"ja\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>nayose evaluate</title><style>",
    );
    page += STYLE;
    let _ = write!(
        page,
        "</style></head><body><h1>名寄せの評価 <small>Evaluation</small></h1>{}<p>run <code>{}</code> · 統合の閾値 <small>threshold</small> {}</p>",
        verdict(report),
        escape(&report.run_id),
        report.auto
    );
    counts(&mut page, report);
    if let Some(labels) = &report.labels {
        scores(&mut page, labels);
    }
    weights(&mut page, report);
    curve(&mut page, report);
    unlabelled(&mut page, &report.unlabelled);
    examples(&mut page, "閾値に近い組 <small>Pairs next to the threshold</small>", &report.nearest);
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

/// What came out, in one sentence.
fn verdict(report: &Report) -> String {
    let (records, customers) = (grouped(report.records), grouped(report.customers));
    let truth = report.labels.as_ref().and_then(|labels| labels.scores.first()).map(|(_, counts)| counts.scores());
    let expected = report.expected.map(Some);
    let [precision, recall] = truth.map_or(expected, |s| [s.precision, s.recall]);
    let (ja, en) = match truth {
        Some(_) => ("正解と比べると", "Against the truth"),
        None => ("正解がないため、モデル自身の見込みでは", "No truth was given; by the model's own expectation"),
    };
    let of = |share: Option<f64>, some: [&str; 2], none: [&str; 2]| match share {
        Some(share) => some.map(|text| text.replace("{}", &format!("{:.1}", 100.0 * share))),
        None => none.map(String::from),
    };
    let [right, right_en] = of(
        precision,
        ["統合した100組のうち{}組が正しく", "{} of 100 joined pairs are right"],
        ["統合した組はなく", "no pair was joined"],
    );
    let [found, found_en] = of(
        recall,
        ["同じ人の100組のうち{}組が見つかっています", "{} of 100 pairs of one person were found"],
        ["同じ人の組はありません", "there is no pair of one person"],
    );
    format!(
        "<p class=verdict>{records}件のレコードは{customers}人の顧客です。{ja}、{right}、{found}。\
         <small>{records} records are {customers} customers. {en}, {right_en}, and {found_en}.</small></p>"
    )
}

/// Records and the customers that they became, as two bars of one scale.
fn counts(page: &mut String, report: &Report) {
    const WIDTH: f64 = 480.0;
    let width = WIDTH * report.customers as f64 / report.records.max(1) as f64;
    let _ = write!(
        page,
        "<svg viewBox=\"0 0 640 64\" role=\"img\" aria-label=\"records and customers\">\
         <rect class=apart x=0 y=4 width={WIDTH} height=22 /><text x={} y=20>{} レコード records</text>\
         <rect class=bar x=0 y=34 width={width:.1} height=22 /><text x={:.1} y=50>{} 顧客 customers ({:.2} レコード records / 顧客)</text></svg>",
        WIDTH + 8.0,
        grouped(report.records),
        width + 8.0,
        grouped(report.customers),
        report.records as f64 / report.customers.max(1) as f64
    );
}

fn scores(page: &mut String, labels: &Labels) {
    *page += "<h2>正解との比較 <small>Against the truth</small></h2><table><tr><th></th><th class=n>適合率 precision</th>\
        <th class=n>再現率 recall</th><th class=n>F1</th><th class=n>同じ人の組 true pairs</th></tr>";
    let mut row = |name: &str, s: &Scores, pairs: String| {
        let _ = write!(
            page,
            "<tr><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{pairs}</td></tr>",
            escape(name),
            share(s.precision),
            share(s.recall),
            share(s.f1)
        );
    };
    for (i, (name, counts)) in labels.scores.iter().enumerate() {
        row(name, &counts.scores(), grouped(counts.true_pairs));
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
const BOX: [f64; 4] = [60.0, 10.0, 480.0, 220.0];

/// The names of the axes of a plot.
fn axes(page: &mut String, x: &str, y: &str) {
    let [left, top, width, height] = BOX;
    let (middle, at) = (left + width / 2.0, top + height / 2.0);
    let _ = write!(
        page,
        "<text x={middle} y={} text-anchor=middle>{x}</text><text x=12 y={at} text-anchor=middle transform=\"rotate(-90 12 {at})\">{y}</text>",
        top + height + 38.0
    );
}

/// Compared pairs by their weight, on a scale of powers of ten: pairs of one person and of strangers differ by thousands.
fn weights(page: &mut String, report: &Report) {
    let bins = &report.weights;
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else { return };
    let [left, top, width, height] = BOX;
    let most = bins.iter().map(|b| b.joined + b.apart).max().unwrap_or(1).max(10) as f64;
    let tens = most.log10().ceil();
    let y = |n: f64| top + height * (1.0 - (n.max(1.0).log10() / tens));
    let step = bins.get(1).map_or(2, |b| b.from - first.from);
    let span = f64::from(last.from + step - first.from);
    let x = |bits: f64| left + width * (bits - f64::from(first.from)) / span;
    *page += "<h2>組の重み <small>Compared pairs by weight</small></h2>\
        <svg viewBox=\"0 0 640 275\" role=\"img\" aria-label=\"compared pairs by weight\">";
    for ten in 0..=tens as i32 {
        let at = y(10f64.powi(ten));
        let _ = write!(
            page,
            "<line class=axis x1={left} x2={} y1={at:.1} y2={at:.1} stroke-opacity=.3 /><text x={} y={:.1} text-anchor=end>{}</text>",
            left + width,
            left - 6.0,
            at + 4.0,
            grouped(10u64.pow(ten as u32))
        );
    }
    let bar = width / bins.len() as f64 - 2.0;
    // As many numbers as stand beside each other.
    let every = bins.len().div_ceil(14);
    for (i, bin) in bins.iter().enumerate() {
        let (all, at) = ((bin.joined + bin.apart) as f64, x(f64::from(bin.from)));
        let mut part = |class: &str, n: f64| {
            if n >= 1.0 {
                let from = y(n);
                let _ = write!(
                    page,
                    "<rect class={class} x={:.1} y={from:.1} width={bar:.1} height={:.1} />",
                    at + 1.0,
                    (top + height - from).max(1.0)
                );
            }
        };
        part("apart", all);
        part("bar", bin.joined as f64);
        part("wrong", bin.wrong as f64);
        if i.is_multiple_of(every) {
            let _ = write!(page, "<text x={at:.1} y={} text-anchor=middle>{}</text>", top + height + 16.0, bin.from);
        }
    }
    let at = x((report.auto / (1.0 - report.auto).max(1e-12)).log2());
    let _ = write!(
        page,
        "<line class=at x1={at:.1} x2={at:.1} y1={top} y2={} /><text x={:.1} y={}>閾値 threshold</text>",
        top + height,
        at + 4.0,
        top + 10.0
    );
    for (i, (class, name)) in
        [("bar", "統合 joined"), ("apart", "別 apart"), ("wrong", "誤り wrong")].iter().enumerate()
    {
        if *class != "wrong" || report.labels.is_some() {
            let at = 20.0 + 20.0 * i as f64;
            let _ = write!(
                page,
                "<rect class={class} x=552 y={} width=12 height=12 /><text x=570 y={at}>{name}</text>",
                at - 10.0
            );
        }
    }
    axes(page, "同じ人であるオッズの log2 (bit) · log2 of the odds of one person", "組 pairs");
    *page += "</svg>";
}

fn curve(page: &mut String, report: &Report) {
    // The pairs of an earlier run are gone.
    if report.curve.is_empty() {
        return;
    }
    *page += "<h2>閾値ごと <small>Over thresholds</small></h2>";
    let values = report.curve.iter().flat_map(|p| {
        let truth = p.truth.map_or([None; 3], |t| [t.precision, t.recall, t.f1]);
        truth.into_iter().flatten().chain([p.expected_precision, p.expected_recall])
    });
    let floor = (values.fold(1.0, f64::min) * 20.0).floor().min(19.0) / 20.0;
    let [left, top, width, height] = BOX;
    let x = |t: f64| left + width * (t - 0.5) / 0.5;
    let y = |v: f64| top + height * (1.0 - v) / (1.0 - floor);
    let _ =
        write!(page, "<svg viewBox=\"0 0 640 275\" role=\"img\" aria-label=\"precision and recall over thresholds\">");
    for step in 0..=4 {
        let (value, at) = (floor + (1.0 - floor) * f64::from(step) / 4.0, 0.5 + f64::from(step) / 8.0);
        let _ = write!(
            page,
            "<line class=axis x1={left} x2={:.0} y1={y:.1} y2={y:.1} stroke-opacity=.3 /><text x={} y={ty:.1} text-anchor=end>{value:.3}</text>\
             <text x={:.1} y={} text-anchor=middle>{at:.3}</text>",
            left + width,
            left - 6.0,
            x(at),
            top + height + 16.0,
            y = y(value),
            ty = y(value) + 4.0,
        );
    }
    let at = x(report.auto.clamp(0.5, 1.0));
    let _ = write!(page, "<line class=at x1={at:.1} x2={at:.1} y1={top} y2={} />", top + height);
    let mut line = |class: &str, label: &str, order: f64, of: &dyn Fn(&Point) -> Option<f64>| {
        let points: Vec<String> =
            report.curve.iter().filter_map(|p| Some(format!("{:.1},{:.1}", x(p.threshold), y(of(p)?)))).collect();
        if !points.is_empty() {
            let _ = write!(
                page,
                "<polyline class=\"{class}\" points=\"{}\" /><line class=\"{class}\" x1=548 x2=564 y1={at} y2={at} stroke-width=2 />\
                 <text x=568 y={label_at}>{label}</text>",
                points.join(" "),
                at = 20.0 + 18.0 * order,
                label_at = 24.0 + 18.0 * order
            );
        }
    };
    line("p", "precision", 0.0, &|p| p.truth.and_then(|t| t.precision));
    line("r", "recall", 1.0, &|p| p.truth.and_then(|t| t.recall));
    line("f", "F1", 2.0, &|p| p.truth.and_then(|t| t.f1));
    line("p e", "expected", 3.0, &|p| Some(p.expected_precision));
    line("r e", "expected", 4.0, &|p| Some(p.expected_recall));
    axes(page, "統合の閾値 · threshold, P(one person)", "割合 share");
    *page += "</svg><p><small>expected: 見込み, what the model itself expects of the pairs that blocking brought.</small></p>";
}

/// Sizes of customers that have a bar of their own.
const SIZES: usize = 15;

fn unlabelled(page: &mut String, found: &Unlabelled) {
    *page += "<h2>顧客あたりのレコード数 <small>Records of a customer</small></h2>\
        <svg viewBox=\"0 0 640 275\" role=\"img\" aria-label=\"customers by their number of records\">";
    let [left, top, width, height] = BOX;
    let most = found.shape.sizes.values().max().copied().unwrap_or(1).max(1) as f64;
    let step = width / SIZES as f64;
    for (i, (size, n)) in found.shape.sizes.iter().take(SIZES).enumerate() {
        // Above the tallest bar is room for its number.
        let (tall, at) = ((height - 16.0) * *n as f64 / most, left + step * i as f64);
        let _ = write!(
            page,
            "<rect class=bar x={at:.1} y={:.1} width={:.1} height={tall:.1}><title>{size} records: {n} customers</title></rect>\
             <text x={:.1} y={} text-anchor=middle>{size}</text><text x={:.1} y={:.1} text-anchor=middle>{}</text>",
            top + height - tall,
            step - 4.0,
            at + step / 2.0 - 2.0,
            top + height + 16.0,
            at + step / 2.0 - 2.0,
            top + height - tall - 3.0,
            grouped(*n)
        );
    }
    axes(page, "レコード数 records", "顧客 customers");
    let largest = found.shape.sizes.keys().max().copied().unwrap_or_default();
    let shape = &found.shape;
    let _ = write!(
        page,
        "</svg><table><tr><td>最大の顧客 <small>records of the largest customer</small></td><td class=n>{largest}</td></tr>\
         <tr><td>3件以上の顧客 <small>customers of three records and more</small></td><td class=n>{}</td></tr>\
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
    if examples.is_empty() {
        return;
    }
    let _ = write!(page, "<h2>{title}</h2>");
    for e in examples {
        let probability = e.probability.map_or("–".to_string(), |p| format!("{p:.4}"));
        let (left, right) = (escape(&e.left), escape(&e.right));
        let _ = write!(
            page,
            "<details><summary>P {probability} · {left} / {right}</summary><p><code>nayose explain {left} {right}</code></p>\
             <table><tr><th></th><th>{left}</th><th>{right}</th><th></th><th class=n>bit</th></tr>"
        );
        for c in &e.compared {
            let _ = write!(
                page,
                "<tr><td>{} <small>{}</small></td><td>{}</td><td>{}</td><td>{} <small>{}</small></td><td class=n>{:+.1}</td></tr>",
                escape(&c.label.ja),
                escape(&c.label.en),
                escape(&c.left),
                escape(&c.right),
                escape(&c.level.ja),
                escape(&c.level.en),
                c.weight
            );
        }
        *page += "</table></details>";
    }
}

/// A share, where it is one of something.
fn share(share: Option<f64>) -> String {
    share.map_or("n/a".into(), |share| format!("{share:.4}"))
}

/// A number with a comma after every three digits.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::evaluation_report::Compared;
    use crate::audit::view::Words;
    use nayose_matching::evaluate::PairCounts;

    fn report() -> Report {
        Report {
            run_id: "r1".into(),
            records: 2,
            customers: 1,
            auto: 0.9,
            expected: [1.0, 1.0],
            weights: Vec::new(),
            nearest: Vec::new(),
            unlabelled: Unlabelled::default(),
            labels: None,
            curve: Vec::new(),
        }
    }

    #[test]
    fn an_id_or_a_value_cannot_bring_markup_onto_the_page() {
        let words = |text: &str| Words { ja: text.into(), en: text.into() };
        let compared = Compared {
            label: words("<b>"),
            left: "<script>".into(),
            right: "&".into(),
            level: words("\"x\""),
            weight: 1.0,
        };
        let example = Example {
            left: "shop:<script>".into(),
            right: "app:\"1\"".into(),
            probability: None,
            compared: vec![compared],
        };
        let labels = Labels { false_merges: vec![example], ..Labels::default() };
        let page = html(&Report { labels: Some(labels), ..report() });
        assert!(page.contains("shop:&lt;script&gt;") && !page.contains("<script>") && !page.contains("<b>"));
    }

    #[test]
    fn a_share_of_nothing_is_said_in_words() {
        let counts = PairCounts { both: 0, joined: 0, true_pairs: 4 };
        let labels = Labels { scores: vec![("pairwise".into(), counts)], ..Labels::default() };
        let page = html(&Report { labels: Some(labels), ..report() });
        assert!(page.contains("no pair was joined, and 0.0 of 100 pairs of one person were found"), "{page}");
        assert!(page.contains("統合した組はなく、同じ人の100組のうち0.0組が見つかっています"), "{page}");
        assert!(page.contains("<td class=n>n/a</td><td class=n>0.0000</td>"), "{page}");
    }

    #[test]
    fn numbers_are_grouped() {
        let texts = [0, 999, 1000, 1234567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }
}
