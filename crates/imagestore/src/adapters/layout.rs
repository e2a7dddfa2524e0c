//! Where bytes lie below the folder, or the prefix in a bucket, that a store has for itself. It is the same everywhere, so that what was
//! copied from one to the other is found.

use shared_types::Digest;

/// The folder of blobs.
pub(super) const BLOBS: &str = "blobs/";
/// The folder of parts of resumable uploads.
pub(super) const PARTS: &str = "uploads/";

/// Where a blob lies.
pub(super) fn blob_key(digest: &Digest) -> String {
    let name = digest.to_string();
    format!("{BLOBS}{}/{}/{name}", &name[..2], &name[2..4])
}
