//! Lists of images from afar: walked along by their index, a month at a time where there are months, and no further than buckets are told of.

use std::collections::VecDeque;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use shared_types::ImageId;
use uuid::Uuid;

use super::connection::Pool;
use super::listing::{Walk, first_id};
use super::rows;
use crate::domain::{Bucket, ImageQuery, Position, Sort, TimelineQuery};
use crate::ports::CatalogError;

pub(super) async fn read(pool: &Pool, query: &TimelineQuery) -> Result<(Vec<Bucket>, Option<Position>), CatalogError> {
    let mut list = query.list.clone();
    let mut buckets = Vec::new();
    // What is behind the present month, where there are months.
    let mut behind: Option<ImageQuery> = None;
    let mut month = None;
    // Where the next buckets end, if that is known.
    let mut ends: Option<VecDeque<Position>> = None;
    for round in 0..query.list.limit {
        if list.sort == Sort::Date && behind.is_none() {
            let Some(next) = Walk::of(&list, pool.dialect()).nth(pool, 0).await? else { return Ok((buckets, None)) };
            let present = Month::of(next.id())?;
            behind = Some(ImageQuery { after: Some(present.end(list.descending)), ..list.clone() });
            list = present.part_of(list);
            month = Some((present.first.year(), present.first.month()));
        }
        let walk = Walk::of(&list, pool.dialect());
        let mut known = match ends.take() {
            Some(known) => known,
            None => walk.steps(pool, query.step, query.list.limit - round).await?.into(),
        };
        let end = known.pop_front();
        let count = match &end {
            Some(_) if !walk.looks_for_more() => query.step,
            end => walk.count(pool, end.as_ref()).await?,
        };
        if count > 0 {
            buckets.push(Bucket { after: list.after.clone(), month, count });
        }
        match (end, behind.take()) {
            (Some(end), rest) => {
                list.after = Some(end);
                (behind, ends) = (rest, Some(known));
            }
            (None, Some(rest)) => list = rest,
            (None, None) => return Ok((buckets, None)),
        }
    }
    Ok((buckets, list.after))
}

/// A month in UTC.
struct Month {
    first: Date,
    begin: Timestamp,
    end: Timestamp,
}

impl Month {
    /// That of an upload. Ids have its time.
    fn of(id: ImageId) -> Result<Self, CatalogError> {
        let unreadable = || rows::unreadable("time of an id");
        let millis = i64::try_from(id.as_uuid().as_u128() >> 80).map_err(|_| unreadable())?;
        let time = Timestamp::from_millisecond(millis).map_err(|_| unreadable())?.to_zoned(TimeZone::UTC);
        let first = date(time.year(), time.month(), 1);
        let begins = |day: Date| day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| unreadable());
        let next = first.checked_add(1.month()).map_err(|_| unreadable())?;
        Ok(Self { first, begin: begins(first)?, end: begins(next)? })
    }

    /// Of a list what was uploaded in it.
    fn part_of(&self, mut list: ImageQuery) -> ImageQuery {
        let filter = &mut list.filter;
        filter.since = Some(filter.since.map_or(self.begin, |since| since.max(self.begin)));
        filter.before = Some(filter.before.map_or(self.end, |before| before.min(self.end)));
        list
    }

    /// Behind all of its images, and before all others.
    fn end(&self, descending: bool) -> Position {
        let id = if descending {
            first_id(self.begin.as_millisecond())
        } else {
            Uuid::from_u128(first_id(self.end.as_millisecond()).as_u128().saturating_sub(1))
        };
        Position::Date(id.into())
    }
}
