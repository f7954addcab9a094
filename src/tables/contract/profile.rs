//! The tables of the analyst's profile: what is left of the published ones without direct identifiers.
//!
//! In: a contract. Out: the contract of the same table as analysts see it, or none. Denied by default: a column is there where its
//! contract says so ([`Shown`]), a table where all of its key is, so that a row is still a row.

use super::{Column, Shown, Table, Type, col};

/// The table as the profile has it; `None` where a column of its key is hidden.
pub(crate) fn profile(table: &Table) -> Option<Table> {
    let visible = |name: &&str| table.columns.iter().any(|c| c.name == *name && c.shown != Shown::Hidden);
    if table.key.is_empty() || !table.key.iter().all(visible) {
        return None;
    }
    let columns: Vec<Column> = table.columns.iter().filter_map(column).collect();
    // As many as there are tables, made once or twice in the life of a command.
    Some(Table { columns: Box::leak(columns.into_boxed_slice()), ..*table })
}

fn column(column: &Column) -> Option<Column> {
    let leaked = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    match column.shown {
        Shown::Hidden => None,
        Shown::Plain => Some(*column),
        Shown::Keyed => Some(Column {
            data_type: Type::Text,
            ja: leaked(format!("{}（目的ごとの仮のID）", column.ja)),
            en: leaked(format!("{}, as an id of this purpose", column.en)),
            ..*column
        }),
        Shown::AgeBand => Some(Column {
            name: col::AGE_BAND,
            data_type: Type::Text,
            nullable: true,
            ja: "年代（10歳ごと、基準日時点）",
            en: "ten years of age, as of the run",
            ..*column
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{published, required};
    use super::*;

    /// A line for each table. Who adds a column here has decided that analysts may see it.
    #[test]
    fn only_what_somebody_classified_is_in_the_profile() {
        let line = |t: Table| {
            let columns = t.columns.iter().map(|c| match c.shown {
                Shown::Keyed => format!("#{}", c.name),
                _ => c.name.to_string(),
            });
            format!("{}: {}", t.name, columns.collect::<Vec<_>>().join(" "))
        };
        let lines: Vec<String> = published().into_iter().filter_map(profile).map(line).collect();
        assert_eq!(
            lines,
            include_str!("profile_columns.txt").lines().collect::<Vec<_>>(),
            "profile_columns.txt says what analysts see"
        );
    }

    #[test]
    fn a_table_without_its_key_is_hidden() {
        const COLUMNS: [Column; 2] =
            [required("id", Type::Text, "", ""), required("amount", Type::Double, "", "").plain()];
        let table = Table { name: "t", ja: "", en: "", key: &["id"], columns: &COLUMNS };
        assert!(profile(&table).is_none());
        assert!(profile(&Table { key: &[], ..table }).is_none(), "a mart of the pipeline's own");
        assert!(profile(&Table { key: &["amount"], ..table }).is_some_and(|t| t.columns.len() == 1));
    }
}
