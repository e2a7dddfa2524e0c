//! What a row has, whichever database it is in.

use anyhow::bail;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Postgres, QueryBuilder, Row as _, Sqlite, TypeInfo as _, ValueRef as _};
use uuid::Uuid;

/// A value. The order is that of either database, for values of one column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Of what type a column is on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Bool,
    Text,
    Bytes,
    Uuid,
}

impl Kind {
    /// By its name in `information_schema`.
    pub(super) fn of(name: &str) -> anyhow::Result<Self> {
        Ok(match name {
            "bigint" => Self::Integer,
            "boolean" => Self::Bool,
            "text" => Self::Text,
            "bytea" => Self::Bytes,
            "uuid" => Self::Uuid,
            _ => bail!("a column is of the type {name}, which nobody expects"),
        })
    }
}

/// The values of a row of the file.
pub(super) fn of_file(row: &SqliteRow) -> anyhow::Result<Vec<Value>> {
    (0..row.len())
        .map(|index| {
            let value = row.try_get_raw(index)?;
            if value.is_null() {
                return Ok(Value::Null);
            }
            Ok(match value.type_info().name() {
                "INTEGER" | "BOOLEAN" => Value::Integer(row.try_get_unchecked(index)?),
                "TEXT" => Value::Text(row.try_get_unchecked(index)?),
                "BLOB" => Value::Bytes(row.try_get_unchecked(index)?),
                other => bail!("a value is of the type {other}, which nobody expects"),
            })
        })
        .collect()
}

/// The values of a row of the server.
pub(super) fn of_server(row: &PgRow, kinds: &[Kind]) -> Result<Vec<Value>, sqlx::Error> {
    kinds
        .iter()
        .enumerate()
        .map(|(index, kind)| {
            Ok(match kind {
                Kind::Integer => row.try_get::<Option<i64>, _>(index)?.map(Value::Integer),
                Kind::Bool => row.try_get::<Option<bool>, _>(index)?.map(|is| Value::Integer(is.into())),
                Kind::Text => row.try_get::<Option<String>, _>(index)?.map(Value::Text),
                Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index)?.map(Value::Bytes),
                Kind::Uuid => row.try_get::<Option<Uuid>, _>(index)?.map(|id| Value::Bytes(id.as_bytes().to_vec())),
            }
            .unwrap_or(Value::Null))
        })
        .collect()
}

/// Goes on with a parameter of this value, for the file.
pub(super) fn bind_to_file(query: &mut QueryBuilder<Sqlite>, value: &Value) {
    match value {
        Value::Null => query.push_bind(None::<i64>),
        Value::Integer(number) => query.push_bind(*number),
        Value::Text(text) => query.push_bind(text.clone()),
        Value::Bytes(bytes) => query.push_bind(bytes.clone()),
    };
}

/// The same for the server.
pub(super) fn bind_to_server(query: &mut QueryBuilder<Postgres>, kind: Kind, value: &Value) -> anyhow::Result<()> {
    match (kind, value) {
        (Kind::Integer, Value::Null) => query.push_bind(None::<i64>),
        (Kind::Bool, Value::Null) => query.push_bind(None::<bool>),
        (Kind::Text, Value::Null) => query.push_bind(None::<String>),
        (Kind::Bytes, Value::Null) => query.push_bind(None::<Vec<u8>>),
        (Kind::Uuid, Value::Null) => query.push_bind(None::<Uuid>),
        (Kind::Integer, Value::Integer(number)) => query.push_bind(*number),
        (Kind::Bool, Value::Integer(number)) => query.push_bind(*number != 0),
        (Kind::Text, Value::Text(text)) => query.push_bind(text.clone()),
        (Kind::Bytes, Value::Bytes(bytes)) => query.push_bind(bytes.clone()),
        (Kind::Uuid, Value::Bytes(bytes)) => query.push_bind(Uuid::from_slice(bytes)?),
        (kind, value) => bail!("a value {value:?} is in a column of the kind {kind:?}"),
    };
    Ok(())
}
