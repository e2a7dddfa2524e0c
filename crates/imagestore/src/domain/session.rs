//! What a browser keeps of a key: a ticket that names the key and expires, signed with a key of the store. It is not the key itself, so
//! whoever reads it learns nothing that could be shown elsewhere, and it is worth nothing once the key is revoked.

use jiff::Timestamp;
use shared_types::KeyId;

use super::Keyring;

/// What the text of a ticket begins with, so that no other signature of the store can stand for one.
const KIND: &str = "imagestore-session-1";

/// That somebody has shown a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The key.
    pub key: KeyId,
    /// Until when that is believed, in whole seconds.
    pub expires: Timestamp,
}

impl Ticket {
    /// The ticket as text: `key.second.id of the signing key.signature`. `None` where there is nothing to sign with.
    pub fn seal(&self, keys: &Keyring) -> Option<String> {
        let (key, second) = (self.key.to_string(), self.expires.as_second().to_string());
        let seal = keys.seal(&[KIND, &key, &second])?;
        Some(format!("{key}.{second}.{seal}"))
    }

    /// Reads a ticket that this store has sealed and that holds still.
    pub fn open(text: &str, keys: &Keyring, now: Timestamp) -> Option<Self> {
        let (key, rest) = text.split_once('.')?;
        let (second, seal) = rest.split_once('.')?;
        if !keys.has_sealed(&[KIND, key, second], seal) {
            return None;
        }
        let expires = second.parse().ok().and_then(|second| Timestamp::from_second(second).ok())?;
        let ticket = Self { key: key.parse().ok()?, expires };
        (now < expires).then_some(ticket)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use crate::domain::SigningKey;

    const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);
    const LATER: Timestamp = Timestamp::constant(1_700_000_100, 0);

    fn ring(keys: &[(&str, u8)]) -> Keyring {
        let key = |(id, byte): &(&str, u8)| SigningKey::parse(&format!("{id}:{}", hex::encode([*byte; 32]))).unwrap();
        Keyring::new(keys.iter().map(key).collect()).unwrap()
    }

    #[test]
    fn a_ticket_is_opened_by_those_who_have_the_key_until_it_expires() {
        let ticket = Ticket { key: KeyId::generate(), expires: LATER };
        let text = ticket.seal(&ring(&[("a", 1)])).unwrap();
        assert_eq!(Ticket::open(&text, &ring(&[("b", 2), ("a", 1)]), NOW), Some(ticket));
        assert_eq!(Ticket::open(&text, &ring(&[("b", 2)]), NOW), None);
        assert_eq!(Ticket::open(&text, &ring(&[("a", 2)]), NOW), None);
        assert_eq!(Ticket::open(&text, &ring(&[("a", 1)]), LATER), None);
        assert_eq!(ticket.seal(&Keyring::default()), None);
    }

    #[test]
    fn a_ticket_that_was_changed_is_none() {
        let keys = ring(&[("a", 1)]);
        let text = Ticket { key: KeyId::generate(), expires: LATER }.seal(&keys).unwrap();
        let other = KeyId::generate().to_string();
        let (_, rest) = text.split_once('.').unwrap();
        for forged in [
            format!("{other}.{rest}"),
            text.replace("1700000100", "1800000000"),
            text.replace(".a.", ".b."),
            text[..text.len() - 1].to_owned(),
            format!("{text}A"),
            String::new(),
            "...".to_owned(),
        ] {
            assert_eq!(Ticket::open(&forged, &keys, NOW), None, "{forged}");
        }
    }

    #[test]
    fn a_signed_address_is_no_ticket() {
        let keys = ring(&[("a", 1)]);
        let (key, second) = (KeyId::generate().to_string(), LATER.as_second().to_string());
        let signed = keys.sign(&key, &second, LATER).unwrap();
        let sig = signed.rsplit_once("sig=").unwrap().1;
        assert_eq!(Ticket::open(&format!("{key}.{second}.a.{sig}"), &keys, NOW), None);
    }
}
