//! Looking after what is stored: deleted images whose time is over go for good, and variants that nobody asks for make room for others.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use shared_types::ImageId;
use tokio::sync::Notify;

use super::Services;
use super::upload::now;
use crate::domain::StoreError;
use crate::ports::VariantUse;

/// What is kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct KeepPolicy {
    /// Whether an image can get another original.
    pub replaceable: bool,
    /// How long deleted images are kept; zero: not at all.
    pub grace: Duration,
    /// How many bytes the variants may have that are made from parameters; zero: any number.
    pub variant_bytes: u64,
}

/// What use cases tell those who look after what is stored.
pub(super) struct Keeping {
    pub(super) policy: KeepPolicy,
    uses: Mutex<HashMap<(ImageId, String), Noted>>,
    /// Told when there may be something to do.
    changed: Notify,
}

/// When it was asked for last, and when the catalog was told of that.
struct Noted {
    used: Instant,
    /// The same by the clock, which may be set: only the catalog compares it.
    at: Timestamp,
    written: Option<Instant>,
}

impl Noted {
    /// Whether the catalog does not know of the last use.
    fn is_news(&self) -> bool {
        self.written.is_none_or(|written| written < self.used)
    }

    fn was_written_lately(&self) -> bool {
        self.written.is_some_and(|written| written.elapsed() < USE)
    }
}

/// So often at most the same variant is written down, unless it matters which are the coldest.
const USE: Duration = Duration::from_mins(1);

/// How many uses are remembered; beyond that they are forgotten, and count for nothing.
const REMEMBERED: usize = 100_000;

impl Keeping {
    pub(super) fn new(policy: KeepPolicy) -> Self {
        Self { policy, uses: Mutex::default(), changed: Notify::new() }
    }

    /// There may be something to do.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    /// A variant that is made from parameters was asked for. Nothing is written before [`Keeping::take_uses`].
    pub(super) fn note_use(&self, image: ImageId, key: impl FnOnce() -> String) {
        if self.policy.variant_bytes == 0 {
            return;
        }
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() >= REMEMBERED {
            uses.clear();
        }
        let (used, at) = (Instant::now(), now());
        let noted = uses.entry((image, key())).or_insert(Noted { used, at, written: None });
        (noted.used, noted.at) = (used, at);
    }

    /// What the catalog is to be told of: all that it does not know, or only of what it heard nothing for a while.
    fn take_uses(&self, all: bool) -> Vec<VariantUse> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.retain(|_, noted| noted.is_news() || noted.was_written_lately());
        let mut taken = Vec::new();
        for ((image, key), noted) in uses.iter_mut() {
            if noted.is_news() && (all || !noted.was_written_lately()) {
                taken.push(VariantUse { image: *image, key: key.clone(), at: noted.at });
                noted.written = Some(Instant::now());
            }
        }
        taken
    }
}

impl Services {
    /// Starts looking after what is stored, until [`Services::close`].
    pub fn start_keeping(&self) {
        let services = self.clone();
        self.in_background(async move { services.look_after_what_is_kept().await });
    }

    async fn look_after_what_is_kept(&self) {
        /// At most so often, so that uses are written in batches.
        const PAUSE: Duration = Duration::from_secs(2);
        /// And not less often: the clock may have been set.
        const LOOK_AGAIN: Duration = Duration::from_mins(1);
        /// After a fault.
        const LATER: Duration = Duration::from_secs(5);
        let (jobs, keeping) = (&self.inner.jobs, &self.inner.keeping);
        let mut fails = false;
        while !jobs.stop_token().is_cancelled() {
            if let Err(error) = self.look_after_all().await {
                if !fails {
                    let cause = error.cause.as_ref().map(|cause| format!(" ({cause:#})")).unwrap_or_default();
                    log::warn!("what is stored is looked after later: {error}{cause}");
                }
                fails = true;
                jobs.stop_token().run_until_cancelled(tokio::time::sleep(LATER)).await;
                continue;
            }
            fails = false;
            if keeping.policy.variant_bytes > 0 {
                jobs.stop_token().run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            } else {
                let next = self.inner.catalog.next_purge().await.ok().flatten().unwrap_or(Timestamp::MAX);
                let wait = Duration::try_from(next.duration_since(now())).unwrap_or(PAUSE);
                jobs.rest(&keeping.changed, wait.clamp(Duration::from_millis(100), LOOK_AGAIN)).await;
            }
        }
    }

    async fn look_after_all(&self) -> Result<(), StoreError> {
        self.write_uses(false).await?;
        if self.is_on_duty() {
            self.purge_due().await?;
            self.evict().await?;
        }
        Ok(())
    }

    /// Removes deleted images whose time is over.
    async fn purge_due(&self) -> Result<(), StoreError> {
        /// In one transaction, which others wait for.
        const TOGETHER: u32 = 50;
        while !self.inner.jobs.stop_token().is_cancelled() {
            let (gone, doomed) = self.inner.catalog.purge_hidden(now(), TOGETHER).await?;
            self.remove_doomed(&doomed).await;
            if gone < u64::from(TOGETHER) {
                break;
            }
        }
        Ok(())
    }

    async fn write_uses(&self, all: bool) -> Result<(), StoreError> {
        /// In one transaction, which others wait for.
        const TOGETHER: usize = 500;
        for uses in self.inner.keeping.take_uses(all).chunks(TOGETHER) {
            self.inner.catalog.note_uses(uses).await?;
        }
        Ok(())
    }

    /// Makes room where the variants that were made have more bytes than they may, down to 95 % of that.
    async fn evict(&self) -> Result<(), StoreError> {
        /// In one transaction, which others wait for.
        const TOGETHER: u32 = 200;
        let most = self.inner.keeping.policy.variant_bytes;
        if most == 0 || self.inner.catalog.made_bytes().await? <= most {
            return Ok(());
        }
        // What is being asked for at this moment must not count as cold.
        self.write_uses(true).await?;
        let wanted = most - most / 20;
        while !self.inner.jobs.stop_token().is_cancelled() {
            let evicted = self.inner.catalog.evict_variants(wanted, TOGETHER).await?;
            self.remove_doomed(&evicted.doomed).await;
            if evicted.variants < u64::from(TOGETHER) {
                break;
            }
        }
        Ok(())
    }
}
