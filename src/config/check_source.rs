//! The meaning of a source: attributes that exist, values that can be made, keys that go with its format.
//!
//! In: a source as typed. Out: the checked source; every problem with its line.

use std::collections::BTreeMap;

use super::check::{Document, key};
use super::file::{
    EncodingFile, EqualRowsFile, FormatFile, HeaderFile, Holds, MadeFile, OneOrMany, PipelineFile, QuotingFile,
    SourceFile, SourceValue, TableFile, ValueFile,
};
use super::problem::{Problems, did_you_mean};
use super::tree::{Step, line_of};
use super::{FillDown, Fixed, Header, Join, Reading, Rows, Source, Value, check_consent, expression, zone};
use nayose_matching::record::attribute::{EVENT_ATTRIBUTES, PERSON_ATTRIBUTES, REFERENCES};

/// A source that is being checked.
struct Check<'a> {
    document: &'a Document<PipelineFile>,
    place: usize,
    source: &'a SourceFile,
    problems: &'a mut Problems,
}

/// Checks the source at `place`.
pub(super) fn source(
    document: &Document<PipelineFile>,
    place: usize,
    source: &SourceFile,
    problems: &mut Problems,
) -> Source {
    Check { document, place, source, problems }.source()
}

impl Check<'_> {
    /// The line of a node of the source.
    fn line(&self, path: &[&str]) -> u64 {
        let below = path.iter().map(|k| key(k));
        line_of(
            &self.document.tree,
            &[key("sources"), Step::Index(self.place)].into_iter().chain(below).collect::<Vec<_>>(),
        )
    }

    fn problem(&mut self, path: &[&str], sentence: String, hint: impl Into<String>) {
        let line = self.line(path);
        self.problems.add(line, sentence, hint.into());
    }

    fn source(mut self) -> Source {
        let s = self.source;
        self.attributes();
        let record_id = match &s.record_id {
            Some(value) => self.value(&["record_id"], value),
            None => Value::Columns(Vec::new()),
        };
        let columns: BTreeMap<String, Value> =
            s.columns.iter().map(|(name, value)| (name.clone(), self.value(&["columns", name], value))).collect();
        let holds = self.holds(&columns);
        if let Err(e) = globset::Glob::new(&s.files) {
            self.problem(
                &["files"],
                format!("{:?} is not a glob: {}", s.files, e.kind()),
                "use *, ? and [ab]; ** for any folder",
            );
        }
        let time_zone = s.time_zone.as_ref().unwrap_or(&self.document.file.time_zone).clone();
        if let Some(remedy) = s.time_zone.as_deref().and_then(zone::remedy) {
            self.problem(&["time_zone"], format!("{time_zone:?} is no time zone"), remedy);
        }
        let only_where = s.only_where.as_ref().and_then(|sql| self.expression(&["where"], sql));
        let skip_where = s.skip_where.iter().flat_map(|e| e.to_vec()).collect::<Vec<_>>();
        let skip_where = skip_where.iter().filter_map(|sql| self.expression(&["skip_where"], sql)).collect();
        let consent = check_consent::columns(
            s,
            |path| {
                let below = path.iter().map(|k| key(k));
                let path: Vec<Step> = [key("sources"), Step::Index(self.place)].into_iter().chain(below).collect();
                line_of(&self.document.tree, &path)
            },
            self.problems,
        );
        let reading = self.reading();
        let source = Source {
            name: s.name.clone(),
            channel: s.channel.clone(),
            holds,
            files: s.files.clone(),
            reading,
            also_named: s.also_named.iter().map(|(column, names)| (column.clone(), names.to_vec())).collect(),
            may_be_missing: s.may_be_missing.iter().map(|name| name.0.clone()).collect(),
            null_values: s.null_values.iter().map(SourceValue::text).collect(),
            values: s.values.iter().map(|(column, map)| (column.clone(), self.meanings(column, map))).collect(),
            time_zone,
            fill_down: s
                .fill_down
                .as_ref()
                .map(|f| FillDown { within: f.within.to_vec(), columns: f.columns.to_vec() }),
            join: s.join.as_ref().map(|join| Join {
                files: join.files.clone(),
                rows: join.rows.clone(),
                on: join.on.iter().map(|(here, there)| (here.clone(), there.0.clone())).collect(),
                columns: join.columns.to_vec(),
                may_be_missing: join.may_be_missing,
            }),
            only_where,
            skip_where,
            record_id,
            columns,
            consent,
            may_be_empty: s.may_be_empty,
        };
        self.mentions(&source);
        source
    }

    /// Columns that are mentioned and not read: a slip, as nothing would come of it.
    fn mentions(&mut self, source: &Source) {
        let mut read: Vec<&str> =
            source.mapped_values().into_iter().flat_map(Value::columns).map(String::as_str).collect();
        let expressions = source.only_where.iter().chain(&source.skip_where);
        read.extend(expressions.flat_map(|e| &e.columns).map(String::as_str));
        read.extend(source.fill_down.iter().flat_map(|fill| &fill.within).map(String::as_str));
        read.extend(source.consent.iter().flat_map(|c| [Some(&c.column), c.at.as_ref()]).flatten().map(String::as_str));
        if let Some(join) = &source.join {
            read.extend(join.on.iter().flat_map(|(here, there)| [here.as_str(), there.as_str()]));
        }
        let mentioned = (source.values.keys().map(|c| ("values", c)))
            .chain(source.also_named.keys().map(|c| ("also_named", c)))
            .chain(source.may_be_missing.iter().map(|c| ("may_be_missing", c)));
        let slips: Vec<(&str, &String)> = mentioned.filter(|(_, c)| !read.contains(&c.as_str())).collect();
        for (k, column) in slips {
            let hint = did_you_mean(column, read.iter().copied())
                .unwrap_or_else(|| "name a column that the source reads".to_string());
            self.problem(&[k], format!("{k} of source {:?} names {column:?}, which is not read", source.name), hint);
        }
        let slips = source.fill_down.iter().flat_map(|fill| &fill.columns).filter(|c| !read.contains(&c.as_str()));
        let slips: Vec<(&String, Option<String>)> = slips.map(|c| (c, did_you_mean(c, read.iter().copied()))).collect();
        for (column, near) in slips.into_iter().filter_map(|(c, near)| Some((c, near?))) {
            self.problem(&["fill_down"], format!("fill_down names {column:?}, which is not read"), near);
        }
        if source.fill_down.as_ref().is_some_and(|fill| fill.within.is_empty()) {
            self.problem(&["fill_down"], "fill_down has no `within`".into(), "name the columns that tell an order");
        }
    }

    fn attributes(&mut self) {
        let s = self.source;
        let declared = &self.document.file.attributes;
        let known: Vec<&str> = match s.holds {
            Holds::People => PERSON_ATTRIBUTES.iter().copied().chain(declared.keys().map(String::as_str)).collect(),
            Holds::Events => EVENT_ATTRIBUTES.to_vec(),
            // Which columns there may be is known once the table is.
            Holds::Reference => match s.table {
                Some(table) => table.reference().columns.to_vec(),
                None => return,
            },
        };
        for name in s.columns.keys().filter(|n| !known.contains(&n.as_str())) {
            let hint = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| match s.holds {
                Holds::People => format!("known: {}; declare others under `attributes`", known.join(", ")),
                Holds::Events | Holds::Reference => format!("known: {}", known.join(", ")),
            });
            self.problem(&["columns", name], format!("unknown attribute {name:?} in source {:?}", s.name), hint);
        }
        for (a, b) in [("name", "family_name"), ("kana", "family_kana")] {
            if s.columns.contains_key(a) && s.columns.contains_key(b) {
                self.problem(
                    &["columns"],
                    format!("source {:?} has both {a} and {b}", s.name),
                    "map the whole or the parts, not both",
                );
            }
        }
    }

    /// Keys that belong to sources that hold something else.
    fn foreign(&mut self) {
        let s = self.source;
        let (people, events) = (&[Holds::People], &[Holds::Events]);
        let keys: [(&str, bool, &[Holds]); 8] = [
            ("event_id", s.event_id.is_some(), events),
            ("occurred_at", s.occurred_at.is_some(), events),
            ("event_type", s.event_type.is_some(), events),
            ("equal_rows", s.equal_rows != EqualRowsFile::default(), events),
            ("updated_at", s.updated_at.is_some(), people),
            ("registered_at", s.registered_at.is_some(), people),
            ("record_id", s.record_id.is_some(), &[Holds::People, Holds::Events]),
            ("table", s.table.is_some(), &[Holds::Reference]),
        ];
        for (k, _, of) in keys.iter().filter(|(_, given, of)| *given && !of.contains(&s.holds)) {
            let belongs = of.iter().map(|holds| holds.rows()).collect::<Vec<_>>().join(" or ");
            self.problem(
                &[k],
                format!("{k} in source {:?}, which holds {}", s.name, s.holds.rows()),
                format!("it belongs to sources that hold {belongs}"),
            );
        }
        let needed = [
            ("channel", !s.channel.is_empty(), "add `channel: …`: whose ids its rows have"),
            (
                "record_id",
                s.record_id.is_some(),
                "add `record_id: …`: the column of the record's id within the channel",
            ),
        ];
        for (k, _, hint) in needed.iter().filter(|(_, given, _)| !*given && s.holds != Holds::Reference) {
            self.problem(&["name"], format!("source {:?} holds {} and has no {k}", s.name, s.holds.rows()), *hint);
        }
    }

    /// The table that a source fills: all columns that a row must have are mapped.
    fn reference(&mut self, columns: &BTreeMap<String, Value>) -> Rows {
        let s = self.source;
        let Some(table) = s.table.map(TableFile::reference) else {
            let tables = REFERENCES.map(|table| table.name).join(", ");
            let hint = format!("say which table it fills, `table: product`; one of: {tables}");
            self.problem(&["name"], format!("source {:?} holds a reference and has no table", s.name), hint);
            return Rows::Reference { table: TableFile::Product.reference(), key: Value::Columns(Vec::new()) };
        };
        for name in table.required.iter().filter(|name| !columns.contains_key(**name)) {
            self.problem(
                &["columns"],
                format!("source {:?} does not map {name}, without which no row of {} can be", s.name, table.name),
                format!("add `{name}: …` to `columns`"),
            );
        }
        let mut key = Vec::new();
        for value in table.key.iter().filter_map(|name| columns.get(*name)) {
            match value {
                Value::Columns(of) if of.len() == 1 => key.extend(of.iter().cloned()),
                _ => return Rows::Reference { table, key: Value::Columns(Vec::new()) },
            }
        }
        Rows::Reference { table, key: Value::Columns(key) }
    }

    fn holds(&mut self, columns: &BTreeMap<String, Value>) -> Rows {
        let s = self.source;
        self.foreign();
        match s.holds {
            Holds::Reference => self.reference(columns),
            Holds::People => {
                if s.columns.is_empty() && s.consent.is_empty() {
                    self.problem(&["name"], format!("source {:?} maps no columns", s.name), "add `columns`");
                }
                Rows::People {
                    updated_at: s.updated_at.as_ref().map(|value| self.value(&["updated_at"], value)),
                    registered_at: s.registered_at.as_ref().map(|value| self.value(&["registered_at"], value)),
                }
            }
            Holds::Events => {
                let needed = [
                    (
                        "event_id",
                        s.event_id.is_some(),
                        "name the columns that tell one event from another: `event_id: [注文番号, 商品番号]`",
                    ),
                    ("event_type", s.event_type.is_some(), "say what the rows are: `event_type: purchase`"),
                ];
                for (k, given, hint) in needed {
                    if !given {
                        self.problem(&["name"], format!("source {:?} holds events and has no {k}", s.name), hint);
                    }
                }
                Rows::Events {
                    event_id: match &s.event_id {
                        Some(value) => self.value(&["event_id"], value),
                        None => Value::Columns(Vec::new()),
                    },
                    occurred_at: s.occurred_at.as_ref().map(|value| self.value(&["occurred_at"], value)),
                    event_type: s.event_type.clone().unwrap_or_default(),
                    equal_rows: s.equal_rows,
                }
            }
        }
    }

    fn value(&mut self, path: &[&str], typed: &ValueFile) -> Value {
        let made = match typed {
            ValueFile::Columns(columns) => return Value::Columns(columns.to_vec()),
            ValueFile::Made(made) => made,
        };
        let MadeFile { join, first, digest, expression } = made;
        let ways = [join.is_some(), first.is_some(), digest.is_some(), expression.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            let place = path.join(".");
            self.problem(
                path,
                format!("{place} of source {:?} says how its value is made in no way or in several", self.source.name),
                "give one of join, first, digest, expression",
            );
        }
        if [join, first, digest].into_iter().flatten().any(|columns| columns.to_vec().is_empty()) {
            let place = path.join(".");
            self.problem(path, format!("{place} of source {:?} is made of no columns", self.source.name), "name some");
        }
        let columns = |of: &Option<OneOrMany>| of.as_ref().map(OneOrMany::to_vec);
        let found = columns(join).map(Value::Join).or(columns(first).map(Value::First));
        match (found.or(columns(digest).map(Value::Digest)), expression) {
            (Some(value), _) => value,
            (None, Some(sql)) => {
                self.expression(path, sql).map_or_else(|| Value::Columns(Vec::new()), Value::Expression)
            }
            (None, None) => Value::Columns(Vec::new()),
        }
    }

    fn expression(&mut self, path: &[&str], sql: &str) -> Option<expression::Expression> {
        match expression::parse(sql, self.line(path)) {
            Ok(expression) => Some(expression),
            Err((sentence, hint)) => {
                self.problem(path, format!("source {:?}: {sentence}", self.source.name), hint);
                None
            }
        }
    }

    /// The values of a column that is mapped: those of sex have to be words that nayose reads.
    fn meanings(&mut self, column: &str, map: &BTreeMap<String, SourceValue>) -> BTreeMap<String, String> {
        let of_sex =
            |value: &ValueFile| matches!(value, ValueFile::Columns(c) if c.to_vec().iter().any(|c| c == column));
        let is_sex = self.source.columns.get("sex").is_some_and(of_sex);
        for (typed, meaning) in map {
            let meaning = meaning.text();
            if is_sex && !["male", "female", "unknown", ""].contains(&meaning.as_str()) {
                let hint = did_you_mean(&meaning, ["male", "female", "unknown"].into_iter())
                    .unwrap_or_else(|| "use male, female or unknown".to_string());
                self.problem(&["values", column, typed], format!("{meaning:?} is no sex"), hint);
            }
        }
        map.iter().map(|(value, meaning)| (value.trim().to_string(), meaning.text())).collect()
    }

    fn reading(&mut self) -> Reading {
        let s = self.source;
        let delimited = matches!(s.format, FormatFile::Csv | FormatFile::Tsv);
        let with_header = delimited || s.format == FormatFile::Xlsx;
        let header = match s.header {
            HeaderFile::Line(line) => Header::Line(line),
            HeaderFile::None(_) => Header::None,
        };
        let is_text = !matches!(s.format, FormatFile::Xlsx | FormatFile::Parquet);
        let misplaced = [
            (
                "encoding",
                s.encoding != EncodingFile::default() && !is_text,
                "files of text: csv, tsv, json, jsonl, fixed",
            ),
            ("rows", s.rows.is_some() && s.format != FormatFile::Json, "json"),
            ("sheet", s.sheet.is_some() && s.format != FormatFile::Xlsx, "xlsx"),
            ("fixed", s.fixed.is_some() && s.format != FormatFile::Fixed, "fixed"),
            ("delimiter", s.delimiter.is_some() && !delimited, "csv or tsv"),
            ("quoting", s.quoting != QuotingFile::default() && !delimited, "csv or tsv"),
            ("header", s.header != HeaderFile::default() && !with_header, "csv, tsv or xlsx"),
        ];
        for (k, _, format) in misplaced.iter().filter(|(_, is, _)| *is) {
            self.problem(
                &[k],
                format!("{k} in source {:?} goes with another format", s.name),
                format!("it goes with {format}"),
            );
        }
        if header == Header::Line(0) {
            self.problem(
                &["header"],
                "the header is in no line 0".to_string(),
                "count lines from 1; `none` where there is no header",
            );
        }
        if s.format == FormatFile::Fixed && s.fixed.is_none() {
            self.problem(
                &["format"],
                format!("source {:?} has records of one length and does not say where columns are", s.name),
                "add `fixed: { length: 128, columns: { 会員番号: [1, 10] } }`: the first byte and the length of each column",
            );
        }
        let usual = if s.format == FormatFile::Tsv { b'\t' } else { b',' };
        let delimiter = match s.delimiter.as_deref().map(str::as_bytes) {
            None => usual,
            Some([one]) if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r' | 0) => *one,
            Some(_) => {
                self.problem(
                    &["delimiter"],
                    format!("the delimiter of source {:?} is not one character of ASCII", s.name),
                    "use one such as \";\", \"|\" or \"\\t\"",
                );
                usual
            }
        };
        Reading {
            format: s.format,
            encoding: if s.format == FormatFile::Xlsx { EncodingFile::Utf8 } else { s.encoding },
            member: s.member.clone(),
            rows: s.rows.clone(),
            sheet: s.sheet.clone(),
            fixed: s.fixed.as_ref().map(|fixed| Fixed {
                length: fixed.length as usize,
                columns: fixed
                    .columns
                    .iter()
                    .map(|(name, (start, length))| (name.clone(), *start as usize, *length as usize))
                    .collect(),
            }),
            delimiter,
            quotes: s.quoting == QuotingFile::Standard,
            header,
        }
    }
}
