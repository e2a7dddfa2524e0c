//! `/compress/{id}`.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use service_kit::http::ApiError;

use super::{query, sender};
use crate::app::{Compressor, Later};

/// `GET` or `POST /compress/{id}?type=jpg&target=high`: the answer is the result, or with `async=1` where to ask for it.
pub(super) async fn compress(
    request: HttpRequest,
    compressor: web::Data<Compressor>,
    later: web::Data<Later>,
) -> Result<HttpResponse, ApiError> {
    let (wish, is_async) = query::wish(&request)?;
    let sender = sender(&request);
    if !is_async {
        let document = compressor.compress(sender, wish).await.map_err(|error| copy(&error))?;
        return Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(document));
    }
    let location = format!("/status/{}", later.submit(&sender, &wish).await?);
    let mut answer = HttpResponse::Accepted();
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((LOCATION, location.as_str()));
    Ok(answer.json(json!({
        "status": 202,
        "message": "The compression is queued; ask at `location` how far it is.",
        "location": location,
    })))
}

/// Each of those who waited for one result answers with an error of its own.
fn copy(error: &ApiError) -> ApiError {
    let mut copy = ApiError::new(error.code, error.detail.clone());
    copy.parameter.clone_from(&error.parameter);
    copy.retry_after = error.retry_after;
    copy.cause.clone_from(&error.cause);
    copy
}
