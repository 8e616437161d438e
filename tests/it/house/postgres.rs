//! A real PostgreSQL: in a folder of its own, behind a socket in it, gone with the test process however that ends.

use std::{
    env, fs,
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// PostgreSQL refuses to run as root; this user and group are nobody's everywhere.
const NOBODY: &str = "65534";

/// Waits until the test process has gone, however it went; then ends the server and removes its folder.
const KEEPER: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
# a server that was killed leaves its number behind, which may be another's by now
ours() { [ -n "$pid" ] && grep -qaF "$1/data" "/proc/$pid/cmdline" 2>/dev/null; }
ours "$1" && kill -QUIT "$pid"
while ours "$1"; do sleep 0.02; done
rm -rf "$1"
"#;

/// A server.
pub(crate) struct Postgres {
    folder: PathBuf,
    keeper: Child,
    /// Closed when this process ends; the keeper waits for that.
    alive: Option<ChildStdin>,
}

impl Postgres {
    /// Starts a new one. `fsync` costs time, and is only for what outlives the machine.
    pub(crate) fn start(options: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("attache-pg-").tempdir().unwrap().keep();
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&folder).stdin(Stdio::piped());
        let mut keeper = keeper.spawn().unwrap();
        let alive = keeper.stdin.take();
        let server = Self { folder, keeper, alive };
        server.make(options).unwrap_or_else(|error| panic!("PostgreSQL does not start: {error}"));
        server
    }

    fn make(&self, options: &str) -> io::Result<()> {
        if is_root() {
            std::os::unix::fs::chown(&self.folder, Some(NOBODY.parse().unwrap()), None)?;
        }
        let initdb = ["-A", "trust", "-U", "attache", "-E", "UTF8", "--locale=C", "--no-sync", "-D"];
        self.run("initdb", &initdb, Some("data"))?;
        let mut settings = fs::File::options().append(true).open(self.folder.join("data/postgresql.conf"))?;
        let folder = self.folder.display();
        writeln!(settings, "listen_addresses = ''\nunix_socket_directories = '{folder}'")?;
        writeln!(settings, "max_connections = 300\nshared_buffers = 32MB\n{options}")?;
        self.resume()
    }

    /// Starts it again.
    pub(crate) fn resume(&self) -> io::Result<()> {
        let log = self.folder.join("log");
        let began = Instant::now();
        loop {
            // after a kill the old server's children may linger for a moment
            match self.run("pg_ctl", &["start", "-w", "-s", "-l", &log.to_string_lossy(), "-D"], Some("data"))
            {
                Err(error) if began.elapsed() > super::PATIENCE => return Err(error),
                Err(_) => thread::park_timeout(Duration::from_millis(50)),
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Ends it; its data stays. `immediate` does so as if the power had gone.
    pub(crate) fn stop(&self, mode: &str) {
        self.run("pg_ctl", &["stop", "-w", "-s", "-m", mode, "-D"], Some("data")).unwrap();
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&self) {
        self.signal("-KILL");
        let pid = self.pid();
        while Path::new(&format!("/proc/{pid}")).exists() {
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Sends its first process a signal.
    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid()]).status().unwrap().success());
    }

    /// The socket that it listens on.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// The URL of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=attache", self.folder.display())
    }

    fn pid(&self) -> String {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().trim().to_owned()
    }

    /// Runs one of PostgreSQL's programs; `path` is in its folder.
    fn run(&self, program: &str, args: &[&str], path: Option<&str>) -> io::Result<()> {
        let mut command = postgres_program(program);
        command.args(args).args(path.map(|path| self.folder.join(path))).current_dir(&self.folder);
        // the server inherits what is open; a pipe would never end
        let said = self.folder.join(format!("{program}.log"));
        let out = fs::File::create(&said)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        match command.status()?.success() {
            true => Ok(()),
            false => Err(io::Error::other(fs::read_to_string(said)?)),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.alive = None;
        self.keeper.wait().unwrap();
    }
}

/// One of PostgreSQL's programs, as a user that it takes.
fn postgres_program(name: &str) -> Command {
    let program = postgres_folder().join(name);
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]).arg(program);
    command
}

/// The folder of the PostgreSQL to test against.
fn postgres_folder() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "names the programs to test against")]
    let named = env::var("POSTGRES_BIN").ok().map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/postgres"));
    assert!(
        folder.join("postgres").exists(),
        "the tests need a real PostgreSQL: run them with `make test`, which gets one, or name the folder of yours in POSTGRES_BIN"
    );
    folder
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}
