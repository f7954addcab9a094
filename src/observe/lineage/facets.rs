//! Facets with their envelope: producer, and the schema in the version that is written here.

use serde_json::{Map, Value, json};

use crate::console::version;
use crate::tables::contract::{AMOUNT_DIGITS, AMOUNT_SCALE, Column, Type};

/// Who made an event or a facet, as a package URL.
pub(super) fn producer() -> String {
    format!("pkg:cargo/{}@{}", env!("CARGO_PKG_NAME"), version::VERSION)
}

/// The schema of run events.
pub(super) const RUN_EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";

/// A facet whose file has its name.
pub(super) fn facet(name: &str, version: &str, body: Value) -> Value {
    facet_of(name, name, version, body)
}

/// A facet of a file that defines several.
fn facet_of(file: &str, name: &str, version: &str, body: Value) -> Value {
    let mut facet = Map::new();
    facet.insert("_producer".into(), producer().into());
    facet.insert(
        "_schemaURL".into(),
        format!("https://openlineage.io/spec/facets/{version}/{file}.json#/$defs/{name}").into(),
    );
    if let Value::Object(body) = body {
        facet.extend(body);
    }
    Value::Object(facet)
}

/// The files that were read of a dataset.
pub(super) fn subset(locations: &[String]) -> Value {
    let body = json!({ "inputCondition": { "type": "location", "locations": locations } });
    facet_of("BaseSubsetDatasetFacet", "InputSubsetInputDatasetFacet", "1-0-0", body)
}

/// A schema from its fields.
pub(super) fn schema(fields: Vec<Value>) -> Value {
    facet("SchemaDatasetFacet", "1-2-0", json!({ "fields": fields }))
}

/// The fields of a table, with the comments of its contract.
pub(super) fn fields(columns: &[Column]) -> Vec<Value> {
    let of = |(i, column): (usize, &Column)| {
        let mut field = field(column.name, column.data_type);
        field["description"] = format!("{} / {}", column.ja, column.en).into();
        field["ordinal_position"] = (i + 1).into();
        field
    };
    columns.iter().enumerate().map(of).collect()
}

fn field(name: &str, of: Type) -> Value {
    match of {
        Type::List(item) => json!({ "name": name, "type": "array", "fields": [field("_element", *item)] }),
        Type::Struct(parts) => {
            let parts: Vec<Value> = parts.iter().map(|(name, of)| field(name, *of)).collect();
            json!({ "name": name, "type": "struct", "fields": parts })
        }
        Type::Text => json!({ "name": name, "type": "string" }),
        Type::Integer => json!({ "name": name, "type": "integer" }),
        Type::Long => json!({ "name": name, "type": "long" }),
        Type::Double => json!({ "name": name, "type": "double" }),
        Type::Amount => json!({ "name": name, "type": format!("decimal({AMOUNT_DIGITS},{AMOUNT_SCALE})") }),
        Type::Boolean => json!({ "name": name, "type": "boolean" }),
        Type::Date => json!({ "name": name, "type": "date" }),
        Type::Timestamp => json!({ "name": name, "type": "timestamp" }),
    }
}
