//! A stand-in for Google Drive: tokens, folders, lists in pages, uploads in pieces that can go on where they broke off. Names are not unique, as there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

pub use crate::stand_in::Fault;
use crate::stand_in::{self, Api, Request, StandIn};

/// The id of the client that may ask, its secret, and what it is given tokens for.
pub const CLIENT: [&str; 3] = ["client-of-the-tests", "secret-of-the-client", "1//refresh-of-a-user"];
/// What Drive answers who asks too often.
pub const TOO_OFTEN: &str = r#"{"error": {"code": 403, "message": "User Rate Limit Exceeded", "errors": [{"reason": "userRateLimitExceeded"}]}}"#;

const FOLDER: &str = "application/vnd.google-apps.folder";
/// The most files of a page of a list: of Google's pages, 1000.
const PAGE: usize = 10;
/// Pieces but the last one are multiples of it.
const GRAIN: usize = 262_144;

/// A running stand-in without any files. Dropping it ends it, and what it was given is gone.
#[derive(Debug)]
pub struct Drive {
    server: StandIn,
    drive: Arc<Account>,
}

impl Drive {
    /// Starts it.
    pub fn start() -> Self {
        let drive = Arc::<Account>::default();
        let server = StandIn::start(Arc::clone(&drive) as Arc<dyn Api>);
        drive.state().endpoint = server.endpoint();
        Self { server, drive }
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

    /// Believes none of the tokens any more that it gave.
    pub fn expire(&self) {
        let mut state = self.drive.state();
        state.oldest = state.tokens + 1;
    }

    /// Of the next piece it keeps so many bytes, in whole grains of 256 KiB, and then fails.
    pub fn keep_of_next_piece(&self, bytes: usize) {
        self.drive.state().keeps = Some(bytes);
    }

    /// How many uploads were begun, and neither completed nor called off.
    pub fn uploads(&self) -> usize {
        self.drive.state().sessions.len()
    }

    /// A folder such as `Pictures/Store`, which may not be there yet.
    pub fn folder(&self, path: &str) -> Folder {
        Folder { drive: Arc::clone(&self.drive), path: path.to_owned() }
    }
}

/// A folder, as its owner sees it.
#[derive(Debug)]
pub struct Folder {
    drive: Arc<Account>,
    path: String,
}

impl Folder {
    /// The names of the files, of some more than one.
    pub fn names(&self) -> Vec<String> {
        let state = self.drive.state();
        let Some(folder) = state.folder(&self.path) else { return Vec::new() };
        let mut names: Vec<_> = state.within(&folder).map(|file| file.name.clone()).collect();
        names.sort();
        names
    }

    /// The bytes of the newest file of a name.
    pub fn read(&self, name: &str) -> Option<Bytes> {
        let state = self.drive.state();
        let folder = state.folder(&self.path)?;
        let found = state.within(&folder).filter(|file| file.name == name).max_by_key(|file| file.number);
        found.map(|file| file.bytes.clone())
    }

    /// Adds a file, beside those that have its name.
    pub fn add(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.drive.state();
        let mut parent = "root".to_owned();
        for part in self.path.split('/') {
            let found = state.within(&parent).find(|file| file.name == part).map(|file| file.id.clone());
            parent = found.unwrap_or_else(|| state.add(part, &parent, FOLDER, Bytes::new()));
        }
        state.add(name, &parent, "application/octet-stream", bytes.into());
    }

    /// Removes all files of a name.
    pub fn remove(&self, name: &str) {
        let mut state = self.drive.state();
        let Some(folder) = state.folder(&self.path) else { return };
        state.files.retain(|file| file.parent != folder || file.name != name);
    }

    /// Puts all files of a name into the trash.
    pub fn trash(&self, name: &str) {
        let mut state = self.drive.state();
        let Some(folder) = state.folder(&self.path) else { return };
        let named = state.files.iter_mut().filter(|file| file.parent == folder && file.name == name);
        named.for_each(|file| file.trashed = true);
    }
}

/// The settings of a store whose blobs are in the folder at that endpoint.
pub fn settings(endpoint: &str, folder: &str) -> Vec<(String, String)> {
    let url = format!("gdrive://{folder}?endpoint={endpoint}");
    let pairs =
        [("URL", url.as_str()), ("ACCESS_KEY", CLIENT[0]), ("SECRET_KEY", CLIENT[1]), ("REFRESH_TOKEN", CLIENT[2])];
    pairs.map(|(key, value)| (format!("IMAGESTORE__BLOBS__{key}"), value.to_owned())).to_vec()
}

#[derive(Debug, Default)]
struct Account(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    endpoint: String,
    files: Vec<File>,
    sessions: Vec<Session>,
    /// Sessions that are over, with the files that came of them.
    completed: Vec<(String, String)>,
    made: u64,
    tokens: u64,
    /// The oldest token that is believed.
    oldest: u64,
    keeps: Option<usize>,
}

#[derive(Debug)]
struct File {
    number: u64,
    id: String,
    name: String,
    parent: String,
    kind: String,
    bytes: Bytes,
    made: jiff::Timestamp,
    trashed: bool,
}

#[derive(Debug)]
struct Session {
    id: String,
    name: String,
    parent: String,
    bytes: Vec<u8>,
}

impl Account {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Api for Account {
    fn answer(&self, request: &Request) -> HttpResponse {
        let mut state = self.state();
        let (method, path) = request.line.split_once(' ').expect("a method and a path");
        if path == "/token" {
            return state.token(request);
        }
        if !state.is_believed(request.header("authorization")) {
            return refusal(401, "authError");
        }
        let segments: Vec<_> = path.trim_start_matches('/').split('/').collect();
        match (method, &segments[..]) {
            ("GET", ["drive", "v3", "files"]) => state.list(request),
            ("POST", ["drive", "v3", "files"]) => state.create(request),
            ("GET", ["drive", "v3", "files", id]) => state.get(id, request),
            ("DELETE", ["drive", "v3", "files", id]) => state.delete(id),
            ("POST", ["upload", "drive", "v3", "files"]) => state.begin(request),
            ("PUT", ["sessions", id]) => state.piece(id, request),
            ("DELETE", ["sessions", id]) => state.call_off(id),
            _ => refusal(404, "notFound"),
        }
    }
}

impl State {
    fn token(&mut self, request: &Request) -> HttpResponse {
        let sent: Vec<(String, String)> = form(&request.body);
        let of = |name: &str| sent.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        assert_eq!(of("grant_type"), "refresh_token");
        if of("client_id") != CLIENT[0] || of("client_secret") != CLIENT[1] {
            return stand_in::json(401, &json!({"error": "invalid_client"}));
        }
        if of("refresh_token") != CLIENT[2] {
            return stand_in::json(400, &json!({"error": "invalid_grant"}));
        }
        self.tokens += 1;
        let token = format!("ya29.{}", self.tokens);
        stand_in::json(200, &json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}))
    }

    fn is_believed(&self, header: &str) -> bool {
        let number = header.strip_prefix("Bearer ya29.").and_then(|number| number.parse::<u64>().ok());
        number.is_some_and(|number| number >= self.oldest && number <= self.tokens)
    }

    fn folder(&self, path: &str) -> Option<String> {
        path.split('/').try_fold("root".to_owned(), |parent, name| {
            self.within(&parent).find(|file| file.name == name).map(|file| file.id.clone())
        })
    }

    fn within(&self, parent: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.parent == parent && !file.trashed)
    }

    fn add(&mut self, name: &str, parent: &str, kind: &str, bytes: Bytes) -> String {
        self.made += 1;
        let (number, id) = (self.made, format!("1file{:028}", self.made));
        let (name, parent, kind) = (name.to_owned(), parent.to_owned(), kind.to_owned());
        let made = jiff::Timestamp::now();
        self.files.push(File { number, id: id.clone(), name, parent, kind, bytes, made, trashed: false });
        id
    }

    fn list(&self, request: &Request) -> HttpResponse {
        let wanted: Vec<&str> = request.query("q").split(" and ").collect();
        let mut found: Vec<&File> = self.files.iter().filter(|file| wanted.iter().all(|term| is(file, term))).collect();
        match request.query("orderBy") {
            "createdTime" => found.sort_by_key(|file| file.number),
            "createdTime desc" => found.sort_by_key(|file| std::cmp::Reverse(file.number)),
            other => panic!("an order that is not known: {other}"),
        }
        let from: usize = request.query("pageToken").parse().unwrap_or(0);
        let most = request.query("pageSize").parse().unwrap_or(100).min(PAGE);
        let files: Vec<Value> = found.iter().skip(from).take(most).map(|file| described(file)).collect();
        let mut page = json!({"kind": "drive#fileList", "files": files});
        if from + most < found.len() {
            page["nextPageToken"] = (from + most).to_string().into();
        }
        stand_in::json(200, &page)
    }

    fn create(&mut self, request: &Request) -> HttpResponse {
        let (name, parent, kind) = told(&request.body);
        let id = self.add(&name, &parent, &kind, Bytes::new());
        self.told(&id)
    }

    fn told(&self, id: &str) -> HttpResponse {
        match self.files.iter().find(|file| file.id == id) {
            Some(file) => stand_in::json(200, &described(file)),
            None => refusal(404, "notFound"),
        }
    }

    fn get(&self, id: &str, request: &Request) -> HttpResponse {
        match self.files.iter().find(|file| file.id == id) {
            Some(file) if request.query("alt") == "media" => stand_in::bytes(request, &file.bytes),
            _ => self.told(id),
        }
    }

    fn delete(&mut self, id: &str) -> HttpResponse {
        let before = self.files.len();
        self.files.retain(|file| file.id != id);
        if self.files.len() == before { refusal(404, "notFound") } else { HttpResponse::NoContent().finish() }
    }

    fn begin(&mut self, request: &Request) -> HttpResponse {
        assert_eq!(request.query("uploadType"), "resumable");
        let (name, parent, _) = told(&request.body);
        if !self.files.iter().any(|file| file.id == parent) {
            return refusal(404, "notFound");
        }
        self.made += 1;
        let id = format!("session{}", self.made);
        let place = format!("{}/sessions/{id}?upload_id={id}", self.endpoint);
        self.sessions.push(Session { id, name, parent, bytes: Vec::new() });
        HttpResponse::Ok().insert_header(("location", place)).finish()
    }

    /// `bytes FROM-LAST/TOTAL`, `bytes FROM-LAST/*`, or `bytes */TOTAL` of who asks how much there is.
    fn piece(&mut self, id: &str, request: &Request) -> HttpResponse {
        let keeps = self.keeps.take();
        if let Some((_, file)) = self.completed.iter().find(|(session, _)| session == id) {
            return self.told(file);
        }
        let Some(index) = self.sessions.iter().position(|session| session.id == id) else {
            return refusal(404, "notFound");
        };
        let session = &mut self.sessions[index];
        let range = request.header("content-range").strip_prefix("bytes ").expect("a range");
        let (range, total) = range.split_once('/').expect("a range and a total");
        if let Some((from, last)) = range.split_once('-') {
            let (from, last): (usize, usize) = (from.parse().expect("a number"), last.parse().expect("a number"));
            assert_eq!(from, session.bytes.len(), "a piece begins where the last one ended");
            assert_eq!(last + 1 - from, request.body.len());
            assert!(total != "*" || request.body.len().is_multiple_of(GRAIN), "pieces are multiples of 256 KiB");
            let kept = keeps.map_or(request.body.len(), |bytes| bytes / GRAIN * GRAIN);
            session.bytes.extend_from_slice(&request.body[..kept]);
            if keeps.is_some() {
                return refusal(503, "backendError");
            }
        }
        if total == session.bytes.len().to_string() {
            let Session { name, parent, bytes, .. } = self.sessions.remove(index);
            let file = self.add(&name, &parent, "application/octet-stream", bytes.into());
            self.completed.push((id.to_owned(), file.clone()));
            return self.told(&file);
        }
        let mut answer = HttpResponse::PermanentRedirect();
        if let Some(last) = session.bytes.len().checked_sub(1) {
            answer.insert_header(("range", format!("bytes=0-{last}")));
        }
        answer.finish()
    }

    fn call_off(&mut self, id: &str) -> HttpResponse {
        self.sessions.retain(|session| session.id != id);
        stand_in::json(499, &"")
    }
}

/// Whether a term of a query is true of a file.
fn is(file: &File, term: &str) -> bool {
    let text = |term: &str| term.trim_matches('\'').replace("\\'", "'");
    if term == "trashed = false" {
        !file.trashed
    } else if let Some(name) = term.strip_prefix("name = ") {
        file.name == text(name)
    } else if let Some(parent) = term.strip_suffix(" in parents") {
        file.parent == text(parent)
    } else if let Some(kind) = term.strip_prefix("mimeType = ") {
        file.kind == text(kind)
    } else {
        panic!("a term that is not known: {term}")
    }
}

fn described(file: &File) -> Value {
    let mut told = json!({
        "id": file.id,
        "name": file.name,
        "mimeType": file.kind,
        "modifiedTime": file.made.to_string(),
        "trashed": file.trashed,
    });
    if file.kind != FOLDER {
        told["size"] = file.bytes.len().to_string().into();
        told["md5Checksum"] = hex::encode(Md5::digest(&file.bytes)).into();
    }
    told
}

/// Name, folder and kind of what is to be made.
fn told(body: &Bytes) -> (String, String, String) {
    let told: Value = serde_json::from_slice(body).expect("a document");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&told["name"]), text(&told["parents"][0]), text(&told["mimeType"]))
}

fn form(body: &Bytes) -> Vec<(String, String)> {
    let text = std::str::from_utf8(body).expect("a form");
    actix_web::web::Query::<Vec<(String, String)>>::from_query(text).expect("a form").into_inner()
}

fn refusal(status: u16, reason: &str) -> HttpResponse {
    stand_in::json(status, &json!({"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}))
}
