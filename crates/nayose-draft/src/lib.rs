//! The pure heart of `nayose init`: the beginnings of files in, what they are and what their columns mean out.
//!
//! In: a [`Sample`] of each file, which is its name and its first bytes. Out: a [`Draft`], which is plain data: the
//! sources that the files can be, the meaning of every column with its reason, id spaces, and the questions that only
//! the owner can answer. Why a crate of its own: it opens no file, looks at no clock and knows no engine, so that the
//! same bytes give the same draft everywhere, and any bytes can be tried.
//!
//! # How it works
//! 1. [`shape`] finds packing, encoding, delimiter, quoting, line ends and header of the bytes.
//! 2. The header is compared with the presets, the documented exports of known systems (`data/presets/*.tsv`).
//! 3. Columns that no preset knows get their meaning from the words of their header (`data/words.tsv`,
//!    `data/rules.tsv`) and from their values, which the readers of `nayose-japanese` try to understand.
//! 4. [`draft`] puts the tables side by side: which of them holds people or events, whose ids are found in whose
//!    table, and what has to be asked.
//! 5. [`Answers`] understands what somebody types, and [`pipeline_yaml`] and [`model_yaml`] write the files. What nobody
//!    answered is a marked place ([`marked_places`]).
//!
//! A model that Splink saved is another beginning: [`import_splink`] writes it as a model file, with what has no counterpart.
//!
//! # What is never done
//! - No value of a person stands in a reason, a warning or a question. Values are shown only where they are one of a
//!   small closed set and the column is a code: sex, consent, status, kind.
//! - Nothing is guessed that only the owner knows. It is a [`Question`].
//!
//! # A new preset
//! A file in `data/presets`, listed in `preset_files.rs`: directives (`@title`, `@source`, …) and one line for each header
//! with its meaning. `@source` names the public place where the header is documented.

mod answers;
mod choose;
mod closed;
mod column_yaml;
mod columns;
mod delimited;
mod digest;
mod draft;
mod encoding;
mod event_facts;
mod event_sources;
mod event_words;
mod fact_sources;
mod facts;
mod fixed;
mod found;
mod groups;
mod header;
mod ids;
mod json;
mod layouts;
mod marts;
mod meaning;
mod model_yaml;
mod moments;
mod parts;
mod person_id;
mod pipeline_yaml;
mod places;
mod preset;
mod preset_files;
mod question;
mod references;
mod rows;
mod scalar;
mod shape;
mod sheets;
mod source_yaml;
mod sources;
mod splink;
mod unread_yaml;
mod value_yaml;
mod words;

pub use answers::{Answer, Answers, Choice, NoAnswer};
pub use closed::{ClosedSet, ValueCount};
pub use columns::{Column, TableMeaning, columns, columns_without_presets};
pub use delimited::{Delimited, Quoting};
pub use draft::{Draft, FileDraft, draft};
pub use encoding::Encoding;
pub use event_words::WordsDraft;
pub use facts::Facts;
pub use found::Found;
pub use ids::IdSpace;
pub use marts::{checks_for, marts_for, with_crm};
pub use meaning::{Kind, Meaning, Party};
pub use model_yaml::{ModelAttribute, built_in_model, model_yaml};
pub use moments::MomentDraft;
pub use pipeline_yaml::{Layout, marked_places, pipeline_yaml};
pub use question::{Question, QuestionKind};
pub use scalar::scalar;
pub use shape::{Form, LineEnd, Shape, shape};
pub use sheets::{SheetChoice, sheet_with_data};
pub use sources::{ConsentDraft, Holds, Mapping, MaybeDraft, SourceDraft};
pub use splink::{ImportedModel, NotImported, Note, NoteKind, import_splink};

/// The beginning of a file.
#[derive(Clone, Debug)]
pub struct Sample<'a> {
    /// Its name, for reasons and names of sources: a path below the folder.
    pub name: String,
    /// Its first bytes.
    pub bytes: &'a [u8],
    /// Whether these are all its bytes: otherwise the last row may be cut.
    pub whole: bool,
}
