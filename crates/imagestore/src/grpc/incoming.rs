//! Messages that clients send in a stream.

use shared_types::ErrorCode;
use tonic::{Code, Status, Streaming};

use super::{GrpcState, status};
use crate::domain::StoreError;

/// The next message, unless the client pauses for too long.
///
/// # Errors
/// The pause, a broken stream, bytes that are no message, or a message that is too large: then the field is named which makes it so.
pub(super) async fn next<T>(
    state: &GrpcState,
    stream: &mut Streaming<T>,
    field: &'static str,
) -> Result<Option<T>, StoreError> {
    let message = tokio::time::timeout(state.pause, stream.message()).await.map_err(|_| {
        let detail = format!("No message of the stream arrived for {} s; begin again.", state.pause.as_secs());
        StoreError::new(ErrorCode::RequestTimeout, detail)
    })?;
    message.map_err(|found| unreadable(state, field, &found))
}

fn unreadable(state: &GrpcState, field: &str, found: &Status) -> StoreError {
    log::debug!("a stream of messages broke: {found}");
    // What tonic says of a message that is longer than it takes.
    if found.code() == Code::OutOfRange {
        let detail = format!(
            "A message may have at most {} bytes here (grpc.max_message_bytes); send a large file in pieces.",
            state.max_message_bytes
        );
        return StoreError::new(ErrorCode::MessageTooLarge, detail).parameter(field);
    }
    if found.message().starts_with("failed to decode Protobuf message") {
        return status::not_a_message(found);
    }
    StoreError::new(ErrorCode::IncompleteBody, "The stream broke before its end; send what is missing again.")
}
