//! Statements for whichever database it is. Each is prepared once for a connection, and its rows are read as that database has them.

use std::fmt::{Display, Write};
use std::marker::PhantomData;

use futures::future;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow, Postgres, SqlSafeStr, SqlStr, Sqlite};

use super::connection::{On, Pool};
use super::dialect::{Dialect, Words};
use super::value::{Bind, Value, arguments};
use crate::ports::CatalogError;

/// What can be read of a row of either database.
pub(super) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
{
}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static> Row for T {}

/// The text of a statement.
pub(super) enum Text {
    Same(&'static str),
    Words(Words),
    Built(String),
}

impl Text {
    fn of(self, dialect: Dialect) -> SqlStr {
        match self {
            Self::Same(text) => text.into_sql_str(),
            Self::Words(words) => words.of(dialect).into_sql_str(),
            // Values are bound, and never part of the text.
            Self::Built(text) => AssertSqlSafe(text).into_sql_str(),
        }
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::Same(text)
    }
}

/// A statement whose rows do not matter.
pub(super) fn query<'q>(text: impl Into<Text>) -> Query<'q> {
    Query { text: text.into(), values: Vec::new() }
}

/// A statement whose rows are `T`s.
pub(super) fn query_as<'q, T: Row>(text: impl Into<Text>) -> QueryAs<'q, T> {
    query(text).rows()
}

/// A statement whose rows have one column.
pub(super) fn query_scalar<'q, T>(text: impl Into<Text>) -> QueryScalar<'q, T>
where
    (T,): Row,
{
    QueryScalar(query_as(text))
}

/// See [`query`].
pub(super) struct Query<'q> {
    text: Text,
    values: Vec<Value<'q>>,
}

impl<'q> Query<'q> {
    /// The value of the next parameter.
    pub(super) fn bind(mut self, value: impl Bind<'q>) -> Self {
        self.values.push(value.value());
        self
    }

    /// Carries it out; gives how many rows it changed.
    pub(super) async fn execute(self, on: impl Into<On<'_>>) -> Result<u64, CatalogError> {
        match on.into() {
            On::SqlitePool(pool) => Ok(self.sqlite()?.execute(pool).await?.rows_affected()),
            On::Sqlite(connection) => Ok(self.sqlite()?.execute(connection).await?.rows_affected()),
            On::PostgresPool(pool, presence) => {
                let mut connection = presence.acquire(pool).await?;
                let answer = presence.answer(self.postgres()?.execute(&mut *connection)).await;
                give_back(connection, &answer);
                Ok(answer?.rows_affected())
            }
            On::Postgres(connection, presence) => {
                Ok(presence.answer(self.postgres()?.execute(connection)).await?.rows_affected())
            }
        }
    }

    fn rows<T: Row>(self) -> QueryAs<'q, T> {
        QueryAs { inner: self, row: PhantomData }
    }

    fn sqlite(self) -> Result<sqlx::query::Query<'static, Sqlite, SqliteArguments>, sqlx::Error> {
        Ok(sqlx::query_with(self.text.of(Dialect::Sqlite), arguments(self.values)?))
    }

    fn postgres(self) -> Result<sqlx::query::Query<'static, Postgres, PgArguments>, sqlx::Error> {
        Ok(sqlx::query_with(self.text.of(Dialect::Postgres), arguments(self.values)?))
    }
}

/// A connection whose server went away is not waited for.
fn give_back<T>(mut connection: PoolConnection<Postgres>, answer: &Result<T, CatalogError>) {
    if matches!(answer, Err(CatalogError::Unavailable(_))) {
        connection.close_on_drop();
    }
}

/// See [`query_as`].
pub(super) struct QueryAs<'q, T> {
    inner: Query<'q>,
    row: PhantomData<fn() -> T>,
}

/// Fetches by the method of that name of the driver's own query.
macro_rules! fetch {
    ($query:ident, $on:ident, $method:ident) => {
        match $on.into() {
            On::SqlitePool(pool) => Ok($query.sqlite()?.$method(pool).await?),
            On::Sqlite(connection) => Ok($query.sqlite()?.$method(connection).await?),
            On::PostgresPool(pool, presence) => {
                let mut connection = presence.acquire(pool).await?;
                let answer = presence.answer($query.postgres()?.$method(&mut *connection)).await;
                give_back(connection, &answer);
                answer
            }
            On::Postgres(connection, presence) => presence.answer($query.postgres()?.$method(connection)).await,
        }
    };
}

impl<'q, T: Row> QueryAs<'q, T> {
    /// The value of the next parameter.
    pub(super) fn bind(self, value: impl Bind<'q>) -> Self {
        Self { inner: self.inner.bind(value), ..self }
    }

    /// The only row.
    pub(super) async fn fetch_one(self, on: impl Into<On<'_>>) -> Result<T, CatalogError> {
        fetch!(self, on, fetch_one)
    }

    /// The first row, if there is one.
    pub(super) async fn fetch_optional(self, on: impl Into<On<'_>>) -> Result<Option<T>, CatalogError> {
        fetch!(self, on, fetch_optional)
    }

    /// Every row.
    pub(super) async fn fetch_all(self, on: impl Into<On<'_>>) -> Result<Vec<T>, CatalogError> {
        fetch!(self, on, fetch_all)
    }

    /// One row after the other, for more than memory should hold.
    pub(super) fn fetch(self, pool: &Pool) -> BoxStream<'_, Result<T, CatalogError>> {
        let rows = match pool {
            Pool::Sqlite(pool) => self.sqlite().map(|query| query.fetch(pool)),
            Pool::Postgres(pool, presence) => match presence.absence() {
                None => self.postgres().map(|query| query.fetch(pool)),
                Some(gone) => return futures::stream::once(future::ready(Err(gone))).boxed(),
            },
        };
        match rows {
            Ok(rows) => rows.map_err(CatalogError::from).boxed(),
            Err(error) => futures::stream::once(future::ready(Err(error.into()))).boxed(),
        }
    }

    fn sqlite(self) -> Result<sqlx::query::QueryAs<'static, Sqlite, T, SqliteArguments>, sqlx::Error> {
        Ok(sqlx::query_as_with(self.inner.text.of(Dialect::Sqlite), arguments(self.inner.values)?))
    }

    fn postgres(self) -> Result<sqlx::query::QueryAs<'static, Postgres, T, PgArguments>, sqlx::Error> {
        Ok(sqlx::query_as_with(self.inner.text.of(Dialect::Postgres), arguments(self.inner.values)?))
    }
}

/// See [`query_scalar`].
pub(super) struct QueryScalar<'q, T>(QueryAs<'q, (T,)>);

impl<'q, T> QueryScalar<'q, T>
where
    (T,): Row,
{
    /// The value of the next parameter.
    pub(super) fn bind(self, value: impl Bind<'q>) -> Self {
        Self(self.0.bind(value))
    }

    /// The value of the only row.
    pub(super) async fn fetch_one(self, on: impl Into<On<'_>>) -> Result<T, CatalogError> {
        self.0.fetch_one(on).await.map(|(value,)| value)
    }

    /// The value of the first row, if there is one.
    pub(super) async fn fetch_optional(self, on: impl Into<On<'_>>) -> Result<Option<T>, CatalogError> {
        Ok(self.0.fetch_optional(on).await?.map(|(value,)| value))
    }

    /// The value of every row.
    pub(super) async fn fetch_all(self, on: impl Into<On<'_>>) -> Result<Vec<T>, CatalogError> {
        Ok(self.0.fetch_all(on).await?.into_iter().map(|(value,)| value).collect())
    }
}

/// A statement that is put together.
pub(super) struct QueryBuilder<'q> {
    text: String,
    values: Vec<Value<'q>>,
}

impl<'q> QueryBuilder<'q> {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Goes on with this text, which no client has a say in.
    pub(super) fn push(&mut self, text: impl Display) -> &mut Self {
        // Writing to a string does not fail.
        let _ = write!(self.text, "{text}");
        self
    }

    /// Goes on with a parameter of this value.
    pub(super) fn push_bind(&mut self, value: impl Bind<'q>) -> &mut Self {
        self.values.push(value.value());
        let _ = write!(self.text, "${}", self.values.len());
        self
    }

    /// The statement; the builder is empty afterwards.
    pub(super) fn build(&mut self) -> Query<'q> {
        Query { text: Text::Built(std::mem::take(&mut self.text)), values: std::mem::take(&mut self.values) }
    }

    /// The same with rows.
    pub(super) fn build_query_as<T: Row>(&mut self) -> QueryAs<'q, T> {
        self.build().rows()
    }

    /// The same with rows of one column.
    pub(super) fn build_query_scalar<T>(&mut self) -> QueryScalar<'q, T>
    where
        (T,): Row,
    {
        QueryScalar(self.build_query_as())
    }
}
