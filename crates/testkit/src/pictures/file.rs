//! Pixels to files, one function a format.

use std::io::Cursor;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{DynamicImage, Frame, ImageFormat, Luma, Rgb, Rgb32FImage, RgbImage, Rgba, RgbaImage, imageops};
use jixel::EncodeConfig;
use webp::{AnimEncoder, AnimFrame, WebPConfig};
use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::scene;

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("the picture can be encoded");
    bytes.into_inner()
}

/// A PNG, 8 bit RGB.
pub fn png(picture: &RgbImage) -> Vec<u8> {
    encode(&picture.clone().into(), ImageFormat::Png)
}

/// A PNG, 8 bit RGBA.
pub fn png_alpha(picture: &RgbaImage) -> Vec<u8> {
    encode(&picture.clone().into(), ImageFormat::Png)
}

/// A GIF of one frame.
pub fn gif(picture: &RgbaImage) -> Vec<u8> {
    encode(&picture.clone().into(), ImageFormat::Gif)
}

/// A GIF that loops, each frame another colour with a bar that moves, 100 ms each.
pub fn animated_gif(width: u32, height: u32, frames: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 10);
    encoder.set_repeat(Repeat::Infinite).expect("the loop can be written");
    for index in 0..frames {
        let delay = image::Delay::from_numer_denom_ms(100, 1);
        let frame = Frame::from_parts(animation_frame(width, height, index, frames), 0, 0, delay);
        encoder.encode_frame(frame).expect("the frame can be encoded");
    }
    drop(encoder);
    bytes
}

/// A lossy WebP; `quality` from 0 to 100.
pub fn webp_lossy(picture: &RgbImage, quality: f32) -> Vec<u8> {
    webp::Encoder::from_rgb(picture, picture.width(), picture.height()).encode(quality).to_vec()
}

/// A lossless WebP with alpha.
pub fn webp_lossless(picture: &RgbaImage) -> Vec<u8> {
    webp::Encoder::from_rgba(picture, picture.width(), picture.height()).encode_lossless().to_vec()
}

/// A WebP that loops, each frame another colour with a bar that moves, 100 ms each.
pub fn animated_webp(width: u32, height: u32, frames: u32) -> Vec<u8> {
    let config = WebPConfig::new().expect("libwebp has a default configuration");
    let pictures: Vec<_> = (0..frames).map(|index| animation_frame(width, height, index, frames)).collect();
    let mut encoder = AnimEncoder::new(width, height, &config);
    for (index, picture) in pictures.iter().enumerate() {
        let time = i32::try_from(index * 100).expect("the animation is short");
        encoder.add_frame(AnimFrame::from_rgba(picture, width, height, time));
    }
    encoder.encode().to_vec()
}

/// The frame `index` of the animations: what a test finds when it takes one out.
pub fn animation_frame(width: u32, height: u32, index: u32, frames: u32) -> RgbaImage {
    let shade = (index * 200 / frames.max(1)) as u8;
    let bar = index * width / frames.max(1);
    RgbaImage::from_fn(width, height, |x, _| {
        if x >= bar && x < bar + width.div_ceil(8) {
            Rgba([255, 255, 255, 255])
        } else {
            Rgba([shade, 60, 200 - shade, 255])
        }
    })
}

/// A BMP, 24 bit.
pub fn bmp(picture: &RgbImage) -> Vec<u8> {
    encode(&picture.clone().into(), ImageFormat::Bmp)
}

/// A TIFF, RGB.
pub fn tiff(picture: &RgbImage) -> Vec<u8> {
    encode(&picture.clone().into(), ImageFormat::Tiff)
}

/// A TIFF with a palette of 16 bits a channel: the picture in 6 levels of each colour.
pub fn tiff_palette(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let pixels: Vec<u8> =
        picture.pixels().map(|Rgb(pixel)| pixel.iter().fold(0, |index, channel| index * 6 + channel / 43)).collect();
    let level = |channel: u32, index: u32| (index / [36, 6, 1][channel as usize] % 6) as u16 * 51 * 257;
    let palette = (0..3).flat_map(|channel| (0..256).flat_map(move |index| level(channel, index).to_le_bytes()));
    let (start, end) = (8_u32, 8 + width * height);
    // Tag, type (3: 16 bits, 4: 32 bits), count, value.
    let fields = [
        (256_u16, 4_u16, 1_u32, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 3),
        (273, 4, 1, start),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, width * height),
        (320, 3, 3 * 256, end),
    ];
    let mut bytes = b"II*\0".to_vec();
    bytes.extend((end + 3 * 256 * 2).to_le_bytes());
    bytes.extend(pixels);
    bytes.extend(palette);
    bytes.extend((fields.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in fields {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

/// An AVIF, 4:4:4; `quality` from 0 to 100.
pub fn avif(picture: &RgbImage, quality: u8) -> Vec<u8> {
    encode_avif(picture.width(), picture.height(), picture, quality)
}

/// An AVIF with alpha.
pub fn avif_alpha(picture: &RgbaImage, quality: u8) -> Vec<u8> {
    encode_avif(picture.width(), picture.height(), picture, quality)
}

fn encode_avif(width: u32, height: u32, samples: &[u8], quality: u8) -> Vec<u8> {
    let pixels = libavif::RgbPixels::new(width, height, samples).expect("the buffer has the picture's size");
    let mut encoder = libavif::Encoder::new();
    encoder.set_max_threads(1).set_speed(10).set_quality(quality).set_alpha_quality(quality);
    encoder.encode(&pixels.to_image(libavif::YuvFormat::Yuv444)).expect("the picture can be encoded").to_vec()
}

/// An ICO of one image; a side may not be longer than 256.
pub fn ico(picture: &RgbaImage) -> Vec<u8> {
    encode(&picture.clone().into(), ImageFormat::Ico)
}

/// A QOI with alpha.
pub fn qoi(picture: &RgbaImage) -> Vec<u8> {
    encode(&picture.clone().into(), ImageFormat::Qoi)
}

/// A lossy JPEG XL; `quality` from 0 to 100.
pub fn jxl(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let config = EncodeConfig::default().with_quality(quality.into()).with_num_threads(1);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    jixel::encode_image(picture, width, height, &config).expect("the picture can be encoded")
}

/// A lossless JPEG XL with alpha.
pub fn jxl_lossless(picture: &RgbaImage) -> Vec<u8> {
    encode_jxl(picture, (picture.width(), picture.height()), ColorSpace::RGBA, BitDepth::Eight)
}

/// A lossless JPEG XL of 16 bits a channel.
pub fn jxl_deep(picture: &RgbImage) -> Vec<u8> {
    let words: Vec<u8> = picture.as_raw().iter().flat_map(|sample| (u16::from(*sample) * 257).to_ne_bytes()).collect();
    encode_jxl(&words, picture.dimensions(), ColorSpace::RGB, BitDepth::Sixteen)
}

fn encode_jxl(samples: &[u8], (width, height): (u32, u32), colours: ColorSpace, depth: BitDepth) -> Vec<u8> {
    let options = EncoderOptions::new(width as usize, height as usize, colours, depth).set_num_threads(1);
    let mut bytes = Vec::new();
    JxlSimpleEncoder::new(samples, options).encode(&mut bytes).expect("the picture can be encoded");
    bytes
}

/// A HEIC, 4:2:0; `quality` from 0 to 100. From 512 pixels on it is a grid of tiles.
pub fn heic(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let options = heifer::EncodeOptions { quality, max_threads: 1 };
    heifer::encode_rgb8(picture.width(), picture.height(), picture, &options).expect("the picture can be encoded")
}

/// A HEIC with alpha.
pub fn heic_alpha(picture: &RgbaImage, quality: u8) -> Vec<u8> {
    let options = heifer::EncodeOptions { quality, max_threads: 1 };
    heifer::encode_rgba8(picture.width(), picture.height(), picture, &options).expect("the picture can be encoded")
}

/// A Radiance HDR of linear light.
pub fn hdr(light: &Rgb32FImage) -> Vec<u8> {
    encode(&light.clone().into(), ImageFormat::Hdr)
}

/// An `OpenEXR` of linear light.
pub fn exr(light: &Rgb32FImage) -> Vec<u8> {
    encode(&light.clone().into(), ImageFormat::OpenExr)
}

/// The light of a picture in sRGB: what [`hdr`] and [`exr`] take.
pub fn light(picture: &RgbImage) -> Rgb32FImage {
    let linear = |code: u8| {
        let part = f32::from(code) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    Rgb32FImage::from_fn(picture.width(), picture.height(), |x, y| Rgb(picture.get_pixel(x, y).0.map(linear)))
}

/// A binary PPM (colour).
pub fn ppm(picture: &RgbImage) -> Vec<u8> {
    plain_map("P6", picture.width(), picture.height(), picture)
}

/// A binary PGM (grey).
pub fn pgm(picture: &RgbImage) -> Vec<u8> {
    let grey = imageops::grayscale(picture);
    plain_map("P5", grey.width(), grey.height(), &grey)
}

fn plain_map(magic: &str, width: u32, height: u32, samples: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{magic}\n{width} {height}\n255\n").into_bytes();
    bytes.extend_from_slice(samples);
    bytes
}

/// A PNG of one pixel.
pub fn one_pixel_png() -> Vec<u8> {
    png(&scene::one_pixel())
}

/// A JPEG of one pixel.
pub fn one_pixel_jpeg() -> Vec<u8> {
    super::jpeg::baseline(&scene::one_pixel(), 90)
}

/// One colour all over, to compare what comes out against.
pub fn plain(width: u32, height: u32, colour: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb(colour))
}

/// Four quarters in red, green (top), blue and white (bottom): shows any turn, mirror or crop.
pub fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([255, 0, 0]),
        (false, true) => Rgb([0, 255, 0]),
        (true, false) => Rgb([0, 0, 255]),
        (false, false) => Rgb([255, 255, 255]),
    })
}

/// A grey ramp from black at the left to white at the right.
pub fn ramp(width: u32, height: u32) -> image::GrayImage {
    image::GrayImage::from_fn(width, height, |x, _| Luma([(x * 255 / (width - 1).max(1)) as u8]))
}
