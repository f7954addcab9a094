//! The town of an address as records are compared by it.
//!
//! In: a normalized address. Out: a text for each town that it may be in. Why several: some wards of Kyoto have two towns of one
//! name, which only the street or the postal code tells apart. An address with neither may be in both: it agrees with one that
//! says more, and two that say two places do not agree.

use nayose_japanese::address::Address;

/// The towns that an address may be in; none where it names no town.
pub(super) fn of_address(read: &Address) -> Vec<String> {
    let chome = read.chome.map(|c| format!("-{c}")).unwrap_or_default();
    let Some(code) = &read.town_code else {
        let koaza = read.koaza.as_deref().unwrap_or_default();
        return read.town.iter().map(|town| [town, koaza, &chome].concat()).collect();
    };
    // The key has one name for a town and its 小字 however they are written, and tells namesakes apart; its numbers follow.
    let town = read.key.split('|').next().unwrap_or_default();
    match town.strip_prefix(code.as_str()) {
        Some(koaza) if !koaza.starts_with('@') => {
            let namesakes = namesakes(read, code);
            if !namesakes.is_empty() {
                return namesakes.into_iter().map(|one| [one, koaza, &chome].concat()).collect();
            }
        }
        _ => {}
    }
    vec![[town, &chome].concat()]
}

/// The towns of the name, `code@postal code`; that of the address's own postal code alone where there is one, though no street of
/// it is listed.
fn namesakes<'a>(read: &'a Address, code: &str) -> Vec<&'a str> {
    let of_name = |a: &&str| a.split_once('@').is_some_and(|(town, _)| town == code);
    let all: Vec<&str> = read.alternatives.iter().map(|a| a.town_code.as_str()).filter(of_name).collect();
    let own = read.postal_code.as_ref().map(|code| code.replace('-', ""));
    let one = all.iter().find(|one| one.split_once('@').map(|(_, code)| code) == own.as_deref()).copied();
    one.map_or(all, |one| vec![one])
}

#[cfg(test)]
mod tests {
    use super::*;
    use nayose_japanese::address;

    #[test]
    fn towns_of_one_name_are_told_apart_where_the_place_is_known() {
        let towns = |text: &str, code: Option<&str>| of_address(&address::normalize(text, code));
        let one = towns("京都府京都市上京区下長者町通室町西入近衛町25", None);
        let other = towns("京都府京都市上京区油小路通下立売上る近衛町25", None);
        assert!(one.len() == 1 && other.len() == 1 && one != other, "{one:?} {other:?}");
        let code = |known: &[String]| known[0].split('@').nth(1).expect("a postal code").to_string();
        let (codes, town) = ([&one, &other].map(|known| code(known)), "京都府京都市上京区近衛町25");
        let agrees = |code: Option<&str>| [&one, &other].map(|known| towns(town, code).contains(&known[0]));
        assert_eq!(agrees(None), [true, true], "it may be in either");
        assert_eq!(agrees(Some(&codes[0])), [true, false]);
        assert_eq!(agrees(Some(&codes[1])), [false, true]);
        assert_eq!(agrees(Some("1000001")), [true, true], "the code of another town says nothing");
        assert_eq!(towns("東京都千代田区丸の内1-1", None).len(), 1);
        assert_eq!(towns("東京都千代田区", None).len(), 0);
    }
}
