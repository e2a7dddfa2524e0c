//! `/status/{id}`.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::{
    BadUpstream, Conflict, Fault, Forbidden, Full, NotFound, TooLarge, TooMany, Unauthorized, Unprocessable,
    UnsupportedType, UpstreamTimeout,
};
use shared_types::JobId;
use shared_types::job::JobStatus;
use utoipa::{OpenApi, ToSchema};

use super::{query, sender};
use crate::app::{Later, Status};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(status))]
pub(super) struct Description;

/// How far a compression is.
#[derive(Serialize, ToSchema)]
struct StatusDocument {
    /// That of the answer: 200, or 303 when it is done.
    #[schema(example = 200)]
    status: u16,
    /// From 0 to 100.
    #[schema(maximum = 100, example = 40)]
    progress: u8,
    /// Where the job stands.
    state: JobStatus,
    /// Where the variant is once it is there, or the original if nothing smaller was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

/// How far a compression is.
///
/// A job that failed is answered with its reason, as a problem document with its own status.
#[utoipa::path(
    get, path = "/status/{id}", tag = "compression", operation_id = "getStatus",
    params(("id" = JobId, Path, description = "The job, from the answer to `async=1`.")),
    responses(
        (status = 200, description = "It is not over.", body = StatusDocument),
        (
            status = 303, description = "It is done, and the variant is at `Location`.", body = StatusDocument,
            headers(("Location" = String, description = "The variant, or the original if nothing smaller was found.")),
        ),
        (status = 401, response = Unauthorized),
        (status = 403, response = Forbidden),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 413, response = TooLarge),
        (status = 415, response = UnsupportedType),
        (status = 422, response = Unprocessable),
        (status = 429, response = TooMany),
        (status = 500, response = Fault),
        (status = 502, response = BadUpstream),
        (status = 504, response = UpstreamTimeout),
        (status = 507, response = Full),
    ),
)]
pub(super) async fn status(request: HttpRequest, later: web::Data<Later>) -> Result<HttpResponse, ApiError> {
    let status = later.status(&sender(&request), query::id(&request)?).await?;
    let (code, document) = match status {
        Status::Pending { progress, status } => {
            (StatusCode::OK, StatusDocument { status: 200, progress, state: status, location: None })
        }
        Status::Done { url } => {
            let state = JobStatus::Done;
            (StatusCode::SEE_OTHER, StatusDocument { status: 303, progress: 100, state, location: Some(url) })
        }
    };
    let mut answer = HttpResponse::build(code);
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(location) = &document.location {
        answer.insert_header((LOCATION, location.as_str()));
    }
    Ok(answer.json(document))
}
