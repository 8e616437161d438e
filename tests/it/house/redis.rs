//! A real Redis: on a port of its own, without a disk, gone with the test.

use super::{eventually, process::Process};
use std::{
    env,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// How far above its own port a node of a cluster listens for the others.
const BUS: u16 = 10_000;

/// A server, or a sentinel.
pub(crate) struct Redis {
    pub(crate) port: u16,
    arguments: Vec<String>,
    folder: TempDir,
    process: Option<Process>,
}

impl Redis {
    /// An empty server.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A copy of `master`.
    pub(crate) async fn copy_of(master: &Self) -> Self {
        let copy = Self::with(&["--replicaof", "127.0.0.1", &master.port.to_string()]).await;
        eventually(async || match copy.ask(&["INFO", "replication"]).await? {
            info if info.contains("master_link_status:up") => Ok(()),
            info => Err(info),
        })
        .await;
        copy
    }

    /// A sentinel that looks after `master` alone, and takes it for lost soon.
    pub(crate) async fn sentinel(master: &Self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let file = folder.path().join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 2000\n",
            master.port
        );
        std::fs::write(&file, text).unwrap();
        let arguments = vec![file.display().to_string(), "--sentinel".into()];
        Self { port, arguments, folder, process: None }.again().await
    }

    /// A server whose arguments go on with `more`.
    pub(super) async fn with(more: &[&str]) -> Self {
        let port = free_port();
        let own = ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let arguments = own.iter().chain(more).map(|word| (*word).to_owned()).collect();
        Self { port, arguments, folder: tempfile::tempdir().unwrap(), process: None }.again().await
    }

    async fn again(mut self) -> Self {
        self.resume().await;
        self
    }

    /// Starts it again, empty.
    pub(crate) async fn resume(&mut self) {
        let mut command = Command::new(program());
        command.args(&self.arguments).current_dir(self.folder.path());
        self.process = Some(Process::start(command, &self.folder.path().join("log")));
        eventually(async || match self.ask(&["PING"]).await?.contains("PONG") {
            true => Ok(()),
            false => Err("no pong".into()),
        })
        .await;
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Stops it where it stands, and lets it go on.
    pub(crate) fn pause(&self, still: bool) {
        self.process.as_ref().unwrap().signal(if still { "-STOP" } else { "-CONT" });
    }

    /// What it answers to a command.
    pub(crate) async fn ask(&self, words: &[&str]) -> Result<String, String> {
        let client = redis::Client::open(self.url()).map_err(|error| error.to_string())?;
        let mut line = client.get_multiplexed_async_connection().await.map_err(|error| error.to_string())?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let value: redis::Value = command.query_async(&mut line).await.map_err(|error| error.to_string())?;
        Ok(match value {
            redis::Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            redis::Value::VerbatimString { text, .. } => text,
            other => format!("{other:?}"),
        })
    }
}

/// One that leaves room for the port that nodes of a cluster speak with each other on.
fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if let Some(bus) = port.checked_add(BUS)
            && TcpListener::bind(("127.0.0.1", bus)).is_ok()
        {
            return port;
        }
    }
}

fn program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "names the program to test against")]
    let named = env::var("REDIS_BIN").ok().map(PathBuf::from);
    let program = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/redis-server"));
    assert!(
        program.exists(),
        "the tests need a real Redis: run them with `make test`, which gets one, or name yours in REDIS_BIN"
    );
    program
}
