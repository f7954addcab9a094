//! The meaning of a pipeline file: names that are declared, columns that fit together, files that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::decisions::{self, Decision};
use super::file::{FieldSurvivorshipFile, Holds, JAPAN, PipelineFile, SourceFile, SurvivorshipRuleFile};
use super::keep::KeepFile;
use super::problem::{Problems, did_you_mean};
use super::segments::Segment;
use super::tree::{Placed, Step, line_of};
use super::{
    Digests, GuardsFile, MOST_CHANNELS, Overrides, Pipeline, Rows, Source, SqlFile, Zone, check_model, check_source,
    check_thresholds, queries, renames, segments, shape, zone,
};
use crate::error::{Error, Result};
use crate::store::Location;
use nayose_japanese::identifier::CheckDigit;
use nayose_matching::model::Label;
use nayose_matching::record::attribute::{Attribute, AttributeType, PERSON_ATTRIBUTES, REFERENCES};

/// A YAML document: its text, its places, its mirror.
pub(super) struct Document<T> {
    pub(super) tree: Placed,
    pub(super) file: T,
}

/// Reads a YAML file and checks its shape. `None` where a problem was added.
pub(super) fn document<T: DeserializeOwned>(
    path: &Path,
    schema: &Value,
    problems: &mut Problems,
) -> Result<Option<Document<T>>> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::usage(format!("cannot read {}: {e}", path.display()))
            .hint("check the path of the pipeline file and of its `model`")
    })?;
    Ok(document_of(&text, schema, problems))
}

/// Checks the shape of a YAML text. `None` where a problem was added.
pub(super) fn document_of<T: DeserializeOwned>(
    text: &str,
    schema: &Value,
    problems: &mut Problems,
) -> Option<Document<T>> {
    let tree: Placed = match serde_saphyr::from_str(text) {
        Ok(tree) => tree,
        Err(e) => {
            let line = e.location().map_or(0, |l| l.line());
            let message = e.to_string();
            let why = message.lines().next().unwrap_or_default();
            let hint = match why.contains("duplicate") {
                true => "write each key once",
                false => "check indents, quotes and brackets there and in the line before",
            };
            problems.add(line, format!("not readable as YAML: {why}"), hint);
            return None;
        }
    };
    let before = problems.all().len();
    shape::check(&tree, schema, problems);
    if problems.all().len() > before {
        return None;
    }
    match serde_saphyr::from_str(text) {
        Ok(file) => Some(Document { tree, file }),
        Err(e) => {
            let line = e.location().map_or(0, |l| l.line());
            let message = e.to_string();
            // What the parser says of values that may have several shapes names our types.
            let why = match message.lines().next() {
                Some(why) if !why.contains("untagged") && !why.contains("variant") => why,
                _ => "a value has another shape than any that may stand there",
            };
            problems.add(line, why.to_string(), "docs/sources.md and `nayose schema` show what may stand there");
            None
        }
    }
}

/// Checks the pipeline file and the model file beside it. `None` where a problem was added.
pub(super) fn pipeline(path: &Path, overrides: &Overrides, problems: &mut Problems) -> Result<Option<Pipeline>> {
    problems.in_file(path.display().to_string());
    let schema = schemars::schema_for!(PipelineFile).to_value();
    let document: Option<Document<PipelineFile>> = document(path, &schema, problems)?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
    let model_path = folder.join(document.as_ref().and_then(|d| d.file.model.as_deref()).unwrap_or("model.yaml"));
    let attributes: Option<Vec<Attribute>> = document.as_ref().map(|d| check_attributes(d, problems));
    let sources = document.as_ref().map(|d| check_sources(d, problems));
    let zone = document.as_ref().map_or_else(Zone::japan, |d| check_zone(d, problems));
    let (renames, source_renames) = document.as_ref().map(|d| renames::check(d, problems)).unwrap_or_default();
    if let Some(d) = &document {
        check_survivorship(d, problems);
        check_numbers(d, problems);
    }
    let is_named = document.as_ref().is_some_and(|d| d.file.model.is_some());
    let model = match (&attributes, &sources) {
        _ if is_named || model_path.exists() => check_model::model(&model_path, attributes.as_deref(), problems)?,
        // A pipeline that names no model has the one that is built in, for the attributes that it has.
        (Some(attributes), Some(sources)) => {
            check_model::model_of("the built-in model", &built_in_model(sources, attributes), attributes, problems)
        }
        _ => None,
    };
    let decision_lines = match document.as_ref().and_then(|d| d.file.decisions.as_ref()) {
        Some(file) => decisions::read(&folder.join(file), (&zone, &renames), problems)?,
        None => Vec::new(),
    };
    let decisions = decisions::that_count(&decision_lines);
    let (Some(document), Some(attributes), Some(sources), Some((model, model_file))) =
        (document, attributes, sources, model)
    else {
        return Ok(None);
    };
    let Document { tree, file } = document;
    let here = std::env::current_dir()?;
    let input = match &overrides.input {
        Some(typed) => Location::parse(typed, &here)?,
        None => Location::parse(&file.input, &folder)?,
    };
    let lake = match (&overrides.lake, &file.lake) {
        (Some(typed), _) => Location::parse(typed, &here)?,
        (None, Some(typed)) => Location::parse(typed, &folder)?,
        (None, None) => Location::parse("lake", &here)?,
    };
    let marts = queries::read(path, "marts", file.marts.as_ref(), &tree, problems)?;
    let checks = queries::read(path, "checks", file.checks.as_ref(), &tree, problems)?;
    for mart in marts.iter().filter(|mart| REFERENCES.iter().any(|table| table.name == mart.name)) {
        problems.add(
            line_of(&tree, &[key("marts")]),
            format!("the mart {}.sql has the name of a table that sources fill", mart.name),
            "give the file another name: the table is there for marts to read",
        );
    }
    let segments = segments::read(path, file.segments.as_ref(), &tree, (&marts, &sources), problems)?;
    let digest = digest(&file, &model.digest, &decisions, (&marts, &checks, &segments))?;
    let parts = Digests {
        // The usual zone is left out: a pipeline that names none is the one that it was.
        reading: match zone.name() {
            JAPAN => digest_of(&(&file.sources, &file.attributes))?,
            other => digest_of(&(&file.sources, &file.attributes, other))?,
        },
        limits: digest_of(&file.limits)?,
        thresholds: digest_of(&file.thresholds)?,
    };
    Ok(Some(Pipeline {
        name: file.name,
        folder,
        input,
        lake,
        attributes,
        sources,
        survivorship: file.survivorship.into(),
        thresholds: check_thresholds::settled(&tree, &file.thresholds),
        train: file.train,
        limits: file.limits,
        guards: file.guards,
        profile: file.profile,
        keep: file.keep,
        parameters: file.parameters,
        decisions,
        four_eyes: file.four_eyes,
        zone,
        was: file.was.iter().flat_map(|was| was.to_vec()).collect(),
        renames,
        source_renames,
        decision_lines,
        decisions_file: file.decisions,
        model: Arc::new(model),
        model_file,
        marts,
        checks,
        segments,
        digest,
        parts,
    }))
}

pub(super) fn key(name: &str) -> Step {
    Step::Key(name.to_string())
}

fn check_attributes(d: &Document<PipelineFile>, problems: &mut Problems) -> Vec<Attribute> {
    for name in d.file.attributes.keys() {
        let path = [key("attributes"), key(name)];
        if PERSON_ATTRIBUTES.contains(&name.as_str()) {
            problems.add(
                line_of(&d.tree, &path),
                format!("attribute {name:?} is built in"),
                "give it another name, or leave it out",
            );
        }
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            problems.add(
                line_of(&d.tree, &path),
                format!("attribute {name:?} is no plain name"),
                "use letters, digits and _",
            );
        }
    }
    d.file
        .attributes
        .iter()
        .map(|(name, a)| Attribute {
            name: name.clone(),
            kind: a.kind.into(),
            check: a.check.into(),
            case_sensitive: a.case_sensitive,
            label: match &a.label {
                Some(label) => label.into(),
                None => Label { ja: name.clone(), en: name.clone() },
            },
        })
        .collect()
}

fn check_sources(d: &Document<PipelineFile>, problems: &mut Problems) -> Vec<Source> {
    let mut names = BTreeSet::new();
    if !d.file.sources.iter().any(|s| s.holds == Holds::People) {
        problems.add(
            line_of(&d.tree, &[key("sources")]),
            "no source holds people",
            "set `holds: people` where a row is a customer",
        );
    }
    let people = d.file.sources.iter().filter(|s| s.holds == Holds::People);
    let channels: BTreeSet<&str> = people.map(|s| s.channel.as_str()).collect();
    if channels.len() > MOST_CHANNELS {
        problems.add(
            line_of(&d.tree, &[key("sources")]),
            format!("people come from {} channels, more than {MOST_CHANNELS}", channels.len()),
            "give sources of one system the same `channel`, such as all shops that share a till system",
        );
    }
    for (i, s) in d.file.sources.iter().enumerate() {
        let is_same = |other: &SourceFile| s.table.is_some() && other.table == s.table && other.files == s.files;
        if let Some(table) = s.table.filter(|_| d.file.sources[..i].iter().any(is_same)) {
            problems.add(
                line_of(&d.tree, &[key("sources"), Step::Index(i), key("files")]),
                format!("files of source {:?} are mapped twice to {}", s.name, table.reference().name),
                "leave one of the sources out: each would replace the rows of the other",
            );
        }
    }
    d.file
        .sources
        .iter()
        .enumerate()
        .map(|(i, s)| {
            if !names.insert(s.name.clone()) {
                problems.add(
                    line_of(&d.tree, &[key("sources"), Step::Index(i), key("name")]),
                    format!("source {:?} is there twice", s.name),
                    "give each source a name of its own",
                );
            }
            check_source::source(d, i, s, problems)
        })
        .collect()
}

fn check_zone(d: &Document<PipelineFile>, problems: &mut Problems) -> Zone {
    let name = &d.file.time_zone;
    if let Some(remedy) = zone::remedy(name) {
        problems.add(line_of(&d.tree, &[key("time_zone")]), format!("{name:?} is no time zone"), remedy);
    }
    Zone::named(name).unwrap_or_else(Zone::japan)
}

fn check_survivorship(d: &Document<PipelineFile>, problems: &mut Problems) {
    let channels: BTreeSet<&str> = d.file.channels_of_sources();
    let s = &d.file.survivorship;
    let fields: [(&str, &FieldSurvivorshipFile); 5] =
        [("name", &s.name), ("kana", &s.kana), ("birth_date", &s.birth_date), ("sex", &s.sex), ("address", &s.address)];
    for (name, field) in fields {
        let line = line_of(&d.tree, &[key("survivorship"), key(name), key("priority")]);
        for channel in field.priority.iter().filter(|c| !channels.contains(c.as_str())) {
            let hint = did_you_mean(channel, channels.iter().copied())
                .unwrap_or_else(|| format!("channels: {}", channels.iter().copied().collect::<Vec<_>>().join(", ")));
            problems.add(line, format!("no source has the channel {channel:?}"), hint);
        }
        if (field.rule == SurvivorshipRuleFile::SourcePriority) == field.priority.is_empty() {
            let hint = "list the channels in `priority`, the best first";
            problems.add(line, format!("survivorship of {name}: `priority` goes with `rule: source_priority`"), hint);
        }
    }
}

fn check_numbers(d: &Document<PipelineFile>, problems: &mut Problems) {
    check_thresholds::check(d, problems);
    if let Some((what, hint)) = d.file.train.problem() {
        problems.add(line_of(&d.tree, &[key("train")]), what, hint);
    }
    let limits = &d.file.limits;
    for (name, share) in [("reject_share", limits.reject_share), ("unusable_share", limits.unusable_share)] {
        if !(0.0..=1.0).contains(&share) {
            let line = line_of(&d.tree, &[key("limits"), key(name)]);
            problems.add(line, format!("{name} is not between 0 and 1"), "it is a share: 0.05 is five in a hundred");
        }
    }
    if limits.block_size < 2 {
        problems.add(
            line_of(&d.tree, &[key("limits"), key("block_size")]),
            format!("block_size is {}, so that no two records would be compared", limits.block_size),
            "give the records that may share a key: 1000 is usual",
        );
    }
    for (channel, _) in limits.records_per_person.iter().filter(|(_, most)| **most == 0) {
        problems.add(
            line_of(&d.tree, &[key("limits"), key("records_per_person"), key(channel)]),
            format!("records_per_person of {channel:?} is 0, so that nobody could have a record there"),
            "write 1 where the channel has each person once, or leave the channel out",
        );
    }
    for (name, share) in d.file.guards.shares() {
        if share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            let line = line_of(&d.tree, &[key("guards"), key(name)]);
            let hint = "it is a share: 0.05 is five in a hundred; null switches the guard off";
            problems.add(line, format!("{name} is not between 0 and 1"), hint);
        }
    }
    let channels: BTreeSet<&str> = d.file.channels_of_sources();
    for channel in d.file.limits.records_per_person.keys().filter(|c| !channels.contains(c.as_str())) {
        problems.add(
            line_of(&d.tree, &[key("limits"), key("records_per_person"), key(channel)]),
            format!("records_per_person names the channel {channel:?}, which no source has"),
            did_you_mean(channel, channels.iter().copied())
                .unwrap_or_else(|| format!("channels: {}", channels.iter().copied().collect::<Vec<_>>().join(", "))),
        );
    }
    for name in
        d.file.parameters.keys().filter(|n| n.is_empty() || !n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    {
        problems.add(
            line_of(&d.tree, &[key("parameters"), key(name)]),
            format!("parameter {name:?} is no plain name"),
            "use letters, digits and _",
        );
    }
}

/// The text of the model file for the attributes that sources of people have.
pub(super) fn built_in_model(sources: &[Source], attributes: &[Attribute]) -> String {
    let mapped: BTreeSet<&str> = sources
        .iter()
        .filter(|source| matches!(source.holds, Rows::People { .. }))
        .flat_map(|source| source.columns.keys().map(String::as_str))
        .collect();
    let of = |name: &str| {
        let declared = attributes.iter().find(|a| a.name == name);
        nayose_draft::ModelAttribute {
            name: name.to_string(),
            kind: match declared.map(|a| (a.kind, a.check)) {
                None => "built_in",
                Some((AttributeType::Identifier, CheckDigit::None)) => "identifier",
                Some((AttributeType::Identifier, CheckDigit::Luhn)) => "identifier:luhn",
                Some((AttributeType::Identifier, CheckDigit::Jan)) => "identifier:jan",
                Some((AttributeType::Text, _)) => "text",
                Some((AttributeType::Date, _)) => "date",
            }
            .to_string(),
            label: declared.map(|a| (a.label.ja.clone(), a.label.en.clone())),
        }
    };
    nayose_draft::model_yaml(&mapped.into_iter().map(of).collect::<Vec<_>>())
}

/// What a part of the configuration says, as JSON in the order of its fields: the text of its digest.
fn json_of(part: &impl Serialize) -> Result<String> {
    serde_json::to_string(part).map_err(|e| Error::bug(format!("the configuration has no digest: {e}")))
}

/// The digest of a part of the configuration.
fn digest_of(part: &impl Serialize) -> Result<String> {
    Ok(blake3::hash(json_of(part)?.as_bytes()).to_hex()[..32].to_string())
}

fn digest(
    file: &PipelineFile,
    model: &str,
    decisions: &[Decision],
    (marts, checks, segments): (&[SqlFile], &[SqlFile], &[Segment]),
) -> Result<String> {
    // Where files lie does not decide what comes out, nor what stops a run.
    let mut file = file.clone();
    file.guards = GuardsFile::default();
    file.input.clear();
    file.lake = None;
    // Nor does it what is kept of earlier runs.
    file.keep = KeepFile::default();
    let (typed, decided) = (json_of(&file)?, json_of(&decisions)?);
    let mut parts: BTreeMap<String, &str> =
        BTreeMap::from([("pipeline".to_string(), typed.as_str()), ("model".to_string(), model)]);
    parts.insert("decisions".to_string(), &decided);
    for (kind, list) in [("mart", marts), ("check", checks)] {
        parts.extend(list.iter().map(|q| (format!("{kind} {}", q.name), q.sql.as_str())));
    }
    parts.extend(segments.iter().map(|s| (format!("segment {}", s.name), s.text.as_str())));
    let mut hasher = blake3::Hasher::new();
    for (name, text) in parts {
        for part in [name.as_str(), text] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex()[..32].to_string())
}
