//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side: pure functions over texts.
//!
//! In: what a file keeps of a password, and what a client says. Out: what to answer, and whether the client knows the password. The file
//! keeps keys from which the password cannot be had, and with which nobody can sign in: pgwire's own handler wants the salted password,
//! which is as good as the password for whoever steals it. The text form is that of Postgres's `pg_authid`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion_postgres::pgwire::api::auth::sasl::scram::gen_salted_password;
use ring::rand::SecureRandom;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// The mechanism's name.
pub(super) const MECHANISM: &str = "SCRAM-SHA-256";

/// How often a password is hashed. RFC 7677 wants 4096 or more, which is also what Postgres does. A client computes it at each connection:
/// 16,384 take OpenSSL 8 ms on one thread of a shared machine. Who stole the file needs four times as long for a guess as with Postgres's.
pub(super) const ITERATIONS: u32 = 16_384;

/// The least number that is believed: RFC 7677, section 4.
const LEAST_ITERATIONS: u32 = 4096;

/// Bytes of a salt: as Postgres has them.
const SALT: usize = 16;

/// Bytes of a nonce: as Postgres has them.
const NONCE: usize = 18;

/// Bytes of SHA-256.
const HASH: usize = 32;

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

/// No key in a log.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// What is kept of a password, with a fresh salt.
    ///
    /// # Errors
    /// Environment, where the system gives no random bytes.
    pub(super) fn new(password: &str) -> Result<Self> {
        Ok(Self::with_salt(password, &random::<SALT>()?, ITERATIONS))
    }

    fn with_salt(password: &str, salt: &[u8], iterations: u32) -> Self {
        let salted = gen_salted_password(password, salt, iterations as usize);
        let client_key = mac(&salted, b"Client Key");
        Verifier {
            iterations,
            salt: salt.to_vec(),
            stored_key: hash(&client_key),
            server_key: mac(&salted, b"Server Key"),
        }
    }

    /// What a name without a login is asked with: it looks like one, always the same for the name, and no password fits it.
    pub(super) fn mock(secret: &[u8], name: &str) -> Self {
        let mut salt = mac(secret, name.as_bytes());
        salt.truncate(SALT);
        Verifier { iterations: ITERATIONS, salt, stored_key: vec![0; HASH], server_key: vec![0; HASH] }
    }

    /// The verifier that a text is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(MECHANISM)?.strip_prefix('$')?;
        let (rounds, keys) = rest.split_once('$')?;
        let ((iterations, salt), (stored, server)) = (rounds.split_once(':')?, keys.split_once(':')?);
        let decoded = |text: &str| STANDARD.decode(text).ok();
        let found = Verifier {
            iterations: iterations.parse().ok()?,
            salt: decoded(salt)?,
            stored_key: decoded(stored)?,
            server_key: decoded(server)?,
        };
        let is_whole = found.stored_key.len() == HASH && found.server_key.len() == HASH && !found.salt.is_empty();
        (is_whole && found.iterations >= LEAST_ITERATIONS).then_some(found)
    }

    /// The text form.
    pub(super) fn text(&self) -> String {
        let coded = |bytes: &[u8]| STANDARD.encode(bytes);
        format!(
            "{MECHANISM}${}:{}${}:{}",
            self.iterations,
            coded(&self.salt),
            coded(&self.stored_key),
            coded(&self.server_key)
        )
    }
}

/// An exchange of which the first half is done.
#[derive(Debug)]
pub(super) struct Exchange {
    verifier: Verifier,
    /// `c=` of the last message: what the client said about channel binding.
    binding: String,
    nonce: String,
    client_first: String,
    server_first: String,
}

/// The beginning: the client's first message in, the server's first message out. `None` where the message is none, or wants the binding
/// to a channel that was not offered.
pub(super) fn begin(verifier: Verifier, client_first: &[u8], server_nonce: &str) -> Option<(String, Exchange)> {
    let text = std::str::from_utf8(client_first).ok()?;
    let bare_at = text.match_indices(',').nth(1)?.0 + 1;
    let (header, bare) = text.split_at(bare_at);
    if !header.starts_with("n,") && !header.starts_with("y,") {
        return None;
    }
    let nonce = bare.split(',').find_map(|part| part.strip_prefix("r=")).filter(|nonce| !nonce.is_empty())?;
    let nonce = format!("{nonce}{server_nonce}");
    let server_first = format!("r={nonce},s={},i={}", STANDARD.encode(&verifier.salt), verifier.iterations);
    let binding = STANDARD.encode(header);
    let exchange =
        Exchange { verifier, binding, nonce, client_first: bare.to_string(), server_first: server_first.clone() };
    Some((server_first, exchange))
}

impl Exchange {
    /// The end: the client's last message in, the server's last message out. `None` where the client does not know the password.
    pub(super) fn end(&self, client_final: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(client_final).ok()?;
        let (without_proof, proof) = text.rsplit_once(",p=")?;
        let proof = STANDARD.decode(proof).ok()?;
        let part = |prefix: &str| without_proof.split(',').find_map(|part| part.strip_prefix(prefix));
        if part("c=")? != self.binding || part("r=")? != self.nonce || proof.len() != HASH {
            return None;
        }
        let message = format!("{},{},{without_proof}", self.client_first, self.server_first);
        let signature = mac(&self.verifier.stored_key, message.as_bytes());
        let client_key: Vec<u8> = proof.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        let is_right: bool = hash(&client_key).ct_eq(&self.verifier.stored_key).into();
        is_right.then(|| format!("v={}", STANDARD.encode(mac(&self.verifier.server_key, message.as_bytes()))))
    }
}

/// A nonce for one exchange.
///
/// # Errors
/// Environment, where the system gives no random bytes.
pub(super) fn nonce() -> Result<String> {
    Ok(STANDARD.encode(random::<NONCE>()?))
}

/// Random bytes of the system.
///
/// # Errors
/// Environment, where the system gives none.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = ring::rand::SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Error::environment("the system gives no random bytes"))?;
    Ok(bytes)
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, section 3: user `user`, password `pencil`.
    #[test]
    fn the_exchange_of_the_standard_is_answered_as_there() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("a salt");
        let verifier = Verifier::with_salt("pencil", &salt, 4096);
        let ask = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
        let (first, exchange) = begin(verifier.clone(), ask, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0").expect("a first answer");
        assert_eq!(first, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        let right = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let told = exchange.end(right.as_bytes());
        assert_eq!(told.as_deref(), Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        for wrong in [
            right.replace("dHzb", "dHzc"),
            right.replace("biws", "eSws"),
            right.replace("k0,p", "k1,p"),
            "c=biws".into(),
            String::new(),
        ] {
            assert_eq!(exchange.end(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Verifier::parse(&verifier.text()), Some(verifier));
    }

    #[test]
    fn a_message_that_is_none_begins_nothing() {
        let verifier = Verifier::new("secret").expect("random bytes");
        for wrong in
            ["", "n,", "n,,", "n,,n=user", "n,,n=user,r=", "p=tls-server-end-point,,n=user,r=abc", "x,,n=a,r=b"]
        {
            assert!(begin(verifier.clone(), wrong.as_bytes(), "s").is_none(), "{wrong}");
        }
        assert!(begin(verifier.clone(), &[0xff, b',', b','], "s").is_none());
        assert!(begin(verifier, b"y,,n=,r=abc", "s").is_some());
    }

    #[test]
    fn what_is_no_verifier_is_none() {
        let whole = Verifier::new("secret").expect("random bytes").text();
        assert!(Verifier::parse(&whole).is_some());
        let few = whole.replace("$16384:", "$1000:");
        for wrong in ["", "secret", "md5abc", few.as_str(), &whole[..whole.len() - 9], "SCRAM-SHA-256$4096:$:"] {
            assert!(Verifier::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_name_without_a_login_has_always_the_same_salt() {
        let (one, other) = (Verifier::mock(b"secret", "a"), Verifier::mock(b"secret", "b"));
        assert_eq!(one, Verifier::mock(b"secret", "a"));
        assert_ne!(one.salt, other.salt);
        assert_eq!(one.salt.len(), SALT);
    }
}
