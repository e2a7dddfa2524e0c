//! The HTTP side: `/compress/{id}`, `/status/{id}`.

mod compress;
pub(crate) mod metrics;
mod query;
mod status;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use serde_json::json;
use service_kit::http::route::{get, resource};

use crate::app::{Compressor, Later};

/// Every route of the service except health.
pub fn configure(config: &mut ServiceConfig, compressor: Compressor, later: Later) {
    let compress =
        || vec![(Method::GET, get().to(compress::compress)), (Method::POST, web::post().to(compress::compress))];
    let status = || vec![(Method::GET, get().to(status::status))];
    config
        .app_data(web::Data::new(compressor))
        .app_data(web::Data::new(later))
        .service(resource("/compress/{id}", compress()))
        .service(resource("/v1/compress/{id}", compress()))
        .service(resource("/status/{id}", status()))
        .service(resource("/v1/status/{id}", status()))
        .service(resource("/", vec![(Method::GET, get().to(index))]));
}

async fn index() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "service": "imagecompress",
        "version": env!("CARGO_PKG_VERSION"),
        "compress": "GET or POST /compress/{id}?type=jpg&target=high",
        "status": "GET /status/{job}",
        "ready": "GET /readyz",
    }))
}
