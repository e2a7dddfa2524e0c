//! Uploads: multipart, raw body, or JSON. `POST /v1/images` and `POST /upload` are the same; `PUT` is for `curl -T`.

pub(super) mod body;
pub(super) mod description;
mod documents;
pub(super) mod json;
pub(super) mod multipart;
pub(super) mod replace;

use actix_web::http::header::{ContentType, Header};
use actix_web::{HttpRequest, HttpResponse, mime, web};
use service_kit::http::ApiError;
use service_kit::openapi::{BadUpstream, NotFound, UpstreamTimeout};
use shared_types::ErrorCode;

use self::description::{FilesRefused, JsonUpload, UploadForm, UploadQuery};
use self::documents::{ResultsDocument, UploadAnswer, UploadedDocument, created};
use super::HttpState;
use super::access::As;
use super::query::{Query, segment};
use super::then;
use crate::app::{Destination, UploadOptions};
use crate::domain::ImageName;

/// Upload one image or several.
///
/// The type of the body tells how: a form with one file or several, a JSON document with the file in base64 or with its address, or the file
/// itself under whichever other type. What it is, its bytes tell. An answer means that it is kept, whatever happens then.
#[utoipa::path(
    post, path = "/v1/images", tag = "images", operation_id = "uploadImage", params(UploadQuery),
    request_body(
        description = "The picture, or several in a form.",
        content(
            (JsonUpload = "application/json", example = json!({
                "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
                "filename": "dot.png",
            })),
            (UploadForm = "multipart/form-data"),
            (Vec<u8> = "application/octet-stream"),
            (Vec<u8> = "image/jpeg"),
            (Vec<u8> = "image/png"),
        ),
    ),
    responses(
        (
            status = 200, description = "The image was there before (`on_duplicate=return`).", body = UploadedDocument,
            headers(("Location" = String, description = "The path of its record.")),
        ),
        (
            status = 201, description = "All are stored: a record, or the results of several files.", body = UploadAnswer,
            headers(("Location" = String, description = "The path of the record, of one file.")),
        ),
        (status = 207, description = "Some of several files are stored.", body = ResultsDocument),
        (status = 400, response = FilesRefused),
        (status = 404, response = NotFound),
        (status = 409, response = FilesRefused),
        (status = 413, response = FilesRefused),
        (status = 415, response = FilesRefused),
        (status = 422, response = FilesRefused),
        (status = 429, response = FilesRefused),
        (status = 502, response = BadUpstream),
        (status = 504, response = UpstreamTimeout),
        (status = 507, response = FilesRefused),
    ),
)]
pub(super) async fn upload(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request);
    let named = query.take("name")?;
    let then = then::parse(query.take("then")?.as_deref(), &state.presets)?;
    let visibility = query.parsed("visibility")?;
    let tags = query.parsed("tags")?.unwrap_or_default();
    let on_duplicate = query.parsed("on_duplicate")?.unwrap_or_default();
    let delete_token = query.flag("delete_token")?;
    let album = query.parsed("album")?;
    query.finish("name, then, visibility, tags, on_duplicate, delete_token, album")?;
    let mut options = UploadOptions { visibility, tags, then, on_duplicate, delete_token, album: None };
    if let Some(album) = album {
        into_album(&state, &mut options, state.services.destination(&caller, album).await?);
    }
    let in_path = segment(&request, "name");
    let name = named.as_deref().or((!in_path.is_empty()).then_some(in_path)).and_then(ImageName::from_client);
    let content_type = ContentType::parse(&request).ok().map(|content_type| content_type.0);
    match content_type.as_ref().map(|kind| (kind.type_(), kind.subtype())) {
        Some((mime::MULTIPART, _)) => multipart::upload(&request, payload, &state, &caller, &options).await,
        Some((mime::APPLICATION, mime::JSON)) => json::upload(&request, payload, &state, &caller, &options).await,
        // Whatever else is said: curl calls a picture a form. What it is, its bytes tell.
        _ => {
            let receiving = state.services.receive_image(&caller).await?;
            let uploaded = body::receive(&state, receiving, &request, payload).await?.finish(name, &options).await?;
            Ok(created(&request, &state, &uploaded))
        }
    }
}

/// Puts what is uploaded into an album, and does with it what the album wants done.
pub(super) fn into_album(state: &HttpState, options: &mut UploadOptions, destination: Destination) {
    if let Some(then) = &destination.album().then {
        options.then.extend(then::of_album(then, &state.presets));
    }
    options.album = Some(destination);
}

/// Nothing that could be an image.
fn no_image(detail: &str) -> ApiError {
    ApiError::new(ErrorCode::MissingImage, detail)
}
