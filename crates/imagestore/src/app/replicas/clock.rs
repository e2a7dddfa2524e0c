//! What time it is, where processes have to agree on it.

use jiff::Timestamp;

use super::Services;
use crate::app::upload::now;
use crate::ports::CatalogError;

impl Services {
    /// Now, for what other processes compare with their own time: leases of jobs, pauses, who hands out to a sink. One whose clock is
    /// ahead would otherwise end what the others hold.
    pub(in crate::app) async fn agreed_now(&self) -> Result<Timestamp, CatalogError> {
        Ok(self.inner.catalog.time().await?.unwrap_or_else(now))
    }
}
