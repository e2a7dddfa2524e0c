//! The gRPC interface, by the clients that are generated of its files.

mod calls;
mod events;
mod health;
mod img;
mod intake;
mod keys;
mod pictures;
mod stopping;
mod uploads;

use grpc_api::image_v1 as api;
use grpc_api::image_v1::image_service_client::ImageServiceClient;
use testkit::pictures::{jpeg, photo};
use testkit::process::Store;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::support::store_with;

/// A store with a gRPC interface and these settings.
fn store_and(settings: &[(&str, &str)]) -> Store {
    store_with(&[&[("GRPC__BINDS", "127.0.0.1:0")], settings].concat())
}

async fn channel(store: &Store) -> Channel {
    let address = format!("http://{}", store.grpc_address());
    Channel::from_shared(address).unwrap().connect().await.unwrap()
}

/// A client that takes messages of any size.
async fn client(store: &Store) -> ImageServiceClient<Channel> {
    ImageServiceClient::new(channel(store).await).max_decoding_message_size(usize::MAX)
}

/// A request with this key, in this piece of metadata.
fn with<T>(message: T, name: &'static str, value: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(name, MetadataValue::try_from(value).unwrap());
    request
}

/// A picture of about 50 KB.
fn picture() -> Vec<u8> {
    jpeg::baseline(&photo(400, 300, 1), 90)
}

/// A message with the name and some bytes.
fn part(name: &str, bytes: &[u8]) -> api::UploadImageRequest {
    api::UploadImageRequest { name: name.to_owned(), img_chunk: bytes.to_vec().into(), ..Default::default() }
}

/// The messages of one image in pieces of 10,000 bytes, the name in the first.
fn parts(name: &str, bytes: &[u8]) -> Vec<api::UploadImageRequest> {
    let mut parts: Vec<_> = bytes.chunks(10_000).map(|piece| part("", piece)).collect();
    name.clone_into(&mut parts[0].name);
    parts
}

async fn send(
    client: &mut ImageServiceClient<Channel>,
    messages: Vec<api::UploadImageRequest>,
) -> Result<api::UploadImageResponse, Status> {
    Ok(client.upload_image(futures::stream::iter(messages)).await?.into_inner())
}

/// Uploads one picture; gives its id.
async fn upload(client: &mut ImageServiceClient<Channel>, bytes: &[u8]) -> String {
    send(client, parts("photo.jpg", bytes)).await.unwrap().id
}

/// Expects an error of this code that has this stable code and names this field.
fn assert_refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str, field: &str) -> Status {
    let status = answer.expect_err("refused");
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().expect("ErrorInfo");
    assert_eq!((&*info.reason, &*info.domain), (reason, "imagestore"), "{status:?}");
    let fields = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    let fields: Vec<_> = fields.iter().map(|violation| &*violation.field).collect();
    assert_eq!(fields, if field.is_empty() { vec![] } else { vec![field] }, "{status:?}");
    assert!(details.request_info().is_some_and(|info| !info.request_id.is_empty()), "{status:?}");
    assert!(status.message().len() > 10, "{status:?}");
    status
}
