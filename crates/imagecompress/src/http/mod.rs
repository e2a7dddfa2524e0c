//! The HTTP side: `/compress/{id}`, `/status/{id}`.

mod compress;
mod index;
pub(crate) mod metrics;
mod openapi;
mod query;
mod status;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use service_kit::http::route::{get, resource};

use crate::app::{Compressor, Key, Later, Sender};

/// The description of every address (`OpenAPI` 3.1).
pub fn describe() -> utoipa::openapi::OpenApi {
    openapi::document()
}

/// Every route of the service except health; `described` says whether the service describes itself.
pub fn configure(config: &mut ServiceConfig, compressor: Compressor, later: Later, described: bool) {
    let compress =
        || vec![(Method::GET, get().to(compress::compress)), (Method::POST, web::post().to(compress::compress))];
    let status = || vec![(Method::GET, get().to(status::status))];
    config
        .app_data(web::Data::new(compressor))
        .app_data(web::Data::new(later))
        .app_data(web::Data::new(index::Described(described)))
        .service(resource("/compress/{id}", compress()))
        .service(resource("/v1/compress/{id}", compress()))
        .service(resource("/status/{id}", status()))
        .service(resource("/v1/status/{id}", status()))
        .service(resource("/", vec![(Method::GET, get().to(index::get))]));
}

/// The client, with the key that it shows for the store.
fn sender(request: &HttpRequest) -> Sender {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key);
    Sender::Client(Key::shown(text("x-api-key").or(bearer).map(|key| key.trim().to_owned())))
}
