//! Reads a document section by section and notes every mistake, each with its path and how to mend it.

use super::expand::{Gap, Lookup, Sources, expand};
use crate::provider::{Lack, Secret};
use serde_json::{Map, Value};
use std::{
    cell::RefCell,
    fmt,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// The largest file that `${file:...}` takes: secrets are small, and nothing shall fill the memory by mistake.
const LARGEST_FILE: u64 = 1 << 20;

/// Something that keeps the configuration from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `providers.openai.base_url`; empty for the whole document.
    pub path: String,
    /// What is wrong, and how to mend it.
    pub problem: String,
}

/// Something that an operator should know and the program can live with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub path: String,
    /// What is the matter, and what follows from it.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        told(f, &self.path, &self.problem)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        told(f, &self.path, &self.problem)
    }
}

fn told(f: &mut fmt::Formatter<'_>, path: &str, problem: &str) -> fmt::Result {
    match path {
        "" => f.write_str(problem),
        path => write!(f, "{path}: {problem}"),
    }
}

/// What reading needs and what it finds.
pub(super) struct Notes<'a> {
    pub(super) lookup: Lookup<'a>,
    /// What relative paths are relative to.
    pub(super) folder: &'a Path,
    pub(super) mistakes: RefCell<Vec<Mistake>>,
    pub(super) warnings: RefCell<Vec<Warning>>,
    /// The files that texts referred to, whether they could be read or not.
    pub(super) files: RefCell<Vec<PathBuf>>,
}

impl<'a> Notes<'a> {
    pub(super) fn new(folder: &'a Path, lookup: Lookup<'a>) -> Self {
        Self {
            lookup,
            folder,
            mistakes: RefCell::default(),
            warnings: RefCell::default(),
            files: RefCell::default(),
        }
    }

    pub(super) fn mistake(&self, path: impl Into<String>, problem: impl Into<String>) {
        self.mistakes.borrow_mut().push(Mistake { path: path.into(), problem: problem.into() });
    }

    pub(super) fn warn(&self, path: impl Into<String>, problem: impl Into<String>) {
        self.warnings.borrow_mut().push(Warning { path: path.into(), problem: problem.into() });
    }

    /// As `filled`; what it lacks is a mistake.
    pub(super) fn text(&self, path: String, value: &Value) -> Option<String> {
        match self.filled(&path, value)? {
            Ok(text) => Some(text),
            Err(lack) => {
                let name = match &lack {
                    Lack::Variable(name) => name.clone(),
                    Lack::File { path, .. } => format!("file:{path}"),
                };
                self.mistake(path, format!("{lack}; mend that, or give a default: ${{{name}:-...}}"));
                None
            }
        }
    }

    /// A value at `path` that must be a text, with its references filled in; or what it lacks.
    pub(super) fn filled(&self, path: &str, value: &Value) -> Option<Result<String, Lack>> {
        let Some(text) = value.as_str() else {
            self.mistake(path, format!("expected a text, found {value}; quote it if it is one"));
            return None;
        };
        match expand(text, Sources { lookup: self.lookup, file: &|path| self.file(path) }) {
            Ok(text) => Some(Ok(text)),
            Err(Gap::Lacking(lack)) => Some(Err(lack)),
            Err(Gap::Malformed(problem)) => {
                self.mistake(path, problem);
                None
            }
        }
    }

    /// What a file holds, without the line break that editors put at its end.
    fn file(&self, path: &str) -> Result<String, String> {
        let path = self.folder.join(path);
        self.files.borrow_mut().push(path.clone());
        let mut text = String::new();
        let file = File::open(&path).map_err(|error| error.to_string())?;
        let read =
            file.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
        if read as u64 > LARGEST_FILE {
            return Err("it has more than 1 MiB".into());
        }
        let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        Ok(line.map_or_else(|| text.clone(), str::to_owned))
    }
}

/// One mapping of the document. Every key is asked for once; `end` refuses those that nobody asked for.
pub(super) struct Section<'a> {
    pub(super) notes: &'a Notes<'a>,
    pub(super) path: String,
    fields: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The mapping at `path`; nothing there is an empty one.
    pub(super) fn new(notes: &'a Notes<'a>, path: String, value: &'a Value) -> Self {
        if !matches!(value, Value::Object(_) | Value::Null) {
            notes.mistake(path.as_str(), format!("expected a mapping, found {}", kind(value)));
        }
        Self { notes, path, fields: value.as_object(), known: vec![] }
    }

    /// The section below `key`.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        let value = self.raw(key).unwrap_or(&Value::Null);
        Self::new(self.notes, self.at(key), value)
    }

    /// The value of `key` as `read` reads it; `None` where it is not there or can not be read (which is noted).
    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.raw(key)?;
        let path = self.at(key);
        let read = match value {
            Value::String(_) => read(&Value::String(self.notes.text(path.clone(), value)?)),
            other => read(other),
        };
        read.map_err(|problem| self.notes.mistake(path, problem)).ok()
    }

    /// As `value`; its absence is a mistake.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        if !self.has(key) {
            self.notes.mistake(self.at(key), "missing; it must be set");
        }
        self.value(key, read)
    }

    /// Replaces `target` by the value of `key`, where there is one.
    pub(super) fn set<T>(
        &mut self,
        key: &'static str,
        target: &mut T,
        read: impl Fn(&Value) -> Result<T, String>,
    ) {
        if let Some(value) = self.value(key, read) {
            *target = value;
        }
    }

    /// The secret below `key`, or what it lacks.
    pub(super) fn secret(&mut self, key: &'static str) -> Option<Result<Secret, Lack>> {
        let value = self.raw(key)?;
        self.notes.filled(&self.at(key), value).map(|filled| filled.map(Secret::new))
    }

    /// The entries of the mapping below `key`, whose keys are free: path, name, value.
    pub(super) fn entries(&mut self, key: &'static str) -> Vec<(String, &'a str, &'a Value)> {
        let path = self.at(key);
        match self.raw(key) {
            Some(Value::Object(map)) => {
                map.iter().map(|(name, value)| (join(&path, name), name.as_str(), value)).collect()
            }
            Some(other) => {
                self.notes.mistake(path, format!("expected a mapping, found {}", kind(other)));
                vec![]
            }
            None => vec![],
        }
    }

    /// The items of the list below `key`, with their paths.
    pub(super) fn items(&mut self, key: &'static str) -> Vec<(String, &'a Value)> {
        let path = self.at(key);
        match self.raw(key) {
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(i, item)| (format!("{path}[{i}]"), item)).collect()
            }
            Some(other) => {
                self.notes.mistake(path, format!("expected a list, found {}", kind(other)));
                vec![]
            }
            None => vec![],
        }
    }

    /// The list of texts below `key`; `None` where there is no such key.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.has(key).then(|| {
            let items = self.items(key).into_iter();
            items.filter_map(|(path, item)| self.notes.text(path, item)).collect()
        })
    }

    /// Whether there is something below `key`.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.raw(key).is_some()
    }

    /// Whether the value of `key` is a mapping.
    pub(super) fn is_section(&mut self, key: &'static str) -> bool {
        self.raw(key).is_some_and(Value::is_object)
    }

    /// The path of `key` in this section.
    pub(super) fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Refuses every key that nobody asked for.
    pub(super) fn end(self) {
        for key in self.fields.into_iter().flat_map(Map::keys) {
            if !self.known.contains(&key.as_str()) {
                self.notes.mistake(self.at(key), unknown(key, &self.known));
            }
        }
    }

    fn raw(&mut self, key: &'static str) -> Option<&'a Value> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.fields?.get(key).filter(|value| !value.is_null())
    }
}

/// `path.key`, the key quoted where it could be misread.
fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'));
    let key = if plain { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let near = known.iter().map(|name| (strsim::damerau_levenshtein(key, name), name)).min();
    match near {
        Some((distance, name)) if distance <= name.len().div_ceil(3) => {
            format!("unknown key; did you mean `{name}`?")
        }
        _ => format!("unknown key; known here: {}", known.join(", ")),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
