//! Pictures in texts.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use shared_types::ErrorCode;

use crate::domain::StoreError;

/// Padding may be there or not.
pub const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes that a text in base64 has, which may be a `data:` URL as browsers make them. Off the async threads: it may be long.
///
/// # Errors
/// It is no base64: the parameter is named.
pub async fn decode_base64(text: String, parameter: &str) -> Result<Bytes, StoreError> {
    let decode = move || {
        let text = text.split_once(";base64,").map_or(text.as_str(), |(_, text)| text);
        BASE64.decode(text.trim_ascii())
    };
    let decoded = tokio::task::spawn_blocking(decode).await.map_err(StoreError::internal)?;
    decoded.map(Bytes::from).map_err(|error| {
        let why = error.to_string();
        let detail = format!("`{parameter}` is not base64 ({}).", why.trim_end_matches('.'));
        StoreError::new(ErrorCode::InvalidBody, detail).parameter(parameter)
    })
}

/// The text for these bytes, off the async threads as well.
///
/// # Errors
/// A fault of the service.
pub async fn encode_base64(bytes: Bytes) -> Result<String, StoreError> {
    tokio::task::spawn_blocking(move || BASE64.encode(bytes)).await.map_err(StoreError::internal)
}
