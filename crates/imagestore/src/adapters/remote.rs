//! Fetching from other servers. Redirects are followed by hand, each hop checked like the first.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use ipnet::IpNet;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Response, StatusCode, Url};

use super::public::{PublicClient, SendError};
use crate::ports::{RemoteBody, RemoteError, RemoteSource};

/// Bounds of a fetch.
#[derive(Debug, Clone)]
pub struct RemoteSettings {
    /// Networks that may be fetched from although they are not public.
    pub allowed_networks: Vec<IpNet>,
    /// For the whole fetch.
    pub timeout: Duration,
    /// How many redirects are followed.
    pub redirects: u32,
}

/// Fetches over HTTP and HTTPS.
pub struct HttpSource {
    client: PublicClient,
    redirects: u32,
}

impl HttpSource {
    /// A source with its own connection pool.
    pub fn new(settings: RemoteSettings) -> Result<Self, reqwest::Error> {
        let client = PublicClient::new(settings.allowed_networks, settings.timeout)?;
        Ok(Self { client, redirects: settings.redirects })
    }
}

#[async_trait]
impl RemoteSource for HttpSource {
    async fn get(&self, url: &str, header: Option<(&str, &str)>) -> Result<RemoteBody, RemoteError> {
        let mut url = self.client.parse(url)?;
        let mut header = header;
        for _ in 0..=self.redirects {
            self.client.check(&url)?;
            let mut request = self.client.http().get(url.clone());
            if let Some((name, value)) = header.take() {
                request = request.header(name, value);
            }
            let response = self.client.send(request).await.map_err(|error| told(&url, error))?;
            match response.status() {
                StatusCode::OK => return Ok(body_of(response)),
                status if status.is_redirection() && response.headers().contains_key(LOCATION) => {
                    url = redirect_target(&url, &response)?;
                }
                status => {
                    return Err(RemoteError::Failed(format!(
                        "The server of that URL answered with status {}.",
                        status.as_u16()
                    )));
                }
            }
        }
        Err(RemoteError::Failed("The URL redirects too many times.".to_owned()))
    }

    async fn post(&self, url: &str, document: Vec<u8>) -> Result<(), RemoteError> {
        let url = self.client.parse(url)?;
        let request = self.client.http().post(url.clone()).header(CONTENT_TYPE, "application/json").body(document);
        let status = self.client.send(request).await.map_err(|error| told(&url, error))?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(RemoteError::Failed(format!("The server of that URL answered with status {}.", status.as_u16())))
        }
    }
}

/// What lies behind a fault is logged: strangers would learn from it which servers there are.
fn told(url: &Url, error: SendError) -> RemoteError {
    match error {
        SendError::NotPublic => RemoteError::Forbidden(error.to_string()),
        SendError::Timeout => RemoteError::Timeout,
        SendError::Failed(cause) => {
            log::info!("cannot reach {url}: {cause}");
            RemoteError::Failed("The server of that URL could not be reached.".to_owned())
        }
    }
}

fn redirect_target(from: &Url, response: &Response) -> Result<Url, RemoteError> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    location
        .and_then(|location| from.join(location).ok())
        .ok_or_else(|| RemoteError::Failed("The server of that URL sent a redirect that cannot be read.".to_owned()))
}

/// The HTTP client ends the stream with an error when the body is shorter than its announced length.
fn body_of(response: Response) -> RemoteBody {
    let length = response.content_length();
    let stream = response.bytes_stream().map_err(|error| {
        let kind = if error.is_timeout() { io::ErrorKind::TimedOut } else { io::ErrorKind::UnexpectedEof };
        io::Error::new(kind, error)
    });
    RemoteBody { length, stream: stream.boxed() }
}
