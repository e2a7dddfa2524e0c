//! `/compress/{id}`.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::{
    BadUpstream, Conflict, Fault, Forbidden, Full, NotFound, TooLarge, TooMany, Unauthorized, Unprocessable,
    UnsupportedType, UpstreamTimeout,
};
use shared_types::ImageId;
use shared_types::wire::CompressDocument;
use utoipa::{OpenApi, ToSchema};

use super::query::{self, CompressQuery};
use super::sender;
use crate::app::{Compressor, Later};

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(compress))]
pub(super) struct Description;

/// A compression that is under way.
#[derive(Serialize, ToSchema)]
struct AcceptedDocument {
    /// That of the answer.
    #[schema(example = 202)]
    status: u16,
    /// What happened, in a sentence.
    message: &'static str,
    /// Where to ask how far it is.
    #[schema(example = "/status/01890a5d-ac96-774b-bcce-b302099a8057")]
    location: String,
}

/// Make an image of the store smaller.
///
/// Fetches the original, makes it smaller, stores the variant `compress` and answers with its figures. What would not be smaller than the
/// original is not stored. With `async=1` the store keeps a job of it, and the answer says where to ask how far it is.
#[utoipa::path(
    get, path = "/compress/{id}", tag = "compression", operation_id = "compress",
    params(("id" = ImageId, Path, description = "The image."), CompressQuery),
    responses(
        (status = 200, description = "What came of it.", body = CompressDocument),
        (
            status = 202, description = "A worker will do it (`async=1`).", body = AcceptedDocument,
            headers(("Location" = String, description = "Where to ask how far it is.")),
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
    let message = "The compression is queued; ask at `location` how far it is.";
    Ok(answer.json(AcceptedDocument { status: 202, message, location }))
}

/// Each of those who waited for one result answers with an error of its own.
fn copy(error: &ApiError) -> ApiError {
    let mut copy = ApiError::new(error.code, error.detail.clone());
    copy.parameter.clone_from(&error.parameter);
    copy.retry_after = error.retry_after;
    copy.cause.clone_from(&error.cause);
    copy
}
