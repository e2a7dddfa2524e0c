//! The queue of jobs.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use shared_types::job::{
    Failure, Heartbeat, JobDocument, JobProblem, JobsDocument, Kept, LEASE_TOKEN, Lease, LeaseAnswer, LeaseOneRequest,
    LeaseRequest, Release, VARIANT_FIGURES, VARIANT_SOURCE,
};
use shared_types::wire::VariantFigures;
use shared_types::{Digest, Formats, Goal, ImageFormat, ImageId, JobId, OutputFormat, VariantName};

use super::answer::unreachable;
use super::{StoreClient, header_of, send};
use crate::ports::{Claim, JobQueue, Sender, StoreError};

impl StoreClient {
    fn about(&self, claim: &Claim, verb: &str, body: &(impl Serialize + ?Sized)) -> RequestBuilder {
        self.request(&Sender::Itself, Method::POST, &format!("/v1/jobs/{}/{verb}", claim.job)).json(body)
    }
}

async fn ask<T: DeserializeOwned>(sender: &Sender, request: RequestBuilder) -> Result<T, StoreError> {
    send(sender, request).await?.json().await.map_err(unreachable)
}

#[async_trait]
impl JobQueue for StoreClient {
    async fn lease(&self, worker: &str, max: u32, wait: Duration) -> Result<Vec<Lease>, StoreError> {
        let body = LeaseRequest { worker: worker.to_owned(), max, wait_seconds: wait.as_secs() };
        let request = self.request(&Sender::Itself, Method::POST, "/v1/jobs/lease").json(&body);
        let answer: LeaseAnswer = ask(&Sender::Itself, request.timeout(wait + self.settings.timeout)).await?;
        Ok(answer.leases)
    }

    async fn lease_job(&self, worker: &str, id: JobId) -> Result<Lease, StoreError> {
        let body = LeaseOneRequest { worker: worker.to_owned() };
        let path = format!("/v1/jobs/{id}/lease");
        ask(&Sender::Itself, self.request(&Sender::Itself, Method::POST, &path).json(&body)).await
    }

    async fn heartbeat(&self, claim: &Claim, progress: u8) -> Result<(), StoreError> {
        let body = Heartbeat { token: claim.token.clone(), progress };
        send(&Sender::Itself, self.about(claim, "heartbeat", &body)).await.map(drop)
    }

    async fn put_result(
        &self,
        (claim, source): (&Claim, &Digest),
        format: OutputFormat,
        bytes: Bytes,
        figures: &VariantFigures,
    ) -> Result<(), StoreError> {
        let request = self.request(&Sender::Itself, Method::PUT, &format!("/v1/jobs/{}/result", claim.job));
        let request = request
            .header(CONTENT_TYPE, ImageFormat::from(format).media_type())
            .header(LEASE_TOKEN, &claim.token)
            .header(VARIANT_SOURCE, source.to_string())
            .header(VARIANT_FIGURES, header_of(figures)?);
        send(&Sender::Itself, request.body(bytes)).await.map(drop)
    }

    async fn kept(&self, claim: &Claim, figures: &VariantFigures) -> Result<(), StoreError> {
        let body = Kept { token: claim.token.clone(), figures: figures.clone() };
        send(&Sender::Itself, self.about(claim, "kept", &body)).await.map(drop)
    }

    async fn failure(&self, claim: &Claim, problem: &JobProblem, lasting: bool) -> Result<(), StoreError> {
        let body = Failure { token: claim.token.clone(), problem: problem.clone(), lasting };
        send(&Sender::Itself, self.about(claim, "failure", &body)).await.map(drop)
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let body = Release { token: claim.token.clone() };
        send(&Sender::Itself, self.about(claim, "release", &body)).await.map(drop)
    }

    async fn submit(
        &self,
        sender: &Sender,
        image: ImageId,
        goal: Goal,
        formats: &Formats,
    ) -> Result<JobDocument, StoreError> {
        let mut body = Map::from_iter([
            ("image_id".to_owned(), json!(image)),
            ("formats".to_owned(), json!(formats)),
            ("name".to_owned(), json!(VariantName::compress())),
        ]);
        let (key, value) = parameter(goal);
        body.insert(key.to_owned(), value);
        let submitted: JobsDocument =
            ask(sender, self.request(sender, Method::POST, "/v1/compressions").json(&body)).await?;
        submitted.jobs.into_iter().next().ok_or_else(|| StoreError::Failed("it made no job".to_owned()))
    }

    async fn job(&self, sender: &Sender, id: JobId) -> Result<JobDocument, StoreError> {
        ask(sender, self.request(sender, Method::GET, &format!("/v1/jobs/{id}"))).await
    }
}

/// A goal as a member of the request.
fn parameter(goal: Goal) -> (&'static str, Value) {
    match goal {
        Goal::Target(score) => ("target", json!(score.value())),
        Goal::Lossless => ("target", json!("lossless")),
        Goal::MaxBytes(bytes) => ("max_bytes", json!(bytes)),
        Goal::Quality(quality) => ("q", json!(quality.get())),
    }
}
