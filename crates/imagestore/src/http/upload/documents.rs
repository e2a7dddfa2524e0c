//! What an upload is answered.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use service_kit::http::ApiError;
use shared_types::job::JobDocument;
use shared_types::wire::{ImageDocument, VariantDocument};
use shared_types::{ImageId, Problem};
use utoipa::ToSchema;

use crate::app::Uploaded;
use crate::http::HttpState;
use crate::http::documents::{base_url, image_document, image_path, job_document};

/// An image's record, what only its upload can tell, and the fields by which older clients know an answer.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadedDocument {
    #[serde(flatten)]
    image: ImageDocument,
    /// Whether bytes were stored before that are the same.
    deduplicated: bool,
    /// What deletes the image without a key, if that was asked for. It is told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_token: Option<String>,
    /// The jobs that `then` asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jobs: Vec<JobDocument>,
    #[serde(flatten)]
    older: OlderFields,
}

/// The fields by which older clients know that an upload went well.
#[derive(Serialize, ToSchema)]
pub(super) struct OlderFields {
    /// `id` again.
    #[serde(rename = "image ID")]
    id: ImageId,
    /// Always `OK`.
    #[schema(example = "OK")]
    status: &'static str,
    /// What happened, in a sentence.
    message: &'static str,
}

impl OlderFields {
    fn new(id: ImageId, message: &'static str) -> Self {
        Self { id, status: "OK", message }
    }
}

/// Data that was stored as a variant of an image.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadedVariantDocument {
    #[serde(flatten)]
    variant: VariantDocument,
    #[serde(flatten)]
    older: OlderFields,
}

impl UploadedVariantDocument {
    pub(super) fn new(image: ImageId, variant: VariantDocument) -> Self {
        Self { variant, older: OlderFields::new(image, "The variant is stored.") }
    }
}

/// What became of several files, in their order.
#[derive(Serialize, ToSchema)]
pub(super) struct ResultsDocument {
    /// One for each file.
    results: Vec<ResultDocument>,
}

/// What became of one file of several.
#[derive(Serialize, ToSchema)]
struct ResultDocument {
    /// The status that it would have alone.
    #[schema(example = 201)]
    status: u16,
    /// Its record, if it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<UploadedDocument>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// What a new image, several, or a variant is answered; for the description.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "each is sent as itself")]
pub(super) enum UploadAnswer {
    /// Of one file.
    Image(Box<UploadedDocument>),
    /// Of several.
    Results(ResultsDocument),
    /// Of `data` with `id` and `transform`.
    Variant(UploadedVariantDocument),
}

/// 201 for a new image, 200 for one that was there before.
pub(super) fn created(request: &HttpRequest, state: &HttpState, uploaded: &Uploaded) -> HttpResponse {
    HttpResponse::build(status_of(uploaded))
        .insert_header((LOCATION, image_path(uploaded.image.id)))
        .json(document(&base_url(request, state), uploaded))
}

fn status_of(uploaded: &Uploaded) -> StatusCode {
    if uploaded.is_new { StatusCode::CREATED } else { StatusCode::OK }
}

fn document(base: &str, uploaded: &Uploaded) -> UploadedDocument {
    let message = if uploaded.is_new { "The image is stored." } else { "The image was stored before." };
    UploadedDocument {
        image: image_document(base, &uploaded.image),
        deduplicated: uploaded.deduplicated,
        delete_token: uploaded.delete_token.as_ref().map(|token| token.as_str().to_owned()),
        jobs: uploaded.jobs.iter().map(|job| job_document(base, job)).collect(),
        older: OlderFields::new(uploaded.image.id, message),
    }
}

/// 201 when every file was stored, 207 when some were, else the first failure's status; each file has its own result.
pub(super) fn several(
    request: &HttpRequest,
    state: &HttpState,
    results: Vec<Result<Uploaded, ApiError>>,
) -> HttpResponse {
    let base = base_url(request, state);
    let stored = results.iter().filter(|result| result.is_ok()).count();
    let first_failure = results.iter().find_map(|result| result.as_ref().err()).map(|error| error.code.status());
    let status = match first_failure {
        None => StatusCode::CREATED,
        Some(_) if stored > 0 => StatusCode::MULTI_STATUS,
        Some(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let result = |result: Result<Uploaded, ApiError>| match result {
        Ok(uploaded) => ResultDocument {
            status: status_of(&uploaded).as_u16(),
            image: Some(document(&base, &uploaded)),
            problem: None,
        },
        Err(error) => ResultDocument { status: error.code.status(), image: None, problem: Some(error.problem()) },
    };
    HttpResponse::build(status).json(ResultsDocument { results: results.into_iter().map(result).collect() })
}
