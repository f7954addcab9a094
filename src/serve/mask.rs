//! Masked values: enough of one to tell two apart, too little to reach or name a person.
//!
//! In: a value and its kind, or the feature that it is of. Out, whatever the script and the spelling:
//!
//! | kind | what stays |
//! |---|---|
//! | name, kana | the first letter of the family name: 田◯ ◯; of a given name alone nothing |
//! | phone | how a number of Japan begins, and its last four digits: 090-\*\*\*\*-1234 |
//! | mail | the first letter and the domain |
//! | address | prefecture and municipality, as the dictionary of addresses names them; nothing of what it does not know |
//! | postal code | the first three digits, about a municipality |
//! | birth date | the year |
//! | sex | nothing: one mark, as the number of letters would tell it |
//! | numbers of cards and members | the last four letters, of eight or more |
//!
//! Why a municipality and no town: a town may have ten people, and where it ends is told by the dictionary alone: cut at the first number, an
//! address without one shows its building, and one that begins with it shows nothing. So what is shown of an address is never cut out of it:
//! it is a name of the dictionary. A value of no known kind is masked by its looks.

use nayose_japanese::{address, email, sex};

/// The mark that stands for letters of a name, and for a sex.
const LETTER: char = '◯';

/// What stands for a rest of any length.
const REST: char = '…';

/// The value as somebody sees it who was not shown the customer. Kinds are those of golden values, and names of features.
pub(crate) fn masked(value: &str, kind: &str) -> String {
    match kind.split('.').next().unwrap_or_default() {
        "name" | "kana" | "family" => name(value),
        "given" => given(value),
        "phones" | "phone" => list(value, phone),
        "emails" | "email" => list(value, mail),
        "address" => place(value),
        "postal_code" => postal_code(value),
        "birth_date" => year(value),
        "sex" => LETTER.to_string(),
        "identifiers" => match value.split_once(' ') {
            Some((label, number)) => format!("{label} {}", ending(number)),
            None => ending(value),
        },
        "number" => ending(value),
        "text" => REST.to_string(),
        _ => by_looks(value),
    }
}

/// Each of several values that stand in one field.
fn list(value: &str, masked: fn(&str) -> String) -> String {
    value.split(", ").map(masked).collect::<Vec<_>>().join(", ")
}

/// The first letter of the first part, as 田◯ ◯ for 田中 太郎: the family name is known by its first letter, the given name by none.
fn name(value: &str) -> String {
    let mut parts = value.split_whitespace();
    let family = parts.next().and_then(|family| family.chars().next());
    let family = family.map(|first| format!("{first}{LETTER}"));
    family.into_iter().chain(parts.map(|_| LETTER.to_string())).collect::<Vec<_>>().join(" ")
}

/// Nothing of a given name but that there is one.
fn given(value: &str) -> String {
    value.split_whitespace().map(|_| LETTER.to_string()).collect::<Vec<_>>().join(" ")
}

/// The last four digits and, of a number of Japan, how it begins.
fn phone(value: &str) -> String {
    let national = value.strip_prefix("+81").map(|rest| format!("0{rest}"));
    let digits: Vec<char> = national.as_deref().unwrap_or(value).chars().filter(char::is_ascii_digit).collect();
    // Of fewer digits the last four are half of the number.
    if digits.len() < 9 {
        return "****".into();
    }
    // Mobile and IP phones begin with three digits, all others are told by two.
    let begins = if digits[0] == '0' && digits[2] == '0' { 3 } else { 2 };
    let (first, last) = (&digits[..begins], &digits[digits.len() - 4..]);
    format!("{}-****-{}", first.iter().collect::<String>(), last.iter().collect::<String>())
}

/// The first letter and the domain; of what stands before an @ alone, the first letter.
fn mail(value: &str) -> String {
    let (local, domain) = value.rsplit_once('@').unwrap_or((value, ""));
    let first: String = local.chars().take(1).collect();
    let domain = if domain.is_empty() { String::new() } else { format!("@{domain}") };
    format!("{first}***{domain}")
}

/// Prefecture and municipality. A postal code that stands before them is masked as one.
fn place(value: &str) -> String {
    // The feature of an address: 14109:高田町/1690-10.
    if let Some(known) = value.split_once(':').and_then(|(code, _)| address::municipality(code)) {
        return format!("{known}{REST}");
    }
    let (code, rest) = match value.split_once(char::is_whitespace) {
        Some((code, rest)) if is_postal_code(code) => (format!("{} ", postal_code(code)), rest),
        _ => (String::new(), value),
    };
    let read = address::normalize(rest, None);
    let known = [read.prefecture, read.city].into_iter().flatten().collect::<String>();
    format!("{code}{known}{REST}")
}

fn is_postal_code(text: &str) -> bool {
    let digits = text.trim_start_matches('〒').replace('-', "");
    digits.len() == 7 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The area of delivery: the first three digits.
fn postal_code(value: &str) -> String {
    if !is_postal_code(value) {
        return "****".into();
    }
    let digits: String = value.chars().filter(char::is_ascii_digit).take(3).collect();
    format!("{digits}-****")
}

/// The year.
fn year(value: &str) -> String {
    let year: String = value.chars().take(4).collect();
    match year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) {
        true => format!("{year}-**-**"),
        false => "****".into(),
    }
}

/// The last four letters of a number of a card or a member; none of a short one.
fn ending(value: &str) -> String {
    let letters: Vec<char> = value.chars().collect();
    match letters.len() {
        0..8 => "****".into(),
        n => format!("****{}", letters[n - 4..].iter().collect::<String>()),
    }
}

/// Of no known kind, as a contact point or a number that a pipeline declares.
fn by_looks(value: &str) -> String {
    // A number of a member that begins with M is no man.
    let is_code = value.chars().count() == 1 || !value.contains(|c: char| c.is_ascii_digit());
    if is_code && sex::sex(value).key().is_some() {
        return LETTER.to_string();
    }
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().count();
    let is_date = letters >= 7 && value.as_bytes().get(4) == Some(&b'-') && digits + 2 >= letters;
    let is_number = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.#".contains(&b));
    if email::email(value).address.is_some() {
        mail(value)
    } else if is_date {
        year(value)
    } else if digits >= 9 && digits + 3 >= letters && value.starts_with(['+', '0']) {
        phone(value)
    } else if digits > 0 && is_number {
        ending(value)
    } else if digits > 0 || names_prefecture(value) {
        place(value)
    } else {
        name(value)
    }
}

/// Whether a text begins with a prefecture. A municipality alone may be somebody's name: 豊田.
fn names_prefecture(value: &str) -> bool {
    address::normalize(value, None).prefecture.is_some_and(|prefecture| value.starts_with(&prefecture))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn enough_is_left_to_tell_values_apart_and_too_little_to_reach_somebody() {
        let check = |kind: &str, value: &str, shown: &str| {
            assert_eq!(masked(value, kind), shown, "{kind} {value}");
        };
        check("name", "田中 太郎", "田◯ ◯");
        check("name", "EMI Sota", "E◯ ◯");
        check("family.kana", "タナカ", "タ◯");
        check("given", "太郎", "◯");
        check("given.reading", "タロウ", "◯");
        check("phone", "+819012341234", "090-****-1234");
        check("phone.landline", "+81312345678", "03-****-5678");
        check("phone", "110", "****");
        check("phone", "+819012341234, +81312345678", "090-****-1234, 03-****-5678");
        check("email", "taro@example.jp", "t***@example.jp");
        check("email", "taro@example.jp, hanako@example.com", "t***@example.jp, h***@example.com");
        check("email.local", "tanaka.taro1985", "t***");
        check("birth_date", "1967-05-28", "1967-**-**");
        check("birth_date", "--05-28", "****");
        check("birth_date.month_day", "05-28", "****");
        check("postal_code", "2230064", "223-****");
        check("postal_code", "223", "****");
        check("identifiers", "member C72293997", "member ****3997");
        check("number", "1234567", "****");
    }

    #[test]
    fn of_every_address_prefecture_and_municipality_are_shown() {
        let check = |value: &str, shown: &str| assert_eq!(masked(value, "address"), shown, "{value}");
        let port = "神奈川県横浜市港北区…";
        check("神奈川県横浜市港北区高田町1690-10", port);
        check("神奈川県横浜市港北区高田町", port);
        check("神奈川県横浜市港北区", port);
        check("神奈川県横浜市港北区高田町グリーンハイツ", port);
        check("横浜市港北区高田町１６９０－１０　グリーンハイツ２０１", port);
        check("2230064 神奈川県横浜市港北区高田町1690-10", "223-**** 神奈川県横浜市港北区…");
        check("14109:高田町/1690-10#201", port);
        check("東京都新宿区西新宿二丁目8-1", "東京都新宿区…");
        check("東京都", "東京都…");
        // Nothing is shown of what the dictionary does not know.
        check("1-2-3 Main Street, Springfield", "…");
        check("グリーンハイツ201", "…");
        check("99999:高田町/1690-10", "…");
        check("", "…");
    }

    #[test]
    fn nothing_tells_a_sex() {
        for kind in ["sex", "any"] {
            for value in ["male", "female", "男性", "女", "M"] {
                assert_eq!(masked(value, kind), "◯", "{kind} {value}");
            }
        }
    }

    #[test]
    fn a_value_of_no_known_kind_is_masked_by_its_looks() {
        let check = |value: &str, shown: &str| assert_eq!(masked(value, "any"), shown, "{value}");
        check("中田", "中◯");
        check("oshita_m052868@yahoo.co.jp", "o***@yahoo.co.jp");
        check("1967-05-28", "1967-**-**");
        check("+819063353584", "090-****-3584");
        check("神奈川県横浜市港北区高田町1690-10", "神奈川県横浜市港北区…");
        check("神奈川県横浜市港北区高田町", "神奈川県横浜市港北区…");
        check("豊田", "豊◯");
        check("1-2-3 Jinnan, Shibuya-ku", "…");
        check("C72293997", "****3997");
        check("M145697008", "****7008");
        check("F0012345", "****2345");
        check("2912345678903967", "****3967");
        check("", "");
    }

    /// What a mask may have besides letters of a value.
    fn is_mark(c: char) -> bool {
        [LETTER, REST, '*', '-', ' ', ',', '@'].contains(&c)
    }

    /// Addresses of all shapes about a municipality: the parts behind it in any script, in any order.
    fn shapes() -> impl Strategy<Value = (&'static str, String)> {
        let places =
            prop::sample::select(vec!["神奈川県横浜市港北区", "東京都新宿区", "大阪府堺市", "北海道余市郡余市町"]);
        let rest = prop::collection::vec(
            prop_oneof![
                "[ぁ-ん]{1,6}",
                "[ァ-ヶー]{1,8}",
                "[一二三四五六七八九十]{1,2}丁目",
                "[0-9]{1,4}(-[0-9]{1,3}){0,2}",
                "[０-９]{1,4}(－[０-９]{1,3}){0,2}",
                "[A-Za-z ]{1,12}",
                "(高田町|西新宿|山田|コーポ桜|号室|方|様)",
            ],
            0..5,
        );
        (places, rest).prop_map(|(place, rest)| (place, format!("{place}{}", rest.join(""))))
    }

    proptest! {
        #[test]
        fn a_masked_address_shows_a_municipality_of_the_dictionary_and_nothing_else(value in "\\PC{0,40}") {
            for kind in ["address", "address.town", "address.room"] {
                let told = masked(&value, kind);
                let shown = told.strip_suffix(REST).unwrap_or(&told);
                let shown = match shown.split_once("-**** ") {
                    Some((code, rest)) => {
                        prop_assert!(code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()), "{}", told);
                        rest
                    }
                    None => shown,
                };
                let read = address::normalize(shown, None);
                let known: String = [read.prefecture, read.city].into_iter().flatten().collect();
                prop_assert_eq!(shown, known, "{}", told);
            }
        }

        #[test]
        fn addresses_of_a_municipality_show_as_much_whatever_their_shape((place, value) in shapes()) {
            let told = masked(&value, "address");
            // Letters behind a municipality may make it another one, as 堺市 and 堺市堺区; never more than a municipality.
            let shown = told.trim_end_matches(REST);
            prop_assert!(shown.starts_with(place) || shown.is_empty(), "{} for {}", told, value);
            prop_assert!(shown.chars().count() <= place.chars().count() + 4, "{} for {}", told, value);
        }

        #[test]
        fn a_masked_value_shows_as_few_letters_as_its_rule_says(value in "\\PC{1,40}") {
            for (kind, most) in [("name", 1), ("given", 0), ("kana", 1), ("sex", 0), ("text", 0), ("number", 4),
                ("phone", 7), ("postal_code", 3), ("birth_date", 4), ("email.local", 1)]
            {
                // Of a list each value has its own; a domain is no letter of a person.
                let one = value.replace([',', '@'], "");
                let shown = masked(&one, kind).chars().filter(|c| !is_mark(*c)).count();
                prop_assert!(shown <= most, "{} of {}: {}", kind, one, masked(&one, kind));
            }
        }
    }
}
