//! A background image processor: upload a file with one operation, poll for the processed bytes.
//!
//! `POST /v1/upload`, `GET` and `DELETE /v1/image/{id}`. Its clients look for the `error` in a failure, which every problem document has.

use actix_multipart::Multipart;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use service_kit::http::ApiError;
use service_kit::http::route::{get, resource};
use service_kit::openapi::{Full, NotFound, Unprocessable, UnsupportedType};
use shared_types::job::{Priority, Task};
use shared_types::{ErrorCode, Formats, ImageFormat, ImageId, Transform, TransformError, TransformQuery, VariantName};
use utoipa::{OpenApi, ToSchema};

use crate::app::{AndThen, ContentBytes, Deletion, UploadOptions, Uploaded, Wanted};
use crate::domain::{Caller, ImageName, Order, Scope, Slot, StoreError};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described::{Bytes, Changing};
use crate::http::query::{Query, parse_id, segment};
use crate::http::upload::{body, multipart};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(upload, processed, delete),
    tags((name = "older processor", description = "The interface of an older service: a file with one operation, and the processed bytes later.")),
)]
pub(in crate::http) struct Description;

/// A file, and what is to be made of it. Fields that the operation does not need are not looked at.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "operation", rename_all = "lowercase")]
#[expect(dead_code, reason = "describes what is read by hand")]
enum ProcessingForm {
    /// A picture of another size.
    Resize {
        /// A JPEG, PNG or WebP picture of at most 10 MiB.
        #[schema(value_type = String, format = Binary)]
        file: Vec<u8>,
        /// In pixels.
        #[schema(minimum = 10, maximum = 10_000, example = 640)]
        width: u32,
        /// In pixels.
        #[schema(minimum = 10, maximum = 10_000, example = 480)]
        height: u32,
    },
    /// A picture of 150 by 150 pixels.
    Thumbnail {
        /// A JPEG, PNG or WebP picture of at most 10 MiB.
        #[schema(value_type = String, format = Binary)]
        file: Vec<u8>,
    },
    /// A picture with a text in its lower right corner.
    Watermark {
        /// A JPEG, PNG or WebP picture of at most 10 MiB.
        #[schema(value_type = String, format = Binary)]
        file: Vec<u8>,
        /// What is written.
        #[schema(min_length = 10, max_length = 64, example = "(c) Anna 2026")]
        text: String,
    },
}

/// What was taken in.
#[derive(Serialize, ToSchema)]
struct TakenIn {
    /// The image: `GET /v1/image/{id}` gives what was made of it.
    image_id: ImageId,
    /// What the client called the file.
    original_name: String,
    /// Its bytes.
    size: u64,
    /// Its media type, by its content.
    #[schema(example = "image/jpeg")]
    content_type: &'static str,
    /// Always `pending`.
    #[schema(example = "pending")]
    status: &'static str,
    /// `resize`, `thumbnail` or `watermark`.
    #[schema(example = "thumbnail")]
    operation: String,
    /// When it was taken in, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
}

/// The most bytes of a file, the sides of a resize, and the characters of a watermark.
const FILE_BYTES: u64 = 10 * 1024 * 1024;
const SIDES: std::ops::RangeInclusive<u32> = 10..=10_000;
const TEXT: std::ops::RangeInclusive<usize> = 10..=64;

/// The most bytes of a field that is not the file.
const FIELD_BYTES: usize = 1024;

pub(in crate::http) fn configure(config: &mut ServiceConfig) {
    let image = vec![(Method::GET, get().to(processed)), (Method::DELETE, web::delete().to(delete))];
    config
        .service(resource("/v1/upload", vec![(Method::POST, web::post().to(upload))]))
        .service(resource("/v1/image/{id}", image));
}

/// The fields of the form beside the file.
#[derive(Default)]
struct Form {
    operation: Option<String>,
    width: Option<String>,
    height: Option<String>,
    text: Option<String>,
}

/// Upload a file and order what is to be made of it.
///
/// A form with `file`, `operation` and what the operation needs, in any order.
#[utoipa::path(
    post, path = "/v1/upload", operation_id = "uploadForProcessing", tag = "older processor",
    request_body(content = ProcessingForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "It is stored, and the work is queued.", body = TakenIn),
        (status = 415, response = UnsupportedType),
        (status = 422, response = Unprocessable),
        Changing,
    ),
)]
async fn upload(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("").map_err(ApiError::from)?;
    caller.require(Scope::Write)?;
    let mut parts = Multipart::new(request.headers(), payload);
    let (mut form, mut received) = (Form::default(), None);
    while let Some(part) = body::next(&state.bodies, &mut parts).await? {
        let part = part.map_err(multipart::unreadable)?;
        match part.name().unwrap_or_default() {
            "file" if received.is_none() => received = Some(file(&state, &caller, part).await?),
            "file" => return Err(TransformError::new("file", "is given more than once").into()),
            "operation" => form.operation = Some(field(&state, part).await?),
            "width" => form.width = Some(field(&state, part).await?),
            "height" => form.height = Some(field(&state, part).await?),
            "text" => form.text = Some(field(&state, part).await?),
            _ => multipart::skip(&state, part, FIELD_BYTES as u64).await?,
        }
    }
    let (mut received, name) = received.ok_or_else(|| {
        let detail = "The form has no file in it; send it in a part called `file`.";
        ApiError::new(ErrorCode::MissingImage, detail).parameter("file")
    })?;
    let format = received.recognise()?;
    if !accepted(format) {
        return Err(unsupported());
    }
    let (operation, transform) = form.operation()?;
    let order = Order {
        task: Task { transform: transform.to_string(), goal: None, formats: Formats::one(format.default_output()) },
        slot: Slot::Named(result_name()),
        priority: Priority::NORMAL,
        webhook: None,
    };
    let options = UploadOptions { then: vec![AndThen::Order(order)], ..UploadOptions::default() };
    let uploaded = received.finish(name, &options).await?;
    Ok(HttpResponse::Created().json(document(&uploaded, operation)))
}

async fn file(
    state: &HttpState,
    caller: &Caller,
    mut part: actix_multipart::Field,
) -> Result<(crate::app::Receiving, Option<ImageName>), ApiError> {
    let name = part.content_disposition().and_then(|disposition| disposition.get_filename());
    let name = name.and_then(ImageName::from_client);
    let mut receiving = state.services.receive_image(caller).await?;
    while let Some(piece) = body::next(&state.bodies, &mut part).await? {
        receiving.write(piece.map_err(multipart::unreadable)?).await?;
        if receiving.bytes() > FILE_BYTES {
            let detail = format!("A file may have at most {FILE_BYTES} bytes here; POST /v1/images takes larger ones.");
            return Err(ApiError::new(ErrorCode::TooManyBytes, detail).parameter("file"));
        }
    }
    if receiving.bytes() == 0 {
        return Err(ApiError::new(ErrorCode::MissingImage, "The file is empty.").parameter("file"));
    }
    Ok((receiving, name))
}

async fn field(state: &HttpState, mut part: actix_multipart::Field) -> Result<String, ApiError> {
    let name = part.name().unwrap_or_default().to_owned();
    let mut text = Vec::new();
    while let Some(piece) = body::next(&state.bodies, &mut part).await? {
        text.extend_from_slice(&piece.map_err(multipart::unreadable)?);
        if text.len() > FIELD_BYTES {
            return Err(TransformError::new(name, "is too long").into());
        }
    }
    String::from_utf8(text).map_err(|_| TransformError::new(name, "must be text in UTF-8").into())
}

fn accepted(format: ImageFormat) -> bool {
    matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
}

fn unsupported() -> ApiError {
    let detail = "The file must be a JPEG, PNG or WebP picture here; POST /v1/images takes more formats.";
    ApiError::new(ErrorCode::UnsupportedFormat, detail).parameter("file")
}

/// The variant in which the processed picture is kept.
fn result_name() -> VariantName {
    VariantName::processed()
}

impl Form {
    /// The operation's name and what it does to the pixels.
    fn operation(self) -> Result<(String, Transform), TransformError> {
        let operation = self.operation.unwrap_or_default().trim().to_ascii_lowercase();
        let (width, height);
        let pairs = match operation.as_str() {
            "resize" => {
                (width, height) = (side("width", self.width.as_deref())?, side("height", self.height.as_deref())?);
                vec![("w", width.as_str()), ("h", height.as_str()), ("fit", "fill"), ("enlarge", "1")]
            }
            "thumbnail" => vec![("w", "150"), ("h", "150"), ("fit", "cover"), ("enlarge", "1")],
            "watermark" => vec![("wmtext", text(self.text.as_deref())?), ("wmtextpos", "southeast")],
            _ => return Err(TransformError::new("operation", "must be resize, thumbnail or watermark")),
        };
        let query = TransformQuery::parse(pairs, shared_types::transform::ClientHints::default())?;
        Ok((operation, query.transform))
    }
}

fn side(name: &str, text: Option<&str>) -> Result<String, TransformError> {
    let side = text.and_then(|text| text.trim().parse().ok()).filter(|side| SIDES.contains(side));
    let wanted = || format!("must be a whole number from {} to {} for resize", SIDES.start(), SIDES.end());
    side.map(|side: u32| side.to_string()).ok_or_else(|| TransformError::new(name, wanted()))
}

fn text(text: Option<&str>) -> Result<&str, TransformError> {
    let text = text.map(str::trim).filter(|text| TEXT.contains(&text.chars().count()));
    let wanted = || format!("must be {} to {} characters for watermark", TEXT.start(), TEXT.end());
    text.ok_or_else(|| TransformError::new("text", wanted()))
}

fn document(uploaded: &Uploaded, operation: String) -> TakenIn {
    let image = &uploaded.image;
    TakenIn {
        image_id: image.id,
        original_name: image.name.as_ref().map(ImageName::as_str).unwrap_or_default().to_owned(),
        size: image.bytes,
        content_type: image.facts.format.media_type(),
        status: "pending",
        operation,
        created_at: image.created.to_string(),
    }
}

/// What was made of a file.
///
/// 404 while there is nothing; its `detail` says whether it is worth coming back.
#[utoipa::path(
    get, path = "/v1/image/{id}", operation_id = "getProcessed", tag = "older processor",
    params(("id" = ImageId, Path, description = "The image.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The picture.", body = Bytes, content_type = "image/*"),
        (status = 404, response = NotFound),
    ),
)]
async fn processed(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    let image = state.services.image_to_show(&caller, id).await?;
    let name = Some(result_name());
    let wanted = Wanted { transform: Transform::default(), format: None, name, saved: false, choice: None };
    let delivery = match state.services.resolve(&caller, image, wanted).await {
        Err(error) if error.code == ErrorCode::NotFound => return Err(not_yet(&state, id).await),
        other => other?,
    };
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, delivery.format.media_type()))
        .insert_header((HeaderName::from_static("x-content-type-options"), "nosniff"));
    Ok(match state.services.content(&delivery).await?.bytes {
        ContentBytes::Memory(bytes) => answer.body(bytes),
        ContentBytes::Blob(reader) => {
            let size = reader.size();
            answer.body(actix_web::body::SizedStream::new(size, reader.stream(0..size).map_err(actix_web::Error::from)))
        }
    })
}

/// Says whether it is worth coming back.
async fn not_yet(state: &HttpState, id: ImageId) -> ApiError {
    let last = state.services.last_job_for(id, &Slot::Named(result_name())).await;
    let detail = match last {
        Err(error) => return error.into(),
        Ok(Some(job)) if !job.status.is_over() => format!("Not processed yet: the job is {}; ask again.", job.status),
        Ok(Some(job)) => {
            let why = job.problem.map(|problem| format!(": {}", problem.detail)).unwrap_or_default();
            format!("Not processed: the job is {}{why} GET /v1/jobs/{} tells more.", job.status, job.id)
        }
        Ok(None) => "Nothing was to be made of this image.".to_owned(),
    };
    StoreError::new(ErrorCode::NotFound, detail).into()
}

/// Delete a file and what was made of it.
#[utoipa::path(
    delete, path = "/v1/image/{id}", operation_id = "deleteProcessed", tag = "older processor",
    params(("id" = ImageId, Path, description = "The image.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 204, description = "It is deleted."),
        (status = 404, response = NotFound),
        (status = 507, response = Full),
    ),
)]
async fn delete(request: HttpRequest, state: web::Data<HttpState>, As(caller): As) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    Query::of(&request).finish("")?;
    state.services.delete(&caller, id, Deletion::Usual).await?;
    Ok(HttpResponse::NoContent().finish())
}
