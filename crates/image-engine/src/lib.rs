//! image-engine
