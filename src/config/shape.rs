//! The check of keys and types of a YAML file against the JSON Schema of its serde mirror.
//!
//! serde stops at the first unknown key. A person who edits a file wants all of them at once, each with its line and the
//! key that was probably meant; so the document is walked beside its schema first.

use serde_json::Value;

use super::problem::{Problems, did_you_mean};
use super::tree::{Node, Placed, Step};

/// Adds a problem for every key that `schema` does not know, every key that is missing, every value of the wrong type.
pub fn check(document: &Placed, schema: &Value, problems: &mut Problems) {
    Walk { root: schema, problems }.node(document, schema, &mut Vec::new());
}

struct Walk<'a> {
    root: &'a Value,
    problems: &'a mut Problems,
}

impl Walk<'_> {
    fn node(&mut self, node: &Placed, schema: &Value, path: &mut Vec<Step>) {
        let about = about(schema);
        let alternatives = alternatives(self.root, schema);
        let constants: Vec<&str> = alternatives.iter().flat_map(|s| constants(s)).collect();
        let fitting = alternatives.iter().find(|s| fits(s, &node.value));
        let Some(schema) = fitting else {
            let line = node.referenced.line();
            match &node.value {
                Node::Text(text) if !constants.is_empty() => self.problems.add(
                    line,
                    format!("{} cannot be {text:?}", name_of(path)),
                    did_you_mean(text, constants.iter().copied())
                        .unwrap_or_else(|| format!("one of: {}", constants.join(", "))),
                ),
                other => self.problems.add(
                    line,
                    format!("{} is {} where {} is expected", name_of(path), other.kind(), expected(&alternatives)),
                    written_as(self.root, &alternatives) + &about,
                ),
            }
            return;
        };
        match &node.value {
            Node::Map(entries) => self.map(node, entries, schema, path),
            Node::List(items) => {
                let fixed = schema.get("prefixItems").and_then(Value::as_array);
                for (i, item) in items.iter().enumerate() {
                    let of_item = fixed.and_then(|f| f.get(i)).or_else(|| schema.get("items"));
                    if let Some(of_item) = of_item {
                        path.push(Step::Index(i));
                        self.node(item, of_item, path);
                        path.pop();
                    }
                }
            }
            _ => {}
        }
    }

    fn map(
        &mut self,
        node: &Placed,
        entries: &[(serde_saphyr::Spanned<String>, Placed)],
        schema: &Value,
        path: &mut Vec<Step>,
    ) {
        let mut properties = serde_json::Map::new();
        collect_properties(self.root, schema, &mut properties);
        for (key, value) in entries {
            let of_value = match properties.get(&key.value) {
                Some(known) => Some(known.clone()),
                None => match schema.get("additionalProperties") {
                    Some(Value::Bool(_)) | None => None,
                    Some(any) => Some(any.clone()),
                },
            };
            match of_value {
                Some(of_value) => {
                    path.push(Step::Key(key.value.clone()));
                    self.node(value, &of_value, path);
                    path.pop();
                }
                None => self.problems.add(
                    key.referenced.line(),
                    format!("unknown key {:?}{}", key.value, inside(path)),
                    did_you_mean(&key.value, properties.keys().map(String::as_str)).unwrap_or_else(|| {
                        format!("known keys: {}", properties.keys().cloned().collect::<Vec<_>>().join(", "))
                    }),
                ),
            }
        }
        for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if let Some(required) = required.as_str()
                && !entries.iter().any(|(k, _)| k.value == required)
            {
                self.problems.add(
                    node.referenced.line(),
                    format!("key {required:?} is missing{}", inside(path)),
                    format!("add `{required}: …`"),
                );
            }
        }
    }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).map(|s| resolve(root, s)).unwrap_or(schema),
        None => schema,
    }
}

/// The schemas one of which a value has to fit.
fn alternatives<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolve(root, schema);
    for key in ["anyOf", "oneOf"] {
        if let Some(list) = schema.get(key).and_then(Value::as_array) {
            return list.iter().flat_map(|s| alternatives(root, s)).collect();
        }
    }
    vec![schema]
}

/// The properties of an object, with those of the schemas that it is flattened from.
fn collect_properties(root: &Value, schema: &Value, into: &mut serde_json::Map<String, Value>) {
    let schema = resolve(root, schema);
    if let Some(own) = schema.get("properties").and_then(Value::as_object) {
        into.extend(own.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        collect_properties(root, part, into);
    }
}

fn constants(schema: &Value) -> Vec<&str> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(one), _) => one.as_str().into_iter().collect(),
        (None, Some(many)) => many.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("const").is_some() || schema.get("enum").is_some() => vec!["string"],
        _ => Vec::new(),
    }
}

fn fits(schema: &Value, node: &Node) -> bool {
    let types = types(schema);
    if types.is_empty() {
        return true;
    }
    let ok = types.iter().any(|t| match (*t, node) {
        ("null", Node::Null) | ("boolean", Node::Bool(_)) => true,
        ("number", Node::Number(n) | Node::Whole(n)) => within(schema, "imum", *n),
        ("integer", Node::Whole(n)) => within(schema, "imum", *n),
        ("array", Node::List(items)) => within(schema, "Items", items.len() as f64),
        ("string", Node::Text(_)) | ("object", Node::Map(_)) => true,
        _ => false,
    });
    match node {
        Node::Text(text) => {
            let constants = constants(schema);
            ok && (constants.is_empty() || constants.contains(&text.as_str()))
        }
        _ => ok,
    }
}

/// Whether `n` is within the bounds of a schema: `minimum` and `maximum`, `minItems` and `maxItems`.
fn within(schema: &Value, what: &str, n: f64) -> bool {
    let bound = |end: &str| schema.get(format!("{end}{what}")).and_then(Value::as_f64);
    bound("min").is_none_or(|least| n >= least) && bound("max").is_none_or(|most| n <= most)
}

fn expected(alternatives: &[&Value]) -> String {
    let of = |schema: &&Value, t: &str| {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let name = match t {
            "boolean" => "true or false",
            "number" => "a number",
            "integer" => "a whole number",
            "string" => "a text",
            "array" => "a list",
            "object" => "a mapping",
            other => other,
        };
        match (bound("minimum"), bound("minItems"), bound("maxItems")) {
            (Some(least), ..) => format!("{name} from {least} on"),
            (None, Some(least), Some(most)) if least == most => format!("{name} of {least}"),
            (None, Some(least), _) => format!("{name} of {least} or more"),
            _ => name.to_string(),
        }
    };
    let mut names: Vec<String> = alternatives
        .iter()
        .flat_map(|s| types(s).into_iter().filter(|t| *t != "null").map(move |t| of(s, t)))
        .collect();
    names.dedup();
    names.join(" or ")
}

/// How a value that is expected is written.
fn written_as(root: &Value, alternatives: &[&Value]) -> String {
    let is_number = |schema: &Value| types(schema).iter().any(|t| matches!(*t, "number" | "integer"));
    let of = |schema: &Value, t: &str| match t {
        "boolean" => Some("true or false"),
        "integer" => Some("12, without quotes and without a point"),
        "number" => Some("12, without quotes"),
        "string" => Some("\"12\""),
        "array" => Some("[a, b]"),
        "object" => match schema.get("additionalProperties") {
            Some(of_any) if is_number(resolve(root, of_any)) => Some("{ name: 1 }"),
            _ => Some("{ key: value }"),
        },
        _ => None,
    };
    let mut ways: Vec<&str> = alternatives.iter().flat_map(|s| types(s).into_iter().filter_map(|t| of(s, t))).collect();
    ways.dedup();
    format!("write it like {}", ways.join(" or "))
}

/// What a key is for, by the first sentence of its description.
fn about(schema: &Value) -> String {
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let sentence = description.split(". ").next().unwrap_or_default().trim_end_matches('.').replace('\n', " ");
    if sentence.is_empty() { String::new() } else { format!(" ({sentence})") }
}

/// The path as people write it: `sources[2].columns.phone`.
pub fn name_of(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(i) => text.push_str(&format!("[{i}]")),
        }
    }
    if text.is_empty() { "the document".into() } else { text }
}

fn inside(path: &[Step]) -> String {
    if path.is_empty() { String::new() } else { format!(" in {}", name_of(path)) }
}
