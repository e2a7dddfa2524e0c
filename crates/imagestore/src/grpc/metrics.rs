//! Figures of calls for `/metrics`.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use service_kit::metrics::{Metrics, histogram};
use tonic::Code;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: String,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: String,
}

/// Calls by method and code, and how long they took.
#[derive(Clone)]
pub struct CallFigures {
    calls: Family<Call, Counter>,
    seconds: Family<Method, Histogram>,
}

impl CallFigures {
    /// New figures, which `/metrics` shows.
    pub fn register(metrics: &Metrics) -> Self {
        let (calls, seconds) = (Family::default(), Family::new_with_constructor(histogram as fn() -> Histogram));
        metrics.register(|registry| {
            registry.register("grpc_requests", "Calls that are over", Family::clone(&calls));
            registry.register("grpc_request_seconds", "Time until the end of the call", Family::clone(&seconds));
        });
        Self { calls, seconds }
    }

    /// Counts a call.
    pub(super) fn observe(&self, path: &str, code: Code, time: Duration) {
        // A client may write any path: only methods that there are have a name.
        let method = if code == Code::Unimplemented { "other" } else { path.trim_start_matches('/') }.to_owned();
        self.seconds.get_or_create(&Method { method: method.clone() }).observe(time.as_secs_f64());
        self.calls.get_or_create(&Call { method, code: name(code) }).inc();
    }
}

/// The name of a code as the documents of gRPC write it.
pub(super) fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
