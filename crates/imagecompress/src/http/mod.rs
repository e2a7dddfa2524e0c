//! The HTTP side: `/compress/{id}`.

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use service_kit::http::ApiError;
use service_kit::http::route::{get, resource};
use shared_types::transform::Quality;
use shared_types::{ErrorCode, ImageId, TransformError};

use crate::app::{Compressor, Wish, output_format};

/// Every route of the service except health.
pub fn configure(config: &mut ServiceConfig, compressor: Compressor) {
    let routes = || vec![(Method::GET, get().to(compress)), (Method::POST, web::post().to(compress))];
    config
        .app_data(web::Data::new(compressor))
        .service(resource("/compress/{id}", routes()))
        .service(resource("/v1/compress/{id}", routes()))
        .service(resource("/", vec![(Method::GET, get().to(index))]));
}

/// `GET` or `POST /compress/{id}?type=jpg&q=70`.
async fn compress(request: HttpRequest, compressor: web::Data<Compressor>) -> Result<HttpResponse, ApiError> {
    let document = compressor.compress(wish(&request)?).await.map_err(|error| copy(&error))?;
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(document))
}

async fn index() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "service": "imagecompress",
        "version": env!("CARGO_PKG_VERSION"),
        "compress": "GET or POST /compress/{id}?type=jpg&q=80",
        "ready": "GET /readyz",
    }))
}

fn wish(request: &HttpRequest) -> Result<Wish, ApiError> {
    let id: ImageId = request.match_info().get("id").unwrap_or_default().parse().map_err(|error| {
        ApiError::new(ErrorCode::InvalidParameter, format!("`id` is malformed: {error}.")).parameter("id")
    })?;
    let mut wish = Wish { id, format: None, quality: None };
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        match &*name {
            "type" if wish.format.is_none() => wish.format = Some(output_format(&value)?),
            "q" if wish.quality.is_none() => {
                let quality: Quality = value.parse().map_err(|reason: String| TransformError::new("q", reason))?;
                wish.quality = Some(quality.get());
            }
            "type" | "q" => return Err(TransformError::new(name, "is given more than once").into()),
            _ => return Err(TransformError::new(name, "is not a parameter; known are type, q").into()),
        }
    }
    Ok(wish)
}

/// Each of those who waited for one result answers with an error of its own.
fn copy(error: &ApiError) -> ApiError {
    let mut copy = ApiError::new(error.code, error.detail.clone());
    copy.parameter.clone_from(&error.parameter);
    copy.retry_after = error.retry_after;
    copy.cause.clone_from(&error.cause);
    copy
}
