//! The file in which people label the pairs of a sample: what its rows are, and what is wrong with those that come back.
//!
//! In: a sample; later the rows of the file as somebody saved them. Out: rows; later the labels by stratum, or every problem at once.
//! The file says all that an estimate needs, so that labels hold however many runs the lake has published since. Each row has a
//! digest of what was drawn, so that a row that was changed, or sorted by some of its columns, is not counted. What spreadsheets do
//! to a cell without asking is no change: leading zeros go, `0.5000` becomes `0.5`.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::Sample;
use super::estimate::Labels;

/// The columns of the file. Values of the records, where they are asked for, come after `label`.
pub const COLUMNS: [&str; 15] = [
    "pair",
    "channel_l",
    "record_id_l",
    "channel_r",
    "record_id_r",
    LABEL,
    "stratum",
    "probability",
    "inclusion_probability",
    "stratum_pairs",
    "stratum_expected",
    "stratum_drawn",
    "strata",
    "run_id",
    "seed",
];

/// The column that people fill.
const LABEL: &str = "label";

/// The columns of a pair's row, those first that the labeller looks at; values come between the two parts.
pub const BEFORE_VALUES: usize = 6;

/// What a label can be, and the words that say it.
const WORDS: [&[&str]; 3] = [&["same", "同一", "同じ"], &["different", "別人", "違う"], &["unknown", "unsure", "不明"]];

/// How a side of linked pairs begins in the name of a stratum.
const LINKED: &str = "linked";

/// Lines that a problem names at most.
const LINES: usize = 10;

/// The rows of a sample, in its order. `key_of` is the channel and the id of a row's record.
pub fn rows(
    sample: &Sample,
    run_id: &str,
    seed: u64,
    key_of: impl Fn(u32) -> (String, String),
) -> Vec<[String; COLUMNS.len()]> {
    let row = |drawn: &super::draw::DrawnPair| {
        let stratum = &sample.strata[drawn.stratum];
        let (left, right) = (key_of(drawn.l), key_of(drawn.r));
        let mut row = [
            String::new(),
            left.0,
            left.1,
            right.0,
            right.1,
            String::new(),
            stratum.name.clone(),
            format!("{:.4}", drawn.person),
            format!("{:.6}", sample.inclusion(drawn.stratum)),
            stratum.pairs.to_string(),
            format!("{:.3}", stratum.expected),
            stratum.drawn.to_string(),
            sample.strata.len().to_string(),
            run_id.to_string(),
            seed.to_string(),
        ];
        row[0] = digest(&row);
        row
    };
    sample.pairs.iter().map(row).collect()
}

/// What a row is about, as one short word. A spreadsheet takes none of these for a number.
fn digest(row: &[String; COLUMNS.len()]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (column, cell) in COLUMNS.iter().zip(row) {
        let decimals = |n: usize| cell.trim().parse::<f64>().map_or_else(|_| cell.clone(), |x| format!("{x:.n$}"));
        let known = match *column {
            "pair" | LABEL | "inclusion_probability" => continue,
            "probability" => decimals(4),
            "stratum_expected" => decimals(3),
            _ => bare(cell).to_string(),
        };
        hasher.update(&(known.len() as u64).to_le_bytes());
        hasher.update(known.as_bytes());
    }
    format!("p-{}", &hasher.finalize().to_hex()[..12])
}

/// A cell without what a spreadsheet adds or takes: spaces, the apostrophe of a text, leading zeros of a number.
fn bare(cell: &str) -> &str {
    let cell = cell.trim();
    let cell = cell.strip_prefix('\'').unwrap_or(cell);
    let digits = !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
    let short = cell.trim_start_matches('0');
    match (digits, short) {
        (true, "") => "0",
        (true, short) => short,
        (false, _) => cell,
    }
}

/// The labels of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelFile {
    /// The run whose matching was sampled.
    pub run_id: String,
    /// The seed of the sample.
    pub seed: u64,
    /// Strata by name, with their labels and the pairs drawn of each.
    pub strata: Vec<(String, Labels, u64)>,
    /// Rows without a label.
    pub unlabelled: u64,
    /// Drawn pairs whose rows are gone.
    pub missing: u64,
}

impl LabelFile {
    /// The strata as an estimate takes them.
    pub fn labels(&self) -> Vec<Labels> {
        self.strata.iter().map(|(_, labels, _)| *labels).collect()
    }

    /// Labels that say something: same or different.
    pub fn labelled(&self) -> u64 {
        self.strata.iter().map(|(_, l, _)| l.same + l.different).sum()
    }

    /// Pairs of which nobody can tell.
    pub fn unknown(&self) -> u64 {
        self.strata.iter().map(|(_, l, _)| l.unknown).sum()
    }
}

/// What is wrong in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// A sentence without a subject. No value of a record is in it.
    pub what: String,
    /// What mends it.
    pub remedy: &'static str,
}

/// What mends a file that lost what was drawn.
const DRAW: &str = "`nayose evaluate --sample` with the same number and --seed draws the pairs of a run again";

/// What mends a header.
const COLUMN: &str = "keep every column of the file that `nayose evaluate --sample` wrote, its name too";

/// What can be wrong with rows, and what mends it.
const OF_ROWS: [(&str, &str); 4] = [
    (
        "rows whose run_id is not that of the run that they were drawn of",
        "put back the run_id; labels are of the run that was sampled, whatever was published since",
    ),
    (
        "rows that are not as they were written",
        "change nothing but the column label, and sort whole rows only; \
         `nayose evaluate --sample` with the same number and --seed draws the pairs of a run again",
    ),
    (
        "labels that are none of same, different and unknown",
        "in the column label write same, different or unknown (同じ, 違う, 不明), or nothing",
    ),
    ("second rows of a pair, with another label than the first", "keep one row of each pair"),
];

/// The labels of a file with this header and these rows, each with its line. `runs` are the ids of the runs that may have been
/// sampled.
///
/// # Errors
/// Every problem of the file.
pub fn read(header: &[String], rows: &[(u64, Vec<String>)], runs: &[String]) -> Result<LabelFile, Vec<Problem>> {
    let place = |column: &str| header.iter().position(|h| h.trim() == column);
    let lacks: Vec<&str> = COLUMNS.into_iter().filter(|column| place(column).is_none()).collect();
    if !lacks.is_empty() {
        return Err(vec![Problem { what: format!("has no column {}", lacks.join(", ")), remedy: COLUMN }]);
    }
    let mut wrong: [Vec<u64>; OF_ROWS.len()] = Default::default();
    let mut found = LabelFile::default();
    let mut draws = BTreeSet::new();
    let mut strata: BTreeMap<String, (Labels, u64, u64)> = BTreeMap::new();
    let mut labels_of: BTreeMap<String, Option<usize>> = BTreeMap::new();
    let mut strata_drawn = 0;
    for (line, cells) in rows {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let row = COLUMNS.map(|c| place(c).and_then(|i| cells.get(i)).cloned().unwrap_or_default());
        let [pair, .., label, stratum, _, _, pairs, expected, drawn, all, run, seed] = &row;
        let numbers = (pairs.trim().parse(), expected.trim().parse(), drawn.trim().parse(), all.trim().parse());
        let (Ok(pairs), Ok(expected), Ok(drawn), Ok(all), true) =
            (numbers.0, numbers.1, numbers.2, numbers.3, pair.trim() == digest(&row))
        else {
            let of_run = |id: &String| {
                let mut row = row.clone();
                row[COLUMNS.len() - 2].clone_from(id);
                pair.trim() == digest(&row)
            };
            wrong[usize::from(!runs.iter().any(of_run))].push(*line);
            continue;
        };
        let Some(label) = label_of(label) else {
            wrong[2].push(*line);
            continue;
        };
        if let Some(before) = labels_of.get(pair.trim()) {
            if *before != label {
                wrong[3].push(*line);
            }
            continue;
        }
        labels_of.insert(pair.trim().to_string(), label);
        draws.insert((run.trim().to_string(), seed.trim().to_string()));
        strata_drawn = all;
        let linked = stratum.starts_with(LINKED);
        let (labels, _, seen) = strata
            .entry(bare(stratum).to_string())
            .or_insert_with(|| (Labels { linked, pairs, expected, ..Labels::default() }, drawn, 0));
        *seen += 1;
        match label {
            None => found.unlabelled += 1,
            Some(0) => labels.same += 1,
            Some(1) => labels.different += 1,
            Some(_) => labels.unknown += 1,
        }
    }
    let of_rows = wrong.iter().zip(OF_ROWS).filter(|(lines, _)| !lines.is_empty());
    let mut problems: Vec<Problem> = of_rows
        .map(|(lines, (what, remedy))| Problem { what: format!("has {what}: {}", named_lines(lines)), remedy })
        .collect();
    let whole = problems.is_empty();
    let mut add = |what: String, remedy| problems.push(Problem { what, remedy });
    if draws.len() > 1 {
        add("has rows of several samples".into(), "keep the rows of each sample in a file of their own");
    } else if draws.is_empty() && whole {
        add("has no rows".into(), DRAW);
    } else if strata.len() < strata_drawn && whole {
        add(format!("lacks all rows of {} of {strata_drawn} strata", strata_drawn - strata.len()), DRAW);
    } else if found.unlabelled == labels_of.len() as u64 && whole {
        add("has no label".into(), OF_ROWS[2].1);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if let Some((run_id, seed)) = draws.into_iter().next() {
        (found.run_id, found.seed) = (run_id, seed.parse().unwrap_or_default());
    }
    for (name, (labels, drawn, seen)) in strata {
        found.missing += drawn.saturating_sub(seen);
        found.strata.push((name, labels, drawn));
    }
    Ok(found)
}

/// The place in [`WORDS`] of a label, none of an empty one; none at all where it is no label.
fn label_of(cell: &str) -> Option<Option<usize>> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Some(None);
    }
    WORDS.iter().position(|words| words.iter().any(|word| cell.eq_ignore_ascii_case(word))).map(Some)
}

/// The lines of a file that have the same fault, the first of them by their numbers.
pub fn named_lines(lines: &[u64]) -> String {
    let named: Vec<String> = lines.iter().take(LINES).map(u64::to_string).collect();
    let more = if lines.len() > LINES { format!(" and {} more", lines.len() - LINES) } else { String::new() };
    format!("{} {}{more}", if lines.len() == 1 { "line" } else { "lines" }, named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::draw::{Frame, Pair};

    type Rows = Vec<(u64, Vec<String>)>;

    fn header() -> Vec<String> {
        COLUMNS.map(String::from).to_vec()
    }

    /// A file of 80 pairs of 600, every fourth linked, of run `r1`.
    fn file(seed: u64) -> Rows {
        let mut frame = Frame::new(80, seed, 0.5, 0.8);
        for l in 0..600 {
            let linked = l % 4 == 0;
            let person = if linked { 0.995 } else { 0.003 };
            frame.add(&Pair { l, r: l + 1, person, customer: linked.then_some(2), channels: (0, 1) });
        }
        let key_of = |row: u32| ("shop".to_string(), format!("{row:05}"));
        let rows = rows(&frame.draw(), "r1", seed, key_of);
        rows.into_iter().enumerate().map(|(i, row)| (i as u64 + 2, row.to_vec())).collect()
    }

    const LABEL_AT: usize = BEFORE_VALUES - 1;

    fn labelled(seed: u64, label: impl Fn(usize, &str) -> &'static str) -> Rows {
        let mut rows = file(seed);
        for (i, (_, row)) in rows.iter_mut().enumerate() {
            row[LABEL_AT] = label(i, &row[LABEL_AT + 1]).to_string();
        }
        rows
    }

    fn by_stratum(_: usize, stratum: &str) -> &'static str {
        if stratum.starts_with(LINKED) { "same" } else { "different" }
    }

    #[test]
    fn labels_come_back_by_stratum() {
        let found = read(&header(), &labelled(1, by_stratum), &[]).expect("a good file");
        assert_eq!((found.run_id.as_str(), found.seed, found.unlabelled, found.missing), ("r1", 1, 0, 0));
        let [(apart, a, a_drawn), (linked, l, l_drawn)] = &found.strata[..] else { panic!("{found:?}") };
        assert_eq!((apart.as_str(), linked.as_str()), ("apart 0 to 0.01", "linked 0.99 to 1"));
        assert_eq!((a.pairs, a.different, a.linked), (450, *a_drawn, false));
        assert_eq!((l.pairs, l.same, l.linked, l.expected), (150, *l_drawn, true, 149.25));
        assert_eq!(found.labelled(), 80);
    }

    #[test]
    fn what_a_spreadsheet_does_to_cells_and_a_labeller_to_words_is_no_change() {
        let mut rows =
            labelled(1, |i, _| [["SAME ", "同じ"], ["別人", "違う"], ["不明", "Unsure"], ["", " "]][i % 4][i / 4 % 2]);
        for (_, row) in &mut rows {
            for cell in row.iter_mut().filter(|c| !c.is_empty()) {
                if let Ok(number) = cell.parse::<f64>() {
                    *cell = number.to_string();
                }
            }
            row.push("a note".into());
        }
        rows.push((82, vec![String::new(); 16]));
        rows.reverse();
        let mut header = header();
        header.push("notes".into());
        let found = read(&header, &rows, &[]).expect("a good file");
        assert_eq!((found.labelled(), found.unknown(), found.unlabelled), (40, 20, 20));
        // A row may stand twice, and rows may be gone.
        rows.push(rows[5].clone());
        assert_eq!(read(&header, &rows, &[]), Ok(found));
        rows.truncate(71);
        assert_eq!(read(&header, &rows, &[]).expect("a good file").missing, 10);
    }

    #[test]
    fn every_problem_is_told_and_no_value() {
        let check = |change: &dyn Fn(&mut Rows), problems: &[&str]| {
            let mut rows = labelled(1, by_stratum);
            change(&mut rows);
            let told = read(&header(), &rows, &["r0".into(), "r1".into()]).expect_err("a bad file");
            assert_eq!(told.iter().map(|p| p.what.as_str()).collect::<Vec<_>>(), problems);
            let remedies: BTreeSet<&str> = told.iter().map(|p| p.remedy).collect();
            assert_eq!(remedies.len(), problems.len(), "each has a remedy of its own");
        };
        check(
            &|rows| {
                rows[0].1[2] = "00999".into();
                rows[1].1[9] = "7".into();
                rows[3].1[LABEL_AT] = "maybe".into();
                rows[4].1[10] = "7".into();
            },
            &[
                "has rows that are not as they were written: lines 2, 3, 6",
                "has labels that are none of same, different and unknown: line 5",
            ],
        );
        // The run of two rows: of which run they are is told by the runs that there are.
        check(
            &|rows| {
                (rows[0].1[13], rows[1].1[13]) = ("r7".into(), "r0".into());
                rows[2].1[2] = "00999".into();
            },
            &[
                "has rows whose run_id is not that of the run that they were drawn of: lines 2, 3",
                "has rows that are not as they were written: line 4",
            ],
        );
        // Two columns sorted by themselves.
        check(
            &|rows| {
                let ids: Vec<String> = rows.iter().map(|(_, row)| row[2].clone()).collect();
                rows.iter_mut().zip(ids.into_iter().rev()).for_each(|((_, row), id)| row[2] = id);
            },
            &["has rows that are not as they were written: lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 70 more"],
        );
        check(
            &|rows| {
                let mut again = rows[6].clone();
                (again.0, again.1[LABEL_AT]) = (99, "unknown".into());
                rows.push(again);
            },
            &["has second rows of a pair, with another label than the first: line 99"],
        );
        check(&|rows| rows.extend(labelled(2, by_stratum)), &["has rows of several samples"]);
        check(&|rows| rows.retain(|(_, row)| row[6].starts_with(LINKED)), &["lacks all rows of 1 of 2 strata"]);
        check(&|rows| rows.iter_mut().for_each(|(_, row)| row[LABEL_AT].clear()), &["has no label"]);
        check(&Vec::clear, &["has no rows"]);
        let told = read(&header()[1..14], &[], &[]).expect_err("a bad header");
        assert_eq!(told[0].what, "has no column pair, seed");
    }
}
