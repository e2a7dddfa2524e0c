//! Ways in: multipart, raw, JSON; what comes back; what is kept.

use image_engine::probe;
use serde_json::{Value, json};
use testkit::pictures::{file, jpeg, photo, samples};
use testkit::reqwest::Client;
use testkit::reqwest::header::LOCATION;

use crate::support::{files, get, header, id, store, upload};

#[tokio::test]
async fn a_raw_body_becomes_an_image() {
    let store = store();
    let bytes = jpeg::baseline(&photo(400, 300, 1), 90);
    // What curl --data-binary says of a picture.
    let request = Client::new()
        .post(store.url("/v1/images?name=my.jpg"))
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(bytes.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let location = answer.headers()[LOCATION].to_str().unwrap().to_owned();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(location, format!("/v1/images/{}", id(&document)));
    assert_eq!(
        (&document["format"], &document["width"], &document["height"]),
        (&json!("jpg"), &json!(400), &json!(300))
    );
    assert_eq!(
        (&document["bytes"], &document["deduplicated"], &document["name"]),
        (&json!(bytes.len()), &json!(false), &json!("my.jpg"))
    );
    assert_eq!(document["digest"], blake3::hash(&bytes).to_hex().as_str());
    assert_eq!((&document["image ID"], &document["status"]), (&document["id"], &json!("OK")));
    let original = document["urls"]["original"].as_str().unwrap();
    assert_eq!(Client::new().get(original).send().await.unwrap().bytes().await.unwrap(), bytes);
    let record: Value = get(&store, &location).await.json().await.unwrap();
    assert_eq!(record["digest"], document["digest"]);
}

#[tokio::test]
async fn put_is_for_curl_t_with_the_name_in_the_path() {
    let store = store();
    for path in ["/upload", "/upload/кот.png", "/v1/images"] {
        let answer = Client::new().put(store.url(path)).body(file::one_pixel_png()).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{path}");
        let document: Value = answer.json().await.unwrap();
        assert_eq!(document["name"], if path.ends_with("png") { json!("кот.png") } else { Value::Null });
    }
}

fn form(files: &[(&str, &[u8])]) -> (String, Vec<u8>) {
    let mut body = b"--edge\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nnothing\r\n".to_vec();
    for (name, bytes) in files {
        body.extend(
            format!("--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
                .into_bytes(),
        );
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    ("multipart/form-data; boundary=edge".to_owned(), body)
}

#[tokio::test]
async fn one_file_of_a_form_answers_like_a_raw_body() {
    let store = store();
    let (kind, body) = form(&[("../../x.png", &file::one_pixel_png())]);
    let answer = Client::new().post(store.url("/upload")).header("content-type", kind).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let document: Value = answer.json().await.unwrap();
    assert_eq!(document["name"], "x.png");
}

#[tokio::test]
async fn several_files_have_a_result_each() {
    let store = store();
    let (png, picture) = (file::one_pixel_png(), jpeg::baseline(&photo(50, 40, 1), 80));
    let (kind, body) = form(&[("a.png", &png), ("b.jpg", b"not a picture"), ("c.jpg", &picture)]);
    let answer =
        Client::new().post(store.url("/v1/images")).header("content-type", kind).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 207);
    let results: Value = answer.json().await.unwrap();
    let results = results["results"].as_array().unwrap();
    assert_eq!(results.iter().map(|result| result["status"].as_u64().unwrap()).collect::<Vec<_>>(), [201, 415, 201]);
    assert_eq!(results[1]["problem"]["code"], "unsupported-format");
    assert_eq!(results[2]["image"]["name"], "c.jpg");
    assert_eq!(files(&store, "blobs").len(), 2);
    assert_eq!(files(&store, "staging").len(), 0);
}

#[tokio::test]
async fn json_carries_base64() {
    let store = store();
    // The one-pixel PNG, once plain, once as a data: URL without padding.
    let text = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
    for data in [text.to_owned(), format!("data:image/png;base64,{}", text.trim_end_matches('='))] {
        let body = json!({ "data": data, "filename": "dot.png", "type": "png" });
        let answer = Client::new().post(store.url("/upload")).json(&body).send().await.unwrap();
        let status = answer.status();
        let document: Value = answer.json().await.unwrap();
        assert_eq!(status, 201, "{document}");
        assert_eq!((&document["width"], &document["name"]), (&json!(1), &json!("dot.png")));
    }
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_under_two_ids() {
    let store = store();
    let bytes = jpeg::baseline(&photo(80, 60, 2), 90);
    let first = upload(&store, bytes.clone()).await;
    let second = upload(&store, bytes).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!((&first["deduplicated"], &second["deduplicated"]), (&json!(false), &json!(true)));
    assert_eq!(files(&store, "blobs").len(), 1);
}

#[tokio::test]
async fn every_kind_of_picture_is_taken_and_comes_back_untouched() {
    let store = store();
    for sample in samples() {
        let document = upload(&store, sample.bytes.clone()).await;
        assert_eq!(
            (&document["width"], &document["height"]),
            (&json!(sample.width), &json!(sample.height)),
            "{}",
            sample.name
        );
        assert_eq!(document["animated"], sample.animated, "{}", sample.name);
        let answer = get(&store, &format!("/i/{}", id(&document))).await;
        assert_eq!(header(&answer, "content-type"), document["media_type"].as_str().unwrap());
        assert_eq!(answer.bytes().await.unwrap(), sample.bytes, "{}", sample.name);
        for format in ["jpg", "png", "webp", "avif", "gif", "bmp", "tiff", "qoi", "jxl"] {
            let path = format!("/i/{}.{format}?w=40", id(&document));
            let bytes = get(&store, &path).await.bytes().await.unwrap();
            let facts = probe(std::io::Cursor::new(&bytes[..]))
                .unwrap_or_else(|error| panic!("{} as {format}: {error}", sample.name));
            assert_eq!(facts.format.extension(), format, "{}", sample.name);
            assert_eq!(facts.upright_size().0, sample.width.min(40), "{} as {format}", sample.name);
        }
    }
}

#[tokio::test]
async fn a_broken_picture_is_the_same_error_in_a_form_and_alone() {
    let store = store();
    let (kind, body) = form(&[("a.jpg", b"hello")]);
    let answer = Client::new().post(store.url("/upload")).header("content-type", kind).body(body).send().await.unwrap();
    crate::support::problem(answer, 415, "unsupported-format").await;
}
