//! One request in, one file per target out: `tests/cases/dialects/<client>/<case>/<target>.json`. `UPDATE=1` writes them anew.
use attache::{
    chat::Loss,
    dialect::{Dialect, Endpoint, Goal, Platform, Quirks, Wire, read_request},
};
use serde_json::{Map, Value, json};
use std::{fs, path::Path};

/// Name, dialect, who hosts it, a model.
pub(crate) type Target = (&'static str, Dialect, Platform, &'static str);

/// Every target that a request is translated for.
pub(crate) const TARGETS: [Target; 8] = [
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
    for client in ["chat", "messages"] {
        for entry in fs::read_dir(cases.join(client)).unwrap() {
            let folder = entry.unwrap().path();
            let body: Map<String, Value> =
                serde_json::from_slice(&fs::read(folder.join("request.json")).unwrap()).unwrap();
            for target in &TARGETS {
                let got = written(client, body.clone(), target);
                wrong.extend(compare(&folder.join(format!("{}.json", target.0)), &got));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "`UPDATE=1 cargo test` writes them anew; read the difference\n{}",
        wrong.join("\n")
    );
}

/// A client's request as the target gets it, and what was lost; or why it gets none.
pub(crate) fn written(client: &str, body: Map<String, Value>, target: &Target) -> Value {
    let path = if client == "messages" { "/v1/messages" } else { "/v1/chat/completions" };
    let request = read_request(Endpoint::of_path(path).unwrap().shape, body).unwrap();
    let (_, dialect, platform, model) = *target;
    let quirks = Quirks::default();
    let goal = Goal { model, platform, max_tokens: 4096, quirks };
    let mut loss = Loss::default();
    match (Wire { dialect, platform, quirks }).write(&request, &goal, &mut loss) {
        Ok(body) => json!({"loss": loss.join(), "body": body}),
        Err(unfit) => json!({"unfit": {"at": unfit.at, "why": unfit.why}}),
    }
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
