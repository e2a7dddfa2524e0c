//! Addresses that carry their own leave: signed with a key of the store, they may be used by anybody until they expire.
//!
//! The signature is an HMAC-SHA256 (RFC 2104, FIPS 180-4) over these lines, without a line feed at the end:
//!
//! ```text
//! imagestore-1
//! GET
//! /i/01890a5d-ac96-774b-bcce-b302099a8057.webp
//! w=512&fit=cover
//! key id
//! seconds since 1970 at which it expires
//! ```
//!
//! `GET` stands for `HEAD` too. Path and query stand there byte for byte as they are requested, the query without the three parameters of the
//! signature and without the `&` beside them. None of the lines can hold a line feed, so no two addresses have the same text.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use shared_types::{ErrorCode, TransformError};

use super::StoreError;

/// The fewest bytes of a secret.
pub const SECRET_BYTES: usize = 32;

/// What the text of a signature begins with: other kinds of signatures can be told apart.
const KIND: &str = "imagestore-1";

const KEY: &str = "key";
const EXPIRES: &str = "expires";
const SIG: &str = "sig";

/// What is refused without a signature to those who show no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Required {
    /// Nothing.
    Off,
    /// Whatever a picture would be made for.
    Transforms,
    /// Every picture.
    All,
}

/// A key that signs, under the name by which signatures refer to it.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    mac: Hmac<Sha256>,
}

impl SigningKey {
    /// Reads `id:secret`.
    ///
    /// # Errors
    /// What is wanted instead, without a word of the secret.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WANTED: &str = "must be id:secret, the id 1 to 32 characters of a-z, A-Z, 0-9, '-' and '_', the secret at least 32 bytes in hex or \
                              base64 (openssl rand -hex 32 makes one)";
        let (id, secret) = text.trim().split_once(':').ok_or(WANTED)?;
        let is_plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        let is_named = (1..=32).contains(&id.len()) && id.bytes().all(is_plain);
        let secret = decode(secret.trim()).filter(|secret| is_named && secret.len() >= SECRET_BYTES).ok_or(WANTED)?;
        let mac = Hmac::new_from_slice(&secret).map_err(|_| WANTED)?;
        Ok(Self { id: id.to_owned(), mac })
    }

    fn mac(&self, path: &str, query: &str, expires: &str) -> Hmac<Sha256> {
        self.mac_of(&[KIND, "GET", path, query, &self.id], expires)
    }

    /// Over these lines and the last one, which has no line feed.
    fn mac_of(&self, lines: &[&str], last: &str) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        for line in lines {
            mac.update(line.as_bytes());
            mac.update(b"\n");
        }
        mac.update(last.as_bytes());
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***", self.id)
    }
}

/// Hex where it can be, else base64 of either alphabet.
fn decode(secret: &str) -> Option<Vec<u8>> {
    let plain = secret.trim_end_matches('=').replace('+', "-").replace('/', "_");
    hex::decode(secret).ok().or_else(|| URL_SAFE_NO_PAD.decode(plain).ok())
}

/// The keys whose signatures hold. The first one signs.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Vec<SigningKey>);

impl Keyring {
    /// These keys.
    ///
    /// # Errors
    /// Two have the same id.
    pub fn new(keys: Vec<SigningKey>) -> Result<Self, String> {
        let twice = keys.iter().enumerate().find(|(index, key)| keys[..*index].iter().any(|other| other.id == key.id));
        match twice {
            Some((_, key)) => Err(format!("two keys have the id {}: give each another one", key.id)),
            None => Ok(Self(keys)),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ids of the keys, each with its secret masked.
    pub fn masked(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|key| format!("{key:?}"))
    }

    /// The address with its signature: path and query. `None` where there is no key.
    pub fn sign(&self, path: &str, query: &str, until: Timestamp) -> Option<String> {
        let key = self.0.first()?;
        let expires = until.as_second().to_string();
        let sig = URL_SAFE_NO_PAD.encode(key.mac(path, query, &expires).finalize().into_bytes());
        let and = if query.is_empty() { "" } else { "&" };
        Some(format!("{path}?{query}{and}{KEY}={}&{EXPIRES}={expires}&{SIG}={sig}", key.id))
    }

    /// A signature over lines of which none has a line feed, the first one saying what they are: `id of the key.signature`. `None` where
    /// there is no key.
    pub(super) fn seal(&self, lines: &[&str]) -> Option<String> {
        let key = self.0.first()?;
        let sig = URL_SAFE_NO_PAD.encode(key.mac_of(lines, &key.id).finalize().into_bytes());
        Some(format!("{}.{sig}", key.id))
    }

    /// Whether one of these keys made that signature over these lines.
    pub(super) fn has_sealed(&self, lines: &[&str], seal: &str) -> bool {
        let parts = seal
            .split_once('.')
            .and_then(|(id, sig)| Some((self.0.iter().find(|key| key.id == id)?, URL_SAFE_NO_PAD.decode(sig).ok()?)));
        // Compares in constant time.
        parts.is_some_and(|(key, sig)| key.mac_of(lines, &key.id).verify_slice(&sig).is_ok())
    }

    /// Until when the signature holds for this address: path and the rest of the query.
    ///
    /// # Errors
    /// It is another address's or nobody's; it is expired. Which of them is told only of a right signature, and nothing of what would be right.
    pub fn verify(
        &self,
        path: &str,
        query: &str,
        given: &Signature<'_>,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let wrong = || {
            let detail = "The signature does not belong to this address; ask for a new one, and use it unchanged.";
            StoreError::new(ErrorCode::SignatureInvalid, detail).parameter(SIG)
        };
        let key = self.0.iter().find(|key| key.id == given.key).ok_or_else(wrong)?;
        let sig = URL_SAFE_NO_PAD.decode(given.sig).map_err(|_| wrong())?;
        // Compares in constant time.
        key.mac(path, query, given.expires).verify_slice(&sig).map_err(|_| wrong())?;
        let until =
            given.expires.parse().ok().and_then(|second| Timestamp::from_second(second).ok()).ok_or_else(wrong)?;
        if until <= now {
            let detail = "The signature is expired; ask for a new one.";
            return Err(StoreError::new(ErrorCode::SignatureExpired, detail).parameter(EXPIRES));
        }
        Ok(until)
    }
}

/// A signature as an address carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature<'a> {
    key: &'a str,
    expires: &'a str,
    sig: &'a str,
}

impl<'a> Signature<'a> {
    /// Parts the raw query of an address into the signature, if it carries one, and the rest, byte for byte.
    ///
    /// # Errors
    /// It carries some of `key`, `expires` and `sig`, or one of them twice.
    pub fn split(query: &'a str) -> Result<(Option<Self>, String), TransformError> {
        const NAMES: [&str; 3] = [KEY, EXPIRES, SIG];
        let mut found = [None; 3];
        let mut rest = Vec::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(place) = NAMES.iter().position(|known| *known == name) else {
                rest.push(pair);
                continue;
            };
            if found[place].replace(value).is_some() {
                return Err(TransformError::new(name, "is given more than once"));
            }
        }
        let rest = rest.join("&");
        match found {
            [None, None, None] => Ok((None, rest)),
            [Some(key), Some(expires), Some(sig)] => Ok((Some(Self { key, expires, sig }), rest)),
            _ => {
                let missing = (0..3).find(|place| found[*place].is_none()).unwrap_or_default();
                Err(TransformError::new(NAMES[missing], "is missing: key, expires and sig go together"))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);
    const LATER: Timestamp = Timestamp::constant(1_700_000_100, 0);

    fn key(id: &str, byte: u8) -> SigningKey {
        SigningKey::parse(&format!("{id}:{}", hex::encode([byte; 32]))).unwrap()
    }

    fn ring(keys: &[(&str, u8)]) -> Keyring {
        Keyring::new(keys.iter().map(|(id, byte)| key(id, *byte)).collect()).unwrap()
    }

    fn verify(ring: &Keyring, address: &str, now: Timestamp) -> Result<Timestamp, ErrorCode> {
        let (path, query) = address.split_once('?').unwrap();
        let (signature, rest) = Signature::split(query).unwrap();
        ring.verify(path, &rest, &signature.unwrap(), now).map_err(|error| error.code)
    }

    #[test]
    fn a_signature_is_the_documented_hmac() {
        let signed = ring(&[("a", 7)]).sign("/i/x.webp", "w=5&h=%20", LATER).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
        mac.update(b"imagestore-1\nGET\n/i/x.webp\nw=5&h=%20\na\n1700000100");
        let sig = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        assert_eq!(signed, format!("/i/x.webp?w=5&h=%20&key=a&expires=1700000100&sig={sig}"));
        // Computed by another program: printf … | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…
        assert_eq!(sig, "w8GH_fIbKNMyHqPcxmuZY6nlt0s6FZMU2wczXCev72I");
    }

    #[test]
    fn only_the_very_address_holds_and_only_until_it_expires() {
        let ring = ring(&[("a", 7)]);
        let signed = ring.sign("/i/x.webp", "w=5&h=6", LATER).unwrap();
        assert_eq!(verify(&ring, &signed, NOW), Ok(LATER));
        assert_eq!(verify(&ring, &signed, LATER), Err(ErrorCode::SignatureExpired));
        for (from, to) in [
            ("x.webp", "y.webp"),
            ("/i/", "/download/"),
            ("w=5", "w=6"),
            ("w=5&h=6", "h=6&w=5"),
            ("w=5&h=6", "w=5&h=6&q=1"),
            ("w=5&h=6", "w=5&h=%36"),
            ("w=5&h=6", "w=5&&h=6"),
            ("w=5&h=6&", ""),
            ("key=a", "key=b"),
            ("1700000100", "1700000101"),
            ("1700000100", "01700000100"),
            ("sig=", "sig=A"),
            ("sig=", "sig=%41"),
        ] {
            let other = signed.replace(from, to);
            assert_ne!(other, signed, "{from}");
            for now in [NOW, LATER] {
                assert_eq!(verify(&ring, &other, now), Err(ErrorCode::SignatureInvalid), "{other}");
            }
        }
        let cut = &signed[..signed.len() - 2];
        assert_eq!(verify(&ring, cut, NOW), Err(ErrorCode::SignatureInvalid));
    }

    #[test]
    fn keys_are_replaced_one_after_the_other() {
        let old = ring(&[("old", 1)]).sign("/i/x", "", LATER).unwrap();
        let both = ring(&[("new", 2), ("old", 1)]);
        let new = both.sign("/i/x", "", LATER).unwrap();
        assert!(new.contains("key=new"), "the first one signs");
        assert_eq!((verify(&both, &old, NOW), verify(&both, &new, NOW)), (Ok(LATER), Ok(LATER)));
        let alone = ring(&[("new", 2)]);
        assert_eq!(
            (verify(&alone, &old, NOW), verify(&alone, &new, NOW)),
            (Err(ErrorCode::SignatureInvalid), Ok(LATER))
        );
        assert_eq!(verify(&ring(&[("old", 3)]), &old, NOW), Err(ErrorCode::SignatureInvalid));
        assert!(Keyring::new(vec![key("a", 1), key("a", 2)]).is_err());
        assert_eq!(Keyring::default().sign("/i/x", "", LATER), None);
    }

    #[test]
    fn the_three_parameters_go_together() {
        for (query, rest) in [("", ""), ("w=1", "w=1"), ("&w=1&&h", "&w=1&&h"), ("%73ig=1", "%73ig=1")] {
            assert_eq!(Signature::split(query).unwrap(), (None, rest.to_owned()));
        }
        let (signature, rest) = Signature::split("sig=s&w=1&expires=2&h=3&key=k").unwrap();
        assert_eq!((signature, rest.as_str()), (Some(Signature { key: "k", expires: "2", sig: "s" }), "w=1&h=3"));
        for (query, parameter) in [
            ("sig=s", "key"),
            ("key=k&sig=s", "expires"),
            ("key&expires=1", "sig"),
            ("sig=s&sig=s&key=k&expires=1", "sig"),
        ] {
            assert_eq!(Signature::split(query).unwrap_err().parameter, parameter);
        }
    }

    #[test]
    fn a_secret_is_long_and_never_shown() {
        let secret = [9; 32];
        let base64 = base64::engine::general_purpose::STANDARD.encode([0xfb; 32]);
        for good in [
            format!("2026-a:{}", hex::encode(secret)),
            format!(" k : {base64} ").replace("k ", "k"),
            format!("k:{}", URL_SAFE_NO_PAD.encode([0xfb; 40])),
        ] {
            assert!(SigningKey::parse(&good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "k",
            "k:",
            ":00",
            &format!("k:{}", hex::encode([9; 31])),
            &format!("a b:{}", hex::encode(secret)),
            &format!("k:{}!", hex::encode(secret)),
        ] {
            assert!(SigningKey::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", key("k", 1)), "k:***");
    }
}
