//! What an error of the image engine means to a client.

use image_engine::EngineError;
use shared_types::{ErrorCode, ImageFormat};

use crate::http::ApiError;

/// Code, parameter at fault, and the sentence for the client.
pub fn describe(error: &EngineError) -> (ErrorCode, Option<String>, String) {
    match error {
        EngineError::NotAnImage => {
            let formats = ImageFormat::ALL.map(ImageFormat::extension).join(", ");
            (
                ErrorCode::UnsupportedFormat,
                None,
                format!("The bytes are not a picture in a format that is read here: {formats}."),
            )
        }
        EngineError::Unsupported(what) => {
            (ErrorCode::UnsupportedFormat, None, format!("The picture uses a feature that is not supported: {what}."))
        }
        EngineError::TooLarge { what, actual, limit } => (
            ErrorCode::TooManyPixels,
            None,
            format!("The picture has {actual} {what}; at most {limit} are allowed here."),
        ),
        EngineError::Corrupt(what) => (
            ErrorCode::Undecodable,
            None,
            format!("The picture is truncated or corrupt ({what}); check that the file is whole and send it again."),
        ),
        EngineError::InvalidTransform { parameter, reason } => {
            (ErrorCode::InvalidParameter, Some((*parameter).to_owned()), format!("`{parameter}` {reason}."))
        }
        EngineError::GoalUnreachable(why) => {
            (ErrorCode::GoalUnreachable, None, format!("No file is as it should be: {why}."))
        }
        EngineError::Encode(what) => (ErrorCode::Internal, None, format!("The picture could not be encoded ({what}).")),
        EngineError::Stopped => {
            (ErrorCode::Overloaded, None, "The work was given up because nobody waited for it; try again.".to_owned())
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let (code, parameter, detail) = describe(&error);
        let mut told = Self::new(code, detail);
        told.parameter = parameter;
        told
    }
}
