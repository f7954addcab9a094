//! E-mail addresses.
//!
//! In: any text. Out: the address, its mailbox and a weaker key. Why lenient: Docomo and au sold addresses with `..`
//! and a dot before the `@`, which RFC 5321 forbids and people still use. What people type around an address is removed
//! (`mailto:`, a name with `<…>`, full width, spaces, a comma for a dot). A domain that looks mistyped is *not*
//! changed: the likely one is a suggestion.
//!
//! Three strengths: `address` as written; `mailbox`, the key, equal if two addresses are certainly one mailbox (gmail
//! dots and tags, icloud/me/mac); `weak_key`, equal if they may be (ezweb and au.com, a tag elsewhere, a mistyped
//! domain). Equal keys imply equal weak keys.

mod domains;

use crate::ascii;
use std::borrow::Cow;

/// What was wrong with an e-mail field: the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmailProblem {
    /// Blank, or a word for "none".
    Missing,
    /// No `@` in it.
    NoAt,
    /// No valid local part before the `@`.
    BadLocal,
    /// No valid domain after the `@`.
    BadDomain,
    /// Some characters are hidden (ta***@…).
    Masked,
    /// Made up, to fill a required field, or an address that takes no mail (noreply@).
    Junk,
    /// The domain looks mistyped; see the suggestion.
    DomainTypo,
    /// A market place or a sign-in service made it, for one shop or one order: no mailbox of a person.
    Relay,
    /// A function, not a person: info@, support@.
    Role,
    /// The field holds several addresses; this is the first.
    Several,
    /// Something was repaired: a space, a comma for a dot, `@@`, (at).
    Repaired,
}

impl EmailProblem {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            EmailProblem::Missing => "missing",
            EmailProblem::NoAt => "no_at",
            EmailProblem::BadLocal => "bad_local",
            EmailProblem::BadDomain => "bad_domain",
            EmailProblem::Masked => "masked",
            EmailProblem::Junk => "junk",
            EmailProblem::DomainTypo => "domain_typo",
            EmailProblem::Relay => "relay",
            EmailProblem::Role => "role",
            EmailProblem::Several => "several",
            EmailProblem::Repaired => "repaired",
        }
    }
}

/// An e-mail address as understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Email {
    /// The address as written, cleaned and in lower case; `None` if the text is no address.
    pub address: Option<String>,
    /// One name for the mailbox; `None` also if junk, or if the address only hands mail on.
    pub mailbox: Option<String>,
    /// One name for addresses that may be one mailbox: renamed carriers, tags, mistyped domains.
    pub weak_key: Option<String>,
    /// The address with the domain that was probably meant.
    pub suggestion: Option<String>,
    /// Made up, or an address that takes no mail.
    pub junk: bool,
    /// The probability that the key is the mailbox of the person: 1 clean, 0.9 repaired or chosen among several, 0.6 a
    /// function, 0.3 a domain that looks mistyped, 0 without a key. Judgements.
    pub confidence: f32,
    /// The first thing that was wrong.
    pub problem: Option<EmailProblem>,
}

impl Email {
    /// Equal for two spellings of one mailbox; `None` if missing, unreadable, junk or a relay.
    pub fn key(&self) -> Option<&str> {
        self.mailbox.as_deref()
    }

    fn none(problem: EmailProblem) -> Email {
        Email {
            address: None,
            mailbox: None,
            weak_key: None,
            suggestion: None,
            junk: false,
            confidence: 0.0,
            problem: Some(problem),
        }
    }
}

/// The address in `text`; of several, the first.
pub fn email(text: &str) -> Email {
    if let Some((local, domain)) = plain(text) {
        return judge(local, domain, false);
    }
    let folded = fold(text);
    let mut pieces = pieces(&folded);
    let Some(first) = pieces.next() else {
        return Email::none(without_at(&folded));
    };
    let mut out = read(first);
    if out.mailbox.is_some() && pieces.next().is_some() {
        out.problem = out.problem.or(Some(EmailProblem::Several));
        out.confidence *= 0.9;
    }
    out
}

/// The local part and the domain of a field that holds a clean address and nothing else, as most do.
fn plain(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.split_once('@').filter(|_| text.bytes().all(is_plain))?;
    (!domain.contains('@')).then_some((local, domain))
}

/// Every address in `text`, in order, each once.
pub fn emails(text: &str) -> Vec<Email> {
    let mut out: Vec<Email> = Vec::new();
    if let Some((local, domain)) = plain(text) {
        out.extend(Some(judge(local, domain, false)).filter(|email| email.address.is_some()));
        return out;
    }
    for email in pieces(&fold(text)).map(read) {
        if email.address.is_some() && out.iter().all(|e| e.address != email.address) {
            out.push(email);
        }
    }
    out
}

/// Folded in width and case, with one character each for `@` and `.`.
fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = ascii::fold(text).to_lowercase();
    if !out.contains('@') {
        for sign in ["(at)", "[at]", "<at>", "{at}", " at ", "(a)", "★", "☆", "◎"] {
            if let Some((local, domain)) = out.split_once(sign) {
                out = format!("{local}@ {domain}");
                break;
            }
        }
    }
    Cow::Owned(out.replace('。', "."))
}

/// Whether a byte needs no folding, is part of an address and separates none.
fn is_plain(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'@' | b'-' | b'_' | b'+')
}

/// The pieces of a field that contain an `@`, one address each.
fn pieces(folded: &str) -> impl Iterator<Item = &str> {
    let many = folded.bytes().filter(|b| *b == b'@').count() > 1 && !folded.contains("@@");
    let separates =
        move |c: char| matches!(c, ';' | '|' | '、' | '\n') || (many && matches!(c, ',' | '/' | ' ' | '・'));
    folded.split(separates).filter(|piece| piece.contains('@'))
}

/// The address of one piece.
fn read(piece: &str) -> Email {
    let (bare, mut repaired) = bare_address(piece);
    let Some((local, domain)) = bare.rsplit_once('@') else {
        return Email::none(EmailProblem::NoAt);
    };
    let local = match local.strip_suffix('@') {
        Some(one) => {
            repaired = true;
            one
        }
        None => local,
    };
    judge(local, domain, repaired)
}

/// The address of a local part and a domain, and what is wrong with it.
fn judge(local: &str, domain: &str, mut repaired: bool) -> Email {
    let local = local.trim_matches('"');
    if local.contains('*') || domain.contains('*') || local.contains('●') {
        return Email::none(EmailProblem::Masked);
    }
    let domain = domain.trim_matches(['.', ',', '-', '_', ':', '/', '?', '!']);
    let domain: Cow<'_, str> = if domain.contains(',') || domain.contains("..") {
        repaired = true;
        domain.split([',', '.']).filter(|label| !label.is_empty()).collect::<Vec<_>>().join(".").into()
    } else {
        domain.into()
    };
    if !is_local(local) {
        return Email::none(EmailProblem::BadLocal);
    }
    let suggested = domains::suggestion(&domain);
    if !is_domain(&domain) && suggested.is_none() {
        let mut none = Email::none(EmailProblem::BadDomain);
        if domains::is_nowhere(&domain) || is_filler(local, &domain) {
            (none.junk, none.problem) = (true, Some(EmailProblem::Junk));
        }
        return none;
    }
    let suggestion = suggested.map(|right| format!("{local}@{right}"));
    if domains::is_nowhere(&domain) || is_filler(local, suggested.unwrap_or(&domain)) {
        return Email {
            address: Some(format!("{local}@{domain}")),
            junk: true,
            suggestion,
            ..Email::none(EmailProblem::Junk)
        };
    }
    let weak_key = Some(weak_key(local, suggested.unwrap_or(&domain)));
    if !is_domain(&domain) {
        // No dot, so no mailbox, but the domain that was meant is known.
        return Email { weak_key, suggestion, ..Email::none(EmailProblem::BadDomain) };
    }
    if domains::is_relay(&domain) {
        // The same buyer has another one in the next shop, so it is weak evidence, and none against a person.
        let address = Some(format!("{local}@{domain}"));
        return Email { address, weak_key, ..Email::none(EmailProblem::Relay) };
    }
    let (confidence, problem) = match (suggested.is_some(), is_role(local), repaired) {
        (true, _, _) => (0.3, Some(EmailProblem::DomainTypo)),
        (_, true, _) => (0.6, Some(EmailProblem::Role)),
        (_, _, true) => (0.9, Some(EmailProblem::Repaired)),
        _ => (1.0, None),
    };
    Email {
        mailbox: Some(mailbox(local, &domain)),
        address: Some(format!("{local}@{domain}")),
        weak_key,
        suggestion,
        junk: false,
        confidence,
        problem,
    }
}

/// Removes what people write around an address, and says whether the rest was repaired.
fn bare_address(piece: &str) -> (Cow<'_, str>, bool) {
    let mut s = piece.trim();
    if let Some((_, inner)) = s.rsplit_once('<').filter(|(_, inner)| inner.contains('@')) {
        s = inner.split('>').next().unwrap_or(inner);
    }
    if let Some((_, address)) = s.split_once("mailto:") {
        s = address.split('?').next().unwrap_or(address);
    }
    if let Some((_, address)) = s.split_once(':').filter(|(label, _)| !label.contains('@')) {
        s = address;
    }
    let around =
        |c: char| matches!(c, '\'' | '(' | ')' | '[' | ']' | '「' | '」' | '<' | '>' | ',' | '、' | ':' | ' ' | '/');
    s = s.trim_matches(around);
    if s.contains(' ') {
        let joined: String = s.split(' ').collect();
        return (joined.into(), true);
    }
    (s.into(), false)
}

/// Whether this can be a local part: its characters and length (RFC 5321), and one of them more than punctuation.
fn is_local(local: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(fits)
        && local.bytes().any(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether this can be a domain: its characters and lengths (RFC 1035), and a top level of letters.
fn is_domain(domain: &str) -> bool {
    let label = |l: &str| !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-');
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | 'ー' | '_');
    domain.len() <= 253
        && domain.chars().all(fits)
        && domain.split('.').all(label)
        && domain
            .rsplit_once('.')
            .is_some_and(|(_, tld)| tld.chars().count() >= 2 && !tld.bytes().all(|b| b.is_ascii_digit()))
}

fn mailbox(local: &str, domain: &str) -> String {
    let rule = domains::mailbox(domain);
    let local = if rule.ignores_tags { without_tag(local) } else { local };
    let mut out = String::with_capacity(local.len() + 1 + rule.domain.len());
    if rule.ignores_dots && local.bytes().any(|b| b != b'.') {
        out.extend(local.chars().filter(|c| *c != '.'));
    } else {
        out.push_str(local);
    }
    out.push('@');
    out.push_str(rule.domain);
    out
}

fn weak_key(local: &str, domain: &str) -> String {
    let local = without_tag(local);
    if domains::ignores_punctuation(domain) {
        let plain: String = local.chars().filter(|c| !matches!(c, '.' | '-' | '_')).collect();
        return mailbox(if plain.is_empty() { local } else { &plain }, domain);
    }
    mailbox(local, domains::carrier(domain))
}

fn without_tag(local: &str) -> &str {
    match local.split_once('+') {
        Some((name, _)) if name.bytes().any(|b| b.is_ascii_alphanumeric()) => name,
        _ => local,
    }
}

/// Whether an address only fills a required field: noreply@, aaa@aaa.com, test@test, test1@gmail.com. Our own lists.
fn is_filler(local: &str, domain: &str) -> bool {
    let letters = local.trim_end_matches(|c: char| c.is_ascii_digit());
    let label = domain.split('.').next().unwrap_or(domain);
    let same = |s: &str| s.len() >= 3 && s.bytes().all(|b| Some(b) == s.bytes().next());
    matches!(local, "noreply" | "no-reply" | "no_reply" | "donotreply" | "do-not-reply" | "mailer-daemon")
        || matches!(letters, "test" | "dummy" | "nomail" | "noemail" | "nomailaddress" | "hogehoge" | "tesuto")
        || matches!(
            local,
            "none" | "null" | "unknown" | "sample" | "nothing" | "nashi" | "hoge" | "example" | "xxx" | "aaa"
        )
        || (local == label && (same(local) || local.len() <= 2))
        || (same(local) && same(label))
}

/// Whether several people read this mail. Our own list.
fn is_role(local: &str) -> bool {
    matches!(
        local,
        "info"
            | "support"
            | "sales"
            | "contact"
            | "office"
            | "admin"
            | "postmaster"
            | "webmaster"
            | "mail"
            | "inquiry"
            | "soumu"
            | "eigyo"
            | "shop"
            | "service"
            | "root"
            | "help"
            | "order"
            | "jimu"
            | "customer"
    )
}

/// The problem of a text without `@`.
fn without_at(folded: &str) -> EmailProblem {
    match folded.trim() {
        "" | "-" | "--" | "ー" | "なし" | "無し" | "無" | "ナシ" | "不明" | "未登録" | "未入力" | "n/a" | "na"
        | "none" | "null" | "nan" | "nil" => EmailProblem::Missing,
        _ => EmailProblem::NoAt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn twice(text: &str) -> Result<(), TestCaseError> {
        let once = email(text);
        for written in [&once.address, &once.mailbox].into_iter().flatten() {
            let again = email(written);
            prop_assert_eq!(&again.mailbox, &once.mailbox);
            prop_assert_eq!(again.weak_key, once.weak_key.clone());
            prop_assert_eq!(again.junk, once.junk);
        }
        if let Some(address) = &once.address {
            prop_assert_eq!(&email(address).address, &once.address);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn never_panics(text in r"\PC*") {
            let _ = emails(&text);
            twice(&text)?;
        }

        #[test]
        fn a_clean_address_is_read_as_any_other(text in r"[a-z0-9.@_+-]{0,12}@[a-z0-9.@_+-]{0,12}|[a-z.]{1,9}@(gmail\.com|docomo\.ne\.jp|yahoo\.co\.jo)") {
            let mut pieces: Vec<Email> = pieces(&text).map(read).filter(|email| email.address.is_some()).collect();
            pieces.dedup_by(|a, b| a.address == b.address);
            prop_assert!(plain(&text).is_none() || emails(&text) == pieces);
        }

        #[test]
        fn twice_is_once(text in r"(mailto:|<|太郎|[a-zA-Z0-9.+\-_ ,:@ａ＠．]){1,12}@{1,2}(gmail|docomo|[a-z.\-, ]{1,9}|t\.vodafone|日本)[.,。]{1,2}(com|co\.jp|ne\.jp|con| )[>. ;a@]{0,2}") {
            twice(&text)?;
        }
    }
}
