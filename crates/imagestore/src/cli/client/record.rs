//! What is told of an image.

use grpc_api::image_v1 as api;
use jiff::Timestamp;
use serde::Serialize;
use service_kit::exit::Failure;

use super::words;

/// An image as one line of JSON, with the names that its record has over HTTP.
#[derive(Serialize)]
struct Record<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    owner: &'a str,
    visibility: &'a str,
    format: &'a str,
    media_type: &'a str,
    width: i32,
    height: i32,
    bytes: u64,
    digest: &'a str,
    animated: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    tags: &'a [String],
    created_at: String,
    /// Of an image that was just uploaded: the file that it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
}

/// The record in one line of JSON; with the file, if it was just uploaded.
pub(super) fn json(image: &api::Image, file: Option<&str>) -> Result<String, Failure> {
    words::json(&Record {
        id: &image.id,
        owner: &image.owner,
        visibility: &image.visibility,
        format: format(image),
        media_type: &image.media_type,
        width: image.width,
        height: image.height,
        bytes: image.size,
        digest: &image.digest,
        animated: image.animated,
        name: &image.name,
        tags: &image.tags,
        created_at: image.uploaded_at.as_ref().map(|time| self::time(time.seconds, time.nanos)).unwrap_or_default(),
        file,
    })
}

/// The record in columns: id, time, format, size in pixels, bytes, name.
pub(super) fn columns(image: &api::Image) -> String {
    let size = format!("{}x{}", image.width, image.height);
    let time = image.uploaded_at.as_ref().map(|time| self::time(time.seconds, 0)).unwrap_or_default();
    let texts = [&*image.id, &*time, format(image), &*image.name].map(words::plain);
    let [id, time, format, name] = &texts;
    format!("{id:36}  {time:20}  {format:6}  {size:>11}  {:>11}  {name}", image.size).trim_end().to_owned()
}

/// What stands above the columns.
pub(super) fn head() -> String {
    format!("{:36}  {:20}  {:6}  {:>11}  {:>11}  name", "id", "date", "format", "size", "bytes")
}

/// RFC 3339 in UTC; empty where it is no time.
pub(super) fn time(seconds: i64, nanos: i32) -> String {
    Timestamp::new(seconds, nanos).map(|time| time.to_string()).unwrap_or_default()
}

fn format(image: &api::Image) -> &str {
    image.format.strip_prefix('.').unwrap_or(&image.format)
}
