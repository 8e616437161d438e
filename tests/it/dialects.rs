//! One request in, one file per target out: `tests/cases/dialects/<client>/<case>/<target>.json`. `UPDATE=1` writes them anew.
use attache::{
    chat::Loss,
    dialect::{Dialect, Endpoint, Goal, Platform, Quirks, Wire, read_request},
};
use serde_json::{Map, Value, json};
use std::{fs, path::Path};

/// Every target that a request is translated for: name, dialect, who hosts it, a model.
const TARGETS: [(&str, Dialect, Platform, &str); 8] = [
    ("openai", Dialect::Openai, Platform::Direct, "gpt-5"),
    ("anthropic", Dialect::Anthropic, Platform::Direct, "claude-sonnet-4-5"),
    ("anthropic_vertex", Dialect::Anthropic, Platform::Vertex, "claude-sonnet-4-5@20250929"),
    ("gemini", Dialect::Gemini, Platform::Direct, "gemini-2.5-flash"),
    ("gemini_vertex", Dialect::Gemini, Platform::Vertex, "gemini-2.5-flash"),
    ("bedrock", Dialect::Bedrock, Platform::Direct, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("mistral", Dialect::Mistral, Platform::Direct, "mistral-medium-2508"),
    ("cohere", Dialect::Cohere, Platform::Direct, "command-a-03-2025"),
];

#[test]
fn every_target_gets_a_request_of_its_own() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dialects");
    let mut wrong = vec![];
    for (client, path) in [("chat", "/v1/chat/completions"), ("messages", "/v1/messages")] {
        let shape = Endpoint::of_path(path).unwrap().shape;
        for entry in fs::read_dir(cases.join(client)).unwrap() {
            let folder = entry.unwrap().path();
            let body: Map<String, Value> =
                serde_json::from_slice(&fs::read(folder.join("request.json")).unwrap()).unwrap();
            let request = read_request(shape, body).unwrap();
            for (name, dialect, platform, model) in TARGETS {
                let wire = Wire { dialect, platform, quirks: Quirks::default() };
                let goal = Goal { model, platform, max_tokens: 4096, quirks: Quirks::default() };
                let mut loss = Loss::default();
                let written = match wire.write(&request, &goal, &mut loss) {
                    Ok(body) => json!({"loss": loss.join(), "body": body}),
                    Err(unfit) => json!({"unfit": {"at": unfit.at, "why": unfit.why}}),
                };
                wrong.extend(compare(&folder.join(format!("{name}.json")), &written));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "`UPDATE=1 cargo test` writes them anew; read the difference\n{}",
        wrong.join("\n")
    );
}

/// What differs from the file, if anything does.
fn compare(file: &Path, got: &Value) -> Option<String> {
    let got = format!("{got:#}\n");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(file, got).unwrap();
        return None;
    }
    let want = fs::read_to_string(file).unwrap_or_default();
    (want != got).then(|| format!("{}\n--- is\n{got}--- should be\n{want}", file.display()))
}
