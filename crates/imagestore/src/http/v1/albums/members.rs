//! `/v1/albums/{id}/images` and `/v1/albums/{id}/order`: what is in an album.

use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use service_kit::openapi::{Full, NotFound, PreconditionFailed};
use shared_types::{AlbumId, ImageId, ParseIdError, TransformError};

use super::documents::{AlbumDocument, AlbumImagesDocument, member_document};
use super::requests::{AddedImages, AlbumOrder, IfMatch as OnlyIf};
use super::{DEFAULT_PAGE, album_id, expected, shown};
use crate::app::{MAX_ADDED, MAX_ALBUM_PAGE};
use crate::domain::{AlbumCursor, Place, Reorder};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::{Changing, Page};
use crate::http::documents::{base_url, thumbhashes};
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};

/// The most images that one request puts in an order.
const MAX_ORDERED: usize = 5000;

/// The images of an album.
///
/// In its order, those that the caller may see.
#[utoipa::path(
    get, path = "/v1/albums/{id}/images", operation_id = "listAlbumImages", tag = "albums",
    params(
        ("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("thumbhash" = Option<bool>, Query, description = "Whether each record has the image's `thumbhash`, if it is known already."),
        Page,
    ),
    responses(
        (status = 200, description = "A page of images.", body = AlbumImagesDocument),
        (status = 404, response = NotFound),
    ),
)]
pub(super) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = album_id(&request)?;
    let mut query = Query::of(&request);
    let with_thumbhash = query.flag("thumbhash")?;
    let (limit, after) = (query.limit(DEFAULT_PAGE, MAX_ALBUM_PAGE)?, query.cursor::<AlbumCursor>()?);
    query.finish("limit, cursor, thumbhash")?;
    let (album, page) = state.services.album_images(&caller, id, after, limit).await?;
    let base = base_url(&request, &state);
    let thumbhashes = thumbhashes(&state, with_thumbhash, page.images.iter().map(|member| &member.image)).await?;
    let images =
        page.images.iter().map(|member| member_document(&base, &album, member, (&state.presets, &thumbhashes)));
    let images: Vec<_> = images.collect();
    let cursor = page.next.map(|cursor| cursor.to_string());
    let also = if with_thumbhash { "&thumbhash=true" } else { "" };
    let next =
        cursor.as_ref().map(|cursor| format!("{base}/v1/albums/{id}/images?limit={limit}&cursor={cursor}{also}"));
    Ok(HttpResponse::Ok().json(AlbumImagesDocument { images, cursor, next }))
}

/// Put images into an album.
///
/// At its end; those that are there already stay where they are.
#[utoipa::path(
    post, path = "/v1/albums/{id}/images", operation_id = "addAlbumImages", tag = "albums",
    params(("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057"), OnlyIf),
    request_body = AddedImages,
    responses(
        (status = 200, description = "The album after the change.", body = AlbumDocument, headers(("ETag" = String, description = "Its version in quotation marks: for `If-Match`."))),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        Changing,
    ),
)]
pub(super) async fn add(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (id, expected) = (album_id(&request)?, expected(&request)?);
    let mut fields = Fields::read(&state, &request, payload).await?;
    let ids = ids(&mut fields, MAX_ADDED)?;
    fields.finish("ids")?;
    let ids = ids.ok_or_else(|| TransformError::new("ids", "is missing: say which images"))?;
    let album = state.services.add_to_album(&caller, id, &ids, &expected).await?;
    Ok(shown(&mut HttpResponse::Ok(), &request, &state, &album))
}

/// Take an image out of an album.
///
/// The image stays.
#[utoipa::path(
    delete, path = "/v1/albums/{id}/images/{image}", operation_id = "removeAlbumImage", tag = "albums",
    params(
        ("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("image" = ImageId, Path, description = "The image.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        OnlyIf,
    ),
    responses(
        (status = 200, description = "The album after the change.", body = AlbumDocument, headers(("ETag" = String, description = "Its version in quotation marks: for `If-Match`."))),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        (status = 507, response = Full),
    ),
)]
pub(super) async fn remove(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (id, image) = (album_id(&request)?, parse_id(segment(&request, "image"))?);
    let album = state.services.remove_from_album(&caller, id, image, &expected(&request)?).await?;
    Ok(shown(&mut HttpResponse::Ok(), &request, &state, &album))
}

/// Change the order of an album.
///
/// `ids` come first in this order, or `move` says where one image goes.
#[utoipa::path(
    put, path = "/v1/albums/{id}/order", operation_id = "orderAlbum", tag = "albums",
    params(("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057"), OnlyIf),
    request_body = AlbumOrder,
    responses(
        (status = 200, description = "The album after the change.", body = AlbumDocument, headers(("ETag" = String, description = "Its version in quotation marks: for `If-Match`."))),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        Changing,
    ),
)]
pub(super) async fn reorder(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (id, expected) = (album_id(&request)?, expected(&request)?);
    let mut fields = Fields::read(&state, &request, payload).await?;
    let order = order(&mut fields)?;
    fields.finish("ids, move")?;
    let album = state.services.reorder_album(&caller, id, &order, &expected).await?;
    Ok(shown(&mut HttpResponse::Ok(), &request, &state, &album))
}

fn order(fields: &mut Fields) -> Result<Reorder, TransformError> {
    match (ids(fields, MAX_ORDERED)?, fields.object("move")?) {
        (Some(ids), None) => Ok(Reorder::First(ids)),
        (None, Some(mut fields)) => {
            let image = fields.take("id")?;
            let image =
                image.ok_or_else(|| TransformError::new("id", "is missing: say which image moves (in move)"))?;
            let (before, after) = (fields.take("before")?, fields.take("after")?);
            fields.finish("id, before, after (in move)")?;
            let place = match (before, after) {
                (Some(before), None) => Place::Before(before),
                (None, Some(after)) => Place::After(after),
                _ => return Err(TransformError::new("move", "must have one of before and after: an image's id")),
            };
            Ok(Reorder::Move(image, place))
        }
        (Some(_), Some(_)) => Err(TransformError::new("move", "contradicts ids: give one of the two")),
        (None, None) => Err(TransformError::new("ids", "is missing: say which images come first, or give move")),
    }
}

fn ids(fields: &mut Fields, most: usize) -> Result<Option<Vec<ImageId>>, TransformError> {
    let Some(texts) = fields.texts("ids")? else { return Ok(None) };
    if !(1..=most).contains(&texts.len()) {
        return Err(TransformError::new("ids", format!("must name 1 to {most} images")));
    }
    let ids = texts.iter().map(|id| id.parse()).collect::<Result<_, ParseIdError>>();
    ids.map(Some).map_err(|error| TransformError::new("ids", format!("is not valid: {error}")))
}
