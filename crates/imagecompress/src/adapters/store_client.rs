//! imagestore over HTTP: retries with back-off and jitter, one deadline over all tries.

use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use service_kit::config::Secret;
use service_kit::trace::outgoing_headers;
use shared_types::wire::{ImageDocument, VariantFigures};
use shared_types::{ImageFormat, ImageId, OutputFormat, VariantName};
use tokio::time::timeout;

use crate::ports::{ImageStore, StoreError};

/// How to reach the store.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Its base address.
    pub url: Url,
    /// Sent as a bearer token unless empty.
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
    pub fn new(settings: StoreSettings) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("imagecompress/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .build()?;
        Ok(Self { client, settings })
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.settings.url.as_str().trim_end_matches('/'))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, self.address(path));
        if !self.settings.token.is_empty() {
            request = request.bearer_auth(self.settings.token.expose());
        }
        for (name, value) in outgoing_headers() {
            request = request.header(name, value);
        }
        request
    }

    async fn with_retries<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        what: &str,
        attempt: impl Fn() -> F,
    ) -> Result<T, StoreError> {
        let delays = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(self.settings.attempts.saturating_sub(1))
            .build();
        let tries = attempt
            .retry(delays)
            .when(|failure: &Failure| failure.may_pass)
            .adjust(|failure, delay| {
                Some(failure.retry_after().map_or(delay?, |asked| asked.max(delay.unwrap_or_default())))
            })
            .notify(|failure, delay| log::warn!("{what}: {}; next try in {} ms", failure.error, delay.as_millis()));
        match timeout(self.settings.deadline, tries).await {
            Ok(result) => result.map_err(|failure| failure.error),
            Err(_) => Err(StoreError::Timeout),
        }
    }

    async fn read_whole(&self, mut response: Response) -> Result<Bytes, Failure> {
        let limit = self.settings.source_bytes;
        let too_large = || Failure::lasting(StoreError::TooLarge { limit });
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        // The client reports a body that is shorter than announced as an error, which may pass.
        while let Some(chunk) = response.chunk().await? {
            if body.len() as u64 + chunk.len() as u64 > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

#[async_trait]
impl ImageStore for StoreClient {
    async fn image(&self, id: ImageId) -> Result<ImageDocument, StoreError> {
        let attempt = async || {
            let response = accepted(self.request(Method::GET, &format!("/v1/images/{id}")).send().await?)?;
            Ok(response.json().await?)
        };
        self.with_retries("reading the record", attempt).await
    }

    async fn original(&self, id: ImageId) -> Result<Bytes, StoreError> {
        let attempt = async || {
            let response = accepted(self.request(Method::GET, &format!("/download/{id}")).send().await?)?;
            self.read_whole(response).await
        };
        self.with_retries("fetching the original", attempt).await
    }

    async fn put_compressed(
        &self,
        id: ImageId,
        format: OutputFormat,
        bytes: Bytes,
        figures: &VariantFigures,
    ) -> Result<(), StoreError> {
        let figures = serde_json::to_string(figures).map_err(|error| StoreError::Failed(error.to_string()))?;
        let path = format!("/v1/images/{id}/variants/{}", VariantName::compress());
        let attempt = async || {
            let request = self.request(Method::PUT, &path);
            let request = request
                .header(CONTENT_TYPE, ImageFormat::from(format).media_type())
                .header("variant-figures", &figures);
            accepted(request.body(bytes.clone()).send().await?).map(drop)
        };
        self.with_retries("posting the variant", attempt).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let response =
            self.request(Method::GET, "/healthz").timeout(Duration::from_secs(2)).send().await.map_err(Failure::from);
        response.and_then(accepted).map(drop).map_err(|failure| failure.error)
    }

    fn original_url(&self, id: ImageId) -> String {
        self.address(&format!("/i/{id}"))
    }

    fn compressed_url(&self, id: ImageId, format: OutputFormat) -> String {
        self.address(&format!("/download/{id}?type={format}&transform={}", VariantName::compress()))
    }
}

/// One try that failed, and whether another may not.
struct Failure {
    error: StoreError,
    may_pass: bool,
}

impl Failure {
    fn lasting(error: StoreError) -> Self {
        Self { error, may_pass: false }
    }

    fn retry_after(&self) -> Option<Duration> {
        match &self.error {
            StoreError::Busy { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let error = if error.is_timeout() {
            StoreError::Timeout
        } else {
            StoreError::Failed(format!("{:#}", anyhow::Error::from(error)))
        };
        Self { error, may_pass: true }
    }
}

fn accepted(response: Response) -> Result<Response, Failure> {
    let status = response.status();
    match status {
        _ if status.is_success() => Ok(response),
        StatusCode::NOT_FOUND => Err(Failure::lasting(StoreError::NotFound)),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            let seconds =
                response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(1);
            Err(Failure { error: StoreError::Busy { retry_after: Duration::from_secs(seconds) }, may_pass: true })
        }
        _ => {
            let may_pass = matches!(
                status,
                StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT | StatusCode::INTERNAL_SERVER_ERROR
            );
            Err(Failure { error: StoreError::Failed(format!("it answered with status {status}")), may_pass })
        }
    }
}
