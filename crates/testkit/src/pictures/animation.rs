//! Animations with frames that cover a part of the picture, with every way of clearing them away, and what a viewer shows of them.

use std::borrow::Cow;

use image::{Rgba, RgbaImage, imageops};

/// What becomes of a frame when its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispose {
    /// It stays.
    Keep,
    /// What it covers becomes transparent.
    Clear,
    /// What was there before comes back (GIF and PNG).
    Restore,
}

/// A frame of an animation.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Where its left upper corner is. WebP knows even numbers only.
    pub at: (u32, u32),
    /// Its pixels.
    pub picture: RgbaImage,
    /// How long it is shown; GIF counts in tens.
    pub milliseconds: u16,
    /// What becomes of it.
    pub dispose: Dispose,
    /// Whether what is beneath shines through (always so in a GIF), or is replaced (PNG and WebP).
    pub blend: bool,
}

/// Frames that use all there is: places, sizes, transparency, disposal. The first covers the picture.
pub fn patchwork(width: u32, height: u32) -> Vec<Placed> {
    let plain = |width: u32, height: u32, colour: [u8; 4]| RgbaImage::from_pixel(width, height, Rgba(colour));
    let striped = |width: u32, height: u32, colour: [u8; 4]| {
        RgbaImage::from_fn(width, height, |x, _| Rgba(if x % 4 < 2 { colour } else { [0; 4] }))
    };
    let frame = |at, picture, milliseconds, dispose, blend| Placed { at, picture, milliseconds, dispose, blend };
    let (w, h) = (width / 2, height / 2);
    vec![
        frame((0, 0), plain(width, height, [200, 30, 30, 255]), 100, Dispose::Keep, false),
        frame((4, 2), plain(w, h, [30, 200, 30, 255]), 250, Dispose::Clear, true),
        frame((8, 4), striped(w, h, [30, 30, 200, 255]), 70, Dispose::Keep, true),
        frame((2, 6), plain(w, h, [200, 200, 30, 255]), 500, Dispose::Restore, true),
        frame((w, h), striped(w, h, [0, 200, 200, 255]), 40, Dispose::Keep, true),
        frame((0, 0), striped(width, height, [250, 250, 250, 255]), 1000, Dispose::Clear, true),
        frame((2, 2), plain(4, 4, [1, 2, 3, 255]), 120, Dispose::Keep, true),
    ]
}

/// Whole frames, each another colour with a bar that moves: those of [`super::file::animation_frame`], 100 ms each.
pub fn bars(width: u32, height: u32, frames: u32) -> Vec<Placed> {
    let bar = |index| Placed {
        at: (0, 0),
        picture: super::file::animation_frame(width, height, index, frames),
        milliseconds: 100,
        dispose: Dispose::Keep,
        blend: false,
    };
    (0..frames).map(bar).collect()
}

/// What a viewer shows of each frame.
pub fn shown(width: u32, height: u32, frames: &[Placed]) -> Vec<RgbaImage> {
    let mut canvas = RgbaImage::new(width, height);
    let mut shown = Vec::new();
    for frame in frames {
        let before = canvas.clone();
        let (left, top) = (frame.at.0.into(), frame.at.1.into());
        let clear = RgbaImage::new(frame.picture.width(), frame.picture.height());
        if frame.blend {
            imageops::overlay(&mut canvas, &frame.picture, left, top);
        } else {
            imageops::replace(&mut canvas, &frame.picture, left, top);
        }
        shown.push(canvas.clone());
        match frame.dispose {
            Dispose::Keep => {}
            Dispose::Clear => imageops::replace(&mut canvas, &clear, left, top),
            Dispose::Restore => canvas = before,
        }
    }
    shown
}

/// A GIF. `repetitions` as the file says it: `None` is no word of it, 0 is without end.
pub fn gif(width: u16, height: u16, frames: &[Placed], repetitions: Option<u16>) -> Vec<u8> {
    let mut encoder = gif::Encoder::new(Vec::new(), width, height, &[]).expect("the picture is small");
    match repetitions {
        None => {}
        Some(0) => encoder.set_repeat(gif::Repeat::Infinite).expect("the loop can be written"),
        Some(count) => encoder.set_repeat(gif::Repeat::Finite(count)).expect("the loop can be written"),
    }
    for placed in frames {
        let (width, height) = placed.picture.dimensions();
        let mut pixels = placed.picture.clone().into_raw();
        let mut frame = gif::Frame::from_rgba_speed(width as u16, height as u16, &mut pixels, 1);
        (frame.left, frame.top) = (placed.at.0 as u16, placed.at.1 as u16);
        frame.delay = placed.milliseconds / 10;
        frame.dispose = match placed.dispose {
            Dispose::Keep => gif::DisposalMethod::Keep,
            Dispose::Clear => gif::DisposalMethod::Background,
            Dispose::Restore => gif::DisposalMethod::Previous,
        };
        encoder.write_frame(&frame).expect("the frame can be encoded");
    }
    encoder.into_inner().expect("the end can be written")
}

/// An animated PNG that is played so often; 0 is without end.
pub fn apng(width: u32, height: u32, frames: &[Placed], plays: u32) -> Vec<u8> {
    apng_with(width, height, frames, plays, None)
}

/// As [`apng`], with a picture for viewers without animation, which is none of the frames.
pub fn apng_with(width: u32, height: u32, frames: &[Placed], plays: u32, default: Option<&RgbaImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(frames.len() as u32, plays).expect("there are frames");
    encoder.set_sep_def_img(default.is_some()).expect("it is animated");
    let mut writer = encoder.write_header().expect("the header can be written");
    if let Some(default) = default {
        writer.write_image_data(default).expect("the picture can be encoded");
    }
    for placed in frames {
        writer.set_frame_delay(placed.milliseconds, 1000).expect("it is animated");
        let (width, height) = placed.picture.dimensions();
        writer.reset_frame_position().expect("it is animated");
        writer.set_frame_dimension(width, height).expect("the frame fits");
        writer.set_frame_position(placed.at.0, placed.at.1).expect("the frame fits");
        let blend = if placed.blend { png::BlendOp::Over } else { png::BlendOp::Source };
        writer.set_blend_op(blend).expect("it is animated");
        let dispose = match placed.dispose {
            Dispose::Keep => png::DisposeOp::None,
            Dispose::Clear => png::DisposeOp::Background,
            Dispose::Restore => png::DisposeOp::Previous,
        };
        writer.set_dispose_op(dispose).expect("it is animated");
        writer.write_image_data(&placed.picture).expect("the frame can be encoded");
    }
    writer.finish().expect("the end can be written");
    bytes
}

/// A lossless WebP (RFC 9649, chunk by chunk) that is played so often; 0 is without end. It cannot restore.
pub fn webp(width: u32, height: u32, frames: &[Placed], plays: u16) -> Vec<u8> {
    /// Animated, with alpha.
    const FLAGS: u32 = 0x12;
    let three = |number: u32| number.to_le_bytes()[..3].to_vec();
    let mut body = b"WEBP".to_vec();
    chunk(&mut body, *b"VP8X", &[&FLAGS.to_le_bytes()[..], &three(width - 1), &three(height - 1)].concat());
    chunk(&mut body, *b"ANIM", &[&[255; 4][..], &plays.to_le_bytes()].concat());
    for placed in frames {
        let (width, height) = placed.picture.dimensions();
        let still = webp::Encoder::from_rgba(&placed.picture, width, height).encode_lossless();
        let flags = u8::from(!placed.blend) << 1 | u8::from(placed.dispose == Dispose::Clear);
        let place = [placed.at.0 / 2, placed.at.1 / 2, width - 1, height - 1, placed.milliseconds.into()].map(three);
        chunk(&mut body, *b"ANMF", &[&place.concat()[..], &[flags], lossless_chunk(&still)].concat());
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(body.len() as u32).to_le_bytes());
    file.extend_from_slice(&body);
    file
}

/// The pixels of a still file, with the head of their chunk.
fn lossless_chunk(still: &[u8]) -> &[u8] {
    let start = still.windows(4).position(|window| window == b"VP8L").expect("it is lossless");
    let length = u32::from_le_bytes(still[start + 4..start + 8].try_into().expect("four bytes")) as usize;
    &still[start..start + 8 + length.next_multiple_of(2)]
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    file.extend_from_slice(&kind);
    file.extend_from_slice(&(content.len() as u32).to_le_bytes());
    file.extend_from_slice(content);
    if content.len() % 2 == 1 {
        file.push(0);
    }
}

/// An AVIF sequence, 4:4:4, of frames that each cover the picture; `quality` from 0 to 100. It is played without end.
pub fn avif(frames: &[Placed], quality: u8) -> Vec<u8> {
    let mut encoder = libavif::Encoder::new();
    encoder.set_max_threads(1).set_speed(9).set_quality(quality).set_alpha_quality(quality).set_timescale(1000);
    for placed in frames {
        let opaque = placed.picture.pixels().all(|pixel| pixel.0[3] == 255);
        let samples: Cow<'_, [u8]> = if opaque {
            Cow::Owned(image::DynamicImage::from(placed.picture.clone()).into_rgb8().into_raw())
        } else {
            Cow::Borrowed(placed.picture.as_raw())
        };
        let (width, height) = placed.picture.dimensions();
        let pixels = libavif::RgbPixels::new(width, height, &samples).expect("the buffer has the picture's size");
        let image = pixels.to_image(libavif::YuvFormat::Yuv444);
        encoder
            .add_image(&image, placed.milliseconds.into(), libavif::AddImageFlags::NONE)
            .expect("the frame can be encoded");
    }
    encoder.finish().expect("the sequence can be encoded").to_vec()
}

/// A JPEG XL without loss, of at most 512 pixels a side; `plays` up to 7, 0 is without end. Frames cover the picture.
///
/// No encoder at hand writes animations: still pictures of one get headers that say so (ISO/IEC 18181-1, annexes D and F).
pub fn jxl(frames: &[Placed], plays: u8) -> Vec<u8> {
    /// What the encoder's own headers take, before sizes and data.
    const HEADERS: usize = 7 + 4;
    let (width, height) = frames[0].picture.dimensions();
    let mut header = Bits::default();
    header.put(0x0aff, 16);
    // The sides: neither small nor in a ratio, of at most 512.
    header.put(0, 1 + 2).put(u64::from(height - 1), 9).put(0, 3 + 2).put(u64::from(width - 1), 9);
    // Extra fields: upright, no other size, no preview; an animation in milliseconds without time codes.
    header.put(0b10, 2).put(0, 3 + 2).put(1, 1).put(0b01, 2).put(0b00, 2).put(0b01, 2).put(plays.into(), 3).put(0, 1);
    // Eight bits in 16-bit buffers, an alpha channel, no XYB, sRGB, the usual tones, no extensions, the usual tables.
    header.put(0, 3).put(1, 1).put(0b01, 2).put(1, 1).put(0, 1).put(1, 1).put(1, 1).put(0, 2).put(1, 1);
    let mut file = header.bytes;
    for (index, frame) in frames.iter().enumerate() {
        let is_last = index + 1 == frames.len();
        let mut header = Bits::default();
        // A regular modular frame, groups of the usual size, which replaces what was there.
        header.put(0, 3).put(1, 1).put(0, 2 + 1 + 2 + 2).put(0b01, 2).put(0, 2 + 1 + 2 + 2);
        header.put(0b11, 2).put(frame.milliseconds.into(), 32);
        header.put(is_last.into(), 1);
        if !is_last {
            // Nothing refers to it.
            header.put(0, 2);
        }
        // No name, no filters, no extensions, no order of its own.
        header.put(0, 2 + 1 + 1 + 2 + 2 + 2 + 1);
        file.extend(header.bytes);
        file.extend(&super::file::jxl_lossless(&frame.picture)[HEADERS..]);
    }
    file
}

/// Bits from the lowest one on, the last byte filled with zeros.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: u64, count: usize) -> &mut Self {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= ((value >> bit & 1) as u8) << (self.count % 8);
            }
            self.count += 1;
        }
        self
    }
}
