//! A resumable upload as a JSON document.

use serde::Serialize;
use shared_types::job::JobProblem;
use shared_types::{ImageId, UploadId};
use utoipa::ToSchema;

use crate::domain::{ImageName, Upload, UploadState};
use crate::http::documents::image_path;

/// A resumable upload.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadDocument {
    /// Its id.
    id: UploadId,
    /// Where it stands.
    state: UploadStanding,
    /// How many bytes are there.
    offset: u64,
    /// How many there will be, once that is said.
    #[schema(required)]
    length: Option<u64>,
    /// What the file is called.
    #[schema(required)]
    name: Option<String>,
    /// The image that it became.
    #[schema(required)]
    image_id: Option<ImageId>,
    /// Why it failed.
    #[schema(required)]
    problem: Option<JobProblem>,
    /// When it was begun, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it is removed.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Where to look.
    urls: UploadUrls,
}

/// Where a resumable upload stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum UploadStanding {
    /// Bytes are missing.
    Open,
    /// Every byte is there, and the image is being made.
    Finishing,
    /// It became an image, or is a complete part.
    Done,
    /// The bytes are no image that is taken. They are gone.
    Failed,
}

/// Addresses of a resumable upload.
#[derive(Serialize, ToSchema)]
struct UploadUrls {
    /// Where its bytes go.
    upload: String,
    /// The record of the image that it became.
    #[schema(required)]
    image: Option<String>,
}

pub(super) fn upload_document(base: &str, upload: &Upload) -> UploadDocument {
    let (state, image_id, problem) = match &upload.state {
        UploadState::Open => (UploadStanding::Open, None, None),
        UploadState::Finishing => (UploadStanding::Finishing, None, None),
        UploadState::Done(image) => (UploadStanding::Done, Some(*image), None),
        UploadState::Failed(problem) => (UploadStanding::Failed, None, Some(problem.clone())),
    };
    UploadDocument {
        id: upload.id,
        state,
        offset: upload.offset,
        length: upload.length,
        name: upload.name.as_ref().map(|name| ImageName::as_str(name).to_owned()),
        image_id,
        problem,
        created_at: upload.created.to_string(),
        expires_at: upload.expires.to_string(),
        urls: UploadUrls {
            upload: format!("{base}/v1/uploads/{}", upload.id),
            image: image_id.map(|id| format!("{base}{}", image_path(id))),
        },
    }
}
