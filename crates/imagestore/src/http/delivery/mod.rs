//! `/i/{id}[.ext]` and `/download/{id}[.ext]`: originals and variants.

mod conditional;
mod negotiate;
mod respond;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use shared_types::transform::{FormatChoice, Presets};
use shared_types::{ErrorCode, ImageFormat, ImageId, OutputFormat, Transform, TransformError, TransformQuery};

use super::HttpState;
use super::access::As;
use super::query::{Query, parse_id, segment};
use crate::app::{Delivery, Wanted};
use crate::domain::{Caller, Image};

/// What the URL and the headers ask for.
struct Asked {
    id: ImageId,
    query: TransformQuery,
    /// `download=name`: save under this name, or under the image's own if it is empty.
    download: Option<String>,
    /// The preset that `transform` named, whose meaning the settings may change.
    preset: Option<String>,
    /// The token of a public link to an album, in place of a key.
    share: Option<String>,
}

impl Asked {
    /// Whether the client saves the answer, in the format that it has or names.
    fn is_saved(&self, request: &HttpRequest) -> bool {
        let to_save = self.download.is_some() || request.path().starts_with("/download/");
        to_save && self.query.format != FormatChoice::Auto
    }

    /// What may hold scripts is shown as a picture that is drawn of it, in a format that the client takes.
    fn show_drawn(&mut self) {
        if self.query.format == FormatChoice::Source && self.query.name.is_none() && self.query.transform.is_identity()
        {
            self.query.format = FormatChoice::Auto;
        }
    }
}

/// Sends the original or a variant, or says that the client has it already.
pub(super) async fn deliver(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let mut asked = asked(&request, &state.presets)?;
    let image = match &asked.share {
        Some(token) => state.services.shared_image(token, asked.id).await?,
        None => state.services.image(&caller, asked.id).await?,
    };
    let saved = asked.is_saved(&request);
    if image.facts.format.is_vector() && !saved {
        asked.show_drawn();
    }
    let accepted = match asked.query.format {
        FormatChoice::Auto => negotiate::accepted(&request, image.facts.format),
        FormatChoice::Source | FormatChoice::Fixed(_) => Vec::new(),
    };
    let facets = respond::Facets::new(&asked.query, asked.download, asked.preset.is_some());
    let query = asked.query;
    let preset = asked.preset.as_deref();
    let wanted = Wanted::negotiate(query.transform, query.format, query.name, &image, &accepted, saved, preset);
    let delivery = state.services.resolve(&caller, image, wanted).await?;
    answer(&request, &state, &delivery, facets).await
}

/// Sends an original to be saved under that name, if the caller may see it.
pub(super) async fn attachment(
    request: &HttpRequest,
    state: &HttpState,
    caller: &Caller,
    image: Arc<Image>,
    name: &str,
) -> Result<HttpResponse, ApiError> {
    let facets = respond::Facets::new(&TransformQuery::default(), Some(name.to_owned()), true);
    let (transform, format) = (Transform::default(), None);
    let wanted = Wanted { transform, format, name: None, saved: true, choice: None };
    let delivery = state.services.resolve(caller, image, wanted).await?;
    answer(request, state, &delivery, facets).await
}

async fn answer(
    request: &HttpRequest,
    state: &HttpState,
    delivery: &Delivery,
    facets: respond::Facets,
) -> Result<HttpResponse, ApiError> {
    let representation = respond::Representation::new(delivery, facets);
    if let Some(answer) = conditional::evaluate(request, &representation)? {
        return Ok(answer);
    }
    let content = state.services.content(delivery).await?;
    respond::send(request, &representation, content)
}

fn asked(request: &HttpRequest, presets: &Presets) -> Result<Asked, ApiError> {
    let (id, extension) = match segment(request, "file").split_once('.') {
        Some((id, extension)) => (id, Some(extension)),
        None => (segment(request, "file"), None),
    };
    let id = parse_id(id)?;
    let extension = extension.map(format_of).transpose()?;
    let mut pairs = Query::of(request);
    let (download, share) = (pairs.take("download")?, pairs.take("share")?);
    let (pairs, preset) = presets.expand(pairs.0, extension.is_some());
    let preset = preset.map(str::to_owned);
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let mut query = TransformQuery::parse(pairs, negotiate::hints(request)).map_err(told)?;
    query.format = match (extension, query.format) {
        (None, choice) => choice,
        (Some(format), FormatChoice::Source) => FormatChoice::Fixed(format),
        (Some(format), FormatChoice::Fixed(same)) if same == format => FormatChoice::Fixed(format),
        (Some(format), FormatChoice::Auto | FormatChoice::Fixed(_)) => {
            let reason = format!("contradicts the extension .{format}: give one of the two");
            return Err(TransformError::new("format", reason).into());
        }
    };
    Ok(Asked { id, query, download, preset, share })
}

fn format_of(extension: &str) -> Result<ImageFormat, ApiError> {
    ImageFormat::from_extension(extension).ok_or_else(|| {
        let detail = format!("There is no format with this extension; ask for one of {}.", OutputFormat::list());
        ApiError::new(ErrorCode::UnsupportedFormat, detail).parameter("extension")
    })
}

/// An unknown `type` is an unsupported type; every other fault is an invalid parameter.
fn told(error: TransformError) -> ApiError {
    let unsupported = error.parameter == "type";
    let mut told = ApiError::from(error);
    if unsupported {
        told.code = ErrorCode::UnsupportedFormat;
    }
    told
}
