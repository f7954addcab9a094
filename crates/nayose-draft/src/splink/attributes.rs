//! Splink's columns as attributes and features of nayose.
//!
//! A column becomes an attribute of its name: a date where Splink reads it as one, a text otherwise. A text is compared as it
//! stands, which is what Splink does. Where the name is that of a built-in attribute, such as `email`, it is that one. A value
//! that SQL makes of a column is an attribute of its own, whose expression stands at the source.

use super::value::Value;

/// Built-in attributes that are one feature, with its name.
const BUILT_IN: [(&str, &str); 9] = [
    ("email", "email"),
    ("phone", "phone"),
    ("birth_date", "birth_date"),
    ("sex", "sex"),
    ("postal_code", "postal_code"),
    ("family_name", "family"),
    ("given_name", "given"),
    ("family_kana", "family.kana"),
    ("given_kana", "given.kana"),
];

/// Names that no declared attribute may have: attributes of events, and of people that are more than one feature.
const TAKEN: [&str; 12] = [
    "name",
    "kana",
    "address",
    "transaction_id",
    "store_id",
    "item_id",
    "item_name",
    "quantity",
    "unit_price",
    "amount",
    "category",
    "detail",
];

/// An attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attribute {
    /// Its name.
    pub(super) name: String,
    /// The name of its feature.
    pub(super) feature: String,
    /// Splink's column.
    pub(super) column: String,
    /// The SQL that makes it of the row, where it is not the column as it stands.
    pub(super) sql: Option<String>,
    /// Whether it is one that every pipeline has.
    pub(super) is_built_in: bool,
    /// Whether it holds dates.
    pub(super) is_date: bool,
}

/// The attributes that a model needs, in the order in which they are first asked for.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) all: Vec<Attribute>,
    dates: Vec<String>,
}

impl Attributes {
    /// The columns that are read as dates somewhere in the model are dates everywhere.
    pub(super) fn with_dates(dates: Vec<String>) -> Self {
        Attributes { all: Vec::new(), dates }
    }

    /// The feature of a value.
    pub(super) fn feature(&mut self, value: &Value) -> String {
        match value {
            Value::Column { name, .. } => self.column(name),
            Value::BeforeAt { name } if self.column(name) == "email" => "email.local".to_owned(),
            Value::Year { name } if self.column(name) == "birth_date" => "birth_date.year".to_owned(),
            Value::BeforeAt { name } => self.made(name, format!("split_part({}, '@', 1)", column_sql(name))),
            Value::Year { name } => self.made(name, format!("substr({}, 1, 4)", column_sql(name))),
            Value::Prefix { name, length } => self.made(name, format!("substr({}, 1, {length})", column_sql(name))),
            Value::Made { column, sql } => self.made(column, sql.clone()),
        }
    }

    /// The feature of a value as a key, and how many of its first characters.
    pub(super) fn key(&mut self, value: &Value) -> (String, Option<usize>) {
        match value {
            Value::Prefix { name, length } => (self.column(name), Some(*length)),
            // A date is compared as 1980-01-31.
            Value::Year { name } if self.column(name) != "birth_date" && self.is_date(name) => {
                (self.column(name), Some(4))
            }
            value => (self.feature(value), None),
        }
    }

    /// The feature of a column that some condition compares.
    pub(super) fn known(&self, column: &str) -> Option<String> {
        self.all.iter().find(|a| a.column == column && a.sql.is_none()).map(|a| a.feature.clone())
    }

    /// The column of a feature.
    pub(super) fn column_of(&self, feature: &str) -> Option<String> {
        let feature = match feature {
            "email.local" => "email",
            "birth_date.year" => "birth_date",
            feature => feature,
        };
        self.all.iter().find(|a| a.feature == feature).map(|a| a.column.clone())
    }

    fn is_date(&self, column: &str) -> bool {
        self.dates.iter().any(|date| date == column)
    }

    fn column(&mut self, column: &str) -> String {
        if let Some(known) = self.all.iter().find(|a| a.column == column && a.sql.is_none()) {
            return known.feature.clone();
        }
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == column);
        let (name, feature) = match built_in {
            Some((name, feature)) => ((*name).to_owned(), (*feature).to_owned()),
            None => {
                let name = self.free(&plain_name(column));
                (name.clone(), name)
            }
        };
        let is_date = self.is_date(column);
        let column = column.to_owned();
        self.all.push(Attribute {
            name,
            feature: feature.clone(),
            column,
            sql: None,
            is_built_in: built_in.is_some(),
            is_date,
        });
        feature
    }

    fn made(&mut self, column: &str, sql: String) -> String {
        if let Some(known) = self.all.iter().find(|a| a.sql.as_ref() == Some(&sql)) {
            return known.feature.clone();
        }
        let name = self.free(&format!("{}_part", plain_name(column)));
        let made = Attribute {
            name: name.clone(),
            feature: name.clone(),
            column: column.to_owned(),
            sql: Some(sql),
            is_built_in: false,
            is_date: false,
        };
        self.all.push(made);
        name
    }

    /// The name, or one with a number after it where it is taken.
    fn free(&self, name: &str) -> String {
        let is_taken = |name: &str| {
            self.all.iter().any(|a| a.name == name)
                || TAKEN.contains(&name)
                || BUILT_IN.iter().any(|(n, f)| *n == name || *f == name)
        };
        if !is_taken(name) {
            return name.to_owned();
        }
        let numbered = (2..).map(|n| format!("{name}_{n}")).find(|name| !is_taken(name));
        numbered.unwrap_or_else(|| name.to_owned())
    }
}

fn column_sql(name: &str) -> String {
    crate::scalar::sql_column(name)
}

/// A name of letters, digits and `_`, as attributes have. A column in another script is `column`.
fn plain_name(column: &str) -> String {
    let plain: String = column.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    if plain.is_empty() { "column".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Value {
        Value::Column { name: name.to_owned(), is_date: false }
    }

    #[test]
    fn a_column_is_an_attribute_of_its_name_unless_the_name_is_taken() {
        let mut all = Attributes::with_dates(vec!["dob".to_owned()]);
        let features: Vec<String> =
            ["surname", "email", "name", "family_name", "family", "e-mail 2", "氏名", "姓", "dob", "surname"]
                .iter()
                .map(|name| all.feature(&column(name)))
                .collect();
        let expected =
            ["surname", "email", "name_2", "family", "family_2", "e_mail_2", "column", "column_2", "dob", "surname"];
        assert_eq!(features, expected);
        assert_eq!(all.all.len(), 9);
        let dates: Vec<&str> = all.all.iter().filter(|a| a.is_date).map(|a| a.name.as_str()).collect();
        assert_eq!(dates, ["dob"]);
        let built_in: Vec<&str> = all.all.iter().filter(|a| a.is_built_in).map(|a| a.name.as_str()).collect();
        assert_eq!(built_in, ["email", "family_name"]);
    }

    #[test]
    fn a_value_that_sql_makes_is_an_attribute_of_its_own() {
        let mut all = Attributes::with_dates(vec!["dob".to_owned()]);
        let year = |name: &str| Value::Year { name: name.to_owned() };
        let made = |sql: &str| Value::Made { column: "post".to_owned(), sql: sql.to_owned() };
        assert_eq!(all.feature(&made("one")), "post_part");
        assert_eq!(all.feature(&made("two")), "post_part_2");
        assert_eq!(all.feature(&made("one")), "post_part");
        assert_eq!(all.key(&year("dob")), ("dob".to_owned(), Some(4)));
        assert_eq!(all.key(&year("birth_date")), ("birth_date.year".to_owned(), None));
        assert_eq!(all.key(&Value::Prefix { name: "a".into(), length: 2 }), ("a".to_owned(), Some(2)));
        assert_eq!(all.feature(&Value::Prefix { name: "a".into(), length: 2 }), "a_part");
        assert_eq!(all.feature(&Value::BeforeAt { name: "email".into() }), "email.local");
        assert_eq!(all.feature(&Value::BeforeAt { name: "mail".into() }), "mail_part");
    }
}
