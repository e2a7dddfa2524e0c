//! `/v1/presets`: what can be asked for by a name.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use utoipa::{OpenApi, ToSchema};

use crate::domain::Scope;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::uncached;
use crate::http::query::Query;

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(in crate::http) struct Description;

/// The presets of the settings.
#[derive(Serialize, ToSchema)]
struct PresetsDocument<'a> {
    /// By name.
    presets: Vec<PresetDocument<'a>>,
}

/// Parameters under a name.
#[derive(Serialize, ToSchema)]
struct PresetDocument<'a> {
    /// The name, which stands for the parameters in `transform=NAME`.
    #[schema(example = "thumbnail")]
    name: &'a str,
    /// The parameters, as in the query of an address.
    #[schema(example = "w=150&h=150&fit=cover")]
    transform: &'a str,
}

/// What can be asked for by a name.
///
/// The presets of the settings (`[presets]`), each of which stands for its parameters: `/i/{id}?transform=NAME`.
#[utoipa::path(
    get, path = "/v1/presets", operation_id = "listPresets", tag = "store",
    responses((status = 200, description = "The presets.", body = PresetsDocument)),
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    caller.require(Scope::Read)?;
    let presets = state.presets.iter().map(|(name, transform)| PresetDocument { name, transform }).collect();
    Ok(uncached(StatusCode::OK).json(PresetsDocument { presets }))
}
