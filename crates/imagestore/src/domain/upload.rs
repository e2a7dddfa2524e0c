//! A resumable upload: bytes that come in piece by piece, over as many requests as it takes.

use jiff::Timestamp;
use shared_types::job::JobProblem;
use shared_types::{ImageId, PartId, UploadId, UserId};

use super::{ImageName, Tags, Visibility};

/// One resumable upload as it stands. Its bytes are in [parts](UploadPart) until the image is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// To whom it belongs, and the image then.
    pub owner: Option<UserId>,
    /// What it is for.
    pub kind: UploadKind,
    /// How many bytes it is to have; `None` until the client says so.
    pub length: Option<u64>,
    /// How many bytes are durable.
    pub offset: u64,
    /// `Upload-Metadata` as the client sent it; empty if there was none.
    pub metadata: String,
    /// The name for the image.
    pub name: Option<ImageName>,
    /// What is to be done with the image once it is there, as the client wrote it.
    pub then: Option<String>,
    /// Who may see the image, if that was said.
    pub visibility: Option<Visibility>,
    /// What people file the image under.
    pub tags: Tags,
    /// How far it is.
    pub state: UploadState,
    /// When it was begun, in whole microseconds.
    pub created: Timestamp,
    /// When it is removed, in whole microseconds.
    pub expires: Timestamp,
}

/// What an upload is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadKind {
    /// An image.
    Whole,
    /// A piece of an image, to be put together with others.
    Partial,
    /// An image put together from partial uploads. Holds the client's list of them as it was sent: `final;…`.
    Final(String),
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadState {
    /// Bytes are missing; or it is a partial one, which is never more than that.
    Open,
    /// All bytes are durable, and the image is to be made of them.
    Finishing,
    /// The image is stored.
    Done(ImageId),
    /// The bytes are no image that is taken. They are gone.
    Failed(JobProblem),
}

/// Some bytes of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadPart {
    /// Names the bytes in the blob store.
    pub id: PartId,
    /// Where they begin within the upload.
    pub start: u64,
    /// How many they are.
    pub bytes: u64,
}

impl Upload {
    /// Whether every byte is there.
    pub fn is_complete(&self) -> bool {
        self.length == Some(self.offset)
    }

    /// How many bytes are missing; `None` while the length is not known.
    pub fn missing(&self) -> Option<u64> {
        Some(self.length?.saturating_sub(self.offset))
    }
}

impl UploadState {
    /// Its name in documents and in the catalog.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Finishing => "finishing",
            Self::Done(_) => "done",
            Self::Failed(_) => "failed",
        }
    }
}

/// What the bytes of one request are to hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// How.
    pub algorithm: ChecksumAlgorithm,
    /// The expected result.
    pub value: Vec<u8>,
}

/// Hash functions for [`Checksum`]: they find damage on the way and prove nothing about who sent the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumAlgorithm {
    /// SHA-1, which every server of the protocol knows.
    Sha1,
    /// SHA-256.
    Sha256,
    /// MD5.
    Md5,
}

impl ChecksumAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Md5];

    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Md5 => "md5",
        }
    }
}
