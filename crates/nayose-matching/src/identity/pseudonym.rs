//! Ids of a purpose: what stands in the place of customer ids and the like where nobody may know whose they are.
//!
//! In: a secret, a purpose, a kind of id and an id. Out: a keyed BLAKE3 hash. The same secret and purpose always give the same, so that
//! tables and months can be joined; two purposes give ids that nobody can join. Without the secret nobody can try ids out.

/// The ids of one purpose.
#[derive(Clone)]
pub struct Pseudonyms {
    key: [u8; 32],
}

/// Letters of an id: 128 bits, so that two ids do not meet.
const LETTERS: usize = 32;

impl Pseudonyms {
    /// For a purpose, under a secret.
    pub fn new(secret: &str, purpose: &str) -> Self {
        let secret = blake3::derive_key("nayose 2026-11 ids of a purpose", secret.as_bytes());
        Pseudonyms { key: *blake3::keyed_hash(&secret, purpose.as_bytes()).as_bytes() }
    }

    /// The id of `id`. The kind, such as `customer_id`, keeps ids of different things apart.
    pub fn of(&self, kind: &str, id: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(kind.len() as u64).to_le_bytes());
        hasher.update(kind.as_bytes());
        hasher.update(id.as_bytes());
        hasher.finalize().to_hex()[..LETTERS].to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_purpose_and_kind_each_give_other_ids() {
        let id = |secret, purpose, kind| Pseudonyms::new(secret, purpose).of(kind, "C-7K3M-9QXA-2TF5-H");
        let one = id("a secret of the company", "churn", "customer_id");
        assert_eq!(one, id("a secret of the company", "churn", "customer_id"));
        assert_eq!(one.len(), LETTERS);
        assert_ne!(one, id("another secret of it", "churn", "customer_id"));
        assert_ne!(one, id("a secret of the company", "pricing", "customer_id"));
        assert_ne!(one, id("a secret of the company", "churn", "household_id"));
    }
}
