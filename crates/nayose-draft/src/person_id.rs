//! Which column of a list of people has their ids, where no name of a column says it: columns in, one of them chosen.
//!
//! Shops call the number of a person App ID, カード番号 or 整理番号. What all of them have in common is how they are used: every
//! row has its own, all have one shape, and they are neither a contact nor a measure.

use std::collections::HashMap;

use crate::columns::Column;
use crate::facts::{Sort, bare};
use crate::meaning::{Kind, Meaning, Party};
use crate::rows::Table;
use crate::words::{Words, words};

/// Rows from which being unique says something: two values differ by chance.
const FEWEST: usize = 3;

/// Share of rows that must have a value of its own. Exports have some rows twice; a measure (points, yen) is shared by more.
const UNIQUE: f64 = 0.98;

/// Share of values of one shape from which they are codes of one kind.
const ONE_SHAPE: f64 = 0.9;

/// Digits from which a number holds a phone number, not by chance.
const DIALLED: usize = 6;

/// Concepts of names that are no id of a person, whatever the values are.
const OTHERS: [&str; 8] = ["secret", "other", "thing", "url", "item", "order", "zip", "ship"];

/// Concepts of measures and texts, which are no ids unless the name says so: ポイント, but not ポイント会員番号.
const MEASURES: [&str; 9] = ["point", "total", "count", "memo", "detail", "age", "date", "datetime", "time"];

/// Chooses the id of people, where rows are people and no column was found that has it.
pub(crate) fn choose(table: &Table, columns: &mut [Column]) {
    if columns.iter().any(|c| c.meaning.kind == Kind::RecordId && !c.facts.is_empty()) {
        return;
    }
    let person = |c: &Column| {
        let tells = matches!(c.meaning.kind, Kind::Name | Kind::FamilyName | Kind::Kana | Kind::Email | Kind::Phone);
        tells && c.meaning.party == Party::Person
    };
    if !columns.iter().any(person) {
        return;
    }
    let ranks = (0..columns.len()).filter_map(|i| Some((rank(table, columns, i)?, i)));
    let Some((_, best)) = ranks.min() else { return };
    let column = &mut columns[best];
    column.meaning = Meaning::new(Kind::RecordId);
    column.sure = false;
    column.reason = match table.rows.is_empty() {
        true => "its name says that it is a number, and no other column is called an id of a person".into(),
        false => "every row has its own, all of one shape, and no other column is called an id of a person".into(),
    };
}

/// How near a column is to an id of a person: less is nearer; none where it is no id.
fn rank(table: &Table, columns: &[Column], i: usize) -> Option<usize> {
    let column = &columns[i];
    let facts = &column.facts;
    let used = !matches!(column.meaning.kind, Kind::Unused | Kind::Identifier) || column.rank == 0;
    if !used && table.rows.is_empty() {
        // A header alone: only names tell.
        let words = words(&column.name);
        return nearness(&words).filter(|_| !is_other(&words));
    }
    let unique = facts.filled == facts.rows && facts.distinct as f64 >= UNIQUE * facts.rows as f64;
    if used || facts.rows < FEWEST || !unique || !is_code(table, column, i) || is_phone(table, columns, i) {
        return None;
    }
    let words = words(&column.name);
    if is_other(&words) {
        return None;
    }
    Some(match nearness(&words) {
        Some(near) => near,
        // Nothing of its name says id: only the first column, where lists have their key, and only codes.
        None if i == 0 && shapes(table, i).1 >= ONE_SHAPE && longest(table, i) >= 4 => 9,
        None => return None,
    })
}

/// Whether the words say that it is no id of a person.
fn is_other(words: &Words) -> bool {
    let has = |concepts: &[&str]| concepts.iter().any(|concept| words.has(concept));
    has(&OTHERS) || (has(&MEASURES) && !words.has("id"))
}

fn nearness(words: &Words) -> Option<usize> {
    match () {
        () if !words.has("id") => None,
        // The number of before is the last of all.
        () if words.has("external") => Some(8),
        () if words.has("member") || words.has("buyer") => Some(1),
        () if words.has("card") => Some(2),
        () if words.is_only_id() => Some(3),
        () => Some(4),
    }
}

/// Whether the values look like codes: no contact, day, name or text.
fn is_code(table: &Table, column: &Column, i: usize) -> bool {
    let share = |sort: Sort| column.evidence.share(sort);
    let contact = share(Sort::Email) + share(Sort::Url) + share(Sort::Moment) + share(Sort::Day) > 0.1;
    // Counting numbers have several lengths and one kind of sign.
    !contact && share(Sort::Phone) < 0.2 && share(Sort::Code) >= 0.8 && shapes(table, i).0 >= ONE_SHAPE
}

/// Shares of the most frequent shape: where runs of digits and letters count as one, and where each sign counts.
fn shapes(table: &Table, column: usize) -> (f64, f64) {
    let (mut runs, mut signs) = (HashMap::<String, usize>::new(), HashMap::<String, usize>::new());
    let mut all = 0usize;
    for value in table.filled(column).map(bare) {
        all += 1;
        let masked: String = value.chars().map(|c| if c.is_ascii_alphanumeric() { 'x' } else { c }).collect();
        let mut run: Vec<char> = masked.chars().collect();
        run.dedup_by(|next, last| *next == 'x' && *last == 'x');
        *runs.entry(run.into_iter().collect()).or_default() += 1;
        *signs.entry(masked).or_default() += 1;
    }
    let most = |counts: HashMap<String, usize>| counts.into_values().max().unwrap_or(0) as f64 / all.max(1) as f64;
    (most(runs), most(signs))
}

fn longest(table: &Table, column: usize) -> usize {
    table.filled(column).map(|value| value.chars().count()).max().unwrap_or(0)
}

/// Whether most values hold the digits of a phone number of their row: some shops number people by it, and a phone number
/// changes and is shared.
fn is_phone(table: &Table, columns: &[Column], i: usize) -> bool {
    let phones: Vec<usize> = (0..columns.len()).filter(|p| columns[*p].meaning.kind == Kind::Phone).collect();
    let digits = |row: usize, column: usize| -> String {
        table.cell(row, column).chars().filter(char::is_ascii_digit).collect()
    };
    let holds = |row: &usize| {
        let own = digits(*row, i);
        let is_within = |phone: String| phone.len() >= DIALLED && (own.contains(&phone) || phone.contains(&own));
        own.len() >= DIALLED && phones.iter().map(|p| digits(*row, *p)).any(is_within)
    };
    (0..table.rows.len()).filter(holds).count() * 2 > table.rows.len()
}
