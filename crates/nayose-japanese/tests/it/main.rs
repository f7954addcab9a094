//! What the normalizers return: one data file and one `check` for each kind of field, and properties that hold for any
//! text. One executable, so that it is linked once.

mod address;
mod company;
mod date;
mod email;
mod identifier;
mod kana;
mod name;
mod number;
mod phone;
mod postal;
mod romaji;
mod sex;
mod shape;
mod spreadsheet;

/// Runs `check` over every line of `data` that is no comment, and fails with a list of all wrong ones.
fn check_lines(data: &str, check: fn(&str) -> Result<(), String>) {
    let rows = || data.lines().filter(|line| !line.starts_with('#'));
    let wrong: Vec<String> = rows().filter_map(|line| check(line).err()).collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows().count(), wrong.join("\n"));
}
