//! The native API: records and lists.

pub(super) mod images;
pub(super) mod stats;
pub(super) mod variants;

use actix_web::HttpResponse;
use serde_json::json;

/// What there is, for a person who opens the root in a browser or with curl.
pub(super) async fn index() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "service": "imagestore",
        "version": env!("CARGO_PKG_VERSION"),
        "upload": "POST /v1/images (multipart `file`, a raw body, or JSON with `data` or `url`)",
        "list": "GET /v1/images?limit=50",
        "image": "GET /v1/images/{id}",
        "deliver": "GET /i/{id}.webp?w=512",
        "delete": "DELETE /v1/images/{id}",
        "stats": "GET /v1/stats",
        "ready": "GET /readyz",
    }))
}
