//! What is told of `/i/{file}` and `/download/{file}`.

use service_kit::openapi::Address;
use shared_types::ImageFormat;
use shared_types::transform::parameters::TransformParameters;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{
    ContentBuilder, HttpMethod, Object, ObjectBuilder, OpenApi as Document, RefOr, Required, Response, ResponseBuilder,
};
use utoipa::{IntoParams, OpenApi, ToResponse};

/// What is told of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(super::deliver),
    components(responses(Picture, PartOfPicture, FoundElsewhere, NotModified)),
    tags((name = "delivery", description = "Pictures as they are shown and saved.")),
)]
struct One;

/// What is told of these addresses, both of which are one.
pub(in crate::http) fn description() -> Document {
    let mut document = One::openapi();
    let download = Address::new(HttpMethod::Get, "/download/{file}", "downloadPicture");
    service_kit::openapi::also_at(&mut document, &HttpMethod::Get, "/i/{file}", [download]);
    document
}

/// The parameters of a variant, those of the address itself, and the headers that are looked at.
pub(super) struct DeliveryParameters;

impl IntoParams for DeliveryParameters {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = TransformParameters::into_params(place);
        let own = [
            (
                "download",
                "Save under this name, or the image's own if it is empty, in place of showing it.",
                "holiday.webp",
            ),
            ("share", "The token of a public link to an album with the image, in place of a key.", ""),
            ("key", "Of a signed address: the key's id.", ""),
            ("expires", "Of a signed address: when it expires, in seconds since 1970.", ""),
            ("sig", "Of a signed address: the signature.", ""),
        ];
        parameters.extend(own.map(|(name, says, example)| parameter(ParameterIn::Query, name, says, example)));
        let headers = [
            ("If-None-Match", "Nothing is sent again to whom has the representation of this `ETag`.", "\"none\""),
            ("If-Modified-Since", "The same by time.", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("If-Match", "Nothing is sent unless the representation has this `ETag`.", "*"),
            ("If-Unmodified-Since", "The same by time.", "Fri, 01 Jan 2100 00:00:00 GMT"),
            ("Range", "The bytes that are wanted.", "bytes=0-99"),
            ("If-Range", "The `ETag` or time with which the range is meant.", "\"none\""),
            ("Sec-CH-Width", "The picture's width on the page in device pixels, for `w=auto`.", "640"),
            ("Sec-CH-DPR", "Device pixels for each CSS pixel, for `dpr=auto`.", "2"),
        ];
        parameters.extend(headers.map(|(name, says, example)| parameter(ParameterIn::Header, name, says, example)));
        parameters
    }
}

fn parameter(place: ParameterIn, name: &str, says: &str, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(says))
        .schema(Some(text()))
        .example((!example.is_empty()).then(|| example.into()))
        .build()
}

fn text() -> Object {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).build()
}

/// Headers of what can be kept: name and what it says.
const CACHING: [(&str, &str); 5] = [
    ("ETag", "Names these bytes."),
    ("Last-Modified", "When the image was stored."),
    ("Cache-Control", "For how long it may be kept, and by whom."),
    ("Vary", "The headers that the answer depends on."),
    ("Accept-CH", "The hints that `w=auto` and `dpr=auto` follow."),
];

/// Headers of pictures.
const HEADERS: [(&str, &str); 7] = [
    ("Accept-Ranges", "`bytes`."),
    ("Content-Disposition", "`attachment` with a name, where it is to be saved."),
    ("Content-Security-Policy", "Allows nothing: what came from a user is never run."),
    ("X-Image-Score", "How close it looks to the original: SSIMULACRA2, if that was measured."),
    ("X-Image-Quality", "The encoder's quality, if another service chose it."),
    ("X-Image-Tries", "How many times it was encoded to find that."),
    ("X-Image-Source-Bytes", "The bytes of what another service made it from."),
];

fn with_headers<'a>(
    answer: ResponseBuilder,
    headers: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
) -> ResponseBuilder {
    headers.into_iter().fold(answer, |answer, (name, says)| {
        answer.header(*name, HeaderBuilder::new().schema(Some(text())).description(Some(*says)).build())
    })
}

fn pictures(says: &str) -> ResponseBuilder {
    let bytes = || {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).format(Some(format)).build()
    };
    let answer = with_headers(ResponseBuilder::new().description(says), CACHING.iter().chain(&HEADERS));
    ImageFormat::ALL.into_iter().fold(answer, |answer, format| {
        answer.content(format.media_type(), ContentBuilder::new().schema(Some(bytes())).build())
    })
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident = $builder:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl<'r> ToResponse<'r> for $name {
            fn response() -> (&'r str, RefOr<Response>) {
                (stringify!($name), RefOr::T($builder.build()))
            }
        }
    )+};
}

answers! {
    /// 200: a picture, in its format.
    Picture = pictures("The picture.");
    /// 206: some of its bytes.
    PartOfPicture = with_headers(pictures("The bytes of `Range`."), &[("Content-Range", "Which bytes these are, and of how many.")]);
    /// 302: the storage has it.
    FoundElsewhere = with_headers(
        ResponseBuilder::new().description("An original, where the storage itself sends them (`blobs.redirect_originals`)."),
        &[
            ("Location", "From where to get the bytes, for anybody who has this address, and for a short time."),
            ("Cache-Control", "For how long the answer may be kept: no longer than half of that time."),
            ("Vary", "The headers that the answer depends on."),
        ],
    );
    /// 304: the client has it.
    NotModified = with_headers(ResponseBuilder::new().description("What the client has is what would be sent."), &CACHING);
}
