//! From albums to JSON documents.

use serde_json::{Value, json};
use shared_types::AlbumId;
use shared_types::transform::Presets;

use crate::domain::{Album, AlbumImage, AlbumShare};
use crate::http::documents::image_document;

/// The path of an album's record, for `Location`.
pub(super) fn album_path(id: AlbumId) -> String {
    format!("/v1/albums/{id}")
}

/// The query by which images of the album are shown in its preset, if the settings still know it.
fn preset_query(album: &Album, presets: &Presets) -> Option<String> {
    let preset = album.default_preset.as_ref().filter(|preset| presets.contains(preset.as_str()))?;
    Some(format!("transform={preset}"))
}

pub(super) fn album_document(base: &str, album: &Album, presets: &Presets) -> Value {
    let itself = format!("{base}{}", album_path(album.id));
    let preset = preset_query(album, presets).map(|query| format!("?{query}")).unwrap_or_default();
    json!({
        "id": album.id,
        "owner": album.owner,
        "name": album.name.as_str(),
        "visibility": album.visibility.name(),
        "default_preset": album.default_preset,
        "then": album.then,
        "cover_image_id": album.cover,
        "images": album.images,
        "version": album.version,
        "created_at": album.created.to_string(),
        "updated_at": album.updated.to_string(),
        "urls": {
            "images": format!("{itself}/images"),
            "zip": format!("{itself}/zip"),
            "cover": album.cover.map(|cover| format!("{base}/i/{cover}{preset}")),
            "self": itself,
        },
    })
}

/// An image's record, what it is called in the album, and its address in the album's preset.
pub(super) fn member_document(base: &str, album: &Album, member: &AlbumImage, presets: &Presets) -> Value {
    let mut document = json!(image_document(base, &member.image));
    document["name_in_album"] = member.name.as_str().into();
    if let Some(query) = preset_query(album, presets) {
        document["urls"]["preset"] = format!("{base}/i/{}?{query}", member.image.id).into();
    }
    document
}

/// What those see who have the link: the picture, and addresses of it that the link opens.
pub(super) fn shared_document(base: &str, album: &Album, member: &AlbumImage, token: &str, presets: &Presets) -> Value {
    let image = image_document(base, &member.image);
    let preset = preset_query(album, presets).map(|query| format!("{base}/i/{}?{query}&share={token}", image.id));
    let mut document = json!({
        "id": image.id,
        "name": member.name.as_str(),
        "format": image.format,
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "bytes": image.bytes,
        "animated": image.animated,
        "created_at": image.created_at,
        "urls": {
            "original": with_share(&image.urls.original, token),
            "download": with_share(&image.urls.download, token),
        },
    });
    if let Some(preset) = preset {
        document["urls"]["preset"] = preset.into();
    }
    document
}

/// An address that the link opens.
fn with_share(address: &str, token: &str) -> String {
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}share={token}")
}

/// A link without its token, which nobody knows any more.
pub(super) fn share_document(share: &AlbumShare) -> Value {
    json!({
        "id": share.id,
        "album_id": share.album,
        "created_at": share.created.to_string(),
        "expires_at": share.expires.map(|end| end.to_string()),
    })
}
