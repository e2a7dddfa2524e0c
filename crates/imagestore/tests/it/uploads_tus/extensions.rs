//! Its extensions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use sha1::Digest as _;

use super::*;
use crate::support::{files, problem, store, store_with};

#[tokio::test]
async fn the_first_bytes_can_come_with_the_beginning() {
    let store = store();
    let bytes = picture();
    let length = bytes.len().to_string();
    let whole = tus(Method::POST, &store.url("/v1/uploads"), &[("upload-length", &length), BYTES], &bytes).await;
    assert_eq!((whole.status().as_u16(), header(&whole, "upload-offset")), (201, length.clone()));
    assert_image(&store, &whole, &bytes).await;
    let (first, rest) = bytes.split_at(5000);
    let part = tus(Method::POST, &store.url("/v1/uploads"), &[("upload-length", &length), BYTES], first).await;
    assert_eq!((part.status().as_u16(), header(&part, "upload-offset")), (201, "5000".to_owned()));
    assert!(header(&part, "upload-expires").ends_with(" GMT"));
    assert_image(&store, &patch(&header(&part, "location"), 5000, rest).await, &bytes).await;
    let other = [("upload-length", length.as_str()), ("content-type", "image/jpeg")];
    problem(tus(Method::POST, &store.url("/v1/uploads"), &other, first).await, 415, "unsupported-media-type").await;
    let wrong = tus(Method::POST, &store.url("/v1/uploads"), &[("upload-length", &length), BYTES], &[b'x'; 5000]).await;
    problem(wrong, 415, "unsupported-format").await;
    assert!(files(&store, "uploads").is_empty());
}

#[tokio::test]
async fn the_length_can_be_said_later() {
    let store = store();
    let bytes = picture();
    let length = bytes.len().to_string();
    for with_last_bytes in [true, false] {
        let url = begin(&store, &[("upload-defer-length", "1")]).await;
        let (first, rest) = bytes.split_at(6000);
        assert_eq!(patch(&url, 0, first).await.status(), 204);
        let told = head(&url).await;
        assert_eq!((header(&told, "upload-defer-length"), header(&told, "upload-length")), ("1".into(), String::new()));
        let fewer = patch_with(&url, 6000, rest, &[("upload-length", "5999")]).await;
        assert_eq!(problem(fewer, 400, "invalid-parameter").await["parameter"], "Upload-Length");
        let last = if with_last_bytes {
            patch_with(&url, 6000, rest, &[("upload-length", &length)]).await
        } else {
            assert_eq!(patch(&url, 6000, rest).await.status(), 204);
            patch_with(&url, bytes.len(), &[], &[("upload-length", &length)]).await
        };
        assert_eq!(last.status(), 204);
        assert_image(&store, &last, &bytes).await;
    }
}

#[tokio::test]
async fn bytes_that_were_damaged_on_the_way_are_not_kept() {
    let store = store();
    let bytes = picture();
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    let thirds: Vec<_> = bytes.chunks(bytes.len().div_ceil(3)).collect();
    let sums = [
        format!("sha1 {}", STANDARD.encode(sha1::Sha1::digest(thirds[0]))),
        format!("sha256 {}", STANDARD.encode(sha2::Sha256::digest(thirds[1]))),
        format!("md5 {}", STANDARD.encode(md5::Md5::digest(thirds[2]))),
    ];
    let mut sent = 0;
    for (piece, sum) in thirds.iter().zip(&sums) {
        // The very first bytes decide whether it is a picture: damage there is damage, and no reason to give up.
        let mut damaged = piece.to_vec();
        damaged[0] ^= 1;
        let refused = patch_with(&url, sent, &damaged, &[("upload-checksum", sum)]).await;
        problem(refused, 460, "checksum-mismatch").await;
        assert_eq!(offset(&url).await, sent.to_string());
        let answer = patch_with(&url, sent, piece, &[("upload-checksum", sum)]).await;
        assert_eq!(answer.status(), 204, "{sum}");
        sent += piece.len();
        if sent == bytes.len() {
            assert_image(&store, &answer, &bytes).await;
        }
    }
}

#[tokio::test]
async fn what_is_asked_for_later_is_done() {
    let store = store();
    let bytes = picture();
    let metadata = format!("then {},name {}", STANDARD.encode("compress:high,thumbnail"), STANDARD.encode("a.jpg"));
    let url = begin(&store, &[("upload-length", &bytes.len().to_string()), ("upload-metadata", &metadata)]).await;
    let id = assert_image(&store, &patch(&url, 0, &bytes).await, &bytes).await;
    let jobs: Value = get(&store, &format!("/v1/jobs?image_id={id}")).await.json().await.unwrap();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 2, "{jobs}");
}

#[tokio::test]
async fn partial_uploads_are_put_together() {
    let store = store();
    let bytes = picture();
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let mut urls = Vec::new();
    for piece in [first, rest] {
        let length = piece.len().to_string();
        let url = begin(&store, &[("upload-length", &length), ("upload-concat", "partial")]).await;
        let early = format!("final;{url}");
        let refused = tus(Method::POST, &store.url("/v1/uploads"), &[("upload-concat", &early)], &[]).await;
        problem(refused, 409, "conflict").await;
        let answer = patch(&url, 0, piece).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "image-id")), (204, String::new()), "no image by itself");
        let told = head(&url).await;
        assert_eq!((header(&told, "upload-concat"), header(&told, "upload-offset")), ("partial".into(), length));
        urls.push(url);
    }
    let path = urls[1].strip_prefix(&store.url("")).unwrap();
    let list = format!("final;{} {path}", urls[0]);
    let answer = tus(Method::POST, &store.url("/v1/uploads"), &[("upload-concat", &list)], &[]).await;
    assert_eq!(answer.status(), 201);
    assert_image(&store, &answer, &bytes).await;
    let url = header(&answer, "location");
    let told = head(&url).await;
    let length = bytes.len().to_string();
    assert_eq!((header(&told, "upload-offset"), header(&told, "upload-length")), (length.clone(), length));
    assert_eq!(header(&told, "upload-concat"), list, "as it was sent");
    problem(patch(&url, bytes.len(), &[]).await, 403, "forbidden").await;
    // The partial ones take room for another hour at most: a client may not have heard of the image.
    for url in &urls {
        let expires: Timestamp = document(url).await["expires_at"].as_str().unwrap().parse().unwrap();
        assert!(expires.duration_since(Timestamp::now()) < SignedDuration::from_mins(61), "{expires}");
    }
    // They may be used again, in another order, of which nothing but a problem comes here.
    let wrong = format!("final;{} {}", urls[1], urls[0]);
    let refused = tus(Method::POST, &store.url("/v1/uploads"), &[("upload-concat", &wrong)], &[]).await;
    problem(refused, 415, "unsupported-format").await;
    for url in &urls {
        assert_eq!(tus(Method::DELETE, url, &[], &[]).await.status(), 204);
    }
    assert!(files(&store, "uploads").is_empty());
    assert_eq!(images(&store).await, 1);
}

#[tokio::test]
async fn an_upload_can_be_ended() {
    let store = store();
    let url = begin(&store, &[("upload-length", "100000")]).await;
    patch(&url, 0, &picture()[..5000]).await;
    assert_eq!(files(&store, "uploads").len(), 1);
    assert_eq!(tus(Method::DELETE, &url, &[], &[]).await.status(), 204);
    assert!(files(&store, "uploads").is_empty());
    assert_eq!(head(&url).await.status(), 404);
    problem(patch(&url, 5000, b"12").await, 404, "not-found").await;
}

#[tokio::test]
async fn the_method_can_be_said_in_a_header() {
    let store = store();
    let bytes = picture();
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    let meant = |method| ("x-http-method-override", method);
    let answer = tus(Method::POST, &url, &[BYTES, ("upload-offset", "0"), meant("PATCH")], &bytes).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(tus(Method::POST, &url, &[meant("HEAD")], &[]).await.status(), 200);
    assert_eq!(tus(Method::POST, &url, &[meant("DELETE")], &[]).await.status(), 204);
    problem(tus(Method::POST, &url, &[], &[]).await, 405, "method-not-allowed").await;
}

#[tokio::test]
async fn no_more_than_allowed_are_under_way() {
    let store = store_with(&[("UPLOADS__OPEN", "2")]);
    let first = begin(&store, &[("upload-length", "10")]).await;
    begin(&store, &[("upload-length", "10")]).await;
    let refused = tus(Method::POST, &store.url("/v1/uploads"), &[("upload-length", "10")], &[]).await;
    assert_eq!(header(&refused, "retry-after"), "60");
    problem(refused, 503, "overloaded").await;
    tus(Method::DELETE, &first, &[], &[]).await;
    begin(&store, &[("upload-length", "10")]).await;
}
