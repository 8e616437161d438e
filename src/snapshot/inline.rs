//! Graphs that requests bring along, in Portkey's words: each compiled once for as long as the snapshot lives.

use super::Version;
use crate::{
    graph::{Diagnostic, Known, Program},
    import::{Imported, Providers, portkey},
};
use dashmap::DashMap;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};

/// What routes are called that requests bring along.
const NAME: &str = "portkey";
/// Compiled graphs that are kept; when there are more, they are compiled anew.
const KEPT: usize = 1000;

/// A graph that a request brought along.
#[derive(Debug)]
pub struct Inline {
    /// The graph.
    pub version: Arc<Version>,
    /// Where its model elements stand in the config, by their ids, as Portkey tells it: `config.targets[0]`.
    pub options: BTreeMap<String, String>,
}

/// Those that were compiled.
#[derive(Debug, Default)]
pub struct Inlines(DashMap<[u8; 32], Arc<Inline>>);

impl Inlines {
    /// What `config` is for a request that asks for `model`, and names `provider` where the config does not.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn portkey(
        &self,
        (config, provider, model): (&str, Option<&str>, &str),
        known: &[&str],
    ) -> Result<Arc<Inline>, Vec<Diagnostic>> {
        let id = id(config, provider, model);
        if let Some(found) = self.0.get(&id) {
            return Ok(Arc::clone(&found));
        }
        let compiled = Arc::new(compile(config, (provider, model), known)?);
        if self.0.len() >= KEPT {
            self.0.clear();
        }
        self.0.insert(id, Arc::clone(&compiled));
        Ok(compiled)
    }
}

fn id(config: &str, provider: Option<&str>, model: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [config, "\0", provider.unwrap_or_default(), "\0", model] {
        hash.update(part);
    }
    hash.finalize().into()
}

fn compile(
    config: &str,
    (provider, model): (Option<&str>, &str),
    known: &[&str],
) -> Result<Inline, Vec<Diagnostic>> {
    // what is no JSON is told as the importer tells of what is no config
    let config: Value = serde_json::from_str(config).unwrap_or_else(|_| config.into());
    let providers = Providers { known: Known::Providers(known), aliases: &BTreeMap::new() };
    let options = portkey::Options { name: NAME, model: Some(model), provider, providers };
    let Imported { document, targets, .. } = portkey::import(&config, &options)?;
    let text = document.to_string();
    let program = Program::read(text.as_bytes(), Known::Providers(known))?;
    let version = Version { logical: true, ..Version::of_program(program, text.as_bytes()) };
    let option = |target: crate::import::Target| (target.element, place(&target.pointer));
    Ok(Inline { version: Arc::new(version), options: targets.into_iter().map(option).collect() })
}

/// `/targets/0/targets/1` in Portkey's words: `config.targets[0].targets[1]`.
fn place(pointer: &str) -> String {
    pointer.split('/').skip(1).fold("config".to_owned(), |place, step| {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("{place}[{step}]")
        } else {
            format!("{place}.{step}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_is_compiled_once_for_each_model() {
        let inlines = Inlines::default();
        let config = r#"{"strategy": {"mode": "fallback"}, "targets": [{"provider": "a"}, {"provider": "b", "override_params": {"model": "own"}}]}"#;
        let get = |model| inlines.portkey((config, None, model), &["a", "b"]).unwrap();
        let one = get("m");
        assert!(Arc::ptr_eq(&one, &get("m")) && !Arc::ptr_eq(&one, &get("n")));
        let targets: Vec<_> = one.version.program.targets().iter().map(ToString::to_string).collect();
        assert_eq!(targets, ["a/m", "b/own"]);
        let options: Vec<_> = one.options.values().map(String::as_str).collect();
        assert_eq!(options, ["config.targets[0]", "config.targets[1]"]);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let inlines = Inlines::default();
        for n in 0..=KEPT {
            inlines.portkey(("{}", Some("a"), &n.to_string()), &["a"]).unwrap();
        }
        assert_eq!(inlines.0.len(), 1);
    }

    #[test]
    fn what_is_no_config_is_told() {
        assert!(!Inlines::default().portkey(("pc-1234", None, "m"), &["a"]).unwrap_err().is_empty());
    }
}
