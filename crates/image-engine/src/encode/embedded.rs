//! What a file holds beside its pixels, put into the finished file: so it does not matter which encoder made that.

use bytes::Bytes;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};
use img_parts::png::{Png, PngChunk};
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::{CHUNK_VP8X, CHUNK_XMP, WebP};
use img_parts::{ImageEXIF, ImageICC};
use shared_types::OutputFormat;

use super::failed;
use crate::EngineError;

/// A colour profile and metadata, as a file of their own each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Embedded {
    /// An ICC profile for pixels of this kind.
    pub(crate) icc: Option<Vec<u8>>,
    /// EXIF, from its byte order mark on.
    pub(crate) exif: Option<Vec<u8>>,
    /// XMP as text.
    pub(crate) xmp: Option<Vec<u8>>,
}

impl Embedded {
    /// Puts everything into a finished JPEG, PNG or WebP; other formats take it while they are encoded, or not at all.
    pub(crate) fn put_into(&self, file: Vec<u8>, format: OutputFormat) -> Result<Vec<u8>, EngineError> {
        if self.icc.is_none() && self.exif.is_none() && self.xmp.is_none() {
            return Ok(file);
        }
        match format {
            OutputFormat::Jpeg => self.put_into_jpeg(file),
            OutputFormat::Png => self.put_into_png(file),
            OutputFormat::WebP => self.put_into_webp(file),
            _ => Ok(file),
        }
    }

    /// EXIF and XMP in a segment each if they fit, the profile in as many as it takes.
    fn put_into_jpeg(&self, file: Vec<u8>) -> Result<Vec<u8>, EngineError> {
        const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
        /// A segment without the two bytes of its length.
        const ROOM: usize = 65_533;
        let mut jpeg = Jpeg::from_bytes(file.into()).map_err(failed)?;
        if let Some(icc) = &self.icc {
            jpeg.set_icc_profile(Some(Bytes::copy_from_slice(icc)));
        }
        if let Some(xmp) = self.xmp.as_ref().filter(|xmp| XMP.len() + xmp.len() <= ROOM) {
            let after = jpeg.segments().iter().take_while(|segment| segment.marker() == markers::APP0).count();
            let segment = JpegSegment::new_with_contents(markers::APP1, [XMP, xmp].concat().into());
            jpeg.segments_mut().insert(after, segment);
        }
        jpeg.set_exif(self.exif.as_deref().map(Bytes::copy_from_slice));
        Ok(jpeg.encoder().bytes().into())
    }

    fn put_into_png(&self, file: Vec<u8>) -> Result<Vec<u8>, EngineError> {
        // Keyword, not compressed, no language, no translated keyword.
        const XMP: &[u8] = b"XML:com.adobe.xmp\0\0\0\0\0";
        let mut png = Png::from_bytes(file.into()).map_err(failed)?;
        if let Some(xmp) = &self.xmp {
            png.chunks_mut().insert(1, PngChunk::new(*b"iTXt", [XMP, xmp].concat().into()));
        }
        png.set_exif(self.exif.as_deref().map(Bytes::copy_from_slice));
        if let Some(icc) = &self.icc {
            png.set_icc_profile(Some(Bytes::copy_from_slice(icc)));
        }
        Ok(png.encoder().bytes().into())
    }

    fn put_into_webp(&self, file: Vec<u8>) -> Result<Vec<u8>, EngineError> {
        const XMP_FLAG: u8 = 4;
        let mut webp = WebP::from_bytes(file.into()).map_err(failed)?;
        webp.set_exif(self.exif.as_deref().map(Bytes::copy_from_slice));
        if let Some(xmp) = &self.xmp {
            let xmp = RiffContent::Data(Bytes::copy_from_slice(xmp));
            webp.chunks_mut().push(RiffChunk::new(CHUNK_XMP, xmp));
        }
        // Makes the header that announces the rest, where there is none yet.
        webp.set_icc_profile(self.icc.as_deref().map(Bytes::copy_from_slice));
        if self.xmp.is_some() {
            for chunk in webp.chunks_mut().iter_mut().filter(|chunk| chunk.id() == CHUNK_VP8X) {
                if let RiffContent::Data(data) = chunk.content_mut() {
                    let mut header = data.to_vec();
                    header.iter_mut().take(1).for_each(|flags| *flags |= XMP_FLAG);
                    *data = header.into();
                }
            }
        }
        Ok(webp.encoder().bytes().into())
    }
}
