//! What can go wrong, as the user sees it.
//!
//! In: a failure anywhere in the crate. Out: one sentence that names the place, a hint with the remedy, and the kind,
//! which decides the exit code. Messages never hold personal data: they name files, lines, keys and columns, not values
//! of records.

use std::fmt;

use datafusion::error::DataFusionError;

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act on an error. Each kind has one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A data check failed: the input is not what it should be. Exit code 1.
    Data,
    /// The command line is wrong. Exit code 2.
    Usage,
    /// The pipeline or the model file is wrong, or does not fit the input. Exit code 2.
    Config,
    /// Storage, memory or network failed. Exit code 3.
    Environment,
    /// nayose itself is wrong. Exit code 4.
    Bug,
}

/// Nothing new to do: the exit code that `--skip-code` asks for, on which Airflow skips a task.
pub const NOTHING_NEW: u8 = 99;

impl Kind {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Data => "data",
            Kind::Usage => "usage",
            Kind::Config => "config",
            Kind::Environment => "environment",
            Kind::Bug => "bug",
        }
    }

    /// The process exit code of this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Data => 1,
            Kind::Usage | Kind::Config => 2,
            Kind::Environment => 3,
            Kind::Bug => 4,
        }
    }
}

/// An error with its remedy.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Error {
    /// An error of `kind`; `message` is one sentence that names the place.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), hint: None }
    }

    /// A data check failed.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A configuration file is wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// Storage, memory or network failed.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Kind::Environment, message)
    }

    /// nayose itself is wrong.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message).hint("this is a bug in nayose; please report the command and this message")
    }

    /// The same error with its remedy.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence without the hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The remedy, where one is known.
    pub fn remedy(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Our own errors pass through the engine and come out as they went in.
impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        DataFusionError::External(Box::new(error))
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Error>() {
                Ok(own) => *own,
                Err(other) => match other.downcast::<DataFusionError>() {
                    Ok(engine) => Error::from(*engine),
                    Err(other) => Error::bug(format!("the engine failed: {other}")),
                },
            },
            DataFusionError::Context(_, inner) => Error::from(*inner),
            DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
                Ok(inner) => Error::from(inner),
                Err(shared) => from_shared(&shared),
            },
            other => classify(&other),
        }
    }
}

/// A shared engine error cannot be taken apart, so that our own error inside it is copied.
fn from_shared(error: &DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(own) => own.clone(),
            None => Error::bug(format!("the engine failed: {inner}")),
        },
        root => classify(root),
    }
}

/// What the engine says when spill files grow over their ceiling; it has no kind of its own for that.
const SPILL_OVER: &str = "disk space during the spilling process has exceeded";

fn classify(error: &DataFusionError) -> Error {
    match error {
        error if error.to_string().contains(SPILL_OVER) => Error::environment("spill files grew over --spill-limit")
            .hint("raise it (for example --spill-limit 200GiB) where the --spill folder has room, or raise --memory"),
        DataFusionError::ResourcesExhausted(what) => {
            Error::environment(format!("memory ran out: {}", first_line(what)))
                .hint("give more with --memory (for example --memory 8GiB), or use fewer --threads")
        }
        // What fails while Parquet is read comes inside of other errors.
        other => storage_cause(other).unwrap_or_else(|| Error::bug(first_line(&other.strip_backtrace()))),
    }
}

/// Our own error, or that of a store or a file, that is behind an error of a library.
pub fn storage_cause(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut next = Some(error);
    let mut found = None;
    while let Some(error) = next {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Some(own.clone());
        }
        let io = error.downcast_ref::<std::io::Error>();
        if found.is_none() {
            let store = error.downcast_ref::<object_store::Error>();
            found = store.map(of_store).or_else(|| io.map(from_io));
        }
        // An I/O error does not count what it wraps as its source.
        let wrapped = io.and_then(std::io::Error::get_ref).map(|inner| inner as &(dyn std::error::Error + 'static));
        next = wrapped.or_else(|| error.source());
    }
    found
}

/// Storage errors, by what the user can do about them.
pub fn from_store(error: &object_store::Error) -> Error {
    storage_cause(error).unwrap_or_else(|| of_store(error))
}

/// The same with what was done where; remote stores say that themselves.
pub fn at_place(error: &object_store::Error, doing: &str, place: &str) -> Error {
    let cause = from_store(error);
    if cause.message().contains("://") {
        return cause;
    }
    let sentence = format!("cannot {doing} {place}: {}", cause.message());
    Error { message: sentence, ..cause }
}

fn of_store(error: &object_store::Error) -> Error {
    use object_store::Error as E;
    let text = first_line(&error.to_string());
    match error {
        E::NotFound { path, .. } => Error::environment(format!("{path} does not exist"))
            .hint("check the path, and that no other process removes files while nayose reads them"),
        E::PermissionDenied { path, .. } | E::Unauthenticated { path, .. } => {
            Error::environment(format!("access to {path} was refused"))
                .hint("check the credentials in the environment (AWS_*, GOOGLE_*, AZURE_*) and the file permissions")
        }
        _ => Error::environment(format!("storage failed: {text}")).hint(
            "check that the storage is reachable, has free space and may be written; then run again: finished stages are kept",
        ),
    }
}

/// File errors, by what the user can do about them.
pub fn from_io(error: &std::io::Error) -> Error {
    Error::environment(format!("storage failed: {}", first_line(&error.to_string())))
        .hint("check free space, permissions and the path; then run again: finished stages are kept")
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        from_store(&error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        from_io(&error)
    }
}

impl From<datafusion::arrow::error::ArrowError> for Error {
    fn from(error: datafusion::arrow::error::ArrowError) -> Self {
        Error::from(DataFusionError::from(error))
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_string()
}
