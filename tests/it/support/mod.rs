//! What several tests need: the binary, a generated retailer, the bytes of a lake.

mod core_pipeline;
pub mod raw_records;
pub mod shop;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the checkout, asked for at run time: two checkouts may share a target directory, and cargo then takes the
/// executable of the one for the other.
pub fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("tests are run by cargo"))
}

/// The Rust files below a folder, in order.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Runs the binary.
pub fn nayose(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nayose")).args(args).current_dir(root()).output().expect("the binary starts")
}

/// Runs the binary, which has to succeed; answers stdout.
pub fn succeeds(args: &[&str]) -> String {
    let output = nayose(args);
    assert!(output.status.success(), "nayose {args:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8 on stdout")
}

/// Runs the binary, which has to fail with this exit code; answers stderr.
pub fn fails(code: i32, args: &[&str]) -> String {
    let output = nayose(args);
    let stderr = as_text(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "nayose {args:?}:\n{stderr}");
    stderr
}

/// Arguments as the binary is given them.
pub fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// What is on stderr, with an error of the JSON log as the text log tells it.
pub fn as_text(stderr: &str) -> String {
    let text = |line: &str| {
        let json: serde_json::Value =
            serde_json::from_str(line).ok().filter(|v: &serde_json::Value| v["level"] == "error")?;
        let hint = json["hint"].as_str().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        Some(format!("error: {}{hint}", json["message"].as_str()?))
    };
    stderr.lines().map(|line| text(line).unwrap_or_else(|| line.to_string()) + "\n").collect()
}

/// A small retailer: its folder of files, and a lake beside it.
pub struct Retailer {
    folder: tempfile::TempDir,
}

impl Retailer {
    /// Generates one.
    pub fn new(people: u64, seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = nayose_sample::Options { people, seed };
        nayose_sample::generate(&options, &folder.path().join("input")).expect("generate");
        write_retail(&folder.path().join("retail"), |_| (), |_| ());
        Retailer { folder }
    }

    /// The file of the retail pipeline with the marts of the folder `marts` alone: what hundreds of runs would make more of `crm` is
    /// looked at by the tests that name the pipeline's own file.
    pub fn pipeline(&self) -> String {
        self.text("retail/pipeline.yaml")
    }

    /// A path below its folder.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The same as text.
    pub fn text(&self, below: &str) -> String {
        self.path(below).display().to_string()
    }

    /// The arguments of a run of the retail pipeline on it into `lake`.
    pub fn run(&self, lake: &str, more: &[&str]) -> Vec<String> {
        let mut args: Vec<String> = vec!["run".into(), self.pipeline(), "--input".into()];
        args.extend([self.text("input"), "--lake".into(), self.text(lake), "--log".into(), "json".into()]);
        args.extend(more.iter().map(|m| m.to_string()));
        args
    }

    /// Runs the pipeline, which has to succeed.
    pub fn runs(&self, lake: &str, more: &[&str]) -> String {
        let args = self.run(lake, more);
        succeeds(&strs(&args))
    }

    /// How many runs a lake has.
    pub fn runs_of(&self, lake: &str) -> String {
        self.sql(lake, "select count(*) from run").lines().last().unwrap_or_default().to_string()
    }

    /// Asks the lake, answers CSV.
    pub fn sql(&self, lake: &str, query: &str) -> String {
        succeeds(&["sql", "--lake", &self.text(lake), "--format", "csv", query])
    }
}

/// What of a row of `run` says who ran and when: other for each run, and all that may be.
const WHO_AND_WHEN: [&str; 6] =
    ["user_name", "host_name", "arguments", "started_at", "published_at", "previous_digest"];

/// The digest of a file of `run` without who ran and when.
fn digest_of_run(path: &Path) -> String {
    let file = std::fs::File::open(path).expect("readable");
    let builder = datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
    let mut hasher = blake3::Hasher::new();
    for batch in builder.expect("Parquet").build().expect("a reader").flatten() {
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            if !WHO_AND_WHEN.contains(&field.name().as_str()) {
                hasher.update(format!("{} {column:?}", field.name()).as_bytes());
            }
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// Every data file of the published tables: path below the lake → digest. Delta's log has times, so that it is left out. A file of `run`
/// is called after its run alone, and its digest is that of what does not depend on who ran and when.
pub fn published(lake: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![lake.join("tables")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the lake has tables").flatten() {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|n| n != "_delta_log") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "parquet") {
                let name = path.strip_prefix(lake).expect("below").display().to_string();
                match name.strip_prefix("tables/run/").and_then(|part| part.rsplit_once('-')) {
                    Some((run, _)) => found.insert(format!("tables/run/{run}"), digest_of_run(&path)),
                    None => {
                        let digest = blake3::hash(&std::fs::read(&path).expect("readable")).to_hex().to_string();
                        found.insert(name, digest)
                    }
                };
            }
        }
    }
    found
}

/// The guards switched off, for pipelines whose tests take files back and send others instead.
pub const NO_GUARDS: &str = "
guards:
  rejects: null
  incomplete: false
  short: null
  repeated: null
  unusable: null
  changed: null
  changed_values: null
  orphans: null
  times: null
  shrank: null
  missing: null
  retired: null
  merged: null
  split: null
";

/// A copy of the retail pipeline in the retailer's folder, changed; answers its path. It has the marts of the folder `marts` alone.
pub fn own_pipeline(retailer: &Retailer, pipeline: impl Fn(&mut String), model: impl Fn(&mut String)) -> String {
    write_retail(&retailer.path("pipeline"), pipeline, model);
    retailer.text("pipeline/pipeline.yaml")
}

/// Writes a copy of the retail pipeline without the facts and marts of `crm`, changed.
pub fn write_retail(folder: &Path, pipeline: impl Fn(&mut String), model: impl Fn(&mut String)) {
    let root = root().join("pipelines/retail");
    for folder_of in ["marts", "checks"] {
        std::fs::create_dir_all(folder.join(folder_of)).expect("a folder");
        for file in std::fs::read_dir(root.join(folder_of)).expect("a folder") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), folder.join(folder_of).join(file.file_name())).expect("copied");
        }
    }
    let write = |name: &str, change: &dyn Fn(&mut String)| {
        let mut text = std::fs::read_to_string(root.join(name)).expect("the file");
        change(&mut text);
        std::fs::write(folder.join(name), text).expect("written");
    };
    write("pipeline.yaml", &|text| {
        *text = core_pipeline::without_crm(text);
        pipeline(text);
    });
    write("model.yaml", &model);
}

/// Runs the indented commands of a guide of `docs/`, one after the other, in a folder that has the retailer's own pipeline as
/// `pipeline/`, which reads the retailer's input; there are `least` of them or more. Answers what they said.
pub fn walk_through(retailer: &Retailer, guide: &str, least: usize) -> String {
    std::fs::create_dir_all(retailer.path("walk")).expect("a folder");
    std::fs::rename(retailer.path("pipeline"), retailer.path("walk/pipeline")).expect("moved");
    let file = retailer.path("walk/pipeline/pipeline.yaml");
    let text = std::fs::read_to_string(&file).expect("the pipeline");
    std::fs::write(&file, text.replace("input: ../../sample_data", "input: ../../input")).expect("written");
    run_guide(&retailer.path("walk"), guide, least)
}

/// Runs the indented commands of a guide of `docs/` in a folder; there are `least` lines of them or more. Answers what they said.
pub fn run_guide(folder: &Path, guide: &str, least: usize) -> String {
    run_text(folder, &std::fs::read_to_string(root().join("docs").join(guide)).expect("the guide"), least)
}

/// The same for some sections of a guide, by their headings, one after the other.
pub fn run_sections(folder: &Path, guide: &str, headings: &[&str], least: usize) -> String {
    let guide = std::fs::read_to_string(root().join("docs").join(guide)).expect("the guide");
    let section = |heading: &&str| {
        let start = guide.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading:?}"));
        let rest = &guide[start + 1..];
        rest.find("\n## ").map_or(rest, |end| &rest[..=end]).to_string()
    };
    run_text(folder, &headings.iter().map(section).collect::<String>(), least)
}

fn run_text(folder: &Path, guide: &str, least: usize) -> String {
    // Fenced blocks show what comes out, or other languages.
    let text = guide.split("```").step_by(2).collect::<String>();
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(commands.len() >= least, "{commands:?}");
    let binary = Path::new(env!("CARGO_BIN_EXE_nayose")).parent().expect("a folder").display().to_string();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &commands.join("\n")])
        .env("PATH", format!("{binary}:{}", std::env::var("PATH").unwrap_or_default()))
        .current_dir(folder)
        .output()
        .expect("bash");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    said.to_string()
}

/// Every file below a folder, as text.
pub fn texts_below(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts.extend(texts_below(&path));
        } else if path.extension().is_some_and(|e| e == "parquet") {
            let rows = rows_of(&path);
            texts.push((path, rows));
        } else {
            let bytes = std::fs::read(&path).expect("readable");
            texts.push((path, String::from_utf8_lossy(&bytes).to_string()));
        }
    }
    texts
}

/// The rows of a Parquet file as text.
pub fn rows_of(path: &Path) -> String {
    let file = std::fs::File::open(path).expect("readable");
    let builder = datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
    let batches: Vec<_> = builder.expect("Parquet").build().expect("a reader").flatten().collect();
    arrow::util::pretty::pretty_format_batches(&batches).expect("text").to_string()
}
