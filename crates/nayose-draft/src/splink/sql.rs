//! The SQL conditions that Splink writes: text in, a tree out.
//!
//! A parser by recursive descent over AND, OR, NOT, comparisons, `IS NULL`, arithmetic and calls. It knows no dialect: names
//! stand in double quotes or backticks, and functions are told apart later. What it does not know (lambdas, arrays, windows)
//! is an error, so that the condition is told as one without a counterpart.

/// A condition or a value as a tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// A column, with the table before its dot.
    Column { table: Option<String>, name: String },
    /// A text in single quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// A call; the name in lower case. `CAST(x AS date)` is `cast(x, 'date')`, `CASE …` is `case(…)`.
    Call { name: String, args: Vec<Expr> },
    /// Two values with an operator between them.
    Binary { op: &'static str, left: Box<Expr>, right: Box<Expr> },
    /// All of them.
    And(Vec<Expr>),
    /// At least one of them.
    Or(Vec<Expr>),
    /// The opposite.
    Not(Box<Expr>),
    /// The value is missing.
    IsNull(Box<Expr>),
}

impl Expr {
    /// A call.
    fn call(name: &str, args: Vec<Expr>) -> Expr {
        Expr::Call { name: name.to_lowercase(), args }
    }

    /// The parts below.
    pub(super) fn parts(&self) -> Vec<&Expr> {
        match self {
            Expr::Column { .. } | Expr::Text(_) | Expr::Number(_) => Vec::new(),
            Expr::Call { args: all, .. } | Expr::And(all) | Expr::Or(all) => all.iter().collect(),
            Expr::Binary { left, right, .. } => vec![left, right],
            Expr::Not(one) | Expr::IsNull(one) => vec![one],
        }
    }
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A bare word.
    Word(String),
    /// A name in double quotes or backticks.
    Name(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

/// Signs, longer ones before their beginnings.
const SIGNS: [&str; 20] =
    ["<=", ">=", "<>", "!=", "==", "||", "::", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", ".", "["];

/// Parts within parts, and parts in a row: Splink's own go to eight and to four, and the stack has to last.
const DEEPEST: usize = 32;

/// Reads a condition; `None` where it is not understood as a whole.
pub(super) fn parse(sql: &str) -> Option<Expr> {
    let mut parser = Parser { tokens: tokens(sql)?, at: 0, depth: 0 };
    let expr = parser.or()?;
    (parser.at == parser.tokens.len()).then_some(expr)
}

fn tokens(sql: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '\'' => Token::Text(quoted(&mut rest, '\'')?),
            '"' | '`' => Token::Name(quoted(&mut rest, first)?),
            c if c.is_ascii_digit() => {
                let is_part = |c: char| c.is_ascii_digit() || c == '.';
                let mut end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                // 1e-05 is how Python writes a small number.
                if let Some(exponent) = rest[end..].strip_prefix(['e', 'E']) {
                    let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
                    let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                    end = if length > 0 { rest.len() - digits.len() + length } else { end };
                }
                let number = rest[..end].parse().ok()?;
                rest = &rest[end..];
                Token::Number(number)
            }
            c if c.is_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let word = rest[..end].to_owned();
                rest = &rest[end..];
                Token::Word(word)
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
                // A comment would hide what follows.
                if rest.starts_with("--") || rest.starts_with("/*") || rest.starts_with("->") {
                    return None;
                }
                rest = &rest[sign.len()..];
                Token::Sign(sign)
            }
        };
        out.push(token);
        rest = rest.trim_start();
    }
    Some(out)
}

/// What stands between two quotes; a quote inside is written twice.
fn quoted(rest: &mut &str, quote: char) -> Option<String> {
    let mut out = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            out.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            out.push(quote);
        } else {
            *rest = &rest[at + quote.len_utf8()..];
            return Some(out);
        }
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Whether the next token is this word.
    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word))
    }

    /// Takes this word, where it comes next.
    fn word(&mut self, word: &str) -> bool {
        let taken = self.is_word(word);
        self.at += usize::from(taken);
        taken
    }

    /// Takes one of these signs, where it comes next.
    fn sign(&mut self, signs: &[&str]) -> Option<&'static str> {
        let Some(Token::Sign(sign)) = self.peek() else { return None };
        let sign = signs.contains(sign).then_some(*sign);
        self.at += usize::from(sign.is_some());
        sign
    }

    fn or(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut all = vec![self.and()?];
        while self.word("or") {
            all.push(self.and()?);
            (all.len() <= DEEPEST).then_some(())?;
        }
        self.depth -= 1;
        Some(flat(all, Expr::Or, |part| match part {
            Expr::Or(parts) => Ok(parts),
            other => Err(other),
        }))
    }

    fn and(&mut self) -> Option<Expr> {
        let mut all = vec![self.not()?];
        while self.word("and") {
            all.push(self.not()?);
            (all.len() <= DEEPEST).then_some(())?;
        }
        Some(flat(all, Expr::And, |part| match part {
            Expr::And(parts) => Ok(parts),
            other => Err(other),
        }))
    }

    fn not(&mut self) -> Option<Expr> {
        let mut denied = false;
        while self.word("not") {
            denied = !denied;
        }
        let one = self.comparison()?;
        Some(if denied { Expr::Not(Box::new(one)) } else { one })
    }

    fn comparison(&mut self) -> Option<Expr> {
        let left = self.sum()?;
        if self.word("is") {
            let denied = self.word("not");
            if !self.word("null") {
                return None;
            }
            let missing = Expr::IsNull(Box::new(left));
            return Some(if denied { Expr::Not(Box::new(missing)) } else { missing });
        }
        let Some(op) = self.sign(&["<=", ">=", "<>", "!=", "==", "=", "<", ">"]) else { return Some(left) };
        let op = match op {
            "==" => "=",
            "!=" => "<>",
            op => op,
        };
        Some(Expr::Binary { op, left: Box::new(left), right: Box::new(self.sum()?) })
    }

    fn sum(&mut self) -> Option<Expr> {
        let (mut left, mut row) = (self.product()?, 0);
        while let Some(op) = self.sign(&["+", "-", "||"]) {
            row += 1;
            (row <= DEEPEST).then_some(())?;
            left = Expr::Binary { op, left: Box::new(left), right: Box::new(self.product()?) };
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Expr> {
        let (mut left, mut row) = (self.signed()?, 0);
        while let Some(op) = self.sign(&["*", "/", "%"]) {
            row += 1;
            (row <= DEEPEST).then_some(())?;
            left = Expr::Binary { op, left: Box::new(left), right: Box::new(self.signed()?) };
        }
        Some(left)
    }

    fn signed(&mut self) -> Option<Expr> {
        let mut negative = false;
        while self.sign(&["-"]).is_some() {
            negative = !negative;
        }
        let value = self.postfix()?;
        Some(match value {
            Expr::Number(n) if negative => Expr::Number(-n),
            value if negative => Expr::call("negative", vec![value]),
            value => value,
        })
    }

    fn postfix(&mut self) -> Option<Expr> {
        let (mut value, mut row) = (self.primary()?, 0);
        while self.sign(&["::"]).is_some() {
            row += 1;
            (row <= DEEPEST).then_some(())?;
            value = Expr::call("cast", vec![value, Expr::Text(self.type_name()?)]);
        }
        Some(value)
    }

    fn primary(&mut self) -> Option<Expr> {
        let token = self.peek()?.clone();
        self.at += 1;
        match token {
            Token::Number(n) => Some(Expr::Number(n)),
            Token::Text(text) => Some(Expr::Text(text)),
            Token::Sign("(") => {
                let inside = self.or()?;
                self.sign(&[")"])?;
                Some(inside)
            }
            Token::Sign(_) => None,
            Token::Name(name) => self.column(name),
            Token::Word(word) if word.eq_ignore_ascii_case("case") => self.case(),
            Token::Word(word) => match self.sign(&["("]) {
                Some(_) => self.arguments(&word.to_lowercase()),
                None => self.column(word),
            },
        }
    }

    /// A column, after its first name. What has a dot more, such as a field of a struct, is not known.
    fn column(&mut self, first: String) -> Option<Expr> {
        if self.sign(&["."]).is_none() {
            return Some(Expr::Column { table: None, name: first });
        }
        let (Token::Name(name) | Token::Word(name)) = self.peek()?.clone() else { return None };
        self.at += 1;
        match self.peek() {
            Some(Token::Sign("." | "(")) => None,
            _ => Some(Expr::Column { table: Some(first), name }),
        }
    }

    /// The arguments of a call, after its bracket.
    fn arguments(&mut self, name: &str) -> Option<Expr> {
        if name == "extract" {
            let Token::Word(part) = self.peek()?.clone() else { return None };
            self.at += 1;
            let value = if self.word("from") { self.or()? } else { return None };
            self.sign(&[")"])?;
            return Some(Expr::call(&part, vec![value]));
        }
        let mut args = Vec::new();
        if self.sign(&[")"]).is_none() {
            loop {
                args.push(self.or()?);
                if matches!(name, "cast" | "try_cast") && self.word("as") {
                    args.push(Expr::Text(self.type_name()?));
                }
                // SUBSTRING(x FROM 1 FOR 3), as PostgreSQL writes it.
                if name == "substring" && (self.word("from") || self.word("for")) {
                    continue;
                }
                match self.sign(&[",", ")"])? {
                    "," => {}
                    _ => break,
                }
            }
        }
        // A condition within a call, or a window after it, is no value of one side.
        if self.is_word("over") || self.is_word("filter") {
            return None;
        }
        Some(Expr::call(name, args))
    }

    /// A type after AS or `::`, in lower case.
    fn type_name(&mut self) -> Option<String> {
        let Token::Word(word) = self.peek()?.clone() else { return None };
        self.at += 1;
        if self.sign(&["("]).is_some() {
            while self.sign(&[")"]).is_none() {
                self.at += 1;
                self.peek()?;
            }
        }
        Some(word.to_lowercase())
    }

    /// CASE … END. Its parts are kept, so that the columns in it are known.
    fn case(&mut self) -> Option<Expr> {
        let mut parts = Vec::new();
        while !self.word("end") {
            if !["when", "then", "else"].iter().any(|word| self.word(word)) && !parts.is_empty() {
                return None;
            }
            parts.push(self.or()?);
        }
        Some(Expr::call("case", parts))
    }
}

/// One part as it is, several joined, with the parts of those that are joined alike.
fn flat(all: Vec<Expr>, join: fn(Vec<Expr>) -> Expr, inside: fn(Expr) -> Result<Vec<Expr>, Expr>) -> Expr {
    let mut parts = Vec::new();
    let single = all.len() == 1;
    for part in all {
        match inside(part) {
            Ok(mut inner) => parts.append(&mut inner),
            Err(other) => parts.push(other),
        }
    }
    match parts.len() {
        1 if single => parts.swap_remove(0),
        _ => join(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(table: Option<&str>, name: &str) -> Expr {
        Expr::Column { table: table.map(str::to_owned), name: name.to_owned() }
    }

    fn equal(left: Expr, right: Expr) -> Expr {
        Expr::Binary { op: "=", left: Box::new(left), right: Box::new(right) }
    }

    #[test]
    fn and_binds_closer_than_or_and_not_closer_than_and() {
        let [a, b, c] = ["a", "b", "c"].map(|name| column(None, name));
        let expected = Expr::Or(vec![a.clone(), Expr::And(vec![Expr::Not(Box::new(b.clone())), c.clone()])]);
        assert_eq!(parse("a OR NOT b AND c"), Some(expected));
        assert_eq!(parse("(a or b) or c"), Some(Expr::Or(vec![a.clone(), b.clone(), c.clone()])));
        assert_eq!(parse("((a and (b)) AND c)"), Some(Expr::And(vec![a, b, c])));
    }

    #[test]
    fn names_are_quoted_by_dialect() {
        let expected = Some(equal(column(None, "first name_l"), column(None, "first name_r")));
        assert_eq!(parse("\"first name_l\" = \"first name_r\""), expected);
        assert_eq!(parse("`first name_l` = `first name_r`"), expected);
        assert_eq!(parse("\"a\"\"b\" == 'it''s'"), Some(equal(column(None, "a\"b"), Expr::Text("it's".into()))));
        assert_eq!(parse("l.\"姓\" = r.姓"), Some(equal(column(Some("l"), "姓"), column(Some("r"), "姓"))));
    }

    #[test]
    fn the_ways_of_calling_are_one() {
        let call = |name: &str, args: Vec<Expr>| Some(Expr::call(name, args));
        let cut = call("substring", vec![column(None, "a"), Expr::Number(1.0), Expr::Number(3.0)]);
        assert_eq!(parse("SUBSTRING(a, 1, 3)"), cut);
        assert_eq!(parse("SUBSTRING(a FROM 1 FOR 3)"), cut);
        let cast = call("cast", vec![column(None, "a"), Expr::Text("varchar".into())]);
        assert_eq!(parse("CAST(a AS VARCHAR(20))"), cast);
        assert_eq!(parse("a::varchar"), cast);
        assert_eq!(parse("EXTRACT(YEAR FROM a)"), call("year", vec![column(None, "a")]));
        assert_eq!(parse("now()"), call("now", vec![]));
        assert_eq!(parse("-1.5e-3"), Some(Expr::Number(-0.0015)));
    }

    #[test]
    fn what_is_not_understood_is_no_half_of_it() {
        for sql in [
            "",
            "a =",
            "a = b c",
            "(a = b",
            "'open",
            "a -> b",
            "list_transform(a, x -> x)",
            "[a, b]",
            "a = b --c",
            "a /* or */ = b",
            "a IS b",
            "s.t.u = 1",
            "count(a) over (partition by b)",
            "CASE WHEN a THEN b",
            "cast(a as varchar(",
        ] {
            assert_eq!(parse(sql), None, "{sql}");
        }
        for (one, joint) in [("(", ""), ("a", " + "), ("a", " * "), ("a", "::"), ("a", " and "), ("f(", "")] {
            assert_eq!(parse(&vec![one; 100_000].join(joint)), None, "{one}{joint}");
        }
        assert_eq!(parse(&format!("{}a", "not ".repeat(100_001))).map(|e| matches!(e, Expr::Not(_))), Some(true));
    }
}
