//! `<picture>` for an image in several sizes and formats.

use std::fmt::Write;

use quick_xml::escape::escape;
use serde::Serialize;
use shared_types::{ImageFormat, OutputFormat};
use utoipa::ToSchema;

use super::facts::{hex, thumbhash};
use crate::app::{Offer, Size, scaled_to};

/// What a page says of the picture.
pub(super) struct Attributes {
    /// The text in its place.
    pub(super) alt: String,
    /// How wide it is shown, as the `sizes` of HTML.
    pub(super) sizes: String,
}

/// The picture as a page names it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PictureDocument {
    sources: Vec<SourceDocument>,
    img: ImgDocument,
    placeholder: Placeholder,
    /// All of it as HTML.
    pub(super) html: String,
}

/// One format that not every browser shows.
#[derive(Debug, Serialize, ToSchema)]
struct SourceDocument {
    #[serde(rename = "type")]
    media_type: &'static str,
    srcset: String,
    sizes: String,
}

/// The format that every browser shows, in its largest size.
#[derive(Debug, Serialize, ToSchema)]
struct ImgDocument {
    src: String,
    srcset: String,
    sizes: String,
    width: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    alt: String,
    loading: &'static str,
    decoding: &'static str,
}

/// What is shown before the picture is there.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Placeholder {
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbhash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blurhash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<String>,
}

impl PictureDocument {
    pub(super) fn new(base: &str, offer: &Offer, Attributes { alt, sizes }: Attributes) -> Self {
        let srcset = |format: OutputFormat| -> String {
            let each =
                offer.sizes.iter().map(|size| format!("{} {}w", address(base, offer, format, *size), size.width));
            each.collect::<Vec<_>>().join(", ")
        };
        let (last, others) = match offer.formats.split_last() {
            Some((last, others)) => (*last, others),
            None => (OutputFormat::Jpeg, &[][..]),
        };
        let largest = offer.sizes.last().copied().unwrap_or_default();
        let source = |format: &OutputFormat| SourceDocument {
            media_type: ImageFormat::from(*format).media_type(),
            srcset: srcset(*format),
            sizes: sizes.clone(),
        };
        let sources: Vec<_> = others.iter().map(source).collect();
        let img = ImgDocument {
            src: address(base, offer, last, largest),
            srcset: srcset(last),
            sizes: sizes.clone(),
            width: largest.width,
            height: largest.height,
            alt,
            loading: "lazy",
            decoding: "async",
        };
        let analysis = offer.analysis.as_deref();
        let placeholder = Placeholder {
            thumbhash: analysis.map(thumbhash),
            blurhash: analysis.map(|analysis| analysis.blurhash.clone()),
            colour: analysis.and_then(|analysis| analysis.colours.first()).map(hex),
        };
        let html = html(&sources, &img, &placeholder);
        Self { sources, img, placeholder, html }
    }
}

fn address(base: &str, offer: &Offer, format: OutputFormat, size: Size) -> String {
    let parameters = scaled_to(&offer.transform, size.asked).to_string();
    let parameters = parameters.trim_end_matches('&');
    offer.image.with_revision(format!("{base}/i/{}.{}?{parameters}", offer.image.id, format.extension()))
}

fn html(sources: &[SourceDocument], img: &ImgDocument, placeholder: &Placeholder) -> String {
    let mut html = "<picture>\n".to_owned();
    for source in sources {
        let attributes = [
            ("type", Some(source.media_type.to_owned())),
            ("srcset", Some(source.srcset.clone())),
            ("sizes", Some(source.sizes.clone())),
        ];
        html.push_str(&tag("source", &attributes));
    }
    let attributes = [
        ("src", Some(img.src.clone())),
        ("srcset", Some(img.srcset.clone())),
        ("sizes", Some(img.sizes.clone())),
        ("width", Some(img.width.to_string())),
        ("height", img.height.map(|height| height.to_string())),
        ("alt", Some(img.alt.clone())),
        ("loading", Some(img.loading.to_owned())),
        ("decoding", Some(img.decoding.to_owned())),
        ("data-thumbhash", placeholder.thumbhash.clone()),
        ("data-blurhash", placeholder.blurhash.clone()),
        ("data-colour", placeholder.colour.clone()),
    ];
    html.push_str(&tag("img", &attributes));
    html + "</picture>\n"
}

/// An element without content on a line of its own.
fn tag(name: &str, attributes: &[(&str, Option<String>)]) -> String {
    let mut text = format!("  <{name}");
    for (attribute, value) in attributes {
        if let Some(value) = value {
            // Writing to a text does not fail.
            let _ = write!(text, " {attribute}=\"{}\"", escape(value.as_str()));
        }
    }
    text + ">\n"
}
