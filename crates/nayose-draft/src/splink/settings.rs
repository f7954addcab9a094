//! The file that Splink's `save_model_to_json` writes: bytes in, what of it means something here out.
//!
//! The layouts of Splink 3, 4 and 5 are one. A key that was trained on nothing is not written, and what a version does not
//! know any longer is passed over.

use serde_json::Value;

use super::NotImported;

/// A model of Splink.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) link_type: String,
    pub(super) unique_id: String,
    pub(super) source_dataset: String,
    /// Probability that two random records match.
    pub(super) prior: Option<f64>,
    pub(super) retained: Vec<String>,
    pub(super) rules: Vec<Rule>,
    pub(super) comparisons: Vec<Comparison>,
}

/// A blocking rule.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) sql: String,
    pub(super) salting: Option<u64>,
    pub(super) exploded: Vec<String>,
}

/// A comparison.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) name: String,
    pub(super) levels: Vec<Level>,
}

/// A level.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) sql: String,
    pub(super) label: String,
    pub(super) is_null: bool,
    pub(super) m: Option<f64>,
    pub(super) u: Option<f64>,
    pub(super) tf_column: Option<String>,
    pub(super) tf_weight: Option<f64>,
    pub(super) tf_least_u: Option<f64>,
}

impl Level {
    /// Whether it holds for all pairs that are left.
    pub(super) fn is_else(&self) -> bool {
        self.sql.trim().eq_ignore_ascii_case("else")
    }
}

/// Reads the file.
pub(super) fn settings(bytes: &[u8]) -> Result<Settings, NotImported> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|e| NotImported::new(format!("is no JSON (line {}, column {})", e.line(), e.column()), WRITTEN_BY))?;
    let Some(comparisons) = value.get("comparisons").and_then(Value::as_array) else { return Err(other_tool(&value)) };
    let text = |key: &str, default: &str| value.get(key).and_then(Value::as_str).unwrap_or(default).to_owned();
    Ok(Settings {
        link_type: text("link_type", ""),
        unique_id: text("unique_id_column_name", "unique_id"),
        source_dataset: text("source_dataset_column_name", "source_dataset"),
        prior: value.get("probability_two_random_records_match").and_then(Value::as_f64),
        retained: texts(value.get("additional_columns_to_retain")),
        rules: rules(&value)?,
        comparisons: comparisons.iter().enumerate().map(|(i, c)| comparison(i, c)).collect::<Result<_, _>>()?,
    })
}

const WRITTEN_BY: &str = "name the file that Splink's `linker.misc.save_model_to_json(…)` wrote";

/// What the file is instead.
fn other_tool(value: &Value) -> NotImported {
    let has = |keys: &[&str]| keys.iter().any(|key| value.get(key).is_some());
    if has(&["comparison_columns", "proportion_of_matches"]) {
        return NotImported::new(
            "is a model of Splink 2, whose layout is another",
            "build its settings with Splink 4 or 5 and save them anew; its m and u probabilities can be typed in there",
        );
    }
    if has(&["fieldDefinition", "zinggDir"]) {
        return NotImported::new("is a configuration of Zingg and no model of Splink", WRITTEN_BY);
    }
    NotImported::new("has no list `comparisons`, so that it is no model of Splink", WRITTEN_BY)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn rules(value: &Value) -> Result<Vec<Rule>, NotImported> {
    const KEY: &str = "blocking_rules_to_generate_predictions";
    let all = value.get(KEY).and_then(Value::as_array).into_iter().flatten();
    all.enumerate()
        .map(|(i, rule)| {
            // Whoever typed the settings may have written the condition alone.
            let sql = rule.as_str().or_else(|| rule.get("blocking_rule")?.as_str());
            let sql = sql.ok_or_else(|| {
                NotImported::new(format!("has no condition at {KEY}[{i}]"), "save the model anew with Splink 4 or 5")
            })?;
            Ok(Rule {
                sql: sql.to_owned(),
                salting: rule.get("salting_partitions").and_then(Value::as_u64).filter(|n| *n > 1),
                exploded: texts(rule.get("arrays_to_explode")),
            })
        })
        .collect()
}

fn comparison(i: usize, value: &Value) -> Result<Comparison, NotImported> {
    let levels = value.get("comparison_levels").and_then(Value::as_array);
    let levels = levels.filter(|levels| !levels.is_empty()).ok_or_else(|| {
        NotImported::new(
            format!("has no comparison_levels at comparisons[{i}]"),
            "save the model of a linker: what its settings were made from has no levels yet",
        )
    })?;
    let name = value.get("output_column_name").and_then(Value::as_str).filter(|name| !name.is_empty());
    Ok(Comparison {
        name: name.map_or_else(|| format!("comparison_{}", i + 1), str::to_owned),
        levels: levels.iter().enumerate().map(|(n, l)| level(i, n, l)).collect::<Result<_, _>>()?,
    })
}

fn level(i: usize, n: usize, value: &Value) -> Result<Level, NotImported> {
    let number = |key: &str| value.get(key).and_then(Value::as_f64);
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let sql = text("sql_condition").ok_or_else(|| {
        NotImported::new(
            format!("has no sql_condition at comparisons[{i}].comparison_levels[{n}]"),
            "save the model anew with Splink 4 or 5",
        )
    })?;
    Ok(Level {
        sql,
        label: text("label_for_charts").unwrap_or_default(),
        is_null: value.get("is_null_level").and_then(Value::as_bool).unwrap_or(false),
        m: number("m_probability"),
        u: number("u_probability"),
        tf_column: text("tf_adjustment_column").filter(|column| !column.is_empty()),
        tf_weight: number("tf_adjustment_weight"),
        tf_least_u: number("tf_minimum_u_value").filter(|least| *least > 0.0),
    })
}
