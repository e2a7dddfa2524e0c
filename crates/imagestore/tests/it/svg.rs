//! SVG over HTTP: drawn when it is shown, sent as it is only to be saved, and never in a way that its scripts could run.

use testkit::pictures::svg;
use testkit::process::Store;
use testkit::reqwest::{Client, Response};

use crate::support::{get, get_with, header, id, picture, post, problem, store, upload};

async fn stored(store: &Store) -> String {
    let document = upload(store, svg::everything(96, 64)).await;
    assert_eq!((&document["format"], &document["media_type"]), (&"svg".into(), &"image/svg+xml".into()));
    assert_eq!((&document["width"], &document["height"]), (&96.into(), &64.into()));
    assert!(document["urls"]["original"].as_str().unwrap().contains("/download/"), "{document}");
    id(&document).to_owned()
}

/// No browser runs what is in it, wherever it is opened.
fn assert_inert(answer: &Response, path: &str) {
    assert_eq!(header(answer, "x-content-type-options"), "nosniff", "{path}");
    let policy = header(answer, "content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{path}: {policy}");
    let is_svg = header(answer, "content-type").contains("svg");
    assert!(!is_svg || header(answer, "content-disposition").starts_with("attachment"), "{path}");
}

#[tokio::test]
async fn an_svg_is_shown_as_what_is_drawn_of_it() {
    let store = store();
    let id = stored(&store).await;
    for (accept, kind) in [
        ("*/*", "image/png"),
        ("image/svg+xml,image/*;q=0.8", "image/png"),
        ("image/webp,image/svg+xml,*/*;q=0.8", "image/webp"),
        ("image/avif,image/webp,*/*;q=0.8", "image/avif"),
        ("image/svg+xml", "image/png"),
    ] {
        for path in [format!("/i/{id}"), format!("/i/{id}?format=auto"), format!("/download/{id}?format=auto")] {
            let answer = get_with(&store, &path, &[("accept", accept)]).await;
            assert_eq!(
                (answer.status().as_u16(), header(&answer, "content-type")),
                (200, kind.to_owned()),
                "{accept} {path}"
            );
            assert_eq!(header(&answer, "vary"), "Accept");
            assert_inert(&answer, &path);
        }
    }
    for (path, size) in
        [("", (96, 64)), ("?w=960", (960, 640)), (".png?w=48", (48, 32)), ("?w=960&enlarge=1&h=640", (960, 640))]
    {
        let picture = picture(&store, &format!("/i/{id}{path}")).await;
        assert_eq!((picture.width(), picture.height()), size, "{path}");
    }
}

#[tokio::test]
async fn an_svg_is_sent_as_it_is_to_be_saved_alone() {
    let store = store();
    let id = stored(&store).await;
    for path in [
        format!("/download/{id}"),
        format!("/download/{id}.svg"),
        format!("/i/{id}?download=a.svg"),
        format!("/download/{id}?type=svg"),
    ] {
        let answer = get(&store, &path).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "content-type")),
            (200, "image/svg+xml".to_owned()),
            "{path}"
        );
        assert!(header(&answer, "content-disposition").starts_with("attachment; filename="), "{path}");
        assert_inert(&answer, &path);
        assert_eq!(answer.bytes().await.unwrap(), svg::everything(96, 64), "{path}");
        let part = get_with(&store, &path, &[("range", "bytes=0-9")]).await;
        assert_eq!(part.status(), 206);
        assert_inert(&part, &path);
    }
    for path in [
        format!("/i/{id}.svg"),
        format!("/i/{id}?format=svg"),
        format!("/i/{id}.svg?w=10"),
        format!("/download/{id}.svg?w=10"),
    ] {
        let told = problem(get(&store, &path).await, 415, "unsupported-format").await;
        assert_eq!(told["parameter"], "format", "{path}: {told}");
    }
}

#[tokio::test]
async fn no_other_picture_becomes_an_svg_and_no_variant_is_one() {
    let store = store();
    let image = upload(&store, testkit::pictures::file::one_pixel_png()).await;
    let told = problem(get(&store, &format!("/i/{}.svg", id(&image))).await, 415, "unsupported-format").await;
    assert_eq!(told["parameter"], "format");
    let url = store.url(&format!("/v1/images/{}/variants/compress", id(&image)));
    let answer = Client::new().put(url).body(svg::quarters(9, 9)).send().await.unwrap();
    let told = problem(answer, 415, "unsupported-format").await;
    assert!(told["detail"].as_str().unwrap().contains("made of pixels"), "{told}");
}

#[tokio::test]
async fn what_is_wrong_with_an_svg_is_told() {
    let store = store();
    for (body, status, words) in [
        (vec![0x1f, 0x8b, 8, 0, 0, 0], 415, "unpacked"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>".to_vec(), 415, "entities"),
        (b"<svg width='9' height='9'><image href='data:,'/></svg>".to_vec(), 415, "a picture inside"),
        (b"<svg width='9' height='9'><g id='a'><use href='#a'/></g></svg>".to_vec(), 422, "refers to itself"),
        (b"<svg width='1e9' height='9'></svg>".to_vec(), 413, "longest side"),
        (svg::layers(3000, 3000, 60), 413, "to draw at this size"),
        (b"<svg width='9' height='9'>".to_vec(), 422, "end is missing"),
        (b"<svg onload=alert(1)>".to_vec(), 422, "not the XML"),
    ] {
        let answer = post(&store, body).await;
        let code = ["too-many-pixels", "unsupported-format", "undecodable"]
            [[413, 415, 422].iter().position(|s| *s == status).unwrap()];
        let told = problem(answer, status, code).await;
        assert!(told["detail"].as_str().unwrap().contains(words), "{told}");
    }
}
