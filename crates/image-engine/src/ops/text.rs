//! Text as a small picture to be drawn over another.

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use image::{GrayImage, Luma, Rgba, RgbaImage, imageops};
use shared_types::transform::{Colour, TextMark};

use super::kind::Sample;
use super::mark::room;
use crate::EngineError;

/// Latin, Cyrillic and Greek among others; what it does not know is drawn as a box.
pub(crate) const FONT: &[u8] = include_bytes!("../../fonts/DejaVuSans.ttf");

/// Height of the letters where none is asked for: this part of the shorter side, and no fewer pixels than can be read.
const AUTO: f32 = 0.05;
const LEGIBLE: f32 = 12.0;

/// The shadow's softness and offset as parts of the height of the letters, and how dark it is.
const SOFTNESS: f32 = 0.08;
const OFFSET: f32 = 0.05;
const DARKNESS: f32 = 0.75;

/// Draws the text for a picture of that size: as large as is asked for, smaller where it would not fit.
pub(crate) fn text(mark: &TextMark, size: (u32, u32)) -> Result<RgbaImage, EngineError> {
    let font = FontRef::try_from_slice(FONT).map_err(|error| EngineError::Encode(format!("the font: {error}")))?;
    let room = room(size, &mark.placing);
    let auto = (size.0.min(size.1) as f32 * AUTO).max(LEGIBLE);
    let wanted = mark.size.map_or(auto, |size| size as f32);
    // All lengths grow with the size, the width nearly so: letters are not fitted to pixels.
    let (width, height) = Block { font: &font, mark, em: wanted }.extent();
    let fit = (room.0 as f32 / width).min(room.1 as f32 / height).min(1.0);
    Ok(Block { font: &font, mark, em: (wanted * fit).max(1.0) }.draw(room))
}

/// Lines at a size.
struct Block<'a> {
    font: &'a FontRef<'a>,
    mark: &'a TextMark,
    /// Pixels.
    em: f32,
}

impl Block<'_> {
    fn scale(&self) -> PxScale {
        // A font's own unit is its em; the crate counts in the height of a line.
        let units = self.font.units_per_em().unwrap_or(1000.0);
        PxScale::from(self.em * self.font.height_unscaled() / units)
    }

    /// Pixels on each side for the shadow and for what letters paint outside of their box.
    fn border(&self) -> f32 {
        (self.em * if self.mark.shadow { 3.0 * SOFTNESS + OFFSET } else { OFFSET }).ceil()
    }

    /// Width and height in pixels, with the border.
    fn extent(&self) -> (f32, f32) {
        let font = self.font.as_scaled(self.scale());
        let widths = self.mark.text.lines().map(|line| self.glyphs(line).1);
        let width = widths.fold(0.0, f32::max);
        let lines = self.mark.text.lines().count() as f32;
        (width.max(1.0) + 2.0 * self.border(), (font.height() * lines).max(1.0) + 2.0 * self.border())
    }

    /// The glyphs of a line with their places on it, and its length.
    fn glyphs(&self, line: &str) -> (Vec<(GlyphId, f32)>, f32) {
        let font = self.font.as_scaled(self.scale());
        let (mut glyphs, mut at) = (Vec::new(), 0.0);
        let mut last = None;
        for character in line.chars() {
            let glyph = font.glyph_id(character);
            at += last.map_or(0.0, |last| font.kern(last, glyph));
            glyphs.push((glyph, at));
            at += font.h_advance(glyph);
            last = Some(glyph);
        }
        (glyphs, at)
    }

    fn draw(&self, room: (u32, u32)) -> RgbaImage {
        let (width, height) = self.extent();
        let size = ((width.ceil() as u32).clamp(1, room.0), (height.ceil() as u32).clamp(1, room.1));
        let letters = self.letters(size);
        let Colour { red, green, blue, .. } = self.mark.colour;
        if !self.mark.shadow {
            return RgbaImage::from_fn(size.0, size.1, |x, y| Rgba([red, green, blue, letters.get_pixel(x, y).0[0]]));
        }
        let soft = imageops::fast_blur(&letters, (self.em * SOFTNESS).max(0.5));
        let offset = (self.em * OFFSET).round() as u32;
        let shade = |x: u32, y: u32| {
            let from = x.checked_sub(offset).zip(y.checked_sub(offset));
            from.map_or(0.0, |(x, y)| (soft.get_pixel(x, y).0[0].unit() * DARKNESS * 1.5).min(DARKNESS))
        };
        RgbaImage::from_fn(size.0, size.1, |x, y| {
            let letter = letters.get_pixel(x, y).0[0].unit();
            let alpha = letter + shade(x, y) * (1.0 - letter);
            // The shadow is black, so it only takes part in how much shines through.
            let part = if alpha > 0.0 { letter / alpha } else { 0.0 };
            let [red, green, blue] = [red, green, blue].map(|channel| u8::of(channel.unit() * part));
            Rgba([red, green, blue, u8::of(alpha)])
        })
    }

    /// How much of each pixel is covered.
    fn letters(&self, (width, height): (u32, u32)) -> GrayImage {
        let font = self.font.as_scaled(self.scale());
        let mut covered = GrayImage::new(width, height);
        let mut base = self.border() + font.ascent();
        for line in self.mark.text.lines() {
            for (glyph, at) in self.glyphs(line).0 {
                let glyph = glyph.with_scale_and_position(self.scale(), point(self.border() + at, base));
                let Some(outline) = self.font.outline_glyph(glyph) else { continue };
                let (left, top) = (outline.px_bounds().min.x as i64, outline.px_bounds().min.y as i64);
                outline.draw(|x, y, coverage| {
                    let place = u32::try_from(left + i64::from(x)).ok().zip(u32::try_from(top + i64::from(y)).ok());
                    let Some(pixel) = place.and_then(|(x, y)| covered.get_pixel_mut_checked(x, y)) else { return };
                    // Neighbours may share a pixel.
                    *pixel = Luma([u8::of((pixel.0[0].unit() + coverage).clamp(0.0, 1.0))]);
                });
            }
            base += font.height();
        }
        covered
    }
}
