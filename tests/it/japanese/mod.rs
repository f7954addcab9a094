//! What text becomes: one data file and one `check` for each kind of field.

mod address;
mod date;
mod email;
mod identifier;
mod kana;
mod name;
mod phone;
mod postal;
mod romaji;
mod sex;

/// Runs `check` over every line of `data` that is no comment, and shows all that fail.
fn check_lines(data: &str, check: fn(&str) -> Result<(), String>) {
    let rows = || data.lines().filter(|line| !line.starts_with('#'));
    let wrong: Vec<String> = rows().filter_map(|line| check(line).err()).collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows().count(), wrong.join("\n"));
}
