//! Every address for every kind of caller. What the test sees is the table in docs/ACCESS.md, which it must be equal to: run it with
//! `UPDATE_DOCS=1` to write the table anew, and read what changed.

use std::fmt::Write;

use imagestore::domain::{Keyring, SigningKey};
use serde_json::{Value, json};
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::reqwest::{Method, RequestBuilder};

use crate::keys::KeyedStore;

/// One address: verb, path with `{id}` for a private image, `{job}` for a job of its owner and so on, and what is sent.
struct Address {
    method: &'static str,
    path: &'static str,
    body: Body,
}

enum Body {
    None,
    Picture,
    Form,
    /// A request of the tus protocol.
    Tus,
    Json(fn(&Things) -> Value),
}

/// What there is before a request: all of it the owner's.
struct Things {
    image: String,
    job: String,
    upload: String,
    backfill: String,
    user: String,
    key: String,
    /// What deletes the image without a key.
    delete_token: String,
    /// Only where the address is about albums.
    album: AlbumThings,
}

/// Who asks.
enum By {
    /// Whoever shows this key, or none if it is empty.
    Key(String),
    /// Whoever has the address with a signature, which only some addresses can carry.
    Signature(Signing),
}

/// For what an address is signed, and with what.
struct Signing {
    ring: Keyring,
    seconds: i64,
    /// Whether the address itself is signed, or the one of another image.
    this: bool,
}

impl Signing {
    fn new(key: &str, seconds: i64, this: bool) -> Self {
        Self { ring: Keyring::new(vec![SigningKey::parse(key).unwrap()]).unwrap(), seconds, this }
    }

    fn sign(&self, address: &str) -> String {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(self.seconds);
        let signed_path = if self.this { path.to_owned() } else { format!("{path}0") };
        self.ring.sign(&signed_path, query, until).unwrap().replacen(&signed_path, path, 1)
    }
}

/// An album with the image in it, and a link to it.
#[derive(Default)]
struct AlbumThings {
    id: String,
    name: String,
    share: String,
    token: String,
}

const fn get(path: &'static str) -> Address {
    Address { method: "GET", path, body: Body::None }
}

const fn send(method: &'static str, path: &'static str, body: Body) -> Address {
    Address { method, path, body }
}

fn order(things: &Things) -> Value {
    json!({ "image_id": things.image, "target": "low", "name": "another" })
}

fn backfill(_: &Things) -> Value {
    json!({ "before": "2020-01-01", "target": "low", "name": "another" })
}

fn lease(_: &Things) -> Value {
    json!({ "worker": "w", "max": 1, "wait_seconds": 0 })
}

fn lease_one(_: &Things) -> Value {
    json!({ "worker": "w" })
}

fn token(_: &Things) -> Value {
    json!({ "token": "none", "progress": 1 })
}

fn failure(_: &Things) -> Value {
    json!({ "token": "none", "problem": { "code": "undecodable", "detail": "It is broken." }, "lasting": true })
}

fn kept(_: &Things) -> Value {
    json!({ "token": "none", "figures": { "source_bytes": 1, "seconds": 0.1 } })
}

fn only_token(_: &Things) -> Value {
    json!({ "token": "none" })
}

fn name(_: &Things) -> Value {
    json!({ "name": format!("u{}", uuid::Uuid::new_v4().simple()) })
}

fn key_of_user(things: &Things) -> Value {
    json!({ "user_id": things.user, "scopes": ["read"] })
}

fn album(_: &Things) -> Value {
    json!({ "name": format!("a{}", uuid::Uuid::new_v4().simple()) })
}

fn ids(things: &Things) -> Value {
    json!({ "ids": [things.image] })
}

fn tags(things: &Things) -> Value {
    json!({ "ids": [things.image], "add_tags": ["sea"] })
}

fn delete(things: &Things) -> Value {
    json!({ "ids": [things.image], "delete": true })
}

fn no_key(_: &Things) -> Value {
    json!({ "key": "none" })
}

fn order_of_album(things: &Things) -> Value {
    json!({ "album": things.album.id, "target": "low", "name": "another" })
}

fn album_name(_: &Things) -> Value {
    json!({ "albumName": format!("a{}", uuid::Uuid::new_v4().simple()) })
}

fn image_name(_: &Things) -> Value {
    json!({ "imageName": "another.png" })
}

fn nothing(_: &Things) -> Value {
    json!({})
}

const ADDRESSES: &[Address] = &[
    get("/i/{id}"),
    get("/i/{id}.webp?w=3"),
    get("/download/{id}"),
    get("/i/{id}.json"),
    get("/v1/images/{id}/srcset"),
    get("/v1/images/{id}/similar"),
    send("POST", "/v1/images", Body::Picture),
    send("POST", "/upload", Body::Picture),
    send("PUT", "/upload/x.png", Body::Picture),
    get("/v1/images"),
    get("/v1/images?visibility=private"),
    get("/v1/images?deleted=true"),
    get("/v1/images/timeline"),
    get("/v1/images/zip?ids={id}"),
    send("POST", "/v1/images/zip", Body::Json(ids)),
    send("POST", "/v1/images/batch", Body::Json(tags)),
    send("POST", "/v1/images/batch (delete)", Body::Json(delete)),
    get("/v1/images/{id}/curve?side=64&formats=jpg"),
    get("/v1/images/{id}"),
    send("PATCH", "/v1/images/{id}", Body::Json(nothing)),
    send("POST", "/v1/images/{id}/sign", Body::Json(nothing)),
    send("DELETE", "/v1/images/{id}", Body::None),
    send("DELETE", "/v1/images/{id}?token={delete_token}", Body::None),
    send("DELETE", "/v1/images/{id}?purge=true", Body::None),
    send("POST", "/v1/images/{id}/restore", Body::None),
    send("PUT", "/v1/images/{id}/file", Body::Picture),
    get("/v1/images/{id}/variants"),
    send("DELETE", "/v1/images/{id}/variants", Body::None),
    send("PUT", "/v1/images/{id}/variants/small", Body::Picture),
    send("POST", "/v1/uploads", Body::Tus),
    send("HEAD", "/v1/uploads/{upload}", Body::Tus),
    get("/v1/uploads/{upload}"),
    send("PATCH", "/v1/uploads/{upload}", Body::Tus),
    send("DELETE", "/v1/uploads/{upload}", Body::Tus),
    send("POST", "/v1/compressions", Body::Json(order)),
    get("/v1/jobs"),
    get("/v1/jobs/{job}"),
    send("POST", "/v1/jobs/{job}/retry", Body::None),
    send("DELETE", "/v1/jobs/{job}", Body::None),
    send("POST", "/v1/jobs/lease", Body::Json(lease)),
    send("POST", "/v1/jobs/{job}/lease", Body::Json(lease_one)),
    send("POST", "/v1/jobs/{job}/heartbeat", Body::Json(token)),
    send("POST", "/v1/jobs/{job}/release", Body::Json(only_token)),
    send("POST", "/v1/jobs/{job}/failure", Body::Json(failure)),
    send("POST", "/v1/jobs/{job}/kept", Body::Json(kept)),
    send("PUT", "/v1/jobs/{job}/result", Body::Picture),
    send("POST", "/v1/backfills", Body::Json(backfill)),
    get("/v1/backfills"),
    get("/v1/backfills/{backfill}"),
    send("POST", "/v1/backfills/{backfill}/pause", Body::None),
    send("POST", "/v1/backfills/{backfill}/resume", Body::None),
    send("DELETE", "/v1/backfills/{backfill}", Body::None),
    get("/v1/albums"),
    send("POST", "/v1/albums", Body::Json(album)),
    get("/v1/albums/{album}"),
    send("PATCH", "/v1/albums/{album}", Body::Json(nothing)),
    send("DELETE", "/v1/albums/{album}", Body::None),
    send("DELETE", "/v1/albums/{album}?images=delete", Body::None),
    get("/v1/albums/{album}/images"),
    send("POST", "/v1/albums/{album}/images", Body::Json(ids)),
    send("DELETE", "/v1/albums/{album}/images/{id}", Body::None),
    send("PUT", "/v1/albums/{album}/order", Body::Json(ids)),
    get("/v1/albums/{album}/zip"),
    get("/v1/albums/{album}/share"),
    send("POST", "/v1/albums/{album}/share", Body::None),
    send("DELETE", "/v1/albums/{album}/share/{share}", Body::None),
    send("POST", "/v1/images?album={album}", Body::Picture),
    send("POST", "/v1/compressions (album)", Body::Json(order_of_album)),
    get("/a/{token}"),
    get("/i/{id}?share={token}"),
    get("/api/v1/albums"),
    send("POST", "/api/v1/albums", Body::Json(album_name)),
    send("PATCH", "/api/v1/albums/{name}", Body::Json(album_name)),
    send("DELETE", "/api/v1/albums/{name}", Body::None),
    get("/api/v1/albums/{name}/images"),
    send("POST", "/api/v1/albums/{name}/images", Body::Form),
    get("/api/v1/albums/{name}/images/{id}.png"),
    send("PATCH", "/api/v1/albums/{name}/images/{id}.png", Body::Json(image_name)),
    send("DELETE", "/api/v1/albums/{name}/images/{id}.png", Body::None),
    get("/v1/events"),
    get("/v1/stats"),
    get("/v1/stats/history"),
    get("/v1/presets"),
    get("/v1/health"),
    get("/v1/usage"),
    get("/v1/session"),
    send("POST", "/v1/session", Body::Json(no_key)),
    send("DELETE", "/v1/session", Body::None),
    send("POST", "/v1/upload", Body::Form),
    get("/v1/image/{id}"),
    send("DELETE", "/v1/image/{id}", Body::None),
    send("POST", "/v1/admin/users", Body::Json(name)),
    get("/v1/admin/users"),
    get("/v1/admin/users/{user}"),
    send("PATCH", "/v1/admin/users/{user}", Body::Json(nothing)),
    send("POST", "/v1/admin/keys", Body::Json(key_of_user)),
    get("/v1/admin/keys"),
    send("DELETE", "/v1/admin/keys/{key}", Body::None),
    get("/v1/admin/sinks"),
    get("/v1/admin/sinks/mqtt/dead-letters"),
    send("POST", "/v1/admin/sinks/mqtt/dead-letters/replay", Body::None),
    send("POST", "/v1/admin/sinks/mqtt/dead-letters/{user}/replay", Body::None),
    send("DELETE", "/v1/admin/sinks/mqtt/dead-letters/{user}", Body::None),
    get("/"),
    get("/ui/jobs"),
    get("/healthz"),
    get("/readyz"),
    get("/healthcheck"),
    get("/metrics"),
];

/// Every address: verb and path.
pub(crate) fn addresses() -> impl Iterator<Item = (&'static str, &'static str)> {
    ADDRESSES.iter().map(|address| (address.method, address.path.split(' ').next().unwrap_or_default()))
}

const TOKEN: &str = "the token of the workers";
const SIGNING: &str = "k:1111111111111111111111111111111111111111111111111111111111111111";
const ANOTHER: &str = "k:2222222222222222222222222222222222222222222222222222222222222222";

const SETTINGS: &[(&str, &str)] = &[
    ("JOBS__TOKEN", TOKEN),
    ("AUTH__VISIBILITY", "private"),
    ("SIGNING__KEYS", SIGNING),
    // Nobody listens there.
    ("EVENTS__MQTT__URL", "mqtt://127.0.0.1:1"),
    // Each address makes one for each caller.
    ("UPLOADS__OPEN", "100000"),
];

#[tokio::test]
async fn the_table_of_who_may_do_what_is_the_one_in_the_docs() {
    let store = KeyedStore::start_with(SETTINGS);
    let owner = store.user("owner", &[]);
    store.user("other", &[]);
    let owners_key = store.key("owner", "read,write,delete");
    let admin = store.key("other", "admin");
    let callers = [
        ("no key", String::new()),
        ("owner: read", store.key("owner", "read")),
        ("owner: write", store.key("owner", "write")),
        ("owner: delete", store.key("owner", "delete")),
        ("another user", store.key("other", "read,write,delete")),
        ("admin", admin.clone()),
        ("service", store.key("other", "service")),
        ("jobs.token", TOKEN.to_owned()),
        ("expired", expired(&store, &admin, &owner).await),
        ("revoked", revoked(&store, &admin).await),
        ("disabled", disabled(&store)),
    ];
    let signers = [
        ("signed", Signing::new(SIGNING, 1000, true)),
        ("signed wrongly", Signing::new(ANOTHER, 1000, true)),
        ("signed for another", Signing::new(SIGNING, 1000, false)),
        ("signed, expired", Signing::new(SIGNING, -1, true)),
    ];
    let callers: Vec<_> = callers
        .into_iter()
        .map(|(name, key)| (name, By::Key(key)))
        .chain(signers.into_iter().map(|(name, signing)| (name, By::Signature(signing))))
        .collect();
    let mut table = String::new();
    let heads: Vec<_> = callers.iter().map(|(name, _)| *name).collect();
    writeln!(table, "| | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len())).unwrap();
    for address in ADDRESSES {
        write!(table, "| `{} {}` |", address.method, address.path).unwrap();
        for (_, caller) in &callers {
            if matches!(caller, By::Signature(_)) && !address.can_be_signed() {
                table.push_str("  |");
                continue;
            }
            let mut things = things(&store, &owners_key, &admin, &owner).await;
            if address.is_about_albums() {
                things.album = album_things(&store, &owners_key, &things.image).await;
            }
            let answer = address.request(&store, caller, &things).send().await.unwrap();
            let status = answer.status().as_u16();
            let told = match status {
                401 => "401",
                403 => "403",
                // An answer that does not end tells who may see it by its head.
                200 if address.path == "/v1/events" => "yes",
                // Each image of a selection has an answer of its own.
                200 if address.path.starts_with("/v1/images/batch") => refused_each(&answer.text().await.unwrap()),
                // No body comes with the answer to HEAD.
                404 if address.method == "HEAD" => "404",
                404 if is_hidden(&answer.text().await.unwrap()) => "404",
                500.. => panic!("{} {}: {status}", address.method, address.path),
                _ => "yes",
            };
            write!(table, " {told} |").unwrap();
        }
        table.push('\n');
    }
    compare(&table);
}

/// What is said of the only image of a selection.
fn refused_each(told: &str) -> &'static str {
    let told: Value = serde_json::from_str(told).unwrap();
    match told["failed"][0]["problem"]["status"].as_u64() {
        None => "yes",
        Some(403) => "403",
        Some(404) => "404",
        Some(other) => panic!("{other}: {told}"),
    }
}

/// Whether the image or job is said not to be there, and not that nothing was made of it, or was given up.
fn is_hidden(problem: &str) -> bool {
    let problem: Value = serde_json::from_str(problem).unwrap();
    let detail = problem["detail"].as_str().unwrap();
    let is_nothing = ["Nothing was to be made", "no such dead letter"].iter().any(|said| detail.contains(said));
    problem["code"] == "not-found" && !is_nothing
}

impl Address {
    fn can_be_signed(&self) -> bool {
        let is_picture = self.path.starts_with("/i/") || self.path.starts_with("/download/");
        is_picture && !self.path.contains("{id}.json")
    }

    fn is_about_albums(&self) -> bool {
        ["{album}", "{name}", "{token}", "(album)"].iter().any(|part| self.path.contains(part))
    }

    fn request(&self, store: &KeyedStore, by: &By, things: &Things) -> RequestBuilder {
        let path = self.path.replace("{id}", &things.image).replace("{job}", &things.job);
        let path = path.replace("{backfill}", &things.backfill).replace("{user}", &things.user);
        let path = path.replace("{key}", &things.key).replace("{upload}", &things.upload);
        let path = path.replace("{delete_token}", &things.delete_token);
        let path = path.replace("{album}", &things.album.id);
        let path = path.split(' ').next().unwrap_or_default().to_owned();
        let path = path.replace("{name}", &things.album.name).replace("{share}", &things.album.share);
        let path = path.replace("{token}", &things.album.token);
        let (key, path) = match by {
            By::Key(key) => (key.as_str(), path),
            By::Signature(signing) => ("", signing.sign(&path)),
        };
        let request = store.request(key, Method::from_bytes(self.method.as_bytes()).unwrap(), &path);
        // Only asked for where it is about sessions.
        let request = request.header("x-requested-with", "imagestore");
        match self.body {
            Body::None => request,
            Body::Picture => {
                let figures = r#"{"source_bytes":1,"seconds":0.1}"#;
                request.header("variant-figures", figures).body(picture())
            }
            Body::Tus => tus(request),
            Body::Form => {
                let text = "--b\r\ncontent-disposition: form-data; name=\"operation\"\r\n\r\nthumbnail\r\n--b\r\n\
                            content-disposition: form-data; name=\"file\"; filename=\"x.png\"\r\n\r\n";
                let body = [text.as_bytes(), &picture(), b"\r\n--b--\r\n"].concat();
                request.header("content-type", "multipart/form-data; boundary=b").body(body)
            }
            Body::Json(write) => request.json(&write(things)),
        }
    }
}

fn tus(request: RequestBuilder) -> RequestBuilder {
    request
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "100")
        .header("upload-offset", "0")
        .header("content-type", "application/offset+octet-stream")
}

fn picture() -> Vec<u8> {
    png(&photo(4, 4, 1))
}

async fn things(store: &KeyedStore, key: &str, admin: &str, user: &str) -> Things {
    let post = async |key: &str, path: &str, body: Value| -> Value {
        store.request(key, Method::POST, path).json(&body).send().await.unwrap().json().await.unwrap()
    };
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let uploaded = store.request(key, Method::POST, "/v1/images?visibility=private&delete_token=1").body(picture());
    let uploaded: Value = uploaded.send().await.unwrap().json().await.unwrap();
    let image = text(&uploaded["id"]);
    let ordered = post(key, "/v1/compressions", json!({ "image_id": image, "target": "low" })).await;
    let begun = post(key, "/v1/backfills", json!({ "before": "2020-01-01", "target": "low" })).await;
    let upload = tus(store.request(key, Method::POST, "/v1/uploads")).send().await.unwrap();
    let upload = upload.headers()["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let made = post(admin, "/v1/admin/keys", json!({ "user_id": user, "scopes": ["read"] })).await;
    Things {
        image,
        job: text(&ordered["jobs"][0]["id"]),
        upload,
        backfill: text(&begun["id"]),
        user: user.to_owned(),
        key: text(&made["id"]),
        delete_token: text(&uploaded["delete_token"]),
        album: AlbumThings::default(),
    }
}

async fn album_things(store: &KeyedStore, key: &str, image: &str) -> AlbumThings {
    let post = async |path: &str, body: Value| -> Value {
        store.request(key, Method::POST, path).json(&body).send().await.unwrap().json().await.unwrap()
    };
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let made = post("/v1/albums", json!({ "name": format!("a{}", uuid::Uuid::new_v4().simple()) })).await;
    let path = format!("/v1/albums/{}", text(&made["id"]));
    post(&format!("{path}/images"), json!({ "ids": [image] })).await;
    let share = post(&format!("{path}/share"), json!({})).await;
    let (id, name) = (text(&made["id"]), text(&made["name"]));
    AlbumThings { id, name, share: text(&share["id"]), token: text(&share["token"]) }
}

async fn expired(store: &KeyedStore, admin: &str, user: &str) -> String {
    let end = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(5)).to_string();
    let order = json!({ "user_id": user, "scopes": ["read", "write", "delete"], "expires_at": end });
    let made: Value =
        store.request(admin, Method::POST, "/v1/admin/keys").json(&order).send().await.unwrap().json().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    made["key"].as_str().unwrap().to_owned()
}

async fn revoked(store: &KeyedStore, admin: &str) -> String {
    let key = store.key("owner", "read,write,delete");
    let list: Value = store.get(admin, "/v1/admin/keys?limit=1").send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/admin/keys/{}", list["keys"][0]["id"].as_str().unwrap());
    assert_eq!(store.request(admin, Method::DELETE, &path).send().await.unwrap().status(), 200);
    key
}

fn disabled(store: &KeyedStore) -> String {
    store.user("locked", &[]);
    let key = store.key("locked", "read,write,delete");
    store.cli(&["user", "disable", "locked"]);
    key
}

fn compare(table: &str) {
    const HEAD: &str = "<!-- table -->\n";
    let file = "../../docs/ACCESS.md";
    let text = std::fs::read_to_string(file).unwrap();
    let (before, _) = text.split_once(HEAD).unwrap_or((&text, ""));
    let wanted = format!("{before}{HEAD}{table}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return std::fs::write(file, wanted).unwrap();
    }
    assert_eq!(text, wanted, "docs/ACCESS.md is another table; see the head of this file");
}
