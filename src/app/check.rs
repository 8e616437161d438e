//! `attache check`: every mistake of configurations and routes, one line each.

use super::{Failure, print, read};
use crate::{
    config::Config,
    graph::{Known, Program},
    import::routing,
    store::{Document, Folder},
};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

pub(super) fn run(files: &[PathBuf]) -> Result<(), Failure> {
    let mut report = Report::default();
    let configs: Vec<_> = files.iter().filter(|file| is_config(file)).collect();
    let mut known: Option<Vec<String>> = None;
    for file in configs {
        if let Some(config) = report.config(file) {
            let names = config.providers.iter().map(|p| p.name.clone());
            known.get_or_insert_default().extend(names);
            if let Some(folder) = config.routes {
                report.folder(&folder, known.as_deref());
            }
        }
    }
    for file in files.iter().filter(|file| !is_config(file)) {
        if file.is_dir() {
            report.folder(file, known.as_deref());
        } else {
            report.file(file, known.as_deref());
        }
    }
    report.text.push_str(&format!("{} checked, {} with mistakes\n", report.checked, report.broken));
    print(&report.text)?;
    if report.broken == 0 { Ok(()) } else { Err(Failure::Found) }
}

fn is_config(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// What is wrong with the logical names of client keys: it keeps nobody from starting, and is a mistake all the same.
fn misnamed(config: &Config) -> Vec<String> {
    let providers: Vec<&str> = config.providers.iter().map(|p| p.name.as_str()).collect();
    let routed = config.keys.iter().filter_map(|key| Some((key, key.terms.routing.as_ref()?)));
    routed
        .flat_map(|(key, routing)| {
            let mistakes = routing::read(routing, Known::Providers(&providers)).err().unwrap_or_default();
            mistakes.into_iter().map(|mistake| format!("auth.keys: the routing of `{}`: {mistake}", key.id))
        })
        .collect()
}

#[derive(Default)]
struct Report {
    text: String,
    checked: usize,
    broken: usize,
}

impl Report {
    fn config(&mut self, file: &Path) -> Option<Config> {
        match read(file) {
            Ok((config, warnings)) => {
                self.note(file, &misnamed(&config));
                for warning in warnings {
                    self.line(file, &format!("warning: {warning}"));
                }
                Some(config)
            }
            Err(mistakes) => {
                self.note(file, &mistakes.iter().map(ToString::to_string).collect::<Vec<_>>());
                None
            }
        }
    }

    fn folder(&mut self, folder: &Path, known: Option<&[String]>) {
        match Folder::new(folder.to_owned()).read() {
            Ok(documents) => documents.iter().for_each(|document| self.route(document, known)),
            // the error names the folder already
            Err(error) => self.note(Path::new("routes"), &[error.to_string()]),
        }
    }

    fn file(&mut self, file: &Path, known: Option<&[String]>) {
        match fs::read(file) {
            Ok(bytes) => self.route(&Document { file: file.to_owned(), bytes }, known),
            Err(error) => self.note(file, &[error.to_string()]),
        }
    }

    fn route(&mut self, document: &Document, known: Option<&[String]>) {
        let providers: Vec<&str> = known.unwrap_or_default().iter().map(String::as_str).collect();
        let known = if known.is_some() { Known::Providers(&providers) } else { Known::Anything };
        let mistakes = Program::read(&document.bytes, known).err().unwrap_or_default();
        self.note(&document.file, &mistakes.iter().map(ToString::to_string).collect::<Vec<_>>());
    }

    fn note(&mut self, file: &Path, mistakes: &[String]) {
        self.checked += 1;
        self.broken += usize::from(!mistakes.is_empty());
        for mistake in mistakes {
            self.line(file, mistake);
        }
    }

    fn line(&mut self, file: &Path, line: &str) {
        // a String takes everything
        if writeln!(self.text, "{}: {line}", file.display()).is_err() {}
    }
}
