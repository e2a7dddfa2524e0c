//! What the descriptions of several addresses share.

use std::collections::BTreeMap;

use serde::Deserialize;
use service_kit::openapi::{Full, RequestTimeout, TooLarge};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{Content, ObjectBuilder, OpenApi, Ref, RefOr, Response, Schema, Type};
use utoipa::{IntoParams, IntoResponses, ToResponse, ToSchema};

/// What [`Query::page`](super::query::Query::page) reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what is read by hand")]
pub(super) struct Page {
    /// How many entries at most.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 500, default = 50, example = 20)]
    limit: u32,
    /// Where the page begins: the `cursor` of the one before, unchanged.
    #[param(required = false)]
    cursor: String,
}

/// What a change with a small document in it may be answered beside what its address says.
pub(super) enum Changing {}

impl IntoResponses for Changing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refusals =
            [("408", RequestTimeout::response().0), ("413", TooLarge::response().0), ("507", Full::response().0)];
        let shared = |(status, name): (&str, &str)| (status.to_owned(), Ref::from_response_name(name).into());
        refusals.into_iter().map(shared).collect()
    }
}

/// Bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only described")]
pub(super) struct Bytes(Vec<u8>);

/// What [`Fields::plain`](super::json::Fields::plain) reads.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what is read by hand")]
pub(super) enum NumberOrText {
    /// A number.
    Number(u64),
    /// The same as a text, or a name that stands for one.
    Text(String),
}

/// What [`Fields::texts`](super::json::Fields::texts) reads.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what is read by hand")]
pub(super) enum TextOrTexts {
    /// Each by itself.
    Texts(Vec<String>),
    /// One, or several with commas between them.
    Text(String),
}

/// A body that may be left away is described as one that may be `null`, which is not taken.
pub(super) fn bodies_are_not_null(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let verbs = [&mut item.put, &mut item.post, &mut item.patch];
        let bodies = verbs.into_iter().flatten().filter_map(|operation| match &mut operation.request_body {
            Some(RefOr::T(body)) => Some(body),
            _ => None,
        });
        for content in bodies.flat_map(|body| body.content.values_mut()) {
            if let RefOr::T(Content { schema: Some(schema), .. }) = content
                && let Some(one) = without_null(schema)
            {
                *schema = one;
            }
        }
    }
}

/// The one thing that something may be beside `null`.
fn without_null(schema: &RefOr<Schema>) -> Option<RefOr<Schema>> {
    let RefOr::T(Schema::OneOf(either)) = schema else { return None };
    let is_null = |schema: &&RefOr<Schema>| matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null));
    let mut others = either.items.iter().filter(|schema| !is_null(schema));
    others.next().filter(|_| others.next().is_none()).cloned()
}

/// Says of every answer that is no refusal what it tells of the requests that the user may still send. Where no key is looked at, it tells
/// nothing.
pub(super) fn tell_rates(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let verbs = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head];
        let asked_who = |operation: &&mut Operation| operation.security.is_none();
        for operation in verbs.into_iter().flatten().filter(asked_who) {
            for answer in operation.responses.responses.values_mut() {
                if let RefOr::T(answer) = answer {
                    answer.headers.extend(RATES.map(|(name, says)| (name.to_owned(), rate(says).into())));
                }
            }
        }
    }
}

const RATES: [(&str, &str); 3] = [
    ("RateLimit-Limit", "How many requests the user may send in a minute, where that is bounded."),
    ("RateLimit-Remaining", "How many are left."),
    ("RateLimit-Reset", "Seconds until all are there again."),
];

fn rate(says: &str) -> utoipa::openapi::Header {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    HeaderBuilder::new().schema(Some(number)).description(Some(says)).build()
}
