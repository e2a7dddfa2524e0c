//! `/`: what there is, for a person who opens the root in a browser or with curl.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(get))]
pub(super) struct Description;

/// Whether the service describes itself.
#[derive(Clone, Copy)]
pub(super) struct Described(pub(super) bool);

/// The main addresses.
#[derive(Serialize, ToSchema)]
struct CompressIndexDocument {
    #[schema(example = "imagecompress")]
    service: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
    compress: &'static str,
    status: &'static str,
    ready: &'static str,
    /// Where all addresses are described, unless that is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    openapi: Option<&'static str>,
}

/// The main addresses.
#[utoipa::path(
    get, path = "/", tag = "service", operation_id = "getIndex",
    responses((status = 200, description = "The main addresses.", body = CompressIndexDocument)),
)]
pub(super) async fn get(described: web::Data<Described>) -> HttpResponse {
    HttpResponse::Ok().json(CompressIndexDocument {
        service: "imagecompress",
        version: env!("CARGO_PKG_VERSION"),
        compress: "GET or POST /compress/{id}?type=jpg&target=high",
        status: "GET /status/{id}",
        ready: "GET /readyz",
        openapi: described.0.then_some("GET /openapi.json, as a page GET /swagger"),
    })
}
