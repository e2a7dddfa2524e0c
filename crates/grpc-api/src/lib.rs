//! The messages, servers and clients of the gRPC interface, made of the files in `proto/`, which document them.

#![allow(missing_docs, nonstandard_style, unreachable_pub, reason = "generated; the files in proto/ say what each is")]
#![allow(clippy::all, clippy::pedantic, reason = "generated")]

/// The package `image.v1`.
pub mod image_v1 {
    tonic::include_proto!("image.v1");
}

/// The package `img`.
pub mod img {
    tonic::include_proto!("img");
}

/// Bytes of one HTTP/2 frame, for servers and clients to offer: with the 16 KiB of those who say nothing, a picture has many times as many.
pub const FRAME_BYTES: u32 = 256 * 1024;

/// Both packages and what they use, as an encoded `FileDescriptorSet`: for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
