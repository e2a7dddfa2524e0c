//! `/i/{id}.json`: what is known of an image, and how a variant of it comes to be.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value as Noted};
use serde_json::{Value, json};
use testkit::pictures::{colour, file, jpeg, photo};
use testkit::process::{Store, wait_until};

use crate::keys::KeyedStore;
use crate::support::{get, get_with, header, id, picture, problem, store, store_with, upload};

async fn info(store: &Store, path: &str) -> Value {
    let answer = get(store, path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    answer.json().await.unwrap()
}

/// What a camera writes, a place among it.
fn camera_exif() -> Vec<u8> {
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let text = |text: &str| Noted::Ascii(vec![text.as_bytes().to_vec()]);
    let degrees = |whole| Noted::Rational([whole, 30, 0].map(|num| Rational { num, denom: 1 }).to_vec());
    let fields = [
        field(Tag::Make, text("Maker <b>")),
        field(Tag::Orientation, Noted::Short(vec![6])),
        field(Tag::DateTimeOriginal, text("2025:06:07 08:09:10")),
        field(Tag::FNumber, Noted::Rational(vec![Rational { num: 28, denom: 10 }])),
        field(Tag::GPSLatitudeRef, text("N")),
        field(Tag::GPSLatitude, degrees(48)),
        field(Tag::GPSLongitudeRef, text("E")),
        field(Tag::GPSLongitude, degrees(2)),
    ];
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut exif = Cursor::new(Vec::new());
    writer.write(&mut exif, false).unwrap();
    exif.into_inner()
}

#[tokio::test]
async fn the_record_is_told_with_what_is_seen_in_the_picture() {
    let store = store();
    let plain = jpeg::baseline(&photo(400, 300, 2), 90);
    let image = upload(&store, colour::jpeg_with(plain, Some(colour::display_p3()), Some(camera_exif()))).await;
    let id = id(&image);
    picture(&store, &format!("/i/{id}.png?w=50")).await;
    let variants = format!("/v1/images/{id}/variants");
    for _ in 0..400 {
        if info(&store, &format!("/i/{id}.json")).await["variants"] != json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let told = info(&store, &format!("/i/{id}.json")).await;
    let record: Value = get(&store, &format!("/v1/images/{id}")).await.json().await.unwrap();
    for (name, value) in record.as_object().unwrap() {
        assert_eq!(told[name], *value, "{name}");
    }
    let listed: Value = get(&store, &variants).await.json().await.unwrap();
    assert_eq!(told["variants"], listed["variants"]);
    assert_eq!((&told["analysis"], &told["has_alpha"], &told["bits"]), (&json!("done"), &json!(false), &json!(8)));
    assert_eq!((&told["frames"], &told["blurhash"].as_str().unwrap().len()), (&json!(1), &28));
    assert!(told["profile"].as_str().unwrap().contains("P3"), "{told}");
    assert_eq!(told["perceptual_hash"].as_str().unwrap().len(), 16);
    assert!(told["thumbhash"].as_str().unwrap().len() > 6);
    let colours = told["colours"].as_array().unwrap();
    assert!((1..=6).contains(&colours.len()));
    assert!(colours.iter().all(|colour| colour["hex"].as_str().unwrap().len() == 7));
    let noted = json!({ "make": "Maker <b>", "orientation": 6, "taken_at": "2025-06-07T08:09:10", "f_number": 2.8 });
    assert_eq!(told["exif"], noted, "and not where");
    assert!(!told.to_string().contains("latitude") && told.get("explain").is_none());
}

#[tokio::test]
async fn a_variant_is_explained_before_and_after_it_is_made() {
    let store = store();
    let image = upload(&store, jpeg::oriented(&photo(1200, 800, 2), 6, 90)).await;
    let id = id(&image);
    let explain = async |query: &str| info(&store, &format!("/i/{id}.json?explain=1{query}")).await["explain"].clone();
    let told = explain("&w=100&q=70&gray=1&format=webp").await;
    assert_eq!(told["state"], "to-be-made");
    assert_eq!((&told["sends"], &told["format_by"]), (&json!("made"), &json!("parameter")));
    assert_eq!((&told["source"]["file"], &told["source"]["not_master"]), (&json!("original"), &json!("missing")));
    assert_eq!(told["decode"]["divisor"], 2);
    let steps: Vec<_> = told["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["orient", "resize", "settle-colours", "gray"]);
    let output = json!({
        "format": "webp", "width": 100, "height": 67, "animated": false, "quality": 70, "quality_by": "parameter",
    });
    assert_eq!(told["output"], output);
    let limits = told["limits"].as_array().unwrap();
    assert!(limits.iter().any(|limit| limit["of"] == "bytes of memory" && limit["actual"] == told["memory_bytes"]));
    assert!(limits.iter().all(|limit| limit["actual"].as_u64() <= limit["limit"].as_u64()));
    let made = testkit::reqwest::get(told["address"].as_str().unwrap()).await.unwrap();
    assert_eq!(header(&made, "etag"), told["etag"].as_str().unwrap());
    let pixels = image::load_from_memory(&made.bytes().await.unwrap()).unwrap();
    assert_eq!((pixels.width(), pixels.height()), (100, 67));
    assert_eq!(explain("&w=100&q=70&gray=1&type=webp").await["state"], "memory");

    let untouched = explain("").await;
    assert_eq!((&untouched["sends"], &untouched["state"]), (&json!("original"), &json!("stored")));
    assert_eq!((untouched.get("steps"), &untouched["format_by"]), (None, &json!("source")));
    let accepting = [("accept", "image/avif")];
    let answer = get_with(&store, &format!("/i/{id}.json?explain=1&w=10&format=auto"), &accepting).await;
    let told = answer.json::<Value>().await.unwrap()["explain"].clone();
    assert_eq!((&told["format"], &told["format_by"]), (&json!("avif"), &json!("accept")));
}

#[tokio::test]
async fn what_fell_out_of_memory_is_told_as_stored() {
    let store = store_with(&[("CACHE__MEMORY_BYTES", "0")]);
    let image = upload(&store, file::png(&photo(200, 100, 2))).await;
    let path = format!("/i/{}.json?explain=1&w=20", id(&image));
    picture(&store, &format!("/i/{}?w=20", id(&image))).await;
    assert!(wait_until(|| files_of_variants(&store) == 2));
    for _ in 0..400 {
        if info(&store, &path).await["explain"]["state"] == "stored" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{}", info(&store, &path).await);
}

fn files_of_variants(store: &Store) -> usize {
    crate::support::files(store, "blobs").len()
}

#[tokio::test]
async fn the_master_is_told_of() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(2600, 1750, 4), 92)).await;
    let path = format!("/i/{}.json?explain=1&w=300", id(&image));
    for _ in 0..600 {
        let told = info(&store, &path).await;
        if told["explain"]["source"]["file"] == "master" {
            assert_eq!(told["explain"]["source"]["width"], 1280);
            assert!(told["rendition_bytes"].as_u64() > Some(0));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{}", info(&store, &path).await);
}

#[tokio::test]
async fn what_delivery_would_refuse_is_refused_with_the_same_words() {
    let store = store_with(&[("LIMITS__OUTPUT_PIXELS", "1000000"), ("LIMITS__PIXEL_BUDGET", "12000000")]);
    let image = upload(&store, file::png(&photo(300, 200, 2))).await;
    let id = id(&image);
    for query in [
        "w=0",
        "frob=1",
        "crop=1000,0,10,10",
        "q=5&target=70",
        "lossless=1&format=jpg",
        "w=3000&h=3000&fit=fill&enlarge=1",
        "format=heic",
        "type=nonsense",
        "transform=nothing",
        "wm=01890a5d-ac96-774b-bcce-b302099a8057",
        "w=990&enlarge=1&format=avif",
    ] {
        let told: Value = get(&store, &format!("/i/{id}.json?explain=1&{query}")).await.json().await.unwrap();
        let delivered: Value = get(&store, &format!("/i/{id}?{query}")).await.json().await.unwrap();
        assert!(told["status"].as_u64().unwrap() >= 400, "{query}: {told}");
        for field in ["status", "code", "detail", "parameter"] {
            assert_eq!(told[field], delivered[field], "{query}: {told} {delivered}");
        }
    }
    for (query, parameter) in [("w=10", "w"), ("explain=2", "explain"), ("explain=1&explain=1", "explain")] {
        let told = problem(get(&store, &format!("/i/{id}.json?{query}")).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], parameter);
    }
    problem(get(&store, "/i/nonsense.json").await, 400, "invalid-parameter").await;
    problem(get(&store, "/i/01890a5d-ac96-774b-bcce-b302099a8057.json").await, 404, "not-found").await;
}

#[tokio::test]
async fn where_a_picture_was_taken_is_told_to_its_owner_alone() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    store.user("boris", &[]);
    let (anna, boris, service) =
        (store.key("anna", "read,write"), store.key("boris", "read"), store.key("boris", "service"));
    let picture = colour::jpeg_with(jpeg::baseline(&photo(40, 30, 2), 90), None, Some(camera_exif()));
    let id = store.upload(&anna, "unlisted", picture).await;
    for (key, is_told) in [(&anna, true), (&boris, false), (&service, false), (&String::new(), false)] {
        let told: Value = store.get(key, &format!("/i/{id}.json")).send().await.unwrap().json().await.unwrap();
        assert_eq!(told["exif"]["make"], "Maker <b>");
        assert_eq!(told["exif"].get("position").is_some(), is_told, "{told}");
    }
}
