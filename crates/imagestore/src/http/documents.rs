//! From records to JSON documents.

use actix_web::HttpRequest;
use jiff::Timestamp;
use shared_types::ImageId;
use shared_types::job::{JobDocument, JobStatus, JobUrls};
use shared_types::wire::{ImageDocument, ImageUrls, VariantDocument};
use url::Url;

use super::HttpState;
use crate::domain::{Image, ImageName, Job, Variant};

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
    // What may hold scripts is not shown as it is.
    let original = if image.facts.format.is_vector() { "download" } else { "i" };
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
            original: format!("{base}/{original}/{id}"),
            download: format!("{base}/download/{id}"),
            variants: format!("{base}{}/variants", image_path(id)),
            preset: None,
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
    let result = job.result.as_ref().map(|result| match job.order.slot.name() {
        _ if result.kept => format!("{base}/i/{}", job.image),
        Some(name) => format!("{base}/download/{}?type={}&transform={name}", job.image, result.format),
        None => format!("{base}/i/{}?{}format={}", job.image, job.order.task.parameters(), result.format),
    });
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

fn rfc3339(time: Timestamp) -> String {
    time.to_string()
}
