//! `/v1/stats/history`: what each day has brought.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use utoipa::{OpenApi, ToSchema};

use crate::domain::DayTotals;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::uncached;
use crate::http::query::Query;

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(get))]
pub(in crate::http) struct Description;

const DEFAULT_DAYS: u32 = 30;

/// Ten years.
const MOST_DAYS: u32 = 3660;

/// What each day has brought.
#[derive(Serialize, ToSchema)]
struct HistoryDocument {
    /// One entry for each day, quiet ones too, oldest first; the last one is the present day.
    days: Vec<DayDocument>,
}

/// What a day has brought, whether it is there still or not.
#[derive(Serialize, ToSchema)]
struct DayDocument {
    /// The day, in UTC.
    #[schema(format = Date, example = "2026-01-31")]
    day: String,
    /// Images that were uploaded.
    images: u64,
    /// Bytes of their originals.
    image_bytes: u64,
    /// Variants that were stored.
    variants: u64,
    /// Their bytes.
    variant_bytes: u64,
    /// Variants that compressing services made.
    compressions: u64,
    /// Bytes of what these were made from less their own.
    bytes_saved: i64,
}

impl DayDocument {
    fn of(totals: &DayTotals) -> Self {
        Self {
            day: totals.day.to_string(),
            images: totals.images.count,
            image_bytes: totals.images.bytes,
            variants: totals.variants.count,
            variant_bytes: totals.variants.bytes,
            compressions: totals.saved.variants,
            bytes_saved: totals.saved.bytes,
        }
    }
}

/// What each day has brought.
///
/// For administrators.
#[utoipa::path(
    get, path = "/v1/stats/history", operation_id = "getHistory", tag = "store",
    params(("days" = Option<u16>, Query, description = "How many days, the present one included; 30 by default.", minimum = 1, maximum = 3660, example = 30)),
    responses((status = 200, description = "The days.", body = HistoryDocument)),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request);
    let days = query.number("days", 1..=MOST_DAYS)?.unwrap_or(DEFAULT_DAYS);
    query.finish("days")?;
    let days = state.services.history(&caller, days).await?;
    Ok(uncached(StatusCode::OK).json(HistoryDocument { days: days.iter().map(DayDocument::of).collect() }))
}
