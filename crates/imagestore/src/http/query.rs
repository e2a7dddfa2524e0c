//! Paths and query strings.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::str::FromStr;

use actix_web::HttpRequest;
use jiff::Timestamp;
use service_kit::http::ApiError;
use shared_types::transform::{ClientHints, FormatChoice, Pairs, Presets};
use shared_types::{ErrorCode, ParseIdError, Transform, TransformError, TransformQuery};

/// Decoded query parameters in the order of the URL.
pub(super) struct Query<'a>(pub(super) Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(super) fn of(request: &'a HttpRequest) -> Self {
        Self::parse(request.query_string())
    }

    /// The parameters of a query as it stands in a URL.
    pub(super) fn parse(query: &'a str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).collect())
    }

    /// Takes out the one parameter of that name.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<String>, TransformError> {
        let mut found = self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value.into_owned());
        let first = found.next();
        if found.next().is_some() {
            return Err(TransformError::new(name, "is given more than once"));
        }
        Ok(first)
    }

    /// How many entries a page has.
    pub(super) fn limit(&mut self, default: u32, most: u32) -> Result<u32, TransformError> {
        Ok(self.number("limit", 1..=most)?.unwrap_or(default))
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, name: &str, bounds: RangeInclusive<u32>) -> Result<Option<u32>, TransformError> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        let wanted = || format!("must be a whole number from {} to {}", bounds.start(), bounds.end());
        number.map(Some).ok_or_else(|| TransformError::new(name, wanted()))
    }

    /// Where a page begins.
    pub(super) fn cursor<T: FromStr>(&mut self) -> Result<Option<T>, TransformError> {
        let cursor = self.take("cursor")?.map(|text| text.parse()).transpose();
        cursor.map_err(|_| TransformError::new("cursor", "must be the `cursor` of an earlier page, unchanged"))
    }

    /// All of a query that asks for a page and nothing else: how many entries, and where it begins.
    pub(super) fn page<T: FromStr>(mut self, default: u32, most: u32) -> Result<(u32, Option<T>), TransformError> {
        let (limit, after) = (self.limit(default, most)?, self.cursor()?);
        self.finish("limit, cursor")?;
        Ok((limit, after))
    }

    /// A value that reads itself from a text.
    pub(super) fn parsed<T: FromStr<Err: ToString>>(&mut self, name: &str) -> Result<Option<T>, TransformError> {
        let value = self.take(name)?.map(|text| text.parse()).transpose();
        value.map_err(|reason: T::Err| TransformError::new(name, reason.to_string()))
    }

    /// A date or a time.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<Timestamp>, TransformError> {
        self.take(name)?.map(|text| time(name, &text)).transpose()
    }

    /// Whether something is wanted: `name`, `name=1` and `name=true` say yes, `0` and `false` no.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, TransformError> {
        match self.take(name)?.as_deref() {
            Some("" | "1" | "true") => Ok(true),
            None | Some("0" | "false") => Ok(false),
            Some(_) => Err(TransformError::new(name, "must be 1 or 0")),
        }
    }

    /// Ends the reading: what is left is not a parameter here.
    pub(super) fn finish(self, known: &str) -> Result<(), TransformError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => {
                Err(TransformError::new(&**name, "is not a parameter; this address takes none"))
            }
            Some((name, _)) => Err(TransformError::new(&**name, format!("is not a parameter; known are {known}"))),
        }
    }
}

/// A time as clients write it, or a date, which begins at midnight in UTC.
pub(super) fn time(name: &str, text: &str) -> Result<Timestamp, TransformError> {
    let midnight = || text.parse::<jiff::civil::Date>().and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
    let time = text.parse().or_else(|_| midnight().map(|zoned| zoned.timestamp()));
    time.map_err(|_| {
        TransformError::new(name, "must be a date such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z")
    })
}

/// A segment of the path, decoded by the router.
pub(super) fn segment<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.match_info().get(name).unwrap_or_default()
}

/// An id of an image, a job or a backfill, as a path or a document names it.
pub(super) fn parse_id<T: FromStr<Err = ParseIdError>>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error| {
        ApiError::new(ErrorCode::InvalidParameter, format!("`id` is malformed: {error}.")).parameter("id")
    })
}

/// Parameters of a transform as they stand in a URL, in their canonical form; presets by `transform=NAME`. The format is said elsewhere.
pub(super) fn transform_text(query: &str, presets: &Presets) -> Result<String, ApiError> {
    let (transform, format) = transform_and_format(query, presets)?;
    match format {
        FormatChoice::Source => Ok(transform.to_string()),
        FormatChoice::Auto | FormatChoice::Fixed(_) => {
            Err(TransformError::new("transform", "must not name a format: say it in `formats`").into())
        }
    }
}

/// The same, and the format that they name.
pub(super) fn transform_and_format(
    query: &str,
    presets: &Presets,
) -> Result<(Transform, FormatChoice), TransformError> {
    let pairs: Pairs<'_> = form_urlencoded::parse(query.as_bytes()).collect();
    let (pairs, _) = presets.expand(pairs, false);
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let parsed = TransformQuery::parse(pairs, ClientHints::default()).map_err(|error| {
        TransformError::new("transform", format!("has a fault: {}", error.sentence().trim_end_matches('.')))
    })?;
    if let Some(name) = parsed.name {
        let reason = format!("names {name}, which is no preset of this store");
        return Err(TransformError::new("transform", reason));
    }
    Ok((parsed.transform, parsed.format))
}
