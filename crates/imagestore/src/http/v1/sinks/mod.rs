//! `/v1/admin/sinks`: where events leave the store, for administrators.

mod documents;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, ServiceConfig, delete, post};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use service_kit::http::ApiError;
use service_kit::http::route::{get, resource};
use service_kit::openapi::{Full, NotFound};
use shared_types::ErrorCode;
use utoipa::OpenApi;
use uuid::Uuid;

use crate::app::MAX_DEAD_LETTERS;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::Page;
use crate::http::documents::uncached;
use crate::http::query::{Query, segment};
use documents::{DeadLettersDocument, ReplayedDocument, SinksDocument, dead_letter_document, sink_document};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, dead_letters, replay_all, replay, remove),
    tags((name = "sinks", description = "Programs elsewhere that are told of events: MQTT and webhooks.")),
)]
pub(in crate::http) struct Description;

const DEFAULT_PAGE: u32 = 50;

/// Routes of sinks and their dead letters.
pub(in crate::http) fn configure(config: &mut ServiceConfig) {
    let letters = "/v1/admin/sinks/{name}/dead-letters";
    config
        .service(resource("/v1/admin/sinks", vec![(Method::GET, get().to(list))]))
        .service(resource(letters, vec![(Method::GET, get().to(dead_letters))]))
        .service(resource(&format!("{letters}/replay"), vec![(Method::POST, post().to(replay_all))]))
        .service(resource(&format!("{letters}/{{id}}"), vec![(Method::DELETE, delete().to(remove))]))
        .service(resource(&format!("{letters}/{{id}}/replay"), vec![(Method::POST, post().to(replay))]));
}

/// How each receiver of events stands.
///
/// By name, with those that the settings do not name any more. For administrators.
#[utoipa::path(
    get, path = "/v1/admin/sinks", operation_id = "listSinks", tag = "sinks",
    responses((status = 200, description = "The sinks.", body = SinksDocument)),
)]
async fn list(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (sinks, now) = (state.services.sinks(&caller).await?, Timestamp::now());
    let sinks = sinks.into_iter().map(|sink| sink_document(sink, now)).collect();
    Ok(uncached(StatusCode::OK).json(SinksDocument { sinks }))
}

/// What was given up for a receiver.
///
/// Newest first. For administrators.
#[utoipa::path(
    get, path = "/v1/admin/sinks/{name}/dead-letters", operation_id = "listDeadLetters", tag = "sinks",
    params(("name" = String, Path, description = "The sink.", example = "mqtt"), Page),
    responses(
        (status = 200, description = "A page of dead letters.", body = DeadLettersDocument),
        (status = 404, response = NotFound),
    ),
)]
async fn dead_letters(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let (limit, after) = Query::of(&request).page(DEFAULT_PAGE, MAX_DEAD_LETTERS)?;
    let (letters, cursor) = state.services.dead_letters(&caller, segment(&request, "name"), after, limit).await?;
    let dead_letters = letters.into_iter().map(dead_letter_document).collect();
    Ok(HttpResponse::Ok().json(DeadLettersDocument { dead_letters, cursor }))
}

/// Send all of it again that was given up for a receiver.
///
/// Each has as many tries as a new message. For administrators.
#[utoipa::path(
    post, path = "/v1/admin/sinks/{name}/dead-letters/replay", operation_id = "replayDeadLetters", tag = "sinks",
    params(("name" = String, Path, description = "The sink.", example = "mqtt")),
    responses(
        (status = 202, description = "They are sent.", body = ReplayedDocument),
        (status = 404, response = NotFound),
        (status = 507, response = Full),
    ),
)]
async fn replay_all(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let replayed = state.services.replay_dead_letters(&caller, segment(&request, "name")).await?;
    Ok(HttpResponse::Accepted().json(ReplayedDocument { replayed }))
}

/// Send something again that was given up.
///
/// It has as many tries as a new message. For administrators.
#[utoipa::path(
    post, path = "/v1/admin/sinks/{name}/dead-letters/{id}/replay", operation_id = "replayDeadLetter", tag = "sinks",
    params(
        ("name" = String, Path, description = "The sink.", example = "mqtt"),
        ("id" = Uuid, Path, description = "The event.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
    ),
    responses(
        (status = 202, description = "It is sent.", body = ReplayedDocument),
        (status = 404, response = NotFound),
        (status = 507, response = Full),
    ),
)]
async fn replay(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let id = event_id(&request)?;
    state.services.replay_dead_letter(&caller, segment(&request, "name"), id).await?;
    Ok(HttpResponse::Accepted().json(ReplayedDocument { replayed: 1 }))
}

/// Forget something that was given up.
///
/// The receiver never gets it. For administrators.
#[utoipa::path(
    delete, path = "/v1/admin/sinks/{name}/dead-letters/{id}", operation_id = "deleteDeadLetter", tag = "sinks",
    params(
        ("name" = String, Path, description = "The sink.", example = "mqtt"),
        ("id" = Uuid, Path, description = "The event.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
    ),
    responses(
        (status = 204, description = "It is forgotten."),
        (status = 404, response = NotFound),
        (status = 507, response = Full),
    ),
)]
async fn remove(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let id = event_id(&request)?;
    state.services.delete_dead_letter(&caller, segment(&request, "name"), id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn event_id(request: &HttpRequest) -> Result<Uuid, ApiError> {
    segment(request, "id").parse().map_err(|_| {
        let detail = "`id` is malformed: it must be the id of an event, as the list of dead letters has it.";
        ApiError::new(ErrorCode::InvalidParameter, detail).parameter("id")
    })
}
