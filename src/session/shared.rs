//! Sessions in an engine that pairs share: read at a turn's start, written behind its back.

use super::{Key, Session, millis, wire};
use crate::engine::Engine;
use futures_util::future::{BoxFuture, join_all};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::sync::mpsc;

/// Writes that may wait; more are dropped: the next turn writes again.
const QUEUE: usize = 4096;
/// Writes that are taken together.
const AT_ONCE: usize = 64;

/// An engine that keeps bytes by name for a while. What it can not do in time, it does not do: a session that is not found
/// there is looked for in memory.
pub trait Shared: fmt::Debug + Send + Sync {
    /// What is kept under this name.
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// Keeps this under this name for so long.
    fn put<'a>(&'a self, name: &'a str, bytes: &'a [u8], ttl: Duration) -> BoxFuture<'a, ()>;
}

impl Shared for Engine {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let found = self.command(redis::cmd("GET").arg(name)).await;
            // that it is away is told by whoever counts there
            found.unwrap_or_default()
        })
    }

    fn put<'a>(&'a self, name: &'a str, bytes: &'a [u8], ttl: Duration) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
            let put = self.command(redis::cmd("SET").arg(name).arg(bytes).arg("PX").arg(ttl)).await;
            put.unwrap_or_default()
        })
    }
}

/// The engine, and what is on its way there.
#[derive(Debug)]
pub(super) struct Behind {
    engine: Arc<dyn Shared>,
    /// What all names begin with.
    prefix: Box<str>,
    queue: mpsc::Sender<Put>,
}

#[derive(Debug)]
struct Put {
    name: String,
    bytes: Vec<u8>,
    ttl: Duration,
}

impl Behind {
    /// Begins to write; to be called within a runtime.
    pub(super) fn start(engine: Arc<dyn Shared>, prefix: &str) -> Self {
        let (queue, puts) = mpsc::channel(QUEUE);
        drop(tokio::spawn(write(Arc::clone(&engine), puts)));
        Self { engine, prefix: prefix.into(), queue }
    }

    /// The session of the first of these keys that has one.
    pub(super) async fn get(&self, keys: &[Key], now: SystemTime) -> Option<Arc<Session>> {
        // together: one way there and back
        let names: Vec<_> = keys.iter().map(|key| self.name(key)).collect();
        let found = join_all(names.iter().map(|name| self.engine.get(name))).await;
        let read = found.into_iter().flatten().find_map(|bytes| wire::read(&bytes));
        read.filter(|(_, until)| millis(now) < *until).map(|(session, _)| Arc::new(session))
    }

    pub(super) fn put(&self, keys: &[Key], session: &Session, (until, ttl): (u64, Duration)) {
        let bytes = wire::write(session, until);
        for key in keys {
            let put = Put { name: self.name(key), bytes: bytes.clone(), ttl };
            // a full queue means that the engine is slow: memory and tokens know all the same
            self.queue.try_send(put).unwrap_or_default();
        }
    }

    fn name(&self, key: &Key) -> String {
        format!("{}:session:{}", self.prefix, key.hex())
    }
}

async fn write(engine: Arc<dyn Shared>, mut puts: mpsc::Receiver<Put>) {
    let mut taken = Vec::new();
    while puts.recv_many(&mut taken, AT_ONCE).await > 0 {
        // one after the other: the last that was said of a session is what stays
        for Put { name, bytes, ttl } in taken.drain(..) {
            engine.put(&name, &bytes, ttl).await;
        }
    }
}
