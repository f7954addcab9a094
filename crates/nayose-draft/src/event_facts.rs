//! What rows of events say beside who, what and when: a second look at columns that the first one has no use for.
//!
//! In: columns with what the first look says of them. Out: the topic of the rows (a purchase, a movement of points, …), and columns that say
//! more in it: what was taken off, which campaign, until when. A column of which nobody can say what it is, such as shipping that stands on every
//! row of an order, is no guess: it becomes a comment.

use crate::choose::{has_events, several_lines};
use crate::columns::{Column, WEAK, agreement, described};
use crate::facts::Sort;
use crate::meaning::{Kind, Meaning, Party};
use crate::rows::Table;
use crate::words::{Words, fact_words, words};

/// Amounts of an order that a file of lines may repeat on each.
const OF_ORDER: [Kind; 5] = [Kind::Discount, Kind::PointsUsed, Kind::ShippingCharged, Kind::ShippingCost, Kind::Tax];

/// Topics whose rows have a way to several media, of which one is meant.
const BY_MEDIUM: [&str; 2] = ["purchase", "web_visit"];

/// Topics with the concepts that tell them: of each group a column of its own has one.
const TOPICS: [(&str, &[&[&str]]); 10] = [
    // A hit of the web says when it was sent, too, and from which campaign it came.
    ("web_visit", &[&["visitor"], &["page"], &["date", "datetime", "time"]]),
    ("registration", &[&["serial"], &["item", "itemid", "boughton"]]),
    ("contract", &[&["contract"], &["fee", "corporate"], &["date", "datetime", "category"]]),
    ("message", &[&["sent"], &["campaign", "arm", "way", "sent"], &["date", "datetime", "time"]]),
    ("coupon", &[&["couponid"], &["category", "validuntil", "campaign"], &["date", "datetime"]]),
    ("point", &[&["pointmove"], &["category", "validuntil"], &["date", "datetime"]]),
    ("membership", &[&["rank", "left"], &["category"], &["date", "datetime"]]),
    ("ticket", &[&["ticket"], &["detail", "person"], &["date", "datetime"]]),
    ("engagement", &[&["question", "rating"], &["date", "datetime"]]),
    ("web_visit", &[&["visitor", "member"], &["page"], &["date", "datetime", "time"]]),
];

fn has(columns: &[Column], kind: Kind) -> bool {
    columns.iter().any(|c| c.meaning.kind == kind && c.meaning.party == Party::Person)
}

/// The topic that the names of all columns tell together: of rows that are neither people nor orders.
pub(crate) fn topic(columns: &[Column]) -> Option<&'static str> {
    use Kind::{Address, BirthDate, FamilyName, GivenName, Kana, Name, Sex};
    // 変更種別 has values that look like names, and 配信名 is a name of no person: what names of columns say counts here.
    let said: Vec<Words> = columns.iter().map(|c| fact_words(&c.name)).collect();
    let of_people = |(said, column): (&Words, &Column)| {
        let kinds = [Name, Kana, FamilyName, GivenName, BirthDate, Sex, Address];
        let is_of = said.meaning().is_some_and(|(meaning, _)| kinds.contains(&meaning.kind));
        // path_name has values that are no names.
        is_of && column.meaning.kind != Kind::Unused && !is_of_nobody(said)
    };
    let is_of_people = said.iter().zip(columns).any(of_people);
    let goods = [Kind::Quantity, Kind::UnitPrice, Kind::Amount].iter().any(|kind| has(columns, *kind));
    if has(columns, Kind::TransactionId) && goods {
        return None;
    }
    // A row for each person is the state of a person: the rank of today, the points of today.
    let people: Vec<&Column> = columns.iter().filter(|c| is_id_of_person(c)).collect();
    let is_row = |c: &Column| c.facts.is_unique() && !is_id_of_person(c) && c.meaning.kind != Kind::Email;
    let has_rows = columns.iter().any(is_row);
    if people.iter().any(|c| c.facts.is_unique()) && !has_rows {
        return None;
    }
    let is_by_mail = !has_rows && columns.iter().any(|c| c.meaning.kind == Kind::Email && c.facts.is_unique());
    // Who wrote a ticket is told with it.
    let is_numbered = said.iter().any(|said| said.has("ticket") && said.has("id"));
    let may_be = |topic: &str| match topic {
        "ticket" => !is_of_people || is_numbered,
        "point" | "membership" => !is_of_people && !is_by_mail,
        _ => !is_of_people,
    };
    let tells = |groups: &[&[&str]]| {
        let mut taken = vec![false; said.len()];
        groups.iter().all(|any| {
            let is_time = |i: usize| any.contains(&"datetime") && is_time(&columns[i]);
            let says = |i: usize| any.iter().any(|concept| said[i].has(concept)) || is_time(i);
            let place = (0..said.len()).find(|i| !taken[*i] && says(*i));
            place.map(|i| taken[i] = true).is_some()
        })
    };
    TOPICS.iter().find(|(topic, groups)| may_be(topic) && tells(groups)).map(|(topic, _)| *topic)
}

/// Whether a column has ids of people by its name.
fn is_id_of_person(column: &Column) -> bool {
    let words = words(&column.name);
    matches!(column.meaning.kind, Kind::RecordId | Kind::Identifier) && PEOPLE.iter().any(|concept| words.has(concept))
}

/// Whether words name what is nobody's.
fn is_of_nobody(said: &Words) -> bool {
    OF_NOBODY.iter().any(|concept| said.has(concept))
}

/// Says that names of nobody (配信名) tell no person, and contacts that do not look like one (連絡先のステータス) reach none. Rows are events.
pub(crate) fn no_people(columns: &mut [Column]) {
    use Kind::{Email, FamilyKana, FamilyName, GivenKana, GivenName, Kana, Name, Phone, PostalCode};
    let is_name = |kind: Kind| matches!(kind, Name | Kana | FamilyName | GivenName | FamilyKana | GivenKana);
    let is_contact = |kind: Kind| matches!(kind, Email | Phone | PostalCode);
    for column in columns.iter_mut().filter(|c| c.rank > 0 && c.meaning.part == 0 && !c.mixed) {
        let kind = column.meaning.kind;
        let unlike = agreement(kind, &column.evidence) == Some(false);
        if (is_name(kind) && is_of_nobody(&fact_words(&column.name))) || (is_contact(kind) && unlike) {
            column.meaning = Meaning::new(Kind::Unused);
            column.reason.push_str("; rows are events, and it is of no person");
            column.sure = false;
        }
    }
}

/// The topic of rows that are events by their columns alone.
pub(crate) fn topic_of_events(columns: &[Column]) -> Option<&'static str> {
    match has_events(columns) {
        true if has(columns, Kind::TransactionId) => Some("purchase"),
        true => Some("event"),
        false => None,
    }
}

/// Concepts of names that are nobody's.
const OF_NOBODY: [&str; 9] = ["campaign", "arm", "way", "medium", "coupon", "person", "contract", "rank", "storename"];

/// Concepts of ids of people.
const PEOPLE: [&str; 4] = ["member", "buyer", "card", "external"];

/// Whether the values of a column are times or days.
fn is_time(column: &Column) -> bool {
    column.evidence.share(Sort::Moment) + column.evidence.share(Sort::Day) >= 0.5
}

/// Says, before anything else is settled, what in a topic is none of what its name says elsewhere: times that are none of the event, kinds of
/// events that look like names, visitors beside members.
pub(crate) fn before(columns: &mut [Column], topic: &str) {
    let is_kind = |c: &Column| {
        let words = words(&c.name);
        words.has("category") && !words.has("id") && c.rank > 0
    };
    if !has(columns, Kind::Category)
        && let Some(column) = columns.iter_mut().find(|c| is_kind(c))
    {
        column.meaning = Meaning::new(Kind::Category);
        column.mixed = false;
        column.reason = format!("its name says {}", described(Kind::Category));
    }
    // expired_at is a time, and none of the event.
    let ends = |c: &Column| fact_words(&c.name).has("validuntil");
    let is_of_time = |c: &Column| (Kind::OccurredAt..=Kind::UpdatedAt).contains(&c.meaning.kind);
    if columns.iter().any(|c| is_of_time(c) && !ends(c)) {
        for column in columns.iter_mut().filter(|c| is_of_time(c) && ends(c) && c.rank > 0) {
            column.meaning = Meaning::new(Kind::Unused);
        }
    }
    // Of two kinds that of the person (契約者区分) is not that of the event.
    let of_person = |c: &Column| PEOPLE.iter().any(|concept| words(&c.name).has(concept));
    if columns.iter().any(|c| c.meaning.kind == Kind::Category && !of_person(c)) {
        for column in columns.iter_mut().filter(|c| c.meaning.kind == Kind::Category && of_person(c) && c.rank > 0) {
            column.meaning = Meaning::new(Kind::Unused);
        }
    }
    if topic == "ticket" {
        of_tickets(columns);
    }
    // Where a page lies and what it is called is no store and no article.
    if topic == "web_visit" {
        let is_goods = |c: &Column| matches!(c.meaning.kind, Kind::StoreId | Kind::ItemName | Kind::ItemId);
        for column in columns.iter_mut().filter(|c| is_goods(c) && c.rank > 0 && fact_words(&c.name).has("page")) {
            column.meaning = Meaning::new(Kind::Unused);
        }
    }
    let times = [Kind::OccurredAt, Kind::OccurredDate, Kind::RegisteredAt, Kind::UpdatedAt];
    let timed = times.into_iter().any(|kind| has(columns, kind));
    if !timed && let Some(column) = columns.iter_mut().find(|c| c.meaning.kind == Kind::Unused && is_time(c)) {
        column.meaning = Meaning::new(Kind::OccurredAt);
        column.reason = "its values are times, and no other column says when it happened".to_owned();
    }
    let visitor = |c: &Column| fact_words(&c.name).has("visitor");
    let is_id = |c: &Column| matches!(c.meaning.kind, Kind::RecordId | Kind::Identifier);
    if columns.iter().any(|c| is_id(c) && !visitor(c)) {
        for column in columns.iter_mut().filter(|c| is_id(c) && visitor(c) && c.rank > 0) {
            column.meaning = Meaning::new(Kind::Unused);
        }
    }
    let other_time = |c: &Column| matches!(c.meaning.kind, Kind::RegisteredAt | Kind::UpdatedAt);
    if topic == "registration" && columns.iter().any(other_time) {
        for column in columns.iter_mut().filter(|c| c.rank > 0 && fact_words(&c.name).has("boughton")) {
            column.meaning = Meaning::new(Kind::Unused);
        }
    }
}

/// A ticket happened when it was made: when it was answered, closed and changed are other times.
fn of_tickets(columns: &mut [Column]) {
    if !has(columns, Kind::RegisteredAt) {
        return;
    }
    let is_own = |c: &Column| ["occurred", "ticket", "event"].iter().any(|concept| words(&c.name).has(concept));
    let is_later = |kind: Kind| kind != Kind::RegisteredAt && (Kind::OccurredAt..=Kind::UpdatedAt).contains(&kind);
    for column in columns.iter_mut().filter(|c| is_later(c.meaning.kind) && c.rank > 0) {
        if column.meaning.kind == Kind::UpdatedAt || !is_own(column) {
            column.meaning = Meaning::new(Kind::Unused);
            column.reason.push_str("; another column says when the ticket was made");
        }
    }
}

/// Gives columns the meaning that they have in the topic. `has_category` says that a column may say what happened.
pub(crate) fn settle(table: &Table, columns: &mut [Column], topic: &str, has_category: bool) {
    let mut found: Vec<(usize, Kind, usize)> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        let weak = column.meaning.kind == Kind::RecordId && column.rank == WEAK;
        // Why somebody left looks like a name now and then.
        let by_values = column.rank == usize::MAX && column.meaning.kind.is_person_attribute();
        let free = weak || by_values || matches!(column.meaning.kind, Kind::Unused | Kind::Identifier);
        // A preset says what is used of a first look: it knows no more of the others than their names.
        if (column.rank == 0 && column.meaning.kind != Kind::Unused) || !free || column.moment.is_some() {
            continue;
        }
        if let Some((kind, rank)) = fact_words(&column.name).fact(topic) {
            found.push((i, kind, rank));
        }
    }
    for kind in crate::meaning::KINDS.iter().copied() {
        let mut of_kind: Vec<(usize, usize)> =
            found.iter().filter(|(_, of, _)| *of == kind).map(|(i, _, rank)| (*i, *rank)).collect();
        if of_kind.is_empty() || has(columns, kind) || (kind == Kind::Category && !has_category) {
            continue;
        }
        let filled: Vec<usize> = of_kind.iter().map(|(i, _)| *i).filter(|i| !columns[*i].facts.is_empty()).collect();
        if kind == Kind::Medium && BY_MEDIUM.contains(&topic) && filled.len() > 1 {
            let why = "several columns may have it, and only you know which one spend is told by".to_owned();
            filled.into_iter().for_each(|i| columns[i].maybe = Some((kind, why.clone())));
            continue;
        }
        of_kind.sort_by_key(|(i, rank)| (columns[*i].facts.is_empty(), *rank, *i));
        let best = of_kind[0].0;
        match judged(table, columns, best, kind) {
            Ok(reason) => {
                let sure = words(&columns[best].name).covered > 0.6 && !columns[best].facts.is_empty();
                let column = &mut columns[best];
                column.meaning = Meaning::new(kind);
                column.sure = sure;
                column.reason = reason;
                column.rank = 1;
            }
            Err(why) => columns[best].maybe = Some((kind, why)),
        }
    }
}

/// Why a column means a kind in rows of this table, or why nobody can say.
fn judged(table: &Table, columns: &[Column], place: usize, kind: Kind) -> Result<String, String> {
    let column = &columns[place];
    let says = format!("its name says {}", described(kind));
    // The number of a session is often the second in which it began.
    let is_number = kind == Kind::TransactionId && column.evidence.mostly(&[Sort::Number]);
    if agreement(kind, &column.evidence) == Some(false) && !is_number {
        return Err(format!("{says}, but its values do not look like it"));
    }
    if kind == Kind::Tax {
        contained(columns, place)?;
    }
    if OF_ORDER.contains(&kind) { of_line(table, columns, place).map(|how| says + how) } else { Ok(says) }
}

/// Whether a tax is contained in the money of the row.
fn contained(columns: &[Column], tax: usize) -> Result<(), String> {
    let said = fact_words(&columns[tax].name);
    let money = columns.iter().filter(|c| matches!(c.meaning.kind, Kind::Amount | Kind::UnitPrice));
    let names: Vec<&str> = money.map(|c| c.name.as_str()).collect();
    let told = |what: &str| names.iter().any(|name| name.contains(what));
    if told("税抜") || told("本体") {
        return Err("the money of the row is without tax: map this where the amount contains it".to_owned());
    }
    if said.has("inside") || told("税込") {
        return Ok(());
    }
    Err("nothing says whether the money of the row contains it: map this if it does".to_owned())
}

/// Whether an amount is that of a line, or stands on one line of an order alone; an order's that stands on every line would count
/// several times.
fn of_line(table: &Table, columns: &[Column], place: usize) -> Result<&'static str, String> {
    let lines = [Kind::UnitPrice, Kind::ItemId, Kind::ItemName].iter().any(|kind| has(columns, *kind));
    let orders = columns.iter().position(|c| c.meaning.kind == Kind::TransactionId);
    let Some(orders) = orders.filter(|_| lines) else { return Ok("") };
    let said = fact_words(&columns[place].name);
    if said.has("line") || said.has("item") {
        return Ok("");
    }
    let several = several_lines(table, orders);
    if several.is_empty() {
        return Err("rows are lines of orders, and no order of the sample has two: whether it is the order's or the line's cannot be seen".to_owned());
    }
    let is_zero = |cell: &str| cell.is_empty() || cell.trim_matches(['0', '.', '¥', '￥', '円']).is_empty();
    let cells = |(a, b): &(usize, usize)| (table.cell(*a, place).to_owned(), table.cell(*b, place).to_owned());
    if several.iter().map(cells).all(|(_, later)| later.is_empty()) {
        return Ok(", and it stands on the first row of an order alone");
    }
    if several.iter().map(cells).any(|(a, b)| a != b) {
        // What differs within an order is of the line, also where most lines have nothing of it.
        return Ok("");
    }
    if several.iter().map(cells).all(|(a, _)| is_zero(&a)) {
        return Err("no line of an order with several has any: whether it is the order's or the line's cannot be seen"
            .to_owned());
    }
    Err("it says the same on every row of an order: it is the order's, and has to fall on one of its lines".to_owned())
}

/// The column that numbers the lines of an order from 1.
pub(crate) fn line_number(table: &Table, columns: &[Column]) -> Option<usize> {
    let orders = columns.iter().position(|c| c.meaning.kind == Kind::TransactionId)?;
    let is_number = |place: &usize| {
        let firsts = (0..table.rows.len()).filter(|row| {
            !table.cell(*row, orders).is_empty()
                && (*row == 0 || table.cell(*row, orders) != table.cell(*row - 1, orders))
        });
        let mut later = several_lines(table, orders).into_iter();
        let mut firsts = firsts.peekable();
        firsts.peek().is_some()
            && firsts.all(|row| table.cell(row, *place) == "1")
            && later.all(|(_, row)| table.cell(row, *place) != "1")
    };
    (0..columns.len()).filter(|i| fact_words(&columns[*i].name).has("line")).find(is_number)
}
