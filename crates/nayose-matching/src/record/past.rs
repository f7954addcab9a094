//! The values that a record had over time.

use super::PastValue;

/// Collects values with the times at which they were seen.
#[derive(Debug, Default)]
pub(crate) struct Past {
    values: Vec<PastValue>,
}

impl Past {
    /// A value of an attribute, seen at a time.
    pub(crate) fn see(&mut self, attribute: &str, value: String, at: Option<i64>) {
        match self.values.iter_mut().find(|v| v.attribute == attribute && v.value == value) {
            Some(known) => {
                known.first_at = match (known.first_at, at) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
                known.last_at = known.last_at.max(at);
            }
            None => self.values.push(PastValue { attribute: attribute.to_string(), value, first_at: at, last_at: at }),
        }
    }

    /// All values, by attribute, then newest first, then by value.
    pub(crate) fn finish(mut self) -> Vec<PastValue> {
        self.values.sort_by(|a, b| {
            a.attribute.cmp(&b.attribute).then_with(|| b.last_at.cmp(&a.last_at)).then_with(|| a.value.cmp(&b.value))
        });
        self.values
    }
}
