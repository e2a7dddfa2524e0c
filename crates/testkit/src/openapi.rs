//! What a service tells of its addresses (`/openapi.json`), held against what it does.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Client, Method};
use serde_json::{Map, Value};

const VERBS: [&str; 6] = ["get", "put", "post", "delete", "patch", "head"];

/// The description of a running service.
pub struct Description {
    base: String,
    document: Value,
}

impl Description {
    /// Asks the service at this address for it.
    pub async fn of(base: String) -> Self {
        let answer = Client::new().get(format!("{base}/openapi.json")).send().await.expect("the service answers");
        assert_eq!(answer.status(), 200, "{base}/openapi.json");
        Self { document: answer.json().await.expect("a document"), base }
    }

    /// All of it.
    pub fn document(&self) -> &Value {
        &self.document
    }

    fn paths(&self) -> &Map<String, Value> {
        self.document["paths"].as_object().expect("paths")
    }

    fn operations(&self) -> impl Iterator<Item = (String, &Value)> {
        self.paths().iter().flat_map(|(path, item)| {
            let verbs = VERBS.into_iter().filter_map(|verb| Some((verb, item.get(verb)?)));
            verbs.map(move |(verb, operation)| (format!("{} {path}", verb.to_uppercase()), operation))
        })
    }

    /// Whether an address is described; its path may have any segments where the description has parameters, and a query.
    pub fn knows(&self, verb: &str, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let verbs = self.verbs_at(path);
        verbs.contains(verb) || verb == "HEAD" && verbs.contains("GET")
    }

    /// The verbs of every described path that this one is.
    fn verbs_at(&self, path: &str) -> BTreeSet<String> {
        let same = self.paths().iter().filter(|(described, _)| is_at(path, described));
        same.flat_map(|(_, item)| verbs_of(item)).collect()
    }

    /// Addresses that answer a verb which is not described with anything but a 405, or whose `Allow` names other verbs than the description.
    pub async fn wrong_verbs(&self) -> Vec<String> {
        let (client, mut wrong) = (Client::new(), Vec::new());
        for (path, item) in self.paths() {
            let described = verbs_of(item);
            let others = ["GET", "PUT", "POST", "PATCH", "DELETE", "PROPFIND"];
            for verb in others.into_iter().filter(|verb| !described.contains(*verb)) {
                let method = Method::from_bytes(verb.as_bytes()).expect("a verb");
                let url = format!("{}{}", self.base, filled(path));
                let answer = client.request(method, url).send().await.expect("the service answers");
                let allowed = answer.headers().get("allow").and_then(|value| value.to_str().ok()).unwrap_or_default();
                let allowed: BTreeSet<_> = allowed.split(", ").map(str::to_owned).collect();
                let is_own = |verb: &&String| !["HEAD", "OPTIONS"].contains(&verb.as_str());
                let same = allowed.iter().filter(is_own).eq(described.iter().filter(is_own));
                if answer.status() != 405 || !same {
                    wrong.push(format!("{verb} {path}: {}, Allow: {allowed:?}, not {described:?}", answer.status()));
                }
            }
        }
        wrong
    }

    /// What is missing from descriptions of operations.
    pub fn faults(&self) -> Vec<String> {
        let (mut faults, mut ids) = (Vec::new(), BTreeMap::new());
        for (name, operation) in self.operations() {
            let mut missing = |what: &str| faults.push(format!("{name}: {what}"));
            let said = |field: &str| operation[field].as_str().is_some_and(|text| !text.is_empty());
            if !said("summary") {
                missing("no summary");
            }
            if operation["tags"].as_array().is_none_or(Vec::is_empty) {
                missing("no tag");
            }
            if let Some(other) = ids.insert(operation["operationId"].to_string(), name.clone()) {
                missing(&format!("has the operationId of {other}"));
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let parameter = self.resolved(parameter);
                if parameter["description"].as_str().is_none_or(str::is_empty) {
                    missing(&format!("{} has no description", parameter["name"]));
                }
                if parameter["schema"].is_null() {
                    missing(&format!("{} has no schema", parameter["name"]));
                }
            }
            let answers = operation["responses"].as_object().into_iter().flatten();
            let answers: Vec<_> = answers.map(|(status, answer)| (status, self.resolved(answer))).collect();
            if !answers.iter().any(|(_, answer)| answer["content"].get("application/problem+json").is_some()) {
                missing("no refusal");
            }
            for (status, answer) in answers.iter().filter(|(status, _)| status.starts_with('2')) {
                if answer["content"].get("application/json").is_some_and(|content| content["schema"].is_null()) {
                    missing(&format!("the JSON of {status} has no schema"));
                }
            }
        }
        faults
    }

    /// What a reference refers to, or the thing itself.
    fn resolved<'a>(&'a self, thing: &'a Value) -> &'a Value {
        let target = thing["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        target.map_or(thing, |target| self.document.pointer(target).unwrap_or(&Value::Null))
    }

    /// Addresses that a text such as `GET or POST /v1/images?limit=5, …` names and that are not described.
    pub fn unknown_in(&self, text: &str) -> Vec<String> {
        let (mut verbs, mut unknown, mut found) = (Vec::new(), Vec::new(), 0);
        for word in text.split_whitespace() {
            if VERBS.contains(&word.to_lowercase().as_str()) && word.chars().all(char::is_uppercase) {
                verbs.push(word);
            } else if word.starts_with('/') && !verbs.is_empty() {
                let path = word.trim_end_matches(',');
                found += 1;
                unknown.extend(
                    verbs.drain(..).filter(|verb| !self.knows(verb, path)).map(|verb| format!("{verb} {path}")),
                );
            }
        }
        if found == 0 {
            unknown.push(format!("{text:?} names no address"));
        }
        unknown
    }
}

fn verbs_of(item: &Value) -> BTreeSet<String> {
    VERBS.into_iter().filter(|verb| item.get(*verb).is_some()).map(str::to_uppercase).collect()
}

/// A path with something in place of its parameters.
fn filled(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.split_once('{') {
        None => segment.to_owned(),
        Some((before, rest)) => {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            format!("{before}01890a5d-ac96-774b-bcce-b302099a8057{after}")
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Whether a path is one of those that a described one stands for.
fn is_at(path: &str, described: &str) -> bool {
    let (path, described): (Vec<_>, Vec<_>) = (path.split('/').collect(), described.split('/').collect());
    let same = |(here, there): (&&str, &&str)| match there.split_once('{') {
        None => here == there,
        Some((before, rest)) => {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            !here.is_empty() && here.starts_with(before) && here.ends_with(after)
        }
    };
    path.len() == described.len() && path.iter().zip(&described).all(same)
}
