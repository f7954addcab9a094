//! Uplifts of campaigns with their ranges over the thresholds of identity, on one scale.

use serde::Serialize;

use super::scale::{Axis, Mark};
use crate::audit::charts::CampaignBar;

/// Uplifts that are drawn, those of most persons: what is seen at once.
const DRAWN: usize = 10;

/// Rows that the table lists, those of most persons: a campaign a day is a thousand in a year.
const LISTED: usize = 60;

/// The figure that is drawn.
const UPLIFT: &str = "uplift";

/// Units of an uplift: the campaign, its arms, the value.
const ROW: f64 = 56.0;

/// Uplifts on one scale, and the rows of their table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Uplifts {
    /// Units from top to bottom; 0 where no campaign has two arms.
    pub height: f64,
    /// Marks of the scale.
    pub marks: Vec<Mark>,
    /// Where no uplift is.
    pub zero: f64,
    /// What is drawn, that of most persons first.
    pub drawn: Vec<Uplift>,
    /// Uplifts that are not drawn.
    pub not_drawn: usize,
    /// The rows of the table.
    pub rows: Vec<CampaignBar>,
    /// Rows that the table leaves out.
    pub more: usize,
}

/// An uplift with its range.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Uplift {
    /// Its row.
    pub of: CampaignBar,
    /// The middle of the row.
    pub y: f64,
    /// Where the value is; none where it is not known.
    pub at: Option<f64>,
    /// Where the lowest is.
    pub low: Option<f64>,
    /// Where the highest is.
    pub high: Option<f64>,
}

/// The drawing and the table of campaigns. `None` where there is none.
pub(super) fn uplifts(rows: &[CampaignBar]) -> Option<Uplifts> {
    const LEFT: f64 = 136.0;
    const RIGHT: f64 = 292.0;
    if rows.is_empty() {
        return None;
    }
    let most = |row: &&CampaignBar| std::cmp::Reverse(row.persons);
    let mut uplifts: Vec<&CampaignBar> = rows.iter().filter(|row| row.figure == UPLIFT).collect();
    uplifts.sort_by_key(most);
    let not_drawn = uplifts.len().saturating_sub(DRAWN);
    uplifts.truncate(DRAWN);
    let known = |value: Option<f64>| value.filter(|value| value.is_finite());
    let axis = Axis::from_zero(uplifts.iter().flat_map(|row| [row.value, row.low, row.high]).filter_map(known), 2);
    let x = |value: Option<f64>| known(value).map(|value| axis.place(value, LEFT, RIGHT));
    let drawn = |(place, row): (usize, &&CampaignBar)| Uplift {
        of: (*row).clone(),
        y: place as f64 * ROW + 28.0,
        at: x(row.value),
        low: x(row.low),
        high: x(row.high),
    };
    // The rows of one campaign stand together; which campaigns are left out is decided by their persons.
    let mut listed: Vec<&CampaignBar> = rows.iter().collect();
    listed.sort_by_key(most);
    listed.truncate(LISTED);
    listed.sort_by(|a, b| {
        (&a.campaign, &a.figure, &a.arm, &a.control).cmp(&(&b.campaign, &b.figure, &b.arm, &b.control))
    });
    Some(Uplifts {
        height: if uplifts.is_empty() { 0.0 } else { uplifts.len() as f64 * ROW + 22.0 },
        marks: axis.marks(LEFT, RIGHT),
        zero: axis.place(0.0, LEFT, RIGHT),
        drawn: uplifts.iter().enumerate().map(drawn).collect(),
        not_drawn,
        more: rows.len() - listed.len(),
        rows: listed.into_iter().cloned().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(figure: &str, persons: i64, value: Option<f64>) -> CampaignBar {
        CampaignBar {
            campaign: format!("c{persons:03}"),
            arm: "treatment".into(),
            control: "control".into(),
            figure: figure.into(),
            persons,
            value,
            low: value.map(|value| value - 0.02),
            high: value.map(|value| value + 0.01),
            low_at: None,
            high_at: None,
        }
    }

    #[test]
    fn an_uplift_lies_within_its_range_on_either_side_of_zero() {
        let drawn = uplifts(&[bar("uplift", 9, Some(0.1)), bar("uplift", 5, Some(-0.1)), bar("uplift", 3, None)]);
        let drawn = drawn.expect("drawn");
        let [gain, loss, unknown] = drawn.drawn.as_slice() else { panic!("three rows") };
        assert!(Some(drawn.zero) < gain.low && gain.low < gain.at && gain.at < gain.high, "{gain:?}");
        assert!(loss.low < loss.at && loss.at < loss.high && loss.high < Some(drawn.zero), "{loss:?}");
        assert_eq!((unknown.at, unknown.low, unknown.high), (None, None, None));
    }

    #[test]
    fn the_campaigns_of_most_persons_are_drawn_and_listed_and_the_others_are_counted() {
        let all: Vec<CampaignBar> = (1..=70).map(|n| bar("uplift", n, Some(0.1))).collect();
        let drawn = uplifts(&all).expect("drawn");
        assert_eq!((drawn.drawn.len(), drawn.not_drawn, drawn.rows.len(), drawn.more), (DRAWN, 60, LISTED, 10));
        assert_eq!((drawn.drawn[0].of.persons, drawn.rows[0].campaign.as_str()), (70, "c011"));
    }

    #[test]
    fn rates_alone_are_a_table_and_no_row_is_nothing() {
        assert!(uplifts(&[]).is_none());
        let rates = uplifts(&[bar("rate", 9, Some(0.1))]).expect("a table");
        assert!(rates.drawn.is_empty() && rates.rows.len() == 1);
    }
}
