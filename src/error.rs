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

/// What to do where a file of a lake is not what was written.
pub(crate) const VERIFY: &str =
    "`nayose verify` says what is damaged, `nayose verify --fix --pipeline FILE` makes again what can be made";

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
    /// Sentence and remedy in Japanese.
    japanese: Option<Box<[String; 2]>>,
    /// The remedy for who has no command line.
    page_hint: Option<&'static str>,
    /// Whether what was asked for is not there, as against a question that cannot be read.
    is_absent: bool,
}

impl Error {
    /// An error of `kind`; `message` is one sentence that names the place.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), hint: None, japanese: None, page_hint: None, is_absent: false }
    }

    /// A data check failed.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// What the user asked for is not there.
    pub fn absent(message: impl Into<String>) -> Self {
        Error { is_absent: true, ..Self::usage(message) }
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

    /// The same error with its remedy for readers of pages, where the hint names what can be typed.
    pub fn page(mut self, hint: &'static str) -> Self {
        self.page_hint = Some(hint);
        self
    }

    /// The remedy, where one is known, for readers of pages.
    pub fn page_remedy(&self) -> Option<&str> {
        self.page_hint.or(self.remedy())
    }

    /// The same error with its sentence and remedy in Japanese, as pages show them: for what their readers can mend.
    pub fn ja(mut self, message: impl Into<String>, hint: impl Into<String>) -> Self {
        self.japanese = Some(Box::new([message.into(), hint.into()]));
        self
    }

    /// The sentence and the remedy in Japanese, where the error has them.
    pub fn japanese(&self) -> Option<[&str; 2]> {
        self.japanese.as_deref().map(|[message, hint]| [message.as_str(), hint.as_str()])
    }

    /// Whether what was asked for is not there.
    pub fn is_absent(&self) -> bool {
        self.is_absent
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
                    Err(other) => {
                        storage_cause(other.as_ref()).unwrap_or_else(|| Error::bug(beginning(&other.to_string())))
                    }
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
            None => storage_cause(inner.as_ref()).unwrap_or_else(|| Error::bug(beginning(&inner.to_string()))),
        },
        root => classify(root),
    }
}

/// Spill files grew over their ceiling.
pub(crate) fn spill_over() -> Error {
    Error::environment("spill files grew over --spill-limit")
        .hint("raise it (for example --spill-limit 200GiB) where the --spill folder has room, or raise --memory")
}

/// What the engine says when spill files grow over their ceiling; it has no kind of its own for that.
const SPILL_OVER: &str = "disk space during the spilling process has exceeded";

fn classify(error: &DataFusionError) -> Error {
    match error {
        // An executor's spill is the engine's own, and its words come back as text.
        error if error.to_string().contains(SPILL_OVER) => spill_over(),
        DataFusionError::ExecutionJoin(task) if task.is_panic() => panicked(),
        DataFusionError::ResourcesExhausted(what) => {
            Error::environment(format!("memory ran out: {}", first_line(what)))
                .hint("give more with --memory (for example --memory 8GiB), or use fewer --threads")
                .ja(
                    "メモリが足りません。",
                    "少し待ってからもう一度開いてください。続く場合は、--memory を増やすよう管理者に依頼してください。",
                )
        }
        // What fails while Parquet is read comes inside of other errors.
        other => storage_cause(other).unwrap_or_else(|| Error::bug(said(other))),
    }
}

/// What an error of the engine says. What it says about a query holds names and texts of the query; what it says while rows are
/// computed may hold a value of a row, and is told by its kind.
fn said(error: &DataFusionError) -> String {
    use DataFusionError as E;
    match error.find_root() {
        E::ArrowError(arrow, _) => said_by_arrow(arrow),
        E::SQL(..) | E::Plan(_) | E::SchemaError(..) | E::NotImplemented(_) | E::Configuration(_) => {
            first_line(&error.strip_backtrace())
        }
        E::Diagnostic(_, inner) => said(inner),
        E::Collection(errors) => errors.first().map(said).unwrap_or_default(),
        root => beginning(&root.strip_backtrace()),
    }
}

fn said_by_arrow(error: &arrow::error::ArrowError) -> String {
    use arrow::error::ArrowError as E;
    match error {
        E::CastError(text) | E::ParseError(text) => {
            // The type is the last word but one: "Cannot cast string '…' to value of Date32 type".
            let words: Vec<&str> = text.split(' ').collect();
            let name = |word: &str| {
                word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric())
            };
            match words.as_slice() {
                [.., "of", to, "type"] if name(to) => format!("a value cannot be cast to {to}; try_cast makes it null"),
                _ => "a value cannot be cast to the type that is wanted; try_cast makes it null".to_string(),
            }
        }
        E::DivideByZero => "a division by zero".to_string(),
        E::ArithmeticOverflow(_) => "a number is too large for its type".to_string(),
        E::ExternalError(inner) => beginning(&inner.to_string()),
        E::SchemaError(text) => first_line(text),
        other => beginning(&other.to_string()),
    }
}

/// The beginning of a message, up to where a value may come: a quote, a digit, a colon with what follows, what is not ASCII.
fn beginning(text: &str) -> String {
    let line = first_line(text);
    let line = line.rsplit_once("error: ").map_or(line.as_str(), |(_, rest)| rest);
    let end = line.find(|c: char| !c.is_ascii() || c.is_ascii_digit() || "'\"`:[({".contains(c)).unwrap_or(line.len());
    let said = line[..end].trim();
    if said.is_empty() { "the engine failed".to_string() } else { format!("the engine failed: {said} …") }
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

/// Where the last panic was.
static PANICKED: std::sync::Mutex<Option<String>> = std::sync::Mutex::new(None);

/// From here on a panic, also one of another crate, is told by its place alone and as errors are told: its message may hold a value.
/// One that is caught (a decoder on a damaged file) is not told at all.
pub fn keep_places_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| {
            let file = at
                .file()
                .rsplit_once("/src/")
                .map_or(at.file(), |(before, _)| &at.file()[before.rfind('/').map_or(0, |i| i + 1)..]);
            format!("{file}, line {}", at.line())
        });
        if let Ok(mut last) = PANICKED.lock() {
            *last = place;
        }
    }));
}

/// The error of a panic that nobody caught.
pub fn panicked() -> Error {
    let place = PANICKED.lock().ok().and_then(|mut place| place.take());
    Error::bug(format!("the program stopped at {}", place.as_deref().unwrap_or("a place that is not known")))
}

/// Storage errors, by what the user can do about them.
pub fn from_store(error: &object_store::Error) -> Error {
    storage_cause(error).unwrap_or_else(|| of_store(error))
}

/// The same with what was done where; remote stores say that themselves.
pub fn at_place(error: &object_store::Error, doing: &str, place: &str) -> Error {
    let cause = from_store(error);
    // What is damaged names its file too.
    if cause.message().contains("://") || cause.message().starts_with("cannot ") || cause.kind() == Kind::Data {
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
            "check that the storage is reachable, has free space and may be written; then try again; a run keeps its finished stages",
        ),
    }
}

/// File errors, by what the user can do about them.
pub fn from_io(error: &std::io::Error) -> Error {
    Error::environment(format!("storage failed: {}", first_line(&error.to_string())))
        .hint("check free space, permissions and the path; then try again; a run keeps its finished stages")
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

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Error::from(DataFusionError::from(error))
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_string()
}
