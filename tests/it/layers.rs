//! The house as the code says it: rooms in layers, pure crates, nothing public that nobody uses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{root, rust_files};

/// The rooms of `src/`, from the outside in. Code names rooms below its own and no others: an arrow never points up, and so there
/// is no circle.
const LAYERS: [&str; 16] = [
    "main",
    "cli",
    "serve",
    "observe",
    "audit",
    "runner",
    "stages",
    "sources",
    "lake",
    "engine",
    "functions",
    "tables",
    "config",
    "console",
    "store",
    "error",
];

/// What the pure crates may not depend on, neither themselves nor through others: an engine, storage, an async runtime.
const IMPURE: [&str; 9] =
    ["arrow", "datafusion", "deltalake", "futures", "object_store", "parquet", "reqwest", "rustix", "tokio"];

/// Files that may lie in `src/` itself.
const LOOSE: [&str; 3] = ["error", "lib", "main"];

/// The code of a file without comments, strings and what comes after `#[cfg(test)]`.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("readable");
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut code = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        code += &rest[..at];
        rest = &rest[at..];
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with('"') {
            let bytes = rest.as_bytes();
            let mut end = 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        } else if rest.starts_with("'\"'") {
            rest = &rest[3..];
        } else {
            code += &rest[..1];
            rest = &rest[1..];
        }
    }
    code + rest
}

/// Every path in the code that begins with `crate::`, groups taken apart.
fn paths(code: &str) -> BTreeSet<String> {
    fn expand(prefix: &str, text: &str, into: &mut BTreeSet<String>) {
        let Some(open) = text.find('{') else {
            into.extend(text.split(',').map(|part| format!("{prefix}{}", part.trim())));
            return;
        };
        let mut depth = 0;
        let mut start = 0;
        for (at, c) in text.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(prefix, &text[start..at], into);
                    start = at + 1;
                }
                _ => {}
            }
        }
        let last = text[start..].trim();
        match (last.find('{'), last.rfind('}')) {
            (Some(open), Some(close)) => {
                expand(&format!("{prefix}{}", &last[..open]), &last[open + 1..close], into);
            }
            _ if open < start => expand(prefix, last, into),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let mut depth = 0;
        let end = rest.find(|c: char| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0 && !(c.is_alphanumeric() || "_:{}".contains(c))
        });
        expand("", &rest[..end.unwrap_or(rest.len())], &mut found);
    }
    found
}

/// Room → room that it names → the files that do.
fn arrows() -> BTreeMap<(String, String), BTreeSet<String>> {
    let src = root().join("src");
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for file in rust_files(&src) {
        let below = file.strip_prefix(&src).expect("below").to_path_buf();
        let room = below.components().next().expect("a name").as_os_str().to_string_lossy().replace(".rs", "");
        if room == "lib" {
            continue;
        }
        for path in paths(&code(&file)) {
            let to = path.split("::").next().unwrap_or_default().trim().to_string();
            if to != room && !to.is_empty() && to.starts_with(|c: char| c.is_ascii_lowercase()) {
                found.entry((room.clone(), to)).or_default().insert(below.display().to_string());
            }
        }
    }
    found
}

#[test]
fn no_arrow_points_up() {
    let layer = |room: &str| LAYERS.iter().position(|l| *l == room);
    let mut wrong = Vec::new();
    let arrows = arrows();
    assert!(arrows.len() > 40, "paths are found: {}", arrows.len());
    for ((from, to), files) in &arrows {
        let files = files.iter().cloned().collect::<Vec<_>>().join(", ");
        match (layer(from), layer(to)) {
            (Some(f), Some(t)) if f < t => {}
            (Some(_), Some(_)) => wrong.push(format!("{from} names {to}, which lies above it: {files}")),
            _ => wrong.push(format!("{from} or {to} is no room of LAYERS: {files}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_its_layer_and_nothing_lies_loose() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("src")).expect("src").flatten() {
        let name = entry.file_name().to_string_lossy().replace(".rs", "");
        let known =
            if entry.path().is_dir() { LAYERS.contains(&name.as_str()) } else { LOOSE.contains(&name.as_str()) };
        if !known {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "no rooms: {wrong:?}");
}

#[test]
fn the_core_is_pure() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "-p", "nayose-japanese", "-p"])
        .arg("nayose-matching")
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(tree.contains("nayose-matching") && tree.contains("unicode-normalization"), "{tree}");
    let impure: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| IMPURE.iter().any(|i| name == i || name.starts_with(&format!("{i}-"))))
        .collect();
    assert!(impure.is_empty(), "the core depends on {impure:?}");
}

/// Whether `name` stands in the text as a word.
fn has_word(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}

/// The public items of a file: name, and the declaration up to its body.
fn public_items(code: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("pub ") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + 4..];
        let mut words = rest.split_whitespace();
        let mut kind = words.next().unwrap_or_default();
        while ["const", "async", "unsafe"].contains(&kind) && rest.contains("fn ") {
            match words.clone().next() {
                Some(next @ ("fn" | "async" | "unsafe")) => {
                    kind = next;
                    words.next();
                }
                _ => break,
            }
        }
        if !["fn", "struct", "enum", "trait", "type", "const", "static", "mod"].contains(&kind) {
            continue;
        }
        let name: String =
            words.next().unwrap_or_default().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let end = match kind {
            "struct" | "enum" => rest.find("\n}").or(rest.find(';')),
            _ => rest.find(['{', ';', '=']),
        };
        found.push((name, rest[..end.unwrap_or(rest.len())].to_string()));
    }
    found
}

/// Public items that other public items of their crate do not name, and that nobody outside of the crate names.
fn unused(name: &str) -> Vec<String> {
    let own = root().join("crates").join(name);
    let files = |folders: &[PathBuf]| folders.iter().flat_map(|f| rust_files(f)).collect::<Vec<_>>();
    let outside: String =
        files(&[root().join("src"), root().join("tests"), root().join("benches"), root().join("crates")])
            .iter()
            .filter(|file| !file.starts_with(own.join("src")))
            .map(|file| fs::read_to_string(file).expect("readable"))
            .collect();
    let items: Vec<(String, String)> = files(&[own.join("src")]).iter().flat_map(|f| public_items(&code(f))).collect();
    let named_beside = |name: &str, own: &str| items.iter().any(|(_, text)| text != own && has_word(text, name));
    let unused = items.iter().filter(|(name, text)| !has_word(&outside, name) && !named_beside(name, text));
    unused.map(|(name, _)| name.clone()).collect()
}

#[test]
fn what_nobody_outside_uses_is_not_public() {
    let mut all = Vec::new();
    let crates =
        ["nayose-allocator", "nayose-draft", "nayose-formats", "nayose-japanese", "nayose-matching", "nayose-sample"];
    for name in crates {
        all.extend(unused(name).into_iter().map(|item| format!("{name}: {item}")));
    }
    assert!(all.is_empty(), "make these pub(crate) or private:\n{}", all.join("\n"));
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let code = "use crate::a::{b, c::{d, e}};\nfn f() -> crate::g::H { crate::i(\"crate::no\") } use crate::{j::k, l};";
    let found: Vec<String> = paths(code).into_iter().collect();
    assert_eq!(found, ["a::b", "a::c::d", "a::c::e", "g::H", "i", "j::k", "l", "no"]);
}
