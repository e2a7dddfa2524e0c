//! `img.ImageService`.

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use grpc_api::img as api;
use shared_types::{ErrorCode, TransformQuery};
use tonic::{Request, Response, Status, Streaming};

use super::content::{self, Answers, deliver, fetch, uncompressed};
use super::documents::{self, invalid};
use super::{GrpcState, incoming, status};
use crate::app::{MAX_PAGE, Named, Start, decode_base64, encode_base64};
use crate::domain::{Caller, Image, ImageName, Scope, StoreError};

/// The service.
pub(super) struct UsersImages(pub(super) GrpcState);

#[tonic::async_trait]
impl api::image_service_server::ImageService for UsersImages {
    type getImagesStream = Answers<api::Image>;
    type getImagesMetadataStream = Answers<api::ImageMetadata>;
    type storeImagesStream = Answers<api::StoreResult>;

    async fn get_image(&self, request: Request<api::ImageLocation>) -> Result<Response<api::Image>, Status> {
        let caller = self.0.caller(&request).await?;
        Ok(uncompressed(get(&self.0, &caller, request.into_inner()).await?))
    }

    async fn get_images(
        &self,
        request: Request<Streaming<api::ImageLocation>>,
    ) -> Result<Response<Self::getImagesStream>, Status> {
        let caller = self.0.caller(&request).await?;
        caller.require(Scope::Read)?;
        Ok(uncompressed(each(&self.0, request.into_inner(), None, move |state, location| async move {
            get(&state, &caller, location).await
        })))
    }

    async fn get_images_metadata(
        &self,
        request: Request<api::ImageListRequest>,
    ) -> Result<Response<Self::getImagesMetadataStream>, Status> {
        let caller = self.0.caller(&request).await?;
        let request = request.into_inner();
        let (first, count) = range(&request)?;
        let named = self.0.services.named(&caller, Scope::Read, &request.user_id).await?;
        let start = self.0.services.list_from(&named, first).await?;
        Ok(Response::new(list(&self.0, named, start, count)))
    }

    async fn store_image(&self, request: Request<api::Image>) -> Result<Response<api::StoreResult>, Status> {
        let caller = self.0.caller(&request).await?;
        Ok(Response::new(store(&self.0, &caller, request.into_inner()).await?))
    }

    async fn store_images(
        &self,
        request: Request<Streaming<api::Image>>,
    ) -> Result<Response<Self::storeImagesStream>, Status> {
        let caller = self.0.caller(&request).await?;
        caller.require(Scope::Write)?;
        Ok(Response::new(each(&self.0, request.into_inner(), Some("imageBytes"), move |state, image| async move {
            Ok(store(&state, &caller, image).await.unwrap_or_else(|error| refused(&error)))
        })))
    }
}

/// An answer for each message, in order. The next message is read when the client has taken the answer to the one before.
fn each<Q: Send + 'static, A: Send + 'static, F>(
    state: &GrpcState,
    messages: Streaming<Q>,
    file: Option<&'static str>,
    answer: impl Fn(GrpcState, Q) -> F + Send + 'static,
) -> Answers<A>
where
    F: Future<Output = Result<A, StoreError>> + Send,
{
    let begin = Some((state.clone(), messages, answer));
    stream::unfold(begin, move |under_way| async move {
        let (state, mut messages, answer) = under_way?;
        let answered = match incoming::next(&state, &mut messages, file).await {
            Ok(Some(message)) => answer(state.clone(), message).await.map_err(Status::from),
            Ok(None) => return None,
            Err(error) => Err(error),
        };
        match answered {
            Ok(answered) => Some((Ok(answered), Some((state, messages, answer)))),
            Err(status) => Some((Err(status), None)),
        }
    })
    .boxed()
}

async fn get(state: &GrpcState, caller: &Caller, location: api::ImageLocation) -> Result<api::Image, StoreError> {
    let named = state.services.named(caller, Scope::Read, &location.user_id).await?;
    let id = documents::id("imageId", &location.image_id)?;
    let original = || async {
        let image = state.services.image_of(caller, &named, id).await?;
        deliver(state, caller, image, TransformQuery::default(), None).await
    };
    let (delivery, bytes) = fetch(state, original).await?;
    content::check_fits(state, if location.as_bytes { bytes.size() } else { bytes.size().div_ceil(3) * 4 })?;
    let bytes = content::whole(bytes).await?;
    let (image_data, image_bytes) =
        if location.as_bytes { (String::new(), bytes) } else { (encode_base64(bytes).await?, Bytes::new()) };
    Ok(api::Image {
        image_data,
        image_name: documents::name(&delivery.image),
        user_id: location.user_id,
        image_bytes,
        image_id: id.to_string(),
        media_type: delivery.format.media_type().to_owned(),
    })
}

async fn store(state: &GrpcState, caller: &Caller, image: api::Image) -> Result<api::StoreResult, StoreError> {
    let api::Image { image_data, image_name, user_id, image_bytes, .. } = image;
    let named = state.services.named(caller, Scope::Write, &user_id).await?;
    let name = ImageName::from_client(&image_name)
        .ok_or_else(|| invalid("imageName", "must be the file's name, such as photo.jpg"))?;
    let bytes = match (image_data.is_empty(), image_bytes.is_empty()) {
        (false, true) => decode_base64(image_data, "imageData").await?,
        (true, false) => image_bytes,
        (false, false) => return Err(invalid("imageBytes", "must be empty where imageData is not")),
        (true, true) => {
            let detail = "The image has no bytes; send the file as imageData, in base64, or as imageBytes.";
            return Err(StoreError::new(ErrorCode::MissingImage, detail).parameter("imageData"));
        }
    };
    let stored = state.services.upload_for(caller, &named, name, bytes).await?.image;
    Ok(api::StoreResult { stored: true, image_id: stored.id.to_string(), error: String::new() })
}

/// The answer about an image that is not stored, while others may be.
fn refused(error: &StoreError) -> api::StoreResult {
    status::log(error);
    api::StoreResult { stored: false, image_id: String::new(), error: error.detail.clone() }
}

/// The first index, and how many at most.
fn range(request: &api::ImageListRequest) -> Result<(u32, Option<u32>), StoreError> {
    let first = u32::try_from(request.start_idx).map_err(|_| invalid("startIdx", "must be 0 or more"))?;
    let end = u32::try_from(request.end_idx).map_err(|_| invalid("endIdx", "must be 0 or more"))?;
    match end.checked_sub(first) {
        Some(0) | None if end == 0 => Ok((first, None)),
        Some(count) => Ok((first, Some(count))),
        None => Err(invalid("endIdx", "must not be less than startIdx; 0 goes up to the last image")),
    }
}

/// What is told of so many images. A page is read when the client has taken the one before.
fn list(state: &GrpcState, named: Named, start: Option<Start>, count: Option<u32>) -> Answers<api::ImageMetadata> {
    let begin = start.map(|start| (state.clone(), named, start, count));
    stream::unfold(begin, |under_way| async move {
        let (state, named, start, count) = under_way?;
        let limit = count.map_or(MAX_PAGE, |count| count.min(MAX_PAGE));
        if limit == 0 {
            return None;
        }
        let (images, next) = match state.services.list_of(&named, start, limit).await {
            Ok(page) => page,
            Err(error) => return Some((vec![Err(error.into())], None)),
        };
        // A page has as many as were asked for at most.
        let count = count.map(|count| count.saturating_sub(u32::try_from(images.len()).unwrap_or(count)));
        let told = images.iter().map(|image| Ok(metadata(image))).collect();
        Some((told, next.map(|next| (state, named, next, count))))
    })
    .map(stream::iter)
    .flatten()
    .boxed()
}

fn metadata(image: &Image) -> api::ImageMetadata {
    api::ImageMetadata {
        image_name: documents::name(image),
        image_creation_date: image.created.to_string(),
        image_id: image.id.to_string(),
        size: image.bytes,
        media_type: image.facts.format.media_type().to_owned(),
    }
}
