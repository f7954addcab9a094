//! What values mean, as lines of a source: answers about codes, states and consents in, `values`, `skip_where` and `consent`
//! out; a marked place where there is no answer.

use crate::answers::Answer;
use crate::pipeline_yaml::{Lines, Why};
use crate::question::{Question, QuestionKind};
use crate::scalar::{list, scalar};
use crate::source_yaml::{View, equals};
use crate::sources::ConsentDraft;

/// A list or map whose entries stand there or are commented out. Its key stands there if one of its entries does.
struct Block {
    indent: usize,
    key: &'static str,
    lines: Lines,
    is_read: bool,
}

impl Block {
    fn new(indent: usize, key: &'static str) -> Block {
        Block { indent, key, lines: Lines::default(), is_read: false }
    }

    fn write(self, out: &mut Lines) {
        if self.lines.all.is_empty() {
            return;
        }
        let key = format!("{}:", self.key);
        if self.is_read {
            out.line(self.indent, &key);
        } else {
            out.line(self.indent, &format!("# {key}"));
        }
        let mut lines = self.lines;
        out.all.append(&mut lines.all);
    }
}

/// The values of an answer with one meaning.
fn with<'a>(values: &'a [(String, String)], meaning: &str) -> Vec<&'a str> {
    values.iter().filter(|(_, m)| m == meaning).map(|(value, _)| value.as_str()).collect()
}

/// The values that the documentation gives a meaning, also those that the sample does not have: a later delivery has them.
fn documented<'a>(question: &'a Question, meaning: &str) -> Vec<&'a str> {
    with(&question.documented, meaning)
}

/// Codes of sexes.
pub(crate) fn values(view: &View<'_>, out: &mut Lines) {
    let mut block = Block::new(4, "values");
    let mapped = |q: &&Question| {
        view.source.columns.iter().any(|m| m.attribute == "sex" && m.columns.iter().any(|c| q.columns.contains(c)))
    };
    for question in view.questions(QuestionKind::SexCodes).filter(mapped) {
        let column = question.columns.first().map(|c| view.column(c)).unwrap_or_default();
        let entry = |male: &[&str], female: &[&str]| {
            let of = |values: &[&str], sex: &str| -> Vec<String> {
                values.iter().map(|value| format!("{}: {sex}", scalar(value))).collect()
            };
            let all = [of(male, "male"), of(female, "female")].concat();
            format!("{}: {{ {} }}", scalar(&column), all.join(", "))
        };
        if let Some(Answer::Values(values)) = view.answers.get(question) {
            block.is_read = true;
            block.lines.line(6, &entry(&with(values, "male"), &with(values, "female")));
        } else {
            block.lines.mark(6, question);
            block
                .lines
                .line(6, &format!("# {}", entry(&documented(question, "male"), &documented(question, "female"))));
        }
    }
    for words in &view.source.words {
        let column = scalar(&view.column(&words.column));
        let entries: Vec<String> =
            words.known.iter().map(|(word, meaning)| format!("{}: {meaning}", scalar(word))).collect();
        let why = Why::new(false, "these words are usual ones");
        block.lines.because(6, &format!("{column}: {{ {} }}", entries.join(", ")), &why);
        block.is_read = true;
        if !words.unknown.is_empty() {
            let unknown: Vec<String> = words.unknown.iter().map(|word| scalar(word)).collect();
            block.lines.note(6, &format!("of {column} nobody said what these mean: {}", unknown.join(", ")));
        }
    }
    block.write(out);
}

/// Rows that are left out.
pub(crate) fn skipped(view: &View<'_>, out: &mut Lines) {
    let mut block = Block::new(4, "skip_where");
    let own =
        view.questions(QuestionKind::StatusRows).filter(|q| q.columns.iter().any(|c| view.source.status.contains(c)));
    for question in own.chain(view.joined_questions(QuestionKind::StatusRows)) {
        let column = question.columns.first().map(|c| view.column(c)).unwrap_or_default();
        let entry = |value: &str| format!("- {}", equals(&column, value));
        match view.answers.get(question) {
            Some(Answer::Values(values)) if values.is_empty() => {}
            Some(Answer::Values(values)) => {
                block.is_read = true;
                values.iter().for_each(|(value, _)| block.lines.line(6, &entry(value)));
            }
            _ => {
                block.lines.mark(6, question);
                let mut known = documented(question, "skip");
                if question.documented.is_empty() {
                    known =
                        question.values.iter().map(|v| v.value.as_str()).filter(|value| !value.is_empty()).collect();
                }
                if known.is_empty() && question.documented.is_empty() {
                    known.push("…");
                }
                known.iter().for_each(|value| block.lines.line(6, &format!("# {}", entry(value))));
            }
        }
    }
    block.write(out);
}

/// Consents. A column that is not answered is not mapped: no statement is no consent.
pub(crate) fn consent(view: &View<'_>, out: &mut Lines) {
    // Two columns of one way of contact are two purposes.
    let mut purposes: Vec<Vec<&ConsentDraft>> = Vec::new();
    for consent in &view.source.consent {
        match purposes.iter_mut().find(|purpose| purpose.iter().all(|other| other.contact != consent.contact)) {
            Some(purpose) => purpose.push(consent),
            None => purposes.push(vec![consent]),
        }
    }
    let mut block = Block::new(4, "consent");
    for (i, purpose) in purposes.iter().enumerate() {
        let mut lines = Lines::default();
        let mut is_read = false;
        purpose.iter().for_each(|consent| is_read |= one_consent(view, consent, &mut lines));
        let key = if i == 0 { "marketing:".to_owned() } else { format!("marketing_{}:", i + 1) };
        block.lines.line(6, &if is_read { key } else { format!("# {key}") });
        block.lines.all.append(&mut lines.all);
        block.is_read |= is_read;
    }
    block.write(out);
}

/// Writes one consent; whether it is read.
fn one_consent(view: &View<'_>, consent: &ConsentDraft, out: &mut Lines) -> bool {
    let question = view.questions(QuestionKind::Consent).find(|q| q.columns.contains(&consent.column));
    let answer = question.and_then(|question| view.answers.get(question));
    let entry = |granted: &[&str], denied: &[&str]| {
        let at = consent.at.as_ref().map(|at| format!(", at: {}", scalar(&view.column(at)))).unwrap_or_default();
        format!(
            "{}: {{ column: {}, granted: {}, denied: {}{at} }}",
            consent.contact,
            scalar(&view.column(&consent.column)),
            list(granted),
            list(denied)
        )
    };
    if let Some(Answer::Values(values)) = answer {
        let why = Why::new(true, "you said so");
        out.because(8, &entry(&with(values, "granted"), &with(values, "denied")), &why);
        return true;
    }
    if let Some(question) = question {
        out.mark(8, question);
        if consent.refuses {
            out.note(8, "  the name of the column says that its yes is a no");
        }
        out.line(8, &format!("# {}", entry(&documented(question, "granted"), &documented(question, "denied"))));
    }
    false
}
