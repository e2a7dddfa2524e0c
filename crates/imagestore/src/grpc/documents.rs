//! From records to messages.

use std::str::FromStr;

use grpc_api::image_v1 as api;
use jiff::Timestamp;
use prost_types::Timestamp as ProtoTimestamp;
use shared_types::job::{JobProblem, JobResult, JobStatus};
use shared_types::{ParseIdError, TransformError};

use super::EventWriter;
use crate::domain::{Event, Happening, Image, ImageName, Job, StoreError};

/// What is told of an image.
pub(super) fn image(image: &Image) -> api::Image {
    let (width, height) = image.facts.upright_size();
    let format = image.facts.format;
    api::Image {
        id: image.id.to_string(),
        format: format!(".{}", format.extension()),
        width: width.try_into().unwrap_or(i32::MAX),
        height: height.try_into().unwrap_or(i32::MAX),
        original_path: image.with_revision(image.original_path()),
        thumbnail_path: image.with_revision(format!("/i/{}?format=auto&w={}", image.id, super::image_v1::THUMBNAIL)),
        uploaded_at: Some(time(image.created)),
        name: name(image),
        size: image.bytes,
        digest: image.digest.to_string(),
        media_type: format.media_type().to_owned(),
        animated: image.facts.animated,
        tags: image.tags.iter().map(str::to_owned).collect(),
        visibility: image.visibility.name().to_owned(),
        owner: image.owner.map(|owner| owner.to_string()).unwrap_or_default(),
    }
}

/// What the image is called; empty if it has no name.
pub(super) fn name(image: &Image) -> String {
    image.name.as_ref().map(ImageName::as_str).unwrap_or_default().to_owned()
}

/// What is told of a job.
pub(super) fn job(job: &Job) -> api::Job {
    api::Job {
        id: job.id.to_string(),
        image_id: job.image.to_string(),
        status: status(job.status).into(),
        progress: job.progress.into(),
        attempts: job.attempts,
        created_at: Some(time(job.created)),
        updated_at: Some(time(job.updated)),
        result: job.result.as_ref().map(|told| result(told, job.result_path())),
        problem: job.problem.as_ref().map(problem),
    }
}

fn result(result: &JobResult, path: Option<String>) -> api::JobResult {
    api::JobResult {
        kept: result.kept,
        format: result.format.to_string(),
        size: result.bytes,
        quality: result.figures.quality.map(u32::from),
        score: result.figures.score,
        path: path.unwrap_or_default(),
    }
}

fn problem(problem: &JobProblem) -> api::JobProblem {
    api::JobProblem { code: problem.code.clone(), detail: problem.detail.clone() }
}

fn status(status: JobStatus) -> api::JobStatus {
    match status {
        JobStatus::Queued => api::JobStatus::Queued,
        JobStatus::Leased => api::JobStatus::Leased,
        JobStatus::Running => api::JobStatus::Running,
        JobStatus::Done => api::JobStatus::Done,
        JobStatus::Failed => api::JobStatus::Failed,
        JobStatus::Dead => api::JobStatus::Dead,
        JobStatus::Cancelled => api::JobStatus::Cancelled,
    }
}

/// What happened.
pub(super) fn event(event: &Event, write: &EventWriter) -> api::Event {
    let (seconds, nanos) = event.id.get_timestamp().map_or((0, 0), |time| time.to_unix());
    let subject = match &event.what {
        Happening::ImageStored(stored) | Happening::ImageChanged(stored) => {
            Some(api::event::Subject::Image(image(stored)))
        }
        Happening::JobChanged(changed) => Some(api::event::Subject::Job(job(changed))),
        Happening::ImageDeleted(_)
        | Happening::ImageNoticed(_)
        | Happening::VariantStored(_)
        | Happening::AlbumChanged(_) => None,
    };
    api::Event {
        id: event.id.to_string(),
        r#type: event.what.name().to_owned(),
        time: Some(ProtoTimestamp { seconds: seconds.cast_signed(), nanos: nanos.cast_signed() }),
        image_id: event.what.image().map(|id| id.to_string()).unwrap_or_default(),
        data: write(event),
        subject,
    }
}

fn time(time: Timestamp) -> ProtoTimestamp {
    ProtoTimestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}

/// An id in a field.
///
/// # Errors
/// It is none: the field is named.
pub(super) fn id<T: FromStr<Err = ParseIdError>>(field: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error| invalid(field, format!("is malformed: {error}")))
}

/// Another value in a field, whose type says of a wrong one what it must be.
///
/// # Errors
/// It is wrong: the field is named.
pub(super) fn value<T: FromStr<Err = String>>(field: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|reason: String| invalid(field, reason))
}

/// What a field says, if it is not empty.
pub(super) fn set(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// What is wrong with a field, as a sentence without its subject.
pub(super) fn invalid(field: &str, reason: impl Into<String>) -> StoreError {
    TransformError::new(field, reason).into()
}
