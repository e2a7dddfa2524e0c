//! Formats by their first bytes.

use shared_types::ImageFormat;

use crate::EngineError;

/// How many leading bytes [`sniff`] looks at.
///
/// Of all formats but SVG the first 32 tell; its root element stands behind comments and a document type.
pub const SNIFF_BYTES: usize = 4096;

/// The format, by magic bytes alone.
pub fn sniff(prefix: &[u8]) -> Option<ImageFormat> {
    let prefix = &prefix[..prefix.len().min(SNIFF_BYTES)];
    let starts = |magic: &[u8]| prefix.starts_with(magic);
    let at = |offset: usize, magic: &[u8]| prefix.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    Some(match () {
        () if starts(&[0xff, 0xd8, 0xff]) => ImageFormat::Jpeg,
        () if starts(b"\x89PNG\r\n\x1a\n") => ImageFormat::Png,
        () if starts(b"GIF87a") || starts(b"GIF89a") => ImageFormat::Gif,
        () if starts(&[0xff, 0x0a]) || starts(b"\0\0\0\x0cJXL \r\n\x87\n") => ImageFormat::Jxl,
        () if starts(b"RIFF") && at(8, b"WEBP") => ImageFormat::WebP,
        () if starts(b"II*\0") || starts(b"MM\0*") => ImageFormat::Tiff,
        () if has_brand(prefix, &[b"avif", b"avis"]) => ImageFormat::Avif,
        () if has_brand(prefix, &[b"heic", b"heix", b"heim", b"heis"]) => ImageFormat::Heic,
        () if starts(&[0x76, 0x2f, 0x31, 0x01]) => ImageFormat::Exr,
        () if starts(b"#?RADIANCE") => ImageFormat::Hdr,
        () if starts(b"qoif") => ImageFormat::Qoi,
        () if starts(b"BM") => ImageFormat::Bmp,
        () if starts(&[0, 0, 1, 0]) && prefix.get(4..6).is_some_and(|count| count != [0, 0]) => ImageFormat::Ico,
        () if starts(b"P") && prefix.get(1).is_some_and(|kind| (b'1'..=b'7').contains(kind)) && blank_at_2(prefix) => {
            ImageFormat::Pnm
        }
        () if root_is_svg(prefix) => ImageFormat::Svg,
        () => return None,
    })
}

/// The format by the same bytes, or what is wrong with them.
///
/// # Errors
/// [`EngineError::NotAnImage`]; [`EngineError::Unsupported`] where it may be a picture in a wrapping that is not opened.
pub fn recognise(prefix: &[u8]) -> Result<ImageFormat, EngineError> {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    match sniff(prefix) {
        Some(format) => Ok(format),
        None if prefix.starts_with(GZIP) => Err(EngineError::Unsupported(
            "compression by gzip; an SVGZ is read when it is unpacked to an SVG".to_owned(),
        )),
        None => Err(EngineError::NotAnImage),
    }
}

/// Whether the first element of an XML document is `svg`, with or without a prefix.
fn root_is_svg(prefix: &[u8]) -> bool {
    const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
    let mut rest = prefix.strip_prefix(BYTE_ORDER_MARK).unwrap_or(prefix);
    loop {
        let text = rest.trim_ascii_start();
        let next = if text.starts_with(b"<?") {
            after(text, b"?>")
        } else if text.starts_with(b"<!--") {
            after(text, b"-->")
        } else if text.starts_with(b"<!DOCTYPE") {
            after_doctype(text)
        } else {
            let Some(name) = text.strip_prefix(b"<") else { return false };
            let end = name.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
            let name = end.map_or(&name[..0], |end| &name[..end]);
            return name == b"svg" || name.ends_with(b":svg");
        };
        let Some(next) = next else { return false };
        rest = next;
    }
}

/// What follows the first of these bytes.
fn after<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(end.len()).position(|window| window == end)?;
    text.get(at + end.len()..)
}

/// What follows a document type, which may hold declarations in brackets.
fn after_doctype(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| matches!(byte, b'>' | b'['))?;
    let rest = &text[end..];
    after(if rest.starts_with(b"[") { after(rest, b"]")? } else { rest }, b">")
}

/// An ISO base media file that names one of these brands.
fn has_brand(prefix: &[u8], wanted: &[&[u8; 4]]) -> bool {
    let Some((size, rest)) = prefix.split_first_chunk::<4>() else { return false };
    let Some(brands) = rest.strip_prefix(b"ftyp") else { return false };
    let in_box = (u32::from_be_bytes(*size) as usize).saturating_sub(8);
    let brands = &brands[..brands.len().min(in_box)];
    brands
        .chunks(4)
        .enumerate()
        .any(|(index, brand)| index != 1 && wanted.iter().any(|wanted| brand == wanted.as_slice()))
}

fn blank_at_2(prefix: &[u8]) -> bool {
    prefix.get(2).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'#')
}
