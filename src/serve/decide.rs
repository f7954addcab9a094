//! Decisions of stewards on their way into the lake: held against those that are there, and added to the log.
//!
//! In: answers on pairs, how many entries whoever answers has seen. Out: entries of the log, or what somebody else decided meanwhile.
//! Nothing is lost where two answer at once: the second is told, and asked again. No lock of the lake is taken.

use crate::config::Renames;
use crate::config::decisions::{Line, at_odds};
use crate::error::{Error, Result};
use crate::lake::decision_log::{self, Decided, Decisions, Entry, Pair, Standing, Word, name_of};
use crate::lake::desk::{self, Log};
use crate::store::Location;

/// An answer on a pair.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The pair.
    pub(crate) pair: Pair,
    /// What was answered.
    pub(crate) word: Word,
    /// Why.
    pub(crate) why: String,
    /// Digest of the values that were shown.
    pub(crate) values: Option<String>,
    /// The decision of the file that was shown, and that this one replaces.
    pub(crate) replaces: Option<String>,
}

/// Who answers, and by which rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// Who.
    pub(crate) by: &'a str,
    /// When, as a time with its offset.
    pub(crate) at: &'a str,
    /// Former names of channels.
    pub(crate) renames: &'a Renames,
    /// The decisions of the file that hold.
    pub(crate) file: &'a [Line],
    /// Whether a second person has to confirm.
    pub(crate) four_eyes: bool,
}

/// What became of answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Added {
    /// They are in the log, by these names.
    Written(Vec<String>),
    /// Somebody else decided on a pair since: nothing was written.
    Meanwhile(Vec<Standing>),
    /// They contradict these decisions, which hold: nothing was written.
    Contradicts(Vec<Line>),
}

/// How often somebody else may be first. Each of them wrote something, so that the log goes on; a thousand people do not answer within
/// one second.
const ATTEMPTS: u32 = 100;

/// Adds entries that `make` gives for what the log holds, until nobody else is first. What `make` refuses to add is answered as it is.
async fn add<T>(
    lake: &Location,
    renames: &Renames,
    mut make: impl FnMut(&Decisions) -> Result<(Vec<Entry>, T)>,
) -> Result<T> {
    for _ in 0..ATTEMPTS {
        let (decisions, end) = decision_log::read(lake, renames).await?;
        let (entries, found) = make(&decisions)?;
        if entries.is_empty() || desk::append_at(lake, Log::Decision, &entries, &end).await?.is_some() {
            return Ok(found);
        }
    }
    Err(Error::environment("others wrote to the log of decisions each time")
        .hint("answer again")
        .ja("ほかの人の書き込みと重なり続けました。", "もう一度回答してください。"))
}

/// Adds answers; `seen` is the number of the log's last entry when the pairs were shown.
///
/// # Errors
/// Environment, if the log cannot be read or written.
pub(crate) async fn answer(lake: &Location, rules: Rules<'_>, answers: &[Answer], seen: u64) -> Result<Added> {
    add(lake, rules.renames, |decisions| {
        let since = |answer: &Answer| decisions.on(&answer.pair).filter(|standing| standing.place > seen);
        let meanwhile: Vec<Standing> = answers.iter().filter_map(since).cloned().collect();
        if !meanwhile.is_empty() {
            return Ok((Vec::new(), Added::Meanwhile(meanwhile)));
        }
        let entry = |(place, answer): (u64, &Answer)| {
            let Answer { pair, word, why, values, replaces } = answer.clone();
            let id = name_of(&pair, rules.by, rules.at, word, place);
            let before = decisions.on(&pair).map(|standing| standing.decided.id.clone());
            let (by, at) = (rules.by.to_string(), rules.at.to_string());
            Decided { id, pair, word, by, at, why, values, replaces: before.or(replaces), second: rules.four_eyes }
        };
        let made: Vec<Decided> = (decisions.end + 1..).zip(answers).map(entry).collect();
        let contradicted = contradicted(decisions, &made, rules);
        if !contradicted.is_empty() {
            return Ok((Vec::new(), Added::Contradicts(contradicted)));
        }
        let names = made.iter().map(|decided| decided.id.clone()).collect();
        Ok((made.into_iter().map(Entry::Decided).collect(), Added::Written(names)))
    })
    .await
}

/// What new decisions contradict. One that waits for a second person is held against the others as if it were confirmed: nobody should be
/// asked to confirm what no run would take.
fn contradicted(decisions: &Decisions, made: &[Decided], rules: Rules) -> Vec<Line> {
    if !at_odds(rules.file, decisions.lines_with(&[])).is_empty() {
        // The file changed since. What is wrong already is no fault of this answer, and may be mended by it.
        return Vec::new();
    }
    let mut others = at_odds(rules.file, decisions.lines_with(made));
    others.retain(|line| made.iter().all(|own| own.id != line.id));
    others
}

/// Confirms a decision as its second person.
///
/// # Errors
/// Usage, where there is no such decision, another one stands on its pair now, or whoever confirms made it; environment, if the log cannot
/// be written.
pub(crate) async fn confirm(lake: &Location, rules: Rules<'_>, id: &str) -> Result<()> {
    add(lake, rules.renames, |decisions| {
        let standing = decisions.named(id).ok_or_else(|| gone(id))?;
        if standing.decided.by == rules.by {
            return Err(Error::usage(format!("{id} is your own decision: a second person confirms it"))
                .hint("ask somebody else, or take it back")
                .ja(
                    format!("{id} はあなた自身の判断です。別の人の確認が必要です。"),
                    "別の人に確認を頼むか、取り消してください。",
                ));
        }
        if decisions.on(&standing.decided.pair).is_none_or(|now| now.decided.id != id) {
            return Err(Error::usage(format!("{id} was replaced by another decision on its pair"))
                .hint("look at the pair again, and confirm what stands there now")
                .ja(
                    format!("{id} は、同じペアの別の判断に置き換えられました。"),
                    "ペアをもう一度見て、いまの判断を確認してください。",
                ));
        }
        if standing.confirmed_by.is_some() {
            return Ok((Vec::new(), ()));
        }
        let (by, at) = (rules.by.to_string(), rules.at.to_string());
        Ok((vec![Entry::Confirmed { id: id.to_string(), by, at }], ()))
    })
    .await
}

/// Takes a decision back; the last answer of whoever asks where none is named. Answers its pair; `None` where whoever asks has no answer
/// that could be taken back.
///
/// # Errors
/// Usage, where there is no decision of that name; environment, if the log cannot be written.
pub(crate) async fn take_back(lake: &Location, rules: Rules<'_>, id: Option<&str>) -> Result<Option<Pair>> {
    add(lake, rules.renames, |decisions| {
        let found = match id {
            Some(id) => {
                let standing = decisions.named(id).ok_or_else(|| gone(id))?;
                Some((standing.decided.id.clone(), standing.decided.pair.clone()))
            }
            None => decisions.last_by(rules.by).cloned(),
        };
        let Some((id, pair)) = found else { return Ok((Vec::new(), None)) };
        let (by, at) = (rules.by.to_string(), rules.at.to_string());
        Ok((vec![Entry::TakenBack { id, by, at }], Some(pair)))
    })
    .await
}

/// Asks somebody to decide on pairs; nobody in particular where `to` is empty.
///
/// # Errors
/// Environment, if the log cannot be written.
pub(crate) async fn assign(lake: &Location, rules: Rules<'_>, pairs: &[Pair], to: &str) -> Result<()> {
    add(lake, rules.renames, |_| {
        let (by, at) = (rules.by.to_string(), rules.at.to_string());
        Ok((vec![Entry::Assigned { pairs: pairs.to_vec(), to: to.to_string(), by, at }], ()))
    })
    .await
}

fn gone(id: &str) -> Error {
    Error::absent(format!("there is no decision {id} any more"))
        .hint("somebody took it back; look at the pair again")
        .ja("その判断はもうありません。", "ほかの人が取り消しました。ペアをもう一度見てください。")
}

#[cfg(test)]
#[path = "decide_test.rs"]
mod tests;
