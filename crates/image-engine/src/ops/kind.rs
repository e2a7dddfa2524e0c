//! The eight kinds of pixels: 8 or 16 bits, grey or RGB, with alpha or without.

use image::DynamicImage;
use shared_types::transform::Colour;

/// Does the same to the buffer of any of the kinds; nothing here makes others.
macro_rules! each_kind {
    ($pixels:expr, $image:ident => $work:expr, else $other:expr) => {
        match $pixels {
            image::DynamicImage::ImageLuma8($image) => $work,
            image::DynamicImage::ImageLumaA8($image) => $work,
            image::DynamicImage::ImageRgb8($image) => $work,
            image::DynamicImage::ImageRgba8($image) => $work,
            image::DynamicImage::ImageLuma16($image) => $work,
            image::DynamicImage::ImageLumaA16($image) => $work,
            image::DynamicImage::ImageRgb16($image) => $work,
            image::DynamicImage::ImageRgba16($image) => $work,
            _ => $other,
        }
    };
}
pub(super) use each_kind;

/// The value of a channel.
pub(crate) trait Sample: Copy + PartialEq {
    /// How many values there are.
    const LEVELS: usize;

    /// The value as a number from 0 to `LEVELS - 1`.
    fn level(self) -> usize;

    /// The value nearest to `unit`, from 0 to 1; what lies outside is cut off.
    fn of(unit: f32) -> Self;

    /// From 0 to 1.
    fn unit(self) -> f32 {
        self.level() as f32 / (Self::LEVELS - 1) as f32
    }
}

impl Sample for u8 {
    const LEVELS: usize = 1 << 8;

    fn level(self) -> usize {
        self.into()
    }

    fn of(unit: f32) -> Self {
        (unit * f32::from(Self::MAX)).round() as Self
    }
}

impl Sample for u16 {
    const LEVELS: usize = 1 << 16;

    fn level(self) -> usize {
        self.into()
    }

    fn of(unit: f32) -> Self {
        (unit * f32::from(Self::MAX)).round() as Self
    }
}

/// What the channels of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channels {
    pub(super) colour: bool,
    pub(super) alpha: bool,
}

impl Channels {
    pub(super) fn of(pixels: &DynamicImage) -> Self {
        let kind = pixels.color();
        Self { colour: kind.has_color(), alpha: kind.has_alpha() }
    }

    /// How many channels hold light.
    pub(super) fn light(self) -> usize {
        if self.colour { 3 } else { 1 }
    }

    /// How many channels a pixel has.
    pub(super) fn count(self) -> usize {
        self.light() + usize::from(self.alpha)
    }
}

/// The same picture with these channels, of the depth it has. Colour is never taken away, only grey made RGB; alpha is added opaque, or dropped.
pub(super) fn with_channels(pixels: DynamicImage, wanted: Channels) -> DynamicImage {
    let has = Channels::of(&pixels);
    let wanted = Channels { colour: wanted.colour || has.colour, ..wanted };
    if has == wanted {
        return pixels;
    }
    let deep = pixels.color().bytes_per_pixel() > pixels.color().channel_count();
    match (deep, wanted.colour, wanted.alpha) {
        (false, false, false) => pixels.into_luma8().into(),
        (false, false, true) => pixels.into_luma_alpha8().into(),
        (false, true, false) => pixels.into_rgb8().into(),
        (false, true, true) => pixels.into_rgba8().into(),
        (true, false, false) => pixels.into_luma16().into(),
        (true, false, true) => pixels.into_luma_alpha16().into(),
        (true, true, false) => pixels.into_rgb16().into(),
        (true, true, true) => pixels.into_rgba16().into(),
    }
}

/// Red, green, blue and alpha from 0 to 1.
pub(super) fn units(colour: Colour) -> [f32; 4] {
    [colour.red, colour.green, colour.blue, colour.alpha].map(Sample::unit)
}

/// Whether a grey picture can show it.
pub(super) fn is_grey(colour: Colour) -> bool {
    colour.red == colour.green && colour.green == colour.blue
}
