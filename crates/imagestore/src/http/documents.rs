//! From records to JSON documents.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared_types::ImageId;
use shared_types::job::{JobDocument, JobStatus, JobUrls};
use shared_types::wire::{ImageDocument, ImageUrls, VariantDocument};
use url::Url;

use super::HttpState;
use crate::domain::{
    Backfill, BackfillStatus, Event, Happening, Image, ImageName, Job, JobTotals, Share, Totals, Upload, UploadState,
    Variant,
};

/// Where clients reach the service, without a slash at the end.
pub(super) fn base_url(request: &HttpRequest, state: &HttpState) -> String {
    if let Some(url) = &state.public_url {
        bare(url)
    } else {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    }
}

/// A base address without a slash at the end.
pub(super) fn bare(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// The path of an image's record, for `Location`.
pub(super) fn image_path(id: ImageId) -> String {
    format!("/v1/images/{id}")
}

pub(super) fn image_document(base: &str, image: &Image) -> ImageDocument {
    let id = image.id;
    let (width, height) = image.facts.upright_size();
    ImageDocument {
        id,
        owner: image.owner,
        visibility: image.visibility.name().to_owned(),
        format: image.facts.format,
        media_type: image.facts.format.media_type().to_owned(),
        width,
        height,
        bytes: image.bytes,
        digest: image.digest,
        animated: image.facts.animated,
        name: image.name.as_ref().map(|name| ImageName::as_str(name).to_owned()),
        tags: image.tags.iter().map(str::to_owned).collect(),
        metadata: image.metadata.as_ref().map(|metadata| metadata.object().clone()).unwrap_or_default(),
        created_at: rfc3339(image.created),
        rendition_bytes: None,
        urls: ImageUrls {
            metadata: format!("{base}{}", image_path(id)),
            original: format!("{base}{}", image.original_path()),
            download: format!("{base}/download/{id}"),
            variants: format!("{base}{}/variants", image_path(id)),
        },
    }
}

pub(super) fn variant_document(base: &str, variant: &Variant) -> VariantDocument {
    let named = variant.key == format!("{}.{}", variant.label, variant.format);
    let url = if named {
        format!("{base}/download/{}?type={}&transform={}", variant.image, variant.format, variant.label)
    } else {
        format!("{base}/i/{}?{}", variant.image, variant.label)
    };
    VariantDocument {
        variant: variant.label.clone(),
        format: variant.format,
        width: variant.width,
        height: variant.height,
        bytes: variant.bytes,
        digest: variant.digest,
        url,
        created_at: rfc3339(variant.created),
        figures: variant.figures.clone(),
    }
}

pub(super) fn job_document(base: &str, job: &Job) -> JobDocument {
    let result = job.result_path().map(|path| format!("{base}{path}"));
    let waits = job.due.filter(|_| job.status == JobStatus::Queued);
    JobDocument {
        id: job.id,
        image_id: job.image,
        status: job.status,
        progress: job.progress,
        task: job.order.task.clone(),
        name: job.order.slot.name().cloned(),
        priority: job.order.priority,
        attempts: job.attempts,
        created_at: rfc3339(job.created),
        updated_at: rfc3339(job.updated),
        not_before: waits.map(rfc3339),
        result: job.result.clone(),
        problem: job.problem.clone(),
        urls: JobUrls {
            job: format!("{base}/v1/jobs/{}", job.id),
            image: format!("{base}{}", image_path(job.image)),
            result,
        },
    }
}

/// How far it is: images that were looked at, and what became of the jobs queued for them.
pub(super) fn backfill_document(backfill: &Backfill, jobs: &JobTotals) -> Value {
    let over = jobs.0.iter().sum::<u64>() - jobs.active();
    json!({
        "id": backfill.id,
        "status": backfill.status.name(),
        "before": rfc3339(backfill.before),
        "task": backfill.order.task,
        "name": backfill.order.slot.name(),
        "priority": backfill.order.priority,
        "images": backfill.looked_at,
        "skipped": backfill.skipped,
        "finished": over,
        "is_over": matches!(backfill.status, BackfillStatus::Done | BackfillStatus::Cancelled) && jobs.active() == 0,
        "jobs": jobs_document(jobs),
        "created_at": rfc3339(backfill.created),
    })
}

pub(super) fn upload_document(base: &str, upload: &Upload) -> Value {
    let (image, problem) = match &upload.state {
        UploadState::Open | UploadState::Finishing => (None, None),
        UploadState::Done(image) => (Some(image), None),
        UploadState::Failed(problem) => (None, Some(problem)),
    };
    json!({
        "id": upload.id,
        "state": upload.state.name(),
        "offset": upload.offset,
        "length": upload.length,
        "name": upload.name.as_ref().map(ImageName::as_str),
        "image_id": image,
        "problem": problem,
        "created_at": rfc3339(upload.created),
        "expires_at": rfc3339(upload.expires),
        "urls": {
            "upload": format!("{base}/v1/uploads/{}", upload.id),
            "image": image.map(|id| format!("{base}{}", image_path(*id))),
        },
    })
}

fn jobs_document(jobs: &JobTotals) -> Value {
    JobStatus::ALL
        .into_iter()
        .map(|status| (status.name().to_owned(), jobs.of(status).into()))
        .collect::<Map<_, _>>()
        .into()
}

pub(super) fn totals_document(totals: &Totals) -> Value {
    let masters = &totals.masters;
    let shares = |shares: &BTreeMap<String, Share>| {
        let each = shares
            .iter()
            .map(|(format, share)| (format.clone(), json!({ "count": share.count, "bytes": share.bytes })));
        Value::from(each.collect::<Map<_, _>>())
    };
    json!({
        "images": {
            "count": totals.images,
            "originals": totals.originals,
            "bytes": totals.original_bytes,
            "formats": shares(&totals.original_formats),
        },
        "variants": {
            "count": totals.variants,
            "bytes": totals.variant_bytes,
            "formats": shares(&totals.variant_formats),
        },
        "masters": {
            "done": masters.done,
            "bytes": masters.bytes,
            "pending": masters.pending,
            "not_worth_it": masters.not_worth_it,
            "failed": masters.failed,
        },
        "compression": { "variants": totals.saved.variants, "bytes_saved": totals.saved.bytes },
        "jobs": jobs_document(&totals.jobs),
    })
}

/// What happened, for the live feed.
pub(super) fn event_document(base: &str, event: &Event) -> Value {
    match &event.what {
        Happening::ImageStored(image) | Happening::ImageChanged(image) => json!(image_document(base, image)),
        Happening::ImageDeleted(id) => json!({ "id": id }),
        Happening::VariantStored(variant) => {
            json!({ "image_id": variant.image, "variant": variant_document(base, variant) })
        }
        Happening::JobChanged(job) => json!(job_document(base, job)),
        Happening::AlbumChanged(notice) => json!(notice),
    }
}

fn rfc3339(time: Timestamp) -> String {
    time.to_string()
}
