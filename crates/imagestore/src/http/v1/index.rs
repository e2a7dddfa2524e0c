//! `/` and `/v1`: what there is, for programs and for a person with curl.

use actix_web::http::header::{ACCEPT, VARY};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::http::HttpState;

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(get))]
pub(in crate::http) struct Description;

/// The main addresses, each with an example.
#[derive(Serialize, ToSchema)]
struct IndexDocument {
    #[schema(example = "imagestore")]
    service: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
    upload: &'static str,
    upload_resumable: &'static str,
    list: &'static str,
    image: &'static str,
    deliver: &'static str,
    info: &'static str,
    srcset: &'static str,
    similar: &'static str,
    sign: &'static str,
    delete: &'static str,
    albums: &'static str,
    compress: &'static str,
    jobs: &'static str,
    events: &'static str,
    stats: &'static str,
    ready: &'static str,
    /// Where all addresses are described, unless that is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    openapi: Option<&'static str>,
}

/// The main addresses.
///
/// Browsers, which name `text/html` in `Accept`, are sent the store's page instead, unless `page.enabled` is off. The same is at `/v1`.
#[utoipa::path(
    get, path = "/", tag = "service", operation_id = "getIndex",
    responses((
        status = 200, description = "The main addresses, or the page.",
        content((IndexDocument = "application/json"), (String = "text/html")),
    )),
)]
pub(in crate::http) async fn get(state: web::Data<HttpState>) -> HttpResponse {
    HttpResponse::Ok().insert_header((VARY, ACCEPT.as_str())).json(IndexDocument {
        service: "imagestore",
        version: env!("CARGO_PKG_VERSION"),
        upload: "POST /v1/images (multipart `file`, a raw body, or JSON with `data` or `url`)",
        upload_resumable: "POST /v1/uploads (tus 1.0.0)",
        list: "GET /v1/images?limit=50",
        image: "GET /v1/images/{id}",
        deliver: "GET /i/{id}.webp?w=512",
        info: "GET /i/{id}.json, with explain=1 and parameters the plan for them",
        srcset: "GET /v1/images/{id}/srcset?widths=320,640",
        similar: "GET /v1/images/{id}/similar",
        sign: "POST /v1/images/{id}/sign {\"query\": \"w=512\", \"format\": \"webp\", \"expires_in\": 3600}",
        delete: "DELETE /v1/images/{id}",
        albums: "POST /v1/albums {\"name\": …}, GET /v1/albums",
        compress: "POST /v1/compressions {\"image_id\": …, \"target\": \"high\", \"formats\": \"auto\"}",
        jobs: "GET /v1/jobs?status=queued",
        events: "GET /v1/events",
        stats: "GET /v1/stats",
        ready: "GET /readyz",
        openapi: state.swagger.then_some("GET /openapi.json, as a page GET /swagger"),
    })
}
