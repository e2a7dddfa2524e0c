//! Originals, thumbnails and variants.

use std::borrow::Cow;

use grpc_api::image_v1 as api;
use shared_types::transform::{ClientHints, FormatChoice, Pairs};
use shared_types::{OutputFormat, TransformError, TransformQuery};

use crate::app::{ContentBytes, Delivery};
use crate::domain::{Caller, Image, StoreError};
use crate::grpc::GrpcState;
use crate::grpc::content::{self, deliver};
use crate::grpc::documents::{self, invalid};

/// The width of a thumbnail in pixels.
pub(in crate::grpc) const THUMBNAIL: u32 = 256;

/// The original or the thumbnail, as the request says.
pub(super) async fn rendition(
    state: &GrpcState,
    caller: &Caller,
    request: &api::GetImageRequest,
) -> Result<Delivery, StoreError> {
    let wanted = api::Rendition::try_from(request.rendition)
        .map_err(|_| invalid("rendition", "must be RENDITION_ORIGINAL or RENDITION_THUMBNAIL"))?;
    let image = state.services.image_to_show(caller, documents::id("id", &request.id)?).await?;
    let query = match wanted {
        api::Rendition::Unspecified | api::Rendition::Original => TransformQuery::default(),
        api::Rendition::Thumbnail => thumbnail(&image)?,
    };
    deliver(state, caller, image, query, None).await
}

/// What the parameters of the request make of an image.
pub(super) async fn variant(
    state: &GrpcState,
    caller: &Caller,
    request: &api::GetVariantRequest,
) -> Result<Delivery, StoreError> {
    let asked = request.transform.clone().unwrap_or_default();
    let pairs = pairs(&asked);
    if pairs.iter().any(|(name, value)| matches!(&**name, "format" | "type") && value == "auto") {
        return Err(invalid("format", "must name a format: nothing tells here what the client can show"));
    }
    let is_own = |name: &str| !matches!(name, "transform" | "format" | "type");
    let own = pairs.iter().find(|(name, _)| is_own(name)).map(|(name, _)| name.to_string());
    let (pairs, _) = state.presets.expand(pairs, false);
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let query = TransformQuery::parse(pairs, ClientHints::default()).map_err(|error| named(&asked, &error))?;
    let image = state.services.image_to_show(caller, documents::id("id", &request.id)?).await?;
    deliver(state, caller, image, query, own.as_deref()).await
}

/// The same as parameters of an address, in an order that is always the same.
fn pairs(asked: &api::Transform) -> Pairs<'_> {
    let number = |number: u32| if number > 0 { number.to_string() } else { String::new() };
    let fields: [(_, Cow<'_, str>); 7] = [
        ("transform", (&*asked.preset).into()),
        ("w", number(asked.width).into()),
        ("h", number(asked.height).into()),
        ("fit", (&*asked.fit).into()),
        ("gravity", (&*asked.gravity).into()),
        ("format", (&*asked.format).into()),
        ("q", number(asked.quality).into()),
    ];
    let mut others: Vec<_> = asked.parameters.iter().collect();
    others.sort_unstable();
    let others = others.into_iter().map(|(name, value)| ((&**name).into(), (&**value).into()));
    fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.into(), value))
        .chain(others)
        .collect()
}

/// The error under the name of the field that the parameter came from.
fn named(asked: &api::Transform, error: &TransformError) -> StoreError {
    let field = match &*error.parameter {
        "transform" if !asked.preset.is_empty() => "preset",
        "w" if asked.width > 0 => "width",
        "h" if asked.height > 0 => "height",
        "q" if asked.quality > 0 => "quality",
        other => other,
    };
    TransformError::new(field, &*error.reason).into()
}

/// In the original's own format where browsers show it.
fn thumbnail(image: &Image) -> Result<TransformQuery, StoreError> {
    let width = THUMBNAIL.to_string();
    let query = TransformQuery::parse([("w", &*width)], ClientHints::default())?;
    let format = match image.facts.format.default_output() {
        OutputFormat::Jpeg | OutputFormat::Png | OutputFormat::WebP | OutputFormat::Avif | OutputFormat::Gif => {
            FormatChoice::Source
        }
        OutputFormat::Bmp | OutputFormat::Tiff | OutputFormat::Qoi | OutputFormat::Jxl => {
            FormatChoice::Fixed(OutputFormat::WebP.into())
        }
    };
    Ok(TransformQuery { format, ..query })
}

/// All of it in one message.
///
/// # Errors
/// It is larger than a message may be.
pub(super) async fn in_one(
    state: &GrpcState,
    delivery: &Delivery,
    bytes: ContentBytes,
) -> Result<api::GetImageResponse, StoreError> {
    content::check_fits(state, bytes.size())?;
    Ok(api::GetImageResponse {
        image: content::whole(bytes).await?,
        image_metada: Some(documents::image(&delivery.image)),
        media_type: delivery.format.media_type().to_owned(),
    })
}
