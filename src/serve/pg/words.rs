//! What the engine says of a query that people wrote, in Postgres's words.
//!
//! In: the engine's message, which names its own types and rules. Out: what a client of Postgres is told: a SQLSTATE, a sentence with the
//! types that `\d` shows, and a hint where the mistake is a usual one. Names and texts of the query are in it, values of rows never.

use super::failure::code;

/// What a client is told.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    /// The SQLSTATE.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The line and the column of the query, from 1.
    pub place: Option<(usize, usize)>,
}

impl Told {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Told { code, message: message.into(), hint: None, place: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What begins the engine's messages and says nothing to who asked.
const PREFIXES: [&str; 6] = [
    "Error during planning: ",
    "Internal error: ",
    "Schema error: ",
    "SQL error: ",
    "This feature is not implemented: ",
    "sql parser error: ",
];

/// What a client is told of a query that cannot be planned or run.
pub(super) fn of_query(message: &str) -> Told {
    let mut text = message;
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    let mut told = of_name(text).or_else(|| of_types(text)).unwrap_or_else(|| Told::new(code_of(message), text));
    told.message = plain_types(&told.message);
    if has_wide(&told.message) {
        told.hint = Some(WIDE.into());
    }
    told
}

/// A message on names: columns, tables, functions.
fn of_name(text: &str) -> Option<Told> {
    if let Some(rest) = text.strip_prefix("No field named ") {
        let (name, near) = rest.split_once(". Did you mean ").map_or((rest, None), |(name, near)| (name, Some(near)));
        let name = name.split(". Valid fields").next().unwrap_or(name).trim_end_matches('.');
        let told = Told::new(code::UNDEFINED_COLUMN, format!("column {} does not exist", name.replace('"', "")));
        let near = near.map(|near| format!("did you mean {}?", near.trim_matches(['\'', '.', '?'])));
        return Some(told.hint(match near {
            _ if PARTS.contains(&name) => format!("a part of a time stands in quotes, as in date_trunc('{name}', …)"),
            Some(near) => near,
            None if name.contains('"') => {
                "a text stands in 'single quotes'; double quotes are for names with capitals".into()
            }
            None => COLUMNS.into(),
        }));
    }
    if text.starts_with("the engine failed: Cannot access field") {
        let told =
            Told::new(code::UNDEFINED_COLUMN, "column does not exist: what stands before a point is a column, too");
        return Some(
            told.hint("a table's alias may have a column's name, as r of rfm: look at the spelling behind the point"),
        );
    }
    if let Some(rest) = text.strip_prefix("Ambiguous reference to unqualified field ") {
        let name = rest.trim_end_matches('.');
        let told = Told::new(code::AMBIGUOUS_COLUMN, format!("column reference {name} is ambiguous"));
        return Some(told.hint(format!("two tables have it: write the table or its alias before it, as in g.{name}")));
    }
    if text.contains("require unique expression names") {
        let told = Told::new(code::DUPLICATE_COLUMN, "two columns of the query have the same expression and no name");
        return Some(told.hint("give one of them a name of its own: select count(*), count(*) as again"));
    }
    if text.contains("must appear in the GROUP BY clause") {
        let name = text.split('"').nth(1).unwrap_or_default();
        let message = format!("column {name:?} must appear in the GROUP BY clause or be used in an aggregate function");
        return Some(Told::new(code::GROUPING_ERROR, message));
    }
    if let Some(rest) = text.strip_prefix("Invalid function '") {
        let (name, _) = rest.split_once('\'')?;
        let told = Told::new(code::UNDEFINED_FUNCTION, format!("function {name} does not exist"));
        let other = OTHERS.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name)).map(|(_, ours)| *ours);
        return Some(told.hint(other.map_or_else(|| FUNCTIONS.to_string(), |ours| format!("write {ours}"))));
    }
    if let Some(rest) = text.strip_prefix("table '") {
        let (name, _) = rest.split_once('\'')?;
        let (_, name) = name.split_once('.').unwrap_or(("", name));
        return Some(Told::new(code::UNDEFINED_TABLE, format!("there is no table {name:?}")).hint(TABLES));
    }
    text.starts_with("there is no table").then(|| {
        let (message, near) = text.split_once("; did you mean ").unwrap_or((text, ""));
        let near = near.trim_end_matches('?');
        let hint = if near.is_empty() { TABLES.to_string() } else { format!("did you mean {near}?") };
        Told::new(code::UNDEFINED_TABLE, message).hint(hint)
    })
}

/// A message on types, and on words of SQL that are not there.
fn of_types(text: &str) -> Option<Told> {
    if text.contains("failed to match any signature") {
        let name = text.split('\'').nth(1)?;
        let given = text.split("but received ").nth(1).and_then(|rest| rest.split("DataType: ").nth(1));
        let given = given.and_then(|rest| rest.split([')', ' ', '.']).next()).unwrap_or("this type");
        let told = Told::new(code::UNDEFINED_FUNCTION, format!("function {name}({given}) does not exist"));
        return Some(told.hint("count counts any column; to compute with a text, cast it: cast(x as numeric)"));
    }
    if let Some((_, call)) = text.split_once("No function matches the given name and argument types '") {
        let (call, _) = call.split_once("'. ").unwrap_or((call.trim_end_matches('\''), ""));
        let told = Told::new(code::UNDEFINED_FUNCTION, format!("function {call} does not exist"));
        return Some(told.hint("there is one of this name for other types: cast(x as …) makes one of the other"));
    }
    // What was given is told as the engine has it in memory.
    if let Some((told, _)) = text.split_once(", got ").filter(|_| text.starts_with("Argument #")) {
        let told = Told::new(code::INVALID_PARAMETER_VALUE, told);
        return Some(told.hint("a function in FROM takes numbers and times, and calls of them alone that cannot fail"));
    }
    if let Some(rest) = text.strip_prefix("Cannot infer common argument type for comparison operation ") {
        let told = Told::new(code::UNDEFINED_FUNCTION, format!("operator does not exist: {rest}"));
        return Some(told.hint("a day is written '2026-04-01', in quotes; other types are made equal by cast(x as …)"));
    }
    if let Some(rest) = text.strip_prefix("Cannot coerce arithmetic expression ") {
        let sides = rest.trim_end_matches(" to valid types");
        let told = Told::new(code::UNDEFINED_FUNCTION, format!("operator does not exist: {sides}"));
        return Some(told.hint("a text is made a number by cast(x as numeric), a time a day by cast(x as date)"));
    }
    if text.contains("Too many columns! The subquery should only return one column") {
        return Some(Told::new(code::SYNTAX_ERROR, "subquery must return only one column"));
    }
    if let Some(rest) = text.strip_suffix("; try_cast makes it null") {
        let told = Told::new(code::INVALID_TEXT, rest);
        return Some(told.hint("try_cast(x as …) makes null of what is no such value; days are written '2026-04-01'"));
    }
    let (words, hint) = WORDS.iter().find(|(words, _)| text == *words)?;
    let what = words.trim_end_matches(" is not yet supported");
    Some(Told::new(code::FEATURE_NOT_SUPPORTED, format!("{what} is not supported")).hint(*hint))
}

/// Words of other databases, and of Postgres, that the engine does not know.
const WORDS: [(&str, &str); 3] = [
    ("TOP", "write LIMIT 10 at the end of the query"),
    (
        "COUNT DISTINCT with multiple arguments",
        "write count(distinct concat_ws('|', a, b)), or count(*) of a SELECT DISTINCT",
    ),
    ("Operator ->> is not yet supported", "a field of a nested column is read by its name in brackets: detail['name']"),
];

/// What the engine says of what else is wrong, by its words: it has no codes.
fn code_of(message: &str) -> &'static str {
    const SAID: [(&str, &str); 11] = [
        ("there is no function", code::UNDEFINED_FUNCTION),
        ("not found", code::UNDEFINED_TABLE),
        ("may only read", code::READ_ONLY),
        ("No function matches", code::UNDEFINED_FUNCTION),
        ("parser error", code::SYNTAX_ERROR),
        ("not supported", code::FEATURE_NOT_SUPPORTED),
        ("not implemented", code::FEATURE_NOT_SUPPORTED),
        ("Unsupported", code::FEATURE_NOT_SUPPORTED),
        ("division by zero", code::DIVISION_BY_ZERO),
        ("cannot be cast", code::INVALID_TEXT),
        ("too large for its type", code::NUMERIC_OUT_OF_RANGE),
    ];
    let said = SAID.iter().find(|(words, _)| message.contains(words));
    said.map_or(code::INTERNAL_ERROR, |(_, code)| code)
}

/// What the parser says of a text that is no SQL: `Expected: an expression, found: EOF at Line: 1, Column: 8`.
pub(super) fn of_syntax(sql: &str, said: &str) -> Told {
    let text = PREFIXES.iter().find_map(|prefix| said.strip_prefix(prefix)).unwrap_or(said);
    let (text, place) = text.split_once(" at Line: ").map_or((text, ""), |(text, place)| (text, place));
    let mut told = match text.strip_prefix("Expected: ").and_then(|rest| rest.split_once(", found: ")) {
        Some((wanted, "EOF")) => {
            Told::new(code::SYNTAX_ERROR, format!("syntax error at end of input: {wanted} is missing"))
        }
        Some((wanted, found)) => {
            let told = Told::new(code::SYNTAX_ERROR, format!("syntax error at or near \"{found}\""));
            match wanted {
                "an SQL statement" => told.hint("a query begins with SELECT or WITH"),
                "end of statement" if found == "," => told.hint(LIMITS),
                "end of statement" => told.hint(BEFORE),
                wanted => told.hint(format!("{wanted} is wanted here")),
            }
        }
        None => Told::new(code::SYNTAX_ERROR, text),
    };
    told.place = place.split_once(", Column: ").and_then(|(line, column)| {
        let column: String = column.chars().take_while(char::is_ascii_digit).collect();
        Some((line.parse().ok()?, column.parse().ok()?))
    });
    if has_wide(&outside_of_quotes(sql)) {
        told.hint = Some(WIDE.into());
    }
    told
}

const BEFORE: &str = "the word before it ended the query: a word is mistyped there (FROM, WHERE, GROUP BY), or a comma or an operator is missing";
const LIMITS: &str = "so many rows behind so many others are LIMIT 20 OFFSET 10";
const COLUMNS: &str = "`\\d TABLE` lists columns; an alias of a table holds where FROM gives it, and a name that SELECT gives does not hold in WHERE";
const TABLES: &str = "`\\dt` lists the tables; they are in the schema public, and their names have no capitals";
const FUNCTIONS: &str = "functions are those of Apache DataFusion, most of them as in Postgres";
const WIDE: &str = "full-width letters, signs and spaces are SQL only within quotes: write them half-width";

/// The parts of times that stand in quotes.
const PARTS: [&str; 7] = ["year", "quarter", "month", "week", "day", "hour", "minute"];

/// Functions of other databases, and what says the same here.
const OTHERS: [(&str, &str); 26] = [
    ("age", "now() - x"),
    ("charindex", "strpos(text, part)"),
    ("convert", "cast(x as …)"),
    ("dateadd", "x + interval '1 day'"),
    ("date_add", "x + interval '1 day'"),
    ("datediff", "cast(a as date) - cast(b as date)"),
    ("date_diff", "cast(a as date) - cast(b as date)"),
    ("date_sub", "x - interval '1 day'"),
    ("day", "extract(day from x)"),
    ("decode", "case x when … then … end"),
    ("format", "to_char(x, 'YYYY-MM-DD'), or round(x, 2)"),
    ("getdate", "now()"),
    ("group_concat", "string_agg(x, ',')"),
    ("if", "case when … then … else … end"),
    ("iif", "case when … then … else … end"),
    ("instr", "strpos(text, part)"),
    ("isnull", "coalesce(x, 0), or x is null"),
    ("len", "length(x)"),
    ("listagg", "string_agg(x, ',')"),
    ("month", "extract(month from x)"),
    ("str_to_date", "to_date(x, 'YYYY-MM-DD')"),
    ("sysdate", "now()"),
    ("to_number", "cast(x as numeric)"),
    ("week", "extract(week from x)"),
    ("year", "extract(year from x)"),
    ("mid", "substr(text, 1, 3)"),
];

/// The types of the engine as `\d` names them.
fn plain_types(text: &str) -> String {
    const TYPES: [(&str, &str); 12] = [
        ("Utf8View", "text"),
        ("LargeUtf8", "text"),
        ("Utf8", "text"),
        ("Boolean", "boolean"),
        ("Date32", "date"),
        ("Int16", "smallint"),
        ("Int32", "integer"),
        ("Int64", "bigint"),
        ("UInt64", "bigint"),
        ("Float32", "real"),
        ("Float64", "double precision"),
        ("Decimal128", "numeric"),
    ];
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len()).max(next.len_utf8());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        if word == "Timestamp" && rest.starts_with('(') {
            let (inside, behind) = rest.split_once(')').unwrap_or((rest, ""));
            out.push_str(if inside.contains('"') { "timestamp with time zone" } else { "timestamp" });
            rest = behind;
            continue;
        }
        out.push_str(TYPES.iter().find(|(theirs, _)| *theirs == word).map_or(word, |(_, ours)| ours));
    }
    out
}

/// Whether a text has the full-width form of a letter or a sign of SQL, or the space of Japanese keyboards.
fn has_wide(text: &str) -> bool {
    text.contains(|c| matches!(c, '\u{3000}' | '\u{ff01}'..='\u{ff5e}'))
}

/// The text without what stands in quotes.
fn outside_of_quotes(sql: &str) -> String {
    let mut quote = None;
    let mut is_outside = |c: char| {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        quote.is_none()
    };
    sql.chars().filter(|c| is_outside(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_mistakes_are_told_in_words_of_postgres() {
        for (engine, code, message, hint) in [
            (
                "Schema error: No field named costumer_id. Did you mean 'rfm.customer_id'?",
                "42703",
                "column costumer_id does not exist",
                "did you mean rfm.customer_id?",
            ),
            (
                "Schema error: No field named \"C-1\".",
                "42703",
                "column C-1 does not exist",
                "a text stands in 'single quotes'",
            ),
            (
                "Schema error: No field named g.sex.",
                "42703",
                "column g.sex does not exist",
                "`\\d TABLE` lists columns",
            ),
            (
                "Schema error: No field named month. Did you mean 'rfm.monetary'?",
                "42703",
                "column month does not exist",
                "a part of a time stands in quotes, as in date_trunc('month', …)",
            ),
            ("Schema error: No field named \"＊\".", "42703", "column ＊ does not exist", "full-width letters"),
            (
                "the engine failed: Cannot access field at argument …",
                "42703",
                "column does not exist: what stands before a point is a column, too",
                "a table's alias may have a column's name",
            ),
            (
                "Schema error: Ambiguous reference to unqualified field customer_id",
                "42702",
                "column reference customer_id is ambiguous",
                "two tables have it",
            ),
            (
                "Error during planning: While expanding wildcard, column \"rfm.customer_id\" must appear in the GROUP BY clause or …",
                "42803",
                "column \"rfm.customer_id\" must appear in the GROUP BY clause or be used in an aggregate function",
                "",
            ),
            (
                "Error during planning: Invalid function 'datediff'.",
                "42883",
                "function datediff does not exist",
                "write cast(a as date)",
            ),
            (
                "Error during planning: Invalid function 'foo'.",
                "42883",
                "function foo does not exist",
                "functions are those",
            ),
            (
                "Error during planning: table 'nayose.nayose.rfm' not found",
                "42P01",
                "there is no table \"nayose.rfm\"",
                "`\\dt` lists the tables",
            ),
            (
                "there is no table \"golden\"; did you mean \"golden_customer\"?",
                "42P01",
                "there is no table \"golden\"",
                "did you mean \"golden_customer\"?",
            ),
            (
                "Internal error: Function 'avg' failed to match any signature, errors: it requires Decimal, but received String (DataType: Utf8).,",
                "42883",
                "function avg(text) does not exist",
                "count counts any column",
            ),
            (
                "Error during planning: Cannot infer common argument type for comparison operation Timestamp(µs, \"Asia/Tokyo\") > Int64",
                "42883",
                "operator does not exist: timestamp with time zone > bigint",
                "a day is written '2026-04-01'",
            ),
            (
                "Error during planning: Cannot coerce arithmetic expression Decimal128(20, 4) + Utf8 to valid types",
                "42883",
                "operator does not exist: numeric(20, 4) + text",
                "a text is made a number",
            ),
            (
                "a value cannot be cast to Int32; try_cast makes it null",
                "22P02",
                "a value cannot be cast to integer",
                "try_cast",
            ),
            (
                "Failed: No function matches the given name and argument types 'to_char(Decimal128(20, 4), Utf8)'. You might need …",
                "42883",
                "function to_char(numeric(20, 4), text) does not exist",
                "there is one of this name",
            ),
            (
                "This feature is not implemented: Operator ->> is not yet supported",
                "0A000",
                "Operator ->> is not supported",
                "a field of a nested column",
            ),
            (
                "Error during planning: Argument #2 must be an INTEGER or NULL, got Alias(Alias { expr: … })",
                "22023",
                "Argument #2 must be an INTEGER or NULL",
                "a function in FROM",
            ),
            ("This feature is not implemented: TOP", "0A000", "TOP is not supported", "write LIMIT 10"),
            ("a division by zero", "22012", "a division by zero", ""),
            ("the engine failed: something …", "XX000", "the engine failed: something …", ""),
        ] {
            let told = of_query(engine);
            assert_eq!((told.code, told.message.as_str()), (code, message), "{engine}");
            assert!(told.hint.as_deref().unwrap_or_default().starts_with(hint), "{engine}: {:?}", told.hint);
        }
    }

    #[test]
    fn a_text_that_is_no_sql_is_told_with_its_place() {
        for (sql, said, message, hint, place) in [
            (
                "selct * from rfm",
                "sql parser error: Expected: an SQL statement, found: selct at Line: 1, Column: 1",
                "syntax error at or near \"selct\"",
                "a query begins with SELECT or WITH",
                Some((1, 1)),
            ),
            (
                "select *\nform rfm",
                "sql parser error: Expected: end of statement, found: rfm at Line: 2, Column: 6",
                "syntax error at or near \"rfm\"",
                "the word before it ended the query",
                Some((2, 6)),
            ),
            (
                "select (1",
                "sql parser error: Expected: ), found: EOF",
                "syntax error at end of input: ) is missing",
                "",
                None,
            ),
            (
                "select　1",
                "sql parser error: Expected: an SQL statement, found: select　1 at Line: 1, Column: 1",
                "syntax error at or near \"select\u{3000}1\"",
                "full-width letters",
                Some((1, 1)),
            ),
            (
                "select '　' frm",
                "sql parser error: Expected: end of statement, found: 1 at Line: 1, Column: 1",
                "syntax error at or near \"1\"",
                "the word before it",
                Some((1, 1)),
            ),
        ] {
            let told = of_syntax(sql, said);
            assert_eq!((told.message.as_str(), told.place), (message, place), "{sql}");
            assert!(told.hint.as_deref().unwrap_or_default().starts_with(hint), "{sql}: {:?}", told.hint);
        }
    }
}
