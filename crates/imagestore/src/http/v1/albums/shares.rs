//! `/v1/albums/{id}/share`, and `/a/{token}`: public links to albums.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use service_kit::http::ApiError;
use service_kit::openapi::{Full, NotFound};
use shared_types::{AlbumId, ShareId};

use super::documents::{
    NewShareDocument, SharedAlbum, SharedAlbumDocument, SharesDocument, share_document, shared_document,
};
use super::requests::NewShare;
use super::{DEFAULT_PAGE, album_id};
use crate::app::MAX_ALBUM_PAGE;
use crate::domain::AlbumCursor;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::{Changing, Page};
use crate::http::documents::{base_url, uncached};
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};

/// Make a public link to an album.
///
/// The answer is the only one that has the link in it.
#[utoipa::path(
    post, path = "/v1/albums/{id}/share", operation_id = "shareAlbum", tag = "albums",
    params(("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    request_body(content = Option<NewShare>, description = "May be left away."),
    responses(
        (status = 201, description = "The link.", body = NewShareDocument),
        (status = 404, response = NotFound),
        Changing,
    ),
)]
pub(super) async fn create(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let id = album_id(&request)?;
    let mut fields = Fields::read_or_none(&state, &request, payload).await?;
    let expires: Option<Timestamp> = fields.take("expires_at")?;
    fields.finish("expires_at")?;
    let made = state.services.share_album(&caller, id, expires).await?;
    let url = format!("{}/a/{}", base_url(&request, &state), made.token);
    let document = NewShareDocument { share: share_document(&made.share), token: made.token, url };
    Ok(uncached(StatusCode::CREATED).json(document))
}

/// The public links to an album.
///
/// Newest first, without what opens the album.
#[utoipa::path(
    get, path = "/v1/albums/{id}/share", operation_id = "listAlbumShares", tag = "albums",
    params(("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057"), Page),
    responses(
        (status = 200, description = "A page of links.", body = SharesDocument),
        (status = 404, response = NotFound),
    ),
)]
pub(super) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = album_id(&request)?;
    let (limit, after) = Query::of(&request).page(DEFAULT_PAGE, MAX_ALBUM_PAGE)?;
    let (shares, cursor) = state.services.shares(&caller, id, after, limit).await?;
    let shares: Vec<_> = shares.iter().map(share_document).collect();
    Ok(HttpResponse::Ok().json(SharesDocument { shares, cursor }))
}

/// Revoke a public link.
#[utoipa::path(
    delete, path = "/v1/albums/{id}/share/{share}", operation_id = "revokeAlbumShare", tag = "albums",
    params(
        ("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("share" = ShareId, Path, description = "The link.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
    ),
    responses(
        (status = 204, description = "It opens nothing any more."),
        (status = 404, response = NotFound),
        (status = 507, response = Full),
    ),
)]
pub(super) async fn revoke(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (id, share) = (album_id(&request)?, parse_id(segment(&request, "share"))?);
    state.services.revoke_share(&caller, id, share).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An album by its public link.
///
/// For those who have the link; no key is looked at.
#[utoipa::path(
    get, path = "/a/{token}", operation_id = "openShare", tag = "albums", security(()),
    params(
        ("token" = String, Path, description = "What the link ends with.", example = "Zm9yIHRob3NlIHdobyBoYXZlIHRoZSBsaW5rIG9ubHk"),
        Page,
    ),
    responses(
        (status = 200, description = "The album and a page of its images.", body = SharedAlbumDocument),
        (status = 404, response = NotFound),
    ),
)]
pub(super) async fn shared(request: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, ApiError> {
    let token = segment(&request, "token");
    let (limit, after) = Query::of(&request).page::<AlbumCursor>(DEFAULT_PAGE, MAX_ALBUM_PAGE)?;
    let (album, page) = state.services.shared_images(token, after, limit).await?;
    let base = base_url(&request, &state);
    let images = page.images.iter().map(|member| shared_document(&base, &album, member, token, &state.presets));
    let images: Vec<_> = images.collect();
    let cursor = page.next.map(|cursor| cursor.to_string());
    let next = cursor.as_ref().map(|cursor| format!("{base}/a/{token}?limit={limit}&cursor={cursor}"));
    let album = SharedAlbum { name: album.name.as_str().to_owned(), cover_image_id: album.cover };
    let document = SharedAlbumDocument { album, images, cursor, next };
    Ok(uncached(StatusCode::OK).json(document))
}
