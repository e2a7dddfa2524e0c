//! A stand-in for Google Cloud Storage: what a store asks of its JSON API, and the uploads in parts of its XML API.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

pub use crate::stand_in::Fault;
use crate::stand_in::{self, Api, Request, StandIn};

/// The bucket that there is.
pub const BUCKET: &str = "pictures";
/// The most objects of a page of a list: of Google's pages, 1000.
const PAGE: usize = 10;

/// A running stand-in with an empty bucket. Dropping it ends it, and what it was given is gone.
#[derive(Debug)]
pub struct Gcs {
    server: StandIn,
    bucket: Arc<Bucket>,
}

impl Gcs {
    /// Starts it.
    pub fn start() -> Self {
        let bucket = Arc::<Bucket>::default();
        Self { server: StandIn::start(Arc::clone(&bucket) as Arc<dyn Api>), bucket }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// The next requests whose method and path have `part` in them fail, so many times.
    pub fn fail(&self, part: &str, fault: Fault, times: usize) {
        self.server.fail(part, fault, times);
    }

    /// How many requests came whose method and path have `part` in them.
    pub fn seen(&self, part: &str) -> usize {
        self.server.seen(part)
    }

    /// How many uploads in parts were begun, and neither completed nor called off.
    pub fn uploads(&self) -> usize {
        self.bucket.state().uploads.len()
    }
}

/// The settings of a store whose blobs are below `prefix` of the bucket at that endpoint.
pub fn settings(endpoint: &str, prefix: &str) -> Vec<(String, String)> {
    let url = format!("gcs://{BUCKET}/{prefix}?endpoint={endpoint}&auth=none");
    vec![("IMAGESTORE__BLOBS__URL".to_owned(), url)]
}

#[derive(Debug, Default)]
struct Bucket(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, BTreeMap<u32, Bytes>>,
    generation: u64,
}

#[derive(Debug)]
struct Object {
    bytes: Bytes,
    generation: u64,
    updated: jiff::Timestamp,
    /// One that came in parts has no MD5.
    has_md5: bool,
}

impl Bucket {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Api for Bucket {
    fn answer(&self, request: &Request) -> HttpResponse {
        let mut state = self.state();
        let (method, path) = request.line.split_once(' ').expect("a method and a path");
        let segments: Vec<_> = path.trim_start_matches('/').splitn(6, '/').collect();
        match segments[..] {
            ["upload", "storage", "v1", "b", BUCKET, "o"] => state.insert(request),
            ["storage", "v1", "b", BUCKET, "o"] => state.list(request),
            ["storage", "v1", "b", BUCKET, "o", object] => state.object(method, &decoded(object), request),
            [BUCKET, ..] => {
                let name = path.trim_start_matches('/').split_once('/').map_or("", |(_, name)| name);
                state.parts(method, &decoded(name), request)
            }
            _ => missing(),
        }
    }
}

impl State {
    fn put(&mut self, name: &str, bytes: Bytes, has_md5: bool) -> Value {
        self.generation += 1;
        let object = Object { bytes, generation: self.generation, updated: jiff::Timestamp::now(), has_md5 };
        let told = described(name, &object);
        self.objects.insert(name.to_owned(), object);
        told
    }

    fn insert(&mut self, request: &Request) -> HttpResponse {
        assert_eq!(request.query("uploadType"), "media", "{request:?}");
        stand_in::json(200, &self.put(request.query("name"), request.body.clone(), true))
    }

    fn list(&self, request: &Request) -> HttpResponse {
        let (prefix, delimiter, after) =
            (request.query("prefix"), request.query("delimiter"), request.query("pageToken"));
        let named = self.objects.iter().filter(|(name, _)| name.starts_with(prefix) && name.as_str() > after);
        let (mut items, mut prefixes, mut next) = (Vec::new(), Vec::new(), None);
        let most = request.query("maxResults").parse().unwrap_or(PAGE).min(PAGE);
        for (name, object) in named {
            if items.len() + prefixes.len() == most {
                next = items.last().map(|item: &Value| item["name"].clone());
                break;
            }
            let rest = &name[prefix.len()..];
            match rest.split_once(delimiter).filter(|_| !delimiter.is_empty()) {
                Some((folder, _)) => {
                    let folder = format!("{prefix}{folder}{delimiter}");
                    if prefixes.last() != Some(&folder) {
                        prefixes.push(folder);
                    }
                }
                None => items.push(described(name, object)),
            }
        }
        let mut page = json!({"kind": "storage#objects", "items": items, "prefixes": prefixes});
        if let Some(next) = next {
            page["nextPageToken"] = next;
        }
        stand_in::json(200, &page)
    }

    fn object(&mut self, method: &str, name: &str, request: &Request) -> HttpResponse {
        let Some(object) = self.objects.get(name) else { return missing() };
        match method {
            "GET" if request.query("alt") == "media" => stand_in::bytes(request, &object.bytes),
            "GET" => stand_in::json(200, &described(name, object)),
            "DELETE" => {
                self.objects.remove(name);
                HttpResponse::NoContent().finish()
            }
            _ => HttpResponse::MethodNotAllowed().finish(),
        }
    }

    /// An upload in parts.
    fn parts(&mut self, method: &str, name: &str, request: &Request) -> HttpResponse {
        if request.query.contains_key("uploads") {
            self.generation += 1;
            let id = format!("upload-{}", self.generation);
            self.uploads.insert(id.clone(), BTreeMap::new());
            return xml(&format!(
                "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{name}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            ));
        }
        let id = request.query("uploadId").to_owned();
        let Some(parts) = self.uploads.get_mut(&id) else { return missing() };
        match method {
            "PUT" => {
                let number = request.query("partNumber").parse().expect("a number");
                let tag = format!("\"{}\"", hex::encode(Md5::digest(&request.body)));
                parts.insert(number, request.body.clone());
                HttpResponse::Ok().insert_header(("etag", tag)).finish()
            }
            "DELETE" => {
                self.uploads.remove(&id);
                HttpResponse::NoContent().finish()
            }
            _ => {
                let named = String::from_utf8_lossy(&request.body).matches("<PartNumber>").count();
                assert_eq!(named, parts.len(), "every part is named");
                let bytes = parts.values().flatten().copied().collect();
                self.uploads.remove(&id);
                self.put(name, bytes, false);
                xml("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")
            }
        }
    }
}

fn described(name: &str, object: &Object) -> Value {
    let mut told = json!({
        "kind": "storage#object",
        "name": name,
        "bucket": BUCKET,
        "generation": object.generation.to_string(),
        "contentType": "application/octet-stream",
        "size": object.bytes.len().to_string(),
        "etag": format!("tag{}", object.generation),
        "updated": object.updated.to_string(),
    });
    if object.has_md5 {
        told["md5Hash"] = STANDARD.encode(Md5::digest(&object.bytes)).into();
    }
    told
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn missing() -> HttpResponse {
    stand_in::json(404, &json!({"error": {"code": 404, "message": "Not Found", "errors": [{"reason": "notFound"}]}}))
}

fn xml(text: &str) -> HttpResponse {
    HttpResponse::Ok().content_type("application/xml; charset=UTF-8").body(text.to_owned())
}
