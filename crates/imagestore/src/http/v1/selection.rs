//! What is done to several images at once, which somebody has chosen: `/v1/images/batch` and `/v1/images/zip`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use service_kit::http::ApiError;
use shared_types::{ImageId, ParseIdError, Problem, TransformError};
use utoipa::{OpenApi, ToSchema};

use crate::app::{MAX_SELECTION, SelectionOutcome, SelectionWork};
use crate::domain::{ImageChange, Scope, Tagging, Visibility};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::archive::{self, Members};
use crate::http::described::{self, Changing, TextOrTexts};
use crate::http::documents::uncached;
use crate::http::json::Fields;
use crate::http::query::Query;

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(change, zip, zip_of_many))]
pub(in crate::http) struct Description;

/// The most images of an archive that an address names: it has to fit where addresses are at most 8 KiB.
const MAX_NAMED: usize = 200;

/// The most images of one that a body names.
const MAX_ARCHIVED: usize = 5000;

/// What is to be done to some images.
#[derive(ToSchema)]
#[expect(dead_code, reason = "`change` reads the fields; this only describes them")]
struct BatchOrder {
    /// The images.
    #[schema(min_items = 1, max_items = 500)]
    ids: Vec<ImageId>,
    /// Tags that each of them gets, beside those that it has.
    #[schema(value_type = Option<TextOrTexts>, example = json!(["sea"]))]
    add_tags: Option<Vec<String>>,
    /// Tags that none of them has any more.
    #[schema(value_type = Option<TextOrTexts>, example = json!(["2026"]))]
    remove_tags: Option<Vec<String>>,
    /// Who may see them.
    visibility: Option<Visibility>,
    /// Whether they are deleted, as one by one; then nothing else may be said.
    delete: Option<bool>,
    /// Whether those that were deleted are brought back; then nothing else may be said.
    restore: Option<bool>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
struct BatchDocument {
    /// The images of which it is done.
    done: Vec<ImageId>,
    /// The others.
    failed: Vec<RefusedImage>,
}

/// An image that something was not done to.
#[derive(Serialize, ToSchema)]
struct RefusedImage {
    /// The image.
    id: ImageId,
    /// Why.
    problem: Problem,
}

/// Change, delete or bring back several images.
///
/// Each by itself: one that is refused does not keep the others from it.
#[utoipa::path(
    post, path = "/v1/images/batch", operation_id = "changeImages", tag = "images",
    request_body = BatchOrder,
    responses((status = 200, description = "What became of each.", body = BatchDocument), Changing),
)]
pub(in crate::http) async fn change(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let ids = ids(fields.texts("ids")?, MAX_SELECTION)?;
    let work = work(fields)?;
    let SelectionOutcome { done, failed } = state.services.do_to_selection(&caller, &ids, &work).await?;
    let refused = |(id, error)| RefusedImage { id, problem: ApiError::from(error).problem() };
    Ok(uncached(StatusCode::OK).json(BatchDocument { done, failed: failed.into_iter().map(refused).collect() }))
}

fn work(mut fields: Fields) -> Result<SelectionWork, TransformError> {
    let (delete, restore) = (fields.flag("delete")?.unwrap_or_default(), fields.flag("restore")?.unwrap_or_default());
    let (add, remove) = (fields.tags("add_tags")?, fields.tags("remove_tags")?);
    let visibility = fields.take("visibility")?;
    fields.finish("ids, add_tags, remove_tags, visibility, delete, restore")?;
    let changes = add.is_some() || remove.is_some() || visibility.is_some();
    match (delete, restore, changes) {
        (true, false, false) => Ok(SelectionWork::Delete),
        (false, true, false) => Ok(SelectionWork::Restore),
        (false, false, true) => {
            let tagging = Tagging { add: add.unwrap_or_default(), remove: remove.unwrap_or_default() };
            Ok(SelectionWork::Change(ImageChange { visibility, tagging, ..ImageChange::default() }))
        }
        (false, false, false) => {
            Err(TransformError::new("ids", "are all that is given: say what is to be done to these images"))
        }
        _ => Err(TransformError::new(if delete { "delete" } else { "restore" }, "contradicts what stands beside it")),
    }
}

/// Several images as one ZIP file.
///
/// The originals of those that the caller may see, under their names. For more than 200 images `POST` the same address.
#[utoipa::path(
    get, path = "/v1/images/zip", operation_id = "getImagesZip", tag = "images",
    params(("ids" = String, Query, description = "Up to 200 images, with commas between them.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses((
        status = 200, description = "The file.", body = described::Bytes, content_type = "application/zip",
        headers(("Content-Disposition" = String, description = "`attachment` with a name.")),
    )),
)]
pub(in crate::http) async fn zip(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request);
    let named = query.take("ids")?.map(|ids| ids.split(',').map(str::to_owned).collect());
    query.finish("ids")?;
    caller.require(Scope::Read)?;
    let ids = ids(named, MAX_NAMED)?;
    Ok(archive::answer(&state.services, caller, Members::Selection(ids.into()), ("images", "images")))
}

/// The images of an archive.
#[derive(ToSchema)]
#[expect(dead_code, reason = "`zip_of_many` reads the field; this only describes it")]
struct ArchiveOrder {
    /// The images.
    #[schema(min_items = 1, max_items = 5000)]
    ids: Vec<ImageId>,
}

/// Many images as one ZIP file.
///
/// As `GET`, which takes fewer.
#[utoipa::path(
    post, path = "/v1/images/zip", operation_id = "postImagesZip", tag = "images",
    request_body = ArchiveOrder,
    responses(
        (
            status = 200, description = "The file.", body = described::Bytes, content_type = "application/zip",
            headers(("Content-Disposition" = String, description = "`attachment` with a name.")),
        ),
        Changing,
    ),
)]
pub(in crate::http) async fn zip_of_many(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let mut fields = Fields::read(&state, &request, payload).await?;
    let ids = ids(fields.texts("ids")?, MAX_ARCHIVED)?;
    fields.finish("ids")?;
    caller.require(Scope::Read)?;
    Ok(archive::answer(&state.services, caller, Members::Selection(ids.into()), ("images", "images")))
}

fn ids(texts: Option<Vec<String>>, most: usize) -> Result<Vec<ImageId>, TransformError> {
    let texts = texts.ok_or_else(|| TransformError::new("ids", "is missing: say which images"))?;
    if !(1..=most).contains(&texts.len()) {
        return Err(TransformError::new("ids", format!("must name 1 to {most} images")));
    }
    let ids = texts.iter().map(|id| id.parse()).collect::<Result<_, ParseIdError>>();
    ids.map_err(|error| TransformError::new("ids", format!("is not valid: {error}")))
}
