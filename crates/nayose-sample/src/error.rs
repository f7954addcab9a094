//! Why sample data could not be made.

use std::fmt;
use std::path::PathBuf;

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why sample data could not be made.
#[derive(Debug)]
pub enum Error {
    /// More people than ids are made for, or none.
    People(u64),
    /// A file of the output folder cannot be written.
    Write {
        /// The file, where it is known.
        file: Option<PathBuf>,
        /// What the system says.
        cause: String,
    },
    /// An embedded list is malformed, or a row cannot be written as JSON: a fault of this crate.
    Bug(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::People(people) => write!(f, "--people {people} is not between 1 and {}", crate::MOST_PEOPLE),
            Error::Write { file: Some(file), cause } => write!(f, "cannot write {}: {cause}", file.display()),
            Error::Write { file: None, cause } => write!(f, "cannot write the sample data: {cause}"),
            Error::Bug(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Write { file: None, cause: error.to_string() }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Bug(error.to_string())
    }
}
