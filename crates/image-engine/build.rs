//! Builds the C part: what calls libjpeg-turbo row by row.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=csrc");
    let mut build = cc::Build::new();
    // Where the crate that builds libjpeg-turbo has put its headers.
    let include = env::var("DEP_TURBOJPEG_INCLUDE").unwrap_or_default();
    build.includes(include.split(',').filter(|path| !path.is_empty()));
    build.file("csrc/jpeg_rows.c").include("csrc").warnings(true).extra_warnings(true).compile("jpeg_rows");
}
