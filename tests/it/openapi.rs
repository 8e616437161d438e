//! The API's description, as the last release gave it: whoever changes it sees what his clients will see.

use std::{fs, path::Path};

#[test]
fn the_description_is_the_one_that_is_known() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/openapi.json");
    let now = format!("{}\n", attache::admin::openapi().to_pretty_json().unwrap());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &now).unwrap();
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        known == now,
        "the API is described otherwise than in {}; UPDATE=1 writes it anew",
        file.display()
    );
}
