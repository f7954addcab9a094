//! Sentences that tables and results hold in English, and pages and reports say in the language that is asked for.
//!
//! In: the values of a sentence. Out: the sentence in English; and of one that was written, also by an earlier build, the same in Japanese.

/// A sentence in English and in Japanese; `{0}` is its first value.
pub(crate) type Sentence = [&'static str; 2];

/// A sentence in English, as it is written.
pub(crate) fn english<const N: usize>(sentence: Sentence, values: [String; N]) -> String {
    filled(sentence[0], &values.each_ref().map(String::as_str))
}

/// A written sentence in Japanese; as it is where it is none of `all`, which are tried in order. `value` says a value in Japanese: most stay
/// as they are.
pub(crate) fn japanese(all: &[Sentence], written: &str, value: impl Fn(&str) -> String) -> String {
    let known = all.iter().find_map(|[en, ja]| {
        let values: Vec<String> = captured(en, written)?.into_iter().map(&value).collect();
        Some(filled(ja, &values.iter().map(String::as_str).collect::<Vec<_>>()))
    });
    known.unwrap_or_else(|| written.to_string())
}

/// The parts of a template: text, and the place of a value.
fn parts(template: &str) -> impl Iterator<Item = (&str, Option<usize>)> {
    template.split('{').scan(true, |first, part| {
        if std::mem::take(first) {
            return Some((part, None));
        }
        let (place, text) = part.split_once('}').unwrap_or((part, ""));
        Some((text, place.parse().ok()))
    })
}

/// A template with its values.
pub(crate) fn filled(template: &str, values: &[&str]) -> String {
    let value = |place: Option<usize>| place.and_then(|place| values.get(place)).copied().unwrap_or_default();
    parts(template).map(|(text, place)| value(place).to_string() + text).collect()
}

/// The values of a text that a template, whose values come in order, makes; none where it makes no such text.
fn captured<'a>(template: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = parts(template).map(|(text, _)| text).peekable();
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Vec::new();
    while let Some(part) = parts.next() {
        let end = match parts.peek() {
            // The last value ends where the text does.
            None => rest.len().checked_sub(part.len()).filter(|end| rest.get(*end..) == Some(part))?,
            Some(_) => rest.find(part)?,
        };
        values.push(&rest[..end]);
        rest = &rest[end + part.len()..];
    }
    rest.is_empty().then_some(values)
}
