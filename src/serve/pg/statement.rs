//! What a statement asks for: rows, or one of the few words that change only the connection. Everything else is refused.
//!
//! In: a parsed statement. Out: its [`Kind`], or the refusal with the SQLSTATE that Postgres gives in a read-only transaction. Here is
//! the only place that says what people may send; [`crate::engine::query::plan`] holds the plan against it a second time.

use datafusion::sql::sqlparser::ast::{
    CloseCursor, Declare, DeclareType, Expr, FetchDirection, Set, Statement, TransactionAccessMode, TransactionMode,
    Value, ValueWithSpan,
};
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};

use super::failure::{self, code};

/// What a statement asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Rows of this query.
    Query(String),
    /// The value of a setting.
    Show(String),
    /// A setting of the connection that changes nothing here: the answer's first word is `SET`, `RESET` or `DISCARD ALL`.
    Nothing(&'static str),
    /// The parameter, and what a client wants it to be.
    Set(String, String),
    /// A transaction begins: it sees one run.
    Begin,
    /// It ends; the word of the answer.
    End(&'static str),
    /// A cursor over this query.
    Declare(String, String),
    /// So many rows of a cursor; all where no number is.
    Fetch(String, Option<usize>),
    /// A cursor, or all of them, goes.
    Close(Option<String>),
}

/// What the statement asks for.
///
/// # Errors
/// The refusal.
pub(super) fn kind(statement: &Statement) -> PgWireResult<Kind> {
    match statement {
        Statement::Query(_) | Statement::Explain { .. } | Statement::ExplainTable { .. } => {
            Ok(Kind::Query(statement.to_string()))
        }
        Statement::ShowTables { .. } => Ok(Kind::Query(SHOW_TABLES.into())),
        Statement::ShowVariable { variable } => {
            let words: Vec<String> = variable.iter().map(|word| word.value.to_lowercase()).collect();
            match words.join(" ").as_str() {
                "tables" => Ok(Kind::Query(SHOW_TABLES.into())),
                "time zone" => Ok(Kind::Show("timezone".into())),
                "transaction isolation level" => Ok(Kind::Show("transaction_isolation".into())),
                other => Ok(Kind::Show(other.into())),
            }
        }
        Statement::Set(set) => of_set(set),
        Statement::Reset(_) => Ok(Kind::Nothing("RESET")),
        Statement::Discard { .. } => Ok(Kind::Nothing("DISCARD ALL")),
        Statement::Deallocate { .. } => Ok(Kind::Nothing("DEALLOCATE")),
        Statement::UNLISTEN { .. } => Ok(Kind::Nothing("UNLISTEN")),
        Statement::StartTransaction { modes, .. } => modes_only_read(modes).map(|()| Kind::Begin),
        Statement::Commit { .. } => Ok(Kind::End("COMMIT")),
        Statement::Rollback { savepoint: None, .. } => Ok(Kind::End("ROLLBACK")),
        Statement::Rollback { .. } => Ok(Kind::Nothing("ROLLBACK")),
        Statement::Savepoint { .. } => Ok(Kind::Nothing("SAVEPOINT")),
        Statement::ReleaseSavepoint { .. } => Ok(Kind::Nothing("RELEASE")),
        Statement::Declare { stmts } => of_declare(stmts),
        Statement::Fetch { name, direction, .. } => Ok(Kind::Fetch(name.value.clone(), rows_of(direction)?)),
        Statement::Close { cursor } => Ok(Kind::Close(match cursor {
            CloseCursor::All => None,
            CloseCursor::Specific { name } => Some(name.value.clone()),
        })),
        Statement::Copy { to: true, .. } => Err(failure::hinted(
            code::FEATURE_NOT_SUPPORTED,
            "COPY TO is not there",
            "use SELECT; `psql --csv -c` writes its rows as CSV, `nayose export` a whole table",
        )),
        other => Err(failure::read_only(&command(other))),
    }
}

/// The tables that there are, as `nayose sql` lists them.
const SHOW_TABLES: &str = "SELECT table_schema, table_name, table_type FROM information_schema.tables \
                           WHERE table_schema = 'public' ORDER BY table_name";

/// The words that a statement begins with, without what people wrote behind.
fn command(statement: &Statement) -> String {
    let text = statement.to_string();
    let word = |n: usize| text.split_whitespace().nth(n).unwrap_or_default().to_uppercase();
    match word(0).as_str() {
        first @ ("CREATE" | "DROP" | "ALTER") => format!("{first} {}", word(1)),
        first => first.to_string(),
    }
}

fn of_set(set: &Set) -> PgWireResult<Kind> {
    match set {
        Set::SingleAssignment { variable, values, .. } => {
            let name = variable.to_string().trim_matches('"').to_lowercase();
            let value: Vec<String> = values.iter().map(text_of).collect();
            Ok(Kind::Set(name, value.join(", ")))
        }
        Set::SetTimeZone { value, .. } => Ok(Kind::Set("timezone".into(), text_of(value))),
        Set::SetNames { charset_name, .. } => Ok(Kind::Set("client_encoding".into(), charset_name.to_string())),
        Set::SetTransaction { modes, snapshot: None, .. } => modes_only_read(modes).map(|()| Kind::Nothing("SET")),
        _ => Err(failure::error(code::INSUFFICIENT_PRIVILEGE, "permission denied to change this setting")),
    }
}

fn text_of(value: &Expr) -> String {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string().trim_matches('"').to_string(),
    }
}

fn modes_only_read(modes: &[TransactionMode]) -> PgWireResult<()> {
    match modes.contains(&TransactionMode::AccessMode(TransactionAccessMode::ReadWrite)) {
        true => Err(failure::read_only("SET TRANSACTION READ WRITE")),
        false => Ok(()),
    }
}

fn of_declare(cursors: &[Declare]) -> PgWireResult<Kind> {
    match cursors {
        [
            Declare {
                names,
                declare_type: Some(DeclareType::Cursor),
                for_query: Some(query),
                scroll: None | Some(false),
                ..
            },
        ] if names.len() == 1 => Ok(Kind::Declare(names[0].value.clone(), query.to_string())),
        _ => Err(failure::hinted(
            code::FEATURE_NOT_SUPPORTED,
            "this DECLARE is not there",
            "cursors go forward, over one query: DECLARE name CURSOR FOR SELECT …",
        )),
    }
}

fn rows_of(direction: &FetchDirection) -> PgWireResult<Option<usize>> {
    let number = |limit: &ValueWithSpan| limit.value.to_string().parse::<usize>().map_err(|_| backward());
    match direction {
        FetchDirection::Next | FetchDirection::Forward { limit: None } => Ok(Some(1)),
        FetchDirection::Count { limit } => number(limit).map(Some),
        FetchDirection::Forward { limit: Some(limit) } => number(limit).map(Some),
        FetchDirection::All | FetchDirection::ForwardAll => Ok(None),
        _ => Err(backward()),
    }
}

fn backward() -> PgWireError {
    failure::error(code::FEATURE_NOT_SUPPORTED, "a cursor goes forward only")
}

/// Settings that change nothing here, and that drivers and tools set without being asked.
const HARMLESS: [&str; 17] = [
    "application_name",
    "bytea_output",
    "client_min_messages",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "extra_float_digits",
    "geqo",
    "idle_in_transaction_session_timeout",
    "intervalstyle",
    "jit",
    "lock_timeout",
    "log_min_duration_statement",
    "row_security",
    "search_path",
    "transaction_isolation",
    "work_mem",
    "xmloption",
];

/// Whether a client may set a parameter so, where it changes nothing: `statement_timeout` and `timezone` are seen to by who asks.
///
/// # Errors
/// The refusal, where it may not.
pub(super) fn may_set(name: &str, value: &str) -> PgWireResult<()> {
    let value = value.to_lowercase();
    let is_off = matches!(value.as_str(), "off" | "false" | "0" | "no");
    match name {
        "default_transaction_read_only" | "transaction_read_only" if is_off => {
            Err(failure::read_only("SET transaction_read_only"))
        }
        "default_transaction_read_only" | "transaction_read_only" => Ok(()),
        "client_encoding" | "names" if matches!(value.as_str(), "utf8" | "utf-8" | "unicode" | "default") => Ok(()),
        "datestyle" if value.starts_with("iso") => Ok(()),
        "standard_conforming_strings" if !is_off => Ok(()),
        "client_encoding" | "names" | "datestyle" | "standard_conforming_strings" => Err(failure::hinted(
            code::FEATURE_NOT_SUPPORTED,
            format!("{name} cannot be changed"),
            "texts are UTF-8, dates are ISO, strings conform to the standard",
        )),
        "role" | "session_authorization" => {
            Err(failure::error(code::INSUFFICIENT_PRIVILEGE, format!("permission denied to set {name}")))
        }
        name if HARMLESS.contains(&name) || name.starts_with("enable_") => Ok(()),
        _ => Err(failure::error(code::UNDEFINED_OBJECT, "this configuration parameter is not there")),
    }
}

/// Milliseconds of a `statement_timeout`; 0 where none is wanted.
pub(super) fn milliseconds(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let number: u64 = value[..digits].parse().ok()?;
    let unit = match value[digits..].trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn said(sql: &str) -> String {
        let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        let kind = kind(&parsed[0]).and_then(|kind| match &kind {
            Kind::Set(name, value) if !matches!(name.as_str(), "statement_timeout" | "timezone") => {
                may_set(name, value).map(|()| kind)
            }
            _ => Ok(kind),
        });
        match kind {
            Ok(kind) => format!("{kind:?}"),
            Err(PgWireError::UserError(info)) => info.code,
            Err(other) => other.to_string(),
        }
    }

    #[test]
    fn whatever_writes_is_refused() {
        for sql in [
            "insert into rfm values (1)",
            "update rfm set r = 1",
            "delete from rfm",
            "truncate rfm",
            "create table t (a int)",
            "create view v as select 1",
            "create external table t stored as parquet location '/etc'",
            "drop table rfm",
            "alter table rfm add column a int",
            "copy rfm from stdin",
            "grant select on rfm to public",
            "merge into a using b on a.x = b.x when matched then delete",
            "begin read write",
            "set transaction read write",
            "set default_transaction_read_only = off",
            "call f()",
            "vacuum",
            "prepare x as delete from rfm",
            "execute x",
            "comment on table rfm is 'x'",
        ] {
            assert_eq!(said(sql), "25006", "{sql}");
        }
        assert_eq!(said("set role admin"), "42501");
        assert_eq!(said("set session authorization admin"), "42501");
        assert_eq!(said("set datafusion.execution.batch_size = 1"), "42704");
        assert_eq!(said("copy (select 1) to stdout"), "0A000");
        assert_eq!(said("copy rfm to 'rfm.csv'"), "0A000");
    }

    #[test]
    fn what_drivers_send_is_taken() {
        for (sql, kind) in [
            ("begin", "Begin"),
            ("begin isolation level repeatable read read only", "Begin"),
            ("commit", "End(\"COMMIT\")"),
            ("rollback", "End(\"ROLLBACK\")"),
            ("savepoint a", "Nothing(\"SAVEPOINT\")"),
            ("set extra_float_digits = 3", "Set(\"extra_float_digits\", \"3\")"),
            ("set application_name = 'x'", "Set(\"application_name\", \"x\")"),
            ("set client_encoding to 'UTF8'", "Set(\"client_encoding\", \"UTF8\")"),
            ("set session characteristics as transaction read only", "Nothing(\"SET\")"),
            ("set statement_timeout = '5s'", "Set(\"statement_timeout\", \"5s\")"),
            ("set time zone 'Asia/Tokyo'", "Set(\"timezone\", \"Asia/Tokyo\")"),
            ("discard all", "Nothing(\"DISCARD ALL\")"),
            ("show server_version", "Show(\"server_version\")"),
            ("show transaction isolation level", "Show(\"transaction_isolation\")"),
            ("declare c cursor for select 1", "Declare(\"c\", \"SELECT 1\")"),
            ("fetch forward 10 from c", "Fetch(\"c\", Some(10))"),
            ("fetch all from c", "Fetch(\"c\", None)"),
            ("close c", "Close(Some(\"c\"))"),
        ] {
            assert_eq!(said(sql), kind, "{sql}");
        }
    }

    #[test]
    fn times_are_read_as_postgres_reads_them() {
        let read = ["0", "250", "250ms", "5s", "2min", "1 h", "soon", "", "-1"].map(milliseconds);
        let expected = [Some(0), Some(250), Some(250), Some(5000), Some(120_000), Some(3_600_000), None, None, None];
        assert_eq!(read, expected);
    }
}
