//! Problems of a configuration file, collected so that a person sees all of them at once.

use std::fmt::Write;

use crate::error::{Error, Result};

/// One problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The file as the user knows it.
    pub file: String,
    /// 1-based line; 0 where the problem has no place.
    pub line: u64,
    /// One sentence.
    pub message: String,
    /// The remedy.
    pub hint: String,
}

/// All problems found so far.
#[derive(Debug, Default)]
pub struct Problems {
    file: String,
    all: Vec<Problem>,
}

impl Problems {
    /// Problems of `file` from now on.
    pub fn in_file(&mut self, file: impl Into<String>) {
        self.file = file.into();
    }

    /// Adds one; the same of one line is a problem once.
    pub fn add(&mut self, line: u64, message: impl Into<String>, hint: impl Into<String>) {
        let hint = hint.into();
        debug_assert!(!hint.is_empty(), "a problem without a remedy");
        let found = Problem { file: self.file.clone(), line, message: message.into(), hint };
        let is_same = |p: &Problem| (&p.file, p.line, &p.message) == (&found.file, line, &found.message);
        // What is found twice is found soon again: a long list is not gone through for each.
        if !self.all.iter().rev().take(100).any(is_same) {
            self.all.push(found);
        }
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them, in the order of the files.
    pub fn all(&self) -> &[Problem] {
        &self.all
    }

    /// Nothing, or one configuration error that lists all problems.
    ///
    /// # Errors
    /// If there is a problem.
    pub fn into_result(self) -> Result<()> {
        match self.all.len() {
            0 => Ok(()),
            1 => {
                let only = &self.all[0];
                Err(Error::config(place(only)).hint(&only.hint))
            }
            n => {
                let mut text = format!("{n} problems in the configuration:");
                for problem in &self.all {
                    let _ = write!(text, "\n  {} ({})", place(problem), problem.hint);
                }
                Err(Error::config(text).hint("mend them and try again"))
            }
        }
    }
}

fn place(problem: &Problem) -> String {
    match problem.line {
        0 => format!("{}: {}", problem.file, problem.message),
        line => format!("{}:{line}: {}", problem.file, problem.message),
    }
}

/// `did you mean "x"?` for the nearest known name, if one is near enough to be a slip.
pub fn did_you_mean<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(typed, known).map(|near| format!("did you mean {near:?}?"))
}

/// The nearest known name, if one is near enough to be a slip.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|k| (strsim::damerau_levenshtein(typed, k), k))
        .filter(|(distance, k)| *distance <= 1 + typed.chars().count().max(k.chars().count()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_a_line_is_told_once() {
        let mut problems = Problems::default();
        problems.in_file("model.yaml");
        for line in [3, 3, 4] {
            problems.add(line, "unknown feature \"card\"", "mend it");
        }
        problems.in_file("pipeline.yaml");
        problems.add(3, "unknown feature \"card\"", "mend it");
        let places: Vec<_> = problems.all().iter().map(|p| (p.file.as_str(), p.line)).collect();
        assert_eq!(places, [("model.yaml", 3), ("model.yaml", 4), ("pipeline.yaml", 3)]);
    }
}
