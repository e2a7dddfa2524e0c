//! What a header tells, and how much of it is allowed.

use shared_types::ImageFormat;

use crate::EngineError;

/// What the header of a picture says. Nothing of it is taken on trust for memory: see [`Limits`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts of a header, which have nothing to do with each other")]
pub struct Facts {
    /// By content.
    pub format: ImageFormat,
    /// Width in pixels as stored, before orientation.
    pub width: u32,
    /// Height in pixels as stored, before orientation.
    pub height: u32,
    /// EXIF orientation, 1 to 8; 1 where there is none.
    pub orientation: u8,
    /// Whether there is more than one frame.
    pub animated: bool,
    /// How many frames; `None` where only the whole file tells.
    pub frames: Option<u32>,
    /// Whether pixels may be transparent.
    pub has_alpha: bool,
    /// Bits of a channel.
    pub bits: u8,
    /// Progressive JPEG or interlaced PNG: slower to decode, and not row by row.
    pub progressive: bool,
    /// Whether the header says that colours are stored at no more than half the width and height (4:2:0): they take half the memory. Only told of
    /// AVIF.
    pub subsampled: bool,
}

impl Facts {
    /// Width and height as seen, orientation applied.
    pub fn upright_size(&self) -> (u32, u32) {
        if self.orientation >= 5 { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// Number of pixels.
    pub(crate) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// What is allowed; checked before anything of that size is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of a source.
    pub max_pixels: u64,
    /// Pixels of a result.
    pub max_output_pixels: u64,
    /// The longest side of either.
    pub max_side: u32,
    /// Frames of an animation.
    pub max_frames: u32,
    /// Pixels of all frames of an animation together, of a source and of a result.
    pub max_animation_pixels: u64,
    /// Bytes of memory in which a picture is compressed: formats that take more are left out where others take less.
    pub compress_memory: u64,
    /// Bytes of memory in which whoever gets a compressed picture can open it: formats that take more are left out.
    pub result_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 100_000_000,
            max_output_pixels: 100_000_000,
            max_side: 32_768,
            max_frames: 500,
            max_animation_pixels: 500_000_000,
            compress_memory: u64::MAX,
            result_memory: u64::MAX,
        }
    }
}

impl Limits {
    /// Refuses a source that is too large.
    pub fn check(&self, facts: &Facts) -> Result<(), EngineError> {
        Self::bound((facts.width, facts.height), self.max_pixels, self.max_side)
    }

    pub(crate) fn check_output(&self, size: (u32, u32)) -> Result<(), EngineError> {
        Self::bound(size, self.max_output_pixels, self.max_side)
    }

    /// Refuses to go through so many pictures of this size.
    pub(crate) fn check_frames(&self, frames: u32, (width, height): (u32, u32)) -> Result<(), EngineError> {
        if frames > self.max_frames {
            return Err(EngineError::TooLarge { what: "frames", actual: frames.into(), limit: self.max_frames.into() });
        }
        let pixels = u64::from(width) * u64::from(height) * u64::from(frames);
        if pixels > self.max_animation_pixels {
            let limit = self.max_animation_pixels;
            return Err(EngineError::TooLarge { what: "pixels in all its frames", actual: pixels, limit });
        }
        Ok(())
    }

    fn bound((width, height): (u32, u32), max_pixels: u64, max_side: u32) -> Result<(), EngineError> {
        if width == 0 || height == 0 {
            return Err(EngineError::Corrupt("it has no pixels".to_owned()));
        }
        let (side, pixels) = (width.max(height), u64::from(width) * u64::from(height));
        if side > max_side {
            return Err(EngineError::TooLarge {
                what: "pixels on its longest side",
                actual: side.into(),
                limit: max_side.into(),
            });
        }
        if pixels > max_pixels {
            return Err(EngineError::TooLarge { what: "pixels", actual: pixels, limit: max_pixels });
        }
        Ok(())
    }

    /// For decoders that allocate by themselves.
    pub(crate) fn for_decoder(&self) -> image::Limits {
        /// 16 bits in four channels.
        const BYTES_PER_PIXEL: u64 = 8;
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(self.max_side);
        limits.max_image_height = Some(self.max_side);
        limits.max_alloc = Some(self.max_pixels.saturating_mul(BYTES_PER_PIXEL));
        limits
    }
}
