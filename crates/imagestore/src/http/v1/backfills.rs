//! `/v1/backfills`: one order for every image that is older than a time.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use service_kit::http::ApiError;
use shared_types::TransformError;
use shared_types::job::Priority;

use super::compressions::{ORDER, order};
use crate::domain::{BackfillStatus, Caller, JobTotals};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::backfill_document;
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment, time};

/// `POST /v1/backfills`.
pub(in crate::http) async fn create(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let before = time("before", &fields.text("before")?.unwrap_or_default())?;
    let order = order(&mut fields, &state, Priority::LOW)?;
    fields.finish(&format!("before, {ORDER}"))?;
    if order.webhook.is_some() {
        return Err(TransformError::new("webhook", "has no place in a backfill: watch /v1/events or its record").into());
    }
    let backfill = state.services.begin_backfill(&caller, before, order).await?;
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, format!("/v1/backfills/{}", backfill.id)))
        .json(backfill_document(&backfill, &JobTotals::default())))
}

/// `GET /v1/backfills`: newest first.
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let backfills = state.services.backfills(&caller).await?;
    let backfills: Vec<_> = backfills.iter().map(|(backfill, totals)| backfill_document(backfill, totals)).collect();
    Ok(HttpResponse::Ok().json(json!({ "backfills": backfills })))
}

/// `GET /v1/backfills/{id}`.
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (backfill, totals) = state.services.backfill(&caller, parse_id(segment(&request, "id"))?).await?;
    Ok(HttpResponse::Ok().json(backfill_document(&backfill, &totals)))
}

/// `POST /v1/backfills/{id}/pause`.
pub(in crate::http) async fn pause(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    set(&request, &state, &caller, BackfillStatus::Paused).await
}

/// `POST /v1/backfills/{id}/resume`.
pub(in crate::http) async fn resume(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    set(&request, &state, &caller, BackfillStatus::Running).await
}

/// `DELETE /v1/backfills/{id}`: calls it off, with its jobs that are not over.
pub(in crate::http) async fn cancel(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    set(&request, &state, &caller, BackfillStatus::Cancelled).await
}

async fn set(
    request: &HttpRequest,
    state: &HttpState,
    caller: &Caller,
    status: BackfillStatus,
) -> Result<HttpResponse, ApiError> {
    Query::of(request).finish("")?;
    let (backfill, totals) = state.services.set_backfill(caller, parse_id(segment(request, "id"))?, status).await?;
    Ok(HttpResponse::Ok().json(backfill_document(&backfill, &totals)))
}
