//! `PUT /v1/images/{id}/file`: another original in the place of the one that an image has.

use std::sync::Arc;

use actix_multipart::Multipart;
use actix_web::http::header::{self, ContentType, EntityTag, Header, IfMatch};
use actix_web::{HttpRequest, HttpResponse, mime, web};
use service_kit::http::ApiError;
use service_kit::openapi::{Full, NotFound, PreconditionFailed, TooLarge, Unprocessable, UnsupportedType};
use shared_types::wire::ImageDocument;
use shared_types::{Digest, ErrorCode, ImageId};
use utoipa::OpenApi;

use super::description::UploadForm;
use super::{body, multipart, no_image};
use crate::app::Receiving;
use crate::domain::{Caller, Image};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, image_document};
use crate::http::query::{Query, parse_id, segment};

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(replace))]
pub(in crate::http) struct Description;

/// Replace the original of an image.
///
/// The id, name, tags, albums and visibility stay, and what was made of the old original goes. The same bytes change nothing.
#[utoipa::path(
    put, path = "/v1/images/{id}/file", tag = "images", operation_id = "replaceOriginal",
    params(
        ("id" = ImageId, Path, description = "The image."),
        (
            "If-Match" = Option<String>, Header,
            description = "The `ETag` of the original that is replaced: its digest in quotes. Refused if the image has another one.",
        ),
    ),
    request_body(
        description = "The picture, or a form with it in the part `file`.",
        content((Vec<u8> = "application/octet-stream"), (Vec<u8> = "image/jpeg"), (UploadForm = "multipart/form-data")),
    ),
    responses(
        (
            status = 200, description = "The image has this original.", body = ImageDocument,
            headers(("ETag" = String, description = "The digest of the original, in quotes.")),
        ),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        (status = 413, response = TooLarge),
        (status = 415, response = UnsupportedType),
        (status = 422, response = Unprocessable),
        (status = 507, response = Full),
    ),
)]
pub(in crate::http) async fn replace(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id: ImageId = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let expected = expected(&request)?;
    let content_type = ContentType::parse(&request).ok().map(|content_type| content_type.0);
    let is_form = content_type.is_some_and(|kind| kind.type_() == mime::MULTIPART);
    let (image, received) = if is_form {
        form(&request, payload, &state, &caller, id).await?
    } else {
        let (image, receiving) = state.services.receive_replacement(&caller, id).await?;
        (image, body::receive(&state, receiving, &request, payload).await?)
    };
    let image = state.services.replace_original(image, received, expected).await?;
    let etag = header::ETag(EntityTag::new_strong(image.digest.to_string()));
    Ok(HttpResponse::Ok().insert_header(etag).json(image_document(&base_url(&request, &state), &image)))
}

/// Takes the first part that is a file; further ones are refused.
async fn form(
    request: &HttpRequest,
    payload: web::Payload,
    state: &HttpState,
    caller: &Caller,
    id: ImageId,
) -> Result<(Arc<Image>, Receiving), ApiError> {
    let (image, mut receiving) = state.services.receive_replacement(caller, id).await?;
    let mut parts = Multipart::new(request.headers(), payload);
    let mut is_there = false;
    while let Some(part) = body::next(&state.bodies, &mut parts).await? {
        let mut part = part.map_err(multipart::unreadable)?;
        if multipart::file_name(&part).is_none() {
            multipart::skip(state, part, multipart::FIELD_BYTES as u64).await?;
            continue;
        }
        if std::mem::replace(&mut is_there, true) {
            let detail = "The form has several files in it; an image has one original.";
            return Err(ApiError::new(ErrorCode::InvalidBody, detail).parameter("file"));
        }
        while let Some(piece) = body::next(&state.bodies, &mut part).await? {
            receiving.write(piece.map_err(multipart::unreadable)?).await?;
        }
    }
    if is_there {
        Ok((image, receiving))
    } else {
        Err(no_image("The form has no file in it; send it in a part called `file`."))
    }
}

/// The originals that the client would replace: those whose `ETag`, which is the digest, it names.
fn expected(request: &HttpRequest) -> Result<Option<Vec<Digest>>, ApiError> {
    if !request.headers().contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let unreadable = || {
        let detail = "If-Match must be `*` or the `digest` of the original in quotes, which is its ETag.";
        ApiError::new(ErrorCode::InvalidParameter, detail).parameter("If-Match")
    };
    match IfMatch::parse(request).map_err(|_| unreadable())? {
        IfMatch::Any => Ok(None),
        // What is no digest is no original's.
        IfMatch::Items(tags) => {
            Ok(Some(tags.iter().filter(|tag| !tag.weak).filter_map(|tag| tag.tag().parse().ok()).collect()))
        }
    }
}
