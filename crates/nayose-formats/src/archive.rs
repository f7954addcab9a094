//! ZIP archives.
//!
//! In: the bytes of an archive. Out: its members, and the bytes of one of them. Names are only names: they are never
//! used as paths. Archives inside archives are not opened.

use std::collections::HashSet;
use std::io::{Cursor, Read};

use encoding_rs::SHIFT_JIS;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::Problem;

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name with its folders. Names that are not UTF-8 are CP932, as the archiver of a Japanese Windows writes them.
    pub name: String,
    /// The size that the archive declares for it. It can be wrong.
    pub size: u64,
    /// Whether a password is needed for it.
    pub encrypted: bool,
}

/// The members of a ZIP archive, in their order.
///
/// Folders and what macOS adds (`__MACOSX/`, `.DS_Store`) are left out.
pub fn zip_members(bytes: &[u8]) -> Result<Vec<Member>, Problem> {
    let archive = Archive::open(bytes)?;
    Ok(archive.members.into_iter().map(|(_, member)| member).filter(|member| !is_junk(&member.name)).collect())
}

/// The bytes of the member with the name that [`zip_members`] gives it.
///
/// Unpacking stops with a problem after `limit` bytes, whatever size the archive declares.
pub fn zip_member(bytes: &[u8], name: &str, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut archive = Archive::open(bytes)?;
    let Some(index) = archive.position(name) else {
        let names: Vec<&str> =
            archive.members.iter().map(|(_, member)| member.name.as_str()).filter(|name| !is_junk(name)).collect();
        return Err(Problem::new(
            format!("the archive has no member {name}"),
            format!("its members are: {}", list(&names)),
        ));
    };
    archive.read(index, limit)
}

/// An archive whose directory was read.
pub(crate) struct Archive<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Members without folders, each with its place in `archive`.
    members: Vec<(usize, Member)>,
}

impl<'a> Archive<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| problem_of(&error, "the archive"))?;
        let mut members = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(|error| problem_of(&error, "the archive"))?;
            let name = name_of(entry.name_raw());
            if !name.ends_with(['/', '\\']) {
                members.push((index, Member { name, size: entry.size(), encrypted: entry.encrypted() }));
            }
        }
        let mut seen = HashSet::new();
        let twice = members.iter().find(|(_, member)| !seen.insert(member.name.as_str()));
        if twice.is_some() || archive.has_duplicate_names() {
            let name = twice.map_or("one name", |(_, member)| &member.name);
            return Err(Problem::new(
                format!("the archive has two members of {name}"),
                "which of them is meant cannot be known: unpack it, and give the files",
            ));
        }
        Ok(Archive { archive, members })
    }

    /// The place of the member of this name among the members.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|(_, member)| member.name == name)
    }

    /// The place of the first member of which `wanted` holds.
    pub(crate) fn position_where(&self, wanted: impl Fn(&str) -> bool) -> Option<usize> {
        self.members.iter().position(|(_, member)| wanted(&member.name))
    }

    /// Unpacks the member at a place.
    pub(crate) fn read(&mut self, position: usize, limit: usize) -> Result<Vec<u8>, Problem> {
        let (index, member) = &self.members[position];
        let what = format!("member {} of the archive", member.name);
        if member.encrypted {
            return Err(Problem::new(format!("{what} needs a password"), "pack the archive without a password"));
        }
        let file = self.archive.by_index(*index).map_err(|error| problem_of(&error, &what))?;
        let mut unpacked = Vec::new();
        // One byte more than allowed tells a member that is too large from one that just fits.
        file.take(limit as u64 + 1).read_to_end(&mut unpacked).map_err(|_| damaged(&what))?;
        if unpacked.len() > limit { Err(Problem::too_large(&what, limit)) } else { Ok(unpacked) }
    }
}

/// A name: UTF-8, which macOS does not flag, or else CP932.
fn name_of(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_string(),
        Err(_) => SHIFT_JIS.decode_without_bom_handling(raw).0.into_owned(),
    }
}

fn is_junk(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.rsplit('/').next() == Some(".DS_Store")
}

/// Names for a hint: the first of them, and how many more.
pub(crate) fn list(names: &[&str]) -> String {
    /// As many as fit on a screen.
    const SHOWN: usize = 20;
    match names.len() {
        0 => "none".to_string(),
        count if count > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN),
        _ => names.join(", "),
    }
}

fn damaged(what: &str) -> Problem {
    Problem::new(format!("{what} is damaged"), "send the file again, or unpack it and pack it anew")
}

fn problem_of(error: &ZipError, what: &str) -> Problem {
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => Problem::new(
            format!("{what} is packed in a way that is not supported"),
            "pack it as a plain ZIP (Deflate), in one part and without a password",
        ),
        _ => damaged(what),
    }
}
