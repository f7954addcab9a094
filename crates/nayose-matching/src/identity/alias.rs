//! Ids that were merged into others: which id an old one is today.

use std::collections::HashMap;

/// What happened to an id, as far as aliases go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first id became an alias of the second.
    Merged(String, String),
    /// The id is a person's own (again).
    Own(String),
}

/// The ids that are aliases, with the ids that they were merged into.
#[derive(Clone, Debug, Default)]
pub struct Aliases(HashMap<String, String>);

impl Aliases {
    /// From what happened, oldest first.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let mut aliases = HashMap::new();
        for step in steps {
            match step {
                Step::Merged(id, into) => aliases.insert(id, into),
                Step::Own(id) => aliases.remove(&id),
            };
        }
        Aliases(aliases)
    }

    /// The id that this one was merged into, where it is an alias.
    pub fn merged_into(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// All ids that are aliases, in no order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The ids that are aliases of an id, in order.
    pub fn of(&self, id: &str) -> Vec<String> {
        let mut aliases: Vec<String> = self.0.keys().filter(|alias| self.resolve(alias) == id).cloned().collect();
        aliases.retain(|alias| alias != id);
        aliases.sort_unstable();
        aliases
    }

    /// The id that `id` is today: itself where it is no alias.
    pub fn resolve<'a>(&'a self, id: &'a str) -> &'a str {
        let mut at = id;
        // As many steps as there are aliases: a ring, which no run writes, would end too.
        for _ in 0..=self.0.len() {
            match self.0.get(at) {
                Some(next) => at = next,
                None => return at,
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_followed_until_somebody_is_found() {
        let merged = |id: &str, into: &str| Step::Merged(id.into(), into.into());
        let aliases = Aliases::new([merged("b", "a"), merged("c", "b"), merged("a", "d")]);
        assert_eq!(["a", "b", "c", "d", "e"].map(|id| aliases.resolve(id)), ["d", "d", "d", "d", "e"]);
        let aliases = Aliases::new([merged("b", "a"), Step::Own("b".into()), merged("c", "b")]);
        assert_eq!(["b", "c"].map(|id| aliases.resolve(id)), ["b", "b"]);
        assert_eq!(Aliases::new([merged("a", "b"), merged("b", "a")]).resolve("a").len(), 1);
    }
}
