//! Linear light without an upper end as sRGB.
//!
//! What is not brighter than [`KNEE`] stays as it is, so that a picture that needs no tone mapping gets none. Above it the brightest
//! channel bends towards white without ever reaching it, and the other two keep their ratio to it, which keeps the hue.

/// Up to here light is kept, in parts of white.
const KNEE: f32 = 0.6;

/// Code values from 0 to 1 of linear light of sRGB's primaries, 1 being white.
pub(crate) fn shown(light: [f32; 3]) -> [f32; 3] {
    // What is no number, or less than nothing, is dark.
    let light = light.map(|channel| if channel > 0.0 { channel.min(65_504.0) } else { 0.0 });
    let brightest = light.into_iter().fold(0.0, f32::max);
    let scale = if brightest > KNEE { bent(brightest) / brightest } else { 1.0 };
    light.map(|channel| srgb(channel * scale))
}

/// Leaves the straight line at the knee without a corner and ends at 1.
fn bent(light: f32) -> f32 {
    let (above, room) = (light - KNEE, 1.0 - KNEE);
    KNEE + room * above / (above + room)
}

/// The transfer function of IEC 61966-2-1: code value of light.
pub(crate) fn srgb(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Light of a code value, both from 0 to 1.
pub(crate) fn linear(code: f32) -> f32 {
    if code <= 0.040_45 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}
