//! The one table of errors: code, HTTP status, gRPC code, whether the same request may succeed later, and title.
//!
//! Everything a client sees of an error derives from here; the services choose a code by meaning and add one sentence.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::ImageId;

/// The codes of gRPC by which errors are told, with their numbers (gRPC, `doc/statuscodes.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrpcCode {
    /// Wrong whatever the state of things.
    InvalidArgument = 3,
    /// Too late.
    DeadlineExceeded = 4,
    /// Not there.
    NotFound = 5,
    /// There already.
    AlreadyExists = 6,
    /// Not for this caller.
    PermissionDenied = 7,
    /// More than a quota, a bound or the disk allows.
    ResourceExhausted = 8,
    /// Not as things are.
    FailedPrecondition = 9,
    /// Somebody else was faster: to be begun anew.
    Aborted = 10,
    /// Behind the end.
    OutOfRange = 11,
    /// Nothing of that name.
    Unimplemented = 12,
    /// A fault of ours.
    Internal = 13,
    /// To be tried again.
    Unavailable = 14,
    /// A key is needed.
    Unauthenticated = 16,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $grpc:ident, $retry:literal, $title:literal;)+) => {
        /// What went wrong, by what it means for the caller.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name: the `code` member and the last part of the problem's `type`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The code of a gRPC status.
            pub fn grpc(self) -> GrpcCode {
                match self { $(Self::$variant => GrpcCode::$grpc,)+ }
            }

            /// The problem's `title`: the same for every occurrence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// Whether the unchanged request may succeed if it is sent again later.
            pub fn is_temporary(self) -> bool {
                match self { $(Self::$variant => $retry,)+ }
            }
        }
    };
}

error_codes! {
    /// A query or path parameter is unknown, repeated, out of range or contradictory.
    InvalidParameter = "invalid-parameter", 400, InvalidArgument, false, "A parameter is not valid";
    /// The body is not the document that its type promises.
    InvalidBody = "invalid-body", 400, InvalidArgument, false, "The request body cannot be read";
    /// The body ended before its announced end.
    IncompleteBody = "incomplete-body", 400, InvalidArgument, false, "The request body was cut off";
    /// An upload without any image in it.
    MissingImage = "missing-image", 400, InvalidArgument, false, "The request contains no image";
    /// A URL that the store will not fetch from.
    ForbiddenUrl = "forbidden-url", 400, InvalidArgument, false, "The URL may not be fetched";
    /// No key, where one is needed, or one that is not valid.
    Unauthorized = "unauthorized", 401, Unauthenticated, false, "A key is needed";
    /// The key does not allow it, or nobody may do it.
    Forbidden = "forbidden", 403, PermissionDenied, false, "That is not allowed";
    /// An address that is answered only with a signature.
    SignatureRequired = "signature-required", 403, PermissionDenied, false, "A signature is needed";
    /// A signature of another address, or of a key that is not known.
    SignatureInvalid = "signature-invalid", 403, PermissionDenied, false, "The signature is wrong";
    /// A right signature whose time is over.
    SignatureExpired = "signature-expired", 403, PermissionDenied, false, "The signature is expired";
    /// Parameters of one's own, where only presets are served.
    PresetsOnly = "presets-only", 403, PermissionDenied, false, "Only presets are served here";
    /// No image or variant of that id or name.
    NotFound = "not-found", 404, NotFound, false, "There is no such image";
    /// No such path.
    NoRoute = "no-route", 404, Unimplemented, false, "There is nothing at this address";
    /// The path exists, but not for this verb.
    MethodNotAllowed = "method-not-allowed", 405, Unimplemented, false, "The method is not allowed here";
    /// The client sent its request too slowly.
    RequestTimeout = "request-timeout", 408, DeadlineExceeded, true, "The request took too long to arrive";
    /// What was asked for does not go together with the state of things.
    Conflict = "conflict", 409, FailedPrecondition, false, "That is not possible now";
    /// The bytes of an upload that must be new are stored already.
    Duplicate = "duplicate", 409, AlreadyExists, false, "The image is stored already";
    /// What was made of an original that the image does not have any more.
    Outdated = "outdated", 409, Aborted, false, "The image was replaced meanwhile";
    /// A worker spoke of a job that is no longer its own.
    LeaseLost = "lease-lost", 409, Aborted, false, "The lease is lost";
    /// Bytes for another place than the end of what is there of a resumable upload.
    OffsetMismatch = "offset-mismatch", 409, Aborted, false, "The upload has another offset";
    /// A resumable upload that has expired, or that failed and lost its bytes.
    Gone = "gone", 410, NotFound, false, "The upload is gone";
    /// A version of the tus protocol that is not spoken here.
    UnsupportedTusVersion = "unsupported-tus-version", 412, FailedPrecondition, false, "That version of tus is not spoken here";
    /// `If-Match` or `If-Unmodified-Since` does not hold.
    PreconditionFailed = "precondition-failed", 412, FailedPrecondition, false, "A precondition does not hold";
    /// More bytes than `limits.upload_bytes`.
    TooManyBytes = "too-many-bytes", 413, ResourceExhausted, false, "The upload is too large";
    /// More bytes than one gRPC message may have.
    MessageTooLarge = "message-too-large", 413, ResourceExhausted, false, "The message would be too large";
    /// More pixels than the limits allow.
    TooManyPixels = "too-many-pixels", 413, InvalidArgument, false, "The picture has too many pixels";
    /// Not one of the formats that are read, or not one that can be made.
    UnsupportedFormat = "unsupported-format", 415, InvalidArgument, false, "The format is not supported";
    /// A type of body that this address does not take.
    UnsupportedMediaType = "unsupported-media-type", 415, InvalidArgument, false, "The type of the body is not supported";
    /// The range lies outside the representation.
    RangeNotSatisfiable = "range-not-satisfiable", 416, OutOfRange, false, "The range is outside the file";
    /// A picture by its first bytes, but truncated or corrupt.
    Undecodable = "undecodable", 422, InvalidArgument, false, "The picture cannot be decoded";
    /// No file holds what was asked for: `max_bytes`, `target`.
    GoalUnreachable = "goal-unreachable", 422, FailedPrecondition, false, "The goal cannot be reached";
    /// More requests than the key's user may send.
    TooManyRequests = "too-many-requests", 429, ResourceExhausted, true, "Too many requests";
    /// More images or bytes than the user may keep.
    QuotaExceeded = "quota-exceeded", 429, ResourceExhausted, false, "The quota is used up";
    /// Another request sends bytes of the same resumable upload.
    UploadLocked = "upload-locked", 423, Aborted, true, "The upload is being written to";
    /// The bytes of a request are not those of its checksum. The status is one of the tus protocol.
    ChecksumMismatch = "checksum-mismatch", 460, Aborted, true, "The checksum does not match";
    /// A fault of ours.
    Internal = "internal", 500, Internal, true, "Something went wrong on our side";
    /// The other server answered with a fault or with nonsense.
    BadUpstream = "bad-upstream", 502, Unavailable, true, "The other server failed";
    /// More work than can be queued.
    Overloaded = "overloaded", 503, Unavailable, true, "The server is busy";
    /// A part that is needed is not working.
    Unavailable = "unavailable", 503, Unavailable, true, "The service is not available";
    /// The other server did not answer in time.
    UpstreamTimeout = "upstream-timeout", 504, Unavailable, true, "The other server did not answer in time";
    /// The disk is full.
    StorageFull = "storage-full", 507, ResourceExhausted, true, "The storage is full";
}

impl ErrorCode {
    /// The code of this stable name, if there is one.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.code() == code)
    }

    /// Whether the fault is ours and belongs in the log as an error.
    pub fn is_fault(self) -> bool {
        self.status() >= 500
    }
}

/// A problem document as of RFC 9457, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `/problems/<code>`: stable, relative to the service.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The same for every problem of this type.
    pub title: Cow<'static, str>,
    /// The HTTP status, repeated.
    pub status: u16,
    /// What happened here and what to do, in one or two sentences.
    pub detail: String,
    /// The stable code alone.
    pub code: Cow<'static, str>,
    /// The parameter, header or part of the body at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The image that stands in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<ImageId>,
    /// The id under which the server logged this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// `detail` again, for clients that look for a `message`.
    pub message: String,
    /// And once more, for those that look for an `error`.
    pub error: String,
}

impl Problem {
    /// A problem of type `code` with its sentence.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            kind: format!("/problems/{}", code.code()).into(),
            title: code.title().into(),
            status: code.status(),
            message: detail.clone(),
            error: detail.clone(),
            detail,
            code: code.code().into(),
            parameter: None,
            image_id: None,
            request_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        let codes: HashSet<_> = ErrorCode::ALL.iter().map(|c| c.code()).collect();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!((400..600).contains(&code.status()), "{code:?}");
            assert!(!code.is_fault() || code.is_temporary(), "a fault may pass: {code:?}");
            assert_eq!(code.status() == 401, code.grpc() == GrpcCode::Unauthenticated, "{code:?}");
            assert_eq!(code.status() == 403, code.grpc() == GrpcCode::PermissionDenied, "{code:?}");
            // Clients send again what was UNAVAILABLE.
            assert!(code.grpc() != GrpcCode::Unavailable || code.is_temporary(), "{code:?}");
        }
    }
}
