//! Files that are deliveries of one source: names, shapes and columns in, groups with a glob out.
//!
//! `orders_20260301.csv` and `orders_20260302.csv` with the same columns are one source, and so are `orders.csv` and
//! `orders (1).csv`, as a browser names a second download. Their rows are not put together: of two deliveries with all rows every id
//! would stand twice. Files of a year before that lack columns or have one under another name
//! are of the same source too ([`crate::layouts`]).

use std::collections::HashMap;

use crate::delimited::{Delimited, Quoting};
use crate::encoding::Encoding;
use crate::layouts::{self, Differences};
use crate::rows::Table;
use crate::shape::{Form, Shape};

/// A file as it was read.
pub(crate) struct Read {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) tables: Vec<Table>,
    /// Whether its bytes are ASCII, which every encoding here reads alike.
    pub(crate) ascii: bool,
}

/// Files of one source, and the glob that finds them.
pub(crate) struct Group {
    /// Places of the files.
    pub(crate) members: Vec<usize>,
    pub(crate) glob: String,
    /// Places of those whose columns are those of the source; others lack some, or have other names for some.
    whole: Vec<usize>,
    /// How the columns of the others differ from theirs.
    pub(crate) differences: Differences,
}

impl Group {
    /// The file that says most: that with the most rows, and the last of several.
    pub(crate) fn best(&self, files: &[Read]) -> usize {
        let rows = |i: &usize| {
            // A file of ASCII does not say which encoding the others have.
            let rows: usize = files[*i].tables.iter().map(|table| table.rows.len()).sum();
            (!files[*i].ascii, rows)
        };
        self.whole.iter().copied().max_by_key(rows).unwrap_or(0)
    }
}

/// The groups of all files, in order of their first file. A file that is alone is found by its name, but for a day in it.
pub(crate) fn groups(files: &[Read]) -> Vec<Group> {
    let mut alike: Vec<Vec<usize>> = Vec::new();
    // Thousands of deliveries are grouped: only names that are equal but for what tells a delivery are compared.
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, file) in files.iter().enumerate() {
        let known = by_name.entry(without_delivery(&file.name)).or_default();
        // The first of a group has its columns; the first that is not ASCII has its encoding.
        let is_of = |group: &[usize]| {
            let speaks = group.iter().find(|other| !files[**other].ascii).copied().unwrap_or(group[0]);
            fits(&files[group[0]], file) && fits(&files[speaks], file)
        };
        match known.iter().find(|place| is_of(&alike[**place])) {
            Some(place) => alike[*place].push(i),
            None => {
                known.push(alike.len());
                alike.push(vec![i]);
            }
        }
    }
    let mut out = Vec::new();
    for (members, whole, differences) in with_other_layouts(files, alike, &by_name) {
        if let Some(glob) = glob(files, &members).or_else(|| names(files, &members)) {
            out.push(Group { members, glob, whole, differences });
        } else {
            let alone = |i: usize| (vec![i], escaped(&files[i].name));
            out.extend(members.into_iter().map(alone).map(|(members, glob)| Group {
                whole: members.clone(),
                members,
                glob,
                differences: Differences::default(),
            }));
        }
    }
    out.sort_by_key(|group| group.members[0]);
    out
}

/// The groups with those of other layouts that are of the same source: members, those with all columns, and the differences.
fn with_other_layouts(
    files: &[Read],
    mut alike: Vec<Vec<usize>>,
    by_name: &HashMap<String, Vec<usize>>,
) -> Vec<(Vec<usize>, Vec<usize>, Differences)> {
    let width = |group: &[usize]| files[group[0]].tables.first().map_or(0, |table| table.columns.len());
    let mut out = Vec::new();
    let mut kinds: Vec<&Vec<usize>> = by_name.values().collect();
    kinds.sort();
    for kind in kinds {
        // The layout with most columns has those of the others.
        let mut places = kind.clone();
        places.sort_by_key(|place| (std::cmp::Reverse(width(&alike[*place])), *place));
        let mut merged: Vec<(Vec<usize>, Vec<usize>, Differences)> = Vec::new();
        for place in places {
            let members = std::mem::take(&mut alike[place]);
            let of = |group: &mut (Vec<usize>, Vec<usize>, Differences)| {
                let (one, other) = (&files[group.1[0]], &files[members[0]]);
                let found = is_read_alike(one, other).then(|| layouts::compare(one, other)).flatten()?;
                group.0.extend(&members);
                group.2.add(found);
                Some(())
            };
            if merged.iter_mut().find_map(of).is_none() {
                merged.push((members.clone(), members, Differences::default()));
            }
        }
        merged.iter_mut().for_each(|(members, ..)| members.sort_unstable());
        out.append(&mut merged);
    }
    out
}

/// A glob of the names one by one, where no pattern finds these files alone; `None` where there are too many or one only.
fn names(files: &[Read], members: &[usize]) -> Option<String> {
    /// More names than this are no line that somebody reads.
    const MOST: usize = 20;
    let names: Vec<String> = members.iter().map(|i| escaped(&files[*i].name)).collect();
    // What is in an archive or a workbook is named behind its file.
    let packed = |name: &String| [".zip/", ".xlsx/"].iter().any(|end| name.to_lowercase().contains(end));
    let plain = names.iter().all(|name| !name.contains(['{', '}', ',']) && !packed(name));
    ((2..=MOST).contains(&names.len()) && plain).then(|| format!("{{{}}}", names.join(",")))
}

/// A piece of a name.
#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// Digits, also several with signs between them, as in a day or a time.
    Digits(String),
}

/// The pieces of a name. A sheet of a workbook is named whole: no pattern finds it.
fn pieces(name: &str) -> Vec<Piece> {
    let sheet = name.to_lowercase().find(".xlsx/").filter(|_| name.len() == name.to_lowercase().len());
    if let Some(at) = sheet.map(|at| at + ".xlsx".len()) {
        let mut out = pieces(&name[..at]);
        out.push(Piece::Text(name[at..].to_owned()));
        return out;
    }
    let chars: Vec<char> = name.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        if chars[at].is_ascii_digit() {
            while at < chars.len() {
                let between =
                    matches!(chars[at], '-' | '_' | '.') && chars.get(at + 1).is_some_and(char::is_ascii_digit);
                if !chars[at].is_ascii_digit() && !between {
                    break;
                }
                at += 1;
            }
            out.push(Piece::Digits(chars[start..at].iter().collect()));
        } else {
            while at < chars.len() && !chars[at].is_ascii_digit() {
                at += 1;
            }
            out.push(Piece::Text(chars[start..at].iter().collect()));
        }
    }
    out
}

/// Whether digits of a name are a day: the next delivery has another one. With a time of day there are more of them.
fn is_day(digits: &str) -> bool {
    const DAY: usize = "20260331".len();
    digits.chars().filter(char::is_ascii_digit).count() >= DAY
}

/// Marks of a copy, as Windows, macOS and browsers write them.
const COPIES: [&str; 4] = ["のコピー", "コピー", "copy of", "copy"];

/// A name without what tells one delivery from another: digits, signs around them, and that it is a copy. Folders keep their signs.
fn without_delivery(name: &str) -> String {
    let text = |piece: Piece| match piece {
        Piece::Text(text) => text,
        Piece::Digits(_) => "\0".to_owned(),
    };
    let plain: String = pieces(name).into_iter().map(text).collect();
    let (folder, file) = plain.rsplit_once(['/', '\\']).unwrap_or(("", plain.as_str()));
    // What is in an archive or a workbook has the name that its maker gave it.
    let is_packed = [".zip", ".xlsx"].iter().any(|end| folder.to_lowercase().ends_with(end));
    let (base, end) = file.split_once('.').unwrap_or((file, ""));
    let mut stem = base.to_lowercase();
    COPIES.iter().for_each(|mark| stem = stem.replace(mark, ""));
    stem.retain(|c| c != '\0' && !c.is_whitespace() && !"()（）[]_-‐–~".contains(c));
    if is_packed || stem.is_empty() { plain } else { format!("{folder}/{stem}.{end}") }
}

/// Whether two files can be read alike and have the same columns.
fn fits(one: &Read, other: &Read) -> bool {
    let columns = |read: &Read| -> Vec<(Option<String>, Vec<String>)> {
        read.tables.iter().map(|table| (table.path.clone(), table.columns.clone())).collect()
    };
    columns(one) == columns(other) && is_read_alike(one, other)
}

/// Whether two files can be read alike, whatever their columns are.
fn is_read_alike(one: &Read, other: &Read) -> bool {
    let encoding = |read: &Read| read.shape.encoding.as_ref().map(|found| found.value.as_str());
    !one.tables.is_empty()
        && (encoding(one) == encoding(other) || is_readable_as(one, other) || is_readable_as(other, one))
        && match (&one.shape.form.value, &other.shape.form.value) {
            (Form::Delimited(a), Form::Delimited(b)) => is_delimited_alike(a, b),
            (a, b) => a == b,
        }
}

/// Whether ASCII can be read in the encoding of the other file.
fn is_readable_as(ascii: &Read, other: &Read) -> bool {
    let wide = |found: Encoding| matches!(found, Encoding::Utf16Le | Encoding::Utf16Be);
    ascii.ascii && other.shape.encoding.as_ref().is_some_and(|found| !wide(found.value))
}

fn is_delimited_alike(a: &Delimited, b: &Delimited) -> bool {
    let quoted = |form: &Delimited| form.quoting.value != Quoting::Never;
    a.delimiter.value == b.delimiter.value && a.header.value == b.header.value && quoted(a) == quoted(b)
}

/// The glob that finds these files and no other; `None` where there is none.
fn glob(files: &[Read], members: &[usize]) -> Option<String> {
    let first = pieces(&files[members[0]].name);
    let is_day = |piece: &Piece| matches!(piece, Piece::Digits(text) if is_day(text));
    if members.len() == 1 && !first.iter().any(is_day) {
        return Some(escaped(&files[members[0]].name));
    }
    let all: Vec<Vec<Piece>> = members.iter().map(|i| pieces(&files[*i].name)).collect();
    let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
    let is_as_first = |other: &Vec<Piece>| {
        let of_digits = |(a, b): (&Piece, &Piece)| a == b || !(is_text(a) || is_text(b));
        other.len() == first.len() && other.iter().zip(&first).all(of_digits)
    };
    if !all.iter().all(is_as_first) {
        return by_stem(files, members);
    }
    let alone = members.len() == 1;
    let differs =
        |place: usize| all.iter().any(|other| other[place] != first[place]) || (alone && is_day(&first[place]));
    let others: Vec<&str> =
        files.iter().enumerate().filter(|(i, _)| !members.contains(i)).map(|(_, file)| file.name.as_str()).collect();
    // Any text where the digits are; where that finds another file, any text that begins with a digit.
    [false, true].into_iter().find_map(|digit| {
        let found = others.iter().any(|name| is_found(&first, &differs, digit, name));
        (!found).then(|| {
            let star = if digit { "[0-9]*" } else { "*" };
            let piece = |(place, piece): (usize, &Piece)| match piece {
                Piece::Digits(_) if differs(place) => star.to_owned(),
                Piece::Text(text) | Piece::Digits(text) => escaped(text),
            };
            first.iter().enumerate().map(piece).collect()
        })
    })
}

/// The glob of names that differ by more than digits: what they begin with, up to what tells a delivery, and how they end.
fn by_stem(files: &[Read], members: &[usize]) -> Option<String> {
    let names: Vec<&str> = members.iter().map(|i| files[*i].name.as_str()).collect();
    let (first, rest) = names.split_first()?;
    let shared = |a: &str, b: &str| a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map(|((at, _), _)| at);
    let begin = rest.iter().fold(*first, |begin, name| match shared(begin, name) {
        Some(at) => &begin[..at],
        None => &begin[..begin.len().min(name.len())],
    });
    let folder = first.rfind('/').map_or(0, |at| at + 1);
    let same_folder = names.iter().all(|name| name.rfind('/').map_or(0, |at| at + 1) == folder) && begin.len() > folder;
    let sign = |c: char| c.is_ascii_digit() || c.is_whitespace() || "()（）[]_-.".contains(c);
    let begin = begin.get(folder..).filter(|_| same_folder)?.trim_end_matches(sign);
    let end = first[folder..].split_once('.').map_or("", |(_, end)| end);
    let end = if end.is_empty() { String::new() } else { format!(".{end}") };
    let begin = format!("{}{begin}", &first[..folder]);
    let finds = |name: &str| {
        let middle = name.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(&end));
        middle.is_some_and(|middle| !middle.contains('/'))
    };
    let others = files.iter().enumerate().filter(|(i, _)| !members.contains(i));
    let alone = begin.len() > folder
        && names.iter().all(|name| finds(name))
        && !others.into_iter().any(|(_, f)| finds(&f.name));
    alone.then(|| format!("{}*{}", escaped(&begin), escaped(&end)))
}

/// Whether the glob finds a name.
fn is_found(pieces: &[Piece], differs: &dyn Fn(usize) -> bool, digit: bool, name: &str) -> bool {
    fn rest_is_found(pieces: &[(bool, &str)], digit: bool, name: &str) -> bool {
        match pieces {
            [] => name.is_empty(),
            [(false, text), rest @ ..] => name.strip_prefix(text).is_some_and(|name| rest_is_found(rest, digit, name)),
            [(true, _), rest @ ..] => {
                // A star ends at the end of a folder's name.
                let end = name.find('/').unwrap_or(name.len());
                let begins = !digit || name.starts_with(|c: char| c.is_ascii_digit());
                let least = usize::from(digit);
                begins
                    && (least..=end)
                        .filter(|at| name.is_char_boundary(*at))
                        .any(|at| rest_is_found(rest, digit, &name[at..]))
            }
        }
    }
    let pieces: Vec<(bool, &str)> = pieces
        .iter()
        .enumerate()
        .map(|(place, piece)| match piece {
            Piece::Digits(text) => (differs(place), text.as_str()),
            Piece::Text(text) => (false, text.as_str()),
        })
        .collect();
    rest_is_found(&pieces, digit, name)
}

/// A name as a glob that finds it alone.
fn escaped(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' => out.extend(['[', c, ']']),
            // A folder of Windows.
            '\\' => out.push('/'),
            c => out.push(c),
        }
    }
    out
}
