//! Records: one, many, gone.

use serde_json::{Value, json};
use testkit::pictures::{file, jpeg, photo};
use testkit::reqwest::{Client, Url};

use crate::support::{assert_empty, files, get, id, problem, store, upload};

#[tokio::test]
async fn pages_go_from_newest_to_oldest_without_gaps() {
    let store = store();
    let mut uploaded = Vec::new();
    for _ in 0..7 {
        uploaded.push(id(&upload(&store, file::one_pixel_png()).await).to_owned());
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/images?limit=3".to_owned());
    loop {
        let page: Value = get(&store, &path).await.json().await.unwrap();
        let images = page["images"].as_array().unwrap();
        assert!(images.len() <= 3);
        listed.extend(images.iter().map(|image| id(image).to_owned()));
        let Some(cursor) = page["cursor"].as_str() else { break };
        path = format!("/v1/images?limit=3&cursor={cursor}");
    }
    uploaded.reverse();
    assert_eq!(listed, uploaded);
}

#[tokio::test]
async fn list_parameters_are_checked() {
    let store = store();
    for (query, parameter) in
        [("limit=0", "limit"), ("limit=x", "limit"), ("limit=501", "limit"), ("cursor=1", "cursor"), ("page=2", "page")]
    {
        let told = problem(get(&store, &format!("/v1/images?{query}")).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], parameter);
    }
}

#[tokio::test]
async fn a_deleted_image_is_gone_with_its_variants_and_bytes() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let delivery = format!("/i/{}.webp?w=100", id(&image));
    assert_eq!(get(&store, &delivery).await.status(), 200);
    assert!(testkit::process::wait_until(|| files(&store, "blobs").len() == 2), "the variant is stored");
    let path = format!("/v1/images/{}", id(&image));
    assert_eq!(Client::new().delete(store.url(&path)).send().await.unwrap().status(), 204);
    for gone in [&path, &delivery, &format!("/i/{}", id(&image)), &format!("{path}/variants")] {
        problem(get(&store, gone).await, 404, "not-found").await;
    }
    problem(Client::new().delete(store.url(&path)).send().await.unwrap(), 404, "not-found").await;
    assert_empty(&store).await;
}

#[tokio::test]
async fn bytes_stay_while_another_image_needs_them() {
    let store = store();
    let bytes = file::one_pixel_png();
    let (first, second) = (upload(&store, bytes.clone()).await, upload(&store, bytes.clone()).await);
    Client::new().delete(store.url(&format!("/v1/images/{}", id(&first)))).send().await.unwrap();
    let left = get(&store, &format!("/i/{}", id(&second))).await;
    assert_eq!(left.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn ids_are_checked_before_anything_else() {
    let store = store();
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for path in ["/v1/images/", "/i/", "/download/"] {
        problem(get(&store, &format!("{path}{unknown}")).await, 404, "not-found").await;
        for bad in ["x", "01890a5dac96774bbcceb302099a8057", "%2e%2e%2fetc%2fpasswd", "..%00", "%F0%9F%92%A9"] {
            let told = problem(get(&store, &format!("{path}{bad}")).await, 400, "invalid-parameter").await;
            assert_eq!(told["parameter"], "id", "{path}{bad}");
        }
    }
}

#[tokio::test]
async fn unknown_paths_and_verbs_are_problems() {
    let store = store();
    problem(get(&store, "/nothing/here").await, 404, "no-route").await;
    let answer = Client::new().patch(store.url("/v1/images")).send().await.unwrap();
    assert_eq!(crate::support::header(&answer, "allow"), "GET, HEAD, OPTIONS, POST, PUT");
    problem(answer, 405, "method-not-allowed").await;
    for path in ["/healthz", "/readyz", "/healthcheck", "/"] {
        assert_eq!(get(&store, path).await.status(), 200, "{path}");
        assert_eq!(Client::new().head(store.url(path)).send().await.unwrap().status(), 200, "HEAD {path}");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_sorted() {
    let store = store();
    let mut ids = Vec::new();
    for (name, tags, bytes) in [
        ("b.png", "red,Blue", file::png(&photo(8, 8, 1))),
        ("A.png", "red", file::png(&photo(60, 60, 1))),
        ("Ärger.jpg", "", jpeg::baseline(&photo(16, 16, 1), 80)),
    ] {
        let url = Url::parse_with_params(&store.url("/v1/images"), [("name", name), ("tags", tags)]).unwrap();
        let answer = Client::new().post(url).body(bytes).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let document: Value = answer.json().await.unwrap();
        ids.push(id(&document).to_owned());
    }
    let list = async |query: &str| -> (Vec<usize>, Value) {
        let answer: Value = get(&store, &format!("/v1/images?{query}")).await.json().await.unwrap();
        let images = answer["images"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
        let places = images.iter().map(|image| ids.iter().position(|known| known == id(image)).unwrap()).collect();
        (places, answer)
    };
    for (query, expected) in [
        ("", &[2, 1, 0][..]),
        ("order=asc", &[0, 1, 2]),
        ("sort=name", &[1, 0, 2]),
        ("sort=name&order=desc", &[2, 0, 1]),
        ("sort=bytes&format=png", &[1, 0]),
        ("tag=RED", &[1, 0]),
        ("tag=blue", &[0]),
        ("name=%C3%84r", &[2]),
        ("name=a", &[1]),
        ("format=jpg", &[2]),
        ("min_bytes=1&max_bytes=2", &[]),
        ("since=2020-01-01&before=2199-12-31T00:00:00Z", &[2, 1, 0]),
        ("before=2020-01-01", &[]),
    ] {
        assert_eq!(list(query).await.0, expected, "{query}");
    }
    let (first, page) = list("sort=name&limit=2&tag=red").await;
    assert_eq!((first, &page["next"]), (vec![1, 0], &Value::Null));
    let (_, page) = list("sort=name&limit=2").await;
    let next = page["next"].as_str().unwrap();
    assert!(next.contains("sort=name"), "{next}");
    assert_eq!(list(next.split_once('?').unwrap().1).await.0, [2]);
    let cursor = page["cursor"].as_str().unwrap();
    for (query, parameter) in [
        (format!("cursor={cursor}"), "cursor"),
        ("sort=size".to_owned(), "sort"),
        ("order=up".to_owned(), "order"),
        ("format=doc".to_owned(), "format"),
        ("min_bytes=-1".to_owned(), "min_bytes"),
        ("since=yesterday".to_owned(), "since"),
        ("tag=".to_owned(), "tag"),
        ("owner=me".to_owned(), "owner"),
    ] {
        let answer = get(&store, &format!("/v1/images?{query}")).await;
        assert_eq!(problem(answer, 400, "invalid-parameter").await["parameter"], parameter, "{query}");
    }
}

#[tokio::test]
async fn tags_and_metadata_are_kept_as_they_are_said() {
    let store = store();
    let document = upload(&store, file::png(&photo(8, 8, 1))).await;
    assert!(document.get("tags").is_none() && document.get("metadata").is_none());
    let path = format!("/v1/images/{}", id(&document));
    let patch = async |document: Value| Client::new().patch(store.url(&path)).json(&document).send().await.unwrap();
    let said = json!({ "tags": ["Sea", "2026"], "metadata": { "place": "Oslo", "camera": { "iso": 100 } } });
    let changed: Value = patch(said).await.json().await.unwrap();
    assert_eq!(changed["tags"], json!(["2026", "sea"]));
    assert_eq!(changed["metadata"], json!({ "place": "Oslo", "camera": { "iso": 100 } }));
    let changed: Value = patch(json!({ "tags": [], "metadata": null })).await.json().await.unwrap();
    assert!(changed.get("tags").is_none() && changed.get("metadata").is_none(), "{changed}");
    for (bad, parameter) in [
        (json!({ "tags": ["a\nb"] }), "tags"),
        (json!({ "tags": (0..65).collect::<Vec<_>>() }), "tags"),
        (json!({ "metadata": [1] }), "metadata"),
        (json!({ "metadata": { "long": "x".repeat(17_000) } }), "metadata"),
        (json!({ "name": "" }), "name"),
        (json!({ "bytes": 1 }), "bytes"),
    ] {
        assert_eq!(problem(patch(bad).await, 400, "invalid-parameter").await["parameter"], parameter);
    }
}
