//! Variants by URL: what comes out is what was asked for.

use image::GenericImageView;
use serde_json::Value;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::Store;
use testkit::reqwest::Client;

use crate::support::{files, get, get_with, header, id, picture, problem, store, store_with, upload};

async fn with_photo() -> (Store, String) {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(400, 300, 1), 92)).await;
    let id = id(&image).to_owned();
    (store, id)
}

#[tokio::test]
async fn each_parameter_does_what_it_says() {
    let (store, id) = with_photo().await;
    for (query, size) in [
        ("w=200", (200, 150)),
        ("h=150", (200, 150)),
        ("w=100&dpr=2", (200, 150)),
        ("w=100&h=100", (100, 75)),
        ("w=100&h=100&fit=cover", (100, 100)),
        ("w=100&h=100&fit=cover&gravity=smart", (100, 100)),
        ("w=100&h=100&fit=contain&bg=ff0000", (100, 100)),
        ("w=100&h=100&fit=fill", (100, 100)),
        ("w=100&h=100&fit=outside", (133, 100)),
        ("w=800", (400, 300)),
        ("w=800&enlarge=1", (800, 600)),
        ("rotate=90", (300, 400)),
        ("crop=10,20,50,60", (50, 60)),
        ("flip&flop&gray=1&blur=2&sharpen=1&q=50", (400, 300)),
    ] {
        for short in ["i", "download"] {
            assert_eq!(picture(&store, &format!("/{short}/{id}.png?{query}")).await.dimensions(), size, "{query}");
        }
    }
    let padded = picture(&store, &format!("/i/{id}.png?w=100&h=100&fit=contain&bg=ff0000")).await;
    assert_eq!(padded.get_pixel(50, 2).0, [255, 0, 0, 255], "the bars have the background's colour");
    assert_eq!(
        picture(&store, &format!("/i/{id}.png?gray=1&w=50")).await.color(),
        image::ColorType::L8,
        "grey stays grey"
    );
}

#[tokio::test]
async fn mirrors_and_turns_move_the_right_corner() {
    let store = store();
    // Four plain quarters: red, green / blue, white.
    let image = upload(&store, file::png(&file::quarters(40, 40))).await;
    let top_left =
        async |query: &str| picture(&store, &format!("/i/{}.png?{query}", id(&image))).await.get_pixel(5, 5).0;
    let corners = [(5, 5), (35, 5), (5, 35), (35, 35)];
    let plain = picture(&store, &format!("/i/{}", id(&image))).await;
    let [red, green, blue, white] = corners.map(|(x, y)| plain.get_pixel(x, y).0);
    assert_eq!(top_left("flop").await, green);
    assert_eq!(top_left("flip").await, blue);
    assert_eq!(top_left("rotate=90").await, blue);
    assert_eq!(top_left("rotate=180").await, white);
    assert_eq!(top_left("rotate=270").await, green);
    assert_eq!(top_left("crop=0,0,20,20").await, red);
    assert_eq!(top_left("crop=20,20,20,20").await, white);
    assert_eq!(top_left("w=20&h=40&fit=cover&gravity=east").await, green);
}

#[tokio::test]
async fn all_orientations_come_out_upright() {
    let store = store();
    let upright = file::quarters(64, 32);
    for orientation in 1..=8 {
        let image = upload(&store, jpeg::oriented(&upright, orientation, 95)).await;
        assert_eq!((image["width"].as_u64(), image["height"].as_u64()), (Some(64), Some(32)), "{orientation}");
        let made = picture(&store, &format!("/i/{}.png", id(&image))).await;
        assert_eq!(made.dimensions(), (64, 32), "{orientation}");
        for (x, y) in [(5, 5), (59, 5), (5, 27), (59, 27)] {
            let (got, expected) = (made.get_pixel(x, y).0, upright.get_pixel(x, y).0);
            assert!(
                (0..3).all(|c| got[c].abs_diff(expected[c]) < 12),
                "{orientation} at {x},{y}: {got:?} {expected:?}"
            );
        }
    }
}

#[tokio::test]
async fn transparency_is_kept_or_flattened() {
    let store = store();
    let image = upload(&store, file::png_alpha(&testkit::pictures::graphic(60, 60))).await;
    let corner = async |path: &str| picture(&store, &format!("/i/{}{path}", id(&image))).await.get_pixel(0, 0).0;
    assert_eq!(corner(".png?w=30").await[3], 0);
    let flat = get(&store, &format!("/i/{}.jpg", id(&image))).await.bytes().await.unwrap();
    let flat = upload(&store, flat.to_vec()).await;
    let white = picture(&store, &format!("/i/{}.png", id(&flat))).await.get_pixel(0, 0).0;
    assert!(white.iter().all(|channel| *channel > 250), "{white:?}");
    assert_eq!(corner(".png?bg=00ff00").await, [0, 255, 0, 255]);
}

#[tokio::test]
async fn contradictions_and_nonsense_are_named() {
    let (store, id) = with_photo().await;
    for (path, status, parameter) in [
        ("?w=0", 400, "w"),
        ("?w=10&w=10", 400, "w"),
        ("?h=-1", 400, "h"),
        ("?w=NaN", 400, "w"),
        ("?w=99999999999", 400, "w"),
        ("?nonsense=1", 400, "nonsense"),
        ("?fit=cover&w=1", 400, "fit"),
        ("?crop=5000,0,1,1", 400, "crop"),
        ("?format=exe", 400, "format"),
        ("?lossless=1", 400, "lossless"),
        (".avif?lossless=1", 400, "lossless"),
        (".webp?lossless=1&q=80", 400, "q"),
        (".webp?format=png", 400, "format"),
        (".png?colors=1", 400, "colors"),
        (".png?colors=300", 400, "colors"),
        (".png?colors=-2", 400, "colors"),
        (".png?colors=16&lossless=1", 400, "colors"),
        (".jpg?colors=16", 400, "colors"),
        ("?colors=16", 400, "colors"),
        ("?colors=16&format=auto", 400, "colors"),
        ("?transform=../x", 400, "transform"),
        ("?type=exe", 415, "type"),
        (".exe", 415, "extension"),
        (".ico", 415, "format"),
    ] {
        let code = if status == 415 { "unsupported-format" } else { "invalid-parameter" };
        let told = problem(get(&store, &format!("/i/{id}{path}")).await, status, code).await;
        assert_eq!(told["parameter"], parameter, "{path}");
    }
}

#[tokio::test]
async fn too_large_a_result_is_refused() {
    let store = store_with(&[("LIMITS__OUTPUT_PIXELS", "1000000")]);
    let image = upload(&store, file::one_pixel_png()).await;
    let answer = get(&store, &format!("/i/{}?w=2000&enlarge=1", id(&image))).await;
    problem(answer, 413, "too-many-pixels").await;
}

#[tokio::test]
async fn nothing_is_kept_where_that_is_said() {
    let mut store = store_with(&[("CACHE__KEEP_VARIANTS", "false"), ("CACHE__MEMORY_BYTES", "0")]);
    let image = upload(&store, jpeg::baseline(&photo(400, 300, 1), 92)).await;
    let path = format!("/i/{}.webp?w=100", id(&image));
    let first = get(&store, &path).await.bytes().await.unwrap();
    assert_eq!(get(&store, &path).await.bytes().await.unwrap(), first);
    // It does not end before what it has begun.
    store.terminate();
    assert_eq!(files(&store, "blobs").len(), 1, "the original");
}

#[tokio::test]
async fn a_variant_is_made_once_and_kept() {
    let (store, id) = with_photo().await;
    let first = get(&store, &format!("/i/{id}.webp?w=100")).await.bytes().await.unwrap();
    assert!(testkit::process::wait_until(|| files(&store, "blobs").len() == 2));
    let same = get(&store, &format!("/download/{id}?dpr=2&type=webp&w=50")).await.bytes().await.unwrap();
    assert_eq!(first, same, "another spelling of the same variant");
    // The row is written a moment after the file.
    let mut listed = Value::Null;
    for _ in 0..500 {
        listed = get(&store, &format!("/v1/images/{id}/variants")).await.json().await.unwrap();
        if listed["variants"] != serde_json::json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let variants = listed["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 1, "{listed}");
    assert_eq!(variants[0]["bytes"], first.len());
    let by_its_url = Client::new().get(variants[0]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(by_its_url.bytes().await.unwrap(), first);
}

#[tokio::test]
async fn a_thousand_requests_for_one_variant_make_it_once() {
    let store = store_with(&[("LOG__LEVEL", "debug")]);
    let image = upload(&store, jpeg::baseline(&photo(1600, 1200, 5), 90)).await;
    let path = format!("/i/{}.avif?w=900", id(&image));
    let client = Client::new();
    let requests = (0..1000).map(|_| client.get(store.url(&path)).send());
    let answers = futures::future::join_all(requests).await;
    let mut bodies = Vec::new();
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200);
        bodies.push(answer.bytes().await.unwrap());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(store.log().matches("variant made").count(), 1, "the engine ran once");
}

#[tokio::test]
async fn auto_follows_the_preferences_of_accept() {
    let (store, id) = with_photo().await;
    for (accept, kind) in [
        ("image/avif,image/webp,image/apng,*/*;q=0.8", "image/avif"),
        ("image/webp,*/*;q=0.8", "image/webp"),
        ("image/avif;q=0.5,image/webp;q=0.9", "image/webp"),
        ("image/webp;q=0", "image/jpeg"),
        ("image/webp;q=0.5,image/jpeg", "image/jpeg"),
        ("*/*", "image/jpeg"),
        ("image/*", "image/jpeg"),
        ("garbage", "image/jpeg"),
        ("", "image/jpeg"),
    ] {
        let answer = get_with(&store, &format!("/i/{id}?format=auto&w=64"), &[("accept", accept)]).await;
        assert_eq!(answer.status(), 200, "{accept}");
        assert_eq!(
            (header(&answer, "content-type").as_str(), header(&answer, "vary").as_str()),
            (kind, "Accept"),
            "{accept}"
        );
    }
    let fixed = get_with(&store, &format!("/i/{id}.webp"), &[("accept", "image/avif")]).await;
    assert_eq!((header(&fixed, "content-type").as_str(), header(&fixed, "vary").as_str()), ("image/webp", ""));
}

#[tokio::test]
async fn client_hints_fill_in_sizes_and_are_named_in_vary() {
    let (store, id) = with_photo().await;
    let hinted = get_with(&store, &format!("/i/{id}.png?w=auto"), &[("sec-ch-width", "100")]).await;
    assert_eq!(header(&hinted, "vary"), "Sec-CH-Width, Width");
    assert!(header(&hinted, "accept-ch").contains("Sec-CH-DPR"));
    let bytes = hinted.bytes().await.unwrap();
    assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 128, "rounded up to a step");
    let dense = get_with(&store, &format!("/i/{id}.png?w=50&dpr=auto"), &[("dpr", "2.0")]).await;
    assert_eq!(image::load_from_memory(&dense.bytes().await.unwrap()).unwrap().width(), 100);
    let silent = get(&store, &format!("/i/{id}?w=auto")).await;
    assert_eq!(silent.status(), 200);
}

#[tokio::test]
async fn a_goal_in_the_address_is_reached_and_told() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 92)).await;
    let path = format!("/i/{}.webp?w=150&target=medium", id(&image));
    let answer = get(&store, &path).await;
    assert_eq!(answer.status(), 200);
    let score: f64 = header(&answer, "x-image-score").parse().unwrap();
    assert!((70.0..76.0).contains(&score), "{score}");
    assert!(header(&answer, "x-image-tries").parse::<u32>().is_ok_and(|tries| tries > 0));
    let again = get(&store, &format!("/i/{}?target=70&w=150&format=webp", id(&image))).await;
    assert_eq!(header(&again, "etag"), header(&answer, "etag"), "a name is another way to write the number");
    assert_eq!(header(&again, "x-image-score"), header(&answer, "x-image-score"));
    let small = get(&store, &format!("/i/{}.jpg?w=150&max_bytes=4000", id(&image))).await;
    assert!(small.bytes().await.unwrap().len() <= 4000);
    let told =
        problem(get(&store, &format!("/i/{}.jpg?max_bytes=10", id(&image))).await, 422, "goal-unreachable").await;
    assert!(told["detail"].as_str().unwrap().chars().any(|c| c.is_ascii_digit()), "the smallest is named: {told}");
    for (query, parameter) in [("target=80&q=5", "q"), ("target=101", "target"), ("max_bytes=x", "max_bytes")] {
        let path = format!("/i/{}.jpg?{query}", id(&image));
        let told = problem(get(&store, &path).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], parameter, "{query}");
    }
}
