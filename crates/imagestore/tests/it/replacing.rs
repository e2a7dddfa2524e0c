//! Another original under the same id, and the removal of what was made of one.

use serde_json::{Value, json};
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, run_cli, wait_until};
use testkit::reqwest::{Client, Response, multipart};

use crate::keys::KeyedStore;
use crate::support::{files, get, get_with, header, id, picture, problem, store, store_with, upload};

async fn replace(store: &Store, id: &str, bytes: Vec<u8>, headers: &[(&str, &str)]) -> Response {
    let mut request = Client::new().put(store.url(&format!("/v1/images/{id}/file"))).body(bytes);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn replaced(store: &Store, id: &str, bytes: Vec<u8>) -> Value {
    let answer = replace(store, id, bytes, &[]).await;
    let status = answer.status();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{document}");
    document
}

fn fsck(store: &mut Store) {
    let data = store.data_dir().display().to_string();
    assert!(store.terminate().success());
    let output = run_cli("imagestore", ["fsck", "--data-dir", &data], &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("0 orphans"), "{text}");
}

#[tokio::test]
async fn the_image_stays_and_its_picture_is_another() {
    let mut store = store();
    let old = jpeg::baseline(&photo(300, 200, 1), 90);
    let request = Client::new().post(store.url("/v1/images?name=a.jpg&tags=sea&visibility=public")).body(old.clone());
    let image: Value = request.send().await.unwrap().json().await.unwrap();
    let id = id(&image).to_owned();
    assert_eq!((&image["revision"], image.get("replaced_at")), (&json!(1), None));
    assert_eq!(picture(&store, &format!("/i/{id}.png?w=30")).await.height(), 20);
    let small = Client::new().put(store.url(&format!("/v1/images/{id}/variants/small"))).body(old.clone());
    assert_eq!(small.send().await.unwrap().status(), 201);
    assert!(wait_until(|| files(&store, "blobs").len() == 2), "{:?}", files(&store, "blobs"));
    let before = get(&store, &format!("/i/{id}")).await;
    let date = header(&before, "last-modified");

    let new = file::png(&photo(200, 200, 2));
    let document = replaced(&store, &id, new.clone()).await;
    assert_eq!(document["id"], image["id"]);
    assert_eq!(
        (&document["revision"], &document["format"], &document["width"]),
        (&json!(2), &json!("png"), &json!(200))
    );
    for kept in ["name", "tags", "visibility", "created_at"] {
        assert_eq!(document[kept], image[kept], "{kept}");
    }
    assert!(document["replaced_at"].is_string());
    for path in [format!("/i/{id}"), format!("/download/{id}")] {
        let answer = get_with(&store, &path, &[("if-modified-since", &date)]).await;
        assert_eq!(answer.status(), 200, "no two originals have the same date");
        assert_eq!(header(&answer, "etag"), format!("\"{}\"", document["digest"].as_str().unwrap()));
        assert_eq!(answer.bytes().await.unwrap(), new);
    }
    assert_eq!(picture(&store, &format!("/i/{id}.png?w=30")).await.height(), 30, "made of the new one");
    problem(get(&store, &format!("/download/{id}?transform=small")).await, 404, "not-found").await;
    let info: Value = get(&store, &format!("/i/{id}.json")).await.json().await.unwrap();
    assert_eq!((&info["analysis"], &info["digest"]), (&json!("done"), &document["digest"]));
    let stats: Value = get(&store, "/v1/stats").await.json().await.unwrap();
    assert_eq!((&stats["images"]["count"], &stats["images"]["bytes"]), (&json!(1), &json!(new.len())));
    assert_eq!(stats["images"]["formats"], json!({ "png": { "count": 1, "bytes": new.len() } }));
    assert!(files(&store, "blobs").iter().all(|path| !path.ends_with(image["digest"].as_str().unwrap())));
    fsck(&mut store);
}

#[tokio::test]
async fn the_same_bytes_change_nothing() {
    let store = store();
    let bytes = jpeg::baseline(&photo(40, 30, 1), 90);
    let image = upload(&store, bytes.clone()).await;
    let path = format!("/v1/images/{}/variants", id(&image));
    let small = Client::new().put(store.url(&format!("{path}/small"))).body(bytes.clone());
    assert_eq!(small.send().await.unwrap().status(), 201);
    let same = replaced(&store, id(&image), bytes).await;
    assert_eq!((&same["revision"], &same["urls"]), (&json!(1), &image["urls"]));
    let variants: Value = get(&store, &path).await.json().await.unwrap();
    assert_eq!(variants["variants"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_an_upload_refuses_a_replacement_refuses_too() {
    let mut store = store_with(&[("LIMITS__UPLOAD_BYTES", "100000"), ("LIMITS__PIXELS", "100000")]);
    let bytes = jpeg::baseline(&photo(40, 30, 1), 90);
    let image = upload(&store, bytes.clone()).await;
    let id = id(&image);
    let other = jpeg::baseline(&photo(50, 40, 2), 90);
    problem(replace(&store, id, b"no picture at all, but text".to_vec(), &[]).await, 415, "unsupported-format").await;
    problem(replace(&store, id, bytes[..bytes.len() / 2].to_vec(), &[]).await, 422, "undecodable").await;
    problem(replace(&store, id, Vec::new(), &[]).await, 400, "missing-image").await;
    problem(replace(&store, id, vec![0; 100_001], &[]).await, 413, "too-many-bytes").await;
    let many = jpeg::baseline(&photo(500, 300, 1), 10);
    problem(replace(&store, id, many, &[]).await, 413, "too-many-pixels").await;
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    problem(replace(&store, unknown, other.clone(), &[]).await, 404, "not-found").await;
    let wrong =
        problem(replace(&store, id, other.clone(), &[("if-match", "\"other\"")]).await, 412, "precondition-failed")
            .await;
    assert_eq!(wrong["parameter"], "If-Match");
    let form = |files: usize| {
        (0..files).fold(multipart::Form::new().text("x", "y"), |form, _| {
            form.part("file", multipart::Part::bytes(other.clone()).file_name("b.jpg"))
        })
    };
    let send = async |form| {
        Client::new().put(store.url(&format!("/v1/images/{id}/file"))).multipart(form).send().await.unwrap()
    };
    problem(send(form(0)).await, 400, "missing-image").await;
    problem(send(form(2)).await, 400, "invalid-body").await;
    let record: Value = get(&store, &format!("/v1/images/{id}")).await.json().await.unwrap();
    assert_eq!(
        (&record["digest"], &record["revision"]),
        (&image["digest"], &json!(1)),
        "nothing was changed by all that"
    );
    let etag = header(&get(&store, &format!("/i/{id}")).await, "etag");
    let right = replace(&store, id, other.clone(), &[("if-match", &etag)]).await;
    assert_eq!(right.status(), 200);
    let etag = header(&right, "etag");
    let late: Value = right.json().await.unwrap();
    assert_eq!(etag, format!("\"{}\"", late["digest"].as_str().unwrap()));
    let answer = send(multipart::Form::new().part("file", multipart::Part::bytes(bytes).file_name("c.jpg"))).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["revision"], 3);
    fsck(&mut store);
}

#[tokio::test]
async fn addresses_that_name_the_revision_last_for_ever() {
    const LASTING: &str = "public, max-age=31536000";
    const PINNED: &str = "public, max-age=31536000, immutable";
    const SHORT: &str = "public, max-age=300, stale-while-revalidate=86400";
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let mark = upload(&store, file::png(&photo(20, 20, 3))).await;
    let id = id(&image);
    let cache = async |path: &str| {
        let answer = get(&store, path).await;
        assert_eq!(answer.status(), 200, "{path}");
        header(&answer, "cache-control")
    };
    let (plain, made) = (format!("/i/{id}"), format!("/i/{id}.webp?w=30"));
    let marked = format!("/i/{id}.webp?w=40&wm={}", crate::support::id(&mark));
    for (path, expected) in [
        (plain.clone(), LASTING),
        (made.clone(), LASTING),
        (marked.clone(), LASTING),
        (format!("{plain}?v=1"), PINNED),
        (format!("{made}&v=1"), PINNED),
        (format!("{marked}&v=1"), LASTING),
        (format!("{plain}?transform=thumbnail&v=1"), SHORT),
    ] {
        assert_eq!(cache(&path).await, expected, "{path}");
    }
    let early = problem(get(&store, &format!("{plain}?v=2")).await, 404, "not-found").await;
    assert_eq!(early["parameter"], "v");
    for wrong in ["0", "x", "", "-1"] {
        let told = problem(get(&store, &format!("{plain}?v={wrong}")).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], "v");
    }
    let signed = store.cli(&["sign", &made]);
    assert_eq!(picture(&store, &signed).await.height(), 20);
    let document = replaced(&store, id, jpeg::baseline(&photo(200, 300, 2), 90)).await;
    assert_eq!(document["urls"]["original"], format!("{}?v=2", store.url(&plain)));
    assert_eq!(document["urls"]["download"], format!("{}?v=2", store.url(&format!("/download/{id}"))));
    for (path, expected) in [
        (plain.clone(), SHORT),
        (made.clone(), SHORT),
        (format!("{plain}?v=2"), PINNED),
        (format!("{made}&v=2"), PINNED),
        (format!("{plain}?v=1"), SHORT),
    ] {
        assert_eq!(cache(&path).await, expected, "{path}");
    }
    assert!(wait_until(|| files(&store, "blobs").len() >= 3), "stored");
    let list: Value = get(&store, &format!("/v1/images/{id}/variants")).await.json().await.unwrap();
    assert!(list["variants"][0]["url"].as_str().is_some_and(|url| url.ends_with("&v=2")), "{list}");
    let srcset: Value = get(&store, &format!("/v1/images/{id}/srcset?widths=50")).await.json().await.unwrap();
    assert!(srcset["img"]["src"].as_str().unwrap().ends_with(".jpg?w=50&v=2"), "{srcset}");
    assert_eq!(cache(&srcset["img"]["src"].as_str().unwrap().replace(&store.url(""), "")).await, PINNED);
    assert_eq!(picture(&store, &signed).await.height(), 45, "a signature is for the address");
    let etag = async || header(&get(&store, &marked).await, "etag");
    let before = etag().await;
    replaced(&store, crate::support::id(&mark), file::png(&photo(20, 20, 4))).await;
    assert_ne!(etag().await, before, "another watermark, another picture");
}

#[tokio::test]
async fn where_originals_are_never_replaced_addresses_last_for_ever() {
    let store = store_with(&[("ORIGINALS__REPLACEABLE", "false")]);
    let image = upload(&store, jpeg::baseline(&photo(40, 30, 1), 90)).await;
    let answer = get(&store, &format!("/i/{}", id(&image))).await;
    assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
    let refused = replace(&store, id(&image), jpeg::baseline(&photo(50, 30, 1), 90), &[]).await;
    problem(refused, 403, "forbidden").await;
}

#[tokio::test]
async fn work_on_the_old_original_is_not_stored() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(64, 48, 1), 90)).await;
    let id = id(&image);
    let post = async |path: &str, body: Value| Client::new().post(store.url(path)).json(&body).send().await.unwrap();
    let order: Value = post("/v1/compressions", json!({ "image_id": id })).await.json().await.unwrap();
    let lease = async || -> Value {
        let asked = json!({ "worker": "w", "max": 1, "wait_seconds": 0 });
        post("/v1/jobs/lease", asked).await.json::<Value>().await.unwrap()["leases"][0].clone()
    };
    let result = async |lease: &Value, source: Option<&Value>| {
        let path = format!("/v1/jobs/{}/result", lease["job"].as_str().unwrap());
        let mut request = Client::new().put(store.url(&path)).body(file::webp_lossy(&photo(64, 48, 1), 50.0));
        if let Some(source) = source {
            request = request.header("variant-source", source.as_str().unwrap());
        }
        let figures = r#"{"source_bytes":1,"seconds":0.1}"#;
        let request = request.header("lease-token", lease["token"].as_str().unwrap());
        request.header("variant-figures", figures).send().await.unwrap()
    };
    let first = lease().await;
    assert_eq!((&first["image"]["digest"], &first["image"]["revision"]), (&image["digest"], &json!(1)));
    let document = replaced(&store, id, jpeg::baseline(&photo(64, 48, 2), 90)).await;
    problem(result(&first, None).await, 409, "lease-lost").await;
    let second = lease().await;
    assert_eq!((&second["job"], &second["attempt"]), (&order["jobs"][0]["id"], &json!(1)), "it begins anew");
    assert_eq!((&second["image"]["digest"], &second["image"]["revision"]), (&document["digest"], &json!(2)));
    problem(result(&second, Some(&image["digest"])).await, 409, "outdated").await;
    assert_eq!(result(&second, Some(&document["digest"])).await.status(), 200);
    let put = async |source: &str| {
        let request = Client::new().put(store.url(&format!("/v1/images/{id}/variants/web")));
        request.header("variant-source", source).body(jpeg::baseline(&photo(64, 48, 2), 30)).send().await.unwrap()
    };
    problem(put(image["digest"].as_str().unwrap()).await, 409, "outdated").await;
    let told = problem(put("x").await, 400, "invalid-parameter").await;
    assert_eq!(told["parameter"], "Variant-Source");
    assert_eq!(put(document["digest"].as_str().unwrap()).await.status(), 201);
}

#[tokio::test]
async fn purging_removes_what_was_made_and_nothing_else() {
    let mut store = store_with(&[("LOG__LEVEL", "debug")]);
    let bytes = jpeg::baseline(&photo(300, 200, 1), 90);
    let image = upload(&store, bytes.clone()).await;
    let id = id(&image);
    let made = format!("/i/{id}.webp?w=30");
    let first = get(&store, &made).await.bytes().await.unwrap();
    let small = Client::new().put(store.url(&format!("/v1/images/{id}/variants/small"))).body(bytes.clone());
    assert_eq!(small.send().await.unwrap().status(), 201);
    assert!(wait_until(|| files(&store, "blobs").len() == 2), "equal bytes are one file");
    let purge = async || Client::new().delete(store.url(&format!("/v1/images/{id}/variants"))).send().await.unwrap();
    let told: Value = purge().await.json().await.unwrap();
    assert_eq!(told, json!({ "variants": 2, "bytes": first.len() + bytes.len() }));
    assert_eq!(files(&store, "blobs").len(), 1);
    assert_eq!(purge().await.json::<Value>().await.unwrap(), json!({ "variants": 0, "bytes": 0 }));
    assert_eq!(get(&store, &format!("/i/{id}")).await.bytes().await.unwrap(), bytes);
    problem(get(&store, &format!("/download/{id}?transform=small")).await, 404, "not-found").await;
    let count = || store.log().matches("variant made").count();
    assert_eq!(count(), 1);
    assert_eq!(get(&store, &made).await.bytes().await.unwrap(), first);
    assert!(wait_until(|| count() == 2), "memory was purged too");
    let unknown = store.url("/v1/images/01890a5d-ac96-774b-bcce-b302099a8057/variants");
    problem(Client::new().delete(unknown).send().await.unwrap(), 404, "not-found").await;
    fsck(&mut store);
}

#[tokio::test]
async fn a_quota_counts_the_bytes_that_there_are() {
    let store = KeyedStore::start();
    store.user("anna", &["--max-bytes", "3000", "--max-images", "1"]);
    store.user("ben", &[]);
    let (anna, ben) = (store.key("anna", "read,write,delete"), store.key("ben", "read,write,delete"));
    let small = file::one_pixel_png();
    let id = store.upload(&anna, "private", small.clone()).await;
    let path = format!("/v1/images/{id}/file");
    let put = async |key: &str, bytes: Vec<u8>| {
        store.request(key, testkit::reqwest::Method::PUT, &path).body(bytes).send().await.unwrap()
    };
    let large = file::png(&photo(64, 64, 1));
    assert!(large.len() > 3000);
    problem(put(&anna, large).await, 429, "quota-exceeded").await;
    problem(put(&ben, small).await, 404, "not-found").await;
    let fits = file::png(&photo(16, 16, 1));
    assert_eq!(put(&anna, fits.clone()).await.status(), 200, "another image would be one too many");
    let usage: Value = store.get(&anna, "/v1/usage").send().await.unwrap().json().await.unwrap();
    assert_eq!((&usage["usage"]["images"], &usage["usage"]["bytes"]), (&json!(1), &json!(fits.len())), "{usage}");
}
