//! PNG in its flavours, some of them chunk by chunk.

use std::collections::HashMap;

use image::{RgbImage, RgbaImage};
use png::{BitDepth, ColorType, Encoder};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// 16 bits a channel; the lower byte repeats the upper one.
pub fn sixteen_bit(picture: &RgbImage) -> Vec<u8> {
    let samples: Vec<u8> = picture.as_raw().iter().flat_map(|&sample| [sample, sample]).collect();
    encode(picture.dimensions(), ColorType::Rgb, BitDepth::Sixteen, &samples, None)
}

/// A palette with transparent entries; pixels are reduced to 4 levels a channel.
pub fn palette(picture: &RgbaImage) -> Vec<u8> {
    let mut known = HashMap::new();
    let mut entries: Vec<[u8; 4]> = Vec::new();
    let indices: Vec<u8> = picture
        .pixels()
        .map(|pixel| {
            let colour = pixel.0.map(|sample| sample / 64 * 85);
            *known.entry(colour).or_insert_with(|| {
                entries.push(colour);
                u8::try_from(entries.len() - 1).expect("4 levels of 4 channels are 256 colours")
            })
        })
        .collect();
    encode(picture.dimensions(), ColorType::Indexed, BitDepth::Eight, &indices, Some(&entries))
}

/// One pixel with a palette of this many bytes, and so many transparent entries; every checksum is right.
pub fn odd_palette(bytes: usize, transparent: usize) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    chunk(&mut file, *b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 3, 0, 0, 0]);
    chunk(&mut file, *b"PLTE", &vec![0x55; bytes]);
    chunk(&mut file, *b"tRNS", &vec![0x55; transparent]);
    chunk(&mut file, *b"IDAT", &stored_zlib(&[0, 0]));
    chunk(&mut file, *b"IEND", &[]);
    file
}

/// Grey with alpha, 8 bit.
pub fn grey_alpha(picture: &RgbaImage) -> Vec<u8> {
    let samples: Vec<u8> = picture
        .pixels()
        .flat_map(|pixel| {
            let [red, green, blue, alpha] = pixel.0;
            [((u16::from(red) + u16::from(green) + u16::from(blue)) / 3) as u8, alpha]
        })
        .collect();
    encode(picture.dimensions(), ColorType::GrayscaleAlpha, BitDepth::Eight, &samples, None)
}

fn encode(
    (width, height): (u32, u32),
    colour: ColorType,
    depth: BitDepth,
    samples: &[u8],
    palette: Option<&[[u8; 4]]>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if let Some(entries) = palette {
        encoder.set_palette(entries.iter().flat_map(|entry| entry[..3].to_vec()).collect::<Vec<u8>>());
        encoder.set_trns(entries.iter().map(|entry| entry[3]).collect::<Vec<u8>>());
    }
    let mut writer = encoder.write_header().expect("the header can be written");
    writer.write_image_data(samples).expect("the picture can be encoded");
    writer.finish().expect("the file can be ended");
    bytes
}

/// Interlaced in the seven passes of Adam7, 8 bit RGB.
pub fn interlaced(picture: &RgbImage) -> Vec<u8> {
    const PASSES: [(u32, u32, u32, u32); 7] =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let (width, height) = picture.dimensions();
    let mut lines = Vec::new();
    for (left, top, across, down) in PASSES {
        for y in (top..height).step_by(down as usize) {
            let line: Vec<u8> =
                (left..width).step_by(across as usize).flat_map(|x| picture.get_pixel(x, y).0).collect();
            if !line.is_empty() {
                lines.push(0);
                lines.extend_from_slice(&line);
            }
        }
    }
    assemble(width, height, true, &stored_zlib(&lines))
}

/// A file of RGB pixels with this header and this compressed data; every checksum is right.
pub(super) fn assemble(width: u32, height: u32, interlaced: bool, data: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, u8::from(interlaced)]);
    let mut bytes = SIGNATURE.to_vec();
    chunk(&mut bytes, *b"IHDR", &header);
    chunk(&mut bytes, *b"IDAT", data);
    chunk(&mut bytes, *b"IEND", &[]);
    bytes
}

/// The same PNG with one more chunk right after its header.
pub fn with_chunk(png: &[u8], kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    /// Signature and header.
    const START: usize = 8 + 25;
    let mut bytes = png[..START].to_vec();
    chunk(&mut bytes, kind, body);
    bytes.extend_from_slice(&png[START..]);
    bytes
}

fn chunk(bytes: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) {
    let length = u32::try_from(body.len()).expect("the chunk is small");
    bytes.extend_from_slice(&length.to_be_bytes());
    let start = bytes.len();
    bytes.extend_from_slice(&kind);
    bytes.extend_from_slice(body);
    let sum = crc32(&bytes[start..]);
    bytes.extend_from_slice(&sum.to_be_bytes());
}

/// A zlib stream that stores its content without compressing it.
pub(super) fn stored_zlib(content: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = content.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        stream.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("blocks are cut at 65,535 bytes");
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(&adler32(content).to_be_bytes());
    stream
}

fn adler32(content: &[u8]) -> u32 {
    let (low, high) = content.iter().fold((1_u32, 0_u32), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    (high << 16) | low
}

fn crc32(content: &[u8]) -> u32 {
    !content.iter().fold(!0_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::interlaced;
    use crate::pictures::photo;

    #[test]
    fn an_interlaced_png_holds_the_same_pixels() {
        for (width, height) in [(1, 1), (3, 5), (8, 8), (61, 33), (200, 180)] {
            let picture = photo(width, height, 3);
            let decoded = image::load_from_memory(&interlaced(&picture)).expect("a PNG").to_rgb8();
            assert_eq!(decoded, picture, "{width}x{height}");
        }
    }
}
