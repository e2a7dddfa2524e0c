//! `/v1/compressions`: orders to make images smaller.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use service_kit::http::ApiError;
use shared_types::job::{JobsDocument, Priority, Task};
use shared_types::{Formats, Goal, ImageId, TransformError, VariantName};

use crate::app::MAX_JOBS;
use crate::domain::{Job, Order, Slot};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, job_document};
use crate::http::json::Fields;
use crate::http::query::{Query, transform_text};

/// The fields by which an order is given, here and for a backfill.
pub(super) const ORDER: &str = "target, max_bytes, q, formats, name, priority, transform, webhook";

/// `POST /v1/compressions`.
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
        return Ok(HttpResponse::Accepted().json(of_album(&base_url(&request, &state), &jobs, queued)));
    }
    let jobs = state.services.queue_jobs(&caller, &images, &order).await?;
    let base = base_url(&request, &state);
    let mut answer = HttpResponse::Accepted();
    if let [job] = &jobs[..] {
        answer.insert_header((LOCATION, format!("/v1/jobs/{}", job.id)));
    }
    let jobs = jobs.iter().map(|job| job_document(&base, job)).collect();
    Ok(answer.json(JobsDocument { jobs, cursor: None }))
}

/// The first of the jobs, as one page would list them, and how many there are.
fn of_album(base: &str, jobs: &[Job], queued: u64) -> Value {
    let jobs: Vec<_> = jobs.iter().map(|job| job_document(base, job)).collect();
    json!({ "jobs": jobs, "queued": queued, "cursor": null })
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
    let (target, max_bytes, q) = (fields.text("target")?, fields.text("max_bytes")?, fields.text("q")?);
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
        priority: fields.take("priority")?.unwrap_or(priority),
        webhook,
    })
}

/// Where it leads is looked at when it is called.
fn check_webhook(url: &str) -> Result<(), TransformError> {
    const MAX: usize = 2000;
    let valid = url.len() <= MAX && url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if valid { Ok(()) } else { Err(TransformError::new("webhook", "must be a URL such as https://example.org/told")) }
}
