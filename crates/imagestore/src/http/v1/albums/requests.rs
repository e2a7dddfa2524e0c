//! What the handlers of albums read by hand, as it is described.
#![expect(dead_code, reason = "only described")]

use serde::Deserialize;
use shared_types::ImageId;
use utoipa::{IntoParams, ToSchema};

use crate::domain::Visibility;

/// An album that is made.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Summer", "visibility": "private", "then": "compress:high" }))]
#[serde(deny_unknown_fields)]
pub(super) struct NewAlbum {
    /// What it is called: 1 to 255 bytes without control characters; no two of one owner have the same.
    #[schema(min_length = 1, max_length = 255, example = "Summer")]
    name: String,
    /// Who may see it; as the settings say of images if nothing is said.
    #[schema(value_type = Option<Visibility>)]
    visibility: Option<String>,
    /// The preset in which its images are shown.
    default_preset: Option<String>,
    /// What an upload into it asks to be done: `compress`, `compress:GOAL` and names of presets, with commas between them.
    #[schema(example = "compress:high")]
    then: Option<String>,
}

/// What is changed of an album: the fields that are named. `null` empties `default_preset`, `then` and `cover_image_id`.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Summer 2026", "then": null }))]
#[serde(deny_unknown_fields)]
pub(super) struct AlbumChanges {
    /// What it is called: 1 to 255 bytes without control characters.
    #[schema(min_length = 1, max_length = 255, example = "Summer 2026")]
    name: Option<String>,
    /// Who may see it.
    #[schema(value_type = Option<Visibility>)]
    visibility: Option<String>,
    /// The preset in which its images are shown.
    default_preset: Option<String>,
    /// What an upload into it asks to be done.
    then: Option<String>,
    /// The image that stands for it, which must be in it.
    cover_image_id: Option<ImageId>,
}

/// Images of an album.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "ids": ["01890a5d-ac96-774b-bcce-b302099a8057"] }))]
#[serde(deny_unknown_fields)]
pub(super) struct AddedImages {
    /// Which ones.
    #[schema(min_items = 1, max_items = 500)]
    ids: Vec<ImageId>,
}

/// Where images of an album go: one of the two.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "ids": ["01890a5e-1c3f-7e5a-9f7d-2b1f6f0c9e11", "01890a5d-ac96-774b-bcce-b302099a8057"] }))]
#[serde(deny_unknown_fields)]
pub(super) struct AlbumOrder {
    /// These come first, in this order; the others follow as they are.
    #[schema(min_items = 1, max_items = 5000)]
    ids: Option<Vec<ImageId>>,
    /// One image moves.
    r#move: Option<AlbumMove>,
}

/// Where one image of an album goes: before one or after one.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "id": "01890a5e-1c3f-7e5a-9f7d-2b1f6f0c9e11", "before": "01890a5d-ac96-774b-bcce-b302099a8057" }))]
#[serde(deny_unknown_fields)]
pub(super) struct AlbumMove {
    /// Which image moves.
    id: ImageId,
    /// The image that comes behind it then.
    before: Option<ImageId>,
    /// The image that comes before it then.
    after: Option<ImageId>,
}

/// How long a link holds.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "expires_at": "2036-12-31T00:00:00Z" }))]
#[serde(deny_unknown_fields)]
pub(super) struct NewShare {
    /// From when on it opens nothing, RFC 3339; for ever if nothing is said.
    #[schema(format = DateTime, example = "2036-12-31T00:00:00Z")]
    expires_at: Option<String>,
}

/// What becomes of an album's images when it is deleted.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ImagesOfAlbum {
    /// They stay.
    Keep,
    /// Those go that the caller may delete and that are in no other album.
    Delete,
}

/// The version that is to be changed.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IfMatch {
    /// The `ETag` of the album as the client knows it, such as `"3"`: if it was changed meanwhile, nothing is changed and the answer is 412.
    /// `*` is any.
    #[param(rename = "If-Match", required = false, example = "*")]
    if_match: String,
}
