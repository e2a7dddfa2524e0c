//! The request's id and trace, kept where every log line can see them, and one access line a request.

use std::borrow::Cow;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::time::Instant;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{Error, HttpMessage, web};
use tokio::task_local;
use uuid::Uuid;

use crate::metrics::Metrics;
use crate::trace::TraceContext;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Who asks: an id for the log and for the client, and the trace that the request belongs to.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Given by the client or made here.
    pub id: String,
    /// Given by the client or made here.
    pub trace: TraceContext,
}

task_local! {
    static CURRENT: RequestContext;
}

/// The id of the request that this task works for.
pub fn current_id() -> Option<String> {
    CURRENT.try_with(|context| context.id.clone()).ok()
}

/// The context of the request that this task works for.
pub fn current() -> Option<RequestContext> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Lets `use_id` see the current id without copying it.
pub(crate) fn with_id<T>(use_id: impl FnOnce(&str) -> T) -> Option<T> {
    CURRENT.try_with(|context| use_id(&context.id)).ok()
}

/// Carries the current request's context into a task of its own.
pub fn scope<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let context = current();
    async move {
        match context {
            Some(context) => CURRENT.scope(context, future).await,
            None => future.await,
        }
    }
}

/// Runs a future that belongs to no request under an id of its own, in a trace of its own: work that this process began.
pub fn scope_as<F: Future>(id: String, future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(RequestContext { id, trace: TraceContext::generate() }, future)
}

impl RequestContext {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self::given(text(REQUEST_ID), text(TRACEPARENT))
    }

    /// Of a request that came with this `x-request-id` and this `traceparent`; what is missing or malformed is made here.
    pub fn given(id: Option<&str>, traceparent: Option<&str>) -> Self {
        let given = id.filter(|id| is_harmless(id));
        Self {
            id: given.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned),
            trace: traceparent.and_then(TraceContext::parse).unwrap_or_else(TraceContext::generate),
        }
    }

    /// Runs a future on behalf of the request.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Does something at once on behalf of the request.
    pub fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }
}

/// An id from outside goes into logs and headers.
fn is_harmless(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Headers that the answer gets, whatever it is: to be put among the extensions of a request.
#[derive(Debug, Clone)]
pub struct AnswerHeaders(pub Vec<(HeaderName, HeaderValue)>);

/// The middleware.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestScope;

impl<S, B> Transform<S, ServiceRequest> for RequestScope
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = RequestScopeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RequestScopeService { service }))
    }
}

/// The middleware at work.
pub struct RequestScopeService<S> {
    service: S,
}

impl<S, B> Service<ServiceRequest> for RequestScopeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<ServiceResponse<B>, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let begun = Instant::now();
        let context = RequestContext::of(request.headers());
        let id = HeaderValue::from_str(&context.id);
        // Inside the scope also while the inner service builds its future: extractors may log.
        let inner = CURRENT.sync_scope(context.clone(), || self.service.call(request));
        Box::pin(CURRENT.scope(context, async move {
            let mut response = inner.await?;
            if let Ok(id) = id {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            let further = response.request().extensions_mut().remove::<AnswerHeaders>();
            for (name, value) in further.into_iter().flat_map(|AnswerHeaders(headers)| headers) {
                response.headers_mut().insert(name, value);
            }
            count(&response, begun);
            log_access(&response, begun);
            Ok(response)
        }))
    }
}

fn count<B>(response: &ServiceResponse<B>, begun: Instant) {
    let request = response.request();
    if let Some(metrics) = request.app_data::<web::Data<Metrics>>() {
        metrics.observe(request.method(), request.match_pattern(), response.status().as_u16(), begun.elapsed());
    }
}

fn log_access<B: MessageBody>(response: &ServiceResponse<B>, begun: Instant) {
    if !log::log_enabled!(target: "access", log::Level::Info) {
        return;
    }
    let request = response.request();
    let bytes = match response.response().body().size() {
        BodySize::Sized(bytes) => i128::from(bytes),
        BodySize::None => 0,
        BodySize::Stream => -1,
    };
    let peer = request.peer_addr();
    log::info!(
        target: "access",
        "{} {} {} {bytes} B {:.1} ms {}",
        request.method(),
        loggable(request.uri().path_and_query().map_or("/", |path| path.as_str())),
        response.status().as_u16(),
        begun.elapsed().as_secs_f64() * 1000.0,
        peer.map_or_else(|| "-".to_owned(), |peer| peer.ip().to_string()),
    );
}

/// The address without the signatures and tokens that would let in whoever reads the log.
fn loggable(address: &str) -> Cow<'_, str> {
    let secret = |pair: &str| {
        let (name, _) = pair.split_once('=')?;
        ["sig", "token", "share"].into_iter().find(|secret| *secret == name)
    };
    match address.split_once('?') {
        Some((path, query)) if query.split('&').any(|pair| secret(pair).is_some()) => {
            let masked = |pair| secret(pair).map_or(Cow::Borrowed(pair), |name| format!("{name}=***").into());
            format!("{path}?{}", query.split('&').map(masked).collect::<Vec<_>>().join("&")).into()
        }
        // A link that lets in whoever knows it.
        _ if address.starts_with("/a/") => "/a/***".into(),
        _ => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_harmless, loggable};

    #[test]
    fn signatures_and_tokens_are_not_logged() {
        assert_eq!(loggable("/i/x?w=1&key=k&expires=2&sig=abc"), "/i/x?w=1&key=k&expires=2&sig=***");
        assert_eq!(loggable("/v1/images/x?token=abc"), "/v1/images/x?token=***");
        assert_eq!(loggable("/i/x?share=abc&w=1"), "/i/x?share=***&w=1");
        assert_eq!(loggable("/a/abc"), "/a/***");
        for plain in ["/", "/i/x", "/i/x?", "/i/x?sign=1&&tokens=2&sig"] {
            assert_eq!(loggable(plain), plain);
        }
    }

    #[test]
    fn an_id_from_outside_cannot_forge_a_log_line() {
        assert!(is_harmless("a-B_9.z"));
        for bad in ["", "a b", "a\nb", "ä", "<x>", &"a".repeat(65)] {
            assert!(!is_harmless(bad), "{bad:?}");
        }
    }
}
