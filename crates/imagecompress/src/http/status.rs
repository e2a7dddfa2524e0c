//! `/status/{id}`.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use service_kit::http::ApiError;

use super::{query, sender};
use crate::app::{Later, Status};

/// `GET /status/{id}`: 200 while the job is not over, 303 to the variant once there is one, and the problem of a job that failed.
pub(super) async fn status(request: HttpRequest, later: web::Data<Later>) -> Result<HttpResponse, ApiError> {
    let answer = match later.status(&sender(&request), query::id(&request)?).await? {
        Status::Pending { progress, status } => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({ "status": 200, "progress": progress, "state": status })),
        Status::Done { url } => HttpResponse::build(StatusCode::SEE_OTHER)
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((LOCATION, url.as_str()))
            .json(json!({ "status": 303, "progress": 100, "state": "done", "location": url })),
    };
    Ok(answer)
}
