//! The file of accounts, and the file of keys of programs.
//!
//! In: CSV files that `nayose serve add-user` and `add-key` write: names, hashes, roles or scopes. Out: whether a password or a key is
//! right, and what it is for. Files are read again when they change, so that a line that is taken out holds at once. The last line
//! of a name counts: a new password is one more line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use clap::ValueEnum;

use super::form::LONGEST;
use super::random;
use crate::config::problem::nearest;
use crate::config::serve_file::{Role, Scope};
use crate::error::{Error, Result};
use crate::store::local;

/// Characters that a password has at least: NIST SP 800-63B rev. 4 asks for 15 where it is the only factor.
const SHORTEST: usize = 15;

/// Passwords that are checked at once: each takes 19 MiB and some 50 ms of a core, argon2id's parameters as OWASP names them, which are
/// the crate's defaults.
const AT_ONCE: usize = 2;

/// The header of both files.
const HEADER: &str = "name,hash,for\n";

/// A line of a file.
#[derive(Clone, Debug)]
struct Line<T> {
    hash: String,
    may: BTreeSet<T>,
}

/// A file of names with hashes, as it was last read.
#[derive(Debug)]
struct Hashes<T> {
    file: PathBuf,
    read: Mutex<Option<Read<T>>>,
}

/// A file as it was read.
#[derive(Debug)]
struct Read<T> {
    changed: SystemTime,
    bytes: u64,
    lines: Arc<BTreeMap<String, Line<T>>>,
}

impl<T: ValueEnum + Ord> Hashes<T> {
    fn new(file: PathBuf) -> Self {
        Hashes { file, read: Mutex::new(None) }
    }

    /// The lines by name, read again where the file is another one.
    fn lines(&self) -> Result<Arc<BTreeMap<String, Line<T>>>> {
        let unreadable = |e: std::io::Error| {
            let file = self.file.display();
            match e.kind() {
                std::io::ErrorKind::NotFound => Error::config(format!("the settings name {file}, which is not there"))
                    .hint("check the path; `nayose serve add-user` makes a file of accounts, `nayose serve add-key` one of keys"),
                _ => Error::environment(format!("cannot read {file}: {e}")).hint("check its permissions"),
            }
        };
        let about = std::fs::metadata(&self.file).map_err(unreadable)?;
        let changed = about.modified().map_err(unreadable)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.as_ref().filter(|known| (known.changed, known.bytes) == (changed, about.len())) {
            return Ok(known.lines.clone());
        }
        let text = std::fs::read_to_string(&self.file).map_err(unreadable)?;
        let lines = Arc::new(parse(&self.file, &text)?);
        *read = Some(Read { changed, bytes: about.len(), lines: lines.clone() });
        Ok(lines)
    }
}

fn parse<T: ValueEnum + Ord>(file: &Path, text: &str) -> Result<BTreeMap<String, Line<T>>> {
    let mut lines = BTreeMap::new();
    for (i, row) in csv::Reader::from_reader(text.as_bytes()).records().enumerate() {
        // Hashes are no part of what is told.
        let wrong = |what: &str| {
            Error::config(format!("{}:{}: {what}", file.display(), i + 2))
                .hint("a line is name,hash,roles, as `nayose serve add-user` writes it")
        };
        let row = row.map_err(|_| wrong("the line has another number of columns than the header"))?;
        let column = |c: usize| row.get(c).map(str::trim).unwrap_or_default();
        let may = named(column(2)).map_err(|unknown| wrong(&unknown))?;
        if column(0).is_empty() || column(1).is_empty() {
            return Err(wrong("the line has no name or no hash"));
        }
        lines.insert(column(0).to_string(), Line { hash: column(1).to_string(), may });
    }
    Ok(lines)
}

/// The name of a role or scope.
fn name_of<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
}

/// Roles or scopes by their names, between which blanks or commas stand.
///
/// # Errors
/// A sentence on the name that is none, with those that there are.
fn named<T: ValueEnum + Ord>(text: &str) -> Result<BTreeSet<T>, String> {
    let known: Vec<String> = T::value_variants().iter().map(name_of).collect();
    let unknown = |name: &str| {
        let near = nearest(name, known.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        format!("{name:?} is none of {}{near}", known.join(", "))
    };
    let names = text.split([' ', ',']).filter(|name| !name.is_empty());
    names.map(|name| T::from_str(name, false).map_err(|_| unknown(name))).collect()
}

/// The accounts of the users file.
#[derive(Debug)]
pub(super) struct Accounts {
    hashes: Hashes<Role>,
    at_once: tokio::sync::Semaphore,
}

impl Accounts {
    /// Those of a file.
    ///
    /// # Errors
    /// Configuration, where it is no such file; environment, where it cannot be read.
    pub(super) fn open(file: PathBuf) -> Result<Self> {
        let accounts = Accounts { hashes: Hashes::new(file), at_once: tokio::sync::Semaphore::new(AT_ONCE) };
        accounts.hashes.lines()?;
        Ok(accounts)
    }

    /// The roles of an account, as the file says them now; none where it has no such line.
    ///
    /// # Errors
    /// As [`Accounts::open`].
    pub(super) fn roles(&self, name: &str) -> Result<Option<BTreeSet<Role>>> {
        Ok(self.hashes.lines()?.get(name).map(|line| line.may.clone()))
    }

    /// The roles of an account whose password this is. An unknown name takes as long as a known one.
    ///
    /// # Errors
    /// As [`Accounts::open`].
    pub(super) async fn sign_in(&self, name: &str, password: &str) -> Result<Option<BTreeSet<Role>>> {
        let lines = self.hashes.lines()?;
        let known = lines.get(name).cloned();
        let _turn = self.at_once.acquire().await.map_err(|_| Error::bug("no password can be checked"))?;
        let (password, hash) = (password.to_string(), known.as_ref().map(|line| line.hash.clone()));
        let is_right = tokio::task::spawn_blocking(move || match hash {
            Some(hash) => is_password(&password, &hash),
            None => {
                let _ = hash_of(&password);
                false
            }
        });
        let is_right = is_right.await.map_err(|_| Error::bug("a password cannot be checked"))?;
        Ok(known.filter(|_| is_right).map(|line| line.may))
    }
}

fn is_password(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

fn hash_of(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|e| Error::bug(format!("a password cannot be hashed: {e}")))?.to_string())
}

/// The keys of programs.
#[derive(Debug)]
pub(super) struct Keys {
    hashes: Hashes<Scope>,
}

impl Keys {
    /// Those of a file.
    ///
    /// # Errors
    /// Configuration, where it is no such file; environment, where it cannot be read.
    pub(super) fn open(file: PathBuf) -> Result<Self> {
        let keys = Keys { hashes: Hashes::new(file) };
        keys.hashes.lines()?;
        Ok(keys)
    }

    /// Whose key this is, and what it is for.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub(super) fn find(&self, key: &str) -> Result<Option<(String, BTreeSet<Scope>)>> {
        let hash = random::hash(key);
        let lines = self.hashes.lines()?;
        let found = lines.iter().find(|(_, line)| random::is_same(&line.hash, &hash));
        Ok(found.map(|(name, line)| (name.clone(), line.may.clone())))
    }
}

/// Appends an account to a file, which is made where it is not there yet.
///
/// # Errors
/// Usage, for a name or a password that cannot be; environment, where the file cannot be written.
pub(crate) fn add_user(file: &Path, name: &str, password: &str, roles: &BTreeSet<Role>) -> Result<()> {
    if password.chars().count() < SHORTEST {
        return Err(Error::usage(format!("the password has fewer than {SHORTEST} characters"))
            .hint("take several words; nothing has to be a digit or a sign"));
    }
    add(file, name, &hash_of(password)?, roles)
}

/// Appends a new key of a program to a file; answers the key, which is kept nowhere.
///
/// # Errors
/// As [`add_user`].
pub(crate) fn add_key(file: &Path, name: &str, scopes: &BTreeSet<Scope>) -> Result<String> {
    let key = format!("nayose_{}", random::token()?);
    add(file, name, &random::hash(&key), scopes)?;
    Ok(key)
}

fn add<T: ValueEnum + Ord>(file: &Path, name: &str, hash: &str, may: &BTreeSet<T>) -> Result<()> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.@+".contains(c);
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(Error::usage(format!("{name:?} is no name of an account"))
            .hint("take letters, digits and - _ . @ +, such as k.tanaka"));
    }
    if name.chars().count() > LONGEST.name {
        return Err(Error::usage(format!("the name of an account has more than {} characters", LONGEST.name))
            .hint("take a short one, such as k.tanaka"));
    }
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => HEADER.to_string(),
        Err(e) => return Err(Error::environment(format!("cannot read {}: {e}", file.display())).hint("check the path")),
    };
    parse::<T>(file, &text)?;
    let words = may.iter().map(name_of).collect::<Vec<_>>().join(" ");
    let mut lines = csv::Writer::from_writer(Vec::new());
    let bug = |e: &dyn std::fmt::Display| Error::bug(format!("a line of accounts cannot be written: {e}"));
    lines.write_record([name, hash, &words]).map_err(|e| bug(&e))?;
    let line = String::from_utf8(lines.into_inner().map_err(|e| bug(&e))?).map_err(|e| bug(&e))?;
    let between = if text.ends_with('\n') { "" } else { "\n" };
    local::put(file, format!("{text}{between}{line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "three words and a fourth";

    #[tokio::test]
    async fn the_right_password_has_the_roles_of_the_last_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("users.csv");
        add_user(&file, "k.tanaka", "another password", &[Role::Viewer].into()).expect("added");
        add_user(&file, "k.tanaka", PASSWORD, &[Role::Steward, Role::Auditor].into()).expect("added");
        let accounts = Accounts::open(file.clone()).expect("readable");
        let roles = accounts.sign_in("k.tanaka", PASSWORD).await.expect("checked");
        assert_eq!(roles, Some([Role::Steward, Role::Auditor].into()));
        for (name, password) in [("k.tanaka", "another password"), ("m.sato", PASSWORD), ("k.tanaka", "")] {
            assert_eq!(accounts.sign_in(name, password).await.expect("checked"), None, "{name}");
        }
        std::fs::write(&file, HEADER).expect("written");
        assert_eq!(accounts.roles("k.tanaka").expect("read"), None, "the file is read again");
    }

    #[test]
    fn a_key_has_its_scopes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys.csv");
        let till = add_key(&file, "till", &[Scope::Match].into()).expect("added");
        let keys = Keys::open(file.clone()).expect("readable");
        assert_eq!(keys.find(&till).expect("read"), Some(("till".into(), [Scope::Match].into())));
        assert_eq!(keys.find("nayose_0").expect("read"), None);
        assert!(!std::fs::read_to_string(&file).expect("text").contains(&till));
    }

    #[test]
    fn what_cannot_be_is_told_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("users.csv");
        let refused = |name: &str, password: &str| add_user(&file, name, password, &[Role::Viewer].into()).is_err();
        assert!(refused("a,b", PASSWORD) && refused("", PASSWORD) && refused("k.tanaka", "short"));
        assert!(refused(&"k".repeat(255), PASSWORD) && !refused(&"k".repeat(254), PASSWORD));
        std::fs::write(&file, format!("{HEADER}k.tanaka,$argon2id$x,stewart\n")).expect("written");
        let told = Accounts::open(file.clone()).expect_err("no role").to_string();
        let list =
            "users.csv:2: \"stewart\" is none of viewer, analyst, steward, auditor, admin; did you mean \"steward\"?";
        assert!(told.contains(list) && !told.contains("argon2id"), "{told}");
    }
}
