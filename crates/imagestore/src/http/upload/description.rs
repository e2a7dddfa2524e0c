//! What is told of the addresses of uploads.

use serde::Deserialize;
use service_kit::openapi::Address;
use shared_types::{AlbumId, Problem};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{
    ContentBuilder, HttpMethod, OpenApi as Document, Ref, RefOr, Required, Response, ResponseBuilder,
};
use utoipa::{IntoParams, OpenApi, ToResponse, ToSchema};

use super::documents::ResultsDocument;
use crate::app::OnDuplicate;
use crate::domain::Visibility;

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(paths(super::upload), components(responses(FilesRefused), schemas(OnDuplicate, Visibility, AlbumId)))]
struct One;

/// What is told of these addresses, all of which are one.
pub(in crate::http) fn description() -> Document {
    let mut document = One::openapi();
    let mut named = Address::new(HttpMethod::Put, "/upload/{name}", "putNamedUpload");
    named.parameters = vec![name_in_path()];
    let others = [
        Address::new(HttpMethod::Put, "/v1/images", "putImage"),
        Address::new(HttpMethod::Post, "/upload", "upload"),
        Address::new(HttpMethod::Put, "/upload", "putUpload"),
        named,
    ];
    service_kit::openapi::also_at(&mut document, &HttpMethod::Post, "/v1/images", others);
    document
}

fn name_in_path() -> Parameter {
    ParameterBuilder::new()
        .name("name")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The file's name, as `curl -T` sends it; `name` in the query wins."))
        .schema(Some(ObjectBuilder::new().schema_type(SchemaType::new(Type::String))))
        .example(Some("photo.jpg".into()))
        .build()
}

/// The parameters of an upload.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "`upload` reads them; this only describes them")]
pub(super) struct UploadQuery {
    /// The file's name.
    #[param(example = "holiday.jpg")]
    name: Option<String>,
    /// What is to be done with the image: `compress`, `compress:GOAL` or names of presets, with commas between them.
    #[param(example = "compress:medium,thumbnail")]
    then: Option<String>,
    /// Who may see it; `auth.visibility` of the settings by default.
    visibility: Option<Visibility>,
    /// What it is filed under: up to 64 tags with commas between them.
    #[param(example = "sea,2026")]
    tags: Option<String>,
    /// What to do if its bytes are stored already; `keep` by default.
    on_duplicate: Option<OnDuplicate>,
    /// Whether the answer has a token that deletes the image without a key.
    #[param(pattern = "^(0|1|true|false|)$", example = "1")]
    delete_token: Option<String>,
    /// The album that it belongs to.
    album: Option<AlbumId>,
}

/// A form: every part with a file name, or called `file`, is an image.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the parts are read as they come; this only describes them")]
pub(super) struct UploadForm {
    /// A picture; there may be more parts of this name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A picture as text, or the address of one: `data` or `url`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonUpload {
    /// The file in base64, or as a `data:` URL.
    pub(super) data: Option<String>,
    /// Where the server fetches the file.
    #[schema(example = "https://www.example.org/photo.jpg")]
    pub(super) url: Option<String>,
    /// The file's name. Files of the server are not read.
    #[serde(alias = "name")]
    #[schema(example = "holiday.jpg")]
    pub(super) filename: Option<String>,
    /// What the client takes the file for. Checked for being a type at all; the bytes decide.
    #[serde(rename = "type")]
    #[schema(example = "jpg")]
    pub(super) kind: Option<String>,
    /// With `transform`: store as this image's variant of that name.
    pub(super) id: Option<String>,
    /// With `id`: the name of the variant.
    #[schema(example = "compress")]
    pub(super) transform: Option<String>,
}

/// A refusal: a problem document, or of several files none of which is stored the results of each.
pub(super) struct FilesRefused;

impl<'r> ToResponse<'r> for FilesRefused {
    fn response() -> (&'r str, RefOr<Response>) {
        let content = |name: &str| ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
        let response = ResponseBuilder::new()
            .description("Nothing is stored: the reason, or that of each of several files.")
            .content("application/problem+json", content(&Problem::name()))
            .content("application/json", content(&ResultsDocument::name()))
            .build();
        ("FilesRefused", RefOr::T(response))
    }
}
