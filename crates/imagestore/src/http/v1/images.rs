//! `/v1/images` and `/v1/images/{id}`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use service_kit::http::ApiError;
use shared_types::ImageId;
use shared_types::wire::ImageDocument;

use crate::app::MAX_PAGE;
use crate::http::HttpState;
use crate::http::documents::{base_url, image_document};
use crate::http::query::{Query, parse_id, segment};

const DEFAULT_PAGE: u32 = 50;

/// `GET /v1/images?limit&cursor`: newest first.
pub(in crate::http) async fn list(request: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, ApiError> {
    let (after, limit) = page(&request)?;
    let listing = state.services.list(after, limit).await?;
    let base = base_url(&request, &state);
    let images: Vec<_> = listing.images.iter().map(|image| image_document(&base, image)).collect();
    let next = listing.next.map(|cursor| format!("{base}/v1/images?limit={limit}&cursor={cursor}"));
    Ok(HttpResponse::Ok().json(json!({ "images": images, "cursor": listing.next, "next": next })))
}

fn page(request: &HttpRequest) -> Result<(Option<ImageId>, u32), ApiError> {
    let mut query = Query::of(request);
    let limit = query.limit(DEFAULT_PAGE, MAX_PAGE)?;
    let after = query.cursor()?;
    query.finish("limit, cursor")?;
    Ok((after, limit))
}

/// `GET /v1/images/{id}`.
pub(in crate::http) async fn get(request: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let image = state.services.image(id).await?;
    let rendition_bytes = state.services.rendition_bytes(&image).await?;
    let document = image_document(&base_url(&request, &state), &image);
    Ok(HttpResponse::Ok().json(ImageDocument { rendition_bytes, ..document }))
}

/// `DELETE /v1/images/{id}`.
pub(in crate::http) async fn delete(
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    state.services.delete(id).await?;
    Ok(HttpResponse::NoContent().finish())
}
