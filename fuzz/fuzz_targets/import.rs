//! Whatever JSON is imported as whatever it may be: nothing panics, what comes of it compiles, and every place is there.
#![no_main]

use attache::{
    graph::{Known, Program},
    import::{Imported, Mistake, Providers, cloudflare, portkey, routing},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::collections::BTreeMap;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    let providers = Providers { known: Known::Providers(&["openai"]), aliases: &BTreeMap::new() };
    match routing::read(&value, Known::Anything) {
        Ok(logical) => logical.into_iter().for_each(|logical| {
            if let routing::Bound::Document(document) = logical.bound {
                compiles(&document);
            }
        }),
        Err(found) => placed(&value, &found),
    }
    let options = portkey::Options { name: "r", model: Some("m"), provider: None, providers };
    match portkey::import(&value, &options) {
        Ok(imported) => sound(&value, imported),
        Err(found) => placed(&value, &found),
    }
    match cloudflare::import(&value, &providers) {
        Ok(imported) => imported.into_iter().for_each(|imported| sound(&value, imported)),
        Err(found) => placed(&value, &found),
    }
});

fn sound(value: &Value, imported: Imported) {
    compiles(&imported.document);
    let pointers = imported.warnings.iter().map(|warning| &warning.pointer);
    for pointer in pointers.chain(imported.targets.iter().map(|target| &target.pointer)) {
        assert!(value.pointer(pointer).is_some(), "{pointer}");
    }
}

fn compiles(document: &Value) {
    let text = document.to_string();
    assert!(Program::read(text.as_bytes(), Known::Anything).is_ok(), "{text}");
}

fn placed(value: &Value, found: &[Mistake]) {
    assert!(!found.is_empty());
    for mistake in found {
        assert!(value.pointer(&mistake.pointer).is_some(), "{mistake}");
    }
}
