//! `/i/{id}[.ext]` and `/download/{id}[.ext]`: originals and variants.

mod conditional;
mod info;
mod negotiate;
mod respond;

use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use shared_types::transform::{FormatChoice, Presets};
use shared_types::{ErrorCode, ImageFormat, ImageId, OutputFormat, TransformError, TransformQuery};

pub(super) use info::info;

use super::HttpState;
use super::access::As;
use super::query::{Query, parse_id, segment};
use crate::app::{Delivery, Wanted};
use crate::domain::Caller;

/// What the URL and the headers ask for.
struct Asked {
    id: ImageId,
    query: TransformQuery,
    /// `download=name`: save under this name, or under the image's own if it is empty.
    download: Option<String>,
    /// The preset that `transform` named, whose meaning the settings may change.
    preset: Option<String>,
    /// Whether nothing is to be sent.
    looks_only: bool,
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
    let path = segment(&request, "file");
    let path = path.split_once('.').map_or((path, None), |(id, extension)| (id, Some(extension)));
    let asked = asked(&request, &state.presets, path, Query::of(&request))?;
    let (delivery, facets) = found(&request, &state, &caller, asked).await?;
    let representation = respond::Representation::new(&delivery, facets);
    if let Some(answer) = conditional::evaluate(&request, &representation)? {
        return Ok(answer);
    }
    let content = state.services.content(&delivery).await?;
    respond::send(&request, &representation, content)
}

/// Which representation is meant.
async fn found(
    request: &HttpRequest,
    state: &HttpState,
    caller: &Caller,
    mut asked: Asked,
) -> Result<(Delivery, respond::Facets), ApiError> {
    let image = state.services.image(caller, asked.id).await?;
    let saved = asked.is_saved(request);
    if image.facts.format.is_vector() && !saved {
        asked.show_drawn();
    }
    let accepted = match asked.query.format {
        FormatChoice::Auto => negotiate::accepted(request, image.facts.format),
        FormatChoice::Source | FormatChoice::Fixed(_) => Vec::new(),
    };
    let facets = respond::Facets::new(&asked.query, asked.download, asked.preset.is_some());
    let query = asked.query;
    let preset = asked.preset.as_deref();
    let mut wanted = Wanted::negotiate(query.transform, query.format, query.name, &image, &accepted, saved, preset);
    if let Some(choice) = &mut wanted.choice {
        choice.looks_only = asked.looks_only;
    }
    Ok((state.services.resolve(caller, image, wanted).await?, facets))
}

fn asked(
    request: &HttpRequest,
    presets: &Presets,
    (id, extension): (&str, Option<&str>),
    mut pairs: Query<'_>,
) -> Result<Asked, ApiError> {
    let id = parse_id(id)?;
    let extension = extension.map(format_of).transpose()?;
    let download = pairs.take("download")?;
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
    Ok(Asked { id, query, download, preset, looks_only: false })
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
