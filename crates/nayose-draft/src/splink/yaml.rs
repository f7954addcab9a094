//! The model file of an imported model, with what has no counterpart as comments at its place.

use crate::scalar::{comment, list, scalar};

use super::attributes::{Attribute, Attributes};
use super::comparison::{Comparison, Level};
use super::condition::{Condition, Measure};
use super::rules::Rule;
use super::settings::Settings;
use super::{Note, NoteKind};

/// Everything that the file says.
pub(super) struct Model<'a> {
    pub(super) settings: &'a Settings,
    pub(super) attributes: &'a Attributes,
    pub(super) rules: &'a [Rule],
    /// What is told of blocking rules that are not there.
    pub(super) rule_notes: &'a [Note],
    pub(super) comparisons: &'a [Comparison],
    pub(super) comparison_notes: &'a [Note],
    /// What is told of the model as a whole.
    pub(super) notes: &'a [Note],
    /// Splink's prior, where all of what it learned is taken over.
    pub(super) trained: Option<f64>,
}

/// Longest piece of SQL in a comment: enough to find it in Splink's file.
const LONGEST_SQL: usize = 160;

/// The file.
pub(super) fn model_file(model: &Model<'_>) -> String {
    let mut out = String::from(
        "# A model of Splink, read by `nayose import-model`. What has no counterpart is a comment at its place.\n\
         #\n\
         # Splink compares texts as they stand. So do these attributes, with width and case folded. For Japanese names, addresses\n\
         # and phones the built-in attributes know more: variants, readings, spellings. Splink knows no households: set\n\
         # `shared_by_household: true` at comparisons in which people of one household agree, such as an address.\n\
         #\n\
         # In pipeline.yaml, with names and files of your own:\n\
         #\n",
    );
    pipeline(model, &mut out);
    for note in model.notes {
        say(note, 0, &mut out);
    }
    out.push_str("\nblocking:");
    if model.rules.is_empty() {
        out.push_str(" []");
    }
    out.push('\n');
    model.rules.iter().for_each(|rule| rule_lines(rule, &mut out));
    model.rule_notes.iter().for_each(|note| say(note, 2, &mut out));
    out.push_str("\ncomparisons:");
    if model.comparisons.is_empty() {
        out.push_str(" []");
    }
    out.push('\n');
    for (i, comparison) in model.comparisons.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        comparison_lines(comparison, &mut out);
    }
    model.comparison_notes.iter().for_each(|note| say(note, 2, &mut out));
    if let Some(prior) = model.trained {
        trained(model.comparisons, prior, &mut out);
    }
    out
}

/// A note as a comment.
fn say(note: &Note, indent: usize, out: &mut String) {
    let blank = " ".repeat(indent);
    let kind = match note.kind {
        NoteKind::LeftOut => "Left out",
        NoteKind::Changed => "Changed",
        NoteKind::Told => "Note",
    };
    out.push_str(&format!("{blank}# {kind}: {}: {}\n", comment(&note.place), comment(&note.text)));
    if let Some(sql) = &note.sql {
        let sql = comment(sql);
        let short: String = sql.chars().take(LONGEST_SQL).collect();
        let more = if short.len() < sql.len() { " …" } else { "" };
        out.push_str(&format!("{blank}#   Splink: {short}{more}\n"));
    }
}

/// What belongs into the pipeline file, as comments.
fn pipeline(model: &Model<'_>, out: &mut String) {
    let mut line = |text: &str| out.push_str(&format!("#     {text}\n"));
    let declared: Vec<&Attribute> = model.attributes.all.iter().filter(|a| !a.is_built_in).collect();
    if !declared.is_empty() {
        line("attributes:");
        for attribute in declared {
            let kind = if attribute.is_date { "date" } else { "text" };
            line(&format!("  {}: {{ type: {kind} }}", scalar(&attribute.name)));
        }
    }
    line("sources:");
    line("  - name: people");
    line("    channel: people");
    line("    holds: people");
    line("    files: people.csv");
    line("    format: csv");
    line(&format!("    record_id: {}", scalar(&model.settings.unique_id)));
    if !model.attributes.all.is_empty() {
        line("    columns:");
        for attribute in &model.attributes.all {
            let value = match &attribute.sql {
                Some(sql) => format!("{{ expression: {} }}", scalar(sql)),
                None => scalar(&attribute.column),
            };
            line(&format!("      {}: {value}", scalar(&attribute.name)));
        }
    }
    out.push_str("#\n");
    out.push_str(&comment(&format!(
        "# Splink tells its input tables apart by {}: each is a source here, with a channel of its own.",
        model.settings.source_dataset
    )));
    out.push('\n');
}

fn rule_lines(rule: &Rule, out: &mut String) {
    rule.notes.iter().for_each(|note| say(note, 2, out));
    let key = |(feature, prefix): &(String, Option<usize>)| match prefix {
        Some(length) => format!("{{ feature: {}, prefix: {length} }}", scalar(feature)),
        None => scalar(feature),
    };
    let keys: Vec<String> = rule.keys.iter().map(key).collect();
    out.push_str(&format!("  - {{ name: {}, keys: [{}] }}\n", scalar(&rule.name), keys.join(", ")));
}

fn comparison_lines(comparison: &Comparison, out: &mut String) {
    comparison.notes.iter().for_each(|note| say(note, 2, out));
    let name = scalar(&comparison.name);
    out.push_str(&format!("  - name: {name}\n    label: {{ ja: {name}, en: {name} }}\n    levels:\n"));
    comparison.levels.iter().for_each(|level| level_lines(level, out));
}

fn level_lines(level: &Level, out: &mut String) {
    level.notes.iter().for_each(|note| say(note, 6, out));
    out.push_str(&format!("      - name: {}\n", scalar(&level.name)));
    out.push_str(&format!("        label: {{ ja: {}, en: {} }}\n", scalar(&level.ja), scalar(&level.en)));
    let fields = level.condition.as_ref().map(fields).unwrap_or_default();
    let tf = level.tf.as_ref().map(|feature| format!("tf: {}", scalar(feature)));
    fields.iter().chain(&tf).for_each(|field| out.push_str(&format!("        {field}\n")));
}

/// A condition as fields of a level: all that are there must hold.
fn fields(condition: &Condition) -> Vec<String> {
    let parts = match condition {
        Condition::All(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    let (mut same, mut absent, mut out, mut more) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut has_swapped, mut has_similar) = (false, false);
    for part in parts {
        match part {
            Condition::Same(feature) => same.push(feature),
            Condition::Absent(feature) => absent.push(feature),
            Condition::Swapped(a, b) if !std::mem::replace(&mut has_swapped, true) => {
                out.push(format!("swapped: {}", list(&[a, b])));
            }
            Condition::Similar { feature, measure } if !std::mem::replace(&mut has_similar, true) => {
                let (by, bound) = match measure {
                    Measure::JaroWinkler(least) => ("jaro_winkler", format!("at_least: {}", number(*least))),
                    Measure::Levenshtein(most) => ("levenshtein", format!("at_most: {most}")),
                    Measure::DamerauLevenshtein(most) => ("damerau_levenshtein", format!("at_most: {most}")),
                };
                out.push(format!("similar: {{ feature: {}, by: {by}, {bound} }}", scalar(feature)));
            }
            part => more.push(part.clone()),
        }
    }
    if !absent.is_empty() {
        out.insert(0, format!("absent: {}", list(&absent)));
    }
    if !same.is_empty() {
        out.insert(0, format!("same: {}", list(&same)));
    }
    let braced = |condition: &Condition| format!("{{ {} }}", fields(condition).join(", "));
    match more.as_slice() {
        [] => {}
        [Condition::Any(parts)] => {
            out.push(format!("any: [{}]", parts.iter().map(braced).collect::<Vec<_>>().join(", ")))
        }
        // A level has one field of each kind: a second similarity stands in a list of one alternative.
        several => out.push(format!("any: [{}]", braced(&Condition::All(several.to_vec())))),
    }
    out
}

/// A number that every parser of YAML reads as one, in twelve digits: readers of JSON differ in the last two of a share.
fn number(value: f64) -> String {
    let value: f64 = format!("{value:.11e}").parse().unwrap_or(value);
    let text = format!("{value:?}");
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => text,
    }
}

/// What stands for the prior of households: the least that a run writes, where nothing is shared by one.
const NO_HOUSEHOLDS: &str = "1.0e-15";

fn trained(comparisons: &[Comparison], prior: f64, out: &mut String) {
    out.push_str(
        "\n# m and u are Splink's: both are of pairs in which both records have a value, and u is of random pairs. Without this section\n\
         # every run learns them from its own data. The class of households says nothing here: it has the u of unrelated records.\n\
         trained:\n  learned_from: splink\n",
    );
    out.push_str(&format!("  prior: {{ person: {}, household: {NO_HOUSEHOLDS} }}\n  probabilities:\n", number(prior)));
    for comparison in comparisons {
        out.push_str(&format!("    {}:\n", scalar(&comparison.name)));
        let learned = comparison.learned.iter().flatten();
        for (level, [m, u]) in comparison.levels.iter().zip(learned) {
            let [m, u] = [m, u].map(|p| number(*p));
            out.push_str(&format!("      {}: {{ m: {m}, household: {u}, u: {u} }}\n", scalar(&level.name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similar(feature: &str) -> Condition {
        Condition::Similar { feature: feature.to_owned(), measure: Measure::JaroWinkler(1.0) }
    }

    #[test]
    fn a_level_has_each_field_once() {
        let same = |f: &str| Condition::Same(f.to_owned());
        let check = |condition: Condition, expected: &str| assert_eq!(fields(&condition).join(" | "), expected);
        check(Condition::All(vec![same("a"), same("b")]), "same: [a, b]");
        check(
            Condition::All(vec![similar("a"), same("b")]),
            "same: [b] | similar: { feature: a, by: jaro_winkler, at_least: 1.0 }",
        );
        check(
            Condition::All(vec![similar("a"), similar("b"), Condition::Any(vec![same("c"), same("d")])]),
            "similar: { feature: a, by: jaro_winkler, at_least: 1.0 } | any: [{ similar: { feature: b, by: jaro_winkler, at_least: 1.0 }, any: [{ same: [c] }, { same: [d] }] }]",
        );
        check(Condition::Any(vec![same("a"), Condition::Absent("b".into())]), "any: [{ same: [a] }, { absent: [b] }]");
    }

    #[test]
    fn numbers_are_numbers_of_yaml() {
        assert_eq!([1e-24, 1.5e-7, 1.0, 0.92].map(number), ["1.0e-24", "1.5e-7", "1.0", "0.92"]);
        assert_eq!(number(0.028117237953303526), number(0.02811723795330353));
    }
}
