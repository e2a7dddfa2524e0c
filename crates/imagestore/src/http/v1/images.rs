//! `/v1/images` and `/v1/images/{id}`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use service_kit::http::ApiError;
use service_kit::openapi::NotFound;
use shared_types::wire::ImageDocument;
use shared_types::{ImageFormat, ImageId, TransformError};
use utoipa::OpenApi;

use crate::app::{Deletion, ListWish, MAX_PAGE};
use crate::domain::{Caller, ImageChange, ImageFilter, ImageName, Metadata, Position, Sort};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, deleted_document, image_document};
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(get, delete))]
pub(in crate::http) struct Description;

const DEFAULT_PAGE: u32 = 50;

/// What a list may be asked for.
const KNOWN: &str =
    "limit, cursor, owner, visibility, format, tag, name, min_bytes, max_bytes, since, before, sort, order, deleted";

/// `GET /v1/images`: newest first, or as `sort` and `order` say.
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    if Query::of(&request).flag("deleted")? {
        return deleted(&request, &state, &caller).await;
    }
    let (wish, limit) = wish(&request)?;
    let listing = state.services.list(&caller, wish, limit).await?;
    let base = base_url(&request, &state);
    let images: Vec<_> = listing.images.iter().map(|image| image_document(&base, image)).collect();
    let cursor = listing.next.map(|position| position.to_string());
    let next = cursor.as_ref().map(|cursor| next_page(&base, &request, cursor));
    Ok(HttpResponse::Ok().json(json!({ "images": images, "cursor": cursor, "next": next })))
}

/// `GET /v1/images?deleted=true`: those that were deleted and can come back.
async fn deleted(request: &HttpRequest, state: &HttpState, caller: &Caller) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(request);
    let (limit, after) = (query.limit(DEFAULT_PAGE, MAX_PAGE)?, query.cursor()?);
    let owner = query.parsed("owner")?;
    query.take("deleted")?;
    query.finish("deleted, owner, limit, cursor (of deleted images nothing else can be said)")?;
    let (images, cursor) = state.services.deleted_images(caller, owner, after, limit).await?;
    let base = base_url(request, state);
    let images: Vec<_> = images.iter().map(|image| deleted_document(&base, image)).collect();
    let next = cursor.map(|cursor| next_page(&base, request, &cursor.to_string()));
    Ok(HttpResponse::Ok().json(json!({ "images": images, "cursor": cursor, "next": next })))
}

/// `POST /v1/images/{id}/restore`.
pub(in crate::http) async fn restore(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let image = state.services.restore(&caller, id).await?;
    Ok(HttpResponse::Ok().json(image_document(&base_url(&request, &state), &image)))
}

fn wish(request: &HttpRequest) -> Result<(ListWish, u32), ApiError> {
    let mut query = Query::of(request);
    let limit = query.limit(DEFAULT_PAGE, MAX_PAGE)?;
    let after: Option<Position> = query.cursor()?;
    let owner = query.parsed("owner")?;
    let format = query.take("format")?.map(|text| ImageFormat::from_extension(&text).ok_or_else(unknown_format));
    let filter = ImageFilter {
        visibility: query.parsed("visibility")?,
        format: format.transpose()?,
        tag: query.parsed("tag")?,
        name: query.take("name")?.map(|name| name.to_lowercase()),
        min_bytes: query.parsed("min_bytes")?,
        max_bytes: query.parsed("max_bytes")?,
        since: query.time("since")?,
        before: query.time("before")?,
    };
    let sort: Sort = query.parsed("sort")?.unwrap_or_default();
    let descending = match query.take("order")?.as_deref() {
        None => sort != Sort::Name,
        Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(TransformError::new("order", "must be asc or desc").into()),
    };
    query.take("deleted")?;
    query.finish(KNOWN)?;
    if after.as_ref().is_some_and(|position| position.sort() != sort) {
        return Err(TransformError::new("cursor", "is that of a list with another `sort`").into());
    }
    Ok((ListWish { owner, filter, sort, descending, after }, limit))
}

fn unknown_format() -> TransformError {
    TransformError::new("format", "must be a format such as jpg or png")
}

/// The same request with another cursor.
fn next_page(base: &str, request: &HttpRequest, cursor: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(Query::of(request).0.iter().filter(|(name, _)| name != "cursor"));
    query.append_pair("cursor", cursor);
    format!("{base}/v1/images?{}", query.finish())
}

/// The record of an image.
#[utoipa::path(
    get, path = "/v1/images/{id}", tag = "images",
    params(("id" = ImageId, Path, description = "The image.")),
    responses((status = 200, description = "The record.", body = ImageDocument), (status = 404, response = NotFound)),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let image = state.services.image(&caller, id).await?;
    let rendition_bytes = state.services.rendition_bytes(&image).await?;
    let document = image_document(&base_url(&request, &state), &image);
    Ok(HttpResponse::Ok().json(ImageDocument { rendition_bytes, ..document }))
}

/// `PATCH /v1/images/{id}`: what is said of it.
pub(in crate::http) async fn change(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let name = fields.text("name")?.map(|name| {
        ImageName::from_client(&name)
            .ok_or_else(|| TransformError::new("name", "must be a file name such as photo.jpg"))
    });
    let name = name.transpose()?;
    let visibility = fields.take("visibility")?;
    let tags = fields.tags("tags")?;
    let metadata = fields.plain_object("metadata")?.map(Metadata::of).transpose();
    let metadata = metadata.map_err(|reason| TransformError::new("metadata", reason))?;
    fields.finish("name, visibility, tags, metadata")?;
    let image = state.services.change(&caller, id, ImageChange { name, visibility, tags, metadata }).await?;
    Ok(HttpResponse::Ok().json(image_document(&base_url(&request, &state), &image)))
}

/// Delete an image and all that was made of it.
///
/// Needs a key, or in `token` what the upload's answer told.
#[utoipa::path(
    delete, path = "/v1/images/{id}", tag = "images",
    params(
        ("id" = ImageId, Path, description = "The image."),
        ("token" = Option<String>, Query, description = "The delete token of the upload: works once, without a key."),
        ("purge" = Option<bool>, Query, description = "Whether it goes for good at once, also where deleted images are kept for a while."),
    ),
    responses((status = 204, description = "The image is deleted."), (status = 404, response = NotFound)),
)]
pub(in crate::http) async fn delete(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    let mut query = Query::of(&request);
    let token = query.take("token")?;
    let deletion = if query.flag("purge")? { Deletion::ForGood } else { Deletion::Usual };
    query.finish("token, purge")?;
    match token {
        Some(token) => state.services.delete_by_token(id, &token, deletion).await?,
        None => state.services.delete(&caller, id, deletion).await?,
    }
    Ok(HttpResponse::NoContent().finish())
}
