//! What requests say in the headers of the protocol.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use base64::Engine;
use service_kit::http::ApiError;
use shared_types::{ErrorCode, UploadId};

use super::metadata::Metadata;
use crate::app::BASE64;
use crate::app::{Append, NewUpload, NewUploadKind};
use crate::domain::{Checksum, ChecksumAlgorithm};
use crate::http::upload::body;

/// The one version that is spoken.
pub(super) const VERSION: &str = "1.0.0";

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
pub(super) const OFFSET: &str = "Upload-Offset";
pub(super) const LENGTH: &str = "Upload-Length";
pub(super) const DEFER_LENGTH: &str = "Upload-Defer-Length";
pub(super) const METADATA: &str = "Upload-Metadata";
pub(super) const CONCAT: &str = "Upload-Concat";
const CHECKSUM: &str = "Upload-Checksum";

/// The one type of bodies.
const MEDIA_TYPE: &str = "application/offset+octet-stream";

/// The most uploads that are put together into one.
const MOST_PARTIAL: usize = 1000;

pub(super) fn check_version(request: &HttpRequest) -> Result<(), ApiError> {
    if request.headers().get(TUS_RESUMABLE).is_some_and(|version| version == VERSION) {
        return Ok(());
    }
    let detail = format!("This address speaks tus {VERSION}; send Tus-Resumable: {VERSION}.");
    let mut error = ApiError::new(ErrorCode::UnsupportedTusVersion, detail).parameter("Tus-Resumable");
    error.headers.push((TUS_VERSION, HeaderValue::from_static(VERSION)));
    Err(error)
}

/// An upload that is begun.
pub(super) fn new_upload(request: &HttpRequest) -> Result<NewUpload, ApiError> {
    let metadata = text(request, METADATA)?.unwrap_or_default();
    let Metadata { name, then, visibility, tags } = Metadata::parse(metadata)?;
    let deferred = match text(request, DEFER_LENGTH)? {
        None => false,
        Some("1") => true,
        Some(_) => return Err(malformed(DEFER_LENGTH, "must be 1")),
    };
    let length = number(request, LENGTH)?;
    let concat = text(request, CONCAT)?;
    let kind = match (concat, length, deferred) {
        (Some(list), None, false) if list.starts_with("final;") => {
            NewUploadKind::Final(partial_uploads(list)?, list.to_owned())
        }
        (Some(list), ..) if list.starts_with("final;") => {
            return Err(malformed(CONCAT, "of a final upload goes without a length: it is that of its parts"));
        }
        (Some(other), ..) if other != "partial" => {
            return Err(malformed(CONCAT, "must be partial, or final; and the addresses of partial uploads"));
        }
        (_, Some(_), true) => return Err(malformed(LENGTH, "and Upload-Defer-Length exclude each other")),
        (_, None, false) => {
            return Err(malformed(
                LENGTH,
                "must say how many bytes come, or Upload-Defer-Length: 1 that it is said later",
            ));
        }
        (Some(_), ..) => NewUploadKind::Partial(length),
        (None, ..) => NewUploadKind::Whole(length),
    };
    Ok(NewUpload { kind, metadata: metadata.to_owned(), name, then, visibility, tags })
}

/// What the request that begins an upload says of bytes in its body; `None` if there are none.
pub(super) fn first_bytes(request: &HttpRequest, new: &NewUpload) -> Result<Option<Append>, ApiError> {
    let announced = body::announced(request);
    if announced == Some(0) || (announced.is_none() && !request.headers().contains_key(header::TRANSFER_ENCODING)) {
        return Ok(None);
    }
    check_media_type(request)?;
    if matches!(new.kind, NewUploadKind::Final(..)) {
        let detail = "An upload that is put together from others takes no bytes of its own; leave the body away.";
        return Err(ApiError::new(ErrorCode::Forbidden, detail));
    }
    Ok(Some(Append { offset: 0, length: None, announced, checksum: checksum(request)? }))
}

/// Further bytes.
pub(super) fn append(request: &HttpRequest) -> Result<Append, ApiError> {
    check_media_type(request)?;
    let offset = number(request, OFFSET)?;
    Ok(Append {
        offset: offset.ok_or_else(|| malformed(OFFSET, "must say where the bytes begin; HEAD tells it"))?,
        length: number(request, LENGTH)?,
        announced: body::announced(request),
        checksum: checksum(request)?,
    })
}

fn check_media_type(request: &HttpRequest) -> Result<(), ApiError> {
    let given = request.headers().get(header::CONTENT_TYPE);
    if given.is_some_and(|given| given.as_bytes().eq_ignore_ascii_case(MEDIA_TYPE.as_bytes())) {
        return Ok(());
    }
    let detail = format!("Bytes of an upload are sent with Content-Type: {MEDIA_TYPE}.");
    Err(ApiError::new(ErrorCode::UnsupportedMediaType, detail).parameter("Content-Type"))
}

/// `Upload-Checksum`: the name of an algorithm, a space, the result in base64.
fn checksum(request: &HttpRequest) -> Result<Option<Checksum>, ApiError> {
    let Some(given) = text(request, CHECKSUM)? else { return Ok(None) };
    let (name, value) = given.split_once(' ').unwrap_or((given, ""));
    let Some(algorithm) = ChecksumAlgorithm::ALL.into_iter().find(|known| known.name() == name) else {
        let known = ChecksumAlgorithm::ALL.map(ChecksumAlgorithm::name).join(", ");
        return Err(malformed(CHECKSUM, &format!("must begin with one of {known}")));
    };
    match BASE64.decode(value) {
        Ok(value) if !value.is_empty() => Ok(Some(Checksum { algorithm, value })),
        _ => Err(malformed(CHECKSUM, "must be an algorithm, a space and its result in base64")),
    }
}

/// The ids in `final;ADDRESS ADDRESS …`: addresses as `Location` had them, or paths alone.
fn partial_uploads(list: &str) -> Result<Vec<UploadId>, ApiError> {
    let addresses: Vec<_> = list.trim_start_matches("final;").split_ascii_whitespace().collect();
    if addresses.is_empty() || addresses.len() > MOST_PARTIAL {
        return Err(malformed(CONCAT, &format!("must name 1 to {MOST_PARTIAL} partial uploads")));
    }
    let id = |address: &&str| address.rsplit_once("/v1/uploads/").and_then(|(_, id)| id.parse().ok());
    let ids: Option<Vec<_>> = addresses.iter().map(id).collect();
    ids.ok_or_else(|| malformed(CONCAT, "must name partial uploads by their addresses, with spaces between them"))
}

fn number(request: &HttpRequest, name: &str) -> Result<Option<u64>, ApiError> {
    let Some(given) = text(request, name)? else { return Ok(None) };
    // A sign would parse as well.
    let digits = given.bytes().all(|byte| byte.is_ascii_digit()).then(|| given.parse().ok()).flatten();
    // Sizes are kept as 63 bits.
    let number = digits.filter(|number| i64::try_from(*number).is_ok());
    number.map(Some).ok_or_else(|| malformed(name, "must be a whole number of bytes"))
}

fn text<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut given = request.headers().get_all(name);
    let (first, second) = (given.next(), given.next());
    if second.is_some() {
        return Err(malformed(name, "is given more than once"));
    }
    first.map(HeaderValue::to_str).transpose().map_err(|_| malformed(name, "must be plain ASCII"))
}

/// A header that is not what it should be.
pub(super) fn malformed(name: &str, reason: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidParameter, format!("`{name}` {reason}.")).parameter(name)
}
