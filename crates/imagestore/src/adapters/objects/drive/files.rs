//! The files of the folder, by their names.

use moka::sync::Cache;
use opendal::{Error, ErrorKind, OperationContext, Result};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::api::{Api, FIELDS, Place};

/// Names whose ids are remembered: some 200 bytes each.
const REMEMBERED: u64 = 100_000;
const FOLDER: &str = "application/vnd.google-apps.folder";

pub(super) struct Files {
    pub(super) api: Api,
    /// The names of the folder and of those that it is in.
    path: Vec<String>,
    /// The folder's id, once it was found or made.
    folder: Mutex<Option<String>>,
    ids: Cache<String, String>,
}

/// What is told of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) size: Option<String>,
    /// In hexadecimal digits.
    pub(super) md5_checksum: Option<String>,
    pub(super) modified_time: Option<String>,
    #[serde(default)]
    trashed: bool,
}

/// A part of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) files: Vec<File>,
    pub(super) next_page_token: Option<String>,
}

impl Files {
    pub(super) fn new(api: Api, folder: &str) -> Self {
        let path = folder.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self { api, path, folder: Mutex::new(None), ids: Cache::new(REMEMBERED) }
    }

    /// The folder's id. What is missing of the path is made.
    pub(super) async fn folder(&self, ctx: &OperationContext) -> Result<String> {
        let mut known = self.folder.lock().await;
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let mut id = "root".to_owned();
        for name in &self.path {
            id = if let Some(found) = self.folder_in(ctx, &id, name).await? {
                found
            } else {
                let made = json!({"name": name, "mimeType": FOLDER, "parents": [&id]});
                self.api.create::<File>(ctx, &made).await?.id
            };
        }
        *known = Some(id.clone());
        Ok(id)
    }

    /// Of several folders of that name the one that was there first.
    async fn folder_in(&self, ctx: &OperationContext, parent: &str, name: &str) -> Result<Option<String>> {
        let name = name.replace('\\', "\\\\").replace('\'', "\\'");
        let wanted = format!("name = '{name}' and '{parent}' in parents and mimeType = '{FOLDER}' and trashed = false");
        let query = [("q", wanted.as_str()), ("orderBy", "createdTime"), ("pageSize", "1"), ("fields", LISTED)];
        let found: Page = self.api.get(ctx, "", &query).await?;
        Ok(found.files.into_iter().next().map(|folder| folder.id))
    }

    /// Files of the folder, or those of one name in it, the newest first.
    pub(super) async fn page(
        &self,
        ctx: &OperationContext,
        name: Option<&str>,
        token: &str,
        limit: Option<usize>,
    ) -> Result<Page> {
        let mut wanted = format!("'{}' in parents and trashed = false", self.folder(ctx).await?);
        if let Some(name) = name {
            // Keys have letters, digits and slashes.
            wanted = format!("name = '{name}' and {wanted}");
        }
        let size = limit.unwrap_or(1000).clamp(1, 1000).to_string();
        let mut query = vec![("q", wanted.as_str()), ("pageSize", &size), ("fields", LISTED)];
        query.push(("orderBy", "createdTime desc"));
        if !token.is_empty() {
            query.push(("pageToken", token));
        }
        self.api.get(ctx, "", &query).await
    }

    /// The ids of all files of a name.
    pub(super) async fn named(&self, ctx: &OperationContext, key: &str) -> Result<Vec<String>> {
        let mut ids: Vec<String> = self.ids.get(key).into_iter().collect();
        let mut token = String::new();
        loop {
            let page = self.page(ctx, Some(key), &token, None).await?;
            ids.extend(page.files.into_iter().map(|file| file.id));
            let Some(next) = page.next_page_token else { break };
            token = next;
        }
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// What is told of the file of a name.
    pub(super) async fn find(&self, ctx: &OperationContext, key: &str) -> Result<Option<File>> {
        if let Some(id) = self.ids.get(key) {
            match self.api.get::<File>(ctx, &id, &[("fields", FIELDS)]).await {
                Ok(file) if !file.trashed => return Ok(Some(file)),
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => self.forget(key),
            }
        }
        let found = self.page(ctx, Some(key), "", Some(1)).await?.files.into_iter().next();
        if let Some(file) = &found {
            self.remember(key, &file.id);
        }
        Ok(found)
    }

    /// The id of the file of a name, which may be gone.
    pub(super) async fn id(&self, ctx: &OperationContext, key: &str) -> Result<Option<String>> {
        match self.ids.get(key) {
            Some(id) => Ok(Some(id)),
            None => Ok(self.find(ctx, key).await?.map(|file| file.id)),
        }
    }

    /// Removes all files of a name.
    pub(super) async fn remove(&self, ctx: &OperationContext, key: &str) -> Result<()> {
        for id in self.named(ctx, key).await? {
            self.api.delete(ctx, &Place::File(&id)).await?;
        }
        self.forget(key);
        Ok(())
    }

    pub(super) fn remember(&self, key: &str, id: &str) {
        self.ids.insert(key.to_owned(), id.to_owned());
    }

    pub(super) fn forget(&self, key: &str) {
        self.ids.invalidate(key);
    }

    /// The error of a file that has other bytes than were sent.
    pub(super) fn differs(key: &str) -> Error {
        Error::new(ErrorKind::ConditionNotMatch, format!("{key} has other bytes in Google Drive than were sent"))
    }
}

/// What is told of the files of a list.
const LISTED: &str = "nextPageToken,files(id,name,size,md5Checksum,modifiedTime,trashed)";
