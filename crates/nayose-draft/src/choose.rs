//! What columns mean beside each other: of several columns for one place the best takes it, and what belongs to events
//! means nothing where rows are people.

use crate::columns::{Column, WEAK, described};
use crate::facts::Sort;
use crate::meaning::{Kind, Party};
use crate::rows::Table;
use crate::words::{folded, words};

/// Whether rows are events.
pub(crate) fn has_events(columns: &[Column]) -> bool {
    let has = |kind: Kind| columns.iter().any(|c| c.meaning.kind == kind && c.meaning.party == Party::Person);
    let goods = has(Kind::ItemId) || has(Kind::ItemName) || has(Kind::Quantity) || has(Kind::Amount);
    let time = has(Kind::OccurredAt) || has(Kind::OccurredDate) || has(Kind::RegisteredAt);
    (has(Kind::TransactionId) && (goods || time || has(Kind::EventId)))
        || has(Kind::EventId)
        || (has(Kind::Quantity) && goods && time)
        || (time && has(Kind::Category) && has(Kind::OccurredAt))
        || (has(Kind::OccurredAt) && has(Kind::Amount))
}

/// Settles which column takes which place. `is_topic` says that the names together tell that rows are events.
pub(crate) fn settle(table: &Table, columns: &mut [Column], is_topic: bool) {
    given_alone(columns);
    given_beside_family(table, columns);
    ids(table, columns, is_topic);
    let events = is_topic || has_events(columns);
    if events {
        // What was made when it happened: created_at of a ticket.
        if !columns.iter().any(|c| matches!(c.meaning.kind, Kind::OccurredAt | Kind::OccurredDate)) {
            replace(
                columns,
                Kind::RegisteredAt,
                Kind::OccurredAt,
                "rows are events, and no other column says when they happened",
            );
        }
        // A log of changes says when each was made.
        if is_topic && !columns.iter().any(|c| matches!(c.meaning.kind, Kind::OccurredAt | Kind::OccurredDate)) {
            replace(columns, Kind::UpdatedAt, Kind::OccurredAt, "rows are changes, and no other column says when");
        }
    } else {
        crate::person_id::choose(table, columns);
        answered(columns);
        for column in columns.iter_mut() {
            let kind = column.meaning.kind;
            let of_events = kind.is_event_attribute() || kind == Kind::RowKind || is_time(kind);
            if of_events && column.rank > 0 {
                demote(column, "rows are people, not events");
            }
        }
    }
    if columns.iter().any(|c| c.meaning.kind == Kind::TransactionId) {
        for column in columns.iter_mut().filter(|c| c.meaning.kind == Kind::Detail && c.rank > 0) {
            demote(column, "rows are orders, and the text is about none of what was bought");
        }
    }
    codes(columns);
    times(columns);
    lines(table, columns);
    crate::places::settle(table, columns);
    for kind in SINGLE {
        for party in [Party::Person, Party::Recipient] {
            single(columns, *kind, party);
        }
    }
    whole_or_parts(columns);
}

/// The time stamp of a list of people is that of their record, where no other column is: the answers of a form.
fn answered(columns: &mut [Column]) {
    let plain = |c: &Column| {
        c.meaning.kind == Kind::OccurredAt
            && c.evidence.share(Sort::Moment) >= 0.5
            && words(&c.name).is_only(&["datetime", "date", "time", "answered", "occurred"])
    };
    let one = columns.iter().filter(|c| plain(c)).count() == 1;
    if !one || columns.iter().any(|c| c.meaning.kind == Kind::RegisteredAt) {
        return;
    }
    for column in columns.iter_mut().filter(|c| plain(c) && c.rank > 0) {
        column.meaning.kind = Kind::RegisteredAt;
        column.reason.push_str("; rows are people, and no other column says when their record was made");
    }
}

/// 注文者名 is a given name beside 注文者姓, and a whole name without it.
fn given_alone(columns: &mut [Column]) {
    for party in [Party::Person, Party::Recipient] {
        for (family, given, whole) in
            [(Kind::FamilyName, Kind::GivenName, Kind::Name), (Kind::FamilyKana, Kind::GivenKana, Kind::Kana)]
        {
            let is = |c: &Column, kind: Kind| c.meaning.kind == kind && c.meaning.party == party;
            if columns.iter().any(|c| is(c, family)) {
                continue;
            }
            for column in columns.iter_mut().filter(|c| is(c, given) && c.rank > 0) {
                column.meaning.kind = whole;
                column.reason = format!("its name says {}, and no column has a family name", described(whole));
            }
        }
    }
}

/// 名前 beside 名字 is the given name: its cells do not begin with those of the family name.
fn given_beside_family(table: &Table, columns: &mut [Column]) {
    for party in [Party::Person, Party::Recipient] {
        for (family, given, whole) in
            [(Kind::FamilyName, Kind::GivenName, Kind::Name), (Kind::FamilyKana, Kind::GivenKana, Kind::Kana)]
        {
            let place = |columns: &[Column], kind: Kind| {
                columns.iter().position(|c| c.meaning.kind == kind && c.meaning.party == party && !c.facts.is_empty())
            };
            let (Some(f), None, Some(w)) = (place(columns, family), place(columns, given), place(columns, whole))
            else {
                continue;
            };
            let begins = |row: &usize| table.cell(*row, w).starts_with(table.cell(*row, f));
            let rows = (0..table.rows.len()).filter(|row| !table.cell(*row, f).is_empty());
            if columns[w].rank > 0 && !rows.clone().any(|row| begins(&row)) {
                columns[w].meaning.kind = given;
                columns[w].reason.push_str("; another column has the family name, and no cell begins with it");
            }
        }
    }
}

/// Of a code and its label (性別(ID), 性別(名称)) the label is used, and states that are empty are not.
fn codes(columns: &mut [Column]) {
    for kind in [Kind::Sex, Kind::Status, Kind::RowKind] {
        let of_kind = |c: &&Column| c.meaning.kind == kind;
        let label = columns.iter().filter(of_kind).any(|c| words(&c.name).has("label") && !c.facts.is_empty());
        let filled = columns.iter().filter(of_kind).any(|c| !c.facts.is_empty());
        for column in columns.iter_mut().filter(|c| c.meaning.kind == kind && c.rank > 0) {
            if label && words(&column.name).has("id") {
                demote(column, "another column has the label of this code");
            } else if filled && column.facts.is_empty() {
                demote(column, "it is empty in the sample");
            }
        }
    }
}

fn is_time(kind: Kind) -> bool {
    matches!(kind, Kind::OccurredAt | Kind::OccurredDate | Kind::OccurredTime | Kind::OccurredZone)
}

/// Kinds of which a source has one.
const SINGLE: &[Kind] = &[
    Kind::Name,
    Kind::Kana,
    Kind::FamilyName,
    Kind::GivenName,
    Kind::FamilyKana,
    Kind::GivenKana,
    Kind::BirthDate,
    Kind::Sex,
    Kind::TransactionId,
    Kind::StoreId,
    Kind::ItemId,
    Kind::ItemName,
    Kind::Quantity,
    Kind::UnitPrice,
    Kind::Amount,
    Kind::Category,
    Kind::Detail,
    Kind::RecordId,
    Kind::EventId,
    Kind::OccurredAt,
    Kind::OccurredDate,
    Kind::OccurredTime,
    Kind::OccurredZone,
    Kind::RegisteredAt,
    Kind::UpdatedAt,
    Kind::ConsentEmail,
    Kind::ConsentSms,
    Kind::RowKind,
];

fn demote(column: &mut Column, why: &str) {
    column.reason = format!("{}; {why}", column.reason);
    // A second number of a person may link channels; other seconds are not used.
    column.meaning.kind = if column.meaning.kind == Kind::RecordId { Kind::Identifier } else { Kind::Unused };
    column.meaning.part = 0;
    if column.meaning.kind == Kind::Unused {
        column.meaning.party = Party::Person;
    }
    column.sure = false;
}

fn replace(columns: &mut [Column], from: Kind, to: Kind, why: &str) {
    for column in columns.iter_mut().filter(|c| c.meaning.kind == from && c.rank > 0) {
        column.meaning.kind = to;
        column.reason = format!("{}; {why}", column.reason);
    }
}

/// Settles whose the ids are.
fn ids(table: &Table, columns: &mut [Column], is_topic: bool) {
    use Kind::{EventId, Identifier, RecordId, TransactionId};
    // LINE is an application too: beside no order it is no line of one.
    let orders = columns.iter().any(|c| matches!(c.meaning.kind, TransactionId | Kind::Quantity | Kind::ItemId));
    for column in columns.iter_mut().filter(|c| c.meaning.kind == EventId && c.rank > 0) {
        if !orders && words(&column.name).has("lineapp") {
            column.meaning.kind = Identifier;
        }
    }
    let contact = |c: &Column| matches!(c.meaning.kind, Kind::Email | Kind::Phone | Kind::FamilyName | Kind::Name);
    let about_people = !orders && columns.iter().any(contact);
    let named = columns.iter().any(|c| c.meaning.kind == RecordId && !is_bare(&c.name) && c.rank < WEAK);
    let bare = columns.iter().any(|c| c.meaning.kind == RecordId && is_bare(&c.name) && c.facts.is_unique());
    for column in columns.iter_mut().filter(|c| c.meaning.kind == RecordId && c.rank > 0) {
        match is_bare(&column.name) {
            // Beside the id of a person (requester_id), `id` is that of the event.
            true if ((named || orders) && !about_people) || (is_topic && column.facts.is_unique()) => {
                column.meaning.kind = EventId;
                column.reason.push_str("; rows are no people");
            }
            // In a table of people `id` is theirs, and other numbers are others.
            false if bare && about_people && column.rank < WEAK => {
                demote(column, "another column is the id of the row")
            }
            false if column.rank == WEAK && (named || bare || !about_people || !column.facts.is_unique()) => {
                column.meaning.kind = Kind::Unused;
            }
            _ => {}
        }
    }
    codes_of_orders(table, columns);
    shared_by_lines(columns);
    same_as_order(table, columns);
}

/// Codes under `name` in a table of orders are the orders' (Shopify's Name is #1001).
fn codes_of_orders(table: &Table, columns: &mut [Column]) {
    let goods = columns.iter().any(|c| matches!(c.meaning.kind, Kind::Quantity | Kind::ItemName | Kind::ItemId));
    let known = columns.iter().any(|c| c.meaning.kind == Kind::TransactionId && !c.facts.is_empty());
    if !goods || known {
        return;
    }
    let code = |c: &&mut Column| c.rank == usize::MAX && c.facts.filled == table.rows.len();
    if let Some(column) = columns.iter_mut().filter(|c| c.meaning.kind == Kind::RecordId).find(code) {
        column.meaning.kind = Kind::TransactionId;
        column.reason.push_str("; rows are articles of orders, and every row has one");
    }
}

/// The number of a booking that stands on several rows of goods is what was bought together: 予約番号 of four tickets.
fn shared_by_lines(columns: &mut [Column]) {
    let goods = columns.iter().any(|c| matches!(c.meaning.kind, Kind::Quantity | Kind::ItemName | Kind::ItemId));
    if !goods || columns.iter().any(|c| c.meaning.kind == Kind::TransactionId) {
        return;
    }
    let shared = |c: &&mut Column| {
        c.rank > 0 && c.facts.filled == c.facts.rows && c.facts.distinct < c.facts.rows && !words(&c.name).has("line")
    };
    if let Some(column) = columns.iter_mut().filter(|c| c.meaning.kind == Kind::EventId).find(shared) {
        column.meaning.kind = Kind::TransactionId;
        column.reason.push_str("; several rows of articles have one");
    }
}

/// An id of the event that says what the order's number says, or that not every row has, tells no rows apart.
fn same_as_order(table: &Table, columns: &mut [Column]) {
    let Some(order) = columns.iter().position(|c| c.meaning.kind == Kind::TransactionId) else { return };
    for (i, column) in columns.iter_mut().enumerate() {
        if column.meaning.kind != Kind::EventId || column.rank == 0 || column.facts.is_empty() {
            continue;
        }
        let same = (0..table.rows.len()).all(|row| table.cell(row, i) == table.cell(row, order));
        if same || column.facts.filled < column.facts.rows {
            demote(column, "it tells no rows apart that the order's number does not");
        }
    }
}

fn is_bare(name: &str) -> bool {
    ["id", "no", "no.", "code", "番号", "コード", "key", "uuid"].contains(&folded(name).as_str())
}

/// A day beside a time of day is half of the time; beside a whole time neither is used.
fn times(columns: &mut [Column]) {
    let whole = |c: &Column| {
        c.meaning.kind == Kind::OccurredAt && (c.evidence.share(Sort::Moment) >= 0.5 || c.facts.is_empty())
    };
    let has_time = columns.iter().any(|c| c.meaning.kind == Kind::OccurredTime);
    if columns.iter().any(whole) {
        for column in columns.iter_mut().filter(|c| c.rank > 0) {
            if matches!(column.meaning.kind, Kind::OccurredDate | Kind::OccurredTime) {
                demote(column, "another column has day and time");
            }
        }
        return;
    }
    let to = if has_time { Kind::OccurredDate } else { Kind::OccurredAt };
    let from = if has_time { Kind::OccurredAt } else { Kind::OccurredDate };
    for column in columns.iter_mut().filter(|c| c.meaning.kind == from && c.rank > 0) {
        column.meaning.kind = to;
    }
    if !columns.iter().any(|c| c.meaning.kind == Kind::OccurredDate) {
        for column in columns.iter_mut().filter(|c| c.meaning.kind == Kind::OccurredTime && c.rank > 0) {
            demote(column, "no column has the day");
        }
    }
}

/// Where a row is one article of an order, the order's total is not the row's money.
fn lines(table: &Table, columns: &mut [Column]) {
    let orders = columns.iter().position(|c| c.meaning.kind == Kind::TransactionId);
    let line = columns.iter().any(|c| matches!(c.meaning.kind, Kind::UnitPrice | Kind::ItemId | Kind::ItemName));
    let Some(orders) = orders.filter(|_| line) else { return };
    // A column is a total if it says the same on every row of an order that has several.
    let several = several_lines(table, orders);
    for i in 0..columns.len() {
        if columns[i].meaning.kind != Kind::Amount || columns[i].rank == 0 {
            continue;
        }
        let same = several
            .iter()
            .filter(|(a, b)| table.cell(*a, i) == table.cell(*b, i) || table.cell(*b, i).is_empty())
            .count();
        if !several.is_empty() && same == several.len() {
            demote(&mut columns[i], "it says the same on every row of an order: it is the order's total");
        } else if !columns.iter().any(|c| c.meaning.kind == Kind::Amount && c.rank < columns[i].rank)
            && is_of_order(&columns[i].name)
            && (!several.is_empty() || !is_product(table, columns, i))
        {
            demote(&mut columns[i], "rows are articles of an order, and this is the order's total");
        }
    }
}

/// Whether the cells of a column are price times quantity, or nothing says that they are not.
fn is_product(table: &Table, columns: &[Column], amount: usize) -> bool {
    let place = |kind: Kind| columns.iter().position(|c| c.meaning.kind == kind && !c.facts.is_empty());
    let (Some(price), Some(quantity)) = (place(Kind::UnitPrice), place(Kind::Quantity)) else { return true };
    let number = |row: usize, column: usize| {
        let digits: String =
            table.cell(row, column).chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
        digits.parse::<f64>().ok()
    };
    let equal = |row: &usize| match (number(*row, price), number(*row, quantity), number(*row, amount)) {
        (Some(price), Some(quantity), Some(amount)) => (price * quantity - amount).abs() < 1.0,
        _ => true,
    };
    (0..table.rows.len()).filter(equal).count() * 2 > table.rows.len()
}

/// Whether a name is of the order, not of an article of it: 注文金額, but 購入商品 小計.
fn is_of_order(name: &str) -> bool {
    let words = words(name);
    words.has("order") && !words.has("item") && !words.has("line")
}

/// Pairs of rows that follow each other and are of one order.
pub(crate) fn several_lines(table: &Table, orders: usize) -> Vec<(usize, usize)> {
    (1..table.rows.len())
        .filter(|i| !table.cell(*i, orders).is_empty() && table.cell(*i, orders) == table.cell(*i - 1, orders))
        .map(|i| (i - 1, i))
        .collect()
}

/// Rows from which one value on all of them is no id of a person.
const MANY: usize = 20;

/// Of several columns of a kind the one with most values, then the nearest name, then the first.
fn single(columns: &mut [Column], kind: Kind, party: Party) {
    let of_kind: Vec<usize> = (0..columns.len())
        .filter(|i| {
            columns[*i].meaning.kind == kind && columns[*i].meaning.party == party && columns[*i].meaning.part == 0
        })
        .collect();
    if of_kind.len() < 2 {
        return;
    }
    let preset = of_kind.iter().any(|i| columns[*i].rank == 0);
    let key = |i: usize| {
        let column = &columns[i];
        let code = words(&column.name).has("id") && kind == Kind::Sex;
        let epoch = is_time(kind) && column.evidence.mostly(&[Sort::Code]);
        let timed = is_time(kind) && column.evidence.share(Sort::Moment) >= 0.5;
        let filled = column.facts.filled * 10 / column.facts.rows.max(1);
        // One value on many rows tells no person from another: the account of the tool.
        let constant = kind == Kind::RecordId && column.facts.filled >= MANY && column.facts.distinct == 1;
        (
            constant,
            preset && column.rank != 0,
            column.facts.is_empty(),
            !timed,
            epoch,
            code,
            column.rank,
            10 - filled,
            i,
        )
    };
    let Some(best) = of_kind.iter().copied().min_by_key(|i| key(*i)) else { return };
    for i in of_kind {
        if i != best && columns[i].rank > 0 {
            let why = format!("another column is nearer to {}", described(kind));
            demote(&mut columns[i], &why);
        }
    }
}

/// A whole name beside its parts says nothing more where the parts are as often filled.
fn whole_or_parts(columns: &mut [Column]) {
    for party in [Party::Person, Party::Recipient] {
        for (whole, family, given) in
            [(Kind::Name, Kind::FamilyName, Kind::GivenName), (Kind::Kana, Kind::FamilyKana, Kind::GivenKana)]
        {
            let filled = |columns: &[Column], kind: Kind| {
                columns.iter().find(|c| c.meaning.kind == kind && c.meaning.party == party).map(|c| c.facts.filled)
            };
            let (Some(all), Some(f), Some(g)) =
                (filled(columns, whole), filled(columns, family), filled(columns, given))
            else {
                continue;
            };
            let parts = f >= all && g * 10 >= all * 8;
            for column in columns.iter_mut().filter(|c| c.meaning.party == party && c.rank > 0) {
                let kind = column.meaning.kind;
                if parts && kind == whole {
                    demote(column, "its parts stand in columns of their own");
                } else if !parts && (kind == family || kind == given) {
                    demote(column, "the whole name is filled more often");
                }
            }
        }
    }
}
