//! A child process: its output goes to a file, and it ends with its owner.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

/// A running child.
pub(crate) struct Process {
    child: Mutex<Child>,
    log: PathBuf,
    /// Dropped with the process; until then the thread that started it lives.
    _parent: mpsc::Sender<()>,
}

impl Process {
    /// Starts `command`; what it prints is added to `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        let (born, child) = mpsc::channel();
        let (parent, gone) = mpsc::channel::<()>();
        // Envoy asks the kernel to end it together with the thread that started it
        thread::spawn(move || {
            born.send(command.spawn()).unwrap();
            gone.recv().unwrap_err();
        });
        let child = child.recv().unwrap().unwrap();
        Self { child: Mutex::new(child), log: log.to_owned(), _parent: parent }
    }

    /// Everything it has printed.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Asks it to end, with SIGTERM.
    pub(crate) fn terminate(&self) {
        let kill = Command::new("kill").arg(self.id().to_string()).status();
        assert!(kill.unwrap().success());
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.id().to_string()]).status().unwrap().success());
    }

    /// Ends it at once, with SIGKILL.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap().try_wait().unwrap()
    }

    /// The memory that it holds, in bytes.
    pub(crate) fn resident(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib << 10
    }

    /// The processor time that it has used, to the hundredth of a second.
    pub(crate) fn busy(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        // behind the name come the state and ten numbers, then the time in user mode and in the kernel
        let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
        let ticks: u64 = fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(10 * ticks)
    }

    fn id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill();
        }
    }
}
