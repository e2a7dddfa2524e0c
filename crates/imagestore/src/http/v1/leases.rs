//! `/v1/jobs/lease` and what a worker says of a job: for compressing services, not for clients.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use shared_types::job::{Failure, Heartbeat, Kept, LEASE_TOKEN, Lease, LeaseAnswer, LeaseRequest, Release};
use shared_types::{ErrorCode, TransformError};

use super::jobs::{answer, job_id};
use super::variants::{figures, source};
use crate::domain::{Caller, Scope};
use crate::http::access::As;
use crate::http::documents::{base_url, image_document};
use crate::http::query::Query;
use crate::http::upload::body;
use crate::http::{HttpState, json};

/// The most jobs of one lease, and the longest wait for one.
const MAX_LEASED: u32 = 100;
const MAX_WAIT_SECONDS: u64 = 60;
const MAX_WORKER_NAME: usize = 100;

/// `POST /v1/jobs/lease`: waits for work.
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
    let (base, seconds) = (base_url(&request, &state), state.services.lease_time().as_secs());
    let leases = leased.into_iter().map(|leased| Lease {
        job: leased.job.id,
        token: leased.token,
        seconds,
        attempt: leased.job.attempts,
        image: image_document(&base, &leased.image),
        task: leased.job.order.task,
    });
    Ok(HttpResponse::Ok().json(LeaseAnswer { leases: leases.collect() }))
}

fn check(asked: &LeaseRequest) -> Result<(), TransformError> {
    if !(1..=MAX_LEASED).contains(&asked.max) {
        return Err(TransformError::new("max", format!("must be a whole number from 1 to {MAX_LEASED}")));
    }
    if asked.wait_seconds > MAX_WAIT_SECONDS {
        return Err(TransformError::new("wait_seconds", format!("must be at most {MAX_WAIT_SECONDS}")));
    }
    let name = &asked.worker;
    if name.is_empty() || name.len() > MAX_WORKER_NAME || name.chars().any(char::is_control) {
        let reason = format!("must be a name of 1 to {MAX_WORKER_NAME} bytes without control characters");
        return Err(TransformError::new("worker", reason));
    }
    Ok(())
}

/// `POST /v1/jobs/{id}/heartbeat`.
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

/// `POST /v1/jobs/{id}/release`.
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

/// `POST /v1/jobs/{id}/failure`.
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

/// `POST /v1/jobs/{id}/kept`.
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

/// `PUT /v1/jobs/{id}/result`: the body is the variant.
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
