//! From errors of use cases to gRPC statuses, with the details that [`tonic_types`] knows how to write.

use std::collections::HashMap;
use std::time::Duration;

use http::HeaderMap;
use service_kit::http::{problem, request};
use shared_types::{ErrorCode, GrpcCode};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::intake;
use crate::domain::StoreError;

/// Who says it, in `ErrorInfo`.
const DOMAIN: &str = "imagestore";

/// Logs a fault, so it is done once, when answering.
impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        log(&error);
        let image = error.image.map(|image| ("image_id".to_owned(), image.to_string()));
        let metadata: HashMap<_, _> = image.into_iter().collect();
        let mut details = ErrorDetails::with_error_info(error.code.code(), DOMAIN, metadata);
        if let Some(parameter) = &error.parameter {
            details.add_bad_request_violation(parameter, &error.detail);
        }
        let busy = || (error.code.grpc() == GrpcCode::Unavailable).then_some(Duration::from_secs(1));
        if let Some(wait) = error.retry_after.or_else(busy) {
            details.set_retry_info(Some(wait));
        }
        if let Some(id) = request::current_id() {
            details.set_request_info(id, "");
        }
        Self::with_error_details(Code::from_i32(error.code.grpc() as i32), error.detail, details)
    }
}

/// Logs a fault.
pub(super) fn log(error: &StoreError) {
    problem::log_once(error.code, &error.detail, error.cause.as_deref());
}

/// The same status with more in the metadata of its `ErrorInfo`.
pub(super) fn with_more(status: &Status, more: impl IntoIterator<Item = (&'static str, String)>) -> Status {
    let mut details = status.get_error_details();
    if let Some(mut info) = details.error_info().cloned() {
        info.metadata.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
        details.set_error_info(info.reason, info.domain, info.metadata);
    }
    Status::with_error_details(status.code(), status.message(), details)
}

/// What tonic refuses before a method sees it, told as other errors are; none where a method tells it, or tonic's words have to do.
pub(super) fn refusal(head: &HeaderMap) -> Option<Status> {
    let found = Status::from_header_map(head).filter(|status| status.details().is_empty())?;
    let error = match found.code() {
        // A message is too long when it is no longer compressed.
        Code::ResourceExhausted => intake::too_large(),
        Code::Internal => not_a_message(&found),
        // With a message, it is about the compression.
        Code::Unimplemented if found.message().is_empty() => {
            let detail = "There is no such method here; reflection tells the methods that there are.";
            StoreError::new(ErrorCode::NoRoute, detail)
        }
        _ => return None,
    };
    Some(error.into())
}

/// An error about bytes that tonic cannot read as a message.
pub(super) fn not_a_message(found: &Status) -> StoreError {
    let detail = format!("What was sent is no message of this method: {}.", found.message());
    StoreError::new(ErrorCode::InvalidBody, detail)
}
