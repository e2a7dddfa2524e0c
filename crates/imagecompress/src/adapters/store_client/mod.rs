//! imagestore over HTTP.
//!
//! * `images` — records, originals and variants: retries with back-off and jitter, one deadline over all tries.
//! * `jobs` — the queue: one try each.
//! * `answer` — what an answer means.

mod answer;
mod images;
mod jobs;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, Url};
use serde::Serialize;
use service_kit::config::Secret;
use service_kit::tls;
use service_kit::trace::outgoing_headers;

use crate::ports::{Sender, StoreError};

use self::answer::{accepted, unreachable};

/// How to reach the store.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Its base address.
    pub url: Url,
    /// PEM file with the authorities that its certificate may be signed by; empty: those that the system trusts.
    pub ca: PathBuf,
    /// Sent as a bearer token, unless it is empty or a request is sent for a client.
    pub token: Secret,
    /// For a connection.
    pub connect_timeout: Duration,
    /// For one try.
    pub timeout: Duration,
    /// How many tries.
    pub attempts: usize,
    /// For all tries together.
    pub deadline: Duration,
    /// Bytes of an image.
    pub source_bytes: u64,
}

/// The store.
pub struct StoreClient {
    client: Client,
    settings: StoreSettings,
}

impl StoreClient {
    /// A client with its own connections.
    ///
    /// # Errors
    /// The authorities cannot be read, or a fault of the library.
    pub fn new(settings: StoreSettings) -> anyhow::Result<Self> {
        let mut client = Client::builder()
            .user_agent(concat!("imagecompress/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout);
        if !settings.ca.as_os_str().is_empty() {
            client = client.tls_certs_only(authorities(&settings.ca)?);
        }
        Ok(Self { client: client.build()?, settings })
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.settings.url.as_str().trim_end_matches('/'))
    }

    fn request(&self, sender: &Sender, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, self.address(path));
        let key = match sender {
            Sender::Itself => Some(self.settings.token.expose()).filter(|token| !token.is_empty()),
            Sender::Client(key) => key.expose(),
        };
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        for (name, value) in outgoing_headers() {
            request = request.header(name, value);
        }
        request
    }

    async fn read_whole(&self, mut response: Response, expected: Option<u64>) -> Result<Bytes, StoreError> {
        let limit = self.settings.source_bytes;
        if response.content_length().or(expected).is_some_and(|length| length > limit) {
            return Err(StoreError::TooLarge { limit });
        }
        let mut body = BytesMut::new();
        // The client reports a body that is shorter than announced as an error.
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() as u64 + chunk.len() as u64 > limit {
                return Err(StoreError::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        match expected {
            Some(expected) if expected != body.len() as u64 => {
                Err(StoreError::Failed(format!("it sent {} of {expected} bytes", body.len())))
            }
            _ => Ok(body.freeze()),
        }
    }
}

fn authorities(file: &Path) -> anyhow::Result<Vec<Certificate>> {
    let found = tls::certificates(file).context("store.ca")?;
    let all = found.iter().map(|certificate| Certificate::from_der(certificate)).collect::<Result<_, _>>();
    all.context("store.ca")
}

/// Sends a request and gives the answer if it is one of success.
async fn send(sender: &Sender, request: RequestBuilder) -> Result<Response, StoreError> {
    accepted(sender, request.send().await.map_err(unreachable)?).await
}

/// What a worker reports of a variant, as the text of a header.
fn header_of(figures: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(figures).map_err(|error| StoreError::Failed(error.to_string()))
}
