//! The words of column names: a name in, what its words say the column means out.
//!
//! `data/words.tsv` lists words by concept, `data/rules.tsv` the meanings by concepts. A name is cut at spaces, signs
//! and capitals, and each piece is covered by the longest known words.

use std::collections::HashMap;
use std::sync::OnceLock;

use nayose_japanese::width::fold_width;

use crate::meaning::{Kind, Meaning, Party};

/// What the words of a name say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// Concepts in order, without fillers.
    concepts: Vec<&'static str>,
    /// Share of the characters that known words cover, 0 to 1.
    pub(crate) covered: f64,
    /// The last number in the name: 2 of 住所2.
    pub(crate) number: Option<u32>,
}

struct Rule {
    meaning: Kind,
    needs: Vec<Vec<&'static str>>,
    lacks: Vec<&'static str>,
    /// Whether the name may have no other concept and no unknown word: `member` alone is an id, `member rating` is none.
    alone: bool,
}

/// Known words with their concepts.
struct Vocabulary {
    words: HashMap<Vec<char>, Vec<&'static str>>,
    longest: usize,
}

struct Tables {
    /// What columns are called at a first look.
    names: Vocabulary,
    /// What columns of events and of what they name are called.
    facts: Vocabulary,
    rules: Vec<Rule>,
    /// Rules of events, with their topics.
    of_facts: Vec<(Vec<&'static str>, Rule)>,
}

static TABLES: OnceLock<Tables> = OnceLock::new();

fn tables() -> &'static Tables {
    TABLES.get_or_init(|| {
        let rules = data_lines(include_str!("../data/rules.tsv")).filter_map(rule).collect();
        let of_facts = data_lines(include_str!("../data/facts.tsv")).filter_map(|line| {
            let (topics, rest) = line.split_once('\t')?;
            Some((topics.split(' ').collect(), rule(rest)?))
        });
        Tables {
            names: vocabulary(include_str!("../data/words.tsv")),
            facts: vocabulary(include_str!("../data/fact_words.tsv")),
            rules,
            of_facts: of_facts.collect(),
        }
    })
}

fn vocabulary(data: &'static str) -> Vocabulary {
    let mut words: HashMap<Vec<char>, Vec<&'static str>> = HashMap::new();
    for (concept, list) in data_lines(data).filter_map(|line| line.split_once('\t')) {
        for word in list.split_whitespace() {
            let concepts = words.entry(folded(word).chars().collect()).or_default();
            if !concepts.contains(&concept) {
                concepts.push(concept);
            }
        }
    }
    let longest = words.keys().map(Vec::len).max().unwrap_or(0);
    Vocabulary { words, longest }
}

/// Lines that are no comment.
pub(crate) fn data_lines(data: &'static str) -> impl Iterator<Item = &'static str> {
    data.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn rule(line: &'static str) -> Option<Rule> {
    let mut fields = line.split('\t');
    let meaning = Kind::parse(fields.next()?)?;
    let needs = fields.next()?.split_whitespace().map(|any| any.split('|').collect()).collect();
    let lacks: Vec<&str> = fields.next().unwrap_or("").split_whitespace().collect();
    Some(Rule { meaning, needs, alone: lacks == ["*"], lacks })
}

/// A name in one width and lower case.
pub(crate) fn folded(name: &str) -> String {
    fold_width(name.trim()).to_lowercase()
}

/// Pieces of a name: at signs, between a small and a capital letter, between letters and digits, between ASCII and Japanese.
fn pieces(name: &str) -> Vec<String> {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Small,
        Capital,
        Digit,
        Other,
    }
    let folded = fold_width(name.trim());
    let mut out: Vec<String> = Vec::new();
    let mut last: Option<Class> = None;
    let chars: Vec<char> = folded.chars().collect();
    for (i, c) in chars.iter().copied().enumerate() {
        let class = match c {
            'a'..='z' => Class::Small,
            'A'..='Z' => Class::Capital,
            '0'..='9' => Class::Digit,
            c if c.is_alphanumeric() || c == 'ー' || c == '〒' || c == '№' => Class::Other,
            _ => {
                last = None;
                continue;
            }
        };
        let next_is_small = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        let joins = match (last, class) {
            (Some(Class::Capital), Class::Small) => true,
            // IDNumber: the last of several capitals begins a word.
            (Some(Class::Capital), Class::Capital) => !next_is_small,
            (Some(a), b) => a == b,
            (None, _) => false,
        };
        match out.last_mut() {
            Some(piece) if joins => piece.extend(c.to_lowercase()),
            _ => out.push(c.to_lowercase().collect()),
        }
        last = Some(class);
    }
    out
}

/// Words of two letters that stand in names written without separators: ISDELETED, HASOPTEDOUTOFEMAIL, USERID.
const SHORT_PARTS: [&str; 4] = ["is", "of", "id", "do"];

/// The known words that cover most of `piece` with the fewest words: number of covered characters, concepts.
fn cover(piece: &[char], known: &Vocabulary) -> (usize, Vec<&'static str>) {
    // best[i]: (covered, words) of the first i characters, and the word that ends there.
    let mut best: Vec<(usize, usize, usize)> = vec![(0, 0, 0); piece.len() + 1];
    let ascii = piece.iter().all(char::is_ascii);
    for end in 1..=piece.len() {
        let (covered, words, _) = best[end - 1];
        best[end] = (covered, words, 0);
        for length in 1..=known.longest.min(end) {
            let word = &piece[end - length..end];
            // Two letters are a word by themselves (`on`, `at`, `no`), and seldom a part of one.
            let part = !ascii
                || length > 2
                || length == piece.len()
                || SHORT_PARTS.iter().any(|s| s.chars().eq(word.iter().copied()));
            if part && known.words.contains_key(word) {
                let (covered, words, _) = best[end - length];
                let next = (covered + length, words + 1);
                if next.0 > best[end].0 || (next.0 == best[end].0 && (best[end].2 == 0 || next.1 < best[end].1)) {
                    best[end] = (next.0, next.1, length);
                }
            }
        }
    }
    let mut found = Vec::new();
    let mut end = piece.len();
    while end > 0 {
        match best[end].2 {
            0 => end -= 1,
            length => {
                found.push(&known.words[&piece[end - length..end]]);
                end -= length;
            }
        }
    }
    (best[piece.len()].0, found.into_iter().rev().flatten().copied().collect())
}

/// A name without a legend of its values: フラグ (0:拒否, 1:許可), 価格(税込).
fn without_legend(name: &str) -> String {
    let open = name.find(['(', '（']);
    match open.map(|at| name.split_at(at)) {
        Some((head, legend)) if !head.trim().is_empty() && legend.contains([':', '：', '=', '税', '円']) => {
            head.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// The words of a column's name. A part in brackets that says which part of a name it is has the last word: 顧客名（姓） is no
/// 名.
pub(crate) fn words(name: &str) -> Words {
    let known = &tables().names;
    let mut out = all_words(name, known);
    if let Some(at) = name.find(['(', '（']).filter(|at| *at > 0) {
        let inner = all_words(&name[at..], known);
        if PARTS.iter().any(|part| inner.has(part)) {
            let kana = out.has("familykana") || out.has("givenkana");
            out.concepts.retain(|concept| !PARTS.contains(concept) || inner.has(concept));
            // 顧客名カナ（姓）: what is left of 名カナ is that it is kana.
            if kana && !inner.has("familykana") && !inner.has("givenkana") {
                out.concepts.push("kana");
            }
        }
    }
    out
}

/// The words of a column's name at a second look, which knows what events and what they name say: beside those of the first one.
pub(crate) fn fact_words(name: &str) -> Words {
    let mut out = words(name);
    let facts = all_words(name, &tables().facts);
    out.covered = out.covered.max(facts.covered);
    out.concepts.extend(facts.concepts);
    // クーポンID is cut where the letters begin.
    if out.has("coupon") && out.has("id") {
        out.concepts.push("couponid");
    }
    out
}

/// The longest name that is read, in bytes: names with a legend of their values have a hundred. Longer ones are no names.
const LONGEST: usize = 400;

/// Share of a name from which no word of it is unknown: all of it, but for what counting in fractions loses.
const ALL: f64 = 0.99;

/// Concepts of parts of a name.
const PARTS: [&str; 4] = ["family", "given", "familykana", "givenkana"];

fn all_words(name: &str, known: &Vocabulary) -> Words {
    let mut out = Words::default();
    if name.len() > LONGEST {
        return out;
    }
    let (mut covered, mut all) = (0, 0);
    let pieces = pieces(&without_legend(name));
    let mut at = 0;
    while at < pieces.len() {
        let piece = &pieces[at];
        if piece.bytes().all(|b| b.is_ascii_digit()) {
            out.number = piece.parse().ok();
            at += 1;
            continue;
        }
        // Words of two or three pieces come first: `zip code`, `first name`, `line item`.
        let joined = (2..=3).rev().find_map(|n| {
            let text: Vec<char> = pieces.get(at..at + n)?.concat().chars().collect();
            let concepts = known.words.get(&text)?;
            text.iter().all(char::is_ascii).then_some((n, text.len(), concepts))
        });
        if let Some((n, length, concepts)) = joined {
            out.concepts.extend(concepts);
            (covered, all, at) = (covered + length, all + length, at + n);
            continue;
        }
        let chars: Vec<char> = piece.chars().collect();
        let (length, concepts) = cover(&chars, known);
        all += chars.len();
        // Parts of an English word say nothing: `cat` in `location`.
        if length == chars.len() || !chars.iter().all(char::is_ascii) {
            covered += length;
            out.concepts.extend(concepts);
        }
        at += 1;
    }
    out.concepts.retain(|concept| *concept != "filler");
    out.covered = if all == 0 { 0.0 } else { f64::from(covered as u32) / f64::from(all as u32) };
    out
}

/// Whether most of a text is words of column names.
pub(crate) fn is_known(text: &str) -> bool {
    let words = words(text);
    !words.concepts.is_empty() && words.covered > 0.6
}

impl Words {
    /// Whether they say nothing but that it is an id: 番号, 申込番号.
    pub(crate) fn is_only_id(&self) -> bool {
        !self.concepts.is_empty() && self.concepts.iter().all(|concept| *concept == "id")
    }

    /// Whether they say nothing but one of these concepts.
    pub(crate) fn is_only(&self, concepts: &[&str]) -> bool {
        !self.concepts.is_empty() && self.concepts.iter().all(|concept| concepts.contains(concept))
    }

    /// Whether a concept is among the words.
    pub(crate) fn has(&self, concept: &str) -> bool {
        self.concepts.contains(&concept)
    }

    /// What they say, and the place of the rule, which ranks columns that say the same.
    pub(crate) fn meaning(&self) -> Option<(Meaning, usize)> {
        let (rank, rule) = tables().rules.iter().enumerate().find(|(_, rule)| self.holds(rule))?;
        // 発送郵便番号: where something is sent to is the recipient's.
        let ship = self.has("ship") || self.has("delivered");
        let party = if ship && rule.meaning.is_person_attribute() { Party::Recipient } else { Party::Person };
        // 0 is the rank of what a preset says.
        Some((Meaning { party, kind: rule.meaning, part: 0 }, rank + 1))
    }

    fn holds(&self, rule: &Rule) -> bool {
        let is_needed = |concept: &&str| rule.needs.iter().flatten().any(|need| need == concept);
        self.has_all(&rule.needs, &rule.lacks)
            && (!rule.alone || (self.covered >= ALL && self.concepts.iter().all(is_needed)))
    }

    /// Whether of each group a concept is there, and none of the others.
    pub(crate) fn has_all(&self, needs: &[Vec<&str>], lacks: &[&str]) -> bool {
        needs.iter().all(|any| any.iter().any(|concept| self.has(concept)))
            && !lacks.iter().any(|concept| self.has(concept))
    }

    /// What they say in rows of events of a topic, and the place of the rule. The words are those of [`fact_words`].
    pub(crate) fn fact(&self, topic: &str) -> Option<(Kind, usize)> {
        let rules = tables().of_facts.iter().enumerate();
        let mut of_topic = rules.filter(|(_, (topics, _))| topics.contains(&"*") || topics.contains(&topic));
        of_topic.find(|(_, (_, rule))| self.holds(rule)).map(|(rank, (_, rule))| (rule.meaning, rank))
    }

    /// The place of a part of an address: prefecture, municipality, street by number, building.
    pub(crate) fn place_of_address(&self) -> u8 {
        let number = u8::try_from(self.number.unwrap_or(1).min(9)).unwrap_or(9);
        match () {
            () if self.has("pref") => 10,
            () if self.has("city") => 20,
            () if self.has("building") => 50,
            () => 30 + number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word and rule is of a concept that the other file knows, and every meaning exists.
    #[test]
    fn the_data_files_agree() {
        let concepts_of = |data: &'static str| data_lines(data).filter_map(|l| l.split('\t').next());
        let mut concepts: Vec<&str> = concepts_of(include_str!("../data/words.tsv")).collect();
        let names = concepts.len();
        concepts.extend(concepts_of(include_str!("../data/fact_words.tsv")));
        let of_facts = data_lines(include_str!("../data/facts.tsv")).filter_map(|line| Some(line.split_once('\t')?.1));
        let of_moments = data_lines(include_str!("../data/moments.tsv"));
        for fields in of_moments.map(|line| line.split('\t').collect::<Vec<_>>()) {
            let [_, _, needs, lacks, without] = fields[..] else { panic!("{fields:?}") };
            for concept in needs.split([' ', '|']).chain(lacks.split(' ')).filter(|concept| !concept.is_empty()) {
                assert!(concepts.contains(&concept), "{concept} of {fields:?}");
            }
            assert!(without.split_whitespace().all(|name| Kind::parse(name).is_some()), "{fields:?}");
        }
        let of_names = data_lines(include_str!("../data/rules.tsv"));
        let all = of_names.map(|line| (line, names)).chain(of_facts.map(|line| (line, concepts.len())));
        for (line, known) in all {
            let concepts = &concepts[..known];
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 3, "{line}");
            assert!(Kind::parse(fields[0]).is_some(), "{line}");
            assert!(!fields[2].contains('|'), "{line}: none of several is none of each");
            let named = fields[1..].iter().flat_map(|f| f.split(['|', ' ']));
            for concept in named.filter(|c| !c.is_empty() && *c != "*") {
                assert!(concepts.contains(&concept), "{concept} of {line}");
            }
        }
    }
}
