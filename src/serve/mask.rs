//! Masked values: enough of one to tell two apart, too little to reach or name a person.
//!
//! In: a value and its kind. Out: 田◯ of a name, 090-****-1234 of a phone, t***@example.jp of a mail address, the town of an address,
//! the year of a birth date. A value of an unknown kind is masked by its looks.

use nayose_japanese::email;

/// The mark that stands for letters of a name.
const LETTER: char = '◯';

/// The value as somebody sees it who was not shown the customer.
pub(crate) fn masked(value: &str, kind: &str) -> String {
    match kind {
        "name" | "kana" => name(value),
        "phones" | "phone" => phone(value),
        "emails" | "email" => mail(value),
        "address" => address(value),
        "postal_code" => postal_code(value),
        "birth_date" => year(value),
        "sex" => value.to_string(),
        "identifiers" => match value.split_once(' ') {
            Some((label, number)) => format!("{label} {}", ending(number)),
            None => ending(value),
        },
        "number" => ending(value),
        "text" => "…".to_string(),
        // A set of few values, such as the sex: its words may be read, its letters need no count.
        "closed" => "…".to_string(),
        _ => by_looks(value),
    }
}

/// The first letter of each part, as 田◯ ◯ for 田中 太郎: the family name is known by its first letter, the given name by none.
fn name(value: &str) -> String {
    let mut parts = value.split_whitespace();
    let family = parts.next().and_then(|family| family.chars().next());
    let family = family.map(|first| format!("{first}{LETTER}"));
    family.into_iter().chain(parts.map(|_| LETTER.to_string())).collect::<Vec<_>>().join(" ")
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

/// The first letter and the domain.
fn mail(value: &str) -> String {
    let Some((local, domain)) = value.rsplit_once('@') else { return by_looks(value) };
    let first: String = local.chars().take(1).collect();
    format!("{first}***@{domain}")
}

/// Up to the town: what comes before the first number.
fn address(value: &str) -> String {
    let number = |c: char| c.is_ascii_digit() || ('０'..='９').contains(&c);
    let end = value.find(number).unwrap_or(value.len());
    let town = value[..end].trim_end();
    // A chome is written in kanji in addresses that were brought into one form, and says a few hundred houses.
    let town = town
        .strip_suffix("丁目")
        .map_or(town, |before| before.trim_end_matches(|c| "一二三四五六七八九十百".contains(c)));
    if end == value.len() && town == value { first_letters(value) } else { format!("{town}…") }
}

/// An address without a number: as much as prefectures, cities and towns have at most, so that a building is not shown.
fn first_letters(value: &str) -> String {
    const TOWN: usize = 12;
    let shown: String = value.chars().take(TOWN).collect();
    format!("{shown}…")
}

/// The area of delivery: the first three digits.
fn postal_code(value: &str) -> String {
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

/// Of no known kind.
fn by_looks(value: &str) -> String {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().count();
    let is_date = letters >= 7 && value.as_bytes().get(4) == Some(&b'-') && digits + 2 >= letters;
    if email::email(value).address.is_some() {
        mail(value)
    } else if is_date {
        year(value)
    } else if digits >= 9 && digits + 3 >= letters {
        phone(value)
    } else if digits > 0 && value.chars().any(|c| !c.is_ascii()) {
        address(value)
    } else if digits > 0 {
        ending(value)
    } else {
        name(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_is_left_to_tell_values_apart_and_too_little_to_reach_somebody() {
        let check = |kind: &str, value: &str, shown: &str| {
            assert_eq!(masked(value, kind), shown, "{kind} {value}");
        };
        check("name", "田中 太郎", "田◯ ◯");
        check("name", "EMI Sota", "E◯ ◯");
        check("phone", "+819012341234", "090-****-1234");
        check("phone", "+81312345678", "03-****-5678");
        check("phone", "110", "****");
        check("email", "taro@example.jp", "t***@example.jp");
        check("address", "神奈川県横浜市港北区高田町1690-10", "神奈川県横浜市港北区高田町…");
        check("address", "東京都新宿区西新宿二丁目8-1", "東京都新宿区西新宿…");
        check("birth_date", "1967-05-28", "1967-**-**");
        check("birth_date", "--05-28", "****");
        check("identifiers", "member C72293997", "member ****3997");
        check("number", "1234567", "****");
    }

    #[test]
    fn a_value_of_no_known_kind_is_masked_by_its_looks() {
        let check = |value: &str, shown: &str| assert_eq!(masked(value, "any"), shown, "{value}");
        check("中田", "中◯");
        check("oshita_m052868@yahoo.co.jp", "o***@yahoo.co.jp");
        check("1967-05-28", "1967-**-**");
        check("+819063353584", "090-****-3584");
        check("神奈川県横浜市港北区高田町1690-10", "神奈川県横浜市港北区高田町…");
        check("C72293997", "****3997");
        check("", "");
    }
}
