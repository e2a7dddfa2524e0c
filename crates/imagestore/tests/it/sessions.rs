//! Browsers that sign in with a key, and pages of others that would like to use what they keep.

use serde_json::{Value, json};
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::reqwest::{Client, Method, RequestBuilder, Response};

use crate::keys::KeyedStore;
use crate::support::{header, problem, store_with};

const SIGNING: &str = "k:1111111111111111111111111111111111111111111111111111111111111111";
const REQUESTED: (&str, &str) = ("x-requested-with", "imagestore");

/// A request of the page in a browser that keeps this cookie.
fn by_page(store: &KeyedStore, cookie: &str, method: Method, path: &str) -> RequestBuilder {
    let (name, value) = REQUESTED;
    store.request("", method, path).header("cookie", cookie).header(name, value).header("sec-fetch-site", "same-origin")
}

async fn sign_in(store: &KeyedStore, key: &str) -> Response {
    by_page(store, "", Method::POST, "/v1/session").json(&json!({ "key": key })).send().await.unwrap()
}

/// What the browser keeps of an answer: the name and the value.
fn kept(answer: &Response) -> String {
    header(answer, "set-cookie").split(';').next().unwrap().to_owned()
}

async fn session(store: &KeyedStore, cookie: &str) -> Value {
    by_page(store, cookie, Method::GET, "/v1/session").send().await.unwrap().json().await.unwrap()
}

fn picture() -> Vec<u8> {
    png(&photo(4, 4, 1))
}

#[tokio::test]
async fn a_key_that_was_shown_once_is_known_until_one_signs_out() {
    let store = KeyedStore::start();
    let id = store.user("anna", &[]);
    let key = store.key("anna", "read,write");
    let nobody = session(&store, "").await;
    assert_eq!((&nobody["user"], &nobody["scopes"], &nobody["expires_at"]), (&Value::Null, &json!([]), &Value::Null));
    assert_eq!(nobody["auth"], json!({ "mode": "keys", "required": true }));
    let answer = sign_in(&store, &key).await;
    let set = header(&answer, "set-cookie");
    for part in ["; Path=/", "; Max-Age=604", "; HttpOnly", "; SameSite=Strict"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(set.starts_with("imagestore-session=") && !set.contains("Secure") && !set.contains(&key), "{set}");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let cookie = kept(&answer);
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["user"], json!({ "id": id, "name": "anna" }));
    assert_eq!(told["scopes"], json!(["read", "write"]));
    assert_eq!(session(&store, &cookie).await, told);
    let stored = by_page(&store, &cookie, Method::POST, "/v1/images?visibility=private").body(picture());
    let stored: Value = stored.send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/images/{}", stored["id"].as_str().unwrap());
    let seen = store.get("", &path).header("cookie", format!("other=1; {cookie}")).send().await.unwrap();
    assert_eq!(seen.status(), 200);
    problem(by_page(&store, &cookie, Method::DELETE, &path).send().await.unwrap(), 403, "forbidden").await;
    let ended = by_page(&store, &cookie, Method::DELETE, "/v1/session").send().await.unwrap();
    assert_eq!(ended.status(), 204);
    assert!(header(&ended, "set-cookie").starts_with("imagestore-session=; Path=/; Max-Age=0;"));
    problem(store.get("", &path).send().await.unwrap(), 404, "not-found").await;
}

#[tokio::test]
async fn one_user_does_not_see_what_is_another_ones() {
    let store = KeyedStore::start();
    let mut cookies = Vec::new();
    for user in ["anna", "boris"] {
        store.user(user, &[]);
        cookies.push(kept(&sign_in(&store, &store.key(user, "read,write,delete")).await));
    }
    let stored = by_page(&store, &cookies[0], Method::POST, "/v1/images?visibility=private").body(picture());
    let stored: Value = stored.send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/images/{}", stored["id"].as_str().unwrap());
    problem(by_page(&store, &cookies[1], Method::GET, &path).send().await.unwrap(), 404, "not-found").await;
    let list: Value =
        by_page(&store, &cookies[1], Method::GET, "/v1/images").send().await.unwrap().json().await.unwrap();
    assert_eq!(list["images"], json!([]));
    // A key counts for more than a cookie, also one that is not valid.
    let both = store.get(&store.key("boris", "read"), &path).header("cookie", &cookies[0]).send().await.unwrap();
    problem(both, 404, "not-found").await;
    let wrong = store.get("imgs_wrong", &path).header("cookie", &cookies[0]).send().await.unwrap();
    problem(wrong, 401, "unauthorized").await;
}

#[tokio::test]
async fn what_changes_something_has_to_be_meant_by_the_page() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    let key = store.key("anna", "read,write,delete");
    let cookie = kept(&sign_in(&store, &key).await);
    let id = store.upload(&key, "private", picture()).await;
    let path = format!("/v1/images/{id}");
    for (headers, named) in [
        (vec![], "X-Requested-With"),
        (vec![("x-requested-with", "XMLHttpRequest")], "X-Requested-With"),
        (vec![REQUESTED, ("sec-fetch-site", "cross-site")], "Sec-Fetch-Site"),
        (vec![REQUESTED, ("sec-fetch-site", "same-site")], "Sec-Fetch-Site"),
    ] {
        for (method, path) in [
            (Method::DELETE, path.as_str()),
            (Method::PATCH, path.as_str()),
            (Method::POST, "/v1/images"),
            (Method::POST, "/v1/session"),
            (Method::DELETE, "/v1/session"),
        ] {
            let mut request =
                store.request("", method.clone(), path).header("cookie", &cookie).json(&json!({ "key": key }));
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            let refused = problem(request.send().await.unwrap(), 403, "forbidden").await;
            assert_eq!(refused["parameter"], named, "{method} {path} {headers:?}");
        }
        // Looking changes nothing; whether it is sent from elsewhere is the browser's part (SameSite).
        assert_eq!(store.get("", &path).header("cookie", &cookie).send().await.unwrap().status(), 200);
        // A key is shown by programs alone.
        let mut request = store.request(&key, Method::PATCH, &path).json(&json!({}));
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        assert_eq!(request.send().await.unwrap().status(), 200, "{headers:?}");
    }
    assert_eq!(by_page(&store, &cookie, Method::DELETE, &path).send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_session_ends_with_its_key() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    store.user("boris", &[]);
    let admin = store.key("boris", "admin");
    let cookie = kept(&sign_in(&store, &store.key("anna", "read")).await);
    let id = session(&store, &cookie).await["key_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/admin/keys/{id}");
    let feed = by_page(&store, &cookie, Method::GET, "/v1/events").send().await.unwrap();
    assert_eq!(feed.status(), 200);
    assert_eq!(store.request(&admin, Method::DELETE, &path).send().await.unwrap().status(), 200);
    let end = tokio::time::timeout(std::time::Duration::from_mins(1), feed.bytes()).await;
    assert!(end.expect("whoever watched with it is told no more").unwrap().starts_with(b": watching"));
    problem(by_page(&store, &cookie, Method::GET, "/v1/images").send().await.unwrap(), 401, "unauthorized").await;
    let told = by_page(&store, &cookie, Method::GET, "/v1/session").send().await.unwrap();
    assert!(header(&told, "set-cookie").contains("Max-Age=0"), "it is forgotten");
    assert_eq!(told.json::<Value>().await.unwrap()["user"], Value::Null);
    let disabled = kept(&sign_in(&store, &store.key("anna", "read")).await);
    store.cli(&["user", "disable", "anna"]);
    // What another process did is known a moment later (`auth.remember_seconds`).
    let ends = async || by_page(&store, &disabled, Method::GET, "/v1/images").send().await.unwrap().status() == 401;
    let begun = std::time::Instant::now();
    while !ends().await {
        assert!(begun.elapsed() < std::time::Duration::from_mins(2), "the session goes on");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn wrong_keys_and_made_up_sessions_are_refused() {
    let store = KeyedStore::start_with(&[("SIGNING__KEYS", SIGNING), ("JOBS__TOKEN", "the token of the workers")]);
    store.user("anna", &[]);
    let key = store.key("anna", "read");
    let wrong = sign_in(&store, "imgs_wrong").await;
    assert_eq!(header(&wrong, "set-cookie"), "");
    problem(wrong, 401, "unauthorized").await;
    problem(sign_in(&store, "the token of the workers").await, 403, "forbidden").await;
    let post = |body: &'static str| by_page(&store, "", Method::POST, "/v1/session").body(body).send();
    problem(post("{}").await.unwrap(), 400, "invalid-parameter").await;
    problem(post("key=imgs_").await.unwrap(), 400, "invalid-body").await;
    let cookie = kept(&sign_in(&store, &key).await);
    let (name, ticket) = cookie.split_once('=').unwrap();
    let parts: Vec<_> = ticket.split('.').collect();
    assert_eq!((parts.len(), parts[2]), (4, "k"), "{ticket}");
    let later = format!("{}.{}.k.{}", parts[0], parts[1].parse::<u64>().unwrap() + 1000, parts[3]);
    let other = format!("01890a5d-ac96-774b-bcce-b302099a8057.{}.k.{}", parts[1], parts[3]);
    for forged in [&later, &other, &ticket[..ticket.len() - 2], "", "..."] {
        let answer = by_page(&store, &format!("{name}={forged}"), Method::GET, "/v1/usage").send().await.unwrap();
        problem(answer, 401, "unauthorized").await;
    }
    // One that was made for an encrypted connection does not count on another one.
    let secure = format!("__Host-{name}={ticket}");
    problem(by_page(&store, &secure, Method::GET, "/v1/usage").send().await.unwrap(), 401, "unauthorized").await;
    let encrypted = by_page(&store, &secure, Method::GET, "/v1/usage").header("x-forwarded-proto", "https");
    assert_eq!(encrypted.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_session_expires_with_its_time_and_with_its_key() {
    let store = KeyedStore::start_with(&[("SIGNING__KEYS", SIGNING)]);
    store.user("anna", &[]);
    let key = store.cli(&["key", "create", "--user", "anna", "--scopes", "read", "--expires", "2s"]);
    let answer = sign_in(&store, &key).await;
    let set = header(&answer, "set-cookie");
    assert!(["Max-Age=0;", "Max-Age=1;", "Max-Age=2;"].iter().any(|age| set.contains(age)), "{set}");
    let cookie = kept(&answer);
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    problem(by_page(&store, &cookie, Method::GET, "/v1/usage").send().await.unwrap(), 401, "unauthorized").await;
    let hour = KeyedStore::start_with(&[("AUTH__SESSION_SECONDS", "3600")]);
    hour.user("anna", &[]);
    let set = header(&sign_in(&hour, &hour.key("anna", "read")).await, "set-cookie");
    assert!(set.contains("; Max-Age=3600;") || set.contains("; Max-Age=3599;"), "{set}");
}

#[tokio::test]
async fn encrypted_connections_have_a_cookie_of_their_own() {
    let store = KeyedStore::start_with(&[("PUBLIC_URL", "https://img.example.org")]);
    store.user("anna", &[]);
    let key = store.key("anna", "read");
    let begin = || by_page(&store, "", Method::POST, "/v1/session").json(&json!({ "key": key }));
    for request in [begin().header("x-forwarded-proto", "https"), begin().header("x-forwarded-host", "img.example.org")]
    {
        let set = header(&request.send().await.unwrap(), "set-cookie");
        assert!(set.starts_with("__Host-imagestore-session=") && set.ends_with("; Secure"), "{set}");
    }
    let set = header(&begin().send().await.unwrap(), "set-cookie");
    assert!(set.starts_with("imagestore-session=") && !set.contains("Secure"), "{set}");
}

#[tokio::test]
async fn where_nobody_is_asked_who_they_are_nobody_signs_in() {
    let store = store_with(&[]);
    let request = |method| Client::new().request(method, store.url("/v1/session")).header(REQUESTED.0, REQUESTED.1);
    let told: Value = request(Method::GET).send().await.unwrap().json().await.unwrap();
    assert_eq!(told["auth"], json!({ "mode": "off", "required": false }));
    assert_eq!(
        (&told["user"], &told["scopes"]),
        (&Value::Null, &json!(["read", "write", "delete", "admin", "service"]))
    );
    let answer = request(Method::POST).json(&json!({ "key": "anything" })).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "set-cookie").as_str()), (200, ""));
    // A cookie of former days is no obstacle.
    let upload = Client::new().post(store.url("/v1/images")).header("cookie", "imagestore-session=x").body(picture());
    assert_eq!(upload.send().await.unwrap().status(), 201);
}
