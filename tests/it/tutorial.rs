//! The tutorial with own data, as it stands in the docs.

use crate::support::run_guide;

#[test]
fn the_tutorial_works_in_an_empty_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = run_guide(folder.path(), "tutorial.md", 150);
    for sentence in [
        "57 records of 26 customers",
        "57 records of 24 customers",
        "bookings:B0002 and members:M0001 are one person",
        "are two customers",
        "59 records of 23 customers",
        "and is its alias (decision)",
    ] {
        assert!(said.contains(sentence), "{sentence:?} is not in\n{said}");
    }
}
