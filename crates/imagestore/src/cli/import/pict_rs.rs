//! Every original of a pict-rs, by its internal list of hashes.
//!
//! Source: the README of pict-rs 0.5, `GET /internal/hashes`: pages from the newest to the oldest, each with the slug of the next.

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, json};
use service_kit::exit::Failure;
use shared_types::ErrorCode;
use url::Url;

use super::Items;
use super::sources::{Item, Place};
use crate::app::Services;
use crate::domain::{ImageName, Metadata, StoreError};

/// Hashes that are asked for together.
const PAGE: u32 = 100;

#[derive(Debug, Deserialize)]
struct Answer {
    page: Page,
}

#[derive(Debug, Deserialize)]
struct Page {
    next: Option<String>,
    hashes: Vec<Hash>,
}

#[derive(Debug, Deserialize)]
struct Hash {
    hex: String,
    aliases: Vec<String>,
    details: Option<Details>,
}

#[derive(Debug, Deserialize)]
struct Details {
    content_type: Option<String>,
    created_at: Option<Timestamp>,
}

/// Every picture there.
pub(super) fn items(services: Services, url: &str, token: &str) -> Result<Items, Failure> {
    let wrong = |error| Failure::Usage(format!("--pict-rs must be a URL: {error}"));
    let base = Url::parse(url).map_err(wrong)?.to_string().trim_end_matches('/').to_owned();
    let (label, token) = (url.to_owned(), token.to_owned());
    let pages = stream::try_unfold(Some(String::new()), move |slug| {
        let (services, base, token) = (services.clone(), base.clone(), token.clone());
        async move {
            let Some(slug) = slug else { return Ok(None) };
            let address = format!("{base}/internal/hashes?limit={PAGE}{slug}");
            let document = services.fetch_document(&address, Some(("X-Api-Token", &token))).await?;
            let Answer { page } = serde_json::from_slice(&document).map_err(|error| {
                StoreError::new(ErrorCode::BadUpstream, format!("That is no list of a pict-rs: {error}."))
            })?;
            let next = page.next.map(|next| format!("&slug={}", utf8_percent_encode(&next, NON_ALPHANUMERIC)));
            let items: Vec<_> = page.hashes.iter().filter_map(|hash| item(&base, hash)).map(Ok).collect();
            Ok::<_, StoreError>(Some((stream::iter(items), next)))
        }
    });
    Ok(pages.map_err(move |error| (label.clone(), error)).try_flatten().boxed())
}

/// The picture under its first alias. All of them are kept in its metadata: links that lead to one can be redirected.
fn item(base: &str, hash: &Hash) -> Option<Item> {
    let alias = hash.aliases.first()?;
    let address = format!("{base}/image/original/{}", utf8_percent_encode(alias, NON_ALPHANUMERIC));
    let details = hash.details.as_ref();
    let is_video =
        details.and_then(|details| details.content_type.as_ref()).is_some_and(|kind| kind.starts_with("video/"));
    let known = json!({ "aliases": hash.aliases, "hash": hash.hex });
    let metadata = Map::from_iter([("pict_rs".to_owned(), known)]);
    Some(Item {
        name: ImageName::from_client(alias),
        metadata: Metadata::of(metadata).ok(),
        created: details.and_then(|details| details.created_at),
        ..Item::new(alias.clone(), Place::Url(address), !is_video)
    })
}
