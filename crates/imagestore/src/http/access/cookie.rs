//! The cookie in which a browser keeps its session, and what keeps pages of others from using it.
//!
//! A browser sends a cookie with whatever asks for an address of the store, so a cookie alone does not say that its user meant it.
//! `SameSite=Strict` keeps it from requests that other sites begin. For browsers that know better than that, and for sites below the same
//! domain, whatever changes something also carries a header that a form cannot have and that other origins may not send unasked.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{COOKIE, HeaderName, HeaderValue};
use service_kit::http::ApiError;
use shared_types::ErrorCode;

use crate::app::Session;
use crate::http::HttpState;
use crate::http::documents;

/// Its name where the connection is encrypted: browsers take such a name only from the host itself, and only so.
const SECURE: &str = "__Host-imagestore-session";

/// Its name elsewhere.
const PLAIN: &str = "imagestore-session";

/// What scripts of the page say of their requests.
pub(in crate::http) const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
const REQUESTED_BY_PAGE: &str = "imagestore";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The ticket that the request shows.
pub(super) fn ticket(request: &HttpRequest, state: &HttpState) -> Option<String> {
    let name = name(request, state);
    // HTTP/2 may send each cookie in a header of its own.
    let values = request.headers().get_all(COOKIE).filter_map(|value: &HeaderValue| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, ticket)| ticket.to_owned())
}

/// The header that has the browser keep a session.
pub(in crate::http) fn keep(request: &HttpRequest, state: &HttpState, session: &Session) -> String {
    written(request, state, &session.ticket, session.seconds)
}

/// The header that has it forget one.
pub(in crate::http) fn forget(request: &HttpRequest, state: &HttpState) -> String {
    written(request, state, "", 0)
}

fn written(request: &HttpRequest, state: &HttpState, ticket: &str, seconds: i64) -> String {
    let name = name(request, state);
    let secure = if name == SECURE { "; Secure" } else { "" };
    format!("{name}={ticket}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn name(request: &HttpRequest, state: &HttpState) -> &'static str {
    if documents::is_encrypted(request, state) { SECURE } else { PLAIN }
}

/// Whether a script of the page says that it has asked for this; no browser lets a page of another site say so.
pub(in crate::http) fn is_by_page(request: &HttpRequest) -> bool {
    request.headers().get(REQUESTED_WITH).is_some_and(|value| value == REQUESTED_BY_PAGE)
}

/// Makes sure that a request which changes something was meant by the page, and not made up by one of another site.
pub(in crate::http) fn check_meant(request: &HttpRequest) -> Result<(), ApiError> {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
        return Ok(());
    }
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if matches!(text(FETCH_SITE), Some("cross-site" | "same-site")) {
        let detail = "The page of another site has asked for this; with a session only the store's own page may. Programs show a key.";
        return Err(ApiError::new(ErrorCode::Forbidden, detail).parameter("Sec-Fetch-Site"));
    }
    if !is_by_page(request) {
        let detail = "Requests of a session that change something carry the header `X-Requested-With: imagestore`.";
        return Err(ApiError::new(ErrorCode::Forbidden, detail).parameter("X-Requested-With"));
    }
    Ok(())
}
