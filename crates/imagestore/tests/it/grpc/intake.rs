//! What messages may take while they arrive: by a client that sends frames of its own choice.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use grpc_api::image_v1 as api;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request};
use testkit::pictures::file;
use testkit::process::Store;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_types::StatusExt;

use super::{assert_refused, channel, client, parts, picture, send, store_and};
use crate::support::assert_empty;

const UPLOAD: &str = "/image.v1.ImageService/UploadImage";
const LIST: &str = "/image.v1.ImageService/ListImages";

/// A connection on which calls are begun and not ended.
struct Slow(SendRequest<Bytes>);

impl Slow {
    async fn to(store: &Store) -> Self {
        let stream = TcpStream::connect(store.grpc_address()).await.unwrap();
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(async move {
            // It ends with the store.
            let _ = connection.await;
        });
        Self(sender)
    }

    async fn call(&self, path: &str) -> (ResponseFuture, SendStream<Bytes>) {
        let request = Request::post(format!("http://127.0.0.1{path}"));
        let request = request.header("content-type", "application/grpc").header("te", "trailers").body(()).unwrap();
        let mut sender = self.0.clone().ready().await.unwrap();
        sender.send_request(request, false).unwrap()
    }
}

impl Slow {
    /// The refusal of an upload whose only message stops a little before its end.
    async fn stalls_in_upload(&self, message: usize) -> impl Future<Output = (i32, String)> + use<> {
        let (response, mut stream) = self.call(UPLOAD).await;
        // What finds no room is refused while it is sent.
        let _ = stream.send_data(begun(message as u32, message - 1000), false);
        async move {
            let told = answer(response).await;
            drop(stream);
            told
        }
    }
}

/// A message that is announced with so many bytes, and has these of them.
fn begun(announced: u32, bytes: usize) -> Bytes {
    let mut message = vec![0];
    message.extend(announced.to_be_bytes());
    message.resize(5 + bytes, 0);
    message.into()
}

/// Code and text of a refusal.
async fn answer(response: ResponseFuture) -> (i32, String) {
    let (head, body): (_, RecvStream) = response.await.unwrap().into_parts();
    assert!(body.is_end_stream(), "the head is all of a refusal");
    let text = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
    assert!(head.headers.contains_key("grpc-status-details-bin"));
    (text(&head.headers, "grpc-status").parse().unwrap(), text(&head.headers, "grpc-message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_never_arrive_in_full_take_what_there_is_for_them_and_no_more() {
    const MESSAGE: usize = 1 << 20;
    let store = store_and(&[
        ("GRPC__MAX_MESSAGE_BYTES", "1048576"),
        ("GRPC__BUFFER_BYTES", "16777216"),
        ("LIMITS__BODY_PAUSE_SECONDS", "30"),
    ]);
    let mut other = client(&store).await;
    send(&mut other, parts("photo.jpg", &picture())).await.unwrap();
    let before = store.rss_kib();
    let started = Instant::now();
    let (mut calls, mut connections) = (FuturesUnordered::new(), Vec::new());
    for _ in 0..4 {
        let connection = Slow::to(&store).await;
        for _ in 0..50 {
            calls.push(Box::pin(connection.stalls_in_upload(MESSAGE).await));
        }
        connections.push(connection);
    }
    // There is room for 14, and not for those that came between them.
    for _ in 0..186 {
        let (code, text) = calls.next().await.unwrap();
        assert!(code == 14 && text.contains("take%20all%20the%20memory"), "{code} {text}");
    }
    loop {
        let mut another = Box::pin(connections[0].stalls_in_upload(MESSAGE).await);
        match tokio::time::timeout(Duration::from_secs(1), another.as_mut()).await {
            Ok((code, _)) => break assert_eq!(code, 14),
            Err(_) => calls.push(another),
        }
        assert!(started.elapsed() < Duration::from_secs(28), "there is room for ever more");
    }
    let upload = send(&mut other, vec![super::part("a.png", &vec![0; MESSAGE - 1000])]).await;
    let status = assert_refused(upload, Code::Unavailable, "overloaded", "");
    assert!(status.get_error_details().retry_info().is_some());
    // Calls without files have room of their own.
    let listed = other.list_images(api::ListImagesRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().images.len(), 1);
    while let Some((code, text)) = calls.next().await {
        assert!(matches!(code, 4 | 14), "{code} {text}");
    }
    let took = store.peak_rss_kib().saturating_sub(before);
    assert!(took < 64 * 1024, "200 messages of 1 MiB took {took} KiB");
    // Their room is free again.
    send(&mut other, vec![super::part("b.png", &file::one_pixel_png())]).await.unwrap();
}

#[tokio::test]
async fn a_request_that_stalls_is_ended() {
    let store = store_and(&[("LIMITS__BODY_PAUSE_SECONDS", "1")]);
    let connection = Slow::to(&store).await;
    let mut calls = Vec::new();
    for (path, bytes) in [(LIST, begun(100, 10)), (LIST, begun(0, 0)), (UPLOAD, begun(1000, 3)), (UPLOAD, Bytes::new())]
    {
        let (response, mut stream) = connection.call(path).await;
        stream.send_data(bytes, false).unwrap();
        calls.push((response, stream));
    }
    for (response, _stream) in calls {
        let (code, text) = answer(response).await;
        assert_eq!((code, text.contains("No%20whole%20message%20arrived%20for%201%20s")), (4, true), "{text}");
    }
    for path in [LIST, UPLOAD] {
        let (response, mut stream) = connection.call(path).await;
        stream.send_data(begun(100, 10), true).unwrap();
        assert_eq!(
            answer(response).await,
            (3, "The%20request%20ended%20within%20a%20message;%20send%20it%20again.".to_owned())
        );
    }
    assert_empty(&store).await;
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_with_details_whatever_the_call() {
    let store = store_and(&[]);
    let mut plain = client(&store).await;
    let mut compressed = api::image_service_client::ImageServiceClient::new(channel(&store).await)
        .send_compressed(CompressionEncoding::Gzip);
    for client in [&mut plain, &mut compressed] {
        let long = "a".repeat(70_000);
        let list = api::ListImagesRequest { tag: long.clone(), ..Default::default() };
        assert_refused(client.list_images(list).await, Code::ResourceExhausted, "message-too-large", "");
        let one = api::GetVariantRequest { id: long, ..Default::default() };
        assert_refused(client.get_variant(one).await.map(drop), Code::ResourceExhausted, "message-too-large", "");
        let large = super::part("a.jpg", &vec![0; 17 << 20]);
        assert_refused(send(client, vec![large]).await, Code::ResourceExhausted, "message-too-large", "imgChunk");
    }
}
