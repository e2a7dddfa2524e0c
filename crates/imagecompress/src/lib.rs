//! imagecompress
