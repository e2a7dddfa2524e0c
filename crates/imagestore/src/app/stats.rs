//! How much there is.

use super::Services;
use crate::domain::{StoreError, Totals};

impl Services {
    /// How many images, variants and masters there are, and their bytes.
    pub async fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.inner.catalog.totals().await?)
    }

    /// How many pieces of work on pixels wait or run.
    pub fn work(&self) -> usize {
        self.inner.cpu.present()
    }
}
