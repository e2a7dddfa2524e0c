//! From albums to JSON documents.

use serde::Serialize;
use shared_types::transform::Presets;
use shared_types::wire::{ImageDocument, ImageUrls};
use shared_types::{AlbumId, ImageFormat, ImageId, ShareId, UserId, VariantName};
use utoipa::ToSchema;

use crate::domain::{Album, AlbumImage, AlbumShare, Visibility};
use crate::http::documents::{Thumbhashes, image_document};

/// An album.
#[derive(Serialize, ToSchema)]
pub(super) struct AlbumDocument {
    /// Its id.
    id: AlbumId,
    /// To whom it belongs; nobody where nobody was asked.
    #[schema(required)]
    owner: Option<UserId>,
    /// What its owner calls it.
    #[schema(example = "Summer")]
    name: String,
    /// Who may see it beside them.
    #[schema(value_type = Visibility)]
    visibility: &'static str,
    /// The preset in which its images are shown.
    #[schema(required)]
    default_preset: Option<VariantName>,
    /// What an upload into it asks to be done, as in `then=`.
    #[schema(required, example = "compress:high")]
    then: Option<String>,
    /// The image that stands for it: a chosen one, else the first.
    #[schema(required)]
    cover_image_id: Option<ImageId>,
    /// How many images it has.
    images: u64,
    /// Counts its changes; the `ETag` is this number in quotation marks.
    version: u64,
    /// When it was made, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was changed last.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Where to look.
    urls: AlbumUrls,
}

/// Addresses of an album.
#[derive(Serialize, ToSchema)]
pub(super) struct AlbumUrls {
    /// This document.
    #[serde(rename = "self")]
    itself: String,
    /// Its images.
    images: String,
    /// Its images as one file.
    zip: String,
    /// The picture that stands for it, in the album's preset.
    #[schema(required)]
    cover: Option<String>,
}

/// A page of albums.
#[derive(Serialize, ToSchema)]
pub(super) struct AlbumsDocument {
    /// The albums, newest first.
    pub(super) albums: Vec<AlbumDocument>,
    /// What the next page begins behind, if there is one.
    #[schema(required)]
    pub(super) cursor: Option<AlbumId>,
    /// The address of the next page.
    #[schema(required)]
    pub(super) next: Option<String>,
}

/// What is left of an album.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedAlbum {
    /// The id it had.
    pub(super) id: AlbumId,
    /// How many of its images were deleted with it.
    pub(super) images_deleted: u64,
}

/// An image in an album: its record, and what it is called there.
#[derive(Serialize, ToSchema)]
pub(super) struct AlbumImageDocument {
    #[serde(flatten)]
    image: ImageDocument,
    /// What it is called in the album; no other image of the album is.
    #[schema(example = "beach.jpg")]
    name_in_album: String,
    /// What to show until the picture is there, as base64; where it was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbhash: Option<String>,
}

/// A page of an album's images.
#[derive(Serialize, ToSchema)]
pub(super) struct AlbumImagesDocument {
    /// The images, in the album's order.
    pub(super) images: Vec<AlbumImageDocument>,
    /// What the next page begins behind, if there is one.
    #[schema(required)]
    pub(super) cursor: Option<String>,
    /// The address of the next page.
    #[schema(required)]
    pub(super) next: Option<String>,
}

/// An image as those see it who have a link to its album.
#[derive(Serialize, ToSchema)]
pub(super) struct SharedImageDocument {
    /// Its id.
    id: ImageId,
    /// What it is called in the album.
    name: String,
    /// Format of the original.
    format: ImageFormat,
    /// Media type of the original.
    media_type: String,
    /// Width of the upright picture in pixels.
    width: u32,
    /// Height of the upright picture in pixels.
    height: u32,
    /// Size of the original in bytes.
    bytes: u64,
    /// Whether the original has more than one frame.
    animated: bool,
    /// Time of upload, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// Where to get it, by the link.
    urls: SharedImageUrls,
}

/// Addresses of a picture that a link opens.
#[derive(Serialize, ToSchema)]
pub(super) struct SharedImageUrls {
    /// The original; add parameters for a variant.
    original: String,
    /// The original, to be saved.
    download: String,
    /// The picture in the album's preset, if that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<String>,
}

/// A page of an album, for those who have a link to it.
#[derive(Serialize, ToSchema)]
pub(super) struct SharedAlbumDocument {
    /// The album.
    pub(super) album: SharedAlbum,
    /// Its images, in its order.
    pub(super) images: Vec<SharedImageDocument>,
    /// What the next page begins behind, if there is one.
    #[schema(required)]
    pub(super) cursor: Option<String>,
    /// The address of the next page.
    #[schema(required)]
    pub(super) next: Option<String>,
}

/// What is told of an album to those who have a link to it.
#[derive(Serialize, ToSchema)]
pub(super) struct SharedAlbum {
    /// What its owner calls it.
    pub(super) name: String,
    /// The image that stands for it.
    #[schema(required)]
    pub(super) cover_image_id: Option<ImageId>,
}

/// A public link, without its token, which nobody knows any more.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareDocument {
    /// By which it is revoked.
    id: ShareId,
    /// The album that it opens.
    album_id: AlbumId,
    /// When it was made, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// From when on it opens nothing; `null` is never.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
}

/// A public link that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewShareDocument {
    #[serde(flatten)]
    pub(super) share: ShareDocument,
    /// What opens the album: told this once.
    pub(super) token: String,
    /// The link.
    pub(super) url: String,
}

/// A page of an album's links.
#[derive(Serialize, ToSchema)]
pub(super) struct SharesDocument {
    /// The links, newest first.
    pub(super) shares: Vec<ShareDocument>,
    /// What the next page begins behind, if there is one.
    #[schema(required)]
    pub(super) cursor: Option<ShareId>,
}

/// The path of an album's record, for `Location`.
pub(super) fn album_path(id: AlbumId) -> String {
    format!("/v1/albums/{id}")
}

/// The query by which images of the album are shown in its preset, if the settings still know it.
fn preset_query(album: &Album, presets: &Presets) -> Option<String> {
    let preset = album.default_preset.as_ref().filter(|preset| presets.contains(preset.as_str()))?;
    Some(format!("transform={preset}"))
}

pub(super) fn album_document(base: &str, album: &Album, presets: &Presets) -> AlbumDocument {
    let itself = format!("{base}{}", album_path(album.id));
    let preset = preset_query(album, presets).map(|query| format!("?{query}")).unwrap_or_default();
    AlbumDocument {
        id: album.id,
        owner: album.owner,
        name: album.name.as_str().to_owned(),
        visibility: album.visibility.name(),
        default_preset: album.default_preset.clone(),
        then: album.then.clone(),
        cover_image_id: album.cover,
        images: album.images,
        version: album.version,
        created_at: album.created.to_string(),
        updated_at: album.updated.to_string(),
        urls: AlbumUrls {
            images: format!("{itself}/images"),
            zip: format!("{itself}/zip"),
            cover: album.cover.map(|cover| format!("{base}/i/{cover}{preset}")),
            itself,
        },
    }
}

/// An image's record, what it is called in the album, and its address in the album's preset.
pub(super) fn member_document(
    base: &str,
    album: &Album,
    member: &AlbumImage,
    (presets, thumbhashes): (&Presets, &Thumbhashes),
) -> AlbumImageDocument {
    let image = image_document(base, &member.image);
    let preset = preset_query(album, presets).map(|query| format!("{base}/i/{}?{query}", image.id));
    AlbumImageDocument {
        image: ImageDocument { urls: ImageUrls { preset, ..image.urls }, ..image },
        name_in_album: member.name.as_str().to_owned(),
        thumbhash: thumbhashes.get(&member.image.digest).cloned(),
    }
}

/// What those see who have the link: the picture, and addresses of it that the link opens.
pub(super) fn shared_document(
    base: &str,
    album: &Album,
    member: &AlbumImage,
    token: &str,
    presets: &Presets,
) -> SharedImageDocument {
    let image = image_document(base, &member.image);
    let preset = preset_query(album, presets).map(|query| format!("{base}/i/{}?{query}&share={token}", image.id));
    SharedImageDocument {
        id: image.id,
        name: member.name.as_str().to_owned(),
        format: image.format,
        media_type: image.media_type,
        width: image.width,
        height: image.height,
        bytes: image.bytes,
        animated: image.animated,
        created_at: image.created_at,
        urls: SharedImageUrls {
            original: with_share(&image.urls.original, token),
            download: with_share(&image.urls.download, token),
            preset,
        },
    }
}

/// An address that the link opens.
fn with_share(address: &str, token: &str) -> String {
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}share={token}")
}

/// A link without its token, which nobody knows any more.
pub(super) fn share_document(share: &AlbumShare) -> ShareDocument {
    ShareDocument {
        id: share.id,
        album_id: share.album,
        created_at: share.created.to_string(),
        expires_at: share.expires.map(|end| end.to_string()),
    }
}
