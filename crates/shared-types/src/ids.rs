//! Ids, digests and names. Each parses at the edge and is valid from then on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An id, digest or name that does not parse; the text says what is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseIdError(&'static str);

/// An id in the form of a `UUIDv7`, so that ids sort by the time at which they were made.
macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident = $expected:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        #[schema(example = "01890a5d-ac96-774b-bcce-b302099a8057")]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, later in order than every id this process made before.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id as a plain UUID, for storage.
            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            /// Accepts the hyphenated form only, in either case: one id has one spelling in caches and logs.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let parsed = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten();
                parsed.map(Self).ok_or(ParseIdError(concat!($expected, " is a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057")))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )+};
}

uuid_ids! {
    /// Names one uploaded image.
    ImageId = "an image id";
    /// Names one job.
    JobId = "a job id";
    /// Names one backfill: jobs for every image of a time.
    BackfillId = "a backfill id";
    /// Names one user, to whom images belong.
    UserId = "a user id";
    /// Names one API key; it is not the key.
    KeyId = "a key id";
    /// Names one resumable upload.
    UploadId = "an upload id";
    /// Names one piece of the bytes of resumable uploads.
    PartId = "a part id";
    /// Names one album.
    AlbumId = "an album id";
    /// Names one public link to an album; it is not the link's token.
    ShareId = "a share id";
}

impl ImageId {
    /// A new id that stands in the order of ids where that time does, given in seconds and nanoseconds since 1970.
    pub fn generate_at(seconds: u64, nanos: u32) -> Self {
        Self(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)))
    }
}

/// The BLAKE3 digest of some bytes; names a blob. 64 lower-case hex digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The 32 bytes of the digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Digest {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        if text.bytes().any(|b| b.is_ascii_uppercase()) || hex::decode_to_slice(text, &mut bytes).is_err() {
            return Err(ParseIdError("a digest is 64 lower-case hex digits"));
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The name under which another service stores a variant, such as `compress`.
///
/// 1 to 64 characters of `a-z 0-9 - _`, first one a letter: it can stand in a URL, a log line or a file name as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[a-z][a-z0-9_-]{0,63}$")]
pub struct VariantName(String);

impl TryFrom<String> for VariantName {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<VariantName> for String {
    fn from(name: VariantName) -> Self {
        name.0
    }
}

impl VariantName {
    /// The name that the compressing service uses.
    pub fn compress() -> Self {
        Self("compress".to_owned())
    }

    /// The name of what one operation, asked for with the upload, made of an image.
    pub fn processed() -> Self {
        Self("processed".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VariantName {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError("a variant name is 1 to 64 characters of a-z, 0-9, '-' and '_', and starts with a letter"))
        }
    }
}

impl fmt::Display for VariantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_id_has_one_spelling() {
        let id = ImageId::generate();
        assert_eq!(id.to_string().parse::<ImageId>(), Ok(id));
        for bad in
            ["", "x", "../../etc/passwd", "01890a5dac96774bbcceb302099a8057", "{01890a5d-ac96-774b-bcce-b302099a8057}"]
        {
            assert!(bad.parse::<ImageId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_is_lower_case_hex() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
        assert!("00".parse::<Digest>().is_err());
    }

    #[test]
    fn a_variant_name_cannot_leave_its_folder() {
        assert!("compress".parse::<VariantName>().is_ok());
        for bad in ["", "../x", "a/b", "A", "1st", "a b", "a\0", &"a".repeat(65)] {
            assert!(bad.parse::<VariantName>().is_err(), "{bad:?}");
        }
    }
}
