//! Jobs: work that a compressing service takes over from the store, and the documents in which the two speak of it.
//!
//! A worker *leases* jobs, keeps each lease alive with *heartbeats*, and ends it by one of: the result, `kept` (nothing smaller was found), a
//! failure, or giving it back. Every one of these names the lease's token; once the lease has passed to another worker the store refuses
//! them, so a job that was done twice is stored once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::format::ImageFormat;
use crate::goal::{Formats, Goal};
use crate::ids::{ImageId, JobId, VariantName};
use crate::wire::{ImageDocument, VariantFigures};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// To be done, perhaps not before a time.
    Queued,
    /// A worker has it.
    Leased,
    /// A worker has it and has told of progress.
    Running,
    /// Done, with figures.
    Done,
    /// Cannot be done, with the reason.
    Failed,
    /// Given up after too many attempts, with the reason of the last one.
    Dead,
    /// Called off.
    Cancelled,
}

impl JobStatus {
    /// Every status, in the order of a job's life.
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Leased, Self::Running, Self::Done, Self::Failed, Self::Dead, Self::Cancelled];

    /// The name on the wire and in the catalog.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens to it unless somebody asks.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Dead | Self::Cancelled)
    }

    /// Whether a worker has it.
    pub fn is_leased(self) -> bool {
        matches!(self, Self::Leased | Self::Running)
    }
}

impl FromStr for JobStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            format!("must be one of {}", names.join(", "))
        })
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What goes first: 9 before 0. Of eight jobs that are handed out one is the oldest of all, so that none waits for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "u8", into = "u8")]
#[schema(value_type = u8, minimum = 0, maximum = 9)]
pub struct Priority(u8);

impl Priority {
    /// Of a backfill.
    pub const LOW: Self = Self(2);
    /// Where nothing is said.
    pub const NORMAL: Self = Self(5);
    /// The highest.
    pub const MAX: Self = Self(9);
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl TryFrom<u8> for Priority {
    type Error = String;

    fn try_from(value: u8) -> Result<Self, String> {
        if value <= Self::MAX.0 {
            Ok(Self(value))
        } else {
            Err(format!("must be a whole number from 0 to {}", Self::MAX.0))
        }
    }
}

impl FromStr for Priority {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digit = text.parse::<u8>().map_err(|_| ()).and_then(|value| Self::try_from(value).map_err(drop));
        digit.map_err(|()| format!("must be a whole number from 0 to {}", Self::MAX.0))
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

/// What is to be made of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// What is done to the pixels first: a canonical query such as `w=512&`; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub transform: String,
    /// How good or how small it is to be; `None` is one encode as `transform` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "target=80")]
    pub goal: Option<Goal>,
    /// Which formats may be taken.
    #[serde(default)]
    #[schema(value_type = String, example = "webp,jpg")]
    pub formats: Formats,
}

impl Task {
    /// All that decides the picture but its format, as in a query: each parameter followed by `&`.
    pub fn parameters(&self) -> String {
        let goal = self.goal.map(|goal| format!("{goal}&")).unwrap_or_default();
        format!("{}{goal}", self.transform)
    }
}

/// One job, as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobDocument {
    /// Its id.
    pub id: JobId,
    /// The image it is about, which may have been deleted.
    pub image_id: ImageId,
    /// Where it stands.
    pub status: JobStatus,
    /// From 0 to 100.
    #[schema(maximum = 100)]
    pub progress: u8,
    /// What is to be made.
    pub task: Task,
    /// The variant that the result is stored as; none of one that is found by its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<VariantName>,
    /// What goes first.
    pub priority: Priority,
    /// How many times a worker has taken it.
    pub attempts: u32,
    /// When it was made, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When its status or progress last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// When it is tried again, of one that waits after a failed attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub not_before: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<JobResult>,
    /// Why it failed, or why the last attempt did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<JobProblem>,
    /// Where to look.
    pub urls: JobUrls,
}

/// Jobs that were queued, or a page of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobsDocument {
    /// The jobs.
    pub jobs: Vec<JobDocument>,
    /// What the next page begins behind, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<JobId>,
}

/// Addresses of one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobUrls {
    /// This document.
    #[serde(rename = "self")]
    pub job: String,
    /// The record of the image.
    pub image: String,
    /// The result, once there is one; the original where nothing smaller was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobResult {
    /// Whether nothing smaller was found that holds the goal: no variant is stored, and the original is the best there is.
    pub kept: bool,
    /// Format of the result.
    pub format: ImageFormat,
    /// Bytes of the result.
    pub bytes: u64,
    /// What the worker reported.
    pub figures: VariantFigures,
}

/// Why a job, or an attempt at it, failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobProblem {
    /// A code of the one table of errors.
    pub code: String,
    /// What happened and what to do.
    pub detail: String,
}

/// What a worker asks for: `POST /v1/jobs/lease`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "worker": "imagecompress-1", "max": 4, "wait_seconds": 20 }))]
#[serde(deny_unknown_fields)]
pub struct LeaseRequest {
    /// What the worker calls itself, for people who read the log: 1 to 100 bytes without control characters.
    #[schema(min_length = 1, max_length = 100, example = "imagecompress-1")]
    pub worker: String,
    /// At most so many jobs, 1 to 100.
    #[schema(minimum = 1, maximum = 100, example = 4)]
    pub max: u32,
    /// How long to wait for one, in seconds, at most 60.
    #[schema(maximum = 60)]
    #[serde(default)]
    pub wait_seconds: u64,
}

/// What a worker says to take one job: `POST /v1/jobs/{id}/lease`. Answered with a [`Lease`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "worker": "imagecompress-1" }))]
#[serde(deny_unknown_fields)]
pub struct LeaseOneRequest {
    /// What the worker calls itself, for people who read the log: 1 to 100 bytes without control characters.
    #[schema(min_length = 1, max_length = 100, example = "imagecompress-1")]
    pub worker: String,
}

/// Jobs that were handed out; empty if there was nothing to do in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeaseAnswer {
    /// The jobs.
    pub leases: Vec<Lease>,
}

/// One job in the hands of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Proves that it is the worker's. A new one each time the job is handed out.
    pub token: String,
    /// How long the lease holds without a heartbeat.
    pub seconds: u64,
    /// How many times the job was handed out, this time included.
    pub attempt: u32,
    /// The image.
    pub image: ImageDocument,
    /// What is to be made of it.
    pub task: Task,
}

/// `POST /v1/jobs/{id}/heartbeat`: the worker is still at it. Answered with 204, or 409 once the lease is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "token": "f5037246af364d3384b7a411a9c40628", "progress": 40 }))]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The lease's token.
    pub token: String,
    /// From 0 to 100.
    #[schema(maximum = 100)]
    pub progress: u8,
}

/// `POST /v1/jobs/{id}/release`: the worker gives the job back undone; it costs no attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "token": "f5037246af364d3384b7a411a9c40628" }))]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The lease's token.
    pub token: String,
}

/// `POST /v1/jobs/{id}/failure`: the attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "token": "f5037246af364d3384b7a411a9c40628", "problem": { "code": "undecodable", "detail": "The picture is cut off." }, "lasting": true }))]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The lease's token.
    pub token: String,
    /// Why.
    pub problem: JobProblem,
    /// Whether another attempt cannot end otherwise.
    pub lasting: bool,
}

/// `POST /v1/jobs/{id}/kept`: nothing smaller was found that holds the goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "token": "f5037246af364d3384b7a411a9c40628", "figures": { "source_bytes": 100_000, "seconds": 0.8, "tries": 6 } }))]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The lease's token.
    pub token: String,
    /// What was tried.
    pub figures: VariantFigures,
}

/// The header of `PUT /v1/jobs/{id}/result`, whose body is the variant, that carries the lease's token.
pub const LEASE_TOKEN: &str = "lease-token";

/// The header in which the maker of a variant reports its [`VariantFigures`], as JSON.
pub const VARIANT_FIGURES: &str = "variant-figures";

/// The header with the digest of the original that a variant was made of: one that was replaced meanwhile is told so.
pub const VARIANT_SOURCE: &str = "variant-source";
