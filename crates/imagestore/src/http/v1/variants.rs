//! `/v1/images/{id}/variants` and `/v1/images/{id}/variants/{name}`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use service_kit::http::ApiError;
use shared_types::job::VARIANT_FIGURES;
use shared_types::wire::VariantFigures;
use shared_types::{ErrorCode, VariantName};

use crate::domain::Scope;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, variant_document};
use crate::http::query::{Query, parse_id, segment};
use crate::http::upload::body;

/// `GET /v1/images/{id}/variants`: what is stored, oldest first.
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let variants = state.services.variants(&caller, id).await?;
    let base = base_url(&request, &state);
    let variants: Vec<_> = variants.iter().map(|variant| variant_document(&base, variant)).collect();
    Ok(HttpResponse::Ok().json(json!({ "variants": variants })))
}

/// `PUT /v1/images/{id}/variants/{name}`: the body is the variant.
pub(in crate::http) async fn put(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let name = variant_name(segment(&request, "name"))?;
    // `transform=NAME` would never find a variant behind a preset.
    state.presets.check_free(&name)?;
    let figures = figures(&request)?;
    // Before the body: a variant of nothing is not worth receiving.
    let image = state.services.image_for(&caller, Scope::Write, id).await?;
    let receiving = state.services.receive(&caller).await?;
    let received = body::receive(&state, receiving, &request, payload).await?;
    let (variant, created) = state.services.put_named_variant(&image, &name, received, figures).await?;
    let mut answer = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(variant_document(&base_url(&request, &state), &variant)))
}

pub(in crate::http) fn variant_name(text: &str) -> Result<VariantName, ApiError> {
    text.parse().map_err(|error| {
        ApiError::new(ErrorCode::InvalidParameter, format!("`name` is not valid: {error}.")).parameter("name")
    })
}

pub(super) fn figures(request: &HttpRequest) -> Result<Option<VariantFigures>, ApiError> {
    let Some(value) = request.headers().get(VARIANT_FIGURES) else { return Ok(None) };
    serde_json::from_slice(value.as_bytes()).map(Some).map_err(|error| {
        let detail = format!(
            "The header Variant-Figures must be a JSON object with source_bytes, seconds and, if any, quality: {error}."
        );
        ApiError::new(ErrorCode::InvalidParameter, detail).parameter("Variant-Figures")
    })
}
