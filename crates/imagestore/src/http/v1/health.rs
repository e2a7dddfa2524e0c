//! `/v1/health`: how each part of the store is, and since when.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use utoipa::{OpenApi, ToSchema};

use crate::app::{Part, PartState};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{rfc3339, uncached};
use crate::http::query::Query;

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(get))]
pub(in crate::http) struct Description;

/// How the store is.
#[derive(Serialize, ToSchema)]
struct HealthDocument {
    /// `failing` if the store cannot do its job, `away` if only something is missing that it can do without, else `ok`.
    #[schema(example = "ok")]
    state: &'static str,
    /// Each part: the catalog, the blobs, the threads for pixels, compressing services, receivers of events.
    parts: Vec<PartDocument>,
}

/// How a part is.
#[derive(Serialize, ToSchema)]
struct PartDocument {
    /// What it is called.
    #[schema(example = "catalog")]
    name: String,
    /// `ok`, `away` or `failing`.
    #[schema(example = "ok")]
    state: &'static str,
    /// Since when this process knows it to be so, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    since: String,
    /// What is wrong with it.
    #[schema(required)]
    detail: Option<String>,
}

/// How each part of the store is, and since when.
///
/// For administrators; `/readyz` tells anybody whether the store can do its job.
#[utoipa::path(
    get, path = "/v1/health", operation_id = "getHealth", tag = "store",
    responses((status = 200, description = "The parts, also where some of them fail.", body = HealthDocument)),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let parts = state.services.health(&caller).await?;
    let has = |state| parts.iter().any(|part| part.state == state);
    let worst = [PartState::Failing, PartState::Away].into_iter().find(|state| has(*state)).unwrap_or(PartState::Ok);
    let document = |Part { name, state, since, detail }| PartDocument {
        name,
        state: written(state),
        since: rfc3339(since),
        detail,
    };
    let state = written(worst);
    Ok(uncached(StatusCode::OK).json(HealthDocument { state, parts: parts.into_iter().map(document).collect() }))
}

fn written(state: PartState) -> &'static str {
    match state {
        PartState::Ok => "ok",
        PartState::Away => "away",
        PartState::Failing => "failing",
    }
}
