//! A server that sends what no store does.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use grpc_api::image_v1 as api;
use grpc_api::image_v1::image_service_server::{ImageService, ImageServiceServer};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

/// An image whose name is a path with escapes.
pub(super) const HOSTILE: &str = "01890a5d-ac96-774b-bcce-b302099a8051";
/// One of which fewer bytes come than were announced.
pub(super) const CUT_OFF: &str = "01890a5d-ac96-774b-bcce-b302099a8052";
/// One of which other bytes come.
pub(super) const BROKEN: &str = "01890a5d-ac96-774b-bcce-b302099a8053";
/// One whose bytes never end.
pub(super) const STUCK: &str = "01890a5d-ac96-774b-bcce-b302099a8054";
/// One that is a fault.
pub(super) const FAULTY: &str = "01890a5d-ac96-774b-bcce-b302099a8055";

const BYTES: &[u8] = b"a picture";

/// The server; it goes with its runtime.
pub(super) struct StandIn {
    pub(super) address: String,
    uploads: Arc<Mutex<Vec<usize>>>,
}

impl StandIn {
    pub(super) async fn start() -> Self {
        let uploads = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let service = ImageServiceServer::new(Service { uploads: Arc::clone(&uploads) });
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        Self { address, uploads }
    }

    /// The bytes of each upload so far.
    pub(super) fn uploads(&self) -> Vec<usize> {
        self.uploads.lock().unwrap().clone()
    }
}

struct Service {
    uploads: Arc<Mutex<Vec<usize>>>,
}

fn image(id: &str) -> api::Image {
    api::Image {
        id: id.to_owned(),
        format: ".png".to_owned(),
        name: "../\u{1b}[31mpasswd".to_owned(),
        digest: blake3::hash(BYTES).to_hex().to_string(),
        ..Default::default()
    }
}

fn none<T>() -> Result<T, Status> {
    Err(Status::unimplemented("not here"))
}

#[tonic::async_trait]
impl ImageService for Service {
    type GetImageStreamStream = BoxStream<'static, Result<api::GetImageStreamResponse, Status>>;
    type GetVariantStream = BoxStream<'static, Result<api::GetVariantResponse, Status>>;
    type WatchEventsStream = BoxStream<'static, Result<api::Event, Status>>;

    /// Refuses the first one, for a moment.
    async fn upload_image(
        &self,
        request: Request<Streaming<api::UploadImageRequest>>,
    ) -> Result<Response<api::UploadImageResponse>, Status> {
        let (mut messages, mut bytes) = (request.into_inner(), 0);
        while let Some(message) = messages.message().await? {
            bytes += message.img_chunk.len();
        }
        let mut uploads = self.uploads.lock().unwrap();
        uploads.push(bytes);
        if uploads.len() == 1 {
            let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(20)));
            return Err(Status::with_error_details(Code::ResourceExhausted, "too many", details));
        }
        Ok(Response::new(api::UploadImageResponse { images: vec![image(HOSTILE)], ..Default::default() }))
    }

    async fn get_image_stream(
        &self,
        request: Request<api::GetImageRequest>,
    ) -> Result<Response<Self::GetImageStreamStream>, Status> {
        let id = request.into_inner().id;
        let head = api::GetImageStreamResponse {
            metadata: Some(image(&id)),
            size: BYTES.len() as u64,
            media_type: "image/png".to_owned(),
            ..Default::default()
        };
        let piece = |chunk: &[u8]| api::GetImageStreamResponse { chunk: chunk.to_vec().into(), ..Default::default() };
        let pieces = match &*id {
            FAULTY => {
                let details = ErrorDetails::with_request_info("abc-123", "");
                return Err(Status::with_error_details(Code::Internal, "It broke.", details));
            }
            CUT_OFF => stream::iter([head, piece(&BYTES[1..])]).map(Ok).boxed(),
            BROKEN => stream::iter([head, piece(b"A picture")]).map(Ok).boxed(),
            STUCK => stream::iter([head, piece(&BYTES[1..])]).map(Ok).chain(stream::pending()).boxed(),
            _ => stream::iter([head, piece(BYTES)]).map(Ok).boxed(),
        };
        Ok(Response::new(pieces))
    }

    /// Two images, none, and another one.
    async fn list_images(
        &self,
        request: Request<api::ListImagesRequest>,
    ) -> Result<Response<api::ListImagesResponse>, Status> {
        let wanted = request.into_inner();
        let (images, next_page_token) = match &*wanted.page_token {
            "" if wanted.page_size == 1 => (vec![image(HOSTILE)], "second"),
            "" => (vec![image(HOSTILE), image(CUT_OFF)], "second"),
            "second" => (vec![], "third"),
            _ => (vec![image(BROKEN)], ""),
        };
        Ok(Response::new(api::ListImagesResponse { images, next_page_token: next_page_token.to_owned() }))
    }

    async fn get_image(&self, _: Request<api::GetImageRequest>) -> Result<Response<api::GetImageResponse>, Status> {
        none()
    }

    async fn delete_image(
        &self,
        _: Request<api::DeleteImageRequest>,
    ) -> Result<Response<api::DeleteImageResponse>, Status> {
        none()
    }

    async fn get_variant(
        &self,
        _: Request<api::GetVariantRequest>,
    ) -> Result<Response<Self::GetVariantStream>, Status> {
        none()
    }

    async fn watch_events(
        &self,
        _: Request<api::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        none()
    }

    async fn compress(&self, _: Request<api::CompressRequest>) -> Result<Response<api::Job>, Status> {
        none()
    }

    async fn get_job(&self, _: Request<api::GetJobRequest>) -> Result<Response<api::Job>, Status> {
        none()
    }
}
