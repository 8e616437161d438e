//! Route documents in files.

use super::super::{
    super::{Failure, content},
    client::CallError,
    shape::Written,
    trouble::Trouble,
};
use std::path::Path;

/// Reads a document; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<Written, Failure> {
    let read = parse(&content(path)?);
    Ok(read.map_err(|why| CallError::Refused(vec![Trouble::new(why).of_file(path.display())]))?)
}

/// Reads the text of a document.
pub(super) fn parse(bytes: &[u8]) -> Result<Written, String> {
    let wanted = r#"expected a route document, {"name": ..., "elements": [...]}"#;
    serde_json::from_slice(bytes).map_err(|error| format!("{wanted}: {error}"))
}
