//! `/v1/images/{id}/variants` and `/v1/images/{id}/variants/{name}`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::{Conflict, Full, NotFound, Unprocessable};
use shared_types::job::{VARIANT_FIGURES, VARIANT_SOURCE};
use shared_types::wire::{VariantDocument, VariantFigures};
use shared_types::{Digest, ErrorCode, ImageId, VariantName};
use utoipa::{OpenApi, ToSchema};

use crate::domain::Scope;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, variant_document, variant_document_of};
use crate::http::query::{Query, parse_id, segment};
use crate::http::upload::body;

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(list, purge, put))]
pub(in crate::http) struct Description;

/// The stored variants of an image.
#[derive(Serialize, ToSchema)]
struct VariantsDocument {
    /// Oldest first.
    variants: Vec<VariantDocument>,
}

/// The stored variants of an image, oldest first.
#[utoipa::path(
    get, path = "/v1/images/{id}/variants", tag = "variants", operation_id = "listVariants",
    params(("id" = ImageId, Path, description = "The image.")),
    responses((status = 200, description = "All of them.", body = VariantsDocument), (status = 404, response = NotFound)),
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let image = state.services.image(&caller, id).await?;
    let variants = state.services.variants(&caller, id).await?;
    let base = base_url(&request, &state);
    let variants = variants.iter().map(|variant| variant_document_of(&base, &image, variant)).collect();
    Ok(HttpResponse::Ok().json(VariantsDocument { variants }))
}

/// What was removed.
#[derive(Serialize, ToSchema)]
struct PurgedDocument {
    /// How many variants.
    variants: u64,
    /// Their bytes.
    bytes: u64,
}

/// Remove all that was made of an image.
///
/// The original stays. What is asked for is made anew; variants that another service stored are gone.
#[utoipa::path(
    delete, path = "/v1/images/{id}/variants", tag = "variants", operation_id = "purgeVariants",
    params(("id" = ImageId, Path, description = "The image.")),
    responses((status = 200, description = "What was removed.", body = PurgedDocument), (status = 404, response = NotFound)),
)]
pub(in crate::http) async fn purge(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let removed = state.services.purge_variants(&caller, id).await?;
    Ok(HttpResponse::Ok().json(PurgedDocument { variants: removed.variants, bytes: removed.bytes }))
}

/// Store a variant that another service made.
///
/// One of the same name and format is replaced.
#[utoipa::path(
    put, path = "/v1/images/{id}/variants/{name}", tag = "variants", operation_id = "putVariant",
    params(
        ("id" = ImageId, Path, description = "The image."),
        ("name" = VariantName, Path, description = "The name of the variant; not that of a preset.", example = "small"),
        (
            "Variant-Figures" = Option<String>, Header,
            description = "What its maker reports: `VariantFigures` as JSON.",
            example = r#"{"source_bytes":3000000,"quality":75,"score":81.2,"tries":4,"seconds":1.5}"#,
        ),
        (
            "Variant-Source" = Option<Digest>, Header,
            description = "The digest of the original that it was made of: refused if the image has another one by now.",
        ),
    ),
    request_body(
        description = "The picture; its bytes tell the format.",
        content((Vec<u8> = "application/octet-stream"), (Vec<u8> = "image/webp")),
    ),
    responses(
        (status = 200, description = "It took the place of another one.", body = VariantDocument),
        (status = 201, description = "It is stored.", body = VariantDocument),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 422, response = Unprocessable),
        (status = 507, response = Full),
    ),
)]
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
    let report = (figures(&request)?, source(&request)?);
    // Before the body: a variant of nothing is not worth receiving.
    let image = state.services.image_for(&caller, Scope::Write, id).await?;
    let receiving = state.services.receive(&caller).await?;
    let received = body::receive(&state, receiving, &request, payload).await?;
    let (variant, created) = state.services.put_named_variant(&image, &name, received, report).await?;
    let mut answer = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(variant_document(&base_url(&request, &state), &variant)))
}

pub(in crate::http) fn variant_name(text: &str) -> Result<VariantName, ApiError> {
    text.parse().map_err(|error| {
        ApiError::new(ErrorCode::InvalidParameter, format!("`name` is not valid: {error}.")).parameter("name")
    })
}

/// The digest of the original that a variant was made of, if that is told.
pub(super) fn source(request: &HttpRequest) -> Result<Option<Digest>, ApiError> {
    let Some(value) = request.headers().get(VARIANT_SOURCE) else { return Ok(None) };
    value.to_str().ok().and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| {
        let detail = "The header Variant-Source must be the `digest` of the original that the variant was made of.";
        ApiError::new(ErrorCode::InvalidParameter, detail).parameter("Variant-Source")
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
