//! Work that waits in a table of its own: `original`, `state` and `attempts`.

use shared_types::Digest;

use super::connection::{Connection, Pool};
use super::query::{query, query_as};
use super::rows;
use crate::domain::PendingWork;
use crate::ports::CatalogError;

/// What the query finds first: an original and its attempts.
pub(super) async fn next(pool: &Pool, query: &'static str) -> Result<Option<PendingWork>, CatalogError> {
    let row: Option<(Vec<u8>, i64)> = query_as(query).fetch_optional(pool).await?;
    let work = |(original, attempts): (Vec<u8>, i64)| {
        Ok(PendingWork { original: rows::digest(&original)?, attempts: rows::unsigned(attempts)? })
    };
    row.map(work).transpose()
}

/// Carries out a statement about an original.
pub(super) async fn carry_out(
    tx: &mut Connection<'_>,
    statement: &'static str,
    original: &Digest,
) -> Result<(), CatalogError> {
    query(statement).bind(original.as_bytes().as_slice()).execute(tx).await?;
    Ok(())
}

/// Carries out the update of an original's attempts.
pub(super) async fn set_attempts(
    tx: &mut Connection<'_>,
    update: &'static str,
    original: &Digest,
    attempts: u32,
) -> Result<(), CatalogError> {
    query(update).bind(original.as_bytes().as_slice()).bind(attempts).execute(tx).await?;
    Ok(())
}
