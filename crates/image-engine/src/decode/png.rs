//! PNG by the `image` crate, and the chunks about colours that it does not tell (PNG specification, third edition, 4.3).

use std::io::Cursor;

use image::DynamicImage;
use png::Info;
use shared_types::ImageFormat;

use super::{Decoded, library};
use crate::colour::{self, CodePoints};
use crate::{EngineError, Limits};

/// What a PNG says of its colours, the strongest word first.
pub(super) enum Colours {
    CodePoints(CodePoints),
    Profile(Vec<u8>),
    Srgb,
}

impl Colours {
    /// `cICP` before `iCCP` before `sRGB` before `gAMA` with `cHRM`.
    pub(super) fn of(info: &Info<'_>) -> Self {
        if let Some(points) = info.coding_independent_code_points {
            return Self::CodePoints(CodePoints {
                primaries: points.color_primaries,
                transfer: points.transfer_function,
            });
        }
        if let Some(icc) = &info.icc_profile {
            return Self::Profile(icc.to_vec());
        }
        if info.srgb.is_some() {
            return Self::Srgb;
        }
        let Some(gamma) = info.gama_chunk else { return Self::Srgb };
        let chromaticities = info.chrm_chunk.map(|points| {
            [points.white, points.red, points.green, points.blue].map(|(x, y)| (x.into_value(), y.into_value()))
        });
        let grey = matches!(info.color_type, png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha);
        colour::from_gamma(gamma.into_value(), chromaticities, grey).map_or(Self::Srgb, Self::Profile)
    }

    /// The pixels with their profile.
    pub(super) fn settle(self, pixels: DynamicImage) -> Decoded {
        match self {
            Self::CodePoints(points) => Decoded { pixels, icc: None }.settled(points),
            Self::Profile(icc) => Decoded { pixels, icc: Some(icc) },
            Self::Srgb => Decoded { pixels, icc: None },
        }
    }
}

pub(super) fn decode(source: &[u8], limits: &Limits) -> Result<Decoded, EngineError> {
    let colours = {
        let mut header = png::Decoder::new(Cursor::new(source));
        header.set_ignore_text_chunk(true);
        Colours::of(header.read_info()?.info())
    };
    let decoder = library::decoder(source, ImageFormat::Png, limits)?;
    Ok(colours.settle(DynamicImage::from_decoder(decoder)?))
}
