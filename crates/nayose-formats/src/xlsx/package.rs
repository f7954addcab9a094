//! The parts of a workbook.
//!
//! In: the bytes of a workbook. Out: its sheets, strings and formats. What is unpacked is counted against one limit for
//! the whole workbook.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::damaged;
use super::format::Formats;
use super::xml::{Xml, attribute};
use crate::Problem;
use crate::archive::Archive;

/// A sheet of a workbook.
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) visible: bool,
    /// The name of its part.
    pub(super) part: String,
}

/// A workbook whose sheets are known.
pub(super) struct Package<'a> {
    archive: Archive<'a>,
    limit: usize,
    unpacked: usize,
    /// Worksheets only: sheets that are charts have no rows.
    pub(super) sheets: Vec<Sheet>,
    /// Whether day 0 is 1904-01-01, as in workbooks that Excel for Mac began.
    pub(super) is_1904: bool,
    strings: Option<String>,
    styles: Option<String>,
}

/// A relation between parts.
struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl<'a> Package<'a> {
    pub(super) fn open(bytes: &'a [u8], limit: usize) -> Result<Self, Problem> {
        let mut package = Package {
            archive: Archive::open(bytes)?,
            limit,
            unpacked: 0,
            sheets: Vec::new(),
            is_1904: false,
            strings: None,
            styles: None,
        };
        let main = package.relations("_rels/.rels", "")?.into_iter().find(|relation| relation.is("officeDocument"));
        let Some(main) = main.map(|relation| relation.target) else {
            return Err(Problem::new("the archive is no .xlsx workbook", "save it in Excel as .xlsx, or export CSV"));
        };
        if main.to_ascii_lowercase().ends_with(".bin") {
            return Err(Problem::new("the workbook is binary (.xlsb)", "save it in Excel as .xlsx, or export CSV"));
        }
        let (folder, name) = main.rsplit_once('/').unwrap_or(("", &main));
        let relations = package.relations(&path(folder, &format!("_rels/{name}.rels")), folder)?;
        package.read_workbook(&main, &relations)?;
        let target = |kind| relations.iter().find(|relation| relation.is(kind)).map(|relation| relation.target.clone());
        package.strings = target("sharedStrings");
        package.styles = target("styles");
        Ok(package)
    }

    /// The text of a part.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, Problem> {
        // Names of parts are alike in any case (ECMA-376 part 2, 6.2.2.3).
        let position = self.archive.position(name);
        let position = position.or_else(|| self.archive.position_where(|part| part.eq_ignore_ascii_case(name)));
        let Some(position) = position else { return Ok(None) };
        let too_large = || Problem::too_large("the workbook", self.limit);
        let left = self.limit.checked_sub(self.unpacked).ok_or_else(too_large)?;
        let bytes = self.archive.read(position, left)?;
        self.unpacked += bytes.len();
        let text = String::from_utf8(bytes).map_err(|_| damaged(name))?;
        Ok(Some(text.strip_prefix('\u{FEFF}').map(str::to_string).unwrap_or(text)))
    }

    /// The texts that cells refer to by their number.
    pub(super) fn strings(&mut self) -> Result<Strings, Problem> {
        let mut strings = Strings::default();
        let Some(name) = self.strings.take() else { return Ok(strings) };
        let Some(text) = self.part(&name)? else { return Ok(strings) };
        let mut xml = Xml::new(&text, name.as_str());
        while let Some(event) = xml.next()? {
            if let Event::Start(start) = event
                && start.local_name().as_ref() == b"si"
            {
                strings.push(&xml.string()?);
            }
        }
        Ok(strings)
    }

    /// The formats that cells refer to by their number.
    pub(super) fn formats(&mut self) -> Result<Formats, Problem> {
        let Some(name) = self.styles.take() else { return Ok(Formats::default()) };
        let Some(text) = self.part(&name)? else { return Ok(Formats::default()) };
        Formats::read(&mut Xml::new(&text, name.as_str()))
    }

    fn relations(&mut self, part: &str, folder: &str) -> Result<Vec<Relation>, Problem> {
        let Some(text) = self.part(part)? else { return Ok(Vec::new()) };
        let mut xml = Xml::new(&text, part);
        let mut relations = Vec::new();
        while let Some(event) = xml.next()? {
            if let Event::Start(start) = event
                && start.local_name().as_ref() == b"Relationship"
            {
                let value = |name| attribute(&start, name).unwrap_or_default();
                relations.push(Relation {
                    id: value(b"Id"),
                    kind: value(b"Type"),
                    target: path(folder, &value(b"Target")),
                });
            }
        }
        Ok(relations)
    }

    fn read_workbook(&mut self, part: &str, relations: &[Relation]) -> Result<(), Problem> {
        let text = self.part(part)?.ok_or_else(|| damaged(part))?;
        let by_id: HashMap<&str, &Relation> =
            relations.iter().map(|relation| (relation.id.as_str(), relation)).collect();
        let mut xml = Xml::new(&text, part);
        while let Some(event) = xml.next()? {
            let Event::Start(start) = event else { continue };
            match start.local_name().as_ref() {
                b"workbookPr" => {
                    // An extension has an element of this name too, without the attribute.
                    if let Some(flag) = attribute(&start, b"date1904") {
                        self.is_1904 = flag == "1" || flag == "true";
                    }
                }
                b"sheet" => {
                    let id = attribute(&start, b"id").unwrap_or_default();
                    let relation = by_id.get(id.as_str()).ok_or_else(|| damaged(part))?;
                    if relation.is("worksheet") {
                        self.sheets.push(Sheet {
                            name: attribute(&start, b"name").unwrap_or_default(),
                            visible: attribute(&start, b"state").is_none_or(|state| state == "visible"),
                            part: relation.target.clone(),
                        });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Relation {
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

/// The name of a part, from the folder of the part that names it.
fn path(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_string();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Texts, one behind the other.
#[derive(Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// The text of a number.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start..end)
    }
}
