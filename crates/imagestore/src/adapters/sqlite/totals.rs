//! The counters that the triggers of `0003_totals.sql` keep.

use sqlx::SqlitePool;

use super::rows;
use crate::domain::Totals;
use crate::ports::CatalogError;

pub(super) async fn read(pool: &SqlitePool) -> Result<Totals, CatalogError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as("SELECT of, number, bytes FROM totals").fetch_all(pool).await?;
    let mut totals = Totals::default();
    for (of, number, bytes) in rows {
        let (number, bytes) = (rows::unsigned(number)?, rows::unsigned(bytes)?);
        match of.as_str() {
            "images" => totals.images = number,
            "originals" => (totals.originals, totals.original_bytes) = (number, bytes),
            "variants" => (totals.variants, totals.variant_bytes) = (number, bytes),
            "pending" => totals.masters.pending = number,
            "done" => (totals.masters.done, totals.masters.bytes) = (number, bytes),
            "not-worth-it" => totals.masters.not_worth_it = number,
            "failed" => totals.masters.failed = number,
            _ => return Err(rows::unreadable("total")),
        }
    }
    Ok(totals)
}
