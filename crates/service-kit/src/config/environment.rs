//! The environment, and `.env` below it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;

use super::layers::Layers;
use super::{Sources, dotenv};

/// Text with the place it comes from.
struct Variable {
    text: OsString,
    origin: String,
}

/// Takes in what the variables set; the prefixed name of a key wins over its other names.
pub(super) fn read(sources: &Sources<'_>, layers: &mut Layers<'_>) {
    let variables = match &sources.env {
        Some(env) => env.iter().map(|(name, text)| variable(name, text.into())).collect(),
        None => process(layers),
    };
    for (alias, key) in sources.aliases {
        if let Some(variable) = variables.get(*alias) {
            give(key, variable, layers);
        }
    }
    for (name, variable) in &variables {
        if let Some(path) = name.strip_prefix(sources.prefix).and_then(|rest| rest.strip_prefix("__")) {
            give(&path.to_ascii_lowercase().replace("__", "."), variable, layers);
        }
    }
    for (name, key, text) in sources.switches {
        if let Some(variable) = variables.get(*name) {
            layers.give_text(key, text, &variable.origin);
        }
    }
}

fn variable(name: &str, text: OsString) -> (String, Variable) {
    (name.to_owned(), Variable { text, origin: name.to_owned() })
}

fn process(layers: &mut Layers<'_>) -> BTreeMap<String, Variable> {
    let mut variables = BTreeMap::new();
    for read in dotenv::read() {
        match read {
            Ok(dotenv::Variable { name, text, origin }) => {
                let origin = format!("{name}, {origin}");
                variables.insert(name, Variable { text: text.into(), origin });
            }
            Err(fault) => layers.fault_of_place(fault),
        }
    }
    let own = env::vars_os().filter_map(|(name, text)| Some(variable(name.to_str()?, text)));
    variables.extend(own);
    variables
}

fn give(key: &str, variable: &Variable, layers: &mut Layers<'_>) {
    match variable.text.to_str() {
        Some(text) => layers.give_text(key, text, &variable.origin),
        None => layers.fault(key, &variable.origin, "must be UTF-8"),
    }
}
