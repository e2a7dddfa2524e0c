//! Images that come in a stream.

use std::time::Duration;

use futures::StreamExt;
use grpc_api::image_v1 as api;
use shared_types::Digest;
use testkit::pictures::{file, photo};
use testkit::process::wait_until;
use tokio_stream_of::endless;
use tonic::Code;
use tonic_types::StatusExt;

use super::{assert_refused, client, part, parts, picture, send, store_and};
use crate::support::{assert_empty, files, get};

/// Streams that do not end.
mod tokio_stream_of {
    use futures::{Stream, StreamExt, stream};

    /// These, and then nothing more for ever.
    pub(super) fn endless<T: Send + 'static>(messages: Vec<T>) -> impl Stream<Item = T> + Send {
        stream::iter(messages).chain(stream::pending())
    }
}

#[tokio::test]
async fn an_image_in_pieces_is_stored_as_it_is() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let bytes = picture();
    let mut messages = parts("../a/photo.jpg", &bytes);
    messages[0].format = ".jpg".to_owned();
    messages[0].announced_size = bytes.len() as u64;
    messages[0].tags = vec!["Sea".to_owned(), "2026".to_owned()];
    messages[0].visibility = "private".to_owned();
    let answer = send(&mut client, messages).await.unwrap();
    assert_eq!(answer.size as usize, bytes.len());
    assert_eq!(answer.total_size as usize, bytes.len());
    assert_eq!(answer.digest, Digest::of(&bytes).to_string());
    let image = &answer.images[0];
    assert_eq!((&*image.id, &*image.digest), (&*answer.id, &*answer.digest));
    assert_eq!((&*image.name, &*image.format, &*image.media_type), ("photo.jpg", ".jpg", "image/jpeg"));
    assert_eq!((image.width, image.height, image.size as usize), (400, 300, bytes.len()));
    assert_eq!((&image.tags[..], &*image.visibility), (&["2026".to_owned(), "sea".to_owned()][..], "private"));
    assert!(image.uploaded_at.is_some_and(|time| time.seconds > 1_700_000_000));
    let original = get(&store, &image.original_path).await;
    assert_eq!(original.bytes().await.unwrap(), bytes);
    let thumbnail = get(&store, &image.thumbnail_path).await;
    assert_eq!(thumbnail.status(), 200);
}

#[tokio::test]
async fn names_part_a_stream_into_images() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let (large, other) = (picture(), file::one_pixel_png());
    // The older client says the name in each message.
    let mut messages = parts("a.jpg", &large);
    for message in &mut messages {
        "a.jpg".clone_into(&mut message.name);
    }
    messages.push(part("b.png", &other[..20]));
    messages.push(part("", &other[20..]));
    messages.extend(parts("a.jpg", &large));
    let answer = send(&mut client, messages).await.unwrap();
    let names: Vec<_> = answer.images.iter().map(|image| &*image.name).collect();
    assert_eq!(names, ["a.jpg", "b.png", "a.jpg"]);
    assert_eq!(answer.total_size as usize, 2 * large.len() + other.len());
    assert_eq!(answer.id, answer.images[2].id);
    assert_eq!(get(&store, &answer.images[1].original_path).await.bytes().await.unwrap(), other);
}

#[tokio::test]
async fn a_wrong_upload_is_refused_by_the_name_of_its_field_and_leaves_nothing() {
    let store = store_and(&[("GRPC__MAX_MESSAGE_BYTES", "1048576")]);
    let mut client = client(&store).await;
    let bytes = picture();
    let len = bytes.len() as u64;
    let whole = |change: fn(&mut api::UploadImageRequest)| {
        let mut messages = parts("photo.jpg", &picture());
        change(&mut messages[0]);
        messages
    };
    let (argument, parameter) = (Code::InvalidArgument, "invalid-parameter");
    for (messages, code, reason, field) in [
        (vec![], argument, "missing-image", ""),
        (vec![part("photo.jpg", b"")], argument, "missing-image", ""),
        (whole(|first| first.name.clear()), argument, parameter, "name"),
        (whole(|first| first.name = "..".to_owned()), argument, parameter, "name"),
        (whole(|first| first.format = ".png".to_owned()), argument, parameter, "format"),
        (whole(|first| first.format = "exe".to_owned()), argument, parameter, "format"),
        (whole(|first| first.visibility = "secret".to_owned()), argument, parameter, "visibility"),
        (whole(|first| first.tags = vec!["a,b".to_owned()]), argument, parameter, "tags"),
        (
            whole(|first| first.announced_size = 2_000_000_000),
            Code::ResourceExhausted,
            "too-many-bytes",
            "announced_size",
        ),
        (whole(|first| first.announced_size = 10_001), argument, parameter, "imgChunk"),
        (whole(|first| first.announced_size = 1_000_000), argument, "incomplete-body", "announced_size"),
        (vec![part("a.jpg", &vec![0; 2 << 20])], Code::ResourceExhausted, "message-too-large", "imgChunk"),
        (parts("a.jpg", &vec![7; 50_000]), argument, "unsupported-format", ""),
        (parts("a.jpg", &bytes[..20_000]), argument, "undecodable", ""),
    ] {
        let described = format!("{:?} {reason} {field}", messages.first().map(|first| &first.name));
        let answer = send(&mut client, messages).await;
        assert!(answer.is_err(), "{described}");
        assert_refused(answer, code, reason, field);
    }
    let mut later = parts("photo.jpg", &bytes);
    later[1].announced_size = len;
    assert_refused(send(&mut client, later).await, argument, parameter, "announced_size");
    assert_empty(&store).await;
}

#[tokio::test]
async fn a_format_that_lies_is_noticed_before_the_end() {
    let store = store_and(&[]);
    let mut client = client(&store).await;
    let mut messages = parts("photo.png", &picture());
    messages[0].format = ".png".to_owned();
    let answer = tokio::time::timeout(Duration::from_mins(2), client.upload_image(endless(messages))).await;
    let answer = answer.expect("refused while the client goes on sending");
    assert_refused(answer, Code::InvalidArgument, "invalid-parameter", "format");
    assert_empty(&store).await;
}

#[tokio::test]
async fn what_was_stored_before_an_error_is_named_by_it() {
    let store = store_and(&[("LIMITS__FILES", "2")]);
    let mut client = client(&store).await;
    let small = file::one_pixel_png();
    let messages =
        vec![part("a.png", &small), part("b.png", &small), part("c.png", b"nothing that could be a picture")];
    let status = assert_refused(send(&mut client, messages).await, Code::ResourceExhausted, "too-many-bytes", "name");
    let ids = status.get_error_details().error_info().unwrap().metadata["stored_ids"].clone();
    let ids: Vec<_> = ids.split(',').collect();
    assert_eq!(ids.len(), 2);
    for id in ids {
        assert_eq!(get(&store, &format!("/i/{id}")).await.bytes().await.unwrap(), small);
    }
    let status = send(&mut client, vec![part("a.png", &small), part("c.png", &[9; 5000])]).await.unwrap_err();
    assert_eq!(status.get_error_details().error_info().unwrap().metadata["stored"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_or_too_late_leaves_nothing() {
    let store = store_and(&[]);
    let client = client(&store).await;
    let begun = || {
        // Noise, so that the file is not ended by the decoder: enough that some of it is written to the disk.
        let bytes = file::png(&photo(1200, 900, 3));
        endless(parts("big.png", &bytes[..bytes.len() - 100]))
    };
    let mut cancelled = client.clone();
    let call = tokio::spawn(async move { cancelled.upload_image(begun()).await });
    assert!(wait_until(|| files(&store, "staging").iter().any(|file| file.metadata().is_ok_and(|of| of.len() > 0))));
    call.abort();
    assert_empty(&store).await;
    store.wait_for_log("UploadImage CANCELLED");
    let mut late = client.clone();
    let mut request = tonic::Request::new(begun());
    request.set_timeout(Duration::from_millis(300));
    let status = late.upload_image(request).await.unwrap_err();
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status:?}");
    assert_empty(&store).await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_more_is_not_waited_for() {
    let store = store_and(&[("LIMITS__BODY_PAUSE_SECONDS", "1")]);
    let mut client = client(&store).await;
    let stream = endless(parts("photo.jpg", &picture()[..20_000])).boxed();
    let answer = client.upload_image(stream).await;
    assert_refused(answer, Code::DeadlineExceeded, "request-timeout", "");
    assert_empty(&store).await;
}
