//! How figures of charts are written: yen, shares, counts, numbers short enough for a mark of an axis.

use minijinja::Environment;

use crate::serve::page::Lang;
use crate::serve::words::{grouped, word};

use super::scale::short;

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Share,
    Points,
    Yen,
    Days,
    Number,
}

/// The unit of a figure of the marts `kpi`, `error_bar` and `campaign_error_bar`; a pipeline's own figure is a number.
fn unit(figure: &str) -> Unit {
    let ends = |ends: &[&str]| ends.iter().any(|end| figure.ends_with(end));
    match figure {
        "going_on" | "rate" => Unit::Share,
        "uplift" => Unit::Points,
        _ if ends(&["_rate", "_share"]) => Unit::Share,
        _ if ends(&["_days"]) => Unit::Days,
        "sales" | "ltv_sales" | "ltv_profit" | "sales_per_person" | "average_purchase" => Unit::Yen,
        _ => Unit::Number,
    }
}

/// Adds the filters of charts.
pub(in crate::serve) fn add(all: &mut Environment<'static>, lang: Lang) {
    all.add_filter("figure", move |value: f64, name: &str| figure(lang, value, name));
    all.add_filter("axis", move |value: f64, name: &str| match unit(name) {
        Unit::Share => share(lang, value),
        Unit::Points => points(value),
        Unit::Yen => format!("¥{}", compact(lang, value)),
        Unit::Days | Unit::Number => compact(lang, value),
    });
    all.add_filter("share", move |value: f64| share(lang, value));
    all.add_filter("yen", yen);
    all.add_filter("tenth", |value: f64| match value {
        value if value.abs() >= 99.95 => grouped(value.round()),
        value => format!("{value:.1}"),
    });
    all.add_filter("short", |name: String, room: usize| short(&name, room));
    all.add_filter("segment", move |name: String, kind: &str| {
        word(lang, &format!("segment.{kind}.{name}")).map_or(name, str::to_string)
    });
    all.add_filter("compact", move |value: f64| compact(lang, value));
    all.add_filter("change", move |value: f64| match value {
        value if value < 0.0 => format!("−{}", share(lang, -value)),
        value => format!("+{}", share(lang, value)),
    });
}

/// A figure in its unit.
fn figure(lang: Lang, value: f64, name: &str) -> String {
    match unit(name) {
        Unit::Share => share(lang, value),
        Unit::Points => points(value),
        Unit::Yen => yen(value),
        Unit::Days => grouped(value.round()),
        Unit::Number => grouped((value * 100.0).round() / 100.0),
    }
}

/// Yen without what is behind the point.
fn yen(value: f64) -> String {
    match value.round() {
        whole if whole < 0.0 => format!("−¥{}", grouped(-whole)),
        whole => format!("¥{}", grouped(whole.abs())),
    }
}

/// A share in percent, a tenth exact.
fn share(lang: Lang, value: f64) -> String {
    let digits = format!("{:.1}", (100.0 * value).abs());
    let sign = if value < 0.0 && digits != "0.0" { "−" } else { "" };
    match lang {
        Lang::Ja => format!("{sign}{digits}%"),
        Lang::En => format!("{sign}{digits} %"),
    }
}

/// A difference of two shares in percentage points, a tenth exact, with its sign.
fn points(value: f64) -> String {
    let digits = format!("{:.1}", (100.0 * value).abs());
    let sign = match value {
        _ if digits == "0.0" => "±",
        value if value < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{digits} pt")
}

/// A number of three digits and a unit: 1.23万, 12.3k.
fn compact(lang: Lang, value: f64) -> String {
    let units: &[(f64, &str)] = match lang {
        Lang::Ja => &[(1e12, "兆"), (1e8, "億"), (1e4, "万")],
        Lang::En => &[(1e9, "B"), (1e6, "M"), (1e3, "k")],
    };
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    // What is rounded up to a unit is written in it.
    let unit = units.iter().find(|(unit, _)| size >= unit * 0.9995);
    let (number, name) = unit.map_or((size, ""), |(unit, name)| (size / unit, *name));
    let digits = match number {
        number if number >= 99.95 || number.fract() == 0.0 => 0,
        number if number >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{number:.digits$}");
    // 2.0万 is 2万.
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    match text {
        "0" => "0".into(),
        _ if name.is_empty() && number >= 1000.0 => format!("{sign}{}", grouped(number.round())),
        text => format!("{sign}{text}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_an_axis_are_short_and_say_their_unit() {
        let ja = |value| compact(Lang::Ja, value);
        assert_eq!([ja(0.0), ja(5.0), ja(1.35), ja(9500.0)], ["0", "5", "1.35", "9,500"]);
        assert_eq!([ja(10_000.0), ja(12_345.0), ja(-25_000.0), ja(1.5e8)], ["1万", "1.23万", "−2.5万", "1.5億"]);
        let en = |value| compact(Lang::En, value);
        assert_eq!([en(999.0), en(1000.0), en(999_960.0), en(1_234_567.0)], ["999", "1k", "1M", "1.23M"]);
    }

    #[test]
    fn a_figure_is_written_in_its_unit() {
        let ja = |value, name| figure(Lang::Ja, value, name);
        assert_eq!(ja(0.3118, "f2_rate"), "31.2%");
        assert_eq!(ja(0.0, "churn_rate"), "0.0%");
        assert_eq!(ja(12_345.6, "ltv_sales"), "¥12,346");
        assert_eq!(ja(-12_345.6, "sales"), "−¥12,346");
        assert_eq!(ja(2.346, "purchases_per_buyer"), "2.35");
        assert_eq!(ja(5722.0, "customers"), "5,722");
        assert_eq!(ja(0.031, "rate"), "3.1%");
        assert_eq!([0.031, -0.0312, -0.0004].map(|value| ja(value, "uplift")), ["+3.1 pt", "−3.1 pt", "±0.0 pt"]);
        assert_eq!(share(Lang::En, -0.0004), "0.0 %");
    }
}
