//! `/v1/stats`.

use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;

use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::totals_document;
use crate::http::query::Query;

/// `GET /v1/stats`: how much the store holds.
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    Ok(HttpResponse::Ok().json(totals_document(&state.services.stats(&caller).await?)))
}
