//! `/v1/events`: what happens, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use futures::stream::{self, StreamExt};
use serde::Serialize;
use service_kit::http::ApiError;
use shared_types::job::JobDocument;
use shared_types::wire::{ImageDocument, VariantDocument};
use shared_types::{ErrorCode, ImageId, JobId, TransformError};
use tokio::sync::broadcast::error::RecvError;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::domain::{AlbumNotice, Event, EventFilter, Happening, ImageNotice, Reach};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, image_document, job_document, uncached, variant_document};
use crate::http::query::{Query, parse_id};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A line now and then, so that no one between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(watch))]
pub(in crate::http) struct Description;

/// One event of the live feed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written line by line")]
struct LiveEvent {
    /// What happened: the names stand at `data`.
    #[schema(example = "image.deleted")]
    event: String,
    /// For `Last-Event-ID`.
    id: Uuid,
    /// To what, as JSON.
    data: EventDocument,
}

/// An image that was deleted.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeletedImage {
    /// The id that it had.
    id: ImageId,
}

/// The `data` of an event in the live feed.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum EventDocument {
    /// Of `image.stored` and `image.changed`: the image's record.
    Image(Box<ImageDocument>),
    /// Of `image.deleted`.
    Deleted(DeletedImage),
    /// Of `image.replaced`, `image.purged` and `image.restored`.
    Notice(Box<ImageNotice>),
    /// Of `variant.stored`.
    Variant {
        /// The image.
        image_id: ImageId,
        /// The variant.
        variant: Box<VariantDocument>,
    },
    /// Of `job.queued`, `job.leased`, `job.progress`, `job.done`, `job.failed`, `job.dead` and `job.cancelled`: the job.
    Job(Box<JobDocument>),
    /// Of `album.created`, `album.changed`, `album.deleted`, `album.image_added` and `album.image_removed`.
    Album(Box<AlbumNotice>),
}

/// What happens, as server-sent events.
///
/// An endless stream: `event` is `image.stored`, `image.changed`, `image.replaced`, `image.purged`, `image.deleted`, `image.restored`,
/// `variant.stored`, `job.queued`, `job.leased`, `job.progress`, `job.done`, `job.failed`, `job.dead`, `job.cancelled`, `album.created`,
/// `album.changed`, `album.deleted`, `album.image_added` or `album.image_removed`, and `data` a JSON document. The schema is that of one event. A comment every 15 seconds keeps
/// the connection. A user is told of what is theirs, until their key is revoked.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "watchEvents", tag = "store",
    params(
        ("image_id" = Option<ImageId>, Query, description = "Events of that image alone.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("job_id" = Option<JobId>, Query, description = "Events of that job alone.", example = "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was seen: the stream begins behind it, as far as events are remembered."),
    ),
    responses((
        status = 200, description = "Events as they happen.", body = LiveEvent, content_type = "text/event-stream",
        example = json!("event: image.deleted\nid: 01890a5d-ac96-774b-bcce-b302099a8058\ndata: {\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\"}\n\n"),
    )),
)]
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
    let end = state.services.end_of_feed(&caller);
    let body = hello.chain(stream::iter(missed)).chain(live).take_until(end).map(Ok::<_, Infallible>);
    Ok(uncached(StatusCode::OK)
        .insert_header((CONTENT_TYPE, "text/event-stream"))
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
    let (name, data) = (event.what.name(), text(base, event));
    Bytes::from(format!("event: {name}\nid: {}\ndata: {data}\n\n", event.id))
}

/// The data of the event, as JSON.
pub(in crate::http) fn text(base: &str, event: &Event) -> String {
    // Texts, numbers and maps with texts as keys always serialise.
    serde_json::to_string(&document(base, event)).unwrap_or_default()
}

fn document(base: &str, event: &Event) -> EventDocument {
    match &event.what {
        Happening::ImageStored(image) | Happening::ImageChanged(image) => {
            EventDocument::Image(Box::new(image_document(base, image)))
        }
        Happening::ImageDeleted(id) => EventDocument::Deleted(DeletedImage { id: *id }),
        Happening::ImageNoticed(notice) => EventDocument::Notice(notice.clone()),
        Happening::VariantStored(stored) => {
            let variant = Box::new(variant_document(base, stored));
            EventDocument::Variant { image_id: stored.image, variant }
        }
        Happening::JobChanged(job) => EventDocument::Job(Box::new(job_document(base, job))),
        Happening::AlbumChanged(notice) => EventDocument::Album(notice.clone()),
    }
}
