//! Whether a record's number was given to somebody else.
//!
//! In: the values of rows of one record. Out: which of the rows are of the person whom the newest row names. People move, marry and
//! change phones, and rarely all at once: a row is of another person only where the given name, and each of two or more other things
//! that both sides have (birth date, phones, mail, address), differ from every value of before. Numbers that go with the record, such as
//! the card that it is for, say nothing here: they go to the next holder as well.

use super::{PastValue, RawVersion};
use nayose_japanese::name::part_key;

/// Things besides the name that have to differ.
const LEAST: usize = 2;

/// How the values of one side stand to those of the other; `None` where a side has none, or they cannot be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The given name.
    pub name: Option<bool>,
    /// The birth date; one that differs by a slip agrees.
    pub birth_date: Option<bool>,
    /// The sex.
    pub sex: Option<bool>,
    /// A phone.
    pub phone: Option<bool>,
    /// A mail address.
    pub email: Option<bool>,
    /// The address, as far as both go.
    pub address: Option<bool>,
}

impl Agreement {
    /// Compares values, each with its attribute.
    pub fn between<'a>(left: &[(&'a str, &'a str)], right: &[(&'a str, &'a str)]) -> Self {
        let of = |attribute: &str, is_same: &dyn Fn(&str, &str) -> Option<bool>| {
            let values = |side: &[(&'a str, &'a str)]| -> Vec<&'a str> {
                side.iter().filter(|(name, _)| *name == attribute).map(|(_, value)| *value).collect()
            };
            let (left, right) = (values(left), values(right));
            let each = left.iter().flat_map(|l| right.iter().filter_map(|r| is_same(l, r)));
            each.reduce(|one, other| one || other)
        };
        let equal = |l: &str, r: &str| Some(l == r);
        let names = [of("name", &is_same_given), of("kana", &is_same_given)];
        Agreement {
            name: names.into_iter().flatten().reduce(|one, other| one || other),
            birth_date: of("birth_date", &|l, r| Some(is_near_date(l, r))),
            sex: of("sex", &equal),
            phone: of("phone", &equal),
            email: of("email", &equal),
            address: of("address", &|l, r| Some(l.starts_with(r) || r.starts_with(l))),
        }
    }

    /// The attributes that both sides have, each with whether it is the same.
    pub fn compared(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let all = [
            ("name", self.name),
            ("birth_date", self.birth_date),
            ("sex", self.sex),
            ("phone", self.phone),
            ("email", self.email),
            ("address", self.address),
        ];
        all.into_iter().filter_map(|(name, agrees)| Some((name, agrees?)))
    }

    /// Whether both sides have enough to tell two people apart.
    pub fn can_tell(&self) -> bool {
        self.name.is_some() && self.others().flatten().count() >= LEAST
    }

    /// Whether every identifying value differs, so that the two sides are two people.
    pub fn is_another(&self) -> bool {
        self.can_tell() && self.name == Some(false) && self.others().flatten().all(|agrees| !agrees)
    }

    /// Whether something identifying is the same.
    fn is_same(&self) -> bool {
        self.name == Some(true) || self.others().flatten().any(|agrees| agrees)
    }

    fn others(&self) -> impl Iterator<Item = Option<bool>> {
        [self.birth_date, self.phone, self.email, self.address].into_iter()
    }
}

/// Whether two names have one given name. A family name alone, or names in two scripts, cannot be compared: a family name is shared.
fn is_same_given(left: &str, right: &str) -> Option<bool> {
    if left == right {
        return Some(true);
    }
    let (left, right) = (part_key(left.split_once(' ')?.1), part_key(right.split_once(' ')?.1));
    let is_latin = |name: &str| name.chars().any(|c| c.is_ascii_alphabetic());
    if left.is_empty() || right.is_empty() || is_latin(&left) != is_latin(&right) {
        return None;
    }
    // A name that is cut, or has a middle name, begins like the other.
    Some(left.starts_with(&right) || right.starts_with(&left))
}

/// Whether two dates (`1990-05-03`) are one, or differ as a slip of the hand makes them: in one part, or by day and month exchanged.
fn is_near_date(left: &str, right: &str) -> bool {
    let parts = |date: &str| date.split('-').map(str::to_string).collect::<Vec<_>>();
    let (left, right) = (parts(left), parts(right));
    let same = left.iter().zip(&right).filter(|(l, r)| l == r).count();
    let exchanged = matches!((left.as_slice(), right.as_slice()), ([y, m, d], [z, n, e]) if y == z && m == e && d == n);
    same + 1 >= left.len().max(right.len()) || exchanged
}

/// The problem of a record whose number another person had before: of that person nothing is kept.
pub const NUMBER_REUSED: &str = "record_id:reused";

/// How the problem begins that says which holder of its number a record is, from the second on.
pub(super) const HOLDER: &str = "record_id:holder_";

/// Which holder of its number a record with these problems is, from 0.
pub fn holder_of<'a>(problems: impl IntoIterator<Item = &'a str>) -> u32 {
    let number = |problem: &str| problem.strip_prefix(HOLDER)?.parse::<u32>().ok();
    problems.into_iter().find_map(number).map_or(0, |number| number.saturating_sub(1))
}

/// The holder of a number that more than one person had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    /// Which holder of the number it is, from 0.
    pub place: usize,
    /// Since when it has the number, microseconds; `None` where nobody had it before, or no row tells.
    pub since: Option<i64>,
    /// File and line of the rows of others.
    pub of_others: Vec<(String, i64)>,
}

/// Takes the rows out of `versions`, which are oldest first, that are of another person than the newest one. Answers who that is, where
/// rows were taken out. `values_of` standardizes a row; it is asked only where two rows have no text in common.
pub(super) fn leave_out_others<'a>(
    versions: &mut Vec<RawVersion<'a>>,
    values_of: impl Fn(&RawVersion<'a>) -> Vec<PastValue>,
) -> Option<Holder> {
    if versions.len() < 2 {
        return None;
    }
    // Each holder of the number, with the places of the rows.
    let mut holders: Vec<Vec<usize>> = Vec::new();
    let mut current = 0;
    let mut values: Vec<Option<Vec<PastValue>>> = versions.iter().map(|_| None).collect();
    for place in 0..versions.len() {
        let Some(holder) = holders.get(current) else {
            holders.push(vec![place]);
            continue;
        };
        if holder.iter().rev().any(|known| has_common_text(&versions[*known], &versions[place])) {
            holders[current].push(place);
            continue;
        }
        for row in holders.iter().flatten().chain([&place]) {
            if values[*row].is_none() {
                values[*row] = Some(values_of(&versions[*row]));
            }
        }
        let of = |rows: &[usize]| -> Vec<(&str, &str)> {
            let all = rows.iter().filter_map(|row| values[*row].as_ref()).flatten();
            all.map(|v| (v.attribute.as_str(), v.value.as_str())).collect()
        };
        let to = |holder: &[usize]| Agreement::between(&of(holder), &of(&[place]));
        if to(holder).is_another() {
            // Somebody who had the number before has it again, where a wrong delivery was put right.
            let again = (0..holders.len()).rev().find(|other| *other != current && to(&holders[*other]).is_same());
            current = again.unwrap_or(holders.len());
        }
        match holders.get_mut(current) {
            Some(holder) => holder.push(place),
            None => holders.push(vec![place]),
        }
    }
    let kept = holders.get(current).filter(|kept| kept.len() < versions.len())?;
    let since = since(versions, kept);
    let (mut place, mut of_others) = (0, Vec::new());
    versions.retain(|version| {
        let is_kept = kept.contains(&place);
        if !is_kept {
            of_others.push((version.file.to_string(), version.line));
        }
        place += 1;
        is_kept
    });
    Some(Holder { place: current, since, of_others })
}

/// Since when the person with these rows has the number: when it was registered, where that lies between the last row of who had the
/// number before and the first row of its own; else the time of that row. Who was the first to have it has it from the beginning.
fn since(versions: &[RawVersion<'_>], kept: &[usize]) -> Option<i64> {
    let first = *kept.first()?;
    let before = versions.get(first.checked_sub(1)?)?.observed_at;
    let own = versions.get(first)?.observed_at?;
    let registered = versions.get(first)?.registered_at.filter(|at| Some(*at) > before && *at <= own);
    Some(registered.unwrap_or(own))
}

/// Whether two rows have an identifying text in common as it stands: the usual case, which needs no more.
fn has_common_text(left: &RawVersion<'_>, right: &RawVersion<'_>) -> bool {
    let same = |l: Option<&str>, r: Option<&str>| l.is_some_and(|l| !l.is_empty() && Some(l) == r);
    same(left.name, right.name)
        || same(left.given_name, right.given_name)
        || same(left.birth_date, right.birth_date)
        || same(left.address, right.address)
        || left.phones.iter().any(|phone| !phone.is_empty() && right.phones.contains(phone))
        || left.emails.iter().any(|email| !email.is_empty() && right.emails.contains(email))
}

#[cfg(test)]
#[path = "another_test.rs"]
mod tests;
