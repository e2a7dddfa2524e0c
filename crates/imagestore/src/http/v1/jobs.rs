//! `/v1/jobs` and `/v1/jobs/{id}`: what is queued, under way and over.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use shared_types::job::JobsDocument;
use shared_types::{JobId, TransformError};

use crate::app::MAX_JOBS;
use crate::domain::{Job, JobFilter};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, job_document};
use crate::http::query::{Query, parse_id, segment};

const DEFAULT_PAGE: u32 = 50;

/// `GET /v1/jobs?status&image_id&limit&cursor`: newest first.
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let filter = filter(&request)?;
    let listing = state.services.jobs(&caller, filter).await?;
    let base = base_url(&request, &state);
    let jobs = listing.jobs.iter().map(|job| job_document(&base, job)).collect();
    Ok(uncached().json(JobsDocument { jobs, cursor: listing.next }))
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

/// `GET /v1/jobs/{id}`.
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let job = state.services.job(&caller, job_id(&request)?).await?;
    Ok(answer(&request, &state, &job))
}

/// `POST /v1/jobs/{id}/retry`.
pub(in crate::http) async fn retry(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let job = state.services.retry_job(&caller, job_id(&request)?).await?;
    Ok(answer(&request, &state, &job))
}

/// `DELETE /v1/jobs/{id}`: calls it off; its record stays.
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
    uncached().json(job_document(&base_url(request, state), job))
}

/// Jobs change while one looks.
fn uncached() -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-store"));
    answer
}

/// The id in the path.
pub(super) fn job_id(request: &HttpRequest) -> Result<JobId, ApiError> {
    parse_id(segment(request, "id"))
}
