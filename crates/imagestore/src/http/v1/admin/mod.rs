//! `/v1/admin/users` and `/v1/admin/keys`: for administrators. `/v1/usage`: for everybody.

mod documents;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use service_kit::http::ApiError;
use service_kit::openapi::{Conflict, Full, NotFound};
use shared_types::{KeyId, TransformError, UserId};
use utoipa::OpenApi;

use crate::app::{KeyOrder, MAX_ACCESS_PAGE};
use crate::domain::{Quotas, Scopes, UserChange, UserName};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::{Changing, Page};
use crate::http::documents::uncached;
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};
use documents::{
    CallerUsage, EverybodysUsage, KeyDocument, KeysDocument, NewKey, NewKeyDocument, NewUser, UsageDocument,
    UserChanges, UserDocument, UsersDocument, key_document, quotas_document, user_document,
};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(add_user, users, user, change_user, create_key, keys, revoke_key, usage),
    tags((name = "users", description = "Users, their keys, and what they keep.")),
)]
pub(in crate::http) struct Description;

const DEFAULT_PAGE: u32 = 50;
const QUOTAS: &str = "max_images, max_bytes, requests_per_minute";

/// Add a user.
///
/// For administrators.
#[utoipa::path(
    post, path = "/v1/admin/users", operation_id = "addUser", tag = "users",
    request_body = NewUser,
    responses(
        (status = 201, description = "The user.", body = UserDocument, headers(("Location" = String, description = "Its path."))),
        (status = 409, response = Conflict),
        Changing,
    ),
)]
pub(in crate::http) async fn add_user(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let name: Option<UserName> = fields.take("name")?;
    let name = name.ok_or_else(|| TransformError::new("name", "is missing: say what the user is called"))?;
    let quotas = quotas(&mut fields, Quotas::default())?;
    fields.finish(&format!("name, {QUOTAS}"))?;
    let user = state.services.add_user(&caller, name, quotas).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/admin/users/{}", user.id)))
        .json(user_document(&user)))
}

/// The quotas that a document names; a number of its own, or `null` for no bound, else as they are.
fn quotas(fields: &mut Fields, now: Quotas) -> Result<Quotas, TransformError> {
    Ok(Quotas {
        images: fields.bound("max_images", now.images)?,
        bytes: fields.bound("max_bytes", now.bytes)?,
        requests_per_minute: fields.bound("requests_per_minute", now.requests_per_minute)?,
    })
}

/// The users.
///
/// Newest first. For administrators.
#[utoipa::path(
    get, path = "/v1/admin/users", operation_id = "listUsers", tag = "users",
    params(Page),
    responses((status = 200, description = "A page of users.", body = UsersDocument)),
)]
pub(in crate::http) async fn users(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let (limit, after) = Query::of(&request).page(DEFAULT_PAGE, MAX_ACCESS_PAGE)?;
    let (users, cursor) = state.services.users(&caller, after, limit).await?;
    let users: Vec<_> = users.iter().map(user_document).collect();
    Ok(HttpResponse::Ok().json(UsersDocument { users, cursor }))
}

/// A user.
///
/// For administrators.
#[utoipa::path(
    get, path = "/v1/admin/users/{id}", operation_id = "getUser", tag = "users",
    params(("id" = UserId, Path, description = "The user.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses((status = 200, description = "The user.", body = UserDocument), (status = 404, response = NotFound)),
)]
pub(in crate::http) async fn user(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let user = state.services.user(&caller, parse_id(segment(&request, "id"))?).await?;
    Ok(HttpResponse::Ok().json(user_document(&user)))
}

/// Change what a user may do.
///
/// The fields that are named; `null` takes a bound away. It holds for the next request. For administrators.
#[utoipa::path(
    patch, path = "/v1/admin/users/{id}", operation_id = "changeUser", tag = "users",
    params(("id" = UserId, Path, description = "The user.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    request_body = UserChanges,
    responses(
        (status = 200, description = "The user after the change.", body = UserDocument),
        (status = 404, response = NotFound),
        Changing,
    ),
)]
pub(in crate::http) async fn change_user(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let id = parse_id(segment(&request, "id"))?;
    let user = state.services.user(&caller, id).await?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let disabled = fields.flag("disabled")?;
    let quotas = quotas(&mut fields, user.quotas)?;
    fields.finish(&format!("disabled, {QUOTAS}"))?;
    let change = UserChange { disabled, quotas: Some(quotas) };
    let user = state.services.change_user(&caller, id, change).await?;
    Ok(HttpResponse::Ok().json(user_document(&user)))
}

/// Make a key.
///
/// The answer is the only one that has the key in it. For administrators.
#[utoipa::path(
    post, path = "/v1/admin/keys", operation_id = "createKey", tag = "users",
    request_body = NewKey,
    responses(
        (status = 201, description = "The key and its record.", body = NewKeyDocument),
        (status = 404, response = NotFound),
        Changing,
    ),
)]
pub(in crate::http) async fn create_key(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let user = fields.take("user_id")?;
    let scopes = fields.texts("scopes")?.map(|scopes| scopes.join(",").parse()).transpose();
    let expires: Option<Timestamp> = fields.take("expires_at")?;
    let label = fields.text("label")?.unwrap_or_default();
    fields.finish("user_id, scopes, expires_at, label")?;
    let user = user.ok_or_else(|| TransformError::new("user_id", "is missing: say whose key it is to be"))?;
    let scopes = scopes.map_err(|reason| TransformError::new("scopes", reason))?.unwrap_or(Scopes::OWN);
    let (key, record) = state.services.create_key(&caller, user, KeyOrder { label, scopes, expires }).await?;
    let document = NewKeyDocument { record: key_document(&record), key };
    Ok(uncached(StatusCode::CREATED).json(document))
}

/// The keys.
///
/// Newest first, all or those of one user. For administrators.
#[utoipa::path(
    get, path = "/v1/admin/keys", operation_id = "listKeys", tag = "users",
    params(
        ("user_id" = Option<UserId>, Query, description = "Whose keys.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        Page,
    ),
    responses((status = 200, description = "A page of keys.", body = KeysDocument)),
)]
pub(in crate::http) async fn keys(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request);
    let user = query.take("user_id")?.map(|text| parse_id(&text)).transpose()?;
    let (limit, after) = (query.limit(DEFAULT_PAGE, MAX_ACCESS_PAGE)?, query.cursor()?);
    query.finish("user_id, limit, cursor")?;
    let (keys, cursor) = state.services.keys(&caller, user, after, limit).await?;
    let keys: Vec<_> = keys.iter().map(key_document).collect();
    Ok(HttpResponse::Ok().json(KeysDocument { keys, cursor }))
}

/// Revoke a key.
///
/// It is refused from the next request on; its record stays. For administrators.
#[utoipa::path(
    delete, path = "/v1/admin/keys/{id}", operation_id = "revokeKey", tag = "users",
    params(("id" = KeyId, Path, description = "The key.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The key's record.", body = KeyDocument),
        (status = 404, response = NotFound),
        (status = 507, response = Full),
    ),
)]
pub(in crate::http) async fn revoke_key(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let key = state.services.revoke_key(&caller, parse_id(segment(&request, "id"))?).await?;
    Ok(HttpResponse::Ok().json(key_document(&key)))
}

/// What the caller keeps and may keep.
#[utoipa::path(
    get, path = "/v1/usage", operation_id = "getUsage", tag = "users",
    responses((status = 200, description = "The user with usage and quotas.", body = CallerUsage)),
)]
pub(in crate::http) async fn usage(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let user = state.services.usage(&caller).await?;
    let document = match &user {
        Some(user) => CallerUsage::User(user_document(user)),
        None => CallerUsage::Everybody(EverybodysUsage {
            id: (),
            usage: everything(&state).await?,
            quotas: quotas_document(&Quotas::default()),
        }),
    };
    Ok(uncached(StatusCode::OK).json(document))
}

async fn everything(state: &HttpState) -> Result<UsageDocument, ApiError> {
    let totals = state.services.totals().await?;
    let bytes: u64 = totals.original_formats.values().map(|share| share.bytes).sum();
    Ok(UsageDocument { images: totals.images, bytes })
}
