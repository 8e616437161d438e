//! The real Envoy: where it is, how it starts, what it says of itself.

use super::{eventually, process::Process};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A running Envoy.
pub(crate) struct Envoy {
    pub(crate) process: Process,
    admin: String,
    client: reqwest::Client,
}

impl Envoy {
    /// Starts Envoy with this bootstrap; its files go to `folder`.
    pub(crate) async fn start(folder: &Path, bootstrap: &str) -> Self {
        let [file, address] = ["envoy.yaml", "envoy.admin"].map(|name| folder.join(name));
        fs::write(&file, bootstrap).unwrap();
        let mut command = Command::new(envoy_binary());
        command.args(["--concurrency", "1", "--disable-hot-restart", "-l", "warning", "-c"]).arg(&file);
        command.arg("--admin-address-path").arg(&address);
        let process = Process::start(command, &folder.join("envoy.log"));
        let admin = eventually(async || {
            assert!(process.ended().is_none(), "Envoy did not start:\n{}", process.log());
            fs::read_to_string(&address).ok().filter(|a| !a.is_empty()).ok_or("Envoy's admin address".into())
        })
        .await;
        Self { process, admin: format!("http://{admin}"), client: super::client() }
    }

    /// Where it listens for clients, as a URL.
    pub(crate) async fn front(&self) -> String {
        eventually(async || {
            let listeners: Value = serde_json::from_str(&self.look("/listeners?format=json").await).unwrap();
            let all = listeners["listener_statuses"].as_array().cloned().unwrap_or_default();
            let front =
                all.iter().find(|listener| listener["name"] == "front").ok_or("the front listener")?;
            let address = &front["local_address"]["socket_address"];
            Ok(format!("http://{}:{}", address["address"].as_str().unwrap(), address["port_value"]))
        })
        .await
    }

    /// Its counters of requests under way that are not zero, on either side, those for its admin page aside.
    pub(crate) async fn active(&self) -> Vec<String> {
        let stats = self.look("/stats?filter=rq_active").await;
        // one stream to Attaché is always there: it tells how streams ended
        let always = "cluster.attache.upstream_rq_active: 1";
        let idle = |line: &str| line.ends_with(": 0") || line == always || line.contains("admin");
        let active = stats.lines().filter(|line| !idle(line));
        active.map(str::to_owned).collect()
    }

    async fn look(&self, path: &str) -> String {
        self.client.get(format!("{}{path}", self.admin)).send().await.unwrap().text().await.unwrap()
    }
}

/// The Envoy to test against.
pub(crate) fn envoy_binary() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "names the binary to test against")]
    let named = env::var("ENVOY_BIN").ok().map(PathBuf::from);
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/py/lib");
    let pythons = fs::read_dir(lib).into_iter().flatten().flatten();
    let mut own = pythons.map(|python| python.path().join("site-packages/envoy/_bin/envoy"));
    named.or_else(|| own.find(|envoy| envoy.exists())).expect(
        "the tests need a real Envoy: run them with `make test`, which gets one, or name yours in ENVOY_BIN",
    )
}
