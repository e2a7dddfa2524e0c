//! What a page shows of many images and of the store as a whole.

use serde_json::{Value, json};
use testkit::pictures::file::{png, png_alpha};
use testkit::pictures::{jpeg, photo};
use testkit::process::Store;
use testkit::reqwest::{Client, Response};

use crate::support::{get, get_with, header, id, problem, store, store_with, upload};

async fn json_of(store: &Store, path: &str) -> Value {
    let answer = get(store, path).await;
    let status = answer.status();
    let document = answer.json().await.unwrap();
    assert_eq!(status, 200, "{path}: {document}");
    document
}

async fn post(store: &Store, path: &str, body: &Value) -> Response {
    Client::new().post(store.url(path)).json(body).send().await.unwrap()
}

/// Uploads so many different pictures; gives their ids, oldest first.
async fn pictures(store: &Store, number: u64) -> Vec<String> {
    let mut ids = Vec::new();
    for seed in 0..number {
        ids.push(id(&upload(store, png(&photo(24, 16, seed))).await).to_owned());
    }
    ids
}

#[tokio::test]
async fn a_list_has_a_timeline_and_placeholders() {
    let store = store();
    let mut ids = pictures(&store, 5).await;
    let timeline = json_of(&store, "/v1/images/timeline").await;
    let buckets = timeline["buckets"].as_array().unwrap();
    assert_eq!(
        (&timeline["total"], &timeline["cursor"], &buckets[0]["cursor"]),
        (&json!(5), &Value::Null, &Value::Null)
    );
    assert_eq!(buckets.iter().map(|bucket| bucket["count"].as_u64().unwrap()).sum::<u64>(), 5);
    assert!(buckets.iter().all(|bucket| bucket["month"].as_str().is_some_and(|month| month.len() == 7)));
    for path in ["/v1/images/timeline", "/v1/images"] {
        let packed = get_with(&store, path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(
            (header(&packed, "content-encoding"), header(&packed, "vary")),
            ("gzip".into(), "accept-encoding".into())
        );
        assert!(packed.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]), "{path}");
        assert_eq!(header(&get(&store, path).await, "content-encoding"), "", "{path}");
    }
    assert_eq!(json_of(&store, "/v1/images/timeline?format=gif").await["total"], 0);
    let by_name = json_of(&store, "/v1/images/timeline?sort=name&step=100").await;
    assert_eq!(by_name["buckets"], json!([{ "count": 5, "cursor": null }]));
    for (query, parameter) in
        [("step=99", "step"), ("step=x", "step"), ("limit=5", "limit"), ("thumbhash=1", "thumbhash")]
    {
        let refused =
            problem(get(&store, &format!("/v1/images/timeline?{query}")).await, 400, "invalid-parameter").await;
        assert_eq!(refused["parameter"], parameter);
    }
    assert!(json_of(&store, "/v1/images").await["images"][0].get("thumbhash").is_none());
    ids.reverse();
    let album = post(&store, "/v1/albums", &json!({ "name": "some" })).await.json::<Value>().await.unwrap();
    let members = format!("/v1/albums/{}/images", id(&album));
    assert_eq!(post(&store, &members, &json!({ "ids": ids })).await.status(), 200);
    for path in ["/v1/images?thumbhash=true".to_owned(), format!("{members}?thumbhash=1")] {
        // Images are looked at a moment after their upload.
        let mut list = json_of(&store, &path).await;
        for _ in 0..100 {
            if list["images"].as_array().unwrap().iter().all(|image| image["thumbhash"].is_string()) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            list = json_of(&store, &path).await;
        }
        for image in list["images"].as_array().unwrap() {
            let info = json_of(&store, &format!("/i/{}.json", id(image))).await;
            assert_eq!(image["thumbhash"], info["thumbhash"], "{path}");
        }
    }
}

#[tokio::test]
async fn something_is_done_to_each_image_of_a_selection() {
    let store = store_with(&[("DELETE__GRACE", "1d")]);
    assert_eq!(json_of(&store, "/v1/session").await["delete_grace_seconds"], 86_400);
    let ids = pictures(&store, 3).await;
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let order = json!({ "ids": [ids[0], nobody, ids[1]], "add_tags": "sea,2026", "remove_tags": ["none"], "visibility": "public" });
    let told: Value = post(&store, "/v1/images/batch", &order).await.json().await.unwrap();
    assert_eq!(told["done"], json!([ids[0], ids[1]]));
    assert_eq!(
        (&told["failed"][0]["id"], &told["failed"][0]["problem"]["code"]),
        (&json!(nobody), &json!("not-found"))
    );
    let order = json!({ "ids": [ids[0]], "remove_tags": "sea" });
    assert_eq!(post(&store, "/v1/images/batch", &order).await.status(), 200);
    let record = json_of(&store, &format!("/v1/images/{}", ids[0])).await;
    assert_eq!((&record["tags"], &record["visibility"]), (&json!(["2026"]), &json!("public")));
    assert_eq!(json_of(&store, "/v1/images?tag=sea").await["images"].as_array().unwrap().len(), 1);
    let listed = async || json_of(&store, "/v1/images").await["images"].as_array().unwrap().len();
    for (work, left) in [("delete", 1), ("restore", 3)] {
        let told = post(&store, "/v1/images/batch", &json!({ "ids": ids[..2], work: true })).await;
        assert_eq!(told.json::<Value>().await.unwrap()["done"], json!(ids[..2]), "{work}");
        assert_eq!(listed().await, left, "{work}");
    }
    for (order, parameter) in [
        (json!({ "ids": ids }), "ids"),
        (json!({ "add_tags": "a" }), "ids"),
        (json!({ "ids": [], "delete": true }), "ids"),
        (json!({ "ids": ["x"], "delete": true }), "ids"),
        (json!({ "ids": ids, "delete": true, "restore": true }), "delete"),
        (json!({ "ids": ids, "restore": true, "add_tags": "a" }), "restore"),
        (json!({ "ids": ids, "add_tags": ["a", "b"], "rename": 1 }), "rename"),
    ] {
        let refused = problem(post(&store, "/v1/images/batch", &order).await, 400, "invalid-parameter").await;
        assert_eq!(refused["parameter"], parameter, "{order}");
    }
}

#[tokio::test]
async fn a_selection_is_one_file() {
    let store = store();
    let mut ids = Vec::new();
    for (name, seed) in [("?name=a.png", 1), ("?name=A.png", 2), ("", 3)] {
        let answer =
            Client::new().post(store.url(&format!("/v1/images{name}"))).body(png(&photo(8, 8, seed))).send().await;
        ids.push(id(&answer.unwrap().json().await.unwrap()).to_owned());
    }
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let named = get(&store, &format!("/v1/images/zip?ids={},{nobody},{},{}", ids[0], ids[1], ids[2])).await;
    assert_eq!((named.status().as_u16(), header(&named, "content-type").as_str()), (200, "application/zip"));
    assert!(header(&named, "content-disposition").starts_with("attachment; filename=\"images.zip\""));
    let named = named.bytes().await.unwrap();
    let posted = post(&store, "/v1/images/zip", &json!({ "ids": ids })).await.bytes().await.unwrap();
    assert_eq!(named, posted, "what is not there is left out");
    for name in ["a.png".to_owned(), format!("{}-A.png", ids[1]), format!("{}.png", ids[2])] {
        assert!(posted.windows(name.len()).any(|part| part == name.as_bytes()), "{name}");
    }
    for seed in 1..4 {
        let original = png(&photo(8, 8, seed));
        assert!(posted.windows(original.len()).any(|part| part == original), "{seed}");
    }
    problem(get(&store, "/v1/images/zip").await, 400, "invalid-parameter").await;
    problem(get(&store, "/v1/images/zip?ids=").await, 400, "invalid-parameter").await;
    let many = vec![nobody; 201].join(",");
    problem(get(&store, &format!("/v1/images/zip?ids={many}")).await, 400, "invalid-parameter").await;
}

#[tokio::test]
async fn days_and_parts_are_told() {
    let store = store();
    let ids = pictures(&store, 2).await;
    assert_eq!(get(&store, &format!("/i/{}.webp?w=8", ids[0])).await.status(), 200);
    let history = async |days: u32| json_of(&store, &format!("/v1/stats/history?days={days}")).await["days"].clone();
    assert_eq!(history(1).await.as_array().unwrap().len(), 1);
    let days = history(7).await;
    let days = days.as_array().unwrap();
    let sum = |field: &str| days.iter().map(|day| day[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!((days.len(), sum("images"), sum("compressions")), (7, 2, 0));
    assert!(sum("image_bytes") > 100 && days[5]["day"].as_str() < days[6]["day"].as_str());
    for days in ["0", "3661", "x"] {
        problem(get(&store, &format!("/v1/stats/history?days={days}")).await, 400, "invalid-parameter").await;
    }
    let health = json_of(&store, "/v1/health").await;
    let part =
        |name: &str| health["parts"].as_array().unwrap().iter().find(|part| part["name"] == name).unwrap().clone();
    for name in ["catalog", "blobs", "workers"] {
        assert_eq!((&part(name)["state"], &part(name)["detail"]), (&json!("ok"), &Value::Null), "{name}");
    }
    assert_eq!((&health["state"], &part("compressors")["state"]), (&json!("away"), &json!("away")));
    assert_eq!(json_of(&store, "/v1/health").await, health, "since when it is so does not change");
}

#[tokio::test]
async fn formats_are_compared_by_bytes_over_quality() {
    let store = store();
    let photo = id(&upload(&store, jpeg::baseline(&photo(300, 200, 7), 95)).await).to_owned();
    let path = format!("/v1/images/{photo}/curve?side=150&formats=webp,jpg");
    let curve = json_of(&store, &path).await;
    assert_eq!((&curve["width"], &curve["height"]), (&json!(150), &json!(100)));
    let formats = curve["formats"].as_array().unwrap();
    assert_eq!(formats.iter().map(|line| line["format"].as_str().unwrap()).collect::<Vec<_>>(), ["webp", "jpg"]);
    for line in formats {
        let points = line["points"].as_array().unwrap();
        assert!(points.len() > 4, "{line}");
        for pair in points.windows(2) {
            assert!(pair[0]["quality"].as_u64() < pair[1]["quality"].as_u64(), "{line}");
            assert!(pair[0]["bytes"].as_u64() <= pair[1]["bytes"].as_u64(), "{line}");
            assert!(pair[0]["score"].as_f64().unwrap() < pair[1]["score"].as_f64().unwrap() + 1.0, "{line}");
        }
        assert!(points.last().unwrap()["score"].as_f64().unwrap() > 70.0, "{line}");
    }
    assert_eq!(json_of(&store, &path).await, curve);
    for query in ["formats=png", "formats=", "side=63", "side=1601", "q=5"] {
        problem(get(&store, &format!("/v1/images/{photo}/curve?{query}")).await, 400, "invalid-parameter").await;
    }
    let clear = image::RgbaImage::from_fn(64, 64, |x, y| image::Rgba([x as u8, y as u8, 99, (x * 4) as u8]));
    let clear = id(&upload(&store, png_alpha(&clear)).await).to_owned();
    let curve = json_of(&store, &format!("/v1/images/{clear}/curve?formats=jpg,webp")).await;
    assert_eq!(curve["formats"][0]["points"], json!([]), "a JPEG has no transparency");
    assert!(!curve["formats"][1]["points"].as_array().unwrap().is_empty());
}
