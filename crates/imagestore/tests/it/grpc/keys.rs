//! Who may do what, and how much.

use grpc_api::image_v1 as api;
use tonic::Code;
use tonic::metadata::MetadataValue;
use tonic_types::StatusExt;

use super::{assert_refused, client, parts, picture, with};
use crate::keys::KeyedStore;

fn of(id: &str) -> api::GetImageRequest {
    api::GetImageRequest { id: id.to_owned(), ..Default::default() }
}

fn start() -> KeyedStore {
    let store = KeyedStore::start_with(&[("GRPC__BINDS", "127.0.0.1:0")]);
    store.user("anna", &[]);
    store.user("boris", &[]);
    store
}

#[tokio::test]
async fn a_private_image_is_its_owners_alone() {
    let store = start();
    let mut client = client(&store.store).await;
    let (anna, boris) = (store.key("anna", "read,write,delete"), store.key("boris", "read,write,delete"));
    let mut messages = parts("photo.jpg", &picture());
    "private".clone_into(&mut messages[0].visibility);
    let request = with(futures::stream::iter(messages), "x-api-key", &anna);
    let stored = client.upload_image(request).await.unwrap().into_inner();
    assert_eq!(stored.images[0].visibility, "private");
    assert_eq!(stored.images[0].owner.len(), 36);
    let id = stored.id;
    client.get_image(with(of(&id), "authorization", &format!("Bearer {anna}"))).await.unwrap();
    assert_refused(client.get_image(of(&id)).await, Code::NotFound, "not-found", "");
    let theirs = client.get_image(with(of(&id), "x-api-key", &boris)).await;
    assert_refused(theirs, Code::NotFound, "not-found", "");
    let list = client.list_images(with(api::ListImagesRequest::default(), "x-api-key", &boris)).await.unwrap();
    assert!(list.into_inner().images.is_empty());
    let delete = api::DeleteImageRequest { id: id.clone() };
    let theirs = client.delete_image(with(delete.clone(), "x-api-key", &boris)).await;
    assert_refused(theirs, Code::NotFound, "not-found", "");
    let reader = store.key("anna", "read");
    let no_scope = client.delete_image(with(delete.clone(), "x-api-key", &reader)).await;
    assert_refused(no_scope, Code::PermissionDenied, "forbidden", "");
    client.delete_image(with(delete, "x-api-key", &anna)).await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_wrong_or_missing_is_unauthenticated() {
    let store = start();
    let mut client = client(&store.store).await;
    let unauthenticated = |answer| assert_refused(answer, Code::Unauthenticated, "unauthorized", "");
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    unauthenticated(client.get_image(with(of(unknown), "x-api-key", "wrong")).await.map(drop));
    unauthenticated(client.get_image(with(of(unknown), "authorization", "Basic xyz")).await.map(drop));
    let reader = store.key("anna", "read");
    let mut twice = with(of(unknown), "x-api-key", &reader);
    twice.metadata_mut().append("x-api-key", MetadataValue::try_from(&reader).unwrap());
    unauthenticated(client.get_image(twice).await.map(drop));
    unauthenticated(client.upload_image(futures::stream::iter(parts("a.jpg", &picture()))).await.map(drop));
    unauthenticated(client.watch_events(api::WatchEventsRequest::default()).await.map(drop));
    let upload = with(futures::stream::iter(parts("a.jpg", &picture())), "x-api-key", &reader);
    assert_refused(client.upload_image(upload).await, Code::PermissionDenied, "forbidden", "");
}

#[tokio::test]
async fn what_is_left_of_a_rate_is_told() {
    let store = start();
    store.user("carla", &["--requests-per-minute", "2"]);
    let key = store.key("carla", "read");
    let mut client = client(&store.store).await;
    let mut list = async || client.list_images(with(api::ListImagesRequest::default(), "x-api-key", &key)).await;
    let told = |metadata: &tonic::metadata::MetadataMap, name: &str| {
        metadata.get(name).unwrap_or_else(|| panic!("{name} in {metadata:?}")).to_str().unwrap().to_owned()
    };
    let first = list().await.unwrap();
    assert_eq!(told(first.metadata(), "ratelimit-limit"), "2");
    assert_eq!(told(first.metadata(), "ratelimit-remaining"), "1");
    list().await.unwrap();
    let refused = assert_refused(list().await, Code::ResourceExhausted, "too-many-requests", "");
    assert_eq!(told(refused.metadata(), "ratelimit-remaining"), "0");
    assert!(refused.get_error_details().retry_info().unwrap().retry_delay.unwrap().as_secs() <= 60);
}

#[tokio::test]
async fn a_quota_is_told_as_one() {
    let store = start();
    store.user("dora", &["--max-bytes", "1000"]);
    let key = store.key("dora", "write");
    let mut client = client(&store.store).await;
    let upload = with(futures::stream::iter(parts("a.jpg", &picture())), "x-api-key", &key);
    assert_refused(client.upload_image(upload).await, Code::ResourceExhausted, "quota-exceeded", "");
}
