//! `/v1/backfills`: one order for every image that is older than a time.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use service_kit::http::ApiError;
use service_kit::openapi::{Conflict, Full, NotFound};
use shared_types::job::{Priority, Task};
use shared_types::{BackfillId, TransformError, VariantName};
use utoipa::{OpenApi, ToSchema};

use super::compressions::{ORDER, order};
use super::jobs::JobCounts;
use crate::domain::{Backfill, BackfillStatus, Caller, JobTotals};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::{Changing, NumberOrText, TextOrTexts};
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment, time};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(create, list, get, pause, resume, cancel))]
pub(in crate::http) struct Description;

/// Work for every image that was uploaded before a time: how it is to be made smaller.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "before": "2026-01-31", "target": "medium", "formats": "webp", "name": "archive" }))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what is read by hand")]
struct BackfillOrder {
    /// A time, RFC 3339, or a date.
    #[schema(example = "2026-01-31T12:00:00Z")]
    before: String,
    /// How good it is to look: a SSIMULACRA2 score from 10 to 100, or `visually-lossless`, `high` (which is meant where nothing is said),
    /// `medium`, `low`; `lossless` keeps every pixel. One of `target`, `max_bytes` and `q`.
    #[schema(value_type = Option<NumberOrText>, example = "high")]
    target: Option<String>,
    /// How many bytes it may have.
    #[schema(value_type = Option<NumberOrText>)]
    max_bytes: Option<String>,
    /// The encoder's quality, 1 to 100.
    #[schema(value_type = Option<NumberOrText>)]
    q: Option<String>,
    /// The formats to choose from: `auto`, `same`, or some of jpg, png, webp, avif, gif, bmp, tiff, qoi, jxl.
    #[schema(value_type = Option<TextOrTexts>, example = "auto")]
    formats: Option<Vec<String>>,
    /// What the variant is called: `compress` if nothing is said.
    name: Option<VariantName>,
    /// What goes first, 9 before 0; 2 if nothing is said.
    #[schema(value_type = Option<NumberOrText>, example = 2)]
    priority: Option<String>,
    /// What is done to the pixels first, as in the query of an address; presets by `transform=NAME`.
    #[schema(example = "w=1024")]
    transform: Option<String>,
}

/// One order for every image that is older than a time, and how far it is.
#[derive(Serialize, ToSchema)]
pub(super) struct BackfillDocument {
    /// Its id.
    id: BackfillId,
    /// Where it stands.
    #[schema(value_type = BackfillStatus)]
    status: &'static str,
    /// Images that were uploaded before this time, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    before: String,
    /// What is to be made.
    task: Task,
    /// The variant that results are stored as.
    #[schema(required)]
    name: Option<VariantName>,
    /// What goes first.
    priority: Priority,
    /// How many images were looked at.
    images: u64,
    /// For how many of them there was nothing to do.
    skipped: u64,
    /// How many of the jobs are over.
    finished: u64,
    /// Whether nothing more happens.
    is_over: bool,
    /// What became of the jobs queued for them.
    jobs: JobCounts,
    /// When it was begun.
    #[schema(format = DateTime)]
    created_at: String,
}

/// The caller's backfills.
#[derive(Serialize, ToSchema)]
struct BackfillsDocument {
    /// Newest first.
    backfills: Vec<BackfillDocument>,
}

fn backfill_document(backfill: &Backfill, jobs: &JobTotals) -> BackfillDocument {
    let is_over = matches!(backfill.status, BackfillStatus::Done | BackfillStatus::Cancelled) && jobs.active() == 0;
    BackfillDocument {
        id: backfill.id,
        status: backfill.status.name(),
        before: backfill.before.to_string(),
        task: backfill.order.task.clone(),
        name: backfill.order.slot.name().cloned(),
        priority: backfill.order.priority,
        images: backfill.looked_at,
        skipped: backfill.skipped,
        finished: jobs.0.iter().sum::<u64>() - jobs.active(),
        is_over,
        jobs: JobCounts::of(jobs),
        created_at: backfill.created.to_string(),
    }
}

/// Order every image that is older than a time to be made smaller.
///
/// Jobs are queued little by little, as those before are done.
#[utoipa::path(
    post, path = "/v1/backfills", operation_id = "beginBackfill", tag = "jobs",
    request_body = BackfillOrder,
    responses(
        (
            status = 202, description = "The backfill.", body = BackfillDocument,
            headers(("Location" = String, description = "Its path.")),
        ),
        (status = 404, response = NotFound),
        Changing,
    ),
)]
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

/// The caller's backfills.
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/backfills", operation_id = "listBackfills", tag = "jobs",
    responses((status = 200, description = "The backfills.", body = BackfillsDocument)),
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let backfills = state.services.backfills(&caller).await?;
    let backfills = backfills.iter().map(|(backfill, totals)| backfill_document(backfill, totals)).collect();
    Ok(HttpResponse::Ok().json(BackfillsDocument { backfills }))
}

/// A backfill.
#[utoipa::path(
    get, path = "/v1/backfills/{id}", operation_id = "getBackfill", tag = "jobs",
    params(("id" = BackfillId, Path, description = "The backfill.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses((status = 200, description = "How far it is.", body = BackfillDocument), (status = 404, response = NotFound)),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (backfill, totals) = state.services.backfill(&caller, parse_id(segment(&request, "id"))?).await?;
    Ok(HttpResponse::Ok().json(backfill_document(&backfill, &totals)))
}

/// Pause a backfill.
#[utoipa::path(
    post, path = "/v1/backfills/{id}/pause", operation_id = "pauseBackfill", tag = "jobs",
    params(("id" = BackfillId, Path, description = "The backfill.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The backfill, which queues no more jobs until it is resumed.", body = BackfillDocument),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 507, response = Full),
    ),
)]
pub(in crate::http) async fn pause(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    set(&request, &state, &caller, BackfillStatus::Paused).await
}

/// Go on with a backfill.
#[utoipa::path(
    post, path = "/v1/backfills/{id}/resume", operation_id = "resumeBackfill", tag = "jobs",
    params(("id" = BackfillId, Path, description = "The backfill.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The backfill, under way again.", body = BackfillDocument),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 507, response = Full),
    ),
)]
pub(in crate::http) async fn resume(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    set(&request, &state, &caller, BackfillStatus::Running).await
}

/// Call a backfill off.
///
/// Its jobs that are not over are called off with it.
#[utoipa::path(
    delete, path = "/v1/backfills/{id}", operation_id = "cancelBackfill", tag = "jobs",
    params(("id" = BackfillId, Path, description = "The backfill.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The backfill, called off.", body = BackfillDocument),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 507, response = Full),
    ),
)]
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
