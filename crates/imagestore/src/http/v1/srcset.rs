//! `/v1/images/{id}/srcset`: a picture in several sizes and formats, as a page names them.

use actix_web::http::header::{Accept, CACHE_CONTROL, CONTENT_SECURITY_POLICY, Header, VARY, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, mime, web};
use service_kit::http::ApiError;
use service_kit::openapi::{NotFound, Unprocessable};
use shared_types::transform::parameters::{PARAMETERS, Parameter as VariantParameter};
use shared_types::transform::{ClientHints, MAX_SIDE};
use shared_types::{ImageFormat, ImageId, OutputFormat, TransformError, TransformQuery};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, OpenApi};

use crate::app::Wish;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::base_url;
use crate::http::markup::{Attributes, PictureDocument};
use crate::http::query::{Query, parse_id, segment};

/// The most widths, and formats, of one answer.
const MOST: usize = 20;

/// The most characters of `alt` and of `sizes`.
const MAX_ALT: usize = 2000;
const MAX_SIZES: usize = 500;

/// What the widths, the formats and the page say already.
const SAID_ELSEWHERE: [(&str, &str); 6] = [
    ("w", "is said by `widths` here"),
    ("h", "follows from the widths here: cut with `crop`"),
    ("dpr", "has no place here: give all pixels in `widths`"),
    ("type", "is said by `formats` here"),
    ("transform", "has no place here: give its parameters"),
    ("download", "has no place here"),
];

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(get))]
pub(in crate::http) struct Description;

/// The parameters of a variant that have a place here.
struct Further;

impl IntoParams for Further {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let is_own = |name: &str| name == "format" || SAID_ELSEWHERE.iter().any(|(said, _)| *said == name);
        PARAMETERS.iter().filter(|parameter| !is_own(parameter.name)).map(VariantParameter::described).collect()
    }
}

/// A picture in several sizes and formats, as a page names them.
///
/// As JSON with `html` in it, or as HTML alone for whom prefers it. Parameters of a variant hold for each of the pictures.
#[utoipa::path(
    get, path = "/v1/images/{id}/srcset", tag = "images", operation_id = "getSrcset",
    params(
        ("id" = ImageId, Path, description = "The image."),
        ("widths" = Option<String>, Query, description = "Up to 20 widths in pixels with commas between them; by default the usual ones up to the picture's own.", pattern = "^[0-9 ]+(,[0-9 ]+)*$", example = "320,640"),
        ("formats" = Option<String>, Query, description = "Formats with commas between them, the last one for every browser; by default those that suit the picture.", pattern = "^[A-Za-z ]+(,[A-Za-z ]+)*$", example = "avif,jpg"),
        ("sizes" = Option<String>, Query, description = "How wide it is shown, as `sizes` of HTML; `100vw` by default.", max_length = 500, example = "50vw"),
        ("alt" = Option<String>, Query, description = "The text in its place.", max_length = 2000, example = "Holiday"),
        ("format" = Option<String>, Query, description = "`html` or `json`; by default what `Accept` prefers.", pattern = "^(html|json)$", example = "json"),
        Further,
    ),
    responses(
        (
            status = 200, description = "The picture.",
            content((PictureDocument = "application/json"), (String = "text/html")),
            headers(("Vary" = String, description = "`Accept`.")),
        ),
        (status = 404, response = NotFound),
        (status = 422, response = Unprocessable),
    ),
)]
pub(in crate::http) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    let Asked { wish, attributes, html } = asked(&request)?;
    let offer = state.services.srcset(&caller, id, wish).await?;
    let document = PictureDocument::new(&base_url(&request, &state), &offer, attributes);
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((VARY, "Accept"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if html {
        // To be put into a page; opened by itself it is text of a stranger.
        let policy = "default-src 'none'; img-src *; sandbox; frame-ancestors 'none'";
        return Ok(answer
            .insert_header((CONTENT_SECURITY_POLICY, policy))
            .content_type("text/html; charset=utf-8")
            .body(document.html));
    }
    Ok(answer.json(document))
}

struct Asked {
    wish: Wish,
    attributes: Attributes,
    html: bool,
}

fn asked(request: &HttpRequest) -> Result<Asked, TransformError> {
    let mut query = Query::of(request);
    for (name, reason) in SAID_ELSEWHERE {
        if query.take(name)?.is_some() {
            return Err(TransformError::new(name, reason));
        }
    }
    let widths = list(query.take("widths")?, "widths", width)?;
    let formats = list(query.take("formats")?, "formats", format)?;
    let attributes = Attributes {
        alt: bounded(query.take("alt")?, "alt", MAX_ALT)?.unwrap_or_default(),
        sizes: bounded(query.take("sizes")?, "sizes", MAX_SIZES)?.unwrap_or_else(|| "100vw".to_owned()),
    };
    let html = match query.take("format")?.as_deref() {
        Some("html") => true,
        Some("json") => false,
        Some(_) => return Err(TransformError::new("format", "must be html or json here; pictures' are `formats`")),
        None => wants_html(request),
    };
    // How a picture meets its width can be said only beside one.
    let pairs = query.0.iter().map(|(name, value)| (&**name, &**value)).chain([("w", "1")]);
    let transform = TransformQuery::parse(pairs, ClientHints::default())?.transform;
    Ok(Asked { wish: Wish { transform, widths, formats }, attributes, html })
}

fn list<T>(
    text: Option<String>,
    name: &str,
    read: impl Fn(&str) -> Result<T, TransformError>,
) -> Result<Vec<T>, TransformError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let parts: Vec<_> = text.split(',').collect();
    if parts.len() > MOST {
        return Err(TransformError::new(name, format!("has more than {MOST} entries")));
    }
    parts.into_iter().map(|part| read(part.trim())).collect()
}

fn width(text: &str) -> Result<u32, TransformError> {
    text.parse().ok().filter(|width| (1..=MAX_SIDE).contains(width)).ok_or_else(|| {
        TransformError::new(
            "widths",
            format!("must be numbers of pixels from 1 to {MAX_SIDE}, with commas between them"),
        )
    })
}

fn format(text: &str) -> Result<OutputFormat, TransformError> {
    ImageFormat::from_extension(text).and_then(ImageFormat::as_output).ok_or_else(|| {
        let reason = format!("must be some of {}, with commas between them", OutputFormat::list());
        TransformError::new("formats", reason)
    })
}

fn bounded(text: Option<String>, name: &str, most: usize) -> Result<Option<String>, TransformError> {
    match text {
        Some(text) if text.chars().count() > most => {
            Err(TransformError::new(name, format!("must have at most {most} characters")))
        }
        text => Ok(text),
    }
}

/// Whether a page is what the client likes best.
fn wants_html(request: &HttpRequest) -> bool {
    Accept::parse(request).is_ok_and(|accept| accept.ranked().first().is_some_and(|best| *best == mime::TEXT_HTML))
}
