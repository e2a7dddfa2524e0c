//! The HTTP side: `/compress/{id}`, `/status/{id}`.

mod compress;
pub(crate) mod metrics;
mod query;
mod status;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use service_kit::http::route::{get, resource};

use crate::app::{Compressor, Key, Later, Sender};

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

/// The client, with the key that it shows for the store.
fn sender(request: &HttpRequest) -> Sender {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key);
    Sender::Client(Key::shown(text("x-api-key").or(bearer).map(|key| key.trim().to_owned())))
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
