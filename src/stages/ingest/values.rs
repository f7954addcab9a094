//! The values of a row: columns by their names in the source, cleaned, and what is made of them.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::functions::expr_fn::{btrim, coalesce, concat_ws, encode, left, lower, nullif, sha256};
use datafusion::logical_expr::expr::TryCast;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, Volatility, cast, ident, lit, when};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

use arrow::datatypes::{DataType, Field, Schema};

use super::reader::META_COLUMNS;
use crate::config::{Expression, JAPAN, Source, Value};
use crate::error::{Error, Result};
use crate::functions;
use crate::tables::contract::{Type, col};

/// Between the values of a digest: no text has it.
const UNIT_SEPARATOR: &str = "\u{1f}";

/// Characters of a digest, 96 bits: among a thousand million rows two are alike with a chance of one in a hundred thousand million.
const DIGEST_LENGTH: i64 = 24;

/// Functions that reckon, and those that take numbers as well as texts.
const RECKONING: [&str; 8] = ["abs", "ceil", "floor", "power", "round", "signum", "sqrt", "trunc"];
const EITHER: [&str; 4] = ["coalesce", "greatest", "least", "nullif"];

/// The columns that were read, by their names in the source.
pub(super) struct Columns<'a> {
    pub(super) source: &'a Source,
    /// Name in the source, name in the plan.
    names: Vec<(String, String)>,
    rows: DataFrame,
    expressions: SessionContext,
}

impl<'a> Columns<'a> {
    /// The columns of `rows`: those of the files after the reader's own, in order; then `joined`, from other files.
    pub(super) fn new(source: &'a Source, rows: &DataFrame, columns: &[String], joined: &[(String, String)]) -> Self {
        let read = rows.schema().fields().iter().skip(META_COLUMNS.len()).map(|f| f.name().clone());
        let names = columns.iter().cloned().zip(read).chain(joined.iter().cloned()).collect();
        // Names are written as in the file.
        let config = SessionConfig::new().set_bool("datafusion.sql_parser.enable_ident_normalization", false);
        Columns { source, names, rows: rows.clone(), expressions: SessionContext::new_with_config(config) }
    }

    /// A column, without what means nothing, and with what its values mean in place of what stands there.
    pub(super) fn one(&self, column: &str) -> Expr {
        let Some((_, read)) = self.names.iter().find(|(source, _)| source == column) else { return null(Type::Text) };
        let mut value = ident(read.clone());
        let trimmed = || btrim(vec![ident(read.clone())]);
        if !self.source.null_values.is_empty() {
            let nothing = self.source.null_values.iter().map(|v| lit(v.clone())).collect();
            value = otherwise(trimmed().in_list(nothing, false), null(Type::Text), value);
        }
        for (typed, meaning) in self.source.values.get(column).into_iter().flatten() {
            let meaning = if meaning.is_empty() { null(Type::Text) } else { lit(meaning.clone()) };
            value = otherwise(trimmed().eq(lit(typed.clone())), meaning, value);
        }
        value
    }

    /// A number or code: without the marks by which spreadsheets keep a text, and nothing where a spreadsheet has damaged it.
    pub(super) fn bare(&self, column: &str) -> Expr {
        functions::bare().call(vec![self.one(column)])
    }

    /// A value; several columns are joined by `separator`.
    pub(super) fn value(&self, value: &Value, separator: &str) -> Result<Expr> {
        Ok(match value {
            // Where several columns are several values, the caller asks for each.
            Value::Columns(columns) | Value::Join(columns) => self.joined(columns, separator),
            Value::First(columns) => {
                coalesce(columns.iter().map(|c| nullif(btrim(vec![self.one(c)]), lit(""))).collect())
            }
            Value::Digest(columns) => self.digest(columns)?,
            Value::Expression(expression) => cast(self.expression(expression)?, DataType::Utf8),
        })
    }

    fn joined(&self, columns: &[String], separator: &str) -> Expr {
        match columns {
            [only] => self.one(only),
            several => nullif(concat_ws(lit(separator), several.iter().map(|c| self.one(c)).collect()), lit("")),
        }
    }

    /// A digest of a person's columns: the same for the same person as written in the same way.
    fn digest(&self, columns: &[String]) -> Result<Expr> {
        let texts = columns.iter().map(|c| coalesce(vec![lower(btrim(vec![self.one(c)])), lit("")])).collect();
        let all = concat_ws(lit(UNIT_SEPARATOR), texts);
        let digest = left(encode(sha256(all), lit("hex")), lit(DIGEST_LENGTH));
        let some = coalesce(columns.iter().map(|c| nullif(btrim(vec![self.one(c)]), lit(""))).collect());
        Ok(when(some.is_not_null(), digest).otherwise(null(Type::Text))?)
    }

    /// An expression on the row. Text is read as a number where it is reckoned with, or compared with one.
    ///
    /// # Errors
    /// Configuration, where the engine cannot make it.
    pub(super) fn expression(&self, expression: &Expression) -> Result<Expr> {
        let name = &self.source.name;
        let wrong = |what: String| {
            let Expression { sql, line, .. } = expression;
            Error::config(format!("line {line} of the pipeline file: source {name:?}: the expression {sql:?} {what}"))
                .hint("write columns in double quotes and texts in single quotes; `nayose validate` tries it")
        };
        let field = |column: &String| Field::new(column, DataType::Utf8, true);
        let schema = Schema::new(expression.columns.iter().map(field).collect::<Vec<_>>());
        let schema = DFSchema::try_from(schema)?;
        let reason = |e: datafusion::error::DataFusionError| {
            let text = e.strip_backtrace();
            wrong(format!("cannot be used: {}", text.lines().next().unwrap_or_default()))
        };
        let parsed = self.expressions.parse_sql_expr(&expression.sql, &schema).map_err(reason)?;
        let mut outside = None;
        parsed.apply(|part| {
            match part {
                Expr::ScalarFunction(call) if call.func.signature().volatility != Volatility::Immutable => {
                    outside = Some(call.func.name().to_string());
                }
                Expr::AggregateFunction(call) => outside = Some(call.func.name().to_string()),
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        if let Some(function) = outside {
            return Err(wrong(format!("calls {function}(), whose value is not the row's alone")));
        }
        let made = parsed.transform_up(|part| Ok(self.resolved(part)))?.data;
        made.get_type(self.rows.schema()).map_err(reason)?;
        Ok(made)
    }

    /// Whether something that an expression reckons with is there and cannot be read as what it needs; `None` where it reckons with
    /// nothing. An expression that gives nothing because a column is empty is right.
    pub(super) fn unreadable_inside(made: &Expr) -> Result<Option<Expr>> {
        let mut all: Vec<Expr> = Vec::new();
        let number = functions::number();
        made.apply(|part| {
            let of = match part {
                Expr::ScalarFunction(call) if call.func.name() == number.name() => call.args.first().cloned(),
                Expr::TryCast(cast) => Some((*cast.expr).clone()),
                _ => None,
            };
            if let Some(text) = of {
                let stands = nullif(btrim(vec![cast(text, DataType::Utf8)]), lit("")).is_not_null();
                all.push(stands.and(part.clone().is_null()));
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(all.into_iter().reduce(Expr::or))
    }

    /// A part of an expression with the columns of the plan in it.
    fn resolved(&self, part: Expr) -> Transformed<Expr> {
        match part {
            Expr::Column(column) => Transformed::yes(self.one(&column.name)),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                use Operator::{Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Plus};
                let reckons = matches!(op, Plus | Minus | Multiply | Divide | Modulo);
                let compares = matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq);
                let is_number = |e: &Expr| e.get_type(self.rows.schema()).is_ok_and(|t| t.is_numeric());
                let numbers = reckons || (compares && (is_number(&left) || is_number(&right)));
                let of = |side: Box<Expr>| match side.get_type(self.rows.schema()) {
                    Ok(DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) if numbers => {
                        Box::new(functions::number().call(vec![*side]))
                    }
                    _ => side,
                };
                Transformed::yes(Expr::BinaryExpr(BinaryExpr { left: of(left), op, right: of(right) }))
            }
            // What cannot be cast in a row is nothing there, and no end of the run.
            Expr::Cast(cast) => Transformed::yes(Expr::TryCast(TryCast::new_from_field(cast.expr, cast.field))),
            Expr::ScalarFunction(mut call) => {
                let of = |e: &Expr| e.get_type(self.rows.schema()).ok();
                let is_text = |e: &Expr| matches!(of(e), Some(DataType::Utf8 | DataType::Utf8View));
                let is_number = |e: &Expr| of(e).is_some_and(|t| t.is_numeric());
                let name = call.func.name();
                let numbers = RECKONING.contains(&name) || (EITHER.contains(&name) && call.args.iter().any(is_number));
                if !numbers {
                    return Transformed::no(Expr::ScalarFunction(call));
                }
                let number = |e: Expr| if is_text(&e) { functions::number().call(vec![e]) } else { e };
                call.args = call.args.into_iter().map(number).collect();
                Transformed::yes(Expr::ScalarFunction(call))
            }
            Expr::Negative(of) => match of.get_type(self.rows.schema()) {
                Ok(DataType::Utf8) => Transformed::yes(Expr::Negative(Box::new(functions::number().call(vec![*of])))),
                _ => Transformed::no(Expr::Negative(of)),
            },
            other => Transformed::no(other),
        }
    }

    /// Why a row is not read: what the reader says; a key that is missing or damaged; an expression that leaves it out.
    pub(super) fn reason(&self, value: &Expr) -> Result<Expr> {
        let mut reason = ident(col::REJECT_REASON);
        let read = || ident(col::REJECT_REASON).is_null();
        let damaged = functions::damaged().call(vec![value.clone()]);
        reason = when(read().and(damaged), lit("damaged_id")).otherwise(reason)?;
        if super::required(self.source).is_empty() {
            let missing = nullif(btrim(vec![value.clone()]), lit("")).is_null();
            reason = when(read().and(missing), lit("missing_required")).otherwise(reason)?;
        }
        // What is left out has no need of a key.
        let skips =
            self.source.only_where.iter().map(|e| (e, true)).chain(self.source.skip_where.iter().map(|e| (e, false)));
        for (expression, keeps) in skips {
            let made = self.expression(expression)?;
            if made.get_type(self.rows.schema())? != DataType::Boolean {
                return Err(Error::config(format!(
                    "line {} of the pipeline file: source {:?}: the expression {:?} is neither true nor false",
                    expression.line, self.source.name, expression.sql
                ))
                .hint("compare something: \"状態\" = '退会'"));
            }
            let (skipped, text) = match keeps {
                true => (made.is_not_true(), format!("skipped: not {}", expression.sql)),
                false => (made.is_true(), format!("skipped: {}", expression.sql)),
            };
            reason = when(read().and(skipped), lit(text)).otherwise(reason)?;
        }
        Ok(reason)
    }

    /// The row as it was read, for a person to look at.
    pub(super) fn whole_row(&self) -> Expr {
        concat_ws(lit(","), self.names.iter().map(|(_, read)| ident(read.clone())).collect())
    }

    /// The time in a value.
    pub(super) fn time(&self, value: Option<&Value>) -> Result<Expr> {
        match value {
            Some(value) => Ok(self.time_of(self.value(value, " ")?)),
            None => Ok(null(Type::Timestamp)),
        }
    }

    /// The time in a text.
    pub(super) fn time_of(&self, text: Expr) -> Expr {
        let mut arguments = vec![text];
        if self.source.time_zone != JAPAN {
            arguments.push(lit(self.source.time_zone.clone()));
        }
        functions::timestamp().call(arguments)
    }
}

/// `value` where `condition` is not true.
fn otherwise(condition: Expr, then: Expr, value: Expr) -> Expr {
    Expr::Case(datafusion::logical_expr::Case::new(
        None,
        vec![(Box::new(condition), Box::new(then))],
        Some(Box::new(value)),
    ))
}

/// No value of a type.
pub(super) fn null(data_type: Type) -> Expr {
    // `try_from` knows every type that the contract has.
    ScalarValue::try_from(&data_type.arrow())
        .map(lit)
        .unwrap_or_else(|_| cast(lit(ScalarValue::Null), data_type.arrow()))
}
