//! `POST /v1/images/{id}/sign` and `imagestore sign`: an address that anybody may use for a while.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::{NotFound, UnsupportedType};
use shared_types::transform::{ClientHints, Presets};
use shared_types::{ImageId, TransformError};
use utoipa::{OpenApi, ToSchema};

use super::asked;
use crate::app::{Services, SignedAddress};
use crate::domain::Caller;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, uncached};
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};

/// How long a signature holds if nothing is said: an hour.
const HOLDS: u64 = 3600;

/// What browsers escape in a query (URL Standard, special-query percent-encode set), and what they should: it is signed as they will send it.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\'')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^');

/// Signs an address such as `/i/ID.webp?w=512`.
pub(in crate::http) async fn address(
    services: &Services,
    presets: &Presets,
    caller: &Caller,
    address: &str,
    holds: Duration,
) -> Result<SignedAddress, ApiError> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let file =
        ["/i/", "/download/"].iter().find_map(|start| path.strip_prefix(start)).filter(|file| !file.contains('/'));
    let file = file.ok_or_else(|| {
        let reason = "must be a path such as /i/ID.webp?w=512 or /download/ID, without the name of the server";
        TransformError::new("address", reason)
    })?;
    let query = utf8_percent_encode(query, ESCAPED).to_string();
    let asked = asked((path, file), &query, ClientHints::default(), presets)?;
    let (id, wanted) = (asked.id, |image: &_| asked.wanted(image, &[]));
    Ok(services.sign(caller, id, (path, &query), wanted, holds).await?)
}

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(sign))]
pub(in crate::http) struct Description;

/// What is to be signed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "`sign` reads the fields; this only describes them")]
struct SignRequest {
    /// Parameters of a variant as they stand in a URL; none is the original.
    #[schema(example = "w=512")]
    query: Option<String>,
    /// The format, or `auto`.
    #[schema(example = "webp")]
    format: Option<String>,
    /// For how many seconds it holds; an hour by default.
    #[schema(minimum = 1, maximum = 31_536_000, example = 3600)]
    expires_in: Option<u64>,
}

/// An address that anybody may use until it expires.
#[derive(Serialize, ToSchema)]
struct SignedDocument {
    /// The address, with `key`, `expires` and `sig`.
    url: String,
    /// When it expires.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Sign an address of an image, so that anybody may use it until it expires.
#[utoipa::path(
    post, path = "/v1/images/{id}/sign", tag = "delivery", operation_id = "signAddress",
    params(("id" = ImageId, Path, description = "The image.")),
    request_body(content = SignRequest, description = "What is to be shown, and for how long."),
    responses(
        (
            status = 200, description = "The address.", body = SignedDocument,
            headers(("Cache-Control" = String, description = "`no-store`.")),
        ),
        (status = 404, response = NotFound),
        (status = 415, response = UnsupportedType),
    ),
)]
pub(in crate::http) async fn sign(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id: ImageId = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let (query, format) = (fields.text("query")?.unwrap_or_default(), fields.text("format")?);
    let holds = fields.take_plain("expires_in")?.unwrap_or(HOLDS);
    fields.finish("query, format, expires_in")?;
    let address = written(id, query.strip_prefix('?').unwrap_or(&query), format.as_deref());
    let signed = self::address(&state.services, &state.presets, &caller, &address, Duration::from_secs(holds)).await;
    let signed = signed.map_err(|error| as_field(error, "extension", "format"))?;
    let url = format!("{}{}", base_url(&request, &state), signed.path_and_query);
    let document = SignedDocument { url, expires_at: signed.until.to_string() };
    Ok(uncached(StatusCode::OK).json(document))
}

/// The address of an image with these parameters.
fn written(id: ImageId, query: &str, format: Option<&str>) -> String {
    match format {
        None => format!("/i/{id}?{query}"),
        // No file is called so.
        Some("auto") if query.is_empty() => format!("/i/{id}?format=auto"),
        Some("auto") => format!("/i/{id}?{query}&format=auto"),
        Some(format) => format!("/i/{id}.{format}?{query}"),
    }
}

/// Names the field of the document in which the fault stands.
fn as_field(mut error: ApiError, part: &str, field: &str) -> ApiError {
    if error.parameter.as_deref() == Some(part) {
        error.parameter = Some(field.to_owned());
    }
    error
}
