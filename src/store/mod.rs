//! What was published: route documents, as they were written.

mod folder;

pub use folder::{Document, Folder};
