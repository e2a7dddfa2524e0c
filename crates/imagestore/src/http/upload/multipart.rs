//! `multipart/form-data`: every part with a file name, or called `file`, is an image.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use shared_types::ErrorCode;

use super::documents::{created, several};
use super::{body, no_image};
use crate::app::{UploadOptions, Uploaded};
use crate::domain::{Caller, ImageName, Scope};
use crate::http::HttpState;

/// Other form fields are read and forgotten, up to this size.
pub(super) const FIELD_BYTES: usize = 64 * 1024;

pub(super) async fn upload(
    request: &HttpRequest,
    payload: web::Payload,
    state: &HttpState,
    caller: &Caller,
    options: &UploadOptions,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Write)?;
    let mut multipart = Multipart::new(request.headers(), payload);
    let mut results: Vec<Result<Uploaded, ApiError>> = Vec::new();
    while let Some(field) = body::next(&state.bodies, &mut multipart).await? {
        let field = field.map_err(unreadable)?;
        let Some(name) = file_name(&field) else {
            skip(state, field, FIELD_BYTES as u64).await?;
            continue;
        };
        if results.len() == state.bodies.files {
            let detail = format!("One request may carry at most {} files here (limits.files).", state.bodies.files);
            return Err(ApiError::new(ErrorCode::TooManyBytes, detail));
        }
        results.push(file(state, caller, field, ImageName::from_client(&name), options).await?);
    }
    match results.len() {
        0 => Err(no_image(
            "The form has no file in it; send it in a part called `file`, as curl -F file=@photo.jpg does.",
        )),
        1 => results.remove(0).map(|uploaded| created(request, state, &uploaded)),
        _ => Ok(several(request, state, results)),
    }
}

/// One file. The inner error is about this file alone, and the next one can still be read.
pub(in crate::http) async fn file(
    state: &HttpState,
    caller: &Caller,
    mut field: Field,
    name: Option<ImageName>,
    options: &UploadOptions,
) -> Result<Result<Uploaded, ApiError>, ApiError> {
    let mut receiving = state.services.receive_image(caller).await?;
    while let Some(piece) = body::next(&state.bodies, &mut field).await? {
        if let Err(error) = receiving.write(piece.map_err(unreadable)?).await {
            let rest = state.services.limits().upload_bytes.saturating_sub(receiving.bytes());
            drop(receiving);
            return match skip(state, field, rest).await {
                // What comes behind so large a part is not read: what is wrong with the file is all that can be told.
                Err(skipped) if skipped.code == ErrorCode::TooManyBytes => Err(error.into()),
                skipped => skipped.map(|()| Err(error.into())),
            };
        }
    }
    Ok(receiving.finish(name, options).await.map_err(ApiError::from))
}

/// Reads a part to its end without keeping it.
pub(in crate::http) async fn skip(state: &HttpState, mut field: Field, limit: u64) -> Result<(), ApiError> {
    let mut bytes = 0;
    while let Some(piece) = body::next(&state.bodies, &mut field).await? {
        bytes += piece.map_err(unreadable)?.len() as u64;
        if bytes > limit {
            return Err(ApiError::new(ErrorCode::TooManyBytes, "A part of the form is too large."));
        }
    }
    Ok(())
}

/// The client's name for the file; `None` for a field that is not a file.
pub(super) fn file_name(field: &Field) -> Option<String> {
    let file_name = field.content_disposition().and_then(|disposition| disposition.get_filename());
    match (file_name, field.name()) {
        (Some(name), _) => Some(name.to_owned()),
        (None, Some("file")) => Some(String::new()),
        (None, _) => None,
    }
}

pub(in crate::http) fn unreadable(error: MultipartError) -> ApiError {
    match error {
        MultipartError::Incomplete | MultipartError::Payload(_) => body::cut_off(error),
        _ => ApiError::new(
            ErrorCode::InvalidBody,
            format!("The body is not the multipart form that its Content-Type promises: {error}."),
        ),
    }
}
