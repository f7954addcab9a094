//! Facts about mail domains.
//!
//! In: a domain in lower case. Out: the name that stands for all names of one mailbox, a carrier's newest name, the
//! domain that a mistyped one was meant to be, and whether nobody receives mail there. Why lists: no rule tells that
//! me.com is icloud.com, or that gmail.co is a mistake.
//!
//! Sources: the providers' own help pages (gmail dots, plus tags, googlemail; icloud/me/mac), the carriers' notices
//! (EZweb became au.com in 2018; J-PHONE became vodafone in 2003 and SoftBank in 2006), RFC 2606 and RFC 6761 for the
//! reserved names. The lists of mistakes and made-up names are our own.

/// The domain that stands for all names of one mailbox, and how its local parts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mailbox<'a> {
    pub(super) domain: &'a str,
    /// Dots in the local part are ignored.
    pub(super) ignores_dots: bool,
    /// `+tag` is the same mailbox.
    pub(super) ignores_tags: bool,
}

/// The mailbox rules of a domain, where two addresses are certainly one mailbox.
pub(super) fn mailbox(domain: &str) -> Mailbox<'_> {
    match domain {
        "gmail.com" | "googlemail.com" => Mailbox { domain: "gmail.com", ignores_dots: true, ignores_tags: true },
        "icloud.com" | "me.com" | "mac.com" => {
            Mailbox { domain: "icloud.com", ignores_dots: false, ignores_tags: true }
        }
        "outlook.com" | "outlook.jp" | "hotmail.com" | "hotmail.co.jp" | "live.jp" | "live.com" | "fastmail.com" => {
            Mailbox { domain, ignores_dots: false, ignores_tags: true }
        }
        _ => Mailbox { domain, ignores_dots: false, ignores_tags: false },
    }
}

/// Whether an address here is made by a shop, a market place or a sign-in service and only hands mail on: another one for
/// each shop, or for each order. Amazon's and Rakuten's help for sellers, Apple's for developers (Hide My Email) and Yahoo!
/// JAPAN's for its stores name them.
pub(super) fn is_relay(domain: &str) -> bool {
    matches!(domain, "privaterelay.appleid.com" | "fw.rakuten.ne.jp" | "relay.firefox.com" | "mozmail.com" | "duck.com")
        || domain.strip_suffix(".fw.rakuten.ne.jp").is_some()
        // marketplace.amazon.co.jp, marketplace.amazon.com, …
        || domain.strip_prefix("marketplace.amazon.").is_some()
        || domain.strip_suffix(".shopping.yahoo.co.jp").is_some()
        || domain.strip_suffix(".auctions.yahoo.co.jp").is_some()
}

/// Whether mail to a local part is delivered whatever its dots, hyphens and underscores: Proton's rule. Used for the weak key
/// only, as an organization's own domain at Proton looks alike and follows no such rule.
pub(super) fn ignores_punctuation(domain: &str) -> bool {
    matches!(domain, "protonmail.com" | "proton.me" | "pm.me" | "protonmail.ch")
}

/// The newest name of a carrier whose customers kept their local part when the domain changed. Weak: under the old
/// regional names two people could hold one local part.
pub(super) fn carrier(domain: &str) -> &str {
    match domain {
        "ezweb.ne.jp" => "au.com",
        "softbank.ne.jp" | "disney.ne.jp" | "i.softbank.jp" => "softbank.ne.jp",
        "y-mobile.ne.jp" | "ymobile.ne.jp" | "ymobile1.ne.jp" => "ymobile.ne.jp",
        "willcom.com" | "pdx.ne.jp" => "pdx.ne.jp",
        _ => match domain.strip_suffix(".ne.jp") {
            // ezweb had regional sub-domains too: a1.ezweb.ne.jp.
            Some(rest) if rest.ends_with(".ezweb") => "au.com",
            Some(rest) if is_region(rest.strip_suffix(".vodafone")) => "softbank.ne.jp",
            Some(rest) if is_region(rest.strip_prefix("jp-")) => "softbank.ne.jp",
            Some(rest) if is_region(rest.strip_suffix(".pdx")) || rest == "wm.pdx" || rest == "dk.pdx" => "pdx.ne.jp",
            _ => domain,
        },
    }
}

/// The letter of a region: d Hokkaidō, h Tōhoku, t Kantō, c Tōkai, r Hokuriku, k Kansai, n Chūgoku, s Shikoku, q
/// Kyūshū.
fn is_region(letter: Option<&str>) -> bool {
    matches!(letter, Some("d" | "h" | "t" | "c" | "r" | "k" | "n" | "s" | "q"))
}

/// The domain that was probably meant, if `domain` looks mistyped.
pub(super) fn suggestion(domain: &str) -> Option<&'static str> {
    if PROVIDERS.contains(&domain) {
        return None;
    }
    if let Ok(index) = TYPOS.binary_search_by(|(wrong, _)| (*wrong).cmp(domain)) {
        return TYPOS.get(index).map(|(_, right)| *right);
    }
    // One edit away from a provider, and no domain of its own.
    let near = |right: &&str| right.len() >= MIN_EDIT_LENGTH && one_edit(domain.as_bytes(), right.as_bytes());
    PROVIDERS.iter().copied().find(near).filter(|_| !REAL.contains(&domain))
}

/// Providers of a shorter name are suggested for a listed mistake only. A judgement: one edit makes me.com many other
/// domains.
const MIN_EDIT_LENGTH: usize = 9;

/// Whether one insertion, deletion, substitution or transposition makes `a` into `b`.
fn one_edit(a: &[u8], b: &[u8]) -> bool {
    if a.len().abs_diff(b.len()) > 1 || a == b {
        return false;
    }
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    match (&a[..a.len() - tail], &b[..b.len() - tail]) {
        ([_], [_]) | ([], [_]) | ([_], []) => true,
        ([w, x], [y, z]) => w == z && x == y,
        _ => false,
    }
}

/// Whether this is what people type who give no address: reserved names, and made-up ones. Not `.test` (RFC 6761): nobody types it. It
/// stands in masked copies of customer data, which keep each person's local part apart so that no mail goes out, and tells people apart
/// as well as the real domain did.
pub(super) fn is_nowhere(domain: &str) -> bool {
    let (rest, tld) = domain.rsplit_once('.').unwrap_or(("", domain));
    let label = rest.rsplit('.').next().unwrap_or(rest);
    matches!(tld, "example" | "invalid" | "localhost" | "local")
        || (label == "example" && matches!(tld, "com" | "net" | "org" | "jp"))
        || domain == "example.co.jp"
        || domain == "example.ne.jp"
        || matches!(
            label,
            "test" | "dummy" | "sample" | "nomail" | "noemail" | "hogehoge" | "hoge" | "none" | "xxx" | "aaa"
        ) && matches!(tld, "com" | "jp" | "net")
}

/// Domains that are one edit from a provider and exist. Our own list.
const REAL: &[&str] = &[
    "aol.jp",
    "au.com",
    "email.com",
    "fmail.com",
    "gmx.com",
    "hotmail.ch",
    "hotmail.fr",
    "hotmail.it",
    "mail.com",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "outlook.it",
    "outlook.kr",
    "rmail.com",
    "softbank.co.jp",
    "tmail.com",
    "vmail.com",
    "yahoo.co.id",
    "yahoo.co.in",
    "yahoo.co.kr",
    "yahoo.co.th",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.ne.jp",
    "ymail.com",
    "ymail.ne.jp",
    "zmail.com",
];

/// The domains that most Japanese consumers use. Our own list.
const PROVIDERS: &[&str] = &[
    "gmail.com",
    "yahoo.co.jp",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "softbank.ne.jp",
    "i.softbank.jp",
    "icloud.com",
    "hotmail.com",
    "hotmail.co.jp",
    "outlook.jp",
    "outlook.com",
    "nifty.com",
    "biglobe.ne.jp",
    "rakuten.jp",
    "live.jp",
    "me.com",
    "mac.com",
    "googlemail.com",
    "y-mobile.ne.jp",
    "ymobile.ne.jp",
    "ocn.ne.jp",
    "odn.ne.jp",
];

/// Mistakes of more than one edit, or in names below [`MIN_EDIT_LENGTH`]. Sorted. Our own list.
const TYPOS: &[(&str, &str)] = &[
    ("au.co.jp", "au.com"),
    ("au.jp", "au.com"),
    ("au.ne.jp", "au.com"),
    ("docomo", "docomo.ne.jp"),
    ("docomo.co.jp", "docomo.ne.jp"),
    ("docomo.com", "docomo.ne.jp"),
    ("docomo.jp", "docomo.ne.jp"),
    ("docomo.nejp", "docomo.ne.jp"),
    ("ezweb", "ezweb.ne.jp"),
    ("ezweb.co.jp", "ezweb.ne.jp"),
    ("ezweb.com", "ezweb.ne.jp"),
    ("ezweb.jp", "ezweb.ne.jp"),
    ("gamil.co", "gmail.com"),
    ("gmai.co", "gmail.com"),
    ("gmail", "gmail.com"),
    ("gmail.cmo", "gmail.com"),
    ("gmail.co", "gmail.com"),
    ("gmail.co.jp", "gmail.com"),
    ("gmail.con", "gmail.com"),
    ("gmail.jp", "gmail.com"),
    ("gmail.ne.jp", "gmail.com"),
    ("gmailcom", "gmail.com"),
    ("gmali.com", "gmail.com"),
    ("gmeil.com", "gmail.com"),
    ("gmial.com", "gmail.com"),
    ("hotmail", "hotmail.com"),
    ("hotmail.jp", "hotmail.co.jp"),
    ("hotmail.ne.jp", "hotmail.co.jp"),
    ("i.softbank.ne.jp", "i.softbank.jp"),
    ("icloud", "icloud.com"),
    ("icloud.co.jp", "icloud.com"),
    ("icloud.jp", "icloud.com"),
    ("icloud.ne.jp", "icloud.com"),
    ("iclould.com", "icloud.com"),
    ("outlook.co.jp", "outlook.jp"),
    ("softbank", "softbank.ne.jp"),
    ("softbank.com", "softbank.ne.jp"),
    ("softbank.jp", "softbank.ne.jp"),
    ("yahoo", "yahoo.co.jp"),
    ("yahoo.cojp", "yahoo.co.jp"),
    ("yahoo.con", "yahoo.co.jp"),
    ("yahoo.jp", "yahoo.co.jp"),
    ("yahoocojp", "yahoo.co.jp"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order_and_apart() {
        assert!(TYPOS.is_sorted());
        for (wrong, right) in TYPOS {
            assert!(PROVIDERS.contains(right) || *right == "au.com", "{right}");
            assert!(!PROVIDERS.contains(wrong) && !REAL.contains(wrong), "{wrong}");
        }
        for provider in PROVIDERS {
            assert_eq!(suggestion(provider), None);
        }
    }

    #[test]
    fn one_edit_from_a_provider() {
        for (wrong, right) in [
            ("gmial.com", true),
            ("gmaill.com", true),
            ("gmil.com", true),
            ("gmail.con", true),
            ("gmail.com", false),
            ("gmall.con", false),
        ] {
            assert_eq!(one_edit(wrong.as_bytes(), b"gmail.com"), right, "{wrong}");
        }
        assert_eq!(suggestion("yahoo.co.jo"), Some("yahoo.co.jp"));
        assert_eq!(suggestion("docomo.ne.ip"), Some("docomo.ne.jp"));
        assert_eq!(suggestion("nayose.co.jp"), None);
    }
}
