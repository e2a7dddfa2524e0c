//! Work for a compressing service.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use shared_types::job::{JobProblem, JobResult, JobStatus, Priority, Task};
use shared_types::{BackfillId, Digest, ImageId, JobId, UserId, VariantName};
use utoipa::ToSchema;

use super::VariantKey;

/// Where the result of a job goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Slot {
    /// A variant of that name, in whatever format was best.
    Named(VariantName),
    /// The variant that is found by its parameters: the key of its recipe.
    Made(Digest),
}

impl Slot {
    /// The name, if it has one.
    pub fn name(&self) -> Option<&VariantName> {
        match self {
            Self::Named(name) => Some(name),
            Self::Made(_) => None,
        }
    }

    /// The key of a variant of that format in this slot.
    pub fn key(&self, format: shared_types::ImageFormat) -> VariantKey {
        match self {
            Self::Named(name) => VariantKey::Named(name.clone(), format),
            Self::Made(digest) => VariantKey::Made(*digest),
        }
    }
}

/// The form in the catalog.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "name:{name}"),
            Self::Made(digest) => write!(f, "key:{digest}"),
        }
    }
}

impl FromStr for Slot {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once(':') {
            Some(("name", name)) => name.parse().map(Self::Named).map_err(drop),
            Some(("key", digest)) => digest.parse().map(Self::Made).map_err(drop),
            _ => Err(()),
        }
    }
}

/// Work that somebody asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What is to be made.
    pub task: Task,
    /// Where it goes.
    pub slot: Slot,
    /// What goes first.
    pub priority: Priority,
    /// Told when the job is over.
    pub webhook: Option<String>,
}

impl Order {
    /// Whether a variant that is in the slot already stays. One that is made of parameters alone may have been made by the store meanwhile
    /// and sent under the validator of its parameters, which no other bytes may have.
    pub fn yields(&self) -> bool {
        matches!(self.slot, Slot::Made(_)) && self.task.goal.is_none()
    }

    /// The same for one image, to be done from `now` on.
    pub fn job(&self, image: ImageId, owner: Option<UserId>, now: Timestamp) -> Job {
        Job {
            id: JobId::generate(),
            image,
            owner,
            backfill: None,
            order: self.clone(),
            status: JobStatus::Queued,
            progress: 0,
            attempts: 0,
            due: None,
            result: None,
            problem: None,
            created: now,
            updated: now,
        }
    }
}

/// One job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The image, which may have been deleted.
    pub image: ImageId,
    /// Whose image it is; owners are served in turn.
    pub owner: Option<UserId>,
    /// The backfill that it belongs to.
    pub backfill: Option<BackfillId>,
    /// What is to be made.
    pub order: Order,
    /// Where it stands.
    pub status: JobStatus,
    /// From 0 to 100.
    pub progress: u8,
    /// How many times it was handed out and not given back.
    pub attempts: u32,
    /// Of a queued job, when it may be tried again; of a leased one, when the lease ends.
    pub due: Option<Timestamp>,
    /// What came of it.
    pub result: Option<JobResult>,
    /// Why it failed, or why the last attempt did.
    pub problem: Option<JobProblem>,
    /// When it was queued.
    pub created: Timestamp,
    /// When its status or progress last changed.
    pub updated: Timestamp,
}

impl Job {
    /// Where its result is, once there is one: the path and query of an address. The original where nothing smaller was found.
    pub fn result_path(&self) -> Option<String> {
        let result = self.result.as_ref()?;
        Some(match self.order.slot.name() {
            _ if result.kept => format!("/i/{}", self.image),
            Some(name) => format!("/download/{}?type={}&transform={name}", self.image, result.format),
            None => format!("/i/{}?{}format={}", self.image, self.order.task.parameters(), result.format),
        })
    }
}

/// Which jobs are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only those that stand so.
    pub status: Option<JobStatus>,
    /// Only those of this image.
    pub image: Option<ImageId>,
    /// Only those of this user's images.
    pub owner: Option<UserId>,
    /// Only those older than this one.
    pub after: Option<JobId>,
    /// At most so many.
    pub limit: u32,
}

/// How leases are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    /// How long one holds without a heartbeat, in microseconds.
    pub lease_us: i64,
    /// How many times a job is handed out before it is given up.
    pub attempts: u32,
    /// The longest pause between two attempts, in microseconds: what is later than that from now was written under another clock.
    pub longest_pause_us: i64,
    /// How many jobs one worker may have.
    pub per_worker: u32,
}

/// What came of asking for one job.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// The worker has it.
    Leased(Job),
    /// Nobody can have it as it stands: it is over, with a worker, or not to be tried yet.
    NotNow(Job),
    /// The worker has as many as one may have.
    Enough,
    /// There is no such job.
    Missing,
}

/// How queued jobs are announced to a message broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnounceTerms {
    /// How many may be announced that nobody took yet.
    pub ahead: u32,
    /// How many are announced in one go.
    pub together: u32,
    /// After how long one that nobody took is announced again, in microseconds.
    pub again_us: i64,
}

/// What a worker says of a job it has.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// It is at it.
    Progress(u8),
    /// It gives it back.
    Released,
    /// Nothing smaller was found.
    Kept(JobResult),
    /// It cannot be done, ever.
    Failed(JobProblem),
    /// The attempt failed; it may be tried again from then on, unless that was the last attempt.
    TryAgain(JobProblem, Timestamp),
}

/// How many jobs stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobTotals(pub [u64; JobStatus::ALL.len()]);

impl JobTotals {
    /// Those of one status.
    pub fn of(&self, status: JobStatus) -> u64 {
        self.0[index(status)]
    }

    /// The same, to be set.
    pub fn of_mut(&mut self, status: JobStatus) -> &mut u64 {
        &mut self.0[index(status)]
    }

    /// Those that are not over.
    pub fn active(&self) -> u64 {
        JobStatus::ALL.into_iter().filter(|status| !status.is_over()).map(|status| self.of(status)).sum()
    }
}

fn index(status: JobStatus) -> usize {
    JobStatus::ALL.iter().position(|one| *one == status).unwrap_or_default()
}

/// Jobs for every image of a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Backfill {
    /// Its id.
    pub id: BackfillId,
    /// Whose images; everybody's without.
    pub owner: Option<UserId>,
    /// Images that were uploaded before this time.
    pub before: Timestamp,
    /// What is to be made of each.
    pub order: Order,
    /// Where it stands.
    pub status: BackfillStatus,
    /// The last image that was looked at.
    pub cursor: Option<ImageId>,
    /// How many images were looked at.
    pub looked_at: u64,
    /// How many of them had such a variant already.
    pub skipped: u64,
    /// When it was asked for.
    pub created: Timestamp,
}

/// Where a backfill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum BackfillStatus {
    /// Jobs are being queued.
    Running,
    /// No more jobs are queued until it is resumed.
    Paused,
    /// Every image was looked at; the last jobs may still be under way.
    Done,
    /// Called off.
    Cancelled,
}

impl BackfillStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Running, Self::Paused, Self::Done, Self::Cancelled];

    /// The name in the catalog and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}
