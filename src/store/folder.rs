//! A folder of route documents (`*.json`), read whole: the routes of teams that keep them in version control.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A folder of route documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// One route document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The file that it stands in.
    pub file: PathBuf,
    /// The document.
    pub bytes: Vec<u8>,
}

impl Folder {
    /// The folder at `path`.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// All its documents, in the order of their names. Hidden files and other endings are passed over.
    ///
    /// # Errors
    /// The folder or a file in it can not be read; the message names it.
    pub fn read(&self) -> io::Result<Vec<Document>> {
        let mut files = fs::read_dir(&self.0)
            .map_err(|e| named(&self.0, &e))?
            .map(|entry| entry.map(|e| e.path()))
            .collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| is_document(file));
        files.sort();
        files
            .into_iter()
            .map(|file| fs::read(&file).map_err(|e| named(&file, &e)).map(|bytes| Document { file, bytes }))
            .collect()
    }
}

fn is_document(file: &Path) -> bool {
    let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && file.extension().is_some_and(|ending| ending == "json") && file.is_file()
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_json_files_are_documents() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.json", "a.json", ".hidden.json", "c.txt"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        fs::create_dir(dir.path().join("d.json")).unwrap();
        let read = Folder::new(dir.path().into()).read().unwrap();
        let names: Vec<_> = read.iter().map(|d| String::from_utf8(d.bytes.clone()).unwrap()).collect();
        assert_eq!(names, ["a.json", "b.json"]);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = Folder::new("/nowhere/at/all".into()).read().unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
