//! One job: fetch, make smaller, tell the store how it ended; the lease kept alive meanwhile.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use service_kit::http::ApiError;
use shared_types::job::{JobProblem, Lease};
use shared_types::transform::ClientHints;
use shared_types::wire::VariantFigures;
use shared_types::{Digest, ErrorCode, ImageId, Transform, TransformQuery};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::contact::Contact;
use super::press::{Made, Order, Outcome, Press, Urgency};
use super::tally::End;
use crate::ports::{Claim, ImageStore, JobQueue, Sender, StoreError};

/// What every job of a worker needs.
pub(super) struct Bench {
    pub(super) store: Arc<dyn ImageStore>,
    pub(super) queue: Arc<dyn JobQueue>,
    pub(super) press: Press,
    pub(super) contact: Arc<Contact>,
    /// How often the store may answer with a fault before the attempt counts as failed.
    pub(super) attempts: usize,
}

/// What the store is to be told.
enum Verdict {
    /// What was made, and of which original.
    Result(Made, Digest),
    Kept(VariantFigures),
    Failure {
        problem: JobProblem,
        lasting: bool,
    },
    Release,
}

impl Bench {
    /// Carries a job out to its end, or gives it back when `give_back` says so.
    pub(super) async fn carry_out(&self, lease: Lease, give_back: &CancellationToken) -> End {
        let claim = claim(&lease);
        let every = Duration::from_secs(lease.seconds);
        let progress = Arc::new(AtomicU8::new(0));
        let verdict = tokio::select! {
            biased;
            () = give_back.cancelled() => Verdict::Release,
            () = self.keep(&claim, every, &progress) => return lost(&lease),
            verdict = self.make(&lease, &progress) => verdict,
        };
        if matches!(verdict, Verdict::Release) {
            return self.give_back(&lease).await;
        }
        // A heartbeat may meet a lease that has just ended well: from here on only the answer to the verdict counts.
        let kept = async {
            self.keep(&claim, every, &progress).await;
            pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = give_back.cancelled() => self.give_back(&lease).await,
            () = kept => lost(&lease),
            end = self.tell(&lease, &claim, verdict) => end,
        }
    }

    /// Keeps the lease for as long as it holds; returns once it is lost.
    async fn keep(&self, claim: &Claim, lease: Duration, progress: &AtomicU8) {
        /// Progress should not look older than this.
        const AT_LEAST_EVERY: Duration = Duration::from_secs(5);
        /// While the store does not answer.
        const AGAIN: Duration = Duration::from_secs(1);
        let every = (lease / 3).min(AT_LEAST_EVERY);
        let mut pause = every;
        loop {
            sleep(pause).await;
            let beat = timeout(every, self.queue.heartbeat(claim, progress.load(Ordering::Relaxed)));
            match self.contact.watch(async { beat.await.unwrap_or(Err(StoreError::Timeout)) }).await {
                Err(StoreError::LeaseLost | StoreError::NotFound) => return,
                Ok(()) => pause = every,
                Err(_) => pause = every.min(AGAIN),
            }
        }
    }

    async fn make(&self, lease: &Lease, progress: &Arc<AtomicU8>) -> Verdict {
        match self.try_make(lease, progress).await {
            Ok((Outcome::Made(made), original)) => Verdict::Result(made, original),
            Ok((Outcome::Kept { figures, .. }, _)) => Verdict::Kept(figures),
            Err(Fault::Store(error)) if error.is_absence() => Verdict::Release,
            Err(Fault::Store(error)) => failure(&error.into()),
            Err(Fault::Work(error)) => failure(&error),
        }
    }

    async fn try_make(&self, lease: &Lease, progress: &Arc<AtomicU8>) -> Result<(Outcome, Digest), Fault> {
        let order = order(lease).map_err(Fault::Work)?;
        let source = self.fetch(lease.image.id, Some(lease.image.bytes)).await.map_err(Fault::Store)?;
        let original = Digest::of(&source);
        let mark = match &order.transform.watermark {
            Some(mark) => Some(self.fetch(mark.image, None).await.map_err(|error| of_mark(mark.image, error))?),
            None => None,
        };
        let told = Arc::clone(progress);
        let progress = Arc::new(move |percent| told.store(percent, Ordering::Relaxed));
        let outcome = self.press.run(&order, source, mark, Urgency::Patient, progress).await.map_err(Fault::Work)?;
        Ok((outcome.only_if_smaller(&order), original))
    }

    async fn fetch(&self, id: ImageId, bytes: Option<u64>) -> Result<Bytes, StoreError> {
        self.contact.watch(self.store.original(&Sender::Itself, id, bytes)).await
    }

    async fn tell(&self, lease: &Lease, claim: &Claim, verdict: Verdict) -> End {
        match verdict {
            Verdict::Result(made, original) => {
                let of = (claim, &original);
                let post = || self.queue.put_result(of, made.format, made.bytes.clone(), &made.figures);
                match self.insist(post).await {
                    Ok(()) => done(lease, &made),
                    Err(StoreError::LeaseLost | StoreError::NotFound) => lost(lease),
                    Err(error) if error.is_outdated() => self.give_back(lease).await,
                    Err(error) => self.fail(lease, claim, not_taken(&error), !error.is_temporary()).await,
                }
            }
            Verdict::Kept(figures) => match self.insist(|| self.queue.kept(claim, &figures)).await {
                Ok(()) => kept(lease, &figures),
                Err(StoreError::LeaseLost | StoreError::NotFound) => lost(lease),
                Err(error) => self.fail(lease, claim, not_taken(&error), !error.is_temporary()).await,
            },
            Verdict::Failure { problem, lasting } => self.fail(lease, claim, problem, lasting).await,
            Verdict::Release => self.give_back(lease).await,
        }
    }

    async fn fail(&self, lease: &Lease, claim: &Claim, problem: JobProblem, lasting: bool) -> End {
        let told = self.insist(|| self.queue.failure(claim, &problem, lasting)).await;
        if matches!(told, Err(StoreError::LeaseLost | StoreError::NotFound)) {
            return lost(lease);
        }
        let then = if lasting { "not tried again" } else { "the store may have it tried again" };
        log::info!(
            "job {} on image {} failed ({}), {then}: {}",
            lease.job,
            lease.image.id,
            problem.code,
            problem.detail
        );
        if let Err(error) = told {
            log::warn!("job {}: the failure could not be told: {error}", lease.job);
        }
        if lasting { End::Failed } else { End::PutOff }
    }

    /// One try, and not for long: a lease that is not given back ends by itself.
    pub(super) async fn give_back(&self, lease: &Lease) -> End {
        const PATIENCE: Duration = Duration::from_secs(2);
        let told = timeout(PATIENCE, self.queue.release(&claim(lease))).await.unwrap_or(Err(StoreError::Timeout));
        match told {
            Ok(()) => log::info!("job {} on image {} given back", lease.job, lease.image.id),
            Err(error) => log::info!("job {} could not be given back, its lease will end: {error}", lease.job),
        }
        End::Released
    }

    /// Tries until the store has answered: for as long as it is away or busy, and `attempts` times if it answers with a fault.
    async fn insist<F: Future<Output = Result<(), StoreError>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Result<(), StoreError> {
        let mut faults = 0;
        let mut delays = back_off();
        loop {
            let error = match self.contact.watch(attempt()).await {
                Err(error) if error.is_temporary() => error,
                answer => return answer,
            };
            faults += usize::from(matches!(error, StoreError::Failed(_)));
            if faults >= self.attempts {
                return Err(error);
            }
            let asked = if let StoreError::Busy { retry_after } = error { retry_after } else { Duration::ZERO };
            sleep(delays.next().unwrap_or_default().max(asked)).await;
        }
    }
}

/// Pauses between tries: a fifth of a second, doubled up to about three seconds, each made longer at random so that workers part.
pub(super) fn back_off() -> impl Iterator<Item = Duration> {
    let delays = ExponentialBuilder::default().with_jitter().without_max_times();
    delays.with_min_delay(Duration::from_millis(200)).with_max_delay(Duration::from_secs(3)).build()
}

fn claim(lease: &Lease) -> Claim {
    Claim { job: lease.job, token: lease.token.clone() }
}

/// Why nothing was made.
enum Fault {
    Store(StoreError),
    Work(ApiError),
}

/// A watermark that is not there is the job's fault; that the store is away is not.
fn of_mark(id: ImageId, error: StoreError) -> Fault {
    if error.is_temporary() {
        return Fault::Store(error);
    }
    let told = format!("`wm` names the image {id}, which the store does not give: {error}.");
    Fault::Work(ApiError::new(ErrorCode::InvalidParameter, told).parameter("wm"))
}

fn order(lease: &Lease) -> Result<Order, ApiError> {
    let task = &lease.task;
    Ok(Order { transform: transform(&task.transform)?, goal: task.goal, formats: task.formats.clone() })
}

fn transform(query: &str) -> Result<Transform, ApiError> {
    Ok(TransformQuery::parse_text(query, ClientHints::default())?.transform)
}

/// Also logs a fault of ours with its cause.
fn failure(error: &ApiError) -> Verdict {
    let lasting = !error.code.is_temporary();
    let problem = error.problem();
    Verdict::Failure { problem: JobProblem { code: problem.code.into_owned(), detail: problem.detail }, lasting }
}

fn not_taken(error: &StoreError) -> JobProblem {
    let (code, why) = match error {
        StoreError::Refused(refusal) => (refusal.code.clone(), refusal.detail.clone()),
        error => (ErrorCode::BadUpstream.code().to_owned(), format!("{error}.")),
    };
    JobProblem { code, detail: format!("The store did not take the result: {why}") }
}

fn done(lease: &Lease, made: &Made) -> End {
    let (before, after) = (made.figures.source_bytes, made.bytes.len() as u64);
    let score = made.figures.score.map_or_else(String::new, |score| format!(", score {score:.1}"));
    log::info!(
        "job {} on image {} done: {}, {} {before} B -> {} {after} B{score}, tries {}, {:.2} s",
        lease.job,
        lease.image.id,
        goal(lease),
        lease.image.format,
        made.format,
        made.figures.tries.unwrap_or(1),
        made.figures.seconds,
    );
    End::Done { before, after }
}

fn kept(lease: &Lease, figures: &VariantFigures) -> End {
    log::info!(
        "job {} on image {} done: {}, nothing smaller than its {} B, tries {}, {:.2} s",
        lease.job,
        lease.image.id,
        goal(lease),
        figures.source_bytes,
        figures.tries.unwrap_or(1),
        figures.seconds,
    );
    End::Kept
}

fn lost(lease: &Lease) -> End {
    log::info!("job {} on image {} dropped: the lease is lost", lease.job, lease.image.id);
    End::Lost
}

fn goal(lease: &Lease) -> String {
    lease.task.goal.map_or_else(|| "no goal".to_owned(), |goal| goal.to_string())
}
