//! The canonical text of an address.
//!
//! In: an address in parts. Out: its one spelling: 東京都千代田区丸の内1丁目2-3 ABCビル 101号室. Normalizing it gives it again, so
//! what would be parsed to other parts is written differently: 1番2 in a town that has 丁目, the rest in brackets.

use super::dictionary::Town;
use super::lot::Lot;
use super::part::push_number;
use super::{Address, building};
use std::fmt::Write;

/// The canonical text.
pub(super) fn canonical(made: &Address, lot: &Lot, town: Option<&Town>) -> String {
    let mut text = String::with_capacity(160);
    for part in [&made.prefecture, &made.city, &made.street].into_iter().flatten() {
        text.push_str(part);
    }
    text.push_str(town.map(Town::canonical).or(made.town.as_deref()).unwrap_or_default());
    if !lot.koaza_last {
        // Without a number after it, a koaza without 字 would be parsed as a building.
        // So would a koaza be after a name of one character, which is no town without a word boundary.
        let short = town.is_some_and(|t| t.canonical().chars().nth(1).is_none());
        if !lot.koaza.is_empty() && !lot.koaza_known && lot.chome.is_none() && (lot.block.is_none() || short) {
            text.push('字');
        }
        text.push_str(&lot.koaza);
    }
    if let Some(n) = lot.chome {
        push_number(&mut text, n);
        text.push_str("丁目");
    }
    if lot.koaza_last {
        text.push_str(&lot.koaza);
    }
    if let Some(block) = &lot.block {
        text.push_str(block);
        if let Some(number) = &lot.number {
            // 1番2 in a town that has 丁目: 1-2 would be parsed as 1丁目2.
            let ambiguous = lot.chome.is_none() && town.is_none_or(Town::has_any_chome);
            text.push(if ambiguous { '番' } else { '-' });
            text.push_str(number);
        } else if lot.chome.is_none()
            && town.is_some_and(Town::has_any_chome)
            && block.bytes().all(|b| b.is_ascii_digit())
        {
            text.push('番');
        }
    }
    if let Some(building) = &made.building {
        text.push(' ');
        text.push_str(building);
    }
    if let Some(room) = &made.room {
        text.push(' ');
        text.push_str(&building::written(room));
    }
    add_rest(&mut text, &made.rest);
    text
}

/// The canonical text with everything after the town as its rest, for an address whose parts would be parsed to other
/// parts.
pub(super) fn in_rest(made: &Address) -> String {
    let mut rest = String::new();
    let chome = made.chome.map(|n| format!("{n}丁目"));
    let parts = [&made.koaza, &chome, &made.block, &made.number, &made.building, &made.room];
    for part in parts.into_iter().flatten().chain(Some(&made.rest).filter(|r| !r.is_empty())) {
        if !rest.is_empty() {
            rest.push(' ');
        }
        rest.push_str(part);
    }
    let mut canonical = String::new();
    for part in [&made.prefecture, &made.city, &made.town].into_iter().flatten() {
        canonical.push_str(part);
    }
    add_rest(&mut canonical, &rest);
    canonical
}

/// Appends the rest in brackets.
pub(super) fn add_rest(text: &mut String, rest: &str) {
    if rest.is_empty() {
        return;
    }
    if text.is_empty() {
        text.push_str(rest);
    } else {
        let _ = write!(text, " ({rest})");
    }
}

/// Text without brackets, in single spaces.
pub(super) fn unbracketed(text: &[char]) -> String {
    let all: String = text.iter().map(|&c| if matches!(c, '(' | ')') { ' ' } else { c }).collect();
    all.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}
