//! What each day has brought, which the triggers of `days.sql` keep.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::connection::Pool;
use super::query::query_as;
use super::rows;
use crate::domain::{DayTotals, Saved, Share};
use crate::ports::CatalogError;

/// Days are counted from here.
const FIRST: Date = date(1970, 1, 1);

pub(super) async fn since(pool: &Pool, first: Date) -> Result<Vec<DayTotals>, CatalogError> {
    let first = first.duration_since(FIRST).as_hours() / 24;
    let rows: Vec<(i64, i64, i64, i64, i64, i64, i64)> = query_as(
        "SELECT day, images, image_bytes, variants, variant_bytes, compressions, bytes_saved FROM days WHERE day >= $1 ORDER BY day",
    )
    .bind(first)
    .fetch_all(pool)
    .await?;
    let totals = rows.into_iter().map(|(day, images, image_bytes, variants, variant_bytes, compressions, bytes)| {
        Ok(DayTotals {
            day: FIRST.checked_add(day.days()).map_err(|_| rows::unreadable("day"))?,
            images: Share { count: rows::unsigned(images)?, bytes: rows::unsigned(image_bytes)? },
            variants: Share { count: rows::unsigned(variants)?, bytes: rows::unsigned(variant_bytes)? },
            saved: Saved { variants: rows::unsigned(compressions)?, bytes },
        })
    });
    totals.collect()
}
