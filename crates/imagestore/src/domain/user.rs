//! Those to whom images belong, and the keys by which they are known.

use jiff::Timestamp;
use shared_types::{Digest, ErrorCode, KeyId, UserId};

use super::{Scopes, StoreError};

/// To whom images belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What people call it; no two have the same.
    pub name: UserName,
    /// Whether its keys are refused.
    pub disabled: bool,
    /// What it may keep and ask for.
    pub quotas: Quotas,
    /// What it keeps.
    pub usage: Usage,
    /// When it was added, in whole microseconds.
    pub created: Timestamp,
}

/// What a user may keep and ask for; `None` is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Images.
    pub images: Option<u64>,
    /// Bytes of their originals, equal ones counted each time.
    pub bytes: Option<u64>,
    /// Requests in a minute.
    pub requests_per_minute: Option<u32>,
}

/// What is to be changed of a user; `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Whether its keys are refused.
    pub disabled: Option<bool>,
    /// What it may keep and ask for.
    pub quotas: Option<Quotas>,
}

/// What a user keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Images.
    pub images: u64,
    /// Bytes of their originals, equal ones counted each time.
    pub bytes: u64,
}

impl User {
    /// Whether another image of that size may be added.
    ///
    /// # Errors
    /// Which quota is used up.
    pub fn check_room(&self, bytes: u64) -> Result<(), StoreError> {
        let images = self.usage.images;
        if let Some(most) = self.quotas.images.filter(|most| images >= *most) {
            let what = format!("{images} of at most {most} images are stored; delete some first.");
            return Err(StoreError::new(ErrorCode::QuotaExceeded, what));
        }
        self.check_bytes(bytes)
    }

    /// Whether the images may have so many more bytes.
    ///
    /// # Errors
    /// The quota is used up.
    pub fn check_bytes(&self, bytes: u64) -> Result<(), StoreError> {
        let kept = self.usage.bytes;
        match self.quotas.bytes {
            Some(most) if kept.saturating_add(bytes) > most => {
                let what = format!(
                    "{kept} of at most {most} bytes are stored, and this needs {bytes} more; delete some first."
                );
                Err(StoreError::new(ErrorCode::QuotaExceeded, what))
            }
            _ => Ok(()),
        }
    }
}

/// A user's name: 1 to 64 characters of `a-z 0-9 - _ . @`, first one a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserName(String);

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for UserName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let valid = (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.@".contains(&b));
        let wanted = "must be 1 to 64 characters of a-z, 0-9, '-', '_', '.' and '@', and start with a letter or digit";
        if valid { Ok(Self(text.to_owned())) } else { Err(wanted.to_owned()) }
    }
}

/// What the catalog knows of a key. The key itself is shown once and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, by which it is listed and revoked.
    pub id: KeyId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub label: String,
    /// The digest of the whole key.
    pub digest: Digest,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was made, in whole microseconds.
    pub created: Timestamp,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was used last, to about a minute.
    pub used: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it is taken at that time.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_can_stand_in_a_path_and_a_log_line() {
        for good in ["anna", "0", "anna.b-c_d@example.org"] {
            assert!(good.parse::<UserName>().is_ok(), "{good}");
        }
        for bad in ["", "Anna", ".", "../x", "a b", "a\n", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<UserName>().is_err(), "{bad:?}");
        }
    }
}
