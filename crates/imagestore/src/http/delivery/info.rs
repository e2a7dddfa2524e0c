//! `/i/{id}.json`: what is known of an image, and how a variant of it comes to be.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use image_engine::{
    DecodeDescription, LimitDescription, OutputDescription, PlanDescription, SourceDescription, StepDescription,
};
use serde::Serialize;
use service_kit::http::ApiError;
use service_kit::openapi::{NotFound, TooLarge, Unprocessable, UnsupportedType};
use shared_types::transform::FormatChoice;
use shared_types::transform::parameters::TransformParameters;
use shared_types::wire::{ImageDocument, VariantDocument};
use shared_types::{ImageFormat, ImageId, TransformError};
use utoipa::{OpenApi, ToSchema};

use super::{asked, negotiate};
use crate::app::{Delivery, Explanation, Kept, Target};
use crate::domain::Caller;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, image_document, uncached, variant_document, variant_document_of};
use crate::http::facts::{FactsDocument, facts_document};
use crate::http::query::{Query, parse_id, segment};

/// What is told of this address.
#[derive(OpenApi)]
#[openapi(paths(info))]
pub(in crate::http) struct Description;

/// An image's record with what is seen in the picture.
#[derive(Serialize, ToSchema)]
struct InfoDocument {
    #[serde(flatten)]
    image: ImageDocument,
    #[serde(flatten)]
    facts: FactsDocument,
    /// The stored variants, oldest first.
    variants: Vec<VariantDocument>,
    /// How the variant that the parameters ask for comes to be, with `explain=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<ExplainDocument>,
}

/// How what an address asks for comes to be.
#[derive(Serialize, ToSchema)]
struct ExplainDocument {
    /// `original`, `made` or `variant`.
    #[schema(example = "made")]
    sends: &'static str,
    /// Where it is.
    address: String,
    /// Its `ETag`.
    etag: String,
    /// Its format.
    format: ImageFormat,
    /// What decided the format: `source`, `accept` or `parameter`.
    #[schema(example = "parameter")]
    format_by: &'static str,
    /// Where it is kept: `memory`, `stored` or `to-be-made`.
    #[schema(example = "to-be-made")]
    state: &'static str,
    // What is done, where bytes are not sent as they are stored: the fields of a `PlanDescription`.
    /// Which file is decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceDescription>,
    /// How it is decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    decode: Option<DecodeDescription>,
    /// What is done between decoding and encoding, in this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<StepDescription>>,
    /// What comes out.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<OutputDescription>,
    /// The most bytes that it holds at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
    /// What is bounded, and how much of it there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<Vec<LimitDescription>>,
}

/// The record of an image with what is seen in the picture.
///
/// With `explain=1` and the parameters of a variant it has the plan for that variant too, or the answer is why it would be refused.
#[utoipa::path(
    get, path = "/i/{id}.json", tag = "delivery", operation_id = "getInfo",
    params(
        ("id" = ImageId, Path, description = "The image."),
        ("explain" = Option<String>, Query, description = "Whether to tell the plan too.", pattern = "^[01]?$", example = "1"),
        TransformParameters,
    ),
    responses(
        (
            status = 200, description = "What is known.", body = InfoDocument,
            headers(("Cache-Control" = String, description = "`no-store`.")),
        ),
        (status = 404, response = NotFound),
        (status = 413, response = TooLarge),
        (status = 415, response = UnsupportedType),
        (status = 422, response = Unprocessable),
    ),
)]
pub(in crate::http) async fn info(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(segment(&request, "id"))?;
    let mut query = Query::of(&request);
    let explains = is_set(query.take("explain")?.as_deref())?;
    let explanation = if explains {
        Some(explanation(&request, &state, &caller, query).await?)
    } else {
        query.finish("explain")?;
        None
    };
    let image = state.services.image(&caller, id).await?;
    let analysis = state.services.analysis(&image).await?;
    let rendition_bytes = state.services.rendition_bytes(&image).await?;
    let variants = state.services.variants(&caller, id).await?;
    let base = base_url(&request, &state);
    let variants = variants.iter().map(|variant| variant_document_of(&base, &image, variant)).collect();
    let facts = facts_document(&image, analysis.as_deref(), caller.is_owner(image.owner));
    let image = ImageDocument { rendition_bytes, ..image_document(&base, &image) };
    let document = InfoDocument { image, facts, variants, explain: explanation };
    Ok(uncached(StatusCode::OK).json(document))
}

fn is_set(text: Option<&str>) -> Result<bool, TransformError> {
    match text {
        None | Some("0") => Ok(false),
        Some("" | "1") => Ok(true),
        Some(_) => Err(TransformError::new("explain", "must be 0 or 1")),
    }
}

async fn explanation(
    request: &HttpRequest,
    state: &HttpState,
    caller: &Caller,
    query: Query<'_>,
) -> Result<ExplainDocument, ApiError> {
    let rest = form_urlencoded::Serializer::new(String::new()).extend_pairs(query.0).finish();
    let address = (request.path(), segment(request, "id"));
    let mut asked = asked(address, &rest, negotiate::hints(request), &state.presets)?;
    let image = state.services.image(caller, asked.id).await?;
    asked.show_drawn(&image);
    let choice = asked.query.format;
    let accepted = match choice {
        FormatChoice::Auto => negotiate::accepted(request, image.facts.format),
        FormatChoice::Source | FormatChoice::Fixed(_) => Vec::new(),
    };
    let mut wanted = asked.wanted(&image, &accepted);
    if let Some(choice) = &mut wanted.choice {
        choice.looks_only = true;
    }
    let delivery = state.services.resolve(caller, image, wanted).await?;
    let explanation = state.services.explain(&delivery).await?;
    Ok(document(&base_url(request, state), choice, &delivery, explanation))
}

fn document(base: &str, choice: FormatChoice, delivery: &Delivery, explanation: Explanation) -> ExplainDocument {
    let (sends, address) = match &delivery.target {
        Target::Original => ("original", image_document(base, &delivery.image).urls.original),
        Target::Made(recipe) => {
            ("made", delivery.image.with_revision(format!("{base}/i/{}?{recipe}", delivery.image.id)))
        }
        Target::Stored(variant) => ("variant", variant_document(base, variant).url),
    };
    let (source, decode, steps, output, memory_bytes, limits) = match explanation.plan {
        None => Default::default(),
        Some(PlanDescription { source, decode, steps, output, memory_bytes, limits }) => {
            (Some(source), Some(decode), Some(steps), Some(output), Some(memory_bytes), Some(limits))
        }
    };
    ExplainDocument {
        sends,
        address,
        etag: format!("\"{}\"", delivery.etag),
        format: delivery.format,
        format_by: format_by(choice),
        state: state_name(explanation.kept),
        source,
        decode,
        steps,
        output,
        memory_bytes,
        limits,
    }
}

/// What decided the format.
fn format_by(choice: FormatChoice) -> &'static str {
    match choice {
        FormatChoice::Source => "source",
        FormatChoice::Auto => "accept",
        FormatChoice::Fixed(_) => "parameter",
    }
}

fn state_name(kept: Kept) -> &'static str {
    match kept {
        Kept::Memory => "memory",
        Kept::Stored => "stored",
        Kept::ToBeMade => "to-be-made",
    }
}
