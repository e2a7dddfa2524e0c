//! The one error type of use cases: a code from the shared table, a sentence for the client, a cause for the log.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use image_engine::EngineError;
use service_kit::cpu::CpuError;
use shared_types::{ErrorCode, ImageId, TransformError};

/// What went wrong, by what it means for the caller. Cheap to clone: many requests may wait for one result.
#[derive(Debug, Clone)]
pub struct StoreError {
    /// The meaning, which decides the status.
    pub code: ErrorCode,
    /// A sentence or two for the client: what happened and what to do. Never a source's own text.
    pub detail: String,
    /// The parameter or part of the request at fault.
    pub parameter: Option<String>,
    /// The image that stands in the way.
    pub image: Option<ImageId>,
    /// When to come back, for temporary errors.
    pub retry_after: Option<Duration>,
    /// What lies behind it, for the log alone.
    pub cause: Option<Arc<anyhow::Error>>,
}

impl StoreError {
    /// An error of meaning `code`, told to the client as `detail`.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), parameter: None, image: None, retry_after: None, cause: None }
    }

    /// A fault of ours: the client learns only that, the log gets `cause`.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(
            ErrorCode::Internal,
            "The request failed through no fault of yours; try again, and quote the request id if it stays.",
        )
        .caused_by(cause)
    }

    /// No image of that id.
    pub fn no_image() -> Self {
        Self::new(ErrorCode::NotFound, "No image has this id. It may have been deleted.")
    }

    /// No resumable upload of that id.
    pub fn no_upload() -> Self {
        let detail =
            "No upload has this id: it may have been removed, or have expired (uploads.expire_hours). Begin a new one.";
        Self::new(ErrorCode::NotFound, detail)
    }

    /// No album of that id or name.
    pub fn no_album() -> Self {
        Self::new(ErrorCode::NotFound, "There is no such album. It may have been deleted.")
    }

    /// The album has no such image.
    pub fn not_in_album() -> Self {
        Self::new(ErrorCode::NotFound, "There is no such image in the album. It may have been removed.")
    }

    /// Names the part of the request at fault.
    #[must_use]
    pub fn parameter(mut self, parameter: impl Into<String>) -> Self {
        self.parameter = Some(parameter.into());
        self
    }

    /// Attaches what the log should say.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(Arc::new(cause.into()));
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.code(), self.detail)
    }
}

impl std::error::Error for StoreError {}

impl From<EngineError> for StoreError {
    fn from(error: EngineError) -> Self {
        let (code, parameter, detail) = service_kit::engine::describe(&error);
        Self { parameter, ..Self::new(code, detail) }
    }
}

impl From<CpuError> for StoreError {
    fn from(error: CpuError) -> Self {
        let told = Self { retry_after: error.retry_after(), ..Self::new(error.code(), error.detail()) };
        if matches!(error, CpuError::Panicked) { told.caused_by(error) } else { told }
    }
}

impl From<TransformError> for StoreError {
    fn from(error: TransformError) -> Self {
        Self::new(ErrorCode::InvalidParameter, error.sentence()).parameter(error.parameter)
    }
}
