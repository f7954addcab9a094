//! A table of texts, as far as a sample shows it.

/// Columns and rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// Where in a JSON document the rows are: `users[*]`; `None` for a table that is the whole file.
    pub(crate) path: Option<String>,
    /// Names of the columns, or `column 1`, … without a header.
    pub(crate) columns: Vec<String>,
    /// Rows, each as long as `columns`; empty text is no value.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// The values of a column that are there, in order.
    pub(crate) fn filled(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().filter_map(move |row| row.get(column)).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A cell; empty if there is none.
    pub(crate) fn cell(&self, row: usize, column: usize) -> &str {
        self.rows.get(row).and_then(|row| row.get(column)).map_or("", String::as_str)
    }
}
