//! A receiver of webhooks, for tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    /// Whether it is signed with this secret, by the library of those who wrote the specification.
    pub(super) fn is_signed_with(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(&self.body, &self.headers).is_ok()
    }
}

/// A server that notes what it is sent, and answers what it is told to.
pub(super) struct Receiver {
    pub(super) port: u16,
    got: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// `answer` is asked for the status, and lines of the head, of each request.
    pub(super) fn start(answer: impl Fn(&Received) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (got, answer) = (Arc::<Mutex<Vec<Received>>>::default(), Arc::new(answer));
        let noted = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                std::thread::spawn(move || {
                    if let Some(received) = read(&stream) {
                        let (status, head) = answer(&received);
                        noted.lock().unwrap().push(received);
                        let head =
                            format!("HTTP/1.1 {status} X\r\n{head}Content-Length: 0\r\nConnection: close\r\n\r\n");
                        let _ = (&stream).write_all(head.as_bytes());
                    }
                });
            }
        });
        Self { port, got }
    }

    /// One that takes everything.
    pub(super) fn taking() -> Self {
        Self::start(|_| (204, String::new()))
    }

    pub(super) fn got(&self) -> Vec<Received> {
        self.got.lock().unwrap().clone()
    }

    /// Settings that make it the only sink of a store.
    pub(super) fn setting(&self) -> String {
        format!("[{{ name = \"test\", url = \"http://127.0.0.1:{}/hook\", secret = \"{SECRET}\" }}]", self.port)
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HeaderMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value.trim()).ok()?);
    }
    let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { path, headers, body })
}
