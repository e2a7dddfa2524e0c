//! What the descriptions of these addresses share.

use std::collections::BTreeMap;

use service_kit::openapi::{
    ChecksumMismatch, Conflict, Full, Gone, Locked, NotFound, PreconditionFailed, RequestTimeout, TooLarge,
    Unprocessable, UnsupportedType,
};
use shared_types::ImageId;
use utoipa::openapi::{Ref, RefOr, Response};
use utoipa::{IntoResponses, ToResponse};

/// What every answer that tells of an upload has in its head.
#[derive(ToResponse)]
#[response(
    description = "How far an upload is.",
    headers(
        ("Upload-Offset" = u64, description = "How many bytes are there."),
        ("Upload-Expires" = String, description = "When it is removed, of one that is not complete; an HTTP date."),
        ("Image-Id" = ImageId, description = "The image that it became, of one that is complete."),
        ("Content-Location" = String, description = "The path of that image's record."),
        ("Tus-Resumable" = String, description = "The version of the protocol."),
    ),
)]
struct Progress;

/// The answer to a request that began an upload.
#[derive(ToResponse)]
#[response(description = "It is begun.", headers(("Location" = String, description = "Where its bytes go.")))]
pub(super) struct Begun;

/// The answer to one that brought further bytes.
#[derive(ToResponse)]
#[response(description = "The bytes are kept.")]
pub(super) struct Added;

/// The answer to one that asks how far an upload is.
#[derive(ToResponse)]
#[response(
    description = "How far it is.",
    headers(
        ("Upload-Length" = u64, description = "How many bytes there will be, if that was said."),
        ("Upload-Defer-Length" = String, description = "`1` where it was not."),
        ("Upload-Metadata" = String, description = "As it was begun with."),
        ("Upload-Concat" = String, description = "Likewise."),
    ),
)]
pub(super) struct Standing;

impl IntoResponses for Begun {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        writing("201", Self::response())
    }
}

impl IntoResponses for Added {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        writing("204", Self::response())
    }
}

impl IntoResponses for Standing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([("200".to_owned(), with_progress(Self::response()))])
    }
}

/// The answer of this status, and the refusals of a request whose bytes are written.
fn writing(status: &str, answer: (&str, RefOr<Response>)) -> BTreeMap<String, RefOr<Response>> {
    let refusals = [
        ("404", NotFound::response().0),
        ("408", RequestTimeout::response().0),
        ("409", Conflict::response().0),
        ("410", Gone::response().0),
        ("412", PreconditionFailed::response().0),
        ("413", TooLarge::response().0),
        ("415", UnsupportedType::response().0),
        ("422", Unprocessable::response().0),
        ("423", Locked::response().0),
        ("460", ChecksumMismatch::response().0),
        ("507", Full::response().0),
    ];
    let shared = |(status, name): (&str, &str)| (status.to_owned(), Ref::from_response_name(name).into());
    let mut all: BTreeMap<_, _> = refusals.into_iter().map(shared).collect();
    all.insert(status.to_owned(), with_progress(answer));
    all
}

fn with_progress((_, mut answer): (&str, RefOr<Response>)) -> RefOr<Response> {
    if let (RefOr::T(answer), RefOr::T(progress)) = (&mut answer, Progress::response().1) {
        answer.headers.extend(progress.headers);
    }
    answer
}
