//! `/v1/jobs` and `/v1/jobs/{id}`: what is queued, under way and over.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::{Conflict, Full, NotFound};
use shared_types::job::{JobDocument, JobStatus, JobsDocument};
use shared_types::{ImageId, JobId, TransformError};
use utoipa::{OpenApi, ToSchema};

use crate::app::MAX_JOBS;
use crate::domain::{Job, JobFilter, JobTotals};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::Page;
use crate::http::documents::{base_url, job_document, uncached};
use crate::http::query::{Query, parse_id, segment};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(list, get, retry, cancel))]
pub(in crate::http) struct Description;

/// Jobs by their status.
#[derive(Serialize, ToSchema)]
pub(super) struct JobCounts {
    /// To be done.
    queued: u64,
    /// A worker has them.
    leased: u64,
    /// A worker has them and has told of progress.
    running: u64,
    /// Done.
    done: u64,
    /// Cannot be done.
    failed: u64,
    /// Given up after too many attempts.
    dead: u64,
    /// Called off.
    cancelled: u64,
}

impl JobCounts {
    pub(super) fn of(totals: &JobTotals) -> Self {
        Self {
            queued: totals.of(JobStatus::Queued),
            leased: totals.of(JobStatus::Leased),
            running: totals.of(JobStatus::Running),
            done: totals.of(JobStatus::Done),
            failed: totals.of(JobStatus::Failed),
            dead: totals.of(JobStatus::Dead),
            cancelled: totals.of(JobStatus::Cancelled),
        }
    }
}

const DEFAULT_PAGE: u32 = 50;

/// The jobs.
///
/// Newest first, those of the caller's images.
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "listJobs", tag = "jobs",
    params(
        ("status" = Option<JobStatus>, Query, description = "Where they stand.", example = "queued"),
        ("image_id" = Option<ImageId>, Query, description = "The image that they are about.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        Page,
    ),
    responses((status = 200, description = "A page of jobs.", body = JobsDocument)),
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let filter = filter(&request)?;
    let listing = state.services.jobs(&caller, filter).await?;
    let base = base_url(&request, &state);
    let jobs = listing.jobs.iter().map(|job| job_document(&base, job)).collect();
    Ok(uncached(StatusCode::OK).json(JobsDocument { jobs, cursor: listing.next }))
}

fn filter(request: &HttpRequest) -> Result<JobFilter, ApiError> {
    let mut query = Query::of(request);
    let limit = query.limit(DEFAULT_PAGE, MAX_JOBS)?;
    let status = query.take("status")?.map(|text| text.parse()).transpose();
    let status = status.map_err(|reason| TransformError::new("status", reason))?;
    let image = query.take("image_id")?.map(|text| parse_id(&text)).transpose()?;
    let after = query.cursor()?;
    query.finish("status, image_id, limit, cursor")?;
    Ok(JobFilter { status, image, owner: None, after, limit })
}

/// A job.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", operation_id = "getJob", tag = "jobs",
    params(("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses((status = 200, description = "The job.", body = JobDocument), (status = 404, response = NotFound)),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let job = state.services.job(&caller, job_id(&request)?).await?;
    Ok(answer(&request, &state, &job))
}

/// Try a job again.
///
/// One that failed, was given up or was called off.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/retry", operation_id = "retryJob", tag = "jobs",
    params(("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The job, queued again.", body = JobDocument),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 507, response = Full),
    ),
)]
pub(in crate::http) async fn retry(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let job = state.services.retry_job(&caller, job_id(&request)?).await?;
    Ok(answer(&request, &state, &job))
}

/// Call a job off.
///
/// Its record stays.
#[utoipa::path(
    delete, path = "/v1/jobs/{id}", operation_id = "cancelJob", tag = "jobs",
    params(("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The job, called off.", body = JobDocument),
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
    Query::of(&request).finish("")?;
    let job = state.services.cancel_job(&caller, job_id(&request)?).await?;
    Ok(answer(&request, &state, &job))
}

/// One job as a document.
pub(super) fn answer(request: &HttpRequest, state: &HttpState, job: &Job) -> HttpResponse {
    uncached(StatusCode::OK).json(job_document(&base_url(request, state), job))
}

/// The id in the path.
pub(super) fn job_id(request: &HttpRequest) -> Result<JobId, ApiError> {
    parse_id(segment(request, "id"))
}
