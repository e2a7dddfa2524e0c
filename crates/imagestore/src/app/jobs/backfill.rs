//! Jobs for every image of a time, queued little by little: a million rows at once would be in the way of everybody else's.

use std::time::Duration;

use jiff::Timestamp;
use shared_types::{BackfillId, ErrorCode};

use super::{Jobs, Services};
use crate::app::upload::now;
use crate::domain::{Backfill, BackfillStatus, Caller, JobTotals, Order, Scope, StoreError};

/// How many jobs of one backfill are queued or under way at most.
const AHEAD: u64 = 256;

/// How many images are looked at in one transaction.
const TOGETHER: u32 = 64;

impl Services {
    /// Begins a backfill.
    pub async fn begin_backfill(
        &self,
        caller: &Caller,
        before: Timestamp,
        order: Order,
    ) -> Result<Backfill, StoreError> {
        caller.require(Scope::Write)?;
        self.check_order(caller, &order).await?;
        let owner = if caller.is_admin() { None } else { caller.owner() };
        let backfill = Backfill {
            id: BackfillId::generate(),
            owner,
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

    /// The backfill and how its jobs stand, if it is the caller's.
    pub async fn backfill(&self, caller: &Caller, id: BackfillId) -> Result<(Backfill, JobTotals), StoreError> {
        self.backfill_for(caller, Scope::Read, id).await
    }

    async fn backfill_for(
        &self,
        caller: &Caller,
        scope: Scope,
        id: BackfillId,
    ) -> Result<(Backfill, JobTotals), StoreError> {
        caller.require(scope)?;
        let found = self.inner.catalog.backfill(id).await?.filter(|(backfill, _)| caller.owns(backfill.owner));
        found.ok_or_else(|| StoreError::new(ErrorCode::NotFound, "No backfill has this id."))
    }

    /// The caller's backfills, newest first.
    pub async fn backfills(&self, caller: &Caller) -> Result<Vec<(Backfill, JobTotals)>, StoreError> {
        caller.require(Scope::Read)?;
        let mut backfills = self.inner.catalog.backfills().await?;
        backfills.retain(|(backfill, _)| caller.owns(backfill.owner));
        Ok(backfills)
    }

    /// Pauses, resumes or cancels a backfill; gives it as it then stands.
    pub async fn set_backfill(
        &self,
        caller: &Caller,
        id: BackfillId,
        status: BackfillStatus,
    ) -> Result<(Backfill, JobTotals), StoreError> {
        self.backfill_for(caller, Scope::Write, id).await?;
        self.inner.catalog.set_backfill(id, status, now()).await?;
        self.inner.jobs.fed.notify_one();
        let (backfill, totals) = self.backfill_for(caller, Scope::Write, id).await?;
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
            self.wait_for_duty().await;
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
