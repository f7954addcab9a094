//! Scales of charts: round marks, and where a value lies between them.

use serde::Serialize;

/// A position or a length: tenths of a unit are less than anybody sees.
pub(super) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A value and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Mark {
    /// The value.
    pub value: f64,
    /// Units from the left or the top.
    pub at: f64,
}

/// A range of values with round ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// From zero, for what is drawn as a bar, and for money: half as high is half as much.
    pub(super) fn from_zero(values: impl IntoIterator<Item = f64>, marks: usize) -> Self {
        let (low, high) = ends(values).unwrap_or((0.0, 0.0));
        Self::round(low.min(0.0), high.max(0.0), marks)
    }

    /// From the lowest to the highest, for what moves little.
    pub(super) fn around(values: impl IntoIterator<Item = f64>, marks: usize) -> Self {
        let (low, high) = ends(values).unwrap_or((0.0, 0.0));
        // Of equal values a tenth of them is seen on both sides.
        let room = if high > low { 0.0 } else { high.abs() / 10.0 };
        // What is never negative has no axis that is.
        let least = if low < 0.0 { f64::NEG_INFINITY } else { 0.0 };
        Self::round((low - room).max(least), high + room, marks)
    }

    fn round(low: f64, high: f64, marks: usize) -> Self {
        if high <= low {
            return Axis { low, high: low + 1.0, step: 1.0 };
        }
        let rough = (high - low) / marks.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0].into_iter().map(|n| n * power).find(|step| *step >= rough * (1.0 - 1e-9));
        let step = step.unwrap_or(10.0 * power);
        Axis { low: (low / step + 1e-9).floor() * step, high: (high / step - 1e-9).ceil() * step, step }
    }

    /// Where a value lies on the way from one place to another.
    pub(super) fn place(&self, value: f64, from: f64, to: f64) -> f64 {
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        tenth(from + part * (to - from))
    }

    /// The round values, from the lowest on.
    pub(super) fn marks(&self, from: f64, to: f64) -> Vec<Mark> {
        let count = ((self.high - self.low) / self.step).round() as usize;
        let value = |n: usize| (self.low / self.step + n as f64).round() * self.step;
        (0..=count).map(|n| Mark { value: value(n), at: self.place(value(n), from, to) }).collect()
    }
}

/// The lowest and the highest; none where there is no number.
fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let numbers = values.into_iter().filter(|value| value.is_finite());
    numbers.fold(None, |ends, value| {
        let (low, high) = ends.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// A name that fits into so many letters of full width; letters of half width count half.
pub(super) fn short(name: &str, room: usize) -> String {
    let half = |c: char| if c.is_ascii() || ('\u{ff61}'..='\u{ff9f}').contains(&c) { 1 } else { 2 };
    let width: usize = name.chars().map(half).sum();
    if width <= 2 * room {
        return name.to_string();
    }
    let mut left = 2 * room - 1;
    let fits = |c: &char| {
        let fits = half(*c) <= left;
        left = left.saturating_sub(half(*c));
        fits
    };
    name.chars().take_while(fits).collect::<String>() + "…"
}

/// Heights of labels as near to those wanted as `room` between them allows, none above `top` or below `bottom`. The order is kept.
pub(super) fn apart(wanted: &[f64], room: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut placed = wanted.to_vec();
    let mut least = top;
    for place in &order {
        placed[*place] = wanted[*place].max(least);
        least = placed[*place] + room;
    }
    let mut most = bottom;
    for place in order.iter().rev() {
        placed[*place] = placed[*place].min(most);
        most = placed[*place] - room;
    }
    placed.into_iter().map(tenth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(axis: &Axis) -> Vec<f64> {
        axis.marks(0.0, 100.0).into_iter().map(|mark| (mark.value * 1e6).round() / 1e6).collect()
    }

    #[test]
    fn marks_are_round_and_hold_every_value() {
        assert_eq!(values(&Axis::from_zero([37.0, 912.0], 4)), [0.0, 250.0, 500.0, 750.0, 1000.0]);
        assert_eq!(values(&Axis::from_zero([0.31], 4)), [0.0, 0.1, 0.2, 0.3, 0.4]);
        assert_eq!(values(&Axis::from_zero([4.0], 4)), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(values(&Axis::from_zero([-30.0, 50.0], 4)), [-40.0, -20.0, 0.0, 20.0, 40.0, 60.0]);
        assert_eq!(values(&Axis::around([0.31, 0.33], 2)), [0.31, 0.32, 0.33]);
    }

    #[test]
    fn no_value_one_value_and_equal_values_have_an_axis() {
        assert_eq!(values(&Axis::from_zero([], 4)), [0.0, 1.0]);
        assert_eq!(values(&Axis::from_zero([0.0, 0.0], 4)), [0.0, 1.0]);
        assert_eq!(values(&Axis::from_zero([f64::NAN, f64::INFINITY], 4)), [0.0, 1.0]);
        assert_eq!(values(&Axis::around([5.0, 5.0], 4)), [4.5, 4.75, 5.0, 5.25, 5.5]);
        assert_eq!(values(&Axis::around([0.0], 4)), [0.0, 1.0]);
        let negative = Axis::from_zero([-5.0, -1.0], 4);
        assert_eq!(negative.place(0.0, 0.0, 100.0), 100.0);
        assert_eq!(negative.place(-99.0, 0.0, 100.0), 0.0);
    }

    #[test]
    fn names_are_cut_where_they_do_not_fit() {
        assert_eq!(short("shop", 4), "shop");
        assert_eq!(short("ポイントカード", 7), "ポイントカード");
        assert_eq!(short("ポイントカード会員", 7), "ポイントカー…");
        assert_eq!(short("pointcard", 4), "pointca…");
    }

    #[test]
    fn labels_do_not_lie_on_each_other() {
        let placed = apart(&[50.0, 51.0, 10.0, 99.0, 98.0], 12.0, 0.0, 100.0);
        let mut sorted = placed.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= 11.9), "{sorted:?}");
        assert!(sorted[0] >= 0.0 && sorted[4] <= 100.0, "{sorted:?}");
        assert!(placed[0] < placed[1] && placed[4] < placed[3], "{placed:?}");
        assert_eq!(apart(&[], 12.0, 0.0, 100.0), Vec::<f64>::new());
    }
}
