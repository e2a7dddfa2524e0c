//! Records, originals and variants.

use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use shared_types::job::{VARIANT_FIGURES, VARIANT_SOURCE};
use shared_types::wire::{ImageDocument, VariantFigures};
use shared_types::{Digest, ImageFormat, ImageId, OutputFormat, VariantName};
use tokio::time::timeout;

use super::answer::unreachable;
use super::{StoreClient, header_of, send};
use crate::ports::{ImageStore, Sender, StoreError};

impl StoreClient {
    async fn with_retries<T, F: Future<Output = Result<T, StoreError>>>(
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
            .when(|error| error.is_temporary() && !matches!(error, StoreError::Unauthorised))
            .adjust(|error, delay| {
                Some(retry_after(error).map_or(delay?, |asked| asked.max(delay.unwrap_or_default())))
            })
            .notify(|error, delay| log::info!("{what}: {error}; next try in {} ms", delay.as_millis()));
        timeout(self.settings.deadline, tries).await.unwrap_or(Err(StoreError::Timeout))
    }
}

fn retry_after(error: &StoreError) -> Option<Duration> {
    match error {
        StoreError::Busy { retry_after } => Some(*retry_after),
        _ => None,
    }
}

#[async_trait]
impl ImageStore for StoreClient {
    async fn image(&self, sender: &Sender, id: ImageId) -> Result<ImageDocument, StoreError> {
        let attempt = async || {
            let response = send(sender, self.request(sender, Method::GET, &format!("/v1/images/{id}"))).await?;
            response.json().await.map_err(unreachable)
        };
        self.with_retries("reading the record", attempt).await
    }

    async fn original(&self, sender: &Sender, id: ImageId, bytes: Option<u64>) -> Result<Bytes, StoreError> {
        let attempt = async || {
            let response = send(sender, self.request(sender, Method::GET, &format!("/download/{id}"))).await?;
            self.read_whole(response, bytes).await
        };
        self.with_retries("fetching the original", attempt).await
    }

    async fn put_compressed(
        &self,
        sender: &Sender,
        (id, source): (ImageId, Digest),
        format: OutputFormat,
        bytes: Bytes,
        figures: &VariantFigures,
    ) -> Result<(), StoreError> {
        let figures = header_of(figures)?;
        let path = format!("/v1/images/{id}/variants/{}", VariantName::compress());
        let attempt = async || {
            let request = self.request(sender, Method::PUT, &path);
            let request = request.header(VARIANT_SOURCE, source.to_string()).header(VARIANT_FIGURES, &figures);
            let request = request.header(CONTENT_TYPE, ImageFormat::from(format).media_type());
            send(sender, request.body(bytes.clone())).await.map(drop)
        };
        self.with_retries("posting the variant", attempt).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        send(&Sender::Itself, self.request(&Sender::Itself, Method::GET, "/healthz").timeout(Duration::from_secs(2)))
            .await
            .map(drop)
    }

    fn original_url(&self, id: ImageId) -> String {
        self.address(&format!("/i/{id}"))
    }

    fn compressed_url(&self, id: ImageId, format: OutputFormat) -> String {
        self.address(&format!("/download/{id}?type={format}&transform={}", VariantName::compress()))
    }

    fn absolute_url(&self, told: &str) -> String {
        if told.starts_with('/') { self.address(told) } else { told.to_owned() }
    }
}
