//! Frames of an animated PNG (PNG specification, third edition, 11.3.2), composed here: 16 bits become 8 on the way.

use std::io::Cursor;
use std::time::Duration;

use image::{DynamicImage, GenericImage, GenericImageView, Rgba, RgbaImage};
use png::{BlendOp, DisposeOp, FrameControl, Transformations};

use super::super::png::{Colours, limits as png_limits};
use super::Frame;
use crate::{EngineError, Limits};

pub(super) struct Frames<'a> {
    reader: png::Reader<Cursor<&'a [u8]>>,
    canvas: RgbaImage,
    /// What the last frame covers, and what is done to it before the next one.
    last: Option<(FrameControl, Option<RgbaImage>)>,
    /// The picture for viewers without animation comes first and is not one of the frames.
    skip_default: bool,
}

impl<'a> Frames<'a> {
    pub(super) fn open(source: &'a [u8], limits: &Limits) -> Result<Self, EngineError> {
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(source), png_limits(source, limits));
        decoder.set_ignore_text_chunk(true);
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16 | Transformations::ALPHA);
        let reader = decoder.read_info()?;
        let info = reader.info();
        let skip_default = info.frame_control.is_none();
        let canvas = RgbaImage::new(info.width, info.height);
        Ok(Self { reader, canvas, last: None, skip_default })
    }

    pub(super) fn plays(&self) -> u32 {
        self.reader.info().animation_control.map_or(0, |control| control.num_plays)
    }

    pub(super) fn colours(&self) -> Colours {
        Colours::of(self.reader.info())
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>, EngineError> {
        if std::mem::take(&mut self.skip_default) {
            self.read()?;
        }
        self.dispose()?;
        let picture = self.read()?;
        let control = *self.reader.info().frame_control().ok_or_else(|| corrupt("a frame has no place"))?;
        let region = (control.x_offset, control.y_offset, control.width, control.height);
        if picture.dimensions() != (control.width, control.height) || !fits(&self.canvas, region) {
            return Err(corrupt("a frame lies outside of the picture"));
        }
        let before = (control.dispose_op == DisposeOp::Previous)
            .then(|| self.canvas.view(region.0, region.1, region.2, region.3).to_image());
        for (x, y, pixel) in picture.enumerate_pixels() {
            let under = self.canvas.get_pixel_mut(x + control.x_offset, y + control.y_offset);
            *under = match control.blend_op {
                BlendOp::Source => *pixel,
                BlendOp::Over => over(*pixel, *under),
            };
        }
        self.last = Some((control, before));
        Ok(Some(Frame { pixels: DynamicImage::ImageRgba8(self.canvas.clone()), delay: delay(&control) }))
    }

    fn dispose(&mut self) -> Result<(), EngineError> {
        let Some((control, before)) = self.last.take() else { return Ok(()) };
        let clear = || RgbaImage::new(control.width, control.height);
        let instead = match control.dispose_op {
            DisposeOp::None => return Ok(()),
            DisposeOp::Background => clear(),
            // Nothing was there before the first frame.
            DisposeOp::Previous => before.unwrap_or_else(clear),
        };
        Ok(self.canvas.copy_from(&instead, control.x_offset, control.y_offset)?)
    }

    /// The next picture in the file, in 8 bits with alpha.
    fn read(&mut self) -> Result<RgbaImage, EngineError> {
        let size = self.reader.output_buffer_size().ok_or_else(|| corrupt("it is too large"))?;
        let mut bytes = vec![0; size];
        let read = self.reader.next_frame(&mut bytes)?;
        bytes.truncate(read.buffer_size());
        let picture = match read.color_type {
            png::ColorType::Rgba => RgbaImage::from_raw(read.width, read.height, bytes),
            png::ColorType::GrayscaleAlpha => {
                let rgba = bytes.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect();
                RgbaImage::from_raw(read.width, read.height, rgba)
            }
            _ => None,
        };
        picture.ok_or_else(|| corrupt("a frame has another kind of pixels"))
    }
}

fn fits(canvas: &RgbaImage, (x, y, width, height): (u32, u32, u32, u32)) -> bool {
    let within = |start: u32, length: u32, side: u32| start.checked_add(length).is_some_and(|end| end <= side);
    within(x, width, canvas.width()) && within(y, height, canvas.height())
}

/// Source over destination, alpha not multiplied in.
fn over(Rgba(top): Rgba<u8>, Rgba(under): Rgba<u8>) -> Rgba<u8> {
    match top[3] {
        0 => return Rgba(under),
        u8::MAX => return Rgba(top),
        _ => {}
    }
    let (alpha, rest) = (u32::from(top[3]) * 255, u32::from(under[3]) * (255 - u32::from(top[3])));
    let total = alpha + rest;
    let mix = |above: u8, below: u8| ((u32::from(above) * alpha + u32::from(below) * rest + total / 2) / total) as u8;
    Rgba([mix(top[0], under[0]), mix(top[1], under[1]), mix(top[2], under[2]), ((total + 127) / 255) as u8])
}

/// A fraction of a second; a denominator of 0 is one of 100.
fn delay(control: &FrameControl) -> Duration {
    let parts = if control.delay_den == 0 { 100 } else { control.delay_den };
    Duration::from_secs(control.delay_num.into()) / u32::from(parts)
}

fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(what.to_owned())
}
