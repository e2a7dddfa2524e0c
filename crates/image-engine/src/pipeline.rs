//! A recipe carried out, step by step.

use std::cell::OnceCell;
use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, RgbaImage};
use shared_types::transform::{self, Colour, Gravity, Placing, Rotate, TextMark, Trim, Watermark};
use shared_types::{ImageFormat, OutputFormat};

use crate::animation;
use crate::colour::{Colours, Curve, Profile};
use crate::compress;
use crate::decode::{Svg, decode, decode_page, jpeg_planes};
use crate::encode::{Coding, Embedded};
use crate::geometry::{Geometry, Region, Window};
use crate::metadata::{self, About, Metadata};
use crate::quality::Pixels;
use crate::{EngineError, Facts, Plan, Step, Stop, check_stop, encode, ops, probe, watermark};

/// A finished picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: OutputFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The encoder quality that was used, if the format has one, in whole numbers.
    pub quality: Option<u8>,
    /// SSIMULACRA2 against the picture before it was encoded, where that was asked for; 100 where every pixel is kept.
    pub score: Option<f64>,
    /// How often it was encoded until it was as it should be.
    pub tries: u32,
}

/// Carries out a plan on the file that [`Plan::source`] names and, where its recipe has a `wm`, the file of that image: on all frames of an
/// animation if it keeps them.
///
/// # Errors
/// Every [`EngineError`]; [`EngineError::Corrupt`] also if the header of the file is not the one that was planned for,
/// [`EngineError::InvalidTransform`] about `wm` if that image cannot be drawn, [`EngineError::Stopped`] at the step after `stop` became true.
pub fn render(plan: &Plan, source: &[u8], watermark: Option<&[u8]>, stop: Stop<'_>) -> Result<Rendered, EngineError> {
    let mut work = Work::open(plan, source, watermark, stop)?;
    if let Some(goal) = plan.recipe().transform.goal {
        return compress::render(work, goal);
    }
    let coding = Coding::of(plan.recipe(), plan.effort());
    if plan.keeps_frames() {
        return animation::render(&mut work, &coding, &mut |_, _| Ok(()));
    }
    work.make_ready()?;
    work.encode(&coding)
}

/// A picture, or a frame, on its way.
pub(crate) struct Work<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) source: &'a [u8],
    watermark: Option<&'a [u8]>,
    stop: Stop<'a>,
    pub(crate) facts: Facts,
    pub(crate) pixels: DynamicImage,
    pub(crate) icc: Option<Vec<u8>>,
    /// Which colours the pixels are in, once it is settled: by the first frame, for all of them.
    colours: Option<Colours>,
    /// What the code values of the source are in light, where that is not as in sRGB: by the first frame, likewise.
    curve: OnceCell<Option<Curve>>,
    /// What was planned, and after a trim what holds for what is left.
    pub(crate) geometry: Geometry,
    /// Whether the pixels have been cropped and scaled already, as they were stored.
    is_scaled: bool,
    /// What smart gravity chose: on the first frame, for all of them.
    smart: Option<Window>,
    /// What was left without its border, likewise.
    trimmed: Option<Region>,
}

impl<'a> Work<'a> {
    pub(crate) fn open(
        plan: &'a Plan,
        source: &'a [u8],
        watermark: Option<&'a [u8]>,
        stop: Stop<'a>,
    ) -> Result<Self, EngineError> {
        let facts = probe(Cursor::new(source))?;
        let shape = |facts: &Facts| (facts.width, facts.height, facts.orientation, facts.animated);
        if shape(&facts) != shape(plan.facts()) {
            return Err(EngineError::Corrupt("it is not the file that was planned for".to_owned()));
        }
        Ok(Self {
            plan,
            source,
            watermark,
            stop,
            facts,
            pixels: DynamicImage::default(),
            icc: None,
            colours: None,
            curve: OnceCell::new(),
            geometry: plan.geometry().clone(),
            is_scaled: false,
            smart: None,
            trimmed: None,
        })
    }

    /// Everything but encoding.
    pub(crate) fn make_ready(&mut self) -> Result<(), EngineError> {
        self.check_stop()?;
        self.decode()?;
        self.carry_out()
    }

    /// A file of the pixels as they are.
    pub(crate) fn encode(&self, coding: &Coding) -> Result<Rendered, EngineError> {
        encode_as(&self.pixels, self.embedded(), coding)
    }

    /// A file of pixels that [`Work::srgb`] gave.
    pub(crate) fn encode_srgb(&self, pixels: &DynamicImage, coding: &Coding) -> Result<Rendered, EngineError> {
        encode_as(pixels, self.embedded_with(None), coding)
    }

    /// Every step between decoding and encoding.
    pub(crate) fn carry_out(&mut self) -> Result<(), EngineError> {
        for step in self.plan.steps() {
            self.check_stop()?;
            self.take(step)?;
        }
        self.check_stop()
    }

    pub(crate) fn check_stop(&self) -> Result<(), EngineError> {
        check_stop(self.stop)
    }

    pub(crate) fn stop(&self) -> Stop<'a> {
        self.stop
    }

    fn take(&mut self, step: &Step) -> Result<(), EngineError> {
        let tone = &self.plan.recipe().transform.tone;
        match step {
            Step::Orient => self.turn_upright(),
            Step::Crop => self.crop(),
            Step::Trim(trim) => self.trim(*trim)?,
            Step::Rotate(rotate) => self.rotate(*rotate),
            Step::Flip => self.pixels = self.pixels.flipv(),
            Step::Flop => self.pixels = self.pixels.fliph(),
            Step::Resize => self.resize()?,
            Step::SettleColours => self.settle_colours(),
            Step::Levels => ops::levels(&mut self.pixels, tone),
            Step::TurnColours => ops::turn_colours(&mut self.pixels, tone.saturation, tone.hue),
            Step::Gray => self.pixels = self.pixels.grayscale(),
            Step::Sepia => self.pixels = ops::sepia(self.take_pixels()),
            Step::Duotone(duotone) => self.pixels = ops::duotone(self.take_pixels(), *duotone),
            Step::Negate => ops::negate(&mut self.pixels),
            Step::Pixelate(pixelate) => ops::pixelate(&mut self.pixels, *pixelate),
            Step::Blur(blur) => self.pixels = ops::blur(self.take_pixels(), *blur),
            Step::Sharpen(sharpen) => self.pixels = ops::sharpen(self.take_pixels(), *sharpen),
            Step::Pad(colour) => self.pad(*colour),
            Step::Background(colour) | Step::Flatten(colour) => {
                let colour = self.named(*colour);
                self.pixels = ops::flatten(self.take_pixels(), colour);
            }
            Step::Watermark(watermark) => self.draw_watermark(watermark)?,
            Step::Text(text) => self.draw_text(text)?,
            Step::Round(round) => self.pixels = ops::round(self.take_pixels(), *round),
        }
        Ok(())
    }

    fn take_pixels(&mut self) -> DynamicImage {
        std::mem::take(&mut self.pixels)
    }
}

impl Work<'_> {
    fn decode(&mut self) -> Result<(), EngineError> {
        let (plan, is_jpeg) = (self.plan, self.facts.format == ImageFormat::Jpeg);
        if is_jpeg
            && plan.knows_window()
            && let Some(planes) = jpeg_planes(self.source, plan.scale_of_planes(), self.stop)?
        {
            let (window, size) = self.window_as_stored();
            self.icc = planes.icc;
            let curve = self.curve(planes.bands.planes().len() > 1);
            (self.pixels, self.is_scaled) = (ops::resize_planes(planes.bands, window, size, curve)?, true);
            return Ok(());
        }
        if let Some(size) = plan.drawn() {
            return self.draw_source(size);
        }
        let decoded = if self.facts.animated {
            let page = plan.recipe().transform.page.unwrap_or(0);
            decode_page(self.source, &self.facts, page, plan.limits(), self.stop)?
        } else {
            decode(self.source, &self.facts, plan.scale_of_pixels(), plan.limits(), self.stop)?
        };
        (self.pixels, self.icc) = (decoded.pixels, decoded.icc);
        Ok(())
    }

    /// Draws what has no pixels: what is scaled alone, if that is known, in its final size.
    fn draw_source(&mut self, size: (u32, u32)) -> Result<(), EngineError> {
        let is_window = self.plan.draws_window();
        let all = Window::whole((self.facts.width, self.facts.height));
        let (window, size) = if is_window { self.window_as_stored() } else { (all, size) };
        self.pixels = Svg::parse(self.source, self.stop)?.draw(&self.facts, window, size, self.stop)?;
        self.is_scaled = is_window;
        Ok(())
    }

    /// What is scaled, in pixels as the file stores them, and the size it gets before it is turned.
    fn window_as_stored(&self) -> (Window, (u32, u32)) {
        let (upright, exif) = (self.plan.upright(), self.facts.orientation);
        let (window, size) = self.geometry.as_stored(upright, exif, &self.plan.recipe().transform);
        let (width, height) = if exif >= 5 { (upright.1, upright.0) } else { upright };
        let across = f64::from(self.facts.width) / f64::from(width);
        let down = f64::from(self.facts.height) / f64::from(height);
        (window.times(across, down), size)
    }

    fn turn_upright(&mut self) {
        if let Some(orientation) = Orientation::from_exif(self.facts.orientation) {
            self.pixels.apply_orientation(orientation);
        }
    }

    fn crop(&mut self) {
        if let Some(region) = self.geometry.crop.filter(|_| !self.is_scaled) {
            self.pixels = self.pixels.crop_imm(region.x, region.y, region.width, region.height);
        }
    }

    /// Everything after it is planned anew, for what is left.
    fn trim(&mut self, trim: Trim) -> Result<(), EngineError> {
        let (width, height) = self.pixels.dimensions();
        let all = Region { x: 0, y: 0, width, height };
        let region = *self.trimmed.get_or_insert_with(|| ops::without_border(&self.pixels, trim).unwrap_or(all));
        if region != all {
            self.pixels = self.pixels.crop_imm(region.x, region.y, region.width, region.height);
        }
        let transform = &self.plan.recipe().transform;
        self.geometry = Geometry::plan_cut(self.pixels.dimensions(), transform, self.plan.limits())?;
        Ok(())
    }

    fn rotate(&mut self, rotate: Rotate) {
        match rotate {
            Rotate::None => {}
            Rotate::Quarter => self.pixels = self.pixels.rotate90(),
            Rotate::Half => self.pixels = self.pixels.rotate180(),
            Rotate::ThreeQuarters => self.pixels = self.pixels.rotate270(),
        }
    }

    fn resize(&mut self) -> Result<(), EngineError> {
        if self.is_scaled {
            return Ok(());
        }
        let mut window = self.geometry.window_in(self.pixels.dimensions());
        if self.plan.recipe().transform.resize.as_ref().is_some_and(|resize| resize.gravity == Gravity::Smart) {
            window = *self.smart.get_or_insert_with(|| ops::most_detailed(&self.pixels, window));
        }
        if self.geometry.scales_from(window, self.pixels.dimensions()) {
            let curve = self.curve(self.pixels.color().has_color());
            self.pixels = ops::resize(&self.pixels, window, self.geometry.scaled, curve)?;
        }
        Ok(())
    }

    /// The light in which the pixels are scaled, before their colours are settled; `None` for that of sRGB.
    fn curve(&self, has_colour: bool) -> Option<&Curve> {
        let of = |icc: &Vec<u8>| Curve::of(icc, has_colour);
        self.curve.get_or_init(|| self.icc.as_ref().and_then(of)).as_ref()
    }

    fn settle_colours(&mut self) {
        let icc = self.icc.take();
        let recipe = self.plan.recipe();
        let colours = self.colours.get_or_insert_with(|| Colours::choose(&self.pixels, icc, recipe));
        self.pixels = colours.settle(std::mem::take(&mut self.pixels));
    }

    /// What is put into the file beside the pixels, when they are ready.
    pub(crate) fn embedded(&self) -> Embedded {
        self.embedded_with(self.profile().map(|profile| profile.icc().to_vec()))
    }

    /// The profile that says which colours the pixels have, where these are not sRGB's.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.colours.as_ref().and_then(Colours::kept)
    }

    fn embedded_with(&self, icc: Option<Vec<u8>>) -> Embedded {
        let transform::Metadata::Keep { place } = self.plan.recipe().transform.metadata else {
            return Embedded { icc, ..Embedded::default() };
        };
        let about = About { size: self.pixels.dimensions(), srgb: icc.is_none(), place };
        let Metadata { exif, xmp } = metadata::of(self.source, &self.facts, self.plan.limits(), about);
        Embedded { icc, exif, xmp }
    }

    /// The pixels as they are seen.
    pub(crate) fn seen(&self) -> Pixels {
        Pixels::of(self.srgb())
    }

    /// The pixels in the colours of sRGB.
    pub(crate) fn srgb(&self) -> DynamicImage {
        let pixels = self.pixels.clone();
        match self.profile() {
            Some(profile) => profile.to_srgb(pixels),
            None => pixels,
        }
    }

    /// A colour that the recipe names, as the pixels have it.
    fn named(&self, colour: Colour) -> Colour {
        self.colours.as_ref().map_or(colour, |colours| colours.of_named(colour))
    }

    fn pad(&mut self, colour: Colour) {
        if let Some((size, place)) = self.geometry.canvas {
            let colour = self.named(colour);
            self.pixels = ops::pad(self.take_pixels(), size, place, colour);
        }
    }

    fn draw_watermark(&mut self, watermark: &Watermark) -> Result<(), EngineError> {
        let mark = watermark::ready(self.watermark, watermark, self.pixels.dimensions(), self.plan.limits())?;
        self.draw(mark, &watermark.placing);
        Ok(())
    }

    fn draw_text(&mut self, text: &TextMark) -> Result<(), EngineError> {
        let mark = ops::text(text, self.pixels.dimensions())?;
        self.draw(mark, &text.placing);
        Ok(())
    }

    fn draw(&mut self, mark: RgbaImage, placing: &Placing) {
        let mark = match &self.colours {
            Some(colours) => colours.of_mark(mark),
            None => mark,
        };
        self.pixels = ops::mark(self.take_pixels(), &mark, placing);
    }
}

fn encode_as(pixels: &DynamicImage, embedded: Embedded, coding: &Coding) -> Result<Rendered, EngineError> {
    let bytes = encode::encode(pixels, coding, embedded)?;
    let (width, height) = pixels.dimensions();
    let quality = coding.rounded();
    Ok(Rendered { bytes, format: coding.format, width, height, quality, score: None, tries: 1 })
}
