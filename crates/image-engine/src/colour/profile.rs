//! The colours of an embedded profile, to sRGB and back.

use image::{DynamicImage, GenericImageView, ImageBuffer, RgbaImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use shared_types::transform::Colour;

use super::lean;

/// How far a primary may lie outside of sRGB, in its linear light, for the space still to be "about" sRGB. Display P3 lies 0.22 outside,
/// Adobe RGB 0.40; calibrated sRGB screens stay below this.
const ABOUT: f64 = 0.05;

/// A profile that can be read.
pub(crate) struct Profile {
    icc: Vec<u8>,
    colours: ColorProfile,
}

impl Profile {
    /// Reads a profile of these pixels. One that is broken, huge or of another kind of pixels is as good as none.
    pub(crate) fn of(pixels: &DynamicImage, icc: Vec<u8>) -> Option<Self> {
        let colours = lean::read(&icc)?;
        let wanted = if pixels.color().has_color() { DataColorSpace::Rgb } else { DataColorSpace::Gray };
        (colours.color_space == wanted).then_some(Self { icc, colours })
    }

    /// The file of the profile, as it was embedded.
    pub(crate) fn icc(&self) -> &[u8] {
        &self.icc
    }

    /// What it calls itself.
    pub(crate) fn name(&self) -> Option<String> {
        lean::name(&self.icc)
    }

    /// Whether it is about grey pixels.
    pub(crate) fn is_grey(&self) -> bool {
        self.colours.color_space == DataColorSpace::Gray
    }

    /// Whether converting to sRGB would change no 8-bit value by more than its rounding.
    pub(crate) fn is_srgb(&self) -> bool {
        let greys = (0..=u8::MAX).step_by(17).map(|grey| [grey; 3]);
        let colours = CORNERS.into_iter().chain(CORNERS.map(|corner| corner.map(|value| value / 2))).chain(greys);
        let before: Vec<u8> = colours.flatten().collect();
        let same = |after: Vec<u8>| before.iter().zip(after).all(|(before, after)| before.abs_diff(after) <= 1);
        !self.is_grey() && self.srgb_of(&before).is_some_and(same)
    }

    /// Whether it has colours that sRGB has not.
    pub(crate) fn is_wide(&self) -> bool {
        if self.is_grey() {
            return false;
        }
        if !self.has_table() {
            let primaries = self.colours.transform_matrix(&ColorProfile::new_srgb()).v;
            return (0..3).any(|primary| lies_outside([0, 1, 2].map(|row| primaries[row][primary])));
        }
        // Nothing is clipped on the way to a space that holds all that a profile can say.
        let wide = ColorProfile::new_pro_photo_rgb();
        let options = TransformOptions::default();
        let Ok(transform) = self.colours.create_transform_16bit(Layout::Rgb, &wide, Layout::Rgb, options) else {
            return false;
        };
        let corners: Vec<u16> = CORNERS.into_iter().flatten().map(|value| u16::from(value) * 257).collect();
        let mut found = vec![0; corners.len()];
        if transform.transform(&corners, &mut found).is_err() {
            return false;
        }
        let to_srgb = wide.transform_matrix(&ColorProfile::new_srgb()).v;
        found.chunks_exact(3).any(|corner| {
            let light = [0, 1, 2].map(|channel| (f64::from(corner[channel]) / 65_535.0).powf(1.8));
            lies_outside(to_srgb.map(|row| row[0] * light[0] + row[1] * light[1] + row[2] * light[2]))
        })
    }

    /// Whether [`Profile::of_colour`] and [`Profile::of_picture`] work: not where only the way to sRGB is known.
    pub(crate) fn has_way_back(&self) -> bool {
        !self.is_grey() && !self.has_table() && self.colours.is_matrix_shaper()
    }

    /// A colour of sRGB in the colours of this profile; what it cannot show is cut off.
    pub(crate) fn of_colour(&self, colour: Colour) -> Colour {
        let Colour { red, green, blue, alpha } = colour;
        match self.of_srgb(&[red, green, blue, alpha]).as_deref() {
            Some(&[red, green, blue, _]) => Colour { red, green, blue, alpha },
            _ => colour,
        }
    }

    /// A picture in sRGB in the colours of this profile.
    pub(crate) fn of_picture(&self, picture: RgbaImage) -> RgbaImage {
        let (width, height) = picture.dimensions();
        match self.of_srgb(&picture).and_then(|samples| RgbaImage::from_raw(width, height, samples)) {
            Some(converted) => converted,
            None => picture,
        }
    }

    /// Pixels of this profile in sRGB, of the depth and the channels that they have.
    pub(crate) fn to_srgb(&self, pixels: DynamicImage) -> DynamicImage {
        self.converted(&pixels).unwrap_or(pixels)
    }

    fn has_table(&self) -> bool {
        self.colours.lut_a_to_b_perceptual.is_some()
    }

    fn srgb_of(&self, rgb: &[u8]) -> Option<Vec<u8>> {
        let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
        let transform = self.colours.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options).ok()?;
        let mut converted = vec![0; rgb.len()];
        transform.transform(rgb, &mut converted).ok()?;
        Some(converted)
    }

    fn of_srgb(&self, rgba: &[u8]) -> Option<Vec<u8>> {
        let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
        let transform = srgb.create_transform_8bit(Layout::Rgba, &self.colours, Layout::Rgba, options).ok()?;
        let mut converted = vec![0; rgba.len()];
        transform.transform(rgba, &mut converted).ok()?;
        Some(converted)
    }

    fn converted(&self, pixels: &DynamicImage) -> Option<DynamicImage> {
        let layout = match (self.is_grey(), pixels.color().has_alpha()) {
            (true, false) => Layout::Gray,
            (true, true) => Layout::GrayAlpha,
            (false, false) => Layout::Rgb,
            (false, true) => Layout::Rgba,
        };
        let srgb = if self.is_grey() { grey_of_srgb() } else { ColorProfile::new_srgb() };
        let options = TransformOptions::default();
        let (width, height) = pixels.dimensions();
        macro_rules! convert {
            ($image:expr, $create:ident) => {{
                let mut converted = vec![0; $image.len()];
                let transform = self.colours.$create(layout, &srgb, layout, options).ok()?;
                transform.transform($image, &mut converted).ok()?;
                ImageBuffer::from_raw(width, height, converted)?.into()
            }};
        }
        Some(match pixels {
            DynamicImage::ImageLuma8(image) => DynamicImage::ImageLuma8(convert!(image, create_transform_8bit)),
            DynamicImage::ImageLumaA8(image) => DynamicImage::ImageLumaA8(convert!(image, create_transform_8bit)),
            DynamicImage::ImageRgb8(image) => DynamicImage::ImageRgb8(convert!(image, create_transform_8bit)),
            DynamicImage::ImageRgba8(image) => DynamicImage::ImageRgba8(convert!(image, create_transform_8bit)),
            DynamicImage::ImageLuma16(image) => DynamicImage::ImageLuma16(convert!(image, create_transform_16bit)),
            DynamicImage::ImageLumaA16(image) => DynamicImage::ImageLumaA16(convert!(image, create_transform_16bit)),
            DynamicImage::ImageRgb16(image) => DynamicImage::ImageRgb16(convert!(image, create_transform_16bit)),
            DynamicImage::ImageRgba16(image) => DynamicImage::ImageRgba16(convert!(image, create_transform_16bit)),
            _ => return None,
        })
    }
}

/// Every primary and every mixture of two.
const CORNERS: [[u8; 3]; 6] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 255, 255], [255, 0, 255], [255, 255, 0]];

/// Whether linear light of sRGB has less than nothing of a channel.
fn lies_outside(light: [f64; 3]) -> bool {
    light.into_iter().any(|channel| channel < -ABOUT)
}

/// Grey with the transfer function of sRGB.
fn grey_of_srgb() -> ColorProfile {
    let mut grey = ColorProfile::new_gray_with_gamma(2.2);
    grey.gray_trc = ColorProfile::new_srgb().red_trc;
    grey
}
