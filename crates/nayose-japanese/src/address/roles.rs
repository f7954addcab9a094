//! The roles of the numbers of a lot.
//!
//! In: the numbers with their letters and units, and the town. Out: which is the 丁目, the 番地, the 号 and the room. Why apart
//! from `lot`: reading a number needs the text, its role all other numbers.

use super::dictionary::Town;
use super::lot::Lot;
use super::part::{Part, Unit};

/// 丁目 are below this: the dictionary has 127 bits for them.
const MAX_CHOME: u32 = 128;
/// A number without unit may be a 丁目 below the first of these if the town has it, below the second if that is
/// unknown. Judgements.
const MAX_LISTED_CHOME: u32 = 100;
const MAX_GUESSED_CHOME: u32 = 20;
/// A last number above this is a room (1-2-3-401). A judgement: rooms have a floor and two digits.
const MAX_BRANCH: u32 = 99;
/// A larger number is implausible in a lot. A judgement.
const MAX_NUMBER: u32 = 99_999;

/// Gives every number its role.
pub(super) fn assign(mut lot: Lot, mut parts: &[Part], town: Option<&Town>) -> Lot {
    if let Some((first, others)) = parts.split_first().filter(|(first, _)| first.is_plain()) {
        let n = first.value;
        let count = parts.len();
        let chome = match (first.unit, town) {
            (Unit::Chome, _) => n < MAX_CHOME,
            (Unit::None, Some(town)) if town.has_chome(n) && n < MAX_LISTED_CHOME => {
                count > 1 || !town.has_lots_without_chome()
            }
            (Unit::None, Some(town)) if town.has_any_chome() && !town.has_lots_without_chome() => {
                count > 2 && n < MAX_GUESSED_CHOME
            }
            (Unit::None, None) => count > 2 && n < MAX_GUESSED_CHOME,
            _ => false,
        };
        if chome {
            lot.chome = Some(n);
            parts = others;
        }
    }
    lot.implausible = parts.iter().any(|p| p.unit == Unit::Chome || p.value > MAX_NUMBER);
    if lot.block.is_none()
        && let Some((first, others)) = parts.split_first()
    {
        lot.block = Some(first.text());
        parts = others;
    }
    if let [.., before, last] = parts {
        // 1-2-3-401, 2番3号-4: the last is a room.
        let after_go = before.unit == Unit::Go && last.unit == Unit::None;
        if last.is_plain() && (after_go || last.value > MAX_BRANCH) {
            lot.room = Some(last.text());
            parts = &parts[..parts.len() - 1];
        }
    }
    if let Some((first, others)) = parts.split_first() {
        let mut number = first.text();
        for part in others {
            number.push('-');
            number.push_str(&part.text());
        }
        lot.number = Some(number);
    }
    lot
}
