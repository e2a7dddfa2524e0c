//! Around every call: its request id and trace, its deadline, a line in the log, and figures.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use service_kit::http::request::RequestContext;
use shared_types::ErrorCode;
use tokio::time::Sleep;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::intake::{Held, Intake};
use super::metrics::{self, CallFigures};
use super::status;
use crate::app::Rate;
use crate::domain::StoreError;

/// What a handler has told in the head of the answer, whatever it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<OnceLock<Rate>>);

impl Notes {
    /// What is left of the calls that the user may send.
    pub(super) fn tell(&self, rate: Rate) {
        // Each call identifies its caller once.
        let _ = self.0.set(rate);
    }

    fn write(&self, context: &RequestContext, headers: &mut HeaderMap) {
        for (name, figure) in self.0.get().iter().flat_map(|rate| rate.figures()) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(figure));
        }
        if let Ok(id) = HeaderValue::from_str(&context.id) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
    }
}

/// One call on its way. Where it is dropped before its end, the client has cancelled it.
struct Call {
    context: RequestContext,
    path: String,
    peer: Option<IpAddr>,
    begun: Instant,
    bytes: u64,
    figures: CallFigures,
    over: bool,
}

impl Call {
    fn begin<B>(request: &Request<B>, figures: CallFigures) -> Self {
        let text = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
        Self {
            context: RequestContext::given(text("x-request-id"), text("traceparent")),
            path: request.uri().path().to_owned(),
            peer: peer.map(|peer| peer.ip()),
            begun: Instant::now(),
            bytes: 0,
            figures,
            over: false,
        }
    }

    fn end(&mut self, code: Code) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let time = self.begun.elapsed();
        self.figures.observe(&self.path, code, time);
        let Self { path, bytes, peer, .. } = self;
        let peer = peer.map_or_else(|| "-".to_owned(), |peer| peer.to_string());
        let (code, time) = (metrics::name(code), time.as_secs_f64() * 1000.0);
        self.context.enter(|| log::info!(target: "access", "gRPC {path} {code} {bytes} B {time:.1} ms {peer}"));
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

/// The code that headers or trailers tell.
fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()))
}

/// How much time the client gives (gRPC over HTTP/2, `grpc-timeout`); none where it is malformed.
fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    // Eight at most, so that no product is too large.
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

fn too_late() -> Status {
    let detail = "The deadline of the call is over, and its work was stopped; give it more time.";
    StoreError::new(ErrorCode::RequestTimeout, detail).into()
}

/// Puts [`CallService`] around a service.
#[derive(Clone)]
pub(super) struct CallLayer {
    pub(super) figures: CallFigures,
    pub(super) intake: Intake,
}

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> CallService<S> {
        CallService { inner, figures: self.figures.clone(), intake: self.intake.clone() }
    }
}

/// The middleware at work.
#[derive(Clone)]
pub(super) struct CallService<S> {
    inner: S,
    figures: CallFigures,
    intake: Intake,
}

impl<S> Service<Request<Body>> for CallService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = Call::begin(&request, self.figures.clone());
        // tonic ends a call at its deadline too, a moment later and as CANCELLED.
        let deadline = timeout(request.headers()).map(|time| Box::pin(tokio::time::sleep(time)));
        let notes = Notes::default();
        let (head, body) = request.into_parts();
        let (body, held) = self.intake.collect(head.uri.path(), body);
        let mut request = Request::from_parts(head, body);
        request.extensions_mut().insert(notes.clone());
        let answer = call.context.enter(|| self.inner.call(request));
        let context = call.context.clone();
        context.scope(answered(call, notes, deadline, held, answer)).boxed()
    }
}

async fn answered<E>(
    mut call: Call,
    notes: Notes,
    mut deadline: Option<Pin<Box<Sleep>>>,
    held: Held,
    answer: impl Future<Output = Result<Response<Body>, E>>,
) -> Result<Response<Body>, E> {
    let answer = match &mut deadline {
        None => answer.await?,
        Some(deadline) => tokio::select! {
            biased;
            answer = answer => answer?,
            () = deadline => too_late().into_http(),
        },
    };
    // The handler has its message no longer.
    drop(held);
    let (mut head, body) = answer.into_parts();
    if let Some(refusal) = status::refusal(&head.headers) {
        // The text and the details of one that was just made are header values.
        let _ = refusal.add_header(&mut head.headers);
    }
    notes.write(&call.context, &mut head.headers);
    if let Some(code) = code(&head.headers) {
        // The head is all of the answer.
        call.end(code);
    }
    Ok(Response::from_parts(head, Body::new(CallBody { call, deadline, inner: Some(body) })))
}

/// The messages and trailers of an answer.
struct CallBody {
    call: Call,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Gone when the deadline is over, and with it what makes the messages.
    inner: Option<Body>,
}

impl CallBody {
    fn note(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            self.call.bytes += data.len() as u64;
        } else if let Some(trailers) = frame.trailers_ref() {
            self.call.end(code(trailers).unwrap_or(Code::Ok));
        }
    }
}

impl http_body::Body for CallBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = this.call.context.enter(|| Pin::new(inner).poll_frame(context)) {
            match &frame {
                Some(Ok(frame)) => this.note(frame),
                Some(Err(status)) => this.call.end(status.code()),
                None => {}
            }
            return Poll::Ready(frame);
        }
        let Some(deadline) = &mut this.deadline else { return Poll::Pending };
        ready!(deadline.as_mut().poll(context));
        this.inner = None;
        let status = this.call.context.enter(too_late);
        this.call.end(status.code());
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers)?;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }
}
