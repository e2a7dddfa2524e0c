//! From records to JSON documents.

use actix_web::HttpRequest;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared_types::ImageId;
use shared_types::wire::{ImageDocument, ImageUrls, VariantDocument};

use super::HttpState;
use crate::domain::{Image, ImageName, Totals, Variant};

/// Where clients reach the service, without a slash at the end.
pub(super) fn base_url(request: &HttpRequest, state: &HttpState) -> String {
    if let Some(url) = &state.public_url {
        url.as_str().trim_end_matches('/').to_owned()
    } else {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    }
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
        format: image.facts.format,
        media_type: image.facts.format.media_type().to_owned(),
        width,
        height,
        bytes: image.bytes,
        digest: image.digest,
        animated: image.facts.animated,
        name: image.name.as_ref().map(|name| ImageName::as_str(name).to_owned()),
        created_at: rfc3339(image.created),
        rendition_bytes: None,
        urls: ImageUrls {
            metadata: format!("{base}{}", image_path(id)),
            original: format!("{base}/{original}/{id}"),
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

pub(super) fn totals_document(totals: &Totals) -> Value {
    let Totals { images, originals, original_bytes, variants, variant_bytes, masters } = totals;
    json!({
        "images": { "count": images, "originals": originals, "bytes": original_bytes },
        "variants": { "count": variants, "bytes": variant_bytes },
        "masters": {
            "done": masters.done,
            "bytes": masters.bytes,
            "pending": masters.pending,
            "not_worth_it": masters.not_worth_it,
            "failed": masters.failed,
        },
    })
}

fn rfc3339(time: Timestamp) -> String {
    time.to_string()
}
