//! JPEG in its flavours, and what is put into its segments by hand.

use image::{RgbImage, imageops};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

/// A baseline JPEG, 4:2:0.
pub fn baseline(picture: &RgbImage, quality: u8) -> Vec<u8> {
    encode(rgb(picture), quality, Subsamp::Sub2x2, false)
}

/// A progressive JPEG, 4:2:0.
pub fn progressive(picture: &RgbImage, quality: u8) -> Vec<u8> {
    encode(rgb(picture), quality, Subsamp::Sub2x2, true)
}

/// A JPEG without chroma subsampling.
pub fn full_chroma(picture: &RgbImage, quality: u8) -> Vec<u8> {
    encode(rgb(picture), quality, Subsamp::None, false)
}

/// A JPEG with one grey channel.
pub fn grey(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let grey = imageops::grayscale(picture);
    let image = Image {
        pixels: grey.as_raw().as_slice(),
        width: grey.width() as usize,
        pitch: grey.width() as usize,
        height: grey.height() as usize,
        format: PixelFormat::GRAY,
    };
    encode(image, quality, Subsamp::Gray, false)
}

/// A four-channel JPEG as print programs write it: inverted, with the Adobe marker.
pub fn cmyk(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let inks: Vec<u8> = picture.pixels().flat_map(|pixel| inverted_inks(pixel.0)).collect();
    four_channels(&inks, picture.dimensions(), quality)
}

/// The same of one colour, each ink from nothing to 255.
pub fn of_inks(width: u32, height: u32, inks: [u8; 4]) -> Vec<u8> {
    let inverted = inks.map(|ink| 255 - ink).repeat(width as usize * height as usize);
    four_channels(&inverted, (width, height), 100)
}

fn four_channels(inks: &[u8], (width, height): (u32, u32), quality: u8) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    let image = Image { pixels: inks, width, pitch: width * 4, height, format: PixelFormat::CMYK };
    encode(image, quality, Subsamp::None, false)
}

fn inverted_inks([red, green, blue]: [u8; 3]) -> [u8; 4] {
    let black = red.max(green).max(blue);
    let ink = |sample: u8| (u16::from(sample) * 255 / u16::from(black).max(1)) as u8;
    [ink(red), ink(green), ink(blue), black]
}

fn rgb(picture: &RgbImage) -> Image<&[u8]> {
    Image {
        pixels: picture.as_raw().as_slice(),
        width: picture.width() as usize,
        pitch: picture.width() as usize * 3,
        height: picture.height() as usize,
        format: PixelFormat::RGB,
    }
}

fn encode(image: Image<&[u8]>, quality: u8, subsampling: Subsamp, progressive: bool) -> Vec<u8> {
    let mut compressor = Compressor::new().expect("libjpeg-turbo starts");
    compressor.set_quality(i32::from(quality)).expect("the quality is from 1 to 100");
    compressor.set_subsamp(subsampling).expect("the subsampling is known");
    compressor.set_progressive(progressive).expect("progressive mode is built in");
    compressor.compress_to_vec(image).expect("the picture can be encoded")
}

/// A JPEG whose pixels are stored turned or mirrored and whose EXIF orientation (1 to 8) undoes it: shown right, it is `picture`.
pub fn oriented(picture: &RgbImage, orientation: u8, quality: u8) -> Vec<u8> {
    let stored = match orientation {
        1 => picture.clone(),
        2 => imageops::flip_horizontal(picture),
        3 => imageops::rotate180(picture),
        4 => imageops::flip_vertical(picture),
        5 => imageops::flip_horizontal(&imageops::rotate90(picture)),
        6 => imageops::rotate270(picture),
        7 => imageops::flip_horizontal(&imageops::rotate270(picture)),
        8 => imageops::rotate90(picture),
        other => panic!("an EXIF orientation is 1 to 8, not {other}"),
    };
    with_orientation(&full_chroma(&stored, quality), orientation)
}

/// The same JPEG with an EXIF block that holds the orientation alone. Any number is taken, so that nonsense can be tested too.
pub fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
    // One entry: tag 0x0112, type SHORT, count 1, the value; then no further directory.
    exif.extend_from_slice(&[0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
    with_segment(jpeg, 0xe1, &exif)
}

/// The same JPEG with a comment: the same pixels in a file with another digest.
pub fn with_comment(jpeg: &[u8], comment: &str) -> Vec<u8> {
    with_segment(jpeg, 0xfe, comment.as_bytes())
}

/// The same JPEG with one more segment right after its start.
pub fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let (start, rest) = jpeg.split_at(2);
    let length = u16::try_from(body.len() + 2).expect("a segment holds at most 65,533 bytes");
    let mut bytes = start.to_vec();
    bytes.extend_from_slice(&[0xff, marker]);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(rest);
    bytes
}

#[cfg(test)]
mod tests {
    use super::{oriented, with_comment};
    use crate::pictures::file::quarters;

    #[test]
    fn an_oriented_jpeg_shown_right_is_the_picture() {
        let picture = quarters(32, 16);
        for orientation in 1..=8 {
            let bytes = oriented(&picture, orientation, 95);
            let stored: image::RgbImage = turbojpeg_decode(&bytes);
            let mut shown = image::DynamicImage::from(stored);
            shown.apply_orientation(image::metadata::Orientation::from_exif(orientation).expect("1 to 8"));
            assert_eq!((shown.width(), shown.height()), (32, 16), "orientation {orientation}");
            for (x, y) in [(4, 4), (28, 4), (4, 12), (28, 12)] {
                let (seen, meant) = (shown.to_rgb8().get_pixel(x, y).0, picture.get_pixel(x, y).0);
                let off = seen.iter().zip(meant).map(|(a, b)| a.abs_diff(b)).max();
                assert!(off < Some(12), "orientation {orientation} at {x},{y}: {seen:?} instead of {meant:?}");
            }
        }
    }

    #[test]
    fn a_comment_changes_the_file_and_not_the_picture() {
        let plain = super::baseline(&quarters(16, 16), 90);
        let marked = with_comment(&plain, "1");
        assert_ne!(plain, marked);
        assert_eq!(turbojpeg_decode(&plain), turbojpeg_decode(&marked));
    }

    fn turbojpeg_decode(bytes: &[u8]) -> image::RgbImage {
        let decoded = turbojpeg::decompress(bytes, turbojpeg::PixelFormat::RGB).expect("a JPEG");
        image::RgbImage::from_raw(decoded.width as u32, decoded.height as u32, decoded.pixels).expect("whole rows")
    }
}
