//! Splink's comparisons as comparisons of the model file: levels with SQL in, levels with conditions out.
//!
//! A level without counterpart is left out, and its pairs stand at a later level. Splink's m and u are taken over where that
//! changes no level that stays: where what is left out stood last, before "everything else".

use std::collections::BTreeSet;

use super::attributes::Attributes;
use super::condition::{CUSTOM, Condition, Measure, condition, missing_columns};
use super::settings;
use super::sql::parse;
use super::{Note, NoteKind};

/// A comparison.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) name: String,
    pub(super) levels: Vec<Level>,
    /// What is told of it as a whole.
    pub(super) notes: Vec<Note>,
    /// m and u of each level; or why they are not taken over.
    pub(super) learned: Result<Vec<[f64; 2]>, String>,
}

/// A level.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) name: String,
    pub(super) ja: String,
    pub(super) en: String,
    /// What it asks; nothing in the last level.
    pub(super) condition: Option<Condition>,
    pub(super) tf: Option<String>,
    /// What is told of it, and of levels before it that are left out.
    pub(super) notes: Vec<Note>,
}

/// The comparison; or notes alone, where none of its levels has a counterpart.
pub(super) fn comparison(
    file: &settings::Comparison,
    name: &str,
    attributes: &mut Attributes,
) -> Result<Comparison, Vec<Note>> {
    let mut learned = Learned::default();
    let mut levels: Vec<Level> = Vec::new();
    let (mut notes, mut waiting): (Vec<Note>, Vec<Note>) = (Vec::new(), Vec::new());
    let mut last = None;
    for (i, level) in file.levels.iter().enumerate() {
        let place = format!("comparison {name}, level {}", i + 1);
        let note =
            |kind, text: &str| Note { place: place.clone(), kind, text: text.to_owned(), sql: Some(level.sql.clone()) };
        if level.is_null {
            continue;
        }
        if level.is_else() {
            learned.add(level, true, i + 1);
            last = Some(level);
            break;
        }
        let read = parse(&level.sql).ok_or(CUSTOM).and_then(|expr| condition(&expr, attributes));
        learned.add(level, read.is_ok(), i + 1);
        match read {
            Ok(condition) => {
                let mut notes = std::mem::take(&mut waiting);
                if let Some(text) = approximate(&condition) {
                    notes.push(note(NoteKind::Changed, text));
                    learned.refuse(format!("level {} is not quite the same", i + 1));
                }
                if condition.asks_for_absence() {
                    learned.refuse(format!("level {} is for pairs that lack a value, which are counted apart", i + 1));
                }
                let (tf, told) = tf(level, &condition, attributes);
                for text in told {
                    notes.push(note(NoteKind::Changed, &text));
                    learned.refuse(format!("term frequencies of level {} weigh in another way", i + 1));
                }
                let (short, ja) = named(&condition);
                let en = if level.label.is_empty() { short.replace('_', " ") } else { level.label.clone() };
                let short = free(&short, &levels);
                levels.push(Level { name: short, ja, en, condition: Some(condition), tf, notes });
            }
            Err(text) => waiting.push(note(NoteKind::LeftOut, &format!("{text}; the level is left out"))),
        }
    }
    if levels.is_empty() {
        waiting.push(Note {
            place: format!("comparison {name}"),
            kind: NoteKind::LeftOut,
            text: "none of its levels has a counterpart; the comparison is left out".to_owned(),
            sql: None,
        });
        return Err(waiting);
    }
    if let Some(note) = missing(file, name, &levels, attributes) {
        learned.refuse("it is missing for other pairs".to_owned());
        notes.push(note);
    }
    let en = last.map(|level| level.label.as_str()).filter(|label| !label.is_empty()).unwrap_or("different");
    let different = free("different", &levels);
    levels.push(Level {
        name: different,
        ja: "違う".to_owned(),
        en: en.to_owned(),
        condition: None,
        tf: None,
        notes: waiting,
    });
    Ok(Comparison { name: name.to_owned(), learned: learned.finish(), levels, notes })
}

/// The name, or one with a number after it where a level has it.
fn free(name: &str, levels: &[Level]) -> String {
    let is_taken = |name: &str| levels.iter().any(|level| level.name == name);
    match is_taken(name) {
        false => name.to_owned(),
        true => (2..).map(|n| format!("{name}_{n}")).find(|name| !is_taken(name)).unwrap_or_default(),
    }
}

/// What a feature has that Splink's value has not.
fn approximate(condition: &Condition) -> Option<&'static str> {
    let mut found = false;
    condition.features(&mut |feature| found |= feature == "email.local");
    found.then_some(
        "`email.local` is there only where the part before the @ is long enough and says more than the name; Splink compares every one",
    )
}

/// The feature of term frequencies, and what is told of them.
fn tf(level: &settings::Level, condition: &Condition, attributes: &Attributes) -> (Option<String>, Vec<String>) {
    let weight = level.tf_weight.unwrap_or(1.0);
    let Some(column) = level.tf_column.as_ref().filter(|_| weight != 0.0) else { return (None, Vec::new()) };
    let feature = attributes.known(column).filter(|feature| condition.implies_same(feature));
    let Some(feature) = feature else {
        let text = format!(
            "term frequencies of {column} are left out: they count here for a value on which the records agree, and this \
             level asks for none"
        );
        return (None, vec![text]);
    };
    let mut told = Vec::new();
    if weight != 1.0 {
        told.push(format!("term frequencies of {column} weigh in full: a weight of {weight} has no counterpart"));
    }
    if let Some(least) = level.tf_least_u {
        told.push(format!("the smallest u of {least} for rare values of {column} has no counterpart"));
    }
    (Some(feature), told)
}

/// What is told where a comparison is missing for other pairs than in Splink. Here it is where none of its columns has values on both
/// sides.
fn missing(file: &settings::Comparison, name: &str, levels: &[Level], attributes: &Attributes) -> Option<Note> {
    let mut compared = BTreeSet::new();
    for condition in levels.iter().filter_map(|level| level.condition.as_ref()) {
        condition.features(&mut |feature| {
            compared.extend(attributes.column_of(feature));
        });
    }
    let nulls: Vec<&settings::Level> = file.levels.iter().filter(|level| level.is_null).collect();
    let is_alike = match nulls.as_slice() {
        [one] => parse(&one.sql).and_then(|expr| missing_columns(&expr)).is_some_and(|columns| columns == compared),
        _ => false,
    };
    (!is_alike).then(|| Note {
        place: format!("comparison {name}"),
        kind: NoteKind::Changed,
        text: "it is missing here where none of its columns has values in both records; Splink's null level asks for something else"
            .to_owned(),
        sql: nulls.first().map(|level| level.sql.clone()),
    })
}

/// A short name for a level, and one for people in Japanese.
fn named(condition: &Condition) -> (String, String) {
    match condition {
        Condition::Same(_) => ("same".to_owned(), "一致".to_owned()),
        Condition::Swapped(..) => ("swapped".to_owned(), "入れ替わり".to_owned()),
        Condition::Absent(_) => ("absent".to_owned(), "一方または両方が無い".to_owned()),
        Condition::Similar { measure: Measure::JaroWinkler(bound), .. } => (
            format!("jaro_winkler_{}", format!("{bound}").replace('.', "_")),
            format!("似ている（Jaro-Winkler {bound} 以上）"),
        ),
        Condition::Similar { measure: Measure::Levenshtein(most), .. } => {
            (format!("levenshtein_{most}"), format!("{most} 文字まで違う"))
        }
        Condition::Similar { measure: Measure::DamerauLevenshtein(most), .. } => {
            (format!("damerau_levenshtein_{most}"), format!("{most} 文字まで違う（隣同士の入れ替えは一つ）"))
        }
        Condition::All(parts) if parts.iter().all(|part| matches!(part, Condition::Same(_))) => {
            ("all_same".to_owned(), "すべて一致".to_owned())
        }
        Condition::All(_) => ("several".to_owned(), "複数の条件をすべて満たす".to_owned()),
        Condition::Any(_) => ("either".to_owned(), "いずれかの条件を満たす".to_owned()),
    }
}

/// How far the sum of probabilities may be from 1: numbers that EM rounds, and no more.
const ROUNDED: f64 = 0.001;

/// What Splink learned of a comparison.
#[derive(Default)]
struct Learned {
    kept: Vec<[f64; 2]>,
    /// m and u of levels that are left out since the last that stays.
    lost: [f64; 2],
    lost_level: Option<usize>,
    refused: Option<String>,
}

impl Learned {
    fn refuse(&mut self, why: String) {
        self.refused.get_or_insert(why);
    }

    /// The next level, counted from 1.
    fn add(&mut self, level: &settings::Level, stays: bool, number: usize) {
        for (letter, p) in [("m", level.m), ("u", level.u)] {
            match p {
                None => return self.refuse(format!("level {number} was not trained: it has no {letter}")),
                Some(0.0) => return self.refuse(format!("level {number} was never seen: its {letter} is 0")),
                Some(p) if !(0.0..=1.0).contains(&p) => {
                    return self.refuse(format!("the {letter} of level {number} is {p}, which is no probability"));
                }
                Some(_) => {}
            }
        }
        let [m, u] = [level.m, level.u].map(Option::unwrap_or_default);
        if !stays {
            self.lost = [self.lost[0] + m, self.lost[1] + u];
            self.lost_level.get_or_insert(number);
            return;
        }
        if let Some(lost) = self.lost_level.take().filter(|_| !level.is_else()) {
            self.refuse(format!("pairs of level {lost}, which is left out, stand at several later levels"));
        }
        let [lost_m, lost_u] = std::mem::take(&mut self.lost);
        self.kept.push([(m + lost_m).min(1.0), (u + lost_u).min(1.0)]);
    }

    fn finish(mut self) -> Result<Vec<[f64; 2]>, String> {
        if self.lost_level.is_some() {
            self.refuse("it has no level for everything else".to_owned());
        }
        for (i, letter) in ["m", "u"].into_iter().enumerate() {
            let sum: f64 = self.kept.iter().map(|both| both[i]).sum();
            if (sum - 1.0).abs() > ROUNDED {
                self.refuse(format!("the {letter} of its levels add up to {sum:.3}"));
            }
        }
        match self.refused {
            Some(why) => Err(why),
            None => Ok(self.kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(sql: &str, m: f64, u: f64) -> settings::Level {
        settings::Level {
            sql: sql.to_owned(),
            is_null: sql.contains("NULL"),
            m: Some(m).filter(|m| *m > 0.0),
            u: Some(u),
            ..settings::Level::default()
        }
    }

    fn read(levels: Vec<settings::Level>) -> Result<Comparison, Vec<Note>> {
        let file = settings::Comparison { name: "a".to_owned(), levels };
        comparison(&file, "a", &mut Attributes::default())
    }

    const NULL: &str = "a_l IS NULL OR a_r IS NULL";
    const SPAN: &str = "abs(datediff(a_l, a_r)) <= 1";

    #[test]
    fn what_is_left_out_before_the_last_level_is_part_of_it() {
        let made = read(vec![
            level(NULL, 0.0, 1.0),
            level("a_l = a_r", 0.7, 0.1),
            level(SPAN, 0.2, 0.3),
            level("ELSE", 0.1, 0.6),
        ]);
        let made = made.expect("a comparison");
        let names: Vec<&str> = made.levels.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["same", "different"]);
        assert_eq!(made.levels[1].notes.len(), 1);
        let learned = made.learned.expect("parameters");
        let rounded: Vec<[f64; 2]> = learned.iter().map(|l| l.map(|p| (p * 1e9).round() / 1e9)).collect();
        assert_eq!(rounded, [[0.7, 0.1], [0.3, 0.9]]);
    }

    #[test]
    fn parameters_that_do_not_fit_are_not_taken() {
        let check = |levels: Vec<settings::Level>, expected: &str| {
            let made = read(levels).expect("a comparison");
            let why = made.learned.expect_err(expected);
            assert!(why.contains(expected), "{why}");
        };
        let null = || level(NULL, 0.0, 1.0);
        check(
            vec![null(), level(SPAN, 0.2, 0.3), level("a_l = a_r", 0.7, 0.1), level("ELSE", 0.1, 0.6)],
            "level 2, which is left out",
        );
        check(vec![null(), level("a_l = a_r", 0.0, 0.1), level("ELSE", 0.1, 0.9)], "level 2 was not trained");
        check(
            vec![null(), level("a_l = a_r", 0.9, 0.1), level("ELSE", 0.6, 0.9)],
            "the m of its levels add up to 1.500",
        );
        check(vec![level("a_l = a_r", 0.9, 0.1), level("ELSE", 0.1, 0.9)], "missing for other pairs");
        check(
            vec![null(), level("a_l = a_r", 0.8, 0.1), level(NULL, 0.1, 0.1), level("ELSE", 0.2, 0.9)],
            "missing for other pairs",
        );
        let mut weighed = level("a_l = a_r", 0.9, 0.1);
        (weighed.tf_column, weighed.tf_weight) = (Some("a".to_owned()), Some(0.5));
        check(vec![null(), weighed, level("ELSE", 0.1, 0.9)], "weigh in another way");
    }

    #[test]
    fn a_comparison_without_a_level_is_left_out() {
        let notes =
            read(vec![level(NULL, 0.0, 1.0), level(SPAN, 0.2, 0.3), level("ELSE", 0.1, 0.6)]).expect_err("none");
        assert_eq!(notes.len(), 2);
        assert!(notes[1].text.contains("the comparison is left out"), "{notes:?}");
    }

    #[test]
    fn term_frequencies_are_of_the_value_that_agrees() {
        let with_tf = |sql: &str| {
            let mut one = level(sql, 0.9, 0.1);
            one.tf_column = Some("a".to_owned());
            let made = read(vec![level(NULL, 0.0, 1.0), one, level("ELSE", 0.1, 0.9)]).expect("a comparison");
            (made.levels[0].tf.clone(), made.levels[0].notes.len())
        };
        assert_eq!(with_tf("a_l = a_r"), (Some("a".to_owned()), 0));
        assert_eq!(with_tf("levenshtein(a_l, a_r) <= 1"), (None, 1));
    }
}
