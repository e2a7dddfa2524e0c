//! Where the databases want other words for the same statement. Everything else is said once.

use super::query::Text;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A statement in the words of each database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl Words {
    pub(super) fn of(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

impl From<Words> for Text {
    fn from(words: Words) -> Self {
        Self::Words(words)
    }
}

/// A statement that names the indexes by which `SQLite` is to go: `hinted!("UPDATE jobs", [jobs_leased] " SET …")`. `PostgreSQL` knows
/// from its figures which rows are few, and has no word for it.
macro_rules! hinted {
    ($start:literal $(, [$index:ident] $rest:literal)*) => {
        $crate::adapters::sql::dialect::Words {
            sqlite: concat!($start $(, " INDEXED BY ", stringify!($index), $rest)*),
            postgres: concat!($start $(, $rest)*),
        }
    };
}
pub(super) use hinted;

/// A join that `SQLite` carries out in the order in which it is written. `PostgreSQL` takes the order that reads the least.
pub(super) const ORDERED_JOIN: Words = Words { sqlite: "CROSS JOIN", postgres: "JOIN" };

/// Undelivered messages in the order of the changes: `$1` are taken. Ids are in that order where one process writes; where several do, their
/// clocks differ, and a number tells it that is given out while nobody else writes.
pub(super) const UNDELIVERED: Words = Words {
    sqlite: "SELECT id, topic, key, body, created_us FROM outbox WHERE delivered_us IS NULL ORDER BY id LIMIT $1",
    postgres: "SELECT id, topic, key, body, created_us FROM outbox WHERE delivered_us IS NULL ORDER BY number LIMIT $1",
};

/// Notes that all messages up to `$1` were delivered.
pub(super) const DELIVERED: Words = Words {
    sqlite: "UPDATE outbox SET delivered_us = $2 WHERE delivered_us IS NULL AND id <= $1",
    postgres: "UPDATE outbox SET delivered_us = $2 WHERE delivered_us IS NULL AND number <= (SELECT number FROM outbox WHERE id = $1)",
};

/// A statement with the database's own time, in microseconds since 1970, between its parts.
macro_rules! by_clock {
    ($start:literal $(, $rest:literal)+) => {
        $crate::adapters::sql::dialect::Words {
            sqlite: concat!($start $(, "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)", $rest)+),
            postgres: concat!($start $(, "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)", $rest)+),
        }
    };
}
pub(super) use by_clock;
