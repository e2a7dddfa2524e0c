//! Preconditions and ranges, in the order of RFC 9110, section 13.2.2.

use std::ops::Range as Bytes;
use std::time::SystemTime;

use actix_web::http::header::{
    self, EntityTag, Header, HttpDate, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince, Range,
};
use actix_web::{HttpRequest, HttpResponse};
use service_kit::http::ApiError;
use shared_types::ErrorCode;

use super::respond::Representation;

/// The answer to a conditional request that needs no body, if this is one.
pub(super) fn evaluate(
    request: &HttpRequest,
    representation: &Representation,
) -> Result<Option<HttpResponse>, ApiError> {
    if !unchanged_as_required(request, representation) {
        let detail = "The representation is not the one that If-Match or If-Unmodified-Since names; fetch it again without them.";
        return Err(ApiError::new(ErrorCode::PreconditionFailed, detail));
    }
    Ok(is_known(request, representation).then(|| representation.not_modified()))
}

fn unchanged_as_required(request: &HttpRequest, representation: &Representation) -> bool {
    match present::<IfMatch>(request, header::IF_MATCH) {
        Some(IfMatch::Any) => true,
        Some(IfMatch::Items(tags)) => tags.iter().any(|tag| tag.strong_eq(&representation.etag)),
        None => present::<IfUnmodifiedSince>(request, header::IF_UNMODIFIED_SINCE)
            .is_none_or(|since| representation.last_modified <= SystemTime::from(since.0)),
    }
}

fn is_known(request: &HttpRequest, representation: &Representation) -> bool {
    match present::<IfNoneMatch>(request, header::IF_NONE_MATCH) {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|tag: &EntityTag| tag.weak_eq(&representation.etag)),
        None => present::<IfModifiedSince>(request, header::IF_MODIFIED_SINCE)
            .is_some_and(|since| representation.last_modified <= SystemTime::from(since.0)),
    }
}

/// The header, unless it is absent or cannot be read: a malformed condition is no condition.
fn present<H: Header>(request: &HttpRequest, name: header::HeaderName) -> Option<H> {
    request.headers().contains_key(name).then(|| H::parse(request).ok()).flatten()
}

/// Which part of a representation to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These bytes of it.
    Bytes(Bytes<u64>),
    /// None of the ranges lies within it.
    Outside,
}

/// What `Range` and `If-Range` ask for. Several ranges are answered with the whole, as the standard allows.
pub(super) fn part(request: &HttpRequest, representation: &Representation, len: u64) -> Part {
    let Some(Range::Bytes(specs)) = present::<Range>(request, header::RANGE) else { return Part::Whole };
    let still_the_same = match present::<IfRange>(request, header::IF_RANGE) {
        None => !request.headers().contains_key(header::IF_RANGE),
        Some(IfRange::EntityTag(tag)) => tag.strong_eq(&representation.etag),
        Some(IfRange::Date(date)) => date == HttpDate::from(representation.last_modified),
    };
    if !still_the_same {
        return Part::Whole;
    }
    let mut satisfiable = specs.iter().filter_map(|spec| spec.to_satisfiable_range(len));
    match (satisfiable.next(), specs.len()) {
        (None, _) => Part::Outside,
        (Some((first, last)), 1) => Part::Bytes(first..last + 1),
        (Some(_), _) => Part::Whole,
    }
}
