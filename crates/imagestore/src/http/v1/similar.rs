//! `/v1/images/{id}/similar`: images that look alike.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::{NotFound, Unprocessable};
use shared_types::wire::ImageDocument;
use shared_types::{ImageId, TransformError};
use utoipa::{OpenApi, ToSchema};

use crate::app::{MAX_DISTANCE, MAX_SIMILAR};
use crate::domain::Similar;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, image_document};
use crate::http::query::{Query, parse_id, segment};

const DEFAULT_LIMIT: u32 = 50;

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(in crate::http) struct Description;

/// Images that look alike.
#[derive(Serialize, ToSchema)]
struct SimilarDocument {
    /// The nearest first.
    images: Vec<SimilarImage>,
}

/// An image that looks like another one.
#[derive(Serialize, ToSchema)]
struct SimilarImage {
    #[serde(flatten)]
    image: ImageDocument,
    /// In how many of 64 bits the perceptual hashes differ.
    #[schema(maximum = 7)]
    distance: u32,
    /// Whether it has the same bytes.
    exact: bool,
}

/// Images that look like this one, the nearest first.
///
/// Copies of the same bytes come first, then by the bits in which perceptual hashes differ.
#[utoipa::path(
    get, path = "/v1/images/{id}/similar", tag = "images", operation_id = "listSimilarImages",
    params(
        ("id" = ImageId, Path, description = "The image."),
        ("distance" = Option<u32>, Query, description = "The most bits in which hashes may differ; 7 by default.", maximum = 7, example = 7),
        ("limit" = Option<u32>, Query, description = "How many at most; 50 by default.", minimum = 1, maximum = 500, example = 50),
    ),
    responses(
        (status = 200, description = "Those that there are.", body = SimilarDocument),
        (status = 404, response = NotFound),
        (status = 422, response = Unprocessable),
    ),
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    let (distance, limit) = bounds(&request)?;
    let similar = state.services.similar(&caller, id, distance, limit).await?;
    let base = base_url(&request, &state);
    let images = similar.iter().map(|similar| document(&base, similar)).collect();
    Ok(HttpResponse::Ok().json(SimilarDocument { images }))
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

fn document(base: &str, Similar { image, distance, exact }: &Similar) -> SimilarImage {
    SimilarImage { image: image_document(base, image), distance: *distance, exact: *exact }
}
