//! The protocol itself: how an upload goes on, and what is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::reqwest::{Body, Client, Method};

use super::*;
use crate::support::{files, problem, store, store_with};

#[tokio::test]
async fn pieces_become_an_image() {
    let store = store();
    let bytes = picture();
    let length = bytes.len().to_string();
    let metadata = format!("filename {},filetype aW1hZ2UvanBlZw==", STANDARD.encode("кот.jpg"));
    let url = begin(&store, &[("upload-length", &length), ("upload-metadata", &metadata)]).await;
    let mut sent = 0;
    for piece in bytes.chunks(bytes.len() / 3) {
        let before = head(&url).await;
        assert_eq!(before.status(), 200);
        assert_eq!(header(&before, "cache-control"), "no-store");
        assert_eq!(header(&before, "upload-offset"), sent.to_string());
        assert_eq!(header(&before, "upload-length"), length);
        assert_eq!(header(&before, "upload-metadata"), metadata);
        assert!(header(&before, "upload-expires").ends_with(" GMT"));
        let answer = patch(&url, sent, piece).await;
        sent += piece.len();
        assert_eq!(answer.status(), 204);
        assert_eq!(header(&answer, "upload-offset"), sent.to_string());
        if sent == bytes.len() {
            assert_image(&store, &answer, &bytes).await;
        }
    }
    // A client to which the last answer was lost asks, or repeats itself.
    let again = head(&url).await;
    assert_eq!(header(&again, "upload-offset"), length);
    let id = assert_image(&store, &again, &bytes).await;
    let repeated = patch(&url, sent, &[]).await;
    assert_eq!((repeated.status().as_u16(), header(&repeated, "image-id")), (204, id.clone()));
    let told = document(&url).await;
    assert_eq!((&told["state"], &told["image_id"], &told["offset"]), (&json!("done"), &json!(id), &json!(sent)));
    let record: Value = get(&store, &format!("/v1/images/{id}")).await.json().await.unwrap();
    assert_eq!(record["name"], "кот.jpg");
    assert_eq!(images(&store).await, 1);
    assert!(files(&store, "uploads").is_empty(), "the parts are gone");
    // Ending the upload leaves the image.
    assert_eq!(tus(Method::DELETE, &url, &[], &[]).await.status(), 204);
    assert_eq!(images(&store).await, 1);
}

#[tokio::test]
async fn options_tell_what_is_spoken() {
    let store = store_with(&[("LIMITS__UPLOAD_BYTES", "12345")]);
    for path in ["/v1/uploads", "/v1/uploads/01890a5d-ac96-774b-bcce-b302099a8057"] {
        let answer = Client::new().request(Method::OPTIONS, store.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 204);
        assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
        assert_eq!(header(&answer, "tus-version"), "1.0.0");
        assert_eq!(
            header(&answer, "tus-extension"),
            "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration,concatenation"
        );
        assert_eq!(header(&answer, "tus-max-size"), "12345");
        assert_eq!(header(&answer, "tus-checksum-algorithm"), "sha1,sha256,md5");
    }
}

#[tokio::test]
async fn another_version_is_refused_with_the_one_that_is_spoken() {
    let store = store();
    let url = begin(&store, &[("upload-length", "10")]).await;
    for version in [None, Some("0.2.2")] {
        for (method, url) in [
            (Method::POST, store.url("/v1/uploads")),
            (Method::HEAD, url.clone()),
            (Method::PATCH, url.clone()),
            (Method::DELETE, url.clone()),
        ] {
            let mut request = Client::new().request(method, url).header("upload-length", "10");
            if let Some(version) = version {
                request = request.header("tus-resumable", version);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 412);
            assert_eq!(
                (header(&answer, "tus-version"), header(&answer, "tus-resumable")),
                ("1.0.0".into(), "1.0.0".into())
            );
        }
    }
    assert_eq!(offset(&url).await, "0", "nothing of it was done");
}

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong() {
    let store = store_with(&[("LIMITS__UPLOAD_BYTES", "1000")]);
    let creation = store.url("/v1/uploads");
    let wrong: [(Headers<'_>, u16, &str, &str); 16] = [
        (&[], 400, "invalid-parameter", "Upload-Length"),
        (&[("upload-length", "ten")], 400, "invalid-parameter", "Upload-Length"),
        (&[("upload-length", "+10")], 400, "invalid-parameter", "Upload-Length"),
        (&[("upload-length", "-1")], 400, "invalid-parameter", "Upload-Length"),
        (&[("upload-length", "99999999999999999999")], 400, "invalid-parameter", "Upload-Length"),
        (&[("upload-length", "0")], 400, "missing-image", "Upload-Length"),
        (&[("upload-length", "10"), ("upload-length", "10")], 400, "invalid-parameter", "Upload-Length"),
        (&[("upload-length", "10"), ("upload-defer-length", "1")], 400, "invalid-parameter", "Upload-Length"),
        (&[("upload-defer-length", "yes")], 400, "invalid-parameter", "Upload-Defer-Length"),
        (&[("upload-length", "10"), ("upload-metadata", "filename k?t")], 400, "invalid-parameter", "Upload-Metadata"),
        (&[("upload-length", "10"), ("upload-metadata", "then Zmx5")], 400, "invalid-parameter", "then"),
        (&[("upload-length", "10"), ("upload-concat", "whole")], 400, "invalid-parameter", "Upload-Concat"),
        (&[("upload-concat", "final;")], 400, "invalid-parameter", "Upload-Concat"),
        (&[("upload-concat", "final;/v1/images/x")], 400, "invalid-parameter", "Upload-Concat"),
        (
            &[("upload-concat", "final;/v1/uploads/x"), ("upload-length", "1")],
            400,
            "invalid-parameter",
            "Upload-Concat",
        ),
        (
            &[("upload-concat", "final;/v1/uploads/01890a5d-ac96-774b-bcce-b302099a8057")],
            404,
            "not-found",
            "Upload-Concat",
        ),
    ];
    for (headers, status, code, parameter) in wrong {
        let told = problem(tus(Method::POST, &creation, headers, &[]).await, status, code).await;
        assert_eq!(told["parameter"], parameter, "{headers:?}: {told}");
    }
    problem(tus(Method::POST, &creation, &[("upload-length", "1001")], &[]).await, 413, "too-many-bytes").await;
    let named = tus(Method::POST, &store.url("/v1/uploads?name=a"), &[("upload-length", "10")], &[]).await;
    problem(named, 400, "invalid-parameter").await;

    let url = begin(&store, &[("upload-length", "10")]).await;
    let plain = tus(Method::PATCH, &url, &[("upload-offset", "0"), ("content-type", "image/png")], b"12").await;
    problem(plain, 415, "unsupported-media-type").await;
    problem(tus(Method::PATCH, &url, &[BYTES], b"12").await, 400, "invalid-parameter").await;
    problem(patch(&url, 3, b"12").await, 409, "offset-mismatch").await;
    problem(patch(&url, 0, b"12345678901").await, 413, "too-many-bytes").await;
    problem(patch_with(&url, 0, b"12", &[("upload-length", "9")]).await, 400, "invalid-parameter").await;
    problem(patch_with(&url, 0, b"12", &[("upload-checksum", "crc32 AAAA")]).await, 400, "invalid-parameter").await;
    problem(patch_with(&url, 0, b"12", &[("upload-checksum", "sha1 ?")]).await, 400, "invalid-parameter").await;
    assert_eq!(offset(&url).await, "0", "nothing of these was kept");
    problem(patch(&store.url("/v1/uploads/7"), 0, b"12").await, 400, "invalid-parameter").await;
    let unknown = store.url("/v1/uploads/01890a5d-ac96-774b-bcce-b302099a8057");
    problem(patch(&unknown, 0, b"12").await, 404, "not-found").await;
    assert_eq!(head(&unknown).await.status(), 404);
    problem(tus(Method::DELETE, &unknown, &[], &[]).await, 404, "not-found").await;
    problem(tus(Method::PUT, &url, &[], &[]).await, 405, "method-not-allowed").await;
}

#[tokio::test]
async fn more_bytes_than_were_announced_in_advance_are_refused() {
    let store = store_with(&[("LIMITS__UPLOAD_BYTES", "100000")]);
    let bytes = picture();
    assert!(bytes.len() < 100_000);
    for (length, announced) in [("upload-length", "5000"), ("upload-defer-length", "1")] {
        let url = begin(&store, &[(length, announced)]).await;
        // Chunked: how many come is not known before.
        let chunks = std::iter::repeat_n(bytes.clone(), 3).map(Ok::<_, std::io::Error>);
        let request = Client::new().patch(&url).header("tus-resumable", "1.0.0").header(BYTES.0, BYTES.1);
        let body = Body::wrap_stream(futures::stream::iter(chunks));
        // The connection may be closed before the answer was read.
        if let Ok(answer) = request.header("upload-offset", "0").body(body).send().await {
            problem(answer, 413, "too-many-bytes").await;
        }
        assert!(offset(&url).await.parse::<u64>().unwrap() <= 100_000);
        assert_eq!(tus(Method::DELETE, &url, &[], &[]).await.status(), 204);
    }
    assert_eq!(images(&store).await, 0);
    assert!(files(&store, "uploads").is_empty());
}

#[tokio::test]
async fn what_is_no_picture_is_refused_with_its_first_bytes() {
    let store = store();
    let url = begin(&store, &[("upload-length", "200000000")]).await;
    // In small pieces: the first ones alone do not tell.
    assert_eq!(patch(&url, 0, &[b'x'; 3000]).await.status(), 204);
    let told = problem(patch(&url, 3000, &[b'x'; 3000]).await, 415, "unsupported-format").await;
    assert_eq!(head(&url).await.status(), 410);
    let again = problem(patch(&url, 3000, &[b'x'; 3000]).await, 415, "unsupported-format").await;
    assert_eq!(again["detail"], told["detail"], "whoever repeats it is told the same");
    let document = document(&url).await;
    assert_eq!((&document["state"], &document["problem"]["code"]), (&json!("failed"), &json!("unsupported-format")));
    assert!(files(&store, "uploads").is_empty() && files(&store, "staging").is_empty());
}

#[tokio::test]
async fn a_picture_that_cannot_be_decoded_fails_with_its_last_bytes() {
    let store = store();
    let mut bytes = picture();
    bytes.truncate(bytes.len() / 2);
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    let (first, rest) = bytes.split_at(bytes.len() - 100);
    assert_eq!(patch(&url, 0, first).await.status(), 204);
    problem(patch(&url, first.len(), rest).await, 422, "undecodable").await;
    problem(patch(&url, bytes.len(), &[]).await, 422, "undecodable").await;
    assert_eq!(document(&url).await["state"], "failed");
    assert_eq!(images(&store).await, 0);
    assert!(files(&store, "uploads").is_empty() && files(&store, "blobs").is_empty());
}
