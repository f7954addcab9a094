//! Members of archives: names, passwords, sizes that are not what is declared.

use nayose_formats::{Problem, zip_member, zip_members};

use crate::support::{ENCRYPTED_ZIP, LIMIT, WINDOWS_ZIP, check, zipped};

fn names(bytes: &[u8]) -> Vec<String> {
    zip_members(bytes).unwrap().into_iter().map(|member| member.name).collect()
}

/// Changes the declared size of the only member, in both of its headers.
fn with_size(mut archive: Vec<u8>, size: u32) -> Vec<u8> {
    let central = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    archive[22..26].copy_from_slice(&size.to_le_bytes());
    archive[central + 24..central + 28].copy_from_slice(&size.to_le_bytes());
    archive
}

#[test]
fn names_of_windows_and_of_utf_8_are_read_and_what_macos_adds_is_left_out() {
    assert_eq!(names(WINDOWS_ZIP), ["受注/注文_表.csv", "顧客.csv", "../up.csv"]);
}

#[test]
fn a_member_is_found_by_the_name_that_the_listing_gives_it() {
    check([("受注/注文_表.csv", "id\n1\n"), ("顧客.csv", "id\n2\n"), ("../up.csv", "id\n3\n")].map(
        |(name, wanted)| (name.to_string(), zip_member(WINDOWS_ZIP, name, LIMIT), Ok(wanted.as_bytes().to_vec())),
    ));
}

#[test]
fn a_member_with_a_password_is_listed_and_refused() {
    let members = zip_members(ENCRYPTED_ZIP).unwrap();
    assert!(members[0].encrypted);
    let problem = zip_member(ENCRYPTED_ZIP, "a.csv", LIMIT).unwrap_err();
    assert_eq!(problem.sentence, "member a.csv of the archive needs a password");
}

#[test]
fn a_member_that_is_not_there_names_those_that_are() {
    let problem = zip_member(WINDOWS_ZIP, "顧客.tsv", LIMIT).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "the archive has no member 顧客.tsv\nhint: its members are: 受注/注文_表.csv, 顧客.csv, ../up.csv"
    );
}

#[test]
fn unpacking_ends_at_the_limit_whatever_size_is_declared() {
    let large = zipped(&[("a.csv", &[b'0'; 100_000])]);
    let wrong = |archive: &[u8]| zip_member(archive, "a.csv", 99_999).unwrap_err();
    let wanted = "member a.csv of the archive unpacks to more than 99999 bytes";
    assert_eq!(wrong(&large).sentence, wanted);
    assert_eq!(wrong(&with_size(large.clone(), 4_000_000_000)).sentence, wanted);
    assert_eq!(wrong(&with_size(large.clone(), 10)).sentence, "member a.csv of the archive is damaged");
    assert_eq!(zip_member(&large, "a.csv", 100_000).unwrap().len(), 100_000);
}

#[test]
fn what_is_no_archive_is_damaged() {
    let cut = &WINDOWS_ZIP[..WINDOWS_ZIP.len() / 2];
    let damaged: Result<_, Problem> = zip_members(cut);
    assert_eq!(damaged.unwrap_err().sentence, "the archive is damaged");
    assert!(zip_members(b"").is_err());
}

#[test]
fn a_name_that_two_members_have_is_refused() {
    let mut two = zipped(&[("a.csv", b"1"), ("b.csv", b"2")]);
    // Only the directory at the end counts.
    let at = two.windows(5).rposition(|window| window == b"b.csv").unwrap();
    two[at] = b'a';
    assert!(zip_members(&two).unwrap_err().sentence.contains("has two members of"));
}

#[test]
fn nothing_is_unpacked_behind_the_limit() {
    let mut archive = zipped(&[("a.csv", &[b'0'; 100_000])]);
    let central = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    // A wrong checksum shows at the end of the member only.
    archive[central + 16] ^= 1;
    assert_eq!(zip_member(&archive, "a.csv", LIMIT).unwrap_err().sentence, "member a.csv of the archive is damaged");
    let problem = zip_member(&archive, "a.csv", 50_000).unwrap_err();
    assert_eq!(problem.sentence, "member a.csv of the archive unpacks to more than 50000 bytes");
}
