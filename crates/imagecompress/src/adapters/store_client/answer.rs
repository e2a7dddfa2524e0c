//! What an answer of the store means.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use shared_types::ErrorCode;

use crate::ports::{Refusal, Sender, StoreError};

/// The answer, if it is one of success.
pub(super) async fn accepted(sender: &Sender, response: Response) -> Result<Response, StoreError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let failed = || StoreError::Failed(format!("it answered with status {status}"));
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if *sender == Sender::Itself => StoreError::Unauthorised,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            StoreError::Busy { retry_after: Duration::from_secs(seconds.unwrap_or(1)) }
        }
        _ if status.is_client_error() => match response.json::<Refusal>().await {
            Ok(refusal) => refused(refusal),
            Err(_) if status == StatusCode::NOT_FOUND => StoreError::NotFound,
            Err(_) => failed(),
        },
        _ => failed(),
    })
}

fn refused(refusal: Refusal) -> StoreError {
    match ErrorCode::from_code(&refusal.code) {
        Some(ErrorCode::NotFound) => StoreError::NotFound,
        Some(ErrorCode::LeaseLost) => StoreError::LeaseLost,
        // The address is not known there: not a store, or one of another time.
        Some(ErrorCode::NoRoute | ErrorCode::MethodNotAllowed) => StoreError::Failed(refusal.detail),
        // Sent again it may arrive whole.
        Some(ErrorCode::IncompleteBody | ErrorCode::RequestTimeout) => StoreError::Unreachable(refusal.detail),
        _ => StoreError::Refused(refusal),
    }
}

/// A request that was not answered, or an answer that broke off.
pub(super) fn unreachable(error: reqwest::Error) -> StoreError {
    if error.is_timeout() {
        StoreError::Timeout
    } else if error.is_decode() {
        StoreError::Failed(format!("{:#}", anyhow::Error::from(error)))
    } else {
        StoreError::Unreachable(format!("{:#}", anyhow::Error::from(error)))
    }
}
