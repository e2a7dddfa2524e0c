//! Who sends a request: the key in its head.

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
            let Identity { rate, caller } = state.services.identify(shown(request.headers())?).await;
            if let Some(rate) = rate {
                request.extensions_mut().insert(AnswerHeaders(told(&rate)));
            }
            Ok(Self(caller.map_err(ApiError::from)?))
        }
        .boxed_local()
    }
}

/// The key that is shown, whichever way.
fn shown(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
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
