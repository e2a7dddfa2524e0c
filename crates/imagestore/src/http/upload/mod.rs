//! Uploads: multipart, raw body, or JSON. `POST /v1/images` and `POST /upload` are the same; `PUT` is for `curl -T`.

pub(super) mod body;
pub(super) mod json;
pub(super) mod multipart;
mod replace;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType, Header};
use actix_web::{HttpRequest, HttpResponse, mime, web};
use serde_json::{Value, json};
use service_kit::http::ApiError;
use shared_types::ErrorCode;

pub(super) use replace::replace;

use super::HttpState;
use super::access::As;
use super::documents::{base_url, image_document, image_path, job_document};
use super::query::{Query, segment};
use super::then;
use crate::app::{Destination, UploadOptions, Uploaded};
use crate::domain::ImageName;

/// Takes one image or several, told apart by the type of the body.
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

/// 201 for a new image, 200 for one that was there before.
fn created(request: &HttpRequest, state: &HttpState, uploaded: &Uploaded) -> HttpResponse {
    HttpResponse::build(status_of(uploaded))
        .insert_header((header::LOCATION, image_path(uploaded.image.id)))
        .json(document(&base_url(request, state), uploaded))
}

fn status_of(uploaded: &Uploaded) -> StatusCode {
    if uploaded.is_new { StatusCode::CREATED } else { StatusCode::OK }
}

/// The image's document, what only an upload can tell, and the fields by which older clients know an answer.
fn document(base: &str, uploaded: &Uploaded) -> Value {
    let image = image_document(base, &uploaded.image);
    let id = image.id;
    let mut document = json!(image);
    if let Value::Object(fields) = &mut document {
        fields.insert("deduplicated".to_owned(), uploaded.deduplicated.into());
        if let Some(token) = &uploaded.delete_token {
            fields.insert("delete_token".to_owned(), token.as_str().into());
        }
        if !uploaded.jobs.is_empty() {
            let jobs: Vec<_> = uploaded.jobs.iter().map(|job| job_document(base, job)).collect();
            fields.insert("jobs".to_owned(), json!(jobs));
        }
        fields.insert("image ID".to_owned(), json!(id));
        fields.insert("status".to_owned(), "OK".into());
        let message = if uploaded.is_new { "The image is stored." } else { "The image was stored before." };
        fields.insert("message".to_owned(), message.into());
    }
    document
}

/// 201 when every file was stored, 207 when some were, else the first failure's status; each file has its own result.
fn several(request: &HttpRequest, state: &HttpState, results: Vec<Result<Uploaded, ApiError>>) -> HttpResponse {
    let base = base_url(request, state);
    let stored = results.iter().filter(|result| result.is_ok()).count();
    let first_failure = results.iter().find_map(|result| result.as_ref().err()).map(|error| error.code.status());
    let status = match first_failure {
        None => StatusCode::CREATED,
        Some(_) if stored > 0 => StatusCode::MULTI_STATUS,
        Some(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let results: Vec<_> = results
        .into_iter()
        .map(|result| match result {
            Ok(uploaded) => json!({ "status": status_of(&uploaded).as_u16(), "image": document(&base, &uploaded) }),
            Err(error) => json!({ "status": error.code.status(), "problem": error.problem() }),
        })
        .collect();
    HttpResponse::build(status).json(json!({ "results": results }))
}

/// Nothing that could be an image.
fn no_image(detail: &str) -> ApiError {
    ApiError::new(ErrorCode::MissingImage, detail)
}
