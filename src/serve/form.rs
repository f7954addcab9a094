//! Forms and addresses of review: which pairs somebody wants to see, which they answered on.
//!
//! In: the part of an address after `?`, or the body of a form. Out: a [`Wanted`], which goes with somebody from pair to pair, and a
//! [`Form`].

use std::collections::BTreeSet;

use serde::Serialize;
use url::form_urlencoded::{Serializer, parse};

use super::failure::Failure;
use crate::audit::queue::Kind;
use crate::audit::review::Filter;
use crate::lake::decision_log::{Pair, pair_of};

/// The fields of a filter, as forms and addresses name them.
const FIELDS: [&str; 8] = ["kind", "a", "b", "from", "to", "concerns", "assigned", "waiting"];

/// What stands between the two records of a field `pair`: no id of a record has it.
const BETWEEN: char = '\t';

/// Characters that people may write at most. What they write stands in a log for ever, and on the pages of others.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Longest {
    /// Of a comment: a page.
    pub(crate) comment: usize,
    /// Of a reason: a sentence or two.
    pub(crate) reason: usize,
    /// Of the name of an account: that of a provider may be a mail address of 254 characters (RFC 5321).
    pub(crate) name: usize,
}

/// The bounds, which forms say and the server holds.
pub(crate) const LONGEST: Longest = Longest { comment: 4000, reason: 500, name: 254 };

/// What somebody wrote, without space around it. Line ends are one character, as a form counts them.
///
/// # Errors
/// A page, where it is longer than `most` characters.
pub(crate) fn written(text: &str, most: usize) -> Result<String, Failure> {
    let text = text.trim().replace("\r\n", "\n");
    match text.chars().count() {
        count if count > most => Err(Failure::too_long(count, most)),
        _ => Ok(text),
    }
}

/// What may have happened last; its words are `review.told.…`.
const TOLD: [&str; 6] = ["same", "different", "unsure", "undone", "confirmed", "nothing_to_undo"];

/// Which pairs somebody wants to see, and where they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Wanted {
    /// The filter as it was typed: field and value.
    fields: Vec<(String, String)>,
    /// How many pairs are passed over.
    skip: usize,
    /// The pair that is named, if one is.
    pair: Option<Pair>,
    /// What happened last.
    pub(crate) told: Option<String>,
}

impl Wanted {
    /// What an address asks for.
    pub(crate) fn of(query: &str) -> Self {
        Self::from(parse(query.as_bytes()).into_owned())
    }

    fn from(given: impl Iterator<Item = (String, String)>) -> Self {
        let mut found = Wanted::default();
        let (mut left, mut right) = (None, None);
        for (name, value) in given.filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "skip" => found.skip = value.parse().unwrap_or_default(),
                "l" => left = Some(value),
                "r" => right = Some(value),
                "told" if TOLD.contains(&value.as_str()) => found.told = Some(value),
                name if FIELDS.contains(&name) => found.fields.push((name.to_string(), value)),
                _ => {}
            }
        }
        found.pair = left.zip(right).map(|(l, r)| pair_of([l, r]));
        found
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The filter.
    ///
    /// # Errors
    /// A page, where a value is none that the field can have.
    pub(crate) fn filter(&self) -> Result<Filter, Failure> {
        let number = |name: &str| match self.get(name).map(str::parse::<f64>) {
            None => Ok(None),
            Some(Ok(p)) if (0.0..=1.0).contains(&p) => Ok(Some(p)),
            Some(_) => Err(Failure::no_probability()),
        };
        let text = |name: &str| self.get(name).map(str::to_string);
        Ok(Filter {
            kind: match self.get("kind") {
                None => None,
                Some(name) => Some(Kind::named(name).ok_or_else(Failure::no_kind)?),
            },
            channels: [text("a"), text("b")],
            from: number("from")?,
            to: number("to")?,
            concerns: text("concerns"),
            // `-` is nobody, as an empty field asks for anybody.
            assigned: text("assigned").map(|to| if to == "-" { String::new() } else { to }),
            waiting: self.get("waiting").is_some(),
        })
    }

    /// How many pairs are passed over.
    pub(crate) fn skip(&self) -> usize {
        self.skip
    }

    /// The pair that is named.
    pub(crate) fn named(&self) -> Option<Pair> {
        self.pair.clone()
    }

    /// The same at another place.
    pub(crate) fn at(mut self, skip: usize) -> Self {
        (self.skip, self.told) = (skip, None);
        self
    }

    /// The same without a named pair.
    pub(crate) fn unnamed(mut self) -> Self {
        self.pair = None;
        self
    }

    /// The same with a named pair.
    pub(crate) fn name(mut self, pair: &Pair) -> Self {
        self.pair = Some(pair.clone());
        self
    }

    /// The same with what happened last.
    pub(crate) fn tell(mut self, told: Option<&str>) -> Self {
        self.told = told.map(str::to_string);
        self
    }

    /// As the part of an address after `?`.
    pub(crate) fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.fields);
        if self.skip > 0 {
            query.append_pair("skip", &self.skip.to_string());
        }
        if let Some([l, r]) = &self.pair {
            query.append_pair("l", l).append_pair("r", r);
        }
        if let Some(told) = &self.told {
            query.append_pair("told", told);
        }
        query.finish()
    }
}

/// A form that somebody sent.
#[derive(Clone, Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form. That it is one of this session was seen before it came here ([`super::guard`]).
    pub(crate) fn of(body: &[u8]) -> Self {
        Form(parse(body).into_owned().collect())
    }

    /// The first value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// All pairs of the form, each once, in its order.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let pair = |value: &str| value.split_once(BETWEEN).map(|(l, r)| pair_of([l.to_string(), r.to_string()]));
        let mut seen = BTreeSet::new();
        let named = self.0.iter().filter(|(name, _)| name == "pair").filter_map(|(_, value)| pair(value));
        named.filter(|pair| seen.insert(pair.clone())).collect()
    }

    /// The number of the last entry of the log that whoever sends it has seen.
    pub(crate) fn seen(&self) -> u64 {
        self.get("seen").and_then(|seen| seen.parse().ok()).unwrap_or_default()
    }

    /// Where they were: the form has it as one field.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted::of(self.get("filter").unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_somebody_is_goes_along() {
        let wanted = Wanted::of("kind=cut&a=shop&from=0.5&skip=3&l=shop:2&r=app:%26x&evil=1&to=");
        assert_eq!(wanted.query(), "kind=cut&a=shop&from=0.5&skip=3&l=app%3A%26x&r=shop%3A2");
        assert_eq!(Wanted::of(&wanted.query()), wanted);
        assert_eq!(wanted.clone().unnamed().at(0).tell(Some("same")).query(), "kind=cut&a=shop&from=0.5&told=same");
        let filter = wanted.filter().expect("a filter");
        assert_eq!((filter.kind, filter.from, filter.to), (Some(Kind::Cut), Some(0.5), None));
        assert!(Wanted::of("from=2").filter().is_err() && Wanted::of("kind=none").filter().is_err());
        assert_eq!(Wanted::of("assigned=-").filter().expect("a filter").assigned.as_deref(), Some(""));
    }

    #[test]
    fn what_is_told_is_one_of_a_few_words() {
        assert_eq!(Wanted::of("told=undone").told.as_deref(), Some("undone"));
        assert_eq!(Wanted::of("told=call+0120-000-000").told, None);
    }

    #[test]
    fn what_is_too_long_is_refused_and_nothing_is_cut() {
        assert_eq!(written(" a\r\nb ", 3).expect("short enough"), "a\nb");
        assert_eq!(written(&"名".repeat(4), 4).expect("letters are counted, not bytes"), "名名名名");
        let refused = written(&"名".repeat(5), 4).expect_err("too long");
        assert_eq!(refused.status, axum::http::StatusCode::BAD_REQUEST);
        assert_eq!(refused.message.en, "What was written is too long: it has 5 characters, and may have 4.");
    }

    #[test]
    fn a_form_has_its_pairs_and_where_somebody_is() {
        let form = Form::of(b"csrf=token&pair=shop%3A2%09app%3A1&pair=nothing&seen=4&filter=kind%3Dcut");
        assert_eq!(form.pairs(), [["app:1".to_string(), "shop:2".to_string()]]);
        assert_eq!((form.seen(), form.wanted().query()), (4, "kind=cut".to_string()));
    }
}
