//! Orders to make images smaller.

use grpc_api::image_v1 as api;
use grpc_api::image_v1::compress_request::Goal as Wanted;
use shared_types::job::{Priority, Task};
use shared_types::{Formats, Goal, ImageId, TransformError, VariantName};

use crate::domain::{Order, Slot, StoreError};
use crate::grpc::GrpcState;
use crate::grpc::documents::{self, invalid, set};

/// What is to be made, and of which image.
pub(super) fn order(state: &GrpcState, request: &api::CompressRequest) -> Result<(ImageId, Order), StoreError> {
    let image = documents::id("id", &request.id)?;
    let goal = request.goal.as_ref().map(goal).transpose()?;
    let name = set(&request.name).map(|name| documents::id("name", name)).transpose()?;
    let name = name.unwrap_or_else(VariantName::compress);
    state.presets.check_free(&name)?;
    let formats = if request.formats.is_empty() {
        Formats::Auto
    } else {
        documents::value("formats", &request.formats.join(","))?
    };
    let priority = request.priority.map(|priority| u8::try_from(priority).unwrap_or(u8::MAX));
    let priority = priority.map(Priority::try_from).transpose().map_err(|reason| invalid("priority", reason))?;
    let task = Task { transform: String::new(), goal: Some(goal.unwrap_or(Goal::DEFAULT)), formats };
    let (slot, priority) = (Slot::Named(name), priority.unwrap_or_default());
    Ok((image, Order { task, slot, priority, webhook: None }))
}

fn goal(wanted: &Wanted) -> Result<Goal, StoreError> {
    let read = match wanted {
        Wanted::Target(target) => Goal::from_parameters(Some(target), None, None),
        Wanted::MaxBytes(bytes) => Goal::from_parameters(None, Some(&bytes.to_string()), None),
        Wanted::Quality(quality) => Goal::from_parameters(None, None, Some(&quality.to_string())).map_err(|error| {
            // A field here, and `q` in an address.
            TransformError { parameter: "quality".to_owned(), ..error }
        }),
    };
    Ok(read?.unwrap_or(Goal::DEFAULT))
}
