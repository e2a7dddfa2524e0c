//! `/v1/compressions`: orders to make images smaller.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use service_kit::http::ApiError;
use service_kit::openapi::NotFound;
use shared_types::job::{JobDocument, Priority, Task};
use shared_types::{AlbumId, Formats, Goal, ImageId, TransformError, VariantName};
use utoipa::{OpenApi, ToSchema};

use crate::app::MAX_JOBS;
use crate::domain::{Job, Order, Slot};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::{Changing, NumberOrText, TextOrTexts};
use crate::http::documents::{base_url, job_document};
use crate::http::json::Fields;
use crate::http::query::{Query, transform_text};

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(
    paths(create),
    tags((name = "jobs", description = "Orders to make images smaller, and what becomes of them.")),
)]
pub(in crate::http) struct Description;

/// Which images are to be made smaller, by one of `image_id`, `ids` and `album`, and how.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "image_id": "01890a5d-ac96-774b-bcce-b302099a8057", "target": "high", "formats": "auto" }))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what is read by hand")]
struct CompressionOrder {
    /// One image.
    image_id: Option<ImageId>,
    /// Several images.
    #[schema(min_items = 1, max_items = 500)]
    ids: Option<Vec<ImageId>>,
    /// All images of an album.
    album: Option<AlbumId>,
    /// How good it is to look: a SSIMULACRA2 score from 10 to 100, or `visually-lossless`, `high` (which is meant where nothing is said),
    /// `medium`, `low`; `lossless` keeps every pixel. One of `target`, `max_bytes` and `q`.
    #[schema(value_type = Option<NumberOrText>, example = "high")]
    target: Option<String>,
    /// How many bytes it may have.
    #[schema(value_type = Option<NumberOrText>)]
    max_bytes: Option<String>,
    /// The encoder's quality, 1 to 100.
    #[schema(value_type = Option<NumberOrText>)]
    q: Option<String>,
    /// The formats to choose from: `auto`, `same`, or some of jpg, png, webp, avif, gif, bmp, tiff, qoi, jxl.
    #[schema(value_type = Option<TextOrTexts>, example = json!(["webp", "avif"]))]
    formats: Option<Vec<String>>,
    /// What the variant is called: `compress` if nothing is said.
    name: Option<VariantName>,
    /// What goes first, 9 before 0.
    #[schema(value_type = Option<NumberOrText>, example = 5)]
    priority: Option<String>,
    /// What is done to the pixels first, as in the query of an address; presets by `transform=NAME`.
    #[schema(example = "w=1024")]
    transform: Option<String>,
    /// Where the end of each job is told: the job's record is sent there by `POST`.
    #[schema(max_length = 2000, example = "https://example.org/told")]
    webhook: Option<String>,
}

/// Jobs that were queued.
#[derive(Serialize, ToSchema)]
struct OrderedJobs {
    /// One for each image; of an album the first ones.
    jobs: Vec<JobDocument>,
    /// How many there are, for an album.
    #[serde(skip_serializing_if = "Option::is_none")]
    queued: Option<u64>,
}

/// The fields by which an order is given, here and for a backfill.
pub(super) const ORDER: &str = "target, max_bytes, q, formats, name, priority, transform, webhook";

/// Order images to be made smaller.
///
/// One job for each image; a compressing service takes it, and its result becomes the variant `name`. An order that is queued already is
/// not queued again: the answer has the job that there is.
#[utoipa::path(
    post, path = "/v1/compressions", operation_id = "orderCompressions", tag = "jobs",
    request_body = CompressionOrder,
    responses(
        (
            status = 202, description = "The jobs, in the order of the images.", body = OrderedJobs,
            headers(("Location" = String, description = "The path of the job, if it is one.")),
        ),
        (status = 404, response = NotFound),
        Changing,
    ),
)]
pub(in crate::http) async fn create(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let album = fields.take("album")?;
    let images = if album.is_none() { images(&mut fields)? } else { Vec::new() };
    let order = order(&mut fields, &state, Priority::NORMAL)?;
    fields.finish(&format!("image_id, ids, album (one of the three), {ORDER}"))?;
    if let Some(album) = album {
        let (jobs, queued) = state.services.queue_album_jobs(&caller, album, &order).await?;
        return Ok(HttpResponse::Accepted().json(ordered(&request, &state, &jobs, Some(queued))));
    }
    let jobs = state.services.queue_jobs(&caller, &images, &order).await?;
    let mut answer = HttpResponse::Accepted();
    if let [job] = &jobs[..] {
        answer.insert_header((LOCATION, format!("/v1/jobs/{}", job.id)));
    }
    Ok(answer.json(ordered(&request, &state, &jobs, None)))
}

fn ordered(request: &HttpRequest, state: &HttpState, jobs: &[Job], queued: Option<u64>) -> OrderedJobs {
    let base = base_url(request, state);
    OrderedJobs { jobs: jobs.iter().map(|job| job_document(&base, job)).collect(), queued }
}

fn images(fields: &mut Fields) -> Result<Vec<ImageId>, TransformError> {
    let several = fields.texts("ids")?;
    match (fields.take("image_id")?, several) {
        (Some(one), None) => Ok(vec![one]),
        (None, Some(several)) if (1..=MAX_JOBS as usize).contains(&several.len()) => {
            let ids = several.iter().map(|id| id.parse());
            ids.collect::<Result<_, _>>().map_err(|error| TransformError::new("ids", format!("is not valid: {error}")))
        }
        (None, Some(_)) => Err(TransformError::new("ids", format!("must name 1 to {MAX_JOBS} images"))),
        (Some(_), Some(_)) => Err(TransformError::new("ids", "contradicts image_id: give one of the two")),
        (None, None) => Err(TransformError::new("image_id", "is missing: say which image, or which ones in `ids`")),
    }
}

/// What is to be made, and where it goes.
pub(super) fn order(fields: &mut Fields, state: &HttpState, priority: Priority) -> Result<Order, ApiError> {
    let (target, max_bytes, q) = (fields.plain("target")?, fields.plain("max_bytes")?, fields.plain("q")?);
    let goal = Goal::from_parameters(target.as_deref(), max_bytes.as_deref(), q.as_deref())?;
    let name = fields.take("name")?.unwrap_or_else(VariantName::compress);
    state.presets.check_free(&name)?;
    let formats = fields.texts("formats")?.map(|formats| formats.join(",").parse()).transpose();
    let webhook = fields.text("webhook")?;
    webhook.as_deref().map(check_webhook).transpose()?;
    let transform = fields.text("transform")?.unwrap_or_default();
    Ok(Order {
        task: Task {
            transform: transform_text(&transform, &state.presets)?,
            goal: Some(goal.unwrap_or(Goal::DEFAULT)),
            formats: formats.map_err(|reason| TransformError::new("formats", reason))?.unwrap_or(Formats::Auto),
        },
        slot: Slot::Named(name),
        priority: fields.take_plain("priority")?.unwrap_or(priority),
        webhook,
    })
}

/// Where it leads is looked at when it is called.
fn check_webhook(url: &str) -> Result<(), TransformError> {
    const MAX: usize = 2000;
    let valid = url.len() <= MAX && url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if valid { Ok(()) } else { Err(TransformError::new("webhook", "must be a URL such as https://example.org/told")) }
}
