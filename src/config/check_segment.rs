//! The meaning of a segment: columns that are there, operators that fit them, purposes that sources ask for, segments that exist.
//!
//! In: a segment as typed, what the pipeline has. Out: its condition, what makes it a mail list, and what the sources have to map.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::check::{Document, key};
use super::head::{Head, HeadColumn, HeadType};
use super::needs::Need;
use super::problem::{Problems, did_you_mean};
use super::segment_file::{
    ConditionFile, DeviceFile, OperatorsFile, PreferenceFile, ScalarFile, SegmentFile, SendFile, WhereFile,
};
use super::segments::{Cap, Condition, PROFILE, Preference, Segment, Send, Test, is_ordered};
use super::tree::{Placed, Step, line_of};
use super::{Source, SqlFile};

/// What segments can name.
pub(super) struct Known<'a> {
    /// What `customer_profile` promises.
    pub head: &'a Head,
    /// The marts of the pipeline.
    pub marts: &'a [SqlFile],
    /// Its sources.
    pub sources: &'a [Source],
    /// Its segments, and whether each is a mail list.
    pub segments: &'a [(&'a str, bool)],
}

/// Adds a problem where a pipeline has segments, and not the mart that they are conditions over.
pub(super) fn marts(marts: &[SqlFile], line: u64, problems: &mut Problems) {
    let remedy =
        "copy the folders marts and crm of pipelines/retail beside the pipeline file, and name both in `marts`";
    match marts.iter().find(|mart| mart.name == PROFILE) {
        None => problems.add(line, format!("segments are conditions over {PROFILE}, and no mart is called so"), remedy),
        // A head with a mistake is told already.
        Some(mart) if problems.is_empty() && mart.head.as_ref().is_none_or(|head| head.columns.is_empty()) => {
            let message = format!("segments are conditions over {}, and the file has no head", mart.shown());
            problems.add(
                line,
                message,
                "write a `-- column:` line for each of its columns, as in pipelines/retail/crm",
            );
        }
        Some(_) => {}
    }
}

/// What a segment says. Where a problem was added, what comes back is not used.
pub(super) fn segment(
    name: &str,
    document: &Document<SegmentFile>,
    known: &Known<'_>,
    problems: &mut Problems,
) -> (Condition, Option<Send>, Vec<Need>) {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        problems.add(
            1,
            format!("segment {name:?} has no plain name"),
            "name the file with small letters, digits and _",
        );
    }
    let mut check = Check { tree: &document.tree, known, problems };
    for (language, text) in [("ja", &document.file.title.ja), ("en", &document.file.title.en)] {
        if text.trim().is_empty() {
            let line = check.line(&[key("title"), key(language)]);
            check.problems.add(line, format!("the title says nothing in {language:?}"), "say who is in the segment");
        }
    }
    let condition = check.all(&document.file.condition, &mut vec![key("where")]);
    let send = document.file.send.as_ref().map(|send| check.send(name, send));
    let mut needs = needs_of(known.head, condition.columns());
    let products = Need::Table("product".into());
    if !condition.preferences().is_empty() && !needs.contains(&products) {
        needs.push(products);
    }
    let segment = Segment {
        name: name.to_string(),
        file: String::new(),
        text: String::new(),
        title: document.file.title.clone(),
        condition,
        send,
        needs,
    };
    check.reads(segment.reads(), &[key("where")]);
    if let Some(send) = &segment.send {
        check.reads(send.reads(), &[key("send")]);
    }
    (segment.condition, segment.send, segment.needs)
}

/// What is lacking where these columns of the profile are null, each once.
fn needs_of<'a>(head: &Head, columns: impl IntoIterator<Item = &'a str>) -> Vec<Need> {
    let columns: BTreeSet<&str> = columns.into_iter().collect();
    let needs = head.nulls.iter().filter(|(column, _)| columns.contains(column.as_str()));
    needs.map(|(_, need)| need.clone()).collect::<BTreeSet<Need>>().into_iter().collect()
}

struct Check<'a> {
    tree: &'a Placed,
    known: &'a Known<'a>,
    problems: &'a mut Problems,
}

impl Check<'_> {
    fn line(&self, path: &[Step]) -> u64 {
        line_of(self.tree, path)
    }

    /// Adds a problem for each mart that is read and not there.
    fn reads(&mut self, reads: Vec<&'static str>, path: &[Step]) {
        let line = self.line(path);
        for mart in reads.into_iter().filter(|name| !self.known.marts.iter().any(|mart| mart.name == *name)) {
            let hint = "copy its file from pipelines/retail/crm, with those that it reads";
            self.problems.add(line, format!("the segment reads {mart}, and no mart is called so"), hint);
        }
    }

    /// All conditions of a mapping.
    fn all(&mut self, of: &WhereFile, path: &mut Vec<Step>) -> Condition {
        let mut all = Vec::new();
        for (word, list) in [("all", &of.all), ("any", &of.any)] {
            path.push(key(word));
            let mut these = Vec::new();
            for (place, one) in list.iter().enumerate() {
                path.push(Step::Index(place));
                these.push(self.all(one, path));
                path.pop();
            }
            path.pop();
            match word {
                "any" if !these.is_empty() => all.push(Condition::Any(these)),
                _ => all.extend(these),
            }
        }
        if let Some(not) = &of.not {
            path.push(key("not"));
            let not = self.all(not, path);
            if not == Condition::All(Vec::new()) {
                let line = self.line(path);
                self.problems.add(
                    line,
                    "nothing stands below `not`, so that nobody is in it",
                    "say what does not hold",
                );
            }
            all.push(Condition::Not(Box::new(not)));
            path.pop();
        }
        if let Some(preference) = &of.preference {
            path.push(key("preference"));
            all.push(self.preference(preference, path));
            path.pop();
        }
        for (name, condition) in &of.columns {
            path.push(key(name));
            if let Some(column) = self.column(name, path) {
                let tests = self.tests(&column, condition, path);
                all.extend(tests.into_iter().map(|test| Condition::Column(column.clone(), test)));
            }
            path.pop();
        }
        match all.len() {
            1 => all.remove(0),
            _ => Condition::All(all),
        }
    }

    fn preference(&mut self, of: &PreferenceFile, path: &[Step]) -> Condition {
        let line = self.line(path);
        let path_of: Vec<&str> = of.category.split('>').map(str::trim).collect();
        if path_of.contains(&"") {
            let hint = "write it as `category_path` of the products has it: 食品, or 食品>飲料";
            self.problems.add(line, format!("{:?} is no category", of.category), hint);
        }
        if of.times <= 0.0 {
            let hint = "1 is as everybody, 1.5 is half as much again";
            self.problems.add(line, format!("preference asks for {} times the share of all", of.times), hint);
        }
        Condition::Preference(Preference { category: path_of.join(">"), times: of.times, purchases: of.purchases })
    }

    /// The column of the profile, or a problem with the nearest.
    fn column(&mut self, name: &str, path: &[Step]) -> Option<HeadColumn> {
        let head = self.known.head;
        if head.column(name).is_none() {
            let words = ["all", "any", "not", "preference"].into_iter();
            let columns = head.columns.iter().map(|column| column.name.as_str());
            let hint = did_you_mean(name, words.chain(columns))
                .unwrap_or_else(|| format!("docs/tables.md lists the columns of {PROFILE}"));
            let line = self.line(path);
            self.problems.add(line, format!("{PROFILE} has no column {name:?}"), hint);
        }
        head.column(name).cloned()
    }

    fn tests(&mut self, column: &HeadColumn, condition: &ConditionFile, path: &mut Vec<Step>) -> Vec<Test> {
        match condition {
            ConditionFile::One(one) => self.values(column, std::slice::from_ref(one), path).into_iter().collect(),
            ConditionFile::Several(several) if several.is_empty() => {
                self.nothing(column, path);
                Vec::new()
            }
            ConditionFile::Several(several) => self.values(column, several, path).into_iter().collect(),
            ConditionFile::Operators(operators) => self.operators(column, operators, path),
        }
    }

    fn nothing(&mut self, column: &HeadColumn, path: &[Step]) {
        let line = self.line(path);
        self.problems.add(line, format!("nothing is said of {}", column.name), remedy(column.data_type));
    }

    /// The test for values, or a problem where they are of another type than the column.
    fn values(&mut self, column: &HeadColumn, values: &[ScalarFile], path: &[Step]) -> Option<Test> {
        let texts = || values.iter().map(|v| if let ScalarFile::Text(text) = v { Some(text.clone()) } else { None });
        let numbers = || values.iter().map(|v| if let ScalarFile::Number(number) = v { Some(*number) } else { None });
        let test = match (column.data_type, values) {
            (HeadType::Text, _) => texts().collect::<Option<Vec<_>>>().map(Test::Texts),
            (kind, _) if kind.is_number() => numbers().collect::<Option<Vec<_>>>().map(Test::Numbers),
            (HeadType::Boolean, [ScalarFile::Flag(flag)]) => Some(Test::Is(*flag)),
            _ => None,
        };
        if test.is_none() {
            let other = values.iter().find(|value| !is_of(column.data_type, value)).map_or("a list", kind_of);
            let message = format!("{} is {}, and is compared with {other}", column.name, in_words(column.data_type));
            let line = self.line(path);
            self.problems.add(line, message, remedy(column.data_type));
        }
        test
    }

    fn operators(&mut self, column: &HeadColumn, of: &OperatorsFile, path: &mut Vec<Step>) -> Vec<Test> {
        let kind = column.data_type;
        let before = self.problems.all().len();
        let mut tests = Vec::new();
        let mut values = |check: &mut Self, word: &str, values: &[ScalarFile], path: &mut Vec<Step>| {
            path.push(key(word));
            tests.extend(check.values(column, values, path));
            path.pop();
        };
        if let Some(one) = &of.equals {
            values(self, "equals", std::slice::from_ref(one), path);
        }
        if let Some(several) = &of.any_of {
            values(self, "any_of", several, path);
        }
        let mut fits = |check: &mut Self, word: &str, fits: bool, given: Option<Vec<Test>>| {
            let Some(given) = given else { return };
            if !fits {
                let line = line_of(check.tree, &[path.as_slice(), &[key(word)]].concat());
                let message = format!("{} is {}, which has no {word:?}", column.name, in_words(kind));
                check.problems.add(line, message, remedy(kind));
            }
            tests.extend(given);
        };
        let (number, time) = (kind.is_number(), matches!(kind, HeadType::Date | HeadType::Timestamp));
        fits(self, "at_least", number, of.at_least.map(|n| vec![Test::AtLeast(n)]));
        fits(self, "at_most", number, of.at_most.map(|n| vec![Test::AtMost(n)]));
        let between = of.between.map(|[low, high]| vec![Test::AtLeast(low), Test::AtMost(high)]);
        fits(self, "between", number, between);
        fits(self, "within_days", time, of.within_days.map(|n| vec![Test::WithinDays(n)]));
        fits(self, "more_than_days_ago", time, of.more_than_days_ago.map(|n| vec![Test::DaysAgo(n)]));
        fits(self, "in_next_days", time, of.in_next_days.map(|n| vec![Test::InNextDays(n)]));
        let whole = matches!(kind, HeadType::Integer | HeadType::Long);
        fits(self, "months_ahead", whole, of.months_ahead.map(|n| vec![Test::MonthsAhead(n)]));
        let list = kind == HeadType::Texts;
        fits(self, "contains", list, of.contains.clone().map(|one| vec![Test::Contains(vec![one])]));
        fits(self, "contains_any", list, of.contains_any.clone().map(|any| vec![Test::Contains(any)]));
        fits(self, "missing", true, of.missing.map(|missing| vec![Test::Missing(missing)]));
        for (word, typed, test) in
            [("from", &of.from, Test::From as fn(Date) -> Test), ("until", &of.until, Test::Until as fn(Date) -> Test)]
        {
            let Some(typed) = typed else { continue };
            match typed.parse::<Date>() {
                Ok(day) => fits(self, word, time, Some(vec![test(day)])),
                Err(_) => {
                    let line = line_of(self.tree, &[path.as_slice(), &[key(word)]].concat());
                    self.problems.add(line, format!("{typed:?} is no day"), "write it like 2026-04-01");
                }
            }
        }
        if let Some([low, high]) = of.between
            && low > high
        {
            let line = line_of(self.tree, &[path.as_slice(), &[key("between")]].concat());
            let message = format!("{} between {low} and {high} holds of nobody", column.name);
            self.problems.add(line, message, "write the lower number first");
        }
        if tests.is_empty() && self.problems.all().len() == before {
            self.nothing(column, path);
        }
        tests
    }

    fn send(&mut self, name: &str, of: &SendFile) -> Send {
        let at = |word: &str| [key("send"), key(word)];
        let mut needs: BTreeSet<Need> = BTreeSet::new();
        self.consent(of);
        needs.insert(Need::Consent(of.purpose.clone(), of.contact.clone()));
        let devices: &[DeviceFile] = match of.contact.as_str() {
            "email" => &[DeviceFile::Mobile, DeviceFile::Pc],
            "phone" | "sms" => &[DeviceFile::Mobile, DeviceFile::Fixed],
            _ => &[],
        };
        if let Some(device) = of.device
            && !devices.contains(&device)
        {
            let hint = match devices {
                [] => "leave `device` out: this way of contact reaches no address".to_string(),
                some => format!("one of: {}", some.iter().map(|d| d.name()).collect::<Vec<_>>().join(", ")),
            };
            let message = format!("{} reaches no address of the device {}", of.contact, device.name());
            self.problems.add(self.line(&at("device")), message, hint);
        }
        for (word, names) in [("exclude", &of.exclude), ("after", &of.after)] {
            for (place, other) in names.iter().enumerate() {
                let line = self.line(&[key("send"), key(word), Step::Index(place)]);
                self.other(name, (word, other), line);
            }
        }
        if !of.after.is_empty() && of.contact_cap.is_none() {
            let hint = "add a `contact_cap`, or write the lists into `exclude`";
            let message = "`after` counts messages of other lists, and there is no cap that they could reach";
            self.problems.add(self.line(&at("after")), message, hint);
        }
        let order = of.order.as_ref().and_then(|order| {
            let path = [key("send"), key("order"), key("by")];
            let column = self.column(&order.by, &path)?;
            if !is_ordered(column.data_type) {
                let message = format!("{} is {}, by which nobody comes first", order.by, in_words(column.data_type));
                self.problems.add(self.line(&path), message, "name a column of numbers or times");
            }
            Some((column, order.first))
        });
        if of.at_most.is_some() && of.order.is_none() {
            let message = "`at_most` without `order` would take customers by their ids";
            self.problems.add(self.line(&at("at_most")), message, "add `order: { by: ltv_profit }`");
        }
        needs.extend(needs_of(self.known.head, order.iter().map(|(column, _)| column.name.as_str())));
        Send {
            purpose: of.purpose.clone(),
            contact: of.contact.clone(),
            device: of.device,
            cap: of.contact_cap.as_ref().map(|cap| Cap {
                messages: cap.messages,
                days: cap.days,
                media: cap.media.clone(),
            }),
            exclude: of.exclude.clone(),
            after: of.after.clone(),
            order,
            at_most: of.at_most,
            needs: needs.into_iter().collect(),
        }
    }

    /// A name that is nearly one that sources have is a slip. What no source asks for leaves the list out, and is no slip: the file may
    /// come from another pipeline.
    fn consent(&mut self, of: &SendFile) {
        let asked = self.known.sources.iter().flat_map(|source| &source.consent);
        let asked: BTreeSet<(&str, &str)> = asked.map(|c| (c.purpose.as_str(), c.contact.as_str())).collect();
        let purposes: BTreeSet<&str> = asked.iter().map(|(purpose, _)| *purpose).collect();
        if !purposes.is_empty() && !purposes.contains(of.purpose.as_str()) {
            let hint = did_you_mean(&of.purpose, purposes.iter().copied());
            let all = purposes.iter().copied().collect::<Vec<_>>().join(", ");
            let hint = hint.unwrap_or_else(|| format!("sources ask for consent to: {all}"));
            let line = self.line(&[key("send"), key("purpose")]);
            self.problems.add(line, format!("no source asks for consent to {:?}", of.purpose), hint);
            return;
        }
        let contacts = asked.iter().filter(|(purpose, _)| *purpose == of.purpose).map(|(_, contact)| *contact);
        if !asked.contains(&(of.purpose.as_str(), of.contact.as_str()))
            && let Some(hint) = did_you_mean(&of.contact, contacts)
        {
            let line = self.line(&[key("send"), key("contact")]);
            let message = format!("no source asks for consent to {} by {:?}", of.purpose, of.contact);
            self.problems.add(line, message, hint);
        }
    }

    /// Another segment that is named in `exclude` or `after`.
    fn other(&mut self, name: &str, (word, other): (&str, &str), line: u64) {
        let all = self.known.segments;
        if other == name {
            let message = format!("{name} names itself in `{word}`");
            self.problems.add(line, message, "name another one, or leave it out");
        } else if let Some((_, is_list)) = all.iter().find(|(known, _)| *known == other) {
            if word == "after" && !is_list {
                let hint = format!("give {other} a `send`, or write it into `exclude`");
                self.problems.add(line, format!("{other} is no mail list that could go first"), hint);
            }
        } else {
            let hint = did_you_mean(other, all.iter().map(|(known, _)| *known).filter(|known| *known != name));
            let names = all.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
            self.problems.add(
                line,
                format!("there is no segment {other:?}"),
                hint.unwrap_or(format!("known: {names}")),
            );
        }
    }
}

fn is_of(kind: HeadType, value: &ScalarFile) -> bool {
    match value {
        ScalarFile::Flag(_) => kind == HeadType::Boolean,
        ScalarFile::Number(_) => kind.is_number(),
        ScalarFile::Text(_) => kind == HeadType::Text,
    }
}

fn kind_of(value: &ScalarFile) -> &'static str {
    match value {
        ScalarFile::Flag(_) => "true or false",
        ScalarFile::Number(_) => "a number",
        ScalarFile::Text(_) => "a text",
    }
}

/// A type of a column, in words.
fn in_words(kind: HeadType) -> &'static str {
    match kind {
        HeadType::Text => "a text",
        HeadType::Boolean => "true or false",
        HeadType::Date | HeadType::Timestamp => "a time",
        HeadType::Texts => "a list of texts",
        HeadType::Integer | HeadType::Long | HeadType::Double | HeadType::Amount => "a number",
    }
}

/// What may stand at a column of a type.
fn remedy(kind: HeadType) -> &'static str {
    match kind {
        HeadType::Text => "write a text, a list of texts, or { missing: true }; a number that is a code in quotes",
        HeadType::Boolean => "write true or false, or { missing: true }",
        HeadType::Date | HeadType::Timestamp => {
            "write { within_days: 30 }, or more_than_days_ago, in_next_days, from, until, missing"
        }
        HeadType::Texts => "write { contains: shop }, or contains_any, missing",
        HeadType::Integer | HeadType::Long => {
            "write a number, or { at_least: 3 }, at_most, between, any_of, months_ahead, missing"
        }
        HeadType::Double | HeadType::Amount => "write { at_least: 3 }, or at_most, between, any_of, missing",
    }
}
