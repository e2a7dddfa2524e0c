//! Reads what a client of `/compress/{id}` asks for.

use std::collections::BTreeMap;
use std::str::FromStr;

use actix_web::HttpRequest;
use service_kit::http::ApiError;
use shared_types::{ErrorCode, Formats, Goal, ImageFormat, OutputFormat, ParseIdError, TransformError};

use utoipa::IntoParams;

use crate::app::Wish;

/// The parameters, as the description tells them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "`wish` reads them; this only describes them")]
pub(super) struct CompressQuery {
    /// The format of the result; the original's own if nothing is said.
    #[param(rename = "type", inline, example = "webp")]
    kind: Option<OutputFormat>,
    /// Formats with commas between them, of which the smallest file is taken, or `auto`: those of jpg, webp, avif and png that suit the picture.
    #[param(value_type = Option<String>, pattern = "^(auto|same|[A-Za-z]{3,4}(,[A-Za-z]{3,4})*)$", example = "webp,jpg")]
    format: Option<Formats>,
    /// The smallest file that scores at least so much on SSIMULACRA2 against the original: `lossless`, `visually-lossless` (90), `high` (80,
    /// which is the default), `medium` (70), `low` (50) or a number from 10 to 100 with at most one decimal.
    #[param(value_type = Option<String>, pattern = r"^(lossless|visually-lossless|high|medium|low|[0-9]{2,3}(\.[0-9])?)$", example = "high")]
    target: Option<Goal>,
    /// The best-looking file that has no more bytes.
    #[param(minimum = 1, example = 200_000)]
    max_bytes: Option<u64>,
    /// This encoder quality, whatever comes of it.
    #[param(minimum = 1, maximum = 100, example = 75)]
    q: Option<u8>,
    /// Whether the answer does not wait for the result.
    #[param(rename = "async", value_type = Option<String>, pattern = "^[01]$", example = "1")]
    is_async: Option<bool>,
}

const KNOWN: [&str; 6] = ["type", "format", "target", "max_bytes", "q", "async"];

/// What is to be made, and whether the client will not wait for it.
pub(super) fn wish(request: &HttpRequest) -> Result<(Wish, bool), ApiError> {
    let id = id(request)?;
    let given = parameters(request)?;
    let get = |name: &str| given.get(name).map(String::as_str);
    let goal = Goal::from_parameters(get("target"), get("max_bytes"), get("q"))?.unwrap_or(Goal::DEFAULT);
    let formats = match (get("type"), get("format")) {
        (Some(_), Some(_)) => return Err(TransformError::new("format", "contradicts type: give one of the two").into()),
        (Some(one), None) => Formats::one(output_format(one)?),
        (None, Some(some)) => some.parse().map_err(|reason: String| unsupported("format", &reason))?,
        (None, None) => Formats::Same,
    };
    let is_async = match get("async") {
        None | Some("0") => false,
        Some("1") => true,
        Some(_) => return Err(TransformError::new("async", "must be 0 or 1").into()),
    };
    Ok((Wish { id, goal, formats }, is_async))
}

/// The id in the path, of an image or of a job.
pub(super) fn id<T: FromStr<Err = ParseIdError>>(request: &HttpRequest) -> Result<T, ApiError> {
    let text = request.match_info().get("id").unwrap_or_default();
    text.parse().map_err(|error| {
        ApiError::new(ErrorCode::InvalidParameter, format!("`id` is malformed: {error}.")).parameter("id")
    })
}

fn parameters(request: &HttpRequest) -> Result<BTreeMap<String, String>, ApiError> {
    let mut given = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        if !KNOWN.contains(&&*name) {
            let reason = format!("is not a parameter; known are {}", KNOWN.join(", "));
            return Err(TransformError::new(name, reason).into());
        }
        if given.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(TransformError::new(name, "is given more than once").into());
        }
    }
    Ok(given)
}

fn output_format(text: &str) -> Result<OutputFormat, ApiError> {
    let format = ImageFormat::from_extension(text).and_then(ImageFormat::as_output);
    format.ok_or_else(|| unsupported("type", &format!("must be one of {}", OutputFormat::list())))
}

fn unsupported(parameter: &str, reason: &str) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedFormat, format!("`{parameter}` {reason}.")).parameter(parameter)
}
