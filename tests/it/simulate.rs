//! The command, as a person runs it; and the example of its page, run as it stands there.

use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const ROUTE: &str = "examples/routes/support.json";
const BODY: &str = r#"{"model":"dynamic/support","messages":[{"role":"user","content":"hi"}]}"#;

fn simulate(arguments: &[&str], body: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_attache"))
        .current_dir(ROOT)
        .arg("simulate")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // a command that refuses its arguments never reads the body
    drop(child.stdin.take().unwrap().write_all(body.as_bytes()));
    child.wait_with_output().unwrap()
}

fn trace(arguments: &[&str]) -> Value {
    let all = [&["--route", ROUTE, "--request", "-"], arguments].concat();
    let output = simulate(&all, BODY);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_error_of_the_graph_is_a_result_too() {
    let trace = trace(&["--fail", "openai/gpt-4o-mini=503"]);
    assert_eq!(trace["path"], json!(["start", "paid", "small", "end"]));
    assert_eq!(trace["attempts"].as_array().unwrap().len(), 3);
    assert_eq!(trace["final"]["status"], 503);
}

#[test]
fn a_configuration_brings_its_keys_and_prices() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("attache.yaml");
    let text = r#"
providers:
  openai:    {dialect: openai, base_url: "https://api.openai.com/v1", api_key: "${ATTACHE_TEST_NOT_SET}"}
  anthropic: {dialect: openai, base_url: "https://api.anthropic.com/v1"}
auth: {clients: required, keys: [{id: k, key: secret, metadata: {plan: pro}}]}
"#;
    fs::write(&config, text).unwrap();
    let paid = [
        "--config",
        config.to_str().unwrap(),
        "--header",
        "authorization=Bearer secret",
        "--metadata",
        r#"{"user_id":"u7"}"#,
    ];
    let over = trace(
        &[&paid[..], &["--over-limit", "budget", "--fail", "anthropic/claude-sonnet-4-5=timeout"]].concat(),
    );
    assert_eq!(over["limits"][0]["allowed"], false);
    assert_eq!(over["limits"][0]["key"], "u7");
    assert!(over["limits"][0]["amount"].as_u64().unwrap() > 0, "the price of gpt-4o counts: {over}");
    assert_eq!(over["final"]["cause"], "small");
    let stranger = trace(&["--config", config.to_str().unwrap()]);
    assert_eq!(stranger["final"]["error"], "invalid_api_key");
}

#[test]
fn the_dice_choose_the_arm() {
    let folder = tempfile::tempdir().unwrap();
    let route = folder.path().join("split.json");
    let text = fs::read_to_string(Path::new(ROOT).join("examples/routes/fair-use.json")).unwrap();
    // counting tokens takes longer than the test is worth
    fs::write(&route, text.replace("12.5%", "50%").replace("input.tokens > 100000", "stream")).unwrap();
    let cause = |dice: &str| {
        let output = simulate(&["--route", route.to_str().unwrap(), "--request", "-", "--dice", dice], BODY);
        let trace: Value = serde_json::from_slice(&output.stdout).unwrap();
        trace["final"]["cause"].as_str().unwrap().to_owned()
    };
    let arms: std::collections::BTreeSet<_> = (0..20).map(|dice| cause(&dice.to_string())).collect();
    assert_eq!(arms.into_iter().collect::<Vec<_>>(), ["gemini", "mini"]);
}

#[test]
fn mistakes_are_told_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let route = folder.path().join("broken.json");
    fs::write(&route, r#"{"name": "n", "elements": [{"id": "a", "type": "nonsense"}], "extra": 1}"#).unwrap();
    let broken = route.to_str().unwrap();
    for (arguments, code, said) in [
        (
            vec!["--route", broken, "--request", "-"],
            1,
            vec!["unknown-type", "unknown-field", "missing-start"],
        ),
        (
            vec!["--route", ROUTE, "--request", "-", "--fail", "openai/gpt=503"],
            1,
            vec!["calls no `openai/gpt`"],
        ),
        (vec!["--route", ROUTE, "--request", "-", "--over-limit", "bugdet"], 1, vec!["no element `bugdet`"]),
        (vec!["--route", ROUTE, "--request", "/nowhere"], 1, vec!["/nowhere"]),
        (vec!["--route", ROUTE, "--request", "-", "--fail", "openai/gpt-4o=200"], 2, vec!["300 to 599"]),
        (vec!["--route", ROUTE, "--request", "-", "--time", "noon"], 2, vec!["--time"]),
    ] {
        let output = simulate(&arguments, BODY);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{errors}");
        assert!(said.iter().all(|word| errors.contains(word)), "{errors}");
    }
}

#[test]
fn the_documented_example_is_what_is_printed() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/simulate.md")).unwrap();
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    let shell =
        block("sh").replace("attache simulate", &format!("{} simulate", env!("CARGO_BIN_EXE_attache")));
    let output = Command::new("sh").args(["-ec", &shell]).current_dir(ROOT).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), block("json"));
}
