//! Compiles `proto/`: with protox, so that no protoc has to be there.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let files = protox::compile(["image/v1/image_service.proto", "img/image_service.proto"], [&root])?;
    // For clients that ask what there is: with the comments.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), files.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".image.v1.UploadImageRequest.imgChunk")
        .bytes(".image.v1.GetImageResponse.image")
        .bytes(".image.v1.GetImageStreamResponse.chunk")
        .bytes(".image.v1.GetVariantResponse.chunk")
        .bytes(".img.Image.imageBytes")
        .compile_fds(files)?;
    Ok(())
}
