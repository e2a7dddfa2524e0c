//! `/v1/images/timeline`: a list of images from afar.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use utoipa::{OpenApi, ToSchema};

use super::images::{ListQuery, WISHES, wish};
use crate::domain::Bucket;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::uncached;
use crate::http::query::Query;

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(get))]
pub(in crate::http) struct Description;

const DEFAULT_STEP: u32 = 500;
const STEPS: std::ops::RangeInclusive<u32> = 100..=5000;

/// A list of images from afar.
#[derive(Serialize, ToSchema)]
struct TimelineDocument {
    /// Images that come one after the other in the list, none of them twice.
    buckets: Vec<BucketDocument>,
    /// How many images there are in these buckets.
    total: u64,
    /// With which `cursor` the next buckets are asked for, if there may be some.
    #[schema(required)]
    cursor: Option<String>,
}

/// Images that come one after the other.
#[derive(Serialize, ToSchema)]
struct BucketDocument {
    /// Year and month of their upload, in UTC; in a list by date, where no bucket has images of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-01")]
    month: Option<String>,
    /// How many there are.
    count: u32,
    /// With which `cursor` the list is asked for so that it begins with them; `null` is its beginning.
    #[schema(required)]
    cursor: Option<String>,
}

impl BucketDocument {
    fn of(bucket: &Bucket) -> Self {
        Self {
            month: bucket.month.map(|(year, month)| format!("{year:04}-{month:02}")),
            count: bucket.count,
            cursor: bucket.after.as_ref().map(ToString::to_string),
        }
    }
}

/// A list of images from afar.
///
/// How many images the list of `GET /v1/images` has with the same parameters, and where in it to begin: for a scroll bar, and for whoever
/// jumps into the middle.
#[utoipa::path(
    get, path = "/v1/images/timeline", tag = "images", operation_id = "getTimeline",
    params(
        ("step" = Option<u32>, Query, description = "The most images of a bucket; 500 by default.", minimum = 100, maximum = 5000, example = 500),
        ListQuery,
    ),
    responses((status = 200, description = "The buckets, at most 2,000.", body = TimelineDocument)),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request);
    let step = query.number("step", STEPS)?.unwrap_or(DEFAULT_STEP);
    let wish = wish(&mut query)?;
    query.finish(&format!("step, {WISHES}"))?;
    let (buckets, next) = state.services.timeline(&caller, wish, step).await?;
    Ok(uncached(StatusCode::OK).json(TimelineDocument {
        total: buckets.iter().map(|bucket| u64::from(bucket.count)).sum(),
        buckets: buckets.iter().map(BucketDocument::of).collect(),
        cursor: next.map(|position| position.to_string()),
    }))
}
