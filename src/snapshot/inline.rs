//! Graphs that requests bring along, in Portkey's words: each compiled once for as long as the snapshot lives.

use super::{Snapshot, Version};
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

/// Those that were compiled.
#[derive(Debug, Default)]
pub struct Inlines(DashMap<[u8; 32], Arc<Version>>);

impl Snapshot {
    /// What a config of Portkey's is for a request that asks for `model`, and names `provider` where the config does not.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn portkey(
        &self,
        config: &str,
        provider: Option<&str>,
        model: &str,
    ) -> Result<Arc<Version>, Vec<Diagnostic>> {
        let id = id(config, provider, model);
        if let Some(found) = self.inlines.0.get(&id) {
            return Ok(Arc::clone(&found));
        }
        let known: Vec<&str> = self.providers.keys().map(String::as_str).collect();
        let compiled = Arc::new(compile(config, (provider, model), &known)?);
        if self.inlines.0.len() >= KEPT {
            self.inlines.0.clear();
        }
        self.inlines.0.insert(id, Arc::clone(&compiled));
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
) -> Result<Version, Vec<Diagnostic>> {
    // what is no JSON is told as the importer tells of what is no config
    let config: Value = serde_json::from_str(config).unwrap_or_else(|_| config.into());
    let providers = Providers { known: Known::Providers(known), aliases: &BTreeMap::new() };
    let options = portkey::Options { name: NAME, model: Some(model), provider, providers };
    let Imported { document, targets, .. } = portkey::import(&config, &options)?;
    let text = document.to_string();
    let program = Program::read(text.as_bytes(), Known::Providers(known))?;
    let options = targets.into_iter().map(|target| (target.element, place(&target.pointer))).collect();
    Ok(Version { logical: true, options, ..Version::of_program(program, text.as_bytes()) })
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
    use crate::provider::{Dialect, Provider};
    use std::time::SystemTime;

    fn snapshot() -> Snapshot {
        let provider =
            |name: &str| Provider::new(name, Dialect::Openai, "http://127.0.0.1:1/v1".parse().unwrap());
        let providers = ["a", "b"].map(|name| (name.to_owned(), Arc::new(provider(name)))).into();
        Snapshot { providers, ..Snapshot::empty(SystemTime::UNIX_EPOCH) }
    }

    #[test]
    fn a_config_is_compiled_once_for_each_model() {
        let snapshot = snapshot();
        let config = r#"{"strategy": {"mode": "fallback"}, "targets": [{"provider": "a"}, {"provider": "b", "override_params": {"model": "own"}}]}"#;
        let get = |model| snapshot.portkey(config, None, model).unwrap();
        let one = get("m");
        assert!(Arc::ptr_eq(&one, &get("m")) && !Arc::ptr_eq(&one, &get("n")));
        let targets: Vec<_> = one.program.targets().iter().map(ToString::to_string).collect();
        assert_eq!(targets, ["a/m", "b/own"]);
        let options: Vec<_> = one.options.values().map(String::as_str).collect();
        assert_eq!(options, ["config.targets[0]", "config.targets[1]"]);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let snapshot = snapshot();
        for n in 0..=KEPT {
            snapshot.portkey("{}", Some("a"), &n.to_string()).unwrap();
        }
        assert_eq!(snapshot.inlines.0.len(), 1);
    }

    #[test]
    fn what_is_no_config_is_told() {
        assert!(!snapshot().portkey("pc-1234", None, "m").unwrap_err().is_empty());
    }
}
