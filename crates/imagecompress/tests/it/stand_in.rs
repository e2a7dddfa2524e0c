//! A store that answers as told, and remembers what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::process::{Compress, CompressOptions, wait_until};

pub(crate) const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
pub(crate) const JOB: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
pub(crate) const TOKEN: &str = "the-token-of-the-lease";

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Verb and path: `POST /v1/jobs/lease`.
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// How many of the same line came before.
    pub(crate) before: usize,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn is(&self, verb: &str, path: &str) -> bool {
        self.line == format!("{verb} {path}")
    }
}

/// The store.
pub(crate) struct StandIn {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl StandIn {
    pub(crate) fn start(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (answer, noted) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                std::thread::spawn(move || {
                    let Some(mut request) = read(&mut stream) else { return };
                    {
                        let mut noted = noted.lock().unwrap();
                        request.before = noted.iter().filter(|other| other.line == request.line).count();
                        noted.push(request.clone());
                    }
                    let _ = stream.write_all(&answer(&request));
                });
            }
        });
        Self { url, seen }
    }

    /// A store with one job on this original; what `other` does not answer is answered as a store does.
    pub(crate) fn with_job(
        original: Vec<u8>,
        task: Value,
        other: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request| {
            if let Some(answer) = other(request) {
                return answer;
            }
            if request.is("POST", "/v1/jobs/lease") {
                let leases = if request.before == 0 { vec![lease(&original, &task)] } else { Vec::new() };
                if leases.is_empty() {
                    std::thread::sleep(Duration::from_millis(100));
                }
                return json_answer("200 OK", &json!({ "leases": leases }));
            }
            match request.line.split_once(' ').unwrap() {
                ("GET", "/healthz") => answer("200 OK", "", b"{}"),
                ("GET", path) if path.starts_with("/download/") => answer("200 OK", "", &original),
                ("PUT", _) => json_answer("200 OK", &json!({})),
                ("POST", path) if path.ends_with("/kept") => json_answer("200 OK", &json!({})),
                _ => answer("204 No Content", "", b""),
            }
        })
    }

    /// What came so far with a line that ends so.
    pub(crate) fn seen(&self, end: &str) -> Vec<Request> {
        self.seen.lock().unwrap().iter().filter(|request| request.line.ends_with(end)).cloned().collect()
    }

    /// Waits for the first request whose line ends so.
    pub(crate) fn wait_for(&self, end: &str) -> Request {
        assert!(wait_until(|| !self.seen(end).is_empty()), "no {end}; seen: {:?}", self.lines());
        self.seen(end).remove(0)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|request| request.line.clone()).collect()
    }

    /// A compressor for it, with settings such as `("JOBS__ENABLED", "false")`.
    pub(crate) fn compress(&self, settings: &[(&str, &str)]) -> Compress {
        compress_for(&self.url, settings)
    }
}

/// A compressor that loses patience with its store soon, and not because the machine is slow.
pub(crate) fn compress_for(store: &str, settings: &[(&str, &str)]) -> Compress {
    let quick = [
        ("STORE__ATTEMPTS", "3"),
        ("STORE__TIMEOUT_SECONDS", "10"),
        ("STORE__CONNECT_TIMEOUT_SECONDS", "10"),
        ("STORE__DEADLINE_SECONDS", "40"),
    ];
    let env = quick.iter().chain(settings).map(|(key, value)| (format!("IMAGECOMPRESS__{key}"), (*value).to_owned()));
    Compress::start(store, CompressOptions { env: env.collect(), ..CompressOptions::default() })
}

fn lease(original: &[u8], task: &Value) -> Value {
    let lease =
        json!({ "job": JOB, "token": TOKEN, "seconds": 1, "attempt": 1, "image": image(original), "task": task });
    lease
}

/// A record of this original, whatever it is.
pub(crate) fn image(bytes: &[u8]) -> Value {
    json!({
        "id": ID, "format": "jpg", "media_type": "image/jpeg", "width": 200, "height": 150, "bytes": bytes.len(),
        "digest": "0".repeat(64), "animated": false, "created_at": "2026-01-01T00:00:00Z",
        "urls": { "self": "/", "original": "/", "download": "/", "variants": "/" },
    })
}

pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len())
            .into_bytes();
    bytes.extend(body);
    bytes
}

pub(crate) fn json_answer(status: &str, document: &Value) -> Vec<u8> {
    answer(status, "Content-Type: application/json\r\n", document.to_string().as_bytes())
}

/// A problem document as the store sends them.
pub(crate) fn problem_answer(status: u16, code: &str, detail: &str) -> Vec<u8> {
    let document = json!({
        "type": format!("/problems/{code}"), "title": "T", "status": status, "detail": detail, "code": code, "message": detail,
    });
    json_answer(&format!("{status} Problem"), &document)
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let headers: HashMap<_, _> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (line, _) = lines[0].rsplit_once(' ')?;
    Some(Request { line: line.to_owned(), headers, body, before: 0 })
}
