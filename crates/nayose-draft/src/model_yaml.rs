//! The model file for the attributes of a pipeline: names and types in, blocking rules and comparisons as YAML out.
//!
//! The built-in part is data, `data/model.yaml`: the model of the retail pipeline, from which is cut what looks at features
//! that no attribute gives. A declared attribute gets a comparison, and an identifier a rule too.

use std::collections::BTreeSet;

use crate::scalar::scalar;

const MODEL: &str = include_str!("../data/model.yaml");

/// An attribute that a pipeline has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelAttribute {
    /// Its name.
    pub name: String,
    /// Its type: for a declared one `identifier`, `identifier:luhn`, `identifier:jan`, `text` or `date`; of a built-in one it
    /// is not looked at.
    pub kind: String,
    /// Its name for people, in Japanese and English; its name where none is given.
    pub label: Option<(String, String)>,
}

/// The model file for attributes of these names and types. See [`ModelAttribute::kind`].
pub fn built_in_model(attributes: &[(&str, &str)]) -> String {
    let attribute = |(name, kind): &(&str, &str)| ModelAttribute {
        name: (*name).to_owned(),
        kind: (*kind).to_owned(),
        label: None,
    };
    model_yaml(&attributes.iter().map(attribute).collect::<Vec<_>>())
}

/// The model file for these attributes. Where no rule can be made, `blocking` is an empty list.
pub fn model_yaml(attributes: &[ModelAttribute]) -> String {
    let cut = Cut { features: features(attributes), attributes };
    let mut out = String::from(
        "# What is compared and how, for the attributes of this pipeline. No weight stands here: every run learns them from its\n\
         # own data.\n\n",
    );
    let [blocking, comparisons, contradictions] = sections();
    let mut rules = cut.rules(&blocking);
    rules.extend(cut.near_rule());
    if rules.is_empty() {
        out.push_str("blocking: []\n")
    } else {
        push(&mut out, "blocking:", &rules)
    }
    let (compared, names) = cut.comparisons(&comparisons);
    out.push('\n');
    if compared.is_empty() {
        out.push_str("comparisons: []\n")
    } else {
        push(&mut out, "comparisons:", &compared)
    }
    let kept: Vec<&str> = contradictions
        .into_iter()
        .filter(|line| line.trim_start().starts_with('-') && words(line).iter().all(|name| names.contains(*name)))
        .collect();
    if !kept.is_empty() {
        out.push_str("\ncontradictions:\n");
        push(&mut out, "  all_of:", &kept);
    }
    out
}

fn push<T: AsRef<str>>(out: &mut String, key: &str, lines: &[T]) {
    out.push_str(key);
    out.push('\n');
    for line in lines {
        out.push_str(line.as_ref());
        out.push('\n');
    }
}

/// The lines of the three sections, without comments at their heads.
fn sections() -> [Vec<&'static str>; 3] {
    let mut out = [Vec::new(), Vec::new(), Vec::new()];
    let mut section = None;
    for line in MODEL.lines() {
        match line {
            "blocking:" => section = Some(0),
            "comparisons:" => section = Some(1),
            "contradictions:" => section = Some(2),
            line => section.into_iter().for_each(|i: usize| out[i].push(line)),
        }
    }
    out
}

/// Words of a line: names of features and of comparisons.
fn words(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    line.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).collect()
}

/// The words in the brackets after a key, or the word after it.
fn after<'a>(line: &'a str, key: &str) -> Vec<&'a str> {
    let Some((before, rest)) = line.split_once(&format!("{key}: ")) else { return Vec::new() };
    // `name:` ends in a key too.
    if before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        return Vec::new();
    }
    match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => words(inside),
        None => words(rest.split([',', '}']).next().unwrap_or("")),
    }
}

/// The features that attributes can give, as the standardizer of `nayose-matching` makes them.
fn features(attributes: &[ModelAttribute]) -> BTreeSet<&'static str> {
    let has = |name: &str| attributes.iter().any(|a| a.name == name);
    let mut out = BTreeSet::new();
    let mut add = |given: bool, features: &[&'static str]| {
        if given {
            out.extend(features.iter().copied());
        }
    };
    // A whole name may be written in characters or all in kana; a kana column has kana alone.
    let (family, given) = (has("name") || has("family_name"), has("name") || has("given_name"));
    add(family, &["family", "family.key", "family.reading", "family.kana"]);
    add(given, &["given", "given.key", "given.reading", "given.kana"]);
    let (family_kana, given_kana) = (has("kana") || has("family_kana"), has("kana") || has("given_kana"));
    add(family_kana, &["family.reading", "family.kana"]);
    add(given_kana, &["given.reading", "given.kana"]);
    add((family || family_kana) && (given || given_kana), &["name.reading"]);
    add(family && given, &["name.key"]);
    add(has("birth_date"), &["birth_date", "birth_date.year", "birth_date.month_day"]);
    add(has("sex"), &["sex"]);
    add(has("phone"), &["phone", "phone.mobile", "phone.landline"]);
    add(has("email"), &["email", "email.weak", "email.local"]);
    add(has("postal_code"), &["postal_code"]);
    let address = ["address.city", "address.town", "address.block", "address.number", "address.room"];
    add(has("address"), &address);
    out
}

/// What is cut out of the model.
struct Cut<'a> {
    features: BTreeSet<&'static str>,
    attributes: &'a [ModelAttribute],
}

impl Cut<'_> {
    fn has_all(&self, features: &[&str]) -> bool {
        features.iter().all(|feature| self.features.contains(feature))
    }

    fn declared(&self) -> impl Iterator<Item = (&ModelAttribute, &str)> {
        let kinds = ["identifier", "text", "date"];
        let kind = move |a: &ModelAttribute| {
            let kind = a.kind.split(':').next().unwrap_or("");
            kinds.into_iter().find(|known| *known == kind)
        };
        // A built-in attribute may be given with any type.
        let is_built_in = |name: &str| crate::meaning::KINDS.iter().any(|known| known.as_str() == name);
        self.attributes.iter().filter(move |a| !is_built_in(&a.name)).filter_map(move |a| kind(a).map(|kind| (a, kind)))
    }

    /// Rules, each a line, with the comments before it.
    fn rules(&self, lines: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        let mut comments: Vec<&str> = Vec::new();
        for line in lines {
            let text = line.trim_start();
            if text == "# declared" {
                let identifiers = self.declared().filter(|(_, kind)| *kind == "identifier");
                out.extend(identifiers.map(|(a, _)| {
                    let digits = if has_check_digit(a) { "" } else { ".digits" };
                    let name = scalar(&a.name);
                    format!("  - {{ name: {name}, keys: [{name}{digits}] }}")
                }));
            } else if text.starts_with('#') {
                comments.push(line);
            } else if !text.is_empty() {
                if self.has_all(&after(line, "keys")) {
                    out.extend(comments.iter().map(|comment| (*comment).to_owned()));
                    out.push(self.refined(line));
                }
                comments.clear();
            }
        }
        out
    }

    /// A rule for people who are known by name and birth date alone: a slip in both would keep them from being compared at all.
    /// Where something else brings them together, it is not worth its keys.
    fn near_rule(&self) -> Option<String> {
        let other = ["phone", "email", "address.town", "postal_code"];
        let alone = !other.iter().any(|feature| self.features.contains(feature))
            && !self.declared().any(|(_, kind)| kind == "identifier");
        (alone && self.has_all(&["name.reading", "birth_date"])).then(|| {
            "  # A slip in the name and one in the birth date.\n  \
             - { name: name_birth_slip, keys: [{ feature: name.reading, near: 1 }, { feature: birth_date, near: 1 }] }"
                .to_owned()
        })
    }

    /// A rule without the features that only refine it and cannot be there.
    fn refined(&self, line: &str) -> String {
        let refine = after(line, "refine");
        let kept: Vec<&str> = refine.iter().copied().filter(|feature| self.features.contains(feature)).collect();
        let Some((before, _)) = line.split_once(", refine:").filter(|_| kept.len() < refine.len()) else {
            return line.to_string();
        };
        match kept.is_empty() {
            true => format!("{before} }}"),
            false => format!("{before}, refine: [{}] }}", kept.join(", ")),
        }
    }

    /// Comparisons and their names.
    fn comparisons(&self, lines: &[&str]) -> (Vec<String>, BTreeSet<String>) {
        let mut blocks: Vec<Vec<&str>> = Vec::new();
        for line in lines.iter().filter(|line| !line.is_empty()) {
            if line.starts_with("  - ") || line.trim_start() == "# declared" {
                blocks.push(Vec::new());
            }
            blocks.last_mut().into_iter().for_each(|block| block.push(line));
        }
        let (mut out, mut names) = (Vec::new(), BTreeSet::new());
        let mut add = |name: &str, lines: Vec<String>| {
            if !out.is_empty() {
                out.push(String::new());
            }
            out.extend(lines);
            names.insert(name.to_owned());
        };
        for block in &blocks {
            if block[0].trim_start() == "# declared" {
                self.declared().for_each(|(a, kind)| add(&a.name, declared(a, kind)));
            } else if let (Some(lines), Some(name)) = (self.comparison(block), after(block[0], "name").first()) {
                add(name, lines);
            }
        }
        (out, names)
    }

    /// A comparison with the levels that can hold; `None` where nothing could agree.
    fn comparison(&self, block: &[&str]) -> Option<Vec<String>> {
        let first = block.iter().position(|line| line.starts_with("      - "))?;
        let mut levels: Vec<Vec<&str>> = Vec::new();
        for line in &block[first..] {
            if line.starts_with("      - ") {
                levels.push(Vec::new());
            }
            levels.last_mut()?.push(line);
        }
        // What is absent need not exist; what agrees, or is counted, must.
        let needs = |level: &[&'_ str]| -> Vec<String> {
            let keys = ["same", "swapped", "feature", "tf"];
            let all = level.iter().flat_map(|line| keys.iter().flat_map(|key| after(line, key)));
            all.map(str::to_owned).collect()
        };
        let can_hold = |level: &&Vec<&str>| needs(level).iter().all(|f| self.features.contains(f.as_str()));
        let kept: Vec<&Vec<&str>> = levels.iter().filter(can_hold).collect();
        if kept.iter().all(|level| needs(level).is_empty()) {
            return None;
        }
        let head = block[..first].iter().copied();
        Some(head.chain(kept.into_iter().flatten().copied()).map(str::to_owned).collect())
    }
}

/// Whether an identifier has a check digit: it is never written without some of its characters.
fn has_check_digit(attribute: &ModelAttribute) -> bool {
    matches!(attribute.kind.as_str(), "identifier:luhn" | "identifier:jan")
}

/// The comparison of a declared attribute.
fn declared(attribute: &ModelAttribute, kind: &str) -> Vec<String> {
    let name = scalar(&attribute.name);
    let (ja, en) =
        attribute.label.clone().unwrap_or_else(|| (attribute.name.clone(), attribute.name.replace('_', " ")));
    let mut out = vec![
        format!("  - name: {name}"),
        format!("    label: {{ ja: {}, en: {} }}", scalar(&ja), scalar(&en)),
        "    levels:".to_owned(),
        format!("      - {{ name: same, label: {{ ja: 一致, en: same }}, same: [{name}], tf: {name} }}"),
    ];
    if kind == "identifier" && !has_check_digit(attribute) {
        out.push(format!(
            "      - {{ name: digits, label: {{ ja: 数字のみ一致, en: same digits }}, same: [{name}.digits], tf: {name}.digits }}"
        ));
    }
    out.push("      - { name: different, label: { ja: 違う, en: different } }".to_owned());
    out
}
