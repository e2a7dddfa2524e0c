//! Every statement that the suite has made the catalog carry out, and how `SQLite` goes about it.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

/// What may read a whole table or sort: it is asked for by an operator or at start, or what it reads is small. Each begins like this.
const ALLOWED: &[&str] = &[
    // What was migrated.
    "SELECT version",
    // What a crash left behind, by an index of nothing else.
    "SELECT id FROM uploads WHERE state = 'finishing'",
    "SELECT digest FROM blobs WHERE doomed = 1",
    // fsck.
    "SELECT part_id, bytes, upload_id FROM upload_parts",
    // The variants of one image.
    "SELECT * FROM variants WHERE image_id = $1 ORDER BY",
    // One row for each kind of total.
    "SELECT of, number, bytes FROM totals",
    // One row in all.
    "SELECT owner, handed_out FROM job_turns",
    "UPDATE job_turns",
    // Backfills are few, and looked at together.
    "SELECT * FROM backfills ORDER BY id DESC",
    // An album whose positions have no room left.
    "UPDATE album_images SET position = numbered.number",
    // Sinks are few.
    "SELECT name FROM sinks",
    // All master copies anew.
    "DELETE FROM renditions",
];

/// Statements while this is there.
pub(super) struct Statements {
    seen: Arc<Mutex<BTreeSet<String>>>,
}

impl Statements {
    /// Notes every statement of this process: those of `SQLite` are carried out on threads of their own.
    pub(super) fn watch() -> Self {
        let seen = Arc::<Mutex<BTreeSet<String>>>::default();
        tracing::subscriber::set_global_default(Watcher(Arc::clone(&seen))).unwrap();
        Self { seen }
    }

    /// None of them scans a table that grows, or sorts what it found.
    pub(super) async fn check(self, file: &Path) {
        let seen = self.seen.lock().unwrap().clone();
        assert!(seen.len() > 80, "only {} statements were seen", seen.len());
        let mut catalog = SqliteConnectOptions::new().filename(file).read_only(true).connect().await.unwrap();
        let (mut bad, mut allowed) = (Vec::new(), BTreeSet::new());
        for statement in seen {
            let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
            let is_plain = ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| statement.starts_with(verb));
            if !is_plain {
                continue;
            }
            let explain = format!("EXPLAIN QUERY PLAN {statement}");
            let steps = sqlx::raw_sql(sqlx::AssertSqlSafe(explain)).fetch_all(&mut catalog).await;
            let steps = steps.unwrap_or_else(|error| panic!("{statement}: {error}"));
            let steps: Vec<String> = steps.iter().map(|row| row.get("detail")).collect();
            // A scan that ends with the first rows it finds, in the order of what it scans, is a walk along an index.
            let is_bounded = statement.contains(" LIMIT ");
            let harmless = |step: &str| step == "SCAN CONSTANT ROW" || step.starts_with("SCAN (subquery");
            let slow = |step: &String| {
                let scans = step.starts_with("SCAN ") && !harmless(step) && !is_bounded;
                scans || step.contains("TEMP B-TREE FOR ORDER BY")
            };
            if !steps.iter().any(slow) {
                continue;
            }
            if let Some(known) = ALLOWED.iter().find(|known| statement.starts_with(**known)) {
                allowed.insert(known);
            } else {
                bad.push(format!("{statement}\n    {}", steps.join("\n    ")));
            }
        }
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        assert_eq!(allowed.len(), ALLOWED.len(), "only these need to be allowed: {allowed:?}");
    }
}

struct Watcher(Arc<Mutex<BTreeSet<String>>>);

/// The fields in which a statement is told: whole, unless its summary is the whole already.
#[derive(Default)]
struct Told {
    summary: String,
    statement: String,
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Subscriber for Watcher {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn event(&self, event: &Event<'_>) {
        // Those of other databases are carried out where the test is.
        if !std::thread::current().name().is_some_and(|name| name.starts_with("sqlx-sqlite")) {
            return;
        }
        let mut told = Told::default();
        event.record(&mut told);
        let statement = if told.statement.is_empty() { told.summary } else { told.statement };
        self.0.lock().unwrap().insert(statement.trim().to_owned());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
