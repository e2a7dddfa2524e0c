//! A recipe carried out, step by step.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, RgbaImage};
use shared_types::transform::{self, Colour, Gravity, Placing, Rotate, Transform};
use shared_types::{ImageFormat, OutputFormat, Recipe};

use crate::animation;
use crate::colour::Colours;
use crate::decode::{JpegScale, decode, decode_page, jpeg_planes, no_page};
use crate::encode::Embedded;
use crate::geometry::{Geometry, Region, Window};
use crate::metadata::{self, About, Metadata};
use crate::{EngineError, Facts, Limits, Stop, encode, ops, probe, watermark};

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
    render_with_watermark(source, None, recipe, effort, limits, stop)
}

/// The same with the file of the image that the recipe's `wm` names.
///
/// # Errors
/// Those of [`render`]; [`EngineError::InvalidTransform`] about `wm` if that image is missing or cannot be drawn.
pub fn render_with_watermark(
    source: &[u8],
    watermark: Option<&[u8]>,
    recipe: &Recipe,
    effort: Effort,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Rendered, EngineError> {
    let mut work = Work { watermark, ..Work::open(source, None, recipe, limits, stop)? };
    work.scale = JpegScale::for_reduction(work.geometry.reduction());
    if work.facts.animated && recipe.format.animates() && recipe.transform.page.is_none() {
        return animation::render(&mut work, effort);
    }
    work.render(effort)
}

/// As [`render_with_watermark`], with every pixel of the source decoded, or with `upright` as the size of the picture that `source` is a
/// copy of.
pub(crate) fn render_fully(
    source: &[u8],
    upright: Option<(u32, u32)>,
    watermark: Option<&[u8]>,
    recipe: &Recipe,
    effort: Effort,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Rendered, EngineError> {
    Work { watermark, ..Work::open(source, upright, recipe, limits, stop)? }.render(effort)
}

/// A picture, or a frame, on its way.
pub(crate) struct Work<'a> {
    pub(crate) source: &'a [u8],
    watermark: Option<&'a [u8]>,
    pub(crate) facts: Facts,
    pub(crate) recipe: &'a Recipe,
    pub(crate) limits: &'a Limits,
    stop: Stop<'a>,
    pub(crate) geometry: Geometry,
    /// Upright size of the picture that the recipe is for; the source may be a smaller copy of it.
    upright: (u32, u32),
    scale: JpegScale,
    pub(crate) pixels: DynamicImage,
    pub(crate) icc: Option<Vec<u8>>,
    /// Which colours the pixels are in, once it is settled: by the first frame, for all of them.
    colours: Option<Colours>,
    /// Whether the pixels have been cropped and scaled already, as they were stored.
    is_scaled: bool,
    /// What smart gravity chose: on the first frame, for all of them.
    smart: Option<Window>,
    /// What was left without its border, likewise.
    trimmed: Option<Region>,
}

impl<'a> Work<'a> {
    /// Reads the header and plans, for a picture whose upright size is `upright` where the source is a copy of it. Every pixel of the
    /// source will be decoded unless `scale` is set.
    fn open(
        source: &'a [u8],
        upright: Option<(u32, u32)>,
        recipe: &'a Recipe,
        limits: &'a Limits,
        stop: Stop<'a>,
    ) -> Result<Self, EngineError> {
        let facts = probe(Cursor::new(source))?;
        limits.check(&facts)?;
        let upright = upright.unwrap_or_else(|| facts.upright_size());
        Ok(Self {
            source,
            watermark: None,
            facts,
            recipe,
            limits,
            stop,
            geometry: Geometry::plan(upright, &recipe.transform, limits)?,
            upright,
            scale: JpegScale::Full,
            pixels: DynamicImage::default(),
            icc: None,
            colours: None,
            is_scaled: false,
            smart: None,
            trimmed: None,
        })
    }

    fn render(mut self, effort: Effort) -> Result<Rendered, EngineError> {
        self.check_stop()?;
        self.decode()?;
        self.carry_out()?;
        let recipe = self.recipe;
        let embedded = self.embedded();
        let (bytes, quality) = encode::encode(&self.pixels, recipe.format, recipe.transform.quality, effort, embedded)?;
        let (width, height) = self.pixels.dimensions();
        Ok(Rendered { bytes, format: recipe.format, width, height, quality })
    }

    /// Every step between decoding and encoding.
    pub(crate) fn carry_out(&mut self) -> Result<(), EngineError> {
        let steps = [
            Work::turn_upright,
            Work::crop,
            Work::trim,
            Work::rotate_and_mirror,
            Work::resize,
            Work::settle_colours,
            Work::set_tone,
            Work::filter,
            Work::set_on_background,
            Work::draw_watermark,
            Work::draw_text,
            Work::round_corners,
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
        if self.can_scale_planes()
            && let Some(planes) = jpeg_planes(self.source, self.scale)?
        {
            let (window, size) = self.window_as_stored();
            (self.pixels, self.is_scaled) = (ops::resize_planes(&planes, window, size)?, true);
            self.icc = planes.icc;
            return Ok(());
        }
        let page = self.recipe.transform.page.unwrap_or(0);
        let decoded = if self.facts.animated {
            decode_page(self.source, &self.facts, page, self.limits, self.stop)?
        } else if page > 0 {
            return Err(no_page(page, 1));
        } else {
            let scale = if self.geometry.is_cut() { JpegScale::Full } else { self.scale };
            decode(self.source, &self.facts, scale, self.limits)?
        };
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
        let known = known && !self.geometry.trims;
        let first = self.recipe.transform.page.unwrap_or(0) == 0;
        self.facts.format == ImageFormat::Jpeg && known && first && self.geometry.reduction() > 1.0
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

    /// Everything after it is planned anew, for what is left.
    fn trim(&mut self) -> Result<(), EngineError> {
        let Some(trim) = self.recipe.transform.trim else { return Ok(()) };
        let (width, height) = self.pixels.dimensions();
        let all = Region { x: 0, y: 0, width, height };
        let region = *self.trimmed.get_or_insert_with(|| ops::without_border(&self.pixels, trim).unwrap_or(all));
        if region != all {
            self.pixels = self.pixels.crop_imm(region.x, region.y, region.width, region.height);
        }
        self.geometry = Geometry::plan_cut(self.pixels.dimensions(), &self.recipe.transform, self.limits)?;
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
            window = *self.smart.get_or_insert_with(|| ops::most_detailed(&self.pixels, window));
        }
        let is_whole =
            window.width >= f64::from(self.pixels.width()) && window.height >= f64::from(self.pixels.height());
        if !(is_whole && self.pixels.dimensions() == self.geometry.scaled) {
            self.pixels = ops::resize(&self.pixels, window, self.geometry.scaled)?;
        }
        Ok(())
    }

    /// After the resize, where converting costs least.
    fn settle_colours(&mut self) -> Result<(), EngineError> {
        let icc = self.icc.take();
        let colours = self.colours.get_or_insert_with(|| Colours::choose(&self.pixels, icc, self.recipe));
        self.pixels = colours.settle(std::mem::take(&mut self.pixels));
        Ok(())
    }

    /// What is put into the file beside the pixels, when they are ready.
    pub(crate) fn embedded(&self) -> Embedded {
        let profile = self.colours.as_ref().and_then(Colours::kept);
        let icc = profile.map(|profile| profile.icc().to_vec());
        let transform = &self.recipe.transform;
        let transform::Metadata::Keep { place } = transform.metadata else {
            return Embedded { icc, ..Embedded::default() };
        };
        let about = About { size: self.pixels.dimensions(), srgb: icc.is_none(), place };
        let Metadata { exif, xmp } = metadata::of(self.source, &self.facts, self.limits, about);
        Embedded { icc, exif, xmp }
    }

    /// A colour that the recipe names, as the pixels have it.
    fn named(&self, colour: Colour) -> Colour {
        self.colours.as_ref().map_or(colour, |colours| colours.of_named(colour))
    }

    fn draw(&mut self, mark: RgbaImage, placing: &Placing) {
        let mark = match &self.colours {
            Some(colours) => colours.of_mark(mark),
            None => mark,
        };
        self.pixels = ops::mark(std::mem::take(&mut self.pixels), &mark, placing);
    }

    fn set_tone(&mut self) -> Result<(), EngineError> {
        let Transform { tone, gray, .. } = &self.recipe.transform;
        ops::levels(&mut self.pixels, tone);
        ops::turn_colours(&mut self.pixels, tone.saturation, tone.hue);
        if *gray {
            self.pixels = self.pixels.grayscale();
        }
        if tone.sepia {
            self.pixels = ops::sepia(std::mem::take(&mut self.pixels));
        }
        if let Some(duotone) = tone.duotone {
            self.pixels = ops::duotone(std::mem::take(&mut self.pixels), duotone);
        }
        if tone.negate {
            ops::negate(&mut self.pixels);
        }
        Ok(())
    }

    fn filter(&mut self) -> Result<(), EngineError> {
        let transform = &self.recipe.transform;
        if let Some(pixelate) = transform.pixelate {
            ops::pixelate(&mut self.pixels, pixelate);
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
        let background = self.recipe.transform.background.map(|colour| self.named(colour));
        if let Some((size, place)) = self.geometry.canvas {
            let default = if self.recipe.format.has_alpha() { Colour::TRANSPARENT } else { Colour::WHITE };
            self.pixels = ops::pad(std::mem::take(&mut self.pixels), size, place, background.unwrap_or(default));
        }
        if let Some(background) = background {
            self.pixels = ops::flatten(std::mem::take(&mut self.pixels), background);
        }
        Ok(())
    }

    fn draw_watermark(&mut self) -> Result<(), EngineError> {
        if let Some(watermark) = &self.recipe.transform.watermark {
            let mark = watermark::ready(self.watermark, watermark, self.pixels.dimensions(), self.limits)?;
            self.draw(mark, &watermark.placing);
        }
        Ok(())
    }

    fn draw_text(&mut self) -> Result<(), EngineError> {
        if let Some(text) = &self.recipe.transform.text {
            let mark = ops::text(text, self.pixels.dimensions())?;
            self.draw(mark, &text.placing);
        }
        Ok(())
    }

    fn round_corners(&mut self) -> Result<(), EngineError> {
        if let Some(round) = self.recipe.transform.round {
            self.pixels = ops::round(std::mem::take(&mut self.pixels), round);
        }
        Ok(())
    }

    /// What the format cannot keep is settled here and not left to the encoder.
    fn fit_format(&mut self) -> Result<(), EngineError> {
        if !self.recipe.format.has_alpha() {
            let background = self.recipe.transform.background.map_or(Colour::WHITE, opaque);
            let background = self.named(background);
            self.pixels = ops::flatten(std::mem::take(&mut self.pixels), background);
        }
        Ok(())
    }
}

fn opaque(colour: Colour) -> Colour {
    Colour { alpha: u8::MAX, ..colour }
}
