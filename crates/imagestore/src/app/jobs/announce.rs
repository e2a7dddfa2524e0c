//! Announcing queued jobs to a message broker, for workers that wait there instead of asking the store.
//!
//! A message says that there is a job, and the row says everything else: whoever takes the message leases the job here. So nothing is lost
//! with a message, and a second one does no harm.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use shared_types::JobId;
use tokio::time::sleep;

use super::{Jobs, Services, micros, pause_after};
use crate::domain::{AnnounceTerms, Image, Job, announcement};
use crate::ports::{CatalogError, Sink, SinkError};

/// When jobs are announced.
#[derive(Debug, Clone, Copy)]
pub struct AnnouncePolicy {
    /// How many may be announced that nobody took yet: what is queued behind them can still be overtaken.
    pub ahead: u32,
    /// After how long one that nobody took is announced again.
    pub again: Duration,
}

impl AnnouncePolicy {
    fn terms(&self) -> AnnounceTerms {
        /// Messages on their way at once.
        const TOGETHER: u32 = 200;
        AnnounceTerms { ahead: self.ahead, together: TOGETHER, again_us: micros(self.again) }
    }
}

/// What came of one round.
enum Round {
    /// As many as could be were announced, and there may be more.
    More,
    /// Nothing is left to be announced.
    Done,
    /// The broker takes nothing.
    Held(String),
}

impl Services {
    /// Announces queued jobs to `sink` until [`Services::close`].
    pub fn start_announcing(&self, policy: AnnouncePolicy, sink: Arc<dyn Sink>) {
        let services = self.clone();
        self.in_background(async move {
            services.announce_jobs(&policy.terms(), &*sink).await;
            sink.close().await;
        });
    }

    async fn announce_jobs(&self, terms: &AnnounceTerms, sink: &dyn Sink) {
        const PAUSE: Duration = Duration::from_secs(1);
        const LONGEST_PAUSE: Duration = Duration::from_secs(30);
        let Jobs { queued, stop, .. } = &self.inner.jobs;
        // What the last process announced may not have left it.
        let mut terms_now = AnnounceTerms { again_us: 0, ..*terms };
        let mut failures = 0;
        while !stop.is_cancelled() {
            // Before the look: what is queued meanwhile is not missed.
            let mut told = std::pin::pin!(queued.notified());
            told.as_mut().enable();
            let held = match self.announce_some(&terms_now, sink).await {
                Ok(Round::Held(why)) => why,
                Err(error) => format!("{:#}", anyhow::Error::from(error)),
                Ok(round) => {
                    terms_now = *terms;
                    if std::mem::take(&mut failures) > 0 {
                        log::info!("jobs are announced again");
                    }
                    if matches!(round, Round::Done) {
                        let pause = self.until_due().await.unwrap_or(PAUSE);
                        tokio::select! {
                            () = told => {}
                            () = sleep(pause) => {}
                            () = stop.cancelled() => {}
                        }
                    }
                    continue;
                }
            };
            failures += 1;
            if failures == 1 {
                log::warn!("jobs wait to be announced: {held}");
            }
            let pause = pause_after(failures, PAUSE, LONGEST_PAUSE);
            // Whichever ends it, the next round looks whether there is one.
            let _ = stop.run_until_cancelled(sleep(pause)).await;
        }
    }

    async fn announce_some(&self, terms: &AnnounceTerms, sink: &dyn Sink) -> Result<Round, CatalogError> {
        let at = self.agreed_now().await?;
        let (jobs, given_up) = self.inner.catalog.announce_jobs(&self.inner.jobs.terms(), terms, at).await?;
        self.gave_up(&given_up);
        let outcomes = join_all(jobs.iter().map(|job| self.announce(job, sink))).await;
        let mut held = None;
        let failed: Vec<JobId> = jobs
            .iter()
            .zip(outcomes)
            .filter_map(|(job, outcome)| {
                held = Some(outcome.err()?);
                Some(job.id)
            })
            .collect();
        if let Some(why) = held {
            self.inner.catalog.take_back_announcements(&failed, at).await?;
            return Ok(Round::Held(why));
        }
        Ok(if jobs.len() == terms.together as usize { Round::More } else { Round::Done })
    }

    /// Says why the broker takes nothing at this moment. What else is in the way is told in the log: the job is announced again later.
    async fn announce(&self, job: &Job, sink: &dyn Sink) -> Result<(), String> {
        let image: Arc<Image> = match self.record(job.image).await {
            Ok(image) => image,
            Err(error) => {
                log::debug!("job {} is not announced: {error}", job.id);
                return Ok(());
            }
        };
        let told = match announcement(job, &image, self.inner.blobs.key(&image.digest)) {
            Ok(message) => sink.deliver(&message).await,
            Err(error) => Err(SinkError::Rejected(error.to_string())),
        };
        match told {
            Ok(()) => Ok(()),
            Err(SinkError::Rejected(reason)) => {
                log::error!("job {} of image {} cannot be announced: {reason}", job.id, job.image);
                Ok(())
            }
            Err(error @ (SinkError::Unavailable { .. } | SinkError::Gone(_))) => Err(error.to_string()),
        }
    }
}
