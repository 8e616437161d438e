//! What is measured: the processes, each pinned to its core, in a folder of their own.
use crate::{
    Result, limits,
    load::{Case, probe},
    swaps::Swaps,
};
use std::{
    env, fs,
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The core of the load and the mock, and the core of Envoy and its sidecar.
const LOAD_CORE: &str = "0";
const MEASURED_CORE: &str = "1";
/// How long a setup may take until it answers.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How much of each log is shown when a bench fails.
const SHOWN_LINES: usize = 5;
pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/v1/messages";
const ATTACHE: &str = env!("CARGO_BIN_EXE_attache");

/// A process that ends with its handle.
pub(crate) struct Process(Child);

impl Process {
    fn start(core: &str, program: &Path, args: &[&str], log: File) -> Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(program).args(args);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(Self(command.spawn().map_err(|error| format!("{}: {error}", program.display()))?))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // what can not be killed has ended already
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// An Envoy, with or without a sidecar.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    /// Where it listens, on the loopback address.
    pub(crate) port: u16,
    pub(crate) model: &'static str,
    /// The endpoint that is asked: OpenAI's, or Anthropic's, which has to be translated for the mock.
    pub(crate) path: &'static str,
    pub(crate) envoy: Rc<Process>,
    pub(crate) sidecar: Option<Rc<Process>>,
    /// What is deployed while it is measured.
    pub(crate) swaps: Option<Rc<Swaps>>,
}

impl Setup {
    /// The same processes, asked for another model.
    pub(crate) fn asked_for(&self, model: &'static str) -> Self {
        Self { model, ..self.clone() }
    }
}

/// What all setups share: a folder and the mock.
pub(crate) struct Ground {
    dir: TempDir,
    envoy: PathBuf,
    myself: PathBuf,
    mock_port: u16,
    _mock: Process,
}

impl Ground {
    /// Pins this process, whose threads are yet to come, and starts the mock beside it.
    pub(crate) fn prepare(envoy: Option<PathBuf>) -> Result<Self> {
        let pid = std::process::id().to_string();
        let pinned = Command::new("taskset").args(["-pc", LOAD_CORE, &pid]).stdout(Stdio::null()).status()?;
        if !pinned.success() {
            return Err("taskset could not pin the load to its core".into());
        }
        let dir = TempDir::new()?;
        let (myself, mock_port) = (env::current_exe()?, free_port()?);
        let log = File::create(dir.path().join("mock.log"))?;
        let mock = Process::start(LOAD_CORE, &myself, &["mock", &mock_port.to_string()], log)?;
        let envoy = envoy.map_or_else(find_envoy, Ok)?;
        write_routes(&dir.path().join("routes"))?;
        Ok(Self { dir, envoy, myself, mock_port, _mock: mock })
    }

    /// Envoy by itself.
    pub(crate) fn alone(&self) -> Result<Setup> {
        let (port, config) = self.fill("alone", include_str!("alone.yaml"))?;
        let envoy = Rc::new(self.envoy("alone", &config)?);
        Ok(Setup { name: "alone", port, model: "bench", path: CHAT, envoy, sidecar: None, swaps: None })
    }

    /// Envoy with a sidecar that does nothing.
    pub(crate) fn noop(&self) -> Result<Setup> {
        let (port, config) = self.fill("noop", include_str!("floor.yaml"))?;
        let socket = self.socket("noop");
        let sidecar = Rc::new(self.start("noop-sidecar", &self.myself, &["noop", &socket])?);
        let envoy = Rc::new(self.envoy("noop", &config)?);
        Ok(Setup {
            name: "noop",
            port,
            model: "bench",
            path: CHAT,
            envoy,
            sidecar: Some(sidecar),
            swaps: None,
        })
    }

    /// Envoy with Attaché, asked by `path` for a graph of ten elements; `ledger` is where its counters are. None where this
    /// build can not serve.
    pub(crate) fn pair(&self, name: &'static str, path: &'static str, ledger: &str) -> Result<Option<Setup>> {
        let help = Command::new(ATTACHE).args(["serve", "--help"]).stderr(Stdio::null()).output()?;
        if !help.status.success() || help.stdout.is_empty() {
            return Ok(None);
        }
        let (port, config) = self.fill(name, &include_str!("attache.yaml").replace("$LEDGER", ledger))?;
        let config = config.to_string_lossy();
        let printed = Command::new(ATTACHE).args(["envoy", "-c", &config]).output()?;
        if !printed.status.success() {
            return Err(format!("attache envoy: {}", String::from_utf8_lossy(&printed.stderr)).into());
        }
        let bootstrap = self.dir.path().join(format!("{name}-envoy.yaml"));
        fs::write(&bootstrap, printed.stdout)?;
        let sidecar = Some(Rc::new(self.start(name, Path::new(ATTACHE), &["serve", "-c", &config])?));
        let envoy = Rc::new(self.envoy(name, &bootstrap)?);
        Ok(Some(Setup { name, port, model: "dynamic/bench", path, envoy, sidecar, swaps: None }))
    }

    /// The last that each process had to say.
    pub(crate) fn logs(&self) -> String {
        let files = fs::read_dir(self.dir.path()).into_iter().flatten().flatten().map(|file| file.path());
        let logs = files.filter(|path| path.extension().is_some_and(|e| e == "log"));
        logs.map(|path| format!("{}:\n{}\n", path.display(), last_lines(&path))).collect()
    }

    fn envoy(&self, name: &str, config: &Path) -> Result<Process> {
        let config = config.to_string_lossy();
        let args = ["-c", &config, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"];
        self.start(&format!("envoy-{name}"), &self.envoy, &args)
    }

    fn start(&self, name: &str, program: &Path, args: &[&str]) -> Result<Process> {
        let log = File::create(self.dir.path().join(name).with_extension("log"))?;
        Process::start(MEASURED_CORE, program, args, log)
    }

    /// Where the store of a setup is.
    pub(crate) fn store(&self, name: &str) -> PathBuf {
        self.dir.path().join(name).with_extension("db")
    }

    fn socket(&self, name: &str) -> String {
        self.dir.path().join(name).with_extension("sock").to_string_lossy().into_owned()
    }

    /// Writes a configuration with its blanks filled in; returns the front's port with its path.
    fn fill(&self, name: &str, template: &str) -> Result<(u16, PathBuf)> {
        let front = free_port()?;
        let filled = template
            .replace("$FRONT", &front.to_string())
            .replace("$ADMIN", &free_port()?.to_string())
            .replace("$PEOPLE", &free_port()?.to_string())
            .replace("$MOCK", &self.mock_port.to_string())
            .replace("$SOCKET", &self.socket(name))
            .replace("$STORE", &self.store(name).to_string_lossy())
            .replace("$ROUTES", &self.dir.path().join("routes").to_string_lossy());
        let path = self.dir.path().join(name).with_extension("yaml");
        fs::write(&path, filled)?;
        Ok((front, path))
    }
}

/// What every pair can be asked for.
fn write_routes(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("bench.json"), include_str!("bench.json"))?;
    for (name, route) in limits::routes() {
        fs::write(folder.join(name).with_extension("json"), route.to_string())?;
    }
    Ok(())
}

/// Waits until `setup` answers.
pub(crate) async fn ready(setup: &Setup, case: Case) -> Result<()> {
    let since = Instant::now();
    loop {
        match probe(setup, case).await {
            Ok(_) => return Ok(()),
            Err(error) if since.elapsed() > PATIENCE => {
                return Err(format!("{} does not answer: {error}", setup.name).into());
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn last_lines(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let from = text.rmatch_indices('\n').nth(SHOWN_LINES).map_or(0, |(at, _)| at);
    text.get(from..).unwrap_or_default().to_owned()
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The Envoy of the project's own tool folder.
fn find_envoy() -> Result<PathBuf> {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/py/lib");
    let pythons = fs::read_dir(&lib).into_iter().flatten().flatten();
    let mut found = pythons.map(|python| python.path().join("site-packages/envoy/_bin/envoy"));
    found.find(|path| path.exists()).ok_or_else(|| "no Envoy: run `make tools` or set ENVOY_BIN".into())
}
