//! What holds of every call: lists, ids, deadlines, figures.

use std::time::Duration;

use grpc_api::image_v1 as api;
use grpc_api::image_v1::image_service_client::ImageServiceClient;
use testkit::pictures::{file, photo};
use testkit::process::wait_until;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use super::{assert_refused, client, parts, picture, send, store_and, upload};
use crate::support::get;

async fn page(client: &mut ImageServiceClient<Channel>, size: i32, token: &str) -> (Vec<String>, String) {
    let asked = api::ListImagesRequest { page_size: size, page_token: token.to_owned(), ..Default::default() };
    let page = client.list_images(asked).await.unwrap().into_inner();
    (page.images.into_iter().map(|image| image.id).collect(), page.next_page_token)
}

#[tokio::test]
async fn pages_go_through_all_images() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, upload(&mut client, &picture()).await);
    }
    let mut tagged = parts("sea.jpg", &picture());
    tagged[0].tags = vec!["sea".to_owned()];
    ids.insert(0, send(&mut client, tagged).await.unwrap().id);
    assert_eq!(page(&mut client, 0, "").await, (ids.clone(), String::new()));
    let (mut seen, mut token) = page(&mut client, 4, "").await;
    assert_eq!(seen.len(), 4);
    let (rest, end) = page(&mut client, 4, &token).await;
    seen.extend(rest);
    assert_eq!((seen, &*end), (ids.clone(), ""));
    let of_tag = api::ListImagesRequest { tag: "Sea".to_owned(), ..Default::default() };
    let found = client.list_images(of_tag).await.unwrap().into_inner().images;
    assert_eq!(found.iter().map(|image| &image.id).collect::<Vec<_>>(), [&ids[0]]);
    token.push('x');
    for (wrong, field) in [
        (api::ListImagesRequest { page_size: 501, ..Default::default() }, "page_size"),
        (api::ListImagesRequest { page_size: -1, ..Default::default() }, "page_size"),
        (api::ListImagesRequest { page_token: token.clone(), ..Default::default() }, "page_token"),
        (api::ListImagesRequest { page_token: format!("b1.{}", ids[0]), ..Default::default() }, "page_token"),
        (api::ListImagesRequest { tag: "a,b".to_owned(), ..Default::default() }, "tag"),
    ] {
        assert_refused(client.list_images(wrong).await, Code::InvalidArgument, "invalid-parameter", field);
    }
}

#[tokio::test]
async fn a_call_has_an_id_a_line_in_the_log_and_figures() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let mut request = Request::new(api::GetImageRequest { id: "7".to_owned(), ..Default::default() });
    request.metadata_mut().insert("x-request-id", "my-call-7".parse().unwrap());
    let status = client.get_image(request).await.unwrap_err();
    assert_eq!(status.get_error_details().request_info().unwrap().request_id, "my-call-7");
    assert_eq!(status.metadata().get("x-request-id").unwrap(), "my-call-7");
    store.wait_for_log("gRPC /image.v1.ImageService/GetImage INVALID_ARGUMENT 0 B");
    let line = store.log();
    let line = line.lines().find(|line| line.contains("GetImage INVALID_ARGUMENT")).unwrap();
    assert!(line.contains("my-call-7") && line.ends_with("127.0.0.1"), "{line}");
    let id = upload(&mut client, &picture()).await;
    let answer = client.get_image_stream(api::GetImageRequest { id, ..Default::default() }).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap().len(), 32, "one is made where none is given");
    let mut pieces = answer.into_inner();
    while pieces.message().await.unwrap().is_some() {}
    store.wait_for_log("GetImageStream OK");
    let mut unknown = tonic::client::Grpc::new(super::channel(&store).await);
    unknown.ready().await.unwrap();
    let path = "/image.v1.ImageService/Nothing".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<api::GetJobRequest, api::Job>::default();
    let answer = unknown.unary(Request::new(api::GetJobRequest::default()), path, codec).await;
    assert_refused(answer, Code::Unimplemented, "no-route", "");
    let figures = get(&store, "/metrics").await.text().await.unwrap();
    for wanted in [
        "grpc_requests_total{method=\"image.v1.ImageService/GetImage\",code=\"INVALID_ARGUMENT\"} 1",
        "grpc_requests_total{method=\"image.v1.ImageService/GetImageStream\",code=\"OK\"} 1",
        "grpc_requests_total{method=\"other\",code=\"UNIMPLEMENTED\"} 1",
        "grpc_request_seconds_count{method=\"image.v1.ImageService/UploadImage\"} 1",
    ] {
        assert!(figures.contains(wanted), "{wanted} in\n{figures}");
    }
}

#[tokio::test]
async fn work_that_is_too_late_is_stopped() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let id = upload(&mut client, &file::png(&photo(2000, 1500, 1))).await;
    let asked = api::Transform { width: 1900, format: "avif".to_owned(), ..Default::default() };
    let mut request = Request::new(api::GetVariantRequest { id: id.clone(), transform: Some(asked) });
    request.set_timeout(Duration::from_millis(1));
    // Tonic's client does not wait for the answer, so the log tells what it was.
    let late = client.get_variant(request).await.map(drop).unwrap_err();
    assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{late:?}");
    // It hangs up at the same moment, and whichever is first is the reason.
    let ends = ["GetVariant DEADLINE_EXCEEDED", "GetVariant CANCELLED"];
    assert!(wait_until(|| ends.iter().any(|end| store.log().contains(end))), "{}", store.log());
    // A stream that is on its way ends too.
    let mut watch = Request::new(api::WatchEventsRequest::default());
    watch.metadata_mut().insert("grpc-timeout", "3S".parse().unwrap());
    let mut events = client.watch_events(watch).await.unwrap().into_inner();
    let end = tokio::time::timeout(Duration::from_mins(2), events.message()).await.expect("an end");
    assert_refused(end, Code::DeadlineExceeded, "request-timeout", "");
    let mut malformed = Request::new(api::GetImageRequest { id, ..Default::default() });
    malformed.metadata_mut().insert("grpc-timeout", "soon".parse().unwrap());
    client.get_image(malformed).await.expect("no deadline");
}

#[tokio::test]
async fn what_is_refused_before_a_method_sees_it_is_told_as_other_errors_are() {
    let store = store_and(&[("GRPC__MAX_MESSAGE_BYTES", "1048576")]);
    let mut client = client(&store).await;
    let large = api::GetImageRequest { id: "7".repeat(2 << 20), ..Default::default() };
    assert_refused(client.get_image(large).await, Code::ResourceExhausted, "message-too-large", "");
    let mut other = tonic::client::Grpc::new(super::channel(&store).await);
    // Its first field is a number, that of the method's own message a text.
    let message = api::ListImagesRequest { page_size: 3, ..Default::default() };
    for (method, streams) in [("GetImage", false), ("UploadImage", true)] {
        other.ready().await.unwrap();
        let path = format!("/image.v1.ImageService/{method}").parse().unwrap();
        let codec = tonic_prost::ProstCodec::<api::ListImagesRequest, api::Job>::default();
        let answer = if streams {
            let stream = futures::stream::iter([message.clone()]);
            other.client_streaming(Request::new(stream), path, codec).await
        } else {
            other.unary(Request::new(message.clone()), path, codec).await
        };
        assert_refused(answer, Code::InvalidArgument, "invalid-body", "");
    }
}
