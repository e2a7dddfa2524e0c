//! `/v1/uploads`: resumable uploads by the tus protocol, version 1.0.0 (<https://tus.io/protocols/resumable-upload>).

mod answer;
mod headers;
mod metadata;

use actix_web::dev::RequestHead;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route, guard};
use service_kit::http::ApiError;
use service_kit::http::route::resource;
use shared_types::UploadId;

use crate::app::Append;
use crate::domain::{Caller, Upload};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, upload_document};
use crate::http::query::{Query, parse_id, segment};
use crate::http::upload::body;

/// Routes of resumable uploads. Every answer names the version of the protocol.
pub(in crate::http) fn configure(config: &mut ServiceConfig) {
    let version = || DefaultHeaders::new().add((headers::TUS_RESUMABLE, headers::VERSION));
    let all = vec![route(Method::OPTIONS).to(options), route(Method::POST).to(create)];
    let one = vec![
        route(Method::OPTIONS).to(options),
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

/// `OPTIONS`: what is spoken here.
async fn options(state: web::Data<HttpState>) -> HttpResponse {
    answer::abilities(state.services.limits().upload_bytes)
}

/// `POST /v1/uploads`: begins an upload, with its first bytes or without.
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

/// `HEAD /v1/uploads/{id}`: where to go on.
async fn head(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    let id = upload_id(&request)?;
    headers::check_version(&request)?;
    let upload = state.services.resume_upload(&caller, id).await?;
    Ok(answer::standing(&upload))
}

/// `GET /v1/uploads/{id}`: the same and more as a document. Not a part of the protocol.
async fn get(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    let id = upload_id(&request)?;
    let upload = state.services.upload(&caller, id).await?;
    let document = upload_document(&base_url(&request, &state), &upload);
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(document))
}

/// `PATCH /v1/uploads/{id}`: further bytes.
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

/// `DELETE /v1/uploads/{id}`: ends an upload; an image that was made of it stays.
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
