//! The steps between decoding and encoding, and which of them a recipe needs.

use shared_types::transform::{
    Blur, Colour, Duotone, Fit, Gamma, Hue, Percent, Pixelate, Rotate, Round, Sharpen, TextMark, Tone, Transform, Trim,
    Watermark,
};
use shared_types::{ImageFormat, Recipe};

use crate::Facts;
use crate::geometry::Geometry;

/// One thing that is done to pixels. They are declared in the order in which they are carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Turns the picture upright, as its EXIF orientation says.
    Orient,
    /// Cuts out a region.
    Crop,
    /// Cuts away a border of one colour; what follows is planned anew for what is left.
    Trim(Trim),
    /// Rotates by quarter turns.
    Rotate(Rotate),
    /// Mirrors top to bottom.
    Flip,
    /// Mirrors left to right.
    Flop,
    /// Scales, or cuts to the shape of a box.
    Resize,
    /// Converts the colours of an embedded profile, if there is one, to sRGB, or keeps them and the profile: after the scaling, where it
    /// costs least.
    SettleColours,
    /// Brightness, contrast and gamma.
    Levels,
    /// Saturation and hue.
    TurnColours,
    /// Leaves luminance only.
    Gray,
    /// The brown of old prints.
    Sepia,
    /// Two colours for dark and light.
    Duotone(Duotone),
    /// Dark for light.
    Negate,
    /// Blocks of one colour.
    Pixelate(Pixelate),
    /// Gaussian blur.
    Blur(Blur),
    /// Unsharp mask.
    Sharpen(Sharpen),
    /// Pads to the box, or with a border, in this colour.
    Pad(Colour),
    /// Puts a colour behind transparent pixels.
    Background(Colour),
    /// Draws another image on top.
    Watermark(Watermark),
    /// Draws text on top.
    Text(TextMark),
    /// Rounds the corners.
    Round(Round),
    /// Takes away the transparency that the format cannot keep: an opaque colour takes its place.
    Flatten(Colour),
}

/// All that have something to do, in their order.
pub(super) fn steps(recipe: &Recipe, facts: &Facts, geometry: &Geometry) -> Vec<Step> {
    let transform = &recipe.transform;
    let tone = &transform.tone;
    let scales = transform.resize.is_some() && (geometry.trims || geometry.scales());
    let turns_colours = tone.saturation != Percent::default() || tone.hue != Hue::default();
    let rotates = transform.rotate != Rotate::None;
    let steps = [
        (facts.orientation > 1).then_some(Step::Orient),
        geometry.crop.map(|_| Step::Crop),
        transform.trim.map(Step::Trim),
        rotates.then_some(Step::Rotate(transform.rotate)),
        transform.flip.then_some(Step::Flip),
        transform.flop.then_some(Step::Flop),
        scales.then_some(Step::Resize),
        may_hold_profile(facts.format).then_some(Step::SettleColours),
        has_levels(tone).then_some(Step::Levels),
        turns_colours.then_some(Step::TurnColours),
        transform.gray.then_some(Step::Gray),
        tone.sepia.then_some(Step::Sepia),
        tone.duotone.map(Step::Duotone),
        tone.negate.then_some(Step::Negate),
        transform.pixelate.map(Step::Pixelate),
        transform.blur.map(Step::Blur),
        transform.sharpen.map(Step::Sharpen),
    ];
    steps.into_iter().flatten().chain(edges(recipe, facts, geometry)).collect()
}

/// What stands behind, around and on top of the picture.
fn edges(recipe: &Recipe, facts: &Facts, geometry: &Geometry) -> impl Iterator<Item = Step> + use<> {
    let Transform { background, watermark, text, round, .. } = &recipe.transform;
    let default = if recipe.format.has_alpha() { Colour::TRANSPARENT } else { Colour::WHITE };
    let pad = pads(&recipe.transform, geometry).then_some(background.unwrap_or(default));
    // Decoders give the frames of animations with alpha whether they use it or not.
    let is_clear = facts.has_alpha || facts.animated || pad.is_some_and(|colour| colour.alpha < u8::MAX);
    let behind = background.filter(|_| is_clear);
    let is_clear = (is_clear && behind.is_none_or(|colour| colour.alpha < u8::MAX)) || round.is_some();
    let opaque = Colour { alpha: u8::MAX, ..background.unwrap_or(Colour::WHITE) };
    let steps = [
        pad.map(Step::Pad),
        behind.map(Step::Background),
        watermark.map(Step::Watermark),
        text.clone().map(Step::Text),
        round.map(Step::Round),
        (is_clear && !recipe.format.has_alpha()).then_some(Step::Flatten(opaque)),
    ];
    steps.into_iter().flatten()
}

fn has_levels(tone: &Tone) -> bool {
    tone.brightness != Percent::default() || tone.contrast != Percent::default() || tone.gamma != Gamma::default()
}

/// Whether only the decoder can tell that there is no colour profile.
fn may_hold_profile(format: ImageFormat) -> bool {
    !matches!(format, ImageFormat::Qoi | ImageFormat::Pnm | ImageFormat::Hdr | ImageFormat::Exr | ImageFormat::Svg)
}

/// Before a trim nobody knows what the box leaves free.
fn pads(transform: &Transform, geometry: &Geometry) -> bool {
    let may_pad = transform.pad.is_some() || transform.resize.as_ref().is_some_and(|resize| resize.fit == Fit::Contain);
    if geometry.trims { may_pad } else { geometry.output() != geometry.scaled }
}
