//! Whether a file is a whole picture: everything is decoded once, and thrown away.

use std::io::Cursor;

use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder};
use shared_types::ImageFormat;

use crate::decode::{Animation, check_jpeg, decode_heic, decode_tiff, draw_svg, library_decoder};
use crate::probe::heic::check_end;
use crate::probe::walk_gif;
use crate::probe::webp::check_frames as check_frames_fit;
use crate::{EngineError, Facts, Limits, Stop, check_stop, probe};

/// Decodes everything once. A decoder that fills what is missing with grey and says all is well does not pass for success here.
///
/// # Errors
/// [`EngineError::Corrupt`] for a truncated or damaged file, and all that [`probe`] and [`Limits::check`] find.
pub fn verify(source: &[u8], limits: &Limits, stop: Stop<'_>) -> Result<(), EngineError> {
    let facts = probe(Cursor::new(source))?;
    limits.check(&facts)?;
    check_stop(stop)?;
    match facts.format {
        ImageFormat::Jpeg => check_jpeg(source, stop),
        ImageFormat::Png => check_png(source, &facts, limits, stop),
        ImageFormat::Gif => check_gif(source, &facts, limits, stop),
        ImageFormat::WebP => check_webp(source, &facts, limits, stop),
        ImageFormat::Avif | ImageFormat::Jxl => check_frames(source, &facts, limits, stop),
        ImageFormat::Tiff => decode_tiff(source, limits).map(drop),
        ImageFormat::Heic => check_end(source).and_then(|()| decode_heic(source, &facts)).map(drop),
        ImageFormat::Qoi => check_qoi(source, limits),
        ImageFormat::Svg => draw_svg(source, &facts, (facts.width, facts.height), stop).map(drop),
        format @ (ImageFormat::Bmp | ImageFormat::Ico | ImageFormat::Pnm | ImageFormat::Hdr | ImageFormat::Exr) => {
            check_still(source, format, limits)
        }
    }
}

fn check_still(source: &[u8], format: ImageFormat, limits: &Limits) -> Result<(), EngineError> {
    DynamicImage::from_decoder(library_decoder(source, format, limits)?)?;
    Ok(())
}

/// Row by row, to the last chunk: the end is part of the file.
fn check_png(source: &[u8], facts: &Facts, limits: &Limits, stop: Stop<'_>) -> Result<(), EngineError> {
    const ROWS_BETWEEN_LOOKS: u32 = 64;
    let bytes = limits.for_decoder().max_alloc.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX);
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(source), png::Limits { bytes });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info()?;
    let animation = reader.info().animation_control.map_or(0, |control| control.num_frames);
    if animation > 0 {
        limits.check_frames(animation, (facts.width, facts.height))?;
    }
    // A picture that is not one of the frames stands before them.
    let pictures = if reader.info().frame_control.is_none() { animation.saturating_add(1) } else { animation.max(1) };
    for frame in 0..pictures {
        if frame > 0 {
            reader.next_frame_info()?;
        }
        let mut rows = 0u32;
        while reader.next_interlaced_row()?.is_some() {
            rows += 1;
            if rows.is_multiple_of(ROWS_BETWEEN_LOOKS) {
                check_stop(stop)?;
            }
        }
    }
    Ok(reader.finish()?)
}

/// All frames one at a time, or the only one, then the blocks to the trailer, which the decoder does not insist on.
fn check_gif(source: &[u8], facts: &Facts, limits: &Limits, stop: Stop<'_>) -> Result<(), EngineError> {
    check_frames(source, facts, limits, stop)?;
    walk_gif(&mut Cursor::new(source), None).map(drop)
}

fn check_webp(source: &[u8], facts: &Facts, limits: &Limits, stop: Stop<'_>) -> Result<(), EngineError> {
    let announced = source.get(4..8).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes);
    if u64::from(announced) + 8 > source.len() as u64 {
        return Err(EngineError::Corrupt("the file is shorter than it says".to_owned()));
    }
    if facts.animated {
        return check_frames(source, facts, limits, stop);
    }
    check_frames_fit(source, (facts.width, facts.height))?;
    let mut decoder = WebPDecoder::new(Cursor::new(source))?;
    decoder.set_limits(limits.for_decoder())?;
    DynamicImage::from_decoder(decoder)?;
    Ok(())
}

fn check_frames(source: &[u8], facts: &Facts, limits: &Limits, stop: Stop<'_>) -> Result<(), EngineError> {
    let mut animation = Animation::open(source, facts, limits)?;
    if animation.frames == 0 {
        return Err(EngineError::Corrupt("it has no frame".to_owned()));
    }
    limits.check_frames(animation.frames, (facts.width, facts.height))?;
    while animation.next_frame()?.is_some() {
        check_stop(stop)?;
    }
    Ok(())
}

/// The format ends with eight bytes that say so.
fn check_qoi(source: &[u8], limits: &Limits) -> Result<(), EngineError> {
    if !source.ends_with(&[0, 0, 0, 0, 0, 0, 0, 1]) {
        return Err(EngineError::Corrupt("the end is missing".to_owned()));
    }
    check_still(source, ImageFormat::Qoi, limits)
}
