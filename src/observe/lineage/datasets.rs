//! The datasets of a run: what it reads and what it publishes, with schemas, counts, versions and quality.
//!
//! An input is what a source's glob matches, not one file: the file of a day is the same dataset as that of the day before, or
//! lineage would never join. The files that were read are named in the facet `subset`. Two sources on the same files (tickets
//! are people and events) are one dataset. An output is a Delta table at the version that the run published.

use datafusion::prelude::SessionContext;
use object_store::path::Path;
use serde_json::{Map, Value, json};

use super::columns;
use super::facets::{facet, fields, schema, subset};
use crate::config::{Pipeline, Rows, Source};
use crate::lake::delta;
use crate::lake::manifest::{Manifest, SourceTotals};
use crate::lake::snapshot::PublishedRun;
use crate::stages::marts::chosen::Chosen;
use crate::store::Location;
use crate::tables::contract::{
    self, CONSENT, DECISION, FIELD_PROVENANCE, GOLDEN_CUSTOMER, ID_EVENT, ID_MAP, INTERACTION, LEDGER, MEDIUM_SPEND,
    PRODUCT, REJECT, RESTATEMENT, SOURCE_RECORD, STORE, Table,
};

/// A dataset's name, as the naming specification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The store: `file`, or scheme and bucket.
    pub(super) namespace: String,
    /// The path in it.
    pub(super) name: String,
}

impl Name {
    /// The name of a place. A password in its URL is left out.
    fn of(place: &Location) -> Self {
        let url = place.url();
        let path = Path::from_url_path(url.path()).map(|p| p.to_string()).unwrap_or_else(|_| url.path().to_string());
        let host = url.host_str().unwrap_or_default();
        let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
        match url.scheme() {
            "file" => Name { namespace: "file".into(), name: format!("/{path}") },
            "s3a" => Name { namespace: format!("s3://{host}"), name: path },
            // The container of Azure stands where other URLs have a user.
            scheme @ ("abfs" | "abfss") if !url.username().is_empty() => {
                Name { namespace: format!("{scheme}://{}@{host}", url.username()), name: path }
            }
            scheme => Name { namespace: format!("{scheme}://{host}{port}"), name: path },
        }
    }

    fn below(mut self, path: &str) -> Self {
        let folder = self.name.trim_end_matches('/');
        let whole =
            if folder.is_empty() && self.namespace != "file" { path.into() } else { format!("{folder}/{path}") };
        self.name = whole;
        self
    }

    /// Both together as a URI.
    fn uri(&self) -> String {
        match self.namespace.as_str() {
            "file" => format!("file://{}", self.name),
            store => format!("{store}/{}", self.name),
        }
    }
}

/// The dataset of a source.
pub(super) fn of_source(pipeline: &Pipeline, source: &Source) -> Name {
    let (root, pattern) = root_of(pipeline, source);
    root.below(pattern)
}

/// The folder that a source's glob starts from, and the rest of the glob.
fn root_of<'a>(pipeline: &Pipeline, source: &'a Source) -> (Name, &'a str) {
    let files = source.files.as_str();
    let wild = files.find(['*', '?', '[', '{']).unwrap_or(files.len());
    let absolute = files.contains("://") || files.starts_with('/');
    let cut = files[..wild].rfind('/').filter(|_| absolute);
    match cut.and_then(|cut| Some((Location::parse(&files[..cut], &pipeline.folder).ok()?, &files[cut + 1..]))) {
        Some((root, pattern)) => (Name::of(&root), pattern),
        None => (Name::of(&pipeline.input), files),
    }
}

/// What the run reads. With a manifest: what it read.
pub(super) fn inputs(pipeline: &Pipeline, manifest: Option<&Manifest>) -> Vec<Value> {
    let mut groups: Vec<(Name, Vec<&Source>)> = Vec::new();
    for source in &pipeline.sources {
        let name = of_source(pipeline, source);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sources)) => sources.push(source),
            None => groups.push((name, vec![source])),
        }
    }
    groups.iter().map(|(name, sources)| input(pipeline, name, sources, manifest)).collect()
}

fn input(pipeline: &Pipeline, name: &Name, sources: &[&Source], manifest: Option<&Manifest>) -> Value {
    let uri = name.uri();
    let described: Vec<String> = sources.iter().map(|s| describe(s)).collect();
    let mut facets = Map::new();
    facets.insert(
        "dataSource".into(),
        facet("DatasourceDatasetFacet", "1-0-1", json!({ "name": name.namespace, "uri": uri })),
    );
    facets.insert(
        "documentation".into(),
        facet("DocumentationDatasetFacet", "1-1-0", json!({ "description": described.join("; ") })),
    );
    facets.insert("datasetType".into(), facet("DatasetTypeDatasetFacet", "1-0-1", json!({ "datasetType": "FILE" })));
    facets.insert("schema".into(), schema(columns::source_fields(sources)));
    let mut input_facets = Map::new();
    if let Some(manifest) = manifest {
        read(&mut facets, &mut input_facets, pipeline, sources, manifest);
    }
    json!({ "namespace": name.namespace, "name": name.name, "facets": facets, "inputFacets": input_facets })
}

fn describe(source: &Source) -> String {
    let rows = match &source.holds {
        Rows::People { .. } => "people".to_string(),
        Rows::Events { event_type, .. } => format!("events of type {event_type}"),
        Rows::Reference { table, .. } => return format!("source {}: rows of {}", source.name, table.name),
    };
    format!("source {} of channel {}: {rows}", source.name, source.channel)
}

/// What was read of a dataset: files, rows, and how well they could be read.
fn read(
    facets: &mut Map<String, Value>,
    input_facets: &mut Map<String, Value>,
    pipeline: &Pipeline,
    sources: &[&Source],
    manifest: &Manifest,
) {
    let all = manifest.sources();
    let of = |source: &Source| all.get(&source.name).copied().unwrap_or_default();
    let Some(first) = sources.first() else { return };
    let files: Vec<_> = manifest.inputs.iter().filter(|i| i.source == first.name).collect();
    let mut hasher = blake3::Hasher::new();
    for file in &files {
        hasher.update(file.fingerprint.as_bytes());
    }
    let version = hasher.finalize().to_hex()[..32].to_string();
    facets.insert("version".into(), facet("DatasetVersionDatasetFacet", "1-0-1", json!({ "datasetVersion": version })));
    let root = root_of(pipeline, first).0;
    let locations: Vec<String> = files.iter().map(|f| root.clone().below(&f.file).uri()).collect();
    input_facets.insert("subset".into(), subset(&locations));
    let SourceTotals { files, bytes, rows, .. } = of(first);
    let statistics = json!({ "rowCount": rows, "size": bytes, "fileCount": files });
    input_facets.insert("inputStatistics".into(), facet("InputStatisticsInputDatasetFacet", "1-0-0", statistics));
    // Values are not counted column by column: that would read everything once more.
    let metrics = json!({ "rowCount": rows, "bytes": bytes, "fileCount": files, "columnMetrics": {} });
    input_facets.insert("dataQualityMetrics".into(), facet("DataQualityMetricsInputDatasetFacet", "1-0-3", metrics));
    let limit = pipeline.limits.reject_share;
    let assertions: Vec<Value> = sources
        .iter()
        .flat_map(|source| {
            let SourceTotals { rows, rejects, .. } = of(source);
            let readable = json!({
                "assertion": "readable_rows",
                "name": format!("{}: rows that cannot be read", source.name),
                "success": rejects as f64 <= limit * rows as f64,
                "severity": "error",
                "expected": format!("at most {limit} of all rows"),
                "actual": format!("{rejects} of {rows} rows"),
            });
            let some = json!({
                "assertion": "row_count",
                "name": format!("{}: has rows", source.name),
                "success": rows > 0,
                "severity": if source.may_be_empty { "warn" } else { "error" },
                "expected": "at least 1",
                "actual": rows.to_string(),
            });
            [readable, some]
        })
        .collect();
    input_facets.insert(
        "dataQualityAssertions".into(),
        facet("DataQualityAssertionsDatasetFacet", "1-1-0", json!({ "assertions": assertions })),
    );
}

/// The tables that every pipeline publishes. Its marts come with them; `run` is how they are published.
static ALWAYS: [&Table; 14] = [
    &CONSENT,
    &DECISION,
    &FIELD_PROVENANCE,
    &GOLDEN_CUSTOMER,
    &ID_EVENT,
    &ID_MAP,
    &INTERACTION,
    &LEDGER,
    &MEDIUM_SPEND,
    &PRODUCT,
    &REJECT,
    &RESTATEMENT,
    &SOURCE_RECORD,
    &STORE,
];

/// What the run publishes. With a published run: what it published, at which version.
pub(super) fn outputs(pipeline: &Pipeline, done: Option<(&Manifest, &PublishedRun)>) -> Vec<Value> {
    let names: Vec<&str> = match done {
        Some((_, run)) => run.tables.iter().map(|(name, _, _)| name.as_str()).collect(),
        None => {
            // A pipeline whose marts cannot be made in any order has none: the run says so.
            let chosen = Chosen::of(&SessionContext::new(), pipeline).ok();
            let marts = chosen.iter().flat_map(Chosen::published).map(|mart| mart.name.as_str());
            let segments = contract::SEGMENT_TABLES.iter().map(|t| t.name).filter(|_| !pipeline.segments.is_empty());
            ALWAYS.iter().map(|t| t.name).chain(marts).chain(segments).collect()
        }
    };
    names.into_iter().map(|name| output(pipeline, name, done)).collect()
}

/// What a rollback reads: the tables of the run that it makes the newest again, at the versions of then.
pub(super) fn restored_inputs(lake: &Location, then: &PublishedRun) -> Vec<Value> {
    let input = |(table, version, _): &(String, u64, u64)| {
        let (name, mut facets) = described(lake, table, contract::find(table));
        facets.insert("version".into(), at_version(*version));
        json!({ "namespace": name.namespace, "name": name.name, "facets": facets, "inputFacets": {} })
    };
    then.tables.iter().map(input).collect()
}

/// What a rollback publishes: the same tables at the versions of now, with the rows that were written.
pub(super) fn restored_outputs(lake: &Location, now: &PublishedRun) -> Vec<Value> {
    let output = |(table, version, rows): &(String, u64, u64)| {
        let (name, mut facets) = described(lake, table, contract::find(table));
        facets.insert("version".into(), at_version(*version));
        let statistics = facet("OutputStatisticsOutputDatasetFacet", "1-0-2", json!({ "rowCount": rows }));
        let output_facets = json!({ "outputStatistics": statistics });
        json!({ "namespace": name.namespace, "name": name.name, "facets": facets, "outputFacets": output_facets })
    };
    now.tables.iter().map(output).collect()
}

fn at_version(version: u64) -> Value {
    facet("DatasetVersionDatasetFacet", "1-0-1", json!({ "datasetVersion": version.to_string() }))
}

/// A table's name, and what is known of it without a run.
fn described(lake: &Location, table: &str, contract: Option<&Table>) -> (Name, Map<String, Value>) {
    let name = Name::of(lake).below(&delta::folder_of(table));
    let mut facets = Map::new();
    facets.insert(
        "dataSource".into(),
        facet("DatasourceDatasetFacet", "1-0-1", json!({ "name": name.namespace, "uri": name.uri() })),
    );
    facets.insert(
        "storage".into(),
        facet("StorageDatasetFacet", "1-0-1", json!({ "storageLayer": "delta", "fileFormat": "parquet" })),
    );
    facets.insert("datasetType".into(), facet("DatasetTypeDatasetFacet", "1-0-1", json!({ "datasetType": "TABLE" })));
    // A mart that promises nothing has no contract: its columns are those of its query.
    if let Some(Table { ja, en, columns, .. }) = contract {
        let text = json!({ "description": format!("{ja} / {en}") });
        facets.insert("documentation".into(), facet("DocumentationDatasetFacet", "1-1-0", text));
        facets.insert("schema".into(), schema(fields(columns)));
    }
    (name, facets)
}

fn output(pipeline: &Pipeline, table: &str, done: Option<(&Manifest, &PublishedRun)>) -> Value {
    let (name, mut facets) = described(&pipeline.lake, table, contract::of_pipeline(pipeline, table));
    if let Some(lineage) = columns::of_table(pipeline, table) {
        facets.insert("columnLineage".into(), facet("ColumnLineageDatasetFacet", "1-2-0", lineage));
    }
    let mut output_facets = Map::new();
    if let Some((manifest, run)) = done {
        if let Some((_, version, _)) = run.tables.iter().find(|(name, _, _)| name == table) {
            facets.insert("version".into(), at_version(*version));
        }
        if let Some(output) = manifest.output(table) {
            let (rows, bytes, files) = (output.rows(), output.bytes(), output.parts.len());
            let statistics = json!({ "rowCount": rows, "size": bytes, "fileCount": files });
            output_facets
                .insert("outputStatistics".into(), facet("OutputStatisticsOutputDatasetFacet", "1-0-2", statistics));
            let metrics = json!({ "rowCount": rows, "bytes": bytes, "fileCount": files, "columnMetrics": {} });
            facets.insert("dataQualityMetrics".into(), facet("DataQualityMetricsDatasetFacet", "1-0-1", metrics));
        }
    }
    json!({ "namespace": name.namespace, "name": name.name, "facets": facets, "outputFacets": output_facets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_specification() {
        let check = |typed: &str, namespace: &str, name: &str, uri: &str| {
            let place = Location::parse(typed, std::path::Path::new("/data")).expect("a place");
            let found = Name::of(&place);
            assert_eq!((found.namespace.as_str(), found.name.as_str()), (namespace, name), "{typed}");
            assert_eq!(found.below("t").uri(), uri, "{typed}");
        };
        check("顧客", "file", "/data/顧客", "file:///data/顧客/t");
        check("s3://bucket/a/b", "s3://bucket", "a/b", "s3://bucket/a/b/t");
        check("s3a://bucket/a/", "s3://bucket", "a", "s3://bucket/a/t");
        check("s3://bucket", "s3://bucket", "", "s3://bucket/t");
        check("gs://bucket/a", "gs://bucket", "a", "gs://bucket/a/t");
        check("https://user:secret@host:8080/a", "https://host:8080", "a", "https://host:8080/a/t");
        check(
            "abfss://box@store.dfs.core.windows.net/a",
            "abfss://box@store.dfs.core.windows.net",
            "a",
            "abfss://box@store.dfs.core.windows.net/a/t",
        );
    }
}
