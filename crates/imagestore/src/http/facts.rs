//! What is told of a picture, as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image_engine::analysis::{Analysis, Camera, ColourShare};
use serde_json::{Value, json};

use crate::domain::Image;

/// The facts of an image beside its record. Where nothing can be told of it, those of its header alone.
pub(super) fn facts_document(image: &Image, analysis: Option<&Analysis>, with_position: bool) -> Value {
    let facts = &image.facts;
    let colours = |analysis: &Analysis| -> Vec<Value> {
        let rounded = |share: f64| (share * 1000.0).round() / 1000.0;
        analysis.colours.iter().map(|colour| json!({ "hex": hex(colour), "share": rounded(colour.share) })).collect()
    };
    json!({
        "analysis": if analysis.is_some() { "done" } else { "failed" },
        "has_alpha": facts.has_alpha,
        "bits": facts.bits,
        "frames": analysis.map(|analysis| analysis.frames).or(facts.frames),
        "profile": analysis.and_then(|analysis| analysis.profile.as_deref()),
        "thumbhash": analysis.map(thumbhash),
        "blurhash": analysis.map(|analysis| &analysis.blurhash),
        "perceptual_hash": analysis.and_then(|analysis| analysis.hash).map(|hash| hash.to_string()),
        "colours": analysis.map(colours),
        "exif": analysis.map(|analysis| exif(&analysis.camera, with_position)),
    })
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
fn exif(camera: &Camera, with_position: bool) -> Value {
    let position = camera.position.filter(|_| with_position);
    json!(Camera { position, ..camera.clone() })
}
