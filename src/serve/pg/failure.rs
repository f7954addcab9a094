//! Errors as clients of Postgres know them: severity, SQLSTATE, one sentence, a hint.
//!
//! In: an error of ours or a refusal. Out: pgwire's. Drivers act on the five characters of the SQLSTATE (a cancelled query, a memory
//! ceiling, a table that is not there), so that each kind has the one that Postgres gives it.

use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError};

use super::words::{self, Told};
use crate::engine::bounds::OUT_OF_STEP;
use crate::error::{Error, Kind};

/// The SQLSTATEs that are given, by their names in Postgres (appendix A of its manual).
pub(super) mod code {
    pub(crate) const ADMIN_SHUTDOWN: &str = "57P01";
    pub(crate) const AMBIGUOUS_COLUMN: &str = "42702";
    pub(crate) const CANNOT_CONNECT_NOW: &str = "57P03";
    pub(crate) const DATA_CORRUPTED: &str = "XX001";
    pub(crate) const DISK_FULL: &str = "53100";
    pub(crate) const DIVISION_BY_ZERO: &str = "22012";
    pub(crate) const DUPLICATE_COLUMN: &str = "42701";
    pub(crate) const DUPLICATE_CURSOR: &str = "42P03";
    pub(crate) const FEATURE_NOT_SUPPORTED: &str = "0A000";
    pub(crate) const GROUPING_ERROR: &str = "42803";
    pub(crate) const IDLE_SESSION_TIMEOUT: &str = "57P05";
    pub(crate) const IN_FAILED_SQL_TRANSACTION: &str = "25P02";
    pub(crate) const INSUFFICIENT_PRIVILEGE: &str = "42501";
    pub(crate) const INTERNAL_ERROR: &str = "XX000";
    pub(crate) const INVALID_AUTHORIZATION: &str = "28000";
    pub(crate) const INVALID_CURSOR_NAME: &str = "34000";
    pub(crate) const INVALID_PARAMETER_VALUE: &str = "22023";
    pub(crate) const INVALID_PASSWORD: &str = "28P01";
    pub(crate) const INVALID_TEXT: &str = "22P02";
    pub(crate) const IO_ERROR: &str = "58030";
    pub(crate) const NUMERIC_OUT_OF_RANGE: &str = "22003";
    pub(crate) const OUT_OF_MEMORY: &str = "53200";
    pub(crate) const PROTOCOL_VIOLATION: &str = "08P01";
    pub(crate) const QUERY_CANCELED: &str = "57014";
    pub(crate) const READ_ONLY: &str = "25006";
    pub(crate) const STATEMENT_TOO_COMPLEX: &str = "54001";
    pub(crate) const SYNTAX_ERROR: &str = "42601";
    pub(crate) const TOO_MANY_CONNECTIONS: &str = "53300";
    pub(crate) const UNDEFINED_COLUMN: &str = "42703";
    pub(crate) const UNDEFINED_FUNCTION: &str = "42883";
    pub(crate) const UNDEFINED_OBJECT: &str = "42704";
    pub(crate) const UNDEFINED_TABLE: &str = "42P01";
}

/// An error after which the connection goes on.
pub(super) fn error(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("ERROR".into(), code.into(), message.into())))
}

/// The same with a remedy.
pub(super) fn hinted(code: &str, message: impl Into<String>, hint: impl Into<String>) -> PgWireError {
    let mut info = ErrorInfo::new("ERROR".into(), code.into(), message.into());
    info.hint = Some(hint.into());
    PgWireError::UserError(Box::new(info))
}

/// An error that ends the connection.
pub(super) fn fatal(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("FATAL".into(), code.into(), message.into())))
}

/// Whoever asks to write.
pub(super) fn read_only(what: &str) -> PgWireError {
    hinted(
        code::READ_ONLY,
        format!("cannot execute {what} in a read-only transaction"),
        "nayose publishes tables by its runs alone; here they are read",
    )
}

/// A statement that somebody stopped.
pub(super) fn cancelled() -> PgWireError {
    error(code::QUERY_CANCELED, "canceling statement due to user request")
}

/// A statement that took too long.
pub(super) fn timed_out() -> PgWireError {
    hinted(
        code::QUERY_CANCELED,
        "canceling statement due to statement timeout",
        "ask for less: fewer rows, a filter on a date, a mart instead of facts; who runs `nayose serve` may raise --pg-timeout",
    )
}

/// What is wrong with a lake names places that only those who run it may know.
const ASK: &str = "ask who runs `nayose serve`: `nayose verify` says what is damaged";

/// An error of ours as a client sees it. The message holds no value of a row: ours never do, and the engine's were told by their kind.
pub(super) fn of(error: &Error) -> PgWireError {
    let message = error.message();
    if let (Kind::Environment, Some(rest)) = (error.kind(), message.strip_prefix(OUT_OF_STEP)) {
        return hinted(code::OUT_OF_MEMORY, format!("out of memory{rest}"), SMALLER);
    }
    match error.kind() {
        Kind::Environment if message.starts_with("memory ran out") => {
            hinted(code::OUT_OF_MEMORY, "out of memory: the query wants more than a query may have", LESS_MEMORY)
        }
        Kind::Environment if message.starts_with("spill files grew") => {
            let message = "disk full: the query wants more room to spill than a query may have";
            hinted(code::DISK_FULL, message, LESS)
        }
        Kind::Environment => hinted(code::IO_ERROR, UNREADABLE, ASK),
        Kind::Data => hinted(code::DATA_CORRUPTED, UNREADABLE, ASK),
        Kind::Bug => told(words::of_query(message), None),
        // A lake that is gone, told with its place.
        Kind::Usage | Kind::Config if message.starts_with("nothing is published") => {
            hinted(code::IO_ERROR, UNREADABLE, ASK)
        }
        Kind::Usage | Kind::Config => {
            let mut said = words::of_query(message);
            said.hint = said.hint.or_else(|| error.remedy().map(str::to_string));
            told(said, None)
        }
    }
}

const UNREADABLE: &str = "the lake cannot be read now";
const LESS: &str = "a query has a ceiling of its own: group by fewer columns, read fewer rows, or sort less";
const LESS_MEMORY: &str = "a query has a ceiling of its own: group by fewer columns, read fewer rows, or sort less; \
                           who runs `nayose serve` may raise --pg-memory";
const SMALLER: &str = "make shorter values, fewer of them, or of fewer rows at once; who runs `nayose serve` may raise --pg-memory, \
                       and the limit with it";

/// A text that is no SQL, in the parser's words, with the place in it.
pub(super) fn syntax(sql: &str, said: &str) -> PgWireError {
    told(words::of_syntax(sql, said), Some(sql))
}

/// SQL that was made of the client's, and that cannot be read: a place in it is none in what the client wrote.
pub(super) fn syntax_of_made(said: &str) -> PgWireError {
    told(words::of_syntax("", said), None)
}

/// What was said of a query; `sql` is the text in which its place is one.
fn told(said: Told, sql: Option<&str>) -> PgWireError {
    let mut info = ErrorInfo::new("ERROR".into(), said.code.into(), said.message);
    info.hint = said.hint;
    info.position = sql.zip(said.place).map(|(sql, (line, column))| {
        let before: usize = sql.split('\n').take(line.saturating_sub(1)).map(|line| line.chars().count() + 1).sum();
        (before + column).to_string()
    });
    PgWireError::UserError(Box::new(info))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_sqlstate() {
        let code = |error: Error| match of(&error) {
            PgWireError::UserError(info) => info.code,
            other => panic!("{other}"),
        };
        assert_eq!(code(Error::environment("memory ran out: x")), "53200");
        assert_eq!(code(Error::environment(format!("{OUT_OF_STEP}: repeat would make much"))), "53200");
        assert_eq!(code(Error::environment("storage failed: x")), "58030");
        assert_eq!(code(Error::data("table x is gone")), "XX001");
        assert_eq!(code(Error::bug("there is no table \"golden\"; did you mean golden_customer?")), "42P01");
        assert_eq!(code(Error::bug("Schema error: No field named x.")), "42703");
        assert_eq!(code(Error::usage("a query may only read: it makes, changes or sets something")), "25006");
        assert_eq!(code(Error::bug("a division by zero")), "22012");
        assert_eq!(code(Error::bug("the engine failed: something …")), "XX000");
        assert_eq!(code(Error::usage("nothing is published in /some/where")), "58030");
    }

    #[test]
    fn a_place_is_told_in_the_text_of_the_client_alone() {
        let said = "sql parser error: Expected: end of statement, found: rfm at Line: 2, Column: 6";
        let position = |error: PgWireError| match error {
            PgWireError::UserError(info) => (info.code, info.position),
            other => panic!("{other}"),
        };
        assert_eq!(position(syntax("select *\nform rfm", said)), ("42601".into(), Some("15".into())));
        assert_eq!(position(syntax_of_made(said)), ("42601".into(), None));
    }
}
