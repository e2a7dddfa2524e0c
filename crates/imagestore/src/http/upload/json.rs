//! JSON: `{"data": "<base64>"}` or `{"url": "https://…"}`, with `filename` as a name only.

use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use shared_types::{ErrorCode, ImageFormat, OutputFormat};

use super::description::JsonUpload;
use super::documents::{UploadedVariantDocument, created};
use super::{body, no_image};
use crate::app::{Receiving, UploadOptions, decode_base64};
use crate::domain::{Caller, ImageName, Scope};
use crate::http::HttpState;
use crate::http::documents::{base_url, variant_document};
use crate::http::json::parse;
use crate::http::query::parse_id;
use crate::http::v1::variants::variant_name;

pub(super) async fn upload(
    request: &HttpRequest,
    payload: web::Payload,
    state: &HttpState,
    caller: &Caller,
    options: &UploadOptions,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Write)?;
    // The document is held in memory, so only so many at once.
    let Ok(_place) = state.bodies.json_uploads.try_acquire() else {
        return Err(ApiError::new(
            ErrorCode::Overloaded,
            "Too many JSON uploads at once; try again, or send the file as the raw body.",
        ));
    };
    let body = body::gather(&state.bodies, request, payload, state.bodies.json_bytes).await?;
    let document: JsonUpload = parse(&body)?;
    drop(body);
    check_kind(document.kind.as_deref())?;
    let name = document.filename.as_deref().and_then(ImageName::from_client);
    match (document.data, document.url) {
        (Some(data), None) => {
            let receiving = decode(state, caller, data).await?;
            match (document.id, document.transform) {
                (None, None) => Ok(created(request, state, &receiving.finish(name, options).await?)),
                (Some(id), Some(variant)) => put_variant(request, state, caller, receiving, (&id, &variant)).await,
                _ => Err(ApiError::new(ErrorCode::InvalidBody, "`id` and `transform` go together: they store the data as that image's variant.")),
            }
        }
        (None, Some(url)) if document.id.is_none() && document.transform.is_none() => {
            Ok(created(request, state, &state.services.upload_from_url(caller, &url, name, options).await?))
        }
        (None, Some(_)) => Err(ApiError::new(ErrorCode::InvalidBody, "`id` and `transform` need `data`: a variant is not fetched from a URL.")),
        (Some(_), Some(_)) => Err(ApiError::new(ErrorCode::InvalidBody, "Give `data` or `url`, not both.")),
        (None, None) => Err(no_image(
            "The document has neither `data` (the file in base64) nor `url`. A `filename` alone names nothing: the server reads no files by name. \
             Send the file itself, as curl -F file=@photo.jpg does.",
        )
        .parameter("data")),
    }
}

/// Stores the data as a variant of an image that exists: how an older compressing service posts its result back.
async fn put_variant(
    request: &HttpRequest,
    state: &HttpState,
    caller: &Caller,
    receiving: Receiving,
    (id, name): (&str, &str),
) -> Result<HttpResponse, ApiError> {
    let (id, name) = (parse_id(id)?, variant_name(name)?);
    let image = state.services.image_for(caller, Scope::Write, id).await?;
    let (variant, _) = state.services.put_named_variant(&image, &name, receiving, (None, None)).await?;
    let variant = variant_document(&base_url(request, state), &variant);
    Ok(HttpResponse::Created().json(UploadedVariantDocument::new(id, variant)))
}

async fn decode(state: &HttpState, caller: &Caller, data: String) -> Result<Receiving, ApiError> {
    let bytes = decode_base64(data, "data").await?;
    let mut receiving = state.services.receive_image(caller).await?;
    if !bytes.is_empty() {
        receiving.write(bytes).await?;
    }
    Ok(receiving)
}

fn check_kind(kind: Option<&str>) -> Result<(), ApiError> {
    match kind {
        Some(kind) if ImageFormat::from_extension(kind).is_none() => {
            let detail = format!(
                "`type` is not a supported format; supported are ico, pnm, hdr, exr, jxl, heic, svg, {}.",
                OutputFormat::list()
            );
            Err(ApiError::new(ErrorCode::UnsupportedFormat, detail).parameter("type"))
        }
        _ => Ok(()),
    }
}
