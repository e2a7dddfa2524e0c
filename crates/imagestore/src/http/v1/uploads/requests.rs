//! The headers of requests, as they are described.
#![expect(dead_code, reason = "only described")]

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The version that the client speaks.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Spoken {
    /// The version of the protocol.
    #[param(rename = "Tus-Resumable", inline, example = "1.0.0")]
    tus_resumable: Version,
}

/// Every version that is spoken.
#[derive(Deserialize, ToSchema)]
enum Version {
    #[serde(rename = "1.0.0")]
    One,
}

/// Says yes.
#[derive(Deserialize, ToSchema)]
enum Yes {
    #[serde(rename = "1")]
    One,
}

/// An upload that is begun.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Creation {
    /// How many bytes come. Needed, unless `Upload-Defer-Length` says that it is said later, or `Upload-Concat` puts parts together.
    #[param(rename = "Upload-Length", required = false, minimum = 0, example = 11)]
    length: u64,
    /// The number of bytes is said later, with `Upload-Length` at some bytes.
    #[param(rename = "Upload-Defer-Length", required = false, inline)]
    defer_length: Yes,
    /// Keys, each with a value in base64 behind a space, and commas between them: at most 8 KiB. `filename` or `name`, `then`, `visibility`
    /// and `tags` mean what they mean at every upload; others are kept for the client.
    #[param(rename = "Upload-Metadata", required = false, example = "filename cGhvdG8uanBn,visibility cHVibGlj")]
    metadata: String,
    /// `partial` begins a part of an upload; `final;` and the addresses of complete parts, with spaces between them, put these together.
    #[param(rename = "Upload-Concat", required = false)]
    concat: String,
}

/// Further bytes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Addition {
    /// Where the bytes begin: as many as are there.
    #[param(rename = "Upload-Offset", minimum = 0, example = 0)]
    offset: u64,
    /// How many bytes the upload has, where that was not said before.
    #[param(rename = "Upload-Length", required = false, minimum = 0)]
    length: u64,
}

/// What the bytes of a request are to hash to.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Hashed {
    /// `sha1`, `sha256` or `md5`, a space, and the hash of this request's bytes in base64. Bytes with another hash are not kept.
    #[param(rename = "Upload-Checksum", required = false, example = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")]
    checksum: String,
}
