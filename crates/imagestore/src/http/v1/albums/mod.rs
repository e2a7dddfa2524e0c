//! `/v1/albums` and `/v1/albums/{id}`.

mod documents;
mod members;
mod requests;
mod shares;
mod zip;

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, Header, IF_MATCH, IfMatch, LOCATION};
use actix_web::web::{ServiceConfig, delete as on_delete, patch, post, put};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use service_kit::http::ApiError;
use service_kit::http::route::{get as on_get, packed, resource};
use service_kit::openapi::{Conflict, Full, NotFound, PreconditionFailed};
use shared_types::transform::Presets;
use shared_types::{AlbumId, TransformError, VariantName};
use utoipa::OpenApi;

use crate::app::{MAX_ALBUM_PAGE, NewAlbum};
use crate::domain::{Album, AlbumChange, AlbumName, Expected};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::{Changing, Page};
use crate::http::documents::base_url;
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};
use crate::http::then;
use documents::{AlbumDocument, AlbumsDocument, DeletedAlbum, album_document, album_path};
use requests::{AlbumChanges, IfMatch as OnlyIf, ImagesOfAlbum};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(
        create, list, get, change, delete, members::list, members::add, members::remove, members::reorder, shares::create, shares::list,
        shares::revoke, shares::shared, zip::get,
    ),
    tags((name = "albums", description = "Images in an order, and public links to them.")),
)]
pub(in crate::http) struct Description;

const DEFAULT_PAGE: u32 = 50;

/// Routes of albums, and of the public links to them.
pub(in crate::http) fn configure(config: &mut ServiceConfig) {
    let albums = vec![(Method::POST, post().to(create)), (Method::GET, on_get().to(list))];
    let album = vec![
        (Method::GET, on_get().to(get)),
        (Method::PATCH, patch().to(change)),
        (Method::DELETE, on_delete().to(delete)),
    ];
    let images = vec![(Method::GET, on_get().to(members::list)), (Method::POST, post().to(members::add))];
    let shares = vec![(Method::GET, on_get().to(shares::list)), (Method::POST, post().to(shares::create))];
    config
        .service(resource("/v1/albums", albums))
        .service(resource("/v1/albums/{id}", album))
        .service(resource("/v1/albums/{id}/images", images).wrap(packed()))
        .service(resource("/v1/albums/{id}/images/{image}", vec![(Method::DELETE, on_delete().to(members::remove))]))
        .service(resource("/v1/albums/{id}/order", vec![(Method::PUT, put().to(members::reorder))]))
        .service(resource("/v1/albums/{id}/share", shares))
        .service(resource("/v1/albums/{id}/share/{share}", vec![(Method::DELETE, on_delete().to(shares::revoke))]))
        .service(resource("/v1/albums/{id}/zip", vec![(Method::GET, on_get().to(zip::get))]))
        .service(resource("/a/{token}", vec![(Method::GET, on_get().to(shares::shared))]));
}

/// Make an album.
#[utoipa::path(
    post, path = "/v1/albums", operation_id = "createAlbum", tag = "albums",
    request_body = requests::NewAlbum,
    responses(
        (
            status = 201, description = "The album.", body = AlbumDocument,
            headers(("Location" = String, description = "Its path."), ("ETag" = String, description = "Its version: for `If-Match`.")),
        ),
        (status = 409, response = Conflict),
        Changing,
    ),
)]
async fn create(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let name: Option<AlbumName> = fields.take("name")?;
    let visibility = fields.take("visibility")?;
    let default_preset = fields.change("default_preset")?.try_map(|name| preset(&name, &state.presets))?.of(None);
    let then = fields.change("then")?.try_map(|text| checked_then(text, &state.presets))?.of(None);
    fields.finish("name, visibility, default_preset, then")?;
    let name = name.ok_or_else(|| TransformError::new("name", "is missing: say what the album is called"))?;
    let album = state.services.create_album(&caller, NewAlbum { name, visibility, default_preset, then }).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((LOCATION, album_path(album.id)));
    Ok(shown(&mut answer, &request, &state, &album))
}

/// The albums that the caller may list.
///
/// Newest first. Those without a key see the public ones.
#[utoipa::path(
    get, path = "/v1/albums", operation_id = "listAlbums", tag = "albums",
    params(Page),
    responses((status = 200, description = "A page of albums.", body = AlbumsDocument)),
)]
async fn list(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    let (limit, after) = Query::of(&request).page(DEFAULT_PAGE, MAX_ALBUM_PAGE)?;
    let (albums, cursor) = state.services.albums(&caller, after, limit).await?;
    let base = base_url(&request, &state);
    let albums: Vec<_> = albums.iter().map(|album| album_document(&base, album, &state.presets)).collect();
    let next = cursor.map(|cursor| format!("{base}/v1/albums?limit={limit}&cursor={cursor}"));
    Ok(HttpResponse::Ok().json(AlbumsDocument { albums, cursor, next }))
}

/// An album.
#[utoipa::path(
    get, path = "/v1/albums/{id}", operation_id = "getAlbum", tag = "albums",
    params(("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The album.", body = AlbumDocument, headers(("ETag" = String, description = "Its version in quotation marks: for `If-Match`."))),
        (status = 404, response = NotFound),
    ),
)]
async fn get(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let album = state.services.album(&caller, album_id(&request)?).await?;
    Ok(shown(&mut HttpResponse::Ok(), &request, &state, &album))
}

/// Change an album.
///
/// The fields that are named; `null` empties one that may be empty.
#[utoipa::path(
    patch, path = "/v1/albums/{id}", operation_id = "changeAlbum", tag = "albums",
    params(("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057"), OnlyIf),
    request_body = AlbumChanges,
    responses(
        (status = 200, description = "The album after the change.", body = AlbumDocument, headers(("ETag" = String, description = "Its version in quotation marks: for `If-Match`."))),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        (status = 409, response = Conflict),
        Changing,
    ),
)]
async fn change(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (id, expected) = (album_id(&request)?, expected(&request)?);
    let mut fields = Fields::read(&state, &request, payload).await?;
    let change = AlbumChange {
        name: fields.take("name")?,
        visibility: fields.take("visibility")?,
        default_preset: fields.change("default_preset")?.try_map(|name| preset(&name, &state.presets))?,
        then: fields.change("then")?.try_map(|text| checked_then(text, &state.presets))?,
        cover: fields.change("cover_image_id")?.try_map(|id| {
            id.parse().map_err(|error| TransformError::new("cover_image_id", format!("is malformed: {error}")))
        })?,
    };
    fields.finish("name, visibility, default_preset, then, cover_image_id")?;
    let album = state.services.change_album(&caller, id, &change, &expected).await?;
    Ok(shown(&mut HttpResponse::Ok(), &request, &state, &album))
}

/// Delete an album.
///
/// Its images stay unless `images=delete` says that they go too.
#[utoipa::path(
    delete, path = "/v1/albums/{id}", operation_id = "deleteAlbum", tag = "albums",
    params(
        ("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("images" = inline(Option<ImagesOfAlbum>), Query, description = "`keep`, as if nothing is said, or `delete` those that the caller may delete and that are in no other album.", example = "keep"),
        OnlyIf,
    ),
    responses(
        (status = 200, description = "It is deleted.", body = DeletedAlbum),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        (status = 507, response = Full),
    ),
)]
async fn delete(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    let (id, expected) = (album_id(&request)?, expected(&request)?);
    let mut query = Query::of(&request);
    let with_images = match query.take("images")?.as_deref() {
        None | Some("keep") => false,
        Some("delete") => true,
        Some(_) => return Err(TransformError::new("images", "must be keep or delete").into()),
    };
    query.finish("images")?;
    let images_deleted = state.services.delete_album(&caller, id, with_images, &expected).await?;
    Ok(HttpResponse::Ok().json(DeletedAlbum { id, images_deleted }))
}

/// The album with its validator. Who may see it can change, so caches ask each time.
fn shown(answer: &mut HttpResponseBuilder, request: &HttpRequest, state: &HttpState, album: &Album) -> HttpResponse {
    answer
        .insert_header((ETAG, format!("\"{}\"", album.version)))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .json(album_document(&base_url(request, state), album, &state.presets))
}

fn album_id(request: &HttpRequest) -> Result<AlbumId, ApiError> {
    parse_id(segment(request, "id"))
}

/// The versions that `If-Match` names.
fn expected(request: &HttpRequest) -> Result<Expected, TransformError> {
    if !request.headers().contains_key(IF_MATCH) {
        return Ok(Expected::default());
    }
    let wanted = |_| TransformError::new("If-Match", "must be the ETag of the album in quotation marks, or *");
    Ok(match IfMatch::parse(request).map_err(wanted)? {
        IfMatch::Any => Expected::default(),
        IfMatch::Items(tags) => {
            // A weak validator never matches, nor does one that no album ever had.
            let strong = tags.iter().filter(|tag| !tag.weak);
            Expected(Some(strong.filter_map(|tag| tag.tag().parse().ok()).collect()))
        }
    })
}

fn preset(name: &str, presets: &Presets) -> Result<VariantName, TransformError> {
    let known = name.parse().ok().filter(|_| presets.contains(name));
    known.ok_or_else(|| TransformError::new("default_preset", "must be the name of a preset of this store, or null"))
}

fn checked_then(text: String, presets: &Presets) -> Result<String, TransformError> {
    then::parse(Some(&text), presets).map(|_| text)
}
