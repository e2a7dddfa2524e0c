//! What ends before it is done: work that nobody waits for any more, and calls under way when the store stops.

use std::time::{Duration, Instant};

use grpc_api::image_v1 as api;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, wait_until};
use tonic::{Code, Request};

use super::{client, parts, picture, store_and, upload};
use crate::support::{files, get};

/// How long it takes until no work on pixels is there.
async fn until_free(store: &Store) -> Duration {
    let begun = Instant::now();
    loop {
        let figures = get(store, "/metrics").await.text().await.unwrap();
        if figures.contains("\nimagestore_work 0\n") {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_mins(5), "the work goes on:\n{figures}");
    }
}

/// Waits until there is work on pixels.
async fn until_busy(store: &Store) {
    while get(store, "/metrics").await.text().await.unwrap().contains("\nimagestore_work 0\n") {}
}

fn wanted(id: &str, width: u32) -> api::GetVariantRequest {
    let transform = api::Transform { width, format: "avif".to_owned(), ..Default::default() };
    api::GetVariantRequest { id: id.to_owned(), transform: Some(transform) }
}

#[tokio::test(flavor = "multi_thread")]
async fn pixels_are_left_alone_when_nobody_waits_for_them() {
    let store = store_and(&[("CPU__THREADS", "1"), ("RENDITIONS__MODE", "off")]);
    let mut client = client(&store).await;
    let large = upload(&mut client, &jpeg::baseline(&photo(6000, 4500, 1), 90)).await;
    let small = upload(&mut client, &picture()).await;
    until_free(&store).await;
    let begun = Instant::now();
    client.get_variant(wanted(&large, 5000)).await.unwrap();
    let whole = begun.elapsed();
    for (width, cancelled) in [(5001, false), (5002, true)] {
        let mut request = Request::new(wanted(&large, width));
        let mut other = client.clone();
        if cancelled {
            let call = tokio::spawn(async move { other.get_variant(request).await.map(drop) });
            until_busy(&store).await;
            call.abort();
            store.wait_for_log("GetVariant CANCELLED");
        } else {
            request.metadata_mut().insert("grpc-timeout", "200m".parse().unwrap());
            // Tonic's client does not wait for the answer: it hangs up at the same moment.
            other.get_variant(request).await.map(drop).expect_err("too late");
            let ends = ["GetVariant DEADLINE_EXCEEDED", "GetVariant CANCELLED"];
            assert!(wait_until(|| ends.iter().any(|end| store.log().contains(end))), "{}", store.log());
        }
        let freed = until_free(&store).await;
        eprintln!("freed {freed:?} of {whole:?}");
        assert!(freed < whole / 2, "{freed:?} of {whole:?}");
        let begun = Instant::now();
        client.get_variant(wanted(&small, width - 4900)).await.unwrap();
        assert!(begun.elapsed() < whole / 2, "the next one waited {:?} of {whole:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_under_way_are_finished_and_nothing_new_begins_when_the_store_stops() {
    // Longer than the end is waited for, and than the upload rests.
    let settings = [("HTTP__DRAIN_SECONDS", "600"), ("LIMITS__BODY_PAUSE_SECONDS", "600"), ("RENDITIONS__MODE", "off")];
    let mut store = store_and(&settings);
    let mut client = client(&store).await;
    let bytes = file::png(&photo(1600, 1200, 3));
    let id = upload(&mut client, &bytes).await;
    let watching = client.watch_events(api::WatchEventsRequest::default()).await.unwrap();
    let mut watching = watching.into_inner();
    let asked = api::GetImageRequest { id: id.clone(), ..Default::default() };
    let mut reading = client.get_image_stream(asked).await.unwrap().into_inner();
    let size = reading.message().await.unwrap().unwrap().size;
    assert_eq!(size as usize, bytes.len());
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    let mut other = client.clone();
    let sending = tokio::spawn(async move { other.upload_image(receiver).await });
    let small = picture();
    let mut messages = parts("photo.jpg", &small).into_iter();
    sender.unbounded_send(messages.next().unwrap()).unwrap();
    assert!(wait_until(|| files(&store, "staging").len() == 1), "the upload has begun");

    store.signal_terminate();
    let end = tokio::time::timeout(Duration::from_mins(1), watching.message()).await.expect("told at once");
    assert_eq!(end.unwrap_err().code(), Code::Unavailable);
    client.list_images(api::ListImagesRequest::default()).await.expect_err("a new call on the old connection");
    let address = store.grpc_address();
    assert!(wait_until(|| std::net::TcpStream::connect(&address).is_err()), "no new connections");
    // Longer than what both ends have in their buffers lasts.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut got = Vec::new();
    while let Some(message) = reading.message().await.unwrap() {
        got.extend_from_slice(&message.chunk);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(got, bytes);
    for message in messages {
        sender.unbounded_send(message).unwrap();
    }
    drop(sender);
    assert_eq!(sending.await.unwrap().unwrap().into_inner().size as usize, small.len());
    assert!(store.wait().success(), "it ends with the last call");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_does_not_end_holds_up_the_end_for_its_time_only() {
    let mut store = store_and(&[("HTTP__DRAIN_SECONDS", "2")]);
    let mut client = client(&store).await;
    let bytes = file::png(&photo(1600, 1200, 3));
    let id = upload(&mut client, &bytes).await;
    let mut reading =
        client.get_image_stream(api::GetImageRequest { id, ..Default::default() }).await.unwrap().into_inner();
    reading.message().await.unwrap().unwrap();
    let begun = Instant::now();
    assert!(store.terminate().success());
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    store.wait_for_log("gRPC calls were still under way after 2 s");
}
