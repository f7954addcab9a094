//! The meaning of a model file: features that exist, levels in order, probabilities that sum to one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::check::{Document, document, document_of};
use super::model_file::{
    ClassPriors, ComparisonFile, ConditionFile, JointFile, KeyFile, LevelProbabilities, ModelFile, SimilarFile,
    Similarity, TrainedFile, UnlessFile,
};
use super::problem::{Problems, did_you_mean};
use super::tree::{Step, line_of};
use crate::error::Result;
use nayose_matching::model::joint::Correction;
use nayose_matching::model::packed::MOST_FEATURES;
use nayose_matching::model::{
    BlockingRule, Comparison, Condition, Key, Level, Measure, Model, Near, Needs, Only, Parameters, Training,
    UNREACHED, comparable_by, feature,
};
use nayose_matching::record::attribute::Attribute;

/// Checks the model file. `None` where a problem was added.
pub(super) fn model(
    path: &Path,
    attributes: Option<&[Attribute]>,
    problems: &mut Problems,
) -> Result<Option<(Model, ModelFile)>> {
    problems.in_file(path.display().to_string());
    let schema = schemars::schema_for!(ModelFile).to_value();
    let Some(document) = document::<ModelFile>(path, &schema, problems)? else { return Ok(None) };
    Ok(attributes.and_then(|attributes| meaning(document, attributes, problems)))
}

/// Checks the text of a model file.
pub(super) fn model_of(
    name: &str,
    text: &str,
    attributes: &[Attribute],
    problems: &mut Problems,
) -> Option<(Model, ModelFile)> {
    problems.in_file(name);
    let schema = schemars::schema_for!(ModelFile).to_value();
    meaning(document_of(text, &schema, problems)?, attributes, problems)
}

fn meaning(
    document: Document<ModelFile>,
    attributes: &[Attribute],
    problems: &mut Problems,
) -> Option<(Model, ModelFile)> {
    let before = problems.all().len();
    let mut check = Check {
        known: feature::names(attributes),
        dates: feature::dates(attributes),
        used: used(&document.file),
        document: &document,
        problems,
    };
    let rules = check.rules();
    let comparisons: Vec<Comparison> =
        document.file.comparisons.iter().enumerate().map(|(i, c)| check.comparison(i, c)).collect();
    let contradictions = check.contradictions();
    let features: Vec<String> = check.used.iter().cloned().collect();
    let trained = document.file.trained.as_ref().and_then(|t| check.trained(t, &comparisons, &features));
    let junk: Vec<String> = document.file.junk.keys().cloned().collect();
    for name in &junk {
        check.feature(name, &[Step::Key("junk".into()), Step::Key(name.clone())]);
    }
    if features.len() > MOST_FEATURES {
        let message = format!("the model looks at {} features, more than {MOST_FEATURES}", features.len());
        problems.add(1, message, "leave out comparisons or blocking keys");
    }
    if problems.all().len() > before {
        return None;
    }
    let file = document.file;
    let mut untrained = file.clone();
    untrained.trained = None;
    let digest =
        blake3::hash(serde_json::to_string(&untrained).unwrap_or_default().as_bytes()).to_hex()[..32].to_string();
    let t = file.training.clone();
    let of_one = feature::identifying(attributes);
    let model = Model {
        identifying: features.iter().map(|f| of_one.contains(f)).collect(),
        features,
        rules,
        comparisons,
        junk: file.junk.clone(),
        contradictions,
        training: Training {
            candidate_pairs: t.candidate_pairs,
            random_pairs: t.random_pairs,
            seed: t.seed,
            steps: t.steps,
            tolerance: t.tolerance,
        },
        trained,
        digest,
    };
    Some((model, file))
}

/// The model file with what was learned for its model.
pub fn with_parameters(file: &ModelFile, model: &Model, parameters: &Parameters) -> ModelFile {
    let probabilities = model
        .comparisons
        .iter()
        .zip(&parameters.levels)
        .map(|(c, states)| {
            let reached = states.iter().enumerate().filter(|(state, _)| c.reaches(*state));
            let of: BTreeMap<String, LevelProbabilities> = reached
                .map(|(state, [m, household, u])| {
                    (c.state_name(state, &model.features), LevelProbabilities { m: *m, household: *household, u: *u })
                })
                .collect();
            (c.name.clone(), of)
        })
        .collect();
    let priors = |[person, household]: [f64; 2]| ClassPriors { person, household };
    let trained = TrainedFile {
        learned_from: parameters.learned_from.clone(),
        prior: priors(parameters.prior),
        priors: parameters.priors.iter().map(|(pair, p)| (pair.clone(), priors(*p))).collect(),
        probabilities,
        household_joint: parameters.joint.iter().filter_map(|c| joint_file(model, c)).collect(),
    };
    ModelFile { trained: Some(trained), ..file.clone() }
}

fn joint_file(model: &Model, correction: &Correction) -> Option<JointFile> {
    let [a, b] = correction.comparisons.map(|c| model.comparisons.get(c));
    let (comparison, given) = (a?, b?);
    Some(JointFile {
        comparison: comparison.name.clone(),
        level: comparison.state_name(correction.state as usize, &model.features),
        given: given.name.clone(),
        at: given.levels.get(correction.level as usize)?.name.clone(),
        log: correction.log,
    })
}

/// The correction that a line of the file names.
fn correction(file: &JointFile, comparisons: &[Comparison], features: &[String]) -> Option<Correction> {
    let [a, b] = [&file.comparison, &file.given].map(|name| comparisons.iter().position(|c| c.name == *name));
    let (a, b) = (a?, b?);
    let state = (0..comparisons[a].states()).find(|s| comparisons[a].state_name(*s, features) == file.level)?;
    let level = comparisons[b].levels.iter().position(|level| level.name == file.at)?;
    file.log.is_finite().then_some(Correction {
        comparisons: [a, b],
        state: state as u8,
        level: level as u8,
        log: file.log,
    })
}

/// Every feature that the file names, right or wrong, in order of name.
fn used(file: &ModelFile) -> BTreeSet<String> {
    fn of_key(key: &KeyFile) -> String {
        match key {
            KeyFile::Whole(name) => name.clone(),
            KeyFile::Part(p) => p.feature.clone(),
        }
    }
    fn of_condition(c: &ConditionFile, into: &mut BTreeSet<String>) {
        // By every key: a new one that is left out here does not compile.
        let ConditionFile { same, swapped, absent, similar, date, any } = c;
        into.extend(same.iter().cloned());
        into.extend(swapped.iter().flat_map(|(a, b)| [a.clone(), b.clone()]));
        into.extend(absent.iter().cloned());
        into.extend(similar.iter().map(|s| s.feature.clone()));
        into.extend(date.iter().map(|d| d.feature.clone()));
        any.iter().for_each(|c| of_condition(c, into));
    }
    let mut names: BTreeSet<String> =
        file.blocking.iter().flat_map(|r| r.keys.iter().chain(&r.refine)).map(of_key).collect();
    for level in file.comparisons.iter().flat_map(|c| &c.levels) {
        of_condition(&level.when, &mut names);
        names.extend(level.tf.clone());
    }
    names
}

/// States of a comparison are bytes, and one of these says that it is missing.
const MOST_STATES: usize = 254;

struct Check<'a> {
    known: Vec<String>,
    dates: Vec<String>,
    used: BTreeSet<String>,
    document: &'a Document<ModelFile>,
    problems: &'a mut Problems,
}

impl Check<'_> {
    fn line(&self, path: &[Step]) -> u64 {
        line_of(&self.document.tree, path)
    }

    /// The place of a feature among those used; a problem where it is unknown.
    fn feature(&mut self, name: &str, path: &[Step]) -> usize {
        if !self.known.iter().any(|k| k == name) {
            const DECLARE: &str = "no attribute of the pipeline file";
            // The list of features is long: once is enough.
            let listed = self.problems.all().iter().any(|p| p.hint.starts_with(DECLARE));
            let list = if listed { String::new() } else { format!("; known features: {}", self.known.join(", ")) };
            let hint = did_you_mean(name, self.known.iter().map(String::as_str));
            self.problems.add(
                self.line(path),
                format!("unknown feature {name:?}"),
                hint.unwrap_or_else(|| format!("{DECLARE}{list}")),
            );
        }
        self.used.iter().position(|u| u == name).unwrap_or(0)
    }

    fn rules(&mut self) -> Vec<BlockingRule> {
        let mut names = BTreeSet::new();
        if self.document.file.blocking.is_empty() {
            self.problems.add(
                self.line(&[Step::Key("blocking".into())]),
                "there is no blocking rule",
                "add one, such as keys: [phone]",
            );
        }
        let mut rules = Vec::new();
        for (i, rule) in self.document.file.blocking.iter().enumerate() {
            let at = [Step::Key("blocking".into()), Step::Index(i)];
            if !names.insert(&rule.name) {
                self.problems.add(
                    self.line(&at),
                    format!("blocking rule {:?} is there twice", rule.name),
                    "give each rule a name of its own",
                );
            }
            if rule.keys.is_empty() {
                self.problems.add(
                    self.line(&at),
                    format!("blocking rule {:?} has no keys", rule.name),
                    "name the features that records have to share: `keys: [phone]`",
                );
            }
            let keys = rule.keys.iter().map(|k| self.key(k, &at)).collect();
            let refine = rule.refine.iter().map(|k| self.key(k, &at)).collect();
            rules.push(BlockingRule { name: rule.name.clone(), keys, refine });
        }
        rules
    }

    fn key(&mut self, key: &KeyFile, at: &[Step]) -> Key {
        match key {
            KeyFile::Whole(name) => Key { feature: self.feature(name, at), prefix: None, near: None },
            KeyFile::Part(p) => {
                let of = &p.feature;
                let wrong = match (p.prefix, p.near) {
                    (Some(0), _) => {
                        Some((format!("prefix of the key {of:?} is 0"), "give how many characters have to agree"))
                    }
                    (Some(_), None) | (None, Some(1)) => None,
                    (None, Some(edits)) => Some((
                        format!("near of the key {of:?} is {edits}, but keys find values that are one edit apart"),
                        "write near: 1, or the feature's name alone for equal values",
                    )),
                    (Some(_), Some(_)) => {
                        Some((format!("the key {of:?} has both prefix and near"), "leave out one of the two"))
                    }
                    (None, None) => Some((
                        format!("the key {of:?} has neither prefix nor near"),
                        "give prefix (characters) or near: 1 (values one edit apart), or write the feature's name alone",
                    )),
                };
                if let Some((message, hint)) = wrong {
                    self.problems.add(self.line(at), message, hint);
                }
                let kind = if self.dates.contains(&p.feature) { Near::Date } else { Near::Text };
                Key { feature: self.feature(&p.feature, at), prefix: p.prefix, near: p.near.map(|_| kind) }
            }
        }
    }

    fn comparison(&mut self, i: usize, file: &ComparisonFile) -> Comparison {
        let at = [Step::Key("comparisons".into()), Step::Index(i)];
        let mut levels = Vec::new();
        if file.levels.len() < 2 || file.levels.len() > 100 {
            self.problems.add(
                self.line(&at),
                format!("comparison {:?} needs 2 to 100 levels", file.name),
                "the last of them is `else`",
            );
        }
        for (n, level) in file.levels.iter().enumerate() {
            let at = [at[0].clone(), at[1].clone(), Step::Key("levels".into()), Step::Index(n)];
            let condition = self.condition(&level.when, &at);
            let last = n + 1 == file.levels.len();
            if last != (condition == Condition::Else) {
                let message = if last {
                    format!("the last level of comparison {:?} has a condition", file.name)
                } else {
                    format!("level {:?} of comparison {:?} has no condition", level.name, file.name)
                };
                self.problems.add(
                    self.line(&at),
                    message,
                    "levels go from agreeing to different; only the last has no condition",
                );
            }
            let tf = level.tf.as_ref().map(|name| self.feature(name, &at));
            levels.push(Level { name: level.name.clone(), label: (&level.label).into(), condition, tf });
        }
        if file.shared_by_household && file.differs_in_household {
            let message = format!("a household both shares comparison {:?} and differs in it", file.name);
            self.problems.add(self.line(&at), message, "leave out one of the two");
        }
        let absent = levels.iter().fold(0u64, |bits, level| bits | level.condition.absent());
        if levels.len() > MOST_STATES.checked_shr(absent.count_ones()).unwrap_or(0) {
            let message =
                format!("comparison {:?} has too many levels for the features that it asks to be absent", file.name);
            self.problems.add(self.line(&at), message, "divide it into two, or ask for fewer");
        }
        Comparison {
            name: file.name.clone(),
            label: (&file.label).into(),
            shared_by_household: file.shared_by_household,
            differs_in_household: file.differs_in_household,
            needs: levels.iter().map(|level| Needs::of(&level.condition)).collect(),
            absent,
            features: comparable_by(levels.iter().map(|level| &level.condition)),
            levels,
        }
    }

    fn condition(&mut self, file: &ConditionFile, at: &[Step]) -> Condition {
        let ConditionFile { same, swapped, absent, similar, date, any } = file;
        let mut all = Vec::new();
        for name in same {
            all.push(Condition::Same(self.feature(name, at)));
        }
        if let Some((a, b)) = swapped {
            all.push(Condition::Swapped(self.feature(a, at), self.feature(b, at)));
        }
        for name in absent {
            all.push(Condition::Absent(self.feature(name, at)));
        }
        if let Some(s) = similar {
            let feature = self.feature(&s.feature, at);
            let measure = match (s.by, s.at_least, s.at_most) {
                (Similarity::JaroWinkler, Some(bound), None) => Some(Measure::JaroWinkler(bound)),
                (Similarity::Jaccard, Some(bound), None) => Some(Measure::Jaccard(bound)),
                (Similarity::Levenshtein, None, Some(bound)) => Some(Measure::Levenshtein(bound)),
                (Similarity::DamerauLevenshtein, None, Some(bound)) => Some(Measure::DamerauLevenshtein(bound)),
                (Similarity::Contains, Some(bound), None) if bound >= 1.0 => Some(Measure::Contains(bound as u32)),
                _ => None,
            };
            let only = self.only(s, at);
            match measure {
                Some(measure) => all.push(Condition::Similar { feature, measure, only }),
                None => self.problems.add(
                    self.line(at),
                    format!("the similarity of {:?} has the wrong bound", s.feature),
                    "jaro_winkler and jaccard take at_least (0 to 1), the distances at_most (characters), contains at_least (characters)",
                ),
            }
        }
        if let Some(d) = date {
            let feature = self.feature(&d.feature, at);
            all.push(Condition::Date { feature, relations: d.relation.iter().map(|r| (*r).into()).collect() });
        }
        if !any.is_empty() {
            let any = any.iter().map(|c| self.condition(c, at)).collect();
            all.push(Condition::Any(any));
        }
        match all.len() {
            0 => Condition::Else,
            1 => all.swap_remove(0),
            _ => Condition::All(all),
        }
    }

    /// Which pairs of values a similarity counts.
    fn only(&mut self, file: &SimilarFile, at: &[Step]) -> Only {
        let of_pairs = !matches!(file.by, Similarity::Jaccard | Similarity::Contains);
        if !of_pairs && (file.from_length.is_some() || file.unless.is_some()) {
            self.problems.add(
                self.line(at),
                format!("the similarity of {:?} cannot leave out pairs of values", file.feature),
                "from_length and unless go with jaro_winkler and the distances",
            );
        }
        let unless_both = file.unless.and_then(|UnlessFile::BothAreNames| {
            let part = feature::name_part(&file.feature);
            if part.is_none() {
                self.problems.add(
                    self.line(at),
                    format!("{:?} is no part of a name that the dictionary of names has", file.feature),
                    "leave out `unless`, or compare a feature such as given.kana or family.key",
                );
            }
            part
        });
        Only { from_length: file.from_length.unwrap_or(0), unless_both }
    }

    fn contradictions(&mut self) -> Vec<Vec<usize>> {
        let names: Vec<&str> = self.document.file.comparisons.iter().map(|c| c.name.as_str()).collect();
        let mut sets = Vec::new();
        for set in &self.document.file.contradictions.all_of {
            let mut places = Vec::new();
            for name in set {
                match names.iter().position(|n| n == name) {
                    Some(place) => places.push(place),
                    None => self.problems.add(
                        self.line(&[Step::Key("contradictions".into())]),
                        format!("unknown comparison {name:?}"),
                        did_you_mean(name, names.iter().copied())
                            .unwrap_or_else(|| format!("comparisons: {}", names.join(", "))),
                    ),
                }
            }
            sets.push(places);
        }
        sets
    }

    fn trained(&mut self, file: &TrainedFile, comparisons: &[Comparison], features: &[String]) -> Option<Parameters> {
        let mut levels = Vec::new();
        for comparison in comparisons {
            let known = file.probabilities.get(&comparison.name);
            let mut states = Vec::new();
            for state in 0..comparison.states() {
                if !comparison.reaches(state) {
                    states.push(UNREACHED);
                    continue;
                }
                // Whoever wrote the file may have left it at the levels.
                let level = &comparison.levels[state % comparison.levels.len()].name;
                let of =
                    known.and_then(|known| known.get(&comparison.state_name(state, features)).or(known.get(level)));
                match of {
                    Some(p) if [p.m, p.household, p.u].iter().all(|p| *p > 0.0 && *p <= 1.0) => {
                        states.push([p.m, p.household, p.u]);
                    }
                    _ => {
                        self.problems.add(
                            self.line(&[
                                Step::Key("trained".into()),
                                Step::Key("probabilities".into()),
                                Step::Key(comparison.name.clone()),
                            ]),
                            format!(
                                "level {level:?} of comparison {:?} has no probabilities between 0 and 1",
                                comparison.name
                            ),
                            "leave out `trained` to learn anew",
                        );
                        return None;
                    }
                }
            }
            levels.push(states);
        }
        let mut joint = Vec::new();
        for line in &file.household_joint {
            let Some(correction) = correction(line, comparisons, features) else {
                self.problems.add(
                    self.line(&[Step::Key("trained".into()), Step::Key("household_joint".into())]),
                    format!(
                        "no such levels: {:?} of {:?} at {:?} of {:?}",
                        line.level, line.comparison, line.at, line.given
                    ),
                    "leave out `trained` to learn anew",
                );
                return None;
            };
            joint.push(correction);
        }
        Some(Parameters {
            learned_from: file.learned_from.clone(),
            prior: [file.prior.person, file.prior.household],
            priors: file.priors.iter().map(|(pair, p)| (pair.clone(), [p.person, p.household])).collect(),
            levels,
            joint,
        })
    }
}
