//! Postgres's templates of times: `YYYY-MM-DD HH24:MI`, of which the engine knows those of another kind (`%Y-%m-%d %H:%M`).
//!
//! In: a template as `to_char` is given it. Out: the engine's. The engine takes letters that it does not know for themselves and would write
//! `YYYY-MM` in every row, so that a template with anything that cannot be said is refused.

/// What a template may have, the longer before the shorter; with `FM`, without zeros and blanks in front.
const FIELDS: [(&str, &str); 27] = [
    ("FMMonth", "%B"),
    ("FMDay", "%A"),
    ("FMMM", "%-m"),
    ("FMDD", "%-d"),
    ("FMHH24", "%-H"),
    ("FMHH12", "%-I"),
    ("YYYY", "%Y"),
    ("IYYY", "%G"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("DDD", "%j"),
    ("Mon", "%b"),
    ("YY", "%y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("Dy", "%a"),
    ("ID", "%u"),
    ("IW", "%V"),
    ("HH", "%I"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("MS", "%3f"),
    ("US", "%6f"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("TZ", "%Z"),
    ("Q", "%q"),
];

/// The template in the engine's letters, or as it is where it is in these; `None` where something in it cannot be said.
pub(super) fn of_engine(template: &str) -> Option<String> {
    if template.contains('%') {
        return Some(template.to_string());
    }
    let mut out = String::new();
    let mut rest = template;
    while let Some(next) = rest.chars().next() {
        if let Some((field, ours)) = FIELDS.iter().find(|(field, _)| is_field(rest, field)) {
            out.push_str(ours);
            rest = &rest[field.len()..];
        } else if next == '"' {
            let (text, behind) = rest[1..].split_once('"')?;
            out.push_str(text);
            rest = behind;
        } else if next.is_ascii_alphabetic() {
            return None;
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    Some(out)
}

/// Whether the text begins with the field. Numbers may be asked for in small letters; names are written as the field is.
fn is_field(text: &str, field: &str) -> bool {
    let Some(start) = text.get(..field.len()) else { return false };
    let is_name = field.chars().any(|c| c.is_ascii_lowercase()) || matches!(field, "AM" | "PM" | "TZ");
    if is_name { start == field } else { start.eq_ignore_ascii_case(field) }
}

/// What to do with another.
pub(super) const HINT: &str = "templates of times have YYYY, YY, IYYY, Q, MM, Mon, FMMonth, IW, DD, DDD, Dy, FMDay, ID, HH24, HH12, MI, SS, \
                               MS, US, AM, TZ, and other letters within \"quotes\"; the engine's own are known too: '%Y-%m-%d'; numbers have \
                               none: round(x, 2)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_the_same_in_the_engines_letters() {
        for (theirs, ours) in [
            ("YYYY-MM", Some("%Y-%m")),
            ("yyyy-mm-dd hh24:mi:ss", Some("%Y-%m-%d %H:%M:%S")),
            ("YYYY年FMMM月FMDD日", Some("%Y年%-m月%-d日")),
            ("YYYY\"Q\"Q", Some("%YQ%q")),
            ("IYYY-\"W\"IW", Some("%G-W%V")),
            ("Dy, DD Mon YYYY", Some("%a, %d %b %Y")),
            ("HH12:MI AM", Some("%I:%M %p")),
            ("%Y-%m", Some("%Y-%m")),
            ("", Some("")),
            // Blanks behind short names, capitals, centuries, weeks from the first of January, numbers.
            ("Month", None),
            ("MON", None),
            ("CC", None),
            ("YYYY-WW", None),
            ("FM999", None),
            ("YYYY \"open", None),
        ] {
            assert_eq!(of_engine(theirs).as_deref(), ours, "{theirs}");
        }
    }
}
