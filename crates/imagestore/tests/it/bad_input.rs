//! What must be refused, with the right words, and leave nothing behind.

use serde_json::json;
use testkit::pictures::{broken, file, jpeg, photo, png, svg, truncations};
use testkit::process::Store;
use testkit::raw;
use testkit::reqwest::{Body, Client};

use crate::support::{assert_empty, get, post, problem, store, store_with, upload};

/// Still alive and doing its job.
async fn assert_goes_on(store: &Store) {
    assert_eq!(get(store, "/readyz").await.status(), 200);
    upload(store, file::one_pixel_png()).await;
}

#[tokio::test]
async fn what_is_not_a_picture() {
    let store = store();
    problem(post(&store, Vec::new()).await, 400, "missing-image").await;
    for bytes in [
        b"just some text in photo.jpg".to_vec(),
        b"<html onload=alert(1)>".to_vec(),
        b"\0".to_vec(),
        vec![0xff; 10_000],
        b"MZ".to_vec(),
    ] {
        problem(post(&store, bytes).await, 415, "unsupported-format").await;
    }
    assert_empty(&store).await;
    assert_goes_on(&store).await;
}

#[tokio::test]
async fn truncated_pictures_of_every_format() {
    let store = store();
    let picture = photo(320, 240, 3);
    let files = [
        ("jpeg", jpeg::baseline(&picture, 90)),
        ("progressive jpeg", jpeg::progressive(&picture, 90)),
        ("png", file::png(&picture)),
        ("interlaced png", png::interlaced(&picture)),
        ("webp", file::webp_lossy(&picture, 80.0)),
        ("animated webp", file::animated_webp(64, 48, 3)),
        ("avif", file::avif(&picture, 60)),
        ("animated gif", file::animated_gif(64, 48, 3)),
        ("bmp", file::bmp(&picture)),
        ("tiff", file::tiff(&picture)),
        ("ppm", file::ppm(&picture)),
        ("hdr", file::hdr(&file::light(&picture))),
        ("exr", file::exr(&file::light(&picture))),
        ("jxl", file::jxl(&picture, 80)),
        ("heic", file::heic(&picture, 80)),
        ("svg", svg::everything(64, 48)),
        ("jxl lossless", file::jxl_deep(&picture)),
    ];
    for (name, bytes) in files {
        for cut in truncations(&bytes, 10) {
            let answer = post(&store, cut.clone()).await;
            let status = answer.status().as_u16();
            assert!(matches!(status, 415 | 422), "{name} cut to {} of {}: {status}", cut.len(), bytes.len());
            problem(answer, status, if status == 422 { "undecodable" } else { "unsupported-format" }).await;
        }
    }
    assert_empty(&store).await;
}

#[tokio::test]
async fn a_jpeg_without_its_last_third() {
    let store = store();
    let bytes = jpeg::baseline(&photo(640, 480, 4), 90);
    let mut with_an_end = broken::last_third_missing(&bytes);
    with_an_end.extend([0xff, 0xd9]);
    for bytes in [broken::last_third_missing(&bytes), with_an_end] {
        problem(post(&store, bytes).await, 422, "undecodable").await;
    }
    assert_empty(&store).await;
}

#[tokio::test]
async fn scratched_pictures_never_hurt() {
    let store = store();
    for sample in testkit::pictures::samples() {
        for keep in [30, 100, 400] {
            let answer = post(&store, broken::scratched(&sample.bytes, keep, 20)).await;
            assert!(
                answer.status().is_success() || answer.status().is_client_error(),
                "{}: {}",
                sample.name,
                answer.status()
            );
        }
    }
    assert_goes_on(&store).await;
    assert!(!store.log().contains("panicked"), "{}", store.log());
}

#[tokio::test]
async fn claims_of_enormous_size() {
    let store = store();
    for (width, height) in [(60_000, 60_000), (1, 2_000_000_000), (20_000, 20_000)] {
        let answer = post(&store, broken::png_claiming(width, height)).await;
        problem(answer, 413, "too-many-pixels").await;
    }
    assert_empty(&store).await;
}

#[tokio::test]
async fn bodies_longer_than_allowed() {
    let store = store_with(&[("LIMITS__UPLOAD_BYTES", "20000")]);
    let bytes = file::png(&photo(200, 200, 1));
    assert!(bytes.len() > 20_000);
    problem(post(&store, bytes.clone()).await, 413, "too-many-bytes").await;
    let form =
        [&b"--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n"[..], &bytes, b"\r\n--b--\r\n"].concat();
    let form = Client::new().post(store.url("/upload")).body(form);
    let form = form.header("content-type", "multipart/form-data; boundary=b").send().await.unwrap();
    let told = problem(form, 413, "too-many-bytes").await;
    assert!(told["detail"].as_str().unwrap().contains("limits.upload_bytes"), "{told}");
    // Without a Content-Length.
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = bytes.chunks(1000).map(|piece| Ok(piece.to_vec())).collect();
    let body = testkit::reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    let answer = Client::new().post(store.url("/upload")).body(body).send().await.unwrap();
    problem(answer, 413, "too-many-bytes").await;
    let json = json!({ "data": "A".repeat(40_000) });
    problem(Client::new().post(store.url("/upload")).json(&json).send().await.unwrap(), 413, "too-many-bytes").await;
    assert_empty(&store).await;
    assert_goes_on(&store).await;
}

#[tokio::test]
async fn a_body_that_is_cut_off() {
    let store = store();
    let bytes = jpeg::baseline(&photo(640, 480, 4), 90);
    let head = format!("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", bytes.len());
    for part in [0, 10, bytes.len() / 2, bytes.len() - 1] {
        raw::send_and_hang_up(store.address(), &[head.as_bytes(), &bytes[..part]].concat());
    }
    let form = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 99999\r\n\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    raw::send_and_hang_up(store.address(), &[form.as_bytes(), &bytes[..1000]].concat());
    assert_empty(&store).await;
    assert_goes_on(&store).await;
}

#[tokio::test]
async fn a_client_that_stops_sending_is_told_to_hurry() {
    let store = store_with(&[("LIMITS__BODY_PAUSE_SECONDS", "1")]);
    let request =
        b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n\x89PNG\r\n\x1a\n";
    let answer = raw::exchange(store.address(), request).unwrap();
    assert_eq!(answer.status, 408, "{}", answer.text());
    assert_empty(&store).await;
}

#[tokio::test]
async fn forms_that_are_not() {
    let store = store();
    let send = async |kind: &str, body: &str| {
        let request = Client::new().post(store.url("/v1/images")).header("content-type", kind.to_owned());
        request.body(body.to_owned()).send().await.unwrap()
    };
    let empty = "--b\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--b--\r\n";
    problem(send("multipart/form-data; boundary=b", empty).await, 400, "missing-image").await;
    for (kind, body) in [
        ("multipart/form-data; boundary=other", empty),
        ("multipart/form-data", empty),
        ("multipart/form-data; boundary=b", "no boundary at all"),
        ("multipart/form-data; boundary=b", "--b\r\nbroken header\r\n\r\nx\r\n--b--\r\n"),
    ] {
        let answer = send(kind, body).await;
        assert_eq!(answer.status(), 400, "{kind}: {body:?}");
    }
    let nothing = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n\r\n--b--\r\n";
    problem(send("multipart/form-data; boundary=b", nothing).await, 400, "missing-image").await;
    assert_empty(&store).await;
}

#[tokio::test]
async fn json_that_does_not_say_what_to_store() {
    let store = store();
    let send = async |body: &str| {
        let request = Client::new().post(store.url("/upload")).header("content-type", "application/json");
        request.body(body.to_owned()).send().await.unwrap()
    };
    let bare = problem(send(r#"{"filename":"/etc/passwd","type":"jpg"}"#).await, 400, "missing-image").await;
    assert!(bare["detail"].as_str().unwrap().contains("reads no files by name"));
    problem(send("{").await, 400, "invalid-body").await;
    problem(send("[]").await, 400, "invalid-body").await;
    problem(send(r#"{"data":"","nonsense":1}"#).await, 400, "invalid-body").await;
    problem(send(r#"{"data":"!!!"}"#).await, 400, "invalid-body").await;
    let number = problem(send(r#"{"url":7}"#).await, 400, "invalid-body").await;
    assert_eq!(number["parameter"], "url", "{number}");
    problem(send(r#"{"data":""}"#).await, 400, "missing-image").await;
    problem(send(r#"{"data":"aGVsbG8=","url":"http://example.org"}"#).await, 400, "invalid-body").await;
    problem(send(r#"{"data":"aGVsbG8=","type":"exe"}"#).await, 415, "unsupported-format").await;
    problem(send(r#"{"data":"aGVsbG8="}"#).await, 415, "unsupported-format").await;
    assert_empty(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_does_not_grow_with_what_is_sent() {
    const CHUNK: usize = 1024 * 1024;
    const CHUNKS: usize = 200;
    let store = store();
    // Begins like a picture, so that all 200 MB are read, hashed and written before it is refused.
    let chunks = std::iter::once(b"\x89PNG\r\n\x1a\n".to_vec()).chain((0..CHUNKS).map(|_| vec![0u8; CHUNK]));
    let body = Body::wrap_stream(futures::stream::iter(chunks.map(Ok::<_, std::io::Error>)));
    let before = store.peak_rss_kib();
    let answer = Client::new().post(store.url("/v1/images")).body(body).send().await.unwrap();
    problem(answer, 422, "undecodable").await;
    let grown = store.peak_rss_kib() - before;
    assert!(grown < 32 * 1024, "200 MB that streamed in took {grown} KiB");
    assert_empty(&store).await;
}
