//! Sets of parameters under a name: `transform=thumbnail` for `w=150&h=150&fit=cover`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ClientHints, TransformError, TransformQuery};
use crate::ids::VariantName;

/// Decoded query parameters.
pub type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Presets by name, each a query as it stands in a URL, known to be valid.
///
/// Presets share `transform=` with stored variants. A preset comes first: no variant may be stored under its name, and no preset may take
/// the name of the compressing service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Presets(BTreeMap<String, String>);

impl Presets {
    /// Whether there is a preset of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Names and queries, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, query)| (name.as_str(), query.as_str()))
    }

    /// Makes sure that a variant may be stored under this name.
    ///
    /// # Errors
    /// A preset has it.
    pub fn check_free(&self, name: &VariantName) -> Result<(), TransformError> {
        if !self.contains(name.as_str()) {
            return Ok(());
        }
        let reason = format!("must not be {name}, which is a preset of this store; choose another name");
        Err(TransformError::new("name", reason))
    }

    /// Puts the parameters of a preset in place of its name. What stands beside the name wins over them; `format_is_given` says that the
    /// URL names a format by its extension. Gives the pairs and the name of the preset that was meant.
    pub fn expand<'a>(&'a self, mut pairs: Pairs<'a>, format_is_given: bool) -> (Pairs<'a>, Option<&'a str>) {
        let mut names = (0..pairs.len()).filter(|index| pairs[*index].0 == "transform");
        let (Some(index), None) = (names.next(), names.next()) else { return (pairs, None) };
        let Some((name, preset)) = self.0.get_key_value(&*pairs[index].1) else { return (pairs, None) };
        pairs.remove(index);
        let is_format = |name: &str| matches!(name, "format" | "type");
        let has_format = format_is_given || pairs.iter().any(|(name, _)| is_format(name));
        let is_given = |name: &str| if is_format(name) { has_format } else { pairs.iter().any(|(n, _)| n == name) };
        let added: Pairs<'_> = form_urlencoded::parse(preset.as_bytes()).filter(|(name, _)| !is_given(name)).collect();
        pairs.extend(added);
        (pairs, Some(name))
    }
}

impl TryFrom<BTreeMap<String, String>> for Presets {
    type Error = String;

    fn try_from(named: BTreeMap<String, String>) -> Result<Self, String> {
        for (name, query) in &named {
            let valid: VariantName = name.parse().map_err(|error| format!("the name {name:?}: {error}"))?;
            if valid == VariantName::compress() || valid == VariantName::processed() {
                return Err(format!("the name {name} belongs to the variants of the compressing service"));
            }
            let parsed = TransformQuery::parse_text(query, ClientHints::default())
                .map_err(|error| format!("{query:?}: {}", error.sentence()))?;
            if parsed.name.is_some() {
                return Err(format!("{query:?}: `transform` has no place in a preset."));
            }
        }
        Ok(Self(named))
    }
}
