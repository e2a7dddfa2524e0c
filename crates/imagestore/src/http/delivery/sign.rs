//! `POST /v1/images/{id}/sign` and `imagestore sign`: an address that anybody may use for a while.

use std::time::Duration;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::json;
use service_kit::http::ApiError;
use shared_types::transform::{ClientHints, Presets};
use shared_types::{ImageId, TransformError};

use super::asked;
use crate::app::{Services, SignedAddress};
use crate::domain::Caller;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::base_url;
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

/// `POST /v1/images/{id}/sign`.
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
    let document = json!({ "url": url, "expires_at": signed.until.to_string() });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(document))
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
