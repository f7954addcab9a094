//! What a level's SQL asks of a pair, as a condition of the model file; or why there is none.

use std::collections::BTreeSet;

use super::attributes::Attributes;
use super::sql::Expr;
use super::value::{Side, Value, same_value, value};

/// A condition of the model file. Features are named.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// The two records have a value in common.
    Same(String),
    /// One of them has no value.
    Absent(String),
    /// Two features agree crosswise.
    Swapped(String, String),
    /// Two values are similar.
    Similar { feature: String, measure: Measure },
    /// All of them.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
}

/// A measure of similarity with its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    /// Similarity of at least this.
    JaroWinkler(f64),
    /// At most so many edits.
    Levenshtein(u32),
    /// At most so many edits, of which an exchange of neighbours is one.
    DamerauLevenshtein(u32),
}

impl Condition {
    /// Calls `see` with each feature.
    pub(super) fn features(&self, see: &mut impl FnMut(&str)) {
        match self {
            Condition::Same(f) | Condition::Absent(f) | Condition::Similar { feature: f, .. } => see(f),
            Condition::Swapped(a, b) => [a, b].into_iter().for_each(|f| see(f)),
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| part.features(see)),
        }
    }

    /// Whether it asks somewhere for a missing value.
    pub(super) fn asks_for_absence(&self) -> bool {
        match self {
            Condition::Absent(_) => true,
            Condition::All(parts) | Condition::Any(parts) => parts.iter().any(Condition::asks_for_absence),
            _ => false,
        }
    }

    /// Whether the two records agree on the feature wherever it holds.
    pub(super) fn implies_same(&self, feature: &str) -> bool {
        match self {
            Condition::Same(f) => f == feature,
            Condition::All(parts) => parts.iter().any(|part| part.implies_same(feature)),
            _ => false,
        }
    }
}

/// The condition of a level, or why there is none.
pub(super) fn condition(expr: &Expr, attributes: &mut Attributes) -> Result<Condition, &'static str> {
    // What is not written declares no attribute: the whole is read before the first.
    let part = checked(expr)?;
    Ok(of_part(&part, attributes))
}

/// The parts of a condition that are understood.
enum Part {
    Same(Value),
    Absent(Value),
    Swapped(Value, Value),
    Similar(Value, Measure),
    All(Vec<Part>),
    Any(Vec<Part>),
}

fn checked(expr: &Expr) -> Result<Part, &'static str> {
    match expr {
        Expr::And(all) => {
            let parts = joined(all, swapped)?;
            match parts.iter().filter(|part| matches!(part, Part::Any(_))).count() {
                0 | 1 => Ok(single(parts, Part::All)),
                _ => Err("two ORs that are joined by AND have no counterpart: a level has one `any`"),
            }
        }
        Expr::Or(all) => Ok(single(joined(all, absent)?, Part::Any)),
        Expr::Binary { op: "=", left, right } => match same_value(left, right) {
            Some(value) => Ok(Part::Same(value)),
            None => Err(why(expr)),
        },
        Expr::Binary { op, left, right } => match similarity(op, left, right) {
            Some((value, measure)) => Ok(Part::Similar(value, measure)),
            None => Err(why(expr)),
        },
        _ => Err(why(expr)),
    }
}

/// One part of several is the part itself.
fn single(mut parts: Vec<Part>, join: fn(Vec<Part>) -> Part) -> Part {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => join(parts),
    }
}

/// Parts of one AND or OR: nobody writes more by hand, and each is a step of the stack where it is written.
const MOST_PARTS: usize = 64;

/// The parts, of which two may be one together.
fn joined(all: &[Expr], two: fn(&Expr, &Expr) -> Option<Part>) -> Result<Vec<Part>, &'static str> {
    if all.len() > MOST_PARTS {
        return Err(CUSTOM);
    }
    let mut parts = Vec::new();
    let mut taken = vec![false; all.len()];
    for (i, one) in all.iter().enumerate() {
        if taken[i] {
            continue;
        }
        let partner = (i + 1..all.len()).filter(|j| !taken[*j]).find_map(|j| Some((j, two(one, &all[j])?)));
        match partner {
            Some((j, part)) => {
                taken[j] = true;
                parts.push(part);
            }
            None => parts.push(checked(one)?),
        }
    }
    Ok(parts)
}

/// `a_l = b_r AND b_l = a_r`, in whatever order.
fn swapped(one: &Expr, other: &Expr) -> Option<Part> {
    let (left, right) = crosswise(one)?;
    let (other_left, other_right) = crosswise(other)?;
    (left == other_right && right == other_left).then_some(Part::Swapped(left, right))
}

/// Two different values of two records that are equal: that of the left record comes first.
fn crosswise(expr: &Expr) -> Option<(Value, Value)> {
    let Expr::Binary { op: "=", left, right } = expr else { return None };
    let ((side, left), (other, right)) = (value(left)?, value(right)?);
    match (side, other) {
        (Side::Left, Side::Right) if left != right => Some((left, right)),
        (Side::Right, Side::Left) if left != right => Some((right, left)),
        _ => None,
    }
}

/// `a_l IS NULL OR a_r IS NULL`.
fn absent(one: &Expr, other: &Expr) -> Option<Part> {
    let (Expr::IsNull(one), Expr::IsNull(other)) = (one, other) else { return None };
    same_value(one, other).map(Part::Absent)
}

/// A measure of two values held against a number.
fn similarity(op: &str, left: &Expr, right: &Expr) -> Option<(Value, Measure)> {
    // Whoever writes by hand may write `2 >= levenshtein(…)`.
    let (call, op, bound) = match (left, right) {
        (call, Expr::Number(bound)) => (call, op, *bound),
        (Expr::Number(bound), call) => {
            let turned = match op {
                "<" => ">",
                "<=" => ">=",
                ">" => "<",
                ">=" => "<=",
                _ => return None,
            };
            (call, turned, *bound)
        }
        _ => return None,
    };
    let Expr::Call { name, args } = call else { return None };
    let [a, b] = args.as_slice() else { return None };
    let edits = || {
        let most = match op {
            "<=" => bound.floor(),
            "<" => bound.ceil() - 1.0,
            _ => return None,
        };
        (0.0..=1000.0).contains(&most).then_some(most as u32)
    };
    let measure = match name.as_str() {
        "jaro_winkler_similarity" | "jaro_winkler" | "jaro_winkler_sim"
            if op == ">=" && (0.0..=1.0).contains(&bound) =>
        {
            Measure::JaroWinkler(bound)
        }
        "levenshtein" | "levenshtein_distance" | "editdist3" => Measure::Levenshtein(edits()?),
        "damerau_levenshtein" | "damerau_levenshtein_distance" => Measure::DamerauLevenshtein(edits()?),
        _ => return None,
    };
    Some((same_value(a, b)?, measure))
}

/// Functions by which a condition without counterpart is told, with what is told. The first that is found counts.
const REASONS: [(&[&str], &str); 8] = [
    (&["acos", "asin", "haversine", "radians"], "a distance in km has no counterpart"),
    (
        &["epoch", "datediff", "date_diff", "unix_timestamp", "julianday", "age"],
        "a span between dates has no counterpart; `date` with relations (one_digit, same_year_month, …) compares dates in another way",
    ),
    (
        &["list_intersect", "array_intersect", "array_length", "list_transform", "cardinality", "size", "list_has_any"],
        "arrays have no counterpart: an attribute holds one value a row",
    ),
    (
        &["jaro_similarity", "jaro_sim", "jaro"],
        "Jaro similarity has no counterpart; `jaro_winkler` is near, and is never less for the same values",
    ),
    (
        &["jaccard", "jaccard_similarity"],
        "Jaccard similarity of the characters of two texts has no counterpart (`jaccard` here is of whole values)",
    ),
    (&["array_cosine_similarity", "list_cosine_similarity", "aggregate"], "cosine similarity has no counterpart"),
    (&["hamming"], "Hamming distance has no counterpart; `levenshtein` is near, and is never more for the same values"),
    (&["jaro_winkler_similarity", "jaro_winkler", "levenshtein", "damerau_levenshtein"], MEASURED_OTHERWISE),
];

const MEASURED_OTHERWISE: &str =
    "this use of a similarity has no counterpart: it takes one value of both records, and a bound that it reaches";

/// What is told of SQL that is no more than SQL.
pub(super) const CUSTOM: &str = "custom SQL has no counterpart";

/// Whether a level can ask for it.
pub(super) fn is_condition(expr: &Expr) -> bool {
    checked(expr).is_ok()
}

/// Why a condition has no counterpart.
pub(super) fn why(expr: &Expr) -> &'static str {
    let mut called = Vec::new();
    let mut denies = false;
    each(expr, &mut |part| match part {
        Expr::Call { name, .. } => called.push(name.clone()),
        Expr::Not(_) => denies = true,
        _ => {}
    });
    let known = REASONS.iter().find(|(names, _)| names.iter().any(|name| called.iter().any(|c| c == name)));
    match known {
        Some((_, reason)) => reason,
        None if denies => "NOT has no counterpart",
        None if crosswise(expr).is_some() => {
            "columns that agree crosswise one way have no counterpart; `swapped` asks for both ways"
        }
        None => CUSTOM,
    }
}

/// The columns of which all are missing in one of the records, where a condition asks for that and no more.
pub(super) fn missing_columns(expr: &Expr) -> Option<BTreeSet<String>> {
    fn of(part: &Part) -> Option<BTreeSet<String>> {
        match part {
            Part::Absent(value) => Some(BTreeSet::from([value.column().to_owned()])),
            Part::All(parts) => parts.iter().map(of).try_fold(BTreeSet::new(), |mut all, part| {
                all.extend(part?);
                Some(all)
            }),
            _ => None,
        }
    }
    of(&checked(expr).ok()?)
}

/// Calls `see` with every part of a tree.
pub(super) fn each(expr: &Expr, see: &mut impl FnMut(&Expr)) {
    see(expr);
    expr.parts().into_iter().for_each(|part| each(part, see));
}

fn of_part(part: &Part, attributes: &mut Attributes) -> Condition {
    let mut all = |parts: &[Part]| parts.iter().map(|part| of_part(part, attributes)).collect();
    match part {
        Part::Same(value) => Condition::Same(attributes.feature(value)),
        Part::Absent(value) => Condition::Absent(attributes.feature(value)),
        Part::Swapped(a, b) => Condition::Swapped(attributes.feature(a), attributes.feature(b)),
        Part::Similar(value, measure) => Condition::Similar { feature: attributes.feature(value), measure: *measure },
        Part::All(parts) => Condition::All(all(parts)),
        Part::Any(parts) => Condition::Any(all(parts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splink::sql::parse;

    fn read(sql: &str) -> Result<Condition, &'static str> {
        condition(&parse(sql).unwrap_or_else(|| panic!("{sql}")), &mut Attributes::default())
    }

    fn same(feature: &str) -> Condition {
        Condition::Same(feature.to_owned())
    }

    fn similar(feature: &str, measure: Measure) -> Condition {
        Condition::Similar { feature: feature.to_owned(), measure }
    }

    #[test]
    fn conditions_are_read_in_every_dialect() {
        let cases = [
            ("\"a_l\" = \"a_r\"", same("a")),
            ("`a_r` = `a_l`", same("a")),
            ("(a_l = a_r) AND (b_l = b_r)", Condition::All(vec![same("a"), same("b")])),
            ("jaro_winkler_similarity(a_l, a_r) >= 0.92", similar("a", Measure::JaroWinkler(0.92))),
            ("jaro_winkler(`a_l`, `a_r`) >= 1", similar("a", Measure::JaroWinkler(1.0))),
            ("levenshtein(a_l, a_r) < 3", similar("a", Measure::Levenshtein(2))),
            ("2 >= levenshtein(a_l, a_r)", similar("a", Measure::Levenshtein(2))),
            ("damerau_levenshtein(lower(a_l), lower(a_r)) <= 1", similar("a", Measure::DamerauLevenshtein(1))),
            ("a_l = b_r AND a_r = b_l", Condition::Swapped("a".into(), "b".into())),
            ("a_l is null or a_r is null", Condition::Absent("a".into())),
            (
                "(a_l IS NULL OR a_r IS NULL) AND c_l = c_r",
                Condition::All(vec![Condition::Absent("a".into()), same("c")]),
            ),
            (
                "a_l = a_r OR levenshtein(b_l, b_r) <= 1",
                Condition::Any(vec![same("a"), similar("b", Measure::Levenshtein(1))]),
            ),
        ];
        for (sql, expected) in cases {
            assert_eq!(read(sql), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn what_has_no_counterpart_is_told_by_what_it_is() {
        let cases = [
            ("a_l = 'x' AND a_r = 'x'", "custom SQL"),
            ("NOT (a_l = a_r)", "NOT"),
            ("a_l IS NOT NULL", "NOT"),
            ("a_l = b_r", "crosswise"),
            ("jaro_similarity(a_l, a_r) >= 0.9", "Jaro similarity"),
            ("jaro_winkler_similarity(a_l, b_r) >= 0.9", "this use of a similarity"),
            ("jaro_winkler_similarity(a_l, a_r) < 0.5", "this use of a similarity"),
            ("levenshtein(a_l, a_r) >= 2", "this use of a similarity"),
            ("levenshtein(a_l, a_r) < 0", "this use of a similarity"),
            ("abs(a_l - a_r) < 3", "custom SQL"),
            ("ABS(EPOCH(try_strptime(a_l, '%Y')) - EPOCH(try_strptime(a_r, '%Y'))) <= 259200", "a span between dates"),
            ("cast(acos(sin(radians(a_l)) * sin(radians(a_r))) * 6371 as float) <= 10", "a distance in km"),
            ("array_length(list_intersect(a_l, a_r)) >= 2", "arrays"),
            ("a_l = a_r AND hamming(b_l, b_r) <= 1", "Hamming"),
            ("a_l IS NULL OR b_r IS NULL", "custom SQL"),
            ("(a_l = a_r OR b_l = b_r) AND (c_l = c_r OR d_l = d_r)", "two ORs"),
        ];
        for (sql, expected) in cases {
            let told = read(sql).expect_err(sql);
            assert!(told.starts_with(expected) || told.contains(expected), "{sql}: {told}");
        }
    }

    #[test]
    fn a_condition_that_is_not_written_declares_nothing() {
        let mut attributes = Attributes::default();
        let sql = parse("a_l = a_r AND hamming(b_l, b_r) <= 1").expect("SQL");
        assert!(condition(&sql, &mut attributes).is_err() && attributes.all.is_empty(), "{attributes:?}");
    }
}
