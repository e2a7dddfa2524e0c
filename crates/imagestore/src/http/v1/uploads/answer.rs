//! What answers say in the headers of the protocol.

use std::time::SystemTime;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HttpDate};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::headers::{CONCAT, DEFER_LENGTH, LENGTH, METADATA, OFFSET, TUS_VERSION, VERSION};
use crate::domain::{ChecksumAlgorithm, Upload, UploadKind, UploadState};
use crate::http::documents::{image_path, uncached};

const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration,concatenation";
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
/// Not of the protocol: the image that an upload became.
const IMAGE_ID: HeaderName = HeaderName::from_static("image-id");

/// What is spoken here.
pub(super) fn abilities(most_bytes: u64) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((TUS_VERSION, VERSION))
        .insert_header((TUS_EXTENSION, EXTENSIONS))
        .insert_header((TUS_MAX_SIZE, most_bytes.to_string()))
        .insert_header((TUS_CHECKSUM_ALGORITHM, ChecksumAlgorithm::ALL.map(ChecksumAlgorithm::name).join(",")))
        .finish()
}

/// How far an upload is after a request that changed it.
pub(super) fn progress(status: StatusCode, upload: &Upload) -> HttpResponseBuilder {
    let mut answer = uncached(status);
    answer.insert_header((OFFSET, upload.offset.to_string()));
    match upload.state {
        UploadState::Done(image) => {
            answer.insert_header((IMAGE_ID, image.to_string()));
            answer.insert_header((header::CONTENT_LOCATION, image_path(image)));
        }
        UploadState::Open | UploadState::Finishing | UploadState::Failed(_) => {
            answer.insert_header((EXPIRES, HttpDate::from(SystemTime::from(upload.expires)).to_string()));
        }
    }
    answer
}

/// All that is known of an upload.
pub(super) fn standing(upload: &Upload) -> HttpResponse {
    let mut answer = progress(StatusCode::OK, upload);
    match upload.length {
        Some(length) => answer.insert_header((LENGTH, length.to_string())),
        None => answer.insert_header((DEFER_LENGTH, "1")),
    };
    if !upload.metadata.is_empty() {
        answer.insert_header((METADATA, upload.metadata.as_str()));
    }
    match &upload.kind {
        UploadKind::Whole => {}
        UploadKind::Partial => drop(answer.insert_header((CONCAT, "partial"))),
        UploadKind::Final(list) => drop(answer.insert_header((CONCAT, list.as_str()))),
    }
    answer.finish()
}
