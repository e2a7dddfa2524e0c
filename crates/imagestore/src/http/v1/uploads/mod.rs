//! `/v1/uploads`: resumable uploads by the tus protocol, version 1.0.0 (<https://tus.io/protocols/resumable-upload>).

mod answer;
mod described;
mod document;
mod headers;
mod metadata;
mod requests;

use actix_web::dev::RequestHead;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route, guard};
use service_kit::http::ApiError;
use service_kit::http::route::resource;
use service_kit::openapi::{
    Conflict, Full, Gone, NotFound, PreconditionFailed, TooLarge, Unprocessable, UnsupportedType,
};
use shared_types::UploadId;
use utoipa::OpenApi;

use crate::app::Append;
use crate::domain::{Caller, Upload};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::Bytes;
use crate::http::documents::{base_url, uncached};
use crate::http::query::{Query, parse_id, segment};
use crate::http::upload::body;
use described::{Added, Begun, Standing};
use document::{UploadDocument, upload_document};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(options, options_of_one, create, head, get, append, delete),
    tags((
        name = "uploads",
        description = "Uploads that can be resumed, by the tus protocol, version 1.0.0. Clients that cannot send every method say the one they mean in `X-HTTP-Method-Override`.",
        external_docs(url = "https://tus.io/protocols/resumable-upload", description = "The protocol."),
    )),
)]
pub(in crate::http) struct Description;

/// Routes of resumable uploads. Every answer names the version of the protocol.
pub(in crate::http) fn configure(config: &mut ServiceConfig) {
    let version = || DefaultHeaders::new().add((headers::TUS_RESUMABLE, headers::VERSION));
    let all = vec![route(Method::OPTIONS).to(options), route(Method::POST).to(create)];
    let one = vec![
        route(Method::OPTIONS).to(options_of_one),
        route(Method::HEAD).to(head),
        route(Method::GET).to(get),
        route(Method::PATCH).to(append),
        route(Method::DELETE).to(delete),
    ];
    let all = [Method::OPTIONS, Method::POST].into_iter().zip(all).collect();
    let methods = [Method::OPTIONS, Method::HEAD, Method::GET, Method::PATCH, Method::DELETE];
    let one = methods.into_iter().zip(one).collect();
    config
        .service(resource("/v1/uploads", all).wrap(version()))
        .service(resource("/v1/uploads/{id}", one).wrap(version()));
}

/// A route for the method that is meant: `X-HTTP-Method-Override` is for clients that cannot send every method.
fn route(method: Method) -> Route {
    web::route().guard(guard::fn_guard(move |context| is_meant(context.head(), &method)))
}

fn is_meant(head: &RequestHead, method: &Method) -> bool {
    match head.headers.get(headers::METHOD_OVERRIDE) {
        Some(meant) => meant.as_bytes().eq_ignore_ascii_case(method.as_str().as_bytes()),
        None => head.method == *method,
    }
}

/// What is spoken here.
#[utoipa::path(
    options, path = "/v1/uploads", operation_id = "getUploadAbilities", tag = "uploads", security(()),
    responses((
        status = 204, description = "The headers tell.",
        headers(
            ("Tus-Version" = String, description = "Versions of the protocol."),
            ("Tus-Extension" = String, description = "Its extensions."),
            ("Tus-Max-Size" = u64, description = "The most bytes of an upload."),
            ("Tus-Checksum-Algorithm" = String, description = "The hash functions of `Upload-Checksum`."),
        ),
    )),
)]
async fn options(state: web::Data<HttpState>) -> HttpResponse {
    answer::abilities(state.services.limits().upload_bytes)
}

/// What is spoken here, asked of one upload.
#[utoipa::path(
    options, path = "/v1/uploads/{id}", operation_id = "getAbilitiesOfUpload", tag = "uploads", security(()),
    params(("id" = String, Path, description = "The upload, which need not be there.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses((status = 204, description = "The headers tell, as those of `/v1/uploads`.")),
)]
async fn options_of_one(state: web::Data<HttpState>) -> HttpResponse {
    options(state).await
}

/// Begin an upload.
///
/// With its first bytes or without; or put together from complete parts, which makes the image at once.
#[utoipa::path(
    post, path = "/v1/uploads", operation_id = "createUpload", tag = "uploads",
    params(requests::Spoken, requests::Creation, requests::Hashed),
    request_body(
        content = Option<Bytes>, content_type = "application/offset+octet-stream", description = "The first bytes, if any.",
    ),
    responses(Begun),
)]
async fn create(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    headers::check_version(&request)?;
    Query::of(&request).finish("")?;
    let new = headers::new_upload(&request)?;
    let first = headers::first_bytes(&request, &new)?;
    let mut upload = state.services.create_upload(&caller, new).await?;
    if let Some(first) = first {
        upload = take_first(&state, &caller, payload, upload.id, first).await?;
    }
    let location = format!("{}/v1/uploads/{}", base_url(&request, &state), upload.id);
    Ok(answer::progress(StatusCode::CREATED, &upload).insert_header((header::LOCATION, location)).finish())
}

/// Where to go on with an upload.
///
/// A request that hangs is ended before, so that all that it brought counts.
#[utoipa::path(
    head, path = "/v1/uploads/{id}", operation_id = "resumeUpload", tag = "uploads",
    params(("id" = UploadId, Path, description = "The upload.", example = "01890a5d-ac96-774b-bcce-b302099a8057"), requests::Spoken),
    responses(
        Standing,
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 410, response = Gone),
        (status = 412, response = PreconditionFailed),
        (status = 413, response = TooLarge),
        (status = 415, response = UnsupportedType),
        (status = 422, response = Unprocessable),
        (status = 507, response = Full),
    ),
)]
async fn head(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    let id = upload_id(&request)?;
    headers::check_version(&request)?;
    let upload = state.services.resume_upload(&caller, id).await?;
    Ok(answer::standing(&upload))
}

/// An upload as a document.
///
/// Not a part of the protocol: needs none of its headers.
#[utoipa::path(
    get, path = "/v1/uploads/{id}", operation_id = "getUpload", tag = "uploads",
    params(("id" = UploadId, Path, description = "The upload.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "How far it is, and what it became.", body = UploadDocument),
        (status = 404, response = NotFound),
        (status = 410, response = Gone),
    ),
)]
async fn get(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    let id = upload_id(&request)?;
    let upload = state.services.upload(&caller, id).await?;
    let document = upload_document(&base_url(&request, &state), &upload);
    Ok(uncached(StatusCode::OK).json(document))
}

/// Send further bytes of an upload.
///
/// What arrives of a request that breaks off is kept. With the last byte the upload becomes an image.
#[utoipa::path(
    patch, path = "/v1/uploads/{id}", operation_id = "appendToUpload", tag = "uploads",
    params(("id" = UploadId, Path, description = "The upload.", example = "01890a5d-ac96-774b-bcce-b302099a8057"), requests::Spoken, requests::Addition, requests::Hashed),
    request_body(content = Bytes, content_type = "application/offset+octet-stream", description = "The bytes."),
    responses(Added),
)]
async fn append(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = upload_id(&request)?;
    headers::check_version(&request)?;
    let append = headers::append(&request)?;
    let upload = take_in(&state, &caller, payload, id, append).await?;
    Ok(answer::progress(StatusCode::NO_CONTENT, &upload).finish())
}

/// End an upload.
///
/// An image that was made of it stays.
#[utoipa::path(
    delete, path = "/v1/uploads/{id}", operation_id = "deleteUpload", tag = "uploads",
    params(("id" = UploadId, Path, description = "The upload.", example = "01890a5d-ac96-774b-bcce-b302099a8057"), requests::Spoken),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, response = NotFound),
        (status = 410, response = Gone),
        (status = 412, response = PreconditionFailed),
        (status = 507, response = Full),
    ),
)]
async fn delete(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    let id = upload_id(&request)?;
    headers::check_version(&request)?;
    state.services.delete_upload(&caller, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn upload_id(request: &HttpRequest) -> Result<UploadId, ApiError> {
    let id = parse_id(segment(request, "id"))?;
    Query::of(request).finish("")?;
    Ok(id)
}

/// Takes in the body of the request that began an upload, which goes if that fails: its client was not told the address.
async fn take_first(
    state: &HttpState,
    caller: &Caller,
    payload: web::Payload,
    id: UploadId,
    first: Append,
) -> Result<Upload, ApiError> {
    let taken = take_in(state, caller, payload, id, first).await;
    if taken.is_err() {
        // The error that matters is the first.
        let _ = state.services.delete_upload(caller, id).await;
    }
    taken
}

/// Takes in the body. What arrives of one that breaks off is kept.
async fn take_in(
    state: &HttpState,
    caller: &Caller,
    mut payload: web::Payload,
    id: UploadId,
    append: Append,
) -> Result<Upload, ApiError> {
    let mut appending = state.services.append(caller, id, append).await?;
    loop {
        let next = tokio::select! {
            biased;
            () = appending.ended() => return Ok(appending.finish().await?),
            next = body::next(&state.bodies, &mut payload) => next,
        };
        let broken = match next {
            Ok(Some(Ok(piece))) => {
                appending.write(piece).await?;
                continue;
            }
            Ok(None) => return Ok(appending.finish().await?),
            Ok(Some(Err(error))) => body::cut_off(error),
            Err(pause) => pause,
        };
        appending.break_off().await;
        return Err(broken);
    }
}
