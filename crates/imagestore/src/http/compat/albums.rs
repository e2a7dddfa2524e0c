//! An album service whose albums and images are addressed by their names.
//!
//! Under `/api/v1/albums`. Answers are `{message}`; its clients look for the `error` in a failure, which every problem document has. Names in
//! paths are looked up, never joined to anything: `..` is a name like any other.

use std::borrow::Cow;
use std::sync::Arc;

use actix_multipart::Multipart;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use service_kit::http::ApiError;
use service_kit::http::route::{get, resource};
use service_kit::openapi::{
    Conflict, Full, NotFound, PreconditionFailed, RangeNotSatisfiable, Unprocessable, UnsupportedType,
};
use shared_types::{ErrorCode, TransformError};
use utoipa::{OpenApi, ToSchema};

use crate::app::{NewAlbum, UploadOptions, Uploaded};
use crate::domain::{AlbumChange, AlbumName, Caller, Expected, ImageName, Scope};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::delivery;
use crate::http::described::{Bytes, Changing};
use crate::http::json::Fields;
use crate::http::query::{Query, segment};
use crate::http::upload::{body, into_album, multipart};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, rename, delete, list_images, add_image, send_image, rename_image, delete_image),
    tags((name = "older albums", description = "The interface of an older album service: albums and images by their names.")),
)]
pub(in crate::http) struct Description;

/// What was done, in a sentence.
#[derive(Serialize, ToSchema)]
struct Done {
    /// The sentence.
    #[schema(example = "Summer album added")]
    message: String,
}

/// The caller's albums.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AlbumList {
    /// Their names.
    #[schema(example = json!(["Summer"]))]
    album_list: Vec<String>,
}

/// The images of an album.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ImageList {
    /// Their names in the album, in its order.
    #[schema(example = json!(["beach.jpg"]))]
    image_list: Vec<String>,
}

/// What an album is to be called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what is read by hand")]
struct NamedAlbum {
    /// 1 to 255 bytes without control characters.
    #[schema(min_length = 1, max_length = 255, example = "Summer")]
    album_name: String,
}

/// What an image is to be called in the album.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what is read by hand")]
struct NamedImage {
    /// The name of a file.
    #[schema(min_length = 1, max_length = 255, example = "beach.jpg")]
    image_name: String,
}

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read by hand")]
struct FileForm {
    /// The picture; its file name is its name in the album.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The most bytes of a field that is not the file.
const FIELD_BYTES: u64 = 64 * 1024;

pub(in crate::http) fn configure(config: &mut ServiceConfig) {
    let albums = vec![(Method::GET, get().to(list)), (Method::POST, web::post().to(create))];
    let album = vec![(Method::PATCH, web::patch().to(rename)), (Method::DELETE, web::delete().to(delete))];
    let images = vec![(Method::GET, get().to(list_images)), (Method::POST, web::post().to(add_image))];
    let image = vec![
        (Method::GET, get().to(send_image)),
        (Method::PATCH, web::patch().to(rename_image)),
        (Method::DELETE, web::delete().to(delete_image)),
    ];
    config
        .service(resource("/api/v1/albums", albums))
        .service(resource("/api/v1/albums/{album}", album))
        .service(resource("/api/v1/albums/{album}/images", images))
        .service(resource("/api/v1/albums/{album}/images/{image}", image));
}

/// A name in the path. The router has decoded all but `%`, `/` and `+`, which it leaves as they were sent.
fn name<'a>(request: &'a HttpRequest, segment_name: &str) -> Cow<'a, str> {
    percent_encoding::percent_decode_str(segment(request, segment_name)).decode_utf8_lossy()
}

fn done(message: String) -> HttpResponse {
    HttpResponse::Ok().json(Done { message })
}

/// The one field of a document.
async fn field(
    state: &HttpState,
    request: &HttpRequest,
    payload: web::Payload,
    name: &'static str,
) -> Result<String, ApiError> {
    let mut fields = Fields::read(state, request, payload).await?;
    let text = fields.text(name)?;
    fields.finish(name)?;
    Ok(text.ok_or_else(|| TransformError::new(name, "is missing"))?)
}

async fn album_name(state: &HttpState, request: &HttpRequest, payload: web::Payload) -> Result<AlbumName, ApiError> {
    let text = field(state, request, payload, "albumName").await?;
    Ok(text.parse().map_err(|reason: String| TransformError::new("albumName", reason))?)
}

/// The names of the caller's albums.
#[utoipa::path(
    get, path = "/api/v1/albums", operation_id = "listAlbumNames", tag = "older albums",
    responses((status = 200, description = "The names.", body = AlbumList)),
)]
async fn list(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let names = state.services.album_names(&caller).await?;
    let album_list = names.iter().map(|name| name.as_str().to_owned()).collect();
    Ok(HttpResponse::Ok().json(AlbumList { album_list }))
}

/// Make an album, by its name.
#[utoipa::path(
    post, path = "/api/v1/albums", operation_id = "addNamedAlbum", tag = "older albums",
    request_body = NamedAlbum,
    responses((status = 200, description = "It is made.", body = Done), (status = 409, response = Conflict), Changing),
)]
async fn create(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let name = album_name(&state, &request, payload).await?;
    let new = NewAlbum { name, visibility: None, default_preset: None, then: None };
    let album = state.services.create_album(&caller, new).await?;
    Ok(done(format!("{} album added", album.name.as_str())))
}

/// Give an album another name.
#[utoipa::path(
    patch, path = "/api/v1/albums/{album}", operation_id = "renameNamedAlbum", tag = "older albums",
    params(("album" = String, Path, description = "The album's name.", example = "Summer")),
    request_body = NamedAlbum,
    responses(
        (status = 200, description = "It has the name.", body = Done),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        Changing,
    ),
)]
async fn rename(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let album = state.services.album_named(&caller, Scope::Write, &name(&request, "album")).await?;
    let new = album_name(&state, &request, payload).await?;
    let change = AlbumChange { name: Some(new), ..AlbumChange::default() };
    let changed = state.services.change_album(&caller, album.id, &change, &Expected::default()).await?;
    Ok(done(format!("album {} modified to {}", album.name.as_str(), changed.name.as_str())))
}

/// Delete an album by its name.
///
/// With its images, but for those that are in other albums too.
#[utoipa::path(
    delete, path = "/api/v1/albums/{album}", operation_id = "deleteNamedAlbum", tag = "older albums",
    params(("album" = String, Path, description = "The album's name.", example = "Summer")),
    responses(
        (status = 200, description = "It is deleted.", body = Done),
        (status = 404, response = NotFound),
        (status = 507, response = Full),
    ),
)]
async fn delete(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let album = state.services.album_named(&caller, Scope::Delete, &name(&request, "album")).await?;
    state.services.delete_album(&caller, album.id, true, &Expected::default()).await?;
    Ok(done(format!("{} album deleted", album.name.as_str())))
}

/// The names of an album's images.
///
/// In its order.
#[utoipa::path(
    get, path = "/api/v1/albums/{album}/images", operation_id = "listImageNames", tag = "older albums",
    params(("album" = String, Path, description = "The album's name.", example = "Summer")),
    responses((status = 200, description = "The names.", body = ImageList), (status = 404, response = NotFound)),
)]
async fn list_images(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let album = state.services.album_named(&caller, Scope::Read, &name(&request, "album")).await?;
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let (_, page) = state.services.album_images(&caller, album.id, after, crate::app::MAX_ALBUM_PAGE).await?;
        names.extend(page.images.into_iter().map(|member| member.name.as_str().to_owned()));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(HttpResponse::Ok().json(ImageList { image_list: names })),
        }
    }
}

/// Upload an image into an album.
///
/// A form with `file`, under a name that no other image of the album has.
#[utoipa::path(
    post, path = "/api/v1/albums/{album}/images", operation_id = "addNamedImage", tag = "older albums",
    params(("album" = String, Path, description = "The album's name.", example = "Summer")),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "It is stored.", body = Done),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 415, response = UnsupportedType),
        (status = 422, response = Unprocessable),
        Changing,
    ),
)]
async fn add_image(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let destination = state.services.destination_named(&caller, &name(&request, "album")).await?;
    let album = destination.album().name.clone();
    let mut options = UploadOptions::default();
    into_album(&state, &mut options, destination);
    let image = uploaded(&request, payload, &state, &caller, &options).await?.image;
    let added = image.name.unwrap_or_else(|| ImageName::of_id(image.id, image.facts.format));
    Ok(done(format!("{} image added to album {}", added.as_str(), album.as_str())))
}

/// Takes in the part `file` of a form; further parts are read and forgotten.
async fn uploaded(
    request: &HttpRequest,
    payload: web::Payload,
    state: &HttpState,
    caller: &Caller,
    options: &UploadOptions,
) -> Result<Uploaded, ApiError> {
    let mut parts = Multipart::new(request.headers(), payload);
    while let Some(part) = body::next(&state.bodies, &mut parts).await? {
        let part = part.map_err(multipart::unreadable)?;
        if part.name() == Some("file") {
            let name = part.content_disposition().and_then(|disposition| disposition.get_filename());
            let name = name.and_then(ImageName::from_client);
            return multipart::file(state, caller, part, name, options).await?;
        }
        multipart::skip(state, part, FIELD_BYTES).await?;
    }
    let detail = "The form has no file in it; send it in a part called `file`.";
    Err(ApiError::new(ErrorCode::MissingImage, detail).parameter("file"))
}

/// An image of an album, to be saved.
///
/// The original.
#[utoipa::path(
    get, path = "/api/v1/albums/{album}/images/{image}", operation_id = "getNamedImage", tag = "older albums",
    params(
        ("album" = String, Path, description = "The album's name.", example = "Summer"),
        ("image" = String, Path, description = "The image's name in the album.", example = "beach.jpg"),
        ("Range" = Option<String>, Header, description = "The part of the file that is wanted.", example = "bytes=0-1023"),
        ("If-None-Match" = Option<String>, Header, description = "`ETag`s of files that the client has."),
    ),
    responses(
        (
            status = 200, description = "The file.", body = Bytes, content_type = "image/*",
            headers(
                ("ETag" = String, description = "For conditional requests."),
                ("Content-Disposition" = String, description = "`attachment` with its name in the album."),
            ),
        ),
        (
            status = 206, description = "A part of the file.", body = Bytes, content_type = "image/*",
            headers(("Content-Range" = String, description = "Which part.")),
        ),
        (status = 304, description = "The client has the file."),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        (status = 416, response = RangeNotSatisfiable),
    ),
)]
async fn send_image(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (album, image) = (name(&request, "album"), name(&request, "image"));
    let (_, found) = state.services.album_image_named(&caller, Scope::Read, &album, &image).await?;
    delivery::attachment(&request, &state, &caller, Arc::new(found.image), found.name.as_str()).await
}

/// Give an image another name in its album.
#[utoipa::path(
    patch, path = "/api/v1/albums/{album}/images/{image}", operation_id = "renameNamedImage", tag = "older albums",
    params(("album" = String, Path, description = "The album's name.", example = "Summer"), ("image" = String, Path, description = "The image's name in the album.", example = "beach.jpg")),
    request_body = NamedImage,
    responses(
        (status = 200, description = "It has the name.", body = Done),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        Changing,
    ),
)]
async fn rename_image(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    caller.require(Scope::Write)?;
    let (album, image) = (name(&request, "album"), name(&request, "image"));
    let text = field(&state, &request, payload, "imageName").await?;
    let new = ImageName::from_client(&text).filter(|harmless| harmless.as_str() == text);
    let new = new.ok_or_else(|| TransformError::new("imageName", "must be a file name such as photo.jpg"))?;
    state.services.rename_in_album(&caller, &album, &image, &new).await?;
    Ok(done(format!("{image} image modified to {}", new.as_str())))
}

/// Delete an image of an album.
///
/// It is only taken out of it if it is in another album too.
#[utoipa::path(
    delete, path = "/api/v1/albums/{album}/images/{image}", operation_id = "deleteNamedImage", tag = "older albums",
    params(("album" = String, Path, description = "The album's name.", example = "Summer"), ("image" = String, Path, description = "The image's name in the album.", example = "beach.jpg")),
    responses(
        (status = 200, description = "It is deleted.", body = Done),
        (status = 404, response = NotFound),
        (status = 507, response = Full),
    ),
)]
async fn delete_image(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let (album, image) = (name(&request, "album"), name(&request, "image"));
    state.services.discard_from_album(&caller, &album, &image).await?;
    Ok(done(format!("{image} image deleted from album {album}")))
}
