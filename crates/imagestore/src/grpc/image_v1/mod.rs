//! `image.v1.ImageService`.

mod events;
mod jobs;
mod pictures;
mod upload;

use futures::stream::{self, StreamExt};
use grpc_api::image_v1 as api;
use tonic::{Request, Response, Status, Streaming};

pub(super) use pictures::THUMBNAIL;

use super::GrpcState;
use super::content::{Answers, fetch, messages, uncompressed};
use super::documents;
use crate::app::{Deletion, ListWish, MAX_PAGE};
use crate::domain::{ImageFilter, Position, Sort, StoreError};

/// The service.
pub(super) struct Images(pub(super) GrpcState);

const DEFAULT_PAGE: u32 = 100;

#[tonic::async_trait]
impl api::image_service_server::ImageService for Images {
    type GetImageStreamStream = Answers<api::GetImageStreamResponse>;
    type GetVariantStream = Answers<api::GetVariantResponse>;
    type WatchEventsStream = Answers<api::Event>;

    async fn upload_image(
        &self,
        request: Request<Streaming<api::UploadImageRequest>>,
    ) -> Result<Response<api::UploadImageResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        upload::receive(&self.0, &caller, request.into_inner()).await.map(Response::new)
    }

    async fn get_image(
        &self,
        request: Request<api::GetImageRequest>,
    ) -> Result<Response<api::GetImageResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let meant = || pictures::rendition(&self.0, &caller, request.get_ref());
        let (delivery, bytes) = fetch(&self.0, meant).await?;
        Ok(uncompressed(pictures::in_one(&self.0, &delivery, bytes).await?))
    }

    async fn get_image_stream(
        &self,
        request: Request<api::GetImageRequest>,
    ) -> Result<Response<Self::GetImageStreamStream>, Status> {
        let caller = self.0.caller(&request).await?;
        let meant = || pictures::rendition(&self.0, &caller, request.get_ref());
        let (delivery, bytes) = fetch(&self.0, meant).await?;
        let head = api::GetImageStreamResponse {
            metadata: Some(documents::image(&delivery.image)),
            size: bytes.size(),
            media_type: delivery.format.media_type().to_owned(),
            ..Default::default()
        };
        let pieces = messages(bytes, |chunk| api::GetImageStreamResponse { chunk, ..Default::default() });
        Ok(uncompressed(stream::iter([Ok(head)]).chain(pieces).boxed()))
    }

    async fn list_images(
        &self,
        request: Request<api::ListImagesRequest>,
    ) -> Result<Response<api::ListImagesResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let (wish, limit) = wish(request.get_ref())?;
        let listing = self.0.services.list(&caller, wish, limit).await?;
        Ok(Response::new(api::ListImagesResponse {
            images: listing.images.iter().map(documents::image).collect(),
            next_page_token: listing.next.map(|position| position.to_string()).unwrap_or_default(),
        }))
    }

    async fn delete_image(
        &self,
        request: Request<api::DeleteImageRequest>,
    ) -> Result<Response<api::DeleteImageResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let id = documents::id("id", &request.get_ref().id)?;
        self.0.services.delete(&caller, id, Deletion::Usual).await?;
        Ok(Response::new(api::DeleteImageResponse {}))
    }

    async fn get_variant(
        &self,
        request: Request<api::GetVariantRequest>,
    ) -> Result<Response<Self::GetVariantStream>, Status> {
        let caller = self.0.caller(&request).await?;
        let meant = || pictures::variant(&self.0, &caller, request.get_ref());
        let (delivery, bytes) = fetch(&self.0, meant).await?;
        let head = api::GetVariantResponse {
            size: bytes.size(),
            media_type: delivery.format.media_type().to_owned(),
            etag: delivery.etag.to_string(),
            ..Default::default()
        };
        let pieces = messages(bytes, |chunk| api::GetVariantResponse { chunk, ..Default::default() });
        Ok(uncompressed(stream::iter([Ok(head)]).chain(pieces).boxed()))
    }

    async fn watch_events(
        &self,
        request: Request<api::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let caller = self.0.caller(&request).await?;
        Ok(Response::new(events::watch(&self.0, &caller, request.get_ref())?))
    }

    async fn compress(&self, request: Request<api::CompressRequest>) -> Result<Response<api::Job>, Status> {
        let caller = self.0.caller(&request).await?;
        let (image, order) = jobs::order(&self.0, request.get_ref())?;
        let jobs = self.0.services.queue_jobs(&caller, &[image], &order).await?;
        let job = jobs.first().ok_or_else(|| StoreError::internal(anyhow::anyhow!("no job was queued")))?;
        Ok(Response::new(documents::job(job)))
    }

    async fn get_job(&self, request: Request<api::GetJobRequest>) -> Result<Response<api::Job>, Status> {
        let caller = self.0.caller(&request).await?;
        let id = documents::id("id", &request.get_ref().id)?;
        Ok(Response::new(documents::job(&self.0.services.job(&caller, id).await?)))
    }
}

/// Which page of which images is asked for.
fn wish(request: &api::ListImagesRequest) -> Result<(ListWish, u32), StoreError> {
    let limit = match u32::try_from(request.page_size) {
        Ok(0) => DEFAULT_PAGE,
        Ok(limit @ 1..=MAX_PAGE) => limit,
        _ => return Err(documents::invalid("page_size", format!("must be a whole number from 1 to {MAX_PAGE}"))),
    };
    let after = documents::set(&request.page_token).map(str::parse::<Position>).transpose().ok();
    let after = after.filter(|after| after.as_ref().is_none_or(|position| position.sort() == Sort::Date));
    let unknown = || documents::invalid("page_token", "must be the `next_page_token` of an earlier page, unchanged");
    let after = after.ok_or_else(unknown)?;
    let tag = documents::set(&request.tag).map(|tag| documents::value("tag", tag)).transpose()?;
    let filter = ImageFilter { tag, ..ImageFilter::default() };
    Ok((ListWish { filter, descending: true, after, ..ListWish::default() }, limit))
}
