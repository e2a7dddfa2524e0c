//! `/v1/admin/users` and `/v1/admin/keys`: for administrators.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde_json::{Value, json};
use service_kit::http::ApiError;
use shared_types::TransformError;

use crate::app::{KeyOrder, MAX_ACCESS_PAGE};
use crate::domain::{ApiKey, Quotas, Scopes, User, UserChange, UserName};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::json::Fields;
use crate::http::query::{Query, parse_id, segment};

const DEFAULT_PAGE: u32 = 50;
const QUOTAS: &str = "max_images, max_bytes, requests_per_minute";

/// `POST /v1/admin/users`.
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

/// `GET /v1/admin/users?limit&cursor`: newest first.
pub(in crate::http) async fn users(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let (limit, after) = Query::of(&request).page(DEFAULT_PAGE, MAX_ACCESS_PAGE)?;
    let (users, next) = state.services.users(&caller, after, limit).await?;
    let users: Vec<_> = users.iter().map(user_document).collect();
    Ok(HttpResponse::Ok().json(json!({ "users": users, "cursor": next })))
}

/// `GET /v1/admin/users/{id}`.
pub(in crate::http) async fn user(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let user = state.services.user(&caller, parse_id(segment(&request, "id"))?).await?;
    Ok(HttpResponse::Ok().json(user_document(&user)))
}

/// `PATCH /v1/admin/users/{id}`.
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

/// `POST /v1/admin/keys`: the answer is the only one that has the key in it.
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
    let (shown, key) = state.services.create_key(&caller, user, KeyOrder { label, scopes, expires }).await?;
    let mut document = key_document(&key);
    document["key"] = shown.into();
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(document))
}

/// `GET /v1/admin/keys?user_id&limit&cursor`: newest first.
pub(in crate::http) async fn keys(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request);
    let user = query.take("user_id")?.map(|text| parse_id(&text)).transpose()?;
    let (limit, after) = (query.limit(DEFAULT_PAGE, MAX_ACCESS_PAGE)?, query.cursor()?);
    query.finish("user_id, limit, cursor")?;
    let (keys, next) = state.services.keys(&caller, user, after, limit).await?;
    let keys: Vec<_> = keys.iter().map(key_document).collect();
    Ok(HttpResponse::Ok().json(json!({ "keys": keys, "cursor": next })))
}

/// `DELETE /v1/admin/keys/{id}`: revokes it; its record stays.
pub(in crate::http) async fn revoke_key(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let key = state.services.revoke_key(&caller, parse_id(segment(&request, "id"))?).await?;
    Ok(HttpResponse::Ok().json(key_document(&key)))
}

/// `GET /v1/usage`: what the caller keeps and may keep.
pub(in crate::http) async fn usage(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let user = state.services.usage(&caller).await?;
    let document = match &user {
        Some(user) => user_document(user),
        // Nobody is asked who they are: everything is everybody's.
        None => {
            json!({ "id": null, "usage": everything(&state).await?, "quotas": quotas_document(&Quotas::default()) })
        }
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(document))
}

async fn everything(state: &HttpState) -> Result<Value, ApiError> {
    let totals = state.services.totals().await?;
    let bytes: u64 = totals.original_formats.values().map(|share| share.bytes).sum();
    Ok(json!({ "images": totals.images, "bytes": bytes }))
}

fn user_document(user: &User) -> Value {
    json!({
        "id": user.id,
        "name": user.name.as_str(),
        "disabled": user.disabled,
        "usage": { "images": user.usage.images, "bytes": user.usage.bytes },
        "quotas": quotas_document(&user.quotas),
        "created_at": user.created.to_string(),
    })
}

fn quotas_document(quotas: &Quotas) -> Value {
    json!({
        "max_images": quotas.images,
        "max_bytes": quotas.bytes,
        "requests_per_minute": quotas.requests_per_minute,
    })
}

fn key_document(key: &ApiKey) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    json!({
        "id": key.id,
        "user_id": key.user,
        "label": key.label,
        "scopes": key.scopes.iter().map(crate::domain::Scope::name).collect::<Vec<_>>(),
        "created_at": key.created.to_string(),
        "expires_at": time(key.expires),
        "revoked_at": time(key.revoked),
        "last_used_at": time(key.used),
    })
}
