//! What a pipeline's data has: reference tables, columns of facts, kinds of facts.
//!
//! In: a need as it is written in the head of a mart, such as `product`, `interaction.discount`, `event.message`,
//! `consent.marketing.email`. Out: whether a source of the pipeline maps it. A figure whose data nobody maps is not made: it would be a
//! column of nulls, or read as zero.

use super::problem::did_you_mean;
use super::{Pipeline, Rows, Source};
use nayose_matching::record::attribute::{EVENT_ATTRIBUTES, REFERENCES};

/// Something that a mart cannot do without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A reference table.
    Table(String),
    /// A column of the facts.
    Column(String),
    /// A kind of facts.
    Event(String),
    /// Statements of consent to a purpose, by a way of contact.
    Consent(String, String),
}

/// Columns of the facts that a source maps beside its attributes.
const OF_THE_ROW: [&str; 2] = ["record_id", "occurred_at"];

impl Need {
    /// Reads a need as it is written: `product`, `interaction.discount`, `event.message`.
    ///
    /// # Errors
    /// One sentence and a hint, where no pipeline can have it.
    pub fn parse(text: &str) -> Result<Need, (String, String)> {
        let columns = || OF_THE_ROW.into_iter().chain(EVENT_ATTRIBUTES);
        match text.trim().split_once('.') {
            Some(("interaction", column)) if columns().any(|known| known == column) => Ok(Need::Column(column.into())),
            Some(("interaction", column)) => Err((
                format!("interaction has no column {column:?} that a source maps"),
                did_you_mean(column, columns())
                    .unwrap_or_else(|| format!("known: {}", columns().collect::<Vec<_>>().join(", "))),
            )),
            // Kinds of facts are the pipeline's own words, and so are purposes.
            Some(("event", kind)) if !kind.is_empty() => Ok(Need::Event(kind.into())),
            Some(("consent", of)) if !of.starts_with('.') && !of.ends_with('.') && of.contains('.') => {
                let (purpose, contact) = of.split_once('.').unwrap_or_default();
                Ok(Need::Consent(purpose.into(), contact.into()))
            }
            None if REFERENCES.iter().any(|known| known.name == text.trim()) => Ok(Need::Table(text.trim().into())),
            _ => {
                let tables = REFERENCES.map(|known| known.name);
                let hint = did_you_mean(text.trim(), tables.into_iter()).unwrap_or_else(|| {
                    format!(
                        "a reference table ({}), `interaction.COLUMN`, `event.TYPE`, or `consent.PURPOSE.CONTACT`",
                        tables.join(", ")
                    )
                });
                Err((format!("{:?} is nothing that a pipeline maps", text.trim()), hint))
            }
        }
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Need::Table(name) => f.write_str(name),
            Need::Column(name) => write!(f, "interaction.{name}"),
            Need::Event(name) => write!(f, "event.{name}"),
            Need::Consent(purpose, contact) => write!(f, "consent.{purpose}.{contact}"),
        }
    }
}

impl Source {
    /// Whether the source maps it.
    fn maps(&self, need: &Need) -> bool {
        match (need, &self.holds) {
            (Need::Consent(purpose, contact), _) => {
                self.consent.iter().any(|of| of.purpose == *purpose && of.contact == *contact)
            }
            (Need::Table(name), Rows::Reference { table, .. }) => table.name == name,
            (Need::Event(kind), Rows::Events { event_type, .. }) => event_type == kind,
            (Need::Column(column), Rows::Events { occurred_at, .. }) => match column.as_str() {
                "record_id" => !self.record_id.columns().is_empty(),
                "occurred_at" => occurred_at.is_some(),
                attribute => self.columns.contains_key(attribute),
            },
            _ => false,
        }
    }
}

impl Pipeline {
    /// Whether a source of the pipeline maps it.
    pub fn maps(&self, need: &Need) -> bool {
        self.sources.iter().any(|source| source.maps(need))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    #[test]
    fn a_need_is_read_as_it_is_written() {
        for text in [
            "product",
            "medium_spend",
            "interaction.discount",
            "interaction.occurred_at",
            "event.message",
            "consent.marketing.email",
        ] {
            assert_eq!(Need::parse(text).map(|need| need.to_string()), Ok(text.to_string()));
        }
        assert_eq!(Need::parse(" store "), Ok(Need::Table("store".into())));
        let wrong = |text: &str| Need::parse(text).expect_err("no need");
        assert_eq!(wrong("interaction.discont").1, "did you mean \"discount\"?");
        assert_eq!(wrong("products").1, "did you mean \"product\"?");
        assert_eq!(
            wrong("event."),
            (
                "\"event.\" is nothing that a pipeline maps".to_string(),
                "a reference table (product, store, medium_spend), `interaction.COLUMN`, `event.TYPE`, or `consent.PURPOSE.CONTACT`".to_string()
            )
        );
    }

    #[test]
    fn a_pipeline_maps_what_one_of_its_sources_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pipeline.yaml");
        let sources = "name: t
sources:
  - { name: people, channel: shop, holds: people, files: a, format: csv, record_id: id, columns: { name: name, phone: tel }, consent: { marketing: { sms: { column: 可否, granted: [可] } } } }
  - { name: sends, channel: shop, holds: events, files: b, format: csv, record_id: id, event_id: 番号, event_type: message, columns: { campaign: 施策 } }
  - { name: items, holds: reference, table: product, files: c, format: csv, columns: { item_id: 品番, item_name: 品名 } }
";
        std::fs::write(&file, sources).expect("written");
        let pipeline = load(&file, &Overrides::default()).expect("a pipeline");
        let maps = |text: &str| pipeline.maps(&Need::parse(text).expect("a need"));
        let mapped =
            ["product", "event.message", "interaction.campaign", "interaction.record_id", "consent.marketing.sms"];
        let others = [
            "store",
            "event.purchase",
            "interaction.arm",
            "interaction.item_id",
            "interaction.occurred_at",
            "consent.marketing.email",
        ];
        assert_eq!(mapped.map(maps), [true; 5]);
        assert_eq!(others.map(maps), [false; 6], "the columns of a reference are none of facts");
    }
}
