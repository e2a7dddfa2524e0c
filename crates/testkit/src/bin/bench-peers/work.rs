//! What is asked of every server.

/// A kind of source pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As a site keeps them: about 2.8 megapixels, JPEG quality 85.
    Web,
    /// As a camera writes them: 8 to 24 megapixels, JPEG quality 92.
    Phone,
}

impl Shape {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Phone => "phone",
        }
    }

    /// How often each photo is asked for in one run.
    pub(crate) fn repeats(self) -> usize {
        match self {
            Self::Web => 6,
            Self::Phone => 4,
        }
    }

    pub(crate) fn works(self) -> Vec<Work> {
        let work = |side, format, quality| Work { side, format, quality };
        match self {
            Self::Web => vec![
                work(512, Format::Jpeg, 80),
                work(512, Format::Png, 0),
                work(512, Format::Webp, 75),
                work(512, Format::Avif, 65),
            ],
            Self::Phone => [256, 512, 800]
                .into_iter()
                .flat_map(|side| [work(side, Format::Jpeg, 80), work(side, Format::Webp, 75)])
                .collect(),
        }
    }
}

/// A format of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Jpeg,
    Png,
    Webp,
    Avif,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Avif => "AVIF",
        }
    }

    /// The last part of a file's name.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Avif => "avif",
        }
    }

    /// The name that media types and most servers use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            other => other.extension(),
        }
    }

    /// Whether a file begins as this format does.
    pub(crate) fn is_that_of(self, bytes: &[u8]) -> bool {
        match self {
            Self::Jpeg => bytes.starts_with(&[0xff, 0xd8]),
            Self::Png => bytes.starts_with(b"\x89PNG"),
            Self::Webp => bytes.get(8..12) == Some(b"WEBP"),
            Self::Avif => bytes.get(4..12) == Some(b"ftypavif"),
        }
    }
}

/// A picture fitted into a square, as a format at a quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) side: u32,
    pub(crate) format: Format,
    /// The encoder's number, which means something else to every encoder; PNG has none.
    pub(crate) quality: u8,
}

impl Work {
    pub(crate) fn name(self) -> String {
        let name = format!("{} px {}", self.side, self.format.name());
        if self.format == Format::Png { name } else { format!("{name} q{}", self.quality) }
    }
}
