//! `/v1/events`: what happens, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use futures::stream::{self, StreamExt};
use service_kit::http::ApiError;
use shared_types::{ErrorCode, TransformError};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::domain::{Event, EventFilter, Reach};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, event_document};
use crate::http::query::{Query, parse_id};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A line now and then, so that no one between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// `GET /v1/events?image_id&job_id`. With `Last-Event-ID` it begins behind that event, as far as events are remembered.
pub(in crate::http) async fn watch(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let filter = filter(&request, caller.reach()?)?;
    let Ok(place) = Arc::clone(&state.bodies.watchers).try_acquire_owned() else {
        return Err(ApiError::new(
            ErrorCode::Overloaded,
            "Too many clients watch events (limits.watchers); try again later.",
        ));
    };
    let last = request.headers().get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let last: Option<Uuid> = last.and_then(|text| text.parse().ok());
    let (missed, receiver) = state.services.watch(last);
    let base = base_url(&request, &state);
    let write = move |event: &Event| filter.wants(event).then(|| line(&base, event));
    let missed: Vec<_> = missed.iter().filter_map(|event| write(event)).collect();
    let hello = stream::once(async { Bytes::from_static(b": watching\nretry: 2000\n\n") });
    let live = stream::unfold((receiver, write, place), |(mut receiver, write, place)| async move {
        loop {
            let told = match tokio::time::timeout(HEARTBEAT, receiver.recv()).await {
                Err(_) => Some(Bytes::from_static(b": still here\n\n")),
                Ok(Ok(event)) => write(&event),
                // Too slow, or the store ends: the client comes back with the id of the last event it saw.
                Ok(Err(RecvError::Lagged(_) | RecvError::Closed)) => return None,
            };
            if let Some(told) = told {
                return Some((told, (receiver, write, place)));
            }
        }
    });
    let stopped = state.services.stopped();
    let body = hello.chain(stream::iter(missed)).chain(live).take_until(stopped).map(Ok::<_, Infallible>);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(body))
}

fn filter(request: &HttpRequest, reach: Reach) -> Result<EventFilter, ApiError> {
    let mut query = Query::of(request);
    let image = query.take("image_id")?.map(|text| parse_id(&text)).transpose()?;
    let job = query.take("job_id")?.map(|text| text.parse()).transpose();
    let job = job
        .map_err(|error: shared_types::ParseIdError| TransformError::new("job_id", format!("is malformed: {error}")))?;
    query.finish("image_id, job_id")?;
    Ok(EventFilter { reach, image, job })
}

fn line(base: &str, event: &Event) -> Bytes {
    let (name, data) = (event.what.name(), event_document(base, event));
    Bytes::from(format!("event: {name}\nid: {}\ndata: {data}\n\n", event.id))
}
