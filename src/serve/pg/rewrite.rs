//! Reads Postgres's SQL: what people write as it stands, what tools ask about the catalogue in words that the engine can plan.
//!
//! In: a text. Out: its statements. datafusion-pg-catalog rewrites queries of tools, and makes every query within the columns of another
//! null where it depends on a row of that: good for `psql`, wrong figures for a person. Therefore its rules meet only queries that read
//! `pg_catalog`, and of a person's query only those that change no answer. What the rules lack is here too; `docs/bi-gaps.md` says for
//! each which tool asks it.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Statement, Value,
    visit_expressions_mut, visit_relations,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use datafusion_postgres::datafusion_pg_catalog::sql::PostgresCompatibilityParser;
use datafusion_postgres::datafusion_pg_catalog::sql::rules::{
    CurrentUserVariableToSessionUserFunctionCall, FixArrayLiteral, FixVersionColumnName, RewriteArrayAnyAllOperation,
    RewritePgCatalogOperator, SqlStatementRewriteRule, StripCallableQualifier,
};
use datafusion_postgres::pgwire::api::Type;
use datafusion_postgres::pgwire::error::PgWireResult;

use super::catalog::{item_of, type_name};
use super::failure::{self, code};
use super::template;

/// Reads statements.
pub(super) struct Reader {
    of_tools: PostgresCompatibilityParser,
    rules: Vec<Arc<dyn SqlStatementRewriteRule>>,
}

impl Reader {
    /// One for all connections.
    pub(super) fn new() -> Self {
        let rules: Vec<Arc<dyn SqlStatementRewriteRule>> = vec![
            Arc::new(RewriteArrayAnyAllOperation),
            Arc::new(StripCallableQualifier),
            Arc::new(FixArrayLiteral),
            Arc::new(CurrentUserVariableToSessionUserFunctionCall),
            Arc::new(RewritePgCatalogOperator),
            Arc::new(FixVersionColumnName),
        ];
        Reader { of_tools: PostgresCompatibilityParser::new(), rules }
    }

    /// The statements of a text; a client may say of which types its parameters are.
    ///
    /// # Errors
    /// What cannot be read: the error names words of the text. A template of times that the engine would take for a text. A statement with
    /// so many operators that no stack would hold it.
    pub(super) fn statements(&self, sql: &str, types: &[Option<Type>]) -> PgWireResult<Vec<Statement>> {
        let operators = operators(sql);
        if operators > MOST_OPERATORS {
            return Err(failure::hinted(
                code::STATEMENT_TOO_COMPLEX,
                format!("the statement has {operators} operators, and may have {MOST_OPERATORS}"),
                "write a list, as in x in (1, 2, 3), or ask in several statements",
            ));
        }
        let read = Parser::parse_sql(&PostgreSqlDialect {}, sql);
        let mut statements = match read {
            Ok(statements) if statements.iter().all(|s| !is_about_catalogue(s)) => {
                let through_rules = |s| self.rules.iter().fold(s, |s, rule| rule.rewrite(s));
                let mut statements: Vec<Statement> = statements.into_iter().map(through_rules).collect();
                for statement in &mut statements {
                    name_lists(statement, types);
                    read_templates(statement)?;
                }
                return Ok(statements);
            }
            Ok(statements) => statements,
            // The crate's parser knows words of tools that this one does not, but not where a mistake is.
            Err(error) => return self.of_tools.parse(sql).map_err(|_| failure::syntax(sql, &error.to_string())),
        };
        let mut is_other = false;
        for statement in &mut statements {
            let _ = visit_expressions_mut(statement, |expression| {
                if let Some(other) = replaced(expression) {
                    *expression = other;
                    is_other = true;
                }
                ControlFlow::<()>::Continue(())
            });
        }
        // The crate knows some queries of tools by their words: a text that nothing was replaced in stays as it came.
        let text = match is_other {
            true => statements.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            false => sql.to_string(),
        };
        self.of_tools.parse(&text).map_err(|e| failure::syntax_of_made(&e.to_string()))
    }
}

/// Operators of a text at most. What people and tools write has some dozens.
pub(super) const MOST_OPERATORS: usize = 1000;

/// How many words and signs a text has that make a statement deeper: `a + b + c` is an operator within an operator, and so on down.
/// Commas do not: the values of a list lie beside each other. Of parentheses within each other the parser knows how many it takes.
fn operators(sql: &str) -> usize {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize() else { return 0 };
    let is_operator = |token: &Token| match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::AT
                | Keyword::BETWEEN
                | Keyword::CASE
                | Keyword::COLLATE
                | Keyword::EXCEPT
                | Keyword::ILIKE
                | Keyword::INTERSECT
                | Keyword::IS
                | Keyword::JOIN
                | Keyword::LIKE
                | Keyword::NOT
                | Keyword::OR
                | Keyword::SIMILAR
                | Keyword::UNION
                | Keyword::WITH
        ),
        Token::Number(..)
        | Token::Char(_)
        | Token::SingleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::Placeholder(_)
        | Token::Whitespace(_)
        | Token::Comma
        | Token::SemiColon
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::EOF => false,
        _ => true,
    };
    tokens.iter().filter(|token| is_operator(token)).count()
}

/// `column = ANY($1)`: the engine takes the parameter for one value unless its type is said. Of texts, where a client does not say it:
/// ids are texts here.
fn name_lists(statement: &mut Statement, types: &[Option<Type>]) {
    let _ = visit_expressions_mut(statement, |expression| {
        if let Expr::Function(function) = expression
            && function.name.to_string() == "array_contains"
            && let FunctionArguments::List(list) = &mut function.args
            && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first_mut()
            && let Expr::Value(value) = first
            && let Value::Placeholder(name) = &value.value
        {
            let number = name.trim_start_matches('$').parse::<usize>().ok();
            let said = number.and_then(|number| types.get(number.checked_sub(1)?)?.as_ref()).and_then(item_of);
            let item = said.map_or_else(|| "text".to_string(), |item| type_name(item.oid(), -1));
            if let Some(other) = read(&format!("CAST({name} AS {item}[])")) {
                *first = other;
            }
        }
        ControlFlow::<()>::Continue(())
    });
}

/// `to_timestamp('2026-04-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')`, as Superset filters times: the engine takes templates of
/// another kind (`%Y-%m-%d`). What these say, a cast knows; in the pipeline's zone, as Postgres in the session's. With other templates
/// the engine refuses the text. `to_char(time, 'YYYY-MM')` is given the engine's template.
fn read_templates(statement: &mut Statement) -> PgWireResult<()> {
    let read = visit_expressions_mut(statement, |expression| match of_template(expression) {
        Ok(Some(other)) => {
            *expression = other;
            ControlFlow::Continue(())
        }
        Ok(None) => ControlFlow::Continue(()),
        Err(refusal) => ControlFlow::Break(refusal),
    });
    match read {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refusal) => Err(refusal),
    }
}

fn of_template(expression: &Expr) -> PgWireResult<Option<Expr>> {
    let Expr::Function(function) = expression else { return Ok(None) };
    let FunctionArguments::List(list) = &function.args else { return Ok(None) };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(text)), FunctionArg::Unnamed(FunctionArgExpr::Expr(given))] =
        list.args.as_slice()
    else {
        return Ok(None);
    };
    let Expr::Value(value) = given else { return Ok(None) };
    let Value::SingleQuotedString(template) = &value.value else { return Ok(None) };
    // Of micros, as columns are: a comparison needs no other cast.
    let data_type = match (function.name.to_string().to_lowercase().as_str(), template.as_str()) {
        ("to_date", "YYYY-MM-DD") => "DATE",
        (
            "to_timestamp",
            "YYYY-MM-DD" | "YYYY-MM-DD HH24:MI:SS" | "YYYY-MM-DD HH24:MI:SS.MS" | "YYYY-MM-DD HH24:MI:SS.US",
        ) => "TIMESTAMP(6) WITH TIME ZONE",
        ("to_char", theirs) => {
            let words = format!("to_char has no template {theirs:?}");
            let ours = template::of_engine(theirs);
            let ours = ours.ok_or_else(|| failure::hinted(code::FEATURE_NOT_SUPPORTED, words, template::HINT))?;
            return Ok((ours != theirs)
                .then(|| read(&format!("to_char({text}, {})", Value::SingleQuotedString(ours))))
                .flatten());
        }
        _ => return Ok(None),
    };
    Ok(read(&format!("CAST({text} AS {data_type})")))
}

/// An expression of our own words.
fn read(text: &str) -> Option<Expr> {
    Parser::new(&PostgreSqlDialect {}).try_with_sql(text).ok()?.parse_expr().ok()
}

/// Whether a statement reads a table of `pg_catalog`, or names one.
fn is_about_catalogue(statement: &Statement) -> bool {
    let is_system = |name: &ObjectName| {
        let name = name.to_string().replace('"', "").to_lowercase();
        name.starts_with("pg_")
    };
    visit_relations(statement, |name| if is_system(name) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        .is_break()
        || ["regclass", "regproc"].iter().any(|word| statement.to_string().to_lowercase().contains(word))
}

/// What is asked in the place of an expression.
fn replaced(expression: &Expr) -> Option<Expr> {
    let text = match expression {
        // The rules of the crate make it a query within the query, which the engine plans nowhere but in SELECT and WHERE.
        Expr::Cast { expr, data_type, .. } if is_a(data_type, "regclass") && is_name(expr) => {
            format!("to_regclass({expr})")
        }
        Expr::Cast { expr, data_type, .. }
            if (is_a(data_type, "regproc") || is_a(data_type, "regprocedure")) && is_name(expr) =>
        {
            format!("regproc({expr})")
        }
        // A number that is shown as a name: the crate makes it a query within SELECT, and those null. Others are of queries that it knows by
        // their words.
        Expr::Cast { expr, data_type, .. } if is_a(data_type, "regclass") && expr.to_string().ends_with("conrelid") => {
            format!("regclassout({expr})")
        }
        // Who refers to a table, or to one that it is a part of: none is a part here.
        Expr::InSubquery { expr, subquery, negated: false } => {
            let text = subquery.to_string();
            let (_, behind) = text.split_once("pg_partition_ancestors(")?;
            let (number, _) = behind.split_once(')')?;
            format!("{expr} = to_regclass({number})")
        }
        Expr::Function(function) if function.name.to_string().to_lowercase().ends_with("generate_subscripts") => {
            let call = function.to_string();
            let arguments = &call[call.find('(')?..];
            format!("unnest(array_subscripts{arguments})")
        }
        // SQLAlchemy 1.4, which Superset has: the engine compares no flag with a text.
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if left.to_string().contains("indis") => {
            match right.to_string().as_str() {
                "'f'" => format!("{left} = false"),
                "'t'" => format!("{left} = true"),
                _ => return None,
            }
        }
        // SQLAlchemy escapes by a slash, the engine by a backslash alone.
        Expr::Like { negated, expr, pattern, escape_char: Some(escape), .. } if escape.value != backslash() => {
            let not = if *negated { "NOT " } else { "" };
            format!("{expr} {not}LIKE replace({pattern}, {escape}, '\\')")
        }
        // The engine has no array of a query; that of policies alone is known to the crate by its words.
        Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("array") => {
            let text = function.to_string().to_lowercase();
            let is_known = text.contains("polroles") && !text.contains("polname");
            (text.contains("select") && !is_known).then(|| "CAST(NULL AS TEXT[])".to_string())?
        }
        // A lake has no defaults, sequences, collations and types of its own: a query within the query about them finds nothing.
        Expr::Subquery(query) => {
            let text = query.to_string().to_lowercase();
            ABSENT.iter().any(|word| text.contains(word)).then(|| "NULL".to_string())?
        }
        _ => return None,
    };
    read(&text)
}

/// What a lake has none of, as tools ask for it within queries about columns.
const ABSENT: [&str; 6] =
    ["pg_attrdef", "pg_sequence", "pg_collation", "typcollation", "typrelid", "pg_partition_ancestors"];

fn backslash() -> Value {
    Value::SingleQuotedString("\\".to_string())
}

fn is_a(data_type: &DataType, name: &str) -> bool {
    data_type.to_string().to_lowercase().trim_start_matches("pg_catalog.") == name
}

/// Whether it is a name, or stands for one; a number that is shown as a name is another matter.
fn is_name(expression: &Expr) -> bool {
    match expression {
        Expr::Value(value) => matches!(value.value, Value::SingleQuotedString(_) | Value::Placeholder(_)),
        Expr::Cast { expr, .. } => is_name(expr),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use datafusion_postgres::pgwire::error::PgWireError;

    use super::*;

    fn asked(sql: &str) -> String {
        match Reader::new().statements(sql, &[None, Some(Type::INT4_ARRAY)]) {
            Ok(statements) => statements.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            Err(_) => "cannot be read".into(),
        }
    }

    #[test]
    fn a_query_of_a_person_keeps_its_meaning() {
        for sql in [
            "SELECT (SELECT count(*) FROM interaction i WHERE i.customer_id = g.customer_id) FROM golden_customer g",
            "SELECT (SELECT customer_id FROM rfm) AS one",
            "SELECT a, a FROM t ORDER BY b COLLATE \"ja\"",
            "SELECT 'pg_class' AS t",
        ] {
            assert_eq!(asked(sql), sql);
        }
        let listed = asked("SELECT 1 FROM t WHERE a = ANY($1) AND b = ANY($2)");
        let typed = "array_contains(CAST($1 AS TEXT[]), a) AND array_contains(CAST($2 AS INTEGER[]), b)";
        assert_eq!(listed.to_lowercase(), format!("select 1 from t where {typed}").to_lowercase());
    }

    #[test]
    fn a_statement_that_no_stack_would_hold_is_refused() {
        let code = |sql: &str| match Reader::new().statements(sql, &[]) {
            Err(PgWireError::UserError(info)) => info.code,
            Err(other) => other.to_string(),
            Ok(_) => "read".into(),
        };
        let chain = |of: &str, n: usize| format!("select {}1", of.repeat(n));
        for of in ["1+", "'a'||", "1 or ", "- ", "not ", "1 union all select ", "1::int||"] {
            assert_eq!(operators(&chain(of, 2)) % 2, 0, "{of}");
            assert!(operators(&chain(of, 2)) >= 2, "{of}");
        }
        assert_eq!(code(&chain("1+", MOST_OPERATORS + 1)), "54001");
        assert_eq!(code(&chain("1+", MOST_OPERATORS / 2)), "read");
        // Values of a list, however many, are no deeper than one.
        assert_eq!(code(&format!("select 1 in ({}1)", "-1, 'a+b', ".repeat(450))), "read");
    }

    #[test]
    fn templates_of_postgres_are_casts() {
        for (asks, said) in [
            (
                "SELECT TO_TIMESTAMP('2026-04-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')",
                "SELECT CAST('2026-04-01 00:00:00.000000' AS TIMESTAMP(6) WITH TIME ZONE)",
            ),
            ("SELECT to_timestamp(a, 'YYYY-MM-DD')", "SELECT CAST(a AS TIMESTAMP(6) WITH TIME ZONE)"),
            ("SELECT TO_DATE('2026-04-01', 'YYYY-MM-DD')", "SELECT CAST('2026-04-01' AS DATE)"),
            ("SELECT to_timestamp(a, '%Y-%m-%d')", "SELECT to_timestamp(a, '%Y-%m-%d')"),
            ("SELECT to_timestamp(a, 'DD.MM.YYYY')", "SELECT to_timestamp(a, 'DD.MM.YYYY')"),
            ("SELECT to_timestamp(0)", "SELECT to_timestamp(0)"),
            ("SELECT TO_CHAR(a, 'YYYY-MM')", "SELECT to_char(a, '%Y-%m')"),
            ("SELECT to_char(a, '%Y')", "SELECT to_char(a, '%Y')"),
            ("SELECT to_char(a, 'FM999')", "cannot be read"),
        ] {
            assert_eq!(asked(asks), said);
        }
    }

    #[test]
    fn what_tools_ask_is_asked_so_that_it_can_be_planned() {
        let has = |sql: &str, words: &str| {
            let text = asked(sql);
            assert!(text.contains(words), "{text}");
        };
        has("select 'rfm'::regclass", "SELECT to_regclass('rfm')");
        has("select 1 from pg_class where oid = CAST($3 AS REGCLASS)", "oid = to_regclass($3)");
        has("select 'resolve_customer'::pg_catalog.regproc::pg_catalog.oid", "regproc('resolve_customer')");
        has(
            "select unnest(i.indkey), generate_subscripts(i.indkey, 1) as ord from pg_index i",
            "unnest(array_subscripts(i.indkey, 1)) AS ord",
        );
        has(
            "select case when a.atthasdef then (select d.adbin from pg_attrdef d where d.adrelid = a.attrelid) end from pg_attribute a",
            "THEN NULL",
        );
        has("select 1 from pg_index ix where ix.indisprimary = 'f'", "ix.indisprimary = false");
        has(
            "select conrelid::regclass from pg_constraint where confrelid in (select pg_partition_ancestors('5') union all values ('5'))",
            "regclassout(conrelid) FROM pg_catalog.pg_constraint WHERE confrelid = to_regclass('5')",
        );
        has("select array(select rolname from pg_roles) as m from pg_roles", "CAST(NULL AS TEXT[]) AS m");
        assert_eq!(asked("abort"), "ROLLBACK");
        assert_eq!(asked("selekt 1"), "cannot be read");
    }
}
