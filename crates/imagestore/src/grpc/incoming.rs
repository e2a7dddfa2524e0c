//! Messages that clients send in a stream.

use shared_types::ErrorCode;
use tonic::{Code, Status, Streaming};

use super::{GrpcState, intake, status};
use crate::domain::StoreError;

/// The next message of a stream whose messages have a file in this field, if there is one.
///
/// # Errors
/// A broken stream, a pause that is too long, bytes that are no message, or a message that is too large.
pub(super) async fn next<T>(
    state: &GrpcState,
    stream: &mut Streaming<T>,
    file: Option<&'static str>,
) -> Result<Option<T>, Status> {
    stream.message().await.map_err(|found| unreadable(state, file, found))
}

fn unreadable(state: &GrpcState, file: Option<&str>, found: Status) -> Status {
    log::debug!("a stream of messages broke: {found}");
    match found.code() {
        // It has been refused on its way here.
        _ if !found.details().is_empty() => found,
        // What tonic says of a message that is too long when it is no longer compressed.
        Code::ResourceExhausted => intake::too_large_for(file, state.max_message_bytes).into(),
        _ if found.message().starts_with("failed to decode Protobuf message") => status::not_a_message(&found).into(),
        _ => {
            let detail = "The stream broke before its end; send what is missing again.";
            StoreError::new(ErrorCode::IncompleteBody, detail).into()
        }
    }
}
