//! Lists of images: every list is a walk along one index, from where the page before ended.
//!
//! What no index knows of is looked for along the way, and the way of one page is bounded: a page may have fewer entries than it could,
//! even none, and still another one behind it. So a rare kind of image among millions costs many short pages and no long one.

use uuid::Uuid;

use super::connection::Pool;
use super::dialect::{Dialect, ORDERED_JOIN};
use super::images::{self, ImageRow};
use super::query::QueryBuilder;
use super::rows;
use crate::domain::{Image, ImageFilter, ImageQuery, Position, Sort, Tag, Visibility, Whose};
use crate::ports::CatalogError;

/// How many rows are looked at for one page at most.
const LOOKED_AT: u32 = 5000;

type Sql = QueryBuilder<'static>;

pub(super) async fn page(pool: &Pool, query: &ImageQuery) -> Result<(Vec<Image>, Option<Position>), CatalogError> {
    let walk = Walk::of(query, pool.dialect());
    // The last row that is looked at for this page, if there are so many.
    let end = if walk.looks_for_more() { walk.nth(pool, LOOKED_AT - 1).await? } else { None };
    let mut sql = walk.sql("images.*");
    walk.behind(&mut sql, query.after.as_ref(), query.descending);
    if let Some(end) = &end {
        walk.up_to(&mut sql, end);
    }
    walk.residual(&mut sql);
    walk.order(&mut sql);
    // One more than asked for tells whether there is a next page.
    sql.push(" LIMIT ").push_bind(query.limit + 1);
    let rows: Vec<ImageRow> = sql.build_query_as().fetch_all(pool).await?;
    let mut images = rows.into_iter().map(Image::try_from).collect::<Result<Vec<_>, _>>()?;
    if images.len() > query.limit as usize {
        images.truncate(query.limit as usize);
        let next = images.last().map(|image| Position::of(image, query.sort));
        return Ok((images, next));
    }
    Ok((images, end))
}

pub(super) async fn position(
    pool: &Pool,
    whose: Whose,
    tag: Option<&Tag>,
    index: u32,
) -> Result<Option<Position>, CatalogError> {
    let filter = ImageFilter { tag: tag.cloned(), ..ImageFilter::default() };
    let query = ImageQuery { whose, filter, sort: Sort::Date, descending: false, after: None, limit: 1 };
    Walk::of(&query, pool.dialect()).nth(pool, index).await
}

/// One index and the part of it that is walked along.
pub(super) struct Walk<'a> {
    query: &'a ImageQuery,
    dialect: Dialect,
    /// Whether the rows of the tag are walked along, and not those of images.
    by_tag: bool,
    /// Whether the index has the format in it.
    by_format: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn of(query: &'a ImageQuery, dialect: Dialect) -> Self {
        let by_tag = query.sort == Sort::Date && query.filter.tag.is_some();
        let is_owned = query.whose != Whose::Anybody;
        let by_format = !by_tag && is_owned && query.sort == Sort::Date && query.filter.format.is_some();
        Self { query, dialect, by_tag, by_format }
    }

    fn filter(&self) -> &ImageFilter {
        &self.query.filter
    }

    /// Whether the index alone does not tell which rows are wanted.
    pub(super) fn looks_for_more(&self) -> bool {
        let ImageFilter { visibility, format, tag, name, min_bytes, max_bytes, since, before } = self.filter();
        let sort = self.query.sort;
        (visibility.is_some() && !self.by_visibility())
            || (format.is_some() && !self.by_format)
            || (tag.is_some() && !self.by_tag)
            || (name.is_some() && sort != Sort::Name)
            || ((min_bytes.is_some() || max_bytes.is_some()) && sort != Sort::Bytes)
            || ((since.is_some() || before.is_some()) && sort != Sort::Date)
    }

    /// There is an index of all public images.
    fn by_visibility(&self) -> bool {
        let is_public = self.filter().visibility == Some(Visibility::Public);
        is_public && self.query.whose == Whose::Anybody && !self.by_tag
    }

    fn id(&self) -> &'static str {
        if self.by_tag { "image_tags.image_id" } else { "images.id" }
    }

    /// The column that is sorted by before the id.
    fn key(&self) -> Option<&'static str> {
        match self.query.sort {
            Sort::Date => None,
            Sort::Name => Some("images.name_key"),
            Sort::Bytes => Some("images.bytes"),
        }
    }

    /// The beginning of a query, up to what the index has.
    fn sql(&self, columns: &str) -> Sql {
        self.sql_within("SELECT ", columns)
    }

    /// The same behind the beginning of a query that it stands in.
    fn sql_within(&self, before: &str, columns: &str) -> Sql {
        let mut sql = Sql::new(before);
        sql.push(columns);
        if let (true, Some(tag)) = (self.by_tag, &self.filter().tag) {
            sql.push(" FROM image_tags ").push(ORDERED_JOIN.of(self.dialect)).push(" images");
            sql.push(" ON images.id = image_tags.image_id WHERE image_tags.tag = ").push_bind(tag.as_str().to_owned());
            let owner = match self.query.whose {
                Whose::Anybody => None,
                Whose::Nobody => Some(None),
                Whose::User(user) => Some(Some(user)),
            };
            if let Some(owner) = owner {
                sql.push(" AND image_tags.owner = ").push_bind(images::tag_owner(owner));
            }
        } else {
            sql.push(" FROM images WHERE images.deleted_us IS NULL");
            match self.query.whose {
                Whose::Anybody => {}
                Whose::Nobody => drop(sql.push(" AND images.owner IS NULL")),
                Whose::User(user) => drop(sql.push(" AND images.owner = ").push_bind(user.as_uuid())),
            }
            if self.by_visibility() {
                // Written out: only so the index of public images is found.
                sql.push(" AND images.visibility = 'public'");
            }
        }
        if let (true, Some(format)) = (self.by_format, self.filter().format) {
            sql.push(" AND images.format = ").push_bind(format.extension());
        }
        self.range(&mut sql);
        sql
    }

    /// The part of the index that the filter leaves.
    fn range(&self, sql: &mut Sql) {
        let ImageFilter { name, min_bytes, max_bytes, since, before, .. } = self.filter();
        match self.query.sort {
            Sort::Date => {
                for (operator, time) in [(" >= ", since), (" < ", before)] {
                    if let Some(time) = time {
                        sql.push(" AND ").push(self.id()).push(operator).push_bind(first_id(time.as_millisecond()));
                    }
                }
            }
            Sort::Name => {
                if let Some(name) = name {
                    begins_with(sql, "images.name_key", name);
                }
            }
            Sort::Bytes => between(sql, "images.bytes", *min_bytes, *max_bytes),
        }
    }

    /// What is looked for along the way. Columns are spelled as expressions (`|| ''`, `+ 0`), which no index knows: the planner would take
    /// an index of theirs, and sort what it finds there.
    fn residual(&self, sql: &mut Sql) {
        let ImageFilter { visibility, format, tag, name, min_bytes, max_bytes, since, before } = self.filter();
        if let Some(visibility) = visibility.filter(|_| !self.by_visibility()) {
            sql.push(" AND images.visibility = ").push_bind(visibility.name());
        }
        if let Some(format) = format.filter(|_| !self.by_format) {
            sql.push(" AND images.format || '' = ").push_bind(format.extension());
        }
        if let Some(tag) = tag.as_ref().filter(|_| !self.by_tag) {
            sql.push(" AND EXISTS (SELECT 1 FROM image_tags WHERE image_id = images.id AND tag = ");
            sql.push_bind(tag.as_str().to_owned()).push(")");
        }
        if let Some(name) = name.as_ref().filter(|_| self.query.sort != Sort::Name) {
            begins_with(sql, "images.name_key || ''", name);
        }
        if self.query.sort != Sort::Bytes {
            between(sql, "images.bytes + 0", *min_bytes, *max_bytes);
        }
        if self.query.sort != Sort::Date {
            for (operator, time) in [(" >= ", since), (" < ", before)] {
                if let Some(time) = time {
                    sql.push(" AND images.created_us").push(operator).push_bind(time.as_microsecond());
                }
            }
        }
    }

    /// Only what comes behind a position.
    fn behind(&self, sql: &mut Sql, position: Option<&Position>, descending: bool) {
        if let Some(position) = position {
            self.compare(sql, if descending { " < " } else { " > " }, position);
        }
    }

    /// Only what does not come behind a position.
    fn up_to(&self, sql: &mut Sql, position: &Position) {
        self.compare(sql, if self.query.descending { " >= " } else { " <= " }, position);
    }

    fn compare(&self, sql: &mut Sql, operator: &str, position: &Position) {
        let id = position.id().as_uuid();
        match (self.key(), position) {
            (Some(key), Position::Name(name, _)) => {
                sql.push(format_args!(" AND ({key}, images.id){operator}(")).push_bind(name.clone());
                sql.push(", ").push_bind(id).push(")");
            }
            (Some(key), Position::Bytes(bytes, _)) => {
                sql.push(format_args!(" AND ({key}, images.id){operator}("));
                sql.push_bind(i64::try_from(*bytes).unwrap_or(i64::MAX)).push(", ").push_bind(id).push(")");
            }
            _ => drop(sql.push(" AND ").push(self.id()).push(operator).push_bind(id)),
        }
    }

    fn order(&self, sql: &mut Sql) {
        let direction = if self.query.descending { " DESC" } else { "" };
        sql.push(" ORDER BY ");
        if let Some(key) = self.key() {
            sql.push(format_args!("{key}{direction}, "));
        }
        sql.push(self.id()).push(direction);
    }

    /// Where the row stands that comes so many rows behind the first one of the page, if there are so many.
    pub(super) async fn nth(&self, pool: &Pool, rows: u32) -> Result<Option<Position>, CatalogError> {
        let key = self.key().unwrap_or("''");
        let mut sql = self.sql(&format!("CAST({key} AS TEXT), {}", self.id()));
        self.behind(&mut sql, self.query.after.as_ref(), self.query.descending);
        self.order(&mut sql);
        sql.push(" LIMIT 1 OFFSET ").push_bind(rows);
        let last: Option<(String, Uuid)> = sql.build_query_as().fetch_optional(pool).await?;
        last.map(|(key, id)| self.position(key, id)).transpose()
    }

    fn position(&self, key: String, id: Uuid) -> Result<Position, CatalogError> {
        Ok(match self.query.sort {
            Sort::Date => Position::Date(id.into()),
            Sort::Name => Position::Name(key, id.into()),
            Sort::Bytes => Position::Bytes(key.parse().map_err(|_| rows::unreadable("size"))?, id.into()),
        })
    }
}

impl Walk<'_> {
    /// Where the last row of every so many stands, from the first one of the page on; no more than `most` of them.
    pub(super) async fn steps(&self, pool: &Pool, step: u32, most: u32) -> Result<Vec<Position>, CatalogError> {
        let (id, direction) = (self.id(), if self.query.descending { " DESC" } else { "" });
        let by_key = self.key().map(|key| format!("{key}{direction}, ")).unwrap_or_default();
        let columns = format!(
            "CAST({} AS TEXT) AS sorted_by, {id} AS id, row_number() OVER (ORDER BY {by_key}{id}{direction}) AS number",
            self.key().unwrap_or("''")
        );
        let mut sql = self.sql_within("SELECT sorted_by, id, number FROM (SELECT ", &columns);
        self.behind(&mut sql, self.query.after.as_ref(), self.query.descending);
        sql.push(" LIMIT ").push_bind(i64::from(step) * i64::from(most));
        sql.push(") AS walked WHERE number % ").push_bind(i64::from(step)).push(" = 0");
        let mut rows: Vec<(String, Uuid, i64)> = sql.build_query_as().fetch_all(pool).await?;
        rows.sort_unstable_by_key(|(_, _, number)| *number);
        rows.into_iter().map(|(key, id, _)| self.position(key, id)).collect()
    }

    /// How many of the list's images there are from behind its position up to that one.
    pub(super) async fn count(&self, pool: &Pool, end: Option<&Position>) -> Result<u32, CatalogError> {
        let mut sql = self.sql("count(*)");
        self.behind(&mut sql, self.query.after.as_ref(), self.query.descending);
        if let Some(end) = end {
            self.up_to(&mut sql, end);
        }
        self.residual(&mut sql);
        rows::unsigned(sql.build_query_scalar::<i64>().fetch_one(pool).await?)
    }
}

fn begins_with(sql: &mut Sql, column: &str, name: &str) {
    sql.push(format_args!(" AND {column} >= ")).push_bind(name.to_owned());
    sql.push(format_args!(" AND {column} < ")).push_bind(format!("{name}{}", char::MAX));
}

fn between(sql: &mut Sql, column: &str, min: Option<u64>, max: Option<u64>) {
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    if let Some(min) = min {
        sql.push(format_args!(" AND {column} >= ")).push_bind(signed(min));
    }
    if let Some(max) = max {
        sql.push(format_args!(" AND {column} <= ")).push_bind(signed(max));
    }
}

/// The least id of that millisecond: `UUIDv7` begins with 48 bits of Unix time (RFC 9562, section 5.7).
pub(super) fn first_id(millis: i64) -> Uuid {
    let millis = u128::try_from(millis.max(0)).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}
