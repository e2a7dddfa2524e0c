//! What happens, to whoever watches.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use grpc_api::image_v1 as api;
use shared_types::ErrorCode;
use tonic::Status;
use uuid::Uuid;

use crate::domain::{Caller, EventFilter, StoreError};
use crate::grpc::GrpcState;
use crate::grpc::content::Answers;
use crate::grpc::documents::{self, invalid, set};

/// The events that the caller may see and wants, until the store stops, their key is revoked, or the client is too slow.
pub(super) fn watch(
    state: &GrpcState,
    caller: &Caller,
    request: &api::WatchEventsRequest,
) -> Result<Answers<api::Event>, StoreError> {
    let filter = EventFilter {
        reach: caller.reach()?,
        image: set(&request.image_id).map(|id| documents::id("image_id", id)).transpose()?,
        job: set(&request.job_id).map(|id| documents::id("job_id", id)).transpose()?,
    };
    let after = set(&request.after).map(str::parse::<Uuid>).transpose();
    let after = after.map_err(|_| invalid("after", "must be the `id` of an event that was seen"))?;
    let Ok(place) = Arc::clone(&state.watchers).try_acquire_owned() else {
        let detail = "Too many clients watch events (limits.watchers); try again later.";
        return Err(StoreError::new(ErrorCode::Overloaded, detail));
    };
    let (missed, receiver) = state.services.watch(after);
    let live = stream::unfold((receiver, place), |(mut receiver, place)| async move {
        // An error: too slow, or the store ends.
        let event = receiver.recv().await.ok()?;
        Some((event, (receiver, place)))
    });
    let write = Arc::clone(&state.write_event);
    let told = move |event: &_| filter.wants(event).then(|| Ok(documents::event(event, &write)));
    let events = stream::iter(missed).chain(live).take_until(state.services.end_of_feed(caller));
    let events = events.filter_map(move |event| futures::future::ready(told(&event)));
    Ok(events.chain(stream::once(async { Err(end()) })).boxed())
}

fn end() -> Status {
    Status::unavailable(
        "The feed ends here, because the store stops, the key is not valid any more or the client was too slow; call again with `after`, the id of the last event.",
    )
}
