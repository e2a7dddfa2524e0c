//! Health, reflection, compression, and the life of the server.

use std::time::Duration;

use futures::TryStreamExt;
use grpc_api::image_v1 as api;
use grpc_api::image_v1::image_service_client::ImageServiceClient;
use testkit::process::{Store, StoreOptions};
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
use tonic_reflection::pb::v1alpha;

use super::{channel, picture, send, store_and};

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_follows_readiness() {
    // Longer than the end is waited for: who watches does not hold it up.
    let mut store = store_and(&[("HTTP__DRAIN_SECONDS", "600")]);
    let mut client = HealthClient::new(channel(&store).await);
    for service in ["", "image.v1.ImageService"] {
        let answer = client.check(of(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service:?}");
    }
    assert_eq!(client.check(of("nothing")).await.unwrap_err().code(), Code::NotFound);
    let mut unknown = client.watch(of("nothing")).await.unwrap().into_inner();
    assert_eq!(unknown.message().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    let mut changes = client.watch(of("")).await.unwrap().into_inner();
    assert_eq!(changes.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    // Where nothing can be written the store is not ready.
    let staging = store.data_dir().join("staging");
    std::fs::remove_dir_all(&staging).unwrap();
    let change = tokio::time::timeout(Duration::from_mins(2), changes.message()).await.expect("a change");
    assert_eq!(change.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(client.check(of("")).await.unwrap().into_inner().status(), ServingStatus::NotServing);
    std::fs::create_dir(&staging).unwrap();
    let change = tokio::time::timeout(Duration::from_mins(2), changes.message()).await.expect("a change");
    assert_eq!(change.unwrap().unwrap().status(), ServingStatus::Serving);
    assert!(store.terminate().success());
    assert_eq!(changes.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert!(changes.message().await.unwrap().is_none());
}

async fn reflected(store: &Store, request: MessageRequest) -> MessageResponse {
    let mut client = ServerReflectionClient::new(channel(store).await);
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
    let stream = client.server_reflection_info(futures::stream::iter([request])).await.unwrap().into_inner();
    let answers: Vec<ServerReflectionResponse> = stream.try_collect().await.unwrap();
    answers.into_iter().next().unwrap().message_response.unwrap()
}

#[tokio::test]
async fn what_there_is_can_be_asked_for() {
    let store = store_and(&[]);
    let MessageResponse::ListServicesResponse(list) =
        reflected(&store, MessageRequest::ListServices(String::new())).await
    else {
        panic!("not a list")
    };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for name in ["image.v1.ImageService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"] {
        assert!(names.iter().any(|known| known == name), "{name} in {names:?}");
        let symbol = MessageRequest::FileContainingSymbol(name.to_owned());
        let MessageResponse::FileDescriptorResponse(file) = reflected(&store, symbol).await else {
            panic!("{name} is not described")
        };
        assert!(!file.file_descriptor_proto.is_empty());
    }
    let mut older = v1alpha::server_reflection_client::ServerReflectionClient::new(channel(&store).await);
    let asked = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let asked = v1alpha::ServerReflectionRequest { host: String::new(), message_request: Some(asked) };
    let answer = older.server_reflection_info(futures::stream::iter([asked])).await.unwrap().into_inner();
    assert_eq!(answer.try_collect::<Vec<_>>().await.unwrap().len(), 1);
}

#[tokio::test]
async fn messages_are_compressed_where_the_client_wants_it() {
    let store = store_and(&[]);
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let client = ImageServiceClient::new(channel(&store).await);
        let mut client = client.send_compressed(encoding).accept_compressed(encoding);
        let id = send(&mut client, super::parts("photo.jpg", &picture())).await.unwrap().id;
        let list = client.list_images(api::ListImagesRequest::default()).await.unwrap();
        assert_eq!(list.metadata().get("grpc-encoding").unwrap(), encoding.to_string().as_str());
        let image = client.get_image(api::GetImageRequest { id, ..Default::default() }).await.unwrap();
        assert_eq!(image.into_inner().image, picture());
        let mut health = HealthClient::new(channel(&store).await).send_compressed(encoding);
        assert_eq!(health.check(of("")).await.unwrap().into_inner().status(), ServingStatus::Serving);
        let reflection = ServerReflectionClient::new(channel(&store).await);
        let answers = reflection.send_compressed(encoding).server_reflection_info(futures::stream::empty()).await;
        assert!(answers.is_ok(), "{answers:?}");
    }
}

/// How many lines say why it did not start.
fn errors(log: &str) -> usize {
    log.lines().skip_while(|line| !line.starts_with("imagestore: ")).count()
}

#[test]
fn a_port_that_is_taken_is_one_clear_line() {
    let other = store_and(&[]);
    let address = other.grpc_address();
    let start = |bind: &str| {
        let env = vec![("IMAGESTORE__GRPC__BINDS".to_owned(), bind.to_owned())];
        Store::try_start(StoreOptions { env, ..StoreOptions::default() }).expect_err("refused")
    };
    let refused = start(&address);
    let wanted = format!(
        "cannot listen on {address}: address already in use; stop the other program, or choose another address with --grpc-bind or grpc.binds"
    );
    assert!(refused.log.contains(&wanted), "{}", refused.log);
    assert_eq!((refused.status.unwrap().code(), errors(&refused.log)), (Some(1), 1));
    // The flag that it names.
    let args = ["--grpc-bind", "127.0.0.1:0,127.0.0.1:0"].map(str::to_owned).to_vec();
    let env = vec![("IMAGESTORE__GRPC__BINDS".to_owned(), address.clone())];
    let beside = Store::start(StoreOptions { args, env, ..StoreOptions::default() });
    assert_eq!(beside.log().matches("listening on grpc://127.0.0.1:").count(), 2);
    let public = start("0.0.0.0:0");
    assert_eq!(errors(&public.log), 1, "{}", public.log);
    assert!(public.log.contains("grpc.binds = \"0.0.0.0:0\" can be reached from other machines"), "{}", public.log);
}
