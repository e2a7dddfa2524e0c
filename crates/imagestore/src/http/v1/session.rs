//! `/v1/session`: a browser that shows a key once, and is known from then on.

use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use service_kit::http::ApiError;
use shared_types::{ErrorCode, KeyId, TransformError, UserId};
use utoipa::{OpenApi, ToSchema};

use crate::app::Standing;
use crate::domain::{Caller, Scope};
use crate::http::HttpState;
use crate::http::access::{Shown, cookie};
use crate::http::documents::{rfc3339, uncached};
use crate::http::json::Fields;
use crate::http::query::Query;

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(get, begin, end))]
pub(in crate::http) struct Description;

/// Who the caller is, and what they may do.
#[derive(Serialize, ToSchema)]
struct SessionDocument {
    /// The user whose key it is; `null` of those who show none, and where nobody is asked for one.
    #[schema(required)]
    user: Option<SessionUser>,
    /// The key.
    #[schema(required)]
    key_id: Option<KeyId>,
    /// Everything that the caller may do: an administrator may read, write and delete too.
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<&'static str>,
    /// Whether callers are asked who they are.
    auth: AuthDocument,
    /// When the session ends, RFC 3339 in UTC; `null` where there is none.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// For how many seconds an image that is deleted now can come back (`delete.grace`); 0 where it is gone at once.
    delete_grace_seconds: u64,
}

/// A user, to be greeted by name.
#[derive(Serialize, ToSchema)]
struct SessionUser {
    id: UserId,
    #[schema(example = "anna")]
    name: String,
}

/// Whether callers are asked who they are.
#[derive(Serialize, ToSchema)]
struct AuthDocument {
    /// `off` or `keys`, as `auth.mode`.
    #[schema(example = "keys")]
    mode: &'static str,
    /// Whether more than what is public needs a key.
    required: bool,
}

/// The key that begins a session.
#[derive(ToSchema)]
#[expect(dead_code, reason = "`begin` reads the field; this only describes it")]
struct Credentials {
    /// A key of a user.
    #[schema(example = "imgs_…")]
    key: String,
}

impl SessionDocument {
    fn new(state: &HttpState, standing: Standing, expires: Option<Timestamp>) -> Self {
        let required = state.services.asks_for_keys();
        Self {
            user: standing.user.map(|user| SessionUser { id: user.id, name: user.name.as_str().to_owned() }),
            key_id: standing.key,
            scopes: standing.scopes.into_iter().map(Scope::name).collect(),
            auth: AuthDocument { mode: if required { "keys" } else { "off" }, required },
            expires_at: expires.map(rfc3339),
            delete_grace_seconds: state.services.delete_grace().as_secs(),
        }
    }
}

/// Who the caller is, and what they may do.
///
/// Those too who show nothing, or a session that has ended: then it is forgotten.
#[utoipa::path(
    get, path = "/v1/session", tag = "users", operation_id = "getSession",
    responses((status = 200, description = "What is known of the caller.", body = SessionDocument)),
)]
pub(in crate::http) async fn get(request: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let shown = Shown::by(&request, &state)?;
    let mut answer = uncached(StatusCode::OK);
    let (caller, expires) = match (shown.caller(&request, &state).await, &shown) {
        (Ok(caller), Shown::Ticket(ticket)) => (caller, state.services.ticket_expires(ticket)),
        (Ok(caller), _) => (caller, None),
        (Err(error), Shown::Ticket(_)) if error.code == ErrorCode::Unauthorized => {
            answer.insert_header((SET_COOKIE, cookie::forget(&request, &state)));
            (Caller::Anonymous, None)
        }
        (Err(error), _) => return Err(error),
    };
    let standing = state.services.standing(&caller).await?;
    Ok(answer.json(SessionDocument::new(&state, standing, expires)))
}

/// Begin a session.
///
/// The answer sets a cookie that stands for the key, in this browser alone, until it expires or the key is revoked. The request, and whatever
/// changes something by the cookie, carries `X-Requested-With: imagestore`. Where nobody is asked for a key no cookie is set.
#[utoipa::path(
    post, path = "/v1/session", tag = "users", operation_id = "beginSession",
    params(("X-Requested-With" = String, Header, description = "`imagestore`: what a page of another site cannot send.", pattern = "^imagestore$", example = "imagestore")),
    request_body(content = Credentials, description = "A key."),
    responses((
        status = 200, description = "Whose key it is, and what it allows.", body = SessionDocument,
        headers(("Set-Cookie" = String, description = "The session, out of reach of scripts.")),
    )),
)]
pub(in crate::http) async fn begin(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    cookie::check_meant(&request)?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let key = fields.text("key")?.ok_or_else(|| TransformError::new("key", "is missing: sign in with a key"))?;
    fields.finish("key")?;
    let caller = Shown::Key(key.trim().to_owned()).caller(&request, &state).await?;
    let session = state.services.begin_session(&caller).await?;
    let standing = state.services.standing(&caller).await?;
    let mut answer = uncached(StatusCode::OK);
    if let Some(session) = &session {
        answer.insert_header((SET_COOKIE, cookie::keep(&request, &state, session)));
    }
    Ok(answer.json(SessionDocument::new(&state, standing, session.map(|session| session.expires))))
}

/// End the session.
///
/// The browser forgets it. What it showed would hold until it expires: revoke the key if somebody else may have seen it.
#[utoipa::path(
    delete, path = "/v1/session", tag = "users", operation_id = "endSession",
    params(("X-Requested-With" = String, Header, description = "`imagestore`: what a page of another site cannot send.", pattern = "^imagestore$", example = "imagestore")),
    responses((
        status = 204, description = "There is none any more.",
        headers(("Set-Cookie" = String, description = "None in place of the session.")),
    )),
)]
pub(in crate::http) async fn end(request: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    cookie::check_meant(&request)?;
    Ok(uncached(StatusCode::NO_CONTENT).insert_header((SET_COOKIE, cookie::forget(&request, &state))).finish())
}
