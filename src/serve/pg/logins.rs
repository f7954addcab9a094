//! Who may sign in to the Postgres protocol: a file of names, databases and verifiers.
//!
//! In: a JSON file that only its owner may read. Out: the verifier of a name and a database, or a mock of one, so that a name that is not
//! there is asked like one that is. The file holds no password, and nothing with which somebody could sign in. It is read at every
//! sign-in, so that a new login works, and a removed one does not, without a restart.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::scram::{self, Verifier};
use crate::error::{Error, Result};

/// The databases that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Database {
    /// The published tables of the newest run
    Nayose,
    /// The analyst's profile: no names, contacts and addresses; ids that hold for one purpose
    Analyst,
}

impl Database {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Database::Nayose => "nayose",
            Database::Analyst => "analyst",
        }
    }
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Login {
    /// The name that it signs in with.
    pub name: String,
    /// The only database that it reaches.
    pub database: Database,
    /// The purpose of the analyst's profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// [`Verifier`] as text.
    scram: String,
}

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct File {
    /// Makes salts for names that are not there.
    mock: String,
    logins: Vec<Login>,
}

/// Characters of a password that somebody typed, at least: as NIST SP 800-63B has them where nothing else protects.
const LEAST: usize = 15;

/// Random bytes of a password that is made: as many bits as the keys of SCRAM are strong.
const MADE: usize = 32;

/// Adds a login, or replaces the one of that name. Answers the password where one was made.
///
/// # Errors
/// Usage for a name or a password that will not do; environment, where the file cannot be written.
pub(crate) fn add(
    path: &Path,
    name: &str,
    database: Database,
    purpose: Option<&str>,
    password: Option<&str>,
) -> Result<Option<String>> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Error::usage(format!("{name:?} is no name of a login")).hint("use small letters, digits, - and _"));
    }
    if database == Database::Analyst && purpose.is_none() {
        return Err(Error::usage("a login of the analyst's profile has a purpose")
            .hint("add --purpose churn, or whatever the analysis is for: ids hold within one purpose"));
    }
    if database == Database::Nayose && purpose.is_some() {
        return Err(
            Error::usage("--purpose is about the analyst's profile").hint("add --database analyst, or leave it out")
        );
    }
    if password.is_some_and(|typed| typed.chars().count() < LEAST) {
        return Err(Error::usage(format!("the password has fewer than {LEAST} characters"))
            .hint("leave --password-stdin out: a password is made and printed once"));
    }
    let mut file = read(path)?.map_or_else(|| Ok::<_, Error>(File { mock: secret()?, logins: Vec::new() }), Ok)?;
    let made = password.is_none().then(|| scram::random::<MADE>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)));
    let made = made.transpose()?;
    let scram = Verifier::new(password.or(made.as_deref()).unwrap_or_default())?.text();
    file.logins.retain(|login| login.name != name);
    file.logins.push(Login { name: name.into(), database, purpose: purpose.map(str::to_string), scram });
    file.logins.sort_by(|a, b| a.name.cmp(&b.name));
    write(path, &file)?;
    Ok(made)
}

/// Removes a login: its connections that are open go on, new ones are refused.
///
/// # Errors
/// Usage, where there is none of that name; environment, where the file cannot be written.
pub(crate) fn remove(path: &Path, name: &str) -> Result<()> {
    let there = read(path)?.filter(|file| file.logins.iter().any(|login| login.name == name));
    let Some(mut file) = there else {
        return Err(Error::usage(format!("there is no login {name:?} in {}", path.display())));
    };
    file.logins.retain(|login| login.name != name);
    write(path, &file)
}

/// What to ask a name with that wants into a database, and the login where there is one.
///
/// # Errors
/// Configuration, where the file is damaged; environment, where it cannot be read.
pub(super) fn find(path: &Path, name: &str, database: &str) -> Result<(Verifier, Option<Login>)> {
    let file = read(path)?.ok_or_else(|| {
        Error::config(format!("there is no file of logins {}", path.display()))
            .hint("`nayose serve add-login NAME` makes one")
    })?;
    let login = file.logins.iter().find(|login| login.name == name && login.database.name() == database);
    match login.and_then(|login| Some((Verifier::parse(&login.scram)?, login.clone()))) {
        Some((verifier, login)) => Ok((verifier, Some(login))),
        None => Ok((Verifier::mock(file.mock.as_bytes(), name), None)),
    }
}

/// Whether the file can be read, so that a wrong one is told before somebody wants in.
///
/// # Errors
/// Configuration, where it is not there or damaged; environment, where it cannot be read.
pub(super) fn check(path: &Path) -> Result<()> {
    find(path, "", "").map(|_| ())
}

fn secret() -> Result<String> {
    Ok(STANDARD.encode(scram::random::<MADE>()?))
}

fn read(path: &Path) -> Result<Option<File>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::environment(format!("cannot read {}: {}", path.display(), e.kind()))),
    };
    let file: File = serde_json::from_slice(&bytes).map_err(|e| {
        Error::config(format!("{}, line {}, is no file of logins", path.display(), e.line()))
            .hint("move it away and add the logins again: `nayose serve add-login NAME`")
    })?;
    Ok(Some(file))
}

/// Written beside and renamed, so that a sign-in never reads half; readable by its owner alone.
fn write(path: &Path, file: &File) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    let cannot = |e: std::io::Error| {
        Error::environment(format!("cannot write {}: {}", path.display(), e.kind()))
            .hint("name a file that you may write with --logins")
    };
    let text = serde_json::to_vec_pretty(file).map_err(|e| Error::bug(format!("logins cannot be written: {e}")))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(cannot)?;
    beside.as_file().set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(cannot)?;
    beside.write_all(&text).and_then(|()| beside.as_file().sync_all()).map_err(cannot)?;
    beside.persist(path).map_err(|e| cannot(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_reaches_its_own_database_and_the_file_holds_no_password() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("logins.json");
        let made = add(&path, "tableau", Database::Nayose, None, None).expect("added").expect("made");
        let typed = "correct horse battery staple";
        assert_eq!(add(&path, "ana", Database::Analyst, Some("churn"), Some(typed)).expect("added"), None);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(!text.contains(&made) && !text.contains(typed), "{text}");
        let has = |name: &str, database: &str| find(&path, name, database).expect("asked").1.is_some();
        assert!(has("tableau", "nayose") && has("ana", "analyst"));
        assert!(!has("tableau", "analyst") && !has("ana", "nayose") && !has("nobody", "nayose"));
        remove(&path, "ana").expect("removed");
        assert!(!has("ana", "analyst"));
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("a file").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_will_not_do_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("logins.json");
        let said = |name, database, purpose, password| {
            add(&path, name, database, purpose, password).expect_err("refused").message().to_string()
        };
        assert_eq!(said("Ana B", Database::Nayose, None, None), "\"Ana B\" is no name of a login");
        assert_eq!(said("a", Database::Analyst, None, None), "a login of the analyst's profile has a purpose");
        assert_eq!(said("a", Database::Nayose, Some("x"), None), "--purpose is about the analyst's profile");
        assert_eq!(said("a", Database::Nayose, None, Some("short")), "the password has fewer than 15 characters");
        assert!(!path.exists());
    }
}
