//! The counters that the triggers of `0003_totals.sql` and `0004_jobs.sql` keep.

use shared_types::job::JobStatus;

use super::connection::Pool;
use super::query::query_as;
use super::rows;
use crate::domain::{Saved, Share, Totals};
use crate::ports::CatalogError;

pub(super) async fn read(pool: &Pool) -> Result<Totals, CatalogError> {
    let rows: Vec<(String, i64, i64)> = query_as("SELECT of, number, bytes FROM totals").fetch_all(pool).await?;
    let mut totals = Totals::default();
    for (of, number, bytes) in rows {
        if of == "saved" {
            totals.saved = Saved { variants: rows::unsigned(number)?, bytes };
            continue;
        }
        let (number, bytes) = (rows::unsigned(number)?, rows::unsigned(bytes)?);
        let share = Share { count: number, bytes };
        match of.split_once('-') {
            Some(("original", format)) => drop(totals.original_formats.insert(format.to_owned(), share)),
            Some(("variant", format)) => drop(totals.variant_formats.insert(format.to_owned(), share)),
            Some(("job", status)) => {
                let status: JobStatus = status.parse().map_err(|_| rows::unreadable("total"))?;
                *totals.jobs.of_mut(status) = number;
            }
            _ => match of.as_str() {
                "images" => totals.images = number,
                "originals" => (totals.originals, totals.original_bytes) = (number, bytes),
                "variants" => (totals.variants, totals.variant_bytes) = (number, bytes),
                "pending" => totals.masters.pending = number,
                "done" => (totals.masters.done, totals.masters.bytes) = (number, bytes),
                "not-worth-it" => totals.masters.not_worth_it = number,
                "failed" => totals.masters.failed = number,
                "deleted" => totals.deleted = share,
                "made" => totals.made = share,
                "evicted" => totals.evicted = share,
                _ => return Err(rows::unreadable("total")),
            },
        }
    }
    totals.original_formats.retain(|_, share| share.count > 0);
    totals.variant_formats.retain(|_, share| share.count > 0);
    Ok(totals)
}
