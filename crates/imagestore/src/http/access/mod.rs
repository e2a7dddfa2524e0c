//! Who sends a request: the key in its head, or else the session of a browser.

pub(super) mod cookie;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use service_kit::http::ApiError;
use service_kit::http::request::AnswerHeaders;
use shared_types::ErrorCode;

use super::HttpState;
use crate::app::{Identity, Rate, shown_key};
use crate::domain::{Caller, StoreError};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The caller of a request. A handler that takes it is only entered by those whose key is valid, or who show none.
pub(super) struct As(pub(super) Caller);

impl FromRequest for As {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        async move {
            let state = request.app_data::<web::Data<HttpState>>();
            let state = state.ok_or_else(|| StoreError::internal(anyhow::anyhow!("the state is not set up")))?;
            let shown = Shown::by(&request, state)?;
            if let Shown::Ticket(_) = shown {
                cookie::check_meant(&request)?;
            }
            Ok(Self(shown.caller(&request, state).await?))
        }
        .boxed_local()
    }
}

/// What a request shows of who sends it.
pub(super) enum Shown {
    /// A key: it counts, whatever else is there.
    Key(String),
    /// The ticket of a session.
    Ticket(String),
    /// Nothing.
    Nothing,
}

impl Shown {
    pub(super) fn by(request: &HttpRequest, state: &HttpState) -> Result<Self, ApiError> {
        if let Some(key) = key(request.headers())? {
            return Ok(Self::Key(key.to_owned()));
        }
        // Where nobody is asked who they are a ticket of former days says nothing.
        let ticket = if state.services.asks_for_keys() { cookie::ticket(request, state) } else { None };
        Ok(ticket.map_or(Self::Nothing, Self::Ticket))
    }

    /// Who that is. What is left of their requests is told with the answer.
    pub(super) async fn caller(&self, request: &HttpRequest, state: &HttpState) -> Result<Caller, ApiError> {
        let Identity { rate, caller } = match self {
            Self::Key(key) => state.services.identify(Some(key)).await,
            Self::Ticket(ticket) => state.services.identify_by_ticket(ticket).await,
            Self::Nothing => state.services.identify(None).await,
        };
        if let Some(rate) = rate {
            request.extensions_mut().insert(AnswerHeaders(told(&rate)));
        }
        Ok(caller?)
    }
}

/// The key that is shown, whichever way.
fn key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let values = |name| headers.get_all(name).map(|value: &HeaderValue| value.to_str().ok());
    Ok(shown_key(values(API_KEY), values(AUTHORIZATION))?)
}

/// A 401 says how to do better, as HTTP wants it.
pub(super) fn challenged(mut error: ApiError) -> ApiError {
    if error.code == ErrorCode::Unauthorized {
        error.headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"imagestore\"")));
    }
    error
}

fn told(rate: &Rate) -> Vec<(HeaderName, HeaderValue)> {
    let figures = rate.figures().into_iter();
    figures.map(|(name, figure)| (HeaderName::from_static(name), HeaderValue::from(figure))).collect()
}
