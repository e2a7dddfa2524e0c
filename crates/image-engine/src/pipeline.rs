//! A recipe carried out, step by step.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView};
use shared_types::transform::{Colour, Gravity, Rotate};
use shared_types::{ImageFormat, OutputFormat, Recipe};

use crate::decode::{JpegScale, decode, jpeg_planes};
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

/// Carries out a recipe on the first frame of a picture.
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
    let scale = JpegScale::for_reduction(geometry.reduction());
    Work { scale, ..Work::new((source, facts), recipe, limits, geometry) }.carry_out(effort, stop)
}

/// As [`render`], with every pixel of the source decoded, or with `upright` as the size of the picture that `source` is a copy of.
pub(crate) fn render_fully(
    source: &[u8],
    upright: Option<(u32, u32)>,
    recipe: &Recipe,
    effort: Effort,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Rendered, EngineError> {
    let facts = probe(Cursor::new(source))?;
    limits.check(&facts)?;
    let upright = upright.unwrap_or_else(|| facts.upright_size());
    let geometry = Geometry::plan(upright, &recipe.transform, limits)?;
    Work { upright, ..Work::new((source, facts), recipe, limits, geometry) }.carry_out(effort, stop)
}

/// How much of a JPEG has to be decoded. A crop is in pixels of the whole picture, so it is cut from that.
pub(crate) fn jpeg_scale(geometry: &Geometry) -> JpegScale {
    if geometry.crop.is_some() { JpegScale::Full } else { JpegScale::for_reduction(geometry.reduction()) }
}

struct Work<'a> {
    source: &'a [u8],
    facts: Facts,
    recipe: &'a Recipe,
    limits: &'a Limits,
    geometry: Geometry,
    /// Upright size of the picture that the recipe is for; the source may be a smaller copy of it.
    upright: (u32, u32),
    scale: JpegScale,
    pixels: DynamicImage,
    icc: Option<Vec<u8>>,
    /// Whether the pixels have been cropped and scaled already, as they were stored.
    is_scaled: bool,
}

impl<'a> Work<'a> {
    fn new((source, facts): (&'a [u8], Facts), recipe: &'a Recipe, limits: &'a Limits, geometry: Geometry) -> Self {
        let (upright, pixels) = (facts.upright_size(), DynamicImage::default());
        let (scale, icc, is_scaled) = (JpegScale::Full, None, false);
        Self { source, facts, recipe, limits, geometry, upright, scale, pixels, icc, is_scaled }
    }

    fn carry_out(mut self, effort: Effort, stop: Stop<'_>) -> Result<Rendered, EngineError> {
        let steps = [
            Work::decode,
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
            if stop() {
                return Err(EngineError::Stopped);
            }
            step(&mut self)?;
        }
        if stop() {
            return Err(EngineError::Stopped);
        }
        let recipe = self.recipe;
        let (bytes, quality) = encode::encode(&self.pixels, recipe.format, recipe.transform.quality, effort)?;
        let (width, height) = self.pixels.dimensions();
        Ok(Rendered { bytes, format: recipe.format, width, height, quality })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every step has the same signature")]
impl Work<'_> {
    fn decode(&mut self) -> Result<(), EngineError> {
        if self.can_scale_planes()
            && let Some(planes) = jpeg_planes(self.source, self.scale)?
        {
            let (window, size) = self.window_as_stored();
            (self.pixels, self.is_scaled) = (ops::resize_planes(&planes, window, size)?, true);
            self.icc = planes.icc;
            return Ok(());
        }
        let scale = if self.geometry.crop.is_some() { JpegScale::Full } else { self.scale };
        let decoded = decode(self.source, &self.facts, scale, self.limits)?;
        (self.pixels, self.icc) = (decoded.pixels, decoded.icc);
        Ok(())
    }

    /// What is scaled, in the pixels that are decoded, and the size it gets before it is turned.
    fn window_as_stored(&self) -> (Window, (u32, u32)) {
        let exif = self.facts.orientation;
        let (window, size) = self.geometry.as_stored(self.upright, exif, &self.recipe.transform);
        let (width, height) = if exif >= 5 { (self.upright.1, self.upright.0) } else { self.upright };
        let divisor = f64::from(self.scale.divisor());
        let across = f64::from(self.facts.width) / f64::from(width) / divisor;
        let down = f64::from(self.facts.height) / f64::from(height) / divisor;
        (window.times(across, down), size)
    }

    /// A JPEG that is made smaller, and whose window is known before its pixels.
    fn can_scale_planes(&self) -> bool {
        let known = self.recipe.transform.resize.as_ref().is_some_and(|resize| resize.gravity != Gravity::Smart);
        self.facts.format == ImageFormat::Jpeg && known && self.geometry.reduction() > 1.0
    }

    fn turn_upright(&mut self) -> Result<(), EngineError> {
        if let Some(orientation) = Orientation::from_exif(self.facts.orientation) {
            self.pixels.apply_orientation(orientation);
        }
        Ok(())
    }

    fn crop(&mut self) -> Result<(), EngineError> {
        if let Some(region) = self.geometry.crop.filter(|_| !self.is_scaled) {
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
        let Some(resize) = self.recipe.transform.resize.as_ref().filter(|_| !self.is_scaled) else { return Ok(()) };
        let mut window = self.geometry.window_in(self.pixels.dimensions());
        if resize.gravity == Gravity::Smart {
            window = ops::most_detailed(&self.pixels, window);
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
