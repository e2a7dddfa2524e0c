//! A request body, piece by piece.

use std::fmt::Display;

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::{self, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use service_kit::http::ApiError;
use shared_types::ErrorCode;

use crate::app::Receiving;
use crate::http::{BodyLimits, HttpState};

/// Receives the whole body as one file.
pub(in crate::http) async fn receive(
    state: &HttpState,
    mut receiving: Receiving,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<Receiving, ApiError> {
    if let Some(announced) = announced(request) {
        state.services.check_announced(announced)?;
    }
    while let Some(piece) = next(&state.bodies, &mut payload).await? {
        receiving.write(piece.map_err(broken)?).await?;
    }
    Ok(receiving)
}

/// Reads the whole body into memory, up to `limit` bytes.
pub(in crate::http) async fn gather(
    limits: &BodyLimits,
    request: &HttpRequest,
    mut payload: web::Payload,
    limit: usize,
) -> Result<Bytes, ApiError> {
    if announced(request).is_some_and(|announced| announced > limit as u64) {
        return Err(too_large(limit));
    }
    let mut body = BytesMut::new();
    while let Some(piece) = next(limits, &mut payload).await? {
        let piece = piece.map_err(broken)?;
        if body.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// The next piece, unless the client pauses for too long.
pub(in crate::http) async fn next<S: Stream + Unpin>(
    limits: &BodyLimits,
    stream: &mut S,
) -> Result<Option<S::Item>, ApiError> {
    tokio::time::timeout(limits.pause, stream.next()).await.map_err(|_| {
        let detail = format!("No byte of the body arrived for {} s; send it again.", limits.pause.as_secs());
        ApiError::new(ErrorCode::RequestTimeout, detail)
    })
}

/// How many bytes the body has, if the request says so.
pub(in crate::http) fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn broken(error: PayloadError) -> ApiError {
    cut_off(error)
}

/// The client stopped before the end it announced, so it will rarely read this.
pub(in crate::http) fn cut_off(error: impl Display) -> ApiError {
    log::debug!("the body was cut off: {error}");
    ApiError::new(ErrorCode::IncompleteBody, "The body ended before its announced length; send it again.")
}

fn too_large(limit: usize) -> ApiError {
    let detail =
        format!("A JSON document may have at most {limit} bytes here; send a file as multipart or as the raw body.");
    ApiError::new(ErrorCode::TooManyBytes, detail)
}
