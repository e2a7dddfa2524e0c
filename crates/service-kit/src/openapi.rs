//! The description of a service's HTTP interface (`OpenAPI` 3.1), and a page to try it on.
//!
//! Each handler carries its own description (`#[utoipa::path]`). A service merges those of its modules and hands them to [`complete`], which
//! adds what all have in common, and the whole to [`configure`].

mod pages;

use std::borrow::Cow;

pub use self::pages::{Description, Pages, configure};

use shared_types::job::JobStatus;
use shared_types::{
    AlbumId, BackfillId, Digest, ImageFormat, ImageId, JobId, KeyId, OutputFormat, Problem, ShareId, UploadId, UserId,
    VariantName,
};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Header, HttpMethod, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    Schema, Server,
};
use utoipa::{PartialSchema, ToResponse, ToSchema};

/// A key in `Authorization: Bearer`, by the name that a handler's `security` has for it.
pub const BEARER: &str = "bearer";

/// A key in `X-Api-Key`, likewise.
pub const API_KEY: &str = "api_key";

macro_rules! refusals {
    ($($name:ident = $status:literal, $sentence:literal;)+) => {
        $(
            #[doc = concat!("The answer ", $status, ". ", $sentence)]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl<'r> ToResponse<'r> for $name {
                fn response() -> (&'r str, RefOr<Response>) {
                    (stringify!($name), RefOr::T(refusal($status, $sentence)))
                }
            }
        )+

        /// Every answer that is a problem document: its status, name and description.
        fn refusals() -> Vec<(&'static str, &'static str, RefOr<Response>)> {
            let mut all = Vec::new();
            $({
                let (name, response) = $name::response();
                all.push(($status, name, response));
            })+
            all
        }
    };
}

// What `responses` of handlers refer to, as in `(status = 404, response = NotFound)`.
refusals! {
    BadRequest = "400", "A part of the request is unknown, malformed, out of range or contradictory; `parameter` names it.";
    Unauthorized = "401", "A key is needed, or the one that was shown is not valid.";
    Forbidden = "403", "The key, or the signature, does not allow that.";
    NotFound = "404", "There is nothing of that id or name, or the caller may not know of it.";
    RequestTimeout = "408", "The request took too long to arrive.";
    Conflict = "409", "That does not go together with the state of things.";
    Gone = "410", "It is gone for good.";
    PreconditionFailed = "412", "A precondition does not hold.";
    TooLarge = "413", "More bytes or pixels than the limits allow.";
    UnsupportedType = "415", "The type of the body, or the format of the picture, is not one that is taken here.";
    RangeNotSatisfiable = "416", "The range lies outside the file.";
    Unprocessable = "422", "A picture that cannot be decoded, or a goal that cannot be reached.";
    Locked = "423", "Another request is writing there.";
    TooMany = "429", "More requests, images or bytes than the user may have.";
    ChecksumMismatch = "460", "The bytes are not those of the checksum.";
    Fault = "500", "A fault of the service; the log has the cause under `request_id`.";
    BadUpstream = "502", "The other server failed.";
    Busy = "503", "The service is busy, or a part of it does not work; `Retry-After` says when to come back.";
    UpstreamTimeout = "504", "The other server did not answer in time.";
    Full = "507", "The storage is full.";
}

/// A problem document, with the headers that come with its status.
fn refusal(status: &str, sentence: &str) -> Response {
    let schema = Ref::from_schema_name(Problem::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let answer = ResponseBuilder::new().description(sentence).content("application/problem+json", content);
    let answer = match status {
        "401" => answer.header("WWW-Authenticate", told(Type::String, "How a key is shown.")),
        "416" => answer.header("Content-Range", told(Type::String, "How many bytes there are.")),
        "429" | "503" => answer.header("Retry-After", told(Type::Integer, "Seconds after which to come back.")),
        _ => answer,
    };
    answer.header(REQUEST_ID, told(Type::String, REQUEST_ID_SAYS)).build()
}

const REQUEST_ID: &str = "X-Request-Id";
const REQUEST_ID_SAYS: &str = "The id of the request in the log: that of the request's own header, or a new one.";

fn told(kind: Type, sentence: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(kind)).build();
    HeaderBuilder::new().schema(Some(schema)).description(Some(sentence)).build()
}

/// What operations of a service have in common.
#[derive(Debug, Clone, Copy)]
pub struct Common {
    /// The statuses of refusals that any address may answer.
    pub everywhere: &'static [&'static str],
    /// Those of addresses that take a body.
    pub with_body: &'static [&'static str],
}

/// Adds what operations have in common: the answers of these statuses, the problem document, the two ways to show a key where a `security`
/// names them, the header that every answer has; and where the service is, if it knows.
#[must_use]
pub fn complete(mut document: OpenApi, common: Common, public_url: Option<&str>) -> OpenApi {
    document.servers = public_url.map(|url| vec![Server::new(url.trim_end_matches('/'))]);
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let mut nested = Vec::new();
    Problem::schemas(&mut nested);
    components.schemas.extend(nested);
    for (name, schema) in of_parameters() {
        components.schemas.entry(name.into_owned()).or_insert(schema);
    }
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).description(Some("An API key.")).build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    components.add_security_scheme(API_KEY, SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Api-Key"))));
    let known = refusals();
    for (_, name, response) in &known {
        components.responses.insert((*name).to_owned(), response.clone());
    }
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let has_body = operation.request_body.is_some();
        let is_meant =
            |status: &&str| common.everywhere.contains(status) || has_body && common.with_body.contains(status);
        for (status, name, _) in known.iter().filter(|(status, ..)| is_meant(status)) {
            let shared = || RefOr::Ref(Ref::from_response_name(*name));
            operation.responses.responses.entry((*status).to_owned()).or_insert_with(shared);
        }
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(Parameter { schema: Some(schema), .. }) = parameter {
                never_null(schema);
            }
        }
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                response.headers.insert(REQUEST_ID.to_owned(), told(Type::String, REQUEST_ID_SAYS).into());
            }
        }
    }
    prune(&mut document);
    document
}

/// Another address of an operation that is described already.
pub struct Address<'a> {
    /// The verb.
    pub verb: HttpMethod,
    /// The path.
    pub path: &'a str,
    /// The operation's id there.
    pub id: &'a str,
    /// Parameters that it has there alone.
    pub parameters: Vec<Parameter>,
}

impl<'a> Address<'a> {
    /// One without further parameters.
    pub fn new(verb: HttpMethod, path: &'a str, id: &'a str) -> Self {
        Self { verb, path, id, parameters: Vec::new() }
    }
}

/// Describes an operation at further addresses. One that is not described is not described there either.
pub fn also_at<'a>(
    document: &mut OpenApi,
    verb: &HttpMethod,
    path: &str,
    others: impl IntoIterator<Item = Address<'a>>,
) {
    let Some(operation) = document.paths.get_path_operation(path, verb.clone()).cloned() else { return };
    let same = format!("The same as `{} {path}`.", name(verb));
    let said = operation.description.as_deref().map_or_else(|| same.clone(), |said| format!("{same}\n\n{said}"));
    for other in others {
        let mut operation = operation.clone();
        operation.description = Some(said.clone());
        operation.operation_id = Some(other.id.to_owned());
        operation.parameters.get_or_insert_default().extend(other.parameters.into_iter().map(RefOr::T));
        document.paths.add_path_operation(other.path, vec![other.verb], operation);
    }
}

/// Says parameters that several operations have once, and refers to them.
pub fn share(document: &mut OpenApi, shared: Vec<Parameter>) {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(said) = parameter
                && shared.contains(said)
            {
                *parameter = RefOr::Ref(Ref::new(format!("#/components/parameters/{}", said.name)));
            }
        }
    }
    let components = document.components.get_or_insert_with(Components::new);
    components.parameters.extend(shared.into_iter().map(|parameter| (parameter.name.clone(), RefOr::T(parameter))));
}

fn name(verb: &HttpMethod) -> &'static str {
    match verb {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

/// The document as text.
pub fn text(document: &OpenApi) -> String {
    // Texts, numbers and maps with texts as keys always serialise.
    serde_json::to_string_pretty(document).unwrap_or_default()
}

/// Schemas of parameters, which are not collected from handlers.
fn of_parameters() -> Vec<(Cow<'static, str>, RefOr<Schema>)> {
    macro_rules! schemas {
        ($($kind:ident),+) => { vec![$((<$kind as ToSchema>::name(), $kind::schema())),+] };
    }
    schemas![
        AlbumId,
        BackfillId,
        Digest,
        ImageFormat,
        ImageId,
        JobId,
        JobStatus,
        KeyId,
        OutputFormat,
        ShareId,
        UploadId,
        UserId,
        VariantName
    ]
}

/// Leaves out what nothing refers to.
fn prune(document: &mut OpenApi) {
    let text = text(document);
    let is_named = |kind: &str, name: &str| text.contains(&format!("\"#/components/{kind}/{name}\""));
    if let Some(components) = &mut document.components {
        components.responses.retain(|name, _| is_named("responses", name));
        components.schemas.retain(|name, _| is_named("schemas", name));
    }
}

/// A parameter is left out where a field of a document may be null.
fn never_null(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            if let SchemaType::Array(kinds) = &mut object.schema_type {
                kinds.retain(|kind| *kind != Type::Null);
                if let [only] = &kinds[..] {
                    object.schema_type = SchemaType::Type(only.clone());
                }
            }
        }
        RefOr::T(Schema::OneOf(one_of)) => {
            let is_null = |item: &RefOr<Schema>| matches!(item, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null));
            one_of.items.retain(|item| !is_null(item));
            if let [only] = &one_of.items[..] {
                *schema = only.clone();
            }
        }
        _ => {}
    }
}

/// The operations of a path that there are.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, head, options, .. } = item;
    [get, put, post, delete, patch, head, options].into_iter().flatten()
}
