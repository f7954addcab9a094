//! Lines over time: lifetime value by days since the first purchase, figures by month.
//!
//! In: series of values, some of them not known. Out: polylines with gaps where nothing is known, marks of both axes, and labels in a
//! column behind the lines. Labels lie apart from each other; a thin line leads to each from the end of its own.

use serde::Serialize;

use super::scale::{Axis, Mark, apart, short, tenth};

/// The box that lines are drawn in: its edges, in units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Frame {
    /// Left edge; marks of values stand before it.
    pub left: f64,
    /// Right edge; labels of lines stand behind it.
    pub right: f64,
    /// Top.
    pub top: f64,
    /// Bottom; marks of time stand below.
    pub bottom: f64,
}

/// A series: a name and its values in order; none where a value is not known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// Its name.
    pub(super) name: String,
    /// The class that colours it.
    pub(super) class: String,
    /// Whether its name stands at its end.
    pub(super) is_named: bool,
    /// Its values, one for each step.
    pub(super) values: Vec<Option<f64>>,
}

/// Lines, drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Lines {
    /// The box.
    pub frame: Frame,
    /// Marks of values.
    pub marks: Vec<Mark>,
    /// Where each step is.
    pub steps: Vec<f64>,
    /// The lines, the last one on top.
    pub lines: Vec<Line>,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: String,
    /// `points` of polylines: a value that is not known parts one from the next.
    pub parts: Vec<String>,
    /// Values that have none beside them.
    pub dots: Vec<[f64; 2]>,
    /// Its last known value and where it is.
    pub last: Option<Last>,
}

/// The end of a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Last {
    /// The value.
    pub value: f64,
    /// Its step.
    pub step: usize,
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// The label; none where the line has none.
    pub label: Option<EndLabel>,
}

/// The name of a line, behind the right edge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct EndLabel {
    /// From the left.
    pub x: f64,
    /// The middle of its letters, from the top.
    pub y: f64,
    /// `points` of the line that leads to it.
    pub leader: String,
    /// As much of the name as fits.
    pub text: String,
}

/// Units from the right edge to a label, and to where its leader turns.
const ASIDE: [f64; 2] = [11.0, 3.0];

/// Units between the heights of two labels: a line of text.
const LABEL: f64 = 13.0;

/// Letters of full width that fit behind the right edge.
const ROOM: usize = 7;

/// Lines of series with as many values each, over an axis from zero, or around the values. `None` where no value is known.
pub(super) fn lines(series: &[Series], frame: Frame, from_zero: bool, most_marks: usize) -> Option<Lines> {
    let count = series.iter().map(|of| of.values.len()).max().unwrap_or(0);
    let known = || series.iter().flat_map(|of| of.values.iter().flatten().copied()).filter(|value| value.is_finite());
    known().next()?;
    let axis = if from_zero { Axis::from_zero(known(), most_marks) } else { Axis::around(known(), most_marks) };
    let x = |step: usize| match count {
        1 => tenth((frame.left + frame.right) / 2.0),
        _ => tenth(frame.left + (frame.right - frame.left) * step as f64 / (count - 1) as f64),
    };
    let y = |value: f64| axis.place(value, frame.bottom, frame.top);
    let mut drawn: Vec<Line> = series.iter().map(|of| line(of, x, y)).collect();
    let named: Vec<usize> = (0..series.len()).filter(|at| series[*at].is_named && drawn[*at].last.is_some()).collect();
    let wanted: Vec<f64> = named.iter().filter_map(|at| Some(drawn[*at].last.as_ref()?.y)).collect();
    for (at, height) in named.into_iter().zip(apart(&wanted, LABEL, frame.top, frame.bottom)) {
        let text = short(&drawn[at].name, ROOM);
        if let Some(last) = &mut drawn[at].last {
            let [x, turn] = ASIDE.map(|aside| tenth(frame.right + aside));
            let leader = format!("{},{} {turn},{} {},{height}", last.x, last.y, last.y, tenth(x - 2.0));
            last.label = Some(EndLabel { x, y: height, leader, text });
        }
    }
    Some(Lines { marks: axis.marks(frame.bottom, frame.top), steps: (0..count).map(x).collect(), lines: drawn, frame })
}

fn line(of: &Series, x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> Line {
    let mut runs: Vec<Vec<[f64; 2]>> = vec![Vec::new()];
    let mut last = None;
    for (step, value) in of.values.iter().enumerate() {
        match value.filter(|value| value.is_finite()) {
            Some(value) => {
                let point = [x(step), y(value)];
                runs.last_mut().into_iter().for_each(|run| run.push(point));
                last = Some(Last { value, step, x: point[0], y: point[1], label: None });
            }
            None => runs.push(Vec::new()),
        }
    }
    let text = |run: &Vec<[f64; 2]>| run.iter().map(|[x, y]| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
    Line {
        name: of.name.clone(),
        class: of.class.clone(),
        parts: runs.iter().filter(|run| run.len() > 1).map(text).collect(),
        dots: runs.iter().filter(|run| run.len() == 1).flatten().copied().collect(),
        last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { left: 40.0, right: 300.0, top: 10.0, bottom: 210.0 };

    fn series(name: &str, values: &[Option<f64>]) -> Series {
        Series { name: name.into(), class: "c1".into(), is_named: true, values: values.to_vec() }
    }

    #[test]
    fn what_is_not_known_is_a_gap() {
        let drawn = lines(&[series("a", &[Some(0.0), Some(10.0), None, Some(5.0)])], FRAME, true, 4).expect("drawn");
        let line = &drawn.lines[0];
        assert_eq!(line.parts, ["40,210 126.7,10"]);
        assert_eq!(line.dots, [[300.0, 110.0]]);
        assert_eq!(line.last.as_ref().map(|last| (last.value, last.step)), Some((5.0, 3)));
    }

    #[test]
    fn one_value_none_equal_and_negative_values_are_drawn_in_the_box() {
        assert_eq!(lines(&[], FRAME, true, 4), None);
        assert_eq!(lines(&[series("a", &[None, None])], FRAME, true, 4), None);
        let one = lines(&[series("a", &[Some(7.0)])], FRAME, true, 4).expect("drawn");
        assert_eq!((one.lines[0].dots.len(), one.lines[0].dots[0][0]), (1, 170.0));
        let equal = [Some(3.0), Some(3.0)];
        let negative = [Some(-3.0), Some(2.0)];
        for (values, from_zero) in [(equal, true), (equal, false), (negative, true), (negative, false)] {
            let drawn = lines(&[series("a", &values)], FRAME, from_zero, 4).expect("drawn");
            let last = drawn.lines[0].last.as_ref().expect("a last value");
            assert!((FRAME.top..=FRAME.bottom).contains(&last.y), "{values:?}: {last:?}");
            assert!(drawn.marks.len() > 1);
        }
    }

    #[test]
    fn labels_of_lines_that_end_together_lie_apart() {
        let all: Vec<Series> = (0..6).map(|n| series(&n.to_string(), &[Some(1.0), Some(9.0)])).collect();
        let drawn = lines(&all, FRAME, true, 4).expect("drawn");
        let labels = drawn.lines.iter().filter_map(|line| line.last.as_ref()?.label.as_ref());
        let labels: Vec<&EndLabel> = labels.collect();
        assert!(labels.iter().all(|label| label.x > FRAME.right), "no label lies on a line: {labels:?}");
        let mut heights: Vec<f64> = labels.iter().map(|label| label.y).collect();
        heights.sort_by(f64::total_cmp);
        assert!(heights.windows(2).all(|pair| pair[1] - pair[0] >= LABEL - 0.1), "{heights:?}");
    }
}
