//! Building a pair, and speaking with it.

use super::{Answer, Ask, Provider, envoy::Envoy, eventually, process::Process};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};
use tempfile::TempDir;

/// The operator's admin token of every pair.
pub(crate) const TOKEN: &str = "an-admin-token-for-tests";
/// Where Cloudflare's SDKs look for routes.
const ROUTES: &str = "/client/v4/accounts/a/ai-gateway/gateways/g/routes";

/// A pair that is being planned. There is a provider `mock` in any case.
pub(crate) struct House {
    routes: Vec<Value>,
    /// Of `attache.yaml`, laid over what every pair needs.
    settings: Value,
    /// Mocks by the name of their provider, with its settings.
    providers: BTreeMap<String, Value>,
    variables: Vec<(String, String)>,
    hidden: Option<String>,
}

/// A running pair.
pub(crate) struct Pair {
    pub(crate) attache: Process,
    pub(crate) envoy: Envoy,
    pub(crate) providers: BTreeMap<String, Provider>,
    /// Where clients come, as a URL.
    pub(crate) front: String,
    /// People's door, as a URL.
    pub(crate) admin: String,
    client: reqwest::Client,
    config: Value,
    variables: Vec<(String, String)>,
    folder: TempDir,
}

/// A running Attaché without an Envoy.
pub(crate) struct Alone {
    /// People's door, as a URL.
    pub(crate) admin: String,
    pub(crate) folder: TempDir,
    /// All that ends with it.
    _running: (Process, BTreeMap<String, Provider>),
}

impl House {
    pub(crate) fn new() -> Self {
        Self {
            routes: vec![],
            settings: json!({}),
            providers: BTreeMap::from([("mock".into(), json!({}))]),
            variables: vec![],
            hidden: None,
        }
    }

    pub(crate) fn route(mut self, route: Value) -> Self {
        self.routes.push(route);
        self
    }

    /// Settings of `attache.yaml`; they win over the pair's own.
    pub(crate) fn settings(mut self, settings: Value) -> Self {
        lay_over(&mut self.settings, settings);
        self
    }

    /// A mock for another provider, or settings for the one that there is.
    pub(crate) fn provider(mut self, name: &str, settings: Value) -> Self {
        self.providers.insert(name.into(), settings);
        self
    }

    /// A variable of Attaché's environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// A provider that Attaché knows and Envoy does not.
    pub(crate) fn hidden_from_envoy(mut self, name: &str) -> Self {
        self.hidden = Some(name.into());
        self.settings(
            json!({"providers": {name: {"dialect": "openai", "base_url": "http://127.0.0.1:1/v1"}}}),
        )
    }

    /// Starts everything, and waits until the pair answers.
    pub(crate) async fn start(self) -> Pair {
        self.start_all().await.answers(200).await
    }

    /// The same where clients must show a key.
    pub(crate) async fn start_closed(self) -> Pair {
        self.start_all().await.answers(401).await
    }

    /// Starts Attaché without its Envoy, for those who only speak with people's door.
    pub(crate) async fn start_alone(self) -> Alone {
        let (folder, providers, _) = self.prepare().await;
        let (attache, admin) = serve(folder.path(), &self.variables).await;
        Alone { admin, folder, _running: (attache, providers) }
    }

    async fn start_all(self) -> Pair {
        let (folder, providers, config) = self.prepare().await;
        let envoy = Envoy::start(folder.path(), &self.bootstrap(folder.path(), &config)).await;
        let front = envoy.front().await;
        let (attache, admin) = serve(folder.path(), &self.variables).await;
        let client = super::client();
        let variables = self.variables;
        Pair { attache, envoy, providers, front, admin, client, config, variables, folder }
    }

    /// The mocks, and a folder with all that Attaché reads.
    async fn prepare(&self) -> (TempDir, BTreeMap<String, Provider>, Value) {
        let folder = tempfile::tempdir().unwrap();
        let mut providers = BTreeMap::new();
        for name in self.providers.keys() {
            providers.insert(name.clone(), Provider::start().await);
        }
        let config = self.config(folder.path(), &providers);
        fs::create_dir(folder.path().join("routes")).unwrap();
        for route in &self.routes {
            write_route(folder.path(), route);
        }
        replace(&folder.path().join("attache.yaml"), &config.to_string());
        (folder, providers, config)
    }

    fn config(&self, folder: &Path, mocks: &BTreeMap<String, Provider>) -> Value {
        let mut config = json!({
            "listen": {"extproc": format!("unix:{}", folder.join("attache.sock").display()), "admin": "127.0.0.1:0"},
            "envoy": {"front": "127.0.0.1:0", "admin": "127.0.0.1:0"},
            "routes": "./routes",
            "auth": {"clients": "optional"},
            "providers": {},
        });
        for (name, settings) in &self.providers {
            let mut provider = json!({"dialect": "openai", "base_url": format!("{}/v1", mocks[name].url)});
            lay_over(&mut provider, settings.clone());
            config["providers"][name] = provider;
        }
        lay_over(&mut config, self.settings.clone());
        config
    }

    /// What `attache envoy` prints for this configuration.
    fn bootstrap(&self, folder: &Path, config: &Value) -> String {
        let mut config = config.clone();
        if let Some(hidden) = &self.hidden {
            config["providers"].as_object_mut().unwrap().remove(hidden);
        }
        let file = folder.join("bootstrap.yaml");
        fs::write(&file, config.to_string()).unwrap();
        let printed = attache(&self.variables).args(["envoy", "-c"]).arg(&file).output().unwrap();
        fs::remove_file(file).unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        String::from_utf8(printed.stdout).unwrap()
    }
}

impl Pair {
    /// A short chat with this route.
    pub(crate) fn ask(&self, route: &str) -> Ask {
        self.chat(
            json!({"model": format!("dynamic/{route}"), "messages": [{"role": "user", "content": "hi"}]}),
        )
    }

    pub(crate) fn chat(&self, body: Value) -> Ask {
        Ask::new(self.post("/v1/chat/completions"), body)
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.front))
    }

    /// A request without a body.
    pub(crate) fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.front))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(path)).await
    }

    /// What Envoy was started with.
    pub(crate) fn bootstrap(&self) -> String {
        fs::read_to_string(self.folder.path().join("envoy.yaml")).unwrap()
    }

    pub(crate) fn mock(&self) -> &Provider {
        &self.providers["mock"]
    }

    /// What people's door says.
    pub(crate) async fn people(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("{}{path}", self.admin))).await
    }

    /// What people's door answers to whoever has the operator's token, [`TOKEN`].
    pub(crate) async fn manage(&self, method: &str, path: &str, body: Value) -> Answer {
        let method = method.parse().unwrap();
        let request = self.client.request(method, format!("{}{path}", self.admin)).bearer_auth(TOKEN);
        Answer::of(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// The same of the routes API; `path` is below `.../routes`.
    pub(crate) async fn routes(&self, method: &str, path: &str, body: Value) -> Answer {
        self.manage(method, &format!("{ROUTES}{path}"), body).await
    }

    pub(crate) async fn status(&self) -> Value {
        self.people("/status").await.json()
    }

    /// The sum of a metric over the series that bear all of these labels.
    pub(crate) async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let metrics = self.people("/metrics").await;
        let of_it = metrics.text().lines().filter(|line| {
            let name_ends = line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
            name_ends && labels.iter().all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")))
        });
        of_it.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// Waits until a metric has a value: records are worked on beside the request path.
    pub(crate) async fn metric_is(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        eventually(async || {
            let is = self.metric(name, labels).await;
            if is == value { Ok(()) } else { Err(format!("{name}{labels:?} is {is}, not {value}")) }
        })
        .await;
    }

    /// Waits until no exchange is under way.
    pub(crate) async fn is_idle(&self) {
        eventually(async || match &self.status().await["in_flight"] {
            n if *n == 0 => Ok(()),
            n => Err(format!("{n} exchanges are in flight")),
        })
        .await;
    }

    /// The log lines of exchanges, oldest first.
    pub(crate) fn records(&self) -> Vec<Value> {
        let log = self.attache.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["target"] == "exchange").collect()
    }

    /// Changes a route, or adds one; does not wait until it is live.
    pub(crate) fn write_route(&self, route: &Value) {
        write_route(self.folder.path(), route);
    }

    /// Writes a file beside `attache.yaml`.
    pub(crate) fn write(&self, name: &str, text: &str) {
        replace(&self.folder.path().join(name), text);
    }

    /// The file of a route.
    pub(crate) fn route_file(&self, name: &str) -> PathBuf {
        route_file(self.folder.path(), name)
    }

    /// The live version of a route.
    pub(crate) async fn version(&self, route: &str) -> String {
        let status = self.status().await;
        let live = status["routes"].as_array().unwrap().iter().find(|r| r["name"] == route);
        live.map_or_else(String::new, |route| route["version"].as_str().unwrap().to_owned())
    }

    /// Lays `settings` over `attache.yaml`; does not wait until they hold.
    pub(crate) fn configure(&mut self, settings: Value) {
        lay_over(&mut self.config, settings);
        self.write_config(&self.config.to_string());
    }

    /// Takes an entry of a section out of `attache.yaml`.
    pub(crate) fn configure_without(&mut self, section: &str, entry: &str) {
        self.config[section].as_object_mut().unwrap().remove(entry);
        self.write_config(&self.config.to_string());
    }

    pub(crate) fn write_config(&self, text: &str) {
        replace(&self.folder.path().join("attache.yaml"), text);
    }

    /// A file of its folder is gone.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    /// Starts Attaché anew, after its end.
    pub(crate) async fn restart(&mut self) {
        (self.attache, self.admin) = serve(self.folder.path(), &self.variables).await;
        self.is_up(200).await;
    }

    async fn answers(self, status: u16) -> Self {
        self.is_up(status).await;
        self
    }

    /// Waits until the pair answers with this status.
    async fn is_up(&self, status: u16) {
        eventually(async || match self.get("/v1/models").await {
            answer if answer.status == status => Ok(()),
            answer => Err(format!("the pair says {answer:?}")),
        })
        .await;
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if thread::panicking() {
            let tail = |log: String| {
                log.lines()
                    .rev()
                    .take(20)
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            eprintln!("--- attache\n{}", tail(self.attache.log()));
            eprintln!("--- envoy\n{}", tail(self.envoy.process.log()));
        }
    }
}

/// Starts `attache serve`; gives the URL of people's door too.
async fn serve(folder: &Path, variables: &[(String, String)]) -> (Process, String) {
    let mut command = attache(variables);
    command.args(["serve", "-c"]).arg(folder.join("attache.yaml"));
    let log = folder.join("attache.log");
    let before = fs::read(&log).map_or(0, |log| log.len());
    let process = Process::start(command, &log);
    let admin = eventually(async || {
        let said = process.log().split_off(before);
        assert!(process.ended().is_none(), "Attaché did not start:\n{said}");
        let mut lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let serving = lines.find(|line| line["message"] == "serving").ok_or("the word that it serves")?;
        Ok(format!("http://{}", serving["admin"].as_str().unwrap()))
    })
    .await;
    (process, admin)
}

fn attache(variables: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command.env("ATTACHE_ADMIN_TOKEN", TOKEN);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

fn route_file(folder: &Path, name: &str) -> PathBuf {
    folder.join("routes").join(format!("{name}.json"))
}

fn write_route(folder: &Path, route: &Value) {
    replace(&route_file(folder, route["name"].as_str().unwrap()), &route.to_string());
}

/// Writes a file so that nobody sees half of it.
pub(crate) fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

/// Lays the fields of `above` over those of `below`, at every depth.
fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key).or_insert_with(|| Map::new().into()), value);
            }
        }
        (below, above) => *below = above,
    }
}
