//! A store that asks for keys, and those who have some.

use testkit::process::{Store, StoreOptions};
use testkit::reqwest::{Client, Method, RequestBuilder};

/// A store with `auth.mode = "keys"` and users as the tests want them.
pub(crate) struct KeyedStore {
    pub(crate) store: Store,
    client: Client,
}

impl KeyedStore {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut env = vec![("IMAGESTORE__AUTH__MODE".to_owned(), "keys".to_owned())];
        env.extend(settings.iter().map(|(key, value)| (format!("IMAGESTORE__{key}"), (*value).to_owned())));
        let store = Store::start(StoreOptions { env, ..StoreOptions::default() });
        Self { store, client: Client::new() }
    }

    /// Runs the command line beside the running store; gives what it printed.
    pub(crate) fn cli(&self, args: &[&str]) -> String {
        self.store.cli(args)
    }

    /// Adds a user; gives its id.
    pub(crate) fn user(&self, name: &str, quotas: &[&str]) -> String {
        let told = self.cli(&[&["user", "add", name], quotas].concat());
        told.split(' ').next().unwrap().to_owned()
    }

    /// Makes a key.
    pub(crate) fn key(&self, user: &str, scopes: &str) -> String {
        self.cli(&["key", "create", "--user", user, "--scopes", scopes])
    }

    /// A request with this key, or with none if it is empty.
    pub(crate) fn request(&self, key: &str, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.store.url(path));
        if key.is_empty() { request } else { request.bearer_auth(key) }
    }

    /// Gets a path with this key.
    pub(crate) fn get(&self, key: &str, path: &str) -> RequestBuilder {
        self.request(key, Method::GET, path)
    }

    /// Uploads a picture with this key and expects 201; gives its id.
    pub(crate) async fn upload(&self, key: &str, visibility: &str, bytes: Vec<u8>) -> String {
        let path = format!("/v1/images?visibility={visibility}");
        let answer = self.request(key, Method::POST, &path).body(bytes).send().await.unwrap();
        let status = answer.status();
        let document: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(status, 201, "{document}");
        document["id"].as_str().unwrap().to_owned()
    }
}
