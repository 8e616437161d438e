//! The printed bootstrap, before the real Envoy; and the one that the documentation explains.

use super::house::envoy_binary;
use attache::config::Config;
use std::{env, fs, path::Path, process::Command};

const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";
const EVERY_KIND: &str = r#"
listen: {extproc: "unix:/tmp/attache.sock"}
envoy: {front: "[::]:8080", access_log: stdout}
providers:
  http:     {dialect: openai, base_url: "http://vllm.internal:8000/v1"}
  https:    {dialect: openai, base_url: "https://api.openai.com/v1"}
  ip:       {dialect: openai, base_url: "http://127.0.0.1:9100/v1"}
  ip6:      {dialect: openai, base_url: "https://[::1]:9443"}
  ca:       {dialect: openai, base_url: "https://llm.corp", envoy: {ca: CA, connect_timeout: 250ms}}
  proxy:    {dialect: openai, base_url: "https://far.example", envoy: {proxy: "proxy.corp:3128"}}
  proxy-ip: {dialect: openai, base_url: "http://[::1]:80", envoy: {proxy: "127.0.0.1:3128"}}
"#;

#[test]
pub(crate) fn envoy_accepts_every_kind_of_provider() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::copy(SYSTEM_CA, &ca).unwrap();
    let unix = EVERY_KIND.replace("CA", ca.to_str().unwrap());
    let tcp = unix.replace("unix:/tmp/attache.sock", "0.0.0.0:9000");
    for text in [unix, tcp] {
        envoy_accepts(folder.path(), &config(&text).bootstrap());
    }
}

#[test]
fn the_documented_bootstraps_are_the_printed_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (config, _) =
        Config::load(&root.join("envoy/attache.yaml"), &|_| Some("a-key-long-enough".into())).unwrap();
    let pairs = ["attache-pairs:8080".parse().unwrap()];
    for (file, printed) in [("envoy.yaml", config.bootstrap()), ("front.yaml", config.front(&pairs))] {
        let path = root.join("envoy").join(file);
        #[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
        if env::var("UPDATE").is_ok() {
            fs::write(&path, &printed).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == printed,
            "envoy/{file} is not what `attache envoy` prints; run the tests with UPDATE=1"
        );
        envoy_accepts(tempfile::tempdir().unwrap().path(), &printed);
    }
}

#[test]
fn envoy_accepts_a_front_before_addresses_and_names() {
    let pairs = ["pairs.corp:80", "10.0.0.1:8080", "[::1]:8080"].map(|pair| pair.parse().unwrap());
    let text = "envoy: {access_log: stdout}";
    envoy_accepts(tempfile::tempdir().unwrap().path(), &config(text).front(&pairs));
}

fn config(text: &str) -> Config {
    Config::parse(text, Path::new("/"), &|_| None).unwrap().0
}

/// Asks the real Envoy.
pub(crate) fn envoy_accepts(folder: &Path, bootstrap: &str) {
    let file = folder.join("envoy.yaml");
    fs::write(&file, bootstrap).unwrap();
    let check = Command::new(envoy_binary()).args(["--mode", "validate", "-c"]).arg(&file).output().unwrap();
    assert!(check.status.success(), "{}\n{bootstrap}", String::from_utf8_lossy(&check.stderr));
}
