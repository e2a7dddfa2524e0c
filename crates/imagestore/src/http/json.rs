//! Small JSON documents in requests.

use std::str::FromStr;

use actix_web::{HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use service_kit::http::ApiError;
use shared_types::{ErrorCode, TransformError};

use super::HttpState;
use super::upload::body;
use crate::domain::{FieldChange, Tags};

/// The most bytes of a document that orders something.
const BYTES: usize = 256 * 1024;

/// Reads the body as a document of that kind: one that the other service writes.
pub(super) async fn read<T: DeserializeOwned>(
    state: &HttpState,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<T, ApiError> {
    parse(&body::gather(&state.bodies, request, payload, BYTES).await?)
}

/// Reads a document; the field that is not as expected is named.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    /// What clients call their own is not repeated at any length.
    const LONGEST_NAME: usize = 64;
    let mut reader = serde_json::Deserializer::from_slice(body);
    let document = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (problem, field) = (malformed(error.inner()), error.path().to_string());
        // A document that is none as a whole has no field at fault.
        if field == "." || field.len() > LONGEST_NAME { problem } else { problem.parameter(field) }
    })?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(document)
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::new(ErrorCode::InvalidBody, format!("The body is not the JSON document expected here: {error}."))
}

/// The fields of a document that a client wrote: each is taken by its name, and what is wrong is told by it.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the body as an object.
    pub(super) async fn read(
        state: &HttpState,
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<Self, ApiError> {
        Ok(Self(read(state, request, payload).await?))
    }

    /// The same of a body that may be empty.
    pub(super) async fn read_or_none(
        state: &HttpState,
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<Self, ApiError> {
        let body = body::gather(&state.bodies, request, payload, BYTES).await?;
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        parse(&body).map(Self)
    }

    /// What becomes of a field: `null` empties it.
    pub(super) fn change(&mut self, name: &str) -> Result<FieldChange<String>, TransformError> {
        match self.0.remove(name) {
            None => Ok(FieldChange::Keep),
            Some(Value::Null) => Ok(FieldChange::Clear),
            Some(Value::String(text)) => Ok(FieldChange::To(text)),
            Some(_) => Err(TransformError::new(name, "must be a text, or null for none")),
        }
    }

    /// Fields within a field.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, TransformError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Self(fields))),
            Some(_) => Err(TransformError::new(name, "must be an object")),
        }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, TransformError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TransformError::new(name, "must be a text")),
        }
    }

    /// A number as it is written, or a text.
    pub(super) fn plain(&mut self, name: &str) -> Result<Option<String>, TransformError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                plain(value).map(Some).ok_or_else(|| TransformError::new(name, "must be a text or a number"))
            }
        }
    }

    /// Texts: as a list, or one alone.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, TransformError> {
        let wanted = || TransformError::new(name, "must be a text or a list of texts");
        let text = |value| if let Value::String(text) = value { Ok(text) } else { Err(wanted()) };
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(values)) => values.into_iter().map(text).collect::<Result<_, _>>().map(Some),
            Some(value) => Ok(Some(vec![text(value)?])),
        }
    }

    /// A value that reads itself from a text.
    pub(super) fn take<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, TransformError>
    where
        T::Err: ToString,
    {
        parsed(name, self.text(name)?)
    }

    /// The same where the text may be a number.
    pub(super) fn take_plain<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, TransformError>
    where
        T::Err: ToString,
    {
        parsed(name, self.plain(name)?)
    }

    /// A number, or `null` for none; `otherwise` if the field is not there.
    pub(super) fn bound<T: TryFrom<i64>>(
        &mut self,
        name: &str,
        otherwise: Option<T>,
    ) -> Result<Option<T>, TransformError> {
        let wanted = || TransformError::new(name, "must be a whole number from 0 on, or null");
        match self.0.remove(name) {
            None => Ok(otherwise),
            Some(Value::Null) => Ok(None),
            // Numbers are kept as 63 bits.
            Some(value) => value.as_i64().and_then(|number| T::try_from(number).ok()).map(Some).ok_or_else(wanted),
        }
    }

    /// Tags, as a list or with commas between them.
    pub(super) fn tags(&mut self, name: &str) -> Result<Option<Tags>, TransformError> {
        let texts = self.texts(name)?;
        let tags = texts.map(|texts| texts.join(",").parse()).transpose();
        tags.map_err(|reason| TransformError::new(name, reason))
    }

    /// An object as it is; `null` is an empty one.
    pub(super) fn plain_object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, TransformError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(Map::new())),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(TransformError::new(name, "must be an object")),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, TransformError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(TransformError::new(name, "must be true or false")),
        }
    }

    /// Ends the reading: what is left is not a field here.
    pub(super) fn finish(self, known: &str) -> Result<(), TransformError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(TransformError::new(name, format!("is not a field; known are {known}"))),
        }
    }
}

fn parsed<T: FromStr>(name: &str, text: Option<String>) -> Result<Option<T>, TransformError>
where
    T::Err: ToString,
{
    text.map(|text| text.parse()).transpose().map_err(|error: T::Err| TransformError::new(name, error.to_string()))
}

fn plain(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
