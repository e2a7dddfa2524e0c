//! One table, in a file and on a server.

use std::collections::BTreeMap;

use anyhow::ensure;
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, QueryBuilder, Sqlite, SqliteConnection};

use super::rows::{self, Kind, Value};

/// Rows that are compared together, which are held in memory twice.
const TOGETHER: usize = 2000;
/// A statement has at most so many parameters.
const PARAMETERS: usize = 30_000;

type Rows = BTreeMap<Vec<Value>, Vec<Value>>;

/// A table. Its columns are in the same order everywhere: first the key, by which rows are in order, then the others.
pub(super) struct Table {
    name: &'static str,
    columns: Vec<String>,
    kinds: Vec<Kind>,
    key: usize,
}

impl Table {
    pub(super) async fn open(
        name: &'static str,
        source: &mut SqliteConnection,
        target: &mut PgConnection,
    ) -> anyhow::Result<Self> {
        let mut columns: Vec<(String, i64)> = sqlx::query_as("SELECT name, pk FROM pragma_table_info($1) ORDER BY cid")
            .bind(name)
            .fetch_all(source)
            .await?;
        columns.sort_by_key(|(_, place)| if *place == 0 { i64::MAX } else { *place });
        let key = columns.iter().filter(|(_, place)| *place > 0).count();
        ensure!(key > 0, "it has no key");
        let typed: Vec<(String, String)> = sqlx::query_as(
            "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1",
        )
        .bind(name)
        .fetch_all(target)
        .await?;
        let typed: BTreeMap<String, String> = typed.into_iter().collect();
        let columns: Vec<String> = columns.into_iter().map(|(column, _)| column).collect();
        let kinds = columns.iter().map(|column| Kind::of(typed.get(column).map_or("", String::as_str)));
        Ok(Self { name, kinds: kinds.collect::<Result<_, _>>()?, columns, key })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) async fn count(&self, source: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {}", self.name))).fetch_one(source).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Removes what is gone from the file, or differs; tells how many rows that were.
    pub(super) async fn remove(&self, source: &mut SqliteConnection, target: &mut PgConnection) -> anyhow::Result<u64> {
        let mut removed = 0;
        let mut pieces = Pieces::new(self);
        while let Some((there, here)) = pieces.next(source, target).await? {
            let gone: Vec<_> = here.iter().filter(|(key, row)| there.get(*key) != Some(*row)).collect();
            let mut tx = target.begin().await?;
            for (key, _) in &gone {
                let mut query = QueryBuilder::new(format!("DELETE FROM {} WHERE (", self.name));
                self.push_key(&mut query, key)?;
                query.build().execute(&mut *tx).await?;
            }
            tx.commit().await?;
            removed += gone.len() as u64;
        }
        Ok(removed)
    }

    /// Adds what is missing on the server; tells how many rows that were.
    pub(super) async fn add(
        &self,
        source: &mut SqliteConnection,
        target: &mut PgConnection,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> anyhow::Result<u64> {
        let mut added = 0;
        let mut pieces = Pieces::new(self);
        while let Some((there, here)) = pieces.next(source, target).await? {
            let missing: Vec<_> =
                there.iter().filter(|(key, _)| !here.contains_key(*key)).map(|(_, row)| row).collect();
            let mut tx = target.begin().await?;
            for some in missing.chunks(PARAMETERS / self.columns.len()) {
                self.insert(some)?.build().execute(&mut *tx).await?;
            }
            tx.commit().await?;
            added += missing.len() as u64;
            progress(there.len() as u64);
        }
        Ok(added)
    }

    /// How many rows are not the same in both.
    pub(super) async fn differences(
        &self,
        source: &mut SqliteConnection,
        target: &mut PgConnection,
    ) -> anyhow::Result<usize> {
        let mut differ = 0;
        let mut pieces = Pieces::new(self);
        while let Some((there, here)) = pieces.next(source, target).await? {
            differ += there.iter().filter(|(key, row)| here.get(*key) != Some(*row)).count();
            differ += here.keys().filter(|key| !there.contains_key(*key)).count();
        }
        Ok(differ)
    }

    /// Numbers that the server gives out go on behind those that are there.
    pub(super) async fn set_counter(&self, target: &mut PgConnection) -> Result<(), sqlx::Error> {
        let counted: Vec<String> = sqlx::query_scalar(
            "SELECT column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'YES'",
        )
        .bind(self.name)
        .fetch_all(&mut *target)
        .await?;
        for column in counted {
            let (table, set) = (self.name, "setval(pg_get_serial_sequence($1, $2)");
            let set = format!("SELECT {set}, (SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)");
            sqlx::query(AssertSqlSafe(set)).bind(table).bind(&column).execute(&mut *target).await?;
        }
        Ok(())
    }

    fn insert(&self, rows: &[&Vec<Value>]) -> anyhow::Result<QueryBuilder<Postgres>> {
        let columns = self.columns.join(", ");
        let mut query =
            QueryBuilder::new(format!("INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE VALUES ", self.name));
        for (number, row) in rows.iter().enumerate() {
            query.push(if number == 0 { "(" } else { ", (" });
            self.push_values(&mut query, row)?;
        }
        Ok(query)
    }

    /// Goes on with `key, columns) = (values)`.
    fn push_key(&self, query: &mut QueryBuilder<Postgres>, key: &[Value]) -> anyhow::Result<()> {
        query.push(self.key_columns()).push(") = (");
        self.push_values(query, key)
    }

    /// Goes on with `values)`, which are those of the first columns.
    fn push_values(&self, query: &mut QueryBuilder<Postgres>, values: &[Value]) -> anyhow::Result<()> {
        for (index, (kind, value)) in self.kinds.iter().zip(values).enumerate() {
            if index > 0 {
                query.push(", ");
            }
            rows::bind_to_server(query, *kind, value)?;
        }
        query.push(")");
        Ok(())
    }

    fn key_columns(&self) -> String {
        self.columns[..self.key].join(", ")
    }

    fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.columns.join(", "), self.name)
    }

    fn keyed(&self, row: Vec<Value>) -> (Vec<Value>, Vec<Value>) {
        (row[..self.key].to_vec(), row)
    }

    async fn of_file(&self, source: &mut SqliteConnection, after: Option<&[Value]>) -> anyhow::Result<Rows> {
        let mut query = QueryBuilder::<Sqlite>::new(self.select());
        if let Some(after) = after {
            query.push(format!(" WHERE ({}) > (", self.key_columns()));
            for (index, value) in after.iter().enumerate() {
                if index > 0 {
                    query.push(", ");
                }
                rows::bind_to_file(&mut query, value);
            }
            query.push(")");
        }
        query.push(format!(" ORDER BY {} LIMIT {TOGETHER}", self.key_columns()));
        let found: Vec<_> = query.build().fetch(source).try_collect().await?;
        found.iter().map(|row| Ok(self.keyed(rows::of_file(row)?))).collect()
    }

    /// The rows of the server behind `after`, up to `last`.
    async fn of_server(
        &self,
        target: &mut PgConnection,
        after: Option<&[Value]>,
        last: Option<&[Value]>,
    ) -> anyhow::Result<Rows> {
        let mut query = QueryBuilder::<Postgres>::new(self.select());
        for (bound, sign, word) in
            [(after, ">", " WHERE"), (last, "<=", if after.is_some() { " AND" } else { " WHERE" })]
        {
            let Some(bound) = bound else { continue };
            query.push(format!("{word} ({}) {sign} (", self.key_columns()));
            self.push_values(&mut query, bound)?;
        }
        query.push(format!(" ORDER BY {}", self.key_columns()));
        if last.is_none() {
            query.push(format!(" LIMIT {TOGETHER}"));
        }
        let found: Vec<_> = query.build().fetch(target).try_collect().await?;
        found.iter().map(|row| Ok(self.keyed(rows::of_server(row, &self.kinds)?))).collect()
    }
}

/// Walks through a table in both places.
struct Pieces<'t> {
    table: &'t Table,
    after: Option<Vec<Value>>,
    /// The file has nothing any more.
    is_past_file: bool,
    is_done: bool,
}

impl<'t> Pieces<'t> {
    fn new(table: &'t Table) -> Self {
        Self { table, after: None, is_past_file: false, is_done: false }
    }

    /// The next rows of the file, and all rows of the server between the same keys; what the server has behind the last row of the file comes
    /// at the end, piece by piece.
    async fn next(
        &mut self,
        source: &mut SqliteConnection,
        target: &mut PgConnection,
    ) -> anyhow::Result<Option<(Rows, Rows)>> {
        if self.is_done {
            return Ok(None);
        }
        let there =
            if self.is_past_file { Rows::new() } else { self.table.of_file(source, self.after.as_deref()).await? };
        self.is_past_file |= there.is_empty();
        let last = there.last_key_value().map(|(key, _)| key.clone());
        let here = self.table.of_server(target, self.after.as_deref(), last.as_deref()).await?;
        self.after = last.or_else(|| here.last_key_value().map(|(key, _)| key.clone()));
        self.is_done = there.is_empty() && here.is_empty();
        Ok((!self.is_done).then_some((there, here)))
    }
}
