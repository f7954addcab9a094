//! SQL expressions of a source: which columns they read, and that they do nothing else.
//!
//! In: what was typed. Out: the text with the columns in it. An expression sees one row and nothing beside it: a query inside, or a
//! function of the clock or of chance, is refused, since the same files would not give the same tables.

use std::ops::ControlFlow;

use datafusion::sql::parser::DFParserBuilder;
use datafusion::sql::sqlparser::ast::{self, ObjectNamePart, Visit, Visitor};
use datafusion::sql::sqlparser::dialect::GenericDialect;

/// An expression on the columns of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// As typed.
    pub sql: String,
    /// The columns that it names, in the order of their first places.
    pub columns: Vec<String>,
    /// The line of the pipeline file where it stands.
    pub line: u64,
}

/// Functions whose value is not the row's alone.
const OUTSIDE: [&str; 11] = [
    "now",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "today",
    "random",
    "rand",
    "uuid",
    "uuidv7",
];

/// What is wrong with an expression, and what to do.
pub(super) type Wrong = (String, &'static str);

/// How columns are written.
const WRITE: &str = "write columns in double quotes, texts in single quotes: \"単価\" * \"数量\"";

/// Reads an expression, which stands in this line of the pipeline file.
pub(super) fn parse(sql: &str, line: u64) -> Result<Expression, Wrong> {
    let unreadable = |_| (format!("{sql:?} is no SQL expression"), WRITE);
    let dialect = GenericDialect {};
    let mut parser = DFParserBuilder::new(sql).with_dialect(&dialect).build().map_err(unreadable)?;
    let parsed = parser.parse_into_expr().map_err(unreadable)?;
    let mut reads = Reads { columns: Vec::new() };
    if let ControlFlow::Break((what, hint)) = parsed.expr.visit(&mut reads) {
        return Err((format!("the expression {sql:?} {what}"), hint));
    }
    // A text in single quotes is a text: whoever writes an expression of texts alone meant columns.
    if reads.columns.is_empty() && sql.contains('\'') {
        return Err((format!("the expression {sql:?} names no column"), WRITE));
    }
    Ok(Expression { sql: sql.to_string(), columns: reads.columns, line })
}

struct Reads {
    columns: Vec<String>,
}

impl Visitor for Reads {
    type Break = (String, &'static str);

    fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<Self::Break> {
        ControlFlow::Break(("has a query inside".to_string(), "an expression sees the columns of one row"))
    }

    fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<Self::Break> {
        match expr {
            ast::Expr::Identifier(name) if !self.columns.contains(&name.value) => {
                self.columns.push(name.value.clone());
            }
            ast::Expr::CompoundIdentifier(_) => {
                let hint = "a column whose name has a dot stands in double quotes as a whole: \"a.b\"";
                return ControlFlow::Break(("names a column of a table".to_string(), hint));
            }
            ast::Expr::Function(call) => {
                let name = call.name.0.last().and_then(ObjectNamePart::as_ident).map(|name| name.value.to_lowercase());
                if let Some(name) = name.filter(|name| OUTSIDE.contains(&name.as_str())) {
                    let hint = "the same files have to give the same tables: use a column of the row";
                    return ControlFlow::Break((format!("calls {name}()"), hint));
                }
                if call.over.is_some() {
                    return ControlFlow::Break((
                        "looks at other rows".to_string(),
                        "an expression sees the columns of one row",
                    ));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_expression_names_its_columns() {
        let columns = |sql: &str| parse(sql, 0).map(|e| e.columns.join(" "));
        assert_eq!(columns("\"単価\" * \"数量\"").as_deref(), Ok("単価 数量"));
        assert_eq!(columns("単価 * 数量").as_deref(), Ok("単価 数量"));
        assert_eq!(columns("case when \"a b\" = '1' then upper(c) else \"a b\" end").as_deref(), Ok("a b c"));
        assert_eq!(columns("1").as_deref(), Ok(""));
    }

    #[test]
    fn what_is_not_of_the_row_is_refused() {
        let refused = |sql: &str, why: &str| {
            let (sentence, hint) = parse(sql, 0).expect_err(sql);
            assert!(sentence.contains(why) && !hint.is_empty(), "{sql}: {sentence}");
        };
        refused("(select 1)", "has a query inside");
        refused("a in (select b from c)", "has a query inside");
        refused("exists (select 1)", "has a query inside");
        refused("now()", "calls now()");
        refused("current_date", "calls current_date()");
        refused("a > random()", "calls random()");
        refused("row_number() over (partition by a)", "looks at other rows");
        refused("t.a", "names a column of a table");
        refused("a b", "no SQL expression");
        refused("a; drop table b", "no SQL expression");
        refused("", "no SQL expression");
        refused("'単価' * 2", "names no column");
    }
}
