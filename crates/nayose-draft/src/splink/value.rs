//! What a condition compares: a value of the left record and the same value of the right one.
//!
//! Splink writes `"surname_l"` in a comparison and `l."surname"` in a blocking rule. A value is what remains without the
//! side, and without what attributes of nayose do anyway: text has one case and no empty values, a date is read as a date.

use crate::scalar::{sql_column, sql_text};

use super::sql::Expr;

/// Which of the two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A value of one record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A column; whether it is read as a date.
    Column { name: String, is_date: bool },
    /// The first characters of a column.
    Prefix { name: String, length: usize },
    /// The year of a column.
    Year { name: String },
    /// The part of a mail address before the @.
    BeforeAt { name: String },
    /// Another expression on one column, as SQL of a row.
    Made { column: String, sql: String },
}

impl Value {
    /// The column that it is made of.
    pub(super) fn column(&self) -> &str {
        match self {
            Value::Column { name, .. }
            | Value::Prefix { name, .. }
            | Value::Year { name }
            | Value::BeforeAt { name }
            | Value::Made { column: name, .. } => name,
        }
    }
}

/// The value that an expression is, and of which record. `None` where it has columns of both, of none, or of more than one, or is
/// made by a function that nayose has not.
pub(super) fn value(expr: &Expr) -> Option<(Side, Value)> {
    let mut side = None;
    let bare = without_side(expr, &mut side)?;
    Some((side?, plain(&bare)?))
}

/// The same value of both records, in whatever order they stand.
pub(super) fn same_value(left: &Expr, right: &Expr) -> Option<Value> {
    let ((a, left), (b, right)) = (value(left)?, value(right)?);
    (a != b && left == right).then_some(left)
}

/// The expression with the columns of the record alone.
fn without_side(expr: &Expr, side: &mut Option<Side>) -> Option<Expr> {
    let mut inside = |part: &Expr| without_side(part, side);
    Some(match expr {
        Expr::Column { table, name } => {
            let (found, name) = match table.as_deref() {
                Some("l" | "L") => (Side::Left, name.as_str()),
                Some("r" | "R") => (Side::Right, name.as_str()),
                Some(_) => return None,
                None => match (name.strip_suffix("_l"), name.strip_suffix("_r")) {
                    (Some(name), _) => (Side::Left, name),
                    (_, Some(name)) => (Side::Right, name),
                    _ => return None,
                },
            };
            if name.is_empty() || *side.get_or_insert(found) != found {
                return None;
            }
            Expr::Column { table: None, name: name.to_owned() }
        }
        Expr::Text(_) | Expr::Number(_) => expr.clone(),
        Expr::Call { name, args } => {
            Expr::Call { name: name.clone(), args: args.iter().map(inside).collect::<Option<_>>()? }
        }
        Expr::Binary { op, left, right } => {
            Expr::Binary { op, left: Box::new(inside(left)?), right: Box::new(inside(right)?) }
        }
        Expr::And(_) | Expr::Or(_) | Expr::Not(_) | Expr::IsNull(_) => return None,
    })
}

/// What Splink writes for a mail address before the @; PostgreSQL has it in brackets.
const BEFORE_AT: [&str; 2] = ["^[^@]+", "(^[^@]+)"];

fn plain(expr: &Expr) -> Option<Value> {
    if let Expr::Column { name, .. } = expr {
        return Some(Value::Column { name: name.clone(), is_date: false });
    }
    let Expr::Call { name, args } = expr else { return made(expr) };
    match (name.as_str(), args.as_slice()) {
        // Attributes have one case, and neither blanks around a value nor empty values.
        ("lower" | "upper" | "trim", [inner]) => plain(inner),
        ("nullif", [inner, Expr::Text(empty)]) if empty.trim().is_empty() => plain(inner),
        ("cast" | "try_cast", [inner, Expr::Text(kind)]) => match kind.as_str() {
            "varchar" | "text" | "string" | "char" => plain(inner),
            "date" | "timestamp" => date(inner),
            _ => None,
        },
        ("date" | "to_date", [inner]) => date(inner),
        (
            "try_strptime" | "strptime" | "try_to_timestamp" | "to_timestamp" | "to_date" | "try_cast_date",
            [inner, _],
        ) => date(inner),
        ("year", [inner]) => match date(inner)? {
            Value::Column { name, .. } => Some(Value::Year { name }),
            _ => None,
        },
        ("substring" | "substr", [inner, Expr::Number(first), Expr::Number(length)]) if *first == 1.0 => {
            prefix(inner, *length).or_else(|| made(expr))
        }
        ("left", [inner, Expr::Number(length)]) => prefix(inner, *length).or_else(|| made(expr)),
        ("regexp_extract", [inner, Expr::Text(pattern), ..]) | ("substring", [inner, Expr::Text(pattern)])
            if BEFORE_AT.contains(&pattern.as_str()) =>
        {
            match plain(inner)? {
                Value::Column { name, .. } => Some(Value::BeforeAt { name }),
                _ => None,
            }
        }
        _ => made(expr),
    }
}

/// A column that is read as a date.
fn date(expr: &Expr) -> Option<Value> {
    match plain(expr)? {
        Value::Column { name, .. } => Some(Value::Column { name, is_date: true }),
        _ => None,
    }
}

fn prefix(expr: &Expr, length: f64) -> Option<Value> {
    let Value::Column { name, is_date: false } = plain(expr)? else { return None };
    let length = (length.fract() == 0.0 && (1.0..=1000.0).contains(&length)).then_some(length as usize)?;
    Some(Value::Prefix { name, length })
}

/// An expression of one column that the sources of a pipeline can have.
fn made(expr: &Expr) -> Option<Value> {
    let mut column = None;
    let sql = row_sql(expr, &mut column)?;
    Some(Value::Made { column: column?, sql })
}

/// The expression as SQL of a row, for functions that mean the same there.
fn row_sql(expr: &Expr, column: &mut Option<String>) -> Option<String> {
    Some(match expr {
        Expr::Column { name, .. } => {
            if column.get_or_insert_with(|| name.clone()) != name {
                return None;
            }
            sql_column(name)
        }
        Expr::Text(text) => sql_text(text),
        Expr::Number(n) => n.to_string(),
        Expr::Binary { op: "||", left, right } => {
            format!("{} || {}", row_sql(left, column)?, row_sql(right, column)?)
        }
        Expr::Call { name, args } => match (name.as_str(), args.as_slice()) {
            ("regexp_extract", [inner, Expr::Text(pattern)])
            | ("regexp_extract", [inner, Expr::Text(pattern), Expr::Number(0.0)])
            | ("substring", [inner, Expr::Text(pattern)]) => {
                // A pattern that looks around is no regular expression there; one group or none gives the whole.
                let groups = pattern.matches('(').count();
                let whole = pattern.starts_with('(') && pattern.ends_with(')');
                if pattern.contains("(?") || groups > 1 || (groups == 1 && !whole) {
                    return None;
                }
                format!("regexp_match({}, {})[1]", row_sql(inner, column)?, sql_text(pattern))
            }
            ("lower" | "upper" | "trim" | "left" | "right" | "replace" | "nullif" | "reverse", args) => {
                format!("{name}({})", all_sql(args, column)?)
            }
            ("substring" | "substr", args) => format!("substr({})", all_sql(args, column)?),
            _ => return None,
        },
        _ => return None,
    })
}

fn all_sql(args: &[Expr], column: &mut Option<String>) -> Option<String> {
    let all: Option<Vec<String>> = args.iter().map(|arg| row_sql(arg, column)).collect();
    all.map(|all| all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splink::sql::parse;

    fn read(sql: &str) -> Option<(Side, Value)> {
        value(&parse(sql).unwrap_or_else(|| panic!("{sql}")))
    }

    #[test]
    fn what_attributes_do_anyway_is_left_out() {
        let surname = Some((Side::Left, Value::Column { name: "surname".into(), is_date: false }));
        for sql in
            ["\"surname_l\"", "l.surname", "lower(surname_l)", "NULLIF(trim(`surname_l`), '')", "surname_l::text"]
        {
            assert_eq!(read(sql), surname, "{sql}");
        }
        let born = Some((Side::Right, Value::Column { name: "dob".into(), is_date: true }));
        for sql in [
            "try_strptime(\"dob_r\", '%Y-%m-%d')",
            "date(try_to_timestamp(`dob_r`, 'yyyy-MM-dd'))",
            "try_cast_date(\"dob_r\", 'YYYY-MM-DD')",
            "TRY_CAST(r.dob AS DATE)",
        ] {
            assert_eq!(read(sql), born, "{sql}");
        }
    }

    #[test]
    fn a_value_is_of_one_record_and_one_column() {
        for sql in ["a_l || a_r", "a_l || b_l", "'text'", "a", "x.a", "_l", "abs(a_l)", "coalesce(a_l, a_r)"] {
            assert_eq!(read(sql), None, "{sql}");
        }
    }

    #[test]
    fn a_made_value_is_sql_of_a_row() {
        let made = |sql: &str| match read(sql) {
            Some((_, Value::Made { sql, .. })) => sql,
            other => format!("{other:?}"),
        };
        assert_eq!(made("substr(l.\"a\", 2, 3)"), "substr(\"a\", 2, 3)");
        assert_eq!(made("NULLIF(regexp_extract(a_l, '^[0-9]+', 0), '')"), "regexp_match(\"a\", '^[0-9]+')[1]");
        assert_eq!(made("substring(a_l from '(^[0-9]+)')"), "regexp_match(\"a\", '(^[0-9]+)')[1]");
        assert_eq!(read("regexp_extract(a_l, '(?=x)', 0)"), None);
        assert_eq!(read("regexp_extract(a_l, '(a)(b)', 2)"), None);
        assert_eq!(read("left(a_l, 3)"), Some((Side::Left, Value::Prefix { name: "a".into(), length: 3 })));
    }
}
