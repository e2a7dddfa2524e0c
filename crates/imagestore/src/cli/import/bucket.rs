//! The objects of a bucket, by its list: `ListObjectsV2` of the S3 API.
//!
//! Source: Amazon S3 API Reference, `ListObjectsV2`. A presigned address signs its whole query, so it can show its first page and no other.

use futures::{StreamExt, TryStreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use service_kit::exit::Failure;
use shared_types::ErrorCode;
use url::Url;

use super::Items;
use super::sources::{Item, Place};
use crate::app::Services;
use crate::domain::StoreError;

/// What stands in an object's address as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// One page of a list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    /// Keys of objects that have bytes.
    keys: Vec<String>,
    /// What asks for the next page.
    next: Option<String>,
}

/// Every object of the list.
pub(super) fn items(services: Services, url: &str, album_per_folder: bool) -> Result<Items, Failure> {
    let wrong = |error| Failure::Usage(format!("--s3-listing must be a URL: {error}"));
    let mut first = Url::parse(url).map_err(wrong)?;
    let has = |url: &Url, wanted: &str| url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let is_signed = has(&first, "X-Amz-Signature");
    if !is_signed && !has(&first, "list-type") {
        first.query_pairs_mut().append_pair("list-type", "2");
    }
    let (label, list, base) = (url.to_owned(), url.to_owned(), first.clone());
    let pages = stream::try_unfold(Some(first), move |address| {
        let (services, base, list) = (services.clone(), base.clone(), list.clone());
        async move {
            let Some(address) = address else { return Ok(None) };
            let document = services.fetch_document(address.as_str(), None).await?;
            let page = read(&document)?;
            let cut_off = (is_signed && page.next.is_some()).then(|| (list, cut_off()));
            let next = page.next.filter(|_| !is_signed).map(|token| {
                let mut next = base.clone();
                next.query_pairs_mut().append_pair("continuation-token", &token);
                next
            });
            let items = page.keys.iter().map(|key| Ok(item(&base, key, album_per_folder)));
            let items: Vec<_> = items.chain(cut_off.map(Err)).collect();
            Ok::<_, StoreError>(Some((stream::iter(items), next)))
        }
    });
    Ok(pages.map_err(move |error| (label.clone(), error)).try_flatten().boxed())
}

/// What is said behind the last object that a presigned address shows, so that nobody takes the import for complete.
fn cut_off() -> StoreError {
    let detail = "The list goes on, but a presigned address shows its first page alone; sign one with another prefix or start-after.";
    StoreError::new(ErrorCode::BadUpstream, detail)
}

fn item(bucket: &Url, key: &str, album_per_folder: bool) -> Item {
    let mut address = bucket.clone();
    address.set_query(None);
    address.set_path(&format!("{}/{}", bucket.path().trim_end_matches('/'), utf8_percent_encode(key, KEPT)));
    let item = Item::new(key.to_owned(), Place::Url(address.to_string()), false);
    match key.rsplit_once('/') {
        Some((folder, _)) if album_per_folder => item.in_album(folder),
        _ => item,
    }
}

fn read(document: &[u8]) -> Result<Page, StoreError> {
    let wrong = |what: String| StoreError::new(ErrorCode::BadUpstream, format!("That is no list of a bucket: {what}."));
    let text = std::str::from_utf8(document).map_err(|error| wrong(error.to_string()))?;
    let mut reader = Reader::from_str(text);
    let (mut page, mut path, mut value) = (Page::default(), Vec::<String>::new(), String::new());
    let (mut key, mut bytes, mut is_encoded) = (String::new(), 0_u64, false);
    loop {
        match reader.read_event().map_err(|error| wrong(error.to_string()))? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                value.clear();
            }
            Event::Text(text) => value.push_str(&text),
            Event::GeneralRef(reference) => {
                let text = format!("&{};", &*reference);
                value.push_str(&unescape(&text).map_err(|error| wrong(error.to_string()))?);
            }
            Event::End(_) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                match names.as_slice() {
                    ["ListBucketResult", "Contents", "Key"] => key = std::mem::take(&mut value),
                    ["ListBucketResult", "Contents", "Size"] => bytes = value.trim().parse().unwrap_or_default(),
                    ["ListBucketResult", "Contents"] if bytes > 0 => page.keys.push(std::mem::take(&mut key)),
                    ["ListBucketResult", "NextContinuationToken"] => page.next = Some(std::mem::take(&mut value)),
                    ["ListBucketResult", "EncodingType"] => is_encoded = value.trim() == "url",
                    ["ListBucketResult"] => break,
                    _ => {}
                }
                path.pop();
            }
            Event::Eof => return Err(wrong("it has no ListBucketResult".to_owned())),
            _ => {}
        }
    }
    if is_encoded {
        let plain = |key: &String| percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned();
        page.keys = page.keys.iter().map(plain).collect();
    }
    Ok(page)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read() {
        let page = read(
            br#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
            <EncodingType>url</EncodingType><Contents><Key>a/b+c%26d.png</Key><Size>3</Size><Owner><ID>x</ID></Owner></Contents>
            <Contents><Key>a/</Key><Size>0</Size></Contents><NextContinuationToken>1&amp;2</NextContinuationToken></ListBucketResult>"#,
        );
        let expected = Page { keys: vec!["a/b c&d.png".to_owned()], next: Some("1&2".to_owned()) };
        assert_eq!(page.unwrap(), expected);
        for bad in [&b"<html></html>"[..], b"<ListBucketResult>", b"\xff", b"<a></b>", b""] {
            assert!(read(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn an_object_is_beside_its_list() {
        let bucket = Url::parse("https://s3.example.org/photos?list-type=2&prefix=a").unwrap();
        let item = item(&bucket, "a/b c&d?.png", true);
        assert_eq!(item.place, Place::Url("https://s3.example.org/photos/a/b%20c%26d%3F.png".to_owned()));
        assert_eq!(item.name.unwrap().as_str(), "b c&d?.png");
        assert_eq!(item.albums[0].name.as_str(), "a");
    }
}
