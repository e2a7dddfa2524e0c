//! `/v1/images` and `/v1/images/{id}`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::NotFound;
use shared_types::wire::ImageDocument;
use shared_types::{ImageFormat, ImageId, TransformError, UserId};
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::app::{Deletion, ListWish, MAX_PAGE};
use crate::domain::{Caller, ImageChange, ImageFilter, ImageName, Metadata, Position, Sort, Visibility};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::TextOrTexts;
use crate::http::documents::{
    ListedDocument, base_url, deleted_document, image_document, listed_document, thumbhashes,
};
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(list, get, change, delete, restore), components(schemas(Visibility, Sort)))]
pub(in crate::http) struct Description;

const DEFAULT_PAGE: u32 = 50;

/// The parameters that [`wish`] reads, which say what list it is.
pub(super) const WISHES: &str =
    "cursor, owner, visibility, format, tag, name, min_bytes, max_bytes, since, before, sort, order";

/// The parameters that say which list it is, as the description tells them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "`wish` reads them; this only describes them")]
pub(super) struct ListQuery {
    /// Where the page begins: `cursor` of the page before, unchanged.
    cursor: Option<String>,
    /// Only images of this user.
    owner: Option<UserId>,
    /// Only images that these may see.
    visibility: Option<Visibility>,
    /// Only originals of this format.
    #[param(example = "jpg")]
    format: Option<ImageFormat>,
    /// Only images with this tag.
    #[param(example = "sea")]
    tag: Option<String>,
    /// Only images whose names begin so, in whichever case.
    #[param(example = "holiday")]
    name: Option<String>,
    /// Only originals of at least so many bytes.
    #[param(format = "uint64", example = 1)]
    min_bytes: Option<u64>,
    /// Only originals of at most so many bytes.
    #[param(format = "uint64", example = 10_000_000)]
    max_bytes: Option<u64>,
    /// Only images uploaded at this time or later: RFC 3339, or a date.
    #[param(example = "2026-01-31")]
    since: Option<String>,
    /// Only images uploaded before this time.
    #[param(example = "2100-01-31T12:00:00Z")]
    before: Option<String>,
    /// What the list is sorted by; `date` by default.
    sort: Option<Sort>,
    /// `asc` or `desc`; by default names ascend, dates and bytes descend.
    #[param(pattern = "^(asc|desc)$", example = "desc")]
    order: Option<String>,
}

/// Those of a page of it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "`list` reads them; this only describes them")]
struct PageQuery {
    /// How many records a page has; 50 by default.
    #[param(minimum = 1, maximum = 500, example = 50)]
    limit: Option<u32>,
    /// Whether each record has the image's `thumbhash`, if it is known already: a few bytes to show until the picture is there.
    thumbhash: Option<bool>,
    /// Whether to list deleted images that can come back instead, newest first; then only `owner`, `limit` and `cursor` may stand beside it.
    deleted: Option<bool>,
}

/// A page of images.
#[derive(Serialize, ToSchema)]
struct ImagesDocument {
    /// The records.
    images: Vec<ListedDocument>,
    /// What the next page begins behind, if there is one.
    cursor: Option<String>,
    /// The address of the next page, if there is one.
    next: Option<String>,
}

/// What may be changed of an image; what is left out stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "`change` reads the fields; this only describes them")]
struct ImageChanges {
    /// A file name.
    #[schema(example = "holiday.jpg")]
    name: Option<String>,
    /// Who may see it.
    visibility: Option<Visibility>,
    /// What it is filed under, in place of the tags that it has; as a list, or a text with commas between them.
    #[schema(value_type = Option<TextOrTexts>, example = json!(["sea", "2026"]))]
    tags: Option<Vec<String>>,
    /// What else is said of it, in place of what was said.
    #[schema(value_type = Option<Object>, example = json!({ "place": "Brest" }))]
    metadata: Option<Metadata>,
}

/// Images, newest first, or as `sort` and `order` say.
#[utoipa::path(
    get, path = "/v1/images", tag = "images", operation_id = "listImages", params(PageQuery, ListQuery),
    responses((status = 200, description = "A page.", body = ImagesDocument)),
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    if Query::of(&request).flag("deleted")? {
        return deleted(&request, &state, &caller).await;
    }
    let mut query = Query::of(&request);
    let (limit, with_thumbhash) = (query.limit(DEFAULT_PAGE, MAX_PAGE)?, query.flag("thumbhash")?);
    query.take("deleted")?;
    let wish = wish(&mut query)?;
    query.finish(&format!("limit, {WISHES}, thumbhash, deleted"))?;
    let listing = state.services.list(&caller, wish, limit).await?;
    let thumbhashes = thumbhashes(&state, with_thumbhash, listing.images.iter()).await?;
    let base = base_url(&request, &state);
    let images = listing.images.iter().map(|image| listed_document(&base, image, &thumbhashes)).collect();
    let cursor = listing.next.map(|position| position.to_string());
    let next = cursor.as_ref().map(|cursor| next_page(&base, &request, cursor));
    Ok(HttpResponse::Ok().json(ImagesDocument { images, cursor, next }))
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
    let images = images.iter().map(|image| deleted_document(&base, image)).collect();
    let cursor = cursor.map(|cursor| cursor.to_string());
    let next = cursor.as_ref().map(|cursor| next_page(&base, request, cursor));
    Ok(HttpResponse::Ok().json(ImagesDocument { images, cursor, next }))
}

/// Bring a deleted image back.
///
/// With its variants and its places in albums, where deleted images are kept for a while (`delete.grace`).
#[utoipa::path(
    post, path = "/v1/images/{id}/restore", tag = "images", operation_id = "restoreImage",
    params(("id" = ImageId, Path, description = "The image.")),
    responses((status = 200, description = "It is back.", body = ImageDocument), (status = 404, response = NotFound)),
)]
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

/// The list that a query asks for, and nothing else of it.
pub(super) fn wish(query: &mut Query<'_>) -> Result<ListWish, ApiError> {
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
    if after.as_ref().is_some_and(|position| position.sort() != sort) {
        return Err(TransformError::new("cursor", "is that of a list with another `sort`").into());
    }
    Ok(ListWish { owner, filter, sort, descending, after })
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
    get, path = "/v1/images/{id}", tag = "images", operation_id = "getImage",
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

/// Change what is said of an image.
#[utoipa::path(
    patch, path = "/v1/images/{id}", tag = "images", operation_id = "changeImage",
    params(("id" = ImageId, Path, description = "The image.")),
    request_body(content = ImageChanges, description = "What becomes otherwise."),
    responses(
        (status = 200, description = "The record as it is now.", body = ImageDocument),
        (status = 404, response = NotFound),
    ),
)]
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
    let change = ImageChange { name, visibility, tags, metadata, ..ImageChange::default() };
    let image = state.services.change(&caller, id, change).await?;
    Ok(HttpResponse::Ok().json(image_document(&base_url(&request, &state), &image)))
}

/// Delete an image and all that was made of it.
///
/// Needs a key, or in `token` what the upload's answer told.
#[utoipa::path(
    delete, path = "/v1/images/{id}", tag = "images", operation_id = "deleteImage",
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
