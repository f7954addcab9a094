//! Answers to the questions of a draft: what somebody typed in, what it says out.
//!
//! A terminal shows [`Question::text_ja`] or [`Question::text_en`] and the [`Question::choices`], and gives the typed text to
//! [`Answers::set`]. A question without an answer becomes a marked place of the pipeline file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::closed::ValueCount;
use crate::question::{Question, QuestionKind};
use crate::words::folded;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Value and meaning: `granted`, `denied`; `male`, `female`; `skip`. Values without a meaning are not listed.
    Values(Vec<(String, String)>),
    /// A time zone.
    TimeZone(String),
    /// Each delivery has all rows.
    AllRows,
    /// Each delivery has what is new or changed.
    Changes,
    /// Yes.
    Yes,
    /// No.
    No,
}

/// Why a typed text is no answer, and what can be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// In Japanese.
    pub text_ja: String,
    /// In English.
    pub text_en: String,
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text_en)
    }
}

fn no_answer(ja: impl Into<String>, en: impl Into<String>) -> NoAnswer {
    NoAnswer { text_ja: ja.into(), text_en: en.into() }
}

/// Answers by the id of their question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers {
    given: BTreeMap<String, Answer>,
}

impl Answers {
    /// Understands what was typed. `skip` and an empty text where nothing is suggested leave the question open. The error
    /// says what can be typed, and shows nothing of what was.
    pub fn set(&mut self, question: &Question, typed: &str) -> Result<(), NoAnswer> {
        let typed = typed.trim();
        let suggested = question.suggestion();
        let text = match &suggested {
            Some(text) if typed.is_empty() => text.as_str(),
            _ => typed,
        };
        if text.is_empty() || matches!(text.to_lowercase().as_str(), "skip" | "スキップ" | "?") {
            self.given.remove(&question.id());
            return Ok(());
        }
        let answer = question.answer(text)?;
        self.given.insert(question.id(), answer);
        Ok(())
    }

    /// The answer to a question.
    pub fn get(&self, question: &Question) -> Option<&Answer> {
        self.given.get(&question.id())
    }

    /// How many questions have an answer.
    pub fn len(&self) -> usize {
        self.given.len()
    }

    /// Whether no question has an answer.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }
}

/// One of the answers that a question offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What is typed for it: a number, or a letter where values are numbers themselves.
    pub key: String,
    /// The value of the column, or a word of the answer.
    pub value: String,
    /// In Japanese.
    pub text_ja: String,
    /// In English.
    pub text_en: String,
    /// Rows of the sample that have the value.
    pub rows: Option<usize>,
}

/// The time zones that are offered; any other can be typed. Shops of Japan mean the first, servers often the second.
const ZONES: [&str; 2] = ["Asia/Tokyo", "UTC"];

impl Question {
    /// What tells it from the other questions of a draft, the same in every run.
    pub fn id(&self) -> String {
        let path = self.path.as_ref().map(|path| format!("#{path}")).unwrap_or_default();
        format!("{}:{}{path}:{}", self.kind.as_str(), self.file, self.columns.join(","))
    }

    /// The question in English.
    pub fn text_en(&self) -> String {
        let how = match self.kind {
            QuestionKind::Consent => " Type those that agree, a slash, those that do not, as in 1/2.",
            QuestionKind::SexCodes => " Type male, a slash, female, as in 1/2.",
            QuestionKind::StatusRows => " Type them with commas, or none.",
            _ => "",
        };
        format!("{}{how}", self.text)
    }

    /// The question in Japanese.
    pub fn text_ja(&self) -> String {
        let columns = self.columns.join("、");
        match self.kind {
            QuestionKind::Consent => {
                format!(
                    "{columns} のどの値が連絡への同意で、どの値が拒否ですか。同意/拒否 の順に 1/2 のように入力してください。"
                )
            }
            QuestionKind::SexCodes => {
                format!(
                    "{columns} のどの値が男性で、どの値が女性ですか。男性/女性 の順に 1/2 のように入力してください。"
                )
            }
            QuestionKind::StatusRows => {
                format!(
                    "{columns} がどの値の行を除きますか。カンマ区切りで入力してください。除かない場合は none です。"
                )
            }
            QuestionKind::TimeZone => format!("{columns} の時刻はどのタイムゾーンですか。"),
            QuestionKind::Delivery => "毎回のファイルには全件が入りますか、新規・変更分だけですか。".to_owned(),
            QuestionKind::Recipient => "届け先も顧客として扱いますか。扱う場合は別のレコードになります。".to_owned(),
            QuestionKind::Columns => {
                "ファイルに見出し行がありません。各列は何ですか。下書きの推定でよければ 1 です。".to_owned()
            }
        }
    }

    /// What can be answered. Several of them may be typed where values are asked about.
    pub fn choices(&self) -> Vec<Choice> {
        let fixed = |all: &[(&str, &str, &str)]| -> Vec<Choice> {
            let choice = |(i, (value, ja, en)): (usize, &(&str, &str, &str))| Choice {
                key: (i + 1).to_string(),
                value: (*value).to_owned(),
                text_ja: (*ja).to_owned(),
                text_en: (*en).to_owned(),
                rows: None,
            };
            all.iter().enumerate().map(choice).collect()
        };
        match self.kind {
            QuestionKind::Consent | QuestionKind::SexCodes | QuestionKind::StatusRows => self.value_choices(),
            QuestionKind::TimeZone => fixed(&ZONES.map(|zone| (zone, zone, zone))),
            QuestionKind::Delivery => fixed(&[
                ("all", "毎回全件", "all rows each time"),
                ("changes", "新規・変更分だけ", "only those that are new or changed"),
            ]),
            QuestionKind::Recipient => fixed(&[("yes", "はい", "yes"), ("no", "いいえ", "no")]),
            QuestionKind::Columns if self.columns.is_empty() => Vec::new(),
            QuestionKind::Columns => fixed(&[("yes", "下書きの通り", "as the draft says")]),
        }
    }

    /// The values of the sample, and those that the documentation knows beside them: a later delivery has them.
    fn value_choices(&self) -> Vec<Choice> {
        let mut values: Vec<ValueCount> = self.values.iter().filter(|v| !v.value.is_empty()).cloned().collect();
        for (value, _) in self.documented.iter().filter(|(value, _)| !value.is_empty()) {
            if values.iter().all(|known| known.value != *value) {
                values.push(ValueCount { value: value.clone(), rows: 0 });
            }
        }
        // Whoever types 1 must not mean the value 1 and get the first one.
        let is_key = |key: &dyn Fn(usize) -> String| {
            (0..values.len()).any(|i| values.iter().any(|v| v.value.eq_ignore_ascii_case(&key(i))))
        };
        let number = |i: usize| (i + 1).to_string();
        let letter = |i: usize| {
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"]
                .get(i)
                .map_or_else(|| format!("a{i}"), |letter| (*letter).to_owned())
        };
        let sign = |i: usize| format!("#{}", i + 1);
        let all_digits = |v: &ValueCount| v.value.bytes().all(|b| b.is_ascii_digit());
        let key: &dyn Fn(usize) -> String = if !values.iter().any(all_digits) {
            &number
        } else if !is_key(&letter) {
            &letter
        } else {
            &sign
        };
        let choice = |(i, v): (usize, &ValueCount)| Choice {
            key: key(i),
            value: v.value.clone(),
            text_ja: match v.rows {
                0 => format!("{}（見本になし）", v.value),
                rows => format!("{}（{rows}行）", v.value),
            },
            text_en: match v.rows {
                0 => format!("{} (not in the sample)", v.value),
                1 => format!("{} (1 row)", v.value),
                rows => format!("{} ({rows} rows)", v.value),
            },
            rows: Some(v.rows),
        };
        values.iter().enumerate().map(choice).collect()
    }

    /// What the documentation of the export answers, as it would be typed; nothing is suggested without a source outside.
    pub fn suggestion(&self) -> Option<String> {
        let choices = self.choices();
        let keys = |meaning: &str| -> String {
            let has = |c: &&Choice| self.meaning_of(&c.value) == Some(meaning);
            choices.iter().filter(has).map(|c| c.key.clone()).collect::<Vec<_>>().join(",")
        };
        let known = choices.iter().any(|c| self.meaning_of(&c.value).is_some());
        match self.kind {
            QuestionKind::Consent if known => Some(format!("{}/{}", keys("granted"), keys("denied"))),
            QuestionKind::SexCodes if known => Some(format!("{}/{}", keys("male"), keys("female"))),
            QuestionKind::StatusRows if known => match keys("skip") {
                none if none.is_empty() => Some("none".to_owned()),
                some => Some(some),
            },
            QuestionKind::TimeZone => self.documented.first().map(|(_, zone)| zone.clone()),
            _ => None,
        }
    }

    /// What the documentation says of a value.
    fn meaning_of(&self, value: &str) -> Option<&str> {
        self.documented.iter().find(|(known, _)| known == value).map(|(_, meaning)| meaning.as_str())
    }

    /// What a typed text says.
    fn answer(&self, typed: &str) -> Result<Answer, NoAnswer> {
        match self.kind {
            QuestionKind::Consent => self.two_sides(typed, "granted", "denied"),
            QuestionKind::SexCodes => self.two_sides(typed, "male", "female"),
            QuestionKind::StatusRows if matches!(typed.to_lowercase().as_str(), "none" | "なし") => {
                Ok(Answer::Values(Vec::new()))
            }
            QuestionKind::StatusRows => Ok(Answer::Values(self.values_of(typed, "skip")?)),
            QuestionKind::TimeZone => match self.chosen(typed) {
                Some(zone) => Ok(Answer::TimeZone(zone)),
                None if is_zone(typed) => Ok(Answer::TimeZone(typed.to_owned())),
                None => Err(no_answer(
                    "タイムゾーンではありません。一覧の番号か、Asia/Tokyo のような名前を入力してください。",
                    "no time zone: type a number of the list, or a name such as Asia/Tokyo",
                )),
            },
            QuestionKind::Delivery | QuestionKind::Recipient | QuestionKind::Columns => {
                let word = self.chosen(typed).or_else(|| match typed.to_lowercase().as_str() {
                    "y" | "はい" => Some("yes".to_owned()),
                    "n" | "いいえ" => Some("no".to_owned()),
                    _ => None,
                });
                let offered = word.filter(|word| self.choices().iter().any(|c| c.value == *word));
                match offered.as_deref() {
                    Some("all") => Ok(Answer::AllRows),
                    Some("changes") => Ok(Answer::Changes),
                    Some("yes") => Ok(Answer::Yes),
                    Some("no") => Ok(Answer::No),
                    _ => Err(self.hint()),
                }
            }
        }
    }

    /// The value of the choice that was typed, by its key or by itself.
    fn chosen(&self, typed: &str) -> Option<String> {
        let choices = self.choices();
        let typed = typed.trim();
        let by_value = choices.iter().find(|c| c.value == typed);
        // A Japanese keyboard types １ as easily as 1.
        let is_alike = |text: &str| folded(text) == folded(typed);
        let alike =
            || choices.iter().find(|c| is_alike(&c.key)).or_else(|| choices.iter().find(|c| is_alike(&c.value)));
        by_value.or_else(alike).map(|c| c.value.clone())
    }

    /// Values before and after a slash. A value may have a slash itself, so that the slash between blanks goes first.
    fn two_sides(&self, typed: &str, first: &str, second: &str) -> Result<Answer, NoAnswer> {
        let between = typed.split_once(" / ").or_else(|| typed.split_once('/')).or_else(|| typed.split_once('／'));
        let (before, after) = between.unwrap_or((typed, ""));
        let mut values = self.values_of(before, first)?;
        let others = self.values_of(after, second)?;
        if others.iter().any(|(value, _)| values.iter().any(|(known, _)| known == value)) {
            return Err(no_answer(
                "一つの値を / の両側に書くことはできません。",
                format!("a value is {first} or {second}, not both"),
            ));
        }
        values.extend(others);
        if values.is_empty() { Err(self.hint()) } else { Ok(Answer::Values(values)) }
    }

    fn values_of(&self, typed: &str, meaning: &str) -> Result<Vec<(String, String)>, NoAnswer> {
        let mut out: Vec<(String, String)> = Vec::new();
        for part in typed.split([',', '、', '，']).map(str::trim).filter(|part| !part.is_empty()) {
            let value = self.chosen(part).ok_or_else(|| self.hint())?;
            if !out.iter().any(|(known, _)| *known == value) {
                out.push((value, meaning.to_owned()));
            }
        }
        Ok(out)
    }

    fn hint(&self) -> NoAnswer {
        match self.choices().as_slice() {
            [] => no_answer(
                "値が分かりません。skip と入力し、パイプラインファイルの印のある場所に書いてください。",
                "no values are known: type skip, and fill in the marked place of the pipeline file",
            ),
            [one] => {
                no_answer(format!("{} か skip を入力してください。", one.key), format!("type {} or skip", one.key))
            }
            [first, .., last] => no_answer(
                format!("{} から {} までの選択肢か、skip を入力してください。", first.key, last.key),
                format!("type a choice from {} to {}, or skip", first.key, last.key),
            ),
        }
    }
}

/// Whether a text looks like a name of the IANA time zone database: Asia/Tokyo, UTC.
fn is_zone(text: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    (text.contains('/') && text.split('/').all(word)) || text == "UTC"
}
