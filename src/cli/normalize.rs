//! `nayose normalize KIND`: lines in, JSON lines out, in the same order, one for each.

use std::io::{self, BufRead, Read, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::error::{Error, Result};
use nayose_japanese::{address, date, email, kana, name, organization, phone, romaji, width};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What the lines are
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Names of people; a フリガナ may follow after a tab
    Name,
    /// Names or words in kana
    Kana,
    /// Names in rōmaji
    Romaji,
    /// Addresses; a postal code may follow after a tab
    Address,
    /// Phone numbers
    Phone,
    /// Mail addresses
    Email,
    /// Dates
    Date,
    /// Companies
    Company,
}

/// Lines that are worked on at a time.
const CHUNK: usize = 16 * 1024;

pub(super) fn run(a: Arguments) -> Result<u8> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut input = io::BufReader::with_capacity(1 << 20, io::stdin().lock());
    let mut output = io::stdout().lock();
    let mut lines: Vec<String> = Vec::with_capacity(CHUNK);
    let mut more = read_lines(&mut input, &mut lines)?;
    while !lines.is_empty() {
        let part = lines.len().div_ceil(threads).max(1);
        let mut next: Vec<String> = Vec::with_capacity(CHUNK);
        // The next chunk is read while this one is worked on.
        let (made, read) = std::thread::scope(|scope| {
            let workers: Vec<_> =
                lines.chunks(part).map(|lines| scope.spawn(move || normalize_all(a.kind, lines))).collect();
            let read = if more { read_lines(&mut input, &mut next) } else { Ok(false) };
            let made: Vec<Vec<u8>> = workers.into_iter().map(|w| w.join().unwrap_or_default()).collect();
            (made, read)
        });
        for bytes in made {
            match output.write_all(&bytes) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                Err(e) => return Err(Error::environment(format!("cannot write to stdout: {e}"))),
                Ok(()) => {}
            }
        }
        more = read?;
        lines = next;
    }
    Ok(0)
}

/// Reads up to a chunk of lines; whether there may be more. Bytes that are no UTF-8 are replaced, so that no line is lost.
fn read_lines(input: &mut impl BufRead, lines: &mut Vec<String>) -> Result<bool> {
    let mut bytes = Vec::new();
    while lines.len() < CHUNK {
        bytes.clear();
        // A line without an end is read in pieces, so that memory stays bounded.
        let n = input
            .by_ref()
            .take(1 << 20)
            .read_until(b'\n', &mut bytes)
            .map_err(|e| Error::environment(format!("cannot read stdin: {e}")))?;
        if n == 0 {
            return Ok(false);
        }
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        lines.push(String::from_utf8_lossy(line).into_owned());
    }
    Ok(true)
}

fn normalize_all(kind: Kind, lines: &[String]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() * 256);
    for line in lines {
        let before = out.len();
        if normalize_one(kind, line, &mut out).is_err() {
            out.truncate(before);
            out.extend_from_slice(b"{\"key\":null,\"problem\":\"not_writable\"}");
        }
        out.push(b'\n');
    }
    out
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn normalize_one(kind: Kind, line: &str, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let (text, second) = match line.split_once('\t') {
        Some((text, second)) => (text, non_empty(second)),
        None => (line, None),
    };
    match kind {
        Kind::Name => write_name(&name::normalize(text, second), out),
        Kind::Address => write_address(&address::normalize(text, second), out),
        Kind::Kana => {
            let folded = width::fold_width(line);
            let katakana = kana::to_reading(&folded);
            let is_kana = katakana.chars().any(kana::is_kana);
            let problem = if folded.is_empty() {
                Some("empty")
            } else if is_kana {
                None
            } else {
                Some("no_kana")
            };
            let key = kana::kana_key(&folded);
            to(
                out,
                &Kana {
                    key: non_empty(&key).filter(|_| is_kana),
                    katakana: &katakana,
                    romaji: romaji::from_kana(&katakana),
                    problem,
                },
            )
        }
        Kind::Romaji => {
            let line = &*width::fold_width(line);
            let latin = romaji::is_latin(line);
            let key = romaji::key(line);
            let problem = if line.trim().is_empty() {
                Some("empty")
            } else if latin {
                None
            } else {
                Some("no_romaji")
            };
            let readings = if latin { romaji::to_kana(line) } else { Vec::new() };
            to(out, &Romaji { key: non_empty(&key).filter(|_| latin), kana: readings, problem })
        }
        Kind::Phone => {
            let p = phone::phone(line);
            let kind = p.kind.as_str();
            to(
                out,
                &Phone {
                    key: p.key(),
                    e164: p.e164.as_deref(),
                    national: p.national.as_deref(),
                    kind,
                    extension: p.extension.as_deref(),
                    junk: p.junk,
                    confidence: p.confidence,
                    problem: p.problem.map(|p| p.as_str()),
                },
            )
        }
        Kind::Email => {
            let e = email::email(line);
            to(
                out,
                &Email {
                    key: e.key(),
                    address: e.address.as_deref(),
                    weak_key: e.weak_key.as_deref(),
                    suggestion: e.suggestion.as_deref(),
                    junk: e.junk,
                    confidence: e.confidence,
                    problem: e.problem.map(|p| p.as_str()),
                },
            )
        }
        Kind::Date => {
            let d = date::date(line);
            to(
                out,
                &Date {
                    key: d.key(),
                    iso: d.iso(),
                    precision: d.precision().map(|p| p.as_str()),
                    alternatives: d.alternatives.iter().map(|d| d.iso()).collect(),
                    junk: d.junk,
                    confidence: d.confidence,
                    problem: d.problem.map(|p| p.as_str()),
                },
            )
        }
        Kind::Company => {
            let number = organization::corporate_number(line);
            let rest = number.as_ref().map_or(line, |n| n.rest.as_str());
            let o = organization::organization(rest);
            let valid = number.as_ref().filter(|n| n.valid).map(|n| n.digits.as_str());
            let problem = match (&o, &number) {
                (_, Some(n)) if !n.valid => Some("check_digit"),
                (Some(_), _) => None,
                (None, Some(_)) if rest.trim().is_empty() => None,
                (None, _) if line.trim().is_empty() => Some("empty"),
                _ => Some("no_legal_form"),
            };
            to(
                out,
                &Company {
                    key: o.as_ref().map(|o| o.key.as_str()).or(valid),
                    name: o.as_ref().map(|o| o.name.as_str()),
                    name_key: o.as_ref().map(|o| o.name_key.as_str()),
                    kind: o.as_ref().map(|o| o.kind.name()),
                    number: number.as_ref().map(|n| n.digits.as_str()),
                    problem,
                },
            )
        }
    }
}

fn to(out: &mut Vec<u8>, value: &impl Serialize) -> serde_json::Result<()> {
    serde_json::to_writer(out, value)
}

#[derive(Serialize)]
struct Kana<'a> {
    key: Option<&'a str>,
    katakana: &'a str,
    romaji: String,
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct Romaji<'a> {
    key: Option<&'a str>,
    kana: Vec<String>,
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct Phone<'a> {
    key: Option<&'a str>,
    e164: Option<&'a str>,
    national: Option<&'a str>,
    kind: &'a str,
    extension: Option<&'a str>,
    junk: bool,
    confidence: f32,
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct Email<'a> {
    key: Option<&'a str>,
    address: Option<&'a str>,
    weak_key: Option<&'a str>,
    suggestion: Option<&'a str>,
    junk: bool,
    confidence: f32,
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct Date<'a> {
    key: Option<String>,
    iso: Option<String>,
    precision: Option<&'a str>,
    alternatives: Vec<String>,
    junk: bool,
    confidence: f32,
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct Company<'a> {
    key: Option<&'a str>,
    name: Option<&'a str>,
    name_key: Option<&'a str>,
    kind: Option<&'a str>,
    number: Option<&'a str>,
    problem: Option<&'a str>,
}

/// Something of each reading of the parts, likeliest first.
#[derive(Serialize)]
struct Readings<T> {
    family: Vec<T>,
    given: Vec<T>,
}

#[derive(Serialize)]
struct Name<'a> {
    key: Option<&'a str>,
    family: Option<&'a str>,
    given: Option<&'a str>,
    family_kana: Option<&'a str>,
    given_kana: Option<&'a str>,
    readings: Readings<&'a str>,
    reading_weights: Readings<f32>,
    romaji: Option<&'a str>,
    maiden: Option<&'a str>,
    nickname: Option<&'a str>,
    honorific: Option<&'a str>,
    organization: Option<&'a str>,
    others: Vec<OtherName<'a>>,
    swapped: bool,
    confidence: f32,
    problem: Option<&'a str>,
}

/// Another name or order that the text gives.
#[derive(Serialize)]
struct OtherName<'a> {
    family: &'a str,
    given: &'a str,
    kind: &'a str,
    confidence: f32,
}

fn write_name(n: &name::Name, out: &mut Vec<u8>) -> serde_json::Result<()> {
    fn of<'a, T>(n: &'a name::Name, one: impl Fn(&'a name::Reading) -> T) -> Readings<T> {
        let all = |readings: &'a [name::Reading]| readings.iter().map(&one).collect();
        Readings { family: all(&n.family_readings), given: all(&n.given_readings) }
    }
    to(
        out,
        &Name {
            key: non_empty(&n.key),
            family: non_empty(&n.family),
            given: non_empty(&n.given),
            family_kana: n.family_kana.as_deref(),
            given_kana: n.given_kana.as_deref(),
            readings: of(n, |r| r.kana.as_str()),
            reading_weights: of(n, |r| (r.weight * 1000.0).round() / 1000.0),
            romaji: non_empty(&n.romaji()),
            maiden: n.maiden.as_deref(),
            nickname: n.nickname.as_deref(),
            honorific: n.honorific.as_deref(),
            organization: n.organization.as_ref().map(|o| o.name.as_str()),
            others: n
                .others
                .iter()
                .map(|o| OtherName {
                    family: &o.family,
                    given: &o.given,
                    kind: o.kind.name(),
                    confidence: o.confidence,
                })
                .collect(),
            swapped: n.swapped,
            confidence: n.confidence,
            problem: n.problem.map(name::Problem::name),
        },
    )
}

#[derive(Serialize)]
struct Address<'a> {
    key: Option<&'a str>,
    prefecture: Option<&'a str>,
    city: Option<&'a str>,
    town: Option<&'a str>,
    koaza: Option<&'a str>,
    street: Option<&'a str>,
    chome: Option<u32>,
    block: Option<&'a str>,
    number: Option<&'a str>,
    building: Option<&'a str>,
    room: Option<&'a str>,
    postal_code: Option<&'a str>,
    town_code: Option<&'a str>,
    level: &'a str,
    canonical: &'a str,
    rest: &'a str,
    partial: bool,
    renamed: Option<Renamed<'a>>,
    alternatives: Vec<Alternative<'a>>,
    confidence: f32,
    problem: Option<&'a str>,
}

/// A name of the past.
#[derive(Serialize)]
struct Renamed<'a> {
    from: &'a str,
    since: Option<&'a str>,
    source: &'a str,
}

/// A town that may be meant as well.
#[derive(Serialize)]
struct Alternative<'a> {
    town_code: &'a str,
    town: &'a str,
    confidence: f32,
}

fn write_address(a: &address::Address, out: &mut Vec<u8>) -> serde_json::Result<()> {
    to(
        out,
        &Address {
            key: non_empty(&a.key),
            prefecture: a.prefecture.as_deref(),
            city: a.city.as_deref(),
            town: a.town.as_deref(),
            koaza: a.koaza.as_deref(),
            street: a.street.as_deref(),
            chome: a.chome,
            block: a.block.as_deref(),
            number: a.number.as_deref(),
            building: a.building.as_deref(),
            room: a.room.as_deref(),
            postal_code: a.postal_code.as_deref(),
            town_code: a.town_code.as_deref(),
            level: a.level.as_str(),
            canonical: &a.canonical,
            rest: &a.rest,
            partial: a.is_partial(),
            renamed: a.renamed.as_ref().map(|r| Renamed { from: &r.from, since: r.since, source: r.source }),
            alternatives: a
                .alternatives
                .iter()
                .map(|o| Alternative { town_code: &o.town_code, town: &o.town, confidence: o.confidence })
                .collect(),
            confidence: a.confidence,
            problem: a.problem.map(|p| p.as_str()),
        },
    )
}
