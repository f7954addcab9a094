//! The run that started this one, from the environment.
//!
//! `OPENLINEAGE_PARENT_ID` (`namespace/job/run`, as Airflow's macro `lineage_parent_id` writes it) with
//! `OPENLINEAGE_ROOT_PARENT_ID` says it outright. Without it, the variables that Airflow gives to every command
//! (`AIRFLOW_CTX_DAG_ID` …) are enough: the run id of a task is a function of them, and is computed here as Airflow's
//! OpenLineage provider does. That function also takes the namespace (`AIRFLOW__OPENLINEAGE__NAMESPACE`,
//! `OPENLINEAGE_NAMESPACE`, `default`), and the map index, which no variable tells: a mapped task has to use the macro.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use super::settings::Variables;

/// The namespace of jobs where none is set.
pub(super) const DEFAULT_NAMESPACE: &str = "default";

/// The body of the parent facet. `None` where nothing says that there is a parent.
pub(super) fn of(variables: &Variables) -> Option<Value> {
    let given = |name: &str| variables.get(name).map(String::as_str).filter(|v| !v.is_empty());
    if let Some(mut facet) = given("OPENLINEAGE_PARENT_ID").and_then(from_id) {
        if let Some(root) = given("OPENLINEAGE_ROOT_PARENT_ID").and_then(from_id) {
            facet["root"] = root;
        }
        return Some(facet);
    }
    let (dag, task) = (given("AIRFLOW_CTX_DAG_ID")?, given("AIRFLOW_CTX_TASK_ID")?);
    let date = given("AIRFLOW_CTX_LOGICAL_DATE").or_else(|| given("AIRFLOW_CTX_EXECUTION_DATE"))?;
    let date: Timestamp = date.parse().ok()?;
    let attempt = given("AIRFLOW_CTX_TRY_NUMBER")?;
    let namespace = given("AIRFLOW__OPENLINEAGE__NAMESPACE").or_else(|| given("OPENLINEAGE_NAMESPACE"));
    let namespace = namespace.unwrap_or(DEFAULT_NAMESPACE);
    let run = stable_uuid(date, &format!("{namespace}.{dag}.{task}.{attempt}.{NOT_MAPPED}"));
    Some(
        json!({ "run": { "runId": run.to_string() }, "job": { "namespace": namespace, "name": format!("{dag}.{task}") } }),
    )
}

/// The map index of a task that is not mapped.
const NOT_MAPPED: i32 = -1;

/// `namespace/job/run`. A namespace may have slashes of its own.
fn from_id(id: &str) -> Option<Value> {
    let mut parts = id.rsplitn(3, '/');
    let (run, job, namespace) = (parts.next()?, parts.next()?, parts.next()?);
    let run: Uuid = run.parse().ok()?;
    let whole = !job.is_empty() && !namespace.is_empty();
    whole.then(|| json!({ "run": { "runId": run.to_string() }, "job": { "namespace": namespace, "name": job } }))
}

/// The UUID that OpenLineage's Python client makes of a time and a text: version 7, with a digest in place of chance.
fn stable_uuid(time: Timestamp, text: &str) -> Uuid {
    let utc = time.to_zoned(TimeZone::UTC);
    // As Python writes a time: microseconds only where there are any.
    let format =
        if time.as_microsecond() % 1_000_000 != 0 { "%Y-%m-%dT%H:%M:%S%.6f+00:00" } else { "%Y-%m-%dT%H:%M:%S+00:00" };
    let digest = Sha1::digest(format!("{}{text}", utc.strftime(format)));
    let node = digest.iter().take(10).fold(0u128, |bits, byte| bits << 8 | u128::from(*byte)) >> 4;
    let millis = (time.as_millisecond() as u128) & 0xffff_ffff_ffff;
    let bits = millis << 80 | node;
    let version = bits & !(0xf << 76) | 7 << 76;
    Uuid::from_u128(version & !(0b11 << 62) | 0b10 << 62)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(variables: &[(&str, &str)]) -> Option<Value> {
        of(&variables.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect())
    }

    #[test]
    fn an_id_says_it_outright() {
        let run = "019d4130-a400-76a4-97c7-5f758f387c24";
        let id = format!("s3://x/prod/crm.nayose/{run}");
        let facet = parent(&[("OPENLINEAGE_PARENT_ID", &id), ("AIRFLOW_CTX_DAG_ID", "other")]).expect("a parent");
        assert_eq!(facet["job"], json!({ "namespace": "s3://x/prod", "name": "crm.nayose" }));
        assert_eq!(facet["run"]["runId"], run);
        assert!(facet.get("root").is_none());
        let root = format!("prod/crm/{run}");
        let facet = parent(&[("OPENLINEAGE_PARENT_ID", &id), ("OPENLINEAGE_ROOT_PARENT_ID", &root)]);
        assert_eq!(facet.expect("a parent")["root"]["job"]["name"], "crm");
        for damaged in ["", "a/b", "a/b/c", &format!("//{run}")] {
            assert_eq!(parent(&[("OPENLINEAGE_PARENT_ID", damaged)]), None, "{damaged:?}");
        }
    }

    #[test]
    fn the_run_of_an_airflow_task_is_computed() {
        // The expected ids were made by openlineage-python 1.54.
        for (date, expected) in [
            ("2026-03-31T00:00:00+00:00", "019d4130-a400-76a4-97c7-5f758f387c24"),
            ("2026-03-31T09:30:00.123456+09:00", "019d414c-1bbb-7675-bef9-ef71b44a5860"),
        ] {
            let facet = parent(&[
                ("AIRFLOW_CTX_DAG_ID", "crm"),
                ("AIRFLOW_CTX_TASK_ID", "nayose"),
                ("AIRFLOW_CTX_LOGICAL_DATE", date),
                ("AIRFLOW_CTX_TRY_NUMBER", "2"),
                ("OPENLINEAGE_NAMESPACE", "prod"),
            ])
            .expect("a parent");
            assert_eq!(facet["run"]["runId"], expected);
            assert_eq!(facet["job"], json!({ "namespace": "prod", "name": "crm.nayose" }));
        }
        assert_eq!(parent(&[("AIRFLOW_CTX_DAG_ID", "crm"), ("AIRFLOW_CTX_TASK_ID", "nayose")]), None);
    }
}
