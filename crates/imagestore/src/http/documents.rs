//! From records to JSON documents.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine;
use jiff::Timestamp;
use serde::Serialize;
use service_kit::http::ApiError;
use shared_types::job::{JobDocument, JobStatus, JobUrls};
use shared_types::wire::{ImageDocument, ImageUrls, VariantDocument};
use shared_types::{Digest, ImageId};
use url::Url;
use utoipa::ToSchema;

use super::HttpState;
use crate::app::BASE64;
use crate::domain::{DeletedImage, Image, ImageName, Job, Variant};

/// Where clients reach the service, without a slash at the end.
pub(super) fn base_url(request: &HttpRequest, state: &HttpState) -> String {
    if let Some(url) = &state.public_url {
        bare(url)
    } else {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    }
}

/// Whether the client has come by an encrypted connection: to this service, to what stands before it and says so, or to the public address.
pub(super) fn is_encrypted(request: &HttpRequest, state: &HttpState) -> bool {
    let connection = request.connection_info();
    let is_public = |url: &&Url| url.scheme() == "https" && url.authority() == connection.host();
    connection.scheme() == "https" || state.public_url.as_ref().is_some_and(|url| is_public(&url))
}

/// A base address without a slash at the end.
pub(super) fn bare(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// The path of an image's record, for `Location`.
pub(super) fn image_path(id: ImageId) -> String {
    format!("/v1/images/{id}")
}

/// The beginning of an answer that nobody is to keep a copy of: it changes while one looks, or is meant for one caller alone.
pub(super) fn uncached(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store"));
    answer
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
        revision: image.revision,
        replaced_at: image.replaced.map(rfc3339),
        rendition_bytes: None,
        urls: ImageUrls {
            metadata: format!("{base}{}", image_path(id)),
            original: image.with_revision(format!("{base}{}", image.original_path())),
            download: image.with_revision(format!("{base}/download/{id}")),
            variants: format!("{base}{}/variants", image_path(id)),
            preset: None,
        },
    }
}

/// An image in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct ListedDocument {
    #[serde(flatten)]
    image: ImageDocument,
    /// What to show until the picture is there, as base64; where it was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbhash: Option<String>,
    /// When it was deleted, RFC 3339 in UTC; of deleted images.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    /// When it goes for good, RFC 3339 in UTC; of deleted images.
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_at: Option<String>,
}

pub(super) fn listed_document(base: &str, image: &Image, thumbhashes: &Thumbhashes) -> ListedDocument {
    let thumbhash = thumbhashes.get(&image.digest).cloned();
    ListedDocument { image: image_document(base, image), thumbhash, deleted_at: None, purge_at: None }
}

/// Placeholders as base64, by the originals that they stand for.
pub(super) type Thumbhashes = HashMap<Digest, String>;

/// Those of images that a list has shown, if they are wanted.
pub(super) async fn thumbhashes<'a>(
    state: &HttpState,
    wanted: bool,
    images: impl Iterator<Item = &'a Image>,
) -> Result<Thumbhashes, ApiError> {
    if !wanted {
        return Ok(Thumbhashes::new());
    }
    let found = state.services.thumbhashes(images).await?;
    Ok(found.into_iter().map(|(original, thumbhash)| (original, BASE64.encode(thumbhash))).collect())
}

/// A deleted image that can come back.
pub(super) fn deleted_document(base: &str, deleted: &DeletedImage) -> ListedDocument {
    let (deleted_at, purge_at) = (Some(rfc3339(deleted.deleted)), Some(rfc3339(deleted.purge)));
    ListedDocument { deleted_at, purge_at, ..listed_document(base, &deleted.image, &Thumbhashes::new()) }
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

/// The same at an address that names the revision of the image, where that decides what it gives.
pub(super) fn variant_document_of(base: &str, image: &Image, variant: &Variant) -> VariantDocument {
    let document = variant_document(base, variant);
    let url = if variant.is_made() { image.with_revision(document.url) } else { document.url };
    VariantDocument { url, ..document }
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

pub(super) fn rfc3339(time: Timestamp) -> String {
    time.to_string()
}
