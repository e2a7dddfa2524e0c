//! `/i/{id}[.ext]` and `/download/{id}[.ext]`: originals and variants.

mod conditional;
mod description;
pub(super) mod info;
mod negotiate;
mod respond;
pub(super) mod sign;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use service_kit::http::ApiError;
use service_kit::openapi::{
    Full, NotFound, PreconditionFailed, RangeNotSatisfiable, TooLarge, Unprocessable, UnsupportedType,
};
use shared_types::transform::{ClientHints, FormatChoice, Presets};
use shared_types::{ErrorCode, ImageFormat, ImageId, OutputFormat, Transform, TransformError, TransformQuery};

pub(super) use self::description::description;
use self::description::{DeliveryParameters, FoundElsewhere, NotModified, PartOfPicture, Picture};
pub(super) use self::info::info;

use super::HttpState;
use super::access::{As, cookie};
use super::query::{Query, parse_id, segment};
use crate::app::{Asking, Delivery, Wanted};
use crate::domain::{Audience, Caller, Image, Signature};

/// What the URL and the headers ask for.
#[derive(Clone)]
struct Asked {
    id: ImageId,
    query: TransformQuery,
    /// `download=name`: save under this name, or under the image's own if it is empty.
    download: Option<String>,
    /// The preset that `transform` named, whose meaning the settings may change.
    preset: Option<String>,
    /// Whether the client saves the answer, in the format that it has or names.
    saved: bool,
    /// The revision of the image that the address is about.
    revision: Option<u64>,
    /// The token of a public link to an album, in place of a key.
    share: Option<String>,
    /// The first parameter that is neither a preset's name nor a format.
    own_parameter: Option<String>,
}

impl Asked {
    /// What may hold scripts is shown as a picture that is drawn of it, in a format that the client takes.
    fn show_drawn(&mut self, image: &Image) {
        let plain = self.query.format == FormatChoice::Source && self.query.name.is_none();
        if image.facts.format.is_vector() && !self.saved && plain && self.query.transform.is_identity() {
            self.query.format = FormatChoice::Auto;
        }
    }

    /// What decides who may ask for it.
    fn asking(&self, image: &Image) -> Asking<'_> {
        Asking::of(&self.query, image, self.own_parameter.as_deref())
    }

    /// What is wanted of the image by a client that takes these formats, best first.
    fn wanted(self, image: &Image, accepted: &[OutputFormat]) -> Wanted {
        let Self { query, saved, preset, .. } = self;
        Wanted::negotiate(query.transform, query.format, query.name, image, accepted, saved, preset.as_deref())
    }
}

/// A picture: the original untouched, or a variant of it.
///
/// `HEAD` tells the same without the bytes. A variant is made at most once. The original of an SVG, which may hold scripts, is only sent to be
/// saved; shown is a picture that is drawn of it.
#[utoipa::path(
    get, path = "/i/{file}", tag = "delivery", operation_id = "getPicture",
    params(
        (
            "file" = String, Path, pattern = "^[0-9A-Fa-f-]{36}(\\.[A-Za-z]{3,4})?$", example = "01890a5d-ac96-774b-bcce-b302099a8057.webp",
            description = "The id of the image, with the extension of the format that is wanted, or without one for that of the source.",
        ),
        DeliveryParameters,
    ),
    responses(
        (status = 200, response = Picture),
        (status = 206, response = PartOfPicture),
        (status = 302, response = FoundElsewhere),
        (status = 304, response = NotModified),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        (status = 413, response = TooLarge),
        (status = 415, response = UnsupportedType),
        (status = 416, response = RangeNotSatisfiable),
        (status = 422, response = Unprocessable),
        (status = 507, response = Full),
    ),
)]
pub(super) async fn deliver(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let (signature, query) = Signature::split(request.query_string())?;
    let caller = state.services.caller_at(caller, request.path(), &query, signature)?;
    let address = (request.path(), segment(&request, "file"));
    let asked = asked(address, &query, negotiate::hints(&request), &state.presets)?;
    let mut tries = 3;
    loop {
        let (delivery, facets) = meant(&request, &state, &caller, asked.clone()).await?;
        tries -= 1;
        match answer(&request, &state, &delivery, facets).await {
            // The image got another original, or lost its variants, since it was looked up.
            Err(error) if tries > 0 && matches!(error.code, ErrorCode::NotFound | ErrorCode::Outdated) => {}
            answer => return answer,
        }
    }
}

/// Which representation is meant, and what of the request shapes the answer.
async fn meant(
    request: &HttpRequest,
    state: &HttpState,
    caller: &Caller,
    mut asked: Asked,
) -> Result<(Delivery, respond::Facets), ApiError> {
    let image = match &asked.share {
        Some(token) => state.services.shared_image(token, asked.id).await?,
        None => state.services.image_to_show(caller, asked.id).await?,
    };
    asked.show_drawn(&image);
    let audience = match asked.asking(&image) {
        // A link to an album allows what its list names, like a signature: originals, formats and the album's preset.
        asking if asked.share.is_some() && asking.own_parameter.is_none() => Audience::Caller,
        asking => state.services.check_asking(caller, &image, &asking)?,
    };
    let accepted = match asked.query.format {
        FormatChoice::Auto => negotiate::accepted(request, image.facts.format),
        FormatChoice::Source | FormatChoice::Fixed(_) => Vec::new(),
    };
    let facets = respond::Facets::new(&asked.query, asked.download.take(), asked.preset.is_some(), audience);
    let revision = asked.revision;
    let wanted = asked.wanted(&image, &accepted);
    let delivery = state.services.resolve(caller, image, wanted).await?;
    Ok((delivery.pinned(revision)?, facets))
}

/// Sends an original to be saved under that name, if the caller may see it.
pub(super) async fn attachment(
    request: &HttpRequest,
    state: &HttpState,
    caller: &Caller,
    image: Arc<Image>,
    name: &str,
) -> Result<HttpResponse, ApiError> {
    let facets = respond::Facets::new(&TransformQuery::default(), Some(name.to_owned()), true, Audience::Anyone);
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
    if request.method() == Method::GET
        && !cookie::is_by_page(request)
        && let Some(answer) = elsewhere(state, delivery, &representation).await?
    {
        return Ok(answer);
    }
    let content = state.services.content(delivery).await?;
    respond::send(request, &representation, content)
}

/// The answer that names an address of the storage's own, where originals are sent from there. Not for scripts of the page: what they read of
/// another origin they could not use, unless that one agreed.
async fn elsewhere(
    state: &HttpState,
    delivery: &Delivery,
    representation: &respond::Representation,
) -> Result<Option<HttpResponse>, ApiError> {
    let Some(most) = state.services.redirect(delivery) else { return Ok(None) };
    let lifetime = representation.lifetime(most);
    let address = state.services.elsewhere(delivery, &representation.presented(), lifetime).await?;
    Ok(address.map(|address| representation.found_at(&address, lifetime)))
}

/// Reads an address: its path, the file that it names, and its query.
fn asked((path, file): (&str, &str), query: &str, hints: ClientHints, presets: &Presets) -> Result<Asked, ApiError> {
    let (id, extension) = match file.split_once('.') {
        Some((id, extension)) => (id, Some(extension)),
        None => (file, None),
    };
    let id = parse_id(id)?;
    let extension = extension.map(format_of).transpose()?;
    let mut pairs = Query::parse(query);
    let (download, share) = (pairs.take("download")?, pairs.take("share")?);
    let revision = revision(&mut pairs)?;
    let is_own = |name: &str| !matches!(name, "transform" | "format" | "type");
    let own_parameter = pairs.0.iter().find(|(name, _)| is_own(name)).map(|(name, _)| name.to_string());
    let (pairs, preset) = presets.expand(pairs.0, extension.is_some());
    let preset = preset.map(str::to_owned);
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let mut query = TransformQuery::parse(pairs, hints).map_err(told)?;
    query.format = match (extension, query.format) {
        (None, choice) => choice,
        (Some(format), FormatChoice::Source) => FormatChoice::Fixed(format),
        (Some(format), FormatChoice::Fixed(same)) if same == format => FormatChoice::Fixed(format),
        (Some(format), FormatChoice::Auto | FormatChoice::Fixed(_)) => {
            let reason = format!("contradicts the extension .{format}: give one of the two");
            return Err(TransformError::new("format", reason).into());
        }
    };
    let to_save = download.is_some() || path.starts_with("/download/");
    let saved = to_save && query.format != FormatChoice::Auto;
    Ok(Asked { id, query, download, preset, saved, revision, share, own_parameter })
}

fn revision(query: &mut Query<'_>) -> Result<Option<u64>, TransformError> {
    let number = |text: String| {
        let number = text.parse().ok().filter(|number| *number > 0);
        number.ok_or_else(|| TransformError::new("v", "must be the `revision` of the image: a whole number from 1 on"))
    };
    query.take("v")?.map(number).transpose()
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
