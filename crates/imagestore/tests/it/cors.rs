//! Pages of other origins: only those of the settings.

use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::reqwest::{Client, Method, Response};

use crate::support::{get_with, header, id, store, store_with, upload};

const PAGE: &str = "https://www.example.org";

/// What a browser asks before it sends such a request.
async fn preflight(url: String, origin: &str, method: &str, headers: &str) -> Response {
    let request = Client::new().request(Method::OPTIONS, url).header("origin", origin);
    let request = request.header("access-control-request-method", method);
    request.header("access-control-request-headers", headers).send().await.unwrap()
}

fn cors(answer: &Response) -> Vec<String> {
    let names = answer.headers().keys().map(|name| name.as_str().to_owned());
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn nothing_is_said_where_nothing_is_configured() {
    let store = store();
    let image = upload(&store, png(&photo(9, 9, 1))).await;
    for path in [format!("/i/{}", id(&image)), "/v1/images".to_owned(), "/nothing".to_owned()] {
        let answer = get_with(&store, &path, &[("origin", PAGE)]).await;
        assert_eq!(cors(&answer), Vec::<String>::new(), "{path}");
        assert!(!header(&answer, "vary").contains("Origin"), "{path}");
        let asked = preflight(store.url(&path), PAGE, "GET", "x-api-key").await;
        assert_eq!(cors(&asked), Vec::<String>::new(), "{path}");
    }
}

#[tokio::test]
async fn pages_of_the_named_origins_read_answers() {
    let store = store_with(&[("HTTP__CORS_ORIGINS", "https://www.example.org,http://localhost:3000")]);
    let image = upload(&store, png(&photo(9, 9, 1))).await;
    let paths = [
        (format!("/i/{}?format=auto", id(&image)), 200),
        ("/v1/images".to_owned(), 200),
        ("/i/nothing".to_owned(), 400),
    ];
    for (path, status) in &paths {
        for origin in [PAGE, "http://localhost:3000"] {
            let answer = get_with(&store, path, &[("origin", origin)]).await;
            assert_eq!(
                (answer.status().as_u16(), header(&answer, "access-control-allow-origin").as_str()),
                (*status, origin)
            );
            assert_eq!(header(&answer, "access-control-allow-credentials"), "");
            assert!(header(&answer, "access-control-expose-headers").contains("content-type"));
        }
        // Caches keep the answers apart, with an origin and without.
        for headers in [&[("origin", PAGE)][..], &[("origin", "https://evil.example.org")], &[]] {
            let answer = get_with(&store, path, headers).await;
            assert!(header(&answer, "vary").contains("Origin"), "{path} {headers:?}: {}", header(&answer, "vary"));
        }
        let foreign = get_with(&store, path, &[("origin", "https://evil.example.org")]).await;
        assert_eq!(header(&foreign, "access-control-allow-origin"), "");
    }
    assert!(header(&get_with(&store, &paths[0].0, &[]).await, "vary").starts_with("Accept"));
}

#[tokio::test]
async fn uploads_with_keys_and_in_pieces_pass_the_preflight() {
    let store = store_with(&[("HTTP__CORS_ORIGINS", PAGE)]);
    for (path, method, headers) in [
        ("/v1/images", "POST", "authorization,content-type"),
        ("/v1/images", "POST", "x-api-key"),
        ("/upload/x.jpg", "PUT", "x-api-key,content-type"),
        ("/files/x", "PATCH", "authorization,content-type,tus-resumable,upload-offset,upload-checksum"),
        (
            "/files",
            "POST",
            "tus-resumable,upload-length,upload-metadata,upload-defer-length,upload-concat,x-http-method-override",
        ),
        ("/v1/images/x", "DELETE", "authorization"),
    ] {
        let answer = preflight(store.url(path), PAGE, method, headers).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(&answer, "access-control-allow-origin"), PAGE);
        assert_eq!(header(&answer, "access-control-allow-headers"), headers);
        assert!(header(&answer, "access-control-allow-methods").contains(method), "{method}");
        assert!(header(&answer, "vary").contains("Origin"));
    }
    let foreign = preflight(store.url("/v1/images"), "https://evil.example.org", "POST", "authorization").await;
    assert_eq!((foreign.status().as_u16(), header(&foreign, "access-control-allow-origin").as_str()), (400, ""));
    // What is no preflight still tells the verbs.
    let plain =
        Client::new().request(Method::OPTIONS, store.url("/v1/images")).header("origin", PAGE).send().await.unwrap();
    assert_eq!(header(&plain, "allow"), "GET, HEAD, OPTIONS, POST, PUT");
}

#[tokio::test]
async fn a_star_is_every_origin() {
    let store = store_with(&[("HTTP__CORS_ORIGINS", "*")]);
    let answer = get_with(&store, "/v1/images", &[("origin", "https://anybody.example.org")]).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    assert!(header(&answer, "vary").contains("Origin"));
    let asked = preflight(store.url("/v1/images"), "https://anybody.example.org", "POST", "authorization").await;
    assert_eq!(header(&asked, "access-control-allow-headers"), "authorization");
}
