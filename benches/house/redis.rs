//! A real Redis, which ends with the bench.
use std::{
    env, io,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server on a port of its own, without a disk.
pub(crate) struct Server {
    pub(crate) port: u16,
    process: Child,
}

impl Server {
    /// An empty one.
    pub(crate) fn start() -> io::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { port, process: process(port)? })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        // what can not be killed has ended already
        self.process.kill().unwrap_or_default();
        drop(self.process.wait());
    }

    /// Starts it again, empty.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.process = process(self.port)?;
        Ok(())
    }

    /// Stops it where it stands, or lets it go on.
    pub(crate) fn pause(&self, still: bool) -> io::Result<()> {
        let signal = if still { "-STOP" } else { "-CONT" };
        Command::new("kill").args([signal, &self.process.id().to_string()]).status().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until it listens.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment names the program; nothing else has to run until it listens"
)]
fn process(port: u16) -> io::Result<Child> {
    let program = env::var("REDIS_BIN").unwrap_or_else(|_| "redis-server".into());
    let process = Command::new(program)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| {
            io::Error::other(format!("`redis-server`, or REDIS_BIN, which `make bench` sets: {error}"))
        })?;
    let since = Instant::now();
    while let Err(error) = TcpStream::connect(("127.0.0.1", port)) {
        if since.elapsed() > PATIENCE {
            return Err(error);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(process)
}
