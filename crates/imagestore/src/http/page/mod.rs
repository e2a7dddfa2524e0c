//! The store's own page, for people: at `/` and `/v1` for browsers, and below `/ui/`. Everything it does it does by the addresses that all
//! clients have.

mod files;

use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT_ENCODING, Accept, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, Header,
    HeaderName, HeaderValue, IF_NONE_MATCH, IfNoneMatch, Quality, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::mime;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use service_kit::http::ApiError;
use service_kit::http::route::{get, resource};
use service_kit::openapi::NotFound;
use shared_types::ErrorCode;
use utoipa::OpenApi;

use super::HttpState;
use super::v1::index;
use files::PageFile;

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(page, asset))]
pub(super) struct Description;

/// The page's own files, what they ask of the service, and pictures of which they have the bytes; nothing from elsewhere, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
                      worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src 'self' blob: data:";

/// What the page never asks a browser for.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

const INDEX: &str = "index.html";

/// Adds the page, if there is to be one, and what stands in its place for programs.
pub(super) fn configure(config: &mut ServiceConfig, is_served: bool) {
    let root = || vec![(Method::GET, if is_served { get().to(root) } else { get().to(index::get) })];
    config.service(resource("/", root())).service(resource("/v1", root()));
    if is_served {
        config
            .service(resource("/ui/assets/{file:.*}", vec![(Method::GET, get().to(asset))]))
            .service(resource("/ui", vec![(Method::GET, get().to(page))]))
            .service(resource("/ui/{view:.*}", vec![(Method::GET, get().to(page))]));
    }
}

/// The page for browsers, the main addresses for everybody else.
async fn root(request: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, ApiError> {
    if !prefers_html(&request) {
        return Ok(index::get(state).await);
    }
    page(request, state).await
}

/// The page of the store.
///
/// For people, at each of its views.
#[utoipa::path(
    get, path = "/ui/{view}", tag = "service", operation_id = "getUserInterface",
    params(("view" = String, Path, description = "A view of the page, such as `jobs`; the page itself reads it.", example = "jobs")),
    responses((
        status = 200, description = "The page.", body = String, content_type = "text/html",
        headers(("Content-Security-Policy" = String, description = "Nothing but files of the page is run or shown.")),
    )),
)]
async fn page(request: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, ApiError> {
    let file = PageFile::find(INDEX).ok_or_else(missing)?;
    // Asked for anew each time, so that it never names files that a newer program does not have.
    let mut answer = send(&request, file, "no-cache");
    let headers = answer.headers_mut();
    headers.append(VARY, HeaderValue::from_static("accept"));
    headers.insert(CONTENT_SECURITY_POLICY, policy(&state).await);
    for (name, value) in
        [(REFERRER_POLICY, "no-referrer"), (PERMISSIONS_POLICY, PERMISSIONS), (OPENER_POLICY, "same-origin")]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

/// The policy, which ends with where pictures come from: also from the storage, if it sends originals itself.
async fn policy(state: &HttpState) -> HeaderValue {
    let origin = state.services.origin_of_originals().await;
    let with_storage = origin.and_then(|origin| HeaderValue::try_from(format!("{POLICY} {origin}")).ok());
    with_storage.unwrap_or(HeaderValue::from_static(POLICY))
}

/// A file that the page is made of.
///
/// Its name changes with its content, so that copies may be kept for good.
#[utoipa::path(
    get, path = "/ui/assets/{file}", tag = "service", operation_id = "getUserInterfaceFile",
    params(("file" = String, Path, description = "The name of a file that the page refers to.", example = "app.js")),
    responses(
        (status = 200, description = "The file.", content((String = "text/javascript"), (String = "text/css"), (String = "image/svg+xml"))),
        (status = 404, response = NotFound),
    ),
)]
async fn asset(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let name = request.match_info().get("file").unwrap_or_default();
    let file = PageFile::find(&format!("assets/{name}")).ok_or_else(missing)?;
    Ok(send(&request, file, "public, max-age=31536000, immutable"))
}

fn missing() -> ApiError {
    ApiError::new(ErrorCode::NoRoute, "The page has no such file; load the page anew.")
}

fn send(request: &HttpRequest, file: &PageFile, kept: &'static str) -> HttpResponse {
    let form = file.form_for(request);
    let is_known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&form.etag)),
        Err(_) => false,
    };
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((ETAG, form.etag.to_string()))
        .insert_header((CACHE_CONTROL, kept))
        .insert_header((VARY, ACCEPT_ENCODING.as_str()))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if is_known {
        return answer.finish();
    }
    if let Some(encoding) = form.encoding {
        answer.insert_header((CONTENT_ENCODING, encoding));
    }
    answer.insert_header((CONTENT_TYPE, file.media_type)).body(form.bytes)
}

/// Whether the client names HTML, and wants it at least as much as anything else: a browser does, programs say nothing or a wildcard.
fn prefers_html(request: &HttpRequest) -> bool {
    let Ok(Accept(ranges)) = Accept::parse(request) else { return false };
    let quality = |name: &str| ranges.iter().find(|range| range.item.essence_str() == name).map(|range| range.quality);
    let json = quality(mime::APPLICATION_JSON.essence_str()).unwrap_or(Quality::ZERO);
    quality(mime::TEXT_HTML.essence_str()).is_some_and(|html| html > json)
}
