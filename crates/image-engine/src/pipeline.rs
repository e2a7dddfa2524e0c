//! A recipe carried out, step by step.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView};
use shared_types::transform::{Colour, Gravity, Rotate};
use shared_types::{OutputFormat, Recipe};

use crate::animation;
use crate::decode::{JpegScale, decode, decode_page, no_page};
use crate::geometry::{Geometry, Window};
use crate::{EngineError, Facts, Limits, Stop, encode, ops, probe};

/// How much time an encoder may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Somebody waits for the answer.
    Fast,
    /// The result is kept and sent many times: smaller files, several times the time.
    Thorough,
}

/// A finished picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: OutputFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The encoder quality that was used, if the format has one.
    pub quality: Option<u8>,
}

/// Carries out a recipe: on all frames of an animation if the format keeps them and no one frame is asked for.
///
/// # Errors
/// Every [`EngineError`]; [`EngineError::Stopped`] at the step after `stop` became true.
pub fn render(
    source: &[u8],
    recipe: &Recipe,
    effort: Effort,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Rendered, EngineError> {
    let facts = probe(Cursor::new(source))?;
    limits.check(&facts)?;
    let geometry = Geometry::plan(facts.upright_size(), &recipe.transform, limits)?;
    let animated = facts.animated && recipe.format.animates() && recipe.transform.page.is_none();
    let (pixels, icc, smart) = (DynamicImage::default(), None, None);
    let mut work = Work { source, facts, recipe, limits, stop, geometry, pixels, icc, smart };
    if animated {
        return animation::render(&mut work, effort);
    }
    work.check_stop()?;
    work.decode()?;
    work.carry_out()?;
    let (bytes, quality) = encode::encode(&work.pixels, recipe.format, recipe.transform.quality, effort)?;
    let (width, height) = work.pixels.dimensions();
    Ok(Rendered { bytes, format: recipe.format, width, height, quality })
}

/// How much of a JPEG has to be decoded. A crop is in pixels of the whole picture, so it is cut from that.
pub(crate) fn jpeg_scale(geometry: &Geometry) -> JpegScale {
    if geometry.crop.is_some() { JpegScale::Full } else { JpegScale::for_reduction(geometry.reduction()) }
}

/// A picture, or a frame, on its way.
pub(crate) struct Work<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) facts: Facts,
    pub(crate) recipe: &'a Recipe,
    pub(crate) limits: &'a Limits,
    pub(crate) stop: Stop<'a>,
    pub(crate) geometry: Geometry,
    pub(crate) pixels: DynamicImage,
    pub(crate) icc: Option<Vec<u8>>,
    /// What smart gravity chose: on the first frame, for all of them.
    smart: Option<Window>,
}

impl Work<'_> {
    /// Every step between decoding and encoding.
    pub(crate) fn carry_out(&mut self) -> Result<(), EngineError> {
        let steps = [
            Work::turn_upright,
            Work::crop,
            Work::rotate_and_mirror,
            Work::resize,
            Work::convert_to_srgb,
            Work::filter,
            Work::set_on_background,
            Work::fit_format,
        ];
        for step in steps {
            self.check_stop()?;
            step(self)?;
        }
        self.check_stop()
    }

    pub(crate) fn check_stop(&self) -> Result<(), EngineError> {
        if (self.stop)() { Err(EngineError::Stopped) } else { Ok(()) }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every step has the same signature")]
impl Work<'_> {
    fn decode(&mut self) -> Result<(), EngineError> {
        let page = self.recipe.transform.page.unwrap_or(0);
        let decoded = if self.facts.animated {
            decode_page(self.source, &self.facts, page, self.limits, self.stop)?
        } else if page > 0 {
            return Err(no_page(page, 1));
        } else {
            decode(self.source, &self.facts, jpeg_scale(&self.geometry), self.limits)?
        };
        (self.pixels, self.icc) = (decoded.pixels, decoded.icc);
        Ok(())
    }

    fn turn_upright(&mut self) -> Result<(), EngineError> {
        if let Some(orientation) = Orientation::from_exif(self.facts.orientation) {
            self.pixels.apply_orientation(orientation);
        }
        Ok(())
    }

    fn crop(&mut self) -> Result<(), EngineError> {
        if let Some(region) = self.geometry.crop {
            self.pixels = self.pixels.crop_imm(region.x, region.y, region.width, region.height);
        }
        Ok(())
    }

    fn rotate_and_mirror(&mut self) -> Result<(), EngineError> {
        let transform = &self.recipe.transform;
        match transform.rotate {
            Rotate::None => {}
            Rotate::Quarter => self.pixels = self.pixels.rotate90(),
            Rotate::Half => self.pixels = self.pixels.rotate180(),
            Rotate::ThreeQuarters => self.pixels = self.pixels.rotate270(),
        }
        if transform.flip {
            self.pixels = self.pixels.flipv();
        }
        if transform.flop {
            self.pixels = self.pixels.fliph();
        }
        Ok(())
    }

    fn resize(&mut self) -> Result<(), EngineError> {
        let Some(resize) = &self.recipe.transform.resize else { return Ok(()) };
        let mut window = self.geometry.window_in(self.pixels.dimensions());
        if resize.gravity == Gravity::Smart {
            window = *self.smart.get_or_insert_with(|| ops::most_detailed(&self.pixels, window));
        }
        let is_whole =
            window.width >= f64::from(self.pixels.width()) && window.height >= f64::from(self.pixels.height());
        if !(is_whole && self.pixels.dimensions() == self.geometry.scaled) {
            self.pixels = ops::resize(&self.pixels, window, self.geometry.scaled)?;
        }
        Ok(())
    }

    /// After the resize, where it costs least.
    fn convert_to_srgb(&mut self) -> Result<(), EngineError> {
        if let Some(icc) = self.icc.take() {
            self.pixels = ops::to_srgb(std::mem::take(&mut self.pixels), &icc);
        }
        Ok(())
    }

    fn filter(&mut self) -> Result<(), EngineError> {
        let transform = &self.recipe.transform;
        if transform.gray {
            self.pixels = self.pixels.grayscale();
        }
        if let Some(blur) = transform.blur {
            self.pixels = ops::blur(std::mem::take(&mut self.pixels), blur);
        }
        if let Some(sharpen) = transform.sharpen {
            self.pixels = ops::sharpen(std::mem::take(&mut self.pixels), sharpen);
        }
        Ok(())
    }

    fn set_on_background(&mut self) -> Result<(), EngineError> {
        let background = self.recipe.transform.background;
        if let Some((size, place)) = self.geometry.canvas {
            let default = if self.recipe.format.has_alpha() { Colour::TRANSPARENT } else { Colour::WHITE };
            self.pixels = ops::pad(&self.pixels, size, place, background.unwrap_or(default));
        }
        if let Some(background) = background {
            self.pixels = ops::flatten(std::mem::take(&mut self.pixels), background);
        }
        Ok(())
    }

    /// What the format cannot keep is settled here and not left to the encoder.
    fn fit_format(&mut self) -> Result<(), EngineError> {
        if !self.recipe.format.has_alpha() {
            self.pixels = ops::flatten(
                std::mem::take(&mut self.pixels),
                self.recipe.transform.background.map_or(Colour::WHITE, opaque),
            );
        }
        Ok(())
    }
}

fn opaque(colour: Colour) -> Colour {
    Colour { alpha: u8::MAX, ..colour }
}
