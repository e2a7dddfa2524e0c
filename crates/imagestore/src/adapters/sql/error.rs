//! What an error of a database means.

use sqlx::error::DatabaseError;

use crate::ports::CatalogError;

impl From<sqlx::Error> for CatalogError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(told) if is_full(&**told) => Self::Full(error.into()),
            sqlx::Error::Database(told) if is_passing(&**told) => Self::Unavailable(error.into()),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut => Self::Unavailable(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}

/// `SQLITE_FULL`, or that of `PostgreSQL`, `disk_full`.
fn is_full(error: &dyn DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("13" | "53100"))
}

/// Whether the statement was all right and the server was not: codes of `PostgreSQL`, which have five characters
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn is_passing(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    match &*code {
        // Cannot be serialised, deadlock, lock not available, cancelled by a time limit, a server that only reads.
        "40001" | "40P01" | "55P03" | "57014" | "25006" | "25P03" => true,
        // Connections, logging in, the database's name, resources, an operator.
        _ => code.len() == 5 && ["08", "28", "3D", "53", "57P"].iter().any(|class| code.starts_with(class)),
    }
}

/// Whether a transaction that failed so had no effect, and may well succeed when it is made once more.
pub(super) fn is_worth_another_try(error: &CatalogError) -> bool {
    let CatalogError::Unavailable(cause) = error else { return false };
    match cause.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::Io(_)) => true,
        Some(sqlx::Error::Database(told)) => {
            let code = told.code().unwrap_or_default();
            ["40001", "40P01", "57P", "08", "25P03"].iter().any(|class| code.starts_with(class))
        }
        _ => false,
    }
}
