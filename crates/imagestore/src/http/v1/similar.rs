//! `/v1/images/{id}/similar`: images that look alike.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use service_kit::http::ApiError;
use shared_types::TransformError;

use crate::app::{MAX_DISTANCE, MAX_SIMILAR};
use crate::domain::Similar;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, image_document};
use crate::http::query::{Query, parse_id, segment};

const DEFAULT_LIMIT: u32 = 50;

/// `GET /v1/images/{id}/similar?distance&limit`: the nearest first.
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    let (distance, limit) = bounds(&request)?;
    let similar = state.services.similar(&caller, id, distance, limit).await?;
    let base = base_url(&request, &state);
    let images: Vec<_> = similar.iter().map(|similar| document(&base, similar)).collect();
    Ok(HttpResponse::Ok().json(json!({ "images": images })))
}

fn bounds(request: &HttpRequest) -> Result<(u32, u32), TransformError> {
    let mut query = Query::of(request);
    let limit = query.limit(DEFAULT_LIMIT, MAX_SIMILAR)?;
    let distance = match query.take("distance")? {
        None => MAX_DISTANCE,
        Some(text) => text.parse().ok().filter(|distance| *distance <= MAX_DISTANCE).ok_or_else(|| {
            TransformError::new("distance", format!("must be a whole number of bits from 0 to {MAX_DISTANCE}"))
        })?,
    };
    query.finish("distance, limit")?;
    Ok((distance, limit))
}

fn document(base: &str, Similar { image, distance, exact }: &Similar) -> Value {
    let mut document = json!(image_document(base, image));
    if let Value::Object(fields) = &mut document {
        fields.insert("distance".to_owned(), json!(distance));
        fields.insert("exact".to_owned(), json!(exact));
    }
    document
}
