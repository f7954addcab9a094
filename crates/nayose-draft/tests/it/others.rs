//! What the columns of other files mean, without a preset: words and values alone.

use std::collections::BTreeMap;

use nayose_draft::{columns, columns_without_presets};

use crate::whole;

/// The bytes of a file, and its columns with what they may mean.
type File = (String, Vec<(&'static str, &'static str)>);

/// Files of three rows from the lines of `others.tsv`.
fn files() -> BTreeMap<&'static str, File> {
    let mut columns: BTreeMap<&str, Vec<[&'static str; 3]>> = BTreeMap::new();
    for line in include_str!("others.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, column, meaning, values] = fields[..] else { panic!("{line}") };
        columns.entry(file).or_default().push([column, meaning, values]);
    }
    let file = |columns: Vec<[&'static str; 3]>| {
        let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
        let mut rows = vec![columns.iter().map(|c| quoted(c[0])).collect::<Vec<_>>().join(",")];
        for row in 0..3 {
            let cells = columns.iter().map(|c| quoted(c[2].split('~').nth(row).unwrap_or("")));
            rows.push(cells.collect::<Vec<_>>().join(","));
        }
        (rows.join("\n") + "\n", columns.into_iter().map(|c| (c[0], c[1])).collect())
    };
    columns.into_iter().map(|(name, columns)| (name, file(columns))).collect()
}

#[test]
fn nearly_every_column_of_other_files_is_known() {
    let (mut wrong, mut all) = (Vec::new(), 0);
    for (name, (text, expected)) in files() {
        let tables = columns_without_presets(&whole(name, text.as_bytes()));
        let [table] = &tables[..] else { panic!("{name}: {} tables", tables.len()) };
        assert_eq!(table.columns.len(), expected.len(), "{name}");
        for (column, (header, meanings)) in table.columns.iter().zip(expected) {
            assert_eq!(column.name, header);
            all += 1;
            let got = column.meaning.to_string();
            if !meanings.split('|').any(|meaning| meaning == got) {
                wrong.push(format!("{name} {header}: {got}, not {meanings}: {}", column.reason));
            }
        }
    }
    assert!(wrong.len() * 20 <= all, "{} of {all} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Exports that have a preset are known by it, and it says of no column what is wrong.
#[test]
fn documented_exports_are_known_by_their_presets() {
    let presets = [
        ("amazon.txt", "amazon.orders"),
        ("base.csv", "base.orders"),
        ("colorme.csv", "colorme.orders"),
        ("futureshop.csv", "futureshop.orders"),
        ("ga4.csv", "ga4.events"),
        ("hubspot.csv", "hubspot.contacts"),
        ("segment.csv", "segment.events"),
        ("woocommerce.csv", "woocommerce.orders"),
    ];
    let mut wrong = Vec::new();
    for (name, (text, expected)) in files() {
        let tables = columns(&whole(name, text.as_bytes()));
        let preset = presets.iter().find(|(file, _)| *file == name).map(|(_, preset)| *preset);
        assert_eq!(tables[0].preset, preset, "{name}");
        if preset.is_none() {
            continue;
        }
        for (column, (header, meanings)) in tables[0].columns.iter().zip(expected) {
            let got = column.meaning.to_string();
            if !meanings.split('|').any(|meaning| meaning == got) {
                wrong.push(format!("{name} {header}: {got}, not {meanings}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
