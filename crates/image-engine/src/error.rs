//! Errors by what they mean to the caller.

/// Why a picture was not probed, verified or made. Texts are clauses that a client may read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Not a format that is read here, by the first bytes.
    #[error("not a picture in a known format")]
    NotAnImage,
    /// A known format with a feature that is not read here.
    #[error("unsupported feature: {0}")]
    Unsupported(String),
    /// Over one of the [`Limits`](crate::Limits); found before anything of that size was allocated.
    #[error("{actual} {what}, at most {limit}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        actual: u64,
        /// How many may be.
        limit: u64,
    },
    /// Truncated or damaged.
    #[error("truncated or corrupt: {0}")]
    Corrupt(String),
    /// The transform does not fit this picture.
    #[error("{parameter}: {reason}")]
    InvalidTransform {
        /// The parameter at fault.
        parameter: &'static str,
        /// A clause that reads after it.
        reason: String,
    },
    /// No file is as it should be: too few bytes for any, or too high a score.
    #[error("the goal cannot be reached: {0}")]
    GoalUnreachable(String),
    /// The encoder failed.
    #[error("cannot encode: {0}")]
    Encode(String),
    /// The caller said to stop.
    #[error("stopped")]
    Stopped,
}

impl From<image::ImageError> for EngineError {
    fn from(error: image::ImageError) -> Self {
        use image::ImageError as E;
        match error {
            E::Unsupported(error) => Self::Unsupported(error.to_string()),
            E::Limits(error) => Self::Unsupported(format!("it needs more memory than its size suggests ({error})")),
            E::Decoding(_) | E::IoError(_) | E::Parameter(_) => Self::Corrupt(short(&error)),
            E::Encoding(error) => Self::Encode(error.to_string()),
        }
    }
}

impl From<png::DecodingError> for EngineError {
    fn from(error: png::DecodingError) -> Self {
        match error {
            png::DecodingError::LimitsExceeded => {
                Self::Unsupported("it needs more memory than its size suggests".to_owned())
            }
            png::DecodingError::IoError(_) | png::DecodingError::Format(_) | png::DecodingError::Parameter(_) => {
                Self::Corrupt(short(&error))
            }
        }
    }
}

impl From<std::io::Error> for EngineError {
    fn from(error: std::io::Error) -> Self {
        Self::Corrupt(short(&error))
    }
}

/// One line without a final full stop: texts are put into sentences.
fn short(error: &dyn std::error::Error) -> String {
    let text = plain(&error.to_string());
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// The png crate shows a chunk as `ChunkType { type: IHDR, critical: true, … }`; its name is enough.
fn plain(text: &str) -> String {
    const BEFORE: &str = "ChunkType { type: ";
    let mut parts = text.split(BEFORE);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(',').unwrap_or((part, ""));
        plain.push_str(name);
        plain.push_str(rest.split_once('}').map_or("", |(_, rest)| rest));
    }
    plain
}
