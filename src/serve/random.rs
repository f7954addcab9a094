//! Secrets that this process makes: tokens of sessions and links, keys of programs.
//!
//! Out: 256 random bits as text, which nobody can guess; and comparisons that take the same time whatever differs.

use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// Bytes of a secret.
const BYTES: usize = 32;

/// Random bytes of the system.
///
/// # Errors
/// Environment, where the system has none.
pub(super) fn bytes() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    getrandom::getrandom(&mut bytes)
        .map_err(|e| Error::environment(format!("the system gives no random bytes: {e}")))?;
    Ok(bytes)
}

/// A new secret: 64 hexadecimal digits.
///
/// # Errors
/// Environment, where the system has no random bytes.
pub(super) fn token() -> Result<String> {
    Ok(bytes()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What of a secret is kept: with 256 random bits in it, a plain hash tells nothing.
pub(super) fn hash(token: &str) -> String {
    blake3::hash(token.as_bytes()).to_hex().to_string()
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}
