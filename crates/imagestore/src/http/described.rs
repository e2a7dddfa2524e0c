//! What the descriptions of several addresses share.

use std::collections::BTreeMap;

use serde::Deserialize;
use service_kit::openapi::{Full, RequestTimeout, TooLarge};
use utoipa::openapi::{Ref, RefOr, Response};
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
