//! `/v1/albums/{id}/share`, and `/a/{token}`: public links to albums.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde_json::json;
use service_kit::http::ApiError;

use super::documents::{share_document, shared_document};
use super::{DEFAULT_PAGE, album_id};
use crate::app::MAX_ALBUM_PAGE;
use crate::domain::AlbumCursor;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::base_url;
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};

/// `POST /v1/albums/{id}/share`: the answer is the only one that has the link in it.
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
    let mut document = share_document(&made.share);
    document["url"] = format!("{}/a/{}", base_url(&request, &state), made.token).into();
    document["token"] = made.token.into();
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(document))
}

/// `GET /v1/albums/{id}/share?limit&cursor`: newest first.
pub(super) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = album_id(&request)?;
    let (limit, after) = Query::of(&request).page(DEFAULT_PAGE, MAX_ALBUM_PAGE)?;
    let (shares, next) = state.services.shares(&caller, id, after, limit).await?;
    let shares: Vec<_> = shares.iter().map(share_document).collect();
    Ok(HttpResponse::Ok().json(json!({ "shares": shares, "cursor": next })))
}

/// `DELETE /v1/albums/{id}/share/{share}`: revokes it.
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

/// `GET /a/{token}?limit&cursor`: the album for those who have the link. No key is looked at.
pub(super) async fn shared(request: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, ApiError> {
    let token = segment(&request, "token");
    let (limit, after) = Query::of(&request).page::<AlbumCursor>(DEFAULT_PAGE, MAX_ALBUM_PAGE)?;
    let (album, page) = state.services.shared_images(token, after, limit).await?;
    let base = base_url(&request, &state);
    let images = page.images.iter().map(|member| shared_document(&base, &album, member, token, &state.presets));
    let images: Vec<_> = images.collect();
    let cursor = page.next.map(|cursor| cursor.to_string());
    let next = cursor.as_ref().map(|cursor| format!("{base}/a/{token}?limit={limit}&cursor={cursor}"));
    let document = json!({
        "album": { "name": album.name.as_str(), "cover_image_id": album.cover },
        "images": images, "cursor": cursor, "next": next,
    });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(document))
}
