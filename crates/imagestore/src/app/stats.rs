//! How much there is.

use super::Services;
use crate::domain::{Caller, Scope, StoreError, Totals};

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

    /// How many pieces of work on pixels wait or run.
    pub fn work(&self) -> usize {
        self.inner.cpu.present()
    }
}
