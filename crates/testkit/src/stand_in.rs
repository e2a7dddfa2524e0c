//! What stands in for a service that nobody can run here: it answers on a free port of the loopback address as the service's documentation says, out of memory,
//! and fails when a test wants it to.

use std::collections::HashMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use actix_web::dev::ServerHandle;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt};

/// What a service answers.
pub(crate) trait Api: Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: &Request) -> HttpResponse;
}

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct Request {
    /// Its method and its path as it was sent, such as `GET /files/a%2Fb`.
    pub(crate) line: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// A header as text, empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A value behind the question mark, empty if it is absent.
    pub(crate) fn query(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// What may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It answers with this status and document, and does nothing.
    Status(u16, &'static str),
    /// It does what it is asked for, and the connection breaks in the middle of its answer.
    Cut,
    /// It takes another byte than it was sent.
    Damage,
}

/// A fault that is wanted: for requests whose line has `part` in it, so many times.
#[derive(Debug)]
struct Wanted {
    part: String,
    fault: Fault,
    times: usize,
}

/// A server that is stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct StandIn {
    port: u16,
    handle: ServerHandle,
    wanted: Arc<Mutex<Vec<Wanted>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

struct State {
    api: Arc<dyn Api>,
    wanted: Arc<Mutex<Vec<Wanted>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    pub(crate) fn start(api: Arc<dyn Api>) -> Self {
        let (wanted, seen) = (Arc::default(), Arc::default());
        let state = Data::new(State { api, wanted: Arc::clone(&wanted), seen: Arc::clone(&seen) });
        let (told, hears) = mpsc::channel();
        thread::spawn(move || {
            let app = move || {
                let large = PayloadConfig::new(256 * 1024 * 1024);
                App::new().app_data(state.clone()).app_data(large).default_service(actix_web::web::to(answer))
            };
            let server = HttpServer::new(app).workers(2).disable_signals().bind(("127.0.0.1", 0)).expect("a free port");
            let port = server.addrs()[0].port();
            rt::System::new().block_on(async move {
                let server = server.run();
                told.send((port, server.handle())).expect("somebody waits for it");
                server.await
            })
        });
        let (port, handle) = hears.recv().expect("the server starts");
        Self { port, handle, wanted, seen }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next requests whose method and path have `part` in them fail, so many times.
    pub(crate) fn fail(&self, part: &str, fault: Fault, times: usize) {
        let wanted = Wanted { part: part.to_owned(), fault, times };
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).push(wanted);
    }

    /// How many requests came whose method and path have `part` in them.
    pub(crate) fn seen(&self, part: &str) -> usize {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|line| line.contains(part)).count()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // It stops by itself: nobody has to wait.
        drop(self.handle.stop(false));
    }
}

async fn answer(state: Data<State>, asked: HttpRequest, body: Bytes) -> HttpResponse {
    let query = actix_web::web::Query::<HashMap<String, String>>::from_query(asked.query_string());
    let mut request = Request {
        line: format!("{} {}", asked.method(), asked.uri().path()),
        query: query.map(actix_web::web::Query::into_inner).unwrap_or_default(),
        headers: asked.headers().clone(),
        body,
    };
    state.seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.line.clone());
    match state.fault(&request.line) {
        None => state.api.answer(&request),
        Some(Fault::Status(status, document)) => json(status, &document),
        Some(Fault::Damage) => {
            let mut damaged = request.body.to_vec();
            if let Some(byte) = damaged.last_mut() {
                *byte ^= 1;
            }
            request.body = damaged.into();
            state.api.answer(&request)
        }
        Some(Fault::Cut) => {
            let answer = state.api.answer(&request);
            // More is announced than comes.
            let cut = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
            HttpResponse::build(answer.status()).no_chunking(1_000_000).streaming(cut)
        }
    }
}

impl State {
    fn fault(&self, line: &str) -> Option<Fault> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let found = wanted.iter_mut().find(|wanted| wanted.times > 0 && line.contains(&wanted.part))?;
        found.times -= 1;
        Some(found.fault)
    }
}

/// An answer of JSON.
pub(crate) fn json(status: u16, document: &impl ToString) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
    HttpResponse::build(status).content_type("application/json; charset=UTF-8").body(document.to_string())
}

/// All of some bytes, or the range that is asked for.
pub(crate) fn bytes(request: &Request, bytes: &Bytes) -> HttpResponse {
    let Some(range) = request.header("range").strip_prefix("bytes=") else {
        return HttpResponse::Ok().content_type("application/octet-stream").body(bytes.clone());
    };
    let (from, to) = range.split_once('-').expect("a range");
    let from: usize = from.parse().expect("a number");
    let end = to.parse().map_or(bytes.len(), |last: usize| (last + 1).min(bytes.len()));
    if from >= end {
        return HttpResponse::RangeNotSatisfiable().finish();
    }
    let range = format!("bytes {from}-{}/{}", end - 1, bytes.len());
    let part = bytes.slice(from..end);
    HttpResponse::PartialContent().insert_header((header::CONTENT_RANGE, range)).body(part)
}
