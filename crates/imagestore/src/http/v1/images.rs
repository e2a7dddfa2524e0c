//! `/v1/images` and `/v1/images/{id}`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use service_kit::http::ApiError;
use shared_types::wire::ImageDocument;
use shared_types::{TransformError, UserId};

use crate::app::{MAX_PAGE, Wish};
use crate::domain::{ImageChange, ImageName};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, image_document};
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};

const DEFAULT_PAGE: u32 = 50;

/// `GET /v1/images?limit&cursor`: newest first.
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let (wish, limit, carried) = page(&request)?;
    let listing = state.services.list(&caller, wish, limit).await?;
    let base = base_url(&request, &state);
    let images: Vec<_> = listing.images.iter().map(|image| image_document(&base, image)).collect();
    let next = listing.next.map(|cursor| format!("{base}/v1/images?limit={limit}{carried}&cursor={cursor}"));
    Ok(HttpResponse::Ok().json(json!({ "images": images, "cursor": listing.next, "next": next })))
}

/// What is wanted, how much of it, and the parameters that the next page has too.
fn page(request: &HttpRequest) -> Result<(Wish, u32, String), ApiError> {
    let mut query = Query::of(request);
    let limit = query.limit(DEFAULT_PAGE, MAX_PAGE)?;
    let after = query.cursor()?;
    let owner: Option<UserId> = query.take("owner")?.map(|text| text.parse()).transpose().map_err(|error| {
        let error: shared_types::ParseIdError = error;
        TransformError::new("owner", format!("is malformed: {error}"))
    })?;
    let visibility = query.visibility()?;
    query.finish("limit, cursor, owner, visibility")?;
    let owned = owner.map(|owner| format!("&owner={owner}")).unwrap_or_default();
    let visible = visibility.map(|visibility| format!("&visibility={}", visibility.name())).unwrap_or_default();
    Ok((Wish { owner, visibility, after }, limit, owned + &visible))
}

/// `GET /v1/images/{id}`.
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

/// `PATCH /v1/images/{id}`: its name, and who may see it.
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
    fields.finish("name, visibility")?;
    let image = state.services.change(&caller, id, ImageChange { name, visibility }).await?;
    Ok(HttpResponse::Ok().json(image_document(&base_url(&request, &state), &image)))
}

/// `DELETE /v1/images/{id}`, or with `token` by whoever has that of the upload.
pub(in crate::http) async fn delete(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    let mut query = Query::of(&request);
    let token = query.take("token")?;
    query.finish("token")?;
    match token {
        Some(token) => state.services.delete_by_token(id, &token).await?,
        None => state.services.delete(&caller, id).await?,
    }
    Ok(HttpResponse::NoContent().finish())
}
