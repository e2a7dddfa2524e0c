//! `/i/{id}.json`: what is known of an image, and how a variant of it comes to be.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use service_kit::http::ApiError;
use shared_types::TransformError;
use shared_types::transform::FormatChoice;

use super::{asked, negotiate};
use crate::app::{Delivery, Explanation, Kept, Target};
use crate::domain::Caller;
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::documents::{base_url, image_document, variant_document, variant_document_of, with_revision};
use crate::http::facts::facts_document;
use crate::http::query::{Query, parse_id, segment};

/// `GET /i/{id}.json`, with `explain=1` and the parameters of a variant the plan for it too.
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
    let variants: Vec<_> = variants.iter().map(|variant| variant_document_of(&base, &image, variant)).collect();
    let mut document = json!(image_document(&base, &image));
    let more = json!({ "rendition_bytes": rendition_bytes, "variants": variants, "explain": explanation });
    add(&mut document, facts_document(&image, analysis.as_deref(), caller.is_owner(image.owner)));
    add(&mut document, more);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(document))
}

fn is_set(text: Option<&str>) -> Result<bool, TransformError> {
    match text {
        None | Some("0") => Ok(false),
        Some("" | "1") => Ok(true),
        Some(_) => Err(TransformError::new("explain", "must be 0 or 1")),
    }
}

/// Puts the fields of one object into another; those without a value are left out.
fn add(document: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (document, more) {
        fields.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
    }
}

async fn explanation(
    request: &HttpRequest,
    state: &HttpState,
    caller: &Caller,
    query: Query<'_>,
) -> Result<Value, ApiError> {
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
    Ok(document(&base_url(request, state), choice, &delivery, &explanation))
}

fn document(base: &str, choice: FormatChoice, delivery: &Delivery, explanation: &Explanation) -> Value {
    let (sends, address) = match &delivery.target {
        Target::Original => ("original", image_document(base, &delivery.image).urls.original),
        Target::Made(recipe) => {
            ("made", with_revision(format!("{base}/i/{}?{recipe}", delivery.image.id), &delivery.image))
        }
        Target::Stored(variant) => ("variant", variant_document(base, variant).url),
    };
    let mut told = Map::new();
    told.insert("sends".to_owned(), sends.into());
    told.insert("address".to_owned(), address.into());
    told.insert("etag".to_owned(), format!("\"{}\"", delivery.etag).into());
    told.insert("format".to_owned(), json!(delivery.format));
    told.insert("format_by".to_owned(), format_by(choice).into());
    told.insert("state".to_owned(), state_name(explanation.kept).into());
    let mut told = Value::Object(told);
    add(&mut told, json!(explanation.plan));
    told
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
