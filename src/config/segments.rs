//! The segments of a pipeline: who is in each, and which of them are mail lists.
//!
//! In: the folders that `segments` of the pipeline file names. Out: [`Segment`]s in order of name, whose columns are known, whose values
//! have the columns' types, and whose purposes are those of the sources. Nothing of a file is ever a piece of a query.

use std::path::Path;

use jiff::civil::Date;

use super::check::{document_of, key};
use super::check_segment::{self, Known};
use super::file::{FoldersFile, Label};
use super::head::{HeadColumn, HeadType};
use super::needs::Need;
use super::problem::Problems;
use super::queries::files_of_folder;
use super::segment_file::{DeviceFile, FirstFile, SegmentFile};
use super::tree::{Placed, Step, line_of};
use super::{Source, SqlFile};
use crate::error::Result;

/// The mart that segments are conditions over.
pub const PROFILE: &str = "customer_profile";

/// Items of purchases, whose categories the reference table `product` has.
pub const ITEMS: &str = "_item";

/// What each customer stated, and whether it is consent still.
pub const STATEMENTS: &str = "_consent";

/// The addresses that a consent holds for.
pub const ADDRESSES: &str = "consented_address";

/// Messages with the time of their send.
pub const MESSAGES: &str = "_message";

/// The ways of contact that reach an address of the record that agreed. Of others the record itself is the target.
pub const ADDRESSED: [&str; 3] = ["email", "phone", "sms"];

/// A segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// File name without its ending.
    pub name: String,
    /// The file, as a person finds it from the pipeline file.
    pub file: String,
    /// The text of the file.
    pub text: String,
    /// Its name for people.
    pub title: Label,
    /// Who is in it.
    pub condition: Condition,
    /// What makes it a mail list.
    pub send: Option<Send>,
    /// What the sources have to map.
    pub needs: Vec<Need>,
}

/// Something that holds of a customer, or does not: a value that is missing is no third answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of these hold.
    All(Vec<Condition>),
    /// One of these holds.
    Any(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// A category is bought more than by others.
    Preference(Preference),
    /// A value of the profile passes a test.
    Column(HeadColumn, Test),
}

/// A category with its least share, and its least purchases.
#[derive(Clone, Debug, PartialEq)]
pub struct Preference {
    /// The path of the category, of any depth.
    pub category: String,
    /// Times the share of all customers.
    pub times: f64,
    /// Purchases with the category.
    pub purchases: u32,
}

/// What a value is tested for.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is true, or false.
    Is(bool),
    /// It is one of these texts.
    Texts(Vec<String>),
    /// It is one of these numbers.
    Numbers(Vec<f64>),
    /// It is so much or more.
    AtLeast(f64),
    /// It is so much or less.
    AtMost(f64),
    /// It is in the last days.
    WithinDays(u32),
    /// It is so many days ago, or more.
    DaysAgo(u32),
    /// It is in the next days.
    InNextDays(u32),
    /// It is on this day or later.
    From(Date),
    /// It is on this day or earlier.
    Until(Date),
    /// It is the month so many months after that of the run.
    MonthsAhead(u32),
    /// One of these is in the list.
    Contains(Vec<String>),
    /// There is no value, or there is one.
    Missing(bool),
}

/// What makes a segment a mail list.
#[derive(Clone, Debug)]
pub struct Send {
    /// The purpose of consent.
    pub purpose: String,
    /// The way of contact.
    pub contact: String,
    /// Only addresses of this device.
    pub device: Option<DeviceFile>,
    /// The contact cap.
    pub cap: Option<Cap>,
    /// Segments whose members are left out.
    pub exclude: Vec<String>,
    /// Mail lists that go first.
    pub after: Vec<String>,
    /// The column that orders customers, and which end comes first.
    pub order: Option<(HeadColumn, FirstFile)>,
    /// Customers at most.
    pub at_most: Option<u32>,
    /// What the sources have to map, beside what the segment needs.
    pub needs: Vec<Need>,
}

impl Send {
    /// Whether the way of contact reaches an address of the record that agreed.
    pub fn is_addressed(&self) -> bool {
        ADDRESSED.contains(&self.contact.as_str())
    }
}

/// A contact cap.
#[derive(Clone, Debug, PartialEq)]
pub struct Cap {
    /// Messages at most, the one of the list included.
    pub messages: u32,
    /// In so many days.
    pub days: u32,
    /// By these ways; by all where none is named.
    pub media: Vec<String>,
}

impl Segment {
    /// The marts that it reads; what they lack, it lacks.
    pub fn reads(&self) -> Vec<&'static str> {
        let items = (!self.condition.preferences().is_empty()).then_some(ITEMS);
        [PROFILE].into_iter().chain(items).collect()
    }
}

impl Send {
    /// The marts that the list reads beside those of its segment.
    pub fn reads(&self) -> Vec<&'static str> {
        let addresses = self.is_addressed().then_some(ADDRESSES);
        let messages = self.cap.is_some().then_some(MESSAGES);
        [STATEMENTS].into_iter().chain(addresses).chain(messages).collect()
    }
}

impl Condition {
    /// The categories that it asks for, each once, in order.
    pub fn preferences(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.visit(&mut |condition| {
            if let Condition::Preference(of) = condition
                && !found.contains(&of.category.as_str())
            {
                found.push(of.category.as_str());
            }
        });
        found
    }

    /// The columns that it tests, as often as it does.
    pub fn columns(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.visit(&mut |condition| {
            if let Condition::Column(column, _) = condition {
                found.push(column.name.as_str());
            }
        });
        found
    }

    fn visit<'a>(&'a self, seen: &mut dyn FnMut(&'a Condition)) {
        seen(self);
        match self {
            Condition::All(these) | Condition::Any(these) => these.iter().for_each(|one| one.visit(seen)),
            Condition::Not(one) => one.visit(seen),
            Condition::Preference(_) | Condition::Column(..) => {}
        }
    }
}

/// Whether rows can be put in the order of a column.
pub(super) fn is_ordered(of: HeadType) -> bool {
    !matches!(of, HeadType::Texts)
}

/// The segments of the folders that `segments` of the pipeline file `path` names.
///
/// # Errors
/// Configuration, where a folder or a file cannot be read.
pub(super) fn read(
    path: &Path,
    folders: Option<&FoldersFile>,
    tree: &Placed,
    (marts, sources): (&[SqlFile], &[Source]),
    problems: &mut Problems,
) -> Result<Vec<Segment>> {
    problems.in_file(path.display().to_string());
    let pipeline = path.parent().unwrap_or(Path::new("."));
    let schema = schemars::schema_for!(SegmentFile).to_value();
    let (mut files, mut documents) = (Vec::<(String, String, String)>::new(), Vec::new());
    let typed = folders.map(FoldersFile::to_vec).unwrap_or_default();
    for (place, folder) in typed.iter().enumerate() {
        let line = line_of(tree, &[key("segments"), Step::Index(place)]);
        if folder.is_empty() {
            problems.add(line, "segments is empty", "leave the key out, or name a folder");
            continue;
        }
        for ending in ["yaml", "yml"] {
            for (name, text) in files_of_folder(pipeline, folder, ending, "segments")? {
                let file = format!("{}/{name}.{ending}", folder.trim_end_matches('/'));
                if let Some((_, other, _)) = files.iter().find(|(known, ..)| *known == name) {
                    let message = format!("{other} and {file} have one name");
                    problems.add(line, message, "a name is a segment: rename one file, or name its folder once");
                } else {
                    files.push((name, file, text));
                }
            }
        }
    }
    if files.is_empty() {
        return Ok(Vec::new());
    }
    files.sort();
    let line = line_of(tree, &[key("segments")]);
    check_segment::marts(marts, line, problems);
    for (_, file, text) in &files {
        problems.in_file(pipeline.join(file).display().to_string());
        documents.push(document_of::<SegmentFile>(text, &schema, problems));
    }
    let mut found = Vec::new();
    // Also those with a mistake: others may name them.
    let names: Vec<(&str, bool)> = files
        .iter()
        .zip(&documents)
        .map(|((name, ..), document)| (name.as_str(), document.as_ref().is_none_or(|d| d.file.send.is_some())))
        .collect();
    let Some(head) = marts.iter().find(|mart| mart.name == PROFILE).and_then(|mart| mart.head.as_ref()) else {
        return Ok(found);
    };
    let known = Known { head, marts, sources, segments: &names };
    for ((name, file, text), document) in files.iter().zip(&documents) {
        problems.in_file(pipeline.join(file).display().to_string());
        let Some(document) = document else { continue };
        let (condition, send, needs) = check_segment::segment(name, document, &known, problems);
        found.push(Segment {
            name: name.clone(),
            file: file.clone(),
            text: text.clone(),
            title: document.file.title.clone(),
            condition,
            send,
            needs,
        });
    }
    if let Some((name, circle)) = first_circle(&found)
        && let Some(((_, file, _), Some(document))) = files.iter().zip(&documents).find(|((of, ..), _)| *of == name)
    {
        problems.in_file(pipeline.join(file).display().to_string());
        let line = line_of(&document.tree, &[key("send"), key("after")]);
        problems.add(line, format!("mail lists go after each other in a circle: {circle}"), "one of them goes first");
    }
    Ok(found)
}

/// The mail lists, each after those that go first; those of a circle are left out.
pub fn lists_in_order(segments: &[Segment]) -> Vec<(&Segment, &Send)> {
    let lists = || segments.iter().filter_map(|segment| Some((segment, segment.send.as_ref()?)));
    let mut order: Vec<(&Segment, &Send)> = Vec::new();
    // Each round places one list or more, in order of name.
    loop {
        let is_placed = |order: &[(&Segment, &Send)], name: &str| order.iter().any(|(of, _)| of.name == name);
        let is_list = |name: &str| lists().any(|(of, _)| of.name == name);
        let next = lists().find(|(segment, send)| {
            !is_placed(&order, &segment.name)
                && send.after.iter().all(|before| is_placed(&order, before) || !is_list(before))
        });
        match next {
            Some(list) => order.push(list),
            None => return order,
        }
    }
}

/// Lists that go after each other in a circle: the first of them, and the circle.
fn first_circle(segments: &[Segment]) -> Option<(String, String)> {
    let placed = lists_in_order(segments);
    let left: Vec<&Segment> = segments
        .iter()
        .filter(|segment| segment.send.is_some() && !placed.iter().any(|(of, _)| of.name == segment.name))
        .collect();
    let mut way: Vec<&str> = Vec::new();
    let mut at = left.first()?.name.as_str();
    while !way.contains(&at) {
        way.push(at);
        let send = left.iter().find(|segment| segment.name == at)?.send.as_ref()?;
        at = send.after.iter().find(|before| left.iter().any(|segment| segment.name == **before))?;
    }
    let start = way.iter().position(|name| *name == at)?;
    let circle: Vec<&str> = way[start..].iter().copied().chain([at]).collect();
    Some((at.to_string(), circle.join(" after ")))
}
