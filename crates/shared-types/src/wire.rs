//! JSON documents on the wire: what clients get and what the two services tell each other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::format::ImageFormat;
use crate::ids::{Digest, ImageId, UserId};

/// One stored image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageDocument {
    /// Its id.
    pub id: ImageId,
    /// The user to whom it belongs, where there are users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Who may see it beside them: `private`, `unlisted` or `public`.
    #[serde(default)]
    #[schema(pattern = "^(private|unlisted|public)$", example = "unlisted")]
    pub visibility: String,
    /// Format of the original, by content.
    pub format: ImageFormat,
    /// Media type of the original.
    #[schema(example = "image/jpeg")]
    pub media_type: String,
    /// Width of the upright picture in pixels.
    pub width: u32,
    /// Height of the upright picture in pixels.
    pub height: u32,
    /// Size of the original in bytes.
    pub bytes: u64,
    /// BLAKE3 of the original, hex.
    pub digest: Digest,
    /// Whether the original has more than one frame.
    pub animated: bool,
    /// The file's name as the client gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people file it under.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What else they say of it.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Time of upload, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2026-01-31T12:00:00Z")]
    pub created_at: String,
    /// How many originals it has had: 1 until the first one is replaced.
    #[serde(default = "first")]
    pub revision: u64,
    /// When it got the original that it has, if that is not the first one; RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_at: Option<String>,
    /// Size in bytes of the master copy that variants are made from, once there is one; in the record of one image alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendition_bytes: Option<u64>,
    /// Where to get it.
    pub urls: ImageUrls,
}

/// The revision that a store tells which does not replace originals.
fn first() -> u64 {
    1
}

/// Addresses of one image, absolute where the service knows its public address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageUrls {
    /// Original bytes; add parameters for a variant.
    #[serde(rename = "self")]
    pub metadata: String,
    /// Delivery address without an extension.
    pub original: String,
    /// Download address in the short form.
    pub download: String,
    /// List of stored variants.
    pub variants: String,
    /// The picture in the preset of the album that lists it, if that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
}

/// Figures of a variant that another service made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantFigures {
    /// Size of what it was made from, in bytes.
    pub source_bytes: u64,
    /// Encoder quality used, if the format has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// How close it looks to what it was made from: SSIMULACRA2, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How many times a picture was encoded to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    /// Wall time of the work in seconds.
    pub seconds: f64,
}

/// One stored variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VariantDocument {
    /// The name it was stored under, or the canonical parameters it was made from.
    pub variant: String,
    /// Its format.
    pub format: ImageFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of its bytes, hex.
    pub digest: Digest,
    /// Where to get it.
    pub url: String,
    /// When it was stored, RFC 3339 in UTC.
    #[schema(format = DateTime, example = "2026-01-31T12:00:00Z")]
    pub created_at: String,
    /// What its maker reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<VariantFigures>,
}

/// The answer of `/compress/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CompressDocument {
    /// The image.
    pub id: ImageId,
    /// Whether a smaller variant was made and stored. If not, the original is the smallest that is known.
    pub compressed: bool,
    /// Where to download the result: the variant, or the original if it could not be made smaller.
    pub url: String,
    /// Format of what `url` gives.
    pub format: ImageFormat,
    /// Size before, in bytes.
    pub bytes_before: u64,
    /// Size after, in bytes; the same as before if nothing smaller was found.
    pub bytes_after: u64,
    /// `bytes_after / bytes_before`.
    pub ratio: f64,
    /// Encoder quality used, if the format has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// How close it looks to the original: SSIMULACRA2, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How many times the picture was encoded to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    /// Wall time of decoding and encoding, in seconds.
    pub seconds: f64,
    /// Always `OK`.
    pub status: String,
    /// What happened, in a sentence.
    pub message: String,
}
