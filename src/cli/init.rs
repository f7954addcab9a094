//! `nayose init`: a first pipeline for a folder of exports.
//!
//! It looks at the files, writes what it found with the reasons, asks what only their owner knows, and tries the result.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use nayose_draft::{Answers, Draft, Holds, Layout, Question, Sample};

use super::{Language, ResourceArguments, output, validate};
use crate::config::{self, Overrides, Pipeline};
use crate::error::{Error, Result};
use crate::runner::sample::{self, Heads};
use crate::store::{Location, local};
use crate::tables::contract::{CHECKS, MARTS};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folders with exports: paths or URLs
    #[arg(required = true, value_name = "FOLDER|URL")]
    from: Vec<String>,
    /// Folder for the pipeline's files
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Ask nothing: what only you know becomes a marked place in the file
    #[arg(long)]
    no_input: bool,
    /// Ask even where the answers come from a file or a pipe; an empty line takes what the documentation of an export says
    #[arg(long, conflicts_with = "no_input")]
    ask: bool,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
    /// Language of the questions and of what is said about them
    #[arg(long, default_value = "ja")]
    lang: Language,
    #[command(flatten)]
    resources: ResourceArguments,
}

/// Bytes of files up to which pairs are forecast at once, for which all rows are read: a second or two.
const SMALL: u64 = 32 << 20;

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let here = std::env::current_dir()?;
    let out = here.join(&a.out);
    if let Some(file) = out.ancestors().find(|place| place.exists()).filter(|place| place.is_file()) {
        return Err(Error::usage(format!("--out: {} is a file, not a folder", file.display()))
            .hint("name a folder for the pipeline's files: it is made where it is not there yet"));
    }
    let files = ["pipeline.yaml", "model.yaml"].map(|name| out.join(name));
    let folders = ["marts", "crm", "checks"].map(|name| out.join(name));
    if let Some(there) = files.iter().chain(&folders).find(|file| file.exists()).filter(|_| !a.force) {
        return Err(Error::usage(format!("{} is there already", there.display()))
            .hint("choose another folder with --out, or write over it with --force"));
    }
    let roots = distinct(a.from.iter().map(|from| folder(from, &here)).collect::<Result<Vec<_>>>()?);
    let input = common(&roots)?;
    let heads = look(&roots, &input).await?;
    let samples: Vec<Sample> = heads
        .heads
        .iter()
        .map(|head| Sample { name: head.name.clone(), bytes: &head.bytes, whole: head.whole })
        .collect();
    let mut draft = nayose_draft::draft(&samples);
    tell(&heads, &draft, a.lang)?;
    if draft.sources.is_empty() {
        return Err(Error::data(format!("no file in {} holds people or events that can be told", input.shown()))
            .hint("a table needs a header with names such as 氏名, 電話番号 or email; `nayose schema` tells how to write a pipeline by hand"));
    }
    std::fs::create_dir_all(&out)?;
    let mut layout = Layout {
        name: name_of(&input),
        input: written(&input, &out),
        lake: written(&Location::parse("lake", &here)?, &out),
        ..Layout::default()
    };
    let marts = nayose_draft::marts_for(&draft);
    layout.marts.extend(queries(&out, "marts", MARTS, &marts)?);
    if nayose_draft::with_crm(&draft) {
        let crm: Vec<&str> = MARTS.iter().filter(|(of, ..)| *of == "crm").map(|(_, name, _)| *name).collect();
        layout.marts.extend(queries(&out, "crm", MARTS, &crm)?);
    }
    layout.checks = queries(&out, "checks", CHECKS, &nayose_draft::checks_for(&marts))?;
    let mut answers = Answers::default();
    local::put(&files[0], nayose_draft::pipeline_yaml(&draft, &answers, &layout))?;
    let pipeline = loaded(&files[0])?;
    let asks = a.ask || (!a.no_input && std::io::stdin().is_terminal());
    if asks || heads.size <= SMALL {
        read_whole(&pipeline, &mut draft).await;
    }
    if asks {
        ask(&draft, &mut answers, a.lang)?;
    }
    local::put(&files[0], nayose_draft::pipeline_yaml(&draft, &answers, &layout))?;
    local::put(&files[1], config::built_in_model(&loaded(&files[0])?))?;
    layout.model = Some("model.yaml".to_string());
    let yaml = nayose_draft::pipeline_yaml(&draft, &answers, &layout);
    let marked = nayose_draft::marked_places(&yaml);
    local::put(&files[0], yaml)?;
    let file = a.out.join("pipeline.yaml");
    let file = file.strip_prefix(".").unwrap_or(&file).to_path_buf();
    let ja = a.lang == Language::Ja;
    output::print(&match ja {
        true => format!("\n{} と、その隣に model.yaml を書きました", file.display()),
        false => format!("\nwrote {} and model.yaml beside it", file.display()),
    })?;
    if marked > 0 {
        output::print(&match ja {
            true => format!(
                "`# ?` の印が {marked} か所にあります。ファイルの中で答えるまで、そこに書かれたことは使われません"
            ),
            false => format!(
                "{marked} places are marked with `# ?`: what stands there is left out until you answer it in the file"
            ),
        })?;
    }
    let pipeline = loaded(&files[0])?;
    let is_small = heads.size <= SMALL;
    output::print(&validate::validate(&file, &pipeline, is_small, &a.resources).await?)?;
    let forecast = if is_small { String::new() } else { format!("\n  nayose validate {}", file.display()) };
    let next = if ja { "次に:" } else { "Next:" };
    output::print(&format!("\n{next}{forecast}\n  nayose run {}", file.display()))?;
    Ok(0)
}

/// Writes the queries of these names that ship to a folder; the folder's name, where there are some.
fn queries(out: &Path, folder: &str, all: &[(&str, &str, &str)], names: &[&str]) -> Result<Option<String>> {
    if names.is_empty() {
        return Ok(None);
    }
    std::fs::create_dir_all(out.join(folder))?;
    for (_, name, sql) in all.iter().filter(|(_, name, _)| names.contains(name)) {
        local::put(&out.join(folder).join(format!("{name}.sql")), sql.to_string())?;
    }
    Ok(Some(folder.to_string()))
}

/// A folder that is there.
fn folder(typed: &str, here: &Path) -> Result<Location> {
    let place = Location::parse(typed, here)?;
    match place.local() {
        Some(path) if path.is_file() => Err(Error::usage(format!("{typed} is a file"))
            .hint("name the folder that it is in: all files of the folder are looked at")),
        Some(path) if !path.is_dir() => Err(Error::usage(format!("{typed} is not there"))
            .hint("name a folder with exports, or a URL such as s3://bucket/exports")),
        _ => Ok(place),
    }
}

/// The folders without those that stand twice or in another one: each file is looked at once.
fn distinct(roots: Vec<Location>) -> Vec<Location> {
    let key = |root: &Location| {
        let path = root.local().and_then(|path| path.canonicalize().ok());
        let text = path.map_or_else(|| root.folder_url().to_string(), |path| path.to_string_lossy().into_owned());
        format!("{}/", text.trim_end_matches('/'))
    };
    let keys: Vec<String> = roots.iter().map(key).collect();
    let is_within = |i: usize| {
        let inside = |j: usize| keys[i].starts_with(&keys[j]) && (keys[i] != keys[j] || j < i);
        (0..keys.len()).any(|j| j != i && inside(j))
    };
    roots.into_iter().enumerate().filter(|(i, _)| !is_within(*i)).map(|(_, root)| root).collect()
}

/// The folder that all of them are in.
fn common(roots: &[Location]) -> Result<Location> {
    let texts: Vec<String> = roots.iter().map(|root| root.folder_url().to_string()).collect();
    let Some((first, rest)) = texts.split_first() else { return Err(Error::usage("init needs a folder")) };
    let mut shared = first.trim_end_matches('/').to_string();
    while !rest.iter().all(|other| other.trim_end_matches('/') == shared || other.starts_with(&format!("{shared}/"))) {
        match shared.rfind('/') {
            Some(cut) if !shared[..cut].ends_with('/') => shared.truncate(cut),
            _ => {
                return Err(Error::usage("the folders are in different stores")
                    .hint("run `nayose init` for each, with --out, and put the sources into one pipeline file"));
            }
        }
    }
    Location::parse(&shared, Path::new("/"))
}

/// The beginnings of all files, under names below `input`.
async fn look(roots: &[Location], input: &Location) -> Result<Heads> {
    let mut all = Heads::default();
    for root in roots {
        let mut heads = sample::heads(root).await?;
        let (folder, base) = (root.folder_url().to_string(), input.folder_url().to_string());
        let below = folder.strip_prefix(&base).unwrap_or_default().trim_end_matches('/').to_string();
        if !below.is_empty() {
            heads.heads.iter_mut().for_each(|head| head.name = format!("{below}/{}", head.name));
        }
        all.heads.append(&mut heads.heads);
        all.refused.append(&mut heads.refused);
        all.notes.append(&mut heads.notes);
        all.files += heads.files;
        all.size += heads.size;
    }
    if all.heads.is_empty() && all.refused.is_empty() {
        return Err(
            Error::data(format!("{} has no files", input.shown())).hint("name the folder that the exports are in")
        );
    }
    Ok(all)
}

/// Says what was found. No value of a row is in it.
fn tell(heads: &Heads, draft: &Draft, lang: Language) -> Result<()> {
    let mib = heads.size.div_ceil(1 << 20);
    let [files, not_used, note, people, events, reference] = match lang {
        Language::Ja => ["ファイル", "使いません", "注", "顧客", "明細", "マスタ"],
        Language::En => ["files", "not used", "note", "people", "events", "reference"],
    };
    output::print(&format!("{} {files}, {mib} MiB", heads.files))?;
    for file in &draft.files {
        let what: Vec<String> = draft
            .sources
            .iter()
            .filter(|s| s.file == file.name)
            .map(|s| {
                let holds = match s.holds {
                    Holds::People => people,
                    Holds::Events => events,
                    Holds::Reference => reference,
                };
                format!("{} ({holds})", s.name).to_lowercase()
            })
            .collect();
        let what = if what.is_empty() { not_used.to_string() } else { what.join(", ") };
        output::print(&format!("  {}: {what}", file.glob))?;
    }
    for (file, why) in heads.refused.iter().chain(&heads.notes).chain(&draft.warnings) {
        output::print(&format!("  {note}: {file}: {why}"))?;
    }
    Ok(())
}

/// The pipeline as the file says it.
fn loaded(file: &Path) -> Result<Pipeline> {
    config::load(file, &Overrides::default())
}

/// Counts the values of the columns that are asked about, in all rows. What cannot be read whole keeps the counts of the sample.
async fn read_whole(pipeline: &Pipeline, draft: &mut Draft) {
    let places: Vec<(String, Option<String>)> = draft
        .questions
        .iter()
        .map(|q| {
            let source = draft.sources.iter().find(|s| s.file == q.file && s.path == q.path);
            (source.map(|s| s.name.clone()).unwrap_or_default(), q.path.clone())
        })
        .collect();
    for (question, (name, _)) in draft.questions.iter_mut().zip(places) {
        let [column] = question.columns.as_slice() else { continue };
        let Some(source) = pipeline.sources.iter().find(|s| s.name == name).filter(|_| !question.values.is_empty())
        else {
            continue;
        };
        if let Ok(sets) = sample::closed_sets(pipeline, source, std::slice::from_ref(column)).await
            && let Some(values) = sets.first().and_then(|set| set.values())
        {
            question.values = values;
        }
    }
}

/// Asks the questions one by one on the terminal.
fn ask(draft: &Draft, answers: &mut Answers, lang: Language) -> Result<()> {
    let mut typed = std::io::stdin().lock();
    for question in &draft.questions {
        output::print(&text_of(question, lang))?;
        loop {
            output::prompt(&match question.suggestion() {
                Some(suggestion) => format!("[{suggestion}] > "),
                None => "> ".to_string(),
            })?;
            let mut line = String::new();
            if typed.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match answers.set(question, &line) {
                Ok(()) => break,
                Err(what) => output::print(if lang == Language::Ja { &what.text_ja } else { &what.text_en })?,
            }
        }
    }
    Ok(())
}

/// A question with its choices.
fn text_of(question: &Question, lang: Language) -> String {
    let ja = lang == Language::Ja;
    let text = if ja { question.text_ja() } else { question.text_en() };
    let mut all = format!("\n{}: {text}", question.file);
    for choice in question.choices() {
        let meaning = if ja { &choice.text_ja } else { &choice.text_en };
        all += &format!("\n  {}) {meaning}", choice.key);
    }
    all
}

/// A name for the pipeline: the last part of the folder.
fn name_of(input: &Location) -> String {
    let url = input.url().as_str().trim_end_matches('/').to_string();
    let last = url.rsplit('/').next().unwrap_or_default().to_lowercase();
    let plain: String = last.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_matches('_').to_string();
    if plain.is_empty() { "customers".to_string() } else { plain }
}

/// A place as a file in the folder `out` names it: a relative path, or a URL.
fn written(place: &Location, out: &Path) -> String {
    let Some(path) = place.local() else { return place.url().to_string() };
    let out = out.canonicalize().unwrap_or_else(|_| out.to_path_buf());
    let (mut there, mut here) = (path.components().peekable(), out.components().peekable());
    while there.peek().is_some() && there.peek() == here.peek() {
        there.next();
        here.next();
    }
    let mut relative: PathBuf = here.map(|_| "..").collect();
    relative.extend(there);
    match relative.as_os_str().is_empty() {
        true => ".".to_string(),
        false => relative.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_seen_from_the_file() {
        let check = |place: &str, out: &str, expected: &str| {
            let place = Location::parse(place, Path::new("/")).expect(place);
            assert_eq!(written(&place, Path::new(out)), expected);
        };
        check("/data/exports", "/data", "exports");
        check("/data/exports", "/data/exports", ".");
        check("/data/exports", "/data/work/one", "../../exports");
        check("s3://bucket/exports", "/data", "s3://bucket/exports");
    }

    #[test]
    fn a_folder_that_stands_twice_or_in_another_is_looked_at_once() {
        let check = |all: &[&str], expected: &[&str]| {
            let places = all.iter().map(|p| Location::parse(p, Path::new("/")).expect(p)).collect();
            let shown: Vec<String> = distinct(places).iter().map(Location::shown).collect();
            assert_eq!(shown, expected, "{all:?}");
        };
        check(&["/x/a", "/x/a"], &["/x/a"]);
        check(&["/x/a/b", "/x/a", "/x/c"], &["/x/a", "/x/c"]);
        check(&["/x/a", "/x/ab"], &["/x/a", "/x/ab"]);
    }

    #[test]
    fn folders_have_the_folder_that_they_are_in() {
        let places =
            |all: &[&str]| all.iter().map(|p| Location::parse(p, Path::new("/")).expect(p)).collect::<Vec<_>>();
        let shared = |all: &[&str]| common(&places(all)).map(|c| c.shown()).map_err(|e| e.message().to_string());
        assert_eq!(shared(&["/a/b", "/a/c"]).as_deref(), Ok("/a"));
        assert_eq!(shared(&["/a/b", "/a/bc"]).as_deref(), Ok("/a"));
        assert_eq!(shared(&["/a/b"]).as_deref(), Ok("/a/b"));
        assert_eq!(shared(&["s3://one/a", "s3://one/b"]).as_deref(), Ok("s3://one"));
        assert!(shared(&["s3://one/a", "s3://two/b"]).is_err());
    }
}
