//! The commands over the API, as a person types them at a server that runs.

mod access;
mod apply;
mod beside;
mod prices;
mod routes;

use super::house::{Alone, House, TOKEN, chain, model};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// Somebody with a token, in a folder of his own.
struct Person {
    server: String,
    token: String,
    folder: TempDir,
}

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Person {
    /// The operator, at this server.
    fn at(server: &str) -> Self {
        Self { server: server.into(), token: TOKEN.into(), folder: tempfile::tempdir().unwrap() }
    }

    /// Somebody else at the same server.
    fn other(&self, token: &str) -> Self {
        Self { token: token.into(), ..Self::at(&self.server) }
    }

    /// Types a command, words apart.
    fn types(&self, line: &str) -> Said {
        self.types_with(line, "")
    }

    /// The same with something on standard input.
    fn types_with(&self, line: &str, input: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
        command.current_dir(self.folder.path()).args(line.split_whitespace());
        command.env("ATTACHE_SERVER", &self.server).env("ATTACHE_ADMIN_TOKEN", &self.token);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // a command that refuses its arguments never reads its input
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes a file into the folder.
    fn writes(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), text).unwrap();
    }

    fn reads(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }
}

impl Said {
    /// What it printed, when it was done.
    #[track_caller]
    fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// What it complained of, when it ended with this code.
    #[track_caller]
    fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.err
    }
}

/// A server, and its operator.
async fn alone() -> (Alone, Person) {
    let server = House::new().start_alone().await;
    let person = Person::at(&server.admin);
    (server, person)
}

/// A document of one model.
fn route(name: &str, milliseconds: u64) -> String {
    chain(name, [model("a").timeout(milliseconds)]).to_string()
}
