//! The meaning of a pipeline file: names that are declared, columns that fit together, files that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::decisions::{self, Decision};
use super::file::{FieldSurvivorship, Holds, PipelineFile, SourceFile, SurvivorshipRule};
use super::problem::{Problems, did_you_mean};
use super::tree::{Node, Placed, Step, line_of};
use super::{
    Attribute, EVENT_ATTRIBUTES, Overrides, PERSON_ATTRIBUTES, Pipeline, Rows, Source, SqlFile, check_consent,
    check_model, shape,
};
use crate::error::{Error, Result};
use crate::model::Label;
use crate::store::Location;

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
            problems.add(line, format!("not readable as YAML: {}", message.lines().next().unwrap_or_default()), "");
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
            problems.add(line, e.to_string().lines().next().unwrap_or_default().to_string(), "");
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
    let model_path = match &document {
        Some(d) => folder.join(&d.file.model),
        None => folder.join("model.yaml"),
    };
    let attributes: Option<Vec<Attribute>> = document.as_ref().map(|d| check_attributes(d, problems));
    let sources = document.as_ref().map(|d| check_sources(d, problems));
    if let Some(d) = &document {
        check_survivorship(d, problems);
        check_numbers(d, problems);
    }
    let model = if model_path.exists() || document.is_some() {
        check_model::model(&model_path, attributes.as_deref(), problems)?
    } else {
        None
    };
    let decisions = match document.as_ref().and_then(|d| d.file.decisions.as_ref()) {
        Some(file) => decisions::read(&folder.join(file), problems)?,
        None => Vec::new(),
    };
    let (Some(document), Some(attributes), Some(sources), Some((model, model_file))) =
        (document, attributes, sources, model)
    else {
        return Ok(None);
    };
    let file = document.file;
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
    let marts = queries(&folder, file.marts.as_deref())?;
    let checks = queries(&folder, file.checks.as_deref())?;
    let digest = digest(&file, &model.digest, &decisions, &marts, &checks)?;
    Ok(Some(Pipeline {
        name: file.name,
        folder,
        input,
        lake,
        attributes,
        sources,
        survivorship: file.survivorship,
        thresholds: file.thresholds,
        limits: file.limits,
        parameters: file.parameters,
        decisions,
        model: Arc::new(model),
        model_file,
        marts,
        checks,
        digest,
    }))
}

fn key(name: &str) -> Step {
    Step::Key(name.to_string())
}

fn check_attributes(d: &Document<PipelineFile>, problems: &mut Problems) -> Vec<Attribute> {
    for name in d.file.attributes.keys() {
        let path = [key("attributes"), key(name)];
        if PERSON_ATTRIBUTES.contains(&name.as_str()) || EVENT_ATTRIBUTES.contains(&name.as_str()) {
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
            kind: a.kind,
            check: a.check,
            label: match &a.label {
                Some(label) => Label { ja: label.ja.clone(), en: label.en.clone() },
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
    d.file
        .sources
        .iter()
        .enumerate()
        .map(|(i, s)| {
            if !names.insert(s.name.clone()) {
                problems.add(
                    line_of(&d.tree, &[key("sources"), Step::Index(i), key("name")]),
                    format!("source {:?} is there twice", s.name),
                    "",
                );
            }
            check_source(d, i, s, problems)
        })
        .collect()
}

/// The line of a node of a source.
fn source_line(d: &Document<PipelineFile>, i: usize, path: &[&str]) -> u64 {
    let below = path.iter().map(|k| key(k));
    line_of(&d.tree, &[key("sources"), Step::Index(i)].into_iter().chain(below).collect::<Vec<_>>())
}

fn check_source(d: &Document<PipelineFile>, i: usize, s: &SourceFile, problems: &mut Problems) -> Source {
    let at = |k: &str| source_line(d, i, &[k]);
    let known: Vec<&str> = match s.holds {
        Holds::People => {
            PERSON_ATTRIBUTES.iter().copied().chain(d.file.attributes.keys().map(String::as_str)).collect()
        }
        Holds::Events => EVENT_ATTRIBUTES.to_vec(),
    };
    for name in s.columns.keys().filter(|n| !known.contains(&n.as_str())) {
        let line = line_of(&d.tree, &[key("sources"), Step::Index(i), key("columns"), key(name)]);
        let hint = did_you_mean(name, known.iter().copied())
            .unwrap_or_else(|| format!("known: {}; declare others under `attributes`", known.join(", ")));
        problems.add(line, format!("unknown attribute {name:?} in source {:?}", s.name), hint);
    }
    for (a, b) in [("name", "family_name"), ("kana", "family_kana")] {
        if s.columns.contains_key(a) && s.columns.contains_key(b) {
            problems.add(
                at("columns"),
                format!("source {:?} has both {a} and {b}", s.name),
                "map the whole or the parts, not both",
            );
        }
    }
    let holds = match s.holds {
        Holds::People => {
            for (k, given) in [
                ("event_id", s.event_id.is_some()),
                ("occurred_at", s.occurred_at.is_some()),
                ("event_type", s.event_type.is_some()),
            ] {
                if given {
                    problems.add(
                        at(k),
                        format!("{k} in source {:?}, which holds people", s.name),
                        "it belongs to sources that hold events",
                    );
                }
            }
            if s.columns.is_empty() && s.consent.is_empty() {
                problems.add(at("name"), format!("source {:?} maps no columns", s.name), "add `columns`");
            }
            Rows::People { updated_at: s.updated_at.clone(), registered_at: s.registered_at.clone() }
        }
        Holds::Events => {
            for (k, given) in [("updated_at", s.updated_at.is_some()), ("registered_at", s.registered_at.is_some())] {
                if given {
                    problems.add(
                        at(k),
                        format!("{k} in source {:?}, which holds events", s.name),
                        "it belongs to sources that hold people",
                    );
                }
            }
            for (k, given) in [("event_id", s.event_id.is_some()), ("event_type", s.event_type.is_some())] {
                if !given {
                    problems.add(at("name"), format!("source {:?} holds events and has no {k}", s.name), "");
                }
            }
            Rows::Events {
                event_id: s.event_id.as_ref().map(|e| e.to_vec()).unwrap_or_default(),
                occurred_at: s.occurred_at.clone(),
                event_type: s.event_type.clone().unwrap_or_default(),
            }
        }
    };
    if let Err(e) = globset::Glob::new(&s.files) {
        problems.add(
            at("files"),
            format!("{:?} is not a glob: {}", s.files, e.kind()),
            "use *, ? and [ab]; ** for any folder",
        );
    }
    Source {
        name: s.name.clone(),
        channel: s.channel.clone(),
        holds,
        files: s.files.clone(),
        format: s.format,
        encoding: s.encoding,
        record_id: s.record_id.to_vec(),
        columns: s.columns.iter().map(|(k, v)| (k.clone(), v.to_vec())).collect(),
        consent: check_consent::columns(s, |path| source_line(d, i, path), problems),
        may_be_empty: s.may_be_empty,
    }
}

fn check_survivorship(d: &Document<PipelineFile>, problems: &mut Problems) {
    let channels: BTreeSet<&str> = d.file.sources.iter().map(|s| s.channel.as_str()).collect();
    let s = &d.file.survivorship;
    let fields: [(&str, &FieldSurvivorship); 5] =
        [("name", &s.name), ("kana", &s.kana), ("birth_date", &s.birth_date), ("sex", &s.sex), ("address", &s.address)];
    for (name, field) in fields {
        let line = line_of(&d.tree, &[key("survivorship"), key(name), key("priority")]);
        for channel in field.priority.iter().filter(|c| !channels.contains(c.as_str())) {
            let hint = did_you_mean(channel, channels.iter().copied())
                .unwrap_or_else(|| format!("channels: {}", channels.iter().copied().collect::<Vec<_>>().join(", ")));
            problems.add(line, format!("no source has the channel {channel:?}"), hint);
        }
        if (field.rule == SurvivorshipRule::SourcePriority) == field.priority.is_empty() {
            problems.add(line, format!("survivorship of {name}: `priority` goes with `rule: source_priority`"), "");
        }
    }
}

fn check_numbers(d: &Document<PipelineFile>, problems: &mut Problems) {
    let t = &d.file.thresholds;
    let line = line_of(&d.tree, &[key("thresholds")]);
    for (name, value) in [("auto", t.auto), ("review", t.review)] {
        if !(0.0..=1.0).contains(&value) {
            problems.add(
                line,
                format!("threshold {name} is {value}, but it is a probability"),
                "use a number from 0 to 1",
            );
        }
    }
    if t.review > t.auto {
        problems.add(
            line,
            format!("threshold review ({}) is above auto ({})", t.review, t.auto),
            "review is the lower one",
        );
    }
    if !(0.0..=1.0).contains(&d.file.limits.reject_share) {
        problems.add(
            line_of(&d.tree, &[key("limits"), key("reject_share")]),
            "reject_share is not between 0 and 1",
            "",
        );
    }
    let channels: BTreeSet<&str> = d.file.sources.iter().map(|s| s.channel.as_str()).collect();
    for channel in d.file.limits.records_per_person.keys().filter(|c| !channels.contains(c.as_str())) {
        problems.add(
            line_of(&d.tree, &[key("limits"), key("records_per_person"), key(channel)]),
            format!("records_per_person names the channel {channel:?}, which no source has"),
            did_you_mean(channel, channels.iter().copied()).unwrap_or_default(),
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
    if let Node::Map(entries) = &d.tree.value {
        for (k, folder) in entries.iter().filter(|(k, _)| matches!(k.value.as_str(), "marts" | "checks")) {
            if let Node::Text(name) = &folder.value
                && name.is_empty()
            {
                problems.add(
                    k.referenced.line(),
                    format!("{} is empty", k.value),
                    "leave the key out, or name a folder",
                );
            }
        }
    }
}

fn queries(folder: &Path, below: Option<&str>) -> Result<Vec<SqlFile>> {
    let Some(below) = below else { return Ok(Vec::new()) };
    let folder = folder.join(below);
    let unreadable = |e: std::io::Error| {
        Error::config(format!("cannot read {}: {e}", folder.display()))
            .hint("check `marts` and `checks` in the pipeline file")
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "sql")
            && let Some(name) = path.file_stem().and_then(|n| n.to_str())
        {
            found.push(SqlFile { name: name.to_string(), sql: std::fs::read_to_string(&path).map_err(unreadable)? });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn digest(
    file: &PipelineFile,
    model: &str,
    decisions: &[Decision],
    marts: &[SqlFile],
    checks: &[SqlFile],
) -> Result<String> {
    // Where files lie does not decide what comes out.
    let mut file = file.clone();
    file.input.clear();
    file.lake = None;
    let typed =
        serde_json::to_string(&file).map_err(|e| Error::bug(format!("the configuration has no digest: {e}")))?;
    let mut parts: BTreeMap<String, &str> =
        BTreeMap::from([("pipeline".to_string(), typed.as_str()), ("model".to_string(), model)]);
    let decided = format!("{decisions:?}");
    parts.insert("decisions".to_string(), &decided);
    for (kind, list) in [("mart", marts), ("check", checks)] {
        parts.extend(list.iter().map(|q| (format!("{kind} {}", q.name), q.sql.as_str())));
    }
    let mut hasher = blake3::Hasher::new();
    for (name, text) in parts {
        for part in [name.as_str(), text] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex()[..32].to_string())
}
