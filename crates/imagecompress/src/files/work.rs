//! One file from its path to its path.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use service_kit::http::ApiError;
use shared_types::ErrorCode;

use super::inputs::Input;
use super::output::{self, Destination};
use super::report::{FileReport, Result as Told};
use crate::app::{Made, Order, Outcome, Press, Urgency};

/// What every file of a run needs.
pub(super) struct Bench {
    pub(super) press: Press,
    pub(super) order: Order,
    pub(super) destination: Destination,
    pub(super) overwrite: bool,
    /// The most bytes of an input.
    pub(super) source_bytes: u64,
    /// Every input of the run, in the file system's own spelling.
    pub(super) inputs: HashSet<PathBuf>,
    /// What this run has written.
    pub(super) outputs: Mutex<HashSet<PathBuf>>,
}

impl Bench {
    /// Compresses one file. What goes wrong is part of the report.
    pub(super) async fn compress(self: Arc<Self>, input: Input) -> FileReport {
        let path = input.path.clone();
        let result = self.try_compress(input).await;
        FileReport { input: path, result: result.map_err(|error| (error.code, error.detail)) }
    }

    async fn try_compress(self: Arc<Self>, input: Input) -> Result<Told, ApiError> {
        if let Some(fault) = &input.fault {
            return Err(ApiError::new(ErrorCode::InvalidParameter, format!("It {fault}.")));
        }
        let (path, limit) = (input.path.clone(), self.source_bytes);
        let (source, permissions) = blocking(move || read(&path, limit)).await?;
        let press = self.press.clone();
        let outcome = press.run(&self.order, source.clone(), None, Urgency::Patient, Arc::new(|_| ())).await?;
        blocking(move || self.put(&input, &source, outcome, permissions)).await
    }

    fn put(&self, input: &Input, source: &Bytes, outcome: Outcome, permissions: Permissions) -> Result<Told, ApiError> {
        match outcome {
            Outcome::Made(Made { bytes, format, figures }) => {
                let path = self.destination.path(input, format.extension());
                self.write(input, &path, &bytes, permissions)?;
                Ok(Told::Made { output: path, format, bytes: bytes.len() as u64, figures })
            }
            Outcome::Kept { why, figures } => {
                let extension = input.path.extension().unwrap_or_default().to_string_lossy().into_owned();
                let path = self.destination.is_named().then(|| self.destination.path(input, &extension));
                let path = path.filter(|path| !is_input(path, input));
                if let Some(path) = &path {
                    self.write(input, path, source, permissions)?;
                }
                Ok(Told::Kept { output: path, why, figures })
            }
        }
    }

    fn write(&self, input: &Input, path: &Path, bytes: &[u8], permissions: Permissions) -> Result<(), ApiError> {
        if !is_input(path, input) && path.canonicalize().is_ok_and(|path| self.inputs.contains(&path)) {
            return Err(conflict(path, "is another input of this run; choose another folder with --out-dir"));
        }
        let is_new = self.outputs.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        if !is_new {
            return Err(conflict(
                path,
                "is the result of another input of this run; choose another name with --output",
            ));
        }
        output::write(path, bytes, permissions, self.overwrite).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => conflict(path, "exists; --overwrite replaces it"),
            _ => ApiError::new(ErrorCode::Internal, format!("{} cannot be written: {error}.", path.display())),
        })
    }
}

fn is_input(path: &Path, input: &Input) -> bool {
    matches!((path.canonicalize(), input.path.canonicalize()), (Ok(path), Ok(input)) if path == input)
}

fn conflict(path: &Path, why: &str) -> ApiError {
    ApiError::new(ErrorCode::Conflict, format!("{} {why}.", path.display()))
}

fn read(path: &Path, limit: u64) -> Result<(Bytes, Permissions), ApiError> {
    let unreadable = |error: io::Error| {
        let code = if error.kind() == io::ErrorKind::NotFound { ErrorCode::NotFound } else { ErrorCode::Internal };
        ApiError::new(code, format!("It cannot be read: {error}."))
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ApiError::new(ErrorCode::InvalidParameter, "It is not a file."));
    }
    if metadata.len() > limit {
        return Err(ApiError::new(
            ErrorCode::TooManyBytes,
            format!("It has more than {limit} bytes (limits.source_bytes)."),
        ));
    }
    Ok((fs::read(path).map_err(unreadable)?.into(), metadata.permissions()))
}

/// Disks may be slow.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended
        .unwrap_or_else(|error| Err(ApiError::new(ErrorCode::Internal, "A fault of ours; try again.").caused_by(error)))
}
