//! `/v1/albums/{id}/zip`: an album as one file.

use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use service_kit::openapi::NotFound;
use shared_types::AlbumId;

use super::album_id;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::archive::{self, Members};
use crate::http::described;
use crate::http::query::Query;

/// An album as one ZIP file.
///
/// The originals of those of its images that the caller may see, in its order, under their names in the album.
#[utoipa::path(
    get, path = "/v1/albums/{id}/zip", operation_id = "getAlbumZip", tag = "albums",
    params(("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (
            status = 200, description = "The file.", body = described::Bytes, content_type = "application/zip",
            headers(("Content-Disposition" = String, description = "`attachment` with the album's name.")),
        ),
        (status = 404, response = NotFound),
    ),
)]
pub(super) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let album = state.services.album(&caller, album_id(&request)?).await?;
    let members = Members::Album { album: album.id, after: None };
    Ok(archive::answer(&state.services, caller, members, ("album", album.name.as_str())))
}
