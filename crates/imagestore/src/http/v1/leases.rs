//! `/v1/jobs/lease` and what a worker says of a job: for compressing services, not for clients.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use service_kit::openapi::{Conflict, Full, NotFound, RequestTimeout, TooLarge, Unprocessable, UnsupportedType};
use shared_types::job::{
    Failure, Heartbeat, JobDocument, Kept, LEASE_TOKEN, Lease, LeaseAnswer, LeaseOneRequest, LeaseRequest, Release,
};
use shared_types::{ErrorCode, JobId, TransformError};
use utoipa::OpenApi;

use super::jobs::{answer, job_id};
use super::variants::{figures, source};
use crate::app::LeasedJob;
use crate::domain::{Caller, Scope};
use crate::http::access::As;
use crate::http::described::{Bytes, Changing};
use crate::http::documents::{base_url, image_document};
use crate::http::query::Query;
use crate::http::upload::body;
use crate::http::{HttpState, json};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(lease, lease_one, heartbeat, release, failure, kept, result),
    tags((
        name = "workers",
        description = "What compressing services say, with a key that has the scope `service`: they lease jobs, and every report names the lease's token.",
    )),
)]
pub(in crate::http) struct Description;

/// The most jobs of one lease, and the longest wait for one.
const MAX_LEASED: u32 = 100;
const MAX_WAIT_SECONDS: u64 = 60;
const MAX_WORKER_NAME: usize = 100;

/// Take jobs.
///
/// Waits until there is work, for `wait_seconds` at most.
#[utoipa::path(
    post, path = "/v1/jobs/lease", operation_id = "leaseJobs", tag = "workers",
    request_body = LeaseRequest,
    responses((status = 200, description = "The jobs; none if there was nothing to do in time.", body = LeaseAnswer), Changing),
)]
pub(in crate::http) async fn lease(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let asked: LeaseRequest = read(&caller, &request, payload, &state).await?;
    check(&asked)?;
    let wait = Duration::from_secs(asked.wait_seconds);
    let leased = state.services.lease_jobs(&asked.worker, asked.max, wait).await?;
    let leases = leased.into_iter().map(|leased| document(&request, &state, leased));
    Ok(HttpResponse::Ok().json(LeaseAnswer { leases: leases.collect() }))
}

/// Take one job.
///
/// That one, whoever's turn it is: for workers that a message broker tells of jobs.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/lease", operation_id = "leaseJob", tag = "workers",
    params(("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    request_body = LeaseOneRequest,
    responses(
        (status = 200, description = "The worker has it.", body = Lease),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        Changing,
    ),
)]
pub(in crate::http) async fn lease_one(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = job_id(&request)?;
    let LeaseOneRequest { worker } = read(&caller, &request, payload, &state).await?;
    check_name(&worker)?;
    let leased = state.services.lease_job(id, &worker).await?;
    Ok(HttpResponse::Ok().json(document(&request, &state, leased)))
}

fn document(request: &HttpRequest, state: &HttpState, leased: LeasedJob) -> Lease {
    Lease {
        job: leased.job.id,
        token: leased.token,
        seconds: state.services.lease_time().as_secs(),
        attempt: leased.job.attempts,
        image: image_document(&base_url(request, state), &leased.image),
        task: leased.job.order.task,
    }
}

fn check(asked: &LeaseRequest) -> Result<(), TransformError> {
    if !(1..=MAX_LEASED).contains(&asked.max) {
        return Err(TransformError::new("max", format!("must be a whole number from 1 to {MAX_LEASED}")));
    }
    if asked.wait_seconds > MAX_WAIT_SECONDS {
        return Err(TransformError::new("wait_seconds", format!("must be at most {MAX_WAIT_SECONDS}")));
    }
    check_name(&asked.worker)
}

fn check_name(name: &str) -> Result<(), TransformError> {
    if name.is_empty() || name.len() > MAX_WORKER_NAME || name.chars().any(char::is_control) {
        let reason = format!("must be a name of 1 to {MAX_WORKER_NAME} bytes without control characters");
        return Err(TransformError::new("worker", reason));
    }
    Ok(())
}

/// Say that the worker is at it.
///
/// The lease begins anew.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/heartbeat", operation_id = "heartbeat", tag = "workers",
    params(("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    request_body = Heartbeat,
    responses((status = 204, description = "The lease holds."), (status = 404, response = NotFound), (status = 409, response = Conflict), Changing),
)]
pub(in crate::http) async fn heartbeat(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = job_id(&request)?;
    let Heartbeat { token, progress } = read(&caller, &request, payload, &state).await?;
    if progress > 100 {
        return Err(TransformError::new("progress", "must be a whole number from 0 to 100").into());
    }
    state.services.heartbeat(id, &token, progress).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Give a job back.
///
/// Undone; it costs no attempt.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/release", operation_id = "releaseJob", tag = "workers",
    params(("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    request_body = Release,
    responses((status = 204, description = "It is queued again."), (status = 404, response = NotFound), (status = 409, response = Conflict), Changing),
)]
pub(in crate::http) async fn release(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = job_id(&request)?;
    let Release { token } = read(&caller, &request, payload, &state).await?;
    state.services.release_job(id, &token).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Say that an attempt failed.
///
/// Lastingly, or to be tried again.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/failure", operation_id = "failJob", tag = "workers",
    params(("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    request_body = Failure,
    responses((status = 204, description = "It is noted."), (status = 404, response = NotFound), (status = 409, response = Conflict), Changing),
)]
pub(in crate::http) async fn failure(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = job_id(&request)?;
    let Failure { token, problem, lasting } = read(&caller, &request, payload, &state).await?;
    state.services.fail_job(id, &token, problem, lasting).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Say that nothing smaller was found.
///
/// The original is the result. Said again, the answer is the same.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/kept", operation_id = "keepOriginal", tag = "workers",
    params(("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    request_body = Kept,
    responses((status = 200, description = "The job, done.", body = JobDocument), (status = 404, response = NotFound), (status = 409, response = Conflict), Changing),
)]
pub(in crate::http) async fn kept(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = job_id(&request)?;
    let Kept { token, figures } = read(&caller, &request, payload, &state).await?;
    let job = state.services.keep_original(id, &token, figures).await?;
    Ok(answer(&request, &state, &job))
}

/// Bring the result of a job.
///
/// The body is the variant. Sent again with the same token, the answer is the same.
#[utoipa::path(
    put, path = "/v1/jobs/{id}/result", operation_id = "completeJob", tag = "workers",
    params(
        ("id" = JobId, Path, description = "The job.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("Lease-Token" = String, Header, description = "The lease's token.", example = "f5037246af364d3384b7a411a9c40628"),
        ("Variant-Figures" = String, Header, description = "What the worker reports: a JSON document of the schema `VariantFigures`.", example = json!("{\"source_bytes\":100000,\"quality\":70,\"seconds\":0.8}")),
    ),
    request_body(content = Bytes, content_type = "application/octet-stream", description = "The picture."),
    responses(
        (status = 200, description = "The job, done.", body = JobDocument),
        (status = 404, response = NotFound),
        (status = 408, response = RequestTimeout),
        (status = 409, response = Conflict),
        (status = 413, response = TooLarge),
        (status = 415, response = UnsupportedType),
        (status = 422, response = Unprocessable),
        (status = 507, response = Full),
    ),
)]
pub(in crate::http) async fn result(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Service)?;
    Query::of(&request).finish("")?;
    let id = job_id(&request)?;
    let token = request.headers().get(LEASE_TOKEN).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let figures = figures(&request)?.ok_or_else(|| {
        ApiError::new(ErrorCode::InvalidParameter, "A result needs the header Variant-Figures.")
            .parameter("Variant-Figures")
    })?;
    let report = (figures, source(&request)?);
    // Before the body: what cannot be stored is not worth receiving.
    let job = state.services.leased_job(id, &token).await?;
    let receiving = state.services.receive_result(&caller).await?;
    let received = body::receive(&state, receiving, &request, payload).await?;
    let job = state.services.complete_job(job, &token, received, report).await?;
    Ok(answer(&request, &state, &job))
}

async fn read<T: serde::de::DeserializeOwned>(
    caller: &Caller,
    request: &HttpRequest,
    payload: web::Payload,
    state: &HttpState,
) -> Result<T, ApiError> {
    caller.require(Scope::Service)?;
    Query::of(request).finish("")?;
    json::read(state, request, payload).await
}
