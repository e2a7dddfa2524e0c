//! What is told of a picture, as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image_engine::analysis::{Analysis, Camera, ColourShare};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Image;

/// What is told of a picture beside its record.
#[derive(Serialize, ToSchema)]
pub(super) struct FactsDocument {
    /// Whether it could be looked at: `done` or `failed`.
    #[schema(example = "done")]
    analysis: &'static str,
    /// Whether it has transparent pixels, or room for them.
    has_alpha: bool,
    /// Bits of each channel.
    bits: u8,
    /// How many frames there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<u32>,
    /// The name of the embedded colour profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbhash: Option<String>,
    /// A few bytes to show before the picture is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    blurhash: Option<String>,
    /// 64 bits in hex, by which near copies are found.
    #[serde(skip_serializing_if = "Option::is_none")]
    perceptual_hash: Option<String>,
    /// Up to six colours that stand for it, the most frequent first.
    #[serde(skip_serializing_if = "Option::is_none")]
    colours: Option<Vec<ColourDocument>>,
    /// What the camera noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    exif: Option<Camera>,
}

/// A colour of a picture.
#[derive(Serialize, ToSchema)]
struct ColourDocument {
    /// As CSS writes it.
    #[schema(example = "#1b2a49")]
    hex: String,
    /// Which part of the picture has it, from 0 to 1.
    share: f64,
}

/// The facts of an image beside its record. Where nothing can be told of it, those of its header alone.
pub(super) fn facts_document(image: &Image, analysis: Option<&Analysis>, with_position: bool) -> FactsDocument {
    let facts = &image.facts;
    let rounded = |share: f64| (share * 1000.0).round() / 1000.0;
    let colour = |colour: &ColourShare| ColourDocument { hex: hex(colour), share: rounded(colour.share) };
    FactsDocument {
        analysis: if analysis.is_some() { "done" } else { "failed" },
        has_alpha: facts.has_alpha,
        bits: facts.bits,
        frames: analysis.map(|analysis| analysis.frames).or(facts.frames),
        profile: analysis.and_then(|analysis| analysis.profile.clone()),
        thumbhash: analysis.map(thumbhash),
        blurhash: analysis.map(|analysis| analysis.blurhash.clone()),
        perceptual_hash: analysis.and_then(|analysis| analysis.hash).map(|hash| hash.to_string()),
        colours: analysis.map(|analysis| analysis.colours.iter().map(colour).collect()),
        exif: analysis.map(|analysis| exif(&analysis.camera, with_position)),
    }
}

/// In base64.
pub(super) fn thumbhash(analysis: &Analysis) -> String {
    STANDARD.encode(&analysis.thumbhash)
}

/// As CSS writes it.
pub(super) fn hex(colour: &ColourShare) -> String {
    let [red, green, blue] = colour.rgb;
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Where a photo was taken is told to those alone who may know it.
fn exif(camera: &Camera, with_position: bool) -> Camera {
    let position = camera.position.filter(|_| with_position);
    Camera { position, ..camera.clone() }
}
