//! `/v1/images/{id}/srcset`: a picture in several sizes and formats, as a page names them.

use serde_json::Value;
use testkit::pictures::{animation, file, graphic, jpeg, photo, svg};
use testkit::process::Store;

use crate::support::{get, get_with, header, id, problem, store, upload};

async fn offered(store: &Store, image: &Value, query: &str) -> Value {
    let answer = get(store, &format!("/v1/images/{}/srcset?{query}", id(image))).await;
    let status = answer.status();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{query}: {document}");
    document
}

/// Addresses and widths.
fn candidates(srcset: &Value) -> Vec<(String, u32)> {
    let each = srcset.as_str().unwrap().split(", ").map(|candidate| candidate.split_once(' ').unwrap());
    each.map(|(url, width)| (url.to_owned(), width.strip_suffix('w').unwrap().parse().unwrap())).collect()
}

fn widths(srcset: &Value) -> Vec<u32> {
    candidates(srcset).into_iter().map(|(_, width)| width).collect()
}

async fn size(url: &str) -> (u32, u32) {
    let bytes = testkit::reqwest::get(url).await.unwrap().bytes().await.unwrap();
    let facts = image_engine::probe(std::io::Cursor::new(&bytes)).unwrap_or_else(|error| panic!("{url}: {error}"));
    facts.upright_size()
}

#[tokio::test]
async fn every_address_gives_a_picture_of_its_width() {
    let store = store();
    let image = upload(&store, jpeg::oriented(&photo(900, 600, 1), 6, 90)).await;
    let document = offered(&store, &image, "sizes=50vw&q=70&crop=0,0,500,800").await;
    let sources = document["sources"].as_array().unwrap();
    let types: Vec<_> = sources.iter().map(|source| source["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["image/avif", "image/webp"]);
    for srcset in sources.iter().map(|source| &source["srcset"]).chain([&document["img"]["srcset"]]) {
        assert_eq!(widths(srcset), [320, 500], "never wider than what is left of the picture");
        for (url, width) in candidates(srcset) {
            assert_eq!(size(&url).await.0, width, "{url}");
            assert!(url.contains("q=70") && url.contains("crop=0,0,500,800"), "{url}");
        }
    }
    let img = &document["img"];
    let largest = size(img["src"].as_str().unwrap()).await;
    assert_eq!(img["width"].as_u64().zip(img["height"].as_u64()), Some((largest.0.into(), largest.1.into())));
    assert_eq!((&img["sizes"], &sources[0]["sizes"]), (&"50vw".into(), &"50vw".into()));
    assert_eq!(img["loading"], "lazy");
    let told: Value = get(&store, &format!("/i/{}.json", id(&image))).await.json().await.unwrap();
    for name in ["thumbhash", "blurhash"] {
        assert_eq!(document["placeholder"][name], told[name]);
    }
    assert_eq!(document["placeholder"]["colour"], told["colours"][0]["hex"]);
}

#[tokio::test]
async fn widths_and_formats_are_those_that_are_asked_for() {
    let store = store();
    let image = upload(&store, file::png(&photo(700, 500, 1))).await;
    let document = offered(&store, &image, "widths=640,100,100,5000&formats=webp,png").await;
    assert_eq!(widths(&document["img"]["srcset"]), [100, 640]);
    assert_eq!(document["sources"].as_array().map(Vec::len), Some(1));
    assert!(document["img"]["src"].as_str().unwrap().contains(".png?w=640"), "{document}");
    let document = offered(&store, &image, "widths=5000,6000&formats=jpg").await;
    assert_eq!((widths(&document["img"]["srcset"]), &document["sources"]), (vec![700], &serde_json::json!([])));
    let turned = offered(&store, &image, "rotate=90").await;
    assert_eq!(widths(&turned["img"]["srcset"]), [320, 500]);
    let trimmed = offered(&store, &image, "trim=5&widths=100").await;
    assert_eq!(trimmed["img"].get("height"), None, "only the pixels tell");
}

#[tokio::test]
async fn the_last_format_is_one_that_every_browser_shows() {
    let store = store();
    for (source, last, widest) in [
        (file::png_alpha(&graphic(400, 300)), "png", 400),
        (animation::gif(90, 60, &animation::bars(90, 60, 3), None), "gif", 90),
        (svg::quarters(30, 20), "png", 2560),
        (file::heic(&photo(64, 48, 1), 80), "jpg", 64),
    ] {
        let image = upload(&store, source).await;
        let document = offered(&store, &image, "").await;
        let (url, width) = candidates(&document["img"]["srcset"]).pop().unwrap();
        assert!(url.contains(&format!(".{last}?")), "{url}");
        assert_eq!(width, widest);
        assert_eq!(
            size(&candidates(&document["img"]["srcset"])[0].0).await.0,
            candidates(&document["img"]["srcset"])[0].1
        );
    }
}

#[tokio::test]
async fn html_holds_nothing_but_the_picture() {
    let store = store();
    let image = upload(&store, file::png(&photo(700, 500, 1))).await;
    let alt = "\"><script>alert('1')</script> & ünïcode";
    let encoded: String = testkit::reqwest::Url::parse_with_params("http://x/", [("alt", alt), ("wmtext", "a b\"&<")])
        .unwrap()
        .query()
        .unwrap()
        .to_owned();
    let path = format!("/v1/images/{}/srcset?{encoded}", id(&image));
    let asked = get_with(&store, &path, &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]).await;
    assert_eq!(header(&asked, "content-type"), "text/html; charset=utf-8");
    assert_eq!((header(&asked, "vary"), header(&asked, "x-content-type-options")), ("Accept".into(), "nosniff".into()));
    assert!(header(&asked, "content-security-policy").contains("default-src 'none'"));
    let html = asked.text().await.unwrap();
    assert_eq!(get(&store, &format!("{path}&format=html")).await.text().await.unwrap(), html);
    let document = offered(&store, &image, &encoded).await;
    assert_eq!(document["html"], html.as_str());
    assert_eq!(document["img"]["alt"], alt);
    assert_eq!(
        header(&get_with(&store, &format!("{path}&format=json"), &[("accept", "text/html")]).await, "content-type"),
        "application/json"
    );

    let tags: Vec<_> = html.split('<').skip(1).map(|tag| tag.split([' ', '>', '\n']).next().unwrap()).collect();
    assert_eq!(tags, ["picture", "source", "source", "img", "/picture"], "{html}");
    assert!(
        html.contains("alt=\"&quot;&gt;&lt;script&gt;alert(&apos;1&apos;)&lt;/script&gt; &amp; ünïcode\""),
        "{html}"
    );
    for part in [
        "width=\"700\"",
        "height=\"500\"",
        "loading=\"lazy\"",
        "data-thumbhash=\"",
        "data-blurhash=\"",
        "sizes=\"100vw\"",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    // What a browser makes of the attribute is an address that works.
    let src = html.split(" src=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert_eq!(size(&src).await, (700, 500));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let store = store();
    let image = upload(&store, file::png(&photo(70, 50, 1))).await;
    let long = "x".repeat(2001);
    for (query, parameter) in [
        ("widths=0", "widths"),
        ("widths=1,,2", "widths"),
        ("widths=20000", "widths"),
        ("widths=", "widths"),
        ("formats=heic", "formats"),
        ("formats=webp;png", "formats"),
        ("format=webp", "format"),
        ("w=100", "w"),
        ("h=100", "h"),
        ("dpr=2", "dpr"),
        ("type=png", "type"),
        ("transform=thumbnail", "transform"),
        ("download=x", "download"),
        ("frob=1", "frob"),
        ("q=1000", "q"),
        ("lossless=1&formats=webp,jpg", "lossless"),
        ("crop=500,0,10,10", "crop"),
        (&format!("alt={long}"), "alt"),
        (&format!("sizes={long}"), "sizes"),
        ("alt=a&alt=b", "alt"),
        (&format!("widths={}", "1,".repeat(20) + "1"), "widths"),
    ] {
        let answer = get(&store, &format!("/v1/images/{}/srcset?{query}", id(&image))).await;
        let told = problem(answer, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], parameter, "{query}: {told}");
    }
    problem(get(&store, "/v1/images/01890a5d-ac96-774b-bcce-b302099a8057/srcset").await, 404, "not-found").await;
}
