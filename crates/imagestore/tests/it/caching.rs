//! Validators, ranges, and what caches and browsers are told.

use testkit::pictures::{jpeg, photo};
use testkit::process::Store;
use testkit::reqwest::Client;

use crate::support::{get, get_with, header, id, problem, store, upload};

async fn with_photo() -> (Store, String, Vec<u8>) {
    let store = store();
    let bytes = jpeg::baseline(&photo(400, 300, 1), 92);
    let image = upload(&store, bytes.clone()).await;
    let id = id(&image).to_owned();
    (store, id, bytes)
}

#[tokio::test]
async fn what_came_from_a_user_is_cached_for_ever_and_never_run() {
    let (store, id, _) = with_photo().await;
    for path in [format!("/i/{id}"), format!("/i/{id}.webp?w=50")] {
        let answer = get(&store, &path).await;
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert!(header(&answer, "content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(header(&answer, "accept-ranges"), "bytes");
        let head = Client::new().head(store.url(&path)).send().await.unwrap();
        for name in ["etag", "content-length", "content-type", "last-modified", "cache-control"] {
            assert_eq!(header(&head, name), header(&answer, name), "{name}");
        }
        assert_eq!(head.bytes().await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_client_that_has_it_is_told_so() {
    let (store, id, _) = with_photo().await;
    for path in [format!("/i/{id}"), format!("/i/{id}.webp?w=50")] {
        let answer = get(&store, &path).await;
        let (etag, date) = (header(&answer, "etag"), header(&answer, "last-modified"));
        assert!(etag.starts_with('"') && etag.ends_with('"'));
        for (name, value, status) in [
            ("if-none-match", etag.clone(), 304),
            ("if-none-match", format!("\"other\", {etag}"), 304),
            ("if-none-match", format!("W/{etag}"), 304),
            ("if-none-match", "*".to_owned(), 304),
            ("if-none-match", "\"other\"".to_owned(), 200),
            ("if-modified-since", date.clone(), 304),
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT".to_owned(), 200),
            ("if-modified-since", "yesterday".to_owned(), 200),
            ("if-match", etag.clone(), 200),
            ("if-match", "*".to_owned(), 200),
            ("if-match", format!("W/{etag}"), 412),
            ("if-match", "\"other\"".to_owned(), 412),
            ("if-unmodified-since", date.clone(), 200),
            ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT".to_owned(), 412),
        ] {
            let answer = get_with(&store, &path, &[(name, &value)]).await;
            assert_eq!(answer.status(), status, "{name}: {value}");
            if status == 304 {
                assert_eq!(
                    (header(&answer, "etag"), header(&answer, "cache-control").is_empty()),
                    (etag.clone(), false)
                );
                assert_eq!(answer.bytes().await.unwrap().len(), 0);
            } else if status == 412 {
                problem(answer, 412, "precondition-failed").await;
            }
        }
    }
}

#[tokio::test]
async fn a_known_variant_is_confirmed_without_making_it() {
    let (store, id, _) = with_photo().await;
    let path = format!("/i/{id}.avif?w=300");
    let etag = header(&get(&store, &path).await, "etag");
    let again = self::store();
    let image = upload(&again, jpeg::baseline(&photo(400, 300, 1), 92)).await;
    let path = format!("/i/{}.avif?w=300", crate::support::id(&image));
    let answer = get_with(&again, &path, &[("if-none-match", &etag)]).await;
    assert_eq!(answer.status(), 304, "the key follows from source and parameters alone");
}

#[tokio::test]
async fn ranges_work_on_originals_and_variants() {
    let (store, id, bytes) = with_photo().await;
    let variant = get(&store, &format!("/i/{id}.webp?w=90")).await.bytes().await.unwrap().to_vec();
    for (path, whole) in [(format!("/i/{id}"), &bytes), (format!("/i/{id}.webp?w=90"), &variant)] {
        let len = whole.len();
        for (range, first, last) in [
            ("bytes=0-9".to_owned(), 0, 9),
            ("bytes=-5".to_owned(), len - 5, len - 1),
            (format!("bytes={}-", len - 3), len - 3, len - 1),
            ("bytes=10-99999999".to_owned(), 10, len - 1),
        ] {
            let answer = get_with(&store, &path, &[("range", &range)]).await;
            assert_eq!(answer.status(), 206, "{range}");
            assert_eq!(header(&answer, "content-range"), format!("bytes {first}-{last}/{len}"));
            assert_eq!(answer.bytes().await.unwrap(), whole[first..=last]);
        }
        let outside = get_with(&store, &path, &[("range", &format!("bytes={len}-"))]).await;
        assert_eq!(header(&outside, "content-range"), format!("bytes */{len}"));
        problem(outside, 416, "range-not-satisfiable").await;
        for range in ["bytes=a-b", "lines=1-2", "bytes=0-1,5-6"] {
            assert_eq!(get_with(&store, &path, &[("range", range)]).await.status(), 200, "{range}");
        }
    }
}

#[tokio::test]
async fn if_range_guards_a_resumed_download() {
    let (store, id, _) = with_photo().await;
    let path = format!("/i/{id}");
    let answer = get(&store, &path).await;
    let (etag, date) = (header(&answer, "etag"), header(&answer, "last-modified"));
    for (condition, status) in [
        (etag.clone(), 206),
        (date, 206),
        (format!("W/{etag}"), 200),
        ("\"other\"".to_owned(), 200),
        ("Sun, 06 Nov 1994 08:49:37 GMT".to_owned(), 200),
    ] {
        let answer = get_with(&store, &path, &[("range", "bytes=0-9"), ("if-range", &condition)]).await;
        assert_eq!(answer.status(), status, "{condition}");
    }
}

#[tokio::test]
async fn a_download_has_a_safe_name() {
    let store = store();
    let request = Client::new().post(store.url("/v1/images?name=holiday.png"));
    let image: serde_json::Value =
        request.body(testkit::pictures::file::one_pixel_png()).send().await.unwrap().json().await.unwrap();
    let id = id(&image);
    for (query, disposition) in [
        ("", ""),
        ("?download=cat.png", "attachment; filename=\"cat.png\""),
        ("?download=", "attachment; filename=\"holiday.png\""),
        ("?download=a/../../b.png", "attachment; filename=\"b.png\""),
        (
            "?download=%D0%BA%D0%BE%D1%82.png",
            "attachment; filename=\"___.png\"; filename*=UTF-8''%D0%BA%D0%BE%D1%82%2Epng",
        ),
        ("?download=a%22%3B%0d%0aX.png", "attachment; filename=\"a__X.png\"; filename*=UTF-8''a%22%3BX%2Epng"),
    ] {
        let answer = get(&store, &format!("/i/{id}{query}")).await;
        assert_eq!(header(&answer, "content-disposition"), disposition, "{query}");
    }
    let made = get(&store, &format!("/i/{id}.webp?download=")).await;
    assert_eq!(header(&made, "content-disposition"), "attachment; filename=\"holiday.webp\"");
}

#[tokio::test]
async fn requests_keep_their_id_and_errors_are_not_cached() {
    let store = store();
    let answer = get_with(&store, "/healthz", &[("x-request-id", "mine-1")]).await;
    assert_eq!(header(&answer, "x-request-id"), "mine-1");
    let answer = get_with(&store, "/i/x", &[("x-request-id", "two words")]).await;
    let given = header(&answer, "x-request-id");
    assert_ne!(given, "two words");
    let told = problem(answer, 400, "invalid-parameter").await;
    assert_eq!(told["request_id"], given);
    assert!(testkit::process::wait_until(|| store.log().contains("[mine-1] GET /healthz 200")), "{}", store.log());
}
