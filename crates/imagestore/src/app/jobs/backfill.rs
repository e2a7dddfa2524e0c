//! Jobs for every image of a time, queued little by little: a million rows at once would be in the way of everybody else's.

use std::time::Duration;

use jiff::Timestamp;
use shared_types::{BackfillId, ErrorCode};

use super::{Jobs, Services};
use crate::app::upload::now;
use crate::domain::{Backfill, BackfillStatus, JobTotals, Order, StoreError};

/// How many jobs of one backfill are queued or under way at most.
const AHEAD: u64 = 256;

/// How many images are looked at in one transaction.
const TOGETHER: u32 = 64;

impl Services {
    /// Begins a backfill.
    pub async fn begin_backfill(&self, before: Timestamp, order: Order) -> Result<Backfill, StoreError> {
        let backfill = Backfill {
            id: BackfillId::generate(),
            before,
            order,
            status: BackfillStatus::Running,
            cursor: None,
            looked_at: 0,
            skipped: 0,
            created: now(),
        };
        self.inner.catalog.insert_backfill(&backfill).await?;
        self.inner.jobs.fed.notify_one();
        Ok(backfill)
    }

    /// The backfill and how its jobs stand.
    pub async fn backfill(&self, id: BackfillId) -> Result<(Backfill, JobTotals), StoreError> {
        let found = self.inner.catalog.backfill(id).await?;
        found.ok_or_else(|| StoreError::new(ErrorCode::NotFound, "No backfill has this id."))
    }

    /// All backfills, newest first.
    pub async fn backfills(&self) -> Result<Vec<(Backfill, JobTotals)>, StoreError> {
        Ok(self.inner.catalog.backfills().await?)
    }

    /// Pauses, resumes or cancels a backfill; gives it as it then stands.
    pub async fn set_backfill(
        &self,
        id: BackfillId,
        status: BackfillStatus,
    ) -> Result<(Backfill, JobTotals), StoreError> {
        self.inner.catalog.set_backfill(id, status, now()).await?;
        self.inner.jobs.fed.notify_one();
        let (backfill, totals) = self.backfill(id).await?;
        if backfill.status == status {
            return Ok((backfill, totals));
        }
        let detail =
            format!("The backfill is {}; only one that is running or paused can change.", backfill.status.name());
        Err(StoreError::new(ErrorCode::Conflict, detail))
    }

    /// Queues jobs of running backfills, as those before are done.
    pub(super) async fn feed_backfills(&self) {
        const CALM: Duration = Duration::from_secs(2);
        const FAULT: Duration = Duration::from_secs(30);
        let Jobs { fed, stop, .. } = &self.inner.jobs;
        while !stop.is_cancelled() {
            let pause = match self.feed().await {
                Ok(true) => continue,
                Ok(false) => CALM,
                Err(error) => {
                    log::warn!("backfills do not go on for a while: {error}");
                    FAULT
                }
            };
            self.inner.jobs.rest(fed, pause).await;
        }
    }

    /// One round over the running backfills; tells whether one of them took a step and may take another.
    async fn feed(&self) -> Result<bool, StoreError> {
        let mut moved = false;
        for (backfill, totals) in self.inner.catalog.backfills().await? {
            if backfill.status != BackfillStatus::Running || totals.active() >= AHEAD {
                continue;
            }
            let queued = self.inner.catalog.advance_backfill(backfill.id, TOGETHER, now()).await?;
            if queued > 0 {
                self.inner.jobs.wake();
            }
            moved = true;
        }
        Ok(moved)
    }
}
