//! Animations from the outside: they stay animations, or become the frame that was asked for.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, GenericImageView, RgbaImage};
use testkit::pictures::animation::{apng, avif, bars, gif, webp};
use testkit::pictures::{file, photo};
use testkit::process::Store;

use crate::support::{get, get_with, header, id, picture, post, problem, store, store_with, upload};

/// The frames of a GIF that the store made.
async fn frames(store: &Store, path: &str) -> Vec<image::Frame> {
    let answer = get(store, path).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type").as_str()), (200, "image/gif"), "{path}");
    let bytes = answer.bytes().await.unwrap();
    GifDecoder::new(Cursor::new(&bytes)).unwrap().into_frames().collect_frames().unwrap()
}

fn near(a: &RgbaImage, b: &RgbaImage) -> bool {
    let sum: u64 = a.iter().zip(b.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    a.dimensions() == b.dimensions() && sum / (a.len() as u64) < 5
}

#[tokio::test]
async fn an_animation_of_any_format_stays_one() {
    let store = store();
    let made = bars(60, 40, 4);
    for (name, bytes) in [
        ("gif", gif(60, 40, &made, Some(0))),
        ("webp", webp(60, 40, &made, 0)),
        ("png", apng(60, 40, &made, 0)),
        ("avif", avif(&made, 95)),
    ] {
        let image = upload(&store, bytes).await;
        assert_eq!(image["animated"], true, "{name}");
        let id = id(&image);
        let got = frames(&store, &format!("/i/{id}.gif?rotate=180")).await;
        assert_eq!(got.len(), 4, "{name}");
        for (frame, expected) in got.iter().zip(&made) {
            assert_eq!(frame.delay().numer_denom_ms(), (100, 1), "{name}");
            assert!(near(frame.buffer(), &image::imageops::rotate180(&expected.picture)), "{name}");
        }
        for (format, kind) in [("webp", "image/webp"), ("avif", "image/avif")] {
            let answer = get(&store, &format!("/i/{id}.{format}?w=30&enlarge=1")).await;
            assert_eq!((answer.status().as_u16(), header(&answer, "content-type").as_str()), (200, kind), "{name}");
            let again = upload(&store, answer.bytes().await.unwrap().to_vec()).await;
            assert_eq!((&again["animated"], &again["width"]), (&true.into(), &30.into()), "{name} as {format}");
        }
    }
}

#[tokio::test]
async fn one_frame_is_shown_on_request_and_where_there_is_room_for_one() {
    let store = store();
    let made = bars(60, 40, 4);
    let image = upload(&store, webp(60, 40, &made, 0)).await;
    let id = id(&image);
    for (path, index) in
        [("png", 0), ("bmp", 0), ("png?page=2", 2), ("webp?anim=0", 0), ("webp?page=3", 3), ("gif?page=1", 1)]
    {
        let got = picture(&store, &format!("/i/{id}.{path}")).await.to_rgba8();
        assert!(near(&got, &made[index].picture), "{path}");
    }
    let original = get(&store, &format!("/i/{id}?anim=1")).await;
    assert_eq!(header(&original, "etag"), header(&get(&store, &format!("/i/{id}")).await, "etag"));
    let tag = |answer: &testkit::reqwest::Response| header(answer, "etag");
    let (first, zero) =
        (get(&store, &format!("/i/{id}.gif?anim=0")).await, get(&store, &format!("/i/{id}.gif?page=0")).await);
    assert_eq!(tag(&first), tag(&zero), "two words for the same are one variant");
    let told = problem(get(&store, &format!("/i/{id}.webp?page=4")).await, 400, "invalid-parameter").await;
    assert_eq!(told["parameter"], "page");
    for wrong in ["page=x", "page=-1", "page=1&anim=1", "anim=2"] {
        problem(get(&store, &format!("/i/{id}.webp?{wrong}")).await, 400, "invalid-parameter").await;
    }
    let still = upload(&store, file::png(&photo(20, 20, 1))).await;
    let still = crate::support::id(&still);
    let (plain, first) = (get(&store, &format!("/i/{still}")).await, get(&store, &format!("/i/{still}?anim=0")).await);
    assert_eq!(tag(&plain), tag(&first), "all of a still picture is its first frame");
    problem(get(&store, &format!("/i/{still}?page=1")).await, 400, "invalid-parameter").await;
}

#[tokio::test]
async fn auto_loses_no_frame() {
    let store = store();
    let made = bars(60, 40, 4);
    let moving = upload(&store, gif(60, 40, &made, Some(0))).await;
    let png = upload(&store, apng(60, 40, &made, 0)).await;
    for (image, query, accept, kind) in [
        (&moving, "", "image/avif,image/webp", "image/avif"),
        (&moving, "", "image/webp", "image/webp"),
        (&moving, "", "image/*", "image/gif"),
        (&moving, "&w=30", "image/webp,*/*", "image/webp"),
        (&moving, "&w=30", "*/*", "image/gif"),
        (&png, "&w=30", "*/*", "image/gif"),
        (&png, "", "*/*", "image/png"),
    ] {
        let answer = get_with(&store, &format!("/i/{}?format=auto{query}", id(image)), &[("accept", accept)]).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "content-type").as_str()),
            (200, kind),
            "{query} {accept}"
        );
        let again = upload(&store, answer.bytes().await.unwrap().to_vec()).await;
        assert_eq!(again["animated"], true, "{query} {accept}");
    }
    let path = format!("/i/{}?format=auto&anim=0", id(&png));
    let still = get_with(&store, &path, &[("accept", "*/*")]).await;
    assert_eq!(header(&still, "content-type"), "image/png");
    let bytes = still.bytes().await.unwrap();
    assert_eq!(image::load_from_memory(&bytes).unwrap().dimensions(), (60, 40));
    assert_eq!(upload(&store, bytes.to_vec()).await["animated"], false);
}

#[tokio::test]
async fn frames_are_limited_by_settings() {
    let store = store_with(&[("LIMITS__FRAMES", "3")]);
    upload(&store, file::animated_gif(60, 40, 3)).await;
    for bytes in [file::animated_gif(60, 40, 4), file::animated_webp(60, 40, 4), apng(60, 40, &bars(60, 40, 4), 0)] {
        let answer = post(&store, bytes).await;
        let status = answer.status().as_u16();
        let told = problem(answer, status, "too-many-pixels").await;
        assert!(told["detail"].as_str().unwrap().contains("4 frames"), "{told}");
    }
    let store = store_with(&[("LIMITS__ANIMATION_PIXELS", "7200")]);
    let image = upload(&store, file::animated_gif(60, 40, 3)).await;
    let told = get(&store, &format!("/i/{}.webp?w=120&enlarge=1", id(&image))).await;
    let status = told.status().as_u16();
    problem(told, status, "too-many-pixels").await;
}
