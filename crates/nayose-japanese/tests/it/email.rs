//! E-mail addresses as people write them: `email.tsv` says what each must become.

use crate::check_lines;
use nayose_japanese::email::{email, emails};

/// Columns: text, address, mailbox, weak key, suggestion, problem. `-` is none, `=` is the address.
fn check(line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [text, address, mailbox, weak, suggestion, problem] = columns[..] else {
        return Err(format!("{line}: not six columns"));
    };
    let e = email(text);
    let got = [
        e.address.as_deref().unwrap_or("-"),
        e.mailbox.as_deref().unwrap_or("-"),
        e.weak_key.as_deref().unwrap_or("-"),
        e.suggestion.as_deref().unwrap_or("-"),
        e.problem.map_or("-", |problem| problem.as_str()),
    ];
    let same = |column| if column == "=" { address } else { column };
    if !(0.0..=1.0).contains(&e.confidence) || (e.key().is_none() != (e.confidence == 0.0)) {
        return Err(format!("{text}: confidence {}", e.confidence));
    }
    if got == [address, same(mailbox), same(weak), suggestion, problem] {
        Ok(())
    } else {
        Err(format!("{text}: {got:?}"))
    }
}

#[test]
fn as_listed() {
    check_lines(include_str!("email.tsv"), check);
}

#[test]
fn several_addresses_in_one_field() {
    let all = |text: &str| emails(text).iter().filter_map(|e| e.address.clone()).collect::<Vec<_>>().join(" ");
    assert_eq!(all("hana@nayose.jp; Taro@Nayose.jp"), "hana@nayose.jp taro@nayose.jp");
    assert_eq!(all("花子 <hana@nayose.jp>, 太郎 <taro@nayose.jp>"), "hana@nayose.jp taro@nayose.jp");
    assert_eq!(all("hana@nayose.jp、hana@nayose.jp"), "hana@nayose.jp");
}
