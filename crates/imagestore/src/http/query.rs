//! Paths and query strings.

use std::borrow::Cow;

use actix_web::HttpRequest;
use service_kit::http::ApiError;
use shared_types::{ErrorCode, ImageId, TransformError};

/// Decoded query parameters in the order of the URL.
pub(super) struct Query<'a>(pub(super) Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(super) fn of(request: &'a HttpRequest) -> Self {
        Self(form_urlencoded::parse(request.query_string().as_bytes()).collect())
    }

    /// Takes out the one parameter of that name.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<String>, TransformError> {
        let mut found = self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value.into_owned());
        let first = found.next();
        if found.next().is_some() {
            return Err(TransformError::new(name, "is given more than once"));
        }
        Ok(first)
    }

    /// Ends the reading: what is left is not a parameter here.
    pub(super) fn finish(self, known: &str) -> Result<(), TransformError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => {
                Err(TransformError::new(&**name, "is not a parameter; this address takes none"))
            }
            Some((name, _)) => Err(TransformError::new(&**name, format!("is not a parameter; known are {known}"))),
        }
    }
}

/// A segment of the path, decoded by the router.
pub(super) fn segment<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.match_info().get(name).unwrap_or_default()
}

/// The id in the path.
pub(super) fn image_id(text: &str) -> Result<ImageId, ApiError> {
    text.parse().map_err(|error| {
        ApiError::new(ErrorCode::InvalidParameter, format!("`id` is malformed: {error}.")).parameter("id")
    })
}
