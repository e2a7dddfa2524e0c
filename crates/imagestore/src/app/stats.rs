//! How much there is, and what each day has brought.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::Services;
use super::upload::now;
use crate::domain::{Caller, DayTotals, Scope, StoreError, Totals};

impl Services {
    /// How many images, variants and masters there are, and their bytes.
    pub async fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.inner.catalog.totals().await?)
    }

    /// The same, for those who may know how much everybody keeps.
    pub async fn stats(&self, caller: &Caller) -> Result<Totals, StoreError> {
        caller.require(Scope::Admin)?;
        self.totals().await
    }

    /// What each of the last so many days has brought, the present one included, oldest first.
    pub async fn history(&self, caller: &Caller, days: u32) -> Result<Vec<DayTotals>, StoreError> {
        caller.require(Scope::Admin)?;
        let today = now().to_zoned(TimeZone::UTC).date();
        let first = today.checked_sub((i64::from(days) - 1).days()).map_err(StoreError::internal)?;
        let known = self.inner.catalog.days(first).await?;
        let mut known: HashMap<_, _> = known.into_iter().map(|totals| (totals.day, totals)).collect();
        let all = first.series(1.day()).take_while(|day| *day <= today);
        Ok(all.map(|day| known.remove(&day).unwrap_or_else(|| DayTotals::quiet(day))).collect())
    }

    /// How many pieces of work on pixels wait or run.
    pub fn work(&self) -> usize {
        self.inner.cpu.present()
    }
}
