//! `PUT /v1/images/{id}/file`: another original in the place of the one that an image has.

use std::sync::Arc;

use actix_multipart::Multipart;
use actix_web::http::header::{self, ContentType, EntityTag, Header, IfMatch};
use actix_web::{HttpRequest, HttpResponse, mime, web};
use service_kit::http::ApiError;
use shared_types::{Digest, ErrorCode, ImageId};

use super::{body, multipart, no_image};
use crate::app::Receiving;
use crate::domain::{Caller, Image};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, image_document};
use crate::http::query::{Query, parse_id, segment};

/// Takes the file as a raw body, or as the part `file` of a form; with `If-Match` only in the place of that original.
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
