//! Watermarks from the store itself, and parameters under a name.

use image::GenericImageView;
use serde_json::{Value, json};
use testkit::pictures::{file, photo};
use testkit::process::Store;
use testkit::reqwest::Client;

use crate::support::{get, get_with, header, id, picture, problem, store, store_with, upload};

async fn plain(store: &Store, size: u32, colour: [u8; 3]) -> String {
    id(&upload(store, file::png(&file::plain(size, size, colour))).await).to_owned()
}

#[tokio::test]
async fn an_image_of_the_store_is_drawn_over_another() {
    let store = store();
    let (grey, red, blue) =
        (plain(&store, 100, [90; 3]).await, plain(&store, 20, [255, 0, 0]).await, plain(&store, 20, [0, 0, 255]).await);
    let path = |logo: &str| format!("/i/{grey}.png?wm={logo}&wmpos=northwest&wmmargin=0&wmscale=0.5");
    let marked = picture(&store, &path(&red)).await;
    assert_eq!((marked.get_pixel(10, 10).0, marked.get_pixel(80, 80).0), ([255, 0, 0, 255], [90, 90, 90, 255]));
    assert_eq!(
        picture(&store, &path(&blue)).await.get_pixel(10, 10).0,
        [0, 0, 255, 255],
        "another mark, another variant"
    );
    let again = picture(&store, &path(&red)).await;
    assert_eq!(again.get_pixel(10, 10).0, [255, 0, 0, 255]);
    let etag = header(&get(&store, &path(&red)).await, "etag");
    assert_eq!(get_with(&store, &path(&red), &[("if-none-match", &etag)]).await.status(), 304);
    Client::new().delete(store.url(&format!("/v1/images/{red}"))).send().await.unwrap();
    let told = problem(get(&store, &path(&red)).await, 404, "not-found").await;
    assert_eq!(told["parameter"], "wm", "{told}");
    assert_eq!(
        picture(&store, &format!("/i/{grey}.png?w=50")).await.dimensions(),
        (50, 50),
        "the picture itself is there"
    );
}

#[tokio::test]
async fn a_watermark_that_is_none_is_named() {
    let store = store();
    let grey = plain(&store, 50, [90; 3]).await;
    for (query, status, code, parameter) in [
        ("wm=logo", 400, "invalid-parameter", "wm"),
        ("wm=01890a5d-ac96-774b-bcce-b302099a8057", 404, "not-found", "wm"),
        ("wmpos=north", 400, "invalid-parameter", "wmpos"),
        ("wmtext=", 400, "invalid-parameter", "wmtext"),
        ("trim=300", 400, "invalid-parameter", "trim"),
    ] {
        let told = problem(get(&store, &format!("/i/{grey}?{query}")).await, status, code).await;
        assert_eq!(told["parameter"], parameter, "{query}: {told}");
    }
}

#[tokio::test]
async fn the_url_of_a_variant_with_text_leads_to_it() {
    let store = store();
    let grey = plain(&store, 200, [90; 3]).await;
    let answer = get(&store, &format!("/i/{grey}.png?wmtext=%C2%A9%20J%C3%BCrgen%20%26%20%CE%A9%0A100%25")).await;
    assert_eq!(answer.status(), 200);
    let first = answer.bytes().await.unwrap();
    let variants = async || {
        let listed: Value = get(&store, &format!("/v1/images/{grey}/variants")).await.json().await.unwrap();
        listed["variants"].as_array().unwrap().clone()
    };
    let mut stored = variants().await;
    for _ in 0..100 {
        if !stored.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        stored = variants().await;
    }
    let url = stored[0]["url"].as_str().unwrap();
    assert_eq!(Client::new().get(url).send().await.unwrap().bytes().await.unwrap(), first, "{url}");
    assert_eq!(variants().await.len(), 1, "the same variant under its own URL");
}

#[tokio::test]
async fn a_preset_stands_for_its_parameters() {
    let store = store_with(&[("PRESETS__HERO", "w=200&h=100&fit=cover&format=webp")]);
    let photo = id(&upload(&store, file::png(&photo(400, 300, 1))).await).to_owned();
    let told: Value = get(&store, "/v1/presets").await.json().await.unwrap();
    let told = told["presets"].as_array().unwrap();
    assert_eq!(told[0], json!({ "name": "hero", "transform": "w=200&h=100&fit=cover&format=webp" }));
    assert!(told.iter().any(|preset| preset["name"] == "thumbnail"), "{told:?}");
    let size = async |path: &str| picture(&store, &format!("/i/{photo}{path}")).await.dimensions();
    assert_eq!(size("?transform=thumbnail").await, (150, 150));
    assert_eq!(size("?transform=hero").await, (200, 100));
    assert_eq!(size("?transform=hero&w=50").await, (50, 100), "what stands beside it wins");
    let hero = get(&store, &format!("/i/{photo}?transform=hero")).await;
    assert_eq!(header(&hero, "content-type"), "image/webp");
    assert!(header(&hero, "cache-control").starts_with("public, max-age=300,"), "the settings may change its meaning");
    assert_eq!(header(&get(&store, &format!("/i/{photo}.jpg?transform=hero")).await, "content-type"), "image/jpeg");
    let spelled = get(&store, &format!("/i/{photo}.webp?w=200&h=100&fit=cover")).await;
    assert_eq!(header(&spelled, "etag"), header(&hero, "etag"), "one variant under both");
    assert_eq!(header(&spelled, "cache-control"), "public, max-age=31536000");
    let told = problem(get(&store, &format!("/i/{photo}?transform=hero&w=0")).await, 400, "invalid-parameter").await;
    assert_eq!(told["parameter"], "w");
    let put = |name: &str| {
        let url = store.url(&format!("/v1/images/{photo}/variants/{name}"));
        Client::new().put(url).body(file::one_pixel_png()).send()
    };
    let told = problem(put("hero").await.unwrap(), 400, "invalid-parameter").await;
    assert_eq!(told["parameter"], "name");
    assert_eq!(put("other").await.unwrap().status(), 201);
    assert_eq!(size("?transform=other").await, (1, 1), "a stored variant as before");
    problem(get(&store, &format!("/i/{photo}?transform=nothing")).await, 404, "not-found").await;
}
