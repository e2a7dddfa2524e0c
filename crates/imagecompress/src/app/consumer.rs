//! Takes over jobs that a message broker announces, and has them carried out.
//!
//! The store has the last word on every job. A message is done with when the store has answered: the job was leased and has come to an end
//! of whichever kind, or it is not to be had, because it is over or with another worker. Whatever becomes of it later, the store announces
//! it again. A message for which the store did not answer is not done with, and comes again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use shared_types::JobId;
use shared_types::job::Lease;
use shared_types::job_message::JobMessage;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::crew::Crew;
use super::job::back_off;
use super::tally::{End, Tally};
use super::worker::Worker;
use crate::ports::{Announcement, Announcements, PutAsideError, StoreError};

/// A worker that waits for announcements. Cheap to clone.
#[derive(Clone)]
pub struct Consumer {
    worker: Worker,
    announcements: Arc<dyn Announcements>,
}

impl Consumer {
    /// The worker will carry out what is announced.
    pub fn new(worker: Worker, announcements: Arc<dyn Announcements>) -> Self {
        Self { worker, announcements }
    }

    /// Works until `stop`; then finishes what can be finished in time, gives back the rest, and leaves the group.
    pub async fn run(&self, stop: &CancellationToken) -> Tally {
        let mut crew = Crew::of(&self.worker);
        loop {
            let has_room = crew.len() < self.worker.settings.concurrency;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(()) = crew.next_ended() => {}
                announcement = self.announcements.next(), if has_room => self.begin(&mut crew, announcement, stop),
            }
        }
        crew.drain().await;
        self.announcements.close().await;
        self.worker.tally()
    }

    fn begin(&self, crew: &mut Crew, announcement: Announcement, stop: &CancellationToken) {
        let (consumer, give_back, stop) = (self.clone(), crew.give_back(), stop.clone());
        let message = JobMessage::parse(&announcement.body);
        let id = message.as_ref().map_or_else(|_| position(&announcement), |message| message.job_id.to_string());
        crew.begin(id, async move {
            let lease = match message {
                Ok(message) => stop.run_until_cancelled(consumer.lease(message.job_id)).await?,
                Err(reason) => {
                    stop.run_until_cancelled(consumer.put_aside(&announcement, &reason)).await?;
                    None
                }
            };
            let end = match lease {
                Some(lease) => Some(consumer.carry_out(lease, &give_back).await),
                None => None,
            };
            consumer.announcements.settle(announcement.position);
            end
        });
    }

    /// Leases the job, however long it takes until the store answers; `None` if it is not to be had.
    async fn lease(&self, id: JobId) -> Option<Lease> {
        let Worker { bench, settings, .. } = &self.worker;
        let mut delays = back_off();
        loop {
            match bench.contact.watch(bench.queue.lease_job(&settings.name, id)).await {
                Ok(lease) => return Some(lease),
                Err(error) if error.is_temporary() => {
                    let asked = if let StoreError::Busy { retry_after } = error { retry_after } else { Duration::ZERO };
                    sleep(delays.next().unwrap_or_default().max(asked)).await;
                }
                Err(error) => {
                    log::debug!("job {id} is left to the store: {error}");
                    return None;
                }
            }
        }
    }

    /// As a panic is told where it happens, and the lease will end, its message needs nothing more.
    async fn carry_out(&self, lease: Lease, give_back: &CancellationToken) -> End {
        let job = lease.job;
        let work = AssertUnwindSafe(self.worker.bench.carry_out(lease, give_back)).catch_unwind();
        work.await.unwrap_or_else(|_| {
            log::error!("job {job} ended the wrong way, its lease will end");
            End::PutOff
        })
    }

    async fn put_aside(&self, announcement: &Announcement, reason: &str) {
        let at = position(announcement);
        for (tries, delay) in back_off().enumerate() {
            match self.announcements.put_aside(announcement, reason).await {
                Ok(()) => {
                    log::warn!("{at} was put aside: {reason}");
                    return;
                }
                Err(PutAsideError::Rejected(why)) => {
                    let body = String::from_utf8_lossy(&announcement.body);
                    log::error!(
                        "{at} is dropped, since it cannot be put aside ({why}): {reason} It begins {body:.200?}"
                    );
                    return;
                }
                Err(PutAsideError::Unavailable(why)) => {
                    if tries == 0 {
                        log::warn!("{at} cannot be put aside yet: {why}");
                    }
                    sleep(delay).await;
                }
            }
        }
    }

    /// Why no announcements come, if none can.
    pub fn state(&self) -> Result<(), String> {
        self.announcements.state()
    }
}

/// What a message is called as long as nothing else is known of it.
fn position(announcement: &Announcement) -> String {
    format!("message-{}-{}", announcement.position.partition, announcement.position.offset)
}
