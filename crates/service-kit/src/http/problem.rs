//! Errors as problem documents (RFC 9457). The client reads one sentence; the log has the cause, once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use shared_types::{ErrorCode, ImageId, Problem, TransformError};

use super::request;
use crate::cpu::CpuError;

/// An error on its way to the client.
#[derive(Debug)]
pub struct ApiError {
    /// What it means; decides the status.
    pub code: ErrorCode,
    /// What happened and what to do.
    pub detail: String,
    /// The part of the request at fault.
    pub parameter: Option<String>,
    /// The image that stands in the way.
    pub image: Option<ImageId>,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// The verbs that this address knows, for 405.
    pub allow: Option<String>,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log alone.
    pub cause: Option<Arc<anyhow::Error>>,
}

impl ApiError {
    /// An error of meaning `code`.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            code,
            detail,
            parameter: None,
            image: None,
            retry_after: None,
            allow: None,
            headers: Vec::new(),
            cause: None,
        }
    }

    /// Names the part of the request at fault.
    #[must_use]
    pub fn parameter(mut self, parameter: impl Into<String>) -> Self {
        self.parameter = Some(parameter.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Attaches what the log should say.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(Arc::new(cause.into()));
        self
    }

    /// The document for the client. Logs a fault, so call it once, when answering.
    pub fn problem(&self) -> Problem {
        log_once(self.code, &self.detail, self.cause.as_deref());
        let mut problem = Problem::new(self.code, self.detail.clone());
        problem.parameter.clone_from(&self.parameter);
        problem.image_id = self.image;
        problem.request_id = request::current_id();
        problem
    }
}

/// Writes into the log what was answered: a fault as an error, with what lies behind it. To be called once, when answering.
pub fn log_once(code: ErrorCode, detail: &str, cause: Option<&anyhow::Error>) {
    let has_cause = cause.is_some();
    let cause = cause.map(|cause| format!(" ({cause:#})")).unwrap_or_default();
    match code {
        ErrorCode::Overloaded => log::warn!("{}: {detail}{cause}", code.code()),
        code if code.is_fault() => log::error!("{}: {detail}{cause}", code.code()),
        code if has_cause => log::warn!("{}: {detail}{cause}", code.code()),
        code => log::debug!("{}: {detail}", code.code()),
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.code(), self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        answer.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
        answer.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        let wait = self.retry_after.or((self.code.status() == 503).then_some(Duration::from_secs(1)));
        if let Some(wait) = wait {
            answer.insert_header((header::RETRY_AFTER, wait.as_secs().max(1).to_string()));
        }
        if let Some(allow) = &self.allow {
            answer.insert_header((header::ALLOW, allow.as_str()));
        }
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.clone()));
        }
        // A problem is strings and a number: it always serialises.
        answer.body(serde_json::to_vec(&self.problem()).unwrap_or_default())
    }
}

impl From<TransformError> for ApiError {
    fn from(error: TransformError) -> Self {
        Self::new(ErrorCode::InvalidParameter, error.sentence()).parameter(error.parameter)
    }
}

impl From<CpuError> for ApiError {
    fn from(error: CpuError) -> Self {
        let told = Self { retry_after: error.retry_after(), ..Self::new(error.code(), error.detail()) };
        if matches!(error, CpuError::Panicked) { told.caused_by(error) } else { told }
    }
}
