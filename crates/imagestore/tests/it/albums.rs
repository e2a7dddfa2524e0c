//! Albums over HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::pictures::file::{one_pixel_png, png};
use testkit::pictures::photo;
use testkit::process::Store;
use testkit::reqwest::{Client, Method, Response};

use crate::keys::KeyedStore;
use crate::support::{get, header, id, problem, store, upload};

pub(crate) async fn send(store: &Store, method: &str, path: &str, document: &Value) -> Response {
    send_if(store, method, path, document, "").await
}

/// The same with `If-Match`, unless it is empty.
pub(crate) async fn send_if(store: &Store, method: &str, path: &str, document: &Value, etag: &str) -> Response {
    let mut request = Client::new().request(Method::from_bytes(method.as_bytes()).unwrap(), store.url(path));
    if !etag.is_empty() {
        request = request.header("if-match", etag);
    }
    if !document.is_null() {
        request = request.json(document);
    }
    request.send().await.unwrap()
}

pub(crate) async fn told(answer: Response, status: u16) -> Value {
    let got = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

pub(crate) async fn create(store: &Store, document: Value) -> Value {
    told(send(store, "POST", "/v1/albums", &document).await, 201).await
}

pub(crate) async fn three(store: &Store) -> Vec<String> {
    let mut ids = Vec::new();
    for seed in 0..3 {
        ids.push(id(&upload(store, png(&photo(8, 6, seed))).await).to_owned());
    }
    ids
}

pub(crate) fn ids(page: &Value) -> Vec<&str> {
    page["images"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn an_album_is_made_changed_and_deleted() {
    let store = store();
    let answer = send(&store, "POST", "/v1/albums", &json!({ "name": "Отпуск", "default_preset": "thumbnail" })).await;
    let location = header(&answer, "location");
    assert_eq!(header(&answer, "etag"), "\"1\"");
    let album = told(answer, 201).await;
    assert_eq!(location, format!("/v1/albums/{}", id(&album)));
    assert_eq!((&album["name"], &album["images"], &album["version"]), (&"Отпуск".into(), &0.into(), &1.into()));
    let images = three(&store).await;
    let added = told(send(&store, "POST", &format!("{location}/images"), &json!({ "ids": images })).await, 200).await;
    assert_eq!((&added["images"], &added["cover_image_id"]), (&3.into(), &images[0].as_str().into()));
    let change = json!({ "name": "Holiday", "cover_image_id": images[1], "default_preset": null, "then": "thumbnail" });
    let changed = told(send(&store, "PATCH", &location, &change).await, 200).await;
    assert_eq!(changed["default_preset"], Value::Null);
    assert_eq!((&changed["cover_image_id"], &changed["then"]), (&images[1].as_str().into(), &"thumbnail".into()));
    assert_eq!(told(get(&store, &location).await, 200).await, changed);
    let list = told(get(&store, "/v1/albums").await, 200).await;
    assert_eq!(list, json!({ "albums": [changed], "cursor": null, "next": null }));
    told(send(&store, "DELETE", &format!("{location}/images/{}", images[1]), &Value::Null).await, 200).await;
    problem(send(&store, "DELETE", &format!("{location}/images/{}", images[1]), &Value::Null).await, 404, "not-found")
        .await;
    let after = told(get(&store, &location).await, 200).await;
    assert_eq!((&after["images"], &after["cover_image_id"]), (&2.into(), &images[0].as_str().into()));
    let gone = told(send(&store, "DELETE", &location, &Value::Null).await, 200).await;
    assert_eq!(gone["images_deleted"], 0);
    problem(get(&store, &location).await, 404, "not-found").await;
    assert_eq!(get(&store, &format!("/v1/images/{}", images[0])).await.status(), 200, "images are kept");
}

#[tokio::test]
async fn an_order_is_kept_and_paged() {
    let store = store();
    let album = create(&store, json!({ "name": "a" })).await;
    let path = format!("/v1/albums/{}", id(&album));
    let images = three(&store).await;
    told(send(&store, "POST", &format!("{path}/images"), &json!({ "ids": images })).await, 200).await;
    let [a, b, c] = [&images[0], &images[1], &images[2]].map(String::as_str);
    let order = format!("{path}/order");
    let list = async || told(get(&store, &format!("{path}/images")).await, 200).await;
    told(send(&store, "PUT", &order, &json!({ "ids": [c, a] })).await, 200).await;
    assert_eq!(ids(&list().await), [c, a, b]);
    told(send(&store, "PUT", &order, &json!({ "move": { "id": c, "after": b } })).await, 200).await;
    assert_eq!(ids(&list().await), [a, b, c]);
    told(send(&store, "PUT", &order, &json!({ "move": { "id": c, "before": b } })).await, 200).await;
    assert_eq!(ids(&list().await), [a, c, b]);
    let first = told(get(&store, &format!("{path}/images?limit=2")).await, 200).await;
    assert_eq!(ids(&first), [a, c]);
    let next = first["next"].as_str().unwrap().strip_prefix(&store.url("")).unwrap().to_owned();
    let second = told(get(&store, &next).await, 200).await;
    assert_eq!((ids(&second), &second["cursor"]), (vec![b], &Value::Null));
    for (document, parameter) in [
        (json!({}), "ids"),
        (json!({ "ids": [a, a] }), "ids"),
        (json!({ "ids": ["x"] }), "ids"),
        (json!({ "ids": [a], "move": { "id": a, "after": b } }), "move"),
        (json!({ "move": { "id": a } }), "move"),
        (json!({ "move": { "id": a, "after": b, "before": c } }), "move"),
        (json!({ "move": { "id": a, "after": a } }), "move"),
        (json!({ "move": { "after": a } }), "id"),
        (json!({ "move": { "id": a, "behind": b } }), "behind"),
        (json!({ "ids": [a], "order": [a] }), "order"),
    ] {
        let told = problem(send(&store, "PUT", &order, &document).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], parameter, "{document}");
    }
    let stranger = json!({ "ids": ["01890a5d-ac96-774b-bcce-b302099a8057"] });
    problem(send(&store, "PUT", &order, &stranger).await, 404, "not-found").await;
    problem(get(&store, &format!("{path}/images?cursor=1")).await, 400, "invalid-parameter").await;
}

#[tokio::test]
async fn what_is_wrong_is_told_by_name() {
    let store = store();
    create(&store, json!({ "name": "taken" })).await;
    for (document, status, parameter) in [
        (json!({}), 400, "name"),
        (json!({ "name": "" }), 400, "name"),
        (json!({ "name": "a\nb" }), 400, "name"),
        (json!({ "name": "x".repeat(256) }), 400, "name"),
        (json!({ "name": "a", "default_preset": "nothing" }), 400, "default_preset"),
        (json!({ "name": "a", "then": "nothing" }), 400, "then"),
        (json!({ "name": "a", "visibility": "secret" }), 400, "visibility"),
        (json!({ "name": "a", "colour": "red" }), 400, "colour"),
        (json!({ "name": "taken" }), 409, "name"),
    ] {
        let code = if status == 409 { "conflict" } else { "invalid-parameter" };
        let told = problem(send(&store, "POST", "/v1/albums", &document).await, status, code).await;
        assert_eq!(told["parameter"], parameter, "{document}");
    }
    let album = create(&store, json!({ "name": "b" })).await;
    let path = format!("/v1/albums/{}", id(&album));
    problem(send(&store, "PATCH", &path, &json!({ "name": "taken" })).await, 409, "conflict").await;
    problem(send(&store, "DELETE", &format!("{path}?images=all"), &Value::Null).await, 400, "invalid-parameter").await;
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    problem(send(&store, "POST", &format!("{path}/images"), &json!({ "ids": [nobody] })).await, 404, "not-found").await;
    problem(get(&store, &format!("/v1/albums/{nobody}")).await, 404, "not-found").await;
    let told = Client::new().post(store.url(&format!("/v1/images?album={nobody}"))).body(one_pixel_png()).send().await;
    assert_eq!(problem(told.unwrap(), 404, "not-found").await["parameter"], "album");
    crate::support::assert_empty(&store).await;
}

#[tokio::test]
async fn a_change_of_what_is_no_longer_so_is_refused() {
    let store = store();
    let album = create(&store, json!({ "name": "a" })).await;
    let path = format!("/v1/albums/{}", id(&album));
    let image = upload(&store, one_pixel_png()).await;
    let (rename, add) = (json!({ "name": "b" }), json!({ "ids": [id(&image)] }));
    told(send_if(&store, "PATCH", &path, &rename, "\"1\"").await, 200).await;
    problem(send_if(&store, "PATCH", &path, &rename, "\"1\"").await, 412, "precondition-failed").await;
    problem(send_if(&store, "PATCH", &path, &rename, "W/\"2\"").await, 412, "precondition-failed").await;
    told(send_if(&store, "POST", &format!("{path}/images"), &add, "\"1\", \"2\"").await, 200).await;
    for (method, path, document) in [
        ("PUT", format!("{path}/order"), json!({ "ids": [id(&image)] })),
        ("DELETE", format!("{path}/images/{}", id(&image)), Value::Null),
        ("DELETE", path.clone(), Value::Null),
        ("DELETE", format!("{path}?images=delete"), Value::Null),
    ] {
        problem(send_if(&store, method, &path, &document, "\"2\"").await, 412, "precondition-failed").await;
    }
    problem(send_if(&store, "DELETE", &path, &Value::Null, "x").await, 412, "precondition-failed").await;
    assert_eq!(told(get(&store, &path).await, 200).await["images"], 1);
    told(send_if(&store, "DELETE", &path, &Value::Null, "*").await, 200).await;
}

#[tokio::test]
async fn uploads_go_into_an_album_and_through_what_it_wants_done() {
    let store = store();
    let album = create(&store, json!({ "name": "a", "then": "thumbnail", "default_preset": "thumbnail" })).await;
    let path = format!("/v1/images?album={}&name=photo.png", id(&album));
    let mut uploaded = Vec::new();
    for seed in 0..2 {
        let answer = Client::new().post(store.url(&path)).body(png(&photo(300, 200, seed))).send().await.unwrap();
        let image = told(answer, 201).await;
        assert_eq!(image["jobs"].as_array().unwrap().len(), 1, "{image}");
        uploaded.push(id(&image).to_owned());
    }
    let list = told(get(&store, &format!("/v1/albums/{}/images", id(&album))).await, 200).await;
    assert_eq!(ids(&list), uploaded);
    let name = |n: usize| list["images"][n]["name_in_album"].as_str().unwrap().to_owned();
    assert_eq!(name(0), "photo.png");
    assert!(name(1).starts_with("photo-") && name(1).len() == "photo-12345678.png".len(), "{}", name(1));
    let preset = list["images"][0]["urls"]["preset"].as_str().unwrap().strip_prefix(&store.url("")).unwrap().to_owned();
    let shown = crate::support::picture(&store, &preset).await;
    assert_eq!((shown.width(), shown.height()), (150, 150));
    let order = json!({ "album": id(&album), "target": "low", "name": "web" });
    let queued = told(send(&store, "POST", "/v1/compressions", &order).await, 202).await;
    assert_eq!((queued["jobs"].as_array().unwrap().len(), &queued["queued"]), (2, &2.into()));
    assert_eq!(queued["jobs"][0]["image_id"], uploaded[0].as_str());
}

#[tokio::test]
async fn deleting_with_images_spares_those_of_other_albums() {
    let store = store();
    let (album, other) = (create(&store, json!({ "name": "a" })).await, create(&store, json!({ "name": "b" })).await);
    let images = three(&store).await;
    let into = async |album: &Value, images: &[String]| {
        let path = format!("/v1/albums/{}/images", id(album));
        told(send(&store, "POST", &path, &json!({ "ids": images })).await, 200).await;
    };
    into(&album, &images).await;
    into(&other, &images[..1]).await;
    let path = format!("/v1/albums/{}?images=delete", id(&album));
    assert_eq!(told(send(&store, "DELETE", &path, &Value::Null).await, 200).await["images_deleted"], 2);
    assert_eq!(get(&store, &format!("/i/{}", images[0])).await.status(), 200);
    for gone in &images[1..] {
        problem(get(&store, &format!("/i/{gone}")).await, 404, "not-found").await;
    }
    let deleted = send(&store, "DELETE", &format!("/v1/images/{}", images[0]), &Value::Null).await;
    assert_eq!(deleted.status(), 204);
    assert_eq!(told(get(&store, &format!("/v1/albums/{}", id(&other))).await, 200).await["images"], 0);
    crate::support::assert_empty(&store).await;
}

#[tokio::test]
async fn a_link_opens_private_images_of_its_album_and_nothing_else() {
    let store = KeyedStore::start_with(&[("AUTH__VISIBILITY", "private")]);
    for user in ["anna", "boris"] {
        store.user(user, &[]);
    }
    let (anna, boris) = (store.key("anna", "read,write,delete"), store.key("boris", "read,write,delete"));
    let inside = store.upload(&anna, "private", png(&photo(200, 100, 1))).await;
    let outside = store.upload(&anna, "unlisted", png(&photo(200, 100, 2))).await;
    let foreign = store.upload(&boris, "unlisted", one_pixel_png()).await;
    let send = async |key: &str, method: Method, path: &str, document: Value| {
        store.request(key, method, path).json(&document).send().await.unwrap()
    };
    let new = json!({ "name": "a", "default_preset": "thumbnail" });
    let album = told(send(&anna, Method::POST, "/v1/albums", new.clone()).await, 201).await;
    told(send(&boris, Method::POST, "/v1/albums", new).await, 201).await;
    let path = format!("/v1/albums/{}", id(&album));
    let images = format!("{path}/images");
    told(send(&anna, Method::POST, &images, json!({ "ids": [inside] })).await, 200).await;
    problem(send(&anna, Method::POST, &images, json!({ "ids": [foreign] })).await, 403, "forbidden").await;
    problem(send(&boris, Method::POST, &images, json!({ "ids": [foreign] })).await, 404, "not-found").await;
    problem(store.get(&boris, &path).send().await.unwrap(), 404, "not-found").await;
    let made = told(send(&anna, Method::POST, &format!("{path}/share"), json!({})).await, 201).await;
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["url"], store.store.url(&format!("/a/{token}")));
    let listed = told(store.get(&anna, &format!("{path}/share")).send().await.unwrap(), 200).await;
    assert_eq!(listed["shares"][0]["id"], made["id"]);
    assert!(!listed.to_string().contains(token), "the token is shown once");
    let open = async |path: &str| store.get("", path).send().await.unwrap();
    let shared = told(open(&format!("/a/{token}")).await, 200).await;
    assert_eq!((ids(&shared), &shared["album"]["name"]), (vec![inside.as_str()], &"a".into()));
    let addresses = shared["images"][0]["urls"].as_object().unwrap();
    assert_eq!(addresses.len(), 3, "{addresses:?}");
    for address in addresses.values() {
        let answer = open(address.as_str().unwrap().strip_prefix(&store.store.url("")).unwrap()).await;
        assert_eq!(answer.status(), 200, "{address}");
        assert_eq!(header(&answer, "cache-control"), "private, no-cache");
    }
    problem(open(&format!("/i/{inside}")).await, 404, "not-found").await;
    problem(open(&format!("/i/{inside}?share=x")).await, 404, "not-found").await;
    problem(open(&format!("/i/{outside}?share={token}")).await, 404, "not-found").await;
    problem(open(&format!("/v1/images/{inside}?share={token}")).await, 400, "invalid-parameter").await;
    problem(open("/a/x").await, 404, "not-found").await;
    let share = format!("{path}/share/{}", made["id"].as_str().unwrap());
    problem(send(&boris, Method::DELETE, &share, json!({})).await, 404, "not-found").await;
    assert_eq!(send(&anna, Method::DELETE, &share, json!({})).await.status(), 204);
    problem(send(&anna, Method::DELETE, &share, json!({})).await, 404, "not-found").await;
    problem(open(&format!("/a/{token}")).await, 404, "not-found").await;
    problem(open(&format!("/i/{inside}?share={token}")).await, 404, "not-found").await;
    let end = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(5)).to_string();
    let short =
        told(send(&anna, Method::POST, &format!("{path}/share"), json!({ "expires_at": end })).await, 201).await;
    let token = short["token"].as_str().unwrap();
    assert_eq!(open(&format!("/i/{inside}?share={token}")).await.status(), 200);
    tokio::time::sleep(Duration::from_secs(5)).await;
    problem(open(&format!("/i/{inside}?share={token}")).await, 404, "not-found").await;
    let past = json!({ "expires_at": "2020-01-01T00:00:00Z" });
    problem(send(&anna, Method::POST, &format!("{path}/share"), past).await, 400, "invalid-parameter").await;
}

#[tokio::test]
async fn an_album_is_sent_as_one_archive() {
    let store = store();
    let album = create(&store, json!({ "name": "Отпуск: \"2026\"" })).await;
    let path = format!("/v1/albums/{}", id(&album));
    let names = ["same.png", "same.png", "../out.png", "a:b?.png", "con.png", ""];
    let mut originals = Vec::new();
    for (seed, name) in (0..).zip(names) {
        let bytes = png(&photo(300, 200, seed));
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let address = store.url(&format!("/v1/images?album={}&name={name}", id(&album)));
        let image = told(Client::new().post(address).body(bytes.clone()).send().await.unwrap(), 201).await;
        originals.push((id(&image).to_owned(), bytes));
    }
    let answer = get(&store, &format!("{path}/zip")).await;
    assert_eq!(header(&answer, "content-type"), "application/zip");
    let disposition = header(&answer, "content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"album.zip\"; filename*=UTF-8''%D0%9E"), "{disposition}");
    let bytes = answer.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes[..])).unwrap();
    let id_of = |n: usize| originals[n].0.clone();
    let marked = format!("same-{}.png", &id_of(1)[28..]);
    let changed = |n, name| format!("{}-{name}", id_of(n));
    let nameless = format!("{}.png", id_of(5));
    let expected = ["same.png", &marked, "out.png", &changed(3, "a_b_.png"), &changed(4, "con.png"), nameless.as_str()];
    assert_eq!(archive.len(), expected.len());
    for (n, name) in expected.iter().enumerate() {
        let mut file = archive.by_index(n).unwrap();
        assert_eq!(file.name().unwrap(), *name);
        assert_eq!(file.compression(), zip::CompressionMethod::Stored);
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut content).unwrap();
        assert!(content == originals[n].1, "{name}");
    }
    // Another reader than the library that wrote it, where there is one.
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("album.zip");
    std::fs::write(&file, &bytes).unwrap();
    if let Ok(output) = std::process::Command::new("unzip").arg("-t").arg(&file).output() {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let empty = create(&store, json!({ "name": "empty" })).await;
    let answer = get(&store, &format!("/v1/albums/{}/zip", id(&empty))).await.bytes().await.unwrap();
    assert!(zip::ZipArchive::new(std::io::Cursor::new(&answer[..])).unwrap().is_empty());
}
