//! What a fault of the store means to a client.

use service_kit::http::ApiError;
use shared_types::ErrorCode;

use crate::ports::StoreError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let told = match &error {
            StoreError::NotFound => {
                Self::new(ErrorCode::NotFound, "The store has no image with this id. It may have been deleted.")
            }
            StoreError::LeaseLost => Self::new(ErrorCode::LeaseLost, "The store has given the job to another worker."),
            StoreError::TooLarge { limit } => Self::new(
                ErrorCode::TooManyBytes,
                format!("The original has more than {limit} bytes (limits.source_bytes)."),
            ),
            StoreError::Refused(refusal) => {
                let code = ErrorCode::from_code(&refusal.code).unwrap_or(ErrorCode::BadUpstream);
                Self { parameter: refusal.parameter.clone(), ..Self::new(code, refusal.detail.clone()) }
            }
            StoreError::Busy { retry_after } => {
                Self::new(ErrorCode::Unavailable, "The store has too much to do; try again shortly.")
                    .retry_after(*retry_after)
            }
            StoreError::Unauthorised => Self::new(
                ErrorCode::BadUpstream,
                "The store refuses the token; set store.token of imagecompress to jobs.token of imagestore, or to a key with the scope service.",
            ),
            StoreError::Failed(_) | StoreError::Unreachable(_) => Self::new(
                ErrorCode::BadUpstream,
                "The store cannot be reached or failed; check that imagestore runs and that store.url (STORE_URL) leads to it.",
            ),
            StoreError::Timeout => Self::new(
                ErrorCode::UpstreamTimeout,
                "The store did not answer in time; check that store.url (STORE_URL) leads to it and that it is not overloaded.",
            ),
        };
        if told.code.is_fault() { told.caused_by(error) } else { told }
    }
}
