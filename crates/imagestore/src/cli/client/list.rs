//! `imagestore client ls`.

use clap::Args;
use grpc_api::image_v1 as api;
use service_kit::exit::Failure;

use super::connection::ServerFlags;
use super::{record, words};
use crate::domain::Tag;

/// Images of one call.
const PAGE: u64 = 100;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only images filed under this.
    #[arg(long, value_name = "TAG")]
    tag: Option<Tag>,
    /// At most so many, the newest.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// As many as there are.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// One JSON document a line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(server: &ServerFlags, args: ListArgs) -> Result<(), Failure> {
    let mut client = server.connect().await?;
    let mut left = if args.all { u64::MAX } else { args.limit };
    let mut request = api::ListImagesRequest {
        tag: args.tag.as_ref().map(Tag::as_str).unwrap_or_default().to_owned(),
        ..Default::default()
    };
    let mut head = Some(record::head()).filter(|_| !args.json);
    while left > 0 {
        request.page_size = i32::try_from(left.min(PAGE)).unwrap_or(i32::MAX);
        let page = client.list_images(request.clone()).await;
        let page = page.map_err(|status| Failure::Fault(server.explain(&status)))?.into_inner();
        if let Some(head) = head.take()
            && !words::say(&head)?
        {
            return Ok(());
        }
        for image in &page.images {
            let line = if args.json { record::json(image, None)? } else { record::columns(image) };
            if !words::say(&line)? {
                return Ok(());
            }
        }
        left = left.saturating_sub(page.images.len() as u64);
        if page.next_page_token.is_empty() {
            break;
        }
        // A page may have fewer images than asked for, or none, and another one behind it.
        request.page_token = page.next_page_token;
    }
    Ok(())
}
